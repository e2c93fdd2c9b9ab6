"""Results for the customer: their own columns, what became of each row, and what is to be done about it, as a workbook or CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from batchport.domain.fields import RESULT_LABELS
from batchport.domain.findings import ERROR
from batchport.domain.table import Column, Ints, Mask, text_array
from batchport.spreadsheets.plain_sheet import MOST_ROWS, Marks, PlainSheet, bytes_of, cut, fill, guarded, guarded_text, longest

#: The most notes on a sheet; what is at fault beyond them is coloured alone.
MOST_NOTES = 5_000
#: Written into every workbook, so that the same results are the same bytes.
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001  a workbook's dates have no zone
_WRONG, _FIX = RESULT_LABELS.index("What is wrong"), RESULT_LABELS.index("How to fix it")
#: Places in `_Looks.cells`: the first look of wrapped cells, and what a warning and an error are beyond a plain cell.
_WRAPPED, _WARNING, _ERROR = 3, 1, 2
_LONGEST_NOTE = 2_000
_NAME_SIGNS = str.maketrans("[]:*?/\\", "-------")
_LONGEST_NAME = 31
_CSV_SLICE = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class SheetResult:
    """What became of the rows of one sheet; every column has one text a row, in the sheet's order.

    Attributes:
        name: the sheet's name, None for text files.
        headers: the customer's own headers.
        cells: the customer's own cells, a column of text a header, named "0", "1", ...; secrets already masked.
        row: the sheet's own row number of each row, as Excel counts.
        state: what became of the row, in words.
        pon: the order's number, blank where there is none.
        foc_date: the confirmed date, blank where there is none.
        wrong: what is wrong, as sentences.
        fix: what to do about it, as sentences.
        row_id: our id of the row.
        to_fix: the rows that need somebody.
        marks: the cells at fault: `position` of the row (0, 1, ...), `column` of the customer's sheet (-1 for the row as a whole), `severity`
            ("error" or "warning"), `note`.
    """

    name: str | None
    headers: tuple[str, ...]
    cells: pa.Table
    row: Ints
    state: Column
    pon: Column
    foc_date: Column
    wrong: Column
    fix: Column
    row_id: Column
    to_fix: Mask
    marks: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Summary:
    """The first page of a results workbook.

    Attributes:
        title: what this is about.
        facts: label and value, such as counts.
        faults: what is wrong, on how many rows, and an example.
        advice: what to do next, a sentence each.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    faults: Sequence[tuple[str, int, str]] = ()
    advice: Sequence[str] = ()


def results_workbook(sheets: Sequence[SheetResult], summary: Summary) -> bytes:
    """An XLSX file with a summary, the rows to fix with coloured cells and notes, and all rows.

    The last two are there for each of `sheets` where there are several. The same input gives the same bytes.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": cut(summary.title, 255), "created": _MADE})
    looks = _Looks(book)
    _write_summary(book.add_worksheet("Summary"), summary, looks)
    tables = [_lay_out(sheet) for sheet in sheets]
    to_fix = [_chosen(table, sheet.to_fix) for table, sheet in zip(tables, sheets, strict=True)]
    names = [f" - {sheet.name or place}" if len(sheets) > 1 else "" for place, sheet in enumerate(sheets, 1)]
    filled: list[PlainSheet] = []
    for title, chosen in (("To fix", to_fix), ("All rows", tables)):
        for name, table in zip(names, chosen, strict=True):
            filled += [_add_table(book, title + name, part, looks, careful=chosen is to_fix) for part in _parts(table)]
    book.close()
    return fill(target.getvalue(), dict(enumerate(filled, 1)))


def results_csv(sheet: SheetResult) -> bytes:
    """The rows as CSV (UTF-8, CRLF, RFC 4180): the customer's own columns, then what became of each row."""
    table = _lay_out(sheet)
    columns = [column if column.codes is None else column.map(_quoted) for column in table.columns]
    target = io.BytesIO()
    target.write((",".join(_quoted(text_array(table.headers)).to_pylist()) + "\r\n").encode())
    for start in range(0, len(table), _CSV_SLICE):
        parts: list[Any] = []
        for column in columns:
            if column.codes is None:
                texts = _quoted(column.values.slice(start, _CSV_SLICE))
            else:
                texts = column.values.take(pa.array(column.codes[start : start + _CSV_SLICE]))
            parts += [texts, ","]
        target.write(bytes_of(pc.binary_join_element_wise(*parts[:-1], "\r\n", "")))
    return target.getvalue()


@dataclass(frozen=True, slots=True, eq=False)
class _Faults:
    """Cells at fault by place of row and column, in that order; `note` is the place of the note in the customer's marks."""

    row: Ints
    column: Ints
    error: Mask
    note: Ints

    def take(self, chosen: Mask, row: Ints) -> _Faults:
        """The chosen faults, with `row` saying for each row where it stands now."""
        return _Faults(row[self.row[chosen]], self.column[chosen], self.error[chosen], self.note[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A results sheet as it will stand; the first `own` columns are the customer's."""

    headers: Sequence[str]
    own: int
    columns: Sequence[Column]
    row: Ints
    faults: _Faults
    notes: pd.Series[Any]

    def __len__(self) -> int:
        return len(self.row)


def _lay_out(sheet: SheetResult) -> _Table:
    """The customer's columns without results of an earlier time, then the results of now; faults go by the new places."""
    ours = [_comparable(label) for label in RESULT_LABELS]
    theirs = [_comparable(header) for header in sheet.headers]
    kept = [place for place, header in enumerate(theirs) if header not in ours]
    # One more place than there are headers: the last, which -1 finds, is for the row as a whole.
    places = np.full(len(theirs) + 1, len(kept) + _WRONG)
    places[kept] = np.arange(len(kept))
    for place, header in enumerate(theirs):
        if header in ours:
            places[place] = len(kept) + ours.index(header)
    row, column = sheet.marks["position"].to_numpy(np.int64), places[sheet.marks["column"].to_numpy(np.int64)]
    order = np.lexsort((column, row))
    faults = _Faults(row[order], column[order], (sheet.marks["severity"] == ERROR).to_numpy(bool)[order], order)
    columns = [_column(sheet.cells.column(place)) for place in kept]
    columns += [sheet.state, sheet.pon, sheet.foc_date, sheet.wrong, sheet.fix, sheet.row_id]
    headers = [guarded_text(sheet.headers[place]) for place in kept]
    return _Table([*headers, *RESULT_LABELS], len(kept), columns, sheet.row, faults, sheet.marks["note"])


def _comparable(header: str) -> str:
    return "".join(sign for sign in header.casefold() if sign.isalnum())


def _column(cells: Any) -> Column:
    # A single chunk is taken as it is: combining copies even then.
    return Column.from_arrow(cells.chunk(0) if cells.num_chunks == 1 else cells)


def _quoted(values: pa.StringArray) -> pa.StringArray:
    """The texts as fields of a CSV record."""
    values = guarded(values)
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
    return pc.if_else(pc.match_substring_regex(values, '[",\r\n]'), quoted, values)


def _chosen(table: _Table, rows: Mask) -> _Table:
    """Some rows of the table, with their faults."""
    faults = table.faults.take(rows[table.faults.row], np.cumsum(rows) - 1)
    return _Table(table.headers, table.own, [_few(column.take(rows)) for column in table.columns], table.row[rows], faults, table.notes)


def _few(column: Column) -> Column:
    """The same column, free of the values of other rows where those are the most."""
    return Column(column.text()) if column.codes is not None and len(column) < len(column.values) else column


def _parts(table: _Table) -> Iterator[_Table]:
    """The table in parts that a sheet can hold, nearly always one."""
    if len(table) <= MOST_ROWS:
        yield table
        return
    part = np.arange(len(table)) // MOST_ROWS
    for number in range(part[-1] + 1):
        yield _chosen(table, part == number)


class _Looks:
    """The formats of a results workbook, all of them text."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        text = {"num_format": "@", "valign": "top"}
        error, warning = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}, {"bg_color": "#FFEB9C", "font_color": "#7F6000"}
        self.title = book.add_format({**text, "bold": True, "font_size": 14})
        self.own_header = book.add_format({**text, "bold": True, "bg_color": "#D9E1F2", "bottom": 1})
        self.our_header = book.add_format({**text, "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "bottom": 1})
        self.bold = book.add_format({**text, "bold": True})
        self.number = book.add_format({**text, "align": "right"})
        #: Plain, warning and error on one line, then the same on several.
        self.cells = [book.add_format({**text, **colours, "text_wrap": wrap}) for wrap in (False, True) for colours in ({}, warning, error)]


def _add_table(book: xlsxwriter.Workbook, name: str, table: _Table, looks: _Looks, *, careful: bool) -> PlainSheet:
    """Add a sheet with header, filter, widths and looks; gives back what its rows are to be. A careful one has notes, and wraps long sentences."""
    sheet = book.add_worksheet(_sheet_name(name, {other.name.casefold() for other in book.worksheets()}))
    last = len(table.headers) - 1
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table), last)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(len(table), last)}"})
    for place, style in enumerate(looks.cells):
        sheet.write_blank(1, place, None, style)
    columns = []
    for place, (header, column) in enumerate(zip(table.headers, table.columns, strict=True)):
        sentences = place - table.own in (_WRONG, _FIX)
        columns.append(_WRAPPED if sentences and careful else 0)
        sheet.set_column(place, place, _width(header, column, 60 if sentences else 36), looks.cells[columns[-1]])
        sheet.write_string(0, place, cut(header), looks.own_header if place < table.own else looks.our_header)
    return PlainSheet(table.columns, columns, _mark(sheet, table, np.array(columns), MOST_NOTES if careful else 0))


def _mark(sheet: Worksheet, table: _Table, columns: Ints, most: int) -> Marks:
    """Every cell at fault once, in its gravest look; the first `most` get a note on the sheet too."""
    faults = table.faults
    row, column = faults.row, faults.column
    first = np.flatnonzero(np.append(True, (row[1:] != row[:-1]) | (column[1:] != column[:-1]))[: len(row)])
    error = np.logical_or.reduceat(faults.error, first) if len(first) else faults.error
    ends = np.append(first[1:], len(row))[: min(most, len(first))].tolist()
    notes = table.notes.iloc[faults.note[: max(ends, default=0)]].tolist()
    for start, end in zip(first.tolist(), ends, strict=False):
        _write_note(sheet, int(row[start]) + 1, int(column[start]), int(table.row[row[start]]), notes[start:end])
    return Marks(row[first], column[first], columns[column[first]] + np.where(error, _ERROR, _WARNING))


def _write_note(sheet: Worksheet, row: int, column: int, number: int, notes: Iterable[str]) -> None:
    text = cut("\n".join([f"Row {number} of your sheet", *dict.fromkeys(notes)]), _LONGEST_NOTE)
    lines = sum(1 + len(line) // 50 for line in text.split("\n"))
    sheet.write_comment(row, column, text, {"author": "batchport", "width": 300, "height": 16 * lines + 12})


def _width(header: str, column: Column, most: int) -> int:
    return max(min(len(header) + 3, most), min(longest(column.values) + 2, most))


def _sheet_name(name: str, taken: set[str]) -> str:
    """The name as a spreadsheet program allows it, and no other sheet of the book has it."""
    name = cut(name).translate(_NAME_SIGNS).strip("'")
    number, candidate = 1, cut(name, _LONGEST_NAME)
    while candidate.casefold() in taken:
        number += 1
        candidate = cut(name, _LONGEST_NAME - len(f" {number}")) + f" {number}"
    return candidate


def _write_summary(sheet: Worksheet, summary: Summary, looks: _Looks) -> None:
    lines: list[Sequence[tuple[str, Any]]] = [[(summary.title, looks.title)], []]
    lines += [[(label, looks.bold), (value, looks.cells[0])] for label, value in summary.facts]
    if summary.faults:
        lines += [[], [("What is wrong", looks.our_header), ("Rows", looks.our_header), ("For example", looks.our_header)]]
        for fault, count, example in summary.faults:
            lines += [[(fault, looks.cells[_WRAPPED]), (f"{count:,}", looks.number), (example, looks.cells[_WRAPPED])]]
        lines += [[], [("A cell in this colour must be put right before the number can move.", looks.cells[_WRAPPED + _ERROR])]]
        lines += [[("A cell in this colour is worth a look.", looks.cells[_WRAPPED + _WARNING])]]
    if summary.advice:
        lines += [[], [("What to do next", looks.bold)], *([(sentence, looks.cells[_WRAPPED])] for sentence in summary.advice)]
    sheet.set_column(0, 0, 70, looks.cells[0])
    sheet.set_column(1, 1, 14, looks.cells[0])
    sheet.set_column(2, 2, 50, looks.cells[0])
    for row, line in enumerate(lines):
        for column, (text, look) in enumerate(line):
            sheet.write_string(row, column, cut(guarded_text(text)), look)
    if summary.faults:
        sheet.ignore_errors({"number_stored_as_text": f"B1:B{len(lines)}"})
