"""Mails to send, stored with the change that caused them; what they say is worked out when they go.

What partners say comes in dribs and drabs, all day long. Passes between two nights therefore *gather*: a mail about answers waits for the night, and tells
of all passes since its own. A customer that asks for it (`alert`) is told at once of what only the customer can put right, such as a rejection.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from batchport.domain.fields import CONTACT
from batchport.domain.requests import Requests
from batchport.domain.table import Mask
from batchport.pipeline.app import App
from batchport.pipeline.tally import PassTally
from batchport.store import queued
from batchport.store.schema import passes

#: Mails that can wait for the night; a sheet that was dropped is always answered at once.
_CAN_WAIT = frozenset(("update", "completed", "overdue"))


def queue_mails(app: App, connection: Connection, pass_id: int, kind: str, customer: str, contacts: Iterable[str], *, needs_them: bool = False) -> None:
    """One mail for the customer and one for each contact, of this kind, in this pass; asked for twice, it stays one.

    Args:
        app: the installation.
        connection: of the transaction that makes the mails necessary.
        pass_id: the pass that they tell of.
        kind: of mail.
        customer: whose rows they are about.
        contacts: who besides the customer's own address is told of rows that name them.
        needs_them: whether it tells of something that only they can put right.
    """
    own = app.customer(customer)
    recipients = list(dict.fromkeys([own.email, *(contact for contact in contacts if contact.casefold() != own.email.casefold())]))
    gathers = kind in _CAN_WAIT and queued.is_between(connection, pass_id) and not (needs_them and own.alert)
    queue = queued.gather if gathers else queued.queue
    queue(connection, pass_id, kind, customer, recipients, app.stamp)


def queue_for_operator(app: App, connection: Connection, pass_id: int, kind: str) -> None:
    """The operator's mail about a pass."""
    queued.queue(connection, pass_id, kind, "", [app.settings.operator.email], app.stamp)


def retell(connection: Connection, pass_id: int, tally: PassTally) -> None:
    """Let the operator's mail about a night that was stored already tell what went wrong since."""
    told = passes.update().where(passes.c.id == pass_id, passes.c.command == "run", passes.c.summary != "")
    connection.execute(told.values(summary=tally.to_json()))


def contacts_of(requests: Requests, usable: Mask | None = None) -> list[str]:
    """The addresses that rows name and that mail can be sent to, each once."""
    column = requests["contact_email"]
    good = ~column.blank & column.fullmatch(CONTACT)
    if usable is not None:
        good &= usable
    return sorted(set(column.take(good).text().unique().to_pylist()))
