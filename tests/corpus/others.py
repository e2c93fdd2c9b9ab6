"""ODS, XLS and zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tests.corpus.books import FINE as BOOK_FINE
from tests.corpus.books import T as BOOK_CELLS
from tests.corpus.cases import ALL, EMPTY, SKIP, A, B, C, Corpus, Expected, any_of, bad, codes, good, lines, position, row, rows, table, text
from tests.corpus.parts import XML, bomb, book, zipped

S = "Numbers"
FILES = Path(__file__).with_name("files")
FINE = good(rows(*ALL, sheet=S))
REST = rows(B, C, first=3, sheet=S)
T = table(*ALL)
SHOWN = [(S, False, number, cells) for number, cells in lines(T)]
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}"'
    for name, path in {"office": "office:1.0", "table": "table:1.0", "text": "text:1.0", "style": "style:1.0", "number": "datastyle:1.0", "fo": "xsl-fo-compatible:1.0"}.items()
) + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
KIND = "application/vnd.oasis.opendocument.spreadsheet"


def corpus() -> Corpus:
    """All of them."""
    made = Corpus()
    open_documents(made)
    old_workbooks(made)
    zips(made)
    return made


# ODS


def ods(sheets: Mapping[str, str], styles: str = "", manifest: str = "", attributes: Mapping[str, str] | None = None) -> bytes:
    """An ODS of sheets, each the XML of its rows."""
    body = "".join(f'<table:table table:name="{escape(name)}"{(attributes or {}).get(name, "")}>{content}</table:table>' for name, content in sheets.items())
    content = f'{XML}<office:document-content {SPACES} office:version="1.2"><office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>'
    listing = (
        f'{XML}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="{KIND}"/>'
        f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{manifest}</manifest:file-entry></manifest:manifest>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in {"mimetype": KIND, "content.xml": content, "META-INF/manifest.xml": listing}.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED)
    return target.getvalue()


def cell(words: str) -> str:
    """A cell of text."""
    return f'<table:table-cell office:value-type="string"><text:p>{escape(words)}</text:p></table:table-cell>' if words else "<table:table-cell/>"


def line(cells: Sequence[str], attributes: str = "") -> str:
    """A row of cells, of which one that is XML already stays as it is."""
    return f"<table:table-row{attributes}>" + "".join(one if one.startswith("<table:") else cell(one) for one in cells) + "</table:table-row>"


def of(**cells: str) -> str:
    """The rows of the sheet with other cells in its first row."""
    made = [list(one) for one in table({**A, **{name: "" for name in cells if name not in A}}, B, C)]
    for name, one in cells.items():
        made[1][position(name, {**A, name: ""})] = one
    return "".join(line(one) for one in made)


def number(value: str, shown: str, kind: str = "float") -> str:
    """A cell that holds one thing and shows another."""
    attribute = {"float": "value", "percentage": "value", "date": "date-value", "boolean": "boolean-value", "currency": "value"}[kind]
    return f'<table:table-cell office:value-type="{kind}" office:{attribute}="{value}"><text:p>{shown}</text:p></table:table-cell>'


def open_documents(made: Corpus) -> None:
    """ODS."""
    plain = "".join(line(one) for one in T)
    made.add("plain.ods", "text cells", ods({S: plain}), FINE, read=SHOWN)
    zeros = of(pin=number("42", "0042"), postal_code=number("2129", "02129"), tn=number("6172340142", "(617) 234-0142"), account_number=number("123", "00000-0123"))
    first = {**A, "pin": "0042", "account_number": "000000123"}
    made.add("shown.ods", "numbers shown with their zeros", ods({S: zeros}), good(row(2, first, sheet=S), REST),
             read=[SHOWN[0], (S, False, 2, _seen(tn="(617) 234-0142", account_number="00000-0123", pin="0042", postal_code="02129")), *SHOWN[2:]])  # fmt: skip
    made.add("bare-numbers.ods", "numbers shown as they are", ods({S: of(tn=number("6172340142", "6172340142"), pin=number("4821", "4821"), postal_code=number("2129", "2129"))}),
             good(row(2, A, "postal-zeros-restored", sheet=S), REST))  # fmt: skip
    made.add("power.ods", "a number shown 6.17E+09", ods({S: of(tn=number("6172340142", "6.17E+09"))}), good(row(2, A, sheet=S), REST))
    made.add("date.ods", "a date", ods({S: of(requested_date=number("2026-03-16", "03/16/26", "date"))}), good(row(2, A, sheet=S, requested_date="2026-03-16"), REST))
    made.add("boolean.ods", "a boolean", ods({S: of(unlocked=number("true", "TRUE", "boolean"))}), good(row(2, A, sheet=S, unlocked="Y"), REST))
    made.add("percent.ods", "a percentage", ods({S: of(notes=number("0.5", "50%", "percentage"))}), good(row(2, A, sheet=S), REST))
    error = '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    made.add("error.ods", "an error", ods({S: of(tn=error)}), good(row(2, A, "cell-error-value", sheet=S, tn=SKIP), REST))
    blank = '<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    made.add("repeated-blank.ods", "a million blank rows of 16,384 cells, as LibreOffice ends a sheet", ods({S: plain + blank}), FINE, apart=True)
    made.add("repeated-blank-between.ods", "blank rows repeated amid the rows count", ods({S: "".join([line(T[0]), line(T[1]), '<table:table-row table:number-rows-repeated="7"><table:table-cell/></table:table-row>', line(T[2]), line(T[3])])}),
             good(row(2, A, sheet=S), row(10, B, sheet=S), row(11, C, sheet=S)))  # fmt: skip
    far = blank + line(T[3])
    made.add("repeated-then-row.ods", "a row below a million blank ones", ods({S: "".join(line(one) for one in T[:3]) + far}), good(rows(A, B, sheet=S), row(1_000_004, C, sheet=S)), *any_of("file-too-large"), apart=True)
    twice = line(T[0]) + line(T[1], ' table:number-rows-repeated="2"') + line(T[2])
    made.add("repeated-row.ods", "two rows alike, stored as one repeated", ods({S: twice}), good(row(2, A, sheet=S), row(3, A, "tn-repeated", sheet=S, state="duplicate"), row(4, B, sheet=S)))
    flood = line(T[0]) + line(T[1], ' table:number-rows-repeated="250000"') + line(T[2])
    made.add("repeated-flood.ods", "a row of data repeated a quarter of a million times in 2 kB", ods({S: flood}), *any_of("file-too-large", "file-unreadable"), Expected(None, exit=frozenset({0, 1})), apart=True, bomb=True)
    pair = '<table:table-cell table:number-columns-repeated="2" office:value-type="string"><text:p>Maria Garcia</text:p></table:table-cell>'
    at = position("name")
    same = line(T[0]) + line([*T[1][:at], pair, *T[1][at + 2 :]]) + line(T[2]) + line(T[3])
    made.add("repeated-cell.ods", "name and authorized name alike, stored as one repeated cell", ods({S: same}), good(row(2, {**A, "name": "Maria Garcia"}, sheet=S, authorized_name="Maria Garcia"), REST))
    gap = "".join(line([*one[:4], '<table:table-cell table:number-columns-repeated="3"/>', *one[4:]]) for one in T)
    made.add("repeated-gap.ods", "three blank columns stored as one repeated cell", ods({S: gap}), FINE)
    hidden_style = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    made.add("hidden.ods", "a hidden sheet", ods({S: plain, "Old": plain}, hidden_style, attributes={"Old": ' table:style-name="ta2"'}), good(rows(*ALL, sheet=S), file="sheet-skipped"),
             read=[*SHOWN, *(("Old", True, at, cells) for _, _, at, cells in SHOWN)])  # fmt: skip
    out_of_sight = line(T[0]) + line(T[1]) + line(T[2], ' table:visibility="filter"') + line(T[3], ' table:visibility="collapse"')
    made.add("filtered.ods", "rows out of sight are rows", ods({S: out_of_sight}), FINE, read=SHOWN)
    noted = '<table:table-cell office:value-type="string"><office:annotation><text:p>617-234-0199</text:p></office:annotation><text:p>617-234-0142</text:p></table:table-cell>'
    made.add("annotation.ods", "a comment is no part of its cell", ods({S: of(tn=noted)}), FINE, read=SHOWN)
    spaced = '<table:table-cell office:value-type="string"><text:p>Harbor<text:s/>Bakery <text:span>LLC</text:span></text:p></table:table-cell>'
    made.add("spans.ods", "spaces and fonts inside a text", ods({S: of(name=spaced)}), FINE, read=SHOWN)
    paragraphs = '<table:table-cell office:value-type="string"><text:p>one</text:p><text:p>two</text:p></table:table-cell>'
    made.add("paragraphs.ods", "two paragraphs in a cell", ods({S: of(notes=paragraphs)}), good(row(2, A, sheet=S), REST))
    covered = "".join([line(['<table:table-cell office:value-type="string" table:number-columns-spanned="14"><text:p>Port requests</text:p></table:table-cell>', *["<table:covered-table-cell/>"] * 13]), plain])
    made.add("covered.ods", "a title merged across the sheet", ods({S: covered}), good(rows(*ALL, first=3, sheet=S)))
    grouped = "<table:table-header-rows>" + line(T[0]) + "</table:table-header-rows><table:table-row-group>" + "".join(line(one) for one in T[1:3]) + "</table:table-row-group>" + line(T[3])
    made.add("groups.ods", "header rows and row groups", ods({S: grouped}), FINE, read=SHOWN)
    secret = '<manifest:encryption-data manifest:checksum="x"><manifest:algorithm manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" manifest:initialisation-vector="x"/></manifest:encryption-data>'
    made.add("password.ods", "protected by a password", zipped_like(ods({S: plain}, manifest=secret), "content.xml", bytes(range(1, 255)) * 8), bad("file-encrypted"))
    made.add("empty.ods", "an empty sheet", ods({S: ""}), EMPTY)
    whole = ods({S: plain})
    made.add("truncated.ods", "the end is missing", whole[: len(whole) // 2], bad("file-unreadable"))
    made.add("renamed-ods.xlsx", "ODS named .xlsx", whole, FINE)


def _seen(**changes: str) -> list[str]:
    made = list(T[1])
    for name, seen in changes.items():
        made[position(name)] = seen
    return made


def zipped_like(data: bytes, name: str, content: bytes) -> bytes:
    """An ODS with other bytes for a part."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            archive.writestr(entry, content if entry.filename == name else source.read(entry), entry.compress_type)
    return target.getvalue()


# XLS, written once by LibreOffice from what `old_sources` makes: see files/README.md


def old_workbooks(made: Corpus) -> None:
    """XLS."""
    made.add("plain.xls", "text cells", kept("plain.xls"), FINE, read=SHOWN)
    first = {**A, "pin": "0042", "account_number": "000000123"}
    shown = [SHOWN[0], (S, False, 2, _seen(tn="(617) 234-0142", account_number="00000-0123", pin="0042", postal_code="02129")), *SHOWN[2:]]
    made.add("formats.xls", "numbers shown with their zeros", kept("formats.xls"), good(row(2, first, sheet=S), REST), read=shown)
    made.add("hidden.xls", "a hidden sheet, hidden rows", kept("hidden.xls"), good(rows(*ALL, sheet=S), file="sheet-skipped"), read=[*SHOWN, *(("Old", True, at, cells) for _, _, at, cells in SHOWN)])
    made.add("date-1904.xls", "a date counted from 1904", kept("date-1904.xls"), good(row(2, A, sheet=S, requested_date="2026-03-16"), REST))
    made.add("error.xls", "an error", kept("error.xls"), good(row(2, A, "cell-error-value", sheet=S, tn=SKIP), REST))
    made.add("renamed-xls.xlsx", "XLS named .xlsx", kept("plain.xls"), FINE)
    made.add("renamed-xls.csv", "XLS named .csv", kept("plain.xls"), FINE)
    made.add("truncated.xls", "the second half is missing", lambda: kept("plain.xls")()[:3000], *any_of("file-unreadable", "file-unsupported"))


def kept(name: str) -> Callable[[], bytes]:
    """A file that lies beside this script."""
    return lambda: (FILES / name).read_bytes()


# Zips


def zips(made: Corpus) -> None:
    """Several files in one."""
    sheet, workbook = text(T), book(*BOOK_CELLS)
    pdf = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    plain, in_book = good(rows(*ALL)), BOOK_FINE
    made.add("one.zip", "a zip with a sheet", zipped({"acme.csv": sheet}), _named(plain, "one.zip/acme.csv"))
    made.add("one-xlsx.zip", "a zip with a workbook", zipped({"acme.xlsx": workbook}), _named(in_book, "one-xlsx.zip/acme.xlsx"))
    east, west = text(table(A, B)), text(table(C))
    made.add("two.zip", "a zip with two sheets", zipped({"east.csv": east, "west.csv": west}), _named(good(row(2, A), row(3, B), row(2, C)), "two.zip/west.csv"))
    made.add("papers.zip", "papers beside the sheet are no sheets", zipped({"acme.csv": sheet, "loa.pdf": pdf, "bill.tif": b"II*\0" + b"\0" * 60}), _named(plain, "papers.zip/acme.csv"))
    made.add("folder.zip", "a sheet in a folder, and what a Mac adds", zipped({"port/": "", "port/acme.csv": sheet, "__MACOSX/port/._acme.csv": b"\0\5\x16\7\0\2\0\0Mac OS X", "port/.DS_Store": b"\0\0\0\1Bud1", "port/~$acme.xlsx": "x"}), _named(plain, "acme.csv"))
    made.add("shouting.zip", "a zip named in capitals inside", zipped({"ACME.CSV": sheet}), _named(plain, "ACME.CSV"))
    accented = zipped({"Montréal.csv": sheet})
    made.add("accents.zip", "a name with an accent", accented, _named(plain, "Montréal.csv"))
    refused = tuple(any_of("file-unsupported", "file-unreadable", "file-too-large"))
    made.add("papers-only.zip", "papers and no sheet", zipped({"loa.pdf": pdf}), EMPTY, *refused)
    made.add("nothing.zip", "nothing inside", zipped({}), EMPTY, *refused)
    for name, path in (("up", "../../escaped.csv"), ("root", "/tmp/escaped.csv"), ("windows", "..\\..\\escaped.csv"), ("drive", "C:\\escaped.csv")):
        made.add(f"path-{name}.zip", f"a name that leaves the folder: {path}", zipped({path: sheet}), plain, *refused)
    link = zipfile.ZipInfo("escaped.csv", (1980, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    made.add("link.zip", "a link to a file of the machine", _single(link, b"/etc/passwd"), *refused, EMPTY, Expected((), codes("column-missing"), codes("column-unknown column-ambiguous")))
    made.add("nested.zip", "a zip in a zip", zipped({"inner.zip": zipped({"acme.csv": sheet})}), plain, EMPTY, *refused)
    made.add("bomb.zip", "1.2 MB that unpack to 1.2 GB", lambda: bomb("acme.csv", b"Phone Number\r\n", b"0" * 10_000_000, 120, b"\r\n", {}), *refused, apart=True, bomb=True)
    crowd = {f"sheet-{n:05d}.csv": "x" for n in range(20_000)}
    made.add("crowd.zip", "twenty thousand files", lambda: zipped(crowd), *refused, EMPTY, Expected(None, exit=frozenset({1, 2}), state=frozenset({"read", "unmapped", "unreadable"}), maybe=codes("column-missing file-empty column-unknown")), apart=True)
    made.add("truncated.zip", "the end is missing", zipped({"acme.csv": sheet})[:-30], bad("file-unreadable"))
    locked = bytearray(zipped({"acme.csv": sheet}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    made.add("password.zip", "protected by a password", bytes(locked), *any_of("file-encrypted"))
    one_bad = zipped({"acme.csv": sheet, "broken.xlsx": workbook[:900]})
    made.add("one-bad.zip", "a sheet, and a workbook that cannot be read", one_bad, Expected(rows(*ALL), codes("file-unreadable"), state=frozenset({"read", "unreadable"}), exit=frozenset({1, 2})))


def _named(expected: Expected, name: str) -> Expected:
    return Expected(expected.rows, expected.file, expected.maybe, expected.exit, expected.state, name)


def _single(entry: zipfile.ZipInfo, data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, data)
    return target.getvalue()


def old_sources() -> dict[str, bytes]:
    """The workbooks of which LibreOffice made those in files/, by name."""
    from tests.corpus import books
    from tests.corpus.parts import N, X

    formats = books.of(tn=N("6172340142", "[<=9999999]###-####;(###) ###-####"), account_number=N("123", "00000-0000"), pin=N("42", "0000"), postal_code=N("2129", "00000"))
    dated = books.of(requested_date=N("44635", "yyyy\\-mm\\-dd"))
    return {
        "plain": book(*BOOK_CELLS),
        "formats": book(*formats),
        "hidden": book(sheets={S: BOOK_CELLS, "Old": BOOK_CELLS}, states={"Old": "hidden"}, row_attributes={3: 'hidden="1"'}),
        "date-1904": book(*dated, properties='<workbookPr date1904="1"/>'),
        "error": book(*books.of(tn=X('<c @ t="e"><f>NA()</f><v>#N/A</v></c>'))),
    }

