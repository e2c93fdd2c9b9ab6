"""What falls due: an answer that a partner owes, a confirmed date that passes, an order that a partner cancels by itself.

A partner is given its own number of business days, counted from the day on which something was last heard, or the order sent; the cut-off moves that day as it
does the dates that can be asked for. A confirmed date is kept when the completion is told on that day. What a partner cancels by itself after so many days is
warned of some days before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from batchport.domain.calendar import Days, DaysOff
from batchport.domain.lifecycle import State
from batchport.domain.table import Ints


class Due(Enum):
    """What falls due."""

    ANSWER = "answer"
    COMPLETION = "completion"
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a partner is waited for, and how long it waits itself.

    Attributes:
        answer: business days in which it is to be heard of.
        unconfirmed: calendar days after which it cancels an order by itself that it has not confirmed; None where it does not.
        rejected: the same for one that it has rejected and heard nothing more of.
        warn: how many days before that somebody is told.
        timezone: of its day.
        cutoff: the time of day after which the next business day counts.
    """

    answer: int
    unconfirmed: int | None
    rejected: int | None
    warn: int
    timezone: ZoneInfo
    cutoff: time


#: Who waits for an answer, and of these who has an order that is not confirmed.
_UNCONFIRMED = [int(state) for state in (State.SUBMITTED, State.ACKNOWLEDGED, State.DELAYED)]
_AWAITED = [*_UNCONFIRMED, int(State.CANCEL_PENDING)]
COLUMNS = ("row_id", "order_id", "what", "due", "passed", "near")


def deadlines(rows: pd.DataFrame, patience: Mapping[str, Patience], off: Mapping[tuple[str, str], DaysOff], now: datetime) -> pd.DataFrame:
    """What falls due of some rows that were sent and have not ended.

    Args:
        rows: row_id, order_id, state, partner, country, foc (yyyymmdd, 0 for none), sent (of the present version), heard (when something was last heard, or it was sent) and
            since (when it came into its state), these in seconds since 1970.
        patience: by partner.
        off: by partner and country the days that are no business days; rows of others are left out.
        now: the time to go by, with a time zone.

    Returns:
        row_id, order_id, what (a `Due`'s value), due (a day), passed (whether that day is gone by), near (whether somebody is to be told by now).
    """
    found = []
    for (partner, country), calendar in off.items():
        some = rows[(rows.partner == partner) & (rows.country == country)]
        if len(some) and partner in patience:
            found.append(_of(some, patience[partner], np.busdaycalendar(holidays=calendar.days), now))
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in zip(COLUMNS, ("int64", "int64", "str", "datetime64[s]", "bool", "bool"), strict=True)})
    return pd.concat(found, ignore_index=True) if found else empty


def _of(rows: pd.DataFrame, terms: Patience, calendar: np.busdaycalendar, now: datetime) -> pd.DataFrame:
    today = np.datetime64(now.astimezone(terms.timezone).date(), "D")
    awaited = rows[rows.state.isin(_AWAITED)]
    confirmed = rows[(rows.state == int(State.CONFIRMED)) & (rows.foc > 0)]
    parts = [_due(awaited, Due.ANSWER, _after(awaited.heard, terms, calendar), today, 0), _due(confirmed, Due.COMPLETION, _days(confirmed.foc), today, 0)]
    for states, since, days in ((_UNCONFIRMED, "sent", terms.unconfirmed), ([int(State.CARRIER_REJECTED)], "since", terms.rejected)):
        if days is not None:
            some = rows[rows.state.isin(states)]
            parts.append(_due(some, Due.LAPSE, _local(some[since], terms)[0] + np.timedelta64(days, "D"), today, terms.warn))
    return pd.concat(parts, ignore_index=True)


def _due(rows: pd.DataFrame, what: Due, due: Days, today: np.datetime64, warn: int) -> pd.DataFrame:
    passed = due < today
    return pd.DataFrame({
        "row_id": rows.row_id.to_numpy(np.int64), "order_id": rows.order_id.to_numpy(np.int64), "what": what.value, "due": due.astype("datetime64[s]"), "passed": passed,
        "near": due - np.timedelta64(warn, "D") <= today if what is Due.LAPSE else passed,
    })  # fmt: skip


def _after(heard: pd.Series[int], terms: Patience, calendar: np.busdaycalendar) -> Days:
    """The last day on which an answer is in time."""
    day, seconds = _local(heard, terms)
    cutoff = terms.cutoff.hour * 3600 + terms.cutoff.minute * 60 + terms.cutoff.second
    late = np.is_busday(day, busdaycal=calendar) & (seconds > cutoff)
    begins = np.busday_offset(day, late.astype(int), roll="forward", busdaycal=calendar)
    return np.busday_offset(begins, terms.answer, busdaycal=calendar)


def _local(moments: pd.Series[int], terms: Patience) -> tuple[Days, Ints]:
    """The partner's day, and the second of it, of moments."""
    local = pd.to_datetime(moments, unit="s", utc=True).dt.tz_convert(terms.timezone).dt.tz_localize(None).to_numpy("datetime64[s]")
    day = local.astype("datetime64[D]")
    return day, (local - day).astype(np.int64)


def _days(foc: pd.Series[int]) -> Days:
    number = foc.to_numpy(np.int64)
    months = (number // 10000 - 1970) * 12 + number // 100 % 100 - 1
    found: Days = months.astype("datetime64[M]").astype("datetime64[D]") + (number % 100 - 1).astype("timedelta64[D]")
    return found
