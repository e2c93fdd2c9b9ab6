"""Business days: which days they are, where, and on which a number can be moved at the earliest.

A carrier ports on its business days: Monday to Friday without the holidays of the country, in Canada those of the province too, and without the
partner's own. An order that is sent after the partner's cut-off, or on a day that is none, counts as sent on the next business day; the interval of
the kind of port is counted from there. Everything is reckoned for whole columns, each different place, partner and interval once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from batchport.domain.table import Ints, Mask

Days = np.ndarray[Any, np.dtype[np.datetime64]]
#: No date, in a column of dates.
NEVER = np.datetime64("NaT", "D")
#: The last day that may be asked for, in calendar days from today.
FURTHEST = 30


@dataclass(frozen=True)
class DaysOff:
    """Days that are no business days though they are not on a weekend.

    Attributes:
        names: what each day is.
    """

    names: Mapping[np.datetime64, str]

    @property
    def days(self) -> Days:
        """The days themselves."""
        return np.array(sorted(self.names), "datetime64[D]")

    def why(self, day: np.datetime64) -> str:
        """What makes a day no business day: the holiday, or the day of the week."""
        weekday = int(day.astype(np.int64) + 3) % 7  # day 0 was a Thursday
        return self.names.get(day) or ("Saturday" if weekday == 5 else "Sunday")


class Holidays:
    """The holidays of countries and provinces.

    Args:
        lines: country, province (blank: the whole country), date, name.
    """

    def __init__(self, lines: Iterable[Mapping[str, str]] = ()) -> None:
        self._names: dict[tuple[str, str], dict[np.datetime64, str]] = defaultdict(dict)
        for line in lines:
            self._names[line["country"], line["province"]][np.datetime64(line["date"], "D")] = line["name"]

    def of(self, country: str, province: str, own: Iterable[date] = ()) -> DaysOff:
        """The days off at a place, those of the whole country where the province is blank, and those that a carrier has of its `own`."""
        carriers = {np.datetime64(day, "D"): "a holiday of the carrier" for day in own}
        return DaysOff(carriers | self._names.get((country, ""), {}) | self._names.get((country, province), {}))


@dataclass(frozen=True)
class Place:
    """Where and by whom a number is moved, as far as days go.

    Attributes:
        off: its holidays.
        days: the calendar of its business days.
        today: the day on the partner's clock.
        sent: the business day that counts as the day of sending.
    """

    off: DaysOff
    days: np.busdaycalendar
    today: np.datetime64
    sent: np.datetime64

    @classmethod
    def at(cls, now: datetime, zone: ZoneInfo, cutoff: time, off: DaysOff) -> Place:
        """The place as it is at a moment: `now` with a time zone, `cutoff` the time of day in `zone` after which the next business day counts."""
        local = now.astimezone(zone)
        days = np.busdaycalendar(holidays=off.days)
        today = np.datetime64(local.date(), "D")
        late = bool(np.is_busday(today, busdaycal=days)) and local.time() > cutoff
        return cls(off, days, today, np.busday_offset(today, int(late), roll="forward", busdaycal=days))

    def earliest(self, interval: int) -> np.datetime64:
        """The first day that can be met, some business days after the day of sending."""
        return np.busday_offset(self.sent, interval, busdaycal=self.days)

    @property
    def last(self) -> np.datetime64:
        """The last day that may be asked for."""
        return self.today + np.timedelta64(FURTHEST, "D")


@dataclass(frozen=True)
class Wishes:
    """Dates held against the calendar, a row each; NaT where nothing was asked for.

    Attributes:
        past: before today.
        idle: not on a business day.
        soon: before the earliest day that can be met.
        far: more than `FURTHEST` days away.
        better: the next day that can be; NaT where there is none, or it is not known which.
    """

    past: Mask
    idle: Mask
    soon: Mask
    far: Mask
    better: Days


@dataclass(frozen=True)
class Dated:
    """The dates of some rows, and what is to be said of them.

    Attributes:
        wished: the date of each row, NaT for none.
        place: for each row which of the `places` it is in.
        places: what there is.
        wishes: what is to be said.
    """

    wished: Days
    place: Ints
    places: list[Place]
    wishes: Wishes

    def day_off(self, row: int) -> str:
        """What makes the date of a row no business day."""
        return self.places[int(self.place[row])].off.why(self.wished[row])


def judge(wished: Days, interval: Ints, place: Ints, places: list[Place]) -> Dated:
    """Dates held against the calendar.

    Args:
        wished: the date of each row, NaT for none.
        interval: the business days that each row takes; -1 where that is not known.
        place: for each row which of the `places` it is.
        places: what there is.
    """
    past, idle, soon, far = (np.zeros(len(wished), dtype=bool) for _ in range(4))
    better = np.full(len(wished), NEVER)
    asked = ~np.isnat(wished)
    for number in np.unique(place[asked]).tolist():
        here = places[number]
        at = np.flatnonzero(asked & (place == number))
        day = wished[at]
        steps, which = np.unique(interval[at], return_inverse=True)
        earliest = np.array([NEVER if step < 0 else here.earliest(step) for step in steps.tolist()], "datetime64[D]")[which]
        past[at], far[at] = day < here.today, day > here.last
        idle[at] = ~np.is_busday(day, busdaycal=here.days)
        soon[at] = day < earliest  # never where it is not known
        latest = np.busday_offset(here.last, 0, roll="backward", busdaycal=here.days)
        within = np.minimum(np.busday_offset(np.fmax(day, earliest), 0, roll="forward", busdaycal=here.days), latest)
        better[at] = np.where(np.isnat(earliest) | (within < earliest), NEVER, within)
    return Dated(wished, place, places, Wishes(past, idle, soon, far, better))
