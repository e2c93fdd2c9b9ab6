"""What is to be done about orders that partners rejected: by whom, in words, and with which command.

Each reason has a class, and the class says who acts (contract, section 9): DATA the customer corrects, ACCOUNT the customer acts at the losing carrier, DATE, SPLIT
and NOPORT an operator gives the order another date or shape, OPS an operator asks, WAIT nobody. A number that only shares the order of a rejected one is not
blamed: it has no part in this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.carriers.codes import Reason
from batchport.domain.fields import BY_NAME
from batchport.domain.lifecycle import State
from batchport.domain.split import Split, propose
from batchport.domain.table import Ints, known, records
from batchport.pipeline.app import App
from batchport.pipeline.shown import sentence
from batchport.store import look

#: By class who acts; in the order in which they are told.
WHO = {"DATA": "customer", "ACCOUNT": "customer", "DATE": "operator", "SPLIT": "operator", "NOPORT": "operator", "OPS": "operator", "WAIT": "nobody"}
_GONE = [int(state) for state in (State.SUPERSEDED, State.REJECTED, State.DUPLICATE, State.CANCELLED, State.COMPLETED)]
_WITHOUT_REASON = Reason("", "The carrier gave no reason", "OPS", "", "row", "")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What one class of reasons asks for.

    Attributes:
        class_: the class.
        who: `customer`, `operator` or `nobody`.
        what: what is to be done, as a sentence.
        command: what does it, where a command does; blank else.
        numbers: the numbers that it is about.
        split: the proposed split, for SPLIT where one can be told.
    """

    class_: str
    who: str
    what: str
    command: str
    numbers: list[str]
    split: Split | None

    def json(self) -> dict[str, Any]:
        """As commands print it."""
        split = {"by": self.split.by, "parts": [[f"{tn:010d}" for tn in part] for part in self.split.parts]} if self.split else None
        return {"class": self.class_, "who": self.who, "what": self.what, "command": self.command or None, "numbers": self.numbers, "split": split}


@dataclass(frozen=True, slots=True)
class _Case:
    """Why some numbers of an order were rejected, by one class.

    Attributes:
        order: its record.
        pon: its PON.
        numbers: all numbers of it that have not ended.
        blamed: those that were rejected.
        named: those of them that the partner named.
        reasons: why.
        earliest: the earliest date that it can ask for; blank where it cannot be told, or is not asked for.
    """

    order: Any
    pon: str
    numbers: Ints
    blamed: Ints
    named: Ints
    reasons: list[Reason]
    earliest: str

    @property
    def told(self) -> str:
        """The reasons in words."""
        return _sentences(reason.text for reason in self.reasons)

    def remedy(self, class_: str, what: str, command: str = "", split: Split | None = None) -> Remedy:
        """What is to be done."""
        full = f"batchport {command.format(pon=self.pon)} --why TEXT" if command else ""
        return Remedy(class_, WHO[class_], what, full, [f"{tn:010d}" for tn in self.blamed.tolist()], split)


def remedies(app: App, connection: Connection, orders: list[int]) -> dict[int, list[Remedy]]:
    """Order -> what is to be done about it, for those that were rejected."""
    rows = look.rows_by(connection, orders=orders)
    rows = rows[~rows.state.isin(_GONE)]
    rejected = rows[(rows.state == State.CARRIER_REJECTED) & rows.answer_id.notna() & rows.partner.isin(list(app.settings.partners))]
    if not len(rejected):
        return {}
    blames = _blames(app, rejected, look.answers_by_id(connection, sorted(set(rejected.answer_id.astype(int)))))
    records_of = {int(one.id): one for one in records(look.orders_table(connection, orders=list(blames)))}
    pons = dict(zip(blames, app.store.pons.give(np.array(list(blames), np.int64)), strict=True))
    dates = _earliest(app, connection, [records_of[number] for number, found in blames.items() if "DATE" in found])
    numbers = {int(str(number)): own.to_numpy(np.int64) for number, own in rows.groupby("order_id").tn}
    found = {}
    for number, by_class in blames.items():
        cases = [(name, _Case(records_of[number], pons[number], numbers[number], *by_class[name].told(), dates.get(number, ""))) for name in WHO if name in by_class]
        found[number] = [_REMEDIES[name](case) for name, case in cases]
    return found


@dataclass(slots=True)
class _Blame:
    """What rows of an order were rejected for, by one class: their numbers, those that the partner named, and why."""

    numbers: list[int] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    reasons: dict[Reason, None] = field(default_factory=dict)

    def told(self) -> tuple[Ints, Ints, list[Reason]]:
        """The same as a case has it."""
        return np.unique(np.array(self.numbers, np.int64)), np.unique(np.array(self.named, np.int64)), list(self.reasons)


def _blames(app: App, rejected: pd.DataFrame, answers: pd.DataFrame) -> dict[int, dict[str, _Blame]]:
    """Order -> class -> what its rows were rejected for; each different saying of a partner is looked up once."""
    said = {number: (code, text, known(row)) for number, code, text, row in zip(answers.id, answers.code, answers.text, answers.row_id, strict=True)}
    meant: dict[tuple[str, str, str], list[Reason]] = {}
    found: dict[int, dict[str, _Blame]] = {}
    for order, tn, partner, answer in zip(rejected.order_id.astype(int), rejected.tn.astype(int), rejected.partner, rejected.answer_id.astype(int), strict=True):
        code, text, own = said[answer]
        if (partner, code, text) not in meant:
            meant[partner, code, text] = app.codes(partner).explain(code, text) or [_WITHOUT_REASON]
        for reason in meant[partner, code, text]:
            if reason.blames:
                blame = found.setdefault(order, {}).setdefault(reason.class_, _Blame())
                blame.numbers.append(tn)
                blame.reasons[reason] = None
                blame.named += [tn] if own and reason.scope == "row" else []
    return found


def _earliest(app: App, connection: Connection, orders: list[Any]) -> dict[int, str]:
    """The earliest date that each of some orders can ask for; blank where it cannot be told."""
    if not orders:
        return {}
    # With it come all checks, which most looks at orders do without.
    from batchport.pipeline.last_look import look_at

    today, found = app.local(app.now).date().isoformat(), dict[int, str]()
    for customer in sorted({order.customer for order in orders} & set(app.settings.customers)):
        numbers = [int(order.id) for order in orders if order.customer == customer]
        looked = look_at(app, connection, customer, numbers, [today] * len(numbers))
        found |= {number: looked.better(at) for at, number in enumerate(numbers)} if looked else {}
    return found


def _data(case: _Case) -> Remedy:
    fields = dict.fromkeys(BY_NAME[reason.field].label for reason in case.reasons if reason.field)
    what = f"Correct {_and(list(fields))}" if fields else "Correct what is told"
    return case.remedy("DATA", f"{what} in the results workbook and send it back; the next version of the order is made of it.")


def _account(case: _Case) -> Remedy:
    what = f"{_sentences(reason.remedy for reason in case.reasons)} When that is done, the order goes once more as it is."
    return case.remedy("ACCOUNT", what, "resubmit {pon}")


def _date(case: _Case) -> Remedy:
    what = f"Ask for another date; the earliest that can be met is {case.earliest}." if case.earliest else "Ask for another date."
    return case.remedy("DATE", what, f"redate {{pon}} {case.earliest or 'DATE'}")


def _split(case: _Case) -> Remedy:
    split = propose(case.numbers, np.isin(case.numbers, case.named), int(case.order.btn) if known(case.order.btn) else None)
    if split is None:
        return case.remedy("SPLIT", f"{case.told} Nothing tells its numbers apart; ask {case.order.partner} how to split it.")
    what = (
        f"{case.told} Split it, by {split.by}: {' + '.join(str(len(part)) for part in split.parts)} numbers. Take the numbers of the later parts out of it "
        f"(`batchport cancel {case.pon} --tn NUMBER`), send it once more, and have each later part sent in as a sheet of its own when the one before it has moved."
    )
    return case.remedy("SPLIT", what, "resubmit {pon}", split)


def _noport(case: _Case) -> Remedy:
    others = len(case.numbers) - len(case.blamed)
    if not others:
        return case.remedy("NOPORT", f"{case.told} The order has come to its end.", "cancel {pon}")
    what = f"{case.told} The other {others} of the order may go on without {'it' if len(case.blamed) == 1 else 'them'}."
    return case.remedy("NOPORT", what, "resubmit {pon}")


def _ops(case: _Case) -> Remedy:
    return case.remedy("OPS", f"Ask {case.order.partner} what it means: {_sentences(reason.text or reason.code for reason in case.reasons)}")


def _wait(case: _Case) -> Remedy:
    return case.remedy("WAIT", f"{case.told} Nothing needs to be done.")


_REMEDIES: dict[str, Callable[[_Case], Remedy]] = {
    "DATA": _data, "ACCOUNT": _account, "DATE": _date, "SPLIT": _split, "NOPORT": _noport, "OPS": _ops, "WAIT": _wait,
}  # fmt: skip


def _sentences(texts: Iterable[str]) -> str:
    return " ".join(sentence(text) for text in dict.fromkeys(texts) if text)


def _and(words: list[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])
