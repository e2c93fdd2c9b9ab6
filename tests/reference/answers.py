"""What partners answer, once more: the contract, sections 6 and 9, line by line, with loops and ifs, so that tests can hold the product against it.

Of one row in one version of its order everything said is kept, in order. Nothing else is: a row's state is found anew, each time it is asked for, by
going through what was said from the beginning. So a line that comes late finds its place, and what it makes of the lines behind it comes by itself.

Above each rule stands the sentence that it comes from. Nothing here is taken from the product's code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

#: "| line | from | to |": status -> the state it leads to, and the states it leads there from.
MOVES = {
    "ACK": ("acknowledged", {"submitted"}),
    "DELAY": ("delayed", {"submitted", "acknowledged", "confirmed"}),
    "FOC": ("confirmed", {"submitted", "acknowledged", "delayed", "confirmed", "carrier_rejected"}),
    "REJECT": ("carrier_rejected", {"submitted", "acknowledged", "delayed", "confirmed"}),
    "COMPLETE": ("completed", {"submitted", "acknowledged", "delayed", "confirmed", "carrier_rejected", "cancel_pending"}),
    "CANCEL": ("cancelled", {"submitted", "acknowledged", "delayed", "confirmed", "cancel_pending", "carrier_rejected"}),
}
ENDED = {"completed", "cancelled"}
#: What becomes of a line of one row that is neither applied nor noted.
AGAINST_THE_ROW = {"move-forbidden", "older-line-again", "foc-without-date"}


@dataclass(frozen=True)
class Standing:
    """Where a row stands: its state, the partner's date while it has one, and the codes of what it stands there for."""

    state: str
    foc: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(eq=False)
class Line:
    """A line of a response file as it is read. Two lines are the same line only where they are one; what they say is `content`."""

    pon: str
    version: int | None
    tn: str
    status: str
    code: str
    text: str
    date: str
    at: datetime | None
    partner: str

    @property
    def content(self) -> tuple[object, ...]:
        """What makes a line equal to another: "same VER, STATUS, CODE, TEXT, FOC_DATE"."""
        return self.version, self.status, self.code, self.text, self.date


@dataclass(eq=False)
class Row:
    """One number of one version of an order, and everything that was said of it.

    Attributes:
        sup: of the version; blank on a first one.
        before: what the row had when this version was sent.
        said: the lines in the order in which they count.
        settled: while they are gone through, whether a supplement was granted or turned down.
    """

    tn: str
    order: str
    version: int
    partner: str
    sup: str
    start: Standing
    before: Standing | None
    said: list[Line] = field(default_factory=list)
    settled: bool = False

    def say(self, line: Line) -> None:
        """Put a line in its place."""
        # "A line is put at the end of it when it comes, except that a line with `AT` goes before those lines at the end that have a later `AT`, back
        # to (not across) the last line without an `AT` or with an earlier-or-equal one."
        place = len(self.said)
        while line.at is not None and place > 0:
            there = self.said[place - 1].at
            if there is None or there <= line.at:
                break
            place -= 1
        self.said.insert(place, line)

    def follow(self) -> tuple[Standing, dict[Line, str]]:
        """Where the row stands after everything that was said of it, and what became of each line."""
        standing, applied, self.settled = self.start, list[Line](), False
        became: dict[Line, str] = {}
        for line in self.said:
            became[line] = self.judge(line, standing, applied)
            if became[line] == "applied":
                standing = self.moved(line, standing)
                applied.append(line)
                # A supplement is answered once; what is said of it afterwards is said of the order as it then stands.
                self.settled = self.settled or line.status in {"FOC", "REJECT"}
        return standing, became

    def has_heard(self, line: Line) -> bool:
        """Whether a line with a time only repeats what was applied before the last one, and is not newer: it would change the row, and has no place of its own."""
        standing, became = self.follow()
        applied = [there for there in self.said if became[there] == "applied"]
        if line.at is None or not applied or applied[-1].content == line.content or self.judge(line, standing, []) != "applied":
            return False
        return any(older.content == line.content and older.at is not None and line.at <= older.at for older in applied)

    def judge(self, line: Line, standing: Standing, applied: list[Line]) -> str:
        """What becomes of a line where the row stands so, after these lines: `applied`, `noted`, or the reason why it is an exception line."""
        # "it is noted and changes nothing (... it equals the last line applied ...)"
        if applied and applied[-1].content == line.content:
            return "noted"
        target = self.target(line, standing)
        # "it is noted and changes nothing (asks for the state the row has - but a FOC for a confirmed row replaces the date - ...)"
        if target == standing.state and not (line.status == "FOC" and target == "confirmed"):
            return "noted"
        # "... or an ACK for a row further on"
        if line.status == "ACK" and standing.state != "submitted":
            return "noted"
        # "FOC without date (but not of a SUP 1)", as long as that is not answered
        if line.status == "FOC" and not line.date and target == "confirmed":
            return "foc-without-date"
        # "a move that the table forbids"
        if target is None:
            return "foc-without-date" if line.status == "FOC" and not line.date else "move-forbidden"
        # "a line equal to an older applied line of this row without a newer AT than that one had". Where that one had none, any is newer.
        for older in applied:
            newer = line.at is not None and (older.at is None or line.at > older.at)
            if older.content == line.content and not newer:
                return "older-line-again"
        return "applied"

    def target(self, line: Line, standing: Standing) -> str | None:
        """The state that a line asks for, where the table lets it."""
        if self.given_back(line, standing):
            assert self.before is not None
            return self.before.state
        to, sources = MOVES[line.status]
        # "FOC or CANCEL of a SUP 1: cancelled."
        if self.sup == "1" and line.status == "FOC" and (not self.settled or standing.state == "cancelled"):
            to, sources = MOVES["CANCEL"]
        return to if standing.state in sources or standing.state == to else None

    def given_back(self, line: Line, standing: Standing) -> bool:
        """Whether a line turns the supplement down."""
        # "A REJECT of a SUP 1, or of a SUP 2 whose rows are submitted/acknowledged/delayed, gives each row the state and date back that it had when
        # the version was sent." Nothing is given back to what has ended: "`REJECT` | submitted, acknowledged, delayed, confirmed".
        if line.status != "REJECT" or self.before is None or self.settled:
            return False
        return (self.sup == "1" and standing.state not in ENDED) or (self.sup == "2" and standing.state in {"submitted", "acknowledged", "delayed"})

    def moved(self, line: Line, standing: Standing) -> Standing:
        """Where the row stands after a line that is applied."""
        codes = tuple(code for code in line.code.split(";") if code) if line.status in {"DELAY", "REJECT"} else ()
        if self.given_back(line, standing):
            assert self.before is not None
            return replace(self.before, codes=codes)
        to = self.target(line, standing)
        assert to is not None
        # "a new date replaces the old"; "`foc_date` stands while confirmed or completed".
        foc = {"confirmed": line.date, "completed": standing.foc}.get(to)
        return Standing(to, foc, codes)


@dataclass
class Order:
    """An order and the newest version of it that was sent."""

    pon: str
    partner: str
    version: int = 0
    #: By version: its rows by number.
    rows: dict[int, dict[str, Row]] = field(default_factory=dict)

    @property
    def newest(self) -> dict[str, Row]:
        """The rows of the newest version by number."""
        return self.rows[self.version]


class Answers:
    """Orders, and what their partners said of them."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.files: set[tuple[str, tuple[tuple[str, ...], ...]]] = set()
        #: Lines that matched nothing or cannot be understood, and why.
        self.strays: list[tuple[Line, str]] = []
        #: Lines that speak of rows of the version that was the newest when they came, and of which.
        self.placed: list[tuple[Line, list[Row]]] = []

    def send(self, pon: str, tns: Iterable[str], partner: str, sup: str = "") -> None:
        """An order is sent, or a further version of it."""
        order = self.orders.setdefault(pon, Order(pon, partner))
        before = {tn: row.follow()[0] for tn, row in order.newest.items()} if order.version else {}
        order.version += 1
        # "Supplements: sending SUP 2 or 3 makes the rows `submitted`, SUP 1 `cancel_pending`."
        start = Standing("cancel_pending" if sup == "1" else "submitted")
        order.rows[order.version] = {tn: Row(tn, pon, order.version, partner, sup, start, before.get(tn)) for tn in tns}

    def hear(self, file_lines: Sequence[tuple[str, ...]], partner: str) -> None:
        """A response file comes from a partner: lines of PON, VER, TN, STATUS, CODE, TEXT, FOC_DATE, AT, and what else makes a file another one."""
        # "A file seen before (same content, same partner) changes nothing."
        if (partner, tuple(file_lines)) in self.files:
            return
        self.files.add((partner, tuple(file_lines)))
        lines = [read(words, partner) for words in file_lines]
        spoken = [(line, self.order_of(line)) for line in lines]
        for line, order in spoken:
            # "blank: newest at the time it is applied"
            if order is not None and line.version is None:
                line.version = order.version
        understood = []
        for line, order in spoken:
            why = self.stray(line, order)
            if why:
                self.strays.append((line, why))
            elif order is not None:
                understood.append((line, order))
        # What cannot be understood is no row's own line.
        own = {(order.pon, line.version, line.tn) for line, order in understood if line.tn}
        meant = [(line, order, self.rows_meant(line, order, own)) for line, order in understood]
        repeated = [[row for row in rows if row.has_heard(line)] for line, _, rows in meant]
        for (line, order, rows), again in zip(meant, repeated, strict=True):
            if line.version != order.version and line.status != "COMPLETE":
                continue
            if rows and len(again) == len(rows):
                self.strays.append((line, "older-line-again"))
                continue
            placed = [row for row in rows if row not in again]
            for row in placed:
                row.say(line)
            self.placed.append((line, placed))

    def order_of(self, line: Line) -> Order | None:
        """The order that a line speaks of, of whatever partner where it is named."""
        if line.pon:
            return self.orders.get(line.pon)
        # "or without PON by TN among that partner's open orders"
        for order in self.orders.values():
            row = order.newest.get(line.tn)
            if order.partner == line.partner and row is not None and row.follow()[0].state not in ENDED:
                return order
        return None

    def stray(self, line: Line, order: Order | None) -> str | None:
        """Why a line is an exception line whatever the state of the row, if it is."""
        # "Unknown order, TN not in that order, VER newer than ours, unknown STATUS, FOC without date (but not of a SUP 1): exception line, changes
        # nothing." "Never across partners."
        if order is None:
            return "unknown-order"
        if order.partner != line.partner:
            return "other-partner"
        rows = order.rows.get(line.version or 0)
        if rows is None:
            return "newer-version"
        if line.tn and line.tn not in rows:
            return "tn-not-in-order"
        if line.status not in MOVES:
            return "unknown-status"
        if line.status == "FOC" and not line.date and any(row.sup != "1" for row in rows.values()):
            return "foc-without-date"
        return None

    def rows_meant(self, line: Line, order: Order, own: set[tuple[str, int | None, str]]) -> list[Row]:
        """The rows that a line is said of; `own` are the rows of which the file has lines of their own."""
        # "Lines of an older version than the order's newest are noted and change nothing, except COMPLETE, which counts as if said of the newest."
        if line.version != order.version and line.status != "COMPLETE":
            return []
        if line.tn:
            return [order.newest[line.tn]] if line.tn in order.newest else []
        # "A whole-order line (blank TN) is a line for each row of that version; but where a row has its own line of the same version IN THE SAME
        # FILE, the whole-order line is not for that row."
        return [row for tn, row in order.newest.items() if (order.pon, line.version, tn) not in own]

    def row(self, tn: str) -> Row:
        """The row for a number, of the newest version of its order."""
        return next(order.newest[tn] for order in self.orders.values() if tn in order.newest)

    def standing_of(self, tn: str) -> Standing:
        """Where the row for a number stands."""
        return self.row(tn).follow()[0]

    def state_of(self, tn: str) -> str:
        """The state of the row for a number."""
        return self.standing_of(tn).state

    def foc_of(self, tn: str) -> str | None:
        """The partner's date for a number, while it stands."""
        return self.standing_of(tn).foc

    def exceptions(self) -> list[tuple[Line, str]]:
        """The exception lines as things stand, each with its reason."""
        found = list(self.strays)
        for line, rows in self.placed:
            reasons = [row.follow()[1][line] for row in rows]
            # "A whole-order line is an exception only when it did nothing for any row (not applied and not noted for any)." Where each row has its own
            # line in the file, nothing is left that it could contradict.
            if reasons and AGAINST_THE_ROW.issuperset(reasons):
                found.append((line, reasons[0]))
        return found

    def answered(self) -> int:
        """How many numbers of sent versions were answered."""
        # "A line is one number of one sent version; answered by the first applied line of that version, `ACK` too, a whole-order line answering all;
        # lines of a version that was overtaken unanswered count as answered by the newer."
        versions = [(version < order.version, row) for order in self.orders.values() for version, rows in order.rows.items() for row in rows.values()]
        return sum(overtaken or "applied" in row.follow()[1].values() for overtaken, row in versions)


def read(words: tuple[str, ...], partner: str) -> Line:
    """A line as it is written, read: "STATUS without case", "TN in any usual form", VER "compared as a number", PON "compared without case"."""
    pon, ver, tn, status, code, text, day, at = (word.strip() for word in words[:8])
    version = None if not ver else int(ver) if ver.isdecimal() else 0
    digits = "".join(sign for sign in tn if sign.isdecimal())[-10:]
    status = status.upper()
    return Line(pon.upper(), version, digits, status, code, text, day if is_day(day) else "", moment(at), partner)


def is_day(text: str) -> bool:
    """Whether a text is a date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def moment(text: str) -> datetime | None:
    """The time that a text says, if it says one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
