"""The rows behind the lines of a submission, packed: years of them take little room."""

from __future__ import annotations

import zlib

import numpy as np

from batchport.domain.table import Ints


def packed(orders: Ints, rows: Ints) -> bytes:
    """Two numbers a line, its order and its row, as bytes; they mostly grow by little from line to line."""
    return zlib.compress(np.diff(np.stack([orders, rows]).astype("<i8"), axis=1, prepend=0).tobytes(), 1)


def unpacked(data: bytes) -> tuple[Ints, Ints]:
    """The orders and the rows of the lines."""
    orders, rows = np.frombuffer(zlib.decompress(data), "<i8").reshape(2, -1).cumsum(axis=1)
    return orders, rows
