"""Orders that cannot go: what holds them, what releases them (contract, section 7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, TOLL_FREE, Home, account, numbers, text_of

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
    home.take(*(row | given for row in FAULTY), name="given.csv", at=NEXT)
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


ACME = "email: telecom@acme.example\n"
RELEASE = "    on_rejected_row: release\n"
WIRELESS = account(
    3, number_type="Wireless", account_type="", btn="617-236-4400", losing_carrier="T-Mobile", account_number="77120018", pin="4410",
    name="Jane Doe", authorized_name="Jane Doe",
)  # fmt: skip


def judged(home: Home, *rows: dict[str, str], settings: str = "") -> list[dict[str, Any]]:
    """The lines of `check` for the rows of a sheet."""
    home.set(ACME, ACME + settings)
    return home("check", home.drop(*rows), "--customer", "acme", "--format", "json").lines[1:-1]


def said(line: dict[str, Any]) -> tuple[str, list[str]]:
    """State of a row, and the codes of what is wrong with it or its order."""
    return line["state"], [found["code"] for found in line["findings"] if found["severity"] != "info" or found["code"] == "order-held"]


def partial(lines: list[dict[str, Any]]) -> list[str | None]:
    return [line["values"]["partial"] for line in lines]


class TestReleases:
    """`on_rejected_row: release`: what goes without the rejected rows, and what does not."""

    def test_a_new_number_on_a_rejected_row_is_none_for_the_rest(self, home: Home) -> None:
        lines = judged(home, ROWS[0], ROWS[1], ROWS[2] | {"new_btn": "617-236"}, settings=RELEASE)
        assert [said(line) for line in lines] == [("held", ["order-new-btn"])] * 2 + [("rejected", ["new-btn-invalid"])]

    def test_a_row_that_is_wrong_by_itself_may_not_disagree_either(self, home: Home) -> None:
        lines = judged(home, *ROWS[:2], ROWS[2] | {"name": "Other Co", "destination": ""}, settings=RELEASE)
        assert [said(line) for line in lines] == [
            ("held", ["partial-assumed", "order-held"]), ("held", ["partial-assumed", "order-held"]),
            ("rejected", ["destination-missing", "order-rows-disagree", "partial-assumed"]),
        ]  # fmt: skip
        assert partial(lines)[:2] == ["N", "N"]

    def test_an_order_that_is_held_by_a_disagreement_is_not_partial_for_it(self, home: Home) -> None:
        lines = judged(home, *ROWS[:2], ROWS[2] | {"name": "Other Co"}, settings=RELEASE)
        assert [said(line)[0] for line in lines] == ["held", "held", "rejected"]
        assert partial(lines)[:2] == ["N", "N"]
        assert "order-new-btn" not in {code for line in lines for code in said(line)[1]}

    def test_the_rest_of_a_wireless_order_is_partial(self, home: Home) -> None:
        lines = judged(home, *WIRELESS[:2], WIRELESS[2] | {"destination": ""}, settings=RELEASE)
        assert [line["state"] for line in lines] == ["ready", "ready", "rejected"]
        assert partial(lines)[:2] == ["Y", "Y"]

    def test_the_rest_of_a_toll_free_order_is_partial(self, home: Home) -> None:
        rows = numbers("800-234-7301", 2, **(TOLL_FREE | {"account_number": "77001", "account_type": "Multi-Line"}))
        lines = judged(home, rows[0], rows[1] | {"authorized_name": ""}, settings=RELEASE)
        assert [(line["state"], line["values"]["partial"]) for line in lines][0] == ("ready", "Y")

    def test_a_rejected_row_counts_to_its_order_all_the_same(self, home: Home) -> None:
        alone, *_ = judged(home, ROWS[0] | {"destination": ""}, settings=RELEASE)
        assert said(alone) == ("rejected", ["destination-missing", "order-new-btn"])

    def test_a_rejected_primary_number_is_among_the_numbers_of_its_order(self, home: Home) -> None:
        lines = judged(home, ROWS[0] | {"destination": "", "partial": "N"}, ROWS[1] | {"partial": "N"}, settings=RELEASE)
        assert [said(line)[1] for line in lines] == [["destination-missing"], []]
        assert (lines[1]["state"], lines[1]["values"]["partial"]) == ("ready", "Y")


class TestSeverities:
    """What a customer calls an error is one, and what it does not is none, of orders too."""

    @pytest.mark.parametrize(("code", "changes", "states"), [
        ("partial-assumed", {}, ["rejected", "rejected", "rejected"]),
        ("name-spelling", {"name": "HARBOR BAKERY, LLC"}, ["held", "held", "rejected"]),
        ("order-btn-not-listed", {"btn": "617-236-2299", "partial": "N"}, ["rejected", "rejected", "rejected"]),
        ("order-held", {"destination": ""}, ["rejected", "rejected", "rejected"]),
        ("order-rows-disagree", {"name": "Other Co"}, ["held", "held", "rejected"]),
    ])  # fmt: skip
    def test_what_is_raised_to_an_error_rejects_its_rows(self, home: Home, code: str, changes: dict[str, str], states: list[str]) -> None:
        every = {name: text for name, text in changes.items() if name in {"btn", "partial"}}
        lines = judged(home, *(row | every for row in ROWS[:2]), ROWS[2] | changes, settings=f"    severities: {{{code}: error}}\n")
        assert [line["state"] for line in lines] == states
        for line in lines:
            errors = [found["code"] for found in line["findings"] if found["severity"] == "error"]
            assert bool(errors) == (line["state"] == "rejected")

    def test_an_order_without_a_route_can_be_an_error(self, home: Home) -> None:
        home.set("  - {partner: sample}", "  - {partner: sample, country: CA}")
        (line,) = judged(home, LOCAL, settings="    severities: {carrier-no-route: error}\n")
        assert (line["state"], line["order"]) == ("rejected", None)
        assert [found["code"] for found in line["findings"] if found["severity"] == "error"] == ["carrier-no-route"]
        home.run()
        assert home.states() == {"sheet.csv:2": "rejected"}
        home.set("  - {partner: sample, country: CA}", "  - {partner: sample}")
        home.take(LOCAL, name="again.csv", at=NEXT)
        assert home.states() == {"sheet.csv:2": "superseded", "again.csv:2": "submitted"}

    @pytest.mark.parametrize(("code", "field", "text"), [("authorized-missing", "authorized_name", ""), ("address-po-box", "street_name", "PO Box 12")])
    def test_what_is_lowered_is_compared_as_any_other_field(self, home: Home, code: str, field: str, text: str) -> None:
        lines = judged(home, ROWS[0], ROWS[1] | {field: text}, ROWS[2], settings=f"    severities: {{{code}: warning}}\n")
        assert [line["state"] for line in lines] == ["held", "rejected", "held"]
        assert [found["field"] for found in lines[1]["findings"] if found["code"] == "order-rows-disagree"] == [field]

    @pytest.mark.parametrize(("code", "changes"), [
        ("btn-missing", {"btn": ""}), ("btn-invalid", {"btn": "617-555-0100"}), ("btn-invalid", {"btn": "617-236-22"}), ("carrier-missing", {"losing_carrier": ""}),
        ("number-type-missing", {"number_type": ""}), ("address-country", {"country": "MX"}), ("account-invalid", {"account_number": "12/34"}),
    ])  # fmt: skip
    def test_a_row_that_is_not_rejected_goes_in_an_order(self, home: Home, code: str, changes: dict[str, str]) -> None:
        lines = judged(home, *(row | changes | {"partial": "Y"} for row in STAYING), settings=f"    severities: {{{code}: warning}}\n")
        assert [line["state"] for line in lines] == ["ready", "ready", "ready"]
        assert len({line["order"] for line in lines} - {None}) == 1


def test_a_rejected_row_without_a_key_counts_to_the_orders_of_its_resporg(home: Home) -> None:
    fine = TOLL_FREE | {"tn": "844-915-5842", "account_number": "000140", "resporg_id": "QZ9X1", "losing_carrier": "Comcast"}
    wrong = fine | {"tn": "888-816-2419", "number_type": "Fax", "losing_carrier": "MCI", "destination": "trunk-2"}
    lines = judged(home, fine, wrong)
    assert [line["state"] for line in lines] == ["held", "rejected"]


@pytest.mark.parametrize("number", ["500-234-5939", "900-234-6202", "312-976-0142"])
def test_a_number_that_does_not_move_cannot_become_a_primary_number(home: Home, number: str) -> None:
    lines = judged(home, *(row | {"partial": "Y", "new_btn": number} for row in ROWS))
    assert {code for line in lines for code in said(line)[1]} == {"new-btn-invalid"}
