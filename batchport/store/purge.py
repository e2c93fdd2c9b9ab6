"""What is needed no longer, and taking it away.

A row is open while it may still change or an answer to it is awaited; a rejected one only while an order waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.domain.purged import PURGED, secret
from batchport.domain.table import Column, Ints
from batchport.store.corrected import read
from batchport.store.database import Store, run_many
from batchport.store.pieces import opened_piece, sealed_piece

#: What is shown in place of a customer's own cell that is not kept any more.
_MASK = "****"
_REJECTED = int(State.REJECTED)
_WAITED_FOR = f"""(exists (select 1 from rows x where x.order_id = r.order_id and x.live and x.state <> {_REJECTED})
    or exists (select 1 from holds h join rows x on x.order_id = h.order_id and x.live and x.state <> {_REJECTED} where h.row_id = r.id))"""  # noqa: S608
_OPEN = f"((r.live and (r.state <> {_REJECTED} or {_WAITED_FOR})) or (r.ver > 0 and not r.answered))"
#: A file that is counted may have rejected rows, for which an order may wait.
_MAY_BE_OPEN = f"""(f.counted = '' or f.counted <> replace(f.counted, '"{_REJECTED}":', ''))"""
_OPEN_FILE = f"(f.retake or ({_MAY_BE_OPEN} and exists (select 1 from rows r where r.id >= f.first_row and r.id < f.first_row + f.rows and {_OPEN})))"  # noqa: S608


@dataclass(frozen=True, slots=True)
class PieceWithPins:
    """A piece of a file in which there may be PINs: where it is, and whose."""

    file_id: int
    start: int
    rows: int
    sheet: int
    first_row: int
    sha256: str
    sheets: str
    received: str
    name: str


def pieces_with_pins(connection: Connection) -> list[PieceWithPins]:
    """The pieces in which there may be PINs."""
    found = connection.exec_driver_sql(
        """
        select p.file_id, p.start, p.rows, p.sheet, f.first_row, f.sha256, f.sheets, f.received, f.customer || '/' || f.name
        from pieces p join files f on f.id = p.file_id where p.pins order by p.file_id, p.start
        """
    )
    return [PieceWithPins(*each) for each in found]


def rows_told_from(connection: Connection) -> Ints:
    """Rows whose text is needed for others: what a partner has of a row that was corrected since, and what one row says for all of an open order."""
    alive = "exists (select 1 from rows r where r.order_id = o.id and r.live)"
    corrected = [row for (row,) in connection.exec_driver_sql("select distinct sent_as from rows where sent_as is not null and live")]
    shared = connection.exec_driver_sql(
        f"select o.shared from orders o where o.shared <> '' and {alive} union select o.next_shared from orders o where o.next_shared <> '' and {alive}"  # noqa: S608
    )
    for (text,) in shared:
        corrected += read(text).values()
    return np.unique(np.array(corrected, np.int64))


def rows_done_with(connection: Connection, piece: PieceWithPins, before: int, *, rejected: bool) -> Ints:
    """The rows of a piece whose PIN nobody needs: their order ended at a time or before, or they stand for another row; the rejected ones too, where that is asked for.

    Args:
        connection: for looking things up.
        piece: where they are.
        before: the time, in seconds since 1970.
        rejected: whether the sheet is so old that nobody is to send its rejected rows back.
    """
    first = piece.first_row + piece.start
    ended = f"r.state in ({int(State.COMPLETED)}, {int(State.CANCELLED)}) and (r.ver = 0 or r.answered)"
    order_ended = """(r.order_id is null or (not o.reorders and o.next_sup = '' and o.taken_by is null
        and not exists (select 1 from rows x where x.order_id = r.order_id and (x.live or x.since > :before))))"""
    replaced = f"r.state in ({int(State.DUPLICATE)}, {int(State.SUPERSEDED)}) and not exists (select 1 from rows x where x.tn = r.tn and x.live and x.state <> {_REJECTED})"  # noqa: S608
    refused = f":rejected and r.state = {_REJECTED} and not {_WAITED_FOR}"
    found = connection.exec_driver_sql(
        f"""
        select r.id from rows r left join orders o on o.id = r.order_id
        where r.id >= :first and r.id < :end and r.since <= :before and (({ended} and {order_ended}) or ({replaced}) or ({refused})) order by r.id
        """,  # noqa: S608
        {"first": first, "end": first + piece.rows, "before": before, "rejected": rejected},
    )
    return np.fromiter((row for (row,) in found), np.int64)


@dataclass(frozen=True, slots=True)
class Emptied:
    """A piece without some PINs.

    Attributes:
        table: its text.
        count: how many PINs went.
        left: whether there are others in it.
    """

    table: pa.Table
    count: int
    left: bool


def without_pins(store: Store, connection: Connection, piece: PieceWithPins, rows: Ints, own: Sequence[int]) -> Emptied:
    """A piece without the PINs of some rows, in our field and in the customer's own cells; `own` are the columns of these that hold secrets."""
    table = opened_piece(store, connection, piece.file_id, piece.start)
    chosen = np.zeros(piece.rows, dtype=bool)
    chosen[rows - piece.first_row - piece.start] = True
    pin = Column.from_arrow(table["pin"])
    gone = chosen & secret(pin)
    left = bool((~chosen & secret(pin)).any())
    table = _replaced(table, "pin", pin.where(gone, PURGED))
    every = gone
    for name in (f"s{place}" for place in own):
        cells = Column.from_arrow(table[name])
        said = ~cells.fullmatch("0*") & ~cells.equals(_MASK)
        left = left or bool((said & ~chosen).any())
        table = _replaced(table, name, cells.where(chosen & said, _MASK))
        every = every | (chosen & said)
    return Emptied(table, int(every.sum()), left)


def _replaced(table: pa.Table, name: str, column: Column) -> pa.Table:
    """The table with other text in a column; values that no row has any more are not kept in it."""
    return table.set_column(table.column_names.index(name), name, column.text().dictionary_encode())


def put_piece(store: Store, connection: Connection, piece: PieceWithPins, emptied: Emptied) -> None:
    """Put the emptied piece in the place of the whole one."""
    sealed = sealed_piece(store, emptied.table, piece.sha256, piece.start)
    connection.exec_driver_sql("update pieces set sealed = ?, pins = ? where file_id = ? and start = ?", (sealed, emptied.left, piece.file_id, piece.start))


@dataclass(frozen=True, slots=True)
class Old:
    """Something in the database that is kept no longer: its number, and what it is called."""

    number: int
    name: str


def old_papers(connection: Connection, before: str) -> list[Old]:
    """Papers that came at a time or before, and that no open row, no order that is still to go and no unanswered submission needs."""
    found = connection.exec_driver_sql(
        f"""
        select p.id, p.customer || '/' || p.name from papers p where p.sealed is not null
        and p.id not in (select m.paper_id from files f join file_papers m on m.file_id = f.id where f.received > :before or {_OPEN_FILE})
        and p.id not in (select paper_id from enclosures where submission_id not in (select submission_id from closed))
        and p.customer not in (
            select f.customer from files f where f.counted = '' and f.received <= :before and exists (
                select 1 from rows r where r.id >= f.first_row and r.id < f.first_row + f.rows and r.live and r.state in ({int(State.HELD)}, {int(State.READY)})))
        order by p.id
        """,  # noqa: S608
        {"before": before},
    )
    return [Old(*each) for each in found]


def drop_papers(connection: Connection, some: Iterable[Old]) -> None:
    """Keep the bytes of some papers no longer."""
    run_many(connection, "update papers set sealed = null where id = ?", [(each.number,) for each in some])


def old_submissions(connection: Connection, before: str) -> list[Old]:
    """Submissions that were sent at a time or before, all of whose lines are answered and all of whose orders have ended."""
    found = connection.exec_driver_sql(
        """
        select s.id, s.partner || '/' || s.name from submissions s join closed c on c.submission_id = s.id
        where s.sent <= ? and length(s.sealed) > 0 and not exists (select 1 from sendings d where d.submission_id = s.id and d.state <> 'sent')
        and not exists (select 1 from versions v join rows r on r.order_id = v.order_id and r.live where v.submission_id = s.id) order by s.id
        """,
        (before,),
    )
    return [Old(*each) for each in found]


def drop_submission(connection: Connection, number: int) -> None:
    """Keep the bytes of a submission, and of the papers as they were sent beside it, no longer."""
    connection.exec_driver_sql("update submissions set sealed = ?, protected = null where id = ?", (b"", number))
    connection.exec_driver_sql("update enclosures set protected = null where submission_id = ?", (number,))


def old_proposals(connection: Connection, before: str) -> list[Old]:
    """Files whose columns nobody has confirmed, and that came at a time or before."""
    found = connection.exec_driver_sql("select id, customer || '/' || name from files where proposal is not null and not retake and received <= ? order by id", (before,))
    return [Old(*each) for each in found]


def drop_proposals(connection: Connection, some: Iterable[Old]) -> None:
    """Keep what the columns of some files may mean no longer."""
    run_many(connection, "update files set proposal = null where id = ?", [(each.number,) for each in some])


def open_files(connection: Connection) -> list[Any]:
    """Files with open rows: customer, name, sha256, received."""
    return list(connection.exec_driver_sql(f"select f.customer, f.name, f.sha256, f.received from files f where {_OPEN_FILE}"))  # noqa: S608


def papers_of_open_files(connection: Connection) -> list[tuple[str, str]]:
    """The papers that files with open rows name: customer, sha256."""
    statement = f"select distinct p.customer, p.sha256 from files f join file_papers m on m.file_id = f.id join papers p on p.id = m.paper_id where {_OPEN_FILE}"  # noqa: S608
    return [(str(customer), str(sha256)) for customer, sha256 in connection.exec_driver_sql(statement)]


def old_files(connection: Connection, before: str) -> list[Any]:
    """Files of which rows were made, that came at a time or before and have no open row: customer, name, sha256."""
    statement = f"select f.customer, f.name, f.sha256 from files f where f.rows > 0 and f.received <= ? and not {_OPEN_FILE} order by f.id"  # noqa: S608
    return list(connection.exec_driver_sql(statement, (before,)))
