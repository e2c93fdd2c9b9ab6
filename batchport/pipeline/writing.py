"""A stored mail written out: what it tells, what goes with it, and the mails before it that it belongs to.

What a mail says is worked out from the database when it goes, so it is true when it is read. Its Message-ID comes from its number alone: however often it
is tried, it stays the same mail.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Connection

from batchport.mail import CustomerFacts, MailFacts
from batchport.mail.message import Address, Attachment, build
from batchport.pipeline.app import App
from batchport.pipeline.column_facts import columns_facts
from batchport.pipeline.facts import Views, alarm_facts, completed_facts, night_facts, overdue_facts, received_facts, update_facts
from batchport.pipeline.outgoing import message_id_of
from batchport.pipeline.view import FileView
from batchport.store import queued

_SENDER_NAME = "Port desk"
#: What a mail carries at most; what does not fit lies in the results folder all the same.
MOST_ATTACHED = 10 << 20
_TO_CUSTOMERS = {
    "received": received_facts, "columns": columns_facts, "update": update_facts, "completed": completed_facts, "overdue": overdue_facts,
}  # fmt: skip


def written(app: App, views: Views, record: Any) -> EmailMessage | None:
    """A mail ready to go; None where it has nothing to tell any more, since what it is about has gone on and a later mail tells that.

    Raises:
        ValueError: it cannot be addressed to its recipient.
    """
    with app.store.reading() as connection:
        facts, attachments, references = _told(app, views, connection, record)
    if facts is None:
        return None
    return build(
        composed=app.composer.compose(record.kind, facts, app.language(record.customer), record.customer),
        sender=Address(app.settings.operator.email, _SENDER_NAME),
        recipient=record.recipient,
        message_id=message_id_of(app, record),
        date=datetime.fromisoformat(record.created),
        list_id=f"{record.customer or 'operator'}.ports.{app.settings.operator.email.rpartition('@')[2]}",
        references=references,
        attachments=attachments,
    )


def _told(app: App, views: Views, connection: Connection, record: Any) -> tuple[MailFacts | None, list[Attachment], list[str]]:
    """What a mail tells, what goes with it, and the Message-IDs of the mails that began its story."""
    if record.kind == "night":
        return night_facts(app, connection, record), [], []
    if record.kind == "alarm":
        return alarm_facts(app, connection, record), [], []
    own = app.settings.customers.get(record.customer)
    contact = record.recipient if own is None or record.recipient != own.email else None
    facts, concerned = _TO_CUSTOMERS[record.kind](app, connection, views, record, contact)
    if facts is None:
        return None, [], []
    facts, attachments = _with_workbooks(facts, concerned, contact)
    return facts, attachments, _story(app, connection, record, concerned)


def _with_workbooks(facts: CustomerFacts, views: list[FileView], contact: str | None) -> tuple[CustomerFacts, list[Attachment]]:
    """The results workbooks that fit, and the facts with their names, and with the places of those that do not."""
    attachments: list[Attachment] = []
    kept: list[str] = []
    room = MOST_ATTACHED
    for view in views:
        data = view.workbook(None if contact is None else view.named_by(contact))
        if len(data) <= room:
            room -= len(data)
            attachments.append(Attachment(view.results_name, data))
        elif contact is None:
            kept.append(f"results/{view.record.customer}/{view.results_name}")
    return replace(facts, attached=tuple(one.name for one in attachments), kept=tuple(kept)), attachments


def _story(app: App, connection: Connection, record: Any, views: list[FileView]) -> list[str]:
    """The first mails to the same recipient about the same sheets: mail programs show those and all that follow as one conversation."""
    passes = sorted({int(view.record.pass_id) for view in views})
    return [message_id_of(app, first) for first in queued.first_about(connection, passes, record.customer, record.recipient) if first.id != record.id]
