"""What is sealed in the database, and what each is sealed as: its context, with which alone it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from batchport.seal import key_of

ROOT = "root"


def proposal_context(sha256: str) -> str:
    """Of what the columns of a file may mean."""
    return f"proposal {sha256}"


def piece_context(sha256: str, start: int) -> str:
    """Of a piece of a file's text; `start` is the place of its first row."""
    return f"piece {sha256}/{start}"


def paper_context(customer: str, sha256: str) -> str:
    """Of a paper."""
    return f"paper {customer}/{sha256}"


def submission_context(partner: str, name: str) -> str:
    """Of a submission as it was rendered."""
    return f"submission {partner}/{name}"


def sent_context(partner: str, name: str) -> str:
    """Of a submission as it is sent; the name is that of the rendered one."""
    return f"sent submission {partner}/{name}"


def enclosure_context(partner: str, name: str) -> str:
    """Of a paper as it is sent beside a submission."""
    return f"enclosure {partner}/{name}"


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed bytes.

    Attributes:
        words: what lies there.
        table, column: where.
        key: the columns that a record is known by.
        source: the table, joined with what the context needs, called t.
        said: the columns that the context is made of.
        context: makes it of them.
    """

    words: str
    table: str
    column: str
    key: tuple[str, ...]
    source: str
    said: tuple[str, ...]
    context: Callable[..., str]


PLACES = (
    Place("the root of the names", "meta", "value", ("name",), "meta t", (), lambda: ROOT),
    Place("proposals", "files", "proposal", ("id",), "files t", ("t.sha256",), proposal_context),
    Place("pieces of sheets", "pieces", "sealed", ("file_id", "start"), "pieces t join files f on f.id = t.file_id", ("f.sha256", "t.start"), piece_context),
    Place("papers", "papers", "sealed", ("id",), "papers t", ("t.customer", "t.sha256"), paper_context),
    Place("submissions", "submissions", "sealed", ("id",), "submissions t", ("t.partner", "t.name"), submission_context),
    Place("submissions", "submissions", "protected", ("id",), "submissions t", ("t.partner", "t.name"), sent_context),
    Place(
        "papers beside submissions", "enclosures", "protected", ("submission_id", "name"), "enclosures t join submissions s on s.id = t.submission_id",
        ("s.partner", "t.name"), enclosure_context,
    ),
)  # fmt: skip


def keys_in_use(connection: Connection, place: Place) -> Iterator[tuple[tuple[Any, ...], bytes, int]]:
    """Each sealed thing of a place: what it is known by, the id of its key, and how many bytes it has."""
    columns = ", ".join(place.key)
    only = " and name = 'root'" if place.table == "meta" else ""
    statement = f"select {columns}, substr({place.column}, 1, 16), length({place.column}) from {place.table} where length({place.column}) > 0{only} order by {columns}"  # noqa: S608
    for *key, head, size in connection.exec_driver_sql(statement):
        yield tuple(key), key_of(head), size


def sealed_at(connection: Connection, place: Place, key: tuple[Any, ...]) -> tuple[bytes, str] | None:
    """The sealed bytes of one record, and their context; None where there are none any more."""
    where = " and ".join(f"t.{name} = ?" for name in place.key)
    said = "".join(f", {name}" for name in place.said)
    found = connection.exec_driver_sql(f"select t.{place.column}{said} from {place.source} where {where}", key).first()  # noqa: S608
    return (bytes(found[0]), place.context(*found[1:])) if found is not None and found[0] else None


def put_sealed(connection: Connection, place: Place, key: tuple[Any, ...], sealed: bytes) -> None:
    """Put other sealed bytes in the place of those of one record."""
    where = " and ".join(f"{name} = ?" for name in place.key)
    connection.exec_driver_sql(f"update {place.table} set {place.column} = ? where {where}", (sealed, *key))  # noqa: S608
