"""The whole history of a number, an order, a file, a row or an exception line: every step with its time, its file and its cause."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.domain.numbering import one as number_in
from batchport.domain.table import known, records
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.facts import shown_number
from batchport.store import look


def trace(app: App, handle: str) -> list[dict[str, Any]]:
    """The steps behind a handle, in the order of time: at, step, what, file.

    Raises:
        Unknown: the handle is nothing that is known here.
    """
    with app.store.reading() as connection:
        steps: list[dict[str, Any]] = []
        rows = _rows(app, connection, handle, steps)
        if rows is None:
            raise Unknown(f"{handle!r} is no number, PON, file, row id or exception id that is known here")
        steps += _steps(app, connection, rows)
    order = {"row read": 0, "order": 1, "act": 2, "submission": 3, "answer": 4, "exception": 5, "mail": 6, "now": 7}
    return sorted(steps, key=lambda step: (step["at"], order[step["step"]]))


def _rows(app: App, connection: Connection, handle: str, steps: list[dict[str, Any]]) -> pd.DataFrame | None:
    """The rows that a handle leads to; what it is itself, where that is no row, is added to the steps."""
    number, _ = number_in(handle)
    if number >= 0:
        found = look.rows_by(connection, numbers=[number])
        lines = look.exceptions_naming(connection, f"{number:010d}")
        steps += [step for line in lines for step in _exception_steps(line)]
        return found if len(found) or lines else None
    for names, by in ((app.store.pons, "orders"), (app.store.row_ids, "ids")):
        named = int(names.read([handle])[0])
        if named > 0:
            found = look.rows_by(connection, **{by: [named]})
            if by == "orders":
                # What was left of an order that was called off for it stands in new ones.
                found = pd.concat([part for part in (found, look.rows_by(connection, orders=look.orders_out_of(connection, named))) if len(part)] or [found])
            if len(found):
                return found
    if handle.isascii() and handle.isdigit():
        return _of_exception(app, connection, int(handle), steps)
    files = look.files_named(connection, handle)
    if files:
        return pd.concat([look.rows_of_file(connection, file.id) for file in files])
    orders = look.rows_of_submission(connection, handle) or look.orders_answered_by(connection, handle)
    return look.rows_by(connection, orders=orders) if orders else None


def _of_exception(app: App, connection: Connection, exception: int, steps: list[dict[str, Any]]) -> pd.DataFrame | None:
    line = look.exception_record(connection, exception)
    if line is None:
        return None
    steps += _exception_steps(line)
    named = int(app.store.pons.read([line.pon])[0])
    of_order = look.rows_by(connection, orders=[named]) if named > 0 else look.rows_by(connection, ids=[])
    number, _ = number_in(line.tn)
    return of_order if len(of_order) else look.rows_by(connection, numbers=[number] if number >= 0 else [])


def _exception_steps(line: Any) -> list[dict[str, Any]]:
    """An exception line, and how it was settled."""
    told = f"{line.partner} said {line.status or 'nothing'} of {line.tn or line.pon or 'nothing'}: {line.reason}"
    steps = [_step(line.received, "exception", told, f"{line.file}, line {line.line}")]
    if known(line.resolved):
        steps.append(_step(line.resolved, "act", f"resolved by {line.resolved_by}: {line.why}", ""))
    return steps


def _steps(app: App, connection: Connection, rows: pd.DataFrame) -> list[dict[str, Any]]:
    if not len(rows):
        return []
    files = {number: look.file_record(connection, number) for number in rows.file_id.unique().tolist()}
    row_ids = dict(zip(rows.id, app.store.row_ids.give(rows.id.to_numpy(np.int64)), strict=True))
    steps = []
    for row in records(rows):
        file = files[row.file_id]
        steps.append(_step(file.received, "row read", f"{shown_number(row.tn) or 'no number'}, row id {row_ids[row.id]}", f"{row.customer}/{row.file}, row {row.row}"))
        since = pd.Timestamp(int(row.since), unit="s", tz="UTC").isoformat()
        steps.append(_step(since, "now", f"{shown_number(row.tn) or 'row ' + str(row.row)} is {State(int(row.state)).label.replace('_', ' ')}", ""))
    orders = [int(order) for order in rows.order_id.dropna().unique()]
    pons = dict(zip(orders, app.store.pons.give(np.array(orders, np.int64)), strict=True)) if orders else {}
    first = rows.dropna(subset="order_id").drop_duplicates("order_id")
    for row in records(first):
        held = f", held: {row.held_by}" if row.held_by else ""
        steps.append(_step(files[row.file_id].received, "order", f"order {pons[int(row.order_id)]}{held}", ""))
    history = look.history_of_orders(connection, orders)
    for sent in records(history["versions"]):
        when, what = (sent.sent, "sent to") if known(sent.sent) else (sent.stored, "stored, to be sent to")
        steps.append(_step(when, "submission", f"order {pons[sent.order_id]} version {sent.ver:02d} {what} {sent.partner}, {sent.lines} lines", sent.name))
    steps += _again(history)
    passes = {files[number].pass_id for number in files}
    own = set(rows.id)
    for said in records(history["answers"]):
        if known(said.row_id) and said.row_id not in own:
            continue
        passes.add(said.pass_id)
        steps.append(_step(said.received, "answer", _answer(said, pons), f"{said.name}, line {said.line}"))
    for act in records(history["acts"]):
        steps.append(_step(act.at, "act", f"{act.what} of {pons[act.order_id]} by {act.who}: {act.why}", ""))
    mails = look.mails_about(connection, sorted(int(number) for number in passes), rows.customer.unique().tolist())
    for mail in records(mails):
        steps.append(_step(mail.sent or mail.created, "mail", f"{mail.kind} to {mail.recipient}: {mail.state}", ""))
    return steps


def _again(history: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Submissions that were sent again, and who asked for it."""
    steps = []
    for act in records(history["asked"]):
        steps.append(_step(act.at, "act", f"{act.what} of {act.submission} by {act.who}{': ' if act.why else ''}{act.why}", act.submission))
    for sent in records(history["again"]):
        words = f"sent again to {sent.partner}" if sent.state == "sent" else f"to be sent again to {sent.partner}: {sent.state}"
        steps.append(_step(sent.sent if known(sent.sent) else sent.asked, "submission", f"{words}: {sent.submission}", sent.name))
    return steps


def _answer(said: Any, pons: dict[int, str]) -> str:
    whole = " (whole order)" if not known(said.row_id) else ""
    parts = [f"{said.partner} said {said.status}{whole} of order {pons[said.order_id]} version {said.ver:02d}"]
    parts += [part for part in (said.code, said.text, said.foc_date) if part]
    return ", ".join(parts) + ("" if said.applied else "; changed nothing")


def _step(at: str, step: str, what: str, file: str) -> dict[str, Any]:
    return {"at": at, "step": step, "what": what, "file": file or None}
