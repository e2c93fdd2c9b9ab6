"""Answers come in any grouping, in any order, again and again, of several versions and from the wrong partner: what stands in the end is the law's.

The law is read a second time, plainly, in `tests.reference.answers`. Here one prepared home holds many orders, each with a history of its own by
chance; copies of it hear the same histories grouped and ordered differently. `BATCHPORT_MANY_ANSWERS=50` tries so many seeds.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LOCAL, Home, Result, account, numbers, settled
from tests.integration.test_the_count import assert_balanced
from tests.reference.answers import AGAINST_THE_ROW, Answers, Standing

SEEDS = range(int(os.environ.get("BATCHPORT_MANY_ANSWERS", "1")))
seeds = pytest.mark.parametrize("played", SEEDS, indirect=True)
later_seeds = pytest.mark.parametrize("later", SEEDS, indirect=True)

#: A line as it is written: PON, VER, TN, STATUS, CODE, TEXT, FOC_DATE, AT, and the name of its file, which makes two files with the same lines two files.
Words = tuple[str, ...]
#: A partner, and the lines of a file of it.
File = tuple[str, list[Words]]
#: The files that a pass finds.
Pass = list[File]
Rows = dict[str, Standing]
#: Of an exception line: PON, TN, STATUS and reason.
Complaint = tuple[str, str, str, str]
HEADER = ("PON", "VER", "TN", "STATUS", "CODE", "TEXT", "FOC_DATE", "AT", "BATCH")

STATUSES = ("ACK", "DELAY", "FOC", "REJECT", "COMPLETE", "CANCEL")
CODES = {"DELAY": ("1B", "1P", "1B;1P", ""), "REJECT": ("8A", "8C;6A", "1N", "7A", "")}
DATES = ("2026-03-16", "2026-03-17", "2026-03-18")
#: Which lines of an order carry a time: none; all, rising as they come; all, in any order; some.
TIMES = ("none", "rising", "any", "some")
#: Of whose lines the order of arrival is of no account.
TIMED = ("rising", "any")
MORNING = datetime(2026, 3, 3, 8, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Order:
    """An order, and in what manner its partner speaks of it.

    Attributes:
        kind: whether lines speak of its numbers (`own`), of all of it (`whole`), or now so, now so (`mixed`).
        times: one of `TIMES`.
        sup: of its newest version.
    """

    pon: str
    tns: tuple[str, ...]
    partner: str
    kind: str
    times: str
    sup: str = ""
    version: int = 1


@dataclass
class Prepared:
    """A home whose orders are sent and wait for answers, and what the reference knows of them."""

    home: Home
    orders: list[Order]
    known: Answers

    def numbers(self, *, kinds: Iterable[str] = ("own", "whole"), times: Iterable[str] = TIMES) -> set[str]:
        """The numbers of some orders."""
        return {tn for order in self.orders if order.kind in kinds and order.times in times for tn in order.tns}


@dataclass
class Outcome:
    """What a way of delivering left behind: of the product, and of the reference that heard the same."""

    rows: Rows
    expected: Rows
    exceptions: Counter[Complaint]
    expected_exceptions: Counter[Complaint]
    answered: int
    expected_answered: int
    troubles: list[str]
    heard: dict[str, list[Words]]


@dataclass
class Played:
    """The ways in which one seed's answers were delivered."""

    prepared: Prepared
    outcomes: dict[str, Outcome]

    def assert_as_the_law_says(self, ways: Iterable[str], tns: set[str]) -> None:
        """States and dates of these numbers are the reference's, and the same, whichever way they came."""
        first = next(iter(self.outcomes.values()))
        for way in ways:
            outcome = self.outcomes[way]
            assert_rows({tn: plain(outcome.rows[tn]) for tn in tns}, {tn: plain(outcome.expected[tn]) for tn in tns}, outcome, way)
            if not tns & self.prepared.numbers(kinds=["mixed"]):
                assert {tn: plain(outcome.expected[tn]) for tn in tns} == {tn: plain(first.expected[tn]) for tn in tns}, "the reference itself is at fault"

    def assert_reasons(self, tns: set[str]) -> None:
        """The codes of the reasons for which these numbers stand where they do are the reference's."""
        for way, outcome in self.outcomes.items():
            assert_rows({tn: outcome.rows[tn].codes for tn in tns}, {tn: outcome.expected[tn].codes for tn in tns}, outcome, way)

    def assert_exceptions(self, ways: Iterable[str], tns: set[str]) -> None:
        """The open exception lines about these numbers, and about orders of these alone, are the reference's."""
        orders = {order.pon: order.tns for order in self.prepared.orders if tns.issuperset(order.tns)}
        for way in ways:
            outcome = self.outcomes[way]
            # Where the same is said twice, it depends on the order of arrival whether the one or the other of the two is the repetition.
            repeating = {tn for tn, lines in outcome.heard.items() if len({said(line) for line in lines}) < len(lines)}
            have, want = (
                Counter({line: count for line, count in found.items() if (line[0] in orders or line[1] in tns) and line[1] not in repeating})
                for found in (with_pons(outcome.exceptions, orders), with_pons(outcome.expected_exceptions, orders))
            )
            wrong = [*(have - want), *(want - have)]
            if wrong:
                heard = [outcome.heard[tn] for pon, tn, *_ in wrong for tn in ((tn,) if tn in tns else orders[pon])]
                pytest.fail(f"{way}: too many {dict(have - want)}, missing {dict(want - have)}; one of them after\n{told(min(heard, key=len))}")


def said(line: Words) -> Words:
    """What a line says but for its time."""
    return line[1].lstrip("0"), line[3].upper(), *line[4:7]


def with_pons(found: Counter[Complaint], orders: dict[str, tuple[str, ...]]) -> Counter[Complaint]:
    """Exception lines about rows, each with the PON of its order: one that had counted before does not tell any more whether it was given."""
    pon_of = {tn: pon for pon, tns in orders.items() for tn in tns}
    return Counter((pon or (pon_of.get(tn, "") if why in AGAINST_THE_ROW else ""), tn, status, why) for pon, tn, status, why in found.elements())


def plain(standing: Standing) -> tuple[str, str | None]:
    """State and date alone."""
    return standing.state, standing.foc


def assert_rows(have: dict[str, Any], want: dict[str, Any], outcome: Outcome, way: str) -> None:
    """Each number is as it should be; of those that are not the shortest history is told."""
    wrong = [tn for tn in want if have[tn] != want[tn]]
    if wrong:
        tn = min(wrong, key=lambda tn: len(outcome.heard[tn]))
        pytest.fail(f"{way}: {len(wrong)} of {len(want)} numbers are wrong; {tn} is {have[tn]}, not {want[tn]}, after\n{told(outcome.heard[tn])}")


def told(lines: list[Words]) -> str:
    """Lines, one under the other."""
    return "\n".join(",".join(line) for line in lines)


# Homes


@pytest.fixture(scope="module")
def prepared(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Orders of two partners, all sent, none answered."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("sent") / "home")))
    home.set("  sample:\n", "  other: {profile: generic-csv}\n  sample:\n")
    home.set("  - {partner: sample}", "  - {partner: other, losing_carrier: Comcast}\n  - {partner: sample}")
    singles = [row | {"account_number": f"88{n:04d}"} for n, row in enumerate(numbers("617-236-1000", 150, **LOCAL))]
    others = [row | {"account_number": f"89{n:04d}", "losing_carrier": "Comcast"} for n, row in enumerate(numbers("617-238-1000", 16, **LOCAL))]
    several = [row for n in range(36) for row in account(2 + n % 2, btn=f"617-237-{1000 + 10 * n}", account_number=f"B77{n}")]
    assert home.take(*singles, *others, *several).exit == 0
    kinds = ("own", "whole", "mixed")
    orders = [
        Order(pon, tns, partner, "own" if len(tns) == 1 else kinds[index % 3], TIMES[index // 3 % 4 if len(tns) > 1 else index % 4])
        for index, (pon, tns, partner) in enumerate(orders_of(home))
    ]
    return Prepared(home, orders, known(orders))


def orders_of(home: Home) -> list[tuple[str, tuple[str, ...], str]]:
    """The orders of an installation: PON, numbers and partner."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in home.json("status"):
        found[row["pon"]].append(row)
    return [(pon, tuple(row["tn"] for row in rows), rows[0]["partner"]) for pon, rows in found.items()]


def known(orders: Iterable[Order]) -> Answers:
    """A reference that knows these orders as sent once."""
    answers = Answers()
    for order in orders:
        answers.send(order.pon, order.tns, order.partner)
    return answers


def write(home: Home, partner: str, name: str, lines: Iterable[Words]) -> None:
    """A response file."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(lines)
    settled(home.path / "responses" / partner / name, target.getvalue())


@dataclass
class Listener:
    """A home and a reference that hear the same, pass after pass."""

    home: Home
    answers: Answers
    minute: int = 0
    answered: int = 0
    troubles: list[str] = field(default_factory=list)
    heard: dict[str, list[Words]] = field(default_factory=lambda: defaultdict(list))

    def later(self) -> str:
        """A time a minute after the last one."""
        self.minute += 1
        return (MORNING + timedelta(hours=12, minutes=self.minute)).isoformat()

    def hear(self, files: Pass) -> None:
        """A pass that finds these files."""
        for number, (partner, lines) in enumerate(files):
            write(self.home, partner, f"f{self.minute:03d}-{number}.csv", lines)
            self.answers.hear(lines, partner)
            for line in lines:
                for tn in (line[2],) if line[2] else self.tns(line[0]):
                    self.heard["".join(filter(str.isdecimal, tn))[-10:]].append((*line, partner))
        self.look(self.home("reconcile", "--format", "json", at=self.later()))

    def tns(self, pon: str) -> tuple[str, ...]:
        """The numbers of an order."""
        order = self.answers.orders.get(pon.upper())
        return tuple(order.newest) if order else ()

    def look(self, done: Result) -> None:
        """The count comes out, and every row is in exactly one state."""
        try:
            assert done.exit in (0, 1), done.err
            assert_balanced(done.last)
            rows = self.home.json("status")
            assert len({row["row_id"] for row in rows}) == len(rows) == done.last["rows"]["read"]
            states = Counter(row["state"] for row in rows)
            assert {state: count for state, count in done.last["rows"].items() if count and state != "read"} == states
            assert done.last["lines"]["sent"] == sum(len(rows) for order in self.answers.orders.values() for rows in order.rows.values())
            self.answered = done.last["lines"]["answered"]
        except AssertionError as fault:
            self.troubles.append(str(fault))

    def outcome(self) -> Outcome:
        """What both hold now."""
        rows = {row["tn"]: Standing(row["state"], row["foc_date"], tuple(each["code"] for each in row["reasons"] if each["code"])) for row in self.home.json("status")}
        found = Counter(complaint(line["pon"] or "", line["tn"] or "", line["status"], line["reason"]) for line in self.home.json("exceptions"))
        wanted = Counter(complaint(line.pon, line.tn, line.status, why) for line, why in self.answers.exceptions())
        expected = {tn: self.answers.standing_of(tn) for tn in rows}
        return Outcome(rows, expected, found, wanted, self.answered, self.answers.answered(), self.troubles, self.heard)


def complaint(pon: str, tn: str, status: str, reason: str) -> Complaint:
    """An exception line as it is compared: what a line for a whole order contradicts may be another thing for each row."""
    return pon, tn, status, "against every row" if not tn and reason in AGAINST_THE_ROW else reason


def play(prepared: Prepared, ways: dict[str, list[Pass]], folder: Path) -> Played:
    """Let copies of a home hear answers, each in another way."""
    outcomes = {}
    for way, passes in ways.items():
        listener = Listener(Home(Path(shutil.copytree(prepared.home.path, folder / way))), deepcopy(prepared.known))
        for files in passes:
            listener.hear(files)
        outcomes[way] = listener.outcome()
        shutil.rmtree(listener.home.path)
    return Played(prepared, outcomes)


# What partners say

History = list[Words]


def history(chance: random.Random, order: Order) -> History:
    """What a partner says of an order: no line, or several, in the order in which they come."""
    speakers = {"own": order.tns, "whole": ("",), "mixed": ("", "", *order.tns)}[order.kind]
    of_each = chance.choice((0, 1, 2, 3, 3, 4, 5, 6, 7)) if len(speakers) == 1 else chance.randint(0, 4)
    said = [sentence(chance, order, tn) for tn in speakers for _ in range(of_each)]
    chance.shuffle(said)
    if not {"COMPLETE", "CANCEL"} & {line[3] for line in said} and order.sup != "1":
        # An order that ended is not open: without PON, nothing said of it would find it.
        said = [("", *line[1:]) if line[2] and chance.random() < 0.2 else line for line in said]
    if order.times != "some" and said and chance.random() < 0.1:
        said[chance.randrange(len(said))] = stray(chance, order)
    return [written(chance, line) for line in timed(chance, said, order.times)]


def sentence(chance: random.Random, order: Order, tn: str) -> Words:
    """Anything that a partner may say of the newest version, or of an older one."""
    status = chance.choices(STATUSES, (3, 4, 4, 4, 1, 1))[0]
    version = chance.randint(1, order.version)
    ver = chance.choice((f"{version:02d}", str(version), "")) if version == order.version else f"{version:02d}"
    day = chance.choice(DATES) if status == "FOC" or chance.random() < 0.05 else ""
    if status == "FOC" and order.sup == "1" and version == order.version:
        day = chance.choice((day, ""))
    return order.pon, ver, tn, status, chance.choice(CODES.get(status, ("",))), chance.choice(("", "", "by hand")), day, ""


def stray(chance: random.Random, order: Order) -> Words:
    """A line that is an exception line, whatever the state."""
    tn, newest = order.tns[0] if order.kind != "whole" else "", f"{order.version:02d}"
    strays = [
        (order.pon, newest, tn, "MAYBE", "", "", "", ""), (order.pon, f"{order.version + 1:02d}", tn, "FOC", "", "", DATES[0], ""),
        (order.pon, newest, "6179990000", "COMPLETE", "", "", "", ""), (f"{order.pon[:-1]}U", "01", tn, "CANCEL", "", "", "", ""),
    ]  # fmt: skip
    if order.sup != "1":
        strays.append((order.pon, newest, tn, "FOC", "", "", chance.choice(("", "soon", "2026-02-30")), ""))
    return chance.choice(strays)


def timed(chance: random.Random, said: History, times: str) -> History:
    """The lines with times, no two of them alike."""
    moments = chance.sample(range(600), len(said))
    if times == "rising":
        moments.sort()
    keep = {"none": 0.0, "rising": 1.0, "any": 1.0, "some": 0.6}[times]
    return [(*line[:7], clock(chance, moment) if chance.random() < keep else "") for line, moment in zip(said, moments, strict=True)]


def clock(chance: random.Random, minutes: int) -> str:
    """A time of the morning, as one clock or another shows it: as text these do not compare."""
    moment = MORNING + timedelta(minutes=minutes)
    hours = chance.choice((0, 0, -5, 9))
    return moment.astimezone(timezone(timedelta(hours=hours))).isoformat() if hours else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def written(chance: random.Random, line: Words) -> Words:
    """The line in one of its usual spellings."""
    pon, ver, tn, status, *rest = line
    forms = (tn, tn, f"{tn[:3]}-{tn[3:6]}-{tn[6:]}", f"({tn[:3]}) {tn[3:6]}-{tn[6:]}", f"+1{tn}")
    return chance.choice((pon, pon, pon.lower())), ver, chance.choice(forms) if tn else "", chance.choice((status, status.lower())), *rest


# Ways of delivering

#: Of each order, what is said of it.
Histories = dict[Order, History]
#: A line with the place of the file in which it comes.
Placed = tuple[int, Order, Words]


def ways_of(chance: random.Random, said: Histories, strangers: Sequence[File] = ()) -> dict[str, list[Pass]]:
    """The same answers, delivered in different ways; those of `KEPT` keep the order in which an order's lines come."""
    each = [(min(place, 6), order, line) for order, lines in said.items() for place, line in enumerate(lines)]
    ways = {
        "one file": [files(chance, [(0, order, line) for _, order, line in each])],
        "a file a line": passes(chance, files(chance, each), 2),
        "random cuts": passes(chance, files(chance, cut(chance, said, 4)), 5),
        "cuts and repeats": passes(chance, sent_again(chance, files(chance, repeated(chance, cut(chance, said, 4)))), 5),
        "shuffled": passes(chance, files(chance, cut(chance, shuffled(chance, said), 6)), 4),
        "shuffled and repeats": passes(chance, sent_again(chance, files(chance, cut(chance, shuffled(chance, doubled(chance, said)), 4))), 5),
    }
    if strangers:
        found = files(chance, cut(chance, said, 3))
        for stranger in strangers:
            found.insert(chance.randint(0, len(found)), stranger)
        ways["among strangers"] = passes(chance, found, 5)
    return ways


KEPT = ("one file", "a file a line", "random cuts", "cuts and repeats")
SHUFFLED = ("shuffled", "shuffled and repeats")
#: Those in which no line comes twice.
KEPT_ONCE = ("one file", "a file a line", "random cuts")
SHUFFLED_ONCE = ("shuffled",)


def cut(chance: random.Random, said: Histories, count: int) -> list[Placed]:
    """Each order's lines, cut at random over so many files."""
    return [
        (place, order, line)
        for order, lines in said.items()
        for place, line in zip(sorted(chance.choices(range(count), k=len(lines))), lines, strict=True)
    ]


def files(chance: random.Random, placed: list[Placed]) -> list[File]:
    """The files, the orders' lines in them mingled at random; the partner of fewer orders writes fewer."""
    found: dict[tuple[int, str], dict[Order, History]] = defaultdict(lambda: defaultdict(list))
    for place, order, line in placed:
        found[place if order.partner == "sample" else place // 3 * 3, order.partner][order].append(line)
    result = []
    for (place, partner), said in sorted(found.items(), key=lambda item: item[0]):
        turns = [order for order, lines in said.items() for _ in lines]
        chance.shuffle(turns)
        rest = {order: iter(lines) for order, lines in said.items()}
        result.append((partner, [(*next(rest[order]), str(place)) for order in turns]))
    return result


def repeated(chance: random.Random, placed: list[Placed]) -> list[Placed]:
    """Lines said once more right after they were said, in the same file or in the next."""
    again = []
    last: dict[Order, int] = {}
    for (place, order, line), (following, other, _) in zip(placed, [*placed[1:], (0, None, ())], strict=True):
        place = max(place, last.get(order, 0))
        again.append((place, order, line))
        while chance.random() < 0.2:
            place = chance.randint(place, following if other is order and following > place else place)
            again.append((place, order, line))
        last[order] = place
    return again


def doubled(chance: random.Random, said: Histories) -> Histories:
    """Lines said once more, wherever, of orders of which every line has a time."""
    return {order: [*lines, *(line for line in lines if chance.random() < 0.2 and order.times in TIMED)] for order, lines in said.items()}


def shuffled(chance: random.Random, said: Histories) -> Histories:
    """The lines of orders of which every line has a time, in any order."""
    return {order: chance.sample(lines, len(lines)) if order.times in TIMED else lines for order, lines in said.items()}


def sent_again(chance: random.Random, found: list[File]) -> list[File]:
    """Files that come again, sooner or later."""
    for file in chance.sample(found, 3):
        found.insert(chance.randint(found.index(file) + 1, len(found)), file)
    return found


def passes(chance: random.Random, found: list[File], most: int) -> list[Pass]:
    """Passes of so many files at most."""
    result = []
    while found:
        count = chance.randint((most + 1) // 2, most)
        result.append(found[:count])
        found = found[count:]
    return result


def strangers(chance: random.Random, orders: Sequence[Order]) -> list[File]:
    """Files in which each partner speaks of the other's orders, with and without PON."""
    found = []
    for partner in ("other", "sample"):
        theirs = [order for order in orders if order.partner != partner and order.kind != "mixed"]
        for _ in range(2):
            lines = []
            for order in chance.sample(theirs, min(len(theirs), 60)):
                pon, ver, tn, *rest = sentence(chance, order, chance.choice((*order.tns, "")))
                lines.append(timed(chance, [(pon if not tn or chance.random() < 0.5 else "", ver, tn, *rest)], chance.choice(("rising", "none")))[0])
            found.append((partner, [(*line, "stranger") for line in lines]))
    return found


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One seed's answers to orders that were sent once, delivered in every way."""
    chance = random.Random(request.param)
    said = {order: history(chance, order) for order in prepared.orders}
    return play(prepared, ways_of(chance, said, strangers(chance, prepared.orders)), tmp_path_factory.mktemp("played"))


every_time = pytest.mark.parametrize("times", TIMES)
when_timed = pytest.mark.parametrize("times", TIMED)
when_not = pytest.mark.parametrize("times", ["none", "some"])


@seeds
@every_time
def test_how_lines_are_grouped_into_files_changes_nothing(played: Played, times: str) -> None:
    played.assert_as_the_law_says(KEPT, played.prepared.numbers(times=[times]))


@seeds
@when_timed
def test_lines_with_times_may_come_in_any_order(played: Played, times: str) -> None:
    played.assert_as_the_law_says(SHUFFLED, played.prepared.numbers(times=[times]))


@seeds
@when_not
def test_in_what_order_others_lines_come_changes_nothing(played: Played, times: str) -> None:
    # Shuffled are only the lines of orders with times.
    played.assert_as_the_law_says(SHUFFLED, played.prepared.numbers(times=[times]))


@seeds
@every_time
def test_another_partners_lines_change_nothing(played: Played, times: str) -> None:
    played.assert_as_the_law_says(["among strangers"], played.prepared.numbers(times=[times]))


@seeds
@every_time
def test_another_partners_lines_are_exception_lines(played: Played, times: str) -> None:
    played.assert_exceptions(["among strangers"], played.prepared.numbers(times=[times]))


@seeds
@every_time
def test_whole_order_lines_beside_own_lines(played: Played, times: str) -> None:
    played.assert_as_the_law_says(played.outcomes, played.prepared.numbers(kinds=["mixed"], times=[times]))


@seeds
@every_time
def test_exception_lines_of_what_came_in_order(played: Played, times: str) -> None:
    played.assert_exceptions(KEPT_ONCE, played.prepared.numbers(times=[times]))


@seeds
@when_timed
def test_exception_lines_of_what_came_in_any_order(played: Played, times: str) -> None:
    played.assert_exceptions(SHUFFLED_ONCE, played.prepared.numbers(times=[times]))


@seeds
@every_time
def test_exception_lines_of_whole_order_lines_beside_own_lines(played: Played, times: str) -> None:
    played.assert_exceptions(KEPT_ONCE, played.prepared.numbers(kinds=["mixed"], times=[times]))


@seeds
@every_time
def test_reasons_are_those_of_the_present_state(played: Played, times: str) -> None:
    played.assert_reasons(played.prepared.numbers(kinds=["own", "whole", "mixed"], times=[times]))


@seeds
def test_the_count_comes_out_after_every_pass(played: Played) -> None:
    assert [trouble for outcome in played.outcomes.values() for trouble in outcome.troubles] == []


@seeds
def test_lines_are_answered_by_what_is_applied(played: Played) -> None:
    assert {way: outcome.answered for way, outcome in played.outcomes.items()} == {way: outcome.expected_answered for way, outcome in played.outcomes.items()}


# Further versions

#: What is said of a first version before it is followed by another: what is said, what the operator does, and the SUP that goes.
Before = tuple[Words, Words, str]
BEFORE: tuple[Before, ...] = (
    ((), ("cancel",), "1"), (("ACK",), ("cancel",), "1"), (("DELAY", "1B"), ("cancel",), "1"), (("FOC", "", "", "2026-03-16"), ("cancel",), "1"),
    (("REJECT", "8A"), ("cancel",), "1"), (("FOC", "", "", "2026-03-16"), ("redate", "2026-03-18"), "2"), (("REJECT", "1N"), ("redate", "2026-03-18"), "2"),
    (("FOC", "", "", "2026-03-17"), ("redate", "2026-03-19"), "2"), (("ACK",), ("redate", "2026-03-18"), "3"), (("REJECT", "8A"), ("resubmit",), "3"),
    (("REJECT", "8C;6A"), ("resubmit",), "3"), ((), (), ""),
)  # fmt: skip


@pytest.fixture(scope="module")
def prepared_later(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Orders most of which were sent a second time: called off, with another date, as they were."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("later") / "home")))
    singles = [row | {"account_number": f"88{n:04d}"} for n, row in enumerate(numbers("617-236-1000", 72, **LOCAL))]
    several = [row for n in range(24) for row in account(2 + n % 2, btn=f"617-237-{1000 + 10 * n}", account_number=f"B77{n}")]
    assert home.take(*singles, *several).exit == 0
    orders, plans = [], []
    for index, (pon, tns, partner) in enumerate(orders_of(home)):
        words, act, sup = BEFORE[index % len(BEFORE)]
        kind = "own" if len(tns) == 1 else ("own", "whole")[index // len(BEFORE) % 2]
        orders.append(Order(pon, tns, partner, kind, TIMES[(index + index // len(BEFORE)) % 4], sup, 2 if sup else 1))
        # Of an order of several numbers that is called off, each number is elsewhere.
        plans.append(([BEFORE[(index + place) % 5][0] if act == ("cancel",) else words for place in range(len(tns))], act))
    return Prepared(home, orders, sent_on(home, orders, plans))


def sent_on(home: Home, orders: Sequence[Order], plans: Iterable[tuple[Sequence[Words], Words]]) -> Answers:
    """A reference that knows, as the home does, what was said of each number of these orders at first, and the version that was sent then."""
    listener = Listener(home, known(orders), minute=-30)
    said, acts = [], []
    for order, (words_of, act) in zip(orders, plans, strict=True):
        said += [(order.pon, "01", tn, *words, *[""] * (5 - len(words)), "first") for tn, words in zip(order.tns, words_of, strict=True) if words]
        acts += [(act[0], order.pon, *act[1:])] if act else []
    listener.hear([("sample", said)])
    for words in acts:
        done = home(*words, "--why", "asked for", at=listener.later())
        assert done.exit == 0, (words, done.err)
    for order in orders:
        if order.sup:
            listener.answers.send(order.pon, order.tns, order.partner, order.sup)
    listener.look(home("submit", "--format", "json", at=listener.later()))
    assert listener.troubles == []
    assert {(line["PON"], line["TN"]): line["SUP"] for line in home.sent()} == {(order.pon, tn): order.sup for order in orders for tn in order.tns}
    outcome = listener.outcome()
    assert outcome.rows == outcome.expected
    return listener.answers


@pytest.fixture(scope="module")
def later(request: pytest.FixtureRequest, prepared_later: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One seed's answers to orders of which most were sent twice, of the first version and of the second."""
    chance = random.Random(1000 + request.param)
    said = {order: history(chance, order) for order in prepared_later.orders}
    ways = ways_of(chance, said)
    del ways["a file a line"]
    ways["nothing older"] = [files(chance, [(0, order, line) for order, lines in said.items() for line in lines if not overtaken(order, line)])]
    return play(prepared_later, ways, tmp_path_factory.mktemp("later"))


def overtaken(order: Order, line: Words) -> bool:
    """Whether a line speaks of an older version, and not of a number that moved."""
    return order.version == 2 and line[1] in {"01", "1"} and line[3].upper() != "COMPLETE"


LATER_KEPT = tuple(way for way in KEPT if way != "a file a line")
LATER_KEPT_ONCE = tuple(way for way in KEPT_ONCE if way != "a file a line")
every_sup = pytest.mark.parametrize("sup", ["1", "2", "3", ""])


def of_sup(later: Played, sup: str, times: Iterable[str]) -> set[str]:
    """The numbers of the orders whose newest version has this SUP."""
    return {tn for order in later.prepared.orders if order.sup == sup for tn in order.tns} & later.prepared.numbers(times=times)


@later_seeds
@every_sup
@every_time
def test_lines_of_two_versions_however_they_are_grouped(later: Played, sup: str, times: str) -> None:
    later.assert_as_the_law_says(LATER_KEPT, of_sup(later, sup, [times]))


@later_seeds
def test_what_is_said_of_an_older_version_changes_nothing(later: Played) -> None:
    whole, rest = later.outcomes["one file"], later.outcomes["nothing older"]
    assert_rows(whole.rows, rest.rows, whole, "one file")
    assert sum(map(len, whole.heard.values())) > sum(map(len, rest.heard.values()))


@later_seeds
@every_sup
def test_lines_of_two_versions_in_any_order(later: Played, sup: str) -> None:
    later.assert_as_the_law_says(SHUFFLED, of_sup(later, sup, TIMED))


@later_seeds
@every_sup
@every_time
def test_exception_lines_of_two_versions(later: Played, sup: str, times: str) -> None:
    later.assert_exceptions(LATER_KEPT_ONCE, of_sup(later, sup, [times]))


@later_seeds
@every_sup
def test_exception_lines_of_two_versions_in_any_order(later: Played, sup: str) -> None:
    later.assert_exceptions(SHUFFLED_ONCE, of_sup(later, sup, TIMED))


@later_seeds
@every_time
def test_reasons_of_further_versions(later: Played, times: str) -> None:
    later.assert_reasons(later.prepared.numbers(times=[times]))


@later_seeds
def test_the_count_of_further_versions_comes_out_after_every_pass(later: Played) -> None:
    assert [trouble for outcome in later.outcomes.values() for trouble in outcome.troubles] == []


@later_seeds
def test_lines_of_further_versions_are_answered_by_what_is_applied(later: Played) -> None:
    assert {way: outcome.answered for way, outcome in later.outcomes.items()} == {way: outcome.expected_answered for way, outcome in later.outcomes.items()}


# The law in examples

#: What an order is before the answers of an example come: of a first version, called off, with another date; confirmed for the 16th before.
FIRST, CALLED_OFF, REDATED = BEFORE[11], BEFORE[3], BEFORE[5]
#: What it is, the files that come, what stands in the end (state and day, of each number), and the statuses of the exception lines then. A line that
#: begins with A or B speaks of an order's first or second number, one with * of the whole order.
Example = tuple[Before, list[list[str]], str, list[str]]
EXAMPLES: dict[str, Example] = {
    "a late acknowledgement": (FIRST, [["REJECT 8A @12"], ["ACK @9"]], "carrier_rejected", []),
    "a late confirmation": (FIRST, [["REJECT 8A @12"], ["FOC 16 @9"]], "carrier_rejected", []),
    "a late rejection": (FIRST, [["FOC 16 @12"], ["REJECT 8A @9"]], "confirmed 16", []),
    "a late older date": (FIRST, [["FOC 17 @12"], ["FOC 16 @9"]], "confirmed 17", []),
    "a late line that makes a later one impossible": (FIRST, [["DELAY @12"], ["CANCEL @9"]], "cancelled", ["DELAY"]),
    "a late line that makes a later one possible": (FIRST, [["REJECT @9"], ["DELAY @12"], ["FOC 16 @10"]], "delayed", []),
    "a line without a time counts when it comes": (FIRST, [["FOC 16 @12"], ["DELAY"]], "delayed", []),
    "no line goes before one without a time": (FIRST, [["REJECT @12"], ["FOC 16"], ["DELAY @9"]], "delayed", []),
    "nor before one in the same file": (FIRST, [["REJECT @12", "FOC 16", "DELAY @9"]], "delayed", []),
    "behind one without a time the order is that of the times": (FIRST, [["FOC 16"], ["REJECT @12"], ["DELAY @9"]], "carrier_rejected", []),
    "of equal times the first comes first": (FIRST, [["DELAY @9"], ["FOC 16 @9"]], "confirmed 16", []),
    "of equal times the last comes last": (FIRST, [["FOC 16 @9"], ["DELAY @9"]], "delayed", []),
    "without times a file's lines count as they stand": (FIRST, [["ACK", "FOC 16", "DELAY", "ACK"]], "delayed", []),
    "an older line again with a newer time": (FIRST, [["DELAY 1B @9"], ["FOC 16 @10"], ["DELAY 1B @11"]], "delayed", []),
    "an older line again without a time": (FIRST, [["DELAY 1B @9"], ["FOC 16 @10"], ["DELAY 1B"]], "confirmed 16", ["DELAY"]),
    "an older line again that belongs before what followed": (FIRST, [["DELAY 1B @9"], ["FOC 16 @11"], ["DELAY 1B @10"]], "confirmed 16", []),
    "what an older version hears": (REDATED, [["01 FOC 17 @9", "01 REJECT @10", "01 CANCEL @11"]], "submitted", []),
    "a number that moved has moved": (REDATED, [["01 COMPLETE @9"], ["02 REJECT @12"]], "completed", ["REJECT"]),
    "a number that moved has moved, told late": (REDATED, [["02 REJECT @12"], ["01 COMPLETE @9"]], "completed", ["REJECT"]),
    "a cancellation is refused": (CALLED_OFF, [["02 REJECT 1P"]], "confirmed 16", []),
    "a cancellation is refused, told after it was granted": (CALLED_OFF, [["02 CANCEL @12"], ["02 REJECT 1P @9"]], "cancelled", []),
    "a cancellation is granted, told after it was refused": (CALLED_OFF, [["02 REJECT 1P @12"], ["02 CANCEL @9"]], "cancelled", ["REJECT"]),
    "another date is refused": (REDATED, [["02 DELAY"], ["02 REJECT 1N"]], "confirmed 16", []),
    "another date is refused, told after it was confirmed": (REDATED, [["02 FOC 18 @12"], ["02 REJECT 1N @9"]], "confirmed 18", []),
    "another date is confirmed, told after it was refused": (REDATED, [["02 REJECT 1N @12"], ["02 FOC 18 @9"]], "carrier_rejected", []),
}  # fmt: skip
#: What follows where a supplement was refused, or a cancellation granted, and more is said of that version: by the letter of the law.
AFTERWARDS: dict[str, Example] = {
    "a cancellation is granted twice": (CALLED_OFF, [["02 CANCEL"], ["02 FOC"]], "cancelled", []),
    "a cancellation is refused twice": (CALLED_OFF, [["02 REJECT 1P"], ["02 REJECT 8C"]], "carrier_rejected", []),
    "a cancellation is refused and granted": (CALLED_OFF, [["02 REJECT 1P"], ["02 FOC 17"]], "confirmed 17", []),
    "a cancellation is refused, and again after a delay": (CALLED_OFF, [["02 REJECT 1P"], ["02 DELAY"], ["02 REJECT 8C"]], "carrier_rejected", []),
    "another date is refused twice": (REDATED, [["02 REJECT 1N"], ["02 REJECT 8C"]], "carrier_rejected", []),
    "another date is confirmed, and refused after a delay": (REDATED, [["02 FOC 18"], ["02 DELAY"], ["02 REJECT 8C"]], "carrier_rejected", []),
    "another date is refused, and again after a delay": (REDATED, [["02 REJECT 1N"], ["02 DELAY"], ["02 REJECT 8C"]], "carrier_rejected", []),
}  # fmt: skip


#: Orders of two numbers.
BESIDE: dict[str, Example] = {
    "an own line beside": (FIRST, [["A ACK", "* REJECT 7A"]], "acknowledged, carrier_rejected", []),
    "whatever the times are": (FIRST, [["A REJECT 8A @9", "* FOC 16 @10"]], "carrier_rejected, confirmed 16", []),
    "in another file": (FIRST, [["A REJECT 8A @9"], ["* FOC 16 @10"]], "confirmed 16, confirmed 16", []),
    "late, in another file": (FIRST, [["A FOC 16 @12"], ["* REJECT 8A @9"]], "confirmed 16, carrier_rejected", []),
    "what was not for a row may be said of it": (FIRST, [["A ACK", "* REJECT 7A"], ["A REJECT 7A"]], "carrier_rejected, carrier_rejected", []),
    "and of the whole order again": (FIRST, [["A ACK", "* REJECT 7A"], ["* REJECT 7A"]], "carrier_rejected, carrier_rejected", []),
    "and later still": (FIRST, [["A ACK", "* FOC 16"], ["* DELAY"], ["* FOC 16"]], "confirmed 16, delayed", []),
    "for some": (FIRST, [["A COMPLETE @9"], ["* DELAY @10"]], "completed, delayed", []),
    "for none": (FIRST, [["A COMPLETE", "B CANCEL"], ["* DELAY"]], "completed, cancelled", ["DELAY"]),
    "for none any more": (FIRST, [["* DELAY @12"], ["* CANCEL @9"]], "cancelled, cancelled", ["DELAY"]),
    "for one, as it turns out": (FIRST, [["* CANCEL @9"], ["* DELAY @12"], ["A REJECT @8", "B COMPLETE @7"]], "cancelled, completed", ["DELAY"]),
}  # fmt: skip


def line_of(text: str, order: Order) -> Words:
    """A line of an example: perhaps whom it speaks of and a version, a status, a code or a day, a time."""
    words = text.split()
    tn = {"A": order.tns[0], "B": order.tns[-1], "*": ""}[words.pop(0) if words[0] in {"A", "B", "*"} else "A"]
    ver = words.pop(0) if words[0].isdecimal() else ""
    status, rest = words[0], words[1:]
    at = "".join(f"2026-03-03T{int(word[1:]):02d}:00:00Z" for word in rest if word.startswith("@"))
    day = "".join(f"2026-03-{word}" for word in rest if word.isdecimal())
    code = "".join(word for word in rest if word[0].isdecimal() and not word.isdecimal())
    return order.pon, ver, tn, status, code, "", day, at, text


#: By example: what stands in the end, and the statuses of the exception lines.
Endings = dict[str, tuple[str, list[str]]]


@pytest.fixture(scope="module")
def told_apart(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Endings]:
    """What stands in the end of each example: of the product, and of the reference."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("examples") / "home")))
    examples = {**EXAMPLES, **AFTERWARDS, **BESIDE}
    singles = [row | {"account_number": f"88{n:04d}"} for n, row in enumerate(numbers("617-236-1000", len(examples) - len(BESIDE), **LOCAL))]
    pairs = [row for n in range(len(BESIDE)) for row in account(2, btn=f"617-237-{1000 + 10 * n}", account_number=f"B77{n}")]
    assert home.take(*singles, *pairs).exit == 0
    orders = [
        Order(pon, tns, partner, "own", "some", before[2], 2 if before[2] else 1)
        for (pon, tns, partner), (before, *_) in zip(orders_of(home), examples.values(), strict=True)
    ]
    listener = Listener(home, sent_on(home, orders, [([before[0]] * len(order.tns), before[1]) for order, (before, *_) in zip(orders, examples.values(), strict=True)]))
    for turn in range(3):
        said = [(order, text) for order, (_, texts, *_) in zip(orders, examples.values(), strict=True) for text in (texts[turn] if turn < len(texts) else [])]
        listener.hear([("sample", [line_of(text, order) for order, text in said])])
    outcome = listener.outcome()
    assert outcome.troubles == []
    judges = {"product": (outcome.rows, outcome.exceptions), "reference": (outcome.expected, outcome.expected_exceptions)}
    return {
        judge: {
            name: (
                ", ".join(in_short(standings[tn]) for tn in order.tns),
                [status for pon, tn, status, _ in complaints.elements() if pon == order.pon or tn in order.tns],
            )
            for name, order in zip(examples, orders, strict=True)
        }
        for judge, (standings, complaints) in judges.items()
    }


def in_short(standing: Standing) -> str:
    """State and day."""
    return f"{standing.state} {standing.foc[-2:]}" if standing.foc else standing.state


judges = pytest.mark.parametrize("judge", ["product", "reference"])


@judges
@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_law_in_examples(told_apart: dict[str, Endings], judge: str, name: str) -> None:
    _, _, standing, exceptions = EXAMPLES[name]
    assert told_apart[judge][name] == (standing, exceptions)


@judges
@pytest.mark.parametrize("name", list(AFTERWARDS))
def test_what_is_said_after_a_supplement_was_settled(told_apart: dict[str, Endings], judge: str, name: str) -> None:
    _, _, standing, exceptions = AFTERWARDS[name]
    assert told_apart[judge][name] == (standing, exceptions)


@judges
@pytest.mark.parametrize("name", list(BESIDE))
def test_lines_for_the_whole_order_in_examples(told_apart: dict[str, Endings], judge: str, name: str) -> None:
    _, _, standing, exceptions = BESIDE[name]
    assert told_apart[judge][name] == (standing, exceptions)
