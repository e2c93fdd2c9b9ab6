"""Papers that came beside sheets, and files that wait in the inboxes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from batchport.store.database import next_id, run_many
from batchport.store.schema import file_papers, papers, waiting


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """A paper to be stored, or as it was.

    Attributes:
        name: the name of its file.
        alike: the name as it is looked for.
        sha256: of its bytes.
        form, trouble: what it is, and why it cannot be used, where that is so.
        sealed: its bytes, where it can be used.
    """

    name: str
    alike: str
    sha256: str
    form: str
    trouble: str
    sealed: bytes | None = None


def usable_papers(connection: Connection, customer: str, alike: Iterable[str]) -> list[tuple[int, str, str, str]]:
    """Number, name, form and SHA-256 of a customer's usable papers of some names as they are looked for, oldest first."""
    query = select(papers.c.id, papers.c.name, papers.c.form, papers.c.sha256).where(papers.c.customer == customer, papers.c.trouble == "", papers.c.sealed.is_not(None), papers.c.alike.in_(list(alike)))
    return [(int(number), str(name), str(form), str(sha256)) for number, name, form, sha256 in connection.execute(query.order_by(papers.c.id))]


def store_papers(connection: Connection, customer: str, records: Sequence[PaperRecord]) -> dict[str, int]:
    """The numbers of papers by their names, stored where they were not there yet."""
    numbers = {}
    for record in records:
        there = select(papers.c.id).where(papers.c.customer == customer, papers.c.alike == record.alike, papers.c.sha256 == record.sha256)
        number = connection.execute(there).scalar()
        if number is None:
            number = next_id(connection, papers)
            connection.execute(
                papers.insert().values(
                    id=number, customer=customer, name=record.name, alike=record.alike, sha256=record.sha256, form=record.form, trouble=record.trouble,
                    sealed=record.sealed,
                )
            )  # fmt: skip
        elif record.sealed is not None:
            # It may have been too large before, when less was taken.
            fresh = {"form": record.form, "trouble": "", "sealed": record.sealed}
            connection.execute(papers.update().where(papers.c.id == number, papers.c.sealed.is_(None)).values(**fresh))
        numbers[record.name] = int(number)
    return numbers


def note_papers(connection: Connection, file_id: int, meant: Mapping[str, int]) -> None:
    """Note which paper a file means by each name."""
    if meant:
        connection.execute(file_papers.insert(), [{"file_id": file_id, "name": name, "paper_id": number} for name, number in sorted(meant.items())])


def papers_of_file(connection: Connection, file_id: int) -> list[tuple[str, str]]:
    """Name and SHA-256 of the papers that a file's rows name."""
    query = select(papers.c.name, papers.c.sha256).join(file_papers, file_papers.c.paper_id == papers.c.id).where(file_papers.c.file_id == file_id)
    return [(str(name), str(sha256)) for name, sha256 in connection.execute(query.distinct().order_by(papers.c.name, papers.c.sha256))]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits in an inbox: when it was last changed (microseconds since 1970), since when it is known, and the papers that it waits for."""

    changed: int
    since: int
    wants: tuple[str, ...] = ()


def waiting_files(connection: Connection) -> dict[tuple[str, str], Waiting]:
    """The files that are known to wait, by customer and name."""
    found = connection.execute(select(waiting))
    return {(each.customer, each.name): Waiting(each.changed, each.since, tuple(json.loads(each.wants))) for each in found}


def set_waiting(connection: Connection, before: Mapping[tuple[str, str], Waiting], now: Mapping[tuple[str, str], Waiting]) -> None:
    """Write down which files wait, where that changed."""
    gone = [key for key in before if before[key] != now.get(key)]
    run_many(connection, "delete from waiting where customer = ? and name = ?", gone)
    new = [(*key, file.changed, file.since, json.dumps(file.wants)) for key, file in now.items() if before.get(key) != file]
    run_many(connection, "insert into waiting (customer, name, changed, since, wants) values (?, ?, ?, ?, ?)", new)
