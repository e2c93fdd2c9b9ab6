"""The journal as it is shown, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np

from batchport.pipeline.app import App
from batchport.store import journal
from batchport.store.acts import record_act

#: How many records are shown from one look into the database.
_TOGETHER = 1000
#: What to do about a journal that is not whole.
_FIX = (
    "Nobody who goes through batchport can do that, so somebody, or a failing disk, has changed the database itself. Keep a copy of it, "
    "find out who could write it, and hold the newest backup of which `batchport audit verify` says that it is unbroken against it."
)


def record_look(app: App, what: str, source: str = "", order: int | None = None) -> None:
    """Write down that a user was shown what is kept sealed."""
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what=what, source=source, order_id=order)


def journal_lines(app: App, *, since: date | None, who: str | None) -> Iterator[dict[str, Any]]:
    """The records, the oldest first: id, at, who, what, why, about, source, pass, file, pon, submission, response, exception, hash.

    Passes, files, submissions, responses and exception lines are told by their numbers in the database; what does not apply is null.
    """
    with app.store.reading() as connection:
        for some in journal.records_since(connection, app.stamp_of(since) if since else "", who, _TOGETHER):
            numbers = [one.order_id for one in some if one.order_id is not None]
            pons = dict(zip(numbers, app.store.pons.give(np.array(numbers, np.int64)), strict=True))
            yield from (_line(one, pons.get(one.order_id)) for one in some)


def _line(record: Any, pon: str | None) -> dict[str, Any]:
    return {
        "id": record.id, "at": record.at, "who": record.who, "what": record.what, "why": record.why or None, "about": record.about or None, "source": record.source or None,
        "pass": record.pass_id, "file": record.file_id, "pon": pon, "submission": record.submission_id, "response": record.response_id, "exception": record.exception_id,
        "hash": record.hash.hex() if record.hash else None,
    }  # fmt: skip


def verified(app: App) -> dict[str, Any]:
    """Whether the journal is whole: unbroken, records (as they were written), head (the hash of the last of these), trouble and fix (null where it is)."""
    with app.store.reading() as connection:
        found = journal.verify(connection)
    return {"unbroken": not found.trouble, "records": found.records, "head": found.head, "trouble": found.trouble or None, "fix": _FIX if found.trouble else None}
