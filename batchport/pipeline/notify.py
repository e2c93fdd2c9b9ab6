"""Notify: results written anew for files in which something changed, and mails sent.

What a mail says is worked out from the database when it goes, so it is true when it is read. Its Message-ID comes from its number alone: however often it
is tried, it stays the same mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from batchport.files import make_folder, write_whole
from batchport.mail import MailFacts
from batchport.mail.delivery import Delivery, FolderDelivery, SmtpDelivery
from batchport.mail.message import Address, Attachment, Packed, build, pack
from batchport.pipeline.app import App
from batchport.pipeline.bounces import read_bounces
from batchport.pipeline.facts import Views, columns_facts, completed_facts, night_facts, overdue_facts, received_facts, update_facts
from batchport.pipeline.outgoing import Unsendable, message_id_of, send_waiting
from batchport.pipeline.tally import PassTally
from batchport.pipeline.view import FileView
from batchport.store import look
from batchport.store.schema import files

_SENDER_NAME = "Port desk"
#: What a mail carries at most; the workbook lies in the results folder all the same.
_MOST_ATTACHED = 10 << 20


def notify(app: App, tally: PassTally, pass_id: int) -> None:
    """Read the delivery reports that came, write the results that are due, and send the mails that are due."""
    read_bounces(app, tally)
    views = Views(app)
    _write_results(app, tally, views)
    send_waiting(app, tally, pass_id, lambda: _delivery(app), lambda record: _made(app, views, record))


def _write_results(app: App, tally: PassTally, views: Views) -> None:
    with app.store.reading() as connection:
        due = look.results_due(connection)
    for record in due:
        with app.store.reading() as connection:
            view = views.of(connection, record.id)
        folder = make_folder(app.settings.folder("results", record.customer))
        write_whole(folder / view.results_name, view.workbook())
        if view.is_text:
            write_whole((folder / view.results_name).with_suffix(".csv"), view.csv())
        with app.store.transaction() as connection:
            connection.execute(files.update().where(files.c.id == record.id).values(results_due=False))
        tally.results.append(f"results/{record.customer}/{view.results_name}")
        tally.changed = True


def _delivery(app: App) -> Delivery:
    smtp = app.settings.smtp
    if smtp is None:
        return FolderDelivery(make_folder(app.settings.folder("mail")))
    password = None
    if smtp.password is not None:
        password = smtp.password.read(app.settings.home).get_secret_value
    return SmtpDelivery(smtp.host, smtp.port, smtp.tls, smtp.username, password, smtp.timeout)


def _made(app: App, views: Views, record: Any) -> Packed | None:
    """A mail; None where it has nothing to tell any more, since what it is about has gone on and a later mail tells that."""
    domain = app.settings.operator.email.rpartition("@")[2]
    with app.store.reading() as connection:
        facts, attachments = _facts(app, views, connection, record)
    if facts is None:
        return None
    try:
        message = build(
            composed=app.composer.compose(record.kind, facts),
            sender=Address(app.settings.operator.email, _SENDER_NAME),
            recipient=record.recipient,
            message_id=message_id_of(app, record),
            date=datetime.fromisoformat(record.created),
            list_id=f"{record.customer or 'operator'}.ports.{domain}",
            attachments=attachments,
        )
    except ValueError as error:
        raise Unsendable(str(error)) from None
    return pack(message)


def _facts(app: App, views: Views, connection: Connection, record: Any) -> tuple[MailFacts | None, list[Attachment]]:
    """What a mail tells, and what goes with it; None where there is nothing left to tell."""
    if record.kind == "night":
        return night_facts(app, connection, record), []
    own = app.settings.customers.get(record.customer)
    contact = record.recipient if own is None or record.recipient != own.email else None
    make = {"received": received_facts, "columns": columns_facts, "update": update_facts, "completed": completed_facts, "overdue": overdue_facts}[record.kind]
    facts, concerned = make(app, connection, views, record, contact)
    return facts, list(_attached(concerned, contact))


def _attached(views: list[FileView], contact: str | None) -> Iterator[Attachment]:
    """The results workbooks that fit."""
    room = _MOST_ATTACHED
    for view in views:
        data = view.workbook(None if contact is None else view.named_by(contact))
        if len(data) <= room:
            room -= len(data)
            yield Attachment(view.results_name, data)
