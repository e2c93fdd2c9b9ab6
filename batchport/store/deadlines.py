"""Rows that somebody waits for: sent, and not at their end."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import IN_FLIGHT, State
from batchport.store.database import run_many
from batchport.store.intake import frame_of, wanted

_STATES = ", ".join(str(int(state)) for state in sorted({*IN_FLIGHT, State.CARRIER_REJECTED}))


def awaited(connection: Connection, orders: list[int] | None = None) -> pd.DataFrame:
    """Rows that were sent and have not ended, of some orders or of all, as `domain.deadlines` wants them; also tn, file_id and the order's customer and warned."""
    start = "orders o" if orders is None else f"{wanted(connection, orders, 'numbers')} w cross join orders o on o.id = w.v"
    found = frame_of(
        connection,
        f"""
        select r.id as row_id, r.order_id, r.state, r.tn, r.foc, r.since, r.file_id, o.partner, o.country, o.customer, o.warned, o.ver, s.sent
        from {start} cross join versions v on v.order_id = o.id and v.ver = o.ver join submissions s on s.id = v.submission_id
             cross join rows r on r.order_id = o.id and r.live
        where o.live and o.ver > 0 and r.ver = o.ver and r.state in ({_STATES})
        """,  # noqa: S608
    )
    sent = pd.to_datetime(found.sent, utc=True, format="ISO8601").astype("datetime64[s, UTC]").astype("int64") if len(found) else found.sent
    return found.assign(sent=sent, heard=found.since)


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
    seconds = pd.to_datetime(found["at"], utc=True, format="ISO8601").astype("datetime64[s, UTC]").astype("int64") if len(found) else found["at"]
    return dict(zip(found.row_id.tolist(), seconds.tolist(), strict=True))


def mark_warned(connection: Connection, told: list[tuple[str, int]]) -> None:
    """Remember which deadline of an order somebody was told of."""
    run_many(connection, "update orders set warned = ? where id = ?", told)
