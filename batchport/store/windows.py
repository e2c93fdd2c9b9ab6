"""The ledger of the schedule: which job ran for which time that it was due at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from batchport.store.schema import windows

#: A window that is being worked on, or whose worker died; one that failed, and is tried again; one that was done.
RUNNING, FAILED, DONE = "running", "failed", "done"
#: A clock is not set back by more windows of a job than this.
_LATEST = 1000


def known_since(connection: Connection, job: str) -> set[str]:
    """The latest times that a job is known to have been due at."""
    return set(connection.execute(select(windows.c.due).where(windows.c.job == job).order_by(windows.c.due.desc()).limit(_LATEST)).scalars())


def undone(connection: Connection, job: str | None = None) -> list[Any]:
    """The windows of a job, or of all, that were begun and are not done."""
    which = windows.c.job == job if job is not None else windows.c.job.is_not(None)
    return list(connection.execute(select(windows).where(windows.c.state != DONE, which).order_by(windows.c.due)))


def begin(connection: Connection, job: str, dues: list[str], *, token: int, stamp: str) -> None:
    """Write down that windows are begun; once for each, since job and time are unique."""
    for due in dues:
        known = windows.update().where(windows.c.job == job, windows.c.due == due)
        again = connection.execute(known.values(state=RUNNING, token=token, attempts=windows.c.attempts + 1, started=stamp, trouble=""))
        if not again.rowcount:
            connection.execute(windows.insert().values(job=job, due=due, state=RUNNING, token=token, attempts=1, started=stamp, trouble=""))


def end(connection: Connection, job: str, dues: list[str], *, stamp: str, pass_id: int | None = None, trouble: str = "") -> None:
    """Write down that windows are done, with which pass; or what went wrong."""
    done = {"state": DONE, "finished": stamp, "pass_id": pass_id} if not trouble else {"state": FAILED, "trouble": trouble}
    connection.execute(windows.update().where(windows.c.job == job, windows.c.due.in_(dues)).values(done))
