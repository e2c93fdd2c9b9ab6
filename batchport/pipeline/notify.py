"""Notify: results written anew for files in which something changed, and mails sent."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from batchport.files import make_folder, write_whole
from batchport.mail.delivery import GIVE_UP_AFTER, Delivered, Delivery, FolderDelivery, Outcome, SmtpDelivery, retry_after
from batchport.pipeline.app import App
from batchport.pipeline.facts import Views
from batchport.pipeline.tally import PassTally
from batchport.pipeline.writing import written
from batchport.progress import stepping
from batchport.store import look, outbox
from batchport.store.schema import files


def notify(app: App, tally: PassTally, pass_id: int) -> None:
    """Write the results that are due and send the mails that are due; what was gathered goes with a pass that is not between two nights."""
    with app.store.transaction() as connection:
        if not outbox.is_between(connection, pass_id):
            outbox.release(connection, pass_id, app.stamp)
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
    """Deliver a mail; None where it has nothing to tell any more."""
    try:
        message = written(app, views, record)
    except ValueError as error:
        return Delivered(Outcome.REFUSED, str(error))
    return None if message is None else await delivery.deliver(message)


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

