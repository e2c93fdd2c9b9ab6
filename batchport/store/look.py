"""What is asked of the database by people: rows, orders, files, and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select, text

from batchport.domain.lifecycle import State
from batchport.domain.matching import moment_texts
from batchport.domain.table import records
from batchport.store.intake import frame_of, wanted
from batchport.store.schema import HELD_AT_LAST, files, orders, passes

_ROWS = """
    select r.id, r.row, r.state, r.tn, r.ver, r.foc, r.since, r.answer_id, r.order_id, r.file_id, f.name as file, f.customer, f.first_row,
           o.ver as order_ver, o.held_by, o.partner, o.losing_carrier, o.requested_date
    from {start} left join orders o on o.id = r.order_id
"""


#: The answers `a` of a response `p`; but for those that found their order later, which are exception lines too. The sign keeps SQLite from making an index of
#: all answers for one query alone.
_OF_RESPONSE = "a.id >= p.first_answer and a.id < p.first_answer + p.answers and +a.response_id = p.id"


def file_records(connection: Connection, *, pass_id: int | None = None, customer: str | None = None) -> list[Any]:
    """Records of customers' files, of one pass or customer, oldest first."""
    query = select(files).order_by(files.c.id)
    if pass_id is not None:
        query = query.where(files.c.pass_id == pass_id)
    if customer is not None:
        query = query.where(files.c.customer == customer)
    return list(connection.execute(query))


def file_record(connection: Connection, number: int) -> Any:
    """One file's record."""
    return connection.execute(select(files).where(files.c.id == number)).one()


def results_due(connection: Connection) -> list[Any]:
    """Files whose results are to be written anew."""
    return list(connection.execute(select(files).where(text("results_due")).order_by(files.c.id)))


def rows_of_file(connection: Connection, number: int) -> pd.DataFrame:
    """The rows of a file in their order."""
    return frame_of(connection, _ROWS.format(start=f"files f cross join rows r on r.id >= f.first_row and r.id < f.first_row + f.rows and f.id = {int(number)}")).sort_values(
        "id", ignore_index=True
    )


def rows_by(connection: Connection, *, ids: list[int] | None = None, numbers: list[int] | None = None, orders: list[int] | None = None) -> pd.DataFrame:
    """Rows by their numbers, their telephone numbers or their orders."""
    if ids is not None:
        start = f"{wanted(connection, ids, 'numbers')} w cross join rows r on r.id = w.v join files f on f.id = r.file_id"
        return frame_of(connection, _ROWS.format(start=start)).sort_values("id", ignore_index=True)
    if orders is not None:
        start = f"{wanted(connection, orders, 'numbers')} w cross join rows r on r.order_id = w.v join files f on f.id = r.file_id"
        return frame_of(connection, _ROWS.format(start=start)).sort_values("id", ignore_index=True)
    name = wanted(connection, numbers or [], "numbers")
    parts = [
        frame_of(connection, _ROWS.format(start=f"{name} w cross join rows r on r.tn = w.v and {live} join files f on f.id = r.file_id"))
        for live in ("r.live", "not r.live")
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1]).sort_values("id", ignore_index=True)


def numbers_of(connection: Connection, rows: list[int]) -> list[int]:
    """The telephone number of each of some rows, in their order."""
    name = wanted(connection, rows, "numbers")
    found = {row: tn for row, tn in connection.exec_driver_sql(f"select r.id, r.tn from {name} w cross join rows r on r.id = w.v")}  # noqa: S608, C416
    return [int(found[row]) for row in rows]


def rows_of_files(connection: Connection, *, customer: str | None = None, file: str | None = None, state: int | None = None) -> pd.DataFrame:
    """Every row of the files of a customer or of a name, or of all, in any state or in one."""
    # Of files all of whose rows have ended it is known which states they are in.
    may_be = "f.id in (select id from files where counted = '' union all select id from files where counted <> '' and counted like ?)"
    asked = {"f.customer = ?": customer, "f.name = ?": file, may_be: None if state is None else f'%"{int(state)}":%'}
    conditions = " and ".join(condition for condition, value in asked.items() if value is not None)
    of_files = f"select f.id, f.first_row, f.rows, f.name, f.customer from files f {f'where {conditions}' if conditions else ''}"  # noqa: S608
    # The sign keeps SQLite from making an index of all rows for this query alone.
    of_state = "" if state is None else f" and +r.state = {int(state)}"
    start = f"({of_files}) f cross join rows r on r.id >= f.first_row and r.id < f.first_row + f.rows{of_state}"
    values = tuple(value for value in asked.values() if value is not None)
    return frame_of(connection, _ROWS.format(start=start), values).sort_values("id", ignore_index=True)


def findings_of(connection: Connection, rows: list[int]) -> pd.DataFrame:
    """What was found on some rows: row_id, code, field, detail, suggestion."""
    return frame_of(connection, f"select f.* from {wanted(connection, rows, 'numbers')} w cross join findings f on f.row_id = w.v order by w.v, f.code, f.field")  # noqa: S608


def findings_of_orders(connection: Connection, orders: list[int]) -> pd.DataFrame:
    """What is to be said of some orders: order_id, code, field, detail, rejected_too."""
    return frame_of(connection, f"select f.* from {wanted(connection, orders, 'numbers')} w cross join order_findings f on f.order_id = w.v order by w.v, f.code, f.field")  # noqa: S608


def answers_by_id(connection: Connection, numbers: list[int]) -> pd.DataFrame:
    """Stored answers by their numbers."""
    name = wanted(connection, numbers, "numbers")
    return frame_of(
        connection,
        f"""select a.id, a.line, a.order_id, a.row_id, a.ver, a.at, a.applied, s.status, s.code, s.text, s.foc_date, p.partner, p.name as file, p.received, p.pass_id
            from {name} w cross join answers a on a.id = w.v join sayings s on s.id = a.saying_id join responses p on p.id = a.response_id order by a.id""",  # noqa: S608
    ).assign(at=lambda found: moment_texts(found["at"]))


def rows_answered_in(connection: Connection, pass_id: int) -> list[int]:
    """Rows that answers of a pass moved, whatever became of them since."""
    started = connection.execute(select(passes.c.started).where(passes.c.id == pass_id)).scalar_one()
    seconds = int(datetime.fromisoformat(started).timestamp())
    heard = f"responses p cross join answers a on {_OF_RESPONSE} and a.applied"
    statement = f"""
        select r.id from {heard} join rows r on r.id = a.row_id where p.pass_id = :pass
        union select r.id from {heard} and a.row_id is null cross join rows r on r.order_id = a.order_id where p.pass_id = :pass and r.since >= :since
        union select r.id from {heard} cross join orders o on o.parent_id = a.order_id cross join rows r on r.order_id = o.id where p.pass_id = :pass and r.answer_id = a.id
        union select r.id from ({_PUT_IN_PLACE}) placed cross join rows r on r.order_id = placed.order_id where r.answered and r.since = :since
    """  # noqa: S608
    return [row for (row,) in connection.execute(text(statement), {"pass": pass_id, "started": started, "since": seconds})]


#: Orders of which a line of a pass was put in its place, which may have moved rows by what was said later, or an exception line found its order.
_PUT_IN_PLACE = f"""
    select distinct a.order_id from responses p cross join answers a on {_OF_RESPONSE} where p.pass_id = :pass
    union select order_id from exceptions where counts and resolved = :started
"""  # noqa: S608


def passes_between(connection: Connection, first: int, last: int) -> list[int]:
    """The passes from one to another."""
    return list(connection.execute(select(passes.c.id).where(passes.c.id.between(first, last))).scalars())


def rows_held_at_last(connection: Connection, pass_id: int) -> list[int]:
    """Rows of orders that a pass held when they were to go: their date could not be met any more, or a paper lacked."""
    statement = f"""
        select r.id from orders o cross join rows r on r.order_id = o.id and r.live
        where {HELD_AT_LAST} and o.since = (select started from passes where id = ?)
    """  # noqa: S608
    return [row for (row,) in connection.exec_driver_sql(statement, (pass_id,))]


def orders_out_of(connection: Connection, number: int) -> list[int]:
    """The orders that rows of an order were put into when it was cancelled, or that left it."""
    return [order for (order,) in connection.exec_driver_sql("select id from orders where parent_id = ? order by id", (number,))]


def orders_table(connection: Connection, *, customer: str | None = None, partner: str | None = None, orders: list[int] | None = None) -> pd.DataFrame:
    """Orders with what their rows say: state (least and greatest), foc date, lines; a sent order whose rows all went on in new ones was cancelled."""
    which = f"{wanted(connection, orders, 'numbers')} w cross join orders o on o.id = w.v" if orders is not None else "orders o"
    asked = {"o.customer = ?": customer, "o.partner = ?": partner}
    conditions = " and ".join(condition for condition, value in asked.items() if value is not None)
    return frame_of(
        connection,
        f"""
        select o.id, o.customer, o.partner, o.number_class, o.losing_carrier, o.btn, o.ver, o.sup, o.parent_id, o.held_by, o.requested_date, o.since,
               coalesce(nullif(count(r.id), 0), o.lines) as lines, coalesce(min(r.state), {int(State.CANCELLED)}) as least,
               coalesce(max(r.state), {int(State.CANCELLED)}) as greatest, max(r.foc) as foc, coalesce(max(r.since), 0) as moved
        from {which} left join rows r on r.order_id = o.id and r.state not in (1, 2, 13) {f"where {conditions}" if conditions else ""}
        group by o.id having count(r.id) > 0 or o.ver > 0 order by o.id
        """,  # noqa: S608
        tuple(value for value in asked.values() if value is not None),
    )


def exceptions_table(connection: Connection, *, everything: bool = False) -> pd.DataFrame:
    """Exception lines, the open ones or all."""
    where = "" if everything else "where e.resolved is null"
    return frame_of(connection, f"select e.*, p.partner, p.name as file from exceptions e join responses p on p.id = e.response_id {where} order by e.id")  # noqa: S608


def exceptions_of_pass(connection: Connection, pass_id: int) -> pd.DataFrame:
    """Exception lines of the response files that came in a pass."""
    return frame_of(
        connection,
        f"select e.*, p.partner, p.name as file from responses p cross join exceptions e on e.response_id = p.id where p.pass_id = {int(pass_id)} order by e.id",  # noqa: S608
    )


def pass_record(connection: Connection, pass_id: int) -> Any:
    """One pass."""
    return connection.execute(select(passes).where(passes.c.id == pass_id)).one()


def mail_counts(connection: Connection, pass_id: int) -> dict[str, int]:
    """Mails of a pass by what became of them; the operator's own is left out."""
    counted = connection.exec_driver_sql("select state, count(*) from mails where pass_id = ? and kind <> 'night' group by state", (pass_id,))
    found = {str(state): int(number) for state, number in counted}
    return {name: found.get(name, 0) for name in ("sent", "waiting", "failed")}


def orders_exist(connection: Connection, numbers: list[int]) -> list[int]:
    """Those of some numbers that are orders'."""
    return list(connection.execute(select(orders.c.id).where(orders.c.id.in_(numbers)).order_by(orders.c.id)).scalars())


def orders_of(connection: Connection, customer: str) -> list[int]:
    """The orders of a customer."""
    return list(connection.execute(select(orders.c.id).where(orders.c.customer == customer).order_by(orders.c.id)).scalars())


def order_record(connection: Connection, number: int) -> Any:
    """One order."""
    return connection.execute(select(orders).where(orders.c.id == number)).one()


def history_of_orders(connection: Connection, numbers: list[int]) -> dict[str, pd.DataFrame]:
    """What happened to some orders: their versions with the submissions they went in, the answers to them, acts by hand, and what was sent again."""
    name = wanted(connection, numbers, "numbers")
    versions = frame_of(
        connection,
        f"""
        with taken as materialized (
            select s.id, s.partner, s.name, s.stored, s.sent, s.pass_id from
            (select distinct v.submission_id from {name} w cross join versions v on v.order_id = w.v) x cross join submissions s on s.id = x.submission_id)
        select v.order_id, v.ver, v.sup, v.lines, taken.partner, taken.name, taken.stored, taken.sent, taken.pass_id
        from {name} w cross join versions v on v.order_id = w.v join taken on taken.id = v.submission_id order by v.order_id, v.ver
        """,  # noqa: S608
    )
    answers = frame_of(
        connection,
        f"""select a.order_id, a.row_id, a.ver, s.status, s.code, s.text, s.foc_date, a.at, a.applied, a.line, p.partner, p.name, p.received, p.pass_id
            from {name} w cross join answers a on a.order_id = w.v join sayings s on s.id = a.saying_id join responses p on p.id = a.response_id order by a.id""",  # noqa: S608
    ).assign(at=lambda found: moment_texts(found["at"]))
    done = frame_of(connection, f"select a.order_id, a.at, a.who, a.what, a.why from {name} w cross join journal a on a.order_id = w.v order by a.id")  # noqa: S608
    of_submissions = f"(select distinct v.submission_id from {name} w cross join versions v on v.order_id = w.v) x cross join submissions s on s.id = x.submission_id"  # noqa: S608
    again = frame_of(
        connection,
        f"""select n.name, n.state, n.asked, n.sent, s.partner, s.name as submission from {of_submissions} cross join sendings n on n.submission_id = s.id
            where n.id > (select min(f.id) from sendings f where f.submission_id = s.id) order by n.id""",  # noqa: S608
    )
    asked = frame_of(connection, f"select a.at, a.who, a.what, a.why, s.name as submission from {of_submissions} cross join journal a on a.submission_id = s.id where a.why <> '' order by a.id")  # noqa: S608
    return {"versions": versions, "answers": answers, "acts": done, "again": again, "asked": asked}


def mails_about(connection: Connection, passes_: list[int], customers: list[str]) -> pd.DataFrame:
    """Mails that tell some customers or their contacts of some passes."""
    name = wanted(connection, passes_, "numbers")
    found = frame_of(
        connection,
        f"""select m.* from {name} w cross join mails m on m.pass_id = w.v
            union select m.* from {name} w cross join mails m on m.until_pass > m.pass_id and m.until_pass >= w.v and m.pass_id < w.v order by id""",  # noqa: S608
    )
    return found[found.customer.isin(customers)]


def files_named(connection: Connection, name: str) -> list[Any]:
    """Files of a name, oldest first."""
    return list(connection.execute(select(files).where(files.c.name == name).order_by(files.c.id)))


_EXCEPTIONS = "select e.*, p.partner, p.name as file, p.received from {start} join responses p on p.id = e.response_id where {condition} order by e.id"


def exceptions_by(connection: Connection, *, number: int | None = None, file: str | None = None, orders: list[int] | None = None) -> list[Any]:
    """Exception lines by their number, the file they stood in, or the orders they speak of, with the files they stood in."""
    if orders is not None:
        statement = _EXCEPTIONS.format(start=f"{wanted(connection, orders, 'numbers')} w cross join exceptions e on e.order_id = w.v", condition="1 = 1")
        return list(records(frame_of(connection, statement)))
    if file is not None:
        start = "(select id from responses where name = ?) of_name cross join exceptions e on e.response_id = of_name.id"
        return list(records(frame_of(connection, _EXCEPTIONS.format(start=start, condition="1 = 1"), (file,))))
    return list(records(frame_of(connection, _EXCEPTIONS.format(start="exceptions e", condition="e.id = ?"), (number,))))


def exceptions_naming(connection: Connection, tn: str) -> list[Any]:
    """Exception lines that name a number (ten digits), with the files they stood in."""
    return list(records(frame_of(connection, _EXCEPTIONS.format(start="exceptions e", condition="e.tn = ?"), (tn,))))


def answers_on_line(connection: Connection, file: str, line: int) -> list[tuple[int, int | None]]:
    """The orders and rows (None: the whole order) that a line of a response file speaks of."""
    statement = f"select a.order_id, a.row_id from responses p cross join answers a on {_OF_RESPONSE} and a.line = ? where p.name = ? order by a.id"  # noqa: S608
    return [(order, row) for order, row in connection.exec_driver_sql(statement, (line, file))]


def commands_of(connection: Connection, numbers: list[int]) -> dict[int, str]:
    """Pass -> the command that it was."""
    return {number: command for number, command in connection.execute(select(passes.c.id, passes.c.command).where(passes.c.id.in_(numbers)))}  # noqa: C416


def rows_of_submission(connection: Connection, name: str) -> list[int]:
    """Orders that went in a submission file."""
    statement = "select v.order_id from submissions s cross join versions v on v.submission_id = s.id where s.name = ? order by v.order_id"
    return [order for (order,) in connection.exec_driver_sql(statement, (name,))]


def orders_answered_by(connection: Connection, name: str) -> list[int]:
    """Orders that a response file spoke of."""
    statement = f"select distinct a.order_id from responses p cross join answers a on {_OF_RESPONSE} where p.name = ? order by a.order_id"  # noqa: S608
    return [order for (order,) in connection.exec_driver_sql(statement, (name,))]
