"""Excel workbooks to sheets of the text their cells show. Runs in the reading process: see `child`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    ZipError,
)

from batchport.spreadsheets.cells import CODED, Grid, refuse_columns, repeats, sheet_of
from batchport.spreadsheets.kinds import Kind
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

#: Rows that become Arrow columns at a time.
PORTION = 20_000
#: Excel keeps fifteen digits of a number; from here on some are lost.
TOO_LONG = 10**15

_TEXT = pa.string()


def read_workbook(path: Path, kind: Kind, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The workbook's visible sheets that hold anything, one after the other; of a hidden one that it was skipped, or the sheet where all are asked for.

    Raises:
        Unreadable: `file-encrypted`, `file-too-large`, `file-unreadable`.
    """
    try:
        _refuse_bombs(path, limits)
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as book:
            for about in book.sheets_metadata:
                if about.typ != SheetTypeEnum.WorkSheet:
                    continue
                hidden = about.visible != SheetVisibleEnum.Visible
                if hidden and not ask.whole:
                    yield Problem("sheet-skipped", detail=about.name)
                    continue
                sheet = _read_sheet(book.get_sheet_by_name(about.name), limits)
                if sheet is not None:
                    yield replace(sheet, hidden=hidden)
    except PasswordError as error:
        raise Unreadable("file-encrypted", "the workbook asks for a password") from error
    except (ZipError, zipfile.BadZipFile) as error:
        raise Unreadable("file-unreadable", "its zip container is damaged or cut off") from error
    except CalamineError as error:
        raise Unreadable("file-unreadable", "what is in the workbook is damaged") from error
    except MemoryError as error:
        raise Unreadable("file-too-large", f"reading it takes more than {limits.memory_bytes // 1024**2:,} MB of memory") from error


def _refuse_bombs(path: Path, limits: Limits) -> None:
    """Only containers of a bearable size go on."""
    with zipfile.ZipFile(path) as container:
        size = sum(member.file_size for member in container.infolist())
    if size > limits.memory_bytes:
        raise Unreadable("file-too-large", f"it unpacks to {size // 1024**2:,} MB; at most {limits.memory_bytes // 1024**2:,}")


def _read_sheet(sheet: CalamineSheet, limits: Limits) -> Sheet | None:
    """The sheet as text, its first row that is not blank as header; None when nothing is in it."""
    if sheet.end is None:
        return None
    refuse_columns(sheet.width, limits)
    height = sheet.end[0] + 1
    if height > limits.max_rows:
        raise Unreadable("file-too-large", f"sheet {sheet.name!r} has {height:,} rows; at most {limits.max_rows:,}")
    rows = sheet.iter_rows()
    numbered = ((number, [shown(cell) for cell in cells]) for number, cells in enumerate(rows, 1))
    header_row, headers = next(((number, texts) for number, texts in numbered if "".join(texts).strip()), (0, []))
    if not headers:
        return None
    columns = [_TextColumn(place) for place in range(len(headers))]
    first = header_row + 1
    while portion := list(islice(rows, PORTION)):
        for column, values in zip(columns, zip(*portion, strict=True), strict=True):
            column.add(values, first)
        first += len(portion)
    row = np.arange(header_row + 1, first, dtype=np.int64)
    problems = sorted((problem for column in columns for problem in column.problems), key=lambda problem: (problem.row or 0, problem.column or 0))
    return sheet_of(sheet.name, Grid(headers, header_row, [column.whole() for column in columns], row, problems, [(header_row, headers)]), limits)


class _TextColumn:
    """One column of a sheet, gathered portion by portion."""

    def __init__(self, place: int) -> None:
        self.problems: list[Problem] = []
        self._place = place
        self._type: pa.DataType | None = None
        self._chunks: list[pa.Array] = []

    def add(self, values: Sequence[Any], first: int) -> None:
        """The next cells; `first` is the row of the first of them."""
        try:
            texts = pa.array(values, _TEXT)
        except pa.ArrowException:
            texts = pa.array([shown(value) for value in values], _TEXT)
            self._note_rounded(values, first)
        if self._type is None:
            self._type = CODED if repeats(texts) else _TEXT
        self._chunks.append(texts if self._type == _TEXT else texts.dictionary_encode())

    def _note_rounded(self, values: Sequence[Any], first: int) -> None:
        """Note the numbers that had more digits than a spreadsheet keeps."""
        for row, value in enumerate(values, first):
            if isinstance(value, (int, float)) and abs(value) >= TOO_LONG:
                self.problems.append(Problem("rounded", row, self._place))

    def whole(self) -> pa.ChunkedArray:
        """All cells so far."""
        return pa.chunked_array(self._chunks, self._type or _TEXT)


def shown(value: Any) -> str:
    """The text a cell shows in the general format: whole numbers without a point, TRUE and FALSE, dates as ISO writes them.

    >>> shown(6172340142.0), shown(1.5), shown(True), shown(datetime(2026, 12, 1))
    ('6172340142', '1.5', 'TRUE', '2026-12-01')
    """
    return _SHOWN.get(type(value), str)(value)


def _number(value: float) -> str:
    if abs(value) >= TOO_LONG:
        return f"{Decimal(f'{value:.15g}'):f}"
    return str(int(value)) if value == int(value) else repr(value)


def _moment(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ")


_SHOWN: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "TRUE" if value else "FALSE",
    int: _number,
    float: _number,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: str,
}
