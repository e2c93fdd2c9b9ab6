"""Units of work: what is at hand, what is tried again later, and what is parked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from batchport.store.database import insert_many
from batchport.store.schema import units


def _is(kind: str, key: str) -> Any:
    return (units.c.kind == kind) & (units.c.key == key)


def unit(connection: Connection, kind: str, key: str) -> Any:
    """A unit that is at hand or could not be done so far; None where there is none."""
    return connection.execute(select(units).where(_is(kind, key))).first()


def tried(connection: Connection, kind: str, keys: Sequence[str]) -> set[str]:
    """Those of some units of a kind that are at hand or could not be done so far."""
    return set(connection.execute(select(units.c.key).where(units.c.kind == kind, units.c.key.in_(keys))).scalars())


def claim_first(connection: Connection, kind: str, marks: Mapping[str, str], *, token: int, stamp: str) -> None:
    """Take units in hand that were never tried, known by key, with the mark of each."""
    columns = ("kind", "key", "mark", "token", "attempts", "since", "next_try", "parked", "trouble")
    insert_many(connection, units, columns, [(kind, key, mark, token, 1, stamp, stamp, False, "") for key, mark in marks.items()])


def forget(connection: Connection, kind: str, keys: Collection[str]) -> None:
    """Units are done, or were not tried after all."""
    connection.execute(units.delete().where(units.c.kind == kind, units.c.key.in_(keys)))


def claim(connection: Connection, kind: str, key: str, *, mark: str, token: int, stamp: str) -> int:
    """Take a unit in hand, and say which try this is; that counts before it is begun, so that a unit that kills its process is counted too."""
    before = unit(connection, kind, key)
    if before is not None and before.mark == mark:
        connection.execute(units.update().where(_is(kind, key)).values(token=token, attempts=before.attempts + 1))
        return int(before.attempts) + 1
    finish(connection, kind, key)
    connection.execute(units.insert().values(kind=kind, key=key, mark=mark, token=token, attempts=1, since=stamp, next_try=stamp, parked=False, trouble=""))
    return 1


def finish(connection: Connection, kind: str, key: str) -> None:
    """A unit is done."""
    forget(connection, kind, [key])


def give_back(connection: Connection, kind: str, key: str) -> None:
    """A unit was not tried after all."""
    connection.execute(units.update().where(_is(kind, key)).values(attempts=units.c.attempts - 1))
    connection.execute(units.delete().where(_is(kind, key), units.c.attempts < 1))


def put_off(connection: Connection, kind: str, key: str, *, trouble: str, next_try: str, parked: bool) -> None:
    """A unit could not be done: it is tried again at a time, or parked until somebody says so."""
    connection.execute(units.update().where(_is(kind, key)).values(trouble=trouble, next_try=next_try, parked=parked))


def undone(connection: Connection) -> list[Any]:
    """The units that could not be done so far, and those that a process has at hand."""
    return list(connection.execute(select(units).order_by(units.c.since, units.c.kind, units.c.key)))
