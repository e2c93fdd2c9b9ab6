"""Notify: delivery reports read, results written anew for files in which something changed, and mails sent."""

from __future__ import annotations

from typing import Any

from batchport.files import make_folder, write_whole
from batchport.mail.delivery import Delivery, FolderDelivery, SmtpDelivery
from batchport.mail.message import Packed, pack
from batchport.pipeline import broker
from batchport.pipeline.app import App
from batchport.pipeline.bounces import read_bounces
from batchport.pipeline.facts import Views
from batchport.pipeline.mails import retell
from batchport.pipeline.outgoing import Unsendable, free_left_behind, send_waiting
from batchport.pipeline.spread import spread
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import contain, forget_all_but
from batchport.pipeline.writing import written
from batchport.progress import stepping
from batchport.store import look, queued
from batchport.store.schema import files
from batchport.store.work import Unit

#: So many mails are worth a share of their own.
_SHARE = 20


def notify(app: App, tally: PassTally, pass_id: int) -> None:
    """Read the delivery reports that came, write the results that are due, and send the mails that are due.

    What was gathered goes with a pass that is not between two nights.
    """
    contain(tally, "reading the delivery reports", lambda: read_bounces(app, tally))
    with app.store.transaction() as connection:
        if not queued.is_between(connection, pass_id):
            queued.release(connection, pass_id, app.stamp)
    views = Views(app)
    write_results(app, tally, pass_id, views)
    _send_together(app, tally, pass_id, views)
    send_waiting(app, tally, pass_id, lambda: delivery(app), lambda record: _made(app, views, record))


def write_results(app: App, tally: PassTally, pass_id: int, views: Views) -> None:
    """Write the results of every file in which something changed since they were written last; where one fails, the operator's mail of that night tells it."""
    with app.store.reading() as connection:
        due = look.results_due(connection)
    forget_all_but(app, "results", {_key(record) for record in due})
    records, before = {_key(record): record for record in due}, len(tally.troubles)
    steps = iter(stepping(app.progress, "Writing results", due, "files"))

    def write(unit: Unit, tally: PassTally) -> None:
        next(steps, None)
        _write_result(app, tally, views, records[unit.key])

    spread(app, tally, pass_id, [Unit("results", key) for key in records], write)
    if len(tally.troubles) > before:
        with app.store.transaction() as connection:
            retell(connection, pass_id, tally)


def write_named(app: App, tally: PassTally, key: str) -> None:
    """Write the results of a file, known by its key, where they are due still."""
    with app.store.reading() as connection:
        record = look.file_record(connection, int(key.rpartition("(")[2].rstrip(")")))
    if record.results_due:
        _write_result(app, tally, Views(app), record)


def _send_together(app: App, tally: PassTally, pass_id: int, views: Views) -> None:
    """Send the mails that are due together with the helpers that there are; what the operator is told of the pass waits until the rest has gone."""
    helpers = broker.helpers(app)
    shares = min(helpers + 1, free_left_behind(app) // _SHARE) if helpers else 0
    if shares < 2:
        return
    before = len(tally.troubles)
    units = [Unit("mails", f"{number} of {shares}") for number in range(1, shares + 1)]
    spread(app, tally, pass_id, units, lambda unit, tally: send_named(app, tally, pass_id, unit.key, views))
    if len(tally.troubles) > before:
        with app.store.transaction() as connection:
            retell(connection, pass_id, tally)


def send_named(app: App, tally: PassTally, pass_id: int, key: str, views: Views) -> None:
    """Send a share of the mails that are due, known by its key."""
    send_waiting(app, tally, pass_id, lambda: delivery(app), lambda record: _made(app, views, record), shares=int(key.rpartition(" ")[2]))


def _key(record: Any) -> str:
    return f"{record.customer}/{record.name} ({record.id})"


def _write_result(app: App, tally: PassTally, views: Views, record: Any) -> None:
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


def delivery(app: App) -> Delivery:
    """The way that mails take."""
    smtp = app.settings.smtp
    if smtp is None:
        return FolderDelivery(make_folder(app.settings.folder("mail")))
    password = None
    if smtp.password is not None:
        password = smtp.password.read(app.settings.home).get_secret_value
    return SmtpDelivery(smtp.host, smtp.port, smtp.tls, smtp.username, password, smtp.timeout)


def _made(app: App, views: Views, record: Any) -> Packed | None:
    """A mail as it travels; None where it has nothing to tell any more."""
    try:
        message = written(app, views, record)
    except ValueError as error:
        raise Unsendable(str(error)) from None
    return None if message is None else pack(message)
