"""Rows that somebody waits for: sent, and not at their end."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import IN_FLIGHT, State
from batchport.store.database import run_many
from batchport.store.intake import frame_of, ints_of, wanted

_STATES = ", ".join(str(int(state)) for state in sorted({*IN_FLIGHT, State.CARRIER_REJECTED}))


def awaited(connection: Connection, orders: list[int] | None = None, *, before: int | None = None, until: int | None = None) -> pd.DataFrame:
    """Rows that were sent and have not ended, as `domain.deadlines` wants them; also tn, ver, and the order's customer and warned.

    Args:
        connection: for looking things up.
        orders: of which orders; None for all.
        before: only those that have not moved since this moment, in seconds since 1970; of those that are confirmed instead
        until: those that are for this day (yyyymmdd) at the latest.
    """
    confirmed = int(State.CONFIRMED)
    asked = "" if before is None else f"and case when r.state = {confirmed} then r.foc <= {int(until or 0)} else r.since < {int(before)} end"
    of_rows = f"r.live and r.state in ({_STATES}) {asked}"
    # Of all orders the rows come first, in their own order: to look each of them up by its order takes several times as long.
    start = (
        f"files f cross join rows r on f.counted = '' and r.id >= f.first_row and r.id < f.first_row + f.rows and {of_rows} cross join orders o on o.id = r.order_id"
        if orders is None
        else f"{wanted(connection, orders, 'numbers')} w cross join orders o on o.id = w.v cross join rows r on r.order_id = o.id and {of_rows}"
    )
    rows = ints_of(
        connection,
        f"""
        select r.id as row_id, r.order_id, r.state, r.tn, coalesce(r.foc, 0) as foc, r.since, r.ver from {start} where o.live and o.ver > 0 and r.ver = o.ver
        """,  # noqa: S608
    )
    of = frame_of(
        connection,
        f"""
        select o.id as order_id, o.partner, o.country, o.customer, o.warned, v.submission_id from {wanted(connection, rows.order_id.unique().tolist(), 'numbers')} w
        cross join orders o on o.id = w.v cross join versions v on v.order_id = o.id and v.ver = o.ver
        """,  # noqa: S608
    ).drop_duplicates("order_id")
    found = rows.merge(of.merge(_sent(connection), on="submission_id"), on="order_id")
    return found.assign(heard=found.since)


def _sent(connection: Connection) -> pd.DataFrame:
    """When submissions were sent: submission_id, and sent in seconds since 1970."""
    # Said so that the index is taken which holds all that is asked here: by any other the bytes of every file are read.
    found = frame_of(connection, "select id as submission_id, sent from submissions where state = 'sent' and sent > ''")
    return found.assign(sent=_seconds(found.sent))


def _seconds(stamps: pd.Series[str]) -> pd.Series[int]:
    """Stored times in seconds since 1970."""
    return pd.to_datetime(stamps, utc=True, format="ISO8601").astype("datetime64[s, UTC]").astype("int64")


def last_heard(connection: Connection, rows: pd.DataFrame) -> dict[int, int]:
    """Row -> when a line was last heard of it in its present version, one that changed nothing too, in seconds since 1970; of rows (row_id, order_id, ver)."""
    name = wanted(connection, rows.row_id.tolist(), "numbers")
    found = frame_of(
        connection,
        f"""
        select r.id as row_id, max(p.received) as at from {name} w cross join rows r on r.id = w.v cross join answers a on a.order_id = r.order_id
        join responses p on p.id = a.response_id where a.ver = r.ver and (a.row_id = r.id or a.row_id is null) group by r.id
        """,  # noqa: S608
    )
    return dict(zip(found.row_id.tolist(), _seconds(found["at"]).tolist(), strict=True))


def mark_warned(connection: Connection, told: list[tuple[str, int]]) -> None:
    """Remember which deadline of an order somebody was told of."""
    run_many(connection, "update orders set warned = ? where id = ?", told)
