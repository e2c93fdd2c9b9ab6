"""Further versions of sent orders: worked out from what was corrected or asked for, and kept until they are sent.

A version that waits is looked at anew, with all rows of its order, whenever something may have changed it: a correction, an act of an operator, and
once more before anything is sent, since the partner's answers may have come in between. What it is to be stands with its order; what it says is made
from the rows when it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks.prepared import Prepared
from batchport.domain.fields import BY_NAME
from batchport.domain.findings import SEPARATOR, Findings
from batchport.domain.lifecycle import IN_FLIGHT, Act, State, after
from batchport.domain.orders import BY_HAND, Batch, Grouping, Keys, Known, group_orders, order_keys
from batchport.domain.table import Column, Ints, records
from batchport.domain.table import known as is_known
from batchport.domain.versions import CANCEL, CHANGE, NEW_DATE, Blame, changed_fields, disagreeing, rejected_for_date, shared_fields, still_blamed
from batchport.pipeline.app import App
from batchport.pipeline.ordering import batch_of, earlier_batch, hashed, joined
from batchport.store import corrected, look
from batchport.store import intake as looked_up
from batchport.store import versions as stored
from batchport.store.pieces import load_rows

#: Rows that a further version of a sent order can be made of.
SENT = frozenset((*IN_FLIGHT, State.CARRIER_REJECTED))
#: How many rows a message names at most.
_PLACES = 5
_TOO_SOON = "date-too-soon"


@dataclass(slots=True)
class Version:
    """The next version of a sent order.

    Attributes:
        order: the order's record.
        sup: its kind; blank where none is needed any more.
        changes: names of the fields that it changes.
        shared: field -> the row that says it for all; of a new row its position in the sheet, counted from -1 downwards.
        date: the date that it asks for in place of what the rows say; blank for none.
        leaving: rows that it goes without.
        reorders: whether what is left goes into new orders once this one is cancelled.
        held_by: what holds it; blank when it can go.
        notes: what is to be said of the order: code, field, detail.
        corrected: stored rows that wait in it, each with its state.
        joins: position of a new row -> the earlier row whose place it takes, and the row whose text the partner has of it.
        facts: columns of the order that it changes.
    """

    order: Any
    sup: str
    changes: tuple[str, ...] = ()
    shared: dict[str, int] = field(default_factory=dict)
    date: str = ""
    leaving: frozenset[int] = frozenset()
    reorders: bool = False
    released: bool = False
    held_by: str = ""
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    corrected: list[tuple[int, State]] = field(default_factory=list)
    joins: dict[int, tuple[int, int]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """The state of the corrected rows that wait in it."""
        return State.HELD if self.held_by or self.sup == CANCEL else State.READY


@dataclass(slots=True)
class Members:
    """The rows of a sent order that have not ended.

    Attributes:
        order: the order's record.
        rows: id, state, tn, row, file, answer_id, sent_as, leaves, ver, foc.
        blames: for each row why it was rejected, for those that are.
        wrong: rows for the same numbers that would correct one of these but were rejected themselves: id, place.
    """

    order: Any
    rows: pd.DataFrame
    blames: dict[int, list[Blame]]
    wrong: dict[int, str]

    @property
    def states(self) -> set[State]:
        """The states that its rows are in."""
        return {State(int(state)) for state in self.rows.state}

    def cannot_be_ported(self) -> set[int]:
        """Rows that were rejected because nothing can be done: they have come to their end."""
        return {row for row, blames in self.blames.items() if any(blame.ends for blame in blames)}

    def date_alone(self) -> bool:
        """Whether every rejected row was rejected for its date alone."""
        return rejected_for_date(self.blames.values())


def members_of(app: App, connection: Connection, number: int) -> Members:
    """The rows of a sent order that have not ended."""
    order = look.order_record(connection, number)
    rows = looked_up.rows_of_orders(connection, [number])
    rows = rows[(rows.order_id == number) & (rows.state != State.REJECTED)].drop_duplicates("id").sort_values("id", ignore_index=True)
    return Members(order, rows, _blames(app, connection, order, rows), _wrong(connection, order, rows))


def _wrong(connection: Connection, order: Any, rows: pd.DataFrame) -> dict[int, str]:
    """Rows that would correct a rejected one of an order, but were rejected themselves."""
    numbers = rows.tn[(rows.state == State.CARRIER_REJECTED) | rows.sent_as.notna()]
    if not len(numbers):
        return {}
    found = looked_up.rows_with_numbers(connection, numbers.to_numpy(np.int64))
    found = found[(found.state == State.REJECTED) & (found.customer == order.customer)]
    return {int(row): f"{at} of {file}" for row, at, file in zip(found.id, found.row, found.file, strict=True)}


def _blames(app: App, connection: Connection, order: Any, rows: pd.DataFrame) -> dict[int, list[Blame]]:
    """For each rejected row the reasons that it was given."""
    refused = rows[rows.state == State.CARRIER_REJECTED]
    if not len(refused) or order.partner not in app.settings.partners:
        return {int(row): [] for row in refused.id}
    answers = look.answers_by_id(connection, sorted(set(refused.answer_id.dropna().astype(int)))).set_index("id")
    codes = app.codes(order.partner)
    found: dict[int, list[Blame]] = {}
    for row, number in zip(refused.id, refused.answer_id, strict=True):
        said: Any = answers.loc[int(number)] if is_known(number) else None
        own = said is not None and is_known(said.row_id)
        reasons = codes.explain(said.code, said.text) if said is not None else []
        found[int(row)] = [Blame(reason.class_, reason.field, own and reason.scope == "row") for reason in reasons] or [Blame("OPS", "", own)]
    return found


@dataclass(slots=True)
class Corrections:
    """What the rows of a sheet do to sent orders.

    Attributes:
        versions: the next version of each order that they concern.
        replaced: earlier rows that new ones stand in for, each with its state.
        out_of: position of a new row that leaves its order for another -> the order it leaves.
    """

    versions: list[Version] = field(default_factory=list)
    replaced: list[tuple[int, State]] = field(default_factory=list)
    out_of: dict[int, int] = field(default_factory=dict)

    @property
    def joined(self) -> Ints:
        """Positions of the rows that wait in a sent order."""
        return np.array(sorted(at for version in self.versions for at in version.joins), np.int64)


def correct(
    app: App, connection: Connection, customer: str, prepared: Prepared, findings: Findings, fixes: pd.DataFrame, called_off: Mapping[int, set[int]],
    ended: Collection[int],
) -> Corrections:  # fmt: skip
    """The next versions of the orders that new rows correct.

    Args:
        app: the installation.
        connection: for looking things up.
        customer: whose rows they are.
        prepared: the checked rows of the sheet.
        findings: what was found on them; rows that disagree with each other are added.
        fixes: corrections: at (position of the new row), and id, state, order_id and sent_as of the earlier row.
        called_off: order -> rows of it that the sheet calls off.
        ended: earlier unsent rows that the sheet replaces or calls off.
    """
    found = Corrections()
    own = {int(order): fixes[fixes.order_id == order] for order in fixes.order_id.unique().tolist()} if len(fixes) else {}
    for number in sorted(own.keys() | called_off.keys()):
        members = members_of(app, connection, number)
        group = own.get(number, pd.DataFrame({"at": [], "id": [], "state": [], "sent_as": []}))
        group = group.sort_values("at").drop_duplicates("at", keep="last")
        version = _corrected(app, connection, customer, prepared, findings, members, group, called_off.get(number, set()), ended, found)
        if version is not None:
            found.versions.append(version)
    return found


def _corrected(
    app: App, connection: Connection, customer: str, prepared: Prepared, findings: Findings, members: Members, fixes: pd.DataFrame, leaving: set[int],
    ended: Collection[int], found: Corrections,
) -> Version | None:  # fmt: skip
    """The next version of one order; None where the corrections come to nothing."""
    order, profile = members.order, app.profile(members.order.partner)
    at, ids = fixes["at"].to_numpy(np.int64), fixes["id"].to_numpy(np.int64)
    each, which = np.unique(ids, return_inverse=True)
    changed = changed_fields(prepared.requests.take(at), load_rows(app.store, connection, each).requests.take(which)) if len(at) else []
    fields = shared_fields(order.number_class)
    wrong = _disagreements(prepared, findings, at, changed, fields)
    at, ids, changed = at[~wrong], ids[~wrong], [names for names, bad in zip(changed, wrong, strict=True) if not bad]
    if not len(at) and not leaving:
        return None
    sent_as = [int(row) if is_known(row) else int(own) for row, own in zip(fixes.sent_as[~wrong], ids, strict=True)]
    shared, date = corrected.read(order.next_shared or order.shared), order.next_date
    for name in fields:
        rows = [int(position) for position, names in zip(at, changed, strict=True) if name in names]
        if rows:
            shared[name] = -1 - rows[0]
            date = prepared[name].at(rows[0]) if name == "requested_date" else date
    version = replace(
        waiting(order), sup=CHANGE, shared=shared, date=date, leaving=frozenset(members.rows.id[members.rows.leaves == 1].tolist()) | leaving,
        changes=_in_order({*order.changes.replace(",", "").split(), *(name for names in changed for name in names)}),
    )  # fmt: skip
    group = _Group(app, connection, customer, members, ids, prepared, at, shared)
    stays = np.ones(len(at), dtype=bool)
    if set(profile.fixed_fields) & {name for names in changed for name in names}:
        version = replace(version, sup=CANCEL, reorders=True)
    elif len(at):
        stays, elsewhere = group.stay(order.partner)
        if elsewhere or (not profile.edit_numbers and not stays.all()):
            version, stays = replace(version, sup=CANCEL, reorders=True), np.ones(len(at), dtype=bool)
    if version.leaving and not profile.edit_numbers and version.sup == CHANGE:
        version = replace(version, sup=CANCEL, reorders=True)
    version.joins = {int(position): (int(row), text) for position, row, text, here in zip(at, ids, sent_as, stays, strict=True) if here}
    found.out_of |= {int(position): int(order.id) for position in at[~stays]}
    found.replaced += [(int(row), State(int(state))) for row, state in zip(ids, fixes.state[~wrong], strict=True)]
    gone = {*ids.tolist(), *ended}
    spoilt = np.flatnonzero(findings.on(len(prepared), severity="error") & np.isin(prepared.tn, members.rows.tn.to_numpy(np.int64)))
    return settled(app, version, members, gone=gone, group=group.of(stays), wrong=[str(row) for row in prepared.requests.row[spoilt].tolist()])


def _in_order(names: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in BY_NAME if name in names)


def _disagreements(prepared: Prepared, findings: Findings, at: Ints, changed: Sequence[tuple[str, ...]], fields: Iterable[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Note the rows that correct a field of their order otherwise than most others that correct it; which they are."""
    wrong = np.zeros(len(at), dtype=bool)
    for name in fields:
        if not any(name in names for names in changed):
            continue
        rows = prepared.requests.take(at)
        model, odd = disagreeing(rows, name, changed)
        if len(odd):
            shown = "****" if BY_NAME[name].secret else rows[name].at(model) or "blank"
            findings.add("order-rows-disagree", at[odd], name, detail=[SEPARATOR.join((BY_NAME[name].label, str(rows.row[model]), shown))] * len(odd))
            wrong[odd] = True
    return wrong


class _Group:
    """The rows of an order, corrected: those that stay as they are, then those that are replaced by rows of a sheet."""

    def __init__(
        self, app: App, connection: Connection, customer: str, members: Members, replaced: Ints, prepared: Prepared | None, at: Ints, shared: Mapping[str, int]
    ) -> None:
        self._app, self._customer = app, customer
        rows = members.rows[~members.rows.id.isin(replaced)].reset_index(drop=True)
        batch = earlier_batch(app, connection, customer, rows.assign(shared="")) if len(rows) else None
        if prepared is not None and len(at):
            fresh = _batch_of_new(app, customer, prepared, at)
            batch = joined(batch, fresh) if batch is not None else fresh
        self.stored, self.batch, self._order = rows, batch, members.order
        if batch is not None:
            self._share(connection, shared, prepared)

    def _share(self, connection: Connection, shared: Mapping[str, int], prepared: Prepared | None) -> None:
        """Let what one row says of a shared field hold for all."""
        if self.batch is None:
            return
        by_row = {name: row for name, row in shared.items() if row >= 0}
        values = corrected.values_of(self._app.store, connection, by_row) if by_row else {}
        if prepared is not None:
            values |= {name: prepared[name].at(-1 - row) for name, row in shared.items() if row < 0}
        length = len(self.batch)
        constant = {name: Column.constant(value, length) for name, value in values.items()}
        self.batch = replace(self.batch, requests=self.batch.requests.replace(**constant), rejected=np.zeros(length, dtype=bool), failures={})

    def stay(self, partner: str) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], bool]:
        """Which of the new rows stay in the order, and whether they all would go to another partner."""
        if self.batch is None:
            return np.zeros(0, dtype=bool), False
        order, old = order_keys(self.batch).order, len(self.stored)
        home = set(order[:old].tolist()) or {int(order[0])}
        stays = np.isin(order[old:], sorted(home))
        return stays, bool(stays.any()) and self.batch.partner.at(int(np.flatnonzero(np.isin(order, sorted(home)))[0])) != partner

    def of(self, stays: np.ndarray[Any, np.dtype[np.bool_]]) -> _Group:
        """The same without the new rows that leave."""
        if self.batch is not None and not stays.all():
            self.batch = _some(self.batch, np.concatenate([np.ones(len(self.stored), dtype=bool), stays]))
        return self

    def facts(self, leaving: frozenset[int], max_lines: Mapping[str, int]) -> tuple[dict[str, Any], list[tuple[str, str, str]], str]:
        """Columns of the order as its rows make them, what is to be said of it, and what holds it."""
        if self.batch is None:
            return {"lines": 0}, [], ""
        kept = np.ones(len(self.batch), dtype=bool)
        kept[: len(self.stored)] = ~self.stored.id.isin(leaving)
        batch = _some(self.batch, kept)
        keys = order_keys(batch)
        if not len(batch) or not len(keys.first):
            return {"lines": 0}, [], ""
        # One order whatever its keys: rows that were once put together stay together.
        together = Keys(np.zeros(len(batch), np.int64), keys.first[:1])
        known = Known.of_new(1)
        known.part[0], known.gone_before[0] = bool(self._order.part), self._order.gone_before
        grouping: Grouping = group_orders(batch, together, Findings(), known, max_lines=max_lines)
        orders = grouping.orders
        hashes = hashed(self._app, batch, together, self._customer)[0]
        facts = {
            "key": hashes[0], "account": hashes[1], "partial": str(orders.partial[0]), "country": str(orders.country[0]), "losing_carrier": str(orders.losing_carrier[0]),
            "btn": int(orders.btn[0]) if orders.btn[0] >= 0 else None, "lines": len(batch),
        }  # fmt: skip
        notes = [(str(code), str(name), str(detail)) for code, name, detail in zip(grouping.findings.code, grouping.findings.field, grouping.findings.detail, strict=True)]
        stuck = "order-new-btn" if any(code == "order-new-btn" for code, _, _ in notes) else ""
        return facts, [note for note in notes if note[0] not in ("order-split", "carrier-no-route")], stuck


def _batch_of_new(app: App, customer: str, prepared: Prepared, at: Ints) -> Batch:
    requests = prepared.requests.take(at)
    none = np.zeros(len(at), dtype=bool)
    return batch_of(
        app, customer, requests,
        tn=prepared.tn[at], btn=prepared.btn[at], toll_free=prepared.toll_free[at], wireless=prepared.wireless[at], account_filled=prepared.account_filled[at],
        rejected=none, again=none, failures={}, file=np.full(len(at), -1, np.int64), place=lambda position: str(requests.row[position]),
    )  # fmt: skip


def _some(batch: Batch, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> Batch:
    """Some rows of a batch without faults."""
    at = np.flatnonzero(kept)
    arrays = {name: getattr(batch, name)[at] for name in ("tn", "btn", "toll_free", "wireless", "account_filled", "rejected", "again", "file")}
    return replace(batch, requests=batch.requests.take(at), partner=batch.partner.take(at), failures={}, place=lambda position: batch.place(int(at[position])), **arrays)


def waiting(order: Any) -> Version:
    """The version of an order that waits, as far as it is stored."""
    return Version(
        order, order.next_sup, _in_order(order.changes.replace(",", "").split()), corrected.read(order.next_shared or order.shared), order.next_date,
        reorders=bool(order.reorders), released=bool(order.released),
    )  # fmt: skip


def settled(
    app: App, version: Version, members: Members, *, gone: Collection[int] = (), group: _Group, wrong: Sequence[str] = ()
) -> Version:
    """A version with what holds it, what is to be said of it, and what it makes of its order.

    Args:
        app: the installation.
        version: as asked for.
        members: the rows of its order.
        gone: those of them that new rows replace.
        group: the same rows, corrected.
        wrong: places of new rows that would correct rows of it, but are rejected themselves.
    """
    rows = members.rows[~members.rows.id.isin(list(gone))]
    staying = rows[~rows.id.isin(version.leaving)]
    if version.sup == CHANGE and not len(staying) and not version.joins:
        # Nothing is left to restate: the order is called off as a whole.
        version = replace(version, sup=CANCEL, reorders=False)
    if not len(rows) and not version.joins:
        return replace(version, sup="", reorders=False, held_by="", notes=[], corrected=[])
    if version.sup == NEW_DATE and not may_take_new_date(members):
        version = replace(version, sup=CHANGE, changes=("requested_date",))
    version.corrected = [(int(row), State(int(state))) for row, state, text in zip(staying.id, staying.state, staying.sent_as, strict=True) if is_known(text)]
    notes: list[tuple[str, str, str]] = []
    held_by = BY_HAND if members.order.on_hold else ""
    if members.order.held_by == _TOO_SOON and version.sup != CANCEL and version.date == members.order.next_date:
        held_by = held_by or _TOO_SOON
    if version.sup == CHANGE:
        version.facts, notes, stuck = group.facts(version.leaving, app.max_lines)
        new = [name for name in version.changes if name in version.shared and len(staying) + len(version.joins) > 1]
        notes += [("order-field-shared", name, BY_NAME[name].label) for name in new]
        blamed = [
            f"{row.row} of {row.file}" for row in records(staying)
            if row.id in members.blames and still_blamed(members.blames[row.id], version.shared) and not version.released
        ]  # fmt: skip
        if not version.released:
            blamed += [*wrong, *(place for row, place in members.wrong.items() if row not in gone)]
        held_by = held_by or stuck
        if blamed:
            notes.append(("order-held", "", ", ".join(blamed[:_PLACES]) + (", ..." if len(blamed) > _PLACES else "")))
            held_by = held_by or "order-held"
    if held_by == _TOO_SOON:
        notes.append((_TOO_SOON, "requested_date", version.date or members.order.requested_date))
    return replace(version, held_by=held_by, notes=notes)


def may_take_new_date(members: Members) -> bool:
    """Whether a SUP 2 may give an order a new date: it is confirmed, or was rejected for its date alone."""
    return members.states == {State.CONFIRMED} or (members.states == {State.CARRIER_REJECTED} and members.date_alone())


def look_again(app: App, connection: Connection, version: Version, members: Members) -> Version:
    """A version with all that follows from its order's rows as they are now."""
    version = replace(version, leaving=version.leaving | frozenset(members.rows.id[members.rows.leaves == 1].tolist()))
    group = _Group(app, connection, members.order.customer, members, np.zeros(0, np.int64), None, np.zeros(0, np.int64), version.shared)
    return settled(app, version, members, group=group)


def write_versions(app: App, connection: Connection, versions: Iterable[Version], row_ids: Ints | None = None) -> None:
    """Store versions that wait; within the transaction that stores the rows that they are made of, after them.

    Args:
        app: the installation.
        connection: of the transaction.
        versions: what is to wait.
        row_ids: the ids of the new rows, by position.
    """
    for version in versions:
        ids = row_ids if row_ids is not None else np.zeros(0, np.int64)
        shared = {name: row if row >= 0 else int(ids[-1 - row]) for name, row in version.shared.items()}
        moved = [(row, int(_moved(state, version.state))) for row, state in version.corrected if state is not version.state and version.sup]
        sent_as = [(text, int(ids[at])) for at, (_, text) in version.joins.items()]
        stored.store_version(
            connection, int(version.order.id),
            values={
                "next_sup": version.sup, "next_date": version.date if version.sup else "", "changes": ", ".join(version.changes) if version.sup else "",
                "next_shared": corrected.written(shared) if version.sup and shared else "", "reorders": version.reorders, "released": version.released,
                "held_by": version.held_by if version.sup else "", "since": app.stamp, **version.facts,
            },
            notes=version.notes, leaving=sorted(version.leaving), moved=moved, sent_as=sent_as, seconds=app.seconds,
        )  # fmt: skip


def _moved(state: State, to: State) -> State:
    return after(Act.RELEASE if to is State.READY else Act.HOLD, state)


def with_versions(grouping: Grouping, versions: Sequence[Version]) -> Grouping:
    """The orders of a check, with the sent ones behind them that rows of the sheet correct."""
    if not versions:
        return grouping
    count, order = len(grouping.keys.first), grouping.keys.order.copy()
    extra, notes = [], []
    for number, version in enumerate(versions, count):
        order[np.array(sorted(version.joins), np.int64)] = number
        extra.append({"partial": version.order.partial, "lines": version.order.lines, "held_by": version.held_by, **version.facts})
        notes += [(number, code, name, detail, False) for code, name, detail in version.notes]
    orders = pd.concat([grouping.orders, pd.DataFrame(extra)], ignore_index=True)
    told = pd.DataFrame(notes, columns=["order", "code", "field", "detail", "rejected_too"])
    first = np.append(grouping.keys.first, [min(version.joins, default=0) for version in versions])
    findings = pd.concat([grouping.findings, told], ignore_index=True).astype({"order": np.int64, "rejected_too": bool})
    return replace(grouping, keys=Keys(order, first), orders=orders, findings=findings)


def look_at_waiting(app: App) -> None:
    """Look at the versions that wait once more: answers may have come that change what holds them, or what they have to be."""
    with app.store.reading() as connection:
        numbers = stored.waiting_versions(connection)
        again = [look_again(app, connection, waiting(members.order), members) for members in (members_of(app, connection, number) for number in numbers)]
        changed = [version for version in again if stored.differs(version.order, version.sup, version.held_by) or any(state is not version.state for _, state in version.corrected)]
    if changed:
        with app.store.transaction() as connection:
            write_versions(app, connection, changed)
