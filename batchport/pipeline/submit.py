"""Submit: orders that are ready become their partners' submission files.

A file is stored with its bytes and its number before anything is written (T2), written, and only then called sent (T3). What was stored and not called
sent is written again: the same bytes under the same name.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from batchport.carriers.render import Rendered, RenderError, files_of, manifest, render
from batchport.domain.findings import Findings
from batchport.domain.orders import AGREE, LOCAL, agreed
from batchport.domain.table import Column, Ints, text_array
from batchport.files import make_folder
from batchport.pipeline.app import App
from batchport.pipeline.ordering import settle, write_orders
from batchport.pipeline.tally import PassTally, Sent
from batchport.store import submissions as stored
from batchport.store.pieces import load_rows
from batchport.transport import TransportError
from batchport.transport.local import deliver

#: Columns of a submission that are fields of the row as they stand.
_FIELDS = (
    "tn", "btn", "account_number", "pin", "number_type", "losing_carrier", "name", "authorized_name", "street_number", "street_direction", "street_name", "unit",
    "city", "state", "postal_code", "country", "requested_date", "new_btn", "resporg_id", "reseller",
)  # fmt: skip


def submit(app: App, tally: PassTally, pass_id: int, *, partner: str | None = None, now_regardless: bool = False) -> None:
    """Send what is ready, partner by partner; what was left unsent by an earlier pass first."""
    _finish(app, tally)
    _look_again_at_waiting(app)
    with app.store.reading() as connection:
        partners = stored.ready_partners(connection)
    for name in partners:
        if partner not in (None, name) or name not in app.settings.partners:
            continue
        if not now_regardless and not app.profile(name).may_send(app.now):
            continue
        _submit_to(app, tally, pass_id, name)


def plan(app: App, *, partner: str | None = None) -> pd.DataFrame:
    """What `submit` would send: partner, orders, lines, and whether it may go now."""
    lines = []
    with app.store.reading() as connection:
        for name in stored.ready_partners(connection):
            if partner in (None, name) and name in app.settings.partners:
                ready = stored.ready_lines(connection, name)
                lines.append((name, ready.order_id.nunique(), len(ready), app.profile(name).may_send(app.now)))
    return pd.DataFrame(lines, columns=["partner", "orders", "lines", "now"])


def _submit_to(app: App, tally: PassTally, pass_id: int, partner: str) -> None:
    profile = app.profile(partner)
    with app.store.reading() as connection:
        ready = stored.ready_lines(connection, partner)
        sequence = stored.next_sequence(connection, partner)
        lines = _lines(app, connection, ready)
    start = 0
    try:
        files = render(profile, partner, lines, sequence=sequence, now=app.now)
    except RenderError as error:
        tally.trouble(f"nothing was sent to {partner}: {error}; correct the row, or hold the order with `batchport hold {error.pon}`")
        return
    for file in files:
        _store(app, pass_id, partner, file, ready.order_id.to_numpy(np.int64)[start : start + file.lines])
        start += file.lines
    _finish(app, tally)


def _lines(app: App, connection: Connection, ready: pd.DataFrame) -> pd.DataFrame:
    """The columns of a submission for rows that are ready, one line a row."""
    order_ids, order = np.unique(ready.order_id.to_numpy(np.int64), return_inverse=True)
    rows = load_rows(app.store, connection, ready.id.to_numpy(np.int64)).requests
    columns: dict[str, Column] = {}
    for name in _FIELDS:
        columns[name] = agreed(rows[name], order) if name in AGREE[LOCAL] and name != "tn" else rows[name]
    columns["remarks"] = rows["notes"]
    columns["pon"] = Column(text_array(app.store.pons.give(order_ids)), order.astype(np.int32))
    columns["partial"] = Column.from_series(ready.partial.astype("category"))
    columns["ver"] = Column.constant("01", len(ready))
    columns["sup"] = Column.constant("", len(ready))
    lines = np.bincount(order)
    first = np.concatenate([[0], np.cumsum(lines)[:-1]])
    columns["line"] = _numbers(np.arange(len(order)) - first[order] + 1)
    columns["lines"] = _numbers(lines[order])
    return pd.DataFrame({name: column.to_series() for name, column in columns.items()})


def _numbers(values: Ints) -> Column:
    """Small whole numbers as text."""
    return Column(pa.array(np.arange(int(values.max(initial=0)) + 1)).cast(pa.string()), values.astype(np.int32))


def _store(app: App, pass_id: int, partner: str, file: Rendered, orders: Ints) -> None:
    """T2: the file with its bytes, before anything is written anywhere."""
    record = {
        "partner": partner, "sequence": file.sequence, "name": file.name, "sha256": file.sha256, "orders": file.orders, "lines": file.lines,
        "sealed": app.store.keyring.seal(file.stored, _context(partner, file.name)), "manifest": manifest(file), "pass_id": pass_id, "stored": app.stamp,
    }  # fmt: skip
    with app.store.transaction() as connection:
        stored.store_submission(connection, record, orders)


def _finish(app: App, tally: PassTally) -> None:
    """Write every stored submission that is not known to be sent, and say that it is (T3)."""
    with app.store.reading() as connection:
        waiting = stored.unsent(connection)
    for record in waiting:
        stored_bytes = app.store.keyring.unseal(record.sealed, _context(record.partner, record.name))
        folder = make_folder(app.settings.folder("outbox", record.partner))
        try:
            for name, data in files_of(record.name, record.manifest, stored_bytes):
                deliver(folder, name, data)
        except TransportError as error:
            tally.trouble(f"{record.name} could not be written to outbox/{record.partner}: {error}. It is kept and tried again in the next pass.")
            continue
        with app.store.transaction() as connection:
            stored.mark_sent(connection, record.id, app.stamp, app.seconds)
        tally.sent.append(Sent(record.partner, record.name, record.orders, record.lines))
        tally.changed = True


def _context(partner: str, name: str) -> str:
    return f"submission {partner}/{name}"


def _look_again_at_waiting(app: App) -> None:
    """Settle anew the orders that waited for another order of their account, or for a route."""
    with app.store.reading() as connection:
        waiting = stored.waiting_orders(connection)
    for customer, orders in waiting.groupby("customer"):
        if customer in app.settings.customers:
            settle_again(app, str(customer), {int(number) for number in orders.id})


def settle_again(app: App, customer: str, orders: set[int]) -> None:
    """Look at some unsent orders of a customer once more, and store what that changes."""
    with app.store.reading() as connection:
        settled = settle(app, connection, customer, None, Findings(app.terms(customer).severities), affected=orders, gone=set())
    with app.store.transaction() as connection:
        write_orders(app, connection, customer, settled)
