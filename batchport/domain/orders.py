"""Rows to orders: which go together, whether they agree, and whether the order can go.

Three steps, each on the whole table:

1. `order_keys` says which rows have the same key (customer, partner, class, country, carrier, account, billing number).
2. `_disagreements` compares what the rows of an order must agree on with the order's commonest value.
3. `group_orders` works out partial ports and what holds an order, and gives every row its state.

A rejected row counts to the order of its key too: it holds the others, so that an account is not moved by halves unnoticed. Where its key cannot be
made, it counts to the orders of the same file and carrier that share its billing or account number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from batchport.domain import normalise
from batchport.domain.checks.prepared import Prepared
from batchport.domain.fields import ADDRESS, BY_NAME
from batchport.domain.findings import ERROR, SEPARATOR, Findings
from batchport.domain.lifecycle import State
from batchport.domain.repeated import alike, among
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask, bools, text_array

LOCAL, WIRELESS, TOLL_FREE = 0, 1, 2
#: How many rows a message names at most.
_PLACES = 5
CLASSES = ("local", "wireless", "toll_free")

#: What is only told of an order that waits or goes in parts; raised to an error it rejects the rows that it stands on.
RAISED = ("order-held", "order-split", "carrier-no-route", "order-account-busy")

#: What the rows of an order must agree on, by class of number.
AGREE = {
    LOCAL: ("name", "authorized_name", "number_type", *ADDRESS, "requested_date", "partial", "new_btn", "loa_file", "pin"),
    WIRELESS: ("name", "authorized_name", "number_type", *ADDRESS, "requested_date", "partial", "new_btn", "loa_file"),
    TOLL_FREE: ("name", "authorized_name", "number_type", "requested_date", "partial", "new_btn", "loa_file", "pin"),
}


@dataclass(slots=True)
class Batch:
    """Normalised rows to be grouped: those of new sheets and, behind them, earlier rows of the same accounts.

    Attributes:
        requests: the rows.
        tn, btn: their numbers as ten digits, -1 where there are none.
        toll_free, wireless: what kind of port each is.
        account_filled: rows whose account number only stands in for a blank one.
        rejected: rows with an error of their own.
        again: rows that repeat another; they belong to no order.
        failures: field -> rows in which it has an error.
        partner: the partner each row goes to; blank where no route leads to one.
        file: which file each row stands in.
        place: says where a row stands, for messages: "12", or "12 of acme.xlsx".
    """

    requests: Requests
    tn: Ints
    btn: Ints
    toll_free: Mask
    wireless: Mask
    account_filled: Mask
    rejected: Mask
    again: Mask
    failures: Mapping[str, Mask]
    partner: Column
    file: Ints
    place: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.tn)

    def failed(self, name: str) -> Mask:
        """The rows in which a field has an error."""
        found = self.failures.get(name)
        return found if found is not None else np.zeros(len(self), dtype=bool)

    @property
    def number_class(self) -> Ints:
        """LOCAL, WIRELESS or TOLL_FREE for each row."""
        return np.where(self.toll_free, TOLL_FREE, np.where(self.wireless, WIRELESS, LOCAL))

    @classmethod
    def of(cls, rows: Prepared, findings: Findings, partner: Column) -> Batch:
        """The batch of checked rows."""
        row = rows.requests.row
        return cls(
            requests=rows.requests, tn=rows.tn, btn=rows.btn, toll_free=rows.toll_free, wireless=rows.wireless, account_filled=rows.account_filled,
            rejected=findings.on(len(rows), severity=ERROR), again=rows.again, failures=findings.failures(len(rows)), partner=partner,
            file=np.zeros(len(rows), np.int64), place=lambda position: str(row[position]),
        )  # fmt: skip


@dataclass(slots=True)
class Keys:
    """Which rows go together.

    Attributes:
        order: for each row the number of its order, counted from 0 in order of first appearance; -1 where its key cannot be made.
        first: for each order the position of its first row.
    """

    order: Ints
    first: Ints


@dataclass(slots=True)
class Grouping:
    """The orders of a batch.

    Attributes:
        keys: which rows go together.
        state: the State of each row, as a number.
        orders: one row an order: number_class, country, losing_carrier, partner, btn (-1 none), partial, lines (rows that go), held_by (a code or "").
        findings: order-level findings: order, code, field, detail; each stands on every row of its order that goes, or all of them (`rejected_too`).
        holds: pairs (row, order): rejected rows without a key of their own, and the orders they count to.
        ahead: rows of orders that are too large for their partner which go first, as an order of their own.
        part: in which part of its order each row goes, from 0; the parts go one after another.
    """

    keys: Keys
    state: Ints
    orders: pd.DataFrame
    findings: pd.DataFrame
    holds: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    ahead: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    part: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


def order_keys(batch: Batch) -> Keys:
    """Which rows have the same key; rows that repeat another have none."""
    requests = batch.requests
    kind = batch.number_class
    local = kind == LOCAL
    parts: list[Any] = [kind, batch.partner.ids()]
    parts.append(requests["country"].ids())
    carrier = requests["losing_carrier"]
    controller = requests["resporg_id"]
    named = batch.toll_free & ~controller.blank
    parts.append(normalise.folded(carrier.where(named, controller)).ids())
    stated = ~requests["account_number"].blank & ~batch.account_filled
    account = requests["account_number"].where(~stated, "")
    parts.append(normalise.folded(account).ids())
    parts.append(np.where(local, batch.btn, 0))
    if (batch.toll_free & ~stated).any():
        parts.append(np.where(batch.toll_free & ~stated, normalise.folded(requests["name"]).ids() + 1, 0))

    # A part that has an error of its own can make no key; what is no error to this customer makes one as it stands.
    whole = ~(carrier.blank & ~named)
    for name in ("account_number", "number_type", "country"):
        whole &= ~batch.failed(name)
    whole &= ~(batch.toll_free & (batch.failed("resporg_id") | (~stated & requests["name"].blank)))
    whole &= ~local | (~requests["btn"].blank & ~batch.failed("btn") & ~requests["country"].blank)
    odd = local & (batch.btn < 0)
    if odd.any():
        parts.append(np.where(odd, normalise.folded(requests["btn"]).ids() + 1, 0))
    makeable = (batch.tn >= 0) & ~batch.again & (whole | ~batch.rejected)
    order = np.full(len(batch), -1, np.int64)
    at = np.flatnonzero(makeable)
    order[at] = alike([part.take(at) for part in parts])
    return Keys(order, _first_positions(order, int(order.max(initial=-1)) + 1))


def key_texts(batch: Batch, keys: Keys, customer: str) -> list[tuple[str, str]]:
    """For each order its whole key and its account (customer, carrier and account number, or what stands in for it) as texts, to be hashed."""
    at = keys.first
    requests = batch.requests.take(at)
    folded = {name: normalise.folded(requests[name]).text().to_pylist() for name in ("losing_carrier", "resporg_id", "account_number", "name", "btn")}
    partner, country = batch.partner.take(at).text().to_pylist(), requests["country"].text().to_pylist()
    texts = []
    for n, (kind, filled, btn) in enumerate(zip(batch.number_class[at].tolist(), batch.account_filled[at].tolist(), batch.btn[at].tolist(), strict=True)):
        controller = folded["resporg_id"][n] if kind == TOLL_FREE and folded["resporg_id"][n] else folded["losing_carrier"][n]
        account = "" if filled else folded["account_number"][n]
        billed = (str(btn) if btn >= 0 else folded["btn"][n]) if kind == LOCAL else ""
        stand_in = f"name:{folded['name'][n]}" if kind == TOLL_FREE and not account else ""
        of_account = SEPARATOR.join((customer, controller, account or f"btn:{billed}{stand_in}"))
        texts.append((SEPARATOR.join((of_account, partner[n], CLASSES[kind], country[n], billed, stand_in)), of_account))
    return texts


@dataclass(slots=True)
class Known:
    """What is known of some orders besides their rows.

    Attributes:
        release: orders that go without the rows that were rejected.
        busy: order -> PON of an order of the same key that is in flight.
        on_hold: orders that an operator holds.
        gone_before: how many numbers of each order went in earlier parts of it.
        part: parts of a larger order before the last, whose account keeps other numbers.
    """

    release: Mask
    busy: Mapping[int, str]
    on_hold: Mask
    gone_before: Ints
    part: Mask

    @classmethod
    def of_new(cls, count: int) -> Known:
        """What is known of orders that were never seen before: nothing."""
        return cls(np.zeros(count, dtype=bool), {}, np.zeros(count, dtype=bool), np.zeros(count, np.int64), np.zeros(count, dtype=bool))


#: What holds an order that an operator holds.
BY_HAND = "hold"


def group_orders(batch: Batch, keys: Keys, findings: Findings, known: Known, *, max_lines: Mapping[str, int]) -> Grouping:
    """The orders of a batch, the state of each row, and what is to be said of orders.

    Args:
        batch: the rows.
        keys: which of them go together.
        findings: gathers what is found on single rows (`order-rows-disagree`, `name-spelling`).
        known: what is known of the orders besides.
        max_lines: partner -> most lines in an order of its.
    """
    order, count = keys.order, len(keys.first)
    disagree = _disagreements(batch, keys, findings)
    rejected = batch.rejected | findings.on(len(batch), severity=ERROR)
    member = order >= 0
    holds = _belonging(batch, keys)
    notes = _Notes(findings)

    says_partial = _partial_ports(batch, keys, findings, notes, holds, known)
    rejected |= member & notes.errors(count)[order]
    goes = member & ~rejected
    lines = np.bincount(order[goes], minlength=count)

    waits = np.zeros(count, dtype=bool)
    waits[order[member & rejected]] = True
    waits[holds[:, 1]] = True
    # A release sends an order without its rejected rows, but not past a disagreement: it is then partial, whatever its rows say.
    reduced = waits & known.release & (lines > 0)
    reduced[order[member & disagree]] = False
    says_partial |= reduced
    notes.forget("partial-assumed", reduced)
    held_by = np.full(count, "", dtype=object)
    held_by[known.on_hold & (lines > 0)] = BY_HAND
    _note_held(batch, keys, notes, rejected, holds, waits & ~reduced & (lines > 0), held_by)
    partner = batch.partner.take(keys.first)
    most = partner.spread(np.array([max_lines.get(name, count + len(batch)) for name in partner.values.to_pylist()], np.int64))
    split = (lines > most) | ((known.gone_before > 0) & ~known.part)
    for number in np.flatnonzero(split & (lines > 0)).tolist():
        notes.add("order-split", number, detail=str(most[number]), rejected_too=False)
    for code, which, detail in (
        ("order-new-btn", reduced & _leaves_without_number(batch, keys, goes), {}),
        ("carrier-no-route", partner.blank, {}),
        ("order-account-busy", np.isin(np.arange(count), list(known.busy)), known.busy),
    ):
        for number in np.flatnonzero(which & (lines > 0)).tolist():
            notes.add(code, number, detail=detail.get(number, ""), rejected_too=False)
            held_by[number] = held_by[number] or ("order-split" if detail and split[number] else code)
    notes.reject(order, goes, rejected)
    goes = member & ~rejected
    lines = np.bincount(order[goes], minlength=count)
    part = _parts(batch, keys, goes, np.where(lines > most, most, 0))
    ahead = goes & (part == 0) & np.append((lines > most) & (held_by == ""), False)[order]
    parted = np.bincount(order[ahead], minlength=count)
    held_by[parted > 0] = "order-split"

    state = np.full(len(batch), State.READY, np.int64)
    state[member & np.append(held_by != "", False)[order] & ~ahead] = State.HELD
    state[batch.again] = State.DUPLICATE
    state[rejected] = State.REJECTED
    kind = batch.number_class[keys.first]
    orders = pd.DataFrame({
        "number_class": Column(text_array(CLASSES), kind).text().to_pylist(),
        "country": batch.requests["country"].take(keys.first).text().to_pylist(),
        "losing_carrier": batch.requests["losing_carrier"].take(keys.first).text().to_pylist(),
        "partner": partner.text().to_pylist(),
        "btn": np.where(kind == LOCAL, batch.btn[keys.first], -1),
        "partial": np.where(says_partial, "Y", "N"),
        "lines": lines - parted,
        "held_by": held_by,
    })  # fmt: skip
    return Grouping(keys, state, orders, notes.frame(), holds, ahead, part)


def _parts(batch: Batch, keys: Keys, goes: Mask, most: Ints) -> Ints:
    """In which part of its order each row goes: as many in each as the partner takes, in their order, the billing number in the last.

    Args:
        batch: the rows.
        keys: which of them go together.
        goes: the rows that are sent.
        most: the most lines in a part of each order; 0 for orders that are not split.
    """
    part = np.zeros(len(batch), np.int64)
    at = np.flatnonzero(goes & np.append(most > 0, False)[keys.order])
    at = at[np.argsort(batch.tn[at] == batch.btn[at], kind="stable")]
    part[at] = pd.Series(keys.order[at]).groupby(keys.order[at]).cumcount().to_numpy() // most[keys.order[at]]
    return part


class _Notes:
    """Order-level findings while they are gathered; `findings` knows how grave they are, and takes those that stand on single rows."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._columns: dict[str, list[Any]] = {"order": [], "code": [], "field": [], "detail": [], "rejected_too": []}

    def add(self, code: str, number: int, *, name: str = "", detail: str = "", rejected_too: bool) -> None:
        """Note a code on one order."""
        for column, value in zip(self._columns.values(), (int(number), code, name, detail, rejected_too), strict=True):
            column.append(value)

    def add_many(self, code: str, numbers: Ints, name: str) -> None:
        """Note a code on many orders, on every row of them."""
        size = len(numbers)
        for column, values in zip(self._columns.values(), (numbers.tolist(), [code] * size, [name] * size, [""] * size, [True] * size), strict=True):
            column.extend(values)

    def errors(self, count: int) -> Mask:
        """The orders that were found to be wrong as they are."""
        mask = np.zeros(count + 1, dtype=bool)
        grave = {code for code in set(self._columns["code"]) if self._findings.severity(code) == ERROR}
        mask[[number for number, code in zip(self._columns["order"], self._columns["code"], strict=True) if code in grave]] = True
        return mask

    def forget(self, code: str, orders: Mask) -> None:
        """Take back a code from some orders."""
        if orders.any():
            self._keep([found != code or not orders[number] for number, found in zip(self._columns["order"], self._columns["code"], strict=True)])

    def reject(self, order: Ints, goes: Mask, rejected: Mask) -> None:
        """Reject the rows that would go, but stand in an order of which something is noted that this customer calls an error."""
        grave = [code for code in RAISED if self._findings.severity(code) == ERROR]
        noted = self.frame()
        noted = noted[noted.code.isin(grave)]
        if not len(noted):
            return
        at = np.flatnonzero(goes)
        for code, found in pd.DataFrame({"order": order[at], "row": at}).merge(noted, on="order").groupby("code"):
            rows = found.row.to_numpy(np.int64)
            self._findings.add(str(code), rows, detail=found.detail.tolist())
            rejected[rows] = True
        self._keep([code not in grave for code in self._columns["code"]])

    def _keep(self, kept: list[bool]) -> None:
        self._columns = {name: list(compress(values, kept)) for name, values in self._columns.items()}

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self._columns)


def _first_positions(groups: Ints, count: int) -> Ints:
    """The first position of each group; groups below 0 are left out."""
    first = np.full(count, -1, np.int64)
    at = np.flatnonzero(groups >= 0)[::-1]
    first[groups[at]] = at
    return first


def _models(keys: Keys, rows: Mask) -> Ints:
    """For each row the first of some rows of its order; of other rows it means nothing."""
    return _first_positions(np.where(rows, keys.order, -1), len(keys.first))[keys.order]


def _disagreements(batch: Batch, keys: Keys, findings: Findings) -> Mask:
    """Rows that say otherwise than most of their order; rows that only spell it otherwise are noted too."""
    wrong = np.zeros(len(batch), dtype=bool)
    kind = batch.number_class
    several = np.bincount(keys.order[keys.order >= 0], minlength=len(keys.first))
    together = (keys.order >= 0) & np.append(several > 1, False)[keys.order]
    if not together.any():
        return wrong
    model = _models(keys, together)
    for name in AGREE[LOCAL]:
        asked = together & np.array([name in AGREE[each] for each in (LOCAL, WIRELESS, TOLL_FREE)]).take(kind) & ~batch.failed(name)
        column = batch.requests[name]
        if len(column.values) < 2 or not asked.any():
            continue
        spelt = column.ids()
        unlike = asked & (spelt != spelt[model if (asked == together).all() else _models(keys, asked)])
        if not unlike.any():
            continue
        some = np.zeros(len(keys.first), dtype=bool)
        some[keys.order[unlike]] = True
        at = np.flatnonzero(asked & some[keys.order])
        wrong[_compare(batch, keys, findings, name, at)] = True
    return wrong


def _compare(batch: Batch, keys: Keys, findings: Findings, name: str, at: Ints) -> Ints:
    """Among rows of orders that are not all of one spelling, note those that differ; the positions of those that differ in more than spelling."""
    column = batch.requests[name].take(at)
    table = pd.DataFrame({"order": keys.order[at], "said": normalise.folded(column).ids(), "spelt": column.ids(), "at": at})
    usual = _commonest(table, "order", "said")
    differs = (table.said != table.order.map(usual["said"])).to_numpy()
    secret = BY_NAME[name].secret

    def shown(position: int) -> str:
        return "****" if secret else batch.requests[name].at(position) or "blank"

    if differs.any():
        model = table.order.map(usual["at"]).to_numpy()[differs]
        details = [SEPARATOR.join((BY_NAME[name].label, batch.place(int(other)), shown(int(other)))) for other in model]
        findings.add("order-rows-disagree", at[differs], name, detail=details)
    same = table[~differs]
    spelling = _commonest(same, "order", "spelt")
    odd = (same.spelt != same.order.map(spelling["spelt"])).to_numpy()
    if odd.any():
        findings.add("name-spelling", same["at"].to_numpy()[odd], name, detail=[shown(int(other)) for other in same.order.map(spelling["at"]).to_numpy()[odd]])
    return at[differs]


def _commonest(table: pd.DataFrame, group: str, value: str) -> pd.DataFrame:
    """For each group the value that most rows have, the earliest of several, and the first position that has it."""
    counted = table.groupby([group, value], sort=False).agg(rows=("at", "size"), at=("at", "min")).reset_index()
    best = counted.sort_values([group, "rows", "at"], ascending=[True, False, True]).drop_duplicates(group)
    return best.set_index(group)


def agreed(column: Column, order: Ints) -> Column:
    """For each row its order's commonest spelling of a column; what is sent where rows differ in case, spaces and punctuation only.

    Args:
        column: one text a row.
        order: the order of each row; every one is 0 or more.
    """
    spelt = column.ids()
    first = _first_positions(order, int(order.max(initial=-1)) + 1)
    if (spelt == spelt[first[order]]).all():
        return column
    table = pd.DataFrame({"order": order, "spelt": spelt, "at": np.arange(len(order))})
    model = table.order.map(_commonest(table, "order", "spelt")["at"]).to_numpy()
    return column.take(model)


def _belonging(batch: Batch, keys: Keys) -> Ints:
    """Pairs of rejected rows whose key cannot be made, and the orders they count to."""
    loose = np.flatnonzero(batch.rejected & (keys.order < 0) & ~batch.again)
    none = np.zeros((0, 2), np.int64)
    if not len(loose) or not len(keys.first):
        return none
    usable = ~batch.requests["account_number"].blank & ~batch.failed("account_number")
    account = normalise.folded(batch.requests["account_number"])
    btn = np.where((batch.btn >= 0) & ~batch.failed("btn"), batch.btn, -1)
    wanted = account.take(loose[usable[loose]]).text().to_pylist()
    shares = among(btn, btn[loose][btn[loose] >= 0]) | (usable & account.isin(wanted))
    # Few rows share anything with one that is loose: only these are looked at further.
    keyed = np.flatnonzero((keys.order >= 0) & shares)
    at = np.concatenate([keyed, loose])
    carrier, controller = _carriers(batch, at)
    table = pd.DataFrame({
        "btn": btn[at], "account": np.where(usable[at], account.take(at).ids(), -1), "carrier": carrier, "controller": controller, "file": batch.file[at],
    })  # fmt: skip
    known, asking = table[: len(keyed)].assign(order=keys.order[keyed]), table[len(keyed) :].assign(row=loose)
    pairs = []
    for shared, who in (("btn", asking.btn >= 0), ("account", (asking.btn < 0) & (asking.account >= 0))):
        those = known.drop_duplicates(["order", shared, "carrier", "controller", "file"])
        joined = asking[who].merge(those, on=[shared, "file"], suffixes=("", "_known"))
        same = (joined.carrier >= 0) & (joined.carrier == joined.carrier_known) | (joined.controller >= 0) & (joined.controller == joined.controller_known)
        joined = joined[same | ((joined.carrier < 0) & (joined.controller < 0))]
        pairs.append(joined[["row", "order"]].drop_duplicates().to_numpy(np.int64))
    return np.concatenate(pairs)


def _carriers(batch: Batch, at: Ints) -> tuple[Ints, Ints]:
    """For each of some rows its carrier's name and, of toll-free rows, its RespOrg, as whole numbers; -1 where there is none."""
    name, controller = (batch.requests[field].take(at) for field in ("losing_carrier", "resporg_id"))
    name = normalise.folded(name)
    usable = batch.toll_free[at] & ~controller.blank & ~batch.failed("resporg_id")[at]
    return np.where(name.blank, -1, name.ids()), np.where(usable, normalise.folded(controller).ids(), -1)


def _partial_ports(batch: Batch, keys: Keys, findings: Findings, notes: _Notes, holds: Ints, known: Known) -> Mask:
    """The orders that leave numbers on the account; what follows for the billing number is noted. A rejected row that counts to an order counts here too."""
    count, order = len(keys.first), keys.order
    member = order >= 0
    if not count:
        return np.zeros(0, dtype=bool)
    numbers = np.bincount(order[member], minlength=count) + np.bincount(holds[:, 1], minlength=count) + known.gone_before
    listed = np.zeros(count, dtype=bool)
    listed[order[member & (batch.tn == batch.btn)]] = True
    listed[holds[batch.tn[holds[:, 0]] == batch.btn[keys.first][holds[:, 1]], 1]] = True
    local = batch.number_class[keys.first] == LOCAL
    multi = np.zeros(count, dtype=bool)
    multi[order[member & batch.requests["account_type"].equals("multi_line")]] = True

    stated = _stated(batch, keys, findings, "partial")
    says_yes, says_no = stated == "Y", stated == "N"
    blank = ~says_yes & ~says_no
    inferred = blank & local & multi & (~listed | (numbers == 1))
    assumed = blank & local & multi & ~inferred
    yes = bools(says_yes | inferred | known.part)
    notes.add_many("partial-assumed", np.flatnonzero(assumed & ~known.part), "partial")
    notes.add_many("order-btn-not-listed", np.flatnonzero(local & multi & says_no & ~listed & ~known.part), "btn")

    given = _stated(batch, keys, findings, "new_btn")
    spoilt = np.zeros(count, dtype=bool)
    spoilt[order[member & batch.failed("new_btn")]] = True
    new_btn = np.full(count, -1, np.int64)
    for number in np.flatnonzero(given != "").tolist():
        new_btn[number] = int(given[number]) if given[number].isdigit() else -1
    btn = np.where(local, batch.btn[keys.first], -1)
    among = np.isin(new_btn, batch.tn[member & (new_btn >= 0)[order]]) if (new_btn >= 0).any() else np.zeros(count, dtype=bool)
    if among.any():
        own = pd.MultiIndex.from_arrays([order[member], batch.tn[member]])
        among &= pd.MultiIndex.from_arrays([np.arange(count), new_btn]).isin(own)
    lacking = local & yes & listed & (given == "") & ~spoilt
    wrong = lacking | ((new_btn >= 0) & ((new_btn == btn) | among))
    notes.add_many("order-new-btn", np.flatnonzero(wrong), "new_btn")
    return yes


def _leaves_without_number(batch: Batch, keys: Keys, goes: Mask) -> Mask:
    """The orders that send the billing number, and name none that could take its place; what rejected rows name does not count."""
    mask = np.zeros(len(keys.first), dtype=bool)
    mask[keys.order[goes & (batch.number_class == LOCAL) & (batch.tn == batch.btn)]] = True
    mask[keys.order[goes & ~batch.requests["new_btn"].blank]] = False
    return mask


def _stated(batch: Batch, keys: Keys, findings: Findings, name: str) -> np.ndarray[Any, Any]:
    """For each order what the rows say of a field that are not at fault in it; blank is a statement too."""
    column = batch.requests[name]
    count = len(keys.first)
    if column.blank.all():
        return np.full(count, "", dtype=object)
    usable = (keys.order >= 0) & ~batch.failed(name) & ~findings.on(len(batch), code="order-rows-disagree", field=name)
    first = _first_positions(np.where(usable, keys.order, -1), count)
    texts = np.full(count, "", dtype=object)
    there = first >= 0
    texts[there] = column.take(first[there]).text().to_pylist()
    return texts


def _note_held(batch: Batch, keys: Keys, notes: _Notes, rejected: Mask, holds: Ints, waits: Mask, held_by: np.ndarray[Any, Any]) -> None:
    """Say of each order that waits for rejected rows which rows those are."""
    if not waits.any():
        return
    at = np.flatnonzero((keys.order >= 0) & rejected)
    order, row = np.concatenate([keys.order[at], holds[:, 1]]), np.concatenate([at, holds[:, 0]])
    concerned = waits[order]
    order, row = order[concerned], row[concerned]
    by_order = np.lexsort((row, order))
    numbers, starts = np.unique(order[by_order], return_index=True)
    positions = row[by_order].tolist()
    for number, start, end in zip(numbers.tolist(), starts.tolist(), [*starts[1:].tolist(), len(positions)], strict=True):
        places = ", ".join(batch.place(position) for position in positions[start : min(end, start + _PLACES)])
        notes.add("order-held", number, detail=places + (", ..." if end - start > _PLACES else ""), rejected_too=False)
    held_by[numbers] = "order-held"
