"""What intake asks of the database and writes into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select, table

from batchport.domain.lifecycle import ENDED, Act, State, after
from batchport.domain.table import Ints
from batchport.store.database import insert_many, kind_of
from batchport.store.schema import destinations, files, orders

_LIVE_STATES = tuple(int(state) for state in State if state not in ENDED)


def wanted(connection: Connection, values: Sequence[Any], kind: str) -> str:
    """A temporary table that holds some values, for joining: lists of any length go through the driver at once."""
    name = f"wanted_{kind}"
    column = {"numbers": "bigint", "keys": kind_of(connection).BYTES, "lines": "text"}[kind]
    connection.exec_driver_sql(f"create temp table if not exists {name} (v {column} primary key)")
    connection.exec_driver_sql(f"delete from {name}")  # noqa: S608
    insert_many(connection, table(name), ("v",), [(value,) for value in dict.fromkeys(values)])
    return name


def frame_of(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> pd.DataFrame:
    """What a query finds, as a table; the driver's own tuples, since a million wrapped rows cost more than the query."""
    cursor: Any = connection.exec_driver_sql(statement, parameters).cursor
    names = [column[0] for column in cursor.description]
    found = cursor.fetchall()
    return pd.DataFrame(dict(zip(names, zip(*found, strict=True), strict=True)) if found else {name: [] for name in names})


def ints_of(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> pd.DataFrame:
    """What a query of whole numbers without gaps finds, as a table: a million rows without an object for each number."""
    cursor: Any = connection.exec_driver_sql(statement, parameters).cursor
    names = [column[0] for column in cursor.description]
    numbers = np.fromiter(chain.from_iterable(cursor), np.int64).reshape(-1, len(names))
    return pd.DataFrame({name: numbers[:, place].copy() for place, name in enumerate(names)})


def file_seen(connection: Connection, customer: str, sha256: str) -> Any | None:
    """The newest record of a file of this customer with this content that rows were looked for in."""
    return connection.execute(
        select(files).where(files.c.customer == customer, files.c.sha256 == sha256, files.c.same_as.is_(None)).order_by(files.c.id.desc()).limit(1)
    ).one_or_none()


def contents_seen(connection: Connection, customer: str, contents: Sequence[str]) -> set[str]:
    """Those of some contents (SHA-256) of which a file of this customer is stored."""
    found = select(files.c.sha256).where(files.c.customer == customer, files.c.sha256.in_(contents))
    return set(connection.execute(found).scalars())


def newest_file(connection: Connection) -> int:
    """The number of the file that was stored last; 0 before any."""
    return int(connection.exec_driver_sql("select coalesce(max(id), 0) from files").scalar_one())


def anything_of(connection: Connection, numbers: Ints, accounts: Sequence[bytes]) -> bool:
    """Whether there is a row for one of some numbers, or a live order of one of some accounts (keyed hashes)."""
    return bool(len(rows_with_numbers(connection, numbers)) or len(orders_of_accounts(connection, accounts)))


def file_not_put_away(connection: Connection, customer: str, sha256: str, name: str) -> Any | None:
    """The record of this very file, when it was stored but was not yet taken out of the inbox."""
    return connection.execute(
        select(files).where(files.c.customer == customer, files.c.sha256 == sha256, files.c.name == name, files.c.put_away.is_(False))
    ).first()


def mark_put_away(connection: Connection, customer: str, names: Sequence[str]) -> None:
    """Note that files of a customer, known by name, are no longer in the inbox."""
    waiting = (files.c.customer == customer) & files.c.name.in_(names) & files.c.put_away.is_(False)
    connection.execute(files.update().where(waiting).values(put_away=True))


def mark_files_put_away(connection: Connection, numbers: Sequence[int]) -> None:
    """Note that some files are no longer in the inbox."""
    connection.execute(files.update().where(files.c.id.in_(numbers)).values(put_away=True))


def useful_rows(connection: Connection, first_row: int, length: int) -> int:
    """How many rows of a file are in another state than rejected, cancelled and superseded."""
    useless = ", ".join(str(int(state)) for state in (State.REJECTED, State.CANCELLED, State.SUPERSEDED))
    statement = f"select count(*) from rows where id >= ? and id < ? and state not in ({useless})"  # noqa: S608
    return int(connection.exec_driver_sql(statement, (first_row, first_row + length)).scalar_one())


def empty(connection: Connection) -> bool:
    """Whether there are no rows yet."""
    return connection.exec_driver_sql("select max(id) from rows").scalar() is None


def rows_with_numbers(connection: Connection, numbers: Ints) -> pd.DataFrame:
    """Earlier rows that ask for one of these numbers: id, tn, state, row, order_id, file_id, file, sent_as, customer."""
    name = wanted(connection, np.unique(numbers).tolist(), "numbers")
    return frame_of(
        connection,
        f"""
        select r.id, r.tn, r.state, r.row, r.order_id, r.file_id, f.name as file, r.sent_as, f.customer
        from {name} w cross join rows r on r.tn = w.v and r.live join files f on f.id = r.file_id
        union all
        select r.id, r.tn, r.state, r.row, r.order_id, r.file_id, f.name, r.sent_as, f.customer
        from {name} w cross join rows r on r.tn = w.v and not r.live join files f on f.id = r.file_id
        """,  # noqa: S608
    )


def accounts_touched(connection: Connection, numbers: Ints) -> pd.DataFrame:
    """The accounts (keyed hashes) of the orders that earlier rows for some numbers are in, or hold: tn, account."""
    if empty(connection):
        return pd.DataFrame({"tn": np.zeros(0, np.int64), "account": []})
    name = wanted(connection, np.unique(numbers).tolist(), "numbers")
    each = [f"from {name} w cross join rows r on r.tn = w.v and {live} " for live in ("r.live", "not r.live")]
    ways = ("join orders o on o.id = r.order_id", "join holds h on h.row_id = r.id join orders o on o.id = h.order_id")
    found = frame_of(connection, " union ".join(f"select r.tn, o.account {rows}{way}" for rows in each for way in ways))
    return found.assign(tn=found.tn.to_numpy(np.int64))


def orders_of_accounts(connection: Connection, accounts: Sequence[bytes]) -> pd.DataFrame:
    """Live orders of some accounts (keyed hashes): id, key, account, ver, taken_by, released, on_hold, part, lines, gone_before."""
    name = wanted(connection, accounts, "keys")
    columns = "o.id, o.key, o.account, o.ver, o.taken_by, o.released, o.on_hold, o.part, o.lines, o.gone_before"
    return frame_of(connection, f"select {columns} from {name} w cross join orders o on o.account = w.v and o.live order by o.id")  # noqa: S608


def rows_of_orders(connection: Connection, orders: Sequence[int]) -> pd.DataFrame:
    """The live rows of some orders, and the rejected ones that hold them: id, order_id, state, tn, row, file_id, file, answer_id, sent_as, leaves, ver, foc, shared."""
    name = wanted(connection, orders, "numbers")
    return frame_of(
        connection,
        f"""
        select r.id, r.order_id, r.state, r.tn, r.row, r.file_id, f.name as file, r.answer_id, r.sent_as, r.leaves, r.ver, r.foc, o.shared
        from {name} w cross join orders o on o.id = w.v cross join rows r on r.order_id = w.v join files f on f.id = r.file_id where r.live
        union
        select r.id, r.order_id, r.state, r.tn, r.row, r.file_id, f.name, r.answer_id, r.sent_as, r.leaves, r.ver, r.foc, o.shared
        from {name} w cross join orders o on o.id = w.v cross join holds h on h.order_id = w.v join rows r on r.id = h.row_id join files f on f.id = r.file_id
        where r.state = {int(State.REJECTED)}
        """,  # noqa: S608
    )


def rows_of_customer(connection: Connection, customer: str, rows: Sequence[int]) -> pd.DataFrame:
    """Those of some rows that are a customer's: id, tn, state, row, order_id, file_id, file, sent_as."""
    name = wanted(connection, rows, "numbers")
    return frame_of(
        connection,
        f"""
        select r.id, r.tn, r.state, r.row, r.order_id, r.file_id, f.name as file, r.sent_as
        from {name} w cross join rows r on r.id = w.v join files f on f.id = r.file_id where f.customer = ?
        """,  # noqa: S608
        (customer,),
    )


def parts_of_orders(connection: Connection, orders: Iterable[int]) -> set[int]:
    """The orders that are parts of the same whole as some unsent orders, or their wholes; none of them sent."""
    numbers = sorted(orders)
    if not numbers:
        return set()
    name = wanted(connection, numbers, "numbers")
    statement = f"""
        select p.id from {name} w cross join orders o on o.id = w.v and o.ver = 0 and o.taken_by is null
        cross join orders p on p.account = o.account and p.live and p.key = o.key and p.part <> o.part and p.ver = 0 and p.taken_by is null
    """  # noqa: S608
    return {int(number) for (number,) in connection.exec_driver_sql(statement)}


def parents_of_orders(connection: Connection, orders: Sequence[int]) -> dict[int, int]:
    """The order that each of some orders was taken out of, where it was."""
    name = wanted(connection, orders, "numbers")
    found = connection.exec_driver_sql(f"select o.id, o.parent_id from {name} w cross join orders o on o.id = w.v where o.parent_id is not null")  # noqa: S608
    return {int(number): int(parent) for number, parent in found}


def orders_before_others(connection: Connection, orders: Sequence[int]) -> set[int]:
    """Those of some orders of which a further version has to be sent before what left them may go elsewhere."""
    if not orders:
        return set()
    name = wanted(connection, orders, "numbers")
    found = connection.exec_driver_sql(f"select o.id from {name} w cross join orders o on o.id = w.v where o.next_sup <> '' and o.held_by <> ''")  # noqa: S608
    return {int(number) for (number,) in found}


def orders_held_by_rows(connection: Connection, rows: Sequence[int]) -> list[int]:
    """The orders that some rejected rows hold without being of their key."""
    name = wanted(connection, rows, "numbers")
    return [order for (order,) in connection.exec_driver_sql(f"select distinct h.order_id from {name} w cross join holds h on h.row_id = w.v")]  # noqa: S608


def findings_of_rows(connection: Connection, rows: Sequence[int]) -> pd.DataFrame:
    """What was found on some rows: row_id, code, field, detail, suggestion."""
    name = wanted(connection, rows, "numbers")
    return frame_of(connection, f"select f.* from {name} w cross join findings f on f.row_id = w.v order by w.v, f.code, f.field")  # noqa: S608


def blaming_answers(connection: Connection, answers: Sequence[int]) -> dict[int, str]:
    """Codes of some stored answers, by their number."""
    name = wanted(connection, answers, "numbers")
    return {int(number): str(code) for number, code in connection.exec_driver_sql(f"select a.id, s.code from {name} w cross join answers a on a.id = w.v join sayings s on s.id = a.saying_id")}  # noqa: S608


def partners_of_orders(connection: Connection, orders: Sequence[int]) -> dict[int, str]:
    """The partner of each of some orders."""
    name = wanted(connection, orders, "numbers")
    found = connection.exec_driver_sql(f"select o.id, o.partner from {name} w cross join orders o on o.id = w.v")  # noqa: S608
    return {int(number): str(partner) for number, partner in found}


def orders_that_go(connection: Connection, first: int) -> int:
    """How many orders from a number on have a row that goes."""
    return int(connection.execute(select(func.count()).where(orders.c.id >= first, orders.c.lines > 0)).scalar_one())


def end_rows(connection: Connection, ended: Sequence[tuple[int, State]], act: Act, since: int) -> None:
    """Rows, each with its state, that newer ones replace or call off; what is to be shown of their files is due again."""
    if not ended:
        return
    connection.exec_driver_sql("update rows set state = ?, live = false, since = ? where id = ?", [(int(after(act, state)), since, row) for row, state in ended])
    rows = [(row,) for row, _ in ended]
    connection.exec_driver_sql("delete from holds where row_id = ?", rows)
    connection.exec_driver_sql("update files set results_due = true, counted = '' where id = (select file_id from rows where id = ?)", rows)


def rows_on_lines(connection: Connection, customer: str, lines: Sequence[str]) -> pd.DataFrame:
    """A customer's rows that go to some of its lines for one number: line, id, tn, state, row, file."""
    name = wanted(connection, lines, "lines")
    return frame_of(
        connection,
        f"""
        select d.line, r.id, r.tn, r.state, r.row, f.name as file from {name} w cross join destinations d on d.line = w.v and d.customer = ?
        cross join rows r on r.id = d.row_id join files f on f.id = r.file_id order by r.id
        """,  # noqa: S608
        (customer,),
    )


def insert_destinations(connection: Connection, customer: str, lines: Sequence[str], rows: Sequence[int]) -> None:
    """Store which rows go to lines for one number."""
    insert_many(connection, destinations, ("customer", "line", "row_id"), [(customer, line, row) for line, row in zip(lines, rows, strict=True)])


def insert_findings(connection: Connection, found: pd.DataFrame) -> None:
    """Store row-level findings: row_id, code, field, detail, suggestion."""
    from batchport.store.schema import findings

    columns = ("row_id", "code", "field", "detail", "suggestion")
    insert_many(connection, findings, columns, list(zip(*(found[name].tolist() for name in columns), strict=True)))
