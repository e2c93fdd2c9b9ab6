"""A home that was put back from a backup: what it must not forget, though it cannot know it.

Numbers were given after the copy was made, and the names of orders, rows and mails are made from them; none may be given again. So the copy inside a backup is
marked, and whoever opens it first leaves a wide gap: numbers go on where they would be if more had been given in every second since the copy than ever can be. A
copy that is put back twice is so taken further the second time. Submission files are counted by partner without gaps, and the partner may have seen some that the
copy does not know: `next_sequence` goes on after what was found out about that.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Connection, select

from batchport.store.schema import mails, meta, orders, rows, submissions

#: What marks a copy that nobody has opened yet, and a database that was one.
COPIED, _RESTORED = "copied", "restored"
#: More numbers than are given in a second, and what the first second counts for.
_A_SECOND, _AT_LEAST = 1 << 16, 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What is known of a database that was put back.

    Attributes:
        copied: when the copy was made, in seconds since 1970 by that machine's clock.
        opened: when it was first opened.
        told: whether a pass has told the operator.
        floors: table -> the least number that its next record gets.
        submissions: the newest submission that the copy had.
        sequences: partner -> the least number of its next submission file, where somebody has said so.
    """

    copied: int
    opened: int
    told: bool = False
    floors: dict[str, int] = field(default_factory=dict)
    submissions: int = 0
    sequences: dict[str, int] = field(default_factory=dict)


def mark_of_copy(seconds: int) -> tuple[str, bytes]:
    """Name and value of the record in `meta` that marks a copy."""
    return COPIED, str(seconds).encode()


def copied_at(connection: Connection) -> int | None:
    """When the copy was made that this database is, where nobody has opened it yet."""
    value = connection.execute(select(meta.c.value).where(meta.c.name == COPIED)).scalar()
    return None if value is None else int(value)


def restored(connection: Connection) -> Restored | None:
    """What is known of a database that was put back; None for one that was not."""
    value = connection.execute(select(meta.c.value).where(meta.c.name == _RESTORED)).scalar()
    return None if value is None else Restored(**json.loads(value))


def leave_gap(connection: Connection, seconds: int) -> None:
    """Turn a copy that is opened for the first time into a database that was put back; others stay as they are. `seconds` is the time by the machine's clock."""
    copied = copied_at(connection)
    if copied is None:
        return
    earlier = restored(connection)
    gap = _AT_LEAST + max(0, seconds - copied) * _A_SECOND
    newest = {table.name: _newest(connection, table.name) for table in (orders, rows, mails)}
    floors = {name: max(number, earlier.floors[name] if earlier else 0) + gap for name, number in newest.items()}
    sequences = earlier.sequences if earlier else {}
    keep(connection, Restored(copied, seconds, floors=floors, submissions=_newest(connection, submissions.name), sequences=sequences))
    connection.execute(meta.delete().where(meta.c.name == COPIED))


def keep(connection: Connection, known: Restored) -> None:
    """Write down what is known now."""
    connection.execute(meta.delete().where(meta.c.name == _RESTORED))
    connection.execute(meta.insert().values(name=_RESTORED, value=json.dumps(asdict(known)).encode()))


def go_on_at(connection: Connection, partner: str, number: int) -> None:
    """From now on a partner's next submission file gets at least this number."""
    known = restored(connection)
    assert known is not None  # noqa: S101  nobody asks otherwise
    keep(connection, replace(known, sequences=known.sequences | {partner: number}))


def in_doubt(connection: Connection, partner: str) -> bool:
    """Whether a partner may have files that this database does not know: it was put back, nothing was made for that partner since, and nobody has said their number."""
    known = restored(connection)
    if known is None or partner in known.sequences:
        return False
    since = select(submissions.c.id).where(submissions.c.partner == partner, submissions.c.id > known.submissions).limit(1)
    return connection.execute(since).first() is None


def _newest(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"select coalesce(max(id), 0) from {table}").scalar_one())  # noqa: S608
