"""Which values an encoding, or a format, has no signs for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import CannotCarry
from batchport.carriers.layout import OutColumn
from batchport.domain.table import Ints, Mask, bools

#: Signs that end a line, or that no document may hold.
CONTROL = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}\x{fffe}\x{ffff}]"


def refuse(name: str, array: pa.Array, rows: Ints | None, look: Callable[[pa.StringArray], tuple[Mask, str]]) -> None:
    """Look at the values of a column, each different one once, and refuse those that `look` finds.

    Raises:
        CannotCarry: with the row where the first of them stands; `rows` are where the array's values stand in the table, None: as they are.
    """
    dictionary = pa.types.is_dictionary(array.type)
    values = (array.dictionary if dictionary else array).cast(pa.string())
    wrong, why = look(values)
    if wrong.any():
        found = wrong[array.indices.to_numpy()] if dictionary else wrong
        if found.any():
            first = int(np.argmax(found))
            raise CannotCarry(name, first if rows is None else int(rows[first]), why)


def unsayable(values: pa.StringArray, encoding: str) -> tuple[Mask, str]:
    """Which values cannot be written in an encoding at all, and why."""
    zero = bools(pc.match_substring(values, "\0"))
    if zero.any() or encoding == "utf-8":
        return zero, "has a zero byte in it"
    beyond = ~bools(pc.string_is_ascii(values))
    beyond[beyond] = [not _sayable(value, encoding) for value in values.filter(pa.array(beyond)).to_pylist()]
    return beyond, f"has a sign in it that {encoding} does not have"


def uncontrolled(values: pa.StringArray) -> tuple[Mask, str]:
    """Which values have line breaks or other control signs in them."""
    return bools(pc.match_substring_regex(values, CONTROL)), "has a line break or another control sign in it"


def _sayable(value: str, encoding: str) -> bool:
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def text_of(array: pa.Array) -> pa.StringArray:
    """One text a row."""
    return (array.dictionary_decode() if pa.types.is_dictionary(array.type) else array).cast(pa.string())


def mapped(array: pa.Array, change: Callable[[pa.StringArray], pa.StringArray]) -> pa.Array:
    """The column with its values changed, each different one once."""
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, change(array.dictionary.cast(pa.string())))
    return change(array.cast(pa.string()))


def filled(values: pa.StringArray, column: OutColumn) -> pa.StringArray:
    """The values at the column's width: filled up at one end; blank ones are blank all through."""
    width = column.width or 0
    if column.align == "left":
        return pc.utf8_rpad(values, width, column.fill)
    blank = pc.equal(pc.binary_length(values), 0)
    return pc.if_else(blank, " " * width, pc.utf8_lpad(values, width, column.fill))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A table's column in one piece."""
    if column.num_chunks == 1:
        return column.chunk(0)
    array = column.unify_dictionaries().combine_chunks()
    return array if isinstance(array, pa.Array) else pa.array([], column.type)


def bytes_of(lines: pa.StringArray, encoding: str) -> bytes | memoryview:
    """The texts one after another, taken as they lie in memory."""
    offsets = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset : lines.offset + len(lines) + 1]
    text = memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]] if lines.buffers()[2] is not None else memoryview(b"")
    # What is ASCII is written the same in all encodings that a profile may have.
    return text if encoding == "utf-8" or pc.all(pc.string_is_ascii(lines)).as_py() in (True, None) else str(text, "utf-8").encode(encoding)
