"""The facts of the report as tables, and the words that stand in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from batchport.domain.lifecycle import State
from batchport.reports.facts import CustomerLine, ReportFacts, Wait

#: What a state means to the port desk, in the order of a row's life.
MEANING = {
    State.REJECTED: "something in the row is wrong; waits for the customer",
    State.DUPLICATE: "asked for before; nothing to do",
    State.HELD: "fine, but its order cannot go yet",
    State.READY: "goes with the next submission file",
    State.SUBMITTED: "sent; not answered yet",
    State.ACKNOWLEDGED: "the partner works on it",
    State.DELAYED: "the partner needs more time",
    State.CONFIRMED: "the partner has given a date",
    State.COMPLETED: "the number has moved",
    State.CARRIER_REJECTED: "the partner says no, and why",
    State.CANCEL_PENDING: "called off; not answered yet",
    State.CANCELLED: "called off",
    State.SUPERSEDED: "a corrected row stands in its place",
}
#: What a class of reject codes asks for.
CLASSES = {
    "DATA": "the customer corrects the row",
    "ACCOUNT": "the customer acts at the losing carrier",
    "DATE": "another date is asked for",
    "SPLIT": "the order is split or put together otherwise",
    "NOPORT": "the number cannot be ported",
    "WAIT": "nothing need be done",
    "OPS": "the port desk looks into it",
    "": "no reason was given",
}
_DUE = {"answer": "no answer", "completion": "has not moved", "lapse": "partner cancels it by itself"}
NEEDS = (State.REJECTED, State.CARRIER_REJECTED)
_ENDED = (State.DUPLICATE, State.COMPLETED, State.CANCELLED, State.SUPERSEDED)
_WITH_PARTNER = (State.SUBMITTED, State.ACKNOWLEDGED, State.DELAYED, State.CANCEL_PENDING)
#: A week of business days; waits of so many and more stand in one line.
_WEEK, _LONG = 5, 15

Cell = str | int | float | date | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; its `kind` says how it is sorted and written: text, code, number, share (of one) or date."""

    title: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the page.

    Attributes:
        id: names it in the page.
        caption: what it is.
        columns: of it.
        rows: a cell for each column.
        searched: whether there may be so much in it that it can be searched.
    """

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    searched: bool = True


def tone(state: State) -> str:
    """The class of a state in charts."""
    return "needs" if state in NEEDS else "done" if state in _ENDED else ""


def words(label: str) -> str:
    """The name of a state as text."""
    return label.replace("_", " ")


def states(facts: ReportFacts) -> Table:
    """Rows by state."""
    total = max(1, facts.rows["read"])
    lines = ((words(state.label), facts.rows[state.label], facts.rows[state.label] / total, MEANING[state]) for state in State)
    return Table("states", "Rows by state", (Column("State"), Column("Rows", "number"), Column("Share", "share"), Column("What it means")), tuple(lines), searched=False)


def reasons(facts: ReportFacts) -> Table:
    """Rejections by reason. A line may give several reasons: its numbers count for each."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for line in facts.rejections:
        for code, class_, text in line.codes or (("", "", "No reason given"),):
            counted[line.partner, code, class_, text] += line.numbers
    lines = ((code, number, text, class_ or "none", partner) for (partner, code, class_, text), number in _greatest_first(counted))
    columns = (Column("Code", "code"), Column("Numbers", "number"), Column("Reason"), Column("Class", "code"), Column("Partner"))
    return Table("reasons", "Rejections by reason", columns, tuple(lines))


def carriers(facts: ReportFacts) -> Table:
    """Rejections by losing carrier, with what was sent about its numbers."""
    counted: Counter[str] = Counter()
    for line in facts.rejections:
        counted[line.losing_carrier] += line.numbers
    lines = tuple((name, number, facts.sent.get(name, 0)) for name, number in _greatest_first(counted))
    return Table("carriers", "Rejections by losing carrier", (Column("Losing carrier"), Column("Numbers rejected", "number"), Column("Lines sent", "number")), lines)


def classes(facts: ReportFacts) -> Table:
    """Rejections by class, each number once for a class."""
    counted: Counter[str] = Counter()
    for line in facts.rejections:
        for class_ in {class_ for _, class_, _ in line.codes} or {""}:
            counted[class_] += line.numbers
    lines = tuple((class_ or "none", CLASSES[class_], number) for class_, number in _greatest_first(counted))
    return Table("classes", "Rejections by class", (Column("Class", "code"), Column("What it asks for"), Column("Numbers", "number")), lines, searched=False)


def faults(facts: ReportFacts) -> Table:
    """What we rejected rows for."""
    lines = tuple((fault.code, fault.rows, fault.title) for fault in facts.faults)
    return Table("faults", "Our own findings on rejected rows", (Column("Finding", "code"), Column("Rows", "number"), Column("Why it matters")), lines)


def wait(name: str, found: Wait) -> Table:
    """How long orders took to an answer of one kind; a week at least, and no day left out."""
    shown = [(str(days), found.days.get(days, 0)) for days in range(min(max([*found.days, _WEEK]) + 1, _LONG))]
    long = sum(number for days, number in found.days.items() if days >= _LONG)
    lines = (*shown, *([(f"{_LONG} or more", long)] if long else []))
    return Table(f"wait-{name.replace(' ', '-')}", f"Business days to the {name}", (Column("Business days"), Column("Orders", "number")), lines, searched=False)


def percentile(days: Mapping[int, int], share: float) -> int:
    """The number of days within which at least this share of the orders had their answer.

    >>> percentile({0: 5, 1: 4, 7: 1}, 0.5), percentile({0: 5, 1: 4, 7: 1}, 0.9), percentile({3: 1}, 0.9)
    (0, 1, 3)
    """
    wanted, seen = share * sum(days.values()), 0
    for day, number in sorted(days.items()):
        seen += number
        if seen >= wanted - 1e-9:
            return day
    raise ValueError("of nothing there is no percentile")


def due(facts: ReportFacts) -> Table:
    """What partners are late with, and what they are about to cancel."""
    lines = tuple((one.pon, one.customer, one.partner, _DUE[one.what], one.due, one.late or None, one.numbers) for one in facts.due)
    columns = (
        Column("Order", "code"), Column("Customer"), Column("Partner"), Column("What"), Column("Due", "date"), Column("Days late", "number"), Column("Numbers", "number"),
    )  # fmt: skip
    return Table("due", "Orders that are overdue, or about to lapse", columns, lines)


def strange(facts: ReportFacts) -> Table:
    """Open exception lines."""
    lines = tuple((one.partner, one.reason, one.lines, one.since) for one in facts.strange)
    columns = (Column("Partner"), Column("Why", "code"), Column("Lines", "number"), Column("Oldest", "date"))
    return Table("strange", "Open exception lines", columns, lines, searched=False)


def moving(facts: ReportFacts) -> Table:
    """Numbers that move in the coming days."""
    return Table("moving", "Numbers confirmed for the coming days", (Column("Day", "date"), Column("Numbers", "number")), tuple(facts.moving.items()), searched=False)


def customers(facts: ReportFacts) -> Table:
    """Customers, with the states that belong together in one column."""
    columns = (
        Column("Customer"), Column("Rows", "number"), *(Column(title, "number") for title, _ in _GROUPS), Column("Last sheet"), Column("Came", "date"), Column("Waits for them"),
    )  # fmt: skip
    return Table("customers", "Customers", columns, tuple(_customer(line) for line in facts.customers))


_GROUPS: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("Rejected", (State.REJECTED,)), ("Held", (State.HELD,)), ("Ready", (State.READY,)), ("With partner", _WITH_PARTNER), ("Confirmed", (State.CONFIRMED,)),
    ("Carrier rejected", (State.CARRIER_REJECTED,)), ("Moved", (State.COMPLETED,)), ("Ended", (State.DUPLICATE, State.CANCELLED, State.SUPERSEDED)),
)  # fmt: skip


def _customer(line: CustomerLine) -> tuple[Cell, ...]:
    name = line.name if line.name == line.id else f"{line.name} ({line.id})"
    groups = (sum(line.rows.get(state.label, 0) for state in group) for _, group in _GROUPS)
    last = (line.last.name if line.last.state == "read" else f"{line.last.name} ({line.last.state})", line.last.received.date()) if line.last else (None, None)
    return (name, sum(line.rows.values()), *groups, *last, "; ".join(_waits_for(line)) or None)


def _waits_for(line: CustomerLine) -> Iterable[str]:
    """What a customer has to do."""
    for number, one, many in (
        (line.rows.get(State.REJECTED.label, 0), "to correct", "to correct"),
        (line.rows.get(State.CARRIER_REJECTED.label, 0), "rejected by the carrier", "rejected by the carrier"),
        (line.unmapped, "sheet to confirm", "sheets to confirm"),
        (line.papers, "file waits for papers", "files wait for papers"),
    ):
        if number:
            yield f"{number:,} {one if number == 1 else many}"


def partners(facts: ReportFacts) -> Table:
    """What became of the lines sent to each partner."""
    columns = (
        Column("Partner"), Column("Files", "number"), Column("Lines sent", "number"), Column("Answered", "number"), Column("Outstanding", "number"), Column("Share answered", "share"),
        Column("Last sent", "date"), Column("Last heard", "date"),
    )  # fmt: skip
    lines = tuple(
        (one.id, one.files, one.lines, one.answered, one.lines - one.answered, one.answered / one.lines if one.lines else None, one.sent, one.heard) for one in facts.partners
    )
    return Table("partners", "Partners", columns, lines)


def _greatest_first(counted: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(counted.items(), key=lambda each: (-each[1], each[0]))
