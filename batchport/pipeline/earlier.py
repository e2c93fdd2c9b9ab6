"""New rows against a customer's earlier ones: what is the same request again, what corrects or calls off an earlier row, what has to wait (contract, section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks.prepared import Prepared
from batchport.domain.corrections import Named, same_data
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import IN_FLIGHT, UNSENT, State
from batchport.domain.orders import Batch, order_keys
from batchport.domain.purged import PURGED
from batchport.domain.repeated import repeated
from batchport.domain.requests import Requests
from batchport.domain.roster import plain_lines
from batchport.domain.table import Ints, Mask
from batchport.pipeline.acts import may_be_corrected, refusal
from batchport.pipeline.app import App
from batchport.pipeline.ordering import OrderIds, Settled, batch_of, hashed, settle
from batchport.pipeline.versions import Version, correct, members_of
from batchport.pipeline.wording import masked
from batchport.store import intake as looked_up
from batchport.store.pieces import load_rows

_UNSENT = [int(state) for state in UNSENT]
_SENT = [int(state) for state in (*IN_FLIGHT, State.CARRIER_REJECTED)]
#: States of rows whose number has a line, or is on its way to it; a number that has moved is the line's own and no row's any more.
_HAS_ITS_LINE = (*IN_FLIGHT, State.HELD, State.READY, State.CARRIER_REJECTED)
#: States of earlier rows that a new row for their number replaces, or takes no notice of.
_OF_NO_MATTER = [int(state) for state in (State.REJECTED, State.DUPLICATE, State.CANCELLED, State.SUPERSEDED)]
_ENDED = [int(state) for state in (State.DUPLICATE, State.COMPLETED, State.CANCELLED, State.SUPERSEDED)]


def named_rows(app: App, customer: str, requests: Requests) -> Named:
    """The customer's earlier rows that rows of a sheet name by their Row ID; IDs that name none are left out."""
    at = np.flatnonzero(~requests["row_id"].blank)
    if not len(at):
        return Named.none()
    ids = app.store.row_ids.read(requests["row_id"].take(at).text().to_pylist())
    with app.store.reading() as connection:
        own = looked_up.rows_of_customer(connection, customer, sorted({*ids[ids > 0].tolist()})).set_index("id", drop=False)
        kept = np.isin(ids, own.id.to_numpy())
        if not kept.any():
            return Named.none()
        each = np.unique(ids[kept])
        stored = load_rows(app.store, connection, each).requests.take(np.searchsorted(each, ids[kept]))
    return Named(at[kept], own.loc[ids[kept]].reset_index(drop=True), stored)


def restore_masked(requests: Requests, named: Named) -> Requests:
    """The rows with the stored PINs and account numbers where a results workbook came back with the masks that it was sent with.

    A mask beside the Row ID of a row of this customer's means: as stored, as long as that is kept. Anything else stays as it is.
    """
    for name in ("pin", "account_number"):
        mask = requests[name].contains(r"\A\*{4}")[named.position]
        # What the mask showed must be what is stored: a mask that was carried to another row means nothing there.
        shown = [masked(name, value) for value in named.requests[name].text().to_pylist()]
        written = requests[name].take(named.position).text().to_pylist()
        kept = ~named.requests[name].equals(PURGED)
        same = mask & kept & np.array([cell == mark for cell, mark in zip(written, shown, strict=True)], dtype=bool)
        place = np.full(len(requests), -1, np.int64)
        place[named.position[same]] = np.flatnonzero(same)
        filled = place >= 0
        if filled.any():
            requests = requests.replace(**{name: requests[name].where(filled, named.requests[name].take(np.where(filled, place, 0)))})
    return requests


@dataclass(slots=True)
class Outlook:
    """What becomes of new rows and, with them, of earlier ones.

    Attributes:
        settled: the orders and states.
        replaced: earlier rows that new ones stand in for, each with its state.
        cancelled: earlier rows that were called off, each with its state.
        versions: the next versions of sent orders, corrected or called off.
        joined: positions of the rows that wait in one of these.
        overtaken: position of a row that a later one stands in for -> the account (keyed hash) of the order that it would be in.
    """

    settled: Settled
    replaced: list[tuple[int, State]]
    cancelled: list[tuple[int, State]]
    versions: list[Version]
    joined: Ints
    overtaken: dict[int, bytes]

    @property
    def alone(self) -> bool:
        """Whether nothing that was there before had to do with the new rows."""
        ended = self.replaced or self.cancelled or self.versions or len(self.joined)
        return not (ended or len(self.settled.earlier) or self.settled.dissolved or (self.settled.parents > 0).any() or (self.settled.order_ids >= 0).any())

    def orders_of_rows(self, ids: OrderIds) -> Ints:
        """The id of the order of each new row, -1 for none."""
        grouping = self.settled.grouping
        order = ids.of_rows(grouping.keys.order, grouping.ahead)[: self.settled.new]
        for version in self.versions:
            order[np.array(list(version.joins), np.int64)] = version.order.id
        return order


def settle_new(app: App, customer: str, prepared: Prepared, findings: Findings, named: Named, file: Ints, overtaken: Mask | None = None) -> Outlook:
    """Checked rows of one customer settled with what is already there.

    Args:
        app: the installation.
        customer: whose rows they are.
        prepared: the rows.
        findings: what was found on them; what is found here is added.
        named: earlier rows that they name by their Row IDs.
        file: tells rows of different files apart.
        overtaken: rows that one of a later file stands in for already; none where it is left out.
    """
    if overtaken is None:
        overtaken = np.zeros(len(prepared), dtype=bool)
    with app.store.reading() as connection:
        ended = _against_earlier(app, connection, customer, prepared, findings, named)
        _against_taken_lines(connection, customer, prepared, findings, ended.rows)
        corrections = correct(app, connection, customer, prepared, findings, ended.fixes(findings, len(prepared)), ended.called_off, ended.rows)
        waits = np.zeros(len(prepared), dtype=bool)
        waits[corrections.joined] = True
        batch = batch_of(
            app, customer, prepared.requests,
            tn=prepared.tn, btn=prepared.btn, toll_free=prepared.toll_free, wireless=prepared.wireless, account_filled=prepared.account_filled,
            rejected=findings.on(len(prepared), severity="error"), again=prepared.again | waits | overtaken, failures=findings.failures(len(prepared)),
            file=file, place=lambda at: str(prepared.requests.row[at]),
        )  # fmt: skip
        gone = {row for row, _ in (*ended.replaced, *ended.cancelled, *corrections.replaced)}
        orders = ended.orders | set(looked_up.orders_held_by_rows(connection, sorted(gone)))
        held = [int(version.order.id) for version in corrections.versions if version.sup and version.held_by]
        settled = settle(app, connection, customer, batch, findings, affected=orders, gone=gone, out_of=corrections.out_of, held=held)
    settled.grouping.state[np.flatnonzero(overtaken)] = State.SUPERSEDED
    for version in corrections.versions:
        settled.grouping.state[np.array(list(version.joins), np.int64)] = version.state
    accounts = _accounts_of(app, customer, batch, overtaken)
    return Outlook(settled, ended.replaced + corrections.replaced, ended.cancelled, corrections.versions, corrections.joined, accounts)


def _accounts_of(app: App, customer: str, batch: Batch, which: Mask) -> dict[int, bytes]:
    """The accounts (keyed hashes) of the orders that some rows would be in if they did not repeat another, by their positions."""
    if not which.any():
        return {}
    batch = replace(batch, again=batch.again & ~which)
    keys = order_keys(batch)
    hashes = hashed(app, batch, keys, customer)
    return {at: hashes[keys.order[at]][1] for at in np.flatnonzero(which & (keys.order >= 0)).tolist()}


def overtaken_rows(app: App, prepared: Prepared, findings: Findings, file: Ints) -> Mask:
    """Rejected rows of some files of which a row of a later one has the number: stored one after the other, that one would replace it, and that is all.

    Of a number for which anything else is there, or is asked, no row is among them.
    """
    overtaken = np.zeros(len(prepared), dtype=bool)
    at = np.flatnonzero(repeated(prepared.tn) & (prepared.tn >= 0))
    if not len(at):
        return overtaken
    length = len(prepared)
    odd = prepared.again | findings.on(length, code="tn-conflict") | prepared["action"].isin(("correct", "cancel"))
    rows = pd.DataFrame({"at": at, "tn": prepared.tn[at], "file": file[at], "odd": odd[at], "rejected": findings.on(length, severity="error")[at]})
    rows["last"] = rows.file == rows.groupby("tn").file.transform("max")
    other = set(rows.tn[rows.odd | ~(rows.rejected | rows["last"])])
    with app.store.reading() as connection:
        if not looked_up.empty(connection):
            there = looked_up.rows_with_numbers(connection, rows.tn.to_numpy(np.int64))
            other |= set(there.tn[~there.state.isin(_OF_NO_MATTER)])
    overtaken[rows["at"][~rows["last"] & ~rows.tn.isin(other)]] = True
    return overtaken


@dataclass(slots=True)
class _Ended:
    """Earlier rows that new ones replace or call off, each with its state, and the orders that are to be looked at again for it.

    Rows of sent orders are not ended here: `corrected` are those that new rows correct (at, id, state, order_id, sent_as), `called_off` those that are to be
    called off, by order.
    """

    replaced: list[tuple[int, State]] = field(default_factory=list)
    cancelled: list[tuple[int, State]] = field(default_factory=list)
    orders: set[int] = field(default_factory=set)
    corrected: list[pd.DataFrame] = field(default_factory=list)
    called_off: dict[int, set[int]] = field(default_factory=dict)

    def add(self, kind: list[tuple[int, State]], rows: pd.DataFrame) -> None:
        """Earlier rows that end, as one kind."""
        fresh = rows.drop_duplicates("id")
        kind += [(int(row), State(int(state))) for row, state in zip(fresh.id, fresh.state, strict=True)]
        self.orders |= {int(order) for order in fresh.order_id.dropna()}

    @property
    def rows(self) -> set[int]:
        """The earlier rows that end."""
        return {row for row, _ in (*self.replaced, *self.cancelled)}

    def fixes(self, findings: Findings, length: int) -> pd.DataFrame:
        """The corrections of rows of sent orders; a row that is rejected itself corrects nothing."""
        if not self.corrected:
            return pd.DataFrame()
        found: pd.DataFrame = pd.concat(self.corrected, ignore_index=True)
        clean: pd.DataFrame = found[~findings.on(length, severity="error")[found["at"].to_numpy(np.int64)]]
        return clean


def _against_earlier(app: App, connection: Connection, customer: str, prepared: Prepared, findings: Findings, named: Named) -> _Ended:
    """Compare new rows with earlier ones; note what follows, and say which earlier rows end for it."""
    ended = _Ended()
    conflict = findings.on(len(prepared), code="tn-conflict")
    spoken = _spoken_of(app, connection, customer, prepared, findings, named, ~prepared.again & ~conflict)
    settled = _judge_spoken(app, connection, spoken, prepared, findings, ended)
    asked = (prepared.tn >= 0) & ~prepared.again & ~conflict & ~settled
    if looked_up.empty(connection) or not asked.any():
        return ended
    earlier = looked_up.rows_with_numbers(connection, prepared.tn[asked])
    if not len(earlier):
        return ended
    position = {int(prepared.tn[at]): at for at in np.flatnonzero(asked).tolist()}
    others = earlier[(earlier.customer != customer) & earlier.state.isin([*_UNSENT, *_SENT]) & (earlier.state != State.REJECTED)]
    findings.add("tn-in-open-order", np.array(sorted({position[tn] for tn in others.tn.tolist()}), np.int64), "tn")
    own = earlier[(earlier.customer == customer) & earlier.state.isin([*_UNSENT, *_SENT, int(State.COMPLETED)]) & ~earlier.id.isin(ended.rows)].sort_values("id")
    if len(own):
        stored = load_rows(app.store, connection, own.id.to_numpy(np.int64)).requests
        places = np.array([position[tn] for tn in own.tn.tolist()], np.int64)
        own = own.assign(at=places, same=same_data(prepared.requests.take(places), stored))
        ended.add(ended.replaced, _judge(app, connection, own, prepared, findings, ended))
    return ended


def _spoken_of(
    app: App, connection: Connection, customer: str, prepared: Prepared, findings: Findings, named: Named, among: Mask
) -> pd.DataFrame:
    """The earlier row that each speaking row means: that of its Row ID, or the newest with its number; where there is none, that is noted.

    Columns as `Named.rows`, and `at` (the speaking row), `same` (whether it says the same).
    """
    action, by_id = prepared["action"], ~prepared["row_id"].blank
    by_number = ~by_id & action.isin(("correct", "cancel"))
    if not (by_id | by_number).any():
        return pd.DataFrame({"at": [], "id": [], "tn": [], "state": [], "same": [], "sent_as": []})
    known = np.zeros(len(prepared), dtype=bool)
    known[named.position] = True
    parts = []
    chosen = np.flatnonzero(among[named.position])
    if len(chosen):
        requests = prepared.requests.take(named.position[chosen])
        parts.append(named.rows.iloc[chosen].assign(at=named.position[chosen], same=same_data(requests, named.requests.take(chosen))))
    asking = by_number & ~prepared.again & (prepared.tn >= 0)
    at = np.flatnonzero(asking)
    if len(at):
        own = looked_up.rows_with_numbers(connection, prepared.tn[at])
        own = _meant(own[(own.customer == customer) & ~own.state.isin([int(State.DUPLICATE), int(State.SUPERSEDED)])])
        found = pd.DataFrame({"at": at, "tn": prepared.tn[at]}).merge(own, on="tn", how="inner")
        known[found["at"].to_numpy(np.int64)] = True
        found = found[among[found["at"].to_numpy(np.int64)]]
        if len(found):
            stored = load_rows(app.store, connection, np.unique(found.id.to_numpy(np.int64)))
            place = np.searchsorted(stored.ids, found.id.to_numpy(np.int64))
            parts.append(found.assign(same=same_data(prepared.requests.take(found["at"].to_numpy(np.int64)), stored.requests.take(place))))
    findings.add("row-unknown", ((by_id & ~prepared.again) | asking) & ~known, "row_id")
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"at": [], "id": [], "tn": [], "state": [], "same": [], "sent_as": []})


def _meant(rows: pd.DataFrame) -> pd.DataFrame:
    """For each number the row that is meant by it: one that is with the carrier, else one that may still go, else a rejected one, else the newest."""
    gravity = np.select([rows.state.isin(_SENT), rows.state == State.REJECTED, rows.state.isin(_UNSENT)], [3, 1, 2], 0)
    return rows.assign(gravity=gravity).sort_values(["gravity", "id"]).drop_duplicates("tn", keep="last").drop(columns="gravity")


def _judge_spoken(app: App, connection: Connection, spoken: pd.DataFrame, prepared: Prepared, findings: Findings, ended: _Ended) -> Mask:
    """Note what follows for rows that speak of earlier ones; gives back those with which that is the end of it."""
    settled = np.zeros(len(prepared), dtype=bool)
    if not len(spoken):
        return settled
    at = spoken["at"].to_numpy(np.int64)
    state = spoken.state.to_numpy(np.int64)
    cancel = prepared["action"].equals("cancel")[at]
    waits = spoken.sent_as.notna().to_numpy()
    unsent, over = np.isin(state, _UNSENT) & ~waits, np.isin(state, _ENDED)
    sent = np.isin(state, _SENT) | waits
    same, moved = spoken["same"].to_numpy(dtype=bool), prepared.tn[at] != spoken.tn.fillna(-1).to_numpy(np.int64)
    called_off, unchanged = cancel & unsent, ~cancel & same
    changed = ~cancel & ~same & ~moved
    _repeat(prepared, findings, at[called_off], "row-cancelled", "action", spoken[called_off])
    _repeat(prepared, findings, at[unchanged], "tn-repeated", "tn", spoken[unchanged])
    findings.add("row-ended", at[cancel & over], "action", detail=[State(int(each)).label.replace("_", " ") for each in state[cancel & over]])
    flying = changed & np.isin(state, [int(each) for each in IN_FLIGHT])
    findings.add("row-in-flight", at[flying], "row_id")
    _call_off(app, connection, spoken[cancel & sent], prepared, findings, ended)
    ended.add(ended.cancelled, spoken[called_off])
    ended.add(ended.replaced, spoken[changed & unsent])
    # A row that corrects an unsent one may correct the one that is with the carrier besides: that is found by its number.
    for kind in (cancel, unchanged, flying):
        settled[at[kind]] = True
    return settled


def _call_off(app: App, connection: Connection, asked: pd.DataFrame, prepared: Prepared, findings: Findings, ended: _Ended) -> None:
    """Rows that call off a row of a sent order: it is taken out of the order, or, where that may not be any more, that is noted."""
    for number in asked.order_id.astype(np.int64).unique().tolist():
        own = asked[asked.order_id == number]
        members = members_of(app, connection, number)
        if refusal(app, members) is not None:
            findings.add("row-in-flight", own["at"].to_numpy(np.int64), "row_id")
            continue
        _repeat(prepared, findings, own["at"].to_numpy(np.int64), "row-cancelled", "action", own)
        ended.called_off.setdefault(number, set()).update(int(row) for row in own.id)


def _repeat(prepared: Prepared, findings: Findings, at: Ints, code: str, name: str, earlier: pd.DataFrame) -> None:
    """Rows that ask for nothing of their own: only what they are is noted of them."""
    mask = np.zeros(len(prepared), dtype=bool)
    mask[at] = True
    findings.drop(mask)
    findings.add(code, at, name, detail=_places(earlier))
    prepared.again = prepared.again | mask


def _places(rows: pd.DataFrame) -> Sequence[str]:
    return [f"{row} of {file}" for row, file in zip(rows.row, rows.file, strict=True)] if len(rows) else []


def lines_for_one(prepared: Prepared, row_ids: Ints) -> tuple[list[str], list[int]]:
    """The rows that go to a line for one number, and the line of each; of customers without a list of their lines, none."""
    if prepared.terms.roster is None:
        return [], []
    wanted = prepared.terms.roster.takes_one(prepared["destination"]) & ~prepared.again
    return plain_lines(prepared["destination"].take(wanted)).text().to_pylist(), row_ids[wanted].tolist()


def _against_taken_lines(connection: Connection, customer: str, prepared: Prepared, findings: Findings, gone: set[int]) -> None:
    """Note the rows that go to a line for one number which an earlier open row has for another."""
    asked = ~prepared.failed("destination") & ~prepared.again
    lines, at = lines_for_one(prepared, np.arange(len(prepared)))
    if not lines:
        return
    taken = looked_up.rows_on_lines(connection, customer, sorted(set(lines)))
    taken = taken[taken.state.isin([int(state) for state in _HAS_ITS_LINE]) & ~taken.id.isin(gone)]
    joined = pd.DataFrame({"line": lines, "at": at, "own": prepared.tn[at]}).merge(taken, on="line")
    joined = joined[(joined.tn != joined.own) & asked[joined["at"].to_numpy(np.int64)]].drop_duplicates("at")
    findings.add("destination-busy", joined["at"].to_numpy(np.int64), "destination", detail=_places(joined))


def _judge(app: App, connection: Connection, own: pd.DataFrame, prepared: Prepared, findings: Findings, ended: _Ended) -> pd.DataFrame:
    """Note repeats, corrections, open orders and numbers already moved; give back the earlier rows that are replaced."""
    waits = own.sent_as.notna()
    unsent = own.state.isin(_UNSENT) & ~waits
    again = own[own["same"] & (own.state != State.REJECTED)]
    repeats = again.drop_duplicates("at")
    at = repeats["at"].to_numpy(np.int64)
    _repeat(prepared, findings, at, "tn-repeated", "tn", repeats)
    fixable = ~own["same"] & ((own.state == State.CARRIER_REJECTED) | waits) & ~own["at"].isin(at)
    closed = [int(order) for order in own.order_id[fixable].unique() if not may_be_corrected(app, members_of(app, connection, int(order)))]
    fixable &= ~own.order_id.isin(closed)
    ended.corrected.append(own.loc[fixable, ["at", "id", "state", "order_id", "sent_as"]])
    open_order = own[~own["same"] & ~unsent & ~fixable & (own.state != State.COMPLETED)]
    moved = own[~own["same"] & (own.state == State.COMPLETED)]
    for code, found in (("tn-in-open-order", open_order), ("tn-already-ported", moved)):
        fresh = found[~found["at"].isin(at)].drop_duplicates("at")
        findings.add(code, fresh["at"].to_numpy(np.int64), "tn")
    replaced: pd.DataFrame = own[unsent & ~(own["same"] & (own.state != State.REJECTED)) & ~own["at"].isin(at)]
    return replaced
