"""What falls due: answers that partners owe, dates that pass, orders that partners cancel by themselves."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.conftest import EVENING, LOCAL, MULTI, NEXT, TOLL_FREE, Home, account, text_of

TN, PLAIN = "617-234-0142", "6172340142"
#: Sent on Monday evening, after the cut-off: counted from Tuesday, so three business days end with Friday the 6th.
FRIDAY, SATURDAY, MONDAY = (f"2026-03-{day:02d}T20:00:00-05:00" for day in (6, 7, 9))


def overdue(home: Home, at: str) -> list[str]:
    done = home("status", "--overdue", "--format", "json", at=at)
    assert done.exit == bool(done.lines)
    assert all(line["overdue"] for line in done.lines)
    return [line["tn"] for line in done.lines]


def test_an_order_not_heard_of_in_time_is_overdue_once_the_last_day_is_over(home: Home) -> None:
    home.take(LOCAL)
    assert (overdue(home, EVENING), overdue(home, FRIDAY), overdue(home, SATURDAY)) == ([], [], [PLAIN])
    assert [(line["due"], line["due_what"], line["overdue"]) for line in home.json("status", at=SATURDAY)] == [("2026-03-06", "answer", True)]
    assert [(line["due"], line["overdue"]) for line in home.json("orders", at=FRIDAY)] == [("2026-03-06", False)]


def test_what_was_sent_before_the_cut_off_is_due_a_day_earlier(home: Home) -> None:
    home.take(LOCAL, at="2026-03-02T12:00:00-05:00")
    assert (overdue(home, "2026-03-05T20:00:00-05:00"), overdue(home, FRIDAY)) == ([], [PLAIN])


def test_the_partners_own_days_and_its_own_patience_count(home: Home) -> None:
    home.set("profile: generic-csv", "profile: generic-csv\n    overdue: 1\n    holidays: [2026-03-04]")
    home.take(LOCAL)
    assert (overdue(home, "2026-03-05T20:00:00-05:00"), overdue(home, FRIDAY)) == ([], [PLAIN])


@pytest.mark.parametrize(("lines", "late"), [
    ([("ACK",)], []), ([("ACK",), ("ACK", "", "still there")], []), ([("REJECT", "8A")], []), ([("COMPLETE",)], []), ([("FOC", "", "", "2026-03-09")], []),
])  # fmt: skip
def test_an_order_that_was_heard_of_is_in_time(home: Home, lines: list[tuple[str, ...]], late: list[str]) -> None:
    home.take(LOCAL)
    for number, line in enumerate(lines):
        home.answer(("", "", PLAIN, *line), name=f"{number}.csv", at="2026-03-05T20:00:00-05:00")
    assert overdue(home, SATURDAY) == late


def test_after_an_acknowledgement_the_time_begins_again(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "ACK"), at=FRIDAY)
    assert (overdue(home, "2026-03-12T20:00:00-04:00"), overdue(home, "2026-03-13T20:00:00-04:00")) == ([], [PLAIN])


def test_a_line_that_changes_nothing_is_a_word_too(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "DELAY", "1B"), at=NEXT)
    home.answer(("", "", PLAIN, "DELAY", "1B", "we are still looking"), name="b.csv", at="2026-03-10T20:00:00-04:00")
    assert home.state(TN) == "delayed"
    assert (overdue(home, "2026-03-12T20:00:00-04:00"), overdue(home, "2026-03-17T20:00:00-04:00")) == ([], [PLAIN])


def test_one_number_of_an_order_may_be_forgotten(home: Home) -> None:
    rows = account(3)
    home.take(*rows)
    home.answer(*((home.pon(rows[0]["tn"]), "", row["tn"], "FOC", "", "", "2026-03-20") for row in rows[:2]))
    assert overdue(home, MONDAY) == [rows[2]["tn"].replace("-", "")]
    assert [line["overdue"] for line in home.json("orders", at=MONDAY)] == [True]


def test_a_confirmed_date_that_passes_without_a_completion_is_overdue(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"))
    assert [(line["due"], line["due_what"]) for line in home.json("status", at=MONDAY)] == [("2026-03-09", "completion")]
    assert (overdue(home, MONDAY), overdue(home, "2026-03-10T09:00:00-04:00")) == ([], [PLAIN])
    home.answer(("", "", PLAIN, "COMPLETE"), name="b.csv", at="2026-03-10T20:00:00-04:00")
    assert overdue(home, "2026-03-11T09:00:00-04:00") == []


def test_a_cancellation_that_nobody_answers_is_overdue(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-20"))
    home("cancel", home.pon(TN), "--why", "the customer stays", at=NEXT)
    home.run("2026-03-03T21:00:00-05:00")
    assert home.state(TN) == "cancel_pending"
    assert (overdue(home, MONDAY), overdue(home, "2026-03-10T20:00:00-04:00")) == ([], [PLAIN])


def test_what_falls_due_is_listed_soonest_first(home: Home) -> None:
    rows = account(2)
    home.take(LOCAL, *rows, TOLL_FREE)
    home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-05"), (home.pon(rows[0]["tn"]), "", "", "FOC", "", "", "2026-03-20"))
    due = [(line["due"], line["due_what"]) for line in home.json("orders", "--due", at=NEXT)]
    assert due == [("2026-03-05", "completion"), ("2026-03-06", "answer"), ("2026-03-20", "completion")]
    table = home("orders", "--due", at=FRIDAY).out
    assert "completion 2026-03-05, overdue" in table
    assert table.index("2026-03-05") < table.index("2026-03-20")


def last_night(home: Home) -> EmailMessage:
    return max(home.mails("night"), key=lambda mail: parsedate_to_datetime(str(mail["Date"])))


def night(home: Home) -> str:
    return text_of(last_night(home))


class TestTheOperatorIsTold:
    """Once for each deadline, in the mail of the night."""

    def test_of_an_overdue_order_once(self, home: Home) -> None:
        home.take(LOCAL)
        first = home.run(SATURDAY)
        assert (first.exit, first.last["changed"]) == (0, True)
        assert f"sample has not been heard of about 1 number of order {home.pon(TN)} since it was due on 2026-03-06" in " ".join(night(home).split())
        assert "1 overdue" in str(last_night(home)["Subject"])
        again = home.run(MONDAY)
        assert (again.exit, again.last["changed"]) == (0, False)

    def test_of_a_confirmed_date_that_has_passed(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"))
        home.run("2026-03-10T20:00:00-04:00")
        assert "should have moved on 2026-03-09" in " ".join(night(home).split())

    @pytest.mark.parametrize(("lapses", "answer", "told", "day"), [
        ("{rejected: 14}", ("REJECT", "8A"), "2026-03-14", "2026-03-17"), ("{unconfirmed: 10, warn: 1}", ("DELAY", "1B"), "2026-03-11", "2026-03-12"),
    ])  # fmt: skip
    def test_before_a_partner_cancels_by_itself(self, home: Home, lapses: str, answer: tuple[str, ...], told: str, day: str) -> None:
        home.set("profile: generic-csv", f"profile: generic-csv\n    overdue: 60\n    lapses: {lapses}")
        home.take(LOCAL)
        home.answer(("", "", PLAIN, *answer))
        before = int(told[-2:]) - 1
        assert home.run(f"2026-03-{before:02d}T20:00:00-04:00").last["changed"] is False
        assert home.run(f"{told}T20:00:00-04:00").last["changed"] is True
        assert f"sample cancels order {home.pon(TN)} by itself on {day}" in " ".join(night(home).split())
        assert home("status", "--overdue", at=f"{told}T20:00:00-04:00").exit == 0

    def test_of_no_more_orders_than_can_be_read(self, home: Home) -> None:
        home.take(*({**MULTI, "tn": f"617-236-{3000 + n}", "btn": f"617-236-{3000 + n}", "account_number": f"C{n:04d}", "account_type": "Single-Line"} for n in range(25)))
        home.run(SATURDAY)
        assert night(home).count("has not been heard of") == 20
        assert "and 5 more: `batchport orders --due`" in night(home)


def test_an_unknown_setting_of_lapses_is_refused(home: Home) -> None:
    home.set("profile: generic-csv", "profile: generic-csv\n    lapses: {drafts: 30}")
    done = home("status")
    assert done.exit == 2
    assert "drafts" in done.err


def all_due(home: Home, at: str) -> dict[str, Any]:
    return {line["tn"]: line["due"] for line in home.json("status", at=at)}


def test_nothing_falls_due_of_what_was_not_sent_or_has_ended(home: Home) -> None:
    home.take(LOCAL, TOLL_FREE | {"name": ""})
    home.answer(("", "", PLAIN, "COMPLETE"))
    assert set(all_due(home, MONDAY).values()) == {None}


class TestTheCustomerIsTold:
    """What the carrier is late with, once, and that there is nothing to do."""

    def mails(self, home: Home) -> dict[str, str]:
        return {str(mail["To"]): f"{mail['Subject']} {' '.join(text_of(mail).split())}" for mail in home.mails("overdue")}

    def test_of_numbers_that_nothing_was_heard_of(self, home: Home) -> None:
        home.take(LOCAL)
        home.run(SATURDAY)
        told = self.mails(home)["telecom@acme.example"]
        assert told.startswith("no answer about 1 number - sheet.csv")
        assert "617-234-0142 an answer was due on Fri Mar 6, 2026" in told
        assert "there is nothing for you to do" in told
        home.run(MONDAY)
        assert len(home.mails("overdue")) == 1

    def test_of_numbers_that_should_have_moved(self, home: Home) -> None:
        home.take(LOCAL, *account(2))
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"), (home.pon("617-236-2200"), "", "", "FOC", "", "", "2026-03-30"))
        home.run("2026-03-10T20:00:00-04:00")
        told = self.mails(home)["telecom@acme.example"]
        assert told.startswith("1 number should have moved - sheet.csv")
        assert "617-234-0142 confirmed for Mon Mar 9, 2026" in told
        assert "617-236-2200" not in told

    def test_a_contact_of_its_own_numbers_alone(self, home: Home) -> None:
        home.take(LOCAL | {"contact_email": "ana@acme.example"}, *account(2))
        home.run(SATURDAY)
        told = self.mails(home)
        assert set(told) == {"telecom@acme.example", "ana@acme.example"}
        assert "617-236-2200" in told["telecom@acme.example"]
        assert "617-236-2200" not in told["ana@acme.example"]

    def test_not_of_what_a_partner_is_about_to_cancel(self, home: Home) -> None:
        home.set("profile: generic-csv", "profile: generic-csv\n    overdue: 60\n    lapses: {rejected: 4}")
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "REJECT", "8A"))
        assert home.run(FRIDAY).last["changed"] is True
        assert home.mails("overdue") == []

    def test_of_more_numbers_than_can_be_read_the_first_twenty(self, home: Home) -> None:
        home.take(*account(30))
        home.run(SATURDAY)
        told = self.mails(home)["telecom@acme.example"]
        assert told.count("an answer was due on") == 20
        assert "10 more numbers" in told
