"""The same number again, from the same customer and from another (contract, section 8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, Home, account, both_parts

TN = "617-234-0142"
PLAIN = "6172340142"
#: The same request in other words: after normalising it is equal.
REWORDED = LOCAL | {"tn": "(617) 234 0142", "account_number": "8014-4217", "account_type": "single line", "customer_ref": "R-2"}
OTHER = LOCAL | {"pin": "9090"}


def newest(home: Home) -> dict[str, Any]:
    """What `status` says of the newest row."""
    return home.rows(TN)[-1]


@pytest.mark.parametrize("answer", [None, ("ACK",), ("DELAY",), ("FOC", "", "", "2026-03-09"), ("REJECT", "8A"), ("COMPLETE",)])
def test_the_same_data_as_a_row_under_way_is_a_duplicate(home: Home, answer: tuple[str, ...] | None) -> None:
    home.take(LOCAL)
    if answer:
        home.answer(("", "", PLAIN, *answer))
    before = home.state(TN)
    done = home.take(REWORDED, name="again.csv", at=THIRD)
    assert done.exit == 0
    assert [(row["file"], row["state"], row["findings"]) for row in home.rows(TN)] == [("sheet.csv", before, []), ("again.csv", "duplicate", ["tn-repeated"])]
    assert done.last["submissions"] == 0
    assert newest(home)["pon"] is None


def test_the_same_data_as_a_held_row_is_a_duplicate(home: Home) -> None:
    rows = account(2)
    home.take(rows[0], rows[1] | {"name": ""})
    home.take(rows[0], name="again.csv", at=NEXT)
    assert [row["state"] for row in home.rows(rows[0]["tn"])] == ["held", "duplicate"]


def test_the_same_data_as_a_ready_row_is_a_duplicate(home: Home) -> None:
    home.drop(LOCAL)
    home("intake")
    home.drop(REWORDED, name="again.csv")
    home("intake")
    assert [row["state"] for row in home.rows(TN)] == ["ready", "duplicate"]


def test_the_same_data_as_a_rejected_row_is_checked_afresh(home: Home) -> None:
    wrong = LOCAL | {"name": ""}
    home.take(wrong)
    done = home.take(wrong | {"customer_ref": "again"}, name="again.csv", at=NEXT)
    assert done.exit == 1
    assert [row["state"] for row in home.rows(TN)] == ["superseded", "rejected"]


def test_other_data_replaces_a_rejected_row(home: Home) -> None:
    home.take(LOCAL | {"name": ""})
    done = home.take(LOCAL, name="again.csv", at=NEXT)
    assert done.exit == 0
    assert [row["state"] for row in home.rows(TN)] == ["superseded", "submitted"]


def test_other_data_replaces_a_ready_row_in_its_order(home: Home) -> None:
    home.drop(LOCAL)
    home("intake")
    pon = home.pon(TN)
    home.drop(OTHER, name="again.csv")
    home("intake")
    assert [(row["state"], row["pon"]) for row in home.rows(TN)] == [("superseded", None), ("ready", pon)]
    home.run(NEXT)
    assert [(line["TN"], line["PIN"]) for line in home.sent()] == [(PLAIN, "9090")]


def test_other_data_with_another_key_replaces_a_ready_row_and_leaves_no_order_behind(home: Home) -> None:
    home.drop(LOCAL)
    home("intake")
    home.drop(LOCAL | {"account_number": "99001"}, name="again.csv")
    home("intake")
    home.run(NEXT)
    assert [row["state"] for row in home.rows(TN)] == ["superseded", "submitted"]
    assert [line["ACCOUNT_NUMBER"] for line in home.sent()] == ["99001"]
    assert [order["lines"] for order in home.json("orders")] == [1]


def test_other_data_replaces_a_held_row(home: Home) -> None:
    rows = account(3)
    home.take(rows[0], rows[1], rows[2] | {"name": ""})
    home.take(rows[1] | {"destination": "line-9"}, name="again.csv", at=NEXT)
    assert [row["state"] for row in home.rows(rows[1]["tn"])] == ["superseded", "held"]
    assert home.state(rows[0]["tn"]) == "held"


@pytest.mark.parametrize("answer", [None, ("ACK",), ("DELAY",), ("FOC", "", "", "2026-03-09")])
def test_other_data_for_a_row_in_flight_is_refused(home: Home, answer: tuple[str, ...] | None) -> None:
    home.take(LOCAL)
    if answer:
        home.answer(("", "", PLAIN, *answer))
    before = home.state(TN)
    done = home.take(OTHER, name="again.csv", at=THIRD)
    assert done.exit == 1
    assert [(row["state"], row["findings"]) for row in home.rows(TN)] == [(before, []), ("rejected", ["tn-in-open-order"])]
    assert done.last["submissions"] == 0


def test_other_data_for_a_completed_row_is_a_warning_and_goes(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "COMPLETE"))
    done = home.take(OTHER, name="again.csv", at=THIRD)
    assert done.exit == 0
    assert [(row["state"], row["findings"]) for row in home.rows(TN)] == [("completed", []), ("submitted", ["tn-already-ported"])]


@pytest.mark.parametrize("row", [REWORDED, OTHER])
def test_after_a_cancellation_it_is_a_new_request(home: Home, row: dict[str, str]) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "CANCEL"))
    assert home.take(row, name="again.csv", at=THIRD).exit == 0
    assert [(line["state"], line["findings"]) for line in home.rows(TN)] == [("cancelled", []), ("submitted", [])]


@pytest.mark.parametrize("row", [REWORDED, OTHER])
def test_another_customers_open_row_is_not_spoken_of(home: Home, row: dict[str, str]) -> None:
    home.take(LOCAL)
    done = home.take(row, customer="harbor", name="theirs.csv", at=NEXT)
    assert done.exit == 1
    assert [(line["customer"], line["state"], line["findings"]) for line in home.rows(TN)][1:] == [("harbor", "rejected", ["tn-in-open-order"])]
    mail = next(mail for mail in home.mails("received") if mail["To"] == "ports@harbor.example")
    said = both_parts(mail).casefold() + home("check", home.drop(OTHER, customer="harbor", name="x.csv"), "--customer", "harbor", "--format", "json").out.casefold()
    for word in ("acme", "sheet.csv", home.pon(TN).casefold()):
        assert word not in said.replace("in open order", "")


def test_another_customers_rejected_row_is_in_nobodys_way(home: Home) -> None:
    home.take(LOCAL | {"name": ""})
    assert home.take(LOCAL, customer="harbor", at=NEXT).exit == 0
    assert [row["state"] for row in home.rows(TN)] == ["rejected", "submitted"]


@pytest.mark.parametrize("answer", ["CANCEL", "COMPLETE"])
def test_another_customers_ended_row_is_in_nobodys_way(home: Home, answer: str) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, answer))
    assert home.take(LOCAL, customer="harbor", at=THIRD).exit == 0
    assert home.state(TN) == "submitted"


class TestWithinAFile:
    """The same number more than once in one file."""

    def test_the_first_of_the_same_data_counts(self, home: Home) -> None:
        done = home.take(LOCAL, REWORDED, LOCAL)
        assert done.exit == 0
        assert list(home.states().values()) == ["submitted", "duplicate", "duplicate"]
        assert len(home.sent()) == 1

    def test_other_data_is_a_conflict_on_all_of_them(self, home: Home) -> None:
        assert home.take(LOCAL, OTHER, LOCAL).exit == 1
        assert {row["state"] for row in home.rows(TN)} == {"rejected"}
        assert all("tn-conflict" in row["findings"] for row in home.rows(TN))
        assert home.sent() == []

    def test_one_row_after_a_conflict_clears_it(self, home: Home) -> None:
        home.take(LOCAL, OTHER)
        assert home.take(LOCAL, name="again.csv", at=NEXT).exit == 0
        assert [row["state"] for row in home.rows(TN)] == ["superseded", "superseded", "submitted"]


def test_the_three_files_of_one_night_are_taken_by_arrival(home: Home) -> None:
    import os
    import time

    for age, (name, row) in enumerate((("c.csv", LOCAL), ("b.csv", REWORDED), ("a.csv", OTHER))):
        path = home.drop(row, name=name)
        when = time.time() - 100 + age * 10
        os.utime(path, (when, when))
    home("intake")
    assert [(row["file"], row["state"]) for row in home.rows(TN)] == [("c.csv", "superseded"), ("b.csv", "duplicate"), ("a.csv", "ready")]
