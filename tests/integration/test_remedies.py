"""What is to be done about what partners reject, by the class of the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, Home, account, numbers, text_of

PLAIN = "6172340142"
ROWS = account(4)
NUMBERS = [row["tn"] for row in ROWS]
FOURTH = "2026-03-05T20:00:00-05:00"


def remedies(home: Home, at: str = NEXT) -> list[dict[str, Any]]:
    (order,) = home.json("orders", at=at)
    found: list[dict[str, Any]] = order["remedies"]
    return found


def rejected(home: Home, *code: str) -> dict[str, Any]:
    """What is to be done when a single number is rejected with a code."""
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "REJECT", *code))
    (remedy,) = remedies(home)
    assert remedy["numbers"] == [PLAIN]
    return remedy


def test_wrong_data_are_for_the_customer_to_correct(home: Home) -> None:
    remedy = rejected(home, "8A;8D")
    assert (remedy["class"], remedy["who"], remedy["command"]) == ("DATA", "customer", None)
    assert "Correct Billing Account Number and ZIP" in remedy["what"]


def test_another_date_is_asked_for_with_the_earliest_that_can_be_met(home: Home) -> None:
    remedy = rejected(home, "1N")
    assert (remedy["class"], remedy["who"]) == ("DATE", "operator")
    assert remedy["command"] == f"batchport redate {home.pon(PLAIN)} 2026-03-05 --why TEXT"
    assert home("redate", home.pon(PLAIN), "2026-03-05", "--why", "as proposed", at=NEXT).exit == 0
    home.run(NEXT)
    assert (home.sent()[-1]["VER"], home.sent()[-1]["REQUESTED_DATE"]) == ("02", "2026-03-05")


def test_what_the_customer_settles_with_the_old_carrier_goes_once_more_as_it_is(home: Home) -> None:
    code = next(code for code, reason in codes().items() if reason == "ACCOUNT")
    remedy = rejected(home, code)
    assert (remedy["class"], remedy["who"], remedy["command"]) == ("ACCOUNT", "customer", f"batchport resubmit {home.pon(PLAIN)} --why TEXT")
    assert home("resubmit", home.pon(PLAIN), "--why", "settled", at=NEXT).exit == 0


def test_what_nobody_knows_is_for_the_operator_to_ask(home: Home) -> None:
    remedy = rejected(home, "ZZ99", "Moon in the wrong quarter")
    assert (remedy["class"], remedy["who"], remedy["command"]) == ("OPS", "operator", None)
    assert "Ask sample what it means: Moon in the wrong quarter." in remedy["what"]


def test_a_rejection_without_a_reason_is_asked_about(home: Home) -> None:
    assert "gave no reason" in rejected(home, "")["what"]


def test_for_what_only_takes_time_nobody_has_to_do_anything(home: Home) -> None:
    code = next(code for code, reason in codes().items() if reason == "WAIT")
    remedy = rejected(home, code)
    assert (remedy["class"], remedy["who"], remedy["command"]) == ("WAIT", "nobody", None)


def codes() -> dict[str, str]:
    from batchport.carriers.codes import load_codes
    from batchport.carriers.profile import load_profile

    return {reason.code: reason.class_ for reason in load_codes(load_profile("generic-csv")).reasons.values()}


class TestWhatCannotBePorted:
    """The row ends, and the rest may go on."""

    def test_the_rest_goes_on_without_it(self, home: Home) -> None:
        home.take(*ROWS)
        pon = home.pon(NUMBERS[0])
        home.answer((pon, "", NUMBERS[3], "REJECT", "6K"), *((pon, "", number, "REJECT", "7A") for number in NUMBERS[:3]))
        (remedy,) = remedies(home)
        assert (remedy["class"], remedy["numbers"]) == ("NOPORT", [NUMBERS[3]])
        assert "The other 3 of the order may go on without it." in remedy["what"]
        done = home("resubmit", pon, "--why", "as proposed", at=NEXT)
        assert "1 number that cannot be ported stays behind" in done.out
        home.run(THIRD)
        assert [line["TN"] for line in home.sent() if line["VER"] == "02"] == NUMBERS[:3]
        assert list(home.states().values()) == ["submitted"] * 3 + ["cancelled"]

    def test_where_numbers_cannot_be_taken_out_the_rest_goes_on_in_a_new_order(self, home: Home) -> None:
        home.set("profile: generic-csv", "profile: generic-csv\n    edit_numbers: false")
        home.take(*ROWS)
        pon = home.pon(NUMBERS[0])
        home.answer((pon, "", NUMBERS[3], "REJECT", "6K"))
        home("resubmit", pon, "--why", "as proposed", at=NEXT)
        home.run(THIRD)
        assert {line["SUP"] for line in home.sent() if line["VER"] == "02"} == {"1"}
        home.answer((pon, "02", "", "CANCEL"), name="b.csv", at=FOURTH)
        home.run(FOURTH)
        assert list(home.states().values()) == ["submitted"] * 3 + ["cancelled"]
        assert home.pon(NUMBERS[0]) != pon

    def test_an_order_of_nothing_else_has_come_to_its_end(self, home: Home) -> None:
        remedy = rejected(home, "6K")
        assert "The order has come to its end." in remedy["what"]
        assert home("resubmit", home.pon(PLAIN), "--why", "once more", at=NEXT).exit == 2


class TestSplitting:
    """What a carrier will not take as one order."""

    def proposed(self, home: Home, rows: list[dict[str, str]], *lines: tuple[str, ...]) -> dict[str, Any]:
        home.take(*rows)
        pon = home.pon(rows[0]["tn"])
        home.answer(*((pon, "", *line) for line in lines))
        (remedy,) = remedies(home)
        assert (remedy["class"], remedy["who"]) == ("SPLIT", "operator")
        split: dict[str, Any] = remedy["split"]
        if split:
            assert sorted(tn for part in split["parts"] for tn in part) == sorted(row["tn"].replace("-", "") for row in rows)
            assert rows[0]["btn"].replace("-", "") in split["parts"][0]
        return split

    def test_by_the_numbers_that_the_carrier_named(self, home: Home) -> None:
        home.set("profile: generic-csv", "profile: generic-csv\n    codes: [lumen, generic-csv]")
        split = self.proposed(home, ROWS, (NUMBERS[2], "REJECT", "01163"))
        assert split == {"by": "the numbers that the carrier named", "parts": [[NUMBERS[0], NUMBERS[1], NUMBERS[3]], [NUMBERS[2]]]}

    def test_by_exchange(self, home: Home) -> None:
        rows = [*ROWS[:3], ROWS[3] | {"tn": "617-734-2203"}]
        split = self.proposed(home, rows, ("", "REJECT", "6R"))
        assert (split["by"], list(map(len, split["parts"]))) == ("exchange", [3, 1])

    def test_by_gaps_between_the_numbers(self, home: Home) -> None:
        rows = [*ROWS[:3], ROWS[3] | {"tn": "617-236-8800"}]
        split = self.proposed(home, rows, ("", "REJECT", "E9999"))
        assert (split["by"], split["parts"][1]) == ("gaps between the numbers", ["6172368800"])

    def test_by_how_many_are_taken_at_once(self, home: Home) -> None:
        split = self.proposed(home, numbers("617-236-2200", 100, **ROWS[0]), ("", "REJECT", "7517"))
        assert list(map(len, split["parts"])) == [49, 49, 2]

    def test_where_nothing_tells_them_apart_the_partner_is_asked(self, home: Home) -> None:
        assert self.proposed(home, ROWS, ("", "REJECT", "6R")) is None
        assert "ask sample how to split it" in remedies(home)[0]["what"]

    def test_an_innocent_number_asks_for_no_split(self, home: Home) -> None:
        home.take(*ROWS)
        pon = home.pon(NUMBERS[0])
        home.answer((pon, "", NUMBERS[0], "REJECT", "8C"), *((pon, "", number, "REJECT", "7A") for number in NUMBERS[1:]))
        assert [(remedy["class"], remedy["numbers"]) for remedy in remedies(home)] == [("DATA", [NUMBERS[0]])]


def test_the_operator_is_told_what_to_do_in_the_mail_of_the_night(home: Home) -> None:
    home.take(LOCAL, *ROWS)
    home.answer(("", "", PLAIN, "REJECT", "1N"), (home.pon(NUMBERS[0]), "", "", "REJECT", "8C"))
    told = " ".join(next(text_of(mail) for mail in home.mails("night") if "For you to do" in text_of(mail)).split())
    assert f"`batchport redate {home.pon(PLAIN)} 2026-03-05 --why TEXT`" in told
    assert home.pon(NUMBERS[0]) not in told


def test_each_reason_brings_its_words_and_what_the_partner_said(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "REJECT", "8D", "ZIP DOES NOT MATCH CSR"))
    (reason,) = home.rows(PLAIN)[0]["reasons"]
    assert reason["said"] == "ZIP DOES NOT MATCH CSR"
    assert reason["remedy"]


@pytest.mark.parametrize("at", [NEXT, THIRD])
def test_what_is_under_way_again_asks_for_nothing(home: Home, at: str) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "REJECT", "8A"), ("", "", PLAIN, "FOC", "", "", "2026-03-12"))
    assert remedies(home, at) == []
