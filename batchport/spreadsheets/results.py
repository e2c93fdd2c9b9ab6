"""Results for the customer: their own columns, what became of each row, and what is to be done about it, as a workbook or CSV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from batchport.domain.fields import RESULT_LABELS, RESULT_SHEETS
from batchport.domain.findings import ERROR
from batchport.domain.table import Column, Ints, Mask, text_array
from batchport.spreadsheets.choices import LISTS, OFFERED, drop_down, fits_inline, list_ranges, offered, write_lists
from batchport.spreadsheets.looks import AS_ERROR, AS_WARNING, LETTER, WRAPPED, Looks
from batchport.spreadsheets.plain_sheet import (
    LINE_HEIGHT,
    MOST_LINES,
    MOST_ROWS,
    Marks,
    PlainSheet,
    bytes_of,
    cut,
    fill,
    guarded,
    guarded_text,
    longest,
)
from batchport.spreadsheets.summary_page import Summary, write_summary

#: The most notes on a sheet; what is at fault beyond them is coloured alone.
MOST_NOTES = 5_000
#: Written into every workbook, so that the same results are the same bytes.
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001  a workbook's dates have no zone
_SUMMARY, _TO_FIX, _ALL_ROWS = RESULT_SHEETS[:3]
_WRONG, _FIX = RESULT_LABELS.index("What is wrong"), RESULT_LABELS.index("How to fix it")
#: The widest a customer's column is made, and how many lines of a long text are shown; on paper so many signs are still readable beside each other.
_WIDEST, _OWN_LINES, _PAGE_WIDTH = 36, 4, 240
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
        fields: field -> places of the customer's columns that are taken for it.
        heading: how notes begin, with the number of the row.
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
    fields: Mapping[str, Sequence[int]] = field(default_factory=dict)
    heading: str = "Row {row} of your sheet"

    def take(self, at: Ints) -> SheetResult:
        """Some of the rows, by their places, in ascending order."""
        marked = self.marks["position"].to_numpy(np.int64)
        place = np.minimum(np.searchsorted(at, marked), len(at) - 1)
        kept = at[place] == marked
        columns = {name: getattr(self, name).take(at) for name in ("state", "pon", "foc_date", "wrong", "fix", "row_id")}
        return replace(
            self, **columns, cells=self.cells.take(pa.array(at)), row=self.row[at], to_fix=self.to_fix[at],
            marks=self.marks[kept].assign(position=place[kept]),
        )  # fmt: skip


def results_workbook(sheets: Sequence[SheetResult], summary: Summary, *, destinations: Sequence[str] = ()) -> bytes:
    """An XLSX file with a summary, the rows to fix with coloured cells, notes and drop-downs, and all rows.

    The last two are there for each of `sheets` where there are several. The same input gives the same bytes.

    Args:
        sheets: what became of the rows.
        summary: the first page.
        destinations: the customer's lines that numbers can go to, for a drop-down; none: any text.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": cut(summary.title, 255), "created": _MADE})
    looks = Looks(book)
    write_summary(book.add_worksheet(_SUMMARY), summary, looks)
    tables = [_lay_out(sheet) for sheet in sheets]
    to_fix = [_chosen(table, sheet.to_fix) for table, sheet in zip(tables, sheets, strict=True)]
    names = [f" - {sheet.name or place}" if len(sheets) > 1 else "" for place, sheet in enumerate(sheets, 1)]
    lists = offered(destinations)
    long = {name: lists[name] for name in sorted({name for table in tables for name in table.lists.values()} & lists.keys()) if not fits_inline(lists[name])}
    sources = lists | list_ranges(long)
    filled: list[PlainSheet] = []
    for title, chosen in ((_TO_FIX, to_fix), (_ALL_ROWS, tables)):
        for name, table in zip(names, chosen, strict=True):
            filled += [_add_table(book, title + name, part, looks, sources, careful=chosen is to_fix) for part in _parts(table)]
    if long:
        write_lists(book.add_worksheet(LISTS), long, book.add_format({"num_format": "@"}))
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
    """A results sheet as it will stand; the first `own` columns are the customer's, `lists` says which of them have a list, and of which field."""

    headers: Sequence[str]
    own: int
    columns: Sequence[Column]
    row: Ints
    faults: _Faults
    notes: pd.Series[Any]
    lists: Mapping[int, str]
    heading: str

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
    lists = {int(places[place]): name for name in OFFERED for place in sheet.fields.get(name, ()) if places[place] < len(kept)}
    return _Table([*headers, *RESULT_LABELS], len(kept), columns, sheet.row, faults, sheet.marks["note"], lists, sheet.heading)


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
    return replace(table, columns=[_few(column.take(rows)) for column in table.columns], row=table.row[rows], faults=faults)


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


def _add_table(book: xlsxwriter.Workbook, title: str, table: _Table, looks: Looks, sources: Mapping[str, str | Sequence[str]], *, careful: bool) -> PlainSheet:
    """Add a sheet with header, filter, widths and looks; gives back what its rows are to be. A careful one has notes and drop-downs, and wraps sentences."""
    sheet = book.add_worksheet(_sheet_name(title, {other.name.casefold() for other in book.worksheets()}))
    last = len(table.headers) - 1
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table), last)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(len(table), last)}"})
    for place, style in enumerate(looks.cells):
        sheet.write_blank(1, place, None, style)
    columns, widths = _lay_out_columns(sheet, table, looks, careful=careful)
    _lay_out_print(sheet, sum(widths))
    lines = None
    if careful and len(table):
        wrapped = [place for place, look in enumerate(columns) if look == WRAPPED]
        lines = np.maximum.reduce([_lines(table.columns[place], widths[place], MOST_LINES if place >= table.own else _OWN_LINES) for place in wrapped])
        for place, name in table.lists.items():
            if name in sources:
                sheet.data_validation(1, place, len(table), place, drop_down(name, sources[name]))
        sheet.set_tab_color("#9C0006")
    return PlainSheet(table.columns, columns, _mark(sheet, table, np.array(columns), lines), lines)


def _lay_out_columns(sheet: Worksheet, table: _Table, looks: Looks, *, careful: bool) -> tuple[list[int], list[int]]:
    """Write the headers and set the widths; gives back the look and the width of each column."""
    columns, widths = [], []
    for place, (header, column) in enumerate(zip(table.headers, table.columns, strict=True)):
        sentences, signs = place - table.own in (_WRONG, _FIX), longest(column.values)
        # Wrapped too: a customer's long text, which would run on over a blank cell beside it, even over one that is coloured for being blank.
        columns.append(WRAPPED if careful and (sentences or signs > _WIDEST) else 0)
        # Sentences are wider where the longest would make a row taller than a screen.
        most = min(max(60, signs // 16), 120) if sentences else _WIDEST
        widths.append(max(min(len(header) + 3, most), min(signs + 2, most)))
        sheet.set_column(place, place, widths[-1], looks.cells[columns[-1]])
        sheet.write_string(0, place, cut(header), looks.own_header if place < table.own else looks.our_header)
    return columns, widths


def _lay_out_print(sheet: Worksheet, width: float) -> None:
    """On paper: landscape, as few pages wide as stay readable, the header on every page."""
    sheet.set_landscape()
    sheet.set_paper(LETTER)
    sheet.fit_to_pages(max(1, round(width / _PAGE_WIDTH)), 0)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.set_margins(0.4, 0.4, 0.5, 0.6)
    sheet.set_footer("&L&F&C&A&R&P / &N")


def _mark(sheet: Worksheet, table: _Table, columns: Ints, lines: Ints | None) -> Marks:
    """Every cell at fault once, in its gravest look; on a sheet that is told its `lines` the first ones get a note too."""
    faults = table.faults
    row, column = faults.row, faults.column
    first = np.flatnonzero(np.append(True, (row[1:] != row[:-1]) | (column[1:] != column[:-1]))[: len(row)])
    error = np.logical_or.reduceat(faults.error, first) if len(first) else faults.error
    ends = np.append(first[1:], len(row))[: MOST_NOTES if lines is not None else 0].tolist()
    notes = table.notes.iloc[faults.note[: max(ends, default=0)]].tolist()
    for start, end in zip(first.tolist(), ends, strict=False):
        if lines is not None and lines[row[start]] > 1:
            # The rows come later, with heights of their own; a note is only as large as it should be where the place it takes is known.
            sheet.set_row(int(row[start]) + 1, LINE_HEIGHT * int(lines[row[start]]))
        _write_note(sheet, int(row[start]) + 1, int(column[start]), table.heading.format(row=int(table.row[row[start]])), notes[start:end])
    return Marks(row[first], column[first], columns[column[first]] + np.where(error, AS_ERROR, AS_WARNING))


def _write_note(sheet: Worksheet, row: int, column: int, heading: str, notes: Iterable[str]) -> None:
    text = cut("\n".join([heading, *dict.fromkeys(notes)]), _LONGEST_NOTE)
    lines = sum(1 + len(line) // 50 for line in text.split("\n"))
    sheet.write_comment(row, column, text, {"author": "batchport", "width": 300, "height": 16 * lines + 12})


def _lines(column: Column, width: float, most: int) -> Ints:
    """About how many lines each text takes when it is wrapped, `most` at most; letters are narrower than the digits that widths count, so words have room to break."""
    signs = pc.utf8_length(column.values).to_numpy(zero_copy_only=False).astype(np.int64)
    lines: Ints = np.clip(-(-signs // int(width)), 1, most)
    return lines if column.codes is None else lines[column.codes]


def _sheet_name(name: str, taken: set[str]) -> str:
    """The name as a spreadsheet program allows it, and no other sheet of the book has it."""
    name = cut(name).translate(_NAME_SIGNS).strip("'")
    number, candidate = 1, cut(name, _LONGEST_NAME)
    while candidate.casefold() in taken:
        number += 1
        candidate = cut(name, _LONGEST_NAME - len(f" {number}")) + f" {number}"
    return candidate
