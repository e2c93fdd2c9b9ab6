"""What is done and the record of it in the journal, and when passes were made."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from batchport.store.journal import append
from batchport.store.schema import exceptions, orders, passes


def record_act(
    connection: Connection,
    *,
    at: str,
    who: str,
    what: str,
    why: str = "",
    about: str = "",
    source: str = "",
    pass_id: int | None = None,
    file_id: int | None = None,
    order_id: int | None = None,
    submission_id: int | None = None,
    response_id: int | None = None,
    exception_id: int | None = None,
) -> None:
    """Write into the journal who did what, when and why, in the transaction that does it; ids, names and counts, and never what a row says.

    Args:
        connection: of the transaction.
        at: when.
        who: the system's user.
        what: the act in a word or two, a command where it is one.
        why: the operator's reason; "" for what the program does by itself.
        about: what it was done to or led to, where the numbers below do not say it.
        source: the file that it came from (`journal.source_of`).
        pass_id: the pass in which it was done.
        file_id: what it was done to: a file of a customer,
        order_id: an order.
        submission_id: a submission.
        response_id: a response file.
        exception_id: an exception line.
    """
    record = {
        "at": at, "who": who, "what": what, "why": why, "about": about, "source": source, "pass_id": pass_id, "file_id": file_id, "order_id": order_id,
        "submission_id": submission_id, "response_id": response_id, "exception_id": exception_id,
    }  # fmt: skip
    append(connection, record)


def last_pass(connection: Connection, commands: Collection[str]) -> str | None:
    """When the last pass of some commands began that came to its end; where there was none yet, the first pass of all; None before any."""
    last = connection.execute(select(func.max(passes.c.started)).where(passes.c.command.in_(list(commands)), passes.c.finished.is_not(None))).scalar()
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
