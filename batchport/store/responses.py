"""Partners' answers: the rows they may speak of, and what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from batchport.domain.lifecycle import ENDED, State
from batchport.domain.table import records
from batchport.store.database import insert_many, next_id, run_many
from batchport.store.intake import frame_of, wanted
from batchport.store.schema import answers, exceptions, responses

_ROWS = "r.id as row_id, r.order_id, r.tn, r.state, r.ver, o.partner, r.foc, r.answer_id, r.answered, o.sup, r.was, r.was_foc"


def seen(connection: Connection, partner: str, sha256: str) -> bool:
    """Whether a file of this content came from this partner before."""
    return connection.execute(select(responses.c.id).where(responses.c.partner == partner, responses.c.sha256 == sha256)).first() is not None


def rows_spoken_of(connection: Connection, orders: list[int], numbers: list[int]) -> pd.DataFrame:
    """The sent rows of some orders, and the sent and open ones for some numbers."""
    of_orders = frame_of(
        connection,
        f"""
        select {_ROWS} from {wanted(connection, orders, "numbers")} w cross join orders o on o.id = w.v cross join rows r on r.order_id = o.id
        where r.ver > 0
        """,  # noqa: S608
    )
    of_numbers = frame_of(
        connection,
        f"""
        select {_ROWS} from {wanted(connection, numbers, "numbers")} w cross join rows r on r.tn = w.v and r.live join orders o on o.id = r.order_id
        where r.ver > 0
        """,  # noqa: S608
    )
    found = [frame for frame in (of_orders, of_numbers) if len(frame)]
    if not found:
        return of_orders
    # A row that was corrected and sent again stands for the one that it replaced.
    return pd.concat(found).sort_values("row_id").drop_duplicates(["order_id", "tn"], keep="last")


def applied_before(connection: Connection, orders: list[int]) -> pd.DataFrame:
    """The lines that were applied to rows of some orders: row_id, answer_id, ver, status, code, text, foc_date, at; a whole-order line once for each row."""
    name = wanted(connection, orders, "numbers")
    columns = "a.id as answer_id, a.ver, a.status, a.code, a.text, a.foc_date, a.at"
    return frame_of(
        connection,
        f"""
        select a.row_id, {columns} from {name} w cross join answers a on a.order_id = w.v where a.applied and a.row_id is not null
        union all
        select r.id, {columns} from {name} w cross join answers a on a.order_id = w.v join rows r on r.order_id = a.order_id
        where a.applied and a.row_id is null
        """,  # noqa: S608
    )


def store_response(connection: Connection, record: dict[str, Any], lines: pd.DataFrame, outcomes: Any, stamp: str, seconds: int) -> int:
    """T4: a response file, the answers it held, the rows they moved, and the lines that found nothing.

    Args:
        connection: of the transaction.
        record: partner, name, sha256, lines, received, pass_id.
        lines: the file's lines: line, pon, ver, tn, status, code, text, foc_date, at.
        outcomes: what `domain.reconcile` says of them.
        stamp: the time to go by, as text.
        seconds: the same as a number.
    """
    number = next_id(connection, responses)
    connection.execute(responses.insert().values(id=number, applied=int(outcomes.recorded.applied.sum()), **record))
    answer_of = _insert_answers(connection, number, lines, outcomes.recorded)
    _move_rows(connection, outcomes.applied, answer_of, seconds)
    _insert_exceptions(connection, number, lines, outcomes.exceptions, stamp)
    return number


def _insert_answers(connection: Connection, response: int, lines: pd.DataFrame, recorded: pd.DataFrame) -> dict[int, int]:
    first = next_id(connection, answers)
    told = recorded.merge(lines[["line", "status", "code", "text", "foc_date", "at"]], on="line")
    ids = range(first, first + len(told))
    whole = told.row_id.to_numpy() == 0
    rows = [None if all_of_it else row for all_of_it, row in zip(whole.tolist(), told.row_id.tolist(), strict=True)]
    insert_many(
        connection, answers, ("id", "response_id", "line", "order_id", "row_id", "ver", "status", "code", "text", "foc_date", "at", "applied"),
        zip(
            ids, [response] * len(told), told.line.tolist(), told.order_id.tolist(), rows, told.ver.tolist(), told.status.tolist(), told.code.tolist(),
            told.text.tolist(), told.foc_date.tolist(), told["at"].tolist(), told.applied.tolist(), strict=True,
        ),
    )  # fmt: skip
    return dict(zip(told.line.tolist(), ids, strict=True))


def _move_rows(connection: Connection, applied: pd.DataFrame, answer_of: dict[int, int], seconds: int) -> None:
    last = applied.drop_duplicates("row_id", keep="last").sort_values("row_id")
    ended = [int(state) for state in ENDED]
    live = (~last.state.isin(ended)).tolist()
    values = zip(
        last.state.tolist(), live, [answer_of[line] for line in last.line.tolist()], [foc or None for foc in last.foc.tolist()], [seconds] * len(last),
        last.row_id.tolist(), strict=True,
    )  # fmt: skip
    run_many(connection, "update rows set state = ?, live = ?, answer_id = ?, foc = ?, answered = 1, since = ? where id = ?", list(values))
    settled = [(row,) for row in last.row_id[~last.keeps.astype(bool)].tolist()]
    run_many(connection, "update rows set was = null, was_foc = null where id = ? and was is not null", settled)
    back = [(order,) for order in np.unique(applied.order_id[applied.given_back.astype(bool)]).tolist()]
    run_many(connection, "update orders set reorders = 0, redated = was_date, requested_date = was_date where id = ? and sup = '2'", back)
    run_many(connection, "update orders set reorders = 0 where id = ?", back)
    run_many(connection, "update rows set leaves = 0 where order_id = ? and leaves", back)
    answering = applied[applied.answers.to_numpy(dtype=bool)]
    counted = answering.groupby(["order_id", "ver"]).size()
    run_many(
        connection, "update versions set answered = answered + ? where order_id = ? and ver = ?",
        [(one.size, one.order_id, one.ver) for one in records(counted.rename("size").reset_index())],
    )  # fmt: skip
    orders = np.unique(applied.order_id.to_numpy(np.int64)).tolist()
    run_many(connection, "update orders set live = exists (select 1 from rows r where r.order_id = orders.id and r.live) where id = ?", [(one,) for one in orders])
    name = wanted(connection, last.row_id.tolist(), "numbers")
    connection.exec_driver_sql(
        f"update files set results_due = 1 where id in (select distinct r.file_id from {name} w cross join rows r on r.id = w.v)"  # noqa: S608
    )


def _insert_exceptions(connection: Connection, response: int, lines: pd.DataFrame, found: pd.DataFrame, stamp: str) -> None:
    told = found.merge(lines, on="line")
    columns = ("line", "pon", "ver", "tn", "status", "code", "text", "foc_date", "at", "reason")
    insert_many(
        connection, exceptions, ("response_id", *columns, "since"),
        zip([response] * len(told), *(told[name].tolist() for name in columns), [stamp] * len(told), strict=True),
    )  # fmt: skip


def customers_of(connection: Connection, rows: list[int]) -> dict[str, list[int]]:
    """Customer -> those of some rows that are theirs, ascending."""
    name = wanted(connection, rows, "numbers")
    found: dict[str, list[int]] = {}
    statement = f"select f.customer, r.id from {name} w cross join rows r on r.id = w.v join files f on f.id = r.file_id order by f.customer, r.id"  # noqa: S608
    for customer, row in connection.exec_driver_sql(statement):
        found.setdefault(customer, []).append(row)
    return found


def newly(applied: pd.DataFrame, state: State) -> int:
    """How many rows ended in a state."""
    last = applied.drop_duplicates("row_id", keep="last")
    return int((last.state == int(state)).sum())
