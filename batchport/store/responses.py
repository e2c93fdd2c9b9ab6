"""Partners' answers: the rows they may speak of, what was said of them before, and what they did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from batchport.domain.lifecycle import ENDED
from batchport.domain.matching import TRIED_AGAIN, Book, Why, moment_texts, moments
from batchport.domain.reconcile import Outcomes
from batchport.domain.table import Ints, records
from batchport.store.database import insert_many, insert_numbers, next_id, run_many
from batchport.store.intake import frame_of, ints_of, wanted
from batchport.store.schema import answers, exceptions, responses, sayings

#: Most rows have nothing but these; small numbers of a row go as one, which halves the time that a million rows take.
_ROWS = """r.id as row_id, r.order_id, r.tn, r.state + 128 * r.ver
    + case when r.answered then 16 else 0 end + case when r.settled then 32 else 0 end + case when r.answer_id is not null or r.was is not null then 64 else 0 end as packed"""
_REST = "r.id as row_id, coalesce(r.foc, 0) as foc, coalesce(r.answer_id, 0) as answer_id, coalesce(r.was, 0) as was, coalesce(r.was_foc, 0) as was_foc"
#: What a line says of a row, whatever the version and the time; and with them.
_SAYING = ("status", "code", "text", "foc_date")
_SAID = ("ver", *_SAYING, "at")
#: Exception lines `e` that have a place among what was said of a row, and may count when another line comes that was said before; a time makes a repetition none.
_OF_ROWS = (
    f"(e.reason = '{Why.MOVE_FORBIDDEN.label}' or (e.reason = '{Why.FOC_WITHOUT_DATE.label}' and o.sup = '1') or (e.reason = '{Why.OLDER_LINE_AGAIN.label}' and e.at = ''))"
)
_TRIED_AGAIN = ", ".join(f"'{why.label}'" for why in TRIED_AGAIN)


def seen(connection: Connection, partner: str, sha256: str) -> bool:
    """Whether a file of this content came from this partner before."""
    return connection.execute(select(responses.c.id).where(responses.c.partner == partner, responses.c.sha256 == sha256)).first() is not None


def spoken_of(connection: Connection, orders: list[int], numbers: list[int]) -> Book:
    """The sent rows of some orders, and those of the orders that have open ones for some numbers."""
    asked = f"select distinct r.order_id from {wanted(connection, numbers, 'numbers')} w cross join rows r on r.tn = w.v and r.live where r.ver > 0"  # noqa: S608
    named = [order for (order,) in connection.exec_driver_sql(asked)] if numbers else []
    name = wanted(connection, [*orders, *named], "numbers")
    # Of the rows for one number of an order the last one is to be the last; they come by order, and then as they were taken in.
    start = f"from {name} w cross join rows r on r.order_id = w.v where r.ver > 0"
    rows = _unpacked(ints_of(connection, f"select {_ROWS} {start}"))
    rows = rows.iloc[np.lexsort((rows.row_id, rows.order_id))].reset_index(drop=True)
    more = ints_of(connection, f"select {_REST} {start} and (r.answer_id is not null or r.was is not null)") if rows.more.any() else None
    files = ints_of(connection, "select id, first_row from files where rows > 0 order by first_row")
    rows["file_id"] = files.id.to_numpy()[np.searchsorted(files.first_row.to_numpy(), rows.row_id.to_numpy(), side="right") - 1]
    rows = rows.assign(**dict.fromkeys(_MORE, 0)) if more is None else rows.merge(more, on="row_id", how="left").fillna(0).astype(np.int64)
    found = frame_of(connection, f"select o.id as order_id, o.partner, o.ver as order_ver, o.sup from {name} w cross join orders o on o.id = w.v where o.ver > 0")  # noqa: S608
    return Book.of(rows, found)


_MORE = ("foc", "answer_id", "was", "was_foc")


def _unpacked(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their small numbers apart; `more`: whether they have a date, an answer or something to be given back."""
    packed = rows.packed.to_numpy(np.int64)
    small = {"state": packed % 16, "answered": packed >> 4 & 1, "settled": packed >> 5 & 1, "more": packed >> 6 & 1, "ver": packed >> 7}
    return rows.drop(columns="packed").assign(**small)


def said_before(connection: Connection, orders: list[int]) -> pd.DataFrame:
    """What was said of the present versions of some orders since they were sent, as `domain.reconcile` wants it; lines about versions before them too."""
    name = wanted(connection, orders, "numbers")
    since = """(o.ver = 1 or p.pass_id > (select s.pass_id from versions v join submissions s on s.id = v.submission_id where v.order_id = o.id and v.ver = o.ver))"""
    found = frame_of(
        connection,
        f"""
        select a.id as answer_id, 0 as exception_id, a.response_id, a.line, a.order_id, case when r.tn is null then '' else substr(cast(10000000000 + r.tn as text), 2) end as tn,
               a.ver, s.status, s.code, s.text, s.foc_date, '' as at, a.at as moment, a.applied
        from {name} w cross join orders o on o.id = w.v cross join answers a on a.order_id = o.id join responses p on p.id = a.response_id
             join sayings s on s.id = a.saying_id left join rows r on r.id = a.row_id
        where {since}
        union all
        select 0, e.id, e.response_id, e.line, e.order_id, e.tn, e.ver, e.status, e.code, e.text, e.foc_date, e.at, 0, false
        from {name} w cross join orders o on o.id = w.v cross join exceptions e on e.order_id = o.id join responses p on p.id = e.response_id
        where {_OF_ROWS} and not e.counts and {since}
        """,  # noqa: S608
    )
    return found.assign(moment=found.moment.where(found.answer_id > 0, moments(found["at"]))) if len(found) else found


def untold(connection: Connection, partner: str) -> pd.DataFrame:
    """Open exception lines of a partner for which there may be an order by now: as lines of a file, with pass_id, response_id, exception_id and pon."""
    found = frame_of(
        connection,
        f"""
        select e.id as exception_id, e.response_id, p.pass_id, e.line, e.pon, e.tn, e.ver, e.status, e.code, e.text, e.foc_date, e.at
        from exceptions e join responses p on p.id = e.response_id
        where e.resolved is null and e.reason in ({_TRIED_AGAIN}) and p.partner = ? order by e.response_id, e.line
        """,  # noqa: S608
        (partner,),
    )
    return found.assign(moment=moments(found["at"]))


def stored_versions(connection: Connection, orders: list[int]) -> pd.DataFrame:
    """The versions of some orders with the pass that stored each: order_id, ver, pass_id."""
    name = wanted(connection, orders, "numbers")
    return frame_of(
        connection,
        f"select v.order_id, v.ver, s.pass_id from {name} w cross join versions v on v.order_id = w.v join submissions s on s.id = v.submission_id",  # noqa: S608
    )


def store_response(connection: Connection, record: dict[str, Any], outcomes: Outcomes, stamp: str, seconds: int) -> int:
    """T4: a response file, the answers it held, the rows they moved, and the lines that found nothing.

    Args:
        connection: of the transaction.
        record: partner, name, sha256, lines, received, pass_id.
        outcomes: what `domain.reconcile` says of its lines.
        stamp: the time to go by, as text.
        seconds: the same as a number.
    """
    number = next_id(connection, responses)
    connection.execute(responses.insert().values(id=number, applied=int(outcomes.heard.counts.sum()), first_answer=0, answers=0, **record))
    _insert_exceptions(connection, outcomes.refused.assign(response_id=number), stamp)
    _store_answers(connection, outcomes, number, stamp, seconds)
    return number


def store_found(connection: Connection, outcomes: Outcomes, stamp: str, seconds: int) -> None:
    """Exception lines that have found their order: those that count or are noted become answers, the others get their new reason."""
    refused = outcomes.refused
    changed = zip(refused.why.tolist(), refused.order_id.tolist(), refused.exception_id.tolist(), strict=True)
    run_many(connection, "update exceptions set reason = ?, order_id = ? where id = ?", [(Why(why).label, order, number) for why, order, number in changed])
    found = outcomes.heard
    run_many(connection, "update exceptions set order_id = ? where id = ?", list(zip(found.order_id.tolist(), found.exception_id.tolist(), strict=True)))
    _settle_exceptions(connection, found.exception_id.tolist(), stamp)
    _store_answers(connection, outcomes, 0, stamp, seconds)


def _store_answers(connection: Connection, outcomes: Outcomes, response: int, stamp: str, seconds: int) -> None:
    """Store answers and what they did; `response` is the file of those that did not come before."""
    said = outcomes.said
    heard = said[said.heard & (said.answer_id == 0)]
    heard = heard.assign(response_id=heard.response_id.where(heard.response_id > 0, response))
    stored = _insert_answers(connection, heard)
    if response and len(heard):
        connection.execute(responses.update().where(responses.c.id == response).values(first_answer=stored.first, answers=len(heard)))
    _correct_earlier(connection, outcomes.otherwise, outcomes.fallen, stamp)
    if len(outcomes.rows):
        answer_of = said.answer_id.to_numpy(np.int64).copy()
        answer_of[said.index.get_indexer(heard.index)] = stored.ids
        moved = outcomes.rows.assign(answer_id=answer_of[said.index.get_indexer(pd.Index(outcomes.rows.said))]).sort_values("row_id")
        if _each_by_its_own_line(outcomes, heard):
            moved = _move_by_answers(connection, moved, heard, stored, seconds)
        _move_rows(connection, moved, seconds)
        _settle_moved(connection, outcomes.rows)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Lines stored as answers: the first one's number, those that follow it by one each, and what each says."""

    first: int
    sayings: Ints

    @property
    def ids(self) -> Ints:
        """The answers' numbers."""
        return self.first + np.arange(len(self.sayings))


def _insert_answers(connection: Connection, told: pd.DataFrame) -> _Stored:
    """Store lines as answers."""
    stored = _Stored(next_id(connection, answers), _insert_sayings(connection, told))
    columns = {"response_id": "response_id", "line": "line", "order_id": "order_id", "row_id": "row_id", "ver": "ver", "at": "moment", "applied": "counts"}
    numbers = {name: told[column].to_numpy(np.int64) for name, column in columns.items()}
    numbers["row_id"] = np.where(numbers["row_id"] == 0, -1, numbers["row_id"])
    insert_numbers(connection, answers, {"id": stored.ids, "saying_id": stored.sayings, **numbers})
    return stored


def _insert_sayings(connection: Connection, told: pd.DataFrame) -> Ints:
    """Store what lines say, each once; for each line the number of what it says."""
    said = pd.factorize(told.content)[0]
    each = told.iloc[np.flatnonzero(~told.content.duplicated())]
    first = next_id(connection, sayings)
    insert_many(connection, sayings, ("id", *_SAYING), list(zip(range(first, first + len(each)), *(each[name].tolist() for name in _SAYING), strict=True)))
    found: Ints = said + first
    return found


def _each_by_its_own_line(outcomes: Outcomes, heard: pd.DataFrame) -> bool:
    """Whether every row that moved was moved by one line of its own, and nothing that was said before had to be gone through again."""
    counting = heard[heard.counts]
    return len(counting) == len(outcomes.rows) and bool(outcomes.said.new.all()) and bool((counting.row_id > 0).all()) and counting.row_id.is_unique


def _move_by_answers(connection: Connection, moved: pd.DataFrame, heard: pd.DataFrame, stored: _Stored, seconds: int) -> pd.DataFrame:
    """Move all rows at once who stand alike where the same was said of them: half the time of moving a million one by one. Those that are left."""
    said = pd.Series(stored.sayings, index=heard.index).loc[moved.said].to_numpy()
    alike = moved.groupby(said)[list(_STANDS)].agg(["min", "max"])
    alike = alike[np.all([alike[name]["min"] == alike[name]["max"] for name in _STANDS], axis=0)]
    connection.exec_driver_sql("create temp table if not exists said_alike (saying bigint primary key, state integer, foc integer, settled boolean)")
    connection.exec_driver_sql("delete from said_alike")
    values = zip(alike.index.tolist(), *(alike[name]["min"].tolist() for name in _STANDS), strict=True)
    run_many(connection, "insert into said_alike values (?, ?, ?, ?)", list(values))
    connection.exec_driver_sql(
        f"""
        update rows set state = s.state, foc = nullif(s.foc, 0), settled = s.settled, answered = true, since = {int(seconds)}, answer_id = a.id
        from answers a cross join said_alike s on s.saying = a.saying_id where a.id >= ? and a.id < ? and a.applied and rows.id = a.row_id
        """,  # noqa: S608
        (stored.first, stored.first + len(heard)),
    )
    return moved[~np.isin(said, alike.index)]


#: How a row stands after what was said of it.
_STANDS = ("state", "foc", "settled")


def _correct_earlier(connection: Connection, otherwise: pd.DataFrame, fallen: pd.DataFrame, stamp: str) -> None:
    """Lines of earlier files that count otherwise than they did, now that a line has come that was said before them."""
    if not len(otherwise):
        return
    stay = otherwise[otherwise.heard & (otherwise.answer_id > 0)]
    run_many(connection, "update answers set applied = ? where id = ?", list(zip(stay.counts.tolist(), stay.answer_id.tolist(), strict=True)))
    _settle_exceptions(connection, otherwise.exception_id[otherwise.heard & (otherwise.exception_id > 0)].tolist(), stamp)
    run_many(connection, "delete from answers where id = ?", [(number,) for number in fallen.answer_id.tolist()])
    known = "update exceptions set counts = false, resolved = null, resolved_by = null, why = null, reason = ? where response_id = ? and line = ?"
    for line in records(fallen):
        if not connection.exec_driver_sql(known, (Why(line.why).label, line.response_id, line.line)).rowcount:
            _insert_exceptions(connection, fallen.loc[[line.Index]], stamp)


def _settle_exceptions(connection: Connection, numbers: list[int], stamp: str) -> None:
    """Exception lines that count after all."""
    run_many(connection, "update exceptions set counts = true where id = ?", [(number,) for number in numbers])
    settled = "update exceptions set resolved = ?, resolved_by = 'batchport', why = 'it has found its place' where id = ? and resolved is null"
    run_many(connection, settled, [(stamp, number) for number in numbers])


def _move_rows(connection: Connection, moved: pd.DataFrame, seconds: int) -> None:
    """Move rows one by one."""
    values = list(zip(moved.state.tolist(), moved.answer_id.tolist(), moved.foc.tolist(), moved.settled.tolist(), moved.row_id.tolist(), strict=True))
    statement = f"update rows set state = ?, answer_id = ?, foc = nullif(?, 0), settled = ?, answered = true, since = {int(seconds)} where id = ?"  # noqa: S608
    run_many(connection, statement, values)


def _settle_moved(connection: Connection, moved: pd.DataFrame) -> None:
    """What follows for orders, versions and files when rows have moved."""
    # Both indexes of numbers are partial on `live`: to set it takes an entry out and puts it back, so that is done where it changes.
    ends = moved[moved.ends].sort_values("row_id")
    live = (~ends.state.isin([int(state) for state in ENDED])).tolist()
    run_many(connection, "update rows set live = ? where id = ?", list(zip(live, ends.row_id.tolist(), strict=True)))
    back = [(order,) for order in np.unique(moved.order_id[moved.given_back]).tolist()]
    run_many(connection, "update orders set reorders = false, redated = was_date, requested_date = was_date where id = ? and sup = '2'", back)
    run_many(connection, "update orders set reorders = false where id = ?", back)
    run_many(connection, "update rows set leaves = false where order_id = ? and leaves", back)
    counted = moved[moved.answers].groupby(["order_id", "ver"]).size()
    run_many(
        connection, "update versions set answered = answered + ? where order_id = ? and ver = ?",
        [(one.size, one.order_id, one.ver) for one in records(counted.rename("size").reset_index())],
    )  # fmt: skip
    # Whether an order lives is a matter of rows that come to their end, or back from it.
    orders = [(one,) for one in np.unique(moved.order_id[moved.ends].to_numpy(np.int64)).tolist()]
    run_many(connection, "update orders set live = exists (select 1 from rows r where r.order_id = orders.id and r.live) where id = ?", orders)
    run_many(connection, "update files set results_due = true, counted = '' where id = ?", [(file,) for file in np.unique(moved.file_id.to_numpy(np.int64)).tolist()])


def _insert_exceptions(connection: Connection, told: pd.DataFrame, stamp: str) -> None:
    told = told.assign(at=told["at"].where((told["at"] != "") | (told.moment == 0), moment_texts(told.moment)))
    columns = ("response_id", "line", "pon", "tn", *_SAID)
    reasons = [Why(why).label for why in told.why.tolist()]
    orders = [order or None for order in told.order_id.tolist()]
    insert_many(
        connection, exceptions, (*columns, "order_id", "reason", "since"),
        zip(*(told[name].tolist() for name in columns), orders, reasons, [stamp] * len(told), strict=True),
    )  # fmt: skip


def customers_of(connection: Connection, files: list[int]) -> dict[int, str]:
    """File -> the customer whose it is."""
    name = wanted(connection, files, "numbers")
    return {int(file): str(customer) for file, customer in connection.exec_driver_sql(f"select f.id, f.customer from {name} w cross join files f on f.id = w.v")}  # noqa: S608
