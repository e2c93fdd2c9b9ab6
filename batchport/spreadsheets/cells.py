"""Columns of cells on their way to a sheet: blank rows, repetition, protection against formulas, limits.

Works on Arrow alone, because the process that reads workbooks should start without pandas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.coded import repeats, whole
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Problem, Sheet, Unreadable

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

CODED = pa.dictionary(pa.int32(), pa.string())
_FILLING = {0: None, 0x1A: None}
#: What results workbooks put before a cell that a spreadsheet program would take for a formula.
_PROTECTED = r"\A'[=+\-@\t\r]"


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as read, before anything is left out.

    Attributes:
        headers: the header cells.
        header_row: the row they stand in.
        columns: one a header.
        row: the sheet's own number of every row.
        problems: what the reader saw.
        above: the rows down to the header: number and cells.
    """

    headers: Sequence[str]
    header_row: int
    columns: Iterable[pa.ChunkedArray]
    row: Ints
    problems: Sequence[Problem] = ()
    above: Sequence[tuple[int, Sequence[str]]] = ()


def sheet_of(name: str | None, grid: Grid, limits: Limits) -> Sheet:
    """A sheet of the rows that say something, dictionary-typed where values repeat, without what protected cells from being formulas.

    Raises:
        Unreadable: `file-too-large` for columns and cells beyond the limits.
    """
    row = grid.row
    pieces = [whole(column) for column in grid.columns]
    headers = unprotected(pa.array(list(grid.headers), pa.string())).to_pylist()
    while headers and not headers[-1].strip() and each_row(pieces[-1], _is_blank).all():
        headers.pop()
        pieces.pop()
    refuse_columns(len(headers), limits)
    _refuse_cells(limits, headers, pieces, row)
    pieces = [_coded(piece) for piece in pieces]
    if _any_protected(pieces):
        pieces = [_bared(piece) for piece in pieces]
    said = ~blank_rows(pieces, len(row))
    if not said.all():
        kept = pa.array(np.flatnonzero(said))
        pieces = [piece.take(kept) for piece in pieces]
        row = row[said]
    cells = pa.table(pieces, names=[str(place) for place in range(len(pieces))])
    above = tuple((number, tuple(texts)) for number, texts in grid.above)
    return Sheet(name, tuple(headers), grid.header_row, cells, row, tuple(grid.problems), above)


def unprotected(values: pa.StringArray) -> pa.StringArray:
    """The texts without the apostrophe that kept them from being taken for a formula."""
    return pc.if_else(pc.match_substring_regex(values, _PROTECTED), pc.utf8_slice_codeunits(values, 1), values)


def blank_rows(columns: Sequence[pa.Array], length: int) -> Mask:
    """The rows in which every cell is blank or white space."""
    blank = np.ones(length, dtype=bool)
    for column in columns:
        blank &= each_row(column, _is_blank)
        if not blank.any():
            break
    return blank


def each_row(column: pa.Array, test: Callable[[pa.StringArray], Mask]) -> Mask:
    """What a test says of every row; it sees each value of a dictionary once."""
    if pa.types.is_dictionary(column.type):
        mask: Mask = test(column.dictionary)[column.indices.to_numpy(zero_copy_only=False)]
        return mask
    return test(column)


def is_blank_text(text: str) -> bool:
    """Whether a text is empty, white space or the NULs and end marks that old programs fill files up with."""
    return not text.translate(_FILLING).strip()


def _is_blank(values: pa.StringArray) -> Mask:
    """Which texts `is_blank_text`; only those that begin with a sign that may be white space are trimmed."""
    maybe: Mask = pc.or_(pc.less(values, "!"), pc.greater_equal(values, "\u0080")).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(maybe)
    if len(places):
        some = values.take(pa.array(places))
        trimmed = pc.utf8_trim_whitespace(pc.replace_substring_regex(some, r"[\x00\x1a]+", ""))
        maybe[places] = pc.equal(pc.binary_length(trimmed), 0).to_numpy(zero_copy_only=False)
    return maybe


def _coded(column: pa.Array) -> pa.Array:
    """The column, dictionary-typed where it pays."""
    return column.dictionary_encode() if not pa.types.is_dictionary(column.type) and repeats(column) else column


def _any_protected(columns: Sequence[pa.Array]) -> bool:
    """Whether any cell begins as a protected one does; all columns are asked in one call, because of a small sheet most of the time goes into calls."""
    return bool(pc.any(pc.starts_with(_values(columns), "'")).as_py())


def _bared(column: pa.Array) -> pa.Array:
    """The column unprotected."""
    if not pa.types.is_dictionary(column.type):
        return unprotected(column)
    return pa.DictionaryArray.from_arrays(column.indices, unprotected(column.dictionary))


def _values(columns: Sequence[pa.Array]) -> pa.ChunkedArray:
    """All texts of some columns, of a dictionary each once."""
    return pa.chunked_array([column.dictionary if pa.types.is_dictionary(column.type) else column for column in columns], pa.string())


def _refuse_cells(limits: Limits, headers: Sequence[str], columns: Sequence[pa.Array], row: Ints) -> None:
    if _longest(_values(columns)) <= limits.max_cell:
        return
    for header, column in zip(headers, columns, strict=True):
        signs = pc.utf8_length(column.cast(pa.string())).to_numpy(zero_copy_only=False)
        if signs.max() > limits.max_cell:
            at = row[signs.argmax()]
            raise Unreadable("file-too-large", f"a cell of more than {limits.max_cell:,} signs in row {at}, column {header.strip()[:40]!r}")


def refuse_columns(count: int, limits: Limits) -> None:
    """Raise `file-too-large` for more columns than are read."""
    if count > limits.max_columns:
        raise Unreadable("file-too-large", f"{count:,} columns; at most {limits.max_columns:,}")


def refuse_cell(text: str, row: int, limits: Limits) -> None:
    """Raise `file-too-large` for a cell above the rows that is longer than is read."""
    if len(text) > limits.max_cell:
        raise Unreadable("file-too-large", f"a cell of more than {limits.max_cell:,} signs in row {row}")


def _longest(values: pa.ChunkedArray) -> int:
    """Bytes of the longest of some texts."""
    return pc.max(pc.binary_length(values)).as_py() or 0
