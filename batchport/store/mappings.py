"""What customers' columns were confirmed to mean, and the files that wait to be told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from batchport.store.schema import UNMAPPED, files, mappings


def confirmed_of(connection: Connection, customer: str) -> list[tuple[frozenset[str], dict[str, str]]]:
    """A customer's confirmed mappings, the newest first and one for each set of headers: the set, and what each header means."""
    found = connection.execute(
        select(mappings.c.fingerprint, mappings.c.headers, mappings.c.columns).where(mappings.c.customer == customer).order_by(mappings.c.id.desc())
    )
    newest: dict[str, tuple[frozenset[str], dict[str, str]]] = {}
    for fingerprint, headers, columns in found:
        newest.setdefault(fingerprint, (frozenset(json.loads(headers)), json.loads(columns)))
    return list(newest.values())


def insert_mapping(
    connection: Connection, *, customer: str, fingerprint: str, headers: Sequence[str], columns: Mapping[str, str], at: str, who: str, why: str
) -> None:
    """Remember what the headers of a customer's sheets mean."""
    connection.execute(
        mappings.insert().values(
            customer=customer, fingerprint=fingerprint, headers=json.dumps(sorted(headers)), columns=json.dumps(dict(columns), sort_keys=True), at=at, who=who, why=why
        )
    )  # fmt: skip


def waiting_files(connection: Connection, *, customer: str | None = None, name: str | None = None) -> list[Any]:
    """Files that wait for their columns to be confirmed, oldest first: unmapped, and not taken in again since under any name."""
    newer = files.alias()
    again = select(newer.c.id).where(newer.c.customer == files.c.customer, newer.c.sha256 == files.c.sha256, newer.c.id > files.c.id).exists()
    query = select(files).where(text(UNMAPPED), ~again)
    if customer is not None:
        query = query.where(files.c.customer == customer)
    if name is not None:
        query = query.where(files.c.name == name)
    # To have them in order the database would go through all files, of which hardly any waits.
    return sorted(connection.execute(query), key=lambda file: file.id)


def ask_to_retake(connection: Connection, number: int, *, wanted: bool = True) -> None:
    """Say that rows are to be made of a waiting file, or that this was done."""
    connection.execute(files.update().where(files.c.id == number).values(retake=wanted))


def to_retake(connection: Connection) -> list[Any]:
    """Files that waited, whose columns were confirmed since, and that lie in the archive; oldest first."""
    return list(connection.execute(select(files).where(text("retake"), files.c.put_away).order_by(files.c.id)))
