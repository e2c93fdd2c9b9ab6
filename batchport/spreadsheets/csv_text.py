"""Text files with a sign between their cells: commas, semicolons, tabs, bars.

Arrow reads such a file about ten times faster than Python does, but it drops blank lines, lets an unclosed quotation mark swallow what follows, and
says of a ragged line neither where it stands nor what is in it. So its result is taken only when it is provably the same as reading record by record:
a record ends at a line break and nowhere else, therefore as many records as line breaks mean that every line was one record: none was dropped and
none was swallowed. A quotation mark still open at the end of a block or of the file is looked for besides. The number of cells is checked by Arrow
itself. Any other file is read again, record by record.

What stands above the table is read record by record on both ways, by the same functions; Arrow gets what follows the header.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from batchport.domain.coded import SAMPLE, repeats
from batchport.spreadsheets.cells import CODED, Grid, sheet_of
from batchport.spreadsheets.encoding import may_be_utf_8, to_utf_8
from batchport.spreadsheets.headers import saved_headers
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.records import cells_of, lines_of, records_of
from batchport.spreadsheets.rowwise import FIRST_ROWS, RowTable, Top, blank, refuse_rows, top_of
from batchport.spreadsheets.separators import Separator, separator_of
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

#: Enough for the header, the rows that tell the separator and those that tell whether a column repeats; files up to this size are parsed once.
HEAD_BYTES = 512 * 1024
BLOCK_BYTES = 4 * 1024 * 1024
#: Line breaks for each row that a file may have, before it is taken apart.
LINES_A_ROW = 16
#: Of the end of a file, to look at its last line.
TAIL_BYTES = 4096

_TEXT = pa.string()
_LF, _CR = 10, 13
_BREAK = re.compile(rb"\r\n|\r|\n")


def read_text(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The file as one sheet without a name; before it an `encoding-assumed` problem where the encoding was not certain.

    Rows with too few or too many cells stay, each with a `row-ragged` problem: see `RowTable`.

    Raises:
        Unreadable: `file-empty` without a header, `file-too-large`.
        OSError: the file cannot be opened.
    """
    sheet = read_fast(lambda: pa.OSFile(os.fsencode(path)), ask, limits)
    if sheet is not None:
        yield sheet
        return
    as_it_is = path.read_bytes()
    data, assumed = to_utf_8(as_it_is)
    if assumed:
        yield Problem("encoding-assumed", detail=assumed)
    if assumed or not may_be_utf_8(as_it_is):
        sheet = read_fast(lambda: pa.BufferReader(data), ask, limits)
    del as_it_is
    yield sheet or read_exactly(data, ask, limits)


# The fast way


def read_fast(opener: Callable[[], pa.NativeFile], ask: Ask, limits: Limits) -> Sheet | None:
    """The file as Arrow reads it, or None where that may differ from reading it record by record."""
    with opener() as file:
        head = file.read(HEAD_BYTES)
        complete = len(head) < HEAD_BYTES
        start = _start(head, ask, limits, complete=complete)
        if start is None:
            return None
        rest, width = head[start.ends :], len(start.top.names)
        if rest.startswith(codecs.BOM_UTF8) or not rest.strip(b"\r\n"):
            return None
        file.seek(start.ends)
        counted = _Counted(file, start.separator.sign)
        try:
            table = _parse(counted, _types(rest, width, start.separator.sign, complete=complete), start.separator.sign)
        except pa.ArrowInvalid:
            return None
    if counted.lines() != len(table) or _left_open(table.column(table.num_columns - 1)):
        return None
    first = start.top.row + 1
    refuse_rows(first + len(table) - 1, limits)
    row = np.arange(first, first + len(table), dtype=np.int64)
    return sheet_of(None, Grid(start.top.names, start.top.row, table.columns, row, above=start.top.above), limits)


@dataclass(frozen=True, slots=True)
class _Start:
    """What separates the cells, what stands above the rows, and the byte after it."""

    separator: Separator
    top: Top
    ends: int


def _start(head: bytes, ask: Ask, limits: Limits, *, complete: bool) -> _Start | None:
    """How a file begins, where that is certain from its first bytes: in UTF-8, without trouble in the rows that tell the header."""
    if not may_be_utf_8(head):
        return None
    mark = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    text = head[mark:]
    saved = saved_headers(ask.saved)
    separator = separator_of(text, saved)
    try:
        lines = lines_of(text if complete else text[: max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1])
    except UnicodeDecodeError:
        return None
    records = records_of(lines, separator.sign, bool(separator.line))
    first = list(islice(dropwhile(lambda record: blank(record[1]), records), FIRST_ROWS))
    if any(trouble for _, _, trouble, _ in first) or not (complete or len(first) == FIRST_ROWS):
        return None
    top = top_of([(number, cells) for number, cells, _, _ in first], saved, limits)
    if top is None:
        return None
    _, _, _, after = first[top.taken - 1]
    return _Start(separator, top, mark + len("".join(lines[:after]).encode()))


def _types(rest: bytes, width: int, separator: str, *, complete: bool) -> dict[str, pa.DataType]:
    """The type of every column: dictionary where its first values repeat."""
    names = [str(place) for place in range(width)]
    plain = dict.fromkeys(names, _TEXT)
    if complete:
        return plain
    lines = rest[: max(rest.rfind(b"\n"), rest.rfind(b"\r"), 0) + 1]
    sample = _parse(pa.BufferReader(lines), plain, separator).slice(0, SAMPLE)
    return {name: CODED if repeats(sample.column(name)) else _TEXT for name in names}


def _parse(source: pa.NativeFile | _Counted, types: dict[str, pa.DataType], separator: str) -> pa.Table:
    return arrow_csv.read_csv(
        source,
        read_options=arrow_csv.ReadOptions(column_names=list(types), block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(delimiter=separator),
        convert_options=arrow_csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )


def _left_open(last: pa.ChunkedArray) -> bool:
    """Whether a cell of the last column ends in a line break: Arrow closes a quotation mark that is open at the end of a block."""
    chunks = [chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk for chunk in last.chunks]
    return any(pc.any(pc.or_(pc.ends_with(chunk, "\n"), pc.ends_with(chunk, "\r"))).as_py() for chunk in chunks)


class _Counted(io.RawIOBase):
    """A file that counts its line breaks while Arrow reads it."""

    def __init__(self, file: pa.NativeFile, separator: str) -> None:
        super().__init__()
        self._file = file
        self._separator = separator
        self._breaks = 0
        self._tail = b""

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def read_buffer(self, size: int) -> pa.Buffer:
        """The next bytes, in memory that Arrow keeps to use again: fresh memory for each block costs more than the counting."""
        data = self._file.read_buffer(size)
        if data.size:
            self._count(np.frombuffer(data, np.uint8))
            self._tail = (self._tail + data[-TAIL_BYTES:].to_pybytes())[-TAIL_BYTES:]
        return data

    def _count(self, signs: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        """Count line breaks: each line feed, and each carriage return without one after it."""
        self._breaks += int(np.count_nonzero(signs == _LF))
        returns = np.flatnonzero(signs == _CR)
        within = returns[returns + 1 < len(signs)]
        self._breaks += len(returns) - int(np.count_nonzero(signs[within + 1] == _LF))
        if signs[0] == _LF and self._tail.endswith(b"\r"):
            self._breaks -= 1

    def lines(self) -> int:
        """How many lines were read, but for empty ones at the end; -1 where that cannot be told or the last one leaves a quotation mark open."""
        body = self._tail.rstrip(b"\r\n")
        last = re.split(rb"[\r\n]", body)[-1]
        cut = len(last) == len(body) and len(self._tail) == TAIL_BYTES
        if not body or cut or (b'"' in last and not cells_of(last.decode("utf-8", "replace"), self._separator)[1]):
            return -1
        return self._breaks + 1 - len(_BREAK.findall(self._tail, len(body)))


# The exact way


def read_exactly(data: bytes, ask: Ask, limits: Limits) -> Sheet:
    """The file read record by record; `data` is UTF-8 without a mark at its beginning."""
    breaks = data.count(b"\n") + data.count(b"\r")
    if breaks > limits.max_rows * LINES_A_ROW:
        raise Unreadable("file-too-large", f"{breaks:,} line breaks; at most {limits.max_rows * LINES_A_ROW:,}")
    saved = saved_headers(ask.saved)
    separator = separator_of(data, saved)
    table = RowTable(saved, limits)
    for number, cells, trouble, _ in records_of(lines_of(data), separator.sign, bool(separator.line)):
        table.add(number, cells, trouble)
    sheet = table.sheet(None)
    if sheet is None:
        raise Unreadable("file-empty", "there is nothing in it")
    return sheet
