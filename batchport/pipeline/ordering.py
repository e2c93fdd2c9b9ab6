"""New rows and what is already there, settled together: which orders there are, and what state every row is in.

An order that was not sent takes in later rows of its key, and is then looked at anew with all its rows, old ones too. So whatever changes an order, a
new sheet, an operator's release or the end of another order of the account, goes through `settle`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import compress, repeat

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.findings import ERROR, Findings, fields_at_fault, severity_of
from batchport.domain.lifecycle import IN_FLIGHT, UNSENT, Act, State, after
from batchport.domain.numbering import digits, toll_free
from batchport.domain.orders import RAISED, Batch, Grouping, Keys, Known, group_orders, key_texts, order_keys
from batchport.domain.requests import Requests
from batchport.domain.routes import partners_of
from batchport.domain.table import Column, Ints, Mask, known
from batchport.pipeline.app import App
from batchport.store import intake as looked_up
from batchport.store.corrected import with_shared
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
        part_ids: for each order the id of its part that goes first; -1 for a new one, or where there is none.
        gone_before: for each order how many of its numbers went in earlier parts.
        parents: for each order the id of the one that it was taken out of, 0 for none.
        dissolved: orders that have no row left.
        findings: of single rows, by position in the batch.
    """

    batch: Batch
    new: int
    earlier: pd.DataFrame
    grouping: Grouping
    order_ids: Ints
    hashes: list[tuple[bytes, bytes]]
    part_ids: Ints
    gone_before: Ints
    parents: Ints
    dissolved: list[int]
    findings: Findings


@dataclass(slots=True)
class _Open:
    """Orders of some accounts that are still open: by key those not sent yet, their first parts, and PONs of those that are under way."""

    unsent: dict[bytes, int] = field(default_factory=dict)
    parts: dict[bytes, int] = field(default_factory=dict)
    busy: dict[bytes, str] = field(default_factory=dict)
    released: set[int] = field(default_factory=set)
    on_hold: set[int] = field(default_factory=set)
    gone_before: dict[int, int] = field(default_factory=dict)

    def of(self, keys: set[bytes]) -> set[int]:
        """The orders of some keys that are not sent yet."""
        return {orders[key] for orders in (self.unsent, self.parts) for key in keys if key in orders}


def settle(
    app: App, connection: Connection, customer: str, new: Batch | None, findings: Findings, *, affected: set[int], gone: set[int], out_of: Mapping[int, int] | None = None,
    held: Collection[int] = (),
) -> Settled:  # fmt: skip
    """Work out the orders of new rows together with the earlier rows that they, or a change of an order, concern.

    Args:
        app: the installation.
        connection: for looking things up.
        customer: whose rows they are.
        new: rows of a new sheet; None where there are none.
        findings: what was found on the new rows; what the order says of single rows is added.
        affected: earlier orders to be looked at again.
        gone: earlier rows that are being replaced.
        out_of: position of a new row -> the sent order that it leaves.
        held: sent orders of which a further version is to wait and is held.
    """
    fresh = looked_up.empty(connection)
    keys = order_keys(new) if new is not None else None
    hashes = hashed(app, new, keys, customer) if new is not None and keys is not None else []
    open_orders = _Open() if fresh else _open_orders(app, connection, hashes)
    affected = affected | open_orders.of({key for key, _ in hashes}) | looked_up.parts_of_orders(connection, affected)
    members = looked_up.rows_of_orders(connection, sorted(affected)) if affected else pd.DataFrame({"id": []})
    if len(members):
        unsent = members.state.isin([int(state) for state in UNSENT]) & members.sent_as.isna() & ~members.id.isin(gone)
        members = members[unsent].drop_duplicates("id").sort_values("id").reset_index(drop=True)
    batch, new_rows = new, len(new) if new is not None else 0
    if len(members):
        earlier = earlier_batch(app, connection, customer, members)
        batch = joined(new, earlier) if new is not None else earlier
        keys = order_keys(batch)
        hashes = hashed(app, batch, keys, customer)
        open_orders = _open_orders(app, connection, hashes)
    if batch is None or keys is None:
        batch = _nothing()
        keys = order_keys(batch)
    order_ids = _numbers(open_orders.unsent, hashes)
    order_ids = _kept_names(order_ids, keys, members, new_rows)
    parents = _parents(connection, keys, order_ids, members, new_rows, out_of or {})
    known = _known(app, connection, customer, open_orders, hashes, order_ids, parents, held)
    grouping = group_orders(batch, keys, findings, known, max_lines=app.max_lines)
    part_ids = _numbers(open_orders.parts, hashes)
    part_ids[part_ids == order_ids] = -1
    gone_before = known.gone_before + np.bincount(keys.order[grouping.ahead], minlength=len(keys.first))
    # A part that is not needed any more ends with the orders that have no row left.
    kept = {*order_ids.tolist(), *part_ids[np.bincount(keys.order[grouping.ahead], minlength=len(keys.first)) > 0].tolist()}
    return Settled(batch, new_rows, members, grouping, order_ids, hashes, part_ids, gone_before, parents, sorted(affected - kept), findings)


def _numbers(orders: Mapping[bytes, int], hashes: list[tuple[bytes, bytes]]) -> Ints:
    """For each key the number of its order, -1 for none."""
    return np.array([orders.get(key, -1) for key, _ in hashes], np.int64) if orders else np.full(len(hashes), -1)


def _among(numbers: Ints, some: Collection[int]) -> Mask:
    """Which numbers are among some."""
    return np.isin(numbers, list(some)) if some else np.zeros(len(numbers), dtype=bool)


def _known(
    app: App, connection: Connection, customer: str, open_orders: _Open, hashes: list[tuple[bytes, bytes]], order_ids: Ints, parents: Ints, held: Collection[int]
) -> Known:
    """What is known of the orders besides their rows."""
    part_ids = _numbers(open_orders.parts, hashes)
    gone = {number: lines for number, lines in open_orders.gone_before.items() if lines}
    before = np.array([gone.get(number, 0) for number in order_ids.tolist()], np.int64) if gone else np.zeros(len(order_ids), np.int64)
    # Rows of a part that was not sent are looked at with all the others again.
    for number in np.flatnonzero(part_ids >= 0).tolist():
        before[number] = max(0, before[number] - gone.get(int(part_ids[number]), 0))
    busy = {number: open_orders.busy[key] for number, (key, _) in enumerate(hashes) if key in open_orders.busy} if open_orders.busy else {}
    waits = looked_up.orders_before_others(connection, sorted({*parents.tolist()} - {0})) | set(held)
    busy |= {number: app.store.pons.one(parent) for number, parent in enumerate(parents.tolist()) if parent in waits}
    return Known(
        release=_among(order_ids, open_orders.released) | app.terms(customer).release_rejected, busy=busy,
        on_hold=_among(order_ids, open_orders.on_hold) | _among(part_ids, open_orders.on_hold),
        gone_before=before, part=np.zeros(len(order_ids), dtype=bool),
    )  # fmt: skip


def _parents(connection: Connection, keys: Keys, order_ids: Ints, members: pd.DataFrame, new_rows: int, out_of: Mapping[int, int]) -> Ints:
    """For each order the sent one that its rows were taken out of; 0 for none."""
    parents = np.zeros(len(order_ids), np.int64)
    if len(members):
        before = members.order_id.fillna(0).to_numpy(np.int64)
        known_parents = looked_up.parents_of_orders(connection, sorted({*before.tolist(), *order_ids[order_ids > 0].tolist()}))
        for at, number in enumerate(keys.order[new_rows:].tolist() if known_parents else ()):
            if number >= 0:
                parents[number] = parents[number] or known_parents.get(int(before[at]), 0)
    for at, order in out_of.items():
        if keys.order[at] >= 0:
            parents[keys.order[at]] = order
    return parents


def _kept_names(order_ids: Ints, keys: Keys, members: pd.DataFrame, new_rows: int) -> Ints:
    """The orders' ids, an old one too where all its rows now have another key together: it keeps its PON and takes the new key."""
    if not len(members):
        return order_ids
    taken, order = set(order_ids.tolist()), keys.order[new_rows:]
    for number in np.unique(order[order >= 0]).tolist():
        if order_ids[number] >= 0:
            continue
        names = {int(name) for name in members.order_id.to_numpy()[order == number] if known(name)}
        if len(names) == 1 and not names & taken:
            order_ids[number] = names.pop()
            taken.add(int(order_ids[number]))
    return order_ids


def batch_of(app: App, customer: str, requests: Requests, **facts: object) -> Batch:
    """A batch with the partner of each row."""
    partner = partners_of(app.routes, customer, requests, facts["toll_free"], facts["wireless"])  # type: ignore[arg-type]
    return Batch(requests=requests, partner=partner, **facts)  # type: ignore[arg-type]


def hashed(app: App, batch: Batch, keys: Keys, customer: str) -> list[tuple[bytes, bytes]]:
    """For each order the keyed hashes of its key and of its account."""
    texts = key_texts(batch, keys, customer)
    return list(zip(app.store.hash.many(key for key, _ in texts), app.store.hash.many(account for _, account in texts), strict=True))


def _open_orders(app: App, connection: Connection, hashes: list[tuple[bytes, bytes]]) -> _Open:
    found = looked_up.orders_of_accounts(connection, sorted({account for _, account in hashes}))
    state = _Open()
    if not len(found):
        return state
    state.released = set(found.id[found.released == 1].tolist())
    state.on_hold = set(found.id[found.on_hold == 1].tolist())
    sent = (found.ver > 0) | found.taken_by.notna()
    for key, number, part, lines, before in zip(*(found[name][~sent] for name in ("key", "id", "part", "lines", "gone_before")), strict=True):
        (state.parts if part else state.unsent)[bytes(key)] = int(number)
        state.gone_before[int(number)] = int(lines if part else before)
    if sent.any():
        under_way = _under_way(app, connection, found.id[sent].tolist())
        for key, number in zip(found.key[sent], found.id[sent], strict=True):
            if number in under_way:
                state.busy[bytes(key)] = app.store.pons.one(int(number))
    return state


def _under_way(app: App, connection: Connection, sent: list[int]) -> set[int]:
    """Those of some sent orders that another order of their account has to wait for."""
    members = looked_up.rows_of_orders(connection, sent)
    flying = members.state.isin([int(state) for state in IN_FLIGHT | {State.READY, State.HELD}])
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


def earlier_batch(app: App, connection: Connection, customer: str, members: pd.DataFrame) -> Batch:
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
    requests = with_shared(app.store, connection, stored.requests, members.shared)
    tn, btn = (requests[name].spread(digits(requests[name].values)[0]) for name in ("tn", "btn"))
    free = toll_free(tn)
    return batch_of(
        app, customer, requests,
        tn=tn, btn=btn, toll_free=free, wireless=requests["number_type"].equals("wireless") & ~free, account_filled=stored.account_filled,
        rejected=rejected, again=np.zeros(len(members), dtype=bool), failures=failures, file=stored.file, place=lambda at: names[at],
    )  # fmt: skip


def joined(new: Batch, earlier: Batch) -> Batch:
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


@dataclass(frozen=True, slots=True)
class OrderIds:
    """The ids of written orders, and of those of their parts that go first (-1 for none)."""

    whole: Ints
    part: Ints

    def of_rows(self, order: Ints, ahead: Mask) -> Ints:
        """For each row the id of its order, -1 for none."""
        ids: Ints = np.where(ahead, np.append(self.part, -1)[order], np.append(self.whole, -1)[order])
        return ids


def write_orders(app: App, connection: Connection, customer: str, settled: Settled) -> OrderIds:
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
    before, parents = settled.gone_before.tolist(), [number or None for number in settled.parents.tolist()]
    shared = [table[name].tolist() for name in ("partner", "number_class", "country", "losing_carrier")]
    keys, accounts = zip(*settled.hashes, strict=True) if settled.hashes else ((), ())
    columns = {
        "id": ids.tolist(), "key": keys, "account": accounts, "live": repeat(True), "customer": repeat(customer), "partner": shared[0], "number_class": shared[1],
        "country": shared[2], "losing_carrier": shared[3], "btn": btn, "partial": partial, "lines": lines, "ver": repeat(0), "sup": repeat(""), "held_by": held_by,
        "released": repeat(False), "requested_date": dates, "since": repeat(app.stamp), "gone_before": before, "parent_id": parents,
    }  # fmt: skip
    insert_many(connection, orders, tuple(columns), compress(zip(*columns.values(), strict=False), (known < 0).tolist()))
    changed = np.flatnonzero(known >= 0).tolist()
    run_many(
        connection,
        """update orders set key = ?, account = ?, partner = ?, partial = ?, lines = ?, held_by = ?, requested_date = case redated when '' then ? else redated end,
           since = ?, gone_before = ?, part = 0, live = true where id = ?""",
        [(*settled.hashes[n], shared[0][n], partial[n], lines[n], held_by[n], dates[n], app.stamp, before[n], int(ids[n])) for n in changed],
    )  # fmt: skip
    parted = np.bincount(grouping.keys.order[grouping.ahead], minlength=len(ids))
    written = OrderIds(ids, np.where(parted > 0, settled.part_ids, -1))
    fresh_parts = np.flatnonzero((parted > 0) & (settled.part_ids < 0))
    written.part[fresh_parts] = np.arange(len(fresh_parts)) + next_id(connection, orders)
    insert_many(connection, orders, (*columns, "part"), [
        (int(written.part[n]), *settled.hashes[n], True, customer, *(column[n] for column in shared), btn[n], "Y", int(parted[n]), 0, "", "", False, dates[n], app.stamp, 0, None, 1)
        for n in fresh_parts.tolist()
    ])  # fmt: skip
    run_many(
        connection, "update orders set key = ?, account = ?, partner = ?, lines = ?, requested_date = ?, since = ? where id = ?",
        [(*settled.hashes[n], shared[0][n], int(parted[n]), dates[n], app.stamp, int(written.part[n])) for n in np.flatnonzero((parted > 0) & (settled.part_ids >= 0)).tolist()],
    )  # fmt: skip
    touched = [int(ids[n]) for n in changed] + settled.dissolved
    run_many(connection, "delete from order_findings where order_id = ?", [(number,) for number in touched])
    run_many(connection, "update orders set lines = 0, held_by = '', live = false, since = ? where id = ?", [(app.stamp, number) for number in settled.dissolved])
    notes = grouping.findings
    insert_many(
        connection, order_findings, ("order_id", "code", "field", "detail", "rejected_too"),
        list(zip(ids[notes.order.to_numpy(np.int64)].tolist(), notes.code, notes.field, notes.detail, notes.rejected_too, strict=True)),
    )  # fmt: skip
    _write_part_notes(connection, notes, written)
    _write_earlier(app, connection, settled, written)
    return written


def _write_part_notes(connection: Connection, notes: pd.DataFrame, written: OrderIds) -> None:
    """What is to be said of parts that go first: what is said of the whole."""
    of_parts = notes[written.part[notes.order.to_numpy(np.int64)] >= 0]
    part = written.part[of_parts.order.to_numpy(np.int64)].tolist()
    run_many(connection, "delete from order_findings where order_id = ?", [(number,) for number in sorted(set(part))])
    columns = ("order_id", "code", "field", "detail", "rejected_too")
    insert_many(connection, order_findings, columns, list(zip(part, of_parts.code, of_parts.field, of_parts.detail, of_parts.rejected_too, strict=True)))


def _write_earlier(app: App, connection: Connection, settled: Settled, ids: OrderIds) -> None:
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
    order = ids.of_rows(settled.grouping.keys.order, settled.grouping.ahead)[settled.new :]
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
    run_many(connection, "update files set results_due = true, counted = '' where id = ?", [(number,) for number in files])


def write_holds(connection: Connection, settled: Settled, ids: OrderIds, row_ids: Ints) -> None:
    """Note which orders are held by new rejected rows that have no key; after the rows are stored."""
    pairs = settled.grouping.holds
    pairs = pairs[pairs[:, 0] < settled.new]
    insert_many(connection, holds_table, ("row_id", "order_id"), list(zip(row_ids[pairs[:, 0]].tolist(), ids.whole[pairs[:, 1]].tolist(), strict=True)))
