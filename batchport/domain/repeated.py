"""Which values stand more than once, and which rows are alike. A table of all values tells that too, but it is the slowest way of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from batchport.domain.table import Column, Ints, Mask, signs

#: A text is told from others by so many bytes of its beginning, and by its length; those that are not told apart so are compared in full.
_BYTES = 32
_WORD = 8
#: So many texts at once fit the processor's cache.
_PIECE = 8192
#: Of so many combinations each is a number that fits.
_MOST = 1 << 62
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: What is kept of a word of which only the first 0, 1, ... 8 bytes are a text's own.
_OWN = np.array([(1 << 8 * bytes_) - 1 for bytes_ in range(_WORD + 1)], np.uint64)


def alike(parts: Iterable[Ints]) -> Ints:
    """A whole number for each row: the same for rows that have the same number in every part; in order of first appearance, from 0.

    Args:
        parts: at least one; a number a row each.
    """
    first, *others = parts
    found = _numbered(first)
    for part in others:
        low = int(part.min(initial=0))
        span = int(part.max(initial=0)) - low + 1
        if span == 1:
            continue
        if (int(found.max(initial=0)) + 1) * span <= _MOST:
            found = found * span + (part.astype(np.int64) - low)
        else:
            found = _numbered(found) * len(part) + _numbered(part)
    return _numbered(found)


def _numbered(values: Ints) -> Ints:
    """The values numbered in order of first appearance; like ones mostly stand together, and are looked at together."""
    begins = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
    numbers: Ints = np.repeat(pd.factorize(values[begins])[0], np.diff(np.append(begins, len(values))))
    return numbers


def repeated(numbers: np.ndarray[Any, Any]) -> Mask:
    """The places whose number stands at another place too."""
    ordered = np.sort(numbers)
    return among(numbers, ordered[1:][ordered[1:] == ordered[:-1]])


def among(numbers: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any]) -> Mask:
    """The places whose number is one of those wanted, of which there are few."""
    if not len(wanted):
        return np.zeros(len(numbers), dtype=bool)
    ordered = np.unique(wanted)
    found: Mask = ordered.take(np.searchsorted(ordered, numbers), mode="clip") == numbers
    return found


def repeated_texts(column: Column) -> Mask:
    """The rows whose text stands in another row too."""
    if column.codes is not None:
        ids = column.ids()
        return np.bincount(ids)[ids] > 1
    rows = repeated(_marks(column.values))
    at = np.flatnonzero(rows)
    if len(at):
        rows[at] = repeated(column.take(at).ids())
    return rows


def _marks(values: pa.StringArray) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """A number for each text: the same for the same text, and nearly always different ones for different texts."""
    buffers: list[Any] = values.buffers()
    edges = np.frombuffer(buffers[1], np.int32)[values.offset : values.offset + len(values) + 1]
    # Some bytes more, so that a word can begin at any byte.
    padded = np.append(signs(values), np.zeros(_BYTES + _WORD, np.uint8))
    words = np.ndarray(len(padded) - _WORD + 1, np.dtype("<u8"), padded.data, strides=(1,))
    marks = np.empty(len(values), np.uint64)
    for start in range(0, len(values), _PIECE):
        own = edges[start : start + _PIECE + 1]
        sizes = np.diff(own)
        some = sizes.astype(np.uint64)
        for first in range(0, min(int(sizes.max()), _BYTES), _WORD):
            word = words[own[:-1] - edges[0] + first] & _OWN.take(np.clip(sizes - first, 0, _WORD))
            some = (some ^ word) * _MIX
            some ^= some >> np.uint64(29)
        marks[start : start + _PIECE] = some
    return marks
