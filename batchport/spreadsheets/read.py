"""Customers' files to sheets of requests, whatever kind of file they are by their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.fields import EXAMPLE_REFERENCE, RESULT_SHEETS
from batchport.domain.table import Column, Mask
from batchport.files import open_at_once
from batchport.spreadsheets.headers import comparable, result_headers
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping, map_sheet
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.sheet import Ask, Problem, Reading, Sheet, Unreadable

__all__ = ["Limits", "ReaderPool", "read_file"]

#: What a line below the rows begins with, and what it holds besides: 'Total numbers: | 3'. A company may be called Total, but has more to say.
_TOTAL = r"(?i:\W*(?:grand|sub)?[\W_]*totals?\b.*)"
_AMOUNT = r"[\s0-9.,$€%+-]*"


@dataclass(frozen=True, slots=True)
class ReadRequests(Reading):
    """A file's sheets of requests.

    Attributes:
        mappings: for each sheet which column is which; None where rows were left out, after which its cells may tell something else.
    """

    mappings: tuple[ColumnMapping | None, ...] = ()


def read_file(path: Path, limits: Limits, *, pool: ReaderPool | None = None, saved: Mapping[str, str] | None = None) -> ReadRequests:
    """The sheets of a file that may hold requests, without blank rows, totals, repeated headers and the template's examples.

    Args:
        path: the file.
        limits: how large it may be.
        pool: the process that reads files; without one, one is started for this file.
        saved: the customer's confirmed mapping, which tells a sheet of requests too.

    Raises:
        Unreadable: `file-empty`, `file-unsupported`, `file-encrypted`, `file-too-large`, `file-unreadable`.
        OSError: it is not there, or no file.
    """
    open_at_once(path).close()  # what cannot be opened is the caller's matter, not the reading process's
    ask = Ask(saved or {})
    if pool is None:
        with ReaderPool(limits) as own:
            reading = own.read(path, ask)
    else:
        reading = pool.read(path, ask)
    return _requests_only(reading, [map_sheet(sheet, saved) for sheet in reading.sheets])


def _requests_only(reading: Reading, mappings: Sequence[ColumnMapping]) -> ReadRequests:
    """The reading with only those rows that ask for something, and only those sheets that have such rows.

    Of several sheets these are the ones with a column of numbers; where none has one for certain, those that may have one; else all.
    """
    certain = ["tn" in mapping.columns for mapping in mappings]
    perhaps = [any("tn" in names for names in mapping.ambiguous.values()) for mapping in mappings]
    fits = next((each for each in (certain, perhaps) if any(each)), [True] * len(mappings))
    asking = [_asking(sheet, mapping) if fit else None for sheet, mapping, fit in zip(reading.sheets, mappings, fits, strict=True)]
    same = [mapping if left is sheet else None for left, sheet, mapping in zip(asking, reading.sheets, mappings, strict=True)]
    filled = [(sheet, mapping) for sheet, mapping in zip(asking, same, strict=True) if sheet is not None and len(sheet.row)]
    if not filled:
        raise Unreadable("file-empty", "there is no row of data in it")
    sheets, kept = zip(*filled, strict=True)
    skipped = [sheet.name or "" for sheet, left in zip(reading.sheets, asking, strict=True) if left is None or not len(left.row)]
    problems = (*reading.problems, *(Problem("sheet-skipped", detail=name) for name in skipped))
    if any(_is_results(sheet) for sheet in sheets):
        problems = tuple(problem for problem in problems if problem.code != "sheet-skipped" or not problem.detail.startswith(RESULT_SHEETS))
    return ReadRequests(sheets, problems, kept)


def _is_results(sheet: Sheet) -> bool:
    """Whether it is a sheet of a results workbook of ours that came back: of those that ask for nothing nobody needs to hear."""
    return result_headers() <= {comparable(header) for header in sheet.headers}


def _asking(sheet: Sheet, mapping: ColumnMapping) -> Sheet:
    """The sheet without totals, repeated headers and examples."""
    drop = np.zeros(len(sheet.row), dtype=bool)
    for place in mapping.columns.get("customer_ref", ()):
        drop |= _cells(sheet, place).equals(EXAMPLE_REFERENCE)
    for place in mapping.columns.get("tn", ())[:1]:
        drop |= _repeated_headers(sheet) | _totals(sheet, place)
    if not drop.any():
        return sheet
    row = sheet.row[~drop]
    kept = set(row.tolist()) if sheet.problems else set()
    problems = tuple(problem for problem in sheet.problems if problem.row is None or problem.row in kept)
    return replace(sheet, cells=sheet.cells.filter(pa.array(~drop)), row=row, problems=problems)


def _cells(sheet: Sheet, place: int) -> Column:
    return Column.from_arrow(sheet.cells.column(place))


def _repeated_headers(sheet: Sheet) -> Mask:
    """Rows in which every cell is the header of its column, in whatever case."""
    rows = np.ones(len(sheet.row), dtype=bool)
    columns = [(_cells(sheet, place), header) for place, header in enumerate(sheet.headers)]
    for column, header in sorted(columns, key=lambda each: len(each[0].values)):  # the fewer values, the sooner none is a header
        rows &= _says(column, header)
        if not rows.any():
            break
    return rows


def _says(column: Column, header: str) -> Mask:
    """The rows that say the header, but for case and spaces around it."""
    wanted = header.strip().lower()
    return column.test(lambda values: pc.equal(pc.utf8_lower(pc.utf8_trim_whitespace(values)), wanted))


def _totals(sheet: Sheet, tn: int) -> Mask:
    """Rows without a number whose first cell that is not blank begins with 'total', and that hold nothing but amounts besides."""
    numbers = _cells(sheet, tn)
    # In the order of bytes blanks and letters stand apart from digits, brackets and plus signs, so that hardly a row is looked at.
    open_ = np.flatnonzero(numbers.test(lambda values: pc.or_(pc.less(values, "!"), pc.greater_equal(values, "A"))))
    open_ = open_[numbers.take(open_).fullmatch(rf"\s*|{_TOTAL}")]
    said, amounts = np.zeros(len(open_), dtype=bool), np.ones(len(open_), dtype=bool)
    for place in range(len(sheet.headers) if len(open_) else 0):
        column = _cells(sheet, place).take(open_)
        first = amounts & ~said & column.fullmatch(_TOTAL)
        amounts &= first | column.fullmatch(r"\s*") | (said & column.fullmatch(_AMOUNT))
        said |= first
    totals = np.zeros(len(sheet.row), dtype=bool)
    totals[open_[said & amounts]] = True
    return totals
