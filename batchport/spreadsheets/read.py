"""Customers' files to sheets of requests, whatever kind of file they are by their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.fields import EXAMPLE_REFERENCE
from batchport.domain.table import Column, Mask
from batchport.spreadsheets.child import ReaderChild
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping, map_sheet
from batchport.spreadsheets.sheet import Ask, Problem, Reading, Sheet, Unreadable

__all__ = ["Limits", "ReaderChild", "read_file"]

_TOTAL = r"(?i:\W*(?:grand|sub)?[\W_]*totals?[\W0-9]*)"


def read_file(path: Path, limits: Limits, *, child: ReaderChild | None = None, saved: Mapping[str, str] | None = None) -> Reading:
    """The sheets of a file that may hold requests, without blank rows, totals, repeated headers and the template's examples.

    Args:
        path: the file.
        limits: how large it may be.
        child: the process that reads files; without one, one is started for this file.
        saved: the customer's confirmed mapping, which tells a sheet of requests too.

    Raises:
        Unreadable: `file-empty`, `file-unsupported`, `file-encrypted`, `file-too-large`, `file-unreadable`.
        OSError: it is not there, or no file.
    """
    path.open("rb").close()  # what cannot be opened is the caller's matter, not the reading process's
    ask = Ask(saved or {})
    if child is None:
        with ReaderChild(limits) as own:
            reading = own.read(path, ask)
    else:
        reading = child.read(path, ask)
    return _requests_only(reading, [map_sheet(sheet, saved) for sheet in reading.sheets])


def _requests_only(reading: Reading, mappings: Sequence[ColumnMapping]) -> Reading:
    """The reading with only those rows that ask for something, and only those sheets that have such rows.

    Of several sheets these are the ones with a column of numbers, or all where none has one.
    """
    fits = [_may_have_numbers(mapping) for mapping in mappings]
    asking = [
        _asking(sheet, mapping) if fit or not any(fits) else None for sheet, mapping, fit in zip(reading.sheets, mappings, fits, strict=True)
    ]  # fmt: skip
    filled = tuple(sheet for sheet in asking if sheet is not None and len(sheet.row))
    if not filled:
        raise Unreadable("file-empty", "there is no row of data in it")
    skipped = [sheet.name or "" for sheet, left in zip(reading.sheets, asking, strict=True) if left is None or not len(left.row)]
    return Reading(filled, (*reading.problems, *(Problem("sheet-skipped", detail=name) for name in skipped)))


def _may_have_numbers(mapping: ColumnMapping) -> bool:
    """Whether a column of the sheet is the number to port, or may be."""
    return "tn" in mapping.columns or any("tn" in names for names in mapping.ambiguous.values())


def _asking(sheet: Sheet, mapping: ColumnMapping) -> Sheet:
    """The sheet without totals, repeated headers and examples."""
    drop = np.zeros(len(sheet.row), dtype=bool)
    for place in mapping.columns.get("customer_ref", ()):
        drop |= _cells(sheet, place).equals(EXAMPLE_REFERENCE)
    for place in mapping.columns.get("tn", ())[:1]:
        drop |= _repeated_headers(sheet, place) | _totals(sheet, place)
    if not drop.any():
        return sheet
    row = sheet.row[~drop]
    kept = set(row.tolist()) if sheet.problems else set()
    problems = tuple(problem for problem in sheet.problems if problem.row is None or problem.row in kept)
    return replace(sheet, cells=sheet.cells.filter(pa.array(~drop)), row=row, problems=problems)


def _cells(sheet: Sheet, place: int) -> Column:
    return Column.from_arrow(sheet.cells.column(place))


def _repeated_headers(sheet: Sheet, tn: int) -> Mask:
    """Rows in which every cell is the header of its column."""
    rows = _cells(sheet, tn).equals(sheet.headers[tn])
    for place, header in enumerate(sheet.headers):
        if not rows.any():
            break
        rows &= _cells(sheet, place).equals(header)
    return rows


def _totals(sheet: Sheet, tn: int) -> Mask:
    """Rows without a number whose first cell that is not blank says 'total'."""
    numbers = _cells(sheet, tn)
    # In the order of bytes blanks and letters stand apart from digits, brackets and plus signs, so that hardly a row is looked at.
    open_ = np.flatnonzero(numbers.test(lambda values: pc.or_(pc.less(values, "!"), pc.greater_equal(values, "A"))))
    open_ = open_[numbers.take(open_).fullmatch(rf"\s*|{_TOTAL}")]
    totals = np.zeros(len(sheet.row), dtype=bool)
    for place in range(len(sheet.headers)):
        if not len(open_):
            break
        column = _cells(sheet, place).take(open_)
        totals[open_[column.fullmatch(_TOTAL)]] = True
        open_ = open_[column.fullmatch(r"\s*")]
    return totals
