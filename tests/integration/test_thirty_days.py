"""Thirty days with two carriers that keep books of their own: what they know of every number and what is known here are the same, whatever becomes of their files.

The carriers (`tests/carrier`) know nothing but the submission files. Customers and the operator know nothing but what the commands say.
"""

from __future__ import annotations

import io
import os
from collections import Counter, defaultdict
from csv import DictReader
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from tests.carrier.plays import CANCELLED, CONFIRMED, MOVED, REFUSED, Carrier, Number, Order, lowest
from tests.carrier.post import Faults, Word
from tests.conftest import LOCAL, Home, account
from tests.integration.test_the_count import assert_balanced

FIRST, DAYS, SHEET_DAYS = date(2026, 3, 2), 30, 6
#: A month of a larger customer by BATCHPORT_EVERY_MOMENT=1.
ORDERS, NUMBERS = (500, 5_000) if os.environ.get("BATCHPORT_EVERY_MOMENT") else (150, 1_200)
SEEDS = range(int(os.environ.get("BATCHPORT_SEEDS", "1")))

CUSTOMERS = ("acme", "harbor")
PARTNERS = {"sample": "Lumen", "other": "Verizon"}
ZIPS = ("02108", "02109", "02110", "02111", "02113", "02114", "02115", "02116")
#: What each kind of stray line is called here.
STRAYS = {
    "unknown order": "unknown-order", "unknown number": "unknown-order", "number of no such order": "tn-not-in-order", "version to come": "newer-version",
    "unknown status": "unknown-status", "no date": "foc-without-date", "order of another": "other-partner",
}  # fmt: skip
#: What a line is called that stood in an earlier file already, where it is not passed over.
AGAIN = {"older-line-again", "move-forbidden"}
#: Why an act may be refused: answers that the operator has not seen yet, or a date too near.
REFUSALS = ("nothing can be changed any more within",)

Row = dict[str, Any]


def sizes(chance: Random) -> list[int]:
    """How many numbers each order has: two in five have one, the others share the rest."""
    several = ORDERS * 3 // 5
    found = [1] * (ORDERS - several) + [2] * several
    weights = [0.0] * (ORDERS - several) + [0.1 + chance.random() ** 2 for _ in range(several)]
    for at in chance.choices(range(ORDERS), weights, k=NUMBERS - sum(found)):
        found[at] += 1
    chance.shuffle(found)
    return found


def working_day(day: date, count: int) -> date:
    """The working day so many after a day; there is no holiday in these thirty days."""
    while count:
        day += timedelta(1)
        count -= day.weekday() < 5
    return day


def order_rows(chance: Random, place: int, size: int, day: date) -> list[dict[str, str]]:
    """The rows of one whole account, in a hundred block of its own."""
    block = f"{6172340000 + 100 * place}"
    lead = f"{block[:3]}-{block[3:6]}-{block[6:8]}"
    shared = {"account_number": f"A{700000 + place}", "losing_carrier": chance.choice(sorted(PARTNERS.values())), "pin": str(chance.randint(1000, 9999))}
    if chance.random() < 0.15:
        shared["requested_date"] = working_day(day, chance.randint(7, 12)).isoformat()
    if size == 1:
        return [LOCAL | shared | {"tn": f"{lead}00", "destination": f"line-{block}"}]
    stays = {"btn": f"{lead}99"} if chance.random() < 0.5 else {}
    return [row | stays for row in account(size, btn=f"{lead}00", **shared)]


class Month:
    """An installation, its customers and its operator, and two carriers."""

    def __init__(self, home: Home, seed: int, faults: Faults) -> None:
        home.set("  sample:\n", "  other: {profile: generic-csv}\n  sample:\n")
        home.set("  - {partner: sample}", "  - {partner: other, losing_carrier: Verizon}\n  - {partner: sample}")
        self.home, self.seed, self.today = home, seed, FIRST
        self.carriers = {name: Carrier(name, seed, faults) for name in PARTNERS}
        self.customer_of: dict[str, str] = {}
        self.rows: dict[str, dict[str, str]] = {}
        self.done: Counter[str] = Counter()
        self.found: dict[tuple[str, str], Row] = {}
        self.sheets = self._sheets()

    def _sheets(self) -> dict[date, dict[str, list[dict[str, str]]]]:
        """Day and customer -> the rows that are asked for."""
        chance = Random(f"{self.seed} sheets")
        sheets: dict[date, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
        for place, size in enumerate(sizes(chance)):
            day, customer = FIRST + timedelta(place % SHEET_DAYS), CUSTOMERS[place // SHEET_DAYS % 2]
            for row in order_rows(chance, place, size, day):
                self._remember(customer, row)
                sheets[day][customer].append(row)
        return sheets

    def _remember(self, customer: str, row: dict[str, str]) -> None:
        tn = row["tn"].replace("-", "")
        self.rows[tn], self.customer_of[tn] = row, customer

    @property
    def at(self) -> str:
        """The evening that it is; the clocks change on the second Sunday."""
        return f"{self.today}T20:00:00-0{5 if self.today < date(2026, 3, 8) else 4}:00"

    def live(self) -> None:
        """One day: carriers, customers, operator, and a pass in the evening."""
        names = list(self.carriers)
        for name, other in zip(names, reversed(names), strict=True):
            elsewhere = lowest(self.carriers[other].orders.values())
            folder = self.home.path / "responses" / name
            folder.mkdir(parents=True, exist_ok=True)
            self.carriers[name].day(self.today, self.home.path / "outbox" / name, folder, elsewhere)
        for customer, rows in self.sheets.get(self.today, {}).items():
            self.home.drop(*rows, name=f"{customer}-{self.today}.csv", customer=customer)
        Desk(self).see_to_all()
        self._pass()
        self.today += timedelta(1)

    def _pass(self) -> None:
        done = self.home.run(self.at)
        assert done.exit in (0, 1), done.err
        assert_balanced(done.last)
        posts = [carrier.post for carrier in self.carriers.values()]
        assert done.last["files"]["set_aside"] == sum(post.spoilt for post in posts)
        assert done.last["files"]["repeated"] == sum(post.same for post in posts)
        self._balance(done.last["lines"])
        self.found = {(row["pon"], row["tn"]): row for row in self.home.json("status", at=self.at) if row["pon"]}

    def _balance(self, counted: dict[str, int]) -> None:
        """`balance` comes to what the pass counted, and holds nothing for unanswered that a carrier was heard of."""
        files = balanced_by_file(self.home, self.at)
        summed = {"sent": sum(file["lines"] for file in files), "outstanding": sum(file["outstanding"] for file in files)}
        assert summed | {"answered": sum(sum(file["answered"].values()) for file in files)} == counted
        for file in files:
            heard, outstanding = answered(self.carriers[file["partner"]]), set(file["numbers"].get("outstanding", []))
            waiting = [line for line in lines_of(self.home, file) if line["TN"] in outstanding]
            assert not [line["TN"] for line in waiting if heard & {(line["PON"], line["VER"], line["TN"]), (line["PON"], line["VER"], "")}], file["file"]

    def differences(self) -> tuple[list[str], int, int]:
        """Where the books say otherwise than `status`; how many numbers could be compared, and how many not."""
        vers: dict[str, str] = {}
        for (pon, _), row in self.found.items():
            vers[pon] = row["ver"] or "00"
        wrong, compared, passed_over = [], 0, 0
        for carrier in self.carriers.values():
            for order in carrier.orders.values():
                for number in order.numbers.values():
                    said = self._otherwise(carrier, order, number, vers.get(order.pon, ""))
                    compared, passed_over = compared + (said is not None), passed_over + (said is None)
                    wrong += [f"{order.pon} {order.ver} {number.tn}: {said}"] if said else []
        return wrong, compared, passed_over

    def _otherwise(self, carrier: Carrier, order: Order, number: Number, ver: str) -> str | None:
        """How the books and `status` differ about a number; blank where they do not, None where a last word is still under way."""
        row = self.found.get((order.pon, number.tn))
        if number.withdrawn:
            return "" if row is None or row["state"] == CANCELLED else f"withdrawn, and here {row['state']}"
        if number.last not in carrier.post.delivered or (number.state != MOVED and (order.pending or ver != order.ver or not carrier.has_told(number))):
            return None
        if number.state == REFUSED and (row is None or row["state"] in ("held", "ready")):
            return None if self._is_corrected(number.tn) else "refused, and here neither that nor corrected"
        here = (row["state"], row["foc_date"] if row["state"] == CONFIRMED else None) if row else ("in no order", None)
        there = (number.state or "submitted", number.date.isoformat() if number.state == CONFIRMED and number.date else None)
        return "" if here == there else f"{' '.join(filter(None, there))} since {number.last.at:%m-%d}, and here {' '.join(filter(None, here))}"

    def _is_corrected(self, tn: str) -> bool:
        """Whether a corrected row for a number waits in its order or in one of its own, since the next version of the order was not sent."""
        return any(number == tn and row["state"] not in ("carrier_rejected", "cancelled") for (_, number), row in self.found.items())

    def moved(self) -> tuple[set[str], set[str]]:
        """The numbers that moved by what carriers said and what arrived, and those that moved by `status`."""
        told = {tn for carrier in self.carriers.values() for tn, word in carrier.moved.items() if word in carrier.post.delivered}
        return told, {tn for (_, tn), row in self.found.items() if row["state"] == MOVED}

    def exceptions(self) -> tuple[Counter[str], list[str]]:
        """Exception lines by reason, and those that the plan did not mean."""
        wrong, counts, missed = [], Counter[str](), {(name, word) for name, carrier in self.carriers.items() for word in carrier.post.strays if word in carrier.post.delivered}
        for line in self.home.json("exceptions", at=self.at):
            counts[line["reason"]] += 1
            post, place = self.carriers[line["partner"]].post, (line["file"], line["line"])
            word = post.written[place]
            missed.discard((line["partner"], word))
            if not (line["reason"] == STRAYS[post.strays[word]] if word in post.strays else place in post.again and line["reason"] in AGAIN):
                wrong.append(f"{line['reason']}: {line['file']}:{line['line']} {shown(word)}")
        return counts, wrong + [f"no exception line: {shown(word)}" for _, word in sorted(missed)]


class Desk:
    """The customers' and the operator's day: what `status` shows as refused or held is seen to."""

    def __init__(self, month: Month) -> None:
        self.month, self.sheets = month, defaultdict[str, list[dict[str, str]]](list)

    def see_to_all(self) -> None:
        """See to every order, then hand in the corrected rows."""
        orders: dict[str, list[Row]] = defaultdict(list)
        for (pon, _), row in self.month.found.items():
            orders[pon].append(row)
        for pon, rows in sorted(orders.items(), key=lambda order: min(row["tn"] for row in order[1])):
            self.chance = Random(f"{self.month.seed} {self.month.today} {min(row['tn'] for row in rows)}")
            self._see_to(pon, rows)
        for customer, fixed in self.sheets.items():
            self.month.home.drop(*fixed, name=f"{customer}-{self.month.today}-again.csv", customer=customer)

    def _see_to(self, pon: str, rows: list[Row]) -> None:
        refused = [row for row in rows if row["state"] == "carrier_rejected"]
        if held := rows[0]["order_held_by"]:
            self._let_go(pon, held)
        elif refused and self.chance.random() < 0.8:
            self._mend(pon, refused)
        elif not refused:
            self._change_mind(pon, rows)

    def _let_go(self, pon: str, held: str) -> None:
        """See to what holds an order or its next version."""
        if held == "date-too-soon":
            self._act("redate", pon, self._later())
        elif held == "order-held":
            self._act("resubmit", pon)
        elif held == "order-new-btn":
            self._act("cancel", pon)

    def _mend(self, pon: str, refused: list[Row]) -> None:
        """Do about a refusal what its first reason asks for."""
        by_code: dict[str, list[Row]] = defaultdict(list)
        for row in refused:
            for reason in row["reasons"]:
                by_code[reason["code"]].append(row)
        if gone := by_code.get("6K") or (by_code.get("6A") if self.chance.random() < 0.5 else None):
            for row in gone:
                self._act("cancel", pon, "--tn", row["tn"])
        elif "6A" in by_code:
            self._correct(by_code["6A"], notes=f"it is theirs, see the bill of {self.month.today}")
        elif "8C" in by_code:
            self._correct(by_code["8C"][:1], pin=str(self.chance.randint(1000, 9999)))
        elif "8A" in by_code:
            self._correct(by_code["8A"], account_number=f"C{self.chance.randrange(10**6):06d}")
        elif "8D" in by_code:
            self._correct(by_code["8D"][:1], postal_code=self.chance.choice(ZIPS))
        elif set(by_code) == {"1N"}:
            self._act("redate", pon, self._later())
        else:
            self._act("resubmit", pon)

    def _change_mind(self, pon: str, rows: list[Row]) -> None:
        """Now and then call an order off, ask for another date, or do without one number."""
        states, luck = {row["state"] for row in rows}, self.chance.random()
        if states <= {"submitted", "acknowledged", "delayed", "confirmed"} and luck < 0.005:
            self._act("cancel", pon)
        elif states <= {"submitted", "acknowledged", "confirmed"} and luck < 0.015:
            self._act("redate", pon, self._later())
        elif states == {"submitted"} and len(rows) > 3 and rows[0]["ver"] == "01" and self._sent_last_night(rows[0]) and luck < 0.1:
            # A number that may have moved already is not left out: that would be asking too late.
            self._act("cancel", pon, "--tn", self.chance.choice(rows)["tn"])

    def _sent_last_night(self, row: Row) -> bool:
        return bool(date.fromisoformat(row["since"][:10]) >= self.month.today)

    def _later(self) -> str:
        return working_day(self.month.today, self.chance.randint(7, 9)).isoformat()

    def _correct(self, rows: list[Row], **values: str) -> None:
        """Hand rows in once more with other values, and with another date where theirs cannot be met any more."""
        if self.month.rows[rows[0]["tn"]].get("requested_date", "9") <= working_day(self.month.today, 5).isoformat():
            values["requested_date"] = self._later()
        for row in rows:
            fixed = self.month.rows[row["tn"]] | values
            self.month._remember(row["customer"], fixed)
            self.sheets[row["customer"]].append(fixed)
        self.month.done[f"correct {', '.join(values)}"] += 1

    def _act(self, name: str, pon: str, *rest: str) -> None:
        done = self.month.home(name, pon, *rest, "--why", "asked for", at=self.month.at)
        assert done.exit == 0 or (done.exit == 2 and any(why in done.err for why in REFUSALS)), (name, pon, rest, done.err)
        self.month.done[" ".join((name, *rest[:-1])) if done.exit == 0 else f"{name} refused"] += 1


def shown(word: Word) -> str:
    """A word as a line of its file."""
    return f"{word.pon},{word.ver},{word.tn},{word.status},{word.code},{word.foc},{word.at.isoformat()}"


def balanced_by_file(home: Home, at: str) -> list[Row]:
    """What `balance` says of every submission file, held against the file itself."""
    done = home("balance", "--format", "json", at=at)
    assert done.exit == (1 if any(file["outstanding"] for file in done.lines) else 0)
    assert {(file["partner"], file["file"]) for file in done.lines} == {(path.parent.name, path.name) for path in home.path.glob("outbox/*/*.csv")}
    for file in done.lines:
        sent = lines_of(home, file)
        assert (file["lines"], file["orders"], file["balanced"]) == (len(sent), len({line["PON"] for line in sent}), True), file["file"]
        kinds = file["answered"] | {"outstanding": file["outstanding"]}
        assert sum(kinds.values()) == file["lines"], file["file"]
        assert all(len(numbers) == kinds[kind] for kind, numbers in file["numbers"].items()), file["file"]
    return done.lines


def lines_of(home: Home, file: Row) -> list[dict[str, str]]:
    """The lines of a submission file."""
    data = (home.path / "outbox" / file["partner"] / file["file"]).read_bytes()
    return list(DictReader(io.StringIO(data.decode(), newline="")))


def answered(carrier: Carrier) -> set[tuple[str, str, str]]:
    """What a carrier has been heard of, so that it counts: PON, version, number (blank: all of the order). An ACK of a cancellation does not."""
    return {
        (word.pon, word.ver, word.tn) for word in carrier.post.delivered
        if word not in carrier.post.strays and not (word.status == "ACK" and carrier.orders[word.pon].sup == "1")
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_the_books_of_carriers_and_ours_agree_for_thirty_days(home: Home, seed: int) -> None:
    month = Month(home, seed, Faults(late=True, until=FIRST + timedelta(DAYS - 6)))
    for _ in range(DAYS):
        month.live()
        wrong, _, _ = month.differences()
        assert not wrong, (month.today, len(wrong), wrong[:5])
        told, here = month.moved()
        assert told == here, (month.today, sorted(told ^ here)[:5])
    _, compared, passed_over = month.differences()
    assert compared > 0.95 * (compared + passed_over), (compared, passed_over)
    assert len(here) > 0.8 * NUMBERS, month.done
    counts, wrong = month.exceptions()
    assert not wrong, (counts, wrong[:5])
    happened = sum((carrier.post.happened for carrier in month.carriers.values()), Counter[str]())
    assert set(counts) >= set(STRAYS.values()), counts
    assert set(happened) >= {"lost", "spoilt", "cut", "a column gone", "a field gone", "shuffled", "said again", "the same file again", "held"}
