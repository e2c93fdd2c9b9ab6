"""Reading customers' files: text with commas, workbooks, and everything that is neither."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter

from batchport.domain.fields import EXAMPLE_REFERENCE
from batchport.spreadsheets import pool as pool_module
from batchport.spreadsheets.excel import read_workbook
from batchport.spreadsheets.kinds import Kind
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.read import read_file
from batchport.spreadsheets.sheet import Ask, Reading, Sheet, Unreadable

LIMITS = Limits()


def rows(sheet: Sheet) -> list[tuple[int, list[str]]]:
    """The sheet's rows, each with its number."""
    cells = zip(*(column.to_pylist() for column in sheet.cells.columns), strict=True)
    return [(int(number), list(row)) for number, row in zip(sheet.row, cells, strict=True)]


def read_text(folder: Path, text: str | bytes, limits: Limits = LIMITS) -> Reading:
    """A text file, read."""
    path = folder / "sheet.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(path, limits)


def only(reading: Reading) -> Sheet:
    """The one sheet of a reading."""
    (sheet,) = reading.sheets
    return sheet


# Text


def test_a_clean_file_is_read_as_text_with_the_sheets_own_row_numbers(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "Phone Number,PIN,Notes\n617-234-0142,0042,\n6172340143,007,NA\n"))
    assert (sheet.name, sheet.headers, sheet.header_row) == (None, ("Phone Number", "PIN", "Notes"), 1)
    assert rows(sheet) == [(2, ["617-234-0142", "0042", ""]), (3, ["6172340143", "007", "NA"])]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", [0, 1, 3])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_of_every_kind_and_a_byte_order_mark_make_no_difference(tmp_path: Path, line_break: str, end: int, mark: str) -> None:
    text = mark + line_break.join(["TN,City", "6172340142,Montréal", "6172340143,Boston"]) + line_break * end
    assert rows(only(read_text(tmp_path, text))) == [(2, ["6172340142", "Montréal"]), (3, ["6172340143", "Boston"])]


def test_blank_lines_count_but_are_no_rows(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "\n,\nTN,City\n\n6172340142,Boston\n , \n,,,\n6172340143,Salem\n"))
    assert sheet.header_row == 3
    assert rows(sheet) == [(5, ["6172340142", "Boston"]), (8, ["6172340143", "Salem"])]
    assert not sheet.problems


def test_a_quoted_cell_with_line_breaks_is_one_record(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, 'TN,Notes\n6172340142,"call\nfirst, ""please"""\n6172340143,\n'))
    assert rows(sheet) == [(2, ["6172340142", 'call\nfirst, "please"']), (3, ["6172340143", ""])]


def test_a_header_may_run_over_two_lines_and_come_twice(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, '"Phone\nNumber",City,City\n6172340142,Boston,Salem\n'))
    assert sheet.headers == ("Phone\nNumber", "City", "City")
    assert rows(sheet) == [(3 - 1, ["6172340142", "Boston", "Salem"])]


def test_rows_with_too_many_or_too_few_cells_are_ragged_and_kept(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "TN,City,ZIP\n6172340142,Boston,02134,MA\n6172340143,Salem\n6172340144,Lynn,01901\n"))
    assert sheet.headers == ("TN", "City", "ZIP", "")
    assert rows(sheet) == [(2, ["6172340142", "Boston", "02134", "MA"]), (3, ["6172340143", "Salem", "", ""]), (4, ["6172340144", "Lynn", "01901", ""])]
    assert [(problem.code, problem.row, problem.detail) for problem in sheet.problems] == [
        ("row-ragged", 2, "4 cells, but the header has 3"),
        ("row-ragged", 3, "2 cells, but the header has 3"),
    ]


def test_trailing_empty_cells_do_not_make_a_row_ragged(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "TN,City\n6172340142,Boston,,\n6172340143,Salem,  \n"))
    assert [row for _, row in rows(sheet)] == [["6172340142", "Boston"], ["6172340143", "Salem"]]
    assert not sheet.problems


def test_trailing_columns_without_header_and_cells_are_left_out(tmp_path: Path) -> None:
    assert only(read_text(tmp_path, "TN,City,,\n6172340142,Boston,,\n")).headers == ("TN", "City")
    assert only(read_text(tmp_path, "TN,City,,\n6172340142,Boston,x,\n")).headers == ("TN", "City", "")


@pytest.mark.parametrize("after", ["6172340143,Salem\n6172340144,Lynn\n", '6172340143,"Salem"\n6172340144,"Lynn"\n'])
def test_an_unclosed_quotation_mark_spoils_its_own_row_and_no_other(tmp_path: Path, after: str) -> None:
    sheet = only(read_text(tmp_path, 'TN,City\n6172340142,"Boston\n' + after))
    assert rows(sheet) == [(2, ["6172340142", "Boston"]), (3, ["6172340143", "Salem"]), (4, ["6172340144", "Lynn"])]
    (problem,) = sheet.problems
    assert (problem.code, problem.row) == ("row-ragged", 2)
    assert "quotation mark" in problem.detail


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quotation_mark_left_open_by_the_last_row_is_noticed(tmp_path: Path, end: str) -> None:
    sheet = only(read_text(tmp_path, 'TN,City\n6172340142,Boston\n6172340143,"Salem' + end))
    assert rows(sheet)[-1] == (3, ["6172340143", "Salem"])
    assert [(problem.code, problem.row) for problem in sheet.problems] == [("row-ragged", 3)]


def test_a_quotation_mark_left_open_early_in_a_large_file_does_not_eat_it(tmp_path: Path) -> None:
    lines = [f"617{2340000 + n:07d},Boston" for n in range(30_000)]
    lines[7] = '6172340142,"Boston'
    sheet = only(read_text(tmp_path, "\n".join(["TN,City", *lines])))
    assert len(sheet.row) == 30_000
    assert [(problem.code, problem.row) for problem in sheet.problems] == [("row-ragged", 9)]


def test_inch_marks_inside_a_cell_are_no_trouble(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, 'TN,Notes\n6172340142,5" pipe\n6172340143,"6"" pipe"\n'))
    assert [row[1] for _, row in rows(sheet)] == ['5" pipe', '6" pipe']
    assert not sheet.problems


def test_bytes_that_are_not_utf_8_are_taken_for_windows_1252_and_that_is_said(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "TN,Name\n6172340142,Café “Zoë” \n".encode("cp1252") + b"6172340143,\x81\n")
    assert [row[1] for _, row in rows(only(reading))] == ["Café “Zoë” ", "\x81"]
    assert [problem.code for problem in reading.problems] == ["encoding-assumed"]


def test_bytes_that_are_not_utf_8_are_found_far_into_a_file_with_coded_columns(tmp_path: Path) -> None:
    text = "TN,City\n" + "".join(f"617{2340000 + n:07d},Boston\n" for n in range(40_000)) + "6172399999,Montréal\n"
    reading = read_text(tmp_path, text.encode("cp1252"))
    assert rows(only(reading))[-1] == (40_002, ["6172399999", "Montréal"])
    assert [problem.code for problem in reading.problems] == ["encoding-assumed"]


def test_columns_whose_values_repeat_are_dictionaries_and_others_are_not(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "TN,City\n" + "".join(f"617{2340000 + n:07d},Boston\n" for n in range(40_000))))
    tn, city = (column.type for column in sheet.cells.columns)
    assert tn == pa.string()
    assert city == pa.dictionary(pa.int32(), pa.string())
    assert sheet.cells.column(1).num_chunks == 1
    assert rows(sheet)[-1] == (40_001, ["6172379999", "Boston"])


def test_the_apostrophe_of_our_own_results_is_taken_off(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "TN,'=City,Notes\n'+16172340142,'Boston,'=1+1\n6172340143,'-,x\n"))
    assert sheet.headers == ("TN", "=City", "Notes")
    assert [row for _, row in rows(sheet)] == [["+16172340142", "'Boston", "=1+1"], ["6172340143", "-", "x"]]


def test_totals_repeated_headers_and_examples_are_no_rows(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "Phone Number,City,Your Reference",
            f"617-234-0142,Boston,{EXAMPLE_REFERENCE}",
            "6172340143,Total,a",
            "Phone Number,City,Your Reference",
            ",Grand Total:,2",
            "Totals: 2,,",
            ",Boston,Total",
            "6172340144,Salem,b",
            "TOTAL,,",
        ]
    )
    assert [number for number, _ in rows(only(read_text(tmp_path, text)))] == [3, 7, 8]


def test_what_was_odd_in_a_row_that_is_none_is_forgotten(tmp_path: Path) -> None:
    assert not only(read_text(tmp_path, "TN,City,ZIP\n6172340142,Boston,02134\nTotal,1\n")).problems


def test_a_file_with_many_ragged_rows_keeps_them_all(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, "TN,City\n" + "6172340142\n" * 45_000))
    assert len(sheet.row) == len(sheet.problems) == 45_000


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "\ufeff", "TN,City\n", "TN,City", "TN,City\n,\n\n  ,\n", f"TN,Your Reference\n6172340142,{EXAMPLE_REFERENCE}\n", " \n" * 50_000],
)
def test_a_file_without_a_row_is_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_text(tmp_path, text)
    assert caught.value.code == "file-empty"


@pytest.mark.parametrize(
    ("text", "limits", "words"),
    [
        ("TN\n6172340142\n6172340143\n", Limits(max_rows=2), "3 rows; at most 2"),
        ("TN,City\n6172340142\n6172340143,\n", Limits(max_rows=2), "3 rows; at most 2"),
        ("TN,City,State\n6172340142,Boston,MA\n", Limits(max_columns=2), "3 columns; at most 2"),
        ("TN,City,State\n6172340142\n", Limits(max_columns=2), "3 columns; at most 2"),
        ("TN,Notes\n6172340142,call me first\n", Limits(max_cell=12), "a cell of more than 12 signs in row 2, column 'Notes'"),
        ("TN\n6172340142\n", Limits(max_bytes=5), "at most 0"),
        ("TN,Notes\n1,2,3\n6172340142," + "x" * 200_000, LIMITS, "a cell of more than 131,072 signs"),
        ("TN,City\n" + "\n" * 100, Limits(max_rows=4), "101 line breaks; at most 64"),
    ],
)
def test_beyond_the_limits_a_file_is_too_large(tmp_path: Path, text: str, limits: Limits, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_text(tmp_path, text, limits)
    assert caught.value.code == "file-too-large"
    assert words in caught.value.detail


def test_blank_columns_beyond_the_limit_do_no_harm(tmp_path: Path) -> None:
    sheet = only(read_text(tmp_path, f"TN,City{',' * 300}\n6172340142,Boston{',' * 300}\n6172340143,Salem\n"))
    assert sheet.headers == ("TN", "City")
    assert [row for _, row in rows(sheet)] == [["6172340142", "Boston"], ["6172340143", "Salem"]]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"%PDF-1.7 and so on", "file-unsupported", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "file-unsupported", "a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file-unsupported", "Office 97"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "file-encrypted", "password"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "file-unsupported", "an XML document"),
        (b"PK\x03\x04 and then something else", "file-unreadable", "damaged"),
    ],
)
def test_what_is_no_sheet_is_said_to_be_what_it_seems(tmp_path: Path, content: bytes, code: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_text(tmp_path, content)
    assert caught.value.code == code
    assert words in caught.value.detail


def test_a_missing_file_and_a_folder_are_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none.csv", LIMITS)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, LIMITS)


def test_a_file_name_of_any_bytes_is_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv"))
    path.write_text("TN\n6172340142\n")
    assert rows(only(read_file(path, LIMITS))) == [(2, ["6172340142"])]


# Workbooks


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with ReaderPool(LIMITS) as reader:
        yield reader


def workbook(path: Path, fill: Callable[[Any], None]) -> Path:
    """A workbook that `fill` has written to."""
    with xlsxwriter.Workbook(path) as book:
        fill(book)
    return path


def one_sheet(cells: list[list[Any]], top: int = 0, left: int = 0) -> Callable[[Any], None]:
    """Fills a workbook with one sheet of cells."""

    def fill(book: Any) -> None:
        sheet = book.add_worksheet("Numbers")
        for place, row in enumerate(cells):
            sheet.write_row(top + place, left, row)

    return fill


def test_cells_become_the_text_they_show(tmp_path: Path, pool: ReaderPool) -> None:
    day, moment = dt.datetime(2026, 12, 1), dt.datetime(2026, 12, 1, 13, 30)

    def fill(book: Any) -> None:
        one_sheet([["Phone Number", "PIN", "Notes"], [6172340142, "0042", True], [" 617-234-0143 ", 1.5, ""], [6172340144.0, -7, False]])(book)
        sheet, shape = book.worksheets()[0], book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_datetime(4, 1, day, shape)
        sheet.write_datetime(4, 2, moment, shape)

    sheet = only(read_file(workbook(tmp_path / "a.xlsx", fill), LIMITS, pool=pool))
    assert (sheet.name, sheet.headers, sheet.header_row) == ("Numbers", ("Phone Number", "PIN", "Notes"), 1)
    assert rows(sheet) == [
        (2, ["6172340142", "0042", "TRUE"]),
        (3, [" 617-234-0143 ", "1.5", ""]),
        (4, ["6172340144", "-7", "FALSE"]),
        (5, ["", "2026-12-01", "2026-12-01 13:30:00"]),
    ]
    assert not sheet.problems


def test_numbers_of_more_than_fifteen_digits_are_told(tmp_path: Path, pool: ReaderPool) -> None:
    cells: list[list[Any]] = [["TN", "Account Number"], ["6172340142", 999999999999999], ["6172340143", 12345678901234567]]
    sheet = only(read_file(workbook(tmp_path / "a.xlsx", one_sheet(cells)), LIMITS, pool=pool))
    assert [row[1] for _, row in rows(sheet)] == ["999999999999999", "12345678901234600"]
    assert [(problem.code, problem.row, problem.column) for problem in sheet.problems] == [("rounded", 3, 1)]


def test_a_table_may_begin_anywhere_and_blank_rows_are_counted(tmp_path: Path, pool: ReaderPool) -> None:
    cells = [["TN", "City"], [], ["6172340142", "Boston"], [" ", ""], ["6172340143", "Salem"]]
    sheet = only(read_file(workbook(tmp_path / "a.xlsx", one_sheet(cells, 3, 2)), LIMITS, pool=pool))
    assert (sheet.headers, sheet.header_row) == (("", "", "TN", "City"), 4)
    assert rows(sheet) == [(6, ["", "", "6172340142", "Boston"]), (8, ["", "", "6172340143", "Salem"])]


def test_sheets_without_numbers_and_hidden_ones_are_skipped_and_said_so(tmp_path: Path, pool: ReaderPool) -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("Instructions").write_row(0, 0, ["How to fill this in"])
        one_sheet([["TN"], ["6172340142"]])(book)
        book.add_worksheet("Nothing")
        more = book.add_worksheet("More")
        more.write_column(0, 0, ["Phone Number", "6172340143"])
        book.add_worksheet("Waiting").write_column(0, 0, ["Phone Number"])
        hidden = book.add_worksheet("Lists")
        hidden.write_column(0, 0, ["TN", "6172340144"])
        hidden.hide()

    reading = read_file(workbook(tmp_path / "a.xlsx", fill), LIMITS, pool=pool)
    assert [(sheet.name, rows(sheet)) for sheet in reading.sheets] == [("Numbers", [(2, ["6172340142"])]), ("More", [(2, ["6172340143"])])]
    assert {(problem.code, problem.detail) for problem in reading.problems} == {
        ("sheet-skipped", "Instructions"),
        ("sheet-skipped", "Lists"),
        ("sheet-skipped", "Waiting"),
    }


def test_where_no_sheet_has_a_column_of_numbers_all_are_given(tmp_path: Path, pool: ReaderPool) -> None:
    path = workbook(tmp_path / "a.xlsx", one_sheet([["Rufnummer"], ["6172340142"]]))
    assert only(read_file(path, LIMITS, pool=pool)).headers == ("Rufnummer",)


def test_a_confirmed_mapping_tells_which_sheet_is_meant(tmp_path: Path, pool: ReaderPool) -> None:
    def fill(book: Any) -> None:
        book.add_worksheet("Notes").write_column(0, 0, ["TN as we call it", "text"])
        book.add_worksheet("Lines").write_column(0, 0, ["Rufnummer", "6172340142", "Total"])

    reading = read_file(workbook(tmp_path / "a.xlsx", fill), LIMITS, pool=pool, saved={"Rufnummer": "tn"})
    assert [(sheet.name, rows(sheet)) for sheet in reading.sheets] == [("Lines", [(2, ["6172340142"])])]


def test_a_workbook_is_known_by_content_and_not_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one_sheet([["TN"], ["6172340142"]])).rename(tmp_path / "numbers.csv")
    assert rows(only(read_file(path, LIMITS))) == [(2, ["6172340142"])]


def test_a_large_sheet_comes_in_one_piece_with_coded_columns(tmp_path: Path, pool: ReaderPool) -> None:
    cells: list[list[Any]] = [["TN", "City", "ZIP"], *([f"617{2340000 + n:07d}", "Boston", 2134 if n > 30_000 else "02134"] for n in range(45_000))]
    sheet = only(read_file(workbook(tmp_path / "a.xlsx", one_sheet(cells)), LIMITS, pool=pool))
    assert [column.num_chunks for column in sheet.cells.columns] == [1, 1, 1]
    assert pa.types.is_dictionary(sheet.cells.column(1).type)
    assert rows(sheet)[0] == (2, ["6172340000", "Boston", "02134"])
    assert rows(sheet)[-1] == (45_001, ["6172384999", "Boston", "2134"])


@pytest.mark.parametrize("cells", [[], [["TN", "City"]], [["TN", "City"], [" ", ""]]])
def test_a_workbook_without_a_row_is_empty(tmp_path: Path, pool: ReaderPool, cells: list[list[Any]]) -> None:
    with pytest.raises(Unreadable) as caught:
        read_file(workbook(tmp_path / "a.xlsx", one_sheet(cells)), LIMITS, pool=pool)
    assert caught.value.code == "file-empty"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(max_columns=1), "2 columns; at most 1"),
        (Limits(max_rows=2), "3 rows; at most 2"),
        (Limits(max_cell=5), "in row 3, column 'TN'"),
        (Limits(memory_bytes=1000), "it unpacks to"),
    ],
)
def test_beyond_the_limits_a_workbook_is_too_large(tmp_path: Path, limits: Limits, words: str) -> None:
    path = workbook(tmp_path / "a.xlsx", one_sheet([["TN", "City"], ["1", "Lynn"], ["6172340142", "Salem"]]))
    with pytest.raises(Unreadable) as caught:
        list(read_workbook(path, Kind.XLSX, Ask(), limits))
    assert caught.value.code == "file-too-large"
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("member", "text", "words"),
    [
        ("[Content_Types].xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml", "a Word document"),
        ("numbers.csv", "TN\n6172340142\n", "a zip archive"),
    ],
)
def test_other_things_in_a_zip_container_are_unsupported(tmp_path: Path, pool: ReaderPool, member: str, text: str, words: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as container:
        container.writestr(member, text)
    with pytest.raises(Unreadable) as caught:
        read_file(path, LIMITS, pool=pool)
    assert caught.value.code == "file-unsupported"
    assert words in caught.value.detail


def with_sheet_xml(path: Path, change: Callable[[str], str]) -> Path:
    """The workbook with the XML of its first sheet changed."""
    with zipfile.ZipFile(path) as container:
        members = {name: container.read(name) for name in container.namelist()}
    name = "xl/worksheets/sheet1.xml"
    members[name] = change(members[name].decode()).encode()
    with zipfile.ZipFile(path, "w") as container:
        for member, data in members.items():
            container.writestr(member, data)
    return path


def test_a_workbook_with_a_stray_cell_is_too_large_and_the_next_is_read(tmp_path: Path) -> None:
    good = workbook(tmp_path / "good.xlsx", one_sheet([["TN"], ["6172340142"]]))
    stray = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    killer = with_sheet_xml(workbook(tmp_path / "stray.xlsx", one_sheet([["TN"], ["6172340142"]])), lambda xml: xml.replace("</sheetData>", stray))
    with ReaderPool(LIMITS) as reader:
        with pytest.raises(Unreadable) as caught:
            read_file(killer, LIMITS, pool=reader)
        assert caught.value.code == "file-too-large"
        assert rows(only(read_file(good, LIMITS, pool=reader))) == [(2, ["6172340142"])]


@pytest.mark.parametrize(("ended_by", "code"), [(signal.SIGABRT, "file-too-large"), (signal.SIGXCPU, "file-too-large"), (signal.SIGSEGV, "file-unreadable")])
def test_a_reader_that_dies_of_a_file_says_what_of(ended_by: signal.Signals, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        pool_module._raise_death(-ended_by, LIMITS)
    assert caught.value.code == code


def test_a_damaged_workbook_is_unreadable_and_nothing_of_it_is_quoted(tmp_path: Path, pool: ReaderPool) -> None:
    path = with_sheet_xml(workbook(tmp_path / "a.xlsx", one_sheet([["TN", "PIN"], ["1", "7391"]])), lambda xml: xml.replace("</c>", "</d>"))
    with pytest.raises(Unreadable) as caught:
        read_file(path, LIMITS, pool=pool)
    assert caught.value.code == "file-unreadable"
    assert "7391" not in str(caught.value)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(Unreadable) as caught:
        read_file(path, LIMITS, pool=pool)
    assert caught.value.code == "file-unreadable"


def test_a_reader_that_was_killed_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", one_sheet([["TN"], ["6172340142"]]))
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def remember(*arguments: Any, **options: Any) -> Any:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    with ReaderPool(LIMITS) as reader:
        for _ in range(2):
            read_file(path, LIMITS, pool=reader)
        assert len(started) == 1
        started[0].send_signal(signal.SIGKILL)
        started[0].wait()
        assert rows(only(read_file(path, LIMITS, pool=reader))) == [(2, ["6172340142"])]
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def numbered(folder: Path, count: int) -> list[Path]:
    """Workbooks of one row each, whose number says which it is."""
    return [workbook(folder / f"{number}.xlsx", one_sheet([["TN"], [f"617234{number:04d}"]])) for number in range(count)]


@pytest.mark.parametrize("ahead", [1, 16 << 20])
def test_files_that_are_asked_ahead_are_read_once_and_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    monkeypatch.setattr(pool_module, "_AHEAD", ahead)
    paths = numbered(tmp_path, 8)
    with ReaderPool(LIMITS) as reader:
        reader.ahead(paths, Ask())
        reader.ahead(paths[:3], Ask())
        for number in (0, 1, 5, 2, 7, 3, 4, 6):
            assert rows(only(read_file(paths[number], LIMITS, pool=reader))) == [(2, [f"617234{number:04d}"])]
        assert not list(reader._place().iterdir())
        assert next(reader._numbers) == len(paths)
        # What is asked for otherwise than it was announced is read anew.
        reader.ahead(paths[:1], Ask())
        assert reader.read(paths[0], Ask(whole=True)).sheets[0].headers == ("TN",)


@pytest.mark.parametrize("ahead", [1, 16 << 20])
def test_what_was_asked_ahead_and_forgotten_is_read_as_it_is_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    monkeypatch.setattr(pool_module, "_AHEAD", ahead)
    paths = numbered(tmp_path, 4)
    with ReaderPool(LIMITS) as reader:
        reader.ahead(paths, Ask())
        read_file(paths[0], LIMITS, pool=reader)
        reader.forget()
        for path in paths[1:]:
            workbook(path, one_sheet([["TN"], ["6172349999"]]))
        assert [rows(only(read_file(path, LIMITS, pool=reader))) for path in paths[1:]] == [[(2, ["6172349999"])]] * 3
        assert reader._room == ahead
        place = reader._place()
    assert not place.exists()


def test_a_file_that_is_refused_costs_none_of_those_that_wait_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_MOST_PROCESSES", 1)
    paths = numbered(tmp_path, 5)
    stray = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    with_sheet_xml(paths[2], lambda xml: xml.replace("</sheetData>", stray))
    with ReaderPool(LIMITS) as reader:
        reader.ahead(paths, Ask())
        # The last is asked for first, so that all other answers have to be kept.
        assert rows(only(read_file(paths[4], LIMITS, pool=reader))) == [(2, ["6172340004"])]
        for number in (0, 1, 3):
            assert rows(only(read_file(paths[number], LIMITS, pool=reader))) == [(2, [f"617234{number:04d}"])]
        with pytest.raises(Unreadable) as caught:
            read_file(paths[2], LIMITS, pool=reader)
        assert caught.value.code == "file-too-large"


def test_of_a_reader_that_is_killed_only_the_file_it_was_at_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_MOST_PROCESSES", 1)
    paths = numbered(tmp_path, 4)
    with ReaderPool(LIMITS) as reader:
        read_file(paths[0], LIMITS, pool=reader)
        process = reader._processes[0]._process
        process.send_signal(signal.SIGSTOP)
        reader.ahead(paths[1:], Ask())
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(Unreadable) as caught:
            read_file(paths[1], LIMITS, pool=reader)
        assert caught.value.code == "file-unreadable"
        assert [rows(only(read_file(path, LIMITS, pool=reader))) for path in paths[2:]] == [[(2, ["6172340002"])], [(2, ["6172340003"])]]


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one_sheet([["TN"], ["6172340142"]]))
    with ReaderPool(Limits(wall_seconds=0.001)) as reader, pytest.raises(Unreadable) as caught:
        read_file(path, LIMITS, pool=reader)
    assert caught.value.code == "file-too-large"
    assert "longer than 0.001 seconds" in caught.value.detail


def test_nothing_of_a_file_is_left_lying_about_and_the_sheet_lives_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    monkeypatch.setattr(pool_module, "_SHARED_MEMORY", shared)
    path = workbook(tmp_path / "a.xlsx", one_sheet([["TN"], ["6172340142"]]))
    with ReaderPool(LIMITS) as reader:
        reading = read_file(path, LIMITS, pool=reader)
        assert [found for found in shared.rglob("*") if found.is_file()] == []
        assert [found.stat().st_mode & 0o777 for found in shared.iterdir()] == [0o700]
    assert list(shared.iterdir()) == []
    assert rows(only(reading)) == [(2, ["6172340142"])]


def test_the_reading_process_has_neither_pandas_nor_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHPORT_SEALING_KEY", "a key")
    environment = pool_module._environment()
    assert "BATCHPORT_SEALING_KEY" not in environment
    code = "import sys, batchport.spreadsheets.child, batchport.spreadsheets.excel; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], env=environment, check=False).returncode == 0
