"""What one pass did, for its last line, its exit status and the operator's mail."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import astuple, dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from batchport.domain.lifecycle import State
from batchport.domain.table import Ints


@dataclass(frozen=True, slots=True)
class FileDone:
    """A customer's file that was dealt with: its state, and how many of its rows are in each."""

    customer: str
    name: str
    state: str
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission file that was sent."""

    partner: str
    name: str
    orders: int
    lines: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A partner's response file: how many of its lines were applied, and how many are exception lines."""

    partner: str
    name: str
    lines: int
    applied: int
    exceptions: int


def _plain(value: Any) -> Any:
    """What JSON has no word for: records, and numpy's numbers."""
    return {each.name: getattr(value, each.name) for each in fields(value)} if is_dataclass(value) else int(value)


@dataclass(slots=True)
class PassTally:
    """Counts of one pass.

    Attributes:
        files: customers' files dealt with.
        sent: submission files sent.
        heard: response files applied.
        heard_before: response files that had been seen before.
        set_aside: files of customers and partners that could not be dealt with, each with a sentence.
        waiting: sheets that wait for their papers, a sentence each.
        found: exception lines that have found their order, a sentence for each partner.
        due: orders that are newly overdue or about to lapse, a sentence each.
        to_do: what an operator is to do about orders that partners rejected, a sentence each.
        troubles: what else needs the operator, a sentence each.
        faults: how often the program failed.
        cut_off: passes before this one that were cut off before they could tell the operator what they did, a sentence each.
        carrier_rejected: rows newly rejected by partners.
        mails: sent, waiting, failed.
        changed: whether anything was changed at all.
    """

    files: list[FileDone] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    heard_before: int = 0
    set_aside: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    faults: int = 0
    cut_off: list[str] = field(default_factory=list)
    carrier_rejected: int = 0
    mails: Counter[str] = field(default_factory=Counter)
    results: list[str] = field(default_factory=list)
    changed: bool = False

    def file(self, customer: str, name: str, state: str, states: Ints | tuple[()]) -> None:
        """Count a customer's file and the states of its rows."""
        found, numbers = np.unique(np.asarray(states, np.int64), return_counts=True)
        counts = Counter({State(value).label: number for value, number in zip(found.tolist(), numbers.tolist(), strict=True)})
        self.files.append(FileDone(customer, name, state, counts))
        self.changed = True
        if state not in ("read", "repeated"):
            self.set_aside.append(f"{name} of {customer} is {state}")

    def trouble(self, sentence: str) -> None:
        """Note something that needs the operator."""
        self.troubles.append(sentence)

    def fault(self, sentence: str) -> None:
        """Note that the program failed at something, while the rest went on."""
        self.faults += 1
        self.trouble(sentence)

    @property
    def answers(self) -> int:
        """Response lines applied."""
        return sum(heard.applied for heard in self.heard)

    @property
    def exceptions(self) -> int:
        """New exception lines."""
        return sum(heard.exceptions for heard in self.heard)

    @property
    def newly_rejected(self) -> int:
        """Rows that this pass rejected."""
        return sum(done.counts["rejected"] for done in self.files)

    @property
    def needs_somebody(self) -> bool:
        """Whether something of this pass needs somebody (exit status 1)."""
        return bool(self.newly_rejected or self.carrier_rejected or self.exceptions or self.set_aside or self.troubles or self.mails["failed"])

    def file_counts(self) -> dict[str, int]:
        """Files of customers and partners that were read, that had been seen before, and that were set aside."""
        states = Counter(done.state for done in self.files)
        return {"read": states["read"] + len(self.heard), "repeated": states["repeated"] + self.heard_before, "set_aside": len(self.set_aside)}

    def to_json(self) -> str:
        """What the operator's mail tells of the pass, as text."""
        return json.dumps({
            "files": self.file_counts(), "sources": [[done.customer, done.name, done.state, dict(done.counts)] for done in self.files],
            "sent": [astuple(sent) for sent in self.sent], "problems": [*self.set_aside, *self.troubles, *self.cut_off],
            "due": self.due, "to_do": self.to_do,
            "rejected": self.newly_rejected + self.carrier_rejected,
        })  # fmt: skip

    def as_told(self) -> str:
        """All of it as text."""
        return json.dumps(self, default=_plain)

    @classmethod
    def of(cls, told: str) -> PassTally:
        """What `as_told` has written."""
        values = json.loads(told)
        files = [FileDone(done["customer"], done["name"], done["state"], Counter(done["counts"])) for done in values.pop("files")]
        sent, heard = [Sent(**each) for each in values.pop("sent")], [Heard(**each) for each in values.pop("heard")]
        return cls(files=files, sent=sent, heard=heard, mails=Counter(values.pop("mails")), **values)

    def add(self, other: PassTally) -> None:
        """Tell what another process did as well."""
        for each in fields(self):
            mine, more = getattr(self, each.name), getattr(other, each.name)
            if isinstance(mine, Counter):
                mine.update(more)
            else:
                setattr(self, each.name, mine or more if isinstance(mine, bool) else mine + more)
