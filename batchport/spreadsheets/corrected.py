"""A customer's sheet with suggestions applied: their own columns and rows, the right values in place, and a list of every change."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import xlsxwriter

from batchport.spreadsheets.plain_sheet import cut, guarded_text

_HEADERS = ("Sheet", "Row", "Column", "Was", "Now", "Why")


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that was changed: where, what it said, what it says now, and why."""

    sheet: str | None
    row: int
    column: str
    was: str
    now: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedSheet:
    """A sheet's cells with some replaced: column of the sheet -> position of the row -> text."""

    name: str | None
    headers: Sequence[str]
    cells: pa.Table
    now: Mapping[int, Mapping[int, str]]

    def rows(self) -> Iterator[list[str]]:
        """The rows as they are now."""
        columns = [column.to_pylist() for column in self.cells.columns]
        for place, changes in self.now.items():
            for position, text in changes.items():
                columns[place][position] = text
        yield from map(list, zip(*columns, strict=True))


def corrected_workbook(sheets: Sequence[CorrectedSheet], changes: Sequence[Change]) -> bytes:
    """The sheets, every cell text, and behind them the changes."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    text, bold = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
    for number, sheet in enumerate(sheets, 1):
        _write(book.add_worksheet(cut(sheet.name or "Port requests", 31) if len(sheets) == 1 else f"{cut(sheet.name or '', 27)} {number}"), sheet.headers, sheet.rows(), text, bold)
    told = ([change.sheet or "", str(change.row), change.column, change.was, change.now, change.why] for change in changes)
    _write(book.add_worksheet("Changes"), _HEADERS, told, text, bold)
    book.close()
    return target.getvalue()


def corrected_csv(sheet: CorrectedSheet) -> bytes:
    """The sheet as CSV (UTF-8, CRLF, RFC 4180)."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(guarded_text(header) for header in sheet.headers)
    writer.writerows([guarded_text(cell) for cell in row] for row in sheet.rows())
    return target.getvalue().encode()


def _write(page: Any, headers: Sequence[str], rows: Iterator[list[str]], text: Any, bold: Any) -> None:
    page.freeze_panes(1, 0)
    page.set_column(0, max(len(headers) - 1, 0), 18, text)
    for number, cells in enumerate([list(headers), *rows]):
        for place, cell in enumerate(cells):
            page.write_string(number, place, cut(guarded_text(cell)), bold if number == 0 else text)
