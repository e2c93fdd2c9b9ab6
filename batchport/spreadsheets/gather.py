"""Rows of a workbook's sheet gathered to columns of text, with the header found among them.

Readers give rows of values. Where a reader knows what a cell shows, beside what is in it, it gives both (`Both`); else numbers and dates of those
columns in which the text that shows is what counts are kept as such, until the number formats of their cells are known (`Gathered.render`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.coded import repeats, whole
from batchport.domain.fields import BY_NAME
from batchport.spreadsheets.cells import CODED, Grid, Ints, blank_rows, refuse_columns, sheet_of
from batchport.spreadsheets.displayed import LAST_DAY, TOO_LONG, NumberFormat, general, identifier, iso, moment_of, serial
from batchport.spreadsheets.headers import meaning, saved_headers
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.locate import LOOKED_AT, Header, find_header
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

#: Rows that become Arrow columns at a time: so few are still in the processor's own memory, which makes it twice as fast.
PORTION = 2_000
#: Portions that are put together before values that repeat are told apart.
_TOGETHER = 10

#: First and last cell of a merged range: row and column, from 0.
Merged = tuple[tuple[int, int], tuple[int, int]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
#: What gives the formats of a column's cells: which of them the cell in each of some rows has.
FormsOf = Callable[[Ints], tuple[Ints, Sequence[NumberFormat]]]

_TEXT = pa.string()
_NUMBERS = (float, int)
_DATES = (datetime, date, time, timedelta)


class Both(NamedTuple):
    """A cell as it is and as it shows, and whether it is a date."""

    plain: str
    displayed: str
    dated: bool = False


@dataclass(slots=True)
class Rows:
    """A sheet's rows on their way.

    Attributes:
        name: the sheet's name.
        numbered: each row with its number, in ascending order; blank ones may be left out. Cells begin in column `left`.
        left: the first column that cells are given for.
        merged: the ranges of merged cells, those beside the header at least; it is asked for after the first rows.
        hidden: whether the sheet is hidden.
        last: the number of the last row, 0 where it is not known before.
    """

    name: str
    numbered: Iterator[tuple[int, Sequence[Any]]]
    left: int = 0
    merged: Sequence[Merged] = ()
    hidden: bool = False
    last: int = 0


def gather(rows: Rows, ask: Ask, limits: Limits) -> Gathered | None:
    """The sheet's rows as columns; None where nothing is in them.

    Raises:
        Unreadable: `file-too-large`.
    """
    top = _top(rows)
    if not top:
        return None
    first = top[0][0]
    saved = saved_headers(ask.saved)
    header = find_header(_header_rows(top, rows.merged), saved)
    if header is None:
        return None
    gathered = Gathered(rows, ask, top, first + header.last, header, saved)
    below = (row for row in top if row[0] > gathered.header_row)
    bare = ((number, cells[rows.left :]) for number, cells in below)
    numbered = chain(bare, rows.numbered)
    while portion := list(islice(numbered, PORTION)):
        if portion[-1][0] > limits.max_rows:
            raise Unreadable("file-too-large", f"sheet {rows.name!r} has more than {limits.max_rows:,} rows")
        gathered.add(portion, limits)
        if ask.told is not None:
            ask.told(portion[-1][0], rows.last)
    return gathered


def _top(rows: Rows) -> list[tuple[int, list[Any]]]:
    """The first rows from the first that says anything, padded to column A."""
    top: list[tuple[int, list[Any]]] = []
    for number, cells in rows.numbered:
        if not top and not any(plain(cell).strip() for cell in cells):
            continue
        top.append((number, [*[""] * rows.left, *cells]))
        if number >= top[0][0] + LOOKED_AT:
            break
    return top


def _header_rows(top: Sequence[tuple[int, Sequence[Any]]], merged: Sequence[Merged]) -> list[list[str]]:
    """The texts of the first rows, blank ones too; merged cells filled to the right."""
    first = top[0][0]
    texts: list[list[str]] = [[] for _ in range(min(top[-1][0] - first, LOOKED_AT) + 1)]
    for number, cells in top:
        if number - first < len(texts):
            texts[number - first] = [cell if cell.__class__ is str else plain(cell) for cell in cells]
    width = max(map(len, texts))
    for (row, left), (_, right) in merged:
        if 0 <= row - first + 1 < len(texts) and left < right:
            cells = texts[row - first + 1]
            cells += [""] * (width - len(cells))
            cells[left + 1 : right + 1] = cells[left : left + 1] * (min(right, width - 1) - left)
    return texts


class Gathered:
    """A sheet's columns."""

    def __init__(self, rows: Rows, ask: Ask, top: Sequence[tuple[int, Sequence[Any]]], header_row: int, header: Header, saved: Mapping[str, str]) -> None:
        self.header_row = header_row
        self._rows = rows
        self._whole = ask.whole
        self._names = list(header.names)
        own = [cells for number, cells in top if number in range(header_row - header.last + header.first, header_row + 1)]
        #: Columns whose name is that of a merged cell that begins further left.
        self._lent = [place for place, name in enumerate(self._names) if name and not any(place < len(cells) and plain(cells[place]).strip() for cells in own)]
        self._above = [(number, list(cells)) for number, cells in top if number <= header_row]
        self._saved = saved
        self._numbers: list[Ints] = []
        self._height = 0
        self._columns: list[_Column] = []
        self._widen(len(self._names))

    def add(self, portion: Sequence[tuple[int, Sequence[Any]]], limits: Limits) -> None:
        """Take the next rows in."""
        left = self._rows.left
        columns = list(zip_longest(*(cells for _, cells in portion), fillvalue=""))
        refuse_columns(left + len(columns), limits)
        self._widen(left + len(columns))
        numbers = np.array([number for number, _ in portion], np.int64)
        for place, column in enumerate(self._columns):
            within = left <= place < left + len(columns)
            column.add(columns[place - left] if within else [""] * len(portion), numbers)
        self._numbers.append(numbers)
        self._height += len(portion)

    def _widen(self, width: int) -> None:
        for place in range(len(self._columns), width):
            self._names += [""] * (place + 1 - len(self._names))
            target = meaning(self._names[place], self._saved).target
            identifier_ = target is not None and target.name in BY_NAME and BY_NAME[target.name].identifier
            asked = self._whole or target is None or not target.name or identifier_
            column = _Column(place, asked=asked, dates=self._whole or identifier_, whole=self._whole)
            if self._height:
                column.add([""] * self._height, np.concatenate(self._numbers))
            self._columns.append(column)

    def waiting(self) -> list[int]:
        """The columns in which numbers wait for their formats; all where what every cell shows is asked for."""
        return [column.place for column in self._columns if self._whole or column.waits]

    def put(self, cells: Iterable[tuple[int, int, str]]) -> None:
        """Put texts into cells: row, column, text."""
        above = dict(self._above)
        for row, place, text in cells:
            if row in above and place < len(above[row]):
                above[row][place] = text
            elif row > self.header_row and place < len(self._columns):
                self._columns[place].put[row] = text

    def render(self, forms: Mapping[int, FormsOf]) -> None:
        """Write the numbers that wait, and where all is asked for everything, by the formats of their cells."""
        for column in self._columns:
            column.forms = forms.get(column.place)
        if self._whole:
            for number, cells in self._above:
                for place, value in enumerate(cells):
                    if place in forms and _is_number(value):
                        styles, known = forms[place](np.array([number], np.int64))
                        cells[place] = _shown(value, known[int(styles[0])])

    def sheet(self, limits: Limits, problems: Iterable[Problem] = (), hidden: Sequence[int] | None = None) -> Sheet:
        """The sheet.

        Args:
            limits: how large it may be.
            problems: what the reader saw beside.
            hidden: the rows that are hidden.
        """
        row = np.concatenate(self._numbers) if self._numbers else np.zeros(0, np.int64)
        columns = [column.whole() for column in self._columns]
        found = [*problems, *(problem for column in self._columns for problem in column.problems)]
        above = [(number, _trimmed([self._text(cell) for cell in cells])) for number, cells in self._above]
        above = [(number, cells) for number, cells in above if cells]
        for place in self._lent:  # a merged cell may just be wide, and its second column empty
            if blank_rows([whole(columns[place])], len(row)).all():
                self._names[place] = ""
        sheet = sheet_of(self._rows.name, Grid(self._names, self.header_row, columns, row, (), above), limits)
        found += _rows_hidden(sheet, hidden or ())
        found.sort(key=lambda problem: (problem.row or 0, problem.column or 0))
        return Sheet(sheet.name, sheet.headers, sheet.header_row, sheet.cells, sheet.row, tuple(found), sheet.above, self._rows.hidden)

    def _text(self, cell: Any) -> str:
        return cell.displayed if self._whole and cell.__class__ is Both else plain(cell)


def _rows_hidden(sheet: Sheet, hidden: Sequence[int]) -> list[Problem]:
    count = int(np.isin(sheet.row, np.array(hidden, np.int64)).sum()) if len(hidden) else 0
    return [Problem("rows-hidden", detail=str(count))] if count else []


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Numbers of a portion that wait for their formats: their places in it, and which are dates."""

    places: Ints
    values: Floats
    dated: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(slots=True)
class _Portion:
    """The texts of a column in some rows."""

    texts: pa.Array
    rows: Ints
    waiting: _Waiting | None = None


def _together(portions: Sequence[_Portion]) -> _Portion:
    """Portions as one."""
    if len(portions) == 1:
        return portions[0]
    starts = np.cumsum([0, *(len(portion.rows) for portion in portions)])
    waiting = [(portion.waiting, start) for portion, start in zip(portions, starts.tolist(), strict=False) if portion.waiting is not None]
    later = None
    if waiting:
        places = np.concatenate([each.places + start for each, start in waiting])
        later = _Waiting(places, np.concatenate([each.values for each, _ in waiting]), np.concatenate([each.dated for each, _ in waiting]))
    return _Portion(pa.concat_arrays([portion.texts for portion in portions]), np.concatenate([portion.rows for portion in portions]), later)


class _Column:
    """One column of a sheet, gathered portion by portion.

    Args:
        place: where it stands.
        asked: whether what its numbers show counts.
        dates: whether what its dates show counts.
        whole: whether everything is to be written as it shows, even where digits do not.
    """

    def __init__(self, place: int, *, asked: bool, dates: bool, whole: bool) -> None:
        self.place = place
        self.problems: list[Problem] = []
        self.put: dict[int, str] = {}
        self.forms: FormsOf | None = None
        self.waits = False
        self._asked, self._dates, self._whole = asked, dates, whole
        self._type: pa.DataType | None = None
        self._fresh: list[_Portion] = []
        self._portions: list[_Portion] = []

    def add(self, values: Sequence[Any], rows: Ints) -> None:
        """The next cells and the numbers of their rows."""
        try:
            texts = pa.array(values, _TEXT)
        except pa.ArrowException:
            self._take(self._odd(values, rows))
            return
        self._take(_Portion(texts, rows))

    def _take(self, portion: _Portion) -> None:
        self._fresh.append(portion)
        if len(self._fresh) == _TOGETHER:
            self._settle()

    def _settle(self) -> None:
        """Put the fresh portions together, and tell their values apart where they repeat."""
        if not self._fresh:
            return
        portion = _together(self._fresh)
        self._fresh = []
        if portion.waiting is None:
            if self._type is None:
                self._type = CODED if repeats(portion.texts) else _TEXT
            if self._type == CODED:
                portion.texts = portion.texts.dictionary_encode()
        self._portions.append(portion)

    def _odd(self, values: Sequence[Any], rows: Ints) -> _Portion:
        """A portion with cells that are more than text."""
        if self._asked and all(value.__class__ is float for value in values):
            self.waits = True
            numbers = np.array(values, np.float64)
            self.problems += [Problem("rounded", int(row), self.place) for row in rows[np.abs(numbers) >= TOO_LONG]]
            every = np.arange(len(values))
            return _Portion(pa.repeat(pa.scalar("", _TEXT), len(values)), rows, _Waiting(every, numbers, np.zeros(len(values), dtype=bool)))
        self._note_rounded(values, rows)
        if not self._asked:
            return _Portion(pa.array([value if value.__class__ is str else plain(value) for value in values], _TEXT), rows)
        later = [place for place, value in enumerate(values) if value.__class__ in _NUMBERS or (self._dates and isinstance(value, _DATES))]
        if not later:
            return _Portion(pa.array([self._text(value) for value in values], _TEXT), rows)
        self.waits = True
        waiting = [values[place] for place in later]
        dated = np.array([value.__class__ not in _NUMBERS for value in waiting], dtype=bool)
        numbers = np.array([serial(value) if isinstance(value, _DATES) else value for value in waiting], np.float64)
        texts = pa.array(["" if value.__class__ in _NUMBERS else plain(value) for value in values], _TEXT)
        return _Portion(texts, rows, _Waiting(np.array(later, np.int64), numbers, dated))

    def _text(self, value: Any) -> str:
        return value.displayed if value.__class__ is Both and (self._dates or not value.dated) else plain(value)

    def _note_rounded(self, values: Sequence[Any], rows: Ints) -> None:
        """Note the numbers that had more digits than a spreadsheet keeps."""
        for place, value in enumerate(values):
            if value.__class__ in _NUMBERS and abs(value) >= TOO_LONG:
                self.problems.append(Problem("rounded", int(rows[place]), self.place))

    def whole(self) -> pa.ChunkedArray:
        """All cells, as text."""
        self._settle()
        texts = [self._written(portion) for portion in self._portions]
        if self._type is None and texts:
            self._type = CODED if repeats(texts[0]) else _TEXT
        if self._type == CODED:
            texts = [each if pa.types.is_dictionary(each.type) else each.dictionary_encode() for each in texts]
        return pa.chunked_array(texts, self._type or _TEXT)

    def _written(self, portion: _Portion) -> pa.Array:
        """The texts of a portion with what was waited for and what was put in."""
        texts, waiting, rows = portion.texts, portion.waiting, portion.rows
        if self._whole and self.forms is not None:
            texts = _worded(texts, *self.forms(rows))
        if waiting is not None:
            written = self._numbers(waiting, rows[waiting.places])
            texts = written if len(written) == len(texts) else _replaced(texts, waiting.places, written)
        here = [(at, text) for row, text in self.put.items() if (at := int(np.searchsorted(rows, row))) < len(rows) and rows[at] == row] if self.put else []
        if here:
            here.sort()
            texts = _replaced(texts.cast(_TEXT), np.array([at for at, _ in here], np.int64), pa.array([text for _, text in here], _TEXT))
        return texts

    def _numbers(self, waiting: _Waiting, rows: Ints) -> pa.Array:
        """The texts of the numbers that wait in a portion."""
        if self.forms is None:
            return _each(waiting.values, general)
        styles, known = self.forms(rows)
        parts = []
        kinds = styles * 2 + waiting.dated
        for kind in np.unique(kinds):
            write = self._way(known[int(kind) // 2], dated=bool(kind % 2))
            parts.append((np.flatnonzero(kinds == kind), write))
        if len(parts) == 1:
            return _each(waiting.values, parts[0][1])
        order = np.argsort(np.concatenate([places for places, _ in parts]))
        return pa.concat_arrays([_each(waiting.values[places], write) for places, write in parts]).take(pa.array(order))


    def _way(self, form: NumberFormat, *, dated: bool) -> Callable[[float], str]:
        """How numbers of one format are written; `dated`: the reader took them for dates, which it tells from their format less well than we do."""
        if form.dated:
            return form.number if self._dates else _iso_of
        if dated and form.general:
            return _iso_of
        return form.number if self._whole else partial(identifier, form=form)


def _each(values: Floats, write: Callable[[float], str]) -> pa.Array:
    """The text of every number; each different one is written once."""
    coded = pa.array(values).dictionary_encode()
    return pa.array([write(value) for value in coded.dictionary.to_pylist()], _TEXT).take(coded.indices)


def _replaced(texts: pa.Array, places: Ints, by: pa.Array) -> pa.Array:
    mask = np.zeros(len(texts), dtype=bool)
    mask[places] = True
    return pc.replace_with_mask(texts, pa.array(mask), by)


def _worded(texts: pa.Array, styles: Ints, known: Sequence[NumberFormat]) -> pa.Array:
    """The texts as their formats show them: few formats say anything of text."""
    wordy = [style for style in np.unique(styles).tolist() if known[style].wordy]
    if not wordy:
        return texts
    texts = texts.cast(_TEXT)
    places = np.flatnonzero(np.isin(styles, wordy) & pc.not_equal(texts, "").to_numpy(zero_copy_only=False))
    shown = [known[style].text(text) for style, text in zip(styles[places].tolist(), texts.take(pa.array(places)).to_pylist(), strict=True)]
    return _replaced(texts, places, pa.array(shown, _TEXT))


def _is_number(value: Any) -> bool:
    return value.__class__ in _NUMBERS or isinstance(value, _DATES)


def _shown(value: Any, form: NumberFormat) -> str:
    """What a cell shows in a format; a date in a format that is none of dates as ISO writes it."""
    if value.__class__ in _NUMBERS:
        return form.number(value)
    return form.number(serial(value)) if form.dated else plain(value)


def _iso_of(value: float) -> str:
    return iso(moment_of(value)) if 0 <= value < LAST_DAY else general(value)


def plain(value: Any) -> str:
    """The text a cell shows in the general format: whole numbers without a point, TRUE and FALSE, dates as ISO writes them.

    >>> plain(6172340142.0), plain(1.5), plain(True), plain(datetime(2026, 12, 1)), plain(Both("42", "0042"))
    ('6172340142', '1.5', 'TRUE', '2026-12-01', '42')
    """
    return _PLAIN.get(value.__class__, str)(value)


_PLAIN: dict[type, Callable[[Any], str]] = {
    str: str,
    Both: lambda both: both.plain,
    bool: lambda value: "TRUE" if value else "FALSE",
    int: general,
    float: general,
    datetime: iso,
    date: iso,
    time: iso,
    timedelta: iso,
}
