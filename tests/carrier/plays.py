"""A carrier that reads submission files (`generic-csv`), keeps its own books, and answers.

Every version of an order has a *life*: a generator that goes on once every working day, says words and writes the books. A supplement gives the order
another life; where a carrier turns one down, the old life goes on. What a life does is chance by a seed and the order's lowest number, since PONs are new every
time. Whether a word arrives, and when, is the matter of `post`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tests.carrier.post import Faults, Post, Word

Life = Iterator[None]
CANCEL, NEW_DATE, CHANGE = "1", "2", "3"
ACKNOWLEDGED, DELAYED, CONFIRMED, REFUSED, MOVED, CANCELLED = "acknowledged", "delayed", "confirmed", "carrier_rejected", "completed", "cancelled"
_SAYS = {"ACK": ACKNOWLEDGED, "DELAY": DELAYED, "FOC": CONFIRMED, "REJECT": REFUSED, "COMPLETE": MOVED, "CANCEL": CANCELLED}
_ZONE = ZoneInfo("America/Chicago")
#: Why a whole order is refused: account, ZIP, both, date, too many numbers, no reason given.
_WHOLE = ("8A", "8A", "8D", "8A;8D", "1N", "1N", "6R", "1P", "1P")
#: Why one number is: not ours, PIN, cannot be ported, account, frozen.
_OWN = ("6A", "6A", "8C", "8C", "6K", "6K", "8A", "E6d")
_INNOCENT, _NO_DATE, _TOO_LATE, _NO_REASON = "7A", "1N", "E34", "1P"
_WAITS = ("1B", "6J", "1C", "1B;6J")
_TEXTS = ("", "", "see our bill", 'Not, as you say, "ours"', "Überprüfen Sie bitte die Angaben")


@dataclass(slots=True)
class Number:
    """What the books say of a number of an order.

    Attributes:
        tn: ten digits.
        state: blank before anything was said of it.
        date: the confirmed one.
        last: the word for the order's present version that the state rests on; None where there is none, or where it cannot be known that the other
            side heard in time what it rests on.
        decided: the word that turned a SUP 1 or 2 down, or the first that confirmed a SUP 2: what is said later is understood only with it.
        withdrawn: whether a restated order left it out.
    """

    tn: str
    state: str = ""
    date: date | None = None
    last: Word | None = None
    decided: Word | None = None
    withdrawn: bool = False


@dataclass(slots=True)
class Order:
    """An order in the books.

    Attributes:
        pon: its number.
        chance: what its plan goes by.
        ver: the version that was read last.
        sup: its kind.
        numbers: every number that it ever asked for.
        present: those that its present version asks for.
        wanted: the date it asks for.
        pending: whether a SUP 1 or 2 has not been answered.
        life: what goes on.
    """

    pon: str
    chance: Random
    ver: str = "00"
    sup: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    present: frozenset[str] = frozenset()
    wanted: date | None = None
    pending: bool = False
    life: Life = field(default_factory=lambda: iter(()))

    @property
    def open(self) -> list[Number]:
        """Numbers of the present version that have not moved."""
        return [number for number in self.numbers.values() if number.tn in self.present and number.state != MOVED]

    @property
    def moved(self) -> bool:
        """Whether some number of the present version has moved."""
        return any(self.numbers[tn].state == MOVED for tn in self.present)


class Carrier:
    """One carrier, with its books and its post."""

    def __init__(self, name: str, seed: int, faults: Faults) -> None:
        self.name, self._seed = name, seed
        self.orders: dict[str, Order] = {}
        self.post = Post(name, Random(f"{seed} {name}"), faults)
        self._chance = Random(f"{seed} {name} strays")
        self._until, self._read_before, self._words = faults.until, set[str](), list[Word]()

    @property
    def moved(self) -> dict[str, Word]:
        """Each number that has moved, and the word that said so."""
        return {tn: number.last for order in self.orders.values() for tn, number in order.numbers.items() if number.state == MOVED and number.last}

    def has_told(self, number: Number) -> bool:
        """Whether everything has arrived that the state of a number rests on."""
        return number.last in self.post.delivered and (number.decided is None or number.decided in self.post.delivered)

    def day(self, today: date, outbox: Path, responses: Path, elsewhere: Sequence[tuple[str, str]] = ()) -> None:
        """Read what is new, work if it is a working day, and send what there is to say.

        Args:
            today: the day.
            outbox: where submission files lie.
            responses: where answers go.
            elsewhere: orders of another carrier, as PON and number.
        """
        self._today, self._words, self._seconds = today, [], 0
        for file in sorted(outbox.glob("*.csv")):
            if file.name not in self._read_before:
                self._read_before.add(file.name)
                self._read(file)
        if _works(today):
            for order in self.orders.values():
                next(order.life, None)
        self.post.deliver(today, responses, self._words, self._strays(elsewhere))

    def _read(self, file: Path) -> None:
        with file.open(encoding="utf-8", newline="") as source:
            lines = list(csv.DictReader(source))
        versions: dict[tuple[str, str], list[dict[str, str]]] = {}
        for line in lines:
            versions.setdefault((line["PON"], line["VER"]), []).append(line)
        for (pon, ver), own in sorted(versions.items(), key=lambda one: min(line["TN"] for line in one[1])):
            assert [line["LINE"] for line in own] == [str(n) for n in range(1, len(own) + 1)], (pon, ver)
            assert {line["LINES"] for line in own} == {str(len(own))}, (pon, ver)
            self._take(pon, ver, own)

    def _take(self, pon: str, ver: str, lines: list[dict[str, str]]) -> None:
        """Enter a version into the books, and let its life begin."""
        named = frozenset(line["TN"] for line in lines)
        (sup,) = {line["SUP"] for line in lines}
        (wanted,) = {line["REQUESTED_DATE"] for line in lines}
        order = self.orders.setdefault(pon, Order(pon, Random(f"{self._seed} {min(named)} {ver}")))
        assert len(named) == len(lines), f"{pon} {ver} names a number twice"
        assert int(ver) == int(order.ver) + 1, f"{pon} {ver} follows {order.ver}"
        assert (sup == "") == (ver == "01"), f"{pon} {ver} is a SUP {sup!r}"
        assert ver == "01" or named <= order.present, f"{pon} {ver} names numbers that it did not have"
        former, left = order.life, [number for number in order.open if number.tn not in named]
        # A number that was refused may have gone into an order of its own before the rest is called off.
        assert sup in ("", CHANGE) or all(number.state == REFUSED for number in left), f"{pon} {ver} is a SUP {sup} for some of its numbers"
        for number in left:
            number.withdrawn, number.state, number.last = True, "", None
        order.ver, order.sup, order.present, order.wanted = ver, sup, named, date.fromisoformat(wanted) if wanted else None
        if sup in (CANCEL, NEW_DATE):
            self._ask(order, self._called_off(order) if sup == CANCEL else self._given_another_date(order, former))
        else:
            self._restate(order)

    def _ask(self, order: Order, life: Life) -> None:
        """Wait with all until it is decided about a SUP 1 or 2."""
        order.pending, order.life = True, life
        for number in order.open:
            if not self.has_told(number):
                # The other side will get back what it knew of this number when it asked, and that is not what stands here.
                number.last = None
            number.decided = None

    def _restate(self, order: Order) -> None:
        """Begin anew with the numbers that an order asks for now."""
        for tn in sorted(order.present):
            order.numbers.setdefault(tn, Number(tn))
        for number in order.open:
            number.state, number.date, number.last, number.decided = "", None, None, None
        order.pending, order.life = False, self._ported(order)

    def _ported(self, order: Order) -> Life:
        """An order is acknowledged, and then confirmed or refused."""
        chance = order.chance
        yield from _days(chance.choice((0, 0, 1, 1, 2)))
        if chance.random() < 0.9:
            self._say(order, order.open, "ACK", whole=chance.random() < 0.6)
        yield from _days(chance.choice((0, 1, 1, 2)))
        doubt = chance.random() * (1 if order.ver == "01" else 3)
        if doubt < 0.14:
            yield from self._refused(order)
        elif doubt < 0.3:
            yield from self._refused_for_some(order)
        else:
            yield from self._confirmed(order, order.open)

    def _refused(self, order: Order) -> Life:
        """All numbers are refused, now and then by mistake."""
        code = order.chance.choice(_WHOLE)
        self._say(order, order.open, "REJECT", code)
        if code == _NO_REASON and order.chance.random() < 0.7:
            yield from _days(2)
            # What was refused can be confirmed after all, but not be put off.
            yield from self._confirmed(order, order.open, put_off=False)

    def _refused_for_some(self, order: Order) -> Life:
        """Some numbers are refused, and the others either with them or not at all."""
        chance, numbers = order.chance, order.open
        blamed = chance.sample(numbers, min(len(numbers), chance.choice((1, 1, 1, 2, 3))))
        others = [number for number in numbers if number not in blamed]
        self._say(order, blamed, "REJECT", chance.choice(_OWN))
        if chance.random() < 0.5:
            self._say(order, others, "REJECT", _INNOCENT)
        else:
            yield from self._confirmed(order, others)

    def _confirmed(self, order: Order, numbers: Sequence[Number], *, put_off: bool = True) -> Life:
        """Numbers get a date, perhaps another one, and move on it; sometimes they are refused after all."""
        chance = order.chance
        if put_off and chance.random() < 0.25:
            self._say(order, numbers, "DELAY", chance.choice(_WAITS))
            yield from _days(chance.randint(1, 3))
        parts = [numbers] if chance.random() < 0.8 else [numbers[::2], numbers[1::2]]
        for part in parts:
            self._say(order, part, "FOC", foc=self._day_for(order))
        yield
        then = chance.random()
        if then < 0.2:
            self._confirmed_anew(order, numbers)
        elif then < 0.24:
            self._say(order, numbers, "REJECT", _NO_REASON)
            return
        yield from self._moving(order, numbers)

    def _confirmed_anew(self, order: Order, numbers: Sequence[Number]) -> None:
        """Numbers get a later date, sometimes after a delay."""
        if order.chance.random() < 0.3:
            self._say(order, numbers, "DELAY", order.chance.choice(_WAITS))
        latest = max((number.date for number in numbers if number.date), default=self._today)
        self._say(order, numbers, "FOC", foc=_working_day(max(self._day_for(order), latest), 1))

    def _moving(self, order: Order, numbers: Sequence[Number]) -> Life:
        """Each number moves on its day."""
        while waiting := [number for number in numbers if number.state != MOVED]:
            self._say(order, [number for number in waiting if number.date and number.date <= self._today], "COMPLETE")
            yield

    def _called_off(self, order: Order) -> Life:
        """A cancellation is confirmed, or turned down where it comes too late."""
        confirmed = [number for number in order.open if number.state == CONFIRMED]
        if self._soon(confirmed) or (len(confirmed) == len(order.open) and order.chance.random() < 0.3):
            self._turn_down(order, _TOO_LATE)
            yield
            # Nothing but this: an FOC that overtook the refusal would be taken for a confirmed cancellation.
            yield from self._moving(order, confirmed)
            return
        if order.chance.random() < 0.4:
            # What the books say of a number is not touched by this.
            self._write(order, order.open, "ACK", whole=True)
        order.pending = False
        self._say(order, order.open, order.chance.choice(("CANCEL", "CANCEL", "FOC")), state=CANCELLED)

    def _given_another_date(self, order: Order, former: Life) -> Life:
        """Another date is taken, or turned down."""
        if order.moved or self._soon(order.open) or order.chance.random() < 0.25:
            self._turn_down(order, _NO_DATE)
            yield
            yield from former
            return
        order.pending = False
        for number in order.open:
            number.state, number.date, number.last = "", None, None
        yield from self._confirmed(order, order.open)

    def _soon(self, numbers: Iterable[Number]) -> bool:
        """Whether some number moves before anything could be done about it."""
        return any(number.date is not None and number.date <= _working_day(self._today, 1) for number in numbers)

    def _turn_down(self, order: Order, code: str) -> None:
        """Refuse a SUP 1 or 2: the numbers keep what they had."""
        said = self._write(order, order.open, "REJECT", code)
        order.pending = False
        for number, word in zip(order.open, said, strict=True):
            number.last, number.decided = word if number.last is not None else None, word

    def _day_for(self, order: Order) -> date:
        return max(order.wanted or self._today, _working_day(self._today, order.chance.randint(2, 5)))

    def _say(
        self, order: Order, numbers: Sequence[Number], status: str, code: str = "", *, foc: date | None = None, whole: bool | None = None, state: str = ""
    ) -> None:
        """Say something of numbers, and write it into the books."""
        numbers = list(numbers)
        for number, word in zip(numbers, self._write(order, numbers, status, code, foc=foc, whole=whole), strict=True):
            number.state, number.date, number.last = state or _SAYS[status], foc if status == "FOC" else number.date if status == "COMPLETE" else None, word
            if status == "FOC" and order.sup == NEW_DATE:
                number.decided = number.decided or word

    def _write(
        self, order: Order, numbers: Sequence[Number], status: str, code: str = "", *, foc: date | None = None, whole: bool | None = None
    ) -> list[Word]:
        """The word for each of some numbers: one for all where they are the whole order, or one each."""
        chance = order.chance
        text = chance.choice(_TEXTS) if status in ("REJECT", "DELAY") else ""
        may = order.present == {number.tn for number in numbers}
        if may and (chance.random() < 0.5 if whole is None else whole):
            said = [self._word(order.pon, order.ver, "", status, code, text, foc)]
        else:
            said = [self._word(order.pon, order.ver, number.tn, status, code, text, foc) for number in numbers]
        self._words += said
        return said if len(said) == len(numbers) else said * len(numbers)

    def _word(self, pon: str, ver: str, tn: str, status: str, code: str = "", text: str = "", foc: date | None = None) -> Word:
        """A word of today, at a second of its own."""
        self._seconds += 1
        at = datetime.combine(self._today, time(8), _ZONE) + timedelta(seconds=self._seconds)
        return Word(at, pon, ver, tn, status, code, text, foc.isoformat() if foc else "")

    def _strays(self, elsewhere: Sequence[tuple[str, str]]) -> dict[Word, str]:
        """Now and then a line about an order or a number that nobody knows, or about another carrier's."""
        chance = self._chance
        if self._today > self._until or not self.orders or chance.random() < 0.5:
            return {}
        order = chance.choice(list(self.orders.values()))
        number, nobody = min(order.numbers), f"61799{chance.randrange(100000):05d}"
        lines = {
            "unknown order": (f"PZZZ{chance.randrange(10**8):08d}", "01", chance.choice((number, "")), "ACK"),
            "unknown number": ("", "", nobody, "COMPLETE"),
            "number of no such order": (order.pon, order.ver, nobody, "COMPLETE"),
            "version to come": (order.pon, "77", number, "REJECT"),
            "unknown status": (order.pon, order.ver, number, "MAYBE"),
            "no date": (order.pon, "01", number, "FOC"),
        }
        if elsewhere:
            pon, tn = chance.choice(elsewhere)
            lines["order of another"] = (pon, "01", chance.choice((tn, "")), "COMPLETE")
        return {self._word(*lines[kind]): kind for kind in chance.sample(sorted(lines), chance.randint(1, 3))}


def _works(day: date) -> bool:
    return day.weekday() < 5


def _working_day(day: date, count: int) -> date:
    """The working day that is so many after a day."""
    while count:
        day += timedelta(1)
        count -= _works(day)
    return day


def _days(count: int) -> Life:
    for _ in range(count):
        yield


def lowest(orders: Iterable[Order]) -> list[tuple[str, str]]:
    """PON and lowest number of each order, by number."""
    return sorted(((order.pon, min(order.numbers)) for order in orders), key=lambda one: one[1])
