"""Notify: results written anew for files in which something changed, and mails sent.

What a mail says is worked out from the database when it goes, so it is true when it is read. Its Message-ID comes from its number alone: however often it
is tried, it stays the same mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from batchport.files import make_folder, write_whole
from batchport.mail import MailFacts
from batchport.mail.delivery import GIVE_UP_AFTER, Delivered, Delivery, FolderDelivery, Outcome, SmtpDelivery, retry_after
from batchport.mail.message import Address, Attachment, build, message_id
from batchport.pipeline.app import App
from batchport.pipeline.facts import Views, columns_facts, completed_facts, night_facts, overdue_facts, received_facts, update_facts
from batchport.pipeline.tally import PassTally
from batchport.pipeline.view import FileView
from batchport.progress import stepping
from batchport.store import look, outbox
from batchport.store.schema import files

_SENDER_NAME = "Port desk"
#: What a mail carries at most; the workbook lies in the results folder all the same.
_MOST_ATTACHED = 10 << 20


def notify(app: App, tally: PassTally, pass_id: int) -> None:  # noqa: ARG001  stages are called alike
    """Write the results that are due and send the mails that are due."""
    views = Views(app)
    _write_results(app, tally, views)
    with app.store.reading() as connection:
        waiting = outbox.due(connection, app.stamp)
    if waiting:
        asyncio.run(_send(app, tally, views, waiting))


def _write_results(app: App, tally: PassTally, views: Views) -> None:
    with app.store.reading() as connection:
        due = look.results_due(connection)
    for record in stepping(app.progress, "Writing results", due, "files"):
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


async def _send(app: App, tally: PassTally, views: Views, waiting: list[Any]) -> None:
    async with _delivery(app) as delivery:
        for record in stepping(app.progress, "Sending mails", waiting, "mails"):
            delivered = await _send_one(app, views, delivery, record)
            _note(app, tally, record, delivered)


async def _send_one(app: App, views: Views, delivery: Delivery, record: Any) -> Delivered | None:
    """Deliver a mail; None where it has nothing to tell any more, since what it is about has gone on and a later mail tells that."""
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
            message_id=message_id(domain, f"{record.kind}/{app.store.hash(f'mail {record.id}').hex()}"),
            date=datetime.fromisoformat(record.created),
            list_id=f"{record.customer or 'operator'}.ports.{domain}",
            attachments=attachments,
        )
    except ValueError as error:
        return Delivered(Outcome.REFUSED, str(error))
    return await delivery.deliver(message)


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


def _note(app: App, tally: PassTally, record: Any, delivered: Delivered | None) -> None:
    """T5: what became of a mail."""
    created = datetime.fromisoformat(record.created)
    with app.store.transaction() as connection:
        if delivered is None:
            outbox.settle_mail(connection, record.id, state="moot", trouble="")
        elif delivered.outcome is Outcome.SENT:
            outbox.settle_mail(connection, record.id, state="sent", sent=app.stamp, trouble="")
            tally.mails["sent"] += 1
        elif delivered.outcome is Outcome.AGAIN and app.now - created < GIVE_UP_AFTER:
            later = (app.now + retry_after(record.attempts + 1)).astimezone(created.tzinfo).isoformat(timespec="seconds")
            outbox.settle_mail(connection, record.id, next_try=later, trouble=delivered.detail)
        else:
            outbox.settle_mail(connection, record.id, state="failed", trouble=delivered.detail)
            tally.mails["failed"] += 1
            tally.trouble(f"a mail ({record.kind}) to {record.recipient} was given up: {delivered.detail}")
    tally.changed = True

