"""Columns of text, looked at once for each different value.

A sheet of a million rows holds a few thousand different states, streets and carriers. A `Column` keeps the different values once and, for each row,
which of them it holds; a check looks at the values and its answer is spread over the rows. Where nearly every row has a value of its own, `codes` is
None and the values are the rows: nothing is gained by looking for repetition there, and looking costs more than checking.

Blank is the empty text, never null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.coded import repeats, whole

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.integer[Any]]]


def text_array(values: Iterable[str]) -> pa.StringArray:
    """The texts as one Arrow array."""
    return pa.array(values, pa.string())


def bools(values: Any) -> Mask:
    """An Arrow or numpy array of truths as a numpy mask."""
    if isinstance(values, np.ndarray):
        return values
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)


def signs(values: pa.StringArray) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The bytes of all texts, one text after the other."""
    buffers: list[Any] = values.buffers()
    if buffers[2] is None:
        return np.zeros(0, np.uint8)
    edges = np.frombuffer(buffers[1], np.int32)
    return np.frombuffer(buffers[2], np.uint8)[edges[values.offset] : edges[values.offset + len(values)]]


class Column:
    """The text of one field in every row: the different `values`, and for each row the place of its own (`codes`)."""

    __slots__ = ("codes", "values")

    def __init__(self, values: pa.StringArray, codes: Ints | None = None) -> None:
        self.values = values
        self.codes = codes

    @classmethod
    def constant(cls, value: str, length: int) -> Column:
        """A column with the same text in each of `length` rows."""
        return cls(text_array([value]), np.zeros(length, np.int32))

    @classmethod
    def of(cls, texts: Sequence[str]) -> Column:
        """A column from one text a row."""
        return cls(text_array(texts))

    @classmethod
    def from_arrow(cls, array: pa.Array | pa.ChunkedArray) -> Column:
        """A column from an Arrow array of text, plain or dictionary-typed; nulls become blank."""
        if isinstance(array, pa.ChunkedArray):
            array = whole(array)
        if pa.types.is_dictionary(array.type):
            values = array.dictionary.cast(pa.string())
            indices = array.indices
            if indices.null_count:
                blank = len(values)
                values = pa.concat_arrays([values, text_array([""])])
                indices = indices.fill_null(blank)
            return cls(values, indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False))
        return cls(array.cast(pa.string()).fill_null("") if array.null_count or array.type != pa.string() else array)

    @classmethod
    def from_series(cls, series: pd.Series[Any]) -> Column:
        """A column from a pandas one of text or of categories of text."""
        return cls.from_arrow(pa.Array.from_pandas(series))

    def __len__(self) -> int:
        return len(self.values) if self.codes is None else len(self.codes)

    def spread(self, per_value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """What holds for each value, for each row."""
        if self.codes is None:
            return per_value
        if per_value.dtype == bool and not per_value.any():  # so it is with most faults, and memory that is nothing but zeros costs nothing
            return np.zeros(len(self.codes), dtype=bool)
        return per_value.take(self.codes, mode="clip")  # codes are places of values; to prove it for each takes longer than to look it up

    def test(self, predicate: Callable[[pa.StringArray], Any]) -> Mask:
        """The rows whose value passes; `predicate` sees each different value once."""
        return self.spread(bools(predicate(self.values)))

    def map(self, function: Callable[[pa.StringArray], pa.StringArray]) -> Column:
        """The column with every value changed by `function`."""
        return Column(function(self.values), self.codes)

    def map_text(self, function: Callable[[str], str]) -> Column:
        """As `map`, one Python text at a time: for dear rules, after the cheap ones have left few values."""
        return self.map(lambda values: text_array([function(value) for value in values.to_pylist()]))

    def look_up(self, table: Mapping[str, str], default: str | None = None) -> Column:
        """Each value replaced by what `table` says; others by `default`, or left as they are."""
        return self.map_text(lambda value: table.get(value, value if default is None else default)) if len(table) else self

    @property
    def blank(self) -> Mask:
        """The rows that say nothing."""
        return self.test(lambda values: pc.equal(pc.binary_length(values), 0))

    def equals(self, value: str) -> Mask:
        """The rows that say exactly this."""
        return self.test(lambda values: pc.equal(values, value))

    def isin(self, wanted: Iterable[str]) -> Mask:
        """The rows whose value is one of these."""
        value_set = text_array(list(wanted))
        return self.test(lambda values: pc.is_in(values, value_set=value_set))

    def fullmatch(self, pattern: str) -> Mask:
        """The rows whose whole text matches an RE2 pattern (`$` alone would let a line break pass)."""
        return self.test(lambda values: pc.match_substring_regex(values, rf"\A(?:{pattern})\z"))

    def contains(self, pattern: str) -> Mask:
        """The rows whose text has a match of an RE2 pattern in it."""
        return self.test(lambda values: pc.match_substring_regex(values, pattern))

    def longer_than(self, length: int) -> Mask:
        """The rows with more signs than this."""
        return self.test(lambda values: pc.greater(pc.utf8_length(values), length))

    def text(self) -> pa.StringArray:
        """One text a row."""
        return self.values if self.codes is None else self.values.take(pa.array(self.codes))

    def at(self, row: int) -> str:
        """The text of one row."""
        return str(self.values[int(row) if self.codes is None else int(self.codes[row])])

    def take(self, rows: np.ndarray[Any, Any]) -> Column:
        """The column of some rows, in that order; a mask or positions."""
        if rows.dtype == bool and rows.all():
            return self
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        if self.codes is None:
            return Column(self.values.take(pa.array(positions)))
        return Column(self.values, self.codes[positions])

    def where(self, rows: Mask, other: Column | str) -> Column:
        """The column with the text of `other` in the rows of the mask."""
        if not rows.any():
            return self
        if isinstance(other, str):
            if self.codes is not None:
                codes = self.codes.copy()
                codes[rows] = len(self.values)
                return Column(pa.concat_arrays([self.values, text_array([other])]), codes)
            return Column(pc.if_else(pa.array(rows), other, self.values))
        if self.codes is None and other.codes is None:
            return Column(pc.if_else(pa.array(rows), other.values, self.values))
        mine = self.codes if self.codes is not None else np.arange(len(self.values))
        theirs = other.codes if other.codes is not None else np.arange(len(other.values))
        return Column(pa.concat_arrays([self.values, other.values]), np.where(rows, theirs + len(self.values), mine).astype(np.int32))

    def ids(self) -> Ints:
        """A small whole number for each row: the same for the same text, in order of first appearance of the value."""
        if self.codes is None or len(self.codes) >= len(self.values):
            encoded = self.values.dictionary_encode()
            per_value = encoded.indices.to_numpy(zero_copy_only=False)
            return self.spread(per_value)
        # Few rows of many: only what they hold is told apart.
        used, place = np.unique(self.codes, return_inverse=True)
        return Column(self.values.take(pa.array(used)), place).ids()

    def to_series(self) -> pd.Series[Any]:
        """The column for pandas: categories where values repeat, else plain text."""
        if self.codes is None:
            return pd.Series(self.values.to_pandas(), dtype="str")
        encoded = self.values.dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)[self.codes] if len(self.values) else self.codes
        return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(encoded.dictionary.to_pandas(), dtype="str")))

    @classmethod
    def concat(cls, columns: Sequence[Column]) -> Column:
        """The columns one below the other."""
        if len(columns) == 1:
            return columns[0]
        if all(column.codes is None for column in columns):
            values = pa.concat_arrays([column.values for column in columns])
            return cls.from_arrow(values.dictionary_encode() if repeats(values) else values)
        codes, start = [], 0
        for column in columns:
            own = column.codes if column.codes is not None else np.arange(len(column.values))
            codes.append(own + start)
            start += len(column.values)
        return cls(pa.concat_arrays([column.values for column in columns]), np.concatenate(codes).astype(np.int32))


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a small table one by one, for telling them; what stands in their columns is known to whoever made the table."""
    return iter(frame.itertuples())


def known(value: Any) -> bool:
    """Whether a value from a table is there at all."""
    return bool(pd.notna(value))
