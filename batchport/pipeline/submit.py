"""Submit: orders that are ready become their partners' submission files.

A file is stored with its bytes and its number before anything is written (T2), sent, and only then called sent (T3); `sending` does the last two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from batchport import log
from batchport.carriers.render import Rendered, RenderError, manifest, render
from batchport.domain.findings import Findings
from batchport.domain.normalise import tidy
from batchport.domain.orders import AGREE, LOCAL, agreed
from batchport.domain.papers import PAPERS
from batchport.domain.purged import PURGED
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, text_array
from batchport.domain.versions import CANCEL, CHANGE
from batchport.pipeline.app import App
from batchport.pipeline.enclosures import Enclosed, beside_orders, enclosed
from batchport.pipeline.last_look import look_once_more
from batchport.pipeline.ordering import settle, write_orders
from batchport.pipeline.paper_look import look_at_papers, mended
from batchport.pipeline.restored import other_sequence
from batchport.pipeline.sending import sealed_as_sent, send_open, send_stored
from batchport.pipeline.spread import spread
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import contain, forget_all_but
from batchport.pipeline.versions import look_at_waiting
from batchport.pipeline.ways import protection
from batchport.store import submissions as stored
from batchport.store import versions
from batchport.store.acts import record_act
from batchport.store.corrected import with_shared
from batchport.store.enclosures import store_enclosures
from batchport.store.journal import source_of
from batchport.store.pieces import load_rows
from batchport.store.restored import in_doubt
from batchport.store.sealed import submission_context
from batchport.store.sendings import add_sending
from batchport.store.work import Unit
from batchport.transport import NotDelivered

#: Columns of a submission that are fields of the row as they stand.
_FIELDS = (
    "tn", "btn", "account_number", "pin", "number_type", "losing_carrier", "name", "authorized_name", "street_number", "street_direction", "street_name", "unit",
    "city", "state", "postal_code", "country", "requested_date", "new_btn", "resporg_id", "reseller",
)  # fmt: skip
#: And what else of a row says what goes.
_READ = (*_FIELDS, "notes", *PAPERS)


def submit(app: App, tally: PassTally, pass_id: int, *, partner: str | None = None, now_regardless: bool = False) -> None:
    """Send what is ready, partner by partner; what was left unsent by an earlier pass first."""
    send_open(app, tally, partner=partner, regardless=now_regardless)
    contain(tally, "putting what is left of cancelled orders into new ones", lambda: _go_on(app))
    contain(tally, "looking at the versions that wait", lambda: look_at_waiting(app))
    contain(tally, "looking at the orders that wait", lambda: _look_again_at_waiting(app))
    with app.store.reading() as connection:
        ready = [name for name in stored.ready_partners(connection) if partner in (None, name) and name in app.settings.partners]
    if partner is None:  # a pass that was killed when all was sent has left its unit behind
        forget_all_but(app, "submission", set(ready))
    open_now = [name for name in ready if now_regardless or app.profile(name).may_send(app.now)]
    spread(app, tally, pass_id, [Unit("submission", name) for name in open_now], lambda unit, tally: submit_ready(app, tally, pass_id, unit.key))


def submit_ready(app: App, tally: PassTally, pass_id: int, partner: str) -> None:
    """Send what is ready for a partner, and was looked at once more."""
    app.progress(f"Looking at orders to {partner} once more")
    look_once_more(app, tally, pass_id, [partner])
    look_at_papers(app, tally, pass_id, [partner])
    send_stored(app, tally, _submit_to(app, tally, pass_id, partner))


def plan(app: App, *, partner: str | None = None) -> pd.DataFrame:
    """What `submit` would send: partner, orders, lines, and whether it may go now."""
    lines = []
    with app.store.reading() as connection:
        for name in stored.ready_partners(connection):
            if partner in (None, name) and name in app.settings.partners:
                ready = stored.ready_lines(connection, name)
                lines.append((name, ready.order_id.nunique(), len(ready), app.profile(name).may_send(app.now)))
    return pd.DataFrame(lines, columns=["partner", "orders", "lines", "now"])


def _submit_to(app: App, tally: PassTally, pass_id: int, partner: str) -> list[int]:
    """Store what is ready for a partner; the sendings that this makes."""
    profile = app.profile(partner)
    with app.store.reading() as connection:
        ready = stored.ready_lines(connection, partner)
        if ready.empty:
            return []
        sequence = stored.next_sequence(connection, partner)
        ready, rows = _whole(app, tally, ready, _texts(app, connection, ready))
        if ready.empty:
            return []
        papers = beside_orders(app, connection, ready, rows)
        doubtful = in_doubt(connection, partner)
    app.progress(f"Making files for {partner}", 0, len(ready), "lines")
    lines = _lines(app, ready, rows)
    start = 0
    try:
        files = render(profile, partner, lines, sequence=sequence, now=app.now)
    except RenderError as error:
        tally.trouble(f"nothing was sent to {partner}: {error}; correct the row, or hold the order with `batchport hold {error.pon}`")
        return []
    stored_sendings = []
    try:
        if doubtful and (other := other_sequence(app, partner, files)) is not None:
            files = render(profile, partner, lines, sequence=other, now=app.now)
        protect = protection(app, tally, partner)
        for file in files:
            orders, own = (ready[name].to_numpy(np.int64)[start : start + file.lines] for name in ("order_id", "id"))
            some = [order for order in np.unique(orders).tolist() if order in papers]
            meant = {pon: papers[order] for pon, order in zip(app.store.pons.give(np.array(some, np.int64)), some, strict=True)}
            enclosures = enclosed(app, partner, meant, protect.of if protect else None, protect.suffix if protect else "")
            stored_sendings.append(_store(app, pass_id, partner, file, protect(file) if protect else file, (orders, own), enclosures))
            start += file.lines
            app.progress(f"Making files for {partner}", start, len(ready), "lines")
    except NotDelivered as error:
        tally.trouble(f"nothing was sent to {partner}: {error}. The orders stay ready.")
    return stored_sendings


def _whole(app: App, tally: PassTally, ready: pd.DataFrame, rows: Requests) -> tuple[pd.DataFrame, Requests]:
    """What is ready, without orders that had ended, lost their PINs to `purge`, and are to go again all the same."""
    lacking = rows["pin"].equals(PURGED)
    if not lacking.any():
        return ready, rows
    for order in ready.order_id[lacking].unique().tolist():
        pon = app.store.pons.one(int(order))
        tally.trouble(f"order {pon} was not sent: it had ended, and its PINs are not kept any more; ask the customer for the rows with their PINs, and `batchport cancel {pon}`")
    stays = ~ready.order_id.isin(ready.order_id[lacking]).to_numpy(dtype=bool)
    return ready[stays].reset_index(drop=True), rows.take(stays)


def _lines(app: App, ready: pd.DataFrame, rows: Requests) -> pd.DataFrame:
    """The columns of a submission for rows that are ready, one line a row."""
    order_ids, order = np.unique(ready.order_id.to_numpy(np.int64), return_inverse=True)
    columns: dict[str, Column] = {}
    for name in _FIELDS:
        columns[name] = agreed(rows[name], order) if name in AGREE[LOCAL] and name != "tn" else rows[name]
    columns["requested_date"] = _in_place(columns["requested_date"], ready.redated)
    columns["remarks"] = _in_place(tidy(rows["notes"]), ready.changes.where(ready.sup == CHANGE, ""))
    columns["pon"] = Column(text_array(app.store.pons.give(order_ids)), order.astype(np.int32))
    columns["partial"] = Column.from_series(ready.partial.astype("category"))
    columns["ver"] = Column(text_array([f"{number:02d}" for number in range(int(ready.ver.max()) + 1)]), ready.ver.to_numpy(np.int32))
    columns["sup"] = Column.from_series(ready.sup.astype("category"))
    lines = np.bincount(order)
    first = np.concatenate([[0], np.cumsum(lines)[:-1]])
    columns["line"] = _numbers(np.arange(len(order)) - first[order] + 1)
    columns["lines"] = _numbers(lines[order])
    return pd.DataFrame({name: column.to_series() for name, column in columns.items()})


def _texts(app: App, connection: Connection, ready: pd.DataFrame) -> Requests:
    """What the rows say, with what was corrected on one row for all of its order; a SUP 1 repeats what the partner has."""
    ids = ready.id.to_numpy(np.int64)
    as_sent = ((ready.sup == CANCEL) & (ready.sent_as > 0)).to_numpy()
    if as_sent.any():
        ids = np.where(as_sent, ready.sent_as.to_numpy(np.int64), ids)
        each, which = np.unique(ids, return_inverse=True)
        rows = load_rows(app.store, connection, each, _READ).requests.take(which)
    else:
        rows = load_rows(app.store, connection, ids, _READ).requests
    return with_shared(app.store, connection, rows, ready.shared)


def _in_place(column: Column, other: pd.Series) -> Column:
    """The column with other texts where there are any."""
    said = (other != "").to_numpy()
    return column.where(said, Column.from_series(other.astype("category"))) if said.any() else column


def _numbers(values: Ints) -> Column:
    """Small whole numbers as text."""
    return Column(pa.array(np.arange(int(values.max(initial=0)) + 1)).cast(pa.string()), values.astype(np.int32))


def _store(app: App, pass_id: int, partner: str, file: Rendered, sent: Rendered, lines: tuple[Ints, Ints], enclosures: Enclosed) -> int:
    """T2: the file with its bytes, as it was rendered and as it is sent, and the papers beside it, before anything is written anywhere.

    `lines` are the order and the row of each line.
    """
    record = {
        "partner": partner, "sequence": file.sequence, "name": file.name, "sha256": file.sha256, "orders": file.orders, "lines": file.lines,
        "sealed": app.store.keyring.seal(file.stored, submission_context(partner, file.name)), "protected": sealed_as_sent(app, partner, file, sent),
        "manifest": manifest(sent, enclosures.told), "pass_id": pass_id, "stored": app.stamp,
    }  # fmt: skip
    with app.store.transaction() as connection:
        submission = stored.store_submission(connection, record, *lines)
        store_enclosures(connection, submission, enclosures.records)
        about = f"{source_of(partner, file.name, file.sha256)}: orders {file.orders}, lines {file.lines}"
        record_act(connection, at=app.stamp, who=app.user, what="make submission", about=about, pass_id=pass_id, submission_id=submission)
        if not app.profile(partner).may_send(app.now):
            why = "outside the partner's windows"
            record_act(connection, at=app.stamp, who=app.user, what="submit --now", why=why, about=f"{partner}/{file.name}", submission_id=submission)
        sending = add_sending(connection, submission, sent.name, app.stamp)
    log.event("submission stored", submission=submission, partner=partner, sequence=file.sequence, name=sent.name, orders=file.orders, lines=file.lines, bytes=len(sent.stored))
    return sending


def _go_on(app: App) -> None:
    """Put what is left of orders that were cancelled for it into new ones."""
    with app.store.reading() as connection:
        cancelled = versions.cancelled_to_go_on(connection)
    for order in cancelled:
        with app.store.transaction() as connection:
            number = versions.go_on(connection, order, app.stamp, app.seconds)
        if number is not None and order.customer in app.settings.customers:
            settle_again(app, order.customer, {number})


def _look_again_at_waiting(app: App) -> None:
    """Settle anew the orders that waited for another order of their account, or for a route, and those whose papers are there now."""
    with app.store.reading() as connection:
        waiting = stored.waiting_orders(connection)
    for customer, orders in waiting.groupby("customer"):
        if customer in app.settings.customers:
            settle_again(app, str(customer), {int(number) for number in orders.id})
    for customer, numbers in mended(app).items():
        settle_again(app, customer, numbers)


def settle_again(app: App, customer: str, orders: set[int]) -> None:
    """Look at some unsent orders of a customer once more, and store what that changes."""
    with app.store.reading() as connection:
        settled = settle(app, connection, customer, None, Findings(app.terms(customer).severities), affected=orders, gone=set())
    with app.store.transaction() as connection:
        write_orders(app, connection, customer, settled)
