"""Further versions of sent orders: corrected, called off, given another date, sent again (contract, sections 6 to 9)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, Home, account, text_of
from tests.integration.test_the_count import assert_balanced

EVENINGS = (EVENING, NEXT, THIRD, "2026-03-05T20:00:00-05:00", "2026-03-06T20:00:00-05:00", "2026-03-09T20:00:00-04:00", "2026-03-10T20:00:00-04:00")
#: One account of three numbers, its billing number among them.
ROWS = account(3)
TNS = [row["tn"] for row in ROWS]
A, B, C = (tn.replace("-", "") for tn in TNS)
#: The same account whose billing number stays.
STAYS = [row | {"btn": "617-236-2299"} for row in ROWS]
WHY = ("--why", "asked for")


@dataclass
class Port:
    """An installation, an evening after the other."""

    home: Home
    evening: int = 0

    @property
    def at(self) -> str:
        """The evening that it is."""
        return EVENINGS[self.evening]

    def send(self, *rows: dict[str, str]) -> None:
        """A sheet, and a pass."""
        self.home.drop(*rows, name=f"sheet{self.evening}.csv")
        self.run()

    def answer(self, *lines: tuple[str, ...]) -> Any:
        """Answers about the first order, and a pass; PON X is the first order's."""
        pon = self.first
        self.home.answer(*((pon if line[0] == "X" else line[0], *line[1:]) for line in lines), name=f"answer{self.evening}.csv", run=False)
        return self.run()

    def run(self) -> Any:
        """A pass; the count comes out."""
        done = self.home.run(self.at)
        assert done.exit in (0, 1), done.err
        assert_balanced(done.last)
        self.evening += 1
        return done

    def act(self, name: str, *rest: str, pon: str | None = None) -> Any:
        """An act of an operator on the first order."""
        return self.home(name, pon or self.first, *rest, *WHY, at=self.at)

    @property
    def first(self) -> str:
        """The first order that was sent."""
        return str(self.home.sent()[0]["PON"])

    @property
    def versions(self) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """What was sent, an entry a version: order (X the first, then Y, Z), VER, SUP and numbers."""
        names: dict[str, str] = {}
        found: dict[tuple[str, str, str], list[str]] = {}
        for line in self.home.sent():
            name = names.setdefault(line["PON"], "XYZWV"[len(names)])
            found.setdefault((name, line["VER"], line["SUP"]), []).append(line["TN"])
        return [(*version, tuple(sorted(tns))) for version, tns in found.items()]

    @property
    def states(self) -> list[str]:
        """The state of each row, in the order in which they came."""
        return list(self.home.states().values())

    def lines(self, ver: str) -> list[dict[str, str]]:
        """The lines of one version of the first order."""
        return [line for line in self.home.sent() if line["PON"] == self.first and line["VER"] == ver]

    def order(self, pon: str | None = None) -> dict[str, Any]:
        """What `orders` says of the first order."""
        return next(order for order in self.home.json("orders") if order["pon"] == (pon or self.first))


@pytest.fixture
def port(home: Home) -> Port:
    """A fresh installation."""
    return Port(home)


Story = Callable[[Port], None]
STORIES: dict[str, tuple[Story, list[tuple[str, str, str, tuple[str, ...]]], list[str]]] = {}


def story(versions: list[tuple[str, str, str, tuple[str, ...]]], states: list[str]) -> Callable[[Story], Story]:
    """A story, the versions that are sent in it, and the states that its rows end in."""

    def note(function: Story) -> Story:
        STORIES[function.__name__] = (function, versions, states)
        return function

    return note


ALL, TWO = (A, B, C), (A, B)


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted", "superseded", "submitted", "submitted"])
def a_row_is_corrected_and_the_whole_order_goes_again(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", A, "REJECT", "7A"), ("X", "", B, "REJECT", "6A"), ("X", "", C, "REJECT", "7A"))
    port.send(ROWS[1] | {"destination": "line-9", "customer_ref": "fixed"})


@story([("X", "01", "", ALL), ("X", "02", "3", ALL), ("X", "03", "3", ALL)], ["confirmed", "superseded", "confirmed", "superseded", "confirmed"])
def a_second_rejection_is_corrected_with_a_third_version(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    port.send(ROWS[1] | {"pin": "1111"})
    port.answer(("X", "", "", "REJECT", "8C", "again"))
    port.send(ROWS[1] | {"pin": "2222"})
    port.answer(("X", "03", "", "FOC", "", "", "2026-03-12"))


@story([("X", "01", "", ALL)], ["carrier_rejected", "superseded", "carrier_rejected", "held"])
def a_corrected_row_waits_for_the_other_blamed_one(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", A, "REJECT", "6A"), ("X", "", B, "REJECT", "6A"), ("X", "", C, "REJECT", "7A"))
    port.send(ROWS[1] | {"destination": "line-9"})


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["superseded", "superseded", "submitted", "submitted", "submitted"])
def it_goes_when_the_other_one_is_corrected_too(port: Port) -> None:
    a_corrected_row_waits_for_the_other_blamed_one(port)
    port.send(ROWS[0] | {"destination": "line-8"})


@story([("X", "01", "", ALL), ("X", "02", "3", (B, C))], ["cancelled", "superseded", "submitted", "submitted"])
def it_goes_when_the_other_one_is_called_off(port: Port) -> None:
    a_corrected_row_waits_for_the_other_blamed_one(port)
    assert port.act("cancel", "--tn", TNS[0]).exit == 0
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted", "superseded", "submitted", "submitted"])
def it_goes_as_it_is_when_the_operator_says_so(port: Port) -> None:
    a_corrected_row_waits_for_the_other_blamed_one(port)
    assert port.act("resubmit").exit == 0
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["cancel_pending"] * 3)
def an_order_is_called_off(port: Port) -> None:
    port.send(*ROWS)
    assert port.act("cancel").exit == 0
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["cancelled"] * 3)
def a_cancellation_is_confirmed(port: Port) -> None:
    an_order_is_called_off(port)
    port.answer(("X", "02", "", "FOC", "", "", "2026-03-10"))


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["cancelled"] * 3)
def a_cancellation_is_confirmed_with_a_cancel(port: Port) -> None:
    an_order_is_called_off(port)
    port.answer(("X", "02", "", "ACK"), ("X", "02", "", "CANCEL"))


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["confirmed", "acknowledged", "confirmed"])
def a_cancellation_is_turned_down(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", A, "FOC", "", "", "2026-03-16"), ("X", "", B, "ACK"), ("X", "", C, "FOC", "", "", "2026-03-16"))
    assert port.act("cancel").exit == 0
    port.run()
    assert port.states == ["cancel_pending"] * 3
    assert port.answer(("X", "02", "", "REJECT", "1P", "too late")).exit == 1
    assert [row["foc_date"] for row in port.home.json("status")] == ["2026-03-16", None, "2026-03-16"]


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["completed", "cancelled", "cancelled"])
def a_number_moves_while_its_order_is_called_off(port: Port) -> None:
    an_order_is_called_off(port)
    port.answer(("X", "01", A, "COMPLETE"), ("X", "02", "", "CANCEL"))


@story([("X", "01", "", ALL), ("X", "02", "2", ALL)], ["submitted"] * 3)
def a_confirmed_order_gets_another_date(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "FOC", "", "", "2026-03-16"))
    assert port.act("redate", "2026-03-18").exit == 0
    port.run()
    assert {line["REQUESTED_DATE"] for line in port.lines("02")} == {"2026-03-18"}
    assert port.order()["requested_date"] == "2026-03-18"


@story([("X", "01", "", ALL), ("X", "02", "2", ALL)], ["confirmed"] * 3)
def another_date_is_turned_down(port: Port) -> None:
    a_confirmed_order_gets_another_date(port)
    assert port.answer(("X", "02", "", "REJECT", "1N")).exit == 1
    assert {row["foc_date"] for row in port.home.json("status")} == {"2026-03-16"}
    assert {reason["code"] for row in port.home.json("status") for reason in row["reasons"]} == {"1N"}
    assert port.order()["requested_date"] is None


@story([("X", "01", "", ALL), ("X", "02", "2", ALL)], ["submitted"] * 3)
def an_order_rejected_for_its_date_alone_gets_another(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "1N;6E"))
    assert port.act("redate", "2026-03-18").exit == 0
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted"] * 3)
def an_order_that_is_not_confirmed_gets_another_date_with_a_sup_3(port: Port) -> None:
    port.send(*ROWS)
    assert port.act("redate", "2026-03-18").exit == 0
    port.run()
    assert {(line["REQUESTED_DATE"], line["REMARKS"]) for line in port.lines("02")} == {("2026-03-18", "requested_date")}


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted"] * 3)
def a_rejected_order_is_sent_again_as_it_is(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "6R"))
    assert port.act("resubmit").exit == 0
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "3", (A, C))], ["submitted", "cancelled", "submitted"])
def a_number_is_taken_out_of_a_sent_order(port: Port) -> None:
    port.send(*ROWS)
    assert port.act("cancel", "--tn", TNS[1]).exit == 0
    assert port.states == ["submitted"] * 3
    port.run()


@story([("X", "01", "", ALL), ("X", "02", "3", (A, C))], ["submitted", "cancelled", "submitted", "duplicate"])
def a_sheet_takes_a_number_out_of_a_sent_order(port: Port) -> None:
    port.send(*ROWS)
    port.send(ROWS[1] | {"action": "cancel"})


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["cancel_pending"] * 3 + ["duplicate"] * 3)
def a_sheet_calls_off_all_numbers_of_an_order(port: Port) -> None:
    port.send(*ROWS)
    port.send(*(row | {"action": "cancel"} for row in ROWS))


@story([("X", "01", "", ALL), ("X", "02", "1", ALL), ("Y", "01", "", (A, C))], ["submitted", "cancelled", "submitted"])
def a_partner_that_takes_no_other_numbers_gets_a_new_order_for_the_rest(port: Port) -> None:
    port.home.set("profile: generic-csv", "profile: generic-csv\n    edit_numbers: false")
    port.send(*ROWS)
    assert port.act("cancel", "--tn", TNS[1]).exit == 0
    port.run()
    assert port.states == ["cancel_pending"] * 3
    port.answer(("X", "02", "", "CANCEL"))
    assert port.order(port.home.pon(TNS[0]))["parent"] == port.first
    assert (port.order()["state"], port.order()["sup"]) == ("cancelled", "1")


@story([("X", "01", "", ALL), ("X", "02", "1", ALL), ("Y", "01", "", ALL)], ["submitted", "superseded", "submitted", "submitted"])
def a_field_that_may_not_be_changed_needs_a_new_order(port: Port) -> None:
    port.home.set("profile: generic-csv", "profile: generic-csv\n    fixed_fields: [pin]")
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    port.send(ROWS[1] | {"pin": "1111"})
    assert {line["PIN"] for line in port.lines("02")} == {ROWS[0]["pin"]}
    assert port.states == ["cancel_pending", "superseded", "cancel_pending", "cancel_pending"]
    port.answer(("X", "02", "", "FOC", "", "", "2026-03-12"))
    assert {line["PIN"] for line in port.home.sent() if line["PON"] != port.first} == {"1111"}
    assert (port.order()["state"], port.order()["lines"]) == ("cancelled", 3)
    assert port.first in port.home("trace", port.first).out
    assert port.order(port.home.pon(TNS[0]))["parent"] == port.first


@story([("X", "01", "", ALL), ("X", "02", "1", ALL)], ["carrier_rejected", "superseded", "carrier_rejected", "held"])
def a_cancellation_for_a_new_order_is_turned_down(port: Port) -> None:
    port.home.set("profile: generic-csv", "profile: generic-csv\n    fixed_fields: [pin]")
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    port.send(ROWS[1] | {"pin": "1111"})
    port.answer(("X", "02", "", "REJECT", "1P"))


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["superseded"] * 3 + ["submitted"] * 3)
def a_key_corrected_alike_on_all_rows_keeps_the_order(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8A"))
    port.send(*(row | {"account_number": "B9990001"} for row in ROWS))
    assert {line["ACCOUNT_NUMBER"] for line in port.lines("02")} == {"B9990001"}


@story([("X", "01", "", ALL), ("X", "02", "3", TWO), ("Y", "01", "", (C,))], ["submitted", "submitted", "superseded", "submitted"])
def a_key_corrected_on_one_row_takes_it_out(port: Port) -> None:
    port.send(*STAYS)
    port.answer(("X", "", A, "REJECT", "7A"), ("X", "", B, "REJECT", "7A"), ("X", "", C, "REJECT", "8A"))
    port.send(STAYS[2] | {"account_number": "B9990001"})
    assert port.order(port.home.pon(TNS[2]))["parent"] == port.first


@story([("X", "01", "", ALL)], ["carrier_rejected"] * 3 + ["rejected"])
def a_correction_that_is_wrong_itself_changes_nothing(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    port.send(ROWS[1] | {"name": ""})


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted", "superseded", "submitted", "superseded", "submitted"])
def a_wrong_correction_is_corrected(port: Port) -> None:
    a_correction_that_is_wrong_itself_changes_nothing(port)
    port.send(ROWS[1] | {"pin": "1111", "row_id": port.home.rows(TNS[1])[-1]["row_id"]})


@story([("X", "01", "", ALL)], ["carrier_rejected", "superseded", "carrier_rejected", "held", "rejected"])
def two_values_of_a_shared_field_disagree(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", A, "REJECT", "8C"), ("X", "", B, "REJECT", "8A"), ("X", "", C, "REJECT", "8A"))
    port.send(ROWS[1] | {"pin": "1111"}, ROWS[2] | {"pin": "2222"})
    assert port.home.rows(TNS[2])[-1]["findings"] == ["order-rows-disagree"]


@story([("X", "01", "", ALL), ("X", "02", "3", ALL)], ["submitted", "superseded", "submitted", "submitted"])
def an_order_that_is_held_by_hand_waits(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    port.home.drop(ROWS[1] | {"pin": "1111"}, name="fixed.csv")
    port.home("intake", at=port.at)
    assert port.act("hold").exit == 0
    port.run()
    assert port.states == ["carrier_rejected", "superseded", "carrier_rejected", "held"]
    assert port.home.rows(TNS[0])[0]["order_held_by"] == "hold"
    assert port.act("release").exit == 0
    port.run()


@story([("X", "01", "", (A,)), ("X", "02", "3", (A,))], ["submitted", "cancelled"][:1])
def an_order_of_one_number_gets_another_date_before_it_is_answered(port: Port) -> None:
    port.send(LOCAL | {"tn": TNS[0], "account_number": "990"})
    assert port.act("redate", "2026-03-18").exit == 0
    port.run()


@pytest.mark.parametrize("name", list(STORIES))
def test_a_story(port: Port, name: str) -> None:
    function, versions, states = STORIES[name]
    function(port)
    assert port.versions == versions
    assert port.states == states
    for line in port.home.sent():
        of_version = [other for other in port.home.sent() if (other["PON"], other["VER"]) == (line["PON"], line["VER"])]
        assert line["LINES"] == str(len(of_version))
    before = port.home.files()
    assert port.run().last["changed"] is False
    assert port.home.files() == before


class TestActs:
    """What may be done by hand, and when."""

    @pytest.mark.parametrize("act", [("cancel",), ("cancel", "--tn", TNS[1]), ("redate", "2026-03-18")])
    def test_nothing_is_changed_any_more_within_a_day_of_the_confirmed_date(self, port: Port, act: tuple[str, ...]) -> None:
        port.send(*ROWS)
        port.answer(("X", "", "", "FOC", "", "", "2026-03-12"))
        name, *rest = act
        done = port.home(name, port.first, *rest, *WHY, at="2026-03-11T00:00:01-04:00")
        assert done.exit == 2
        assert "24 hours" in done.err
        assert port.home(name, port.first, *rest, *WHY, at="2026-03-10T23:59:59-04:00").exit == 0

    @pytest.mark.parametrize(("prepare", "act"), [
        (an_order_is_called_off, ("cancel",)), (an_order_is_called_off, ("redate", "2026-03-18")), (an_order_is_called_off, ("resubmit",)),
        (a_cancellation_is_confirmed, ("cancel",)), (a_cancellation_is_confirmed, ("redate", "2026-03-18")), (a_cancellation_is_confirmed, ("hold",)),
        (a_confirmed_order_gets_another_date, ("resubmit",)), (a_confirmed_order_gets_another_date, ("hold",)), (an_order_is_called_off, ("release",)),
        (an_order_is_called_off, ("cancel", "--tn", "617-236-9999")), (an_order_is_called_off, ("redate", "soon")),
    ])  # fmt: skip
    def test_what_the_states_do_not_allow_is_refused_and_changes_nothing(self, port: Port, prepare: Story, act: tuple[str, ...]) -> None:
        prepare(port)
        before = port.home.json("status")
        done = port.act(*act)
        assert done.exit == 2
        assert port.first in done.err or act[-1] in done.err
        assert port.home.json("status") == before

    @pytest.mark.parametrize(("day", "words"), [("2026-03-02", "past"), ("2026-03-14", "business day"), ("2026-03-05", "too soon"), ("2026-05-05", "30 days")])
    def test_a_date_that_cannot_be_met_is_refused_with_the_next_that_can(self, port: Port, day: str, words: str) -> None:
        port.send(*ROWS)
        done = port.act("redate", day)
        assert done.exit == 2
        assert words in done.err
        assert "2026-" in done.err.replace(day, "")

    def test_every_act_is_recorded_with_its_reason(self, port: Port) -> None:
        a_number_is_taken_out_of_a_sent_order(port)
        assert "asked for" in port.home("trace", port.first).out

    def test_an_act_needs_a_reason(self, port: Port) -> None:
        port.send(*ROWS)
        for act in (("cancel",), ("redate", "2026-03-18"), ("resubmit",), ("hold",)):
            done = port.home(act[0], port.first, *act[1:])
            assert done.exit == 2
            assert "--why" in done.err

    def test_an_unsent_order_is_called_off_at_once(self, port: Port) -> None:
        port.home.drop(*ROWS)
        port.home("intake")
        pon = port.home.pon(TNS[0])
        assert port.act("cancel", "--tn", TNS[1], pon=pon).exit == 0
        assert port.states == ["ready", "cancelled", "ready"]
        assert port.act("cancel", pon=pon).exit == 0
        port.run()
        assert port.states == ["cancelled"] * 3
        assert port.home.sent() == []

    def test_an_unsent_order_that_is_held_by_hand_goes_when_it_is_released(self, port: Port) -> None:
        port.home.drop(*ROWS)
        port.home("intake")
        pon = port.home.pon(TNS[0])
        assert port.act("hold", pon=pon).exit == 0
        port.run()
        assert (port.states, port.home.rows(TNS[0])[0]["order_held_by"]) == (["held"] * 3, "hold")
        assert port.act("release", pon=pon).exit == 0
        port.run()
        assert port.states == ["submitted"] * 3

    def test_an_unsent_order_gets_another_date(self, port: Port) -> None:
        port.home.drop(*ROWS)
        port.home("intake")
        assert port.act("redate", "2026-03-18", pon=port.home.pon(TNS[0])).exit == 0
        port.run()
        assert {line["REQUESTED_DATE"] for line in port.home.sent()} == {"2026-03-18"}
        assert port.order()["requested_date"] == "2026-03-18"


class TestBeforeItGoes:
    """The date is looked at once more."""

    @pytest.fixture
    def waiting(self, port: Port) -> Port:
        """An order that could not go before its date was too near."""
        port.home.drop(*(row | {"requested_date": "2026-03-09"} for row in ROWS))
        port.home("intake")
        port.evening = 3
        return port

    def test_a_date_that_can_no_longer_be_met_holds_the_order_and_is_told_once(self, waiting: Port) -> None:
        waiting.run()
        line = waiting.home.rows(TNS[0])[0]
        assert (line["state"], line["order_held_by"], line["findings"]) == ("held", "date-too-soon", ["date-too-soon", "partial-assumed"])
        assert waiting.home.sent() == []
        assert len(waiting.home.mails("update")) == 1
        waiting.run()
        assert len(waiting.home.mails("update")) == 1

    def test_another_date_sends_it(self, waiting: Port) -> None:
        waiting.run()
        assert waiting.act("redate", "2026-03-18", pon=waiting.home.pon(TNS[0])).exit == 0
        waiting.run()
        assert {line["REQUESTED_DATE"] for line in waiting.home.sent()} == {"2026-03-18"}

    def test_a_customers_setting_sends_it_with_the_earliest_date(self, waiting: Port) -> None:
        waiting.home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    late_date: earliest\n")
        waiting.run()
        assert {line["REQUESTED_DATE"] for line in waiting.home.sent()} == {"2026-03-12"}
        assert waiting.order()["requested_date"] == "2026-03-12"

    def test_a_further_version_is_held_too(self, port: Port) -> None:
        port.send(*(row | {"requested_date": "2026-03-09"} for row in ROWS))
        port.answer(("X", "", "", "REJECT", "8C"))
        assert port.act("resubmit").exit == 0
        port.run()
        assert (port.states, port.home.rows(TNS[0])[0]["order_held_by"]) == (["carrier_rejected"] * 3, "date-too-soon")
        assert len(port.home.mails("update")) == 2
        port.run()
        assert len(port.home.mails("update")) == 2
        assert port.act("redate", "2026-03-18").exit == 0
        port.run()
        assert {(line["REQUESTED_DATE"], line["SUP"], line["REMARKS"]) for line in port.lines("02")} == {("2026-03-18", "3", "requested_date")}


class TestSplitOrders:
    """An account that is too large for one order goes in parts."""

    @pytest.fixture
    def port(self, home: Home) -> Port:
        """A partner that takes two numbers an order."""
        home.set("profile: generic-csv", "profile: generic-csv\n    max_lines: 2")
        return Port(home)

    def finish(self, port: Port, pon: str) -> None:
        """The partner completes an order."""
        port.home.answer((pon, "01", "", "COMPLETE"), name=f"done{port.evening}.csv", run=False)
        port.run()

    def test_parts_go_one_after_another_and_the_billing_number_last(self, port: Port) -> None:
        port.send(*account(5))
        first = port.first
        assert [(line["TN"], line["PARTIAL"], line["LINES"]) for line in port.home.sent()] == [("6172362201", "Y", "2"), ("6172362202", "Y", "2")]
        assert sorted(port.states) == ["held"] * 3 + ["submitted"] * 2
        assert port.home.rows(TNS[0])[0]["order_held_by"] == "order-split"
        self.finish(port, first)
        second = port.home.sent()[2]["PON"]
        assert [(line["TN"], line["PARTIAL"]) for line in port.home.sent()[2:]] == [("6172362203", "Y"), ("6172362204", "Y")]
        self.finish(port, second)
        assert [(line["TN"], line["PARTIAL"], line["NEW_BTN"]) for line in port.home.sent()[4:]] == [("6172362200", "N", "")]
        assert len({line["PON"] for line in port.home.sent()}) == 3

    def test_a_part_that_is_rejected_keeps_the_next_waiting_and_goes_again(self, port: Port) -> None:
        port.send(*account(3))
        port.answer(("X", "", "", "REJECT", "8C"))
        assert len(port.home.sent()) == 2
        assert port.act("resubmit").exit == 0
        port.run()
        assert [(line["VER"], line["SUP"], line["PARTIAL"]) for line in port.home.sent()[2:]] == [("02", "3", "Y")] * 2

    def test_rows_of_a_later_file_join_before_anything_is_sent(self, port: Port) -> None:
        rows = account(6)
        port.home.drop(*rows[:4], name="one.csv")
        port.home("intake")
        port.home.drop(*rows[4:], name="two.csv")
        port.home("intake")
        assert sorted(port.states) == ["held"] * 4 + ["ready"] * 2
        port.run()
        assert len(port.home.json("orders")) == 2
        assert len(port.home.sent()) == 2

    def test_all_numbers_go_once(self, port: Port) -> None:
        rows = account(7)
        port.send(*rows)
        for _ in range(4):
            self.finish(port, str(port.home.sent()[-1]["PON"]))
        sent = [line["TN"] for line in port.home.sent()]
        assert sorted(sent) == sorted(row["tn"].replace("-", "") for row in rows)


def test_a_results_workbook_sent_back_corrected_makes_the_next_version(port: Port) -> None:
    port.send(*ROWS)
    port.answer(("X", "", "", "REJECT", "8C"))
    (path,) = (port.home.path / "results" / "acme").glob("*.xlsx")
    book = openpyxl.load_workbook(path)
    page = book["To fix"]
    headers = {cell.value: cell.column for cell in page[1]}
    page.cell(2, headers["Security Code or PIN"]).value = "7777"
    book.save(port.home.path / "inbox" / "acme" / "back.xlsx")
    before = time.time() - 60
    os.utime(port.home.path / "inbox" / "acme" / "back.xlsx", (before, before))
    port.run()
    assert port.versions == [("X", "01", "", ALL), ("X", "02", "3", ALL)]
    assert {(line["PIN"], line["REMARKS"]) for line in port.lines("02")} == {("7777", "pin")}
    assert [row["state"] for row in port.home.json("status")].count("submitted") == 3


def test_the_orders_that_are_listed_know_their_version(port: Port) -> None:
    a_row_is_corrected_and_the_whole_order_goes_again(port)
    order = port.order()
    assert (order["ver"], order["sup"], order["parent"], order["lines"]) == ("02", "3", None, 3)
    assert {row["ver"] for row in port.home.json("status") if row["pon"]} == {"02"}


def test_a_line_about_an_overtaken_version_changes_nothing(port: Port) -> None:
    a_row_is_corrected_and_the_whole_order_goes_again(port)
    done = port.answer(("X", "01", A, "FOC", "", "", "2026-03-12"))
    assert (done.exit, done.last["exceptions"], port.home.state(TNS[0])) == (0, 0, "submitted")


def test_a_number_that_moved_has_moved_whatever_the_version_and_the_operator_is_told(port: Port) -> None:
    a_row_is_corrected_and_the_whole_order_goes_again(port)
    port.answer(("X", "01", B, "COMPLETE"))
    assert port.home.state(TNS[1]) == "completed"
    assert any("not its newest" in text_of(mail) for mail in port.home.mails("night"))


def test_rows_that_leave_an_order_wait_while_its_restatement_is_held(home: Home) -> None:
    """Else the partner has their numbers under two orders."""
    rows = account(3)
    first, second, third = (row["tn"] for row in rows)
    home.take(*rows)
    pon = home.pon(first)
    home.answer((pon, "", first, "REJECT", "7A"), (pon, "", second, "REJECT", "8A"), (pon, "", third, "REJECT", "8A"))
    home.take(rows[1] | {"account_number": "C7"}, rows[2] | {"account_number": "C7"}, name="corrected.csv", at=THIRD)
    # What is left moves the billing number alone, and nobody says what becomes of the account.
    assert {line["PON"] for line in home.sent()} == {pon}
    assert [line["held_by"] for line in home.json("orders", at=THIRD)] == ["order-new-btn", "order-account-busy"]
    home("cancel", pon, "--why", "the whole account moves with the others", at=THIRD)
    later = "2026-03-05T20:00:00-05:00"
    home.run(later)
    assert {line["SUP"] for line in home.sent() if line["PON"] == pon and line["VER"] == "02"} == {"1"}
    assert sorted(line["TN"] for line in home.sent() if line["PON"] != pon) == sorted((second, third))
