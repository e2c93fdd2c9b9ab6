"""Columns of text as Arrow holds them. Apart from `table`, because the process that reads files starts without pandas."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

#: So many values of a column are looked at; of fewer than `FEW` in all, telling them apart costs more than it saves.
SAMPLE, FEW = 2_000, 500


def repeats(column: pa.Array | pa.ChunkedArray) -> bool:
    """Whether the first values of a column are at least twice as many as the different ones among them."""
    sample = column.slice(0, SAMPLE)
    return len(sample) >= FEW and pc.count_distinct(sample).as_py() * 2 <= len(sample)


def whole(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece, dictionary pieces with one dictionary; a single piece as it is, because to combine it is to copy it."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()
