"""Leases: what one process at a time may do, until it lets go, or until nobody has heard of it for a while.

A lease is taken with a token that is higher than all before it. Whoever holds one renews it every few seconds and with each transaction, and each transaction
is refused when the token is not the newest any more (Lamport's and Kleppmann's fencing token): a process that slept through its lease, and wakes up in the
middle of its work, changes nothing. Leases go by the clock of the machine that the database is on, whatever the time to go by is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from batchport.store.schema import leases, work

#: Seconds that a lease lasts, and how often in that time it is renewed.
LENGTH, BEATS = 30.0, 3
#: What leases are for: passes and acts of operators, the schedule, and processes that help a pass (with their names behind it).
PASS, LEAD, HELPER = "pass", "lead", "helper"


class Busy(Exception):
    """Another process holds the lease."""


class Fenced(Busy):
    """Another process has taken the lease over."""


def standing(connection: Connection, name: str) -> Any:
    """The lease of a name as it stands: name, token, holder, until; None where it is free."""
    lease = connection.execute(select(leases).where(leases.c.name == name)).first()
    return lease if lease is not None and _stands(lease, _now(connection)) else None


def lease_of(connection: Connection, token: int) -> Any:
    """The lease with a token as it stands; None where it has run out or was given back."""
    lease = connection.execute(select(leases).where(leases.c.token == token)).first()
    return lease if lease is not None and _stands(lease, _now(connection)) else None


def _stands(lease: Any, now: float) -> bool:
    """One that ends later than any lease can was taken before the clock was set back, and is free as well."""
    return bool(0 < lease.until - now <= LENGTH)


def take(connection: Connection, name: str, holder: str, dead: Callable[[Any], bool]) -> int:
    """Take a lease, and say with which token.

    Args:
        connection: of a transaction that writes.
        name: what the lease is for.
        holder: who takes it, for people.
        dead: tells whether the holder of a lease is known not to live any more.

    Raises:
        Busy: another process holds it, or, of a pass, still has a unit of an earlier one at hand.
    """
    at_hand = leases.c.token.in_(select(work.c.lease).where(work.c.state == "taken"))
    in_the_way = select(leases).where((leases.c.name == name) | at_hand if name == PASS else leases.c.name == name)
    now = _now(connection)
    for lease in connection.execute(in_the_way).all():
        if _stands(lease, now) and not dead(lease):
            raise Busy(lease.holder)
    token = _next_token(connection)
    connection.execute(leases.delete().where(leases.c.name == name))
    connection.execute(leases.insert().values(name=name, token=token, holder=holder, until=now + LENGTH))
    return token


def _next_token(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(leases.c.token), 0) + 1)).scalar_one())


def _now(connection: Connection) -> float:
    """By the clock of the machine that the database is on: several machines have several."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.exec_driver_sql("select cast(extract(epoch from clock_timestamp()) as double precision)").scalar_one())


def keep(connection: Connection, tokens: Sequence[int]) -> None:
    """Renew leases.

    Raises:
        Fenced: one of them was taken over.
    """
    for token in tokens:
        # As plain SQL: there are two with every transaction.
        if connection.dialect.name == "sqlite":
            kept = connection.exec_driver_sql("update leases set until = ? where token = ?", (time.time() + LENGTH, token))
        else:
            kept = connection.exec_driver_sql("update leases set until = extract(epoch from clock_timestamp()) + ? where token = ?", (LENGTH, token))
        if not kept.rowcount:
            raise Fenced("another process has taken over what this one was doing, since nothing was heard of it for too long; it goes on there, and nothing more is done here")


def end_for_good(connection: Connection, token: int) -> None:
    """Let whoever holds the lease with a token write nothing under it any more. Its record stays, so that no token is given twice."""
    connection.execute(leases.update().where(leases.c.token == token).values(token=_next_token(connection), until=0.0))


def forget_helpers(connection: Connection) -> None:
    """Forget helpers that are gone; the newest token is kept, so that none is given twice."""
    gone = leases.c.name.startswith(HELPER, autoescape=True) & (leases.c.until < _now(connection))
    connection.execute(leases.delete().where(gone, leases.c.token < select(func.max(leases.c.token)).scalar_subquery()))


def let_go(connection: Connection, token: int) -> None:
    """Give a lease back; nothing happens where it was taken over."""
    connection.execute(leases.update().where(leases.c.token == token).values(until=0.0))


def end_all(connection: Connection) -> None:
    """No lease stands any more: for a database that was copied while one did. Their tokens stay behind those that are given next."""
    connection.execute(leases.update().values(until=0.0))
