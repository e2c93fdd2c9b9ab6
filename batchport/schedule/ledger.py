"""The ledger: whether a job has run for a time that it was due at. APScheduler is the alarm clock; what it forgot, slept through or rang twice is told by this.

A window is written down before its pass, with the token of the scheduler that leads, and is done in the very transaction that ends the pass. So one whose pass died is run
again, and no other one twice. What was due several times while nobody was at work is made up for by one pass, which stands beside each of these times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile

from sqlalchemy import Connection

from batchport.pipeline.app import App
from batchport.pipeline.run import PassDone, one_pass
from batchport.pipeline.units import MOST_TRIES, pause
from batchport.schedule.jobs import Job
from batchport.store import windows as stored
from batchport.store.acts import last_pass

#: So many times of a job are written down when it was not run for very long; the earlier ones are taken for done.
_MOST_MADE_UP = 100


def due(app: App, job: Job, since: datetime) -> list[str]:
    """The times that a job is to be run for now, as the ledger writes them; none where there is nothing to do.

    Args:
        app: the installation.
        job: what is due.
        since: when the scheduler began to lead: what was due before that counts only where there was a pass before.
    """
    if job.is_late(app):
        return []
    with app.store.reading() as connection:
        known = stored.known_since(connection, job.name)
        passed = last_pass(connection, job.made_by)
        undone = stored.undone(connection, job.name)
    # A clock that was ahead has left times behind that are still to come.
    began = max((moment for text in (passed, *known) if text is not None and (moment := datetime.fromisoformat(text)) <= app.now), default=since)
    fresh = [_stamp(moment) for moment in takewhile(lambda moment: moment <= app.now, job.trigger.after(began))][-_MOST_MADE_UP:]
    fresh = [text for text in fresh if text not in known]
    again = [window for window in undone if window.state == stored.RUNNING or _may_try(app, window.attempts, window.started)]
    return sorted({*fresh, *(window.due for window in undone)}) if fresh or again else []


def run(app: App, job: Job, dues: list[str]) -> PassDone:
    """Run a job for some times, once for all of them.

    Raises:
        Busy: another pass is at work, or another scheduler leads by now.
    """

    def done(connection: Connection, pass_id: int) -> None:
        stored.end(connection, job.name, dues, stamp=app.stamp, pass_id=pass_id)

    with app.store.transaction() as connection:
        stored.begin(connection, job.name, dues, token=app.store.held[0], stamp=app.stamp)
    return one_pass(app, job.command, job.stage, done)


def failed(app: App, job: Job, dues: list[str], trouble: str) -> None:
    """Write down that a job could not be run for some times; it is tried again later."""
    with app.store.transaction() as connection:
        stored.end(connection, job.name, dues, stamp=app.stamp, trouble=trouble)


def _may_try(app: App, attempts: int, started: str) -> bool:
    return attempts < MOST_TRIES and datetime.fromisoformat(started) + pause(attempts) <= app.now


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
