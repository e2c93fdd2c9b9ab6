"""What became of every line that was sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.store.count import ANSWERED
from batchport.store.intake import frame_of, wanted
from batchport.store.lines import unpacked


def sent_files(connection: Connection, *, partner: str | None, since: str | None) -> pd.DataFrame:
    """Submissions that were sent, oldest first: id, partner, name, sent, orders, lines, and answered, the lines that the versions in it count as answered."""
    conditions, values = _conditions(partner, since)
    return frame_of(
        connection,
        f"""
        select s.id, s.partner, s.name, s.sent, s.orders, s.lines, sum({ANSWERED}) as answered
        from submissions s join versions v on v.submission_id = s.id where {conditions} group by s.id order by s.id
        """,  # noqa: S608
        values,
    )


def sent_lines(connection: Connection, *, partner: str | None, since: str | None) -> pd.DataFrame:
    """Every line of these submissions, as it was sent: submission_id, order_id, row_id, tn, ver and sup.

    Beside it stands how its row is now: present (whether that version is still the row's own), answered, said_ver, status and time (at) of the last answer that
    counted, foc.
    """
    conditions, values = _conditions(partner, since)
    sent = connection.exec_driver_sql(f"select s.id, s.line_rows from submissions s where {conditions} order by s.id", values).all()  # noqa: S608
    parts = [(number, *unpacked(data)) for number, data in sent]
    of_lines = [pd.DataFrame({"submission_id": number, "order_id": orders, "row_id": rows}) for number, orders, rows in parts]
    lines = pd.concat(of_lines, ignore_index=True) if of_lines else pd.DataFrame({"submission_id": [], "order_id": [], "row_id": []}, dtype=np.int64)
    versions = frame_of(
        connection,
        f"select v.submission_id, v.order_id, v.ver, v.sup from submissions s join versions v on v.submission_id = s.id where {conditions}",  # noqa: S608
        values,
    )
    name = wanted(connection, lines.row_id.unique().tolist(), "numbers")
    rows = frame_of(
        connection,
        f"""
        select r.id as row_id, r.tn, r.order_id as now_in, r.ver as now_ver, r.answered, r.foc, a.ver as said_ver, s.status, p.received as at
        from {name} w cross join rows r on r.id = w.v left join answers a on a.id = r.answer_id left join sayings s on s.id = a.saying_id
             left join responses p on p.id = a.response_id
        """,  # noqa: S608
    )
    lines = lines.merge(versions, on=["submission_id", "order_id"]).merge(rows, on="row_id")
    return lines.assign(present=(lines.now_in == lines.order_id) & (lines.now_ver == lines.ver))


def said_of_earlier(connection: Connection, lines: pd.DataFrame) -> pd.DataFrame:
    """What counted of the versions that some lines are of: id, order_id, ver, row_id (none: the whole order), status, foc_date, at; oldest first."""
    name = wanted(connection, lines.order_id.unique().tolist(), "numbers")
    return frame_of(
        connection,
        f"""
        select a.id, a.order_id, a.ver, a.row_id, s.status, s.foc_date, p.received as at
        from {name} w cross join answers a on a.order_id = w.v and a.applied join sayings s on s.id = a.saying_id join responses p on p.id = a.response_id order by a.id
        """,  # noqa: S608
    )


def _conditions(partner: str | None, since: str | None) -> tuple[str, tuple[Any, ...]]:
    asked = {"s.partner = ?": partner, "s.sent >= ?": since}
    values = tuple(value for value in asked.values() if value is not None)
    return " and ".join(["s.state = 'sent'", *(condition for condition, value in asked.items() if value is not None)]), values
