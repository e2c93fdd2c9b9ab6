"""What customers find in a results workbook and in results as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from batchport.domain.fields import RESULT_LABELS
from batchport.domain.table import Column
from batchport.spreadsheets import results
from batchport.spreadsheets.results import SheetResult, results_csv, results_workbook
from batchport.spreadsheets.summary_page import Block, Summary

SUMMARY = Summary(
    "Port requests of acme.xlsx", "1 of 3 rows needs you.",
    (
        Block(("What to do next",), [("Send the corrected rows back.",)]),
        Block(("Port Result", "Rows", "What it means"), [("Rejected", "1", "Needs you.")]),
        Block(("What is wrong", "Rows", "For example", "How to fix it"), [("ZIP of another state", "2", "=90210", "Correct it.")]),
    ),
    ("What the colours mean", "Must be put right.", "Worth a look."),
)
RED, AMBER = "FFFFC7CE", "FFFFEB9C"
Mark = tuple[int, int, str, str]


def a_sheet(
    rows: Sequence[Sequence[str]],
    headers: Sequence[str] = ("TN", "Zip"),
    *,
    to_fix: Sequence[int] = (),
    marks: Sequence[Mark] = (),
    name: str | None = None,
    fields: Mapping[str, Sequence[int]] | None = None,
) -> SheetResult:
    count = len(rows)
    cells = {str(place): pa.array([row[place] for row in rows], pa.string()) for place in range(len(headers))}
    state = ["Rejected" if row in to_fix else "Ready" for row in range(count)]
    return SheetResult(
        name=name, headers=tuple(headers), cells=pa.table(cells), row=np.arange(2, count + 2), state=Column.of(state),
        pon=Column.constant("P7K2M9Q4R8T1", count), foc_date=Column.constant("", count), wrong=Column.constant("Wrong", count),
        fix=Column.constant("Fix it", count), row_id=Column.of([f"R{row:013d}" for row in range(count)]),
        to_fix=np.isin(np.arange(count), to_fix), marks=pd.DataFrame(marks, columns=["position", "column", "severity", "note"]),
        fields=fields or {},
    )


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def workbook(*sheets: SheetResult) -> Any:
    return opened(results_workbook(sheets, SUMMARY))


def texts(sheet: Any) -> list[list[str]]:
    return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]


def fill_of(cell: Any) -> str | None:
    return cell.fill.fgColor.rgb if cell.fill.fill_type else None


ROWS = [["212-736-0142", "10016"], ["212-736-0143", "90210"], ["212-736-0144", "10016"]]


def test_it_has_a_summary_the_rows_to_fix_and_all_rows() -> None:
    book = workbook(a_sheet(ROWS, to_fix=[1]))
    assert book.sheetnames == ["Summary", "To fix", "All rows"]
    assert [row[0] for row in texts(book["To fix"])] == ["TN", "212-736-0143"]
    assert [row[0] for row in texts(book["All rows"])] == ["TN", "212-736-0142", "212-736-0143", "212-736-0144"]


def test_own_columns_come_first_in_their_order_then_what_became_of_the_row() -> None:
    head, first, *_ = texts(workbook(a_sheet(ROWS, ["Zip?", "TN"]))["All rows"])
    assert head == ["Zip?", "TN", *RESULT_LABELS]
    assert first == ["212-736-0142", "10016", "Ready", "P7K2M9Q4R8T1", "", "Wrong", "Fix it", "R0000000000000"]


def test_results_that_come_back_are_replaced_and_not_doubled() -> None:
    sheet = a_sheet([["old id", "212-736-0142", "Rejected", "Ohio"]], ["ROW_ID", "TN", "port result", "Region"])
    assert texts(workbook(sheet)["All rows"]) == [
        ["TN", "Region", *RESULT_LABELS],
        ["212-736-0142", "Ohio", "Ready", "P7K2M9Q4R8T1", "", "Wrong", "Fix it", "R0000000000000"],
    ]
    assert results_csv(sheet).decode().splitlines()[0] == "TN,Region," + ",".join(RESULT_LABELS)


def test_a_fault_in_a_column_that_is_replaced_shows_in_the_new_one() -> None:
    sheet = a_sheet([["RX", "212-736-0142"]], ["Row ID", "TN"], to_fix=[0], marks=[(0, 0, "error", "No such row.")])
    book = workbook(sheet)
    assert fill_of(book["To fix"]["G2"]) == RED
    assert book["To fix"]["G1"].value == "Row ID"


@pytest.mark.parametrize("sheet", ["To fix", "All rows"])
def test_filter_and_frozen_header_are_on_and_columns_fit(sheet: str) -> None:
    page = workbook(a_sheet([["212-736-0142", "Aardvark Boulevard Northwest"]], to_fix=[0]))[sheet]
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:H2"
    assert page.column_dimensions["B"].width > len("Aardvark Boulevard Northwest")
    assert page.column_dimensions["A"].width < 20


def test_every_cell_is_text() -> None:
    book = workbook(a_sheet([["2127360142", "0042"], ["", "1/2"]], to_fix=[0, 1]))
    for page in book:
        for row in page.iter_rows():
            assert all(cell.number_format == "@" and not isinstance(cell.value, int | float) for cell in row if cell.has_style)
    assert book["All rows"]["B2"].value == "0042"
    assert book["All rows"]["A3"].number_format == "@"


def test_cells_at_fault_are_coloured_on_both_sheets_and_carry_notes_on_the_rows_to_fix() -> None:
    marks = [(1, 1, "error", "90210 is in California."), (1, 0, "warning", "A test line."), (2, 0, "warning", "Odd.")]
    book = workbook(a_sheet(ROWS, to_fix=[1], marks=marks))
    fix, rows = book["To fix"], book["All rows"]
    assert [fill_of(fix[place]) for place in ("A2", "B2", "C2")] == [AMBER, RED, None]
    assert [fill_of(rows[place]) for place in ("A2", "A3", "B3", "A4", "B4")] == [None, AMBER, RED, AMBER, None]
    assert fix["B2"].comment.text == "Row 3 of your sheet\n90210 is in California."
    assert all(cell.comment is None for row in rows.iter_rows() for cell in row)


def test_a_cell_with_several_faults_has_the_gravest_colour_and_all_notes() -> None:
    marks = [(0, 1, "warning", "Odd."), (0, 1, "error", "Wrong."), (0, 1, "warning", "Odd.")]
    cell = workbook(a_sheet(ROWS, to_fix=[0], marks=marks))["To fix"]["B2"]
    assert fill_of(cell) == RED
    assert cell.comment.text == "Row 2 of your sheet\nOdd.\nWrong."


def test_a_fault_of_the_whole_row_stands_at_what_is_wrong() -> None:
    page = workbook(a_sheet(ROWS, to_fix=[0], marks=[(0, -1, "error", "The order was rejected.")]))["To fix"]
    assert page.cell(1, 6).value == "What is wrong"
    assert fill_of(page.cell(2, 6)) == RED
    assert "The order was rejected." in page.cell(2, 6).comment.text


def test_a_blank_cell_at_fault_is_coloured() -> None:
    page = workbook(a_sheet([["", ""], ["", ""]], to_fix=[1], marks=[(1, 0, "error", "No number.")]))["All rows"]
    assert [fill_of(page[place]) for place in ("A2", "A3", "B3")] == [None, RED, None]


def test_notes_stop_at_a_limit_and_colours_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_NOTES", 2)
    sheet = a_sheet(ROWS, to_fix=[0, 1, 2], marks=[(row, 1, "error", "Wrong.") for row in range(3)])
    page = workbook(sheet)["To fix"]
    assert [page.cell(row, 2).comment is not None for row in (2, 3, 4)] == [True, True, False]
    assert fill_of(page.cell(4, 2)) == RED


def test_a_large_sheet_is_read_alike_by_two_readers() -> None:
    count = 12_000
    rows = [[f"212-736-{row % 10_000:04d}", ("10016", "", "A&B <c>", " x ")[row % 4]] for row in range(count)]
    sheet = a_sheet(rows, marks=[(row, 1, "error", "Wrong.") for row in range(9_990, 10_020)])
    data = results_workbook([sheet], SUMMARY)
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("All rows").to_python()
    book = opened(data)
    ours = texts(book["All rows"])
    assert [row[:2] for row in ours[1:]] == rows
    assert ours == theirs
    page = book["All rows"]
    assert [row - 2 for row in range(2, count + 2) if fill_of(page.cell(row, 2))] == list(range(9_990, 10_020))


def test_repeated_values_held_once_read_as_others_do() -> None:
    plain = a_sheet(ROWS)
    encoded = SheetResult(**{
        **{name: getattr(plain, name) for name in SheetResult.__slots__},
        "cells": pa.table({name: plain.cells.column(name).dictionary_encode() for name in plain.cells.column_names}),
    })
    assert texts(workbook(encoded)["All rows"]) == texts(workbook(plain)["All rows"])
    assert results_csv(encoded) == results_csv(plain)


@pytest.mark.parametrize("text", ["=1+1", "+12127360142", "-5", "@x", "\tx", "\rx"])
def test_what_would_be_taken_for_a_formula_gets_an_apostrophe(text: str) -> None:
    sheet = a_sheet([[text, "10016"]], ["=TN", "Zip"], to_fix=[0])
    book = workbook(sheet)
    assert (book["All rows"]["A1"].value, book["All rows"]["A2"].value) == ("'=TN", "'" + text)
    assert book["To fix"]["A2"].value == "'" + text
    records = list(csv.reader(io.StringIO(results_csv(sheet).decode(), newline="")))
    assert (records[0][0], records[1][0]) == ("'=TN", "'" + text)


@pytest.mark.parametrize(
    "text", ["a=b", "x+y", "'=1", "0042", " lead", "trail ", "two\nlines", "A\u00a0", "été", "📞 1", "<b>&amp;", '"quoted", twice', "]]>", "ends\r"]
)
def test_other_text_comes_through_as_it_is(text: str) -> None:
    data = results_workbook([a_sheet([[text, "10016"]], to_fix=[0])], SUMMARY)
    assert opened(data)["All rows"]["A2"].value == text
    assert opened(data)["To fix"]["A2"].value == text
    assert CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("All rows").to_python()[1][0] == text


def test_signs_that_a_workbook_cannot_hold_are_left_out() -> None:
    book = workbook(a_sheet([["a\x00b\x0bc\ufffe", "\x01=1"]], to_fix=[0], marks=[(0, 0, "error", "\x02Control signs.")]))
    assert texts(book["All rows"])[1][:2] == ["abc", "'=1"]
    assert book["To fix"]["A2"].comment.text.endswith("\nControl signs.")


def test_an_escape_of_spreadsheet_programs_stays_the_text_it_was() -> None:
    data = results_workbook([a_sheet([["_x0041_x0042_", "1"]])], SUMMARY)
    assert CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("All rows").to_python()[1][0] == "_x0041_x0042_"


def test_a_text_longer_than_a_cell_can_hold_is_cut() -> None:
    page = workbook(a_sheet([["x" * 40_000, "é" * 20_000], ["=" * 40_000, "📞" * 20_000]]))["All rows"]
    assert [len(str(page[place].value).encode("utf-16-le")) // 2 for place in ("A2", "B2", "A3", "B3")] == [32_766, 20_000, 32_767, 32_766]


WRITABLE = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WRITABLE, WRITABLE), max_size=5))
def test_any_text_is_written_as_it_is_or_behind_an_apostrophe(rows: list[tuple[str, str]]) -> None:
    sheet = a_sheet(rows)
    expected = [["'" + text if text[:1] in tuple("=+-@") else text for text in row] for row in rows]
    assert [row[:2] for row in texts(workbook(sheet)["All rows"])[1:]] == expected
    assert [row[:2] for row in csv.reader(io.StringIO(results_csv(sheet).decode(), newline=""))][1:] == expected


def test_each_of_several_sheets_has_its_own_pages() -> None:
    long = "Numbers of the third quarter, part"
    book = workbook(a_sheet(ROWS, to_fix=[0], name="East"), *(a_sheet(ROWS, name=name) for name in (long + " one", long + " two", None)))
    assert book.sheetnames == [
        "Summary", "To fix - East", "To fix - Numbers of the third q", "To fix - Numbers of the third 2", "To fix - 4",
        "All rows - East", "All rows - Numbers of the third", "All rows - Numbers of the thi 2", "All rows - 4",
    ]
    assert len(texts(book["To fix - East"])) == 2


def test_a_name_with_signs_that_no_sheet_may_have_is_made_allowable() -> None:
    assert workbook(a_sheet(ROWS, name="a/b:[c]'"), a_sheet(ROWS, name="d")).sheetnames[1] == "To fix - a-b--c-"


def test_more_rows_than_a_sheet_holds_go_on_in_a_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_ROWS", 2)
    book = workbook(a_sheet(ROWS, to_fix=[0], marks=[(2, 0, "error", "Wrong.")]))
    assert book.sheetnames == ["Summary", "To fix", "All rows", "All rows 2"]
    assert [row[0] for row in texts(book["All rows 2"])] == ["TN", "212-736-0144"]
    assert fill_of(book["All rows 2"]["A2"]) == RED


def test_a_sheet_without_rows_has_its_headers() -> None:
    sheet = a_sheet([])
    assert texts(workbook(sheet)["All rows"]) == [["TN", "Zip", *RESULT_LABELS]]
    assert results_csv(sheet).decode() == "TN,Zip," + ",".join(RESULT_LABELS) + "\r\n"


def test_without_sheets_there_is_the_summary() -> None:
    assert workbook().sheetnames == ["Summary"]


def test_the_summary_reads_from_its_first_cell_down() -> None:
    page = workbook(a_sheet(ROWS))["Summary"]
    assert [[cell for cell in row if cell] for row in texts(page) if any(row)] == [
        ["Port requests of acme.xlsx"], ["1 of 3 rows needs you."],
        ["What to do next"], ["Send the corrected rows back."],
        ["Port Result", "Rows", "What it means"], ["Rejected", "1", "Needs you."],
        ["What is wrong", "Rows", "For example", "How to fix it"], ["ZIP of another state", "2", "'=90210", "Correct it."],
        ["What the colours mean"], ["Must be put right."], ["Worth a look."],
    ]
    assert [fill_of(page.cell(row, 1)) for row in (page.max_row - 1, page.max_row)] == [RED, AMBER]


def test_a_line_of_the_summary_is_as_tall_as_its_longest_text() -> None:
    long = Summary("Title", blocks=(Block(("A", "B", "C", "D"), [("short", "1", "", "x" * 200), ("short", "1", "", "short")]),))
    page = opened(results_workbook([], long))["Summary"]
    assert [page.row_dimensions[row].height for row in (5, 6)] == [60, None]


def test_what_to_do_is_wrapped_over_the_width_of_the_page() -> None:
    page = opened(results_workbook([], Summary("Title", blocks=(Block(("What to do next",), [("x" * 200,), ("short",)]),))))["Summary"]
    assert [str(area) for area in page.merged_cells.ranges] == ["A5:D5", "A6:D6"]
    assert [page.row_dimensions[row].height for row in (5, 6)] == [30, None]


def test_what_is_at_fault_shows_without_colour_too() -> None:
    marks = [(0, 0, "warning", "Odd."), (0, 1, "error", "Wrong.")]
    page = workbook(a_sheet(ROWS[:1], to_fix=[0], marks=marks))["To fix"]
    assert [(page[place].font.bold, page[place].border.left.style) for place in ("A2", "B2", "C2")] == [(False, "dashed"), (True, "thin"), (False, None)]
    assert all(page[place].font.color.rgb for place in ("A1", "A2", "B2", "C1"))


def lists_of(book: Any, page: str = "To fix") -> dict[str, tuple[str, str]]:
    return {str(each.sqref): (each.formula1, each.errorStyle) for each in book[page].data_validations.dataValidation}


def test_columns_that_have_a_list_offer_it_and_take_another_spelling() -> None:
    rows = [["212-736-0142", "one line", "y", "N.Y."], ["212-736-0143", "single", "n", "NY"], ["212-736-0144", "", "", ""]]
    sheet = a_sheet(rows, ["TN", "Kind", "Part", "Prov"], to_fix=[0, 2], fields={"tn": [0], "account_type": [1], "partial": [2], "state": [3], "name": [0]})
    book = workbook(sheet)
    found = lists_of(book)
    assert found["B2:B3"] == ('"Single-Line,Multi-Line"', "warning")
    assert found["C2:C3"] == ('"Yes,No"', "warning")
    assert found["D2:D3"][0].startswith('"AL,AK,')
    assert len(found) == 3
    assert lists_of(book, "All rows") == {}
    assert book.sheetnames == ["Summary", "To fix", "All rows"]


def test_a_column_that_is_replaced_offers_nothing() -> None:
    sheet = a_sheet([["correct", "212-736-0142"]], ["Port Result", "TN"], to_fix=[0], fields={"action": [0]})
    assert lists_of(workbook(sheet)) == {}


@pytest.mark.parametrize("lines", [["line, 1", "line 2"], [f"line-{number:04d}" for number in range(100)]])
def test_a_list_that_is_too_long_or_has_commas_stands_on_a_hidden_sheet(lines: list[str]) -> None:
    book = opened(results_workbook([a_sheet(ROWS, ["TN", "Line"], to_fix=[0], fields={"destination": [1]})], SUMMARY, destinations=lines))
    assert lists_of(book) == {"B2": (f"Lists!$A$2:$A${len(lines) + 1}", "warning")}
    assert book.sheetnames == ["Summary", "To fix", "All rows", "Lists"]
    assert book["Lists"].sheet_state == "hidden"
    assert [cell.value for cell in book["Lists"]["A"]] == ["Port To Line", *lines]


def test_rows_to_fix_are_as_tall_as_their_sentences() -> None:
    sheet = a_sheet(ROWS, to_fix=[0, 1, 2])
    sheet = replace(sheet, wrong=Column.of(["w" * 2_000, "w", ""]), fix=Column.of(["f", "f" * 100, ""]))
    page = workbook(sheet)["To fix"]
    assert page.column_dimensions["F"].width > 110
    assert [page.row_dimensions[row].height for row in (2, 3, 4)] == [15 * 17, 30, None]


def test_a_long_text_of_the_customers_does_not_run_over_a_blank_cell_beside_it() -> None:
    page = workbook(a_sheet([["x" * 300, ""], ["x" * 40, ""]], to_fix=[0, 1], marks=[(0, 1, "error", "Blank.")]))["To fix"]
    assert (page["A2"].alignment.wrap_text, page["B2"].alignment.wrap_text) == (True, None)
    assert [page.row_dimensions[row].height for row in (2, 3)] == [60, 30]


def test_on_paper_a_sheet_is_landscape_and_every_page_has_the_header() -> None:
    narrow, wide = (workbook(a_sheet([["x" * 30] * count], ["header"] * count))["All rows"] for count in (2, 60))
    assert (narrow.page_setup.orientation, narrow.print_title_rows, narrow.print_title_cols) == ("landscape", "$1:$1", "$A:$A")
    assert [(page.page_setup.fitToWidth, page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage) for page in (narrow, wide)] == [(None, 0, True), (8, 0, True)]


def test_the_same_results_are_the_same_bytes() -> None:
    sheet = a_sheet(ROWS, to_fix=[1], marks=[(1, 1, "error", "Wrong.")])
    assert results_workbook([sheet], SUMMARY) == results_workbook([sheet], SUMMARY)


def test_csv_is_utf8_without_a_mark_and_every_line_ends_in_crlf() -> None:
    data = results_csv(a_sheet([["é,1", 'say "so"'], ["two\r\nlines", "x"]]))
    assert data.startswith(b"TN,Zip,Port Result")
    assert data.endswith(b"R0000000000001\r\n")
    assert '"é,1","say ""so""",Ready,' in data.decode()
    assert list(csv.reader(io.StringIO(data.decode(), newline="")))[2][0] == "two\r\nlines"
