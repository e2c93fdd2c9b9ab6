"""Papers that go beside submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from batchport.store.intake import frame_of, wanted
from batchport.store.schema import HELD_AT_LAST, READY_ORDER, enclosures, papers


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A paper beside a submission: the name that it goes under, its record, and its bytes as they are sent, sealed, where these are not its own."""

    name: str
    paper: int
    protected: bytes | None = None


def meant_papers(connection: Connection, rows: Sequence[int]) -> pd.DataFrame:
    """What the files of some rows mean by the names of papers: id (the row's), customer, name, paper_id (none: it names no paper), form, sha256."""
    name = wanted(connection, rows, "numbers")
    return frame_of(
        connection,
        f"""
        select r.id, f.customer, m.name, m.paper_id, p.form, p.sha256
        from {name} w cross join rows r on r.id = w.v join files f on f.id = r.file_id
        left join file_papers m on m.file_id = f.id left join papers p on p.id = m.paper_id and p.sealed is not null
        """,  # noqa: S608
    )


def paper_of(connection: Connection, number: int) -> Any:
    """A paper's record."""
    return connection.execute(select(papers).where(papers.c.id == number)).one()


def store_enclosures(connection: Connection, submission: int, some: Sequence[Enclosure]) -> None:
    """Note what goes beside a submission."""
    if some:
        connection.execute(enclosures.insert(), [{"submission_id": submission, "name": one.name, "paper_id": one.paper, "protected": one.protected} for one in some])


def enclosures_of(connection: Connection, submission: int) -> list[Enclosure]:
    """What goes beside a submission; of protected ones their sealed bytes too."""
    found = connection.execute(select(enclosures).where(enclosures.c.submission_id == submission).order_by(enclosures.c.name))
    return [Enclosure(str(each.name), int(each.paper_id), each.protected) for each in found]


def without_bytes(connection: Connection, submission: int) -> bool:
    """Whether a paper beside a submission is not kept any more."""
    gone = select(papers.c.id).join(enclosures).where(enclosures.c.submission_id == submission, enclosures.c.protected.is_(None), papers.c.sealed.is_(None))
    return connection.execute(gone.limit(1)).first() is not None


def lacking_orders(connection: Connection) -> pd.DataFrame:
    """Orders that a paper keeps from going: id, customer, held_by."""
    return frame_of(connection, f"select id, customer, held_by from orders where {HELD_AT_LAST} and held_by <> 'date-too-soon' order by +id")  # noqa: S608


def going_orders(connection: Connection) -> pd.DataFrame:
    """Orders that can go for the first time: id, customer, partner. One that an operator released goes as it is."""
    return frame_of(connection, f"select id, customer, partner from orders where {READY_ORDER} and ver = 0 and not released order by +id")  # noqa: S608
