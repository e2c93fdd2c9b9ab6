"""Further versions of sent orders: what a correction changes, what may be changed, and whom a rejection blames (contract, section 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from batchport.domain import normalise
from batchport.domain.checks.repeats import SAME_DATA
from batchport.domain.orders import AGREE, CLASSES
from batchport.domain.purged import as_kept
from batchport.domain.requests import Requests
from batchport.domain.table import Ints

#: Kinds of supplement.
CANCEL, NEW_DATE, CHANGE = "1", "2", "3"
#: What is to be done for a reason of this class is to ask for another date.
_DATE_ALONE = "DATE"
#: For one of this class nothing can be done.
_END = "NOPORT"


@dataclass(frozen=True, slots=True)
class Blame:
    """One reason for which a row was rejected.

    Attributes:
        class_: what is to be done.
        field: the field that is at fault; blank for none.
        own: whether it speaks of this row, not of what its order shares.
    """

    class_: str
    field: str
    own: bool

    @property
    def ends(self) -> bool:
        """Whether the row has come to its end with it."""
        return self.own and self.class_ == _END


def changed_fields(rows: Requests, earlier: Requests) -> list[tuple[str, ...]]:
    """For each row the fields in which it says otherwise than the earlier row beside it, in the order of the registry."""
    earlier = as_kept(rows, earlier)
    unlike = {name: np.array(rows[name].text().to_pylist(), dtype=object) != np.array(earlier[name].text().to_pylist(), dtype=object) for name in SAME_DATA}
    return [tuple(name for name, mask in unlike.items() if mask[at]) for at in range(len(rows))]


def shared_fields(number_class: str) -> tuple[str, ...]:
    """What the rows of an order of this class must agree on, so that it is corrected for all of them at once."""
    return AGREE[CLASSES.index(number_class)]


def disagreeing(rows: Requests, name: str, changed: Sequence[tuple[str, ...]]) -> tuple[int, Ints]:
    """Among rows of one order that correct a field: the first that says what most of them say, and those that say otherwise."""
    at = np.array([place for place, names in enumerate(changed) if name in names], np.int64)
    said = normalise.folded(rows[name].take(at)).ids()
    usual = int(np.bincount(said).argmax())
    return int(at[said == usual][0]), at[said != usual]


def still_blamed(blames: Collection[Blame], corrected: Collection[str]) -> bool:
    """Whether a rejected row has to be corrected itself before its order goes again; `corrected` are fields that were corrected for all of the order."""
    return any(blame.own and not (blame.field and blame.field in corrected) for blame in blames)


def rejected_for_date(blames: Iterable[Collection[Blame]]) -> bool:
    """Whether rejected rows were all rejected for their date alone."""
    return all(own and all(blame.class_ == _DATE_ALONE for blame in own) for own in blames)


def frozen(confirmed: Iterable[date], now: datetime, zone: ZoneInfo, hours: int) -> date | None:
    """The confirmed date, if any, that is so near that nothing may be changed any more; the day begins at midnight in the partner's time zone."""
    for day in sorted(confirmed):
        if now >= datetime.combine(day, time(), zone) - timedelta(hours=hours):
            return day
    return None
