"""Orders that cannot go: what holds them, what releases them (contract, section 7)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, TOLL_FREE, Home, account, text_of

ROWS = account(3)
FIRST, SECOND, LAST = (row["tn"] for row in ROWS)
#: The account with its last row wrong in a field of its own.
FAULTY = (*ROWS[:2], ROWS[2] | {"authorized_name": ""})
#: The same, of an account whose billing number stays.
STAYS = [row | {"btn": "617-236-2299"} for row in FAULTY]
STAYING = [row | {"btn": "617-236-2299"} for row in ROWS]


def states(home: Home) -> list[str]:
    return list(home.states().values())


def test_a_rejected_row_holds_its_order(home: Home) -> None:
    done = home.take(*FAULTY, LOCAL)
    assert done.exit == 1
    assert states(home) == ["held", "held", "rejected", "submitted"]
    line = home.rows(FIRST)[0]
    assert (line["order_state"], line["order_held_by"]) == ("held", "order-held")
    assert [row["TN"] for row in home.sent()] == ["6172340142"]
    assert home.rows(LAST)[0]["pon"] is None


def test_the_mail_says_that_numbers_wait_and_for_which_row(home: Home) -> None:
    home.take(*FAULTY)
    told = text_of(home.mails("received")[0])
    assert "2  on hold" in told
    assert "Row 4" in told


def test_a_corrected_sheet_releases_the_order(home: Home) -> None:
    home.take(*FAULTY)
    pon = home.pon(FIRST)
    done = home.take(*ROWS, name="corrected.csv", at=NEXT)
    assert done.exit == 0
    assert Counter(states(home)) == {"submitted": 3, "duplicate": 2, "superseded": 1}
    assert [(line["PON"], line["TN"], line["LINE"], line["LINES"]) for line in home.sent()] == [
        (pon, "6172362200", "1", "3"), (pon, "6172362201", "2", "3"), (pon, "6172362202", "3", "3"),
    ]  # fmt: skip


def test_the_corrected_row_alone_releases_the_order(home: Home) -> None:
    home.take(*FAULTY)
    done = home.take(ROWS[2], name="corrected.csv", at=NEXT)
    assert done.exit == 0
    assert states(home) == ["submitted", "submitted", "superseded", "submitted"]
    assert len({line["PON"] for line in home.sent()}) == 1


def test_release_sends_the_rest_as_a_partial_port(home: Home) -> None:
    home.take(*STAYS)
    done = home("release", home.pon(FIRST), "--why", "the customer asked for it", at=NEXT)
    assert done.exit == 0
    assert "2 lines" in done.out
    home.run(NEXT)
    assert states(home) == ["submitted", "submitted", "rejected"]
    assert [(line["TN"], line["PARTIAL"], line["LINES"]) for line in home.sent()] == [("6172362200", "Y", "2"), ("6172362201", "Y", "2")]


def test_release_of_an_order_whose_billing_number_would_move_says_what_is_missing(home: Home) -> None:
    home.take(*FAULTY)
    pon = home.pon(FIRST)
    done = home("release", pon, "--why", "the customer asked for it", at=NEXT)
    assert "new billing number" in done.out.casefold()
    assert "still held" in done.out
    line = home.rows(FIRST)[0]
    assert (line["state"], line["order_held_by"]) == ("held", "order-new-btn")
    home.run(NEXT)
    assert home.sent() == []


def test_a_released_order_goes_when_the_new_billing_number_is_given(home: Home) -> None:
    home.take(*FAULTY)
    home("release", home.pon(FIRST), "--why", "asked for", at=NEXT)
    given = {"new_btn": "617-236-2290"}
    home.take(ROWS[0] | given, ROWS[1] | given, name="given.csv", at=NEXT)
    assert [(line["TN"], line["PARTIAL"], line["NEW_BTN"]) for line in home.sent()] == [("6172362200", "Y", "6172362290"), ("6172362201", "Y", "6172362290")]


def test_release_does_not_send_rows_past_a_disagreement(home: Home) -> None:
    home.take(ROWS[0], ROWS[1], ROWS[2] | {"name": "Somebody Else LLC"})
    assert home.rows(LAST)[0]["findings"][0] == "order-rows-disagree"
    done = home("release", home.pon(FIRST), "--why", "asked for", at=NEXT)
    assert "still held" in done.out
    assert "disagree" in done.out
    home.run(NEXT)
    assert home.sent() == []


def test_a_customers_setting_releases_orders_by_itself(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    on_rejected_row: release\n")
    home.take(*STAYS)
    assert states(home) == ["submitted", "submitted", "rejected"]
    assert {line["PARTIAL"] for line in home.sent()} == {"Y"}


def test_a_customers_setting_stops_where_the_billing_number_would_move(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    on_rejected_row: release\n")
    home.take(*FAULTY)
    assert states(home) == ["held", "held", "rejected"]
    assert home.rows(FIRST)[0]["order_held_by"] == "order-new-btn"


@pytest.mark.parametrize(("pon", "words"), [("sent", "sent already"), ("P0000000000A", "there is no order"), ("nonsense", "there is no order")])
def test_release_refuses_what_it_cannot_release(home: Home, pon: str, words: str) -> None:
    home.take(LOCAL)
    done = home("release", home.pon(LOCAL["tn"]) if pon == "sent" else pon, "--why", "asked for")
    assert done.exit == 2
    assert words in done.err


def test_release_needs_a_reason(home: Home) -> None:
    home.take(*STAYS)
    done = home("release", home.pon(FIRST))
    assert done.exit == 2
    assert "--why" in done.err


def test_rows_of_one_account_in_two_files_go_as_one_order(home: Home) -> None:
    home.drop(*STAYING[:2], name="one.csv")
    home("intake")
    home.drop(STAYING[2], name="two.csv")
    home("intake")
    home.run()
    assert [(line["LINE"], line["LINES"]) for line in home.sent()] == [("1", "3"), ("2", "3"), ("3", "3")]
    assert len({line["PON"] for line in home.sent()}) == 1


def test_a_later_row_that_disagrees_holds_the_order_that_waits(home: Home) -> None:
    home.drop(*STAYING[:2], name="one.csv")
    home("intake")
    home.drop(STAYING[2] | {"pin": "1111"}, name="two.csv")
    home("intake")
    assert states(home) == ["held", "held", "rejected"]
    assert home.rows(LAST)[0]["findings"] == ["order-rows-disagree"]


def test_a_later_rejected_row_holds_the_order_that_waits(home: Home) -> None:
    home.drop(*STAYING[:2], name="one.csv")
    home("intake")
    home.drop(STAYS[2], name="two.csv")
    home("intake")
    assert states(home) == ["held", "held", "rejected"]


class TestBusyAccounts:
    """One account, one order at a time."""

    def test_a_second_order_of_the_account_waits_for_the_first(self, home: Home) -> None:
        home.take(*STAYING[:2])
        done = home.take(STAYING[2], name="later.csv", at=NEXT)
        assert done.exit == 0
        line = home.rows(LAST)[0]
        assert (line["state"], line["order_held_by"]) == ("held", "order-account-busy")
        assert line["pon"] != home.pon(FIRST)
        assert len(home.sent()) == 2

    @pytest.mark.parametrize(("answer", "goes"), [
        (("ACK",), False), (("DELAY",), False), (("FOC", "", "", "2026-03-09"), False), (("REJECT", "8A"), False), (("REJECT", "??"), False),
        (("COMPLETE",), True), (("CANCEL",), True),
    ])  # fmt: skip
    def test_it_goes_when_the_first_has_ended(self, home: Home, answer: tuple[str, ...], goes: bool) -> None:  # noqa: FBT001
        home.take(*STAYING[:2])
        first = home.pon(FIRST)
        home.take(STAYING[2], name="later.csv", at=NEXT)
        second = home.pon(LAST)
        home.answer((first, "01", "", *answer), at=THIRD)
        assert home.state(LAST) == ("submitted" if goes else "held")
        assert [line["PON"] for line in home.sent()] == [first, first, *([second] if goes else [])]

    def test_it_waits_while_one_row_of_the_first_is_under_way(self, home: Home) -> None:
        home.take(*STAYING[:2])
        home.take(STAYING[2], name="later.csv", at=NEXT)
        home.answer(("", "", "6172362200", "COMPLETE"), at=THIRD)
        assert home.state(LAST) == "held"

    def test_a_rejection_that_says_no_port_lets_the_next_order_go(self, home: Home) -> None:
        home.take(*STAYING[:2])
        home.take(STAYING[2], name="later.csv", at=NEXT)
        home.answer((home.pon(FIRST), "01", "", "REJECT", _noport()), at=THIRD)
        assert home.state(LAST) == "submitted"

    def test_another_account_is_not_held_up(self, home: Home) -> None:
        home.take(*STAYING[:2])
        home.take(account(2, btn="617-236-3300", account_number="B2")[1], name="later.csv", at=NEXT)
        assert len(home.sent()) == 3

    def test_toll_free_numbers_of_one_account_wait_too(self, home: Home) -> None:
        home.take(TOLL_FREE | {"account_number": "77001"})
        home.take(TOLL_FREE | {"account_number": "77001", "tn": "800-234-7302", "destination": "trunk-2"}, name="later.csv", at=NEXT)
        assert home.rows("800-234-7302")[0]["order_held_by"] == "order-account-busy"

    def test_rows_that_wait_are_looked_at_without_a_new_sheet(self, home: Home) -> None:
        home.take(*STAYING[:2])
        home.take(STAYING[2], name="later.csv", at=NEXT)
        home.answer((home.pon(FIRST), "01", "", "COMPLETE"), at=THIRD, run=False)
        assert home("reconcile", at=THIRD).exit == 0
        assert home("submit", at=THIRD).exit == 0
        assert home.state(LAST) == "submitted"


def _noport() -> str:
    """A code of class NOPORT of the shipped profile."""
    import csv

    from tests.conftest import ROOT

    lines = (ROOT / "batchport" / "carriers" / "codes" / "generic-csv.csv").read_text("utf-8").splitlines()
    return next(row["code"] for row in csv.DictReader(line for line in lines if not line.startswith("#")) if row["class"] == "NOPORT")


def test_a_row_without_a_route_is_held(home: Home) -> None:
    home.set("  - {partner: sample}", "  - {partner: sample, country: CA}")
    done = home.take(LOCAL)
    assert done.exit == 0
    assert home.rows(LOCAL["tn"])[0]["order_held_by"] == "carrier-no-route"
    home.set("  - {partner: sample, country: CA}", "  - {partner: sample}")
    home.run(NEXT)
    assert home.state(LOCAL["tn"]) == "submitted"


def test_an_order_that_is_too_long_for_the_partner_does_not_go_whole(home: Home) -> None:
    home.set("profile: generic-csv", "profile: generic-csv\n    max_lines: 2")
    checked = home("check", home.drop(*STAYING), "--customer", "acme", "--format", "json").lines[1:-1]
    assert all("order-split" in [finding["code"] for finding in line["findings"]] for line in checked)
    home.run()
    assert all(int(line["LINES"]) <= 2 for line in home.sent())


@pytest.mark.parametrize("rejected", ["tn", "btn", "account_number", "losing_carrier"])
def test_a_rejected_row_without_a_key_of_its_own_still_holds_the_account(home: Home, rejected: str) -> None:
    broken = {"tn": "617-236-22", "btn": "12", "account_number": "B77*14420", "losing_carrier": ""}
    home.take(*STAYING[:2], STAYING[2] | {rejected: broken[rejected]})
    assert states(home) == ["held", "held", "rejected"]


def test_a_rejected_row_of_nobodys_account_holds_nobody(home: Home) -> None:
    home.take(*STAYING[:2], STAYING[2] | {"btn": "12", "account_number": "B77*14420"})
    assert states(home) == ["submitted", "submitted", "rejected"]


def test_orders_are_listed_with_what_holds_them(home: Home) -> None:
    home.take(*FAULTY, LOCAL)
    listed = {order["pon"]: order for order in home.json("orders")}
    order = listed[home.pon(FIRST)]
    assert set(order) >= {
        "pon", "ver", "sup", "parent", "customer", "partner", "state", "number_class", "losing_carrier", "btn", "lines", "requested_date", "foc_date", "since", "overdue",
    }  # fmt: skip
    assert (order["state"], order["lines"], order["btn"], order["partner"], order["number_class"]) == ("held", 2, "6172362200", "sample", "local")
    assert listed[home.pon(LOCAL["tn"])]["state"] == "submitted"


def test_an_orders_state_is_mixed_where_its_rows_differ(home: Home) -> None:
    home.take(*ROWS)
    home.answer(("", "", "6172362200", "ACK"))
    assert [order["state"] for order in home.json("orders")] == ["mixed"]
    assert {row["order_state"] for row in home.json("status")} == {"mixed"}
