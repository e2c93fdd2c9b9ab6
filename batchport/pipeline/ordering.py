"""New rows and what is already there, settled together: which orders there are, and what state every row is in.

An order that was not sent takes in later rows of its key, and is then looked at anew with all its rows, old ones too. So whatever changes an order, a
new sheet, an operator's release or the end of another order of the account, goes through `settle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.findings import ERROR, Findings, fields_at_fault, severity_of
from batchport.domain.lifecycle import IN_FLIGHT, UNSENT, Act, State, after
from batchport.domain.numbering import digits, toll_free
from batchport.domain.orders import RAISED, Batch, Grouping, Keys, group_orders, key_texts, order_keys
from batchport.domain.requests import Requests
from batchport.domain.routes import partners_of
from batchport.domain.table import Column, Ints, Mask, known
from batchport.pipeline.app import App
from batchport.store import intake as looked_up
from batchport.store.database import insert_many, next_id, run_many
from batchport.store.pieces import load_rows
from batchport.store.schema import holds as holds_table
from batchport.store.schema import order_findings, orders

#: Found by looking at an order as a whole: forgotten and found afresh whenever the order is looked at.
_OF_THE_ORDER = frozenset(("order-rows-disagree", "order-new-btn", "name-spelling", *RAISED))
_ENDS_THE_ROW = "NOPORT"


@dataclass(slots=True)
class Settled:
    """What is to be written of a customer's orders.

    Attributes:
        batch: the rows: `new` new ones, then earlier ones.
        new: how many are new.
        earlier: ids and states of the earlier rows.
        grouping: the orders and the state of each row.
        order_ids: for each order its id, -1 for a new one.
        hashes: for each order the keyed hashes of its key and its account.
        dissolved: orders that have no row left.
        findings: of single rows, by position in the batch.
    """

    batch: Batch
    new: int
    earlier: pd.DataFrame
    grouping: Grouping
    order_ids: Ints
    hashes: list[tuple[bytes, bytes]]
    dissolved: list[int]
    findings: Findings


@dataclass(slots=True)
class _Open:
    """Orders of some accounts that are still open: by key those not sent yet, and PONs of those that are under way."""

    unsent: dict[bytes, int] = field(default_factory=dict)
    busy: dict[bytes, str] = field(default_factory=dict)
    released: set[int] = field(default_factory=set)


def settle(app: App, connection: Connection, customer: str, new: Batch | None, findings: Findings, *, affected: set[int], gone: set[int]) -> Settled:
    """Work out the orders of new rows together with the earlier rows that they, or a change of an order, concern.

    Args:
        app: the installation.
        connection: for looking things up.
        customer: whose rows they are.
        new: rows of a new sheet; None where there are none.
        findings: what was found on the new rows; what the order says of single rows is added.
        affected: earlier orders to be looked at again.
        gone: earlier rows that are being replaced.
    """
    fresh = looked_up.empty(connection)
    keys = order_keys(new) if new is not None else None
    hashes = _hashed(app, new, keys, customer) if new is not None and keys is not None else []
    open_orders = _Open() if fresh else _open_orders(app, connection, hashes)
    affected = affected | {open_orders.unsent[key] for key, _ in hashes if key in open_orders.unsent}
    members = looked_up.rows_of_orders(connection, sorted(affected)) if affected else pd.DataFrame({"id": []})
    if len(members):
        unsent = members.state.isin([int(state) for state in UNSENT]) & ~members.id.isin(gone)
        members = members[unsent].drop_duplicates("id").sort_values("id").reset_index(drop=True)
    batch, new_rows = new, len(new) if new is not None else 0
    if len(members):
        earlier = _earlier_batch(app, connection, customer, members)
        batch = _joined(new, earlier) if new is not None else earlier
        keys = order_keys(batch)
        hashes = _hashed(app, batch, keys, customer)
        open_orders = _open_orders(app, connection, hashes)
    if batch is None or keys is None:
        batch = _nothing()
        keys = order_keys(batch)
    order_ids: Ints = np.array([open_orders.unsent.get(key, -1) for key, _ in hashes], np.int64)
    order_ids = _kept_names(order_ids, keys, members, new_rows)
    terms = app.terms(customer)
    release = np.array([terms.release_rejected or number in open_orders.released for number in order_ids.tolist()], dtype=bool)
    busy = {number: open_orders.busy[key] for number, (key, _) in enumerate(hashes) if key in open_orders.busy}
    grouping = group_orders(batch, keys, findings, release=release, max_lines=app.max_lines, busy=busy)
    dissolved = sorted(affected - set(order_ids.tolist()))
    return Settled(batch, new_rows, members, grouping, order_ids, hashes, dissolved, findings)


def _kept_names(order_ids: Ints, keys: Keys, members: pd.DataFrame, new_rows: int) -> Ints:
    """The orders' ids, an old one too where all its rows now have another key together: it keeps its PON and takes the new key."""
    taken = set(order_ids.tolist())
    for number in np.flatnonzero(order_ids < 0).tolist():
        before = members.order_id.to_numpy()[keys.order[new_rows:] == number] if len(members) else np.zeros(0)
        names = {int(name) for name in before if known(name)}
        if len(names) == 1 and not names & taken:
            order_ids[number] = names.pop()
            taken.add(int(order_ids[number]))
    return order_ids


def batch_of(app: App, customer: str, requests: Requests, **facts: object) -> Batch:
    """A batch with the partner of each row."""
    partner = partners_of(app.routes, customer, requests, facts["toll_free"], facts["wireless"])  # type: ignore[arg-type]
    return Batch(requests=requests, partner=partner, **facts)  # type: ignore[arg-type]


def _hashed(app: App, batch: Batch, keys: Keys, customer: str) -> list[tuple[bytes, bytes]]:
    return [(app.store.hash(key), app.store.hash(account)) for key, account in key_texts(batch, keys, customer)]


def _open_orders(app: App, connection: Connection, hashes: list[tuple[bytes, bytes]]) -> _Open:
    found = looked_up.orders_of_accounts(connection, sorted({account for _, account in hashes}))
    state = _Open()
    if not len(found):
        return state
    state.released = set(found.id[found.released == 1].tolist())
    sent = (found.ver > 0) | found.taken_by.notna()
    for key, number in zip(found.key[~sent], found.id[~sent], strict=True):
        state.unsent[bytes(key)] = int(number)
    if sent.any():
        under_way = _under_way(app, connection, found.id[sent].tolist())
        for key, number in zip(found.key[sent], found.id[sent], strict=True):
            if number in under_way:
                state.busy[bytes(key)] = app.store.pons.one(int(number))
    return state


def _under_way(app: App, connection: Connection, sent: list[int]) -> set[int]:
    """Those of some sent orders that another order of their account has to wait for."""
    members = looked_up.rows_of_orders(connection, sent)
    flying = members.state.isin([int(state) for state in IN_FLIGHT | {State.READY}])
    refused = members[members.state == State.CARRIER_REJECTED]
    waiting = set(members.order_id[flying].tolist())
    if len(refused):
        partners = looked_up.partners_of_orders(connection, sorted(set(refused.order_id.tolist())))
        codes = looked_up.blaming_answers(connection, sorted(set(refused.answer_id.dropna().astype(int))))
        for order, answer in zip(refused.order_id, refused.answer_id, strict=True):
            reasons = app.codes(partners[order]).explain(codes.get(int(answer), "")) if known(answer) else []
            if not reasons or any(reason.class_ != _ENDS_THE_ROW for reason in reasons):
                waiting.add(order)
    return waiting


def _earlier_batch(app: App, connection: Connection, customer: str, members: pd.DataFrame) -> Batch:
    """Stored rows as a batch, with the errors that were found on them."""
    stored = load_rows(app.store, connection, members.id.to_numpy(np.int64))
    found = looked_up.findings_of_rows(connection, members.id.tolist())
    severities = app.terms(customer).severities
    own = found[~found.code.isin(_OF_THE_ORDER)]
    grave = own[np.array([severity_of(code, detail, severities) == ERROR for code, detail in zip(own.code, own.detail, strict=True)], dtype=bool)]
    grave = grave.assign(at=pd.Index(members.id).get_indexer(grave.row_id))
    rejected = np.zeros(len(members), dtype=bool)
    rejected[grave["at"]] = True
    failures: dict[str, Mask] = {}
    for kind, same in grave.groupby(["code", "field"], sort=False):
        code, at = map(str, kind)
        for name, rows in fields_at_fault(code, at, same.detail.tolist(), same["at"].to_numpy(np.int64)):
            failures.setdefault(name, np.zeros(len(members), dtype=bool))[rows] = True
    names = [f"{row} of {file}" for row, file in zip(members.row, members.file, strict=True)]
    requests = stored.requests
    tn, btn = (requests[name].spread(digits(requests[name].values)[0]) for name in ("tn", "btn"))
    free = toll_free(tn)
    return batch_of(
        app, customer, requests,
        tn=tn, btn=btn, toll_free=free, wireless=requests["number_type"].equals("wireless") & ~free, account_filled=stored.account_filled,
        rejected=rejected, again=np.zeros(len(members), dtype=bool), failures=failures, file=stored.file, place=lambda at: names[at],
    )  # fmt: skip


def _joined(new: Batch, earlier: Batch) -> Batch:
    """New rows and, behind them, earlier ones."""
    first = len(new)
    names = set(new.failures) | set(earlier.failures)
    joined = {
        name: np.concatenate([getattr(new, name), getattr(earlier, name)])
        for name in ("tn", "btn", "toll_free", "wireless", "account_filled", "rejected", "again", "file")
    }
    return Batch(
        requests=Requests.concat([new.requests, earlier.requests]),
        partner=Column.concat([new.partner, earlier.partner]),
        failures={name: np.concatenate([new.failed(name), earlier.failed(name)]) for name in names},
        place=lambda at: new.place(at) if at < first else earlier.place(at - first),
        **joined,
    )


def _nothing() -> Batch:
    none, no = np.zeros(0, np.int64), np.zeros(0, dtype=bool)
    requests = Requests({}, none)
    return Batch(requests, none, none, no, no, no, no, no, {}, Column.constant("", 0), none, str)


def write_orders(app: App, connection: Connection, customer: str, settled: Settled) -> Ints:
    """Write the orders of a settled batch, and what changed on earlier rows; the id of each order.

    To be called within the transaction that stores the new rows, before they are: rows name their orders.
    """
    grouping, known = settled.grouping, settled.order_ids
    ids = known.copy()
    fresh = np.flatnonzero(known < 0)
    ids[fresh] = np.arange(len(fresh)) + next_id(connection, orders)
    table = grouping.orders
    dates = settled.batch.requests["requested_date"].take(grouping.keys.first).text().to_pylist()
    btn = [number if number >= 0 else None for number in table.btn.tolist()]
    partial, lines, held_by = table.partial.tolist(), table.lines.tolist(), table.held_by.tolist()
    columns = (
        "id", "key", "account", "live", "customer", "partner", "number_class", "country", "losing_carrier", "btn", "partial", "lines", "ver", "sup", "held_by",
        "released", "requested_date", "since",
    )  # fmt: skip
    shared = [table[name].tolist() for name in ("partner", "number_class", "country", "losing_carrier")]
    insert_many(connection, orders, columns, [
        (int(ids[n]), *settled.hashes[n], True, customer, *(column[n] for column in shared), btn[n], partial[n], lines[n], 0, "", held_by[n], False, dates[n], app.stamp)
        for n in fresh.tolist()
    ])  # fmt: skip
    changed = np.flatnonzero(known >= 0).tolist()
    run_many(
        connection, "update orders set key = ?, account = ?, partner = ?, partial = ?, lines = ?, held_by = ?, requested_date = ?, since = ?, live = 1 where id = ?",
        [(*settled.hashes[n], shared[0][n], partial[n], lines[n], held_by[n], dates[n], app.stamp, int(ids[n])) for n in changed],
    )  # fmt: skip
    touched = [int(ids[n]) for n in changed] + settled.dissolved
    run_many(connection, "delete from order_findings where order_id = ?", [(number,) for number in touched])
    run_many(connection, "update orders set lines = 0, held_by = '', live = 0, since = ? where id = ?", [(app.stamp, number) for number in settled.dissolved])
    notes = grouping.findings
    insert_many(
        connection, order_findings, ("order_id", "code", "field", "detail", "rejected_too"),
        list(zip(ids[notes.order.to_numpy(np.int64)].tolist(), notes.code, notes.field, notes.detail, notes.rejected_too, strict=True)),
    )  # fmt: skip
    _write_earlier(app, connection, settled, ids)
    return ids


def _write_earlier(app: App, connection: Connection, settled: Settled, ids: Ints) -> None:
    """New states and orders of earlier rows, and what is now found on them."""
    if not len(settled.earlier):
        return
    state = settled.grouping.state[settled.new :]
    moved = []
    for number, old, new in zip(settled.earlier.id.tolist(), settled.earlier.state.tolist(), state.tolist(), strict=True):
        if old != new:
            act = {State.READY: Act.RELEASE, State.HELD: Act.HOLD, State.REJECTED: Act.REJECT}[State(new)]
            moved.append((int(after(act, State(old))), app.seconds, number))
    run_many(connection, "update rows set state = ?, since = ? where id = ?", moved)
    order = np.append(ids, -1)[settled.grouping.keys.order[settled.new :]]
    before = settled.earlier.order_id.fillna(-1).to_numpy(np.int64)
    joined = [(int(order[at]), int(settled.earlier.id.iloc[at])) for at in np.flatnonzero((order != before) & (order >= 0)).tolist()]
    run_many(connection, "update rows set order_id = ? where id = ?", joined)
    drop = ", ".join(f"'{code}'" for code in sorted(_OF_THE_ORDER))
    run_many(connection, f"delete from findings where row_id = ? and code in ({drop})", [(number,) for number in settled.earlier.id.tolist()])  # noqa: S608
    found = settled.findings.frame()
    found = found[(found.row >= settled.new) & found.code.isin(_OF_THE_ORDER)]
    if len(found):
        found = found.assign(row_id=settled.earlier.id.to_numpy()[found.row.to_numpy() - settled.new])
        looked_up.insert_findings(connection, found)
    files = sorted(set(settled.earlier.file_id.tolist()))
    run_many(connection, "update files set results_due = 1 where id = ?", [(number,) for number in files])


def write_holds(connection: Connection, settled: Settled, ids: Ints, row_ids: Ints) -> None:
    """Note which orders are held by new rejected rows that have no key; after the rows are stored."""
    pairs = settled.grouping.holds
    pairs = pairs[pairs[:, 0] < settled.new]
    insert_many(connection, holds_table, ("row_id", "order_id"), list(zip(row_ids[pairs[:, 0]].tolist(), ids[pairs[:, 1]].tolist(), strict=True)))
