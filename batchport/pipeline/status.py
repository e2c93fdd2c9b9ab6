"""Rows, orders and exception lines as the commands that look at things show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.findings import INFO, catalogue
from batchport.domain.lifecycle import GIVEN_BACK, ORDERLESS, Answer, State
from batchport.domain.table import known, records
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.deadlines import NOTHING_DUE, falling_due, first_due, overdue
from batchport.pipeline.remedies import remedies
from batchport.pipeline.shown import iso
from batchport.store import look
from batchport.store.pieces import load_rows

_DATED = (State.CONFIRMED, State.COMPLETED)
_DATED_ORDERS = frozenset(state.label for state in _DATED)
_REASONED = frozenset((State.CARRIER_REJECTED, State.DELAYED))
#: What a row says itself that is told of it.
_TOLD = ("customer_ref", "tn", "losing_carrier", "requested_date")
_GIVEN_BACK = frozenset(state for states in GIVEN_BACK.values() for state in states)


def number_of(tn: str) -> int:
    """Ten digits from a telephone number in any usual spelling.

    Raises:
        Unknown: it is none.
    """
    from batchport.domain.numbering import one

    number, _ = one(tn)
    if number < 0:
        raise Unknown(f"{tn!r} is not a telephone number of ten digits")
    return number


def order_of(app: App, pon: str) -> int:
    """The order that a PON names.

    Raises:
        Unknown: there is no such order.
    """
    number = int(app.store.pons.read([pon])[0])
    if number > 0:
        with app.store.reading() as connection:
            if len(look.orders_exist(connection, [number])):
                return number
    raise Unknown(f"there is no order {pon!r}; `batchport orders` lists them")


def status_lines(
    app: App, *, customer: str | None = None, file: str | None = None, order: str | None = None, tn: str | None = None, ref: str | None = None, state: str | None = None,
    late: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """A line for each row that is asked for; `late`: of those only what is overdue.

    Raises:
        Unknown: there is no such customer, order or number.
    """
    if customer is not None:
        app.customer(customer)
    with app.store.reading() as connection:
        if tn is not None:
            rows = look.rows_by(connection, numbers=[number_of(tn)])
            if not len(rows):
                raise Unknown(f"nobody has asked for {tn}")
        elif order is not None:
            rows = look.rows_by(connection, orders=[order_of(app, order)])
            rows = rows[~rows.state.isin([int(each) for each in ORDERLESS])]
        elif late:
            rows = look.rows_by(connection, ids=overdue(falling_due(app, connection, by_now=True)).row_id.unique().tolist())
        else:
            rows = look.rows_of_files(connection, customer=customer, file=file, state=int(State[state.upper()]) if state else None)
        for name, wanted in (("customer", customer), ("file", file)):
            if wanted is not None:
                rows = rows[rows[name] == wanted]
        if state is not None:
            rows = rows[rows.state == int(State[state.upper()])]
        lines = rows_told(app, connection, rows.reset_index(drop=True))
    return [line for line in lines if (ref is None or ref in (line["customer_ref"], line["row_id"])) and (line["overdue"] or not late)]


def rows_told(app: App, connection: Connection, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as `status` shows them."""
    if not len(rows):
        return []
    ids = rows.id.to_numpy(np.int64)
    requests = load_rows(app.store, connection, ids, _TOLD).requests
    texts = {name: requests[name].text().to_pylist() for name in _TOLD}
    codes = _codes(app, connection, rows)
    reasons = _reasons(app, connection, rows)
    belongs = (rows.order_id.notna() & ~rows.state.isin([int(each) for each in ORDERLESS])).to_numpy()
    orders = rows.order_id.fillna(0).astype(np.int64).to_numpy()
    pons = app.store.pons.give(orders)
    states = _order_states(connection, [int(order) for order in np.unique(orders[belongs])])
    row_ids = app.store.row_ids.give(ids)
    since = _moments(rows.since)
    due = first_due(falling_due(app, connection, [int(order) for order in np.unique(orders[belongs])]), "row_id")
    lines = []
    for at, row in enumerate(records(rows)):
        state, its = State(int(row.state)), belongs[at]
        lines.append({
            "customer": row.customer, "file": row.file, "row": int(row.row), "row_id": row_ids[at], "customer_ref": texts["customer_ref"][at] or None,
            "tn": texts["tn"][at] or None, "pon": pons[at] if its else None, "ver": f"{int(row.order_ver):02d}" if its and row.order_ver else None,
            "state": state.label, "order_state": states.get(int(orders[at])) if its else None, "order_held_by": (row.held_by or None) if its else None,
            "partner": (row.partner or None) if its else None, "losing_carrier": texts["losing_carrier"][at] or None,
            "requested_date": texts["requested_date"][at] or None, "foc_date": iso(row.foc) if state in _DATED and known(row.foc) and row.foc else None,
            "findings": codes.get(int(row.id), []), "reasons": reasons.get(at, []), **due.get(int(row.id), NOTHING_DUE),
            "since": since[at],
        })  # fmt: skip
    return lines


def _codes(app: App, connection: Connection, rows: pd.DataFrame) -> dict[int, list[str]]:
    """Row -> codes of its errors and warnings, those of its order included."""
    found = look.findings_of(connection, rows.id.tolist())
    notes = look.findings_of_orders(connection, [int(order) for order in rows.order_id.dropna().unique()])
    place = {code: at for at, code in enumerate(catalogue())}
    owner = rows.set_index("id")
    codes: dict[int, set[str]] = {}
    for row, code in zip(found.row_id, found.code, strict=True):
        if _severity(app, owner.customer[row], code) != INFO:
            codes.setdefault(int(row), set()).add(code)
    if len(notes):
        joined = rows[["id", "order_id", "state", "customer"]].merge(notes, on="order_id")
        for note in records(joined):
            if _severity(app, note.customer, note.code) != INFO and (note.rejected_too or note.state != State.REJECTED):
                codes.setdefault(int(note.id), set()).add(note.code)
    return {row: sorted(own, key=place.__getitem__) for row, own in codes.items()}


def _severity(app: App, customer: str, code: str) -> str:
    own = app.settings.customers.get(customer)
    return (own.severities.get(code) if own else None) or catalogue()[code].severity


def _reasons(app: App, connection: Connection, rows: pd.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """Position -> the partner's reasons for the row's present state."""
    # A further version may have been turned down: then the row has its old state, and the reason.
    told = rows[rows.state.isin([int(state) for state in _REASONED | _GIVEN_BACK]) & rows.answer_id.notna()]
    if not len(told):
        return {}
    answers = look.answers_by_id(connection, sorted(set(told.answer_id.astype(int)))).set_index("id")
    said_last = answers.loc[told.answer_id.astype(int)]
    turned_down = (said_last.status == Answer.REJECT.value).to_numpy() & (said_last.ver.to_numpy() == told.ver.to_numpy())
    told = told[told.state.isin([int(state) for state in _REASONED]) | turned_down]
    by_number = {said.Index: said for said in records(answers)}
    found: dict[int, list[dict[str, Any]]] = {}
    for at, number in zip(told.index, told.answer_id.astype(int), strict=True):
        said = by_number[number]
        if said.partner not in app.settings.partners:
            continue
        whole = not known(said.row_id)
        found[at] = [
            {"code": reason.code or None, "text": reason.text, "class": reason.class_, "field": reason.field or None, "scope": "order" if whole else reason.scope,
             "at": said.at or said.received, "remedy": reason.remedy, "said": said.text or None}
            for reason in app.codes(said.partner).explain(said.code, said.text)
        ]  # fmt: skip
    return found


def _order_states(connection: Connection, orders: list[int]) -> dict[int, str]:
    """Order -> the state of its rows, `mixed` where they differ."""
    table = look.orders_table(connection, orders=orders)
    return {int(one.id): order_state(one.least, one.greatest) for one in records(table)}


def order_state(least: int, greatest: int) -> str:
    """The state of an order whose rows' states lie between two."""
    return State(int(least)).label if least == greatest else "mixed"


def order_lines(app: App, *, customer: str | None = None, partner: str | None = None, due_first: bool = False, to_do: bool = True) -> list[dict[str, Any]]:
    """A line for each order, with what is `to_do` about it if that is asked for; `due_first`: for those of which something falls due, soonest first."""
    if customer is not None:
        app.customer(customer)
    if partner is not None:
        app.profile(partner)
    with app.store.reading() as connection:
        of_customer = look.orders_of(connection, customer) if customer is not None else None
        due = first_due(falling_due(app, connection, of_customer), "order_id")
        table = look.orders_table(connection, customer=customer, partner=partner, orders=sorted(due) if due_first else None)
        refused = table[(table.least <= State.CARRIER_REJECTED) & (table.greatest >= State.CARRIER_REJECTED)]
        found = remedies(app, connection, refused.id.tolist()) if to_do else {}
    lines = [
        {
            "pon": pon, "ver": f"{one.ver:02d}" if one.ver else None, "sup": one.sup or None, "parent": app.store.pons.one(int(one.parent_id)) if known(one.parent_id) else None,
            "customer": one.customer, "partner": one.partner or None, "state": state, "number_class": one.number_class, "losing_carrier": one.losing_carrier,
            "btn": f"{int(one.btn):010d}" if known(one.btn) else None, "lines": one.lines, "requested_date": one.requested_date or None,
            "foc_date": iso(one.foc) if state in _DATED_ORDERS and known(one.foc) else None, "since": max(one.since, moved), **due.get(one.id, NOTHING_DUE),
            "held_by": one.held_by or None, "remedies": [remedy.json() for remedy in found.get(one.id, ())],
        }
        for pon, one, state, moved in zip(_pons(app, table), records(table), _states_of(table), _moments(table.moved), strict=True)
    ]  # fmt: skip
    return sorted((line for line in lines if line["due"]), key=lambda line: str(line["due"])) if due_first else lines


def _pons(app: App, table: pd.DataFrame) -> list[str]:
    return app.store.pons.give(table.id.to_numpy(np.int64)) if len(table) else []


def _states_of(table: pd.DataFrame) -> list[str]:
    """The state of each order of a table of them, of each pair of least and greatest once."""
    pairs = {pair: order_state(*pair) for pair in set(zip(table.least.tolist(), table.greatest.tolist(), strict=True))}
    return [pairs[pair] for pair in zip(table.least.tolist(), table.greatest.tolist(), strict=True)]


def _moments(seconds: pd.Series) -> list[str]:
    """Seconds since 1970 as stored times are written."""
    texts = np.datetime_as_string(seconds.to_numpy(np.int64).astype("datetime64[s]"))
    return [f"{text}+00:00" for text in texts.tolist()]


def exception_lines(app: App) -> list[dict[str, Any]]:
    """A line for each open exception line."""
    with app.store.reading() as connection:
        table = look.exceptions_table(connection)
    return [
        {"id": int(one.id), "partner": one.partner, "file": one.file, "line": int(one.line), "pon": one.pon or None, "ver": f"{int(one.ver):02d}" if one.ver > 0 else None,
         "tn": one.tn or None, "status": one.status or None, "codes": [code for code in one.code.split(";") if code], "text": one.text or None,
         "reason": one.reason, "since": one.since, "resolved": one.resolved}
        for one in records(table)
    ]  # fmt: skip
