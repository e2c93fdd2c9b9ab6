"""Response lines and the rows they speak of, found as tables.

A line finds its order by PON, or by its number among the partner's open orders where it has no PON; then its rows: its own, or every row of that version
for a line that names no number. What finds nothing gets the reason for which it is an exception line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.applying import ANSWERS
from batchport.domain.lifecycle import PARTNER_MOVES, Answer
from batchport.domain.table import Ints, Mask

_FOC = ANSWERS.index(Answer.FOC)
_OPEN = sorted(PARTNER_MOVES[Answer.COMPLETE])
#: More than any telephone number: makes one number of an order and a telephone number.
_NUMBERS = 10_000_000_000


class Why(IntEnum):
    """Why a line is an exception line; its label is what the database holds."""

    NOTHING = 0
    UNKNOWN_ORDER = 1
    OTHER_PARTNER = 2
    TN_NOT_IN_ORDER = 3
    NEWER_VERSION = 4
    UNKNOWN_STATUS = 5
    FOC_WITHOUT_DATE = 6
    MOVE_FORBIDDEN = 7
    OLDER_LINE_AGAIN = 8

    @property
    def label(self) -> str:
        """The reason as it is stored and shown."""
        return self.name.lower().replace("_", "-")


#: What a line speaks of may still turn up: it was not known that its submission had arrived, or its number stood in two open orders.
TRIED_AGAIN = (Why.UNKNOWN_ORDER, Why.NEWER_VERSION)


@dataclass(frozen=True)
class Book:
    """The rows that lines may speak of, with what is looked up in them.

    Attributes:
        rows: row_id, order_id, file_id, tn, state, ver, foc, answer_id, answered, was, was_foc, settled; whole numbers, 0 for none. One row for each number of an order.
        orders: order_id, partner, order_ver (the newest version), sup (of that).
        order: for each row the place of its order.
        row_of: finds the place of a row by its order's place and its number.
    """

    rows: pd.DataFrame
    orders: pd.DataFrame
    order: Ints
    row_of: pd.Index[Any]

    @classmethod
    def of(cls, rows: pd.DataFrame, orders: pd.DataFrame) -> Book:
        """Rows and their orders; of several rows for one number of an order the last, which stands for those that it replaced."""
        order = pd.Index(orders.order_id.to_numpy(np.int64)).get_indexer(pd.Index(rows.order_id.to_numpy(np.int64))).astype(np.int64)
        row_of: pd.Index[Any] = pd.Index(order * _NUMBERS + rows.tn.to_numpy(np.int64))
        if row_of.is_unique:
            return cls(rows, orders, order, row_of)
        kept = ~row_of.duplicated(keep="last")
        return cls(rows[kept].reset_index(drop=True), orders, order[kept], row_of[kept])

    def of_orders(self, name: str) -> np.ndarray[Any, Any]:
        """A column of the orders, for each row."""
        return self.orders[name].to_numpy()[self.order]

    @cached_property
    def newest(self) -> Mask:
        """The rows that are in the newest version of their order."""
        found: Mask = self.rows.ver.to_numpy() == self.of_orders("order_ver")
        return found

    @cached_property
    def order_of(self) -> pd.Index[Any]:
        """Finds the place of an order among the orders."""
        found: pd.Index[Any] = pd.Index(self.orders.order_id.to_numpy(np.int64))
        return found

    @cached_property
    def by_order(self) -> tuple[Ints, Ints]:
        """The places of rows, order by order, and where each order begins among them (one more at the end)."""
        return np.argsort(self.order, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(self.order, minlength=len(self.orders)))])

    def open_order(self, partner: str, numbers: Ints) -> Ints:
        """For each number the place of the one open order of this partner that has it; -1 where there is none, or are several."""
        mine = np.flatnonzero((self.of_orders("partner") == partner) & np.isin(self.rows.state.to_numpy(), _OPEN))
        tn = self.rows.tn.to_numpy(np.int64)[mine]
        once = ~pd.Series(tn).duplicated(keep=False).to_numpy()
        at = pd.Index(tn[once]).get_indexer(pd.Index(numbers))
        return np.where(at >= 0, np.append(self.order[mine[once]], -1)[at], -1)


def matched(lines: pd.DataFrame, book: Book, partner: str) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int8]]]:
    """The lines with what each speaks of, and why those are exception lines that speak of nothing.

    Args:
        lines: line, order_id (0: no PON given, -1: one that is none of ours), ver (0: the newest), tn (blank: the whole order), status, code, text, foc_date, moment
            (as `moments` gives it).
        book: the rows that they may speak of.
        partner: whose lines they are.

    Returns:
        The lines with order_id (0 for none), given (the version as it was given), ver, newest (whether that is the order's newest version), number (0: the whole
        order), answer (-1: none that is known), foc; and for each its reason.
    """
    whole = (lines.tn == "").to_numpy()
    number = np.where(whole, 0, _numbers(lines.tn))
    answer = _coded(lines.status)
    why = np.zeros(len(lines), np.int8)
    why[answer < 0] = Why.UNKNOWN_STATUS
    order = book.order_of.get_indexer(pd.Index(lines.order_id.to_numpy(np.int64)))
    nameless = (lines.order_id == 0).to_numpy()
    if nameless.any():
        order[nameless] = book.open_order(partner, number[nameless])
    _give(why, order < 0, Why.UNKNOWN_ORDER)
    # One more place than there are orders: the last, which -1 finds, is for none.
    _give(why, ~np.append((book.orders.partner == partner).to_numpy(), True)[order], Why.OTHER_PARTNER)
    present = np.append(book.orders.order_ver.to_numpy(np.int64), 0)[order]
    ver = np.where(lines.ver == 0, present, lines.ver)
    _give(why, (ver > present) | (ver < 1), Why.NEWER_VERSION)
    newest = ver == present
    foc = _days(lines.foc_date)
    # A cancellation that is confirmed needs no date.
    calls_off = np.append((book.orders.sup == "1").to_numpy(), False)[order]
    _give(why, (answer == _FOC) & (foc == 0) & ~(calls_off & newest), Why.FOC_WITHOUT_DATE)
    order_id = np.append(book.orders.order_id.to_numpy(np.int64), 0)[order]
    return lines.assign(order=order, order_id=order_id, given=lines.ver, ver=ver, newest=newest, number=number, answer=answer, foc=foc), why


def pairs(lines: pd.DataFrame, why: np.ndarray[tuple[int], np.dtype[np.int8]], book: Book) -> tuple[Ints, Ints]:
    """Every row that each line speaks of, as places of lines and of rows; lines that turn out to speak of none get their reason.

    A row's own line goes before one for its whole order, of the same version and in the same file.
    """
    good = why == Why.NOTHING
    single = np.flatnonzero(good & (lines.tn != "").to_numpy())
    row = book.row_of.get_indexer(pd.Index(lines.order.to_numpy(np.int64)[single] * _NUMBERS + lines.number.to_numpy(np.int64)[single]))
    why[single[row < 0]] = Why.TN_NOT_IN_ORDER
    single, row = single[row >= 0], row[row >= 0].astype(np.int64)
    whole = np.flatnonzero(good & (lines.tn == "").to_numpy())
    if not len(whole):
        return single, row
    spread, of_rows = _spread(lines, whole, book)
    why[whole[~np.isin(whole, spread)]] = Why.MOVE_FORBIDDEN
    kept = ~_with_own_line(lines, (single, row), (spread, of_rows))
    return np.concatenate([single, spread[kept]]), np.concatenate([row, of_rows[kept]])


def _spread(lines: pd.DataFrame, whole: Ints, book: Book) -> tuple[Ints, Ints]:
    """Lines for whole orders, with every row of their version."""
    places, starts = book.by_order
    order = lines.order.to_numpy(np.int64)[whole]
    count = starts[order + 1] - starts[order]
    line = np.repeat(whole, count)
    row = places[np.repeat(starts[order] - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())]
    of_version = book.rows.ver.to_numpy(np.int64)[row] >= lines.ver.to_numpy(np.int64)[line]
    return line[of_version], row[of_version]


def _with_own_line(lines: pd.DataFrame, single: tuple[Ints, Ints], whole: tuple[Ints, Ints]) -> Mask:
    """Those of the lines for whole orders whose row has a line of its own of that version in the same file."""
    file, ver = lines.arrived.to_numpy(np.int64), lines.ver.to_numpy(np.int64)
    own, theirs = (pd.MultiIndex.from_arrays([row, ver[line], file[line]]) for line, row in (single, whole))
    return np.asarray(theirs.isin(own))


def moments(column: pd.Series) -> Ints:
    """Microseconds since 1970, at least 1, for moments in UTC; 0 for blanks."""
    texts = pa.Array.from_pandas(column, type=pa.string())
    blank = pc.equal(pc.binary_length(texts), 0)
    if pc.all(blank).as_py() in (True, None):
        return np.zeros(len(column), np.int64)
    stamps = pc.cast(pc.if_else(blank, None, texts), pa.timestamp("us", "UTC")).cast(pa.int64())
    found: Ints = np.maximum(pc.fill_null(stamps, 0).to_numpy(zero_copy_only=False), np.where(blank.to_numpy(zero_copy_only=False), 0, 1))
    return found


def moment_texts(moments: pd.Series[int]) -> pd.Series[str]:
    """Such moments as text: UTC to the microsecond, blank for none."""
    texts = pd.to_datetime(moments, unit="us", utc=True).dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return texts.where(moments > 0, "")


def contents(lines: pd.DataFrame) -> Ints:
    """For each line a number that stands for what it says but for its time; the same for the same."""
    found = lines.ver.to_numpy(np.int64)
    for name in ("status", "code", "text", "foc_date"):
        codes, values = pd.factorize(lines[name])
        if len(values) > 1:
            found = pd.factorize(found * len(values) + codes)[0]
    return found


def _give(why: np.ndarray[tuple[int], np.dtype[np.int8]], mask: Mask, reason: Why) -> None:
    why[mask & (why == Why.NOTHING)] = reason


def _numbers(column: pd.Series) -> Ints:
    texts = pa.Array.from_pandas(column, type=pa.string())
    ten = pc.match_substring_regex(texts, r"\A[0-9]{10}\z")
    found: Ints = pc.cast(pc.if_else(ten, texts, "0"), pa.int64()).to_numpy(zero_copy_only=False)
    return found


def _coded(column: pd.Series) -> Ints:
    codes, values = pd.factorize(column)
    known = {answer.value: place for place, answer in enumerate(ANSWERS)}
    return np.array([known.get(value, -1) for value in values] or [-1], np.int64)[codes]


def _days(column: pd.Series) -> Ints:
    codes, values = pd.factorize(column)
    return np.array([int(value.replace("-", "") or 0) for value in values] or [0], np.int64)[codes]
