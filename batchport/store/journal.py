"""The journal: who did what, when, why and from which file, from the first record to the last without a gap, and without a way to change it unnoticed.

    record 1 ── hash ──▶ record 2 ── hash ──▶ ... ── hash ──▶ record N        head: N, the hash of record N, and a seal upon both

The hash of a record is over the hash before it and every column of its own, keyed with a key that is derived from the database's root and so is not in the
database. Records are numbered from 1 without gaps, by whoever holds the one write transaction, and stored in the transaction of what they record: a crash
leaves neither a hole nor a record of what was not done.

What that is worth: whoever has the database, or may write it, but not the sealing key, can change, remove, put in or move no record without `verify` naming
the first that is wrong, nor cut off the end, since no head can be sealed for an earlier end. Two things remain. The whole database can be put back as it was
at some time; then the journal is whole, but ends earlier than what the night's mail said of it, which is an anchor outside of the machine. And whoever has the
sealing key besides can write another journal from the beginning; then the hash in an earlier mail is not in it.

Records from before there was a chain are taken into it when a database is first opened with the key; that happens once, and the root then bears a mark that
it was done (`store.database`). Without that, somebody could take the head away and have whatever stands there chained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, type_coerce
from sqlalchemy.types import NULLTYPE

from batchport.seal import Linker
from batchport.store.schema import journal, meta

#: What is hashed of a record, in this order; it cannot be changed without making the chain anew.
_HASHED = ("id", "at", "who", "what", "why", "about", "source", "pass_id", "file_id", "order_id", "submission_id", "response_id", "exception_id")
_INSERT = f"insert into journal ({', '.join(_HASHED)}, hash) values ({', '.join('?' * len(_HASHED))}, ?)"  # noqa: S608
_BEGINNING = bytes(Linker.SIZE)
_HEAD, _COUNT = "journal", 8
_PORTION = 20_000
#: What no text or number is written as: a value of another kind was not written by us.
_encode = json.JSONEncoder(separators=(",", ":"), default=lambda _: []).encode


class JournalBroken(Exception):
    """The end of the journal is not known any more, so nothing can be written behind it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in the journal: how many records are as they were written, the hash of the last of these, and what is wrong after it ("" for nothing)."""

    records: int
    head: str
    trouble: str


def source_of(whose: str, name: str, sha256: str) -> str:
    """How the journal names a file: whose it is, its name, and the beginning of its SHA-256."""
    return f"{whose}/{name} {sha256[:12]}"


def append(connection: Connection, record: Mapping[str, Any]) -> None:
    """Write a record behind the last, in a transaction that writes.

    Raises:
        JournalBroken: somebody else has changed where the journal ends.
    """
    link = _linker(connection)
    count, last = _head(connection, link)
    hashed = [count + 1, *(record[name] for name in _HASHED[1:])]
    own = link(last, _encode(hashed).encode())
    connection.exec_driver_sql(_INSERT, (*hashed, own))
    connection.exec_driver_sql("update meta set value = ? where name = ?", (_sealed(link, count + 1, own), _HEAD))


def take_in(connection: Connection, link: Linker) -> None:
    """Chain the records of a database that had no chain, and begin its head."""
    last, count = _BEGINNING, 0
    for record in connection.execute(_records().order_by(journal.c.id)).all():
        last, count = link(last, _encode(list(record)[:-1]).encode()), count + 1
        connection.execute(journal.update().where(journal.c.id == record.id).values(hash=last))
    connection.execute(meta.delete().where(meta.c.name == _HEAD))
    connection.execute(meta.insert().values(name=_HEAD, value=_sealed(link, count, last)))


def head(connection: Connection) -> tuple[int, str]:
    """How many records there are, and the hash of the last.

    Raises:
        JournalBroken: somebody else has changed where the journal ends.
    """
    count, last = _head(connection, _linker(connection))
    return count, last.hex()


def verify(connection: Connection) -> Verified:
    """The whole journal looked through, up to the first record that is not as it was written."""
    link = _linker(connection)
    number, last = 0, _BEGINNING
    for record in _streamed(connection):
        *values, own = record
        if wrong := _wrong(values, own, number, own == link(last, _encode(values).encode())):
            return Verified(number, last.hex(), wrong)
        number, last = number + 1, own
    try:
        count, end = _head(connection, link)
    except JournalBroken as error:
        return Verified(number, last.hex(), str(error))
    if (number, last) != (count, end):
        return Verified(number, last.hex(), f"{_these(number + 1, count)} taken away from the end" if number < count else f"it goes on behind record {count}, its last")
    return Verified(number, last.hex(), "")


def records_since(connection: Connection, since: str, who: str | None, together: int) -> Iterator[Sequence[Any]]:
    """The records from a moment on, of one user or of all; some at a time."""
    # The first of them by its number, since to have them in order the whole journal would be gone through.
    first = select(func.min(journal.c.id)).where(journal.c.at >= since).scalar_subquery()
    wanted = select(journal).where(journal.c.id >= first, journal.c.at >= since, *([journal.c.who == who] if who is not None else []))
    with connection.execute(wanted.order_by(journal.c.id).execution_options(stream_results=True)) as found:
        yield from found.partitions(together)


def _wrong(values: list[Any], own: bytes | None, before: int, fits: bool) -> str:
    """What is wrong with a record that stands behind number `before`; "" for nothing."""
    if values[0] > before + 1:
        return f"{_these(before + 1, values[0] - 1)} taken away"
    if own is None or values[0] <= before:
        return f"record {values[0]} was put in"
    return "" if fits else f"record {values[0]} is not the one that was written there: it was changed, put in, or moved from another place"


def _these(first: int, last: int) -> str:
    return f"record {first} was" if first == last else f"records {first} to {last} were"


def _records() -> Any:
    return select(*(journal.c[name] for name in _HASHED), _as_it_is(journal.c.hash))


def _as_it_is(column: Any) -> Any:
    """A column that may hold something else than bytes, since somebody else has written it."""
    return type_coerce(column, NULLTYPE)


def _streamed(connection: Connection) -> Iterator[Any]:
    with connection.execute(_records().order_by(journal.c.id).execution_options(stream_results=True)) as found:
        for portion in found.partitions(_PORTION):
            yield from portion


def _linker(connection: Connection) -> Linker:
    link: Linker = connection.get_execution_options()["linker"]
    return link


def _head(connection: Connection, link: Linker) -> tuple[int, bytes]:
    found = connection.execute(select(_as_it_is(meta.c.value)).where(meta.c.name == _HEAD).with_for_update()).scalar()
    value = found if isinstance(found, bytes) else b""
    count, last = int.from_bytes(value[:_COUNT]), value[_COUNT : _COUNT + Linker.SIZE]
    if value != _sealed(link, count, last):
        raise JournalBroken("what says where the journal ends was changed or taken away by something else than this program, so it cannot be known whether records lack at its end")
    return count, last


def _sealed(link: Linker, count: int, last: bytes) -> bytes:
    """The head as it is kept. A record begins with a bracket, so that no record's hash is a head's seal."""
    said = count.to_bytes(_COUNT) + last
    return said + link(last, b"head" + said)
