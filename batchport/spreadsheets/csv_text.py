"""Text files with commas between their cells.

Arrow reads such a file about ten times faster than Python does, but it drops blank lines, lets an unclosed quotation mark swallow what follows, and
says of a ragged line neither where it stands nor what is in it. So its result is taken only when it is provably the same as reading record by record:
a record ends at a line break and nowhere else, therefore as many records as line breaks mean that every line was one record: none was dropped and
none was swallowed. A quotation mark still open at the end of a block or of the file is looked for besides. The number of cells is checked by Arrow
itself. Any other file is read again, record by record.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from batchport.spreadsheets.cells import (
    CODED,
    SAMPLE,
    Grid,
    refuse_columns,
    repeats,
    sheet_of,
)
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

#: Enough for the header and the rows that tell whether a column repeats; files up to this size are parsed once.
HEAD_BYTES = 512 * 1024
BLOCK_BYTES = 4 * 1024 * 1024
#: Line breaks for each row that a file may have, before it is taken apart.
LINES_A_ROW = 16
#: Of the end of a file, to look at its last line.
TAIL_BYTES = 4096
#: Records of the exact way that become Arrow columns at a time.
PORTION = 20_000

_TEXT = pa.string()
_LF, _CR = 10, 13
_BREAK = re.compile(rb"\r\n|\r|\n")
_UNCLOSED = "a quotation mark opens a cell here and is never properly closed"
#: Windows-1252, with the five bytes it leaves open as the control characters of Latin-1.
_WINDOWS = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def read_text(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The file as one sheet without a name.

    Rows with too few or too many cells stay, padded or cut, each with a `row-ragged` problem. Bytes that are not UTF-8 are read as Windows-1252, with
    an `encoding-assumed` problem of the file.

    Raises:
        Unreadable: `file-empty` without a header, `file-too-large`.
        OSError: the file cannot be opened.
    """
    sheet = read_fast(lambda: pa.OSFile(os.fsencode(path)), limits)
    if sheet is not None:
        yield sheet
        return
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if not _is_utf8(data):
        data = codecs.charmap_decode(data, "strict", _WINDOWS)[0].encode()
        yield Problem("encoding-assumed", detail="Windows-1252")
        sheet = read_fast(lambda: pa.BufferReader(data), limits)
    yield sheet or read_exactly(data, limits)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# The fast way


def read_fast(opener: Callable[[], pa.NativeFile], limits: Limits) -> Sheet | None:
    """The file as Arrow reads it, or None where that may differ from reading it record by record."""
    with opener() as file:
        head = file.read(HEAD_BYTES)
        top = _top(head)
        if top is None or len(top.headers) > limits.max_columns:
            return None
        rest = head[top.ends :]
        if rest.startswith(codecs.BOM_UTF8) or not rest.strip(b"\r\n"):
            return None
        complete = len(head) < HEAD_BYTES
        file.seek(top.ends)
        counted = _Counted(file)
        try:
            table = _parse(counted, _types(rest, len(top.headers), complete=complete))
        except pa.ArrowInvalid:
            return None
    if counted.lines() != len(table) or _left_open(table.column(table.num_columns - 1)):
        return None
    _refuse_rows(top.row + len(table), limits)
    row = np.arange(top.row + 1, top.row + 1 + len(table), dtype=np.int64)
    return sheet_of(None, Grid(top.headers, top.row, table.columns, row, above=[(top.row, top.headers)]), limits)


@dataclass(frozen=True, slots=True)
class _Top:
    """The header: its cells, the row it stands in, and the byte after it."""

    headers: list[str]
    row: int
    ends: int


def _top(head: bytes) -> _Top | None:
    """The first record that is not blank, where it stands on one line of UTF-8 and something follows it."""
    ends = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    try:
        for row, line in enumerate(io.TextIOWrapper(io.BytesIO(head[ends:]), "utf-8", newline=""), 1):
            ends += len(line.encode())
            cells, closed = _cells_of_line(line)
            if not closed or ends >= len(head):
                return None
            if "".join(cells).strip():
                return _Top(cells, row, ends)
    except UnicodeDecodeError:
        pass
    return None


def _types(rest: bytes, width: int, *, complete: bool) -> dict[str, pa.DataType]:
    """The type of every column: dictionary where its first values repeat."""
    names = [str(place) for place in range(width)]
    plain = dict.fromkeys(names, _TEXT)
    if complete:
        return plain
    lines = rest[: max(rest.rfind(b"\n"), rest.rfind(b"\r"), 0) + 1]
    sample = _parse(pa.BufferReader(lines), plain).slice(0, SAMPLE)
    return {name: CODED if repeats(sample.column(name)) else _TEXT for name in names}


def _parse(source: pa.NativeFile | _Counted, types: dict[str, pa.DataType]) -> pa.Table:
    return arrow_csv.read_csv(
        source,
        read_options=arrow_csv.ReadOptions(column_names=list(types), block_size=BLOCK_BYTES),
        convert_options=arrow_csv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False),
    )


def _left_open(last: pa.ChunkedArray) -> bool:
    """Whether a cell of the last column ends in a line break: Arrow closes a quotation mark that is open at the end of a block."""
    chunks = [chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk for chunk in last.chunks]
    return any(pc.any(pc.or_(pc.ends_with(chunk, "\n"), pc.ends_with(chunk, "\r"))).as_py() for chunk in chunks)


class _Counted(io.RawIOBase):
    """A file that counts its line breaks while Arrow reads it."""

    def __init__(self, file: pa.NativeFile) -> None:
        super().__init__()
        self._file = file
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
        if not body or cut or (b'"' in last and not _cells_of_line(last.decode("utf-8", "replace"))[1]):
            return -1
        return self._breaks + 1 - len(_BREAK.findall(self._tail, len(body)))


# The exact way


def read_exactly(data: bytes, limits: Limits) -> Sheet:
    """The file read record by record; `data` is UTF-8 without a mark at its beginning."""
    breaks = data.count(b"\n") + data.count(b"\r")
    if breaks > limits.max_rows * LINES_A_ROW:
        raise Unreadable("file-too-large", f"{breaks:,} line breaks; at most {limits.max_rows * LINES_A_ROW:,}")
    lines = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="").readlines()
    records = _records(lines)
    header_row, headers = next(((row, cells) for row, cells, _ in records if "".join(cells).strip()), (0, []))
    if not headers:
        raise Unreadable("file-empty", "there is nothing in it")
    if len(headers) > limits.max_columns:
        headers = _without_blank_end(headers)
        refuse_columns(len(headers), limits)
    rows = _Rows(len(headers))
    for number, cells, trouble in records:
        _refuse_rows(number, limits)
        rows.add(number, cells, trouble)
    grid = Grid(headers, header_row, rows.columns(), np.array(rows.numbers, np.int64), rows.problems, [(header_row, headers)])
    return sheet_of(None, grid, limits)


class _Rows:
    """Records of a given width, gathered as columns."""

    def __init__(self, width: int) -> None:
        self.numbers: list[int] = []
        self.problems: list[Problem] = []
        self._width = width
        self._waiting: list[list[str]] = []
        self._chunks: list[list[pa.Array]] = [[] for _ in range(width)]

    def add(self, number: int, cells: list[str], trouble: str) -> None:
        """Take a record in, padded or cut to the width; one without any text is passed over."""
        if not any(cells):
            return
        said = ""
        if len(cells) != self._width:
            said = "".join(cells[self._width :]).strip()
            if (len(cells) < self._width or said) and not trouble:
                trouble = f"{_cells(len(cells))}, but the header has {self._width}"
            cells = (cells + [""] * self._width)[: self._width]
            if not "".join(cells).strip() and not said:
                return
        if trouble:
            self.problems.append(Problem("row-ragged", number, detail=trouble))
        self.numbers.append(number)
        self._waiting.append(cells)
        if len(self._waiting) == PORTION:
            self._store()

    def _store(self) -> None:
        for chunks, values in zip(self._chunks, zip(*self._waiting, strict=True), strict=False):
            chunks.append(pa.array(values, _TEXT))
        self._waiting.clear()

    def columns(self) -> list[pa.ChunkedArray]:
        """What was gathered, a column each."""
        self._store()
        return [pa.chunked_array(chunks, _TEXT) for chunks in self._chunks]


def _records(lines: Sequence[str]) -> Iterator[tuple[int, list[str], str]]:
    """Every record: its number from 1, its cells, and what is wrong with its quotation marks.

    A cell may run over several lines, but only where the quotation marks are right; else the first line stands alone, in trouble, and the lines after
    it are read for themselves.
    """
    number = start = before = 0
    reader = csv.reader(lines)
    while start < len(lines):
        number += 1
        try:
            cells = next(reader)
            end = before + reader.line_num
            sound = _is_sound(lines, start, end)
        except csv.Error:  # a cell longer than the module takes: the quotation mark was not closed
            sound = False
        if sound:
            yield number, cells, ""
            start = end
        else:
            yield number, _cells_of_line(lines[start])[0], _UNCLOSED
            start = before = start + 1
            reader = csv.reader(map(lines.__getitem__, range(start, len(lines))))


def _is_sound(lines: Sequence[str], start: int, end: int) -> bool:
    """Whether the record on these lines ends where its quotation marks say."""
    if end - start == 1:
        return end < len(lines) or _cells_of_line(lines[start])[1]
    try:
        return len(list(csv.reader(lines[start:end], strict=True))) == 1
    except csv.Error:
        return False


def _cells_of_line(line: str) -> tuple[list[str], bool]:
    """The cells of one line, and whether its last quotation mark is closed."""
    reader = csv.reader([line.rstrip("\r\n") + "\n", "\n"])
    try:
        cells = next(reader)
    except csv.Error as error:
        raise Unreadable("file-too-large", f"a cell of more than {csv.field_size_limit():,} signs") from error
    if reader.line_num == 1:
        return cells, True
    return [*cells[:-1], cells[-1].rstrip("\n")], False


def _without_blank_end(cells: list[str]) -> list[str]:
    said = [place for place, cell in enumerate(cells) if cell.strip()]
    return cells[: said[-1] + 1]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _refuse_rows(count: int, limits: Limits) -> None:
    if count > limits.max_rows:
        raise Unreadable("file-too-large", f"{count:,} rows; at most {limits.max_rows:,}")
