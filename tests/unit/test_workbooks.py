"""Reading workbooks of every kind: what cells show, what is odd in them, and what a hostile one may cost."""

from __future__ import annotations

import datetime as dt
import re
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from odf import style as odf_style
from odf import table as odf_table
from odf import text as odf_text
from odf.opendocument import OpenDocumentSpreadsheet

from batchport.spreadsheets import excel, gather, sheet_xml
from batchport.spreadsheets.container import Container
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.readers import read_sheets
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable
from tests.corpus.make import CASES

LIMITS = Limits()
TELEPHONE = "[<=9999999]###-####;(###) ###-####"
HEADER = ["Phone Number", "Billing Account Number", "Security Code or PIN", "ZIP", "Requested Date", "Port To Line"]


def read(path: Path, *, whole: bool = False, limits: Limits = LIMITS, saved: dict[str, str] | None = None) -> list[Sheet | Problem]:
    """All that a reading gives."""
    return list(read_sheets(path, Ask(saved or {}, whole), limits))


def only(found: list[Sheet | Problem]) -> Sheet:
    """The one sheet among it."""
    (sheet,) = (each for each in found if isinstance(each, Sheet))
    return sheet


def rows(sheet: Sheet) -> list[tuple[int, list[str]]]:
    """The sheet's rows, each with its number."""
    cells = zip(*(column.to_pylist() for column in sheet.cells.columns), strict=True)
    return [(int(number), list(row)) for number, row in zip(sheet.row, cells, strict=True)]


def problems(sheet: Sheet) -> list[tuple[str, int | None, int | None, str]]:
    """What the reader saw."""
    return [(problem.code, problem.row, problem.column, problem.detail) for problem in sheet.problems]


def refusal(path: Path, limits: Limits = LIMITS) -> Unreadable:
    """Why a file is not read."""
    with pytest.raises(Unreadable) as caught:
        read(path, limits=limits)
    return caught.value


def workbook(path: Path, fill: Callable[[Any], None]) -> Path:
    """An XLSX workbook that `fill` has written to."""
    with xlsxwriter.Workbook(path) as book:
        fill(book)
    return path


def formatted(path: Path, cells: list[list[Any]], formats: list[str]) -> Path:
    """An XLSX workbook of one sheet; every column's cells have the format given for it."""

    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        forms = [book.add_format({"num_format": code}) for code in formats]
        for row, line in enumerate(cells):
            for column, value in enumerate(line):
                sheet.write(row, column, value, forms[column] if row else None)

    return workbook(path, fill)


def changed(path: Path, changes: dict[str, Callable[[bytes], bytes]]) -> Path:
    """The container with some of its parts changed; a part that is not there is added."""
    with zipfile.ZipFile(path) as container:
        members = {name: container.read(name) for name in container.namelist()}
    for name, change in changes.items():
        members[name] = change(members.get(name, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for member, data in members.items():
            container.writestr(member, data)
    return path


def sheet_xml_of(text: str) -> bytes:
    """The XML of a sheet with this data."""
    return f'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{text}</worksheet>'.encode()


def raw(path: Path, data: str) -> Path:
    """An XLSX workbook whose sheet holds this XML between its tags."""
    workbook(path, lambda book: book.add_worksheet("Numbers").write(0, 0, "TN"))
    return changed(path, {"xl/worksheets/sheet1.xml": lambda _: sheet_xml_of(data)})


# What cells show


def test_identifiers_that_are_numbers_come_out_as_they_are_shown(tmp_path: Path) -> None:
    day = dt.date(2026, 12, 1)
    cells = [HEADER, [4155552671, 123, 42, 2134, day, 7], [5552671, 99999, "007", 94107, day, 12.5]]
    path = formatted(tmp_path / "a.xlsx", cells, [TELEPHONE, "00000-0000", "0000", "00000", "m/d/yy", "0000"])
    assert rows(only(read(path))) == [
        (2, ["(415) 555-2671", "00000-0123", "0042", "02134", "2026-12-01", "0007"]),
        (3, ["555-2671", "00009-9999", "007", "94107", "2026-12-01", "12.5"]),
    ]


def test_other_columns_show_numbers_plainly_unless_all_that_shows_is_asked_for(tmp_path: Path) -> None:
    cells = [["TN", "Business or Full Name", "Requested Date", "Monthly"], ["6172340142", 42, dt.datetime(2026, 12, 1, 13, 30), 1234.5]]
    path = formatted(tmp_path / "a.xlsx", cells, ["@", "0000", "m/d/yy h:mm AM/PM", '"$"#,##0.00'])
    assert rows(only(read(path))) == [(2, ["6172340142", "42", "2026-12-01 13:30:00", "$1,234.50"])]
    assert rows(only(read(path, whole=True))) == [(2, ["6172340142", "0042", "12/1/26 1:30 PM", "$1,234.50"])]


def test_digits_that_are_there_but_do_not_show_are_taken_and_shown_only_when_that_is_asked_for(tmp_path: Path) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "PIN"], [6172340142, 4821]], ["0.00E+00", ";;;"])
    assert rows(only(read(path))) == [(2, ["6172340142", "4821"])]
    assert rows(only(read(path, whole=True))) == [(2, ["6.17E+09", ""])]


def test_booleans_and_texts_with_a_format_show_as_they_do(tmp_path: Path) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "Unlocked", "Notes"], ["6172340142", True, "gone"]], ["@", "General", '0;-0;0;"was "@'])
    assert rows(only(read(path))) == [(2, ["6172340142", "TRUE", "gone"])]
    assert rows(only(read(path, whole=True))) == [(2, ["6172340142", "TRUE", "was gone"])]


def test_cells_of_a_column_may_have_formats_of_their_own(tmp_path: Path) -> None:
    codes = ["0000", "00000", "General", "@"]

    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.write_row(0, 0, ["TN", "PIN"])
        forms = [book.add_format({"num_format": code}) for code in codes]
        for row in range(1, 5_001):
            sheet.write_string(row, 0, f"617{2340000 + row}")
            if row % 7:
                sheet.write_number(row, 1, row % 90, forms[row % 4])
            else:
                sheet.write_string(row, 1, "abc", forms[row % 4])

    pins = [cells[1] for _, cells in rows(only(read(workbook(tmp_path / "a.xlsx", fill))))]
    widths = [4, 5, 0, 0]
    assert pins == ["abc" if not row % 7 else str(row % 90).zfill(widths[row % 4]) for row in range(1, 5_001)]


def test_an_account_number_that_became_a_date_shows_as_the_customer_saw_it(tmp_path: Path) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "Account Number"], ["6172340142", dt.date(2026, 10, 12)]], ["@", "d-mmm"])
    assert rows(only(read(path))) == [(2, ["6172340142", "12-Oct"])]


@pytest.mark.parametrize(("code", "text"), [("[$-F800]dddd\\, mmmm dd\\, yyyy", "2026-12-01"), ("0000\\d", "46357d"), ("yyyy", "2026-12-01"), ("[Red]0000", "46357")])
def test_what_is_a_date_is_told_from_the_whole_format(tmp_path: Path, code: str, text: str) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "Something"], ["6172340142", 46357]], ["@", code])
    assert rows(only(read(path))) == [(2, ["6172340142", text])]


def test_a_workbook_of_another_writer_shows_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["TN", "PIN", "Total"])
    sheet.append([6172340142, 42, "=B2*2"])
    sheet["A2"].number_format, sheet["B2"].number_format = TELEPHONE, "0000"
    book.save(tmp_path / "a.xlsx")
    found = only(read(tmp_path / "a.xlsx"))
    assert rows(found) == [(2, ["(617) 234-0142", "0042", ""])]
    assert problems(found) == [("cell-formula-no-value", 2, 2, "")]


USUAL = (
    '<sheetData><row r="1"><c r="A1" t="str"><v>TN</v></c><c r="B1" t="str"><v>PIN</v></c></row>'
    '<row r="2" hidden="1"><c r="A2"><v>6172340142</v></c><c r="B2" s="1"><v>42</v></c><c r="C2" t="e"><v>#N/A</v></c></row></sheetData>'
)
OTHER_ORDER = re.sub(r'<c (r="\w+") (\w="\w+")>', r"<c \2 \1>", USUAL).replace('<row r="2" hidden="1">', "<row hidden='true' r='2'>")
PREFIXED = re.sub(r"<(/?)(\w)", r"<\1x:\2", USUAL).replace("<x:sheetData", '<x:sheetData xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"')
UNNUMBERED = re.sub(r' r="\w+"', "", USUAL)


@pytest.mark.parametrize("data", [USUAL, OTHER_ORDER, PREFIXED, UNNUMBERED])
def test_cells_are_understood_however_their_xml_is_written(tmp_path: Path, data: str) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "PIN"], [1, 2]], ["0000", "0000"])
    changed(path, {"xl/worksheets/sheet1.xml": lambda _: sheet_xml_of(data)})
    found = only(read(path))
    assert rows(found) == [(2, ["6172340142", "0042", "#N/A"])]
    assert problems(found) == [("rows-hidden", None, None, "1"), ("cell-error-value", 2, 2, "#N/A")]


def test_what_is_looked_for_in_pieces_is_found_wherever_they_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [HEADER, *([6172340000 + row, row, row % 50, 2134, "", ""] for row in range(300))]
    path = formatted(tmp_path / "a.xlsx", cells, [TELEPHONE, "00000-0000", "0000", "00000", "General", "General"])
    whole = rows(only(read(path)))
    monkeypatch.setattr("batchport.spreadsheets.container.PIECE", 97)
    monkeypatch.setattr(gather, "PORTION", 7)
    monkeypatch.setattr(gather, "_TOGETHER", 3)
    monkeypatch.setattr(excel, "_FEW_CELLS", 10)
    assert rows(only(read(path))) == whole
    assert whole[49][1][:4] == ["(617) 234-0049", "00000-0049", "0049", "02134"]


# Where the table is


def test_the_header_is_found_below_titles_and_merged_cells(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.merge_range("A1:F1", "Port request")
        sheet.write("B3", "Acme LLC")
        sheet.merge_range("A5:B5", "Service")
        sheet.merge_range("C5:D5", "Losing carrier")
        sheet.write_row("A6", ["Address", "City", "Account Number", "PIN", "TN", "State"])
        sheet.write_row("A7", ["1 Main St", "Boston", "80144217", "4821", "6172340142", "MA"])
        sheet.write_row("A9", ["2 Main St", "Salem", "80144218", "4822", "6172340143", "MA"])

    found = only(read(workbook(tmp_path / "a.xlsx", fill)))
    assert found.header_row == 6
    assert found.headers == ("Address", "City", "Account Number", "PIN", "TN", "State")
    assert [number for number, _ in rows(found)] == [7, 9]
    assert found.above[:2] == ((1, ("Port request",)), (3, ("", "Acme LLC")))


def test_a_merged_header_names_every_column_that_it_covers_and_that_holds_something(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.merge_range("A1:B1", "TN")
        sheet.merge_range("C1:D1", "Notes")
        sheet.write_row("A2", ["6172340142", "", "call", "first"])

    found = only(read(workbook(tmp_path / "a.xlsx", fill)))
    assert (found.headers, rows(found)) == (("TN", "", "Notes", "Notes"), [(2, ["6172340142", "", "call", "first"])])


def test_a_sheet_that_begins_far_down_is_found(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.write_row(99, 0, ["TN", "PIN"])
        sheet.write_row(100, 0, ["6172340142", "4821"])

    found = only(read(workbook(tmp_path / "a.xlsx", fill)))
    assert (found.header_row, rows(found)) == (100, [(101, ["6172340142", "4821"])])


def test_a_confirmed_mapping_says_which_columns_are_identifiers(tmp_path: Path) -> None:
    path = formatted(tmp_path / "a.xlsx", [["Rufnummer", "City"], [6172340142, 42]], [TELEPHONE, "0000"])
    assert rows(only(read(path, saved={"Rufnummer": "tn", "City": "name"}))) == [(2, ["(617) 234-0142", "42"])]
    assert rows(only(read(path, saved={"Rufnummer": "name", "City": "pin"}))) == [(2, ["6172340142", "0042"])]


# What is odd in cells, rows and sheets


def test_errors_and_formulas_without_a_value_are_told_where_they_stand(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["6172340142", "1", "2", "3"])
        sheet.write_formula(1, 1, "=VLOOKUP(A2,X:Y,2)", None, "#N/A")
        sheet.write_formula(2, 0, "=A2", None, "")
        sheet.write_formula(2, 1, "=A2", None, "80144217")
        sheet.write_formula(3, 3, "=1/0", None, "#DIV/0!")

    found = only(read(workbook(tmp_path / "a.xlsx", fill)))
    assert problems(found) == [("cell-error-value", 2, 1, "#N/A"), ("cell-formula-no-value", 3, 0, ""), ("cell-error-value", 4, 3, "#DIV/0!")]
    assert [cells[:4] for _, cells in rows(found)] == [["6172340142", "#N/A", "2", "3"], ["", "80144217", "", ""], ["", "", "", "#DIV/0!"]]


def test_a_formula_whose_value_is_empty_text_has_a_value(tmp_path: Path) -> None:
    data = '<sheetData><row r="1"><c r="A1" t="str"><v>TN</v></c></row><row r="2"><c r="A2" t="str"><f>IF(1,"","")</f><v></v></c><c r="B2"><v>1</v></c></row></sheetData>'
    assert problems(only(read(raw(tmp_path / "a.xlsx", data)))) == []


@pytest.mark.parametrize("limit", [10**15 - 1, 10**15])
def test_more_than_fifteen_digits_are_told_in_any_column(tmp_path: Path, limit: int) -> None:
    path = formatted(tmp_path / "a.xlsx", [["TN", "City"], ["6172340142", limit]], ["@", "0"])
    assert problems(only(read(path))) == ([("rounded", 2, 1, "")] if limit >= 10**15 else [])


def test_hidden_and_filtered_rows_are_read_and_counted(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.write_column(0, 0, ["TN", *(f"617234014{row}" for row in range(5))])
        for row in (1, 3, 4, 20, 21):
            sheet.set_row(row, None, None, {"hidden": True})

    found = only(read(workbook(tmp_path / "a.xlsx", fill)))
    assert [number for number, _ in rows(found)] == [2, 3, 4, 5, 6]
    assert problems(found) == [("rows-hidden", None, None, "3")]


def test_hidden_sheets_are_skipped_or_read_and_charts_are_not_sheets(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for name in ("Numbers", "Lists", "Deep"):
            book.add_worksheet(name).write_column(0, 0, ["TN", "6172340142"])
        book.worksheets()[1].hide()
        book.worksheets()[2].very_hidden()
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": "=Numbers!$A$2:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)

    path = workbook(tmp_path / "a.xlsx", fill)
    found = read(path)
    assert only(found).name == "Numbers"
    assert [each for each in found if isinstance(each, Problem)] == [Problem("sheet-skipped", detail="Lists"), Problem("sheet-skipped", detail="Deep")]
    assert [(sheet.name, sheet.hidden) for sheet in read(path, whole=True) if isinstance(sheet, Sheet)] == [("Numbers", False), ("Lists", True), ("Deep", True)]


def test_macros_of_ods_are_said_to_be_ignored(tmp_path: Path) -> None:
    path = ods_content(tmp_path / "a.ods", "<table:table table:name='A'><table:table-row><table:table-cell><text:p>TN</text:p></table:table-cell></table:table-row></table:table>")
    assert Problem("macros-ignored") not in read(path)
    changed(path, {"Basic/script-lc.xml": lambda _: b"<a/>", "Basic/Standard/script-lb.xml": lambda _: b"<a/>"})
    assert Problem("macros-ignored") not in read(path)
    assert Problem("macros-ignored") in read(changed(path, {"Basic/Standard/Module1.xml": lambda _: b"<a/>"}))


def test_macros_are_said_to_be_ignored(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsm", lambda book: book.add_worksheet().write_column(0, 0, ["TN", "6172340142"]))
    changed(path, {"xl/vbaProject.bin": lambda _: b"a program"})
    found = read(path)
    assert found[0] == Problem("macros-ignored")
    assert rows(only(found)) == [(2, ["6172340142"])]


# Other kinds


def ods(path: Path, fill: Callable[[OpenDocumentSpreadsheet], None]) -> Path:
    """An OpenDocument spreadsheet that `fill` has written to."""
    book = OpenDocumentSpreadsheet()
    fill(book)
    book.save(str(path))
    return path


def ods_cell(text: str, **about: Any) -> Any:
    """A cell that shows a text."""
    cell = odf_table.TableCell(**about)
    if text:
        cell.addElement(odf_text.P(text=text))
    return cell


def ods_rows(table: Any, lines: list[list[Any]], **about: Any) -> None:
    """Rows of cells for a table; what is no cell becomes one."""
    for line in lines:
        row = odf_table.TableRow(**about)
        for cell in line:
            row.addElement(ods_cell(cell, valuetype="string") if isinstance(cell, str) else cell)
        table.addElement(row)


def test_ods_cells_come_out_as_they_are_shown(tmp_path: Path) -> None:
    def fill(book: OpenDocumentSpreadsheet) -> None:
        table = odf_table.Table(name="Numbers")
        ods_rows(table, [["Port request"], HEADER])
        ods_rows(table, [[
            ods_cell("(617) 234-0142", valuetype="float", value="6172340142"), ods_cell("6.17E+09", valuetype="float", value="6172340149"),
            ods_cell("0042", valuetype="float", value="42"), ods_cell("02134", valuetype="float", value="2134"),
            ods_cell("12/01/26", valuetype="date", datevalue="2026-12-01T00:00:00"), ods_cell("TRUE", valuetype="boolean", booleanvalue="true"),
        ]])  # fmt: skip
        table.addElement(odf_table.TableRow(numberrowsrepeated=3))
        ods_rows(table, [["6172340143", ods_cell("", numbercolumnsrepeated=2), ods_cell("1", valuetype="float", value="1", numbercolumnsrepeated=2)]], visibility="filter")
        table.addElement(odf_table.TableRow(numberrowsrepeated=1_048_000))
        book.spreadsheet.addElement(table)

    path = ods(tmp_path / "a.ods", fill)
    found = only(read(path))
    assert (found.name, found.header_row, found.above[0]) == ("Numbers", 2, (1, ("Port request",)))
    assert rows(found) == [(3, ["(617) 234-0142", "6172340149", "0042", "02134", "2026-12-01", "TRUE"]), (7, ["6172340143", "", "", "1", "1", ""])]
    assert problems(found) == [("rows-hidden", None, None, "1")]
    assert rows(only(read(path, whole=True)))[0][1][1:5] == ["6.17E+09", "0042", "02134", "12/01/26"]


def test_ods_texts_errors_notes_and_hidden_sheets(tmp_path: Path) -> None:
    def fill(book: OpenDocumentSpreadsheet) -> None:
        shape = odf_style.Style(name="away", family="table")
        shape.addElement(odf_style.TableProperties(display="false"))
        book.automaticstyles.addElement(shape)
        table = odf_table.Table(name="Numbers")
        lines = ods_cell("", valuetype="string")
        lines.addElement(odf_text.P(text="call"))
        second = odf_text.P(text="first")
        second.addElement(odf_text.S(c=3))
        second.addElement(odf_text.Span(text="please"))
        lines.addElement(second)
        merged = ods_cell("Number", valuetype="string", numbercolumnsspanned=2)
        ods_rows(table, [["TN", "Notes", "ZIP", merged, odf_table.CoveredTableCell()]])
        error = ods_cell("#N/A", valuetype="string", formula="of:=VLOOKUP(1)")
        unvalued = ods_cell("", formula="of:=A1")
        long_ = ods_cell("12345678901234567", valuetype="float", value="12345678901234567")
        ods_rows(table, [["6172340142", lines, error, unvalued, long_]])
        book.spreadsheet.addElement(table)
        hidden = odf_table.Table(name="Lists", stylename="away")
        ods_rows(hidden, [["TN"], ["6172340143"]])
        book.spreadsheet.addElement(hidden)

    path = ods(tmp_path / "a.ods", fill)
    found = read(path)
    assert found[1:] == [Problem("sheet-skipped", detail="Lists")]
    assert only(found).headers[3:] == ("Number", "Number")
    assert rows(only(found)) == [(2, ["6172340142", "call\nfirst   please", "#N/A", "", "12345678901234600"])]
    assert problems(only(found)) == [("cell-error-value", 2, 2, "#N/A"), ("cell-formula-no-value", 2, 3, ""), ("rounded", 2, 4, "")]
    assert [sheet.hidden for sheet in read(path, whole=True) if isinstance(sheet, Sheet)] == [False, True]


def ods_content(path: Path, table: str) -> Path:
    """An OpenDocument spreadsheet whose one table is this XML."""
    spaces = " ".join(f'xmlns:{each}="urn:oasis:names:tc:opendocument:xmlns:{each}:1.0"' for each in ("office", "table", "text"))
    ods(path, lambda book: book.spreadsheet.addElement(odf_table.Table(name="Numbers")))
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"
    return changed(path, {"content.xml": lambda _: content.encode()})


def test_repeated_rows_and_cells_of_ods_are_bounded(tmp_path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"{}><text:p>TN</text:p></table:table-cell>'
    wide = '<table:table table:name="a"><table:table-row>' + cell.format(' table:number-columns-repeated="16384"') + "</table:table-row></table:table>"
    deep = '<table:table table:name="a"><table:table-row table:number-rows-repeated="99999999">' + cell.format("") + "</table:table-row></table:table>"
    far = '<table:table table:name="a"><table:table-row table:number-rows-repeated="1048575"/><table:table-row>'
    far += '<table:table-cell table:number-columns-repeated="16383"/>' + cell.format("") + "</table:table-row></table:table>"
    for content in (wide, deep, far):
        assert refusal(ods_content(tmp_path / "a.ods", content)).code == "file-too-large"


def test_an_encrypted_ods_is_encrypted(tmp_path: Path) -> None:
    path = ods_content(tmp_path / "a.ods", "")
    changed(path, {"META-INF/manifest.xml": lambda xml: xml.replace(b"</manifest:manifest>", b"<manifest:encryption-data/></manifest:manifest>")})
    assert refusal(path).code == "file-encrypted"


XML_2003 = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">
<Styles><Style ss:ID="Default"><NumberFormat/></Style><Style ss:ID="s1"><NumberFormat ss:Format="0000"/></Style>
<Style ss:ID="s2"><NumberFormat ss:Format="[&lt;=9999999]###\\-####;\\(###\\)\\ ###\\-####"/></Style><Style ss:ID="s3" ss:Parent="s1"/>
<Style ss:ID="s4"><NumberFormat ss:Format="Short Date"/></Style></Styles>
<Worksheet ss:Name="Numbers"><Table><Column ss:Width="80"/>
<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">Port request</Data></Cell><Cell><Data ss:Type="String">for Acme</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">TN</Data></Cell><Cell><Data ss:Type="String">PIN</Data><Comment><ss:Data>a note</ss:Data></Comment></Cell>
<Cell ss:Index="4"><Data ss:Type="String">Requested Date</Data></Cell><Cell><Data ss:Type="String">Unlocked</Data></Cell></Row>
<Row ss:Hidden="1"><Cell ss:StyleID="s2"><Data ss:Type="Number">6172340142</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">42</Data></Cell>
<Cell ss:Index="4" ss:StyleID="s4"><Data ss:Type="DateTime">2026-12-01T00:00:00.000</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell></Row>
<Row><Cell ss:Formula="=A4"/><Cell ss:Formula="=NA()"><Data ss:Type="Error">#N/A</Data></Cell><Cell ss:StyleID="s3"><Data ss:Type="Number">7</Data></Cell>
<Cell><Data ss:Type="Number">12345678901234567</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="Lists"><Table><Row><Cell><Data ss:Type="String">TN</Data></Cell></Row><Row><Cell><Data ss:Type="String">6172340143</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"""


def test_xml_spreadsheets_of_2003_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_text(XML_2003, "utf-8")
    found = read(path)
    assert found[1:] == [Problem("sheet-skipped", detail="Lists")]
    sheet = only(found)
    assert (sheet.headers, sheet.header_row) == (("TN", "PIN", "", "Requested Date", "Unlocked"), 3)
    assert sheet.above[0] == (1, ("Port request", "", "", "for Acme"))
    assert rows(sheet) == [(4, ["(617) 234-0142", "0042", "", "2026-12-01", "TRUE"]), (5, ["", "#N/A", "0007", "12345678901234600", ""])]
    assert problems(sheet) == [("rows-hidden", None, None, "1"), ("cell-formula-no-value", 5, 0, ""), ("cell-error-value", 5, 1, "#N/A"), ("rounded", 5, 3, "")]
    whole = [sheet for sheet in read(path, whole=True) if isinstance(sheet, Sheet)]
    assert [sheet.hidden for sheet in whole] == [False, True]
    assert rows(whole[0])[0][1][3] == "12/1/2026"


def record(kind: int, data: bytes = b"") -> bytes:
    """A record of a binary workbook."""

    def small(value: int) -> bytes:
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    return small(kind) + small(len(data)) + data


def wide_text(text: str) -> bytes:
    """A text as a binary workbook writes it."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_cell(kind: int, column: int, data: bytes, style: int = 0) -> bytes:
    """A cell's record."""
    return record(kind, struct.pack("<II", column, style) + data)


def binary_row(number: int, *, hidden: bool = False) -> bytes:
    """A row's record."""
    return record(0, struct.pack("<IIH", number - 1, 0, 300) + bytes([0, 0x10 if hidden else 0, 0]) + struct.pack("<I", 0))


def xlsb(path: Path, cells: bytes) -> Path:
    """A binary workbook of one sheet with these records of rows and cells; its second style is 0000, its third one for telephone numbers."""
    relations = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    relation = '<Relationship Id="{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" '
        'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
    )
    styles = record(278) + record(615, struct.pack("<I", 2)) + record(44, struct.pack("<H", 164) + wide_text("0000"))
    styles += record(44, struct.pack("<H", 165) + wide_text(TELEPHONE)) + record(616) + record(617, struct.pack("<I", 3))
    styles += b"".join(record(47, struct.pack("<HH", 0, form) + bytes(12)) for form in (0, 164, 165)) + record(618) + record(279)
    sheet = record(129) + record(148, struct.pack("<IIII", 0, 10, 0, 5)) + record(145) + cells + record(146) + record(130)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide_text("rId1") + wide_text("Numbers")) + record(144) + record(132)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("[Content_Types].xml", types)
        container.writestr("_rels/.rels", relations.format(relation.format("rId1", "officeDocument", "xl/workbook.bin")))
        container.writestr("xl/workbook.bin", book)
        links = relation.format("rId1", "worksheet", "worksheets/sheet1.bin") + relation.format("rId2", "styles", "styles.bin")
        container.writestr("xl/_rels/workbook.bin.rels", relations.format(links))
        container.writestr("xl/styles.bin", styles)
        container.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


def test_binary_workbooks_show_the_same(tmp_path: Path) -> None:
    cells = binary_row(1) + b"".join(binary_cell(6, place, wide_text(header)) for place, header in enumerate(("TN", "PIN", "City")))
    cells += binary_row(3, hidden=True) + binary_cell(5, 0, struct.pack("<d", 6172340142), 2) + binary_cell(2, 1, struct.pack("<I", 42 << 2 | 2), 1)
    cells += binary_cell(3, 2, b"\x2a")
    path = xlsb(tmp_path / "a.xlsb", cells)
    found = only(read(path))
    assert (found.name, found.headers) == ("Numbers", ("TN", "PIN", "City"))
    assert rows(found) == [(3, ["(617) 234-0142", "0042", "#N/A"])]
    assert problems(found) == [("rows-hidden", None, None, "1"), ("cell-error-value", 3, 2, "#N/A")]


def test_a_stray_cell_in_a_binary_workbook_is_too_large(tmp_path: Path) -> None:
    cells = binary_row(1) + binary_cell(6, 0, wide_text("TN")) + binary_row(1_048_576) + binary_cell(5, 16_383, struct.pack("<d", 1))
    assert refusal(xlsb(tmp_path / "a.xlsb", cells)).code == "file-too-large"


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file of Office 97 with one stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    sectors = len(stream) // 512
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    fat = [0xFFFFFFFD, end, *range(3, 2 + sectors), end]

    def entry(label: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (label + "\0").encode("utf-16-le")
        return text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, free, free, child) + bytes(36) + struct.pack("<III", start, size, 0)

    directory = entry("Root Entry", 5, 1, end, 0) + entry(name, 2, free, 2, len(stream)) + bytes(256)
    return header + struct.pack("<128I", *fat, *[free] * (128 - len(fat))) + directory + stream


def biff(kind: int, data: bytes = b"") -> bytes:
    """A record of a workbook of Excel 97."""
    return struct.pack("<HH", kind, len(data)) + data


def biff_text(text: str, length: str = "<H") -> bytes:
    """A text as such a workbook writes it."""
    return struct.pack(length, len(text)) + b"\0" + text.encode("latin-1")


def xls(path: Path, *sheets: tuple[str, int, bytes], extra: bytes = b"") -> Path:
    """A workbook of Excel 97: of each sheet its name, whether it is hidden, and its records; its second style is 0000, its third is for numbers, its fourth for dates."""
    start = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6)) + extra + biff(0x42, struct.pack("<H", 1200))
    start += biff(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + biff_text("Arial", "<B")) * 4
    start += biff(0x41E, struct.pack("<H", 164) + biff_text("0000")) + biff(0x41E, struct.pack("<H", 165) + biff_text(TELEPHONE))
    start += b"".join(biff(0xE0, struct.pack("<HHH", 0, form, 1) + bytes(14)) for form in (0, 164, 165, 14))
    bounds = sum(4 + 8 + len(name) for name, _, _ in sheets) + len(biff(0x0A))
    at, listed, bodies = len(start) + bounds, b"", b""
    for name, hidden, records in sheets:
        body = biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0x0DBB, 0x07CC, 0, 6)) + records + biff(0x0A)
        listed += biff(0x85, struct.pack("<IBB", at + len(bodies), hidden, 0) + biff_text(name, "<B"))
        bodies += body
    path.write_bytes(compound(start + listed + biff(0x0A) + bodies))
    return path


def label(row: int, column: int, text: str) -> bytes:
    """A cell of text, in such a workbook."""
    return biff(0x204, struct.pack("<HHH", row - 1, column, 0) + biff_text(text))


def test_workbooks_of_excel_97_show_the_same(tmp_path: Path) -> None:
    cells = b"".join(label(2, place, text) for place, text in enumerate(("TN", "PIN", "City", "Requested Date", "Unlocked", "Notes")))
    cells += biff(0x208, struct.pack("<HHHHHHI", 3, 0, 6, 300, 0, 0, 0x120)) + biff(0x203, struct.pack("<HHHd", 3, 0, 2, 6172340142))
    cells += biff(0x27E, struct.pack("<HHHI", 3, 1, 1, 42 << 2 | 2)) + biff(0x205, struct.pack("<HHHBB", 3, 2, 0, 0x2A, 1))
    cells += biff(0x203, struct.pack("<HHHd", 3, 3, 3, 46357)) + biff(0x205, struct.pack("<HHHBB", 3, 4, 0, 1, 0))
    cells += biff(0x203, struct.pack("<HHHd", 3, 5, 0, 12345678901234567))
    cells += biff(0xE5, struct.pack("<HHHHH", 1, 1, 1, 5, 6))
    path = xls(tmp_path / "a.xls", ("Numbers", 0, cells), ("Lists", 1, label(1, 0, "TN") + label(2, 0, "6172340143")))
    found = read(path)
    assert found[1:] == [Problem("sheet-skipped", detail="Lists")]
    sheet = only(found)
    assert (sheet.headers, sheet.header_row) == (("TN", "PIN", "City", "Requested Date", "Unlocked", "Notes"), 2)
    assert rows(sheet) == [(4, ["(617) 234-0142", "0042", "#N/A", "2026-12-01", "TRUE", "12345678901234600"])]
    assert problems(sheet) == [("rows-hidden", None, None, "1"), ("cell-error-value", 4, 2, "#N/A"), ("rounded", 4, 5, "")]
    whole = [sheet for sheet in read(path, whole=True) if isinstance(sheet, Sheet)]
    assert [(sheet.name, sheet.hidden) for sheet in whole] == [("Numbers", False), ("Lists", True)]
    assert rows(whole[0])[0][1][3] == "12/1/2026"


def test_an_encrypted_workbook_of_excel_97_is_encrypted(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", ("Numbers", 0, label(1, 0, "TN")), extra=biff(0x2F, struct.pack("<HHH", 0, 1, 2)))
    assert refusal(path).code == "file-encrypted"


def test_an_encrypted_workbook_in_a_compound_file_is_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(compound(b"secret", "EncryptedPackage"))
    assert refusal(path).code == "file-encrypted"


def test_a_damaged_workbook_of_excel_97_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(compound(b"not a workbook"))
    assert refusal(path).code == "file-unreadable"


# Hostile ones


def test_a_workbook_of_excel_97_whose_sectors_lead_back_to_themselves_is_unreadable_at_once(tmp_path: Path) -> None:
    (plain,) = (case for case in CASES if case.name == "plain.xls")
    data = bytearray(plain.make())
    (first,) = struct.unpack_from("<i", data, 60)
    struct.pack_into("<i", data, 512 + 512 * first, 0)
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    start = time.perf_counter()
    assert refusal(path).code == "file-unreadable"
    assert time.perf_counter() - start < 1


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with ReaderPool(LIMITS) as reader:
        yield reader


@pytest.mark.parametrize(("data", "words"), [
    ('<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>', "16,384 columns"),
    ('<sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>', "16,384 columns"),
    ('<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="GR1048576"><v>1</v></c></row></sheetData>', "row 1,048,576"),
    ('<sheetData><row r="1048576"><c s="0" r="XFD1048576"><v>1</v></c></row></sheetData>', "16,384 columns"),
])  # fmt: skip
def test_a_stray_cell_far_away_is_too_large_at_once(tmp_path: Path, data: str, words: str) -> None:
    path = raw(tmp_path / "a.xlsx", data)
    start = time.perf_counter()
    found = refusal(path)
    assert (found.code, words in found.detail) == ("file-too-large", True)
    assert time.perf_counter() - start < 1


def test_a_million_formatted_blank_rows_are_nothing(tmp_path: Path) -> None:
    blank = "".join(f'<row r="{row}" s="1" customFormat="1"><c r="A{row}" s="1"/><c r="XFD{row}" s="1"/></row>' for row in range(3, 1_048_577))
    data = '<row r="1"><c r="A1" t="str"><v>TN</v></c></row><row r="2"><c r="A2" t="str"><v>6172340142</v></c></row>'
    found = only(read(raw(tmp_path / "a.xlsx", f"<sheetData>{data}{blank}</sheetData>")))
    assert rows(found) == [(2, ["6172340142"])]


def bomb(path: Path, size: int, said: int | None = None) -> Path:
    """A workbook with a part that unpacks to so many bytes; it may say another size of it."""
    workbook(path, lambda book: book.add_worksheet("Numbers").write_column(0, 0, ["TN", "6172340142"]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as container, container.open("xl/worksheets/more.xml", "w") as part:
        for _ in range(size // 1024**2):
            part.write(b" " * 1024**2)
    if said is not None:
        data = path.read_bytes()
        path.write_bytes(data.replace(struct.pack("<I", size), struct.pack("<I", said)))
    return path


def peak(pool: ReaderPool) -> int:
    """The most memory that the reading process had, in megabytes."""
    (process,) = pool._processes
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process._process.pid}/status").read_text()).group(1)) // 1024  # type: ignore[union-attr]


@pytest.mark.parametrize("said", [None, 1000])
def test_a_bomb_is_refused_with_little_memory_whatever_it_says_of_its_size(tmp_path: Path, said: int | None) -> None:
    path = bomb(tmp_path / "a.xlsx", 900 * 1024**2, said)
    assert path.stat().st_size < 1024**2
    with ReaderPool(LIMITS) as pool:
        with pytest.raises(Unreadable) as caught:
            pool.read(path, Ask())
        assert caught.value.code in ("file-too-large", "file-unreadable")
        assert peak(pool) < 200


def test_a_part_that_is_damaged_or_packed_otherwise_is_unreadable(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["TN", "6172340142"]))
    with zipfile.ZipFile(path) as container:
        members = {name: container.read(name) for name in container.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as container:
        for name, data in members.items():
            container.writestr(name, data)
    assert refusal(path).code == "file-unreadable"


def test_a_container_of_too_many_parts_or_with_two_of_one_name_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["TN", "6172340142"]))
    with zipfile.ZipFile(path, "a") as container:
        container.writestr("XL/workbook.xml", b"<workbook/>")
    assert refusal(path).code == "file-unreadable"
    with zipfile.ZipFile(path, "a") as container:
        for number in range(10_001):
            container.writestr(f"xl/media/{number}.png", b"")
    assert refusal(path).code == "file-too-large"


@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_refused_wherever_they_are_declared(tmp_path: Path, name: str) -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    path = workbook(tmp_path / "a.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["TN", "6172340142"]))
    found = refusal(changed(path, {name: lambda xml: xml.replace(b"?>", b"?>" + laughs, 1)}))
    assert (found.code, "entities" in found.detail) == ("file-unreadable", True)


def test_entities_are_refused_in_ods_and_xml_spreadsheets(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    path = ods_content(tmp_path / "a.ods", "")
    assert "entities" in refusal(changed(path, {"content.xml": lambda xml: laughs.encode() + xml})).detail
    path = tmp_path / "a.xml"
    path.write_text(XML_2003.replace("?>", "?>" + laughs, 1), "utf-8")
    assert "entities" in refusal(path).detail


def test_links_to_other_workbooks_are_not_followed(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        sheet.write_column(0, 0, ["TN"])
        sheet.write_formula(1, 0, "='http://127.0.0.1:9/[x.xlsx]Sheet1'!A1", None, "6172340142")

    assert rows(only(read(workbook(tmp_path / "a.xlsx", fill)))) == [(2, ["6172340142"])]


def test_an_encrypted_part_is_encrypted(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", lambda book: book.add_worksheet().write_column(0, 0, ["TN", "6172340142"]))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)
    path.write_bytes(data)
    assert refusal(path).code == "file-encrypted"


def test_a_part_that_says_too_little_of_its_size_is_not_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr("xl/a.xml", b"x" * 70_001)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 70_001), struct.pack("<I", 5)))
    with Container(path, LIMITS) as container, pytest.raises(Unreadable) as caught:
        list(container.pieces("xl/a.xml"))
    assert "more than its zip container says" in caught.value.detail


@pytest.mark.parametrize("text", ["A1", "Z9", "AA10", "GR7", "XFD1048576"])
def test_the_extent_is_that_of_filled_cells(text: str) -> None:
    column, row = re.fullmatch(r"([A-Z]+)(\d+)", text).groups()  # type: ignore[union-attr]
    place = openpyxl.utils.column_index_from_string(column)
    filled = f'<row r="{row}"><c r="{text}"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/><c r="XFD1048576" s="1"></c></row>'.encode()
    assert sheet_xml.extent([filled], 20_000)[1] == max(place, 26)


def test_a_part_is_never_inflated_by_more_than_a_piece(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.xlsx", 8 * 1024**2)
    with Container(path, LIMITS) as container:
        assert max(map(len, container.pieces("xl/worksheets/more.xml"))) <= 64 * 1024
