"""What operators do by hand and the record of it, and when passes were made."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from batchport.store.schema import acts, exceptions, orders, passes


def record_act(
    connection: Connection, *, at: str, who: str, what: str, why: str, about: str = "", order_id: int | None = None, exception_id: int | None = None, submission_id: int | None = None
) -> None:
    """Write down who did what, when and why; `about` names what it was done to, where that is no order, exception line or submission."""
    numbers = {"order_id": order_id, "exception_id": exception_id, "submission_id": submission_id}
    connection.execute(acts.insert().values(at=at, who=who, what=what, why=why, about=about, **numbers))


def last_pass(connection: Connection, commands: Collection[str]) -> str | None:
    """When the last pass of some commands was started; where there was none yet, the first pass of all; None before any."""
    last = connection.execute(select(func.max(passes.c.started)).where(passes.c.command.in_(list(commands)))).scalar()
    return last or connection.execute(select(func.min(passes.c.started))).scalar()


def summaries_since_the_night(connection: Connection) -> list[str]:
    """What is noted of the passes since the last whole one."""
    night = select(func.coalesce(func.max(passes.c.id), 0)).where(passes.c.command == "run").scalar_subquery()
    return list(connection.execute(select(passes.c.summary).where(passes.c.id > night, passes.c.summary != "")).scalars())


def release_order(connection: Connection, number: int) -> None:
    """From now on the order goes without its rejected rows."""
    connection.execute(orders.update().where(orders.c.id == number).values(released=True))


def hold_order(connection: Connection, number: int, *, on: bool) -> None:
    """From now on an operator holds the order, or does not any more."""
    connection.execute(orders.update().where(orders.c.id == number).values(on_hold=on))


def redate_order(connection: Connection, number: int, day: str) -> None:
    """From now on an order that was not sent asks for this date, whatever its rows say."""
    connection.execute(orders.update().where(orders.c.id == number).values(redated=day, requested_date=day))


def resolve_exception(connection: Connection, number: int, *, at: str, who: str, why: str) -> bool:
    """Close an open exception line; False where there is none of this number."""
    changed = connection.execute(exceptions.update().where(exceptions.c.id == number, exceptions.c.resolved.is_(None)).values(resolved=at, resolved_by=who, why=why))
    return bool(changed.rowcount)
