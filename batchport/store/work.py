"""Units of work of the pass that is at work, shared by all processes that help it.

    waiting ──▶ taken ──▶ done        or `back`: not for a helper, the pass does it itself
       ▲          │
       └──────────┘  its process was not heard of any more, or one before it has to be done again

A unit is taken only under the lease of its pass, and by a process that holds a lease of its own; the pass cannot be followed by another one while such a lease
stands (`store.leases.take`). A process whose lease has run out loses it for good before its unit is given to somebody else, so that what it still writes is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from batchport.store.database import insert_many, next_id
from batchport.store.leases import end_for_good, lease_of
from batchport.store.schema import work

WAITING, TAKEN, DONE, BACK = "waiting", "taken", "done", "back"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of work.

    Attributes:
        kind, key: what it is, and which.
        mark: what it is known by; where that has changed, earlier tries do not count.
        line: units of a line are done in their order; None: of none.
        alone: beside it no other unit of its line is at hand.
        small: it may be done as one with small ones of its line that come next to it.
        priority: the lowest go first.
    """

    kind: str
    key: str
    mark: str = ""
    line: bytes | None = None
    alone: bool = False
    small: bool = False
    priority: int = 0


#: So many units are done as one at most.
TOGETHER = 50


def parcels(units: Sequence[Any]) -> Iterator[list[Any]]:
    """Units in their order, those together that are done as one."""
    parcel: list[Any] = []
    for unit in units:
        if parcel and not (unit.small and parcel[-1].small and unit.line == parcel[-1].line and len(parcel) < TOGETHER):
            yield parcel
            parcel = []
        parcel.append(unit)
    if parcel:
        yield parcel


def put(connection: Connection, pass_id: int, token: int, units: Sequence[Unit]) -> list[int]:
    """Write units down for whoever takes them; their numbers."""
    first = next_id(connection, work)
    columns = ("id", "pass_id", "token", "kind", "key", "mark", "line", "alone", "small", "priority", "state", "told")
    numbers = list(range(first, first + len(units)))
    insert_many(
        connection, work, columns,
        [(number, pass_id, token, unit.kind, unit.key, unit.mark, unit.line, unit.alone, unit.small, unit.priority, WAITING, "") for number, unit in zip(numbers, units, strict=True)],
    )  # fmt: skip
    return numbers


def take(connection: Connection, lease: int, kinds: Collection[str], pass_token: int | None = None) -> list[Any]:
    """Take the unit whose turn it is, and those that are done as one with it: id, pass_id, token, kind, key, mark, line; none where none can be taken.

    Args:
        connection: of a transaction that writes.
        lease: the token under which it is done.
        kinds: of units that are wanted.
        pass_token: of the lease of the pass, by the pass itself; else that lease has to stand.
    """
    earlier, ahead = work.alias("earlier"), work.alias("ahead")
    in_the_way = (earlier.c.state == WAITING) | ((earlier.c.state == TAKEN) & (earlier.c.alone | ahead.c.alone))
    before = (earlier.c.line == ahead.c.line) & (earlier.c.id < ahead.c.id) & in_the_way
    free = (ahead.c.state == WAITING) & ahead.c.kind.in_(list(kinds)) & ~select(earlier.c.id).where(before).exists()
    unit = connection.execute(select(ahead).where(free).order_by(ahead.c.priority, ahead.c.id).limit(1).with_for_update(skip_locked=True)).first()
    if unit is None or (unit.token != pass_token and lease_of(connection, unit.token) is None):
        return []
    # The next of its line wait too, since they come after it; whether one may be taken depends on it alone.
    line = select(work).where(work.c.line == unit.line, work.c.id >= unit.id, work.c.state == WAITING).order_by(work.c.id).limit(TOGETHER)
    taken = next(parcels(connection.execute(line.with_for_update()).all())) if unit.small else [unit]
    connection.execute(work.update().where(work.c.id.in_([each.id for each in taken])).values(state=TAKEN, lease=lease))
    return taken


def ahead_of(connection: Connection, unit: Any) -> set[str]:
    """The states of those units of its line that come before one and are not dealt with."""
    before = select(work.c.state).where(work.c.line == unit.line, work.c.id < unit.id, work.c.state.in_((WAITING, TAKEN)))
    return set(connection.execute(before.distinct()).scalars()) if unit.line is not None else set()


def settle(connection: Connection, lease: int, states: Mapping[int, str], told: str = "") -> None:
    """Write down what became of units, and what is told of all of them, with the first; of those that somebody else has by now nothing is changed."""
    for number, state in states.items():
        own = work.update().where(work.c.id == number, work.c.state == TAKEN, work.c.lease == lease)
        if connection.execute(own.values(state=state, told=told, lease=None)).rowcount:
            told = ""


def take_back(connection: Connection, dead: Callable[[Any], bool]) -> int:
    """Let units wait again whose processes are gone, and end these processes' leases for good; how many there were.

    Args:
        connection: of a transaction that writes.
        dead: tells whether the holder of a lease is known not to live any more; else it counts as gone when its lease has run out.
    """
    at_hand = connection.execute(select(work.c.lease).where(work.c.state == TAKEN).distinct()).scalars().all()
    gone = [token for token in at_hand if (lease := lease_of(connection, token)) is None or dead(lease)]
    for token in gone:
        end_for_good(connection, token)
    return connection.execute(work.update().where(work.c.state == TAKEN, work.c.lease.in_(gone)).values(state=WAITING, lease=None)).rowcount if gone else 0


def undone(connection: Connection) -> int:
    """How many units wait, or are at hand."""
    return int(connection.execute(select(func.count()).where(work.c.state.in_((WAITING, TAKEN)))).scalar_one())


def dealt_with(connection: Connection) -> list[Any]:
    """The units that were dealt with, in their order: id, state, told."""
    return list(connection.execute(select(work.c.id, work.c.state, work.c.told).where(work.c.state.in_((DONE, BACK))).order_by(work.c.id)))


def clear(connection: Connection) -> None:
    """Forget all units: the pass that they were of has dealt with them, or is dead."""
    connection.execute(work.delete())
