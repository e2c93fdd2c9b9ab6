"""Orders that can go, and the submission files they go in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import OUR_MOVES, Act, State, after
from batchport.domain.table import Ints
from batchport.store.database import insert_many, next_id
from batchport.store.intake import frame_of, ints_of, wanted
from batchport.store.lines import packed
from batchport.store.restored import restored
from batchport.store.schema import READY_ORDER, WAITING_ORDER, submissions, versions


def _states(act: Act) -> str:
    return f"({', '.join(str(int(state)) for state in sorted(OUR_MOVES[act]))})"


#: Rows that go with a SUP 1, and with a SUP 2 or 3; `r` are the rows.
_CALLED_OFF = f"(r.state in {_states(Act.CALL_OFF)} and (r.ver > 0 or r.sent_as is not null))"
_REPEATED = f"(r.state in {_states(Act.SEND)} and not r.leaves)"


def ready_partners(connection: Connection) -> list[str]:
    """The partners that orders are ready for."""
    return [partner for (partner,) in connection.exec_driver_sql(f"select distinct partner from orders where {READY_ORDER} order by partner")]  # noqa: S608


def ready_lines(connection: Connection, partner: str) -> pd.DataFrame:
    """The rows of a partner's orders that can go: id, order_id, partial (Y or N), ver, sup, sent_as (0 for none), shared, redated, changes; by order, then as they came.

    A further version repeats every row of its order that has not ended: a SUP 1 those that the partner has, a SUP 2 or 3 those that it shall have.
    """
    ready = f"from orders where {READY_ORDER} and partner = ?"
    found = ints_of(
        connection,
        f"""
        select r.id, r.order_id, case o.partial when 'Y' then 1 else 0 end as partial, coalesce(r.sent_as, 0) as sent_as
        from (select id, partial, next_sup {ready}) o cross join rows r on r.order_id = o.id and r.live
        where case o.next_sup when '' then r.state = {int(State.READY)} when '1' then {_CALLED_OFF} else {_REPEATED} end
        """,  # noqa: S608
        (partner,),
    )
    found = found.iloc[np.lexsort((found.sent_as.where(found.sent_as > 0, found.id), found.order_id))].reset_index(drop=True)
    found = found.assign(partial=pd.Categorical.from_codes(found.partial.to_numpy(np.int8), pd.Index(["N", "Y"])), ver=1, sup="", changes="", shared="", redated="")
    # Nearly all orders go for the first time and say nothing more than their rows.
    more = frame_of(
        connection,
        f"""
        select id, ver + 1 as ver, next_sup as sup, changes, case when next_sup = '1' or next_shared = '' then shared else next_shared end as shared,
               case when next_sup = '1' or next_date = '' then redated else next_date end as redated
        {ready} and (ver > 0 or redated <> '' or shared <> '')
        """,
        (partner,),
    ).set_index("id")
    at = np.flatnonzero(found.order_id.isin(more.index))
    for name in more if len(at) else ():
        found.loc[at, name] = more[name].loc[found.order_id.iloc[at]].to_numpy()
    return found


def dated_orders(connection: Connection) -> pd.DataFrame:
    """Orders that can go and ask for a date: id, customer, partner, ver, date; what is called off needs none."""
    date = "case next_date when '' then requested_date else next_date end"
    return frame_of(connection, f"select id, customer, partner, ver, {date} as date from orders where {READY_ORDER} and next_sup <> '1' and {date} <> '' order by +id")  # noqa: S608


def first_rows(connection: Connection, orders: Sequence[int]) -> pd.DataFrame:
    """The first row that has not ended of each of some orders: order_id, id, shared."""
    name = wanted(connection, orders, "numbers")
    return frame_of(
        connection,
        f"""
        select o.id as order_id, o.shared, (select min(r.id) from rows r where r.order_id = o.id and r.live and r.state <> {int(State.REJECTED)}) as id
        from {name} w cross join orders o on o.id = w.v
        """,  # noqa: S608
    )


def give_date(connection: Connection, number: int, date: str, *, further: bool) -> None:
    """Let an order that is to go, or the `further` version of it that is, ask for another date."""
    change = "next_date = ?" if further else "redated = ?, requested_date = ?"
    connection.exec_driver_sql(f"update orders set {change} where id = ?", (date, number) if further else (date, date, number))  # noqa: S608


def hold_for(connection: Connection, number: int, code: str, field: str, detail: str, stamp: str, seconds: int) -> None:
    """Hold an order, or the version of it that waits, for something that was found when it was to go."""
    connection.exec_driver_sql("update orders set held_by = ?, since = ? where id = ?", (code, stamp, number))
    connection.exec_driver_sql(
        """insert into order_findings (order_id, code, field, detail, rejected_too) values (?, ?, ?, ?, false)
           on conflict (order_id, code, field) do update set detail = excluded.detail, rejected_too = false""",
        (number, code, field, detail),
    )
    ready = (int(after(Act.HOLD, State.READY)), seconds, number, int(State.READY))
    connection.exec_driver_sql("update rows set state = ?, since = ? where order_id = ? and state = ?", ready)
    connection.exec_driver_sql("update files set results_due = true where id in (select distinct file_id from rows where order_id = ?)", (number,))


def waiting_orders(connection: Connection) -> pd.DataFrame:
    """Orders that wait for another order of their account, or for a route: id, customer."""
    return frame_of(connection, f"select id, customer from orders where {WAITING_ORDER}")  # noqa: S608


def next_sequence(connection: Connection, partner: str) -> int:
    """The next number of a partner's submission files; there are no gaps, but for what a database that was put back from a backup does not know."""
    number = int(connection.exec_driver_sql("select coalesce(max(sequence), 0) + 1 from submissions where partner = ?", (partner,)).scalar_one())
    known = restored(connection)
    return number if known is None else max(number, known.sequences.get(partner, 0))


def store_submission(connection: Connection, record: dict[str, Any], orders: Ints, rows: Ints) -> int:
    """T2: a submission with its bytes; its orders are taken. `orders` and `rows` have one entry a line."""
    number = next_id(connection, submissions)
    connection.execute(submissions.insert().values(id=number, state="stored", line_rows=packed(orders, rows), **record))
    taken, lines = np.unique(orders, return_counts=True)
    name = wanted(connection, taken.tolist(), "numbers")
    new = frame_of(connection, f"select o.id, o.ver + 1 as ver, o.next_sup as sup from {name} w cross join orders o on o.id = w.v order by o.id")  # noqa: S608
    columns = (new.id.tolist(), new.ver.tolist(), new["sup"].tolist(), repeat(number), lines.tolist(), repeat(0))
    insert_many(connection, versions, ("order_id", "ver", "sup", "submission_id", "lines", "answered"), zip(*columns, strict=False))
    connection.exec_driver_sql(f"update orders set taken_by = ? where id in (select v from {name})", (number,))  # noqa: S608
    return number


def mark_sent(connection: Connection, number: int, stamp: str, seconds: int) -> None:
    """T3: a submission is known to be sent; its rows are submitted."""
    connection.execute(submissions.update().where(submissions.c.id == number).values(state="sent", sent=stamp))
    _move_rows(connection, number, seconds)
    connection.exec_driver_sql(
        """
        update orders set ver = v.ver, sup = v.sup, taken_by = null, next_sup = '', held_by = '', changes = '', since = ?,
            released = v.sup = '' and released,
            was_date = requested_date,
            redated = case when v.sup = '1' or next_date = '' then redated else next_date end,
            requested_date = case when v.sup = '1' or next_date = '' then requested_date else next_date end,
            shared = case when v.sup = '1' or next_shared = '' then shared else next_shared end,
            next_date = '', next_shared = case when v.sup = '1' then next_shared else '' end
        from versions v where v.order_id = orders.id and v.submission_id = ? and orders.taken_by = ?
        """,
        (stamp, number, number),
    )
    connection.exec_driver_sql(
        """
        update files set results_due = true where id in (
            select distinct r.file_id from versions v cross join rows r on r.order_id = v.order_id where v.submission_id = ?)
        """,
        (number,),
    )


def _move_rows(connection: Connection, number: int, seconds: int) -> None:
    """The rows of a submission as they are once it is sent."""
    first = "order_id in (select order_id from versions where submission_id = ? and ver = 1)"
    connection.exec_driver_sql(
        f"update rows set state = {int(State.SUBMITTED)}, ver = 1, answered = false, since = ? where state = {int(State.READY)} and {first}",  # noqa: S608
        (seconds, number),
    )
    if connection.exec_driver_sql("select 1 from versions where submission_id = ? and sup <> '' limit 1", (number,)).first() is None:
        return
    # What the partner may give back is kept; a corrected row that it does not know yet goes back to waiting.
    had = f"case when r.state = {int(State.READY)} then {int(State.HELD)} else r.state end"
    taken = f"from rows r join versions v on v.order_id = r.order_id where rows.id = r.id and r.live and v.submission_id = {int(number)}"
    fresh = f"ver = v.ver, answered = false, settled = false, foc = null, since = {int(seconds)}"
    for change in (
        f"state = {int(State.CANCELLED)}, live = false, answered = true, foc = null, leaves = false, since = {int(seconds)} {taken} and v.sup = '3' and r.leaves",
        f"state = {int(State.CANCEL_PENDING)}, was = {had}, was_foc = r.foc, {fresh} {taken} and v.sup = '1' and {_CALLED_OFF}",
        f"state = {int(State.SUBMITTED)}, was = {had}, was_foc = r.foc, {fresh} {taken} and v.sup = '2' and {_REPEATED}",
        f"state = {int(State.SUBMITTED)}, was = null, was_foc = null, sent_as = null, {fresh} {taken} and v.sup = '3' and {_REPEATED}",
        # Lines of the overtaken version that nothing was heard of count as answered by this one, and so do lines whose number has ended meanwhile.
        f"answered = true from rows r join versions v on v.order_id = r.order_id where rows.id = r.id and v.submission_id = {int(number)} and r.ver < v.ver and v.sup <> ''",
    ):
        connection.exec_driver_sql(f"update rows set {change}")  # noqa: S608
    connection.exec_driver_sql(
        """
        update versions set answered = lines - (select count(*) from rows r where r.order_id = versions.order_id and r.ver = versions.ver and not r.answered)
        where submission_id = ? and sup <> ''
        """,
        (number,),
    )
