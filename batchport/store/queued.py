"""Mails in the making: queued with the change that makes them necessary, or gathered between two nights until one pass sends them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from batchport.store.database import next_id, run_many
from batchport.store.schema import mails, passes

#: What a look around between two nights is called among the passes.
LOOK = "look"
#: Passes between two nights: looks around, and those that send when a window opens.
_BETWEEN = (LOOK, "submit")
_INSERT = """
    insert into mails (id, pass_id, until_pass, kind, customer, recipient, state, attempts, created, next_try, trouble)
    values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, '')
    on conflict (pass_id, kind, customer, recipient) do nothing
"""


def is_between(connection: Connection, pass_id: int) -> bool:
    """Whether a pass is one of those between two nights."""
    command: str = connection.execute(select(passes.c.command).where(passes.c.id == pass_id)).scalar_one()
    return command in _BETWEEN


def gather(connection: Connection, pass_id: int, kind: str, customer: str, recipients: Iterable[str], stamp: str) -> None:
    """Mails that tell of a pass and of those that follow it, up to one that releases them; what gathers already goes on."""
    there = _gathering(connection, kind, customer)
    _insert(connection, [(pass_id, None, kind, customer, recipient, "gathering", stamp, stamp) for recipient in recipients if recipient not in there])


def queue(connection: Connection, pass_id: int, kind: str, customer: str, recipients: Iterable[str], stamp: str) -> None:
    """Mails that tell of a pass, and of those before it whose news were gathered for the same recipient."""
    there, wanted = _gathering(connection, kind, customer), list(recipients)
    numbers = [there[recipient] for recipient in wanted if recipient in there]
    run_many(connection, "update mails set state = 'waiting', until_pass = ?, next_try = ? where id = ?", [(pass_id, stamp, number) for number in numbers])
    _insert(connection, [(pass_id, pass_id, kind, customer, recipient, "waiting", stamp, stamp) for recipient in wanted if recipient not in there])


def _insert(connection: Connection, values: list[tuple[Any, ...]]) -> None:
    # A mail that is there already leaves its number unused.
    first = next_id(connection, mails) if values else 0
    run_many(connection, _INSERT, [(number, *each) for number, each in enumerate(values, first)])


def release(connection: Connection, pass_id: int, stamp: str) -> None:
    """Everything that gathers goes now, and tells of all passes up to this one."""
    connection.execute(mails.update().where(mails.c.state == "gathering").values(state="waiting", until_pass=pass_id, next_try=stamp))


def _gathering(connection: Connection, kind: str, customer: str) -> dict[str, int]:
    """Recipient -> the mail that gathers for it."""
    found = connection.execute(select(mails.c.recipient, mails.c.id).where(mails.c.state == "gathering", mails.c.customer == customer, mails.c.kind == kind))
    return {recipient: number for recipient, number in found}  # noqa: C416  a result is no sequence of pairs


def first_about(connection: Connection, passes: list[int], customer: str, recipient: str) -> list[Any]:
    """The mails with which a recipient was told first of the sheets that came in some passes, oldest first."""
    told = mails.c.kind.in_(("received", "columns"))
    return list(connection.execute(select(mails).where(mails.c.pass_id.in_(passes), told, mails.c.customer == customer, mails.c.recipient == recipient).order_by(mails.c.id)))
