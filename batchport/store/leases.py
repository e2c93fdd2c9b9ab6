"""Leases: what one process at a time may do, until it lets go, or until nobody has heard of it for a while.

A lease is taken with a token that is higher than all before it. Whoever holds one renews it every few seconds and with each transaction, and each transaction
is refused when the token is not the newest any more (Lamport's and Kleppmann's fencing token): a process that slept through its lease, and wakes up in the
middle of its work, changes nothing. Leases go by the machine's clock, whatever the time to go by is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from batchport.store.schema import leases

#: Seconds that a lease lasts, and how often in that time it is renewed.
LENGTH, BEATS = 30.0, 3


class Busy(Exception):
    """Another process holds the lease."""


class Fenced(Busy):
    """Another process has taken the lease over."""


def standing(connection: Connection, name: str) -> Any:
    """The lease of a name as it stands: token, holder, until; None where it is free.

    One that ends later than any lease can was taken before the clock was set back, and is free as well.
    """
    lease = connection.execute(select(leases).where(leases.c.name == name)).first()
    return lease if lease is not None and 0 < lease.until - time.time() <= LENGTH else None


def take(connection: Connection, name: str, holder: str, dead: Callable[[int], bool]) -> int:
    """Take a lease, and say with which token.

    Args:
        connection: of a transaction that writes.
        name: what the lease is for.
        holder: who takes it, for people.
        dead: tells whether the holder of a token is known not to live any more.

    Raises:
        Busy: another process holds it.
    """
    lease = standing(connection, name)
    if lease is not None and not dead(lease.token):
        raise Busy(lease.holder)
    token = int(connection.execute(select(func.coalesce(func.max(leases.c.token), 0) + 1)).scalar_one())
    connection.execute(leases.delete().where(leases.c.name == name))
    connection.execute(leases.insert().values(name=name, token=token, holder=holder, until=time.time() + LENGTH))
    return token


def keep(connection: Connection, tokens: Sequence[int]) -> None:
    """Renew leases.

    Raises:
        Fenced: one of them was taken over.
    """
    for token in tokens:
        # As plain SQL: there are two with every transaction.
        kept = connection.exec_driver_sql("update leases set until = ? where token = ?", (time.time() + LENGTH, token))
        if not kept.rowcount:
            raise Fenced("another process has taken over what this one was doing, since nothing was heard of it for too long; it goes on there, and nothing more is done here")


def let_go(connection: Connection, token: int) -> None:
    """Give a lease back; nothing happens where it was taken over."""
    connection.execute(leases.update().where(leases.c.token == token).values(until=0.0))


def end_all(connection: Connection) -> None:
    """No lease stands any more: for a database that was copied while one did. Their tokens stay behind those that are given next."""
    connection.execute(leases.update().values(until=0.0))
