"""Text files: separators, encodings, quotes, line breaks, rows that do not fit, and what stands above and below the table."""

from __future__ import annotations

import codecs
import csv

from tests.corpus.cases import ALL, EMPTY, SKIP, A, B, C, Corpus, any_of, bad, codes, good, lines, position, row, rows, table, text
from tests.corpus.cases import Expected as Outcome

T = table(*ALL)
HEADER = T[0]
FINE = good(rows(*ALL))
PLAIN = text(T)
TN, ACCOUNT, PIN, NAME, ZIP, LINE = (position(name) for name in ("tn", "account_number", "pin", "name", "postal_code", "destination"))
COMMA_NAME = {**A, "name": "Harbor Bakery, LLC"}
ACCENTS = {**A, "name": "Café Harbor LLC"}


def changed(column: int, *values: str) -> str:
    """The sheet with other values in a column, from the first row on."""
    cells = [list(line) for line in T]
    for line, value in zip(cells[1:], values, strict=False):
        line[column] = value
    return text(cells)


def corpus() -> Corpus:
    """All text files."""
    made = Corpus()
    separators(made)
    encodings(made)
    quotes_and_breaks(made)
    unseen_signs(made)
    shapes(made)
    around_the_table(made)
    values(made)
    columns(made)
    return made


def separators(made: Corpus) -> None:
    """Which sign stands between cells."""
    made.add("comma.csv", "plain", PLAIN, FINE, read=lines(T))
    made.add("semicolon.csv", "semicolons", text(T, ";"), FINE, read=lines(T))
    made.add("tab.txt", "tabs", text(T, "\t"), FINE, read=lines(T))
    made.add("tab-named-csv.csv", "tabs, whatever the name says", text(T, "\t"), FINE)
    made.add("pipe.csv", "bars", text(T, "|"), FINE, read=lines(T))
    T2 = table(COMMA_NAME, B, C)
    made.add("semicolon-commas-inside.csv", "semicolons between, commas in every name", text(table(*({**base, "name": "Harbor, Bakery, LLC"} for base in ALL)), ";"),
             good(rows(*ALL, name="Harbor, Bakery, LLC")))  # fmt: skip
    made.add("comma-semicolons-inside.csv", "commas between, semicolons quoted and unquoted inside", text(table(*({**base, "name": "Harbor; Bakery; LLC"} for base in ALL))),
             good(rows(*ALL, name="Harbor; Bakery; LLC")))  # fmt: skip
    made.add("comma-quoted.csv", "a comma in a quoted cell", text(T2), good(row(2, COMMA_NAME), row(3, B), row(4, C)), read=lines(T2))
    # Excel takes the line for itself and does not show it: the header is its row 1.
    made.add("sep-semicolon.csv", "first line sep=;", "sep=;\r\n" + text(T, ";"), FINE)
    made.add("sep-comma.csv", "first line sep=,", "sep=,\r\n" + PLAIN, FINE)
    made.add("sep-tab.csv", "first line sep=TAB", "sep=\t\r\n" + text(T, "\t"), FINE)
    made.add("sep-bom.csv", "byte order mark before sep=;", "\ufeffsep=;\r\n" + text(T, ";"), FINE)
    made.add("sep-unlike.csv", "sep=^, a sign that nobody would guess", "sep=^\r\n" + text(T, "^"), FINE)


def encodings(made: Corpus) -> None:
    """How letters are written."""
    accented = table(ACCENTS, B, C)
    found = rows(ACCENTS, B, C)
    made.add("utf8.csv", "UTF-8 without a mark", text(accented), good(found), read=lines(accented))
    made.add("utf8-bom.csv", "UTF-8 with a mark", codecs.BOM_UTF8 + text(accented).encode(), good(found), read=lines(accented))
    made.add("utf8-bom-quoted.csv", "a mark before a quoted header", codecs.BOM_UTF8 + text(accented, quoting=csv.QUOTE_ALL).encode(), good(found), read=lines(accented))
    made.add("utf8-bom-semicolon.csv", "a mark, semicolons", codecs.BOM_UTF8 + text(accented, ";").encode(), good(found))
    made.add("utf16le-bom.txt", "Excel's Unicode Text", codecs.BOM_UTF16_LE + text(accented, "\t").encode("utf-16-le"), good(found), read=lines(accented))
    made.add("utf16be-bom.csv", "UTF-16 the other way round", codecs.BOM_UTF16_BE + text(accented).encode("utf-16-be"), good(found), read=lines(accented))
    made.add("utf16le.csv", "UTF-16 LE without a mark", text(accented).encode("utf-16-le"), good(found, maybe="encoding-assumed"))
    made.add("utf16be.csv", "UTF-16 BE without a mark", text(accented, ";").encode("utf-16-be"), good(found, maybe="encoding-assumed"))
    made.add("cp1252.csv", "Windows-1252", text(accented).encode("cp1252"), good(found, file="encoding-assumed"), read=lines(accented))
    curly = table({**A, "name": "Maria\u2019s Bakery \u2013 Boston"}, B, C)
    made.add("cp1252-quotes.csv", "Windows-1252 with its apostrophe and dash", text(curly).encode("cp1252"),
             good(row(2, A, name=SKIP), rows(B, C, first=3), file="encoding-assumed"), read=lines(curly))  # fmt: skip
    many = [{**C, "tn": f"617-236-{n:04d}", "account_number": f"9{n:07d}", "destination": f"l{n}"} for n in range(1000, 1700)]
    late = table(*many, ACCENTS)
    made.add("cp1252-late.csv", "one letter of Windows-1252 far down", text(late).encode("cp1252"), good(rows(*many), row(702, ACCENTS), file="encoding-assumed"))
    made.add("utf8-cut.csv", "UTF-8 with one broken sign", text(accented).encode().replace("é".encode(), b"\xc3"), good(row(2, A, name=SKIP, maybe="text-unsafe"), rows(B, C, first=3), file="encoding-assumed"))  # fmt: skip
    decomposed = table({**A, "name": "Cafe\u0301 Harbor LLC"}, B, C)
    made.add("utf8-decomposed.csv", "an accent as a sign of its own (as macOS writes it)", text(decomposed), good(row(2, A, name=SKIP), rows(B, C, first=3)))


def quotes_and_breaks(made: Corpus) -> None:
    """Quotation marks and line breaks."""
    made.add("all-quoted.csv", "every cell quoted", text(T, quoting=csv.QUOTE_ALL), FINE, read=lines(T))
    doubled = table({**A, "name": 'The "Harbor" Bakery'}, B, C)
    made.add("quotes-doubled.csv", "doubled marks", text(doubled), good(row(2, {**A, "name": 'The "Harbor" Bakery'}), rows(B, C, first=3)), read=lines(doubled))
    inches = PLAIN.replace("line-0142", '5" pipe')
    made.add("inch.csv", "a mark inside an unquoted cell", inches, good(row(2, {**A, "destination": '5" pipe'}), rows(B, C, first=3)))
    noted = {**A, "notes": "call first\nthen move"}
    broken = table(noted, B, C)
    made.add("embedded-lf.csv", "a line break in a quoted cell is one record", text(broken), good(row(2, A), rows(B, C, first=3)))
    crlf = text(table({**A, "notes": "call first\r\nthen\r\nmove"}, B, C))
    made.add("embedded-crlf.csv", "CRLF in a quoted cell", crlf, good(row(2, A), rows(B, C, first=3)))
    made.add("embedded-blank-lines.csv", "blank lines in a quoted cell", text(table({**A, "notes": "one\n\n\ntwo"}, B, C)), good(row(2, A), rows(B, C, first=3)))
    made.add("header-break.csv", "a line break inside a header cell", PLAIN.replace("Phone Number", '"Phone\nNumber"', 1), FINE)
    made.add("cr.csv", "carriage returns alone (old Macintosh)", text(T, end="\r"), FINE, read=lines(T))
    made.add("lf.csv", "line feeds alone", text(T, end="\n"), FINE, read=lines(T))
    mixed = PLAIN.split("\r\n")
    made.add("mixed-breaks.csv", "CRLF, LF and CR in one file", f"{mixed[0]}\r\n{mixed[1]}\n{mixed[2]}\r{mixed[3]}\r\n", FINE, read=lines(T))
    made.add("no-last-break.csv", "no line break at the end", PLAIN.rstrip("\r\n"), FINE, read=lines(T))
    made.add("ctrl-z.csv", "an end-of-file sign of DOS", PLAIN + "\x1a", good(rows(*ALL), maybe="text-unsafe"))
    D = {**A, "tn": "617-234-0145", "account_number": "80144220", "destination": "line-0145"}
    five = text(table(A, B, C, D)).split("\r\n")
    five[2] = five[2].replace(",Harbor", ',"Harbor')
    made.add("unclosed.csv", "a mark that is not closed in row 3 of 5", "\r\n".join(five),
             good(row(2, A), row(3, B, "row-ragged", name=SKIP, postal_code=SKIP, destination=SKIP, street_number=SKIP), row(4, C), row(5, D)))  # fmt: skip
    last = PLAIN.rstrip("\r\n").rsplit(",", 1)
    made.add("unclosed-last.csv", "a mark that is not closed in the last cell", f'{last[0]},"{last[1]}', good(rows(A, B), row(4, C, "row-ragged", destination=SKIP)))
    quoted = text(table(A, B, C, D), quoting=csv.QUOTE_ALL).split("\r\n")
    quoted[2] = quoted[2].replace('LLC"', "LLC")
    made.add("unclosed-quoted.csv", "a mark missing where every cell is quoted", "\r\n".join(quoted),
             good(row(2, A), row(3, B, "row-ragged", name=SKIP, postal_code=SKIP, destination=SKIP, street_number=SKIP, pin=SKIP, account_number=SKIP), row(4, C), row(5, D)))  # fmt: skip
    crowd = [{**C, "tn": f"617-236-{n:04d}", "account_number": f"9{n:07d}", "destination": f"l{n}"} for n in range(1000, 3000)]
    body = text(table(*crowd)).split("\r\n")
    body[10] = body[10].replace(",Harbor", ',"Harbor')
    made.add("unclosed-early.csv", "a mark open in row 11 of 2,001 eats no other", "\r\n".join(body),
             good(rows(*crowd[:9]), row(11, crowd[9], "row-ragged", name=SKIP, postal_code=SKIP, destination=SKIP, street_number=SKIP), rows(*crowd[10:], first=12)))  # fmt: skip
    made.add("backslash.csv", "a backslash is a sign like others", text(table({**A, "destination": "trunk\\7"}, B)), good(row(2, {**A, "destination": "trunk\\7"}), row(3, B)))
    made.add("blanks-before-quotes.csv", "a blank after each comma", PLAIN.replace(",", ", "), FINE)


def unseen_signs(made: Corpus) -> None:
    """Signs that nobody sees, and that look like others."""
    clean = rows(B, C, first=3)
    binary = (good(row(2, A, "text-unsafe"), clean), *any_of("file-unsupported", "file-unreadable"))
    made.add("nul.csv", "a NUL in a name", changed(NAME, "Harbor\0 Bakery LLC"), *binary)
    made.add("nul-tn.csv", "a NUL in a number", changed(TN, "617-234-0142\0"), *binary)
    made.add("bell.csv", "a control character in a name", changed(NAME, "Harbor\x07 Bakery LLC"), good(row(2, A, "text-unsafe"), clean))
    made.add("control-tn.csv", "control characters in a number", changed(TN, "\x02617-234-0142\x03"), good(row(2, A, "text-unsafe"), clean))
    made.add("escape-pin.csv", "a control character in a PIN", changed(PIN, "48\x1b21"), good(row(2, A, "text-unsafe"), clean))
    maybe = good(row(2, A, maybe="text-unsafe"), clean)
    made.add("nbsp.csv", "no-break spaces round and in a number", changed(TN, "\u00a0617\u00a0234\u00a00142\u00a0"), maybe)
    made.add("nbsp-zip.csv", "a no-break space after a ZIP", changed(ZIP, "02129\u00a0"), maybe)
    made.add("zero-width.csv", "zero-width signs in a number", changed(TN, "\u200b617-234-0142\ufeff"), maybe)
    made.add("direction-marks.csv", "marks of writing direction, as contacts of telephones have them", changed(TN, "\u202a617-234-0142\u202c"), maybe)
    made.add("zero-width-pin.csv", "a zero-width space in a PIN", changed(PIN, "4821\u200b"), maybe)
    made.add("en-dash.csv", "en dashes in a number", changed(TN, "617\u2013234\u20130142"), good(row(2, A), clean))
    made.add("nb-hyphen.csv", "no-break hyphens in a number", changed(TN, "617\u2011234\u20110142"), good(row(2, A), clean))
    made.add("minus-account.csv", "a minus sign in an account number", changed(ACCOUNT, "8014\u22124217"), good(row(2, A, infos="account-cleaned"), clean))
    made.add("fullwidth.csv", "full-width digits", changed(TN, "\uff16\uff11\uff17\uff0d\uff12\uff13\uff14\uff0d\uff10\uff11\uff14\uff12"), good(row(2, A), clean))
    made.add("smart-quotes.csv", "smart quotation marks round a name", changed(NAME, "\u201cHarbor\u201d Bakery LLC"), good(row(2, A, name=SKIP), clean))
    made.add("spaces.csv", "spaces before and after every cell", text([[f"  {cell} " for cell in line] for line in T]), FINE)
    made.add("header-nbsp.csv", "no-break and zero-width spaces in the header", PLAIN.replace("Phone Number", "\u200bPhone\u00a0Number ", 1), FINE)


def shapes(made: Corpus) -> None:
    """Rows that do not fit, blank ones, blank columns."""
    cut, long, wide = (text(T).split("\r\n") for _ in range(3))
    cut[2] = cut[2].rsplit(",", 4)[0]
    made.add("ragged-few.csv", "a row that ends four cells early", "\r\n".join(cut), good(row(2, A), row(3, B, "row-ragged", postal_code=SKIP, destination=SKIP), row(4, C)))
    long[2] += ",stray"
    made.add("ragged-many.csv", "a row with a cell too many", "\r\n".join(long), good(row(2, A), row(3, B, "row-ragged"), row(4, C)))
    comma = PLAIN.replace(",Harbor Bakery LLC,", ",Harbor Bakery, LLC,", 1)
    made.add("ragged-comma.csv", "a name with a comma that nobody quoted",
             comma, good(row(2, A, "row-ragged", name=SKIP, postal_code=SKIP, destination=SKIP, street_number=SKIP), row(3, B), row(4, C)))  # fmt: skip
    wide[2] += ",,  ,,"
    made.add("trailing-empty.csv", "blank cells beyond the header do not matter", "\r\n".join(wide), FINE)
    made.add("trailing-separators.csv", "every line ends with separators", PLAIN.replace("\r\n", ",,,\r\n"), FINE)
    made.add("blank-lines.csv", "blank lines between rows count", "\r\n".join([*text(T).split("\r\n")[:2], "", ",,,,,", "  ,  ", *text(T).split("\r\n")[2:]]), good(row(2, A), row(6, B), row(7, C)))
    made.add("blank-first.csv", "blank lines above the header count", "\r\n\r\n" + PLAIN, good(rows(*ALL, first=4)), read=lines(T, 3))
    made.add("blank-last.csv", "blank lines at the end", PLAIN + "\r\n" * 40 + "," * 13 + "\r\n", FINE)
    hole = [[*line[:3], "", *line[3:]] for line in T]
    made.add("blank-column.csv", "a blank column amid the others", text(hole), FINE, read=lines(hole))
    first = [["", *line] for line in T]
    made.add("blank-first-column.csv", "column A is blank", text(first), FINE, read=lines(first))
    unnamed = [[*line[:3], *extra, *line[3:]] for line, extra in zip(T, ([""], ["x"], ["y"], ["z"]), strict=True)]
    made.add("unnamed-column.csv", "a column of values without a header", text(unnamed), good(rows(*ALL), maybe="column-unknown"))
    made.add("empty.csv", "nothing", b"", EMPTY)
    made.add("spaces-only.csv", "white space alone", b" \r\n\t\r\n  \r\n", EMPTY)
    made.add("bom-only.csv", "a mark alone", codecs.BOM_UTF8, EMPTY)
    made.add("separators-only.csv", "separators alone", b",,,,\r\n,,,,\r\n", EMPTY)
    made.add("header-only.csv", "a header alone", text(T[:1]), EMPTY)
    made.add("header-and-blanks.csv", "a header and blank rows", text([*T[:1], *([[""] * 14] * 3)]), EMPTY)
    made.add("header-and-total.csv", "a header and a total of nothing", text([*T[:1], ["Total", *[""] * 12, "0"]]), EMPTY)
    extra = [f"Extra {n}" for n in range(186)]
    made.add("columns-200.csv", "200 columns are allowed", text([[*line, *more] for line, more in zip(T, (extra, *[["x"] * 186] * 3), strict=True)]), good(rows(*ALL), file="column-unknown"))
    made.add("columns-201.csv", "201 columns are not", text([[*line, *more] for line, more in zip(T, ([*extra, "One more"], *[["x"] * 187] * 3), strict=True)]), bad("file-too-large"))
    signs = Outcome(None, exit=frozenset({0, 1, 2}), state=frozenset({"read", "unreadable"}), maybe=codes("file-too-large"))
    made.add("cell-32768.csv", "a cell with a sign more than Excel holds", text(table({**A, "notes": "x" * 32_768}, B, C)), signs)
    made.add("cell-1000000.csv", "a cell of a million signs", text(table({**A, "notes": "x" * 1_000_000}, B, C)), signs)


def around_the_table(made: Corpus) -> None:
    """Titles, headers further down, totals, headers again."""
    titles = (["ACME Corp"], ["Port request list"], ["Prepared by:", "Dana Cole"], ["March 2026"], ["Confidential, do not forward"])
    for count in range(1, 6):
        made.add(f"titles-{count}.csv", f"{count} lines of title above the header", text([*titles[:count], *T]), good(rows(*ALL, first=count + 2)), read=lines([*titles[:count], *T]))
    made.add("title-padded.csv", "a title with separators to the full width", text([["Port request list", *[""] * 13], [""] * 14, *T]), good(rows(*ALL, first=4)))
    made.add("title-like-header.csv", "a title that holds a header's word", text([["Phone Number list for Verizon"], *T]), good(rows(*ALL, first=3)))
    made.add("header-at-30.csv", "the header is row 30", text([*[[f"Remark {n}"] for n in range(29)], *T]), good(rows(*ALL, first=31)))
    groups = ["", "", "", "Account", "", "", "", "", "Address", "", "", "", "", ""]
    made.add("group-header.csv", "a line of groups above the header", text([groups, *T]), good(rows(*ALL, first=3)))
    two = [["Phone", "Billing Account", "Security Code", "Current", "Account", "Number", "Business or", "Authorized", "Street", "Street", "", "", "", "Port To"],
           ["Number", "Number", "or PIN", "Carrier", "Type", "Type", "Full Name", "Name", "Number", "Name", "City", "State", "ZIP", "Line"]]  # fmt: skip
    assert [" ".join(pair).strip() for pair in zip(*two, strict=True)] == HEADER
    made.add("header-two-lines.csv", "a header over two lines", text([*two, *T[1:]]), good(rows(*ALL, first=3)))
    blank = [""] * 13
    made.add("total.csv", "a total at the end", text([*T, ["Total", *blank]]), FINE)
    made.add("total-count.csv", "a total with a count", text([*T, ["", "", "", "", "", "", "Total numbers:", "3", "", "", "", "", "", ""]]), FINE)
    made.add("grand-total.csv", "subtotal amid the rows, grand total at the end", text([*T[:2], ["Subtotal", *blank], *T[2:], ["Grand Total: 3", *blank]]), good(row(2, A), row(4, B), row(5, C)))
    made.add("total-no.csv", "a business whose name begins with Total", text(table({**A, "name": "Total Wine LLC"}, B)), good(row(2, {**A, "name": "Total Wine LLC"}), row(3, B)))
    made.add("no-number.csv", "a row without its number is not a total", text(table(A, {**B, "tn": ""}, C)), good(row(2, A), row(3, B, "tn-missing", tn=None), row(4, C)))
    made.add("header-again.csv", "the header again amid the rows", text([*T[:2], T[0], *T[2:]]), good(row(2, A), row(4, B), row(5, C)))
    made.add("header-again-spelt.csv", "the header again, in capitals", text([*T[:3], [label.upper() for label in HEADER], T[3]]), good(rows(A, B), row(5, C)))
    made.add("header-again-each.csv", "blocks with a blank line and the header each", text([T[0], T[1], [""], T[0], T[2], [""], T[0], T[3]]), good(row(2, A), row(5, B), row(8, C)))
    made.add("word-in-cell-no.csv", "a business named like a header is a row", text(table({**A, "name": "Phone Number"}, B)), good(row(2, {**A, "name": "Phone Number"}), row(3, B)))
    examples = [{**A, "customer_ref": "EXAMPLE - not read"}, {**B, "customer_ref": "EXAMPLE - not read"}, {**C, "customer_ref": "77"}]
    made.add("examples.csv", "the template's example rows", text(table(*examples)), good(row(4, C, customer_ref="77")))
    made.add("examples-no.csv", "a reference that only holds the word", text(table({**A, "customer_ref": "EXAMPLE store"}, B)), good(row(2, A, customer_ref="EXAMPLE store"), row(3, B)))


def values(made: Corpus) -> None:
    """What stands in one cell."""
    rest = rows(B, C, first=3)
    for name, cell in {
        "plain": "6172340142", "dots": "617.234.0142", "brackets": "(617) 234-0142", "plus": "+1 617 234 0142", "one": "1-617-234-0142", "spaces": "617 234 0142",
        "decimal": "6172340142.0", "slash": "617/234-0142", "power": "6.172340142E+09", "power-small": "6.172340142e9", "power-one": "1.6172340142E+10",
    }.items():  # fmt: skip
        made.add(f"tn-{name}.csv", f"a number written {cell}", changed(TN, cell), good(row(2, A), rest))
    for name, cell in {"gone": "6.17234E+09", "gone-mostly": "6.17E+09", "gone-nearly": "6.1723401E+09", "gone-other": "4.15555E+09"}.items():
        made.add(f"tn-{name}.csv", f"a number whose digits are gone: {cell}", changed(TN, cell), good(row(2, A, "tn-rounded", tn=cell), rest))
    made.add("tn-fraction.csv", "a number with a fraction", changed(TN, "6172340142.5"), good(row(2, A, "tn-invalid", tn="6172340142.5"), rest))
    made.add("tn-extension.csv", "a number with an extension", changed(TN, "617-234-0142 x12"), good(row(2, A, "tn-extension", tn=SKIP), rest))
    made.add("account-power.csv", "an account number whose digits are there", changed(ACCOUNT, "8.0144217E+07"), good(row(2, A), rest))
    made.add("account-gone.csv", "an account number whose digits are gone", changed(ACCOUNT, "1.23457E+11"), good(row(2, A, "account-rounded", account_number=SKIP), rest))
    made.add("account-power-no.csv", "an account number that only looks like a power", changed(ACCOUNT, "80E14"), good(row(2, A, account_number="80E14"), rest))
    made.add("pin-power-no.csv", "a PIN that only looks like a power", changed(PIN, "4E21"), good(row(2, A, pin="4E21"), rest))
    made.add("account-dashes.csv", "an account number with dashes and blanks", changed(ACCOUNT, "80-144 217"), good(row(2, A, infos="account-cleaned"), rest))
    made.add("account-16.csv", "sixteen digits in text are all there", changed(ACCOUNT, "8014421780144217"), good(row(2, A, account_number="8014421780144217"), rest))
    made.add("account-zeros.csv", "an account number of zeros and one", changed(ACCOUNT, "0000000001"), good(row(2, A, account_number="0000000001"), rest))
    made.add("zip-short.csv", "ZIP 2134 in MA", changed(ZIP, "2134"), good(row(2, A, "postal-zeros-restored", postal_code="02134"), rest))
    made.add("zip-short-no.csv", "ZIP 2134 in a state that has none such", text(table({**A, "state": "TX", "city": "Austin", "postal_code": "2134"}, B)),
             good(row(2, A, "postal-invalid", postal_code="2134"), row(3, B)))  # fmt: skip
    made.add("zip-plus-four.csv", "ZIP+4", changed(ZIP, "02129-1234"), good(row(2, A, postal_code=SKIP), rest))
    made.add("zip-decimal.csv", "a ZIP written 2129.0", changed(ZIP, "2129.0"), good(row(2, A, "postal-zeros-restored"), rest))
    many = [{**C, "tn": f"617-236-{n}", "account_number": f"9000{n}", "destination": f"l{n}", "pin": pin} for n, pin in enumerate(("0042", "0931", "5128", "0770", "421", "0015", "6640", "0303"), 1000)]
    made.add("pin-short.csv", "a PIN of three digits among those of four that begin with zeros", text(table(*many)),
             good(*(row(n, base, "pin-short" if len(base["pin"]) == 3 else "") for n, base in enumerate(many, 2))))  # fmt: skip
    mixed = [{**base, "pin": pin} for base, pin in zip(many, ("48213", "939104", "5128", "77012345", "4210", "19283746", "664051", "330321"), strict=True)]
    made.add("pin-short-no.csv", "PINs of all lengths, none with a zero before", text(table(*mixed)), good(rows(*mixed)))
    made.add("error-text-tn.csv", "#N/A where the number should be", changed(TN, "#N/A"), *(good(row(2, A, code, tn=SKIP), rest) for code in ("cell-error-value", "tn-invalid")))
    made.add("error-text-name.csv", "#REF! where the name should be", changed(NAME, "#REF!"), good(row(2, A, "cell-error-value", name=SKIP), rest))
    made.add("na-no.csv", "NA and null are text like other text", changed(NAME, "NA", "null", "None"), good(*(row(n, base, name=word) for n, base, word in zip((2, 3, 4), ALL, ("NA", "null", "None"), strict=True))))
    made.add("formula-text.csv", 'a PIN as ="0042", which Excel shows as 0042', changed(PIN, '="0042"'), good(row(2, A, pin="0042"), rest), good(row(2, A, "pin-invalid", pin=SKIP), rest))
    ours = [{**A, "tn": "'+16172340142", "name": "'=Harbor Bakery LLC"}, {**B, "destination": "'-line"}, {**C, "destination": "'@trunk"}]
    results = ["Port Result", "Order (PON)", "Confirmed Date", "What is wrong", "How to fix it", "Row ID"]
    T2 = [[*line, *(results if at == 0 else ["Rejected", "", "", "'=x", "", ""])] for at, line in enumerate(table(*ours))]
    made.add("results-back.csv", "apostrophes before what a spreadsheet program takes for a formula are taken off, and our columns are known", text(T2),
             good(row(2, A, name="=Harbor Bakery LLC"), row(3, B, destination="-line"), row(4, C, destination="@trunk")))  # fmt: skip
    made.add("apostrophe-no.csv", "an apostrophe that belongs to the name", changed(NAME, "'Tis the Season LLC"), good(row(2, A, name="'Tis the Season LLC"), rest))
    for name, cell, count in (("range", "617-236-2200-2203", 4), ("range-thru", "617-236-2200 thru 617-236-2203", 4), ("range-dash", "6172362200 - 6172362203", 4), ("list-comma", "617-236-2200, 617-236-2201", 2),
                              ("list-break", "617-236-2200\n617-236-2201\n617-236-2202", 3), ("list-semicolon", "(617) 236-2200; (617) 236-2201", 2), ("list-slash", "617-236-2200/2201/2202", 3)):  # fmt: skip
        base = {**A, "account_type": "Multi-Line", "btn": "617-236-2200", "partial": "No", "tn": cell}
        found = [row(2, base, tn=f"617236220{n}", btn="6172362200", infos="tn-range-expanded", maybe="destination-repeated") for n in range(count)]
        made.add(f"tn-{name}.csv", f"several numbers in a cell: {cell!r}", text(table(base, B)), good(*found, row(3, B)))
    for name, cell in (("backwards", "617-236-2203-2200"), ("wide", "617-236-2000-3999"), ("areas", "617-236-2200 - 212-736-2203")):
        base = {**A, "account_type": "Multi-Line", "btn": "617-236-2200", "partial": "No", "tn": cell}
        made.add(f"tn-range-{name}.csv", f"a range that is none: {cell!r}", text(table(base, B)), good(row(2, base, "tn-range-invalid", tn=SKIP), row(3, B)))
    made.add("same-twice.csv", "the same row twice", text(table(A, A, B)), good(row(2, A), row(3, A, "tn-repeated", state="duplicate"), row(4, B)))


def columns(made: Corpus) -> None:
    """Headers of the sheet as a whole."""
    spelt = "PHONE_NUMBER,billing  account-number,security code or pin,CurrentCarrier,ACCOUNT TYPE:,number.type,Business or full name,authorizedName,Street number,street_name,CITY,state,Zip,port to line"
    made.add("headers-spelt.csv", "headers without regard to case, blanks and signs", PLAIN.replace(",".join(HEADER), spelt), FINE)
    made.add("column-missing.csv", "no column for the carrier", text([[*line[:3], *line[4:]] for line in T]), Outcome((), codes("column-missing")))
    twice = [[*line, extra] for line, extra in zip(T, ("TN", "617-234-0199", B["tn"], C["tn"]), strict=True)]
    made.add("column-repeated.csv", "the number twice, not the same", text(twice), Outcome((), codes("column-repeated")))
    same = [[*line, extra] for line, extra in zip(T, ("TN", A["tn"], B["tn"], C["tn"]), strict=True)]
    made.add("column-repeated-no.csv", "the number twice, the same", text(same), good(rows(*ALL), maybe="column-unknown"))
    other = [[*line, extra] for line, extra in zip(T, ("Monthly Cost", "45", "45", "50"), strict=True)]
    made.add("column-unknown.csv", "a column that is not ours", text(other), good(rows(*ALL), file="column-unknown"))
    made.add("not-a-sheet.csv", "a letter", "Dear Sirs,\r\n\r\nplease port our numbers, all of them.\r\n\r\nKind regards\r\nMaria Garcia\r\n", Outcome((), codes("column-missing"), codes("column-unknown column-ambiguous")), EMPTY, *any_of("file-unsupported"))
    made.add("html.csv", "a web page named .csv", "<html><body><p>Session expired</p></body></html>", *any_of("file-unsupported", "file-unreadable"), EMPTY)
    made.add("json.csv", "JSON named .csv", '{"PhoneNumber": "6172340142", "Pin": "4821"}\n', *any_of("file-unsupported", "file-unreadable"), Outcome((), codes("column-missing")), EMPTY)
