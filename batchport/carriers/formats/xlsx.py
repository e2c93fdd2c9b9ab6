"""Workbooks of one sheet with a header: every cell text when written; when read, what Excel made numbers and dates of is text again."""

from __future__ import annotations

import functools
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import CannotCarry, Look, Unreadable, Writer, find_columns, table_of
from batchport.carriers.formats.signs import one_array, refuse, text_of
from batchport.carriers.layout import Layout, OutColumn, Xlsx
from batchport.carriers.profile import Profile
from batchport.domain.table import Ints, Mask, bools

_MOST_ROWS, _LONGEST = 1_048_575, 32_767
#: What an answer's parts may unpack to: a bomb is found before it is unpacked.
_MOST_BYTES, _MOST_PARTS, _MOST_CELLS = 256 << 20, 2_000, 20_000_000
#: What tells the formats of other spreadsheet programs, which are no answers.
_OTHER_KINDS = {"xl/workbook.bin", "content.xml"}
_CELL = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,4})([0-9]{1,8})""")


def writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:  # noqa: ARG001  every line is alike
    """A header line and a line for each number."""
    form = cast("Xlsx", profile.format)
    for name in table.column_names:
        refuse(name, one_array(table.column(name)), None, _unspeakable)
    return lambda start, end, facts: compose(table.slice(start, end - start), start, form, facts.sent)


def looks(form: Xlsx, column: OutColumn) -> tuple[Look, ...]:  # noqa: ARG001  all columns are alike
    """Values that a cell cannot hold."""
    return (_unspeakable,)


def _unspeakable(values: pa.StringArray) -> tuple[Mask, str]:
    """Which values a cell cannot hold as they are."""
    wrong = bools(pc.match_substring_regex(values, r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]|_x[0-9A-Fa-f]{4}_"))
    wrong |= bools(pc.greater(pc.utf8_length(values), _LONGEST))
    return wrong, "has a sign in it that a cell cannot hold, or too many signs"


def compose(table: pa.Table, start: int, form: Xlsx, made: datetime) -> bytes:
    """A workbook of these lines; the first of them is row `start` of the table that faults are told by."""
    import xlsxwriter

    if table.num_rows > _MOST_ROWS:
        raise CannotCarry(table.column_names[0], start + _MOST_ROWS, "comes after the last row that a sheet has")
    out = io.BytesIO()
    # In memory, because values are secret: otherwise parts would lie in the folder for temporary files.
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": made.replace(tzinfo=None)})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(form.sheet)
    for place, name in enumerate(table.column_names):
        sheet.write_string(0, place, name)
        for row, value in enumerate(text_of(one_array(table.column(name))).to_pylist(), 1):
            sheet.write_string(row, place, value, text)
    sheet.set_column(0, table.num_columns - 1, 18, text)
    book.close()
    return out.getvalue()


def read(data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
    """The records below the first line that is a header, on the first sheet that has one; see `Format`."""
    form = cast("Xlsx", layout.format)
    if not data.startswith(b"PK"):
        if form.text is None:
            raise Unreadable("it is not an Excel workbook", foreign=True)
        from batchport.carriers.formats.delimited import read_text

        return read_text(data, layout, form.text)
    fault: Unreadable | None = None
    for rows in rows_of(data):
        filled = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
        try:
            names, ignored = find_columns(filled[0][1] if filled else [], layout)
        except Unreadable as error:
            fault = error if fault is None or fault.foreign else fault
            continue
        return _records(filled, names, layout), tuple(header for header in ignored if header.strip())
    raise fault or Unreadable("there is no header line", foreign=True)


def _records(filled: Sequence[tuple[int, list[str]]], names: Sequence[str | None], layout: Layout) -> pa.Table:
    for number, row in filled[1:]:
        if any(cell.strip() for cell in row[len(names) :]):
            raise Unreadable(f"record {number} has {len(row)} values, the header {len(names)}")
    records = [{name: cell for name, cell in zip(names, row, strict=False) if name} for _, row in filled[1:]]
    table = table_of(records, [number for number, _ in filled[1:]], layout)
    for name in names:
        if name and name not in table.column_names:
            table = table.append_column(name, pa.array([""] * table.num_rows, pa.string()))
    return table


def rows_of(data: bytes) -> list[list[tuple[int, list[str]]]]:
    """The rows of every sheet, with their numbers, as text."""
    import python_calamine

    _refuse_bombs(data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [[(number, [_text(cell) for cell in row]) for number, row in _numbered(book.get_sheet_by_name(name))] for name in book.sheet_names]
    except Exception:  # noqa: BLE001  whatever the reader stumbles over, the file cannot be read
        raise Unreadable("the workbook is damaged") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the reader, which is not Python, raises where it should not
            raise
        raise Unreadable("the workbook is damaged") from None


def _numbered(sheet: Any) -> list[tuple[int, list[Any]]]:
    """The rows of a sheet with the numbers that Excel shows."""
    return list(enumerate(sheet.to_python(skip_empty_area=False), 1))


def _refuse_bombs(data: bytes) -> None:
    """Refuse what would fill the memory: too much when unpacked, or a few cells so far apart that the reader, which keeps all between, could not."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        parts = packed.infolist()
        names = {part.filename.casefold() for part in parts}
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_BYTES:
            raise Unreadable("the workbook is larger than any answer")
        if "xl/workbook.xml" not in names or names & _OTHER_KINDS:
            raise Unreadable("it is not an .xlsx workbook")
        area = max((_area(packed.read(part)) for part in parts if part.filename.casefold().endswith(".xml")), default=0)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError, RuntimeError, struct.error) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("the workbook is damaged") from None
    if area > _MOST_CELLS:
        raise Unreadable("the workbook is larger than any answer")


def _area(part: bytes) -> int:
    """How many cells the outermost ones of a part have between them; the reader understands no other encoding than UTF-8."""
    if b"\0" in part:
        raise Unreadable("the workbook is damaged")
    width = height = 0
    for letters, digits in set(_CELL.findall(part)):
        height = max(height, int(digits))
        width = max(width, functools.reduce(lambda sum_, letter: sum_ * 26 + letter - 64, letters.upper(), 0))
    return width * height


def _text(cell: Any) -> str:
    """What a cell says: whole numbers without a point, dates in ISO form."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return str(int(cell)) if np.isfinite(cell) and cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0) else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
