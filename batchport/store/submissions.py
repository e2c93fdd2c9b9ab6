"""Orders that can go, and the submission files they go in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.store.database import insert_many, next_id, run_many
from batchport.store.intake import frame_of
from batchport.store.schema import READY_ORDER, WAITING_ORDER, submissions, versions


def ready_partners(connection: Connection) -> list[str]:
    """The partners that orders are ready for."""
    return [partner for (partner,) in connection.exec_driver_sql(f"select distinct partner from orders where {READY_ORDER} order by partner")]  # noqa: S608


def ready_lines(connection: Connection, partner: str) -> pd.DataFrame:
    """The rows of a partner's orders that can go: id, order_id, partial; by order, then in the order in which they came."""
    statement = f"""
        select r.id, r.order_id, o.partial from (select id, partial from orders where {READY_ORDER} and partner = ?) o
        cross join rows r on r.order_id = o.id where r.state = {int(State.READY)}
    """  # noqa: S608
    return frame_of(connection, statement, (partner,)).sort_values(["order_id", "id"], ignore_index=True)


def waiting_orders(connection: Connection) -> pd.DataFrame:
    """Orders that wait for another order of their account, or for a route: id, customer."""
    return frame_of(connection, f"select id, customer from orders where {WAITING_ORDER}")  # noqa: S608


def next_sequence(connection: Connection, partner: str) -> int:
    """The next number of a partner's submission files; there are no gaps."""
    return int(connection.exec_driver_sql("select coalesce(max(sequence), 0) + 1 from submissions where partner = ?", (partner,)).scalar_one())


def store_submission(connection: Connection, record: dict[str, Any], orders: np.ndarray[Any, Any]) -> int:
    """T2: a submission with its bytes; its orders are taken. `orders` has one entry a line."""
    number = next_id(connection, submissions)
    connection.execute(submissions.insert().values(id=number, state="stored", **record))
    taken, lines = np.unique(orders, return_counts=True)
    insert_many(
        connection, versions, ("order_id", "ver", "sup", "submission_id", "lines", "answered"),
        [(order, 1, "", number, count, 0) for order, count in zip(taken.tolist(), lines.tolist(), strict=True)],
    )  # fmt: skip
    run_many(connection, "update orders set taken_by = ? where id = ?", [(number, order) for order in taken.tolist()])
    return number


def mark_sent(connection: Connection, number: int, stamp: str, seconds: int) -> None:
    """T3: a submission is known to be sent; its rows are submitted."""
    connection.execute(submissions.update().where(submissions.c.id == number).values(state="sent", sent=stamp))
    connection.exec_driver_sql(
        f"""
        update rows set state = {int(State.SUBMITTED)}, ver = 1, answered = 0, since = ?
        where state = {int(State.READY)} and order_id in (select order_id from versions where submission_id = ?)
        """,  # noqa: S608
        (seconds, number),
    )
    connection.exec_driver_sql("update orders set ver = 1, taken_by = null, since = ? where taken_by = ?", (stamp, number))
    connection.exec_driver_sql(
        """
        update files set results_due = 1 where id in (
            select distinct r.file_id from versions v cross join rows r on r.order_id = v.order_id where v.submission_id = ?)
        """,
        (number,),
    )
