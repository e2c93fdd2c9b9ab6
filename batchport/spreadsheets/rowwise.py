"""Tables that come row by row: the header told from the first rows, the others gathered as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from batchport.spreadsheets.cells import CODED, Grid, is_blank_text, refuse_cell, refuse_columns, sheet_of
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.locate import LOOKED_AT, find_header
from batchport.spreadsheets.sheet import Problem, Sheet, Unreadable

#: Rows that become Arrow columns at a time.
PORTION = 20_000
#: So many rows, from the first that says anything, tell the header.
FIRST_ROWS = LOOKED_AT + 1

_TEXT = pa.string()


@dataclass(frozen=True, slots=True)
class Top:
    """What stands above the rows of a table.

    Attributes:
        names: the names of the columns.
        taken: how many of the first rows end with the header.
        row: the number of the row in which it ends.
        above: number and cells of the rows down to it that say anything.
    """

    names: list[str]
    taken: int
    row: int
    above: list[tuple[int, list[str]]]


def top_of(first: Sequence[tuple[int, list[str]]], saved: Mapping[str, str], limits: Limits) -> Top | None:
    """What stands above the rows; None when the first rows say nothing.

    Args:
        first: number and cells of the first `FIRST_ROWS` rows, from the first on that says anything.
        saved: the customer's confirmed mapping by comparable header (`headers.saved_headers`).
        limits: how many columns, and how long a header, may be.

    Raises:
        Unreadable: `file-too-large`.
    """
    header = find_header([[] if blank(cells) else cells for _, cells in first], saved)
    if header is None:
        return None
    names = list(header.names)
    if len(names) > limits.max_columns:
        names = _without_blank_end(names)
        refuse_columns(len(names), limits)
    above = [(number, cells[: limits.max_columns]) for number, cells in first[: header.last + 1] if not blank(cells)]
    for number, cells in [*above, (first[header.last][0], names)]:
        for cell in cells:
            refuse_cell(cell, number, limits)
    return Top(names, header.last + 1, first[header.last][0], above)


def blank(cells: Sequence[str]) -> bool:
    """Whether a row says nothing."""
    return not any(cells) or is_blank_text("".join(cells))


def refuse_rows(count: int, limits: Limits) -> None:
    """Raise `file-too-large` for more rows than are read."""
    if count > limits.max_rows:
        raise Unreadable("file-too-large", f"{count:,} rows; at most {limits.max_rows:,}")


class RowTable:
    """A table that comes row by row.

    A row with fewer cells than the header is padded. Cells beyond the header stay, in columns without a name, up to the limits. Either is `row-ragged`,
    but for blank cells at the end.

    Args:
        saved: the customer's confirmed mapping by comparable header (`headers.saved_headers`).
        limits: how large it may be.
        above: rows that were read already.
    """

    def __init__(self, saved: Mapping[str, str], limits: Limits, above: Sequence[tuple[int, list[str]]] = ()) -> None:
        self._saved = saved
        self._limits = limits
        self._above = list(above)
        self._first: list[tuple[int, list[str], str]] = []
        self._top: Top | None = None
        self._width = 0
        self._numbers: list[int] = []
        self._problems: list[Problem] = []
        self._waiting: list[list[str]] = []
        self._lengths: list[int] = []
        self._chunks: list[list[pa.Array]] = []

    def add(self, number: int, cells: list[str], trouble: str = "") -> None:
        """Take a row in.

        Args:
            number: its number in the table, blank rows counted.
            cells: its cells.
            trouble: what is wrong with it already, for `row-ragged`.
        """
        refuse_rows(number, self._limits)
        if self._top is not None:
            self._take(number, cells, trouble)
        elif self._first or not blank(cells):
            self._first.append((number, cells, trouble))
            if len(self._first) == FIRST_ROWS:
                self._begin()

    def sheet(self, name: str | None) -> Sheet | None:
        """The rows so far as a sheet; None when there is no header.

        Raises:
            Unreadable: `file-too-large`.
        """
        if self._top is None:
            self._begin()
        if self._top is None:
            return None
        self._store()
        names = self._top.names + [""] * (len(self._chunks) - self._width)
        numbers = np.array(self._numbers, np.int64)
        return sheet_of(name, Grid(names, self._top.row, self._columns(), numbers, self._problems, self._above + self._top.above), self._limits)

    def _begin(self) -> None:
        """Tell the header, and take in the rows below it."""
        first, self._first = self._first, []
        self._top = top_of([(number, cells) for number, cells, _ in first], self._saved, self._limits)
        if self._top is not None:
            self._width = len(self._top.names)
            self._chunks = [[] for _ in range(self._width)]
            for number, cells, trouble in first[self._top.taken :]:
                self._take(number, cells, trouble)

    def _take(self, number: int, cells: list[str], trouble: str) -> None:
        """Take in a row below the header, if it says anything."""
        if not any(cells):
            return
        count = len(cells)
        if count != self._width:
            if blank(cells):
                return
            cells = self._fitted(cells)
            if not trouble and (count < self._width or len(cells) > self._width):
                trouble = f"{'1 cell' if count == 1 else f'{count} cells'}, but the header has {self._width}"
        if trouble:
            self._problems.append(Problem("row-ragged", number, detail=trouble))
        self._numbers.append(number)
        self._waiting.append(cells)
        if len(self._waiting) == PORTION:
            self._store()

    def _fitted(self, cells: list[str]) -> list[str]:
        """The cells, as many as the header has; more only where they say something."""
        if len(cells) <= self._width:
            return cells + [""] * (self._width - len(cells))
        more = _without_blank_end(cells[self._width :])
        return cells[: self._width] + more[: self._limits.max_columns - self._width]

    def _store(self) -> None:
        """Make columns of the rows that wait."""
        rows, self._waiting = self._waiting, []
        widest = max(map(len, rows), default=0)
        if widest > self._width:
            rows = [row + [""] * (widest - len(row)) for row in rows]
        for place, values in enumerate(zip(*rows, strict=True)):
            if place == len(self._chunks):
                self._chunks.append([])
            chunk = pa.array(values, _TEXT)
            self._chunks[place].append(chunk if place < self._width else self._after_blanks(place, chunk))
        self._lengths.append(len(rows))

    def _after_blanks(self, place: int, chunk: pa.Array) -> pa.Array:
        """The piece of a column beyond the header, once the portions that do not have it are made up for."""
        self._make_up(place)
        return chunk.dictionary_encode()

    def _make_up(self, place: int) -> None:
        chunks = self._chunks[place]
        for length in self._lengths[len(chunks) :]:
            chunks.append(pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([""])))

    def _columns(self) -> Iterator[pa.ChunkedArray]:
        """What was gathered, a column each, which is forgotten."""
        for place in range(len(self._chunks)):
            if place < self._width:
                yield pa.chunked_array(self._chunks[place], _TEXT)
            else:
                self._make_up(place)
                yield pa.chunked_array(self._chunks[place], CODED)
            self._chunks[place] = []


def _without_blank_end(cells: list[str]) -> list[str]:
    said = [place for place, cell in enumerate(cells) if not is_blank_text(cell)]
    return cells[: said[-1] + 1] if said else []
