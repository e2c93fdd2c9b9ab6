"""The date on which the number shall move: a date, and one that the partner can meet.

One finding a row: the first that fits, in the order in which the checks stand here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np

from batchport.domain.calendar import Dated, Place, judge
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Said
from batchport.domain.dates import ambiguous, days
from batchport.domain.fields import ACCOUNT_TYPES, NUMBER_TYPES
from batchport.domain.findings import SEPARATOR
from batchport.domain.table import Column, Ints, Mask, bools

CHECKS = check = Registry()

#: Kinds of port that differ in the business days they take, and how many that is.
INTERVALS = {"single_line": 1, "multi_line": 4, "wireless": 1, "toll_free": 2}
CANADA = 2
_KINDS = tuple(INTERVALS)
_UNKNOWN = -1


@check("date-invalid", "requested_date")
def no_date(rows: Prepared) -> Mask:
    """Rows whose date could not be read, in any way."""
    return _unread(rows) & ~ambiguous(rows["requested_date"])


@check("date-ambiguous", "requested_date")
def two_dates(rows: Prepared) -> Mask:
    """Rows whose date could be read in two ways, with nothing to say which is meant."""
    return _unread(rows) & ambiguous(rows["requested_date"])


def _unread(rows: Prepared) -> Mask:
    date = rows["requested_date"]
    return bools(~date.blank & np.isnat(days(date)))


@check("date-past", "requested_date")
def gone_by(rows: Prepared) -> Said:
    """Rows whose date is before today on the partner's clock."""
    dated = rows.dated = held_against_calendar(rows)
    return _said(rows, dated.wishes.past if dated else None)


@check("date-not-business-day", "requested_date")
def day_off(rows: Prepared) -> Said:
    """Rows whose date is on a weekend or a holiday, where the number is or at the partner."""
    dated = rows.dated
    return _said(rows, dated.wishes.idle if dated else None, dated.day_off if dated else None)


@check("date-too-soon", "requested_date")
def sooner_than_can_be(rows: Prepared) -> Said:
    """Rows whose date is before the first one that the partner can meet."""
    return _said(rows, rows.dated.wishes.soon if rows.dated else None)


@check("date-too-far", "requested_date")
def later_than_can_be(rows: Prepared) -> Said:
    """Rows whose date is further away than a partner takes."""
    return _said(rows, rows.dated.wishes.far if rows.dated else None)


def _said(rows: Prepared, mask: Mask | None, why: Callable[[int], str] | None = None) -> Said:
    """A finding of the calendar with its details: the date, the next one that can be, and why."""
    if mask is None or rows.dated is None or not mask.any():
        return Said(np.zeros(len(rows), dtype=bool))
    dated, at = rows.dated, np.flatnonzero(mask)
    # Rows of one place and date have the same to be said of them.
    keys = np.rec.fromarrays([dated.place[at], dated.wished[at].astype(np.int64)])
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    texts = np.array([SEPARATOR.join((str(dated.wished[row]), *((why(row),) if why else ()))) for row in at[first].tolist()], dtype=object)
    better = np.datetime_as_string(dated.wishes.better[at]).astype(object)
    better[np.isnat(dated.wishes.better[at])] = None
    return Said(mask, texts[which].tolist(), better.tolist())


def held_against_calendar(rows: Prepared) -> Dated | None:
    """The rows' dates held against the calendar; None where there are none, or no time to go by."""
    if rows.terms.now is None or rows["requested_date"].blank.all():
        return None
    place, places = _places(rows, rows.terms.now)
    return judge(days(rows["requested_date"]), intervals(rows), place, places)


def intervals(rows: Prepared) -> Ints:
    """The business days that each row takes at least; -1 where its kind cannot be told."""
    kind = _kind(rows)
    usual = np.array([*INTERVALS.values(), _UNKNOWN])[kind]
    carrier = rows["losing_carrier"]
    own = carrier.spread(np.array([rows.known.min_days.get(name, 0) for name in carrier.values.to_pylist()], np.int64))
    asked = np.array([[rows.terms.asks(name).soonest.get(key, 0) for key in _KINDS] + [0] for name in rows.partner.values.to_pylist()], np.int64)
    partner = rows.partner.codes if rows.partner.codes is not None else np.arange(len(rows))
    least = np.maximum.reduce([usual, np.where(rows.toll_free, 0, own), np.where(rows["country"].equals("CA"), CANADA, 0), asked[partner, kind]])
    return np.where(kind == len(_KINDS), _UNKNOWN, least)


def _kind(rows: Prepared) -> Ints:
    """The place of each row's kind in `INTERVALS`; one more than the last where it cannot be told."""
    kind = np.full(len(rows), len(_KINDS))
    said = rows["number_type"].isin(NUMBER_TYPES) & ~rows.failed("number_type")
    account = rows["account_type"].isin(ACCOUNT_TYPES)
    for name, which in (
        ("single_line", rows.local & said & account & rows.single),
        ("multi_line", rows.local & said & account & rows.multi),
        ("wireless", rows.wireless & said),
        ("toll_free", rows.toll_free),
    ):
        kind[which] = _KINDS.index(name)
    # Of a number that is none, only the row's own word for it would say whether it is toll-free.
    kind[(rows.tn < 0) & rows["number_type"].equals("business_toll_free")] = _KINDS.index("toll_free")
    return kind


def _places(rows: Prepared, now: datetime) -> tuple[Ints, list[Place]]:
    """For each row where and by whom it is moved, as far as days go, and what there is of that."""
    canadian, state, partner = rows["country"].equals("CA"), rows["state"], rows.partner
    # Only a province has holidays of its own.
    province = state.where(~canadian, "") if canadian.any() else Column.constant("", len(rows))
    provinces, partners = province.ids().astype(np.int64), partner.ids()
    keys = (provinces * (int(partners.max(initial=0)) + 1) + partners) * 2 + canadian
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    found = []
    for at in first.tolist():
        asks = rows.terms.asks(partner.at(at))
        found.append(Place.at(now, asks.timezone, asks.cutoff, rows.known.holidays.of("CA" if canadian[at] else "US", province.at(at), asks.holidays)))
    return which, found
