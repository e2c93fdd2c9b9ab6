"""What the report tells, as frozen facts: the pipeline fills them in, `page` turns them into a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What needs somebody now.

    Attributes:
        rejected: rows that wait for their customers to correct them.
        carrier_rejected: rows that partners said no to.
        exceptions: open exception lines.
        overdue: orders that a partner is late with.
        mails: mails that could not be delivered, since the report's first day.
        on_hold: orders that somebody keeps back by hand.
    """

    rejected: int = 0
    carrier_rejected: int = 0
    exceptions: int = 0
    overdue: int = 0
    mails: int = 0
    on_hold: int = 0


@dataclass(frozen=True, slots=True)
class Rejections:
    """Numbers that partners said no to, for one reason of one losing carrier.

    Attributes:
        partner: who said it.
        losing_carrier: who has the numbers.
        codes: code, class and meaning of each reason that the lines gave; none where they gave none.
        numbers: how many.
    """

    partner: str
    losing_carrier: str
    codes: tuple[tuple[str, str, str], ...]
    numbers: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows that we rejected for a finding.

    Attributes:
        code: of the finding.
        title: what it is about.
        rows: how many rows have it.
    """

    code: str
    title: str
    rows: int


@dataclass(frozen=True, slots=True)
class Wait:
    """How long orders took from sending to an answer of one kind.

    Attributes:
        days: days -> orders that took so many.
        open: orders that have none yet.
    """

    days: Mapping[int, int]
    open: int = 0


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order that a partner is late with, or is about to cancel by itself.

    Attributes:
        what: `answer`, `completion` or `lapse`.
        due: the day.
        late: calendar days since then; none for what is still to come.
        numbers: how many of its numbers.
    """

    pon: str
    customer: str
    partner: str
    what: str
    due: date
    late: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Strange:
    """Open exception lines of one partner with one reason; `since` is when the oldest came."""

    partner: str
    reason: str
    lines: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """A customer's sheet, and when it came."""

    name: str
    state: str
    received: datetime


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer.

    Attributes:
        name: as the settings have it.
        rows: state -> rows.
        last: the sheet that came last.
        unmapped: sheets whose columns are to be confirmed.
        papers: sheets and papers in the inbox that wait for each other.
    """

    id: str
    name: str
    rows: Mapping[str, int]
    last: Sheet | None = None
    unmapped: int = 0
    papers: int = 0


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """A partner: submission files and their lines, and when files last went there and came from there."""

    id: str
    files: int = 0
    lines: int = 0
    answered: int = 0
    sent: datetime | None = None
    heard: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """One look at everything.

    Attributes:
        at: the time of the report, on the installation's clock.
        since: from when rejections and waiting times are told.
        rows: read, and each state -> how many.
        lines: sent, answered, outstanding -> how many.
        balanced: whether the count comes out.
        waiting: what needs somebody.
        rejections: what partners said no to, since then.
        sent: losing carrier -> lines sent about its numbers, since then.
        faults: what we rejected rows for, in sheets that came since then.
        waits: kind of answer -> how long it took, for orders sent since then.
        due: what partners are late with, or are about to cancel, the oldest first.
        due_more: orders of this kind that are not listed.
        strange: open exception lines.
        moving: day -> numbers that partners have confirmed for it, from today on.
        customers: by name.
        partners: by name.
    """

    at: datetime
    since: datetime
    rows: Mapping[str, int]
    lines: Mapping[str, int]
    balanced: bool
    waiting: Waiting = Waiting()
    rejections: tuple[Rejections, ...] = ()
    sent: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    waits: Mapping[str, Wait] = field(default_factory=dict)
    due: tuple[DueOrder, ...] = ()
    due_more: int = 0
    strange: tuple[Strange, ...] = ()
    moving: Mapping[date, int] = field(default_factory=dict)
    customers: tuple[CustomerLine, ...] = ()
    partners: tuple[PartnerLine, ...] = ()
