"""What customers and the operator are told: these values go in, mails come out and are delivered.

The facts here are all that a mail is made from; `compose` turns them into words, `message` into a message, `delivery` takes it away. Telephone
numbers come in as people read them (212-736-0142), findings and reasons as finished sentences. No fact may hold a PIN, or an account number that is
not the telephone number itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

FileState = Literal["read", "unmapped", "repeated", "unreadable"]


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What a mail of any kind is made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFacts(MailFacts):
    """What every mail to a customer begins and ends with.

    Attributes:
        customer_name: as they are greeted.
        contact: the address that answers questions; blank: none is named.
        attached: file names of the workbooks that go with the mail.
        kept: where the workbooks lie that are too large for that.
    """

    customer_name: str
    contact: str = ""
    attached: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expect:
    """When numbers of a kind can move at the soonest, in business days after they are sent to the carrier.

    Attributes:
        kind: of port: single_line, multi_line, wireless, toll_free.
        least, most: the days, which are not the same with all carriers.
    """

    kind: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something wrong with a file as a whole, a sheet or a column, and what to do about it."""

    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: how many rows have it, and the first of them as Excel counts."""

    message: str
    fix: str
    count: int
    example_row: int


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row that needs somebody: what is wrong with it and how to put it right.

    Attributes:
        row: as Excel counts.
        tn: blank where the row has none.
        state: of the row.
        sheet: its sheet's name where the file has several, else blank.
    """

    row: int
    tn: str
    state: str
    what: str
    fix: str
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What became of one file that a customer sent.

    Attributes:
        name: as the customer named it.
        state: what could be done with it.
        same_as: the earlier file of the same content, when it is `repeated`.
        rows: numbers in it.
        counts: state of a row -> how many; of the earlier file when it is `repeated`.
        problems: what concerns the file, a sheet or a column.
        faults: what is wrong with its rows, one entry a kind.
        rows_to_fix: the first of the rows that need the customer; `more` follow in the workbook.
        expect: when its numbers can move.
        results: file name of its workbook.
    """

    name: str
    state: FileState
    same_as: str | None = None
    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[FileProblem, ...] = ()
    faults: tuple[Fault, ...] = ()
    rows_to_fix: tuple[RowLine, ...] = ()
    more: int = 0
    expect: tuple[Expect, ...] = ()
    results: str | None = None

    @property
    def to_fix(self) -> int:
        """How many rows need the customer."""
        return len(self.rows_to_fix) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFacts(CustomerFacts):
    """What became of the files that a customer sent, in one pass; at least one file."""

    files: tuple[FileFacts, ...]

    def of_state(self, state: FileState) -> tuple[FileFacts, ...]:
        """The files that were read, unmapped, repeated or unreadable."""
        return tuple(file for file in self.files if file.state == state)

    def rows(self, state: str = "") -> int:
        """How many rows of the files read are in a state; all of them without one."""
        return sum(file.counts.get(state, 0) if state else file.rows for file in self.of_state("read"))

    @property
    def to_fix(self) -> int:
        """How many rows of the files read need the customer."""
        return sum(file.to_fix for file in self.of_state("read"))

    @property
    def sent(self) -> int:
        """How many rows have gone to a carrier, or further."""
        return sum(self.rows(state) for state in ("submitted", "acknowledged", "delayed", "confirmed", "completed"))

    @property
    def going(self) -> int:
        """How many rows have gone to a carrier, or go next."""
        return self.rows("ready") + self.sent

    @property
    def expect(self) -> tuple[Expect, ...]:
        """When the numbers of all files can move, an entry a kind."""
        return together(file.expect for file in self.files)


def together(several: Iterable[Iterable[Expect]]) -> tuple[Expect, ...]:
    """What is to be expected of several files, an entry a kind."""
    found: dict[str, Expect] = {}
    for one in (one for some in several for one in some):
        known = found.get(one.kind, one)
        found[one.kind] = Expect(one.kind, min(one.least, known.least), max(one.most, known.most))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of a customer's sheet, and what it is taken for.

    Attributes:
        header: as the customer wrote it.
        field: the label of the field; blank where none is proposed.
        reason: why, or why not, in a few words.
        samples: some of its cells; secrets are masked.
        sheet: its sheet's name where the file has several, else blank.
    """

    header: str
    field: str
    reason: str
    samples: tuple[str, ...] = ()
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsFile:
    """A file that waits until it is certain which of its columns is which.

    Attributes:
        name: as the customer named it.
        problems: what is not certain, or missing.
        unsure: the columns that somebody must confirm.
        certain: the columns that are taken as they are.
        ignored: headers of the columns that are not read.
    """

    name: str
    problems: tuple[FileProblem, ...] = ()
    unsure: tuple[ColumnLine, ...] = ()
    certain: tuple[ColumnLine, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsFacts(CustomerFacts):
    """What the columns of a customer's files are taken for, to be confirmed; at least one file."""

    files: tuple[ColumnsFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """What a partner answered for one number.

    Attributes:
        file, row, sheet: where the customer asked for it; `sheet` where the file has several.
        pon: the order.
        state: the row's, now.
        reason: in words, with its code where that helps the customer's carrier; blank: none was given.
        fix: what the customer does about it; blank: nothing.
        date: the confirmed date.
    """

    file: str
    row: int
    tn: str
    pon: str
    state: str
    reason: str = ""
    fix: str = ""
    date: date | None = None
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFacts(CustomerFacts):
    """What partners answered in one pass; of each list the first lines, `..._more` follow in the workbooks.

    Attributes:
        files: the files whose rows are spoken of.
        rejected: refused by the carrier, with reason and fix.
        confirmed: with the date they move.
        other: acknowledged, delayed, cancelled.
        counts: where all rows of these files stand now, state -> how many.
        expect: when those can move that have no date yet.
    """

    files: tuple[str, ...]
    rejected: tuple[AnswerLine, ...] = ()
    rejected_more: int = 0
    confirmed: tuple[AnswerLine, ...] = ()
    confirmed_more: int = 0
    other: tuple[AnswerLine, ...] = ()
    other_more: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    expect: tuple[Expect, ...] = ()

    @property
    def totals(self) -> tuple[int, int, int]:
        """How many numbers were rejected, were given a date, had another answer."""
        return len(self.rejected) + self.rejected_more, len(self.confirmed) + self.confirmed_more, len(self.other) + self.other_more


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLine:
    """A number that has moved: to which line, and from which carrier."""

    file: str
    row: int
    tn: str
    pon: str
    destination: str
    losing_carrier: str
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedFacts(CustomerFacts):
    """The numbers that moved in one pass; at least one.

    Attributes:
        files: the files that asked for them.
        lines: the first of them; `more` follow in the workbooks.
        under_way: numbers of these files that have still to move.
    """

    files: tuple[str, ...]
    lines: tuple[MovedLine, ...]
    more: int = 0
    under_way: int = 0

    @property
    def total(self) -> int:
        """How many numbers moved."""
        return len(self.lines) + self.more

    @property
    def carriers(self) -> tuple[str, ...]:
        """The carriers they left, each once."""
        return tuple(dict.fromkeys(line.losing_carrier for line in self.lines if line.losing_carrier))


@dataclass(frozen=True, slots=True, kw_only=True)
class LateLine:
    """A number that the carrier is late with, and the day on which something was due."""

    file: str
    row: int
    tn: str
    pon: str
    due: date
    sheet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueFacts(CustomerFacts):
    """The numbers that partners are late with; at least one.

    Attributes:
        files: the files that asked for them.
        unheard: those of which nothing was heard in time, and
        unmoved: those that should have moved, the first of both; `more` follow.
        totals: how many there are of each.
    """

    files: tuple[str, ...]
    unheard: tuple[LateLine, ...]
    unmoved: tuple[LateLine, ...]
    totals: tuple[int, int]

    @property
    def more(self) -> int:
        """How many numbers are not told one by one."""
        return sum(self.totals) - len(self.unheard) - len(self.unmoved)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A customer's file that a pass dealt with."""

    customer: str
    name: str
    state: FileState
    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A file that a pass sent to a partner."""

    partner: str
    name: str
    orders: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionLine:
    """A line of a partner's response that matched nothing or contradicts what is known."""

    id: str
    partner: str
    file: str
    line: int
    reason: str
    pon: str = ""
    tn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightFacts(MailFacts):
    """One whole pass, for the operator.

    Attributes:
        at: when it ran, with its time zone.
        balanced: the count of rows and lines comes out.
        files: read, repeated, set_aside -> how many, in this pass.
        rows: read, and each state -> how many, over the whole database.
        lines: sent, answered, outstanding -> how many, over the whole database.
        mails: sent, waiting, failed -> how many, in this pass.
        rejected: rows newly rejected, by us or by a carrier.
        exceptions: the first new ones; `exceptions_more` follow.
        due: orders that are newly overdue, or that a partner is about to cancel by itself, a sentence each.
        to_do: what the operator is to do about orders that partners rejected, a sentence each.
        problems: whatever else needs the operator.
        records: how many records the journal has, and `head`, the hash of the last of them: kept where nobody who changes the database comes to.
    """

    at: datetime
    balanced: bool
    files: Mapping[str, int]
    rows: Mapping[str, int]
    lines: Mapping[str, int]
    mails: Mapping[str, int]
    rejected: int = 0
    sources: tuple[SourceLine, ...] = ()
    submissions: tuple[SubmissionLine, ...] = ()
    exceptions: tuple[ExceptionLine, ...] = ()
    exceptions_more: int = 0
    due: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    records: int = 0
    head: str = ""

    @property
    def exception_count(self) -> int:
        """How many exception lines are new."""
        return len(self.exceptions) + self.exceptions_more

    @property
    def all_well(self) -> bool:
        """Nothing in this pass needs the operator."""
        troubles = (self.exception_count, self.problems, self.files.get("set_aside"), self.mails.get("failed"))
        return self.balanced and not any(troubles)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFacts(MailFacts):
    """What cannot wait for the night's mail, for the operator; at least one problem.

    Attributes:
        at: when it was seen, with its time zone.
        problems: what it is, a sentence or two each.
    """

    at: datetime
    problems: tuple[str, ...]
