"""Mails to send, stored with the change that caused them; what they say is worked out when they go."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from batchport.domain.checks.lines import CONTACT
from batchport.domain.requests import Requests
from batchport.domain.table import Mask
from batchport.pipeline.app import App
from batchport.store.database import run_many

_INSERT = """
    insert into mails (pass_id, until_pass, kind, customer, recipient, state, attempts, created, next_try, trouble)
    values (?, ?, ?, ?, ?, 'waiting', 0, ?, ?, '')
    on conflict (pass_id, kind, customer, recipient) do nothing
"""


def queue_mails(app: App, connection: Connection, pass_id: int, kind: str, customer: str, contacts: Iterable[str]) -> None:
    """One mail for the customer and one for each contact, of this kind, in this pass; asked for twice, it stays one."""
    own = app.customer(customer).email
    recipients = dict.fromkeys([own, *(contact for contact in contacts if contact.casefold() != own.casefold())])
    run_many(connection, _INSERT, [(pass_id, pass_id, kind, customer, recipient, app.stamp, app.stamp) for recipient in recipients])


def queue_night(app: App, connection: Connection, pass_id: int) -> None:
    """The operator's mail about a pass."""
    run_many(connection, _INSERT, [(pass_id, pass_id, "night", "", app.settings.operator.email, app.stamp, app.stamp)])


def contacts_of(requests: Requests, usable: Mask | None = None) -> list[str]:
    """The addresses that rows name and that mail can be sent to, each once."""
    column = requests["contact_email"]
    good = ~column.blank & column.fullmatch(CONTACT)
    if usable is not None:
        good &= usable
    return sorted(set(column.take(good).text().unique().to_pylist()))
