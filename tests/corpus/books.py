"""XLSX: number formats, odd cells, sheets that are hidden, and files that are not what they seem."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
import xlsxwriter

from tests.corpus.cases import ALL, EMPTY, SKIP, A, B, C, Corpus, Row, any_of, bad, codes, good, lines, position, row, rows, table, text
from tests.corpus.cases import Expected as Outcome
from tests.corpus.parts import OFFICE, PACKAGE, SPREADSHEET, XML, N, X, bomb, book, compound, unzipped, zipped
from tests.corpus.parts import Cell as One

S = "Numbers"
T: list[list[One]] = [list(line) for line in table(*ALL)]
HEADER = T[0]
FINE = good(rows(*ALL, sheet=S))
REST = rows(B, C, first=3, sheet=S)
TN, ACCOUNT, PIN, NAME, ZIP, LINE = (position(name) for name in ("tn", "account_number", "pin", "name", "postal_code", "destination"))
SHOWN = [(S, False, number, cells) for number, cells in lines(table(*ALL))]


def first(base: Mapping[str, str], wrong: str = "", **options: Any) -> Row:
    """The first row under the header."""
    return row(2, base, wrong, sheet=S, **options)


def of(*, base: Mapping[str, str] = A, **cells: One) -> list[list[One]]:
    """The sheet with other cells in its first row."""
    fields = {**base, **dict.fromkeys((name for name in cells if name not in base), "")}
    made: list[list[One]] = [list(line) for line in table(fields, B, C)]
    for name, cell in cells.items():
        made[1][position(name, fields, B, C)] = cell
    return made


def shown(cells: list[list[One]], **changes: str) -> list[tuple[str, bool, int, list[str]]]:
    """What `read` prints of a sheet whose first row shows these texts."""
    seen = [[cell if isinstance(cell, str) else "?" for cell in line] for line in cells]
    for name, cell in changes.items():
        seen[1][int(name[1:])] = cell
    assert "?" not in sum(seen, [])
    return [(S, False, number, line) for number, line in lines(seen)]


def corpus() -> Corpus:
    """All workbooks."""
    made = Corpus()
    formats(made)
    odd_cells(made)
    texts(made)
    sheets(made)
    above_and_below(made)
    far_corners(made)
    not_what_they_seem(made)
    return made


def formats(made: Corpus) -> None:
    """Numbers stored one way and shown another."""
    made.add("plain.xlsx", "text cells", book(*T), FINE, read=SHOWN)
    cells = of(tn=N("6172340142"), account_number=N("80144217"), pin=N("4821"), postal_code=N("2129"))
    made.add("numbers.xlsx", "identifiers as numbers in General; Excel has eaten the ZIP's zero", book(*cells), good(first(A, "postal-zeros-restored"), REST),
             read=shown(cells, **{f"c{TN}": "6172340142", f"c{ACCOUNT}": "80144217", f"c{PIN}": "4821", f"c{ZIP}": "2129"}))  # fmt: skip
    for name, field, stored, code, seen, base in (
        ("pin-0000", "pin", "42", "0000", "0042", {**A, "pin": "0042"}), ("pin-00000", "pin", "7", "00000", "00007", {**A, "pin": "00007"}), ("pin-zero", "pin", "0", "0000", "0000", {**A, "pin": "0000"}),
        ("zip-00000", "postal_code", "2129", "00000", "02129", A), ("zip-plus-four", "postal_code", "21291234", "00000-0000", "02129-1234", {**A, "postal_code": SKIP}),
        ("zip-plus-four-escaped", "postal_code", "21291234", "00000\\-0000", "02129-1234", {**A, "postal_code": SKIP}),
        ("zip-condition", "postal_code", "2129", "[<=99999]00000;00000-0000", "02129", A), ("tn-brackets", "tn", "6172340142", "(000) 000-0000", "(617) 234-0142", A),
        ("tn-condition", "tn", "6172340142", "[<=9999999]###-####;(###) ###-####", "(617) 234-0142", A), ("tn-escaped", "tn", "6172340142", "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", "(617) 234-0142", A),
        ("tn-dashes", "tn", "6172340142", "000-000-0000", "617-234-0142", A), ("tn-quoted", "tn", "6172340142", '"+1 "000"-"000"-"0000', "+1 617-234-0142", A), ("tn-0", "tn", "6172340142", "0", "6172340142", A),
        ("tn-dots", "tn", "6172340142", "000\\.000\\.0000", "617.234.0142", A), ("account-ssn", "account_number", "12345678", "000-00-0000", "012-34-5678", {**A, "account_number": "012345678"}),
        ("account-suffix", "account_number", "42", '0"-A"', "42-A", {**A, "account_number": "42A"}), ("account-prefix", "account_number", "4217", '"BX"000000', "BX004217", {**A, "account_number": "BX004217"}),
        ("account-dashes", "account_number", "123", "00000-0000", "00000-0123", {**A, "account_number": "000000123"}), ("account-sections", "account_number", "123", "000000;-000000;0;@", "000123", {**A, "account_number": "000123"}),
        ("account-colour", "account_number", "123", "[Blue]000000", "000123", {**A, "account_number": "000123"}), ("line-0000", "destination", "142", "0000", "0142", {**A, "destination": "0142"}),
        ("street-number", "street_number", "120", "General", "120", A), ("street-decimal", "street_number", "120.0", "0", "120", A),
    ):  # fmt: skip
        cells = of(base=A, **{field: N(stored, code)})
        made.add(f"format-{name}.xlsx", f"{stored} shown {seen} by {code}", book(*cells), good(first(base, maybe="pin-short"), REST), read=shown(cells, **{f"c{position(field)}": seen}))
    # What the file holds in full is taken, whatever it shows.
    made.add("power-shown.xlsx", "a number shown 6.17E+09, all its digits in the file", book(*(cells := of(tn=N("6172340142", "0.00E+00")))), good(first(A), REST), read=shown(cells, **{f"c{TN}": "6.17E+09"}))
    made.add("power-stored.xlsx", "a number stored as 6.172340142E9", book(*of(tn=N("6.172340142E9"))), good(first(A), REST))
    made.add("float-stored.xlsx", "a number stored as 6172340142.0", book(*of(tn=N("6172340142.0"), account_number=N("80144217.0"), pin=N("4821.0"))), good(first(A), REST))
    made.add("account-12.xlsx", "twelve digits in General, which Excel shows as 1.23457E+11", book(*of(account_number=N("123456789012"))), good(first({**A, "account_number": "123456789012"}), REST))
    made.add("account-15.xlsx", "fifteen digits are all there", book(*of(account_number=N("123456789012345", "0"))), good(first({**A, "account_number": "123456789012345"}), REST))
    made.add("account-16.xlsx", "of sixteen digits the last is gone", book(*of(account_number=N("1234567890123450", "0"))), good(first(A, "account-rounded", account_number=SKIP), REST))
    made.add("account-16-power.xlsx", "sixteen digits stored as a power", book(*of(account_number=N("1.2345678901234501E+15"))), good(first(A, "account-rounded", account_number=SKIP), REST))
    made.add("account-20.xlsx", "twenty digits in a number", book(*of(account_number=N("8.9014104277123452E+19"))), good(first(A, "account-rounded", account_number=SKIP), REST))
    made.add("account-20-text.xlsx", "twenty digits in text are all there", book(*of(account_number="89014104277123452178")), good(first({**A, "account_number": "89014104277123452178"}), REST))
    made.add("account-power-text.xlsx", "text that only looks like a power", book(*of(account_number="80E14")), good(first({**A, "account_number": "80E14"}), REST))
    made.add("fraction-tn.xlsx", "a number with a fraction", book(*of(tn=N("6172340142.5"))), good(first(A, "tn-invalid", tn=SKIP), REST))
    made.add("fraction-pin.xlsx", "a PIN with a fraction", book(*of(pin=N("42.5"))), good(first(A, "pin-invalid", pin=SKIP), REST))
    made.add("thousands.xlsx", "a number shown with commas", book(*(cells := of(tn=N("6172340142", "#,##0")))), good(first(A), REST), good(first(A, "tn-invalid", tn=SKIP), REST),
             read=shown(cells, **{f"c{TN}": "6,172,340,142"}))  # fmt: skip
    made.add("percent.xlsx", "a percentage", book(*(cells := of(notes=N("0.5", "0%")))), good(first(A, notes="50%"), REST), read=shown(cells, **{f"c{position('notes', {**A, 'notes': ''})}": "50%"}))
    made.add("general-eleven.xlsx", "eleven digits with the country's one", book(*of(tn=N("16172340142"))), good(first(A), REST))
    at = position("requested_date", {**A, "requested_date": ""})
    for name, stored, code, seen in (("iso", "46097", "yyyy\\-mm\\-dd", "2026-03-16"), ("us", "46097", "mm/dd/yyyy", "03/16/2026"), ("month", "46097", "d\\-mmm\\-yyyy", "16-Mar-2026"), ("time", "46097.5", "yyyy\\-mm\\-dd hh:mm", "2026-03-16 12:00")):
        cells = of(requested_date=N(stored, code))
        made.add(f"date-{name}.xlsx", f"a date shown {seen}", book(*cells), good(first(A, requested_date="2026-03-16"), REST), read=shown(cells, **{f"c{at}": seen}))
    made.add("date-1904.xlsx", "a date counted from 1904", book(*(cells := of(requested_date=N("44635", "yyyy\\-mm\\-dd"))), properties='<workbookPr date1904="1"/>'),
             good(first(A, requested_date="2026-03-16"), REST), read=shown(cells, **{f"c{at}": "2026-03-16"}))  # fmt: skip
    made.add("date-text.xlsx", "a date as text", book(*of(requested_date="2026-03-16")), good(first(A, requested_date="2026-03-16"), REST))
    made.add("date-serial.xlsx", "a date as its bare serial number", book(*of(requested_date=N("46097"))), good(first(A, requested_date="2026-03-16"), REST), good(first(A, "date-invalid", requested_date=SKIP), REST))
    made.add("date-d.xlsx", "a date in a cell of type d", book(*of(requested_date=X('<c @ t="d"><v>2026-03-16</v></c>'))), good(first(A, requested_date="2026-03-16"), REST))
    for value, answer in (("1", "Y"), ("0", "N")):
        cells = of(unlocked=X(f'<c @ t="b"><v>{value}</v></c>'))
        made.add(f"boolean-{answer}.xlsx", "a boolean", book(*cells), good(first(A, unlocked=answer), REST), read=shown(cells, **{f"c{position('unlocked', {**A, 'unlocked': ''})}": "TRUE" if value == "1" else "FALSE"}))


def odd_cells(made: Corpus) -> None:
    """Errors, and formulas."""
    for sign, field, at in (("#N/A", "tn", TN), ("#REF!", "name", NAME), ("#VALUE!", "pin", PIN), ("#DIV/0!", "account_number", ACCOUNT), ("#NAME?", "postal_code", ZIP)):
        cells = of(**{field: X(f'<c @ t="e"><f>1/0</f><v>{sign}</v></c>')})
        name = sign.strip("#?!").replace("/", "").lower()
        made.add(f"error-{name}.xlsx", f"{sign} in {field}", book(*cells), good(first(A, "cell-error-value", **{field: SKIP}), REST), read=shown(cells, **{f"c{at}": sign}))
    made.add("error-optional.xlsx", "an error where a blank would do is no blank", book(*of(unit=X('<c @ t="e"><v>#N/A</v></c>'))), good(first(A, "cell-error-value"), REST))
    cells = of(tn=X('<c @ t="str"><f>"617"&amp;"-234-0142"</f><v>617-234-0142</v></c>'), pin=X('<c @ t="str"><f>TEXT(42,"0000")</f><v>0042</v></c>'))
    made.add("formula-text.xlsx", "formulas whose text is stored", book(*cells), good(first({**A, "pin": "0042"}), REST), read=shown(cells, **{f"c{TN}": "617-234-0142", f"c{PIN}": "0042"}))
    made.add("formula-number.xlsx", "a formula whose number is stored", book(*of(tn=X("<c @><f>6172340000+142</f><v>6172340142</v></c>"))), good(first(A), REST))
    made.add("formula-bare.xlsx", "a formula without a stored value", book(*of(tn=X("<c @><f>Other!A1</f></c>"))), good(first(A, "cell-formula-no-value", tn=SKIP), REST))
    made.add("formula-bare-empty.xlsx", "a formula with an empty value", book(*of(account_number=X("<c @><f>Other!A1</f><v></v></c>"))), good(first(A, "cell-formula-no-value", account_number=SKIP), REST))
    made.add("formula-bare-pin.xlsx", "a formula without a value in a column that may be blank", book(*of(pin=X("<c @><f>VLOOKUP(1,A:B,2)</f></c>"))), good(first(A, "cell-formula-no-value", pin=SKIP), REST))
    made.add("formula-blank-no.xlsx", "a formula whose stored text is blank is a blank", book(*of(unit=X('<c @ t="str"><f>IF(1=1,"","x")</f><v></v></c>'))), good(first(A), REST))
    made.add("formula-openpyxl.xlsx", "formulas as openpyxl writes them, without values", formulas_by_openpyxl, good(first(A, "cell-formula-no-value", name=SKIP), REST))
    made.add("formula-shared.xlsx", "a shared formula with stored values", book(*of(destination=X('<c @ t="str"><f t="shared" ref="A1:A3" si="0">"line-"&amp;"0142"</f><v>line-0142</v></c>'))), good(first(A), REST))


def texts(made: Corpus) -> None:
    """Text, in the ways in which a workbook can hold it."""
    shared = [str(one) for one in HEADER]
    strings = [f"<t>{one}</t>" for one in shared] + ["<t>617-234-0142</t>", '<t xml:space="preserve"> 0042 </t>', '<r><t xml:space="preserve">Harbor </t></r><r><rPr><b/></rPr><t>Bakery</t></r><r><t xml:space="preserve"> LLC</t></r>',
                                                      '<t>80144217</t><phoneticPr fontId="1"/><rPh sb="0" eb="1"><t>spoken</t></rPh>']  # fmt: skip
    head: list[One] = [X(f'<c @ t="s"><v>{at}</v></c>') for at in range(14)]
    cells = of(tn=X('<c @ t="s"><v>14</v></c>'), pin=X('<c @ t="s"><v>15</v></c>'), account_number=X('<c @ t="s"><v>17</v></c>'))
    cells[0] = head
    made.add("shared.xlsx", "shared strings, spaces kept, a reading aid beside one", book(*cells, shared=strings), good(first({**A, "pin": "0042"}), REST))
    made.add("rich.xlsx", "text in several fonts", book(*of(name=X('<c @ t="s"><v>16</v></c>')), shared=strings), good(first(A), REST))
    made.add("rich-number.xlsx", "a number in several fonts", book(*of(tn=X('<c @ t="inlineStr"><is><r><t>617-</t></r><r><rPr><b/></rPr><t>234</t></r><r><t>-0142</t></r></is></c>'))), good(first(A), REST), read=SHOWN)
    at = position("notes", {**A, "notes": ""})
    for name, inside, seen, code in (("letter", "_x0041_BC", "ABC", ""), ("itself", "_x005F_x0041_", "_x0041_", ""), ("none", "_x00ZZ_", "_x00ZZ_", "")):
        cells = of(notes=inside)
        made.add(f"escape-{name}.xlsx", f"{inside} means {seen}", book(*cells), good(first(A, code, notes=seen), REST), read=shown(cells, **{f"c{at}": seen}))
    made.add("escape-return.xlsx", "a carriage return written _x000D_", book(*of(name="Harbor_x000D_\nBakery LLC")), good(first(A, name=SKIP, maybe="text-unsafe"), REST))
    made.add("escape-bell.xlsx", "a control character written _x0007_", book(*of(name="Harbor_x0007_ Bakery LLC")), good(first(A, "text-unsafe"), REST))
    made.add("spaces.xlsx", "spaces before and after", book(*of(tn=" 617-234-0142 ", pin="  4821", postal_code="02129 ")), good(first(A), REST))
    made.add("nbsp.xlsx", "no-break and zero-width spaces", book(*of(tn="\u00a0617-234-0142\u200b", postal_code="02129\u00a0")), good(first(A, maybe="text-unsafe"), REST))
    made.add("apostrophe.xlsx", "text that Excel marks with an apostrophe of its own", book(*of(pin="0042")), good(first({**A, "pin": "0042"}), REST))
    made.add("break-in-cell.xlsx", "a line break in a cell", book(*of(name="Harbor\nBakery LLC")), good(first(A, name=SKIP), REST))
    made.add("results-back.xlsx", "a results workbook's columns, and apostrophes before what would be a formula", book(*_results()), good(first(A, name="=Harbor Bakery LLC"), row(3, B, sheet=S, destination="-line"), row(4, C, sheet=S)))
    made.add("emoji.xlsx", "a sign beyond the first 65,536", book(*of(notes="ring \U0001f514")), good(first(A, notes="ring \U0001f514"), REST))


def _results() -> list[list[One]]:
    ours = table({**A, "tn": "'+16172340142", "name": "'=Harbor Bakery LLC"}, {**B, "destination": "'-line"}, C)
    labels = ["Port Result", "Order (PON)", "Confirmed Date", "What is wrong", "How to fix it", "Row ID"]
    return [[*line, *(labels if at == 0 else ["Rejected", "", "", "something", "do it", ""])] for at, line in enumerate(ours)]


def sheets(made: Corpus) -> None:
    """Which sheet holds the numbers."""
    words: list[list[One]] = [["How to fill this in"], ["1. Write one number a row."], ["2. Save, and send it back."]]
    skipped = good(rows(*ALL, sheet=S), file="sheet-skipped")
    made.add("instructions.xlsx", "a sheet of instructions first", book(sheets={"Instructions": words, S: T}), skipped,
             read=[*(("Instructions", False, number, line) for number, line in lines([[str(cell) for cell in line] for line in words])), *SHOWN])  # fmt: skip
    hidden: list[list[One]] = [list(line) for line in table({**C, "tn": "617-234-0149", "destination": "line-0149"})]
    for state in ("hidden", "veryHidden"):
        made.add(f"sheet-{state}.xlsx", f"numbers in a {state} sheet beside those in sight", book(sheets={S: T, "Old": hidden}, states={"Old": state}), skipped,
                 read=[*SHOWN, *(("Old", True, number, line) for number, line in lines([[str(cell) for cell in line] for line in hidden]))])  # fmt: skip
    two = good(rows(A, B, sheet="East"), rows(C, sheet="West"))
    made.add("two-sheets.xlsx", "two sheets of numbers", book(sheets={"East": T[:3], "West": [T[0], T[3]]}), two)
    made.add("two-sheets-unlike.xlsx", "two sheets of numbers, columns in another order", book(sheets={"East": T[:3], "West": [T[0][::-1], T[3][::-1]]}), two)
    made.add("empty-sheets.xlsx", "empty sheets round the one that counts", book(sheets={"Sheet1": [], S: T, "Sheet3": []}), good(rows(*ALL, sheet=S), maybe="sheet-skipped"), read=SHOWN)
    made.add("empty-book.xlsx", "one empty sheet", book(sheets={"Sheet1": []}), EMPTY)
    made.add("header-only.xlsx", "a header alone", book(T[0]), EMPTY)
    made.add("name-strange.xlsx", "a sheet named with signs, an umlaut and spaces", book(*T, name=" Größe & <1> "), good(rows(*ALL, sheet=" Größe & <1> ")))
    made.add("chart-sheet.xlsx", "a sheet that is a chart", written(_chart), good(rows(*ALL, sheet=S), maybe="sheet-skipped"))
    made.add("hidden-rows.xlsx", "hidden rows are rows", book(*T, row_attributes={3: 'hidden="1"'}), FINE, read=SHOWN)
    made.add("filtered.xlsx", "rows out of sight behind a filter are rows", written(_filtered), FINE)
    made.add("hidden-columns.xlsx", "hidden columns are columns", book(*T, before_data='<cols><col min="2" max="3" width="0" hidden="1" customWidth="1"/></cols>'), FINE, read=SHOWN)
    made.add("grouped-rows.xlsx", "rows folded away", book(*T, row_attributes={3: 'hidden="1" outlineLevel="1"', 4: 'outlineLevel="1" collapsed="1"'}), FINE)
    made.add("protected-sheet.xlsx", "a sheet locked against changes can be read", written(_protected), FINE)
    macro = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600}
    made.add("macros.xlsm", "a workbook with macros", book(*T, workbook_type="application/vnd.ms-excel.sheet.macroEnabled.main+xml", more=macro,
             more_types='<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>', more_relations='<Relationship Id="rId800" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>'), FINE)  # fmt: skip
    external = {"xl/externalLinks/externalLink1.xml": f'{XML}<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook xmlns:r="{OFFICE}" r:id="rId1"/></externalLink>',
                "xl/externalLinks/_rels/externalLink1.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'}  # fmt: skip
    made.add("external-link.xlsx", "a link to another file", book(*of(tn=X('<c @ t="str"><f>[1]Sheet1!A1</f><v>617-234-0142</v></c>')), more=external,
             more_types=f'<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType="{SPREADSHEET}.externalLink+xml"/>',
             more_relations=f'<Relationship Id="rId801" Type="{OFFICE}/externalLink" Target="externalLinks/externalLink1.xml"/>'), FINE)  # fmt: skip


def above_and_below(made: Corpus) -> None:
    """Titles, headers of two lines, merged cells, totals."""
    made.add("titles.xlsx", "three lines of title, one blank", book(["ACME Corp"], ["Port request list"], [], *T), good(rows(*ALL, first=5, sheet=S)))
    made.add("header-at-30.xlsx", "the header is row 30", book(*[[] for _ in range(29)], *T), good(rows(*ALL, first=31, sheet=S)), read=[(S, False, number + 29, cells) for _, _, number, cells in SHOWN])
    made.add("merged-title.xlsx", "a title merged across the sheet", written(_merged_title), good(rows(*ALL, first=3, sheet=S)))
    made.add("merged-groups.xlsx", "groups merged above the header", written(_merged_groups), good(rows(*ALL, first=3, sheet=S)))
    made.add("merged-down.xlsx", "header cells merged over two rows", written(_merged_down), good(rows(*ALL, first=3, sheet=S)))
    made.add("total.xlsx", "a total below", book(*T, ["Total", *[""] * 12, N("3")]), FINE)
    made.add("total-formula.xlsx", "a total that counts", book(*T, [], ["Total:", X("<c @><f>COUNTA(A2:A4)</f><v>3</v></c>")]), FINE)
    made.add("subtotal.xlsx", "a subtotal amid the rows", book(*T[:2], ["Subtotal Boston", N("1")], *T[2:]), good(first(A), row(4, B, sheet=S), row(5, C, sheet=S)))
    made.add("header-again.xlsx", "the header again amid the rows", book(*T[:2], T[0], *T[2:]), good(first(A), row(4, B, sheet=S), row(5, C, sheet=S)))
    made.add("blank-rows.xlsx", "blank rows count, blank columns do not matter", book(*[["", *line] for line in [T[0], T[1], [], [""] * 5, T[2], [" "], T[3]]]), good(first(A), row(5, B, sheet=S), row(7, C, sheet=S)))
    examples: list[list[One]] = [list(line) for line in table({**A, "customer_ref": "EXAMPLE - not read"}, {**B, "customer_ref": "EXAMPLE - not read"}, {**C, "customer_ref": "77"})]
    made.add("examples.xlsx", "the template's example rows left in", book(*examples), good(row(4, C, sheet=S, customer_ref="77")))
    made.add("examples-only.xlsx", "the template's example rows alone", book(*examples[:3]), EMPTY)
    made.add("gaps.xlsx", "rows and cells that are left out of the file, without places where they can be told", book(*T, row_attributes={}), FINE)


def far_corners(made: Corpus) -> None:
    """A sheet that is said to be, or is, much larger than its table."""
    stray = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    told = Outcome((*rows(*ALL, sheet=S), row(1_048_576, {"tn": ""}, "row-ragged", maybe="tn-missing", sheet=S, tn=SKIP)))
    made.add("stray-corner.xlsx", "a lone cell at XFD1048576", book(*T, tail_rows=stray), *any_of("file-too-large", "file-unreadable"), FINE, told, Outcome(None, exit=frozenset({1}), maybe=codes("row-ragged column-unknown")), apart=True)
    low = '<row r="1048576"><c r="A1048576"><v></v></c></row>'
    made.add("stray-blank.xlsx", "a lone blank cell in the last row", book(*T, tail_rows=low), FINE, apart=True)
    comments = {"xl/comments1.xml": f'{XML}<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors><author>x</author></authors><commentList><comment ref="XFD1048576" authorId="0"><text><t>far</t></text></comment></commentList></comments>',
                "xl/worksheets/_rels/sheet1.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/comments" Target="../comments1.xml"/></Relationships>'}  # fmt: skip
    made.add("stray-comment.xlsx", "a comment at XFD1048576", book(*T, more=comments, more_types=f'<Override PartName="/xl/comments1.xml" ContentType="{SPREADSHEET}.comments+xml"/>'), FINE, apart=True)
    made.add("comment.xlsx", "a comment beside a cell is no part of it", written(_comment), FINE, read=SHOWN)
    made.add("formatted-blanks.xlsx", "formatted blank rows down to the last", lambda: book(*T, tail_rows="".join(f'<row r="{n}" s="0" customFormat="1"><c r="A{n}" s="0"/></row>' for n in range(5, 1_048_577))), FINE, apart=True)
    made.add("formatted-columns.xlsx", "formatted blank cells out to XFD", book([*T[0], *[X("<c @/>")] * 16_370], *T[1:]), FINE, apart=True)
    for name, size in (("small", "A1"), ("large", "A1:XFD1048576"), ("wrong", "C3:D4"), ("nonsense", "oops")):
        made.add(f"dimension-{name}.xlsx", f"a dimension of {size}", book(*T, dimension=size), FINE, *(any_of("file-unreadable") if name == "nonsense" else ()), apart=True)
    wide: list[list[One]] = [[*line, *([f"Extra {n}" for n in range(187)] if at == 0 else ["x"] * 187)] for at, line in enumerate(T)]
    made.add("columns-201.xlsx", "201 columns are too many", book(*wide), bad("file-too-large"))
    made.add("columns-200.xlsx", "200 columns are not", book(*[line[:200] for line in wide]), good(rows(*ALL, sheet=S), file="column-unknown"))


def not_what_they_seem(made: Corpus) -> None:
    """Protected, damaged, dangerous, or something else."""
    plain = book(*T)
    made.add("password.xlsx", "protected by a password", compound({"EncryptionInfo": b"\x04\0\x04\0" + b"\0" * 60, "EncryptedPackage": bytes(range(256)) * 20}), bad("file-encrypted"))
    made.add("password.xls", "protected by a password, named .xls", compound({"EncryptionInfo": b"\x04\0\x04\0" + b"\0" * 60, "EncryptedPackage": bytes(range(256)) * 20}), bad("file-encrypted"))
    made.add("word.xls", "a Word document of 1997 named .xls", compound({"WordDocument": b"\xec\xa5" + b"\0" * 5000}), *any_of("file-unsupported", "file-unreadable"))
    made.add("renamed-xlsx.csv", "a workbook named .csv", plain, FINE)
    made.add("renamed-xlsx.xls", "a workbook named .xls", plain, FINE, read=SHOWN)
    made.add("renamed-xlsx.txt", "a workbook named .txt", plain, FINE)
    flat = good(rows(*ALL))
    made.add("renamed-csv.xlsx", "commas named .xlsx", text(table(*ALL)), flat)
    made.add("renamed-tsv.xls", "tabs named .xls", text(table(*ALL), "\t"), flat, read=lines(table(*ALL)))
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>\n" for line in table(*ALL))
    sheetless = Outcome(None, exit=frozenset({0}))
    made.add("html.xls", "a web page named .xls, as portals export", f"<html><head><meta charset='utf-8'></head><body><table border=1>\n{cells}</table></body></html>", sheetless, *any_of("file-unsupported"))
    made.add("html-excel.xls", "a web page that Excel wrote", f'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><body><table>{cells.replace("<td>0042", "<td x:num>0042")}</table></body></html>', sheetless, *any_of("file-unsupported"))
    old = "".join("<Row>" + "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in line) + "</Row>\n" for line in table(*ALL))
    made.add("xml-2003.xls", "XML of Excel 2003", f'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="{S}"><Table>\n{old}</Table></Worksheet></Workbook>',
             sheetless, *any_of("file-unsupported"))  # fmt: skip
    other = ("file-unsupported", "file-unreadable")
    made.add("letter-pdf.xlsx", "a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n", *any_of(*other))
    made.add("picture-png.xlsx", "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, *any_of(*other))
    made.add("picture-jpg.csv", "a photograph named .csv", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4, *any_of(*other))
    word = {"[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>', "word/document.xml": f"{XML}<document/>"}  # fmt: skip
    made.add("letter-docx.xlsx", "a Word document", zipped(word), *any_of(*other))
    made.add("truncated.xlsx", "the end is missing", plain[: len(plain) // 2], bad("file-unreadable"))
    made.add("truncated-little.xlsx", "the last ten bytes are missing", plain[:-10], bad("file-unreadable"))
    made.add("zeros.xlsx", "a file of zeros, as a broken copy leaves it", b"\0" * 4096, *any_of(*other), EMPTY)
    made.add("empty.xlsx", "nothing, named .xlsx", b"", EMPTY)
    broken = unzipped(plain)
    sheet = broken["xl/worksheets/sheet1.xml"]
    made.add("xml-cut.xlsx", "a sheet whose XML stops in the middle loses no row unseen", zipped({**broken, "xl/worksheets/sheet1.xml": sheet[: len(sheet) * 2 // 3]}), bad("file-unreadable"))
    made.add("sheet-missing.xlsx", "a sheet that is listed and not there", zipped({name: data for name, data in broken.items() if "sheet1" not in name}), bad("file-unreadable"))
    made.add("checksum.xlsx", "a sheet whose checksum is wrong", _flipped(plain), bad("file-unreadable"))
    laughs = '<!DOCTYPE lolz [<!ENTITY lol "lol">' + "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1 or str()};" * 10}">' for n in range(1, 10)) + "]>"
    hostile = Outcome(None, exit=frozenset({0, 1}), maybe=codes("text-unsafe"))
    made.add("entities.xlsx", "a billion laughs", book(*of(name=X('<c @ t="inlineStr"><is><t>&lol9;</t></is></c>')), head=laughs), *any_of("file-unreadable", "file-unsupported", "file-too-large"), hostile, apart=True)
    outside = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    made.add("entity-file.xlsx", "an entity that names a file of the machine", book(*of(name=X('<c @ t="inlineStr"><is><t>&secret;</t></is></c>')), head=outside), *any_of("file-unreadable", "file-unsupported"), hostile, apart=True)
    # Refused, or read rightly: what it may not do is take the machine (see the test of time and memory).
    refused = any_of("file-too-large", "file-unreadable")
    made.add("bomb-sheet.xlsx", "a sheet that unpacks to 900 MB of the same row", lambda: _bomb("xl/worksheets/sheet1.xml", '<row r="9"><c r="A9"><v>1</v></c></row>'), *refused, Outcome(None, exit=frozenset({1})), apart=True, bomb=True)
    made.add("bomb-strings.xlsx", "shared strings that unpack to 900 MB", lambda: _bomb("xl/sharedStrings.xml", "<si><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></si>"), *refused, FINE, apart=True, bomb=True)
    made.add("bomb-blank.xlsx", "900 KB that unpack to 900 MB of blanks", lambda: _bomb("xl/worksheets/sheet1.xml", " " * 37), *refused, FINE, apart=True, bomb=True)


def _bomb(part: str, unit: str) -> bytes:
    whole = unzipped(book(*T, shared=["<t>x</t>"]))
    head, mark, rest = whole.pop(part).partition(b"</sheetData>" if "sheet1" in part else b"</sst>")
    block = unit.encode() * (1_000_000 // len(unit))
    return bomb(part, head, block, 900_000_000 // len(block), mark + rest, whole)


def _flipped(data: bytes) -> bytes:
    """A workbook with a digit of its sheet changed, but not the sum that is kept of it: stored without packing, as some programs do."""
    stored = zipped(unzipped(data), compress=False)
    assert stored.count(b"617-234-0142") == 1
    return stored.replace(b"617-234-0142", b"617-234-0143")


# Workbooks by the libraries that customers' programs use


def written(fill: Callable[[Any, Any], None]) -> Callable[[], bytes]:
    """A workbook by XlsxWriter."""

    def make() -> bytes:
        target = io.BytesIO()
        made = xlsxwriter.Workbook(target, {"in_memory": True})
        made.set_properties({"created": dt.datetime(2026, 3, 2)})
        fill(made, made.add_worksheet(S))
        made.close()
        return target.getvalue()

    return make


def _fill(sheet: Any, top: int = 0) -> None:
    for number, line in enumerate(T, top):
        for column, cell in enumerate(line):
            sheet.write_string(number, column, str(cell))


def _chart(made: Any, sheet: Any) -> None:
    _fill(sheet)
    chart = made.add_chart({"type": "column"})
    chart.add_series({"values": f"={S}!$B$2:$B$4"})
    made.add_chartsheet("Chart").set_chart(chart)


def _filtered(_: Any, sheet: Any) -> None:
    _fill(sheet)
    sheet.autofilter(0, 0, 3, 13)
    sheet.filter_column(TN, "x == 617-234-0142")
    sheet.set_row(2, options={"hidden": True})
    sheet.set_row(3, options={"hidden": True})


def _protected(_: Any, sheet: Any) -> None:
    _fill(sheet)
    sheet.protect("secret")


def _comment(_: Any, sheet: Any) -> None:
    _fill(sheet)
    sheet.write_comment(1, TN, "0199")
    sheet.write_comment(2, PIN, "please")


def _merged_title(_: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 13, "Port request list")
    _fill(sheet, 1)


def _merged_groups(_: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 5, "Account with the current carrier")
    sheet.merge_range(0, 8, 0, 12, "Service address")
    _fill(sheet, 1)


def _merged_down(_: Any, sheet: Any) -> None:
    for column, label in enumerate(HEADER):
        sheet.merge_range(0, column, 1, column, str(label))
    for number, line in enumerate(T[1:], 2):
        for column, cell in enumerate(line):
            sheet.write_string(number, column, str(cell))


def formulas_by_openpyxl() -> bytes:
    """A workbook by openpyxl, which stores no values of formulas; the time in it is taken out."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = S
    for line in T:
        sheet.append([str(cell) for cell in line])
    sheet.cell(2, NAME + 1).value = '="Harbor"&" Bakery LLC"'
    target = io.BytesIO()
    made.save(target)
    parts = unzipped(target.getvalue())
    parts["docProps/core.xml"] = f'{XML}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties"/>'.encode()
    return zipped(parts)


