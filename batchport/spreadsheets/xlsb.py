"""Sheets of binary workbooks, looked through for what the reader of cells does not say: how far they reach, errors, hidden rows, formats.

A part is a run of records: a number for what it is, a length, and so many bytes. A cell's record follows that of its row, and begins with its column and
its style.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from batchport.spreadsheets import xlsx
from batchport.spreadsheets.container import Container
from batchport.spreadsheets.displayed import BUILT_IN, GENERAL
from batchport.spreadsheets.sheet import Unreadable
from batchport.spreadsheets.sheet_xml import Oddities, Styles

_ROW, _BLANK, _NUMBER, _ERROR, _REAL, _LAST_CELL = 0, 1, 2, 3, 5, 11
_FORMULA_NUMBER, _FORMULA_ERROR = 9, 11
_FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END, _SHEET = 44, 47, 617, 618, 156
_HIDDEN_ROW = 0x10
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA"}
#: No record of a sheet that is still read is longer.
_MAX_RECORD = 16 * 1024 * 1024
_CELL = struct.Struct("<II")


def records(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The records of a part: what each is, and its bytes."""
    rest = b""
    for piece in pieces:
        rest += piece
        at, end = 0, len(rest)
        while True:
            kind, start = _small(rest, at, 2)
            size, start = _small(rest, start, 4) if start >= 0 else (0, -1)
            if size > _MAX_RECORD:
                raise Unreadable("file-unreadable", "what is in the workbook is damaged")
            if start < 0 or start + size > end:
                break
            yield kind, rest[start : start + size]
            at = start + size
        rest = rest[at:]


def _small(data: bytes, at: int, most: int) -> tuple[int, int]:
    """A number of up to so many bytes, seven bits in each, and the place after it; -1 where it is cut off."""
    value = 0
    for place in range(most):
        if at + place >= len(data):
            return 0, -1
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    return value, at + most


class BinaryPart:
    """The records of a sheet, looked through once.

    Args:
        container: the workbook.
        name: the part.
    """

    def __init__(self, container: Container, name: str) -> None:
        self._odd = Oddities()
        self._last, self._width = 0, 0
        self._rows: dict[int, array[int]] = {}
        self._styles: dict[int, array[int]] = {}
        self._look_through(container.pieces(name))

    def extent(self) -> tuple[int, int]:
        """The last row and the count of columns of the cells that hold something."""
        return self._last, self._width

    def oddities(self) -> Oddities:
        """What is odd in cells and rows."""
        return self._odd

    def styles(self, columns: Sequence[int]) -> dict[int, Styles]:
        """The styles of the numbers in some columns."""
        return {column: self._column_styles(column) for column in columns}

    def _column_styles(self, column: int) -> Styles:
        rows = np.array(self._rows.get(column, ()), np.int64)
        ids = np.array(self._styles.get(column, ()), np.int64)
        usual = Counter(ids.tolist()).most_common(1)[0][0] if len(ids) else 0
        return Styles(usual, rows[ids != usual], ids[ids != usual])

    def _look_through(self, pieces: Iterable[bytes]) -> None:
        row = 0
        for kind, data in records(pieces):
            if kind > _LAST_CELL or kind == _BLANK:
                continue
            if kind == _ROW:
                row = int.from_bytes(data[:4], "little") + 1
                if len(data) > 11 and data[11] & _HIDDEN_ROW:
                    self._odd.hidden.append(row)
            elif len(data) >= _CELL.size:
                column, style = _CELL.unpack_from(data)
                self._last, self._width = max(self._last, row), max(self._width, column + 1)
                if kind in (_NUMBER, _REAL, _FORMULA_NUMBER):
                    self._rows.setdefault(column, array("i")).append(row)
                    self._styles.setdefault(column, array("i")).append(style & 0xFFFFFF)
                elif kind in (_ERROR, _FORMULA_ERROR):
                    self._odd.errors.append((row, column, _ERRORS.get(data[_CELL.size] if len(data) > _CELL.size else -1, "#ERROR")))


def sheet_parts(container: Container) -> dict[str, str]:
    """The name of the part of every sheet, by the sheet's name."""
    book = xlsx.book_part(container, "xl/workbook.bin")
    targets = xlsx.relations(container, book)
    found: dict[str, str] = {}
    for kind, data in records([container.whole(book)]):
        if kind == _SHEET:
            relation, at = _text(data, 8)
            name, _ = _text(data, at)
            if relation in targets:
                found[name] = targets[relation][1]
    return found


def style_formats(container: Container) -> list[str]:
    """The code of the number format of every cell style, in their order."""
    codes = dict(BUILT_IN)
    styles: list[int] = []
    inside = False
    for kind, data in records([container.whole(xlsx.styles_part(container, "xl/workbook.bin"))]):
        if kind == _FORMAT:
            codes[int.from_bytes(data[:2], "little")] = _text(data, 2)[0]
        elif kind in (_STYLES_BEGIN, _STYLES_END):
            inside = kind == _STYLES_BEGIN
        elif kind == _STYLE and inside:
            styles.append(int.from_bytes(data[2:4], "little"))
    return [codes.get(style, GENERAL) for style in styles]


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text that stands behind its length, and the place after it."""
    length = int.from_bytes(data[at : at + 4], "little")
    if length == 0xFFFFFFFF:  # none
        length = 0
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
