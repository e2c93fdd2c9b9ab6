"""Mails in the making: queued with the change that makes them necessary, or gathered between two nights until one pass sends them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from batchport.store.database import run_many
from batchport.store.schema import mails, passes

#: What a look around between two nights is called among the passes.
LOOK = "look"
#: Passes between two nights: looks around, and those that send when a window opens.
_BETWEEN = (LOOK, "submit")
_INSERT = """
    insert into mails (pass_id, until_pass, kind, customer, recipient, state, attempts, created, next_try, trouble) values (?, ?, ?, ?, ?, ?, 0, ?, ?, '')
    on conflict (pass_id, kind, customer, recipient) do nothing
"""


def is_between(connection: Connection, pass_id: int) -> bool:
    """Whether a pass is one of those between two nights."""
    command: str = connection.execute(select(passes.c.command).where(passes.c.id == pass_id)).scalar_one()
    return command in _BETWEEN


def gather(connection: Connection, pass_id: int, kind: str, customer: str, recipients: Iterable[str], stamp: str) -> None:
    """Mails that tell of a pass and of those that follow it, up to one that releases them; what gathers already goes on."""
    for recipient in recipients:
        if not connection.execute(select(mails.c.id).where(*_gathering(kind, customer, recipient))).first():
            run_many(connection, _INSERT, [(pass_id, None, kind, customer, recipient, "gathering", stamp, stamp)])


def queue(connection: Connection, pass_id: int, kind: str, customer: str, recipients: Iterable[str], stamp: str) -> None:
    """Mails that tell of a pass, and of those before it whose news were gathered for the same recipient."""
    alone = []
    for recipient in recipients:
        released = mails.update().where(*_gathering(kind, customer, recipient)).values(state="waiting", until_pass=pass_id, next_try=stamp)
        if not connection.execute(released).rowcount:
            alone.append((pass_id, pass_id, kind, customer, recipient, "waiting", stamp, stamp))
    run_many(connection, _INSERT, alone)


def release(connection: Connection, pass_id: int, stamp: str) -> None:
    """Everything that gathers goes now, and tells of all passes up to this one."""
    connection.execute(mails.update().where(mails.c.state == "gathering").values(state="waiting", until_pass=pass_id, next_try=stamp))


def _gathering(kind: str, customer: str, recipient: str) -> tuple[Any, ...]:
    return mails.c.state == "gathering", mails.c.customer == customer, mails.c.kind == kind, mails.c.recipient == recipient


def first_about(connection: Connection, passes: list[int], customer: str, recipient: str) -> list[Any]:
    """The mails with which a recipient was told first of the sheets that came in some passes, oldest first."""
    told = mails.c.kind.in_(("received", "columns"))
    return list(connection.execute(select(mails).where(mails.c.pass_id.in_(passes), told, mails.c.customer == customer, mails.c.recipient == recipient).order_by(mails.c.id)))
