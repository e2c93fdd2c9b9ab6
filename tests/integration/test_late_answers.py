"""Answers that come late, or before anything is known that they could speak of."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, Home, account, response, settled, text_of

TN, PLAIN = "617-234-0142", "6172340142"
ROWS = account(3)
FIRST, SECOND, LAST = (row["tn"] for row in ROWS)


def at(hour: int) -> str:
    return f"2026-03-03T{hour:02d}:00:00Z"


def line(status: str, hour: int, code: str = "", day: str = "", *, tn: str = PLAIN, pon: str = "", ver: str = "") -> tuple[str, ...]:
    return (pon, ver, tn, status, code, "", day, at(hour))


class TestLate:
    """A line that was said before others, and comes after them."""

    def told(self, home: Home, *lines: tuple[str, ...]) -> str:
        """The state after each of some lines has come in a file of its own."""
        home.take(LOCAL)
        pon = home.pon(TN)
        for number, (_, *said) in enumerate(lines):
            done = home.answer((pon, *said), name=f"{number}.csv", at=f"2026-03-04T{number:02d}:00:00Z")
            assert done.last["balanced"] is True
        return home.state(TN)

    def reasons(self, home: Home) -> list[tuple[str, str]]:
        return [(one["status"], one["reason"]) for one in home.exceptions()]

    def test_an_older_rejection_does_not_overtake_a_newer_confirmation(self, home: Home) -> None:
        assert self.told(home, line("FOC", 12, day="2026-03-09"), line("REJECT", 9, "8A")) == "confirmed"
        assert self.reasons(home) == []
        assert home.rows(TN)[0]["foc_date"] == "2026-03-09"

    def test_an_older_date_does_not_replace_a_newer_one(self, home: Home) -> None:
        self.told(home, line("FOC", 12, day="2026-03-12"), line("FOC", 9, day="2026-03-09"))
        assert home.rows(TN)[0]["foc_date"] == "2026-03-12"
        assert self.reasons(home) == []

    def test_what_could_not_have_followed_an_older_line_becomes_an_exception_line(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(line("DELAY", 12, "1B"))
        done = home.answer(line("REJECT", 9, "8A"), name="late.csv", at=THIRD)
        assert (done.exit, done.last["exceptions"], home.state(TN)) == (1, 1, "carrier_rejected")
        assert self.reasons(home) == [("DELAY", "move-forbidden")]
        assert [reason["code"] for reason in home.rows(TN)[0]["reasons"]] == ["8A"]
        (kept,) = home.exceptions()
        assert (kept["file"], kept["line"], kept["pon"], kept["tn"]) == ("answer.csv", 2, home.pon(TN), PLAIN)

    def test_an_exception_line_counts_once_a_line_comes_that_makes_room_for_it(self, home: Home) -> None:
        assert self.told(home, line("REJECT", 9, "8A"), line("DELAY", 14, "1B")) == "carrier_rejected"
        assert self.reasons(home) == [("DELAY", "move-forbidden")]
        done = home.answer(line("FOC", 12, day="2026-03-09", pon=home.pon(TN)), name="between.csv", at="2026-03-05T20:00:00Z")
        assert (home.state(TN), home.exceptions()) == ("delayed", [])
        assert done.last["balanced"] is True
        acts = [step["what"] for step in home.json("trace", TN) if step["step"] == "act"]
        assert acts == ["exception line 1 resolved by batchport: it has found its place"]

    def test_and_may_fall_again(self, home: Home) -> None:
        self.told(home, line("REJECT", 9, "8A"), line("DELAY", 14, "1B"), line("FOC", 12, day="2026-03-09"))
        home.answer(line("REJECT", 13, "8D", pon=home.pon(TN)), name="again.csv", at="2026-03-05T20:00:00Z")
        assert home.state(TN) == "carrier_rejected"
        assert self.reasons(home) == [("DELAY", "move-forbidden")]

    def test_only_the_numbers_of_that_order_are_looked_at_again(self, home: Home) -> None:
        home.take(LOCAL, *ROWS)
        pon = home.pon(FIRST)
        home.answer(line("FOC", 12, day="2026-03-09"), *(line("DELAY", 12, "1B", tn=tn, pon=pon) for tn in (FIRST, SECOND)))
        home.answer(line("REJECT", 9, "8A", tn=FIRST, pon=pon), name="late.csv", at=THIRD)
        assert list(home.states().values()) == ["confirmed", "carrier_rejected", "delayed", "submitted"]

    def test_a_whole_order_line_that_counts_for_one_row_still_counts(self, home: Home) -> None:
        home.take(*ROWS)
        pon = home.pon(FIRST)
        home.answer(line("DELAY", 12, "1B", tn="", pon=pon))
        home.answer(line("REJECT", 9, "8A", tn=FIRST, pon=pon), name="late.csv", at=THIRD)
        assert list(home.states().values()) == ["carrier_rejected", "delayed", "delayed"]
        assert home.exceptions() == []

    def test_lines_without_a_time_stay_where_they_came(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(line("FOC", 12, day="2026-03-09"))
        home.answer((home.pon(TN), "", PLAIN, "DELAY", "1B"), name="b.csv", at=THIRD)
        home.answer(line("REJECT", 9, "8A", pon=home.pon(TN)), name="c.csv", at="2026-03-05T20:00:00Z")
        assert home.state(TN) == "carrier_rejected"

    def test_the_count_and_the_trace_agree_after_all(self, home: Home) -> None:
        self.told(home, line("DELAY", 12, "1B"), line("REJECT", 9, "8A"), line("COMPLETE", 15), line("ACK", 8))
        assert home.state(TN) == "completed"
        steps = home.json("trace", TN)
        assert [step["file"] for step in steps if step["step"] == "answer"] == ["1.csv, line 2", "2.csv, line 2", "3.csv, line 2"]
        assert [step["file"] for step in steps if step["step"] == "exception"] == ["0.csv, line 2"]
        assert home("balance").exit == 0

    def test_a_version_that_was_turned_down_is_given_back_whatever_comes_first(self, home: Home) -> None:
        home.take(LOCAL)
        pon = home.pon(TN)
        home.answer(line("FOC", 8, day="2026-03-20"))
        home("redate", pon, "2026-03-18", "--why", "sooner", at=NEXT)
        home.run("2026-03-03T21:00:00-05:00")
        assert home.state(TN) == "submitted"
        home.answer(("", "02", PLAIN, "REJECT", "1N", "", "", "2026-03-04T14:00:00Z"), name="b.csv", at="2026-03-04T20:00:00Z")
        assert (home.state(TN), home.rows(TN)[0]["foc_date"]) == ("confirmed", "2026-03-20")
        home.answer(("", "02", PLAIN, "ACK", "", "", "", "2026-03-04T10:00:00Z"), name="c.csv", at="2026-03-04T21:00:00Z")
        assert (home.state(TN), home.rows(TN)[0]["foc_date"]) == ("confirmed", "2026-03-20")
        home.answer(("", "02", PLAIN, "FOC", "", "", "2026-03-18", "2026-03-04T12:00:00Z"), name="d.csv", at="2026-03-04T22:00:00Z")
        assert home.state(TN) == "carrier_rejected"


class TestTriedAgain:
    """Lines that found nothing when they came."""

    @pytest.fixture
    def early(self, home: Home) -> Home:
        """A home whose submission has arrived without its knowing, and in which an answer to it found nothing."""
        home.drop(LOCAL, *ROWS)
        with mock.patch("batchport.pipeline.sending.arrived", side_effect=RuntimeError):
            assert home.run(EVENING).exit == 3
        assert len(list((home.path / "outbox" / "sample").glob("*.csv"))) == 1
        settled(home.path / "responses" / "sample" / "early.csv", response(line("FOC", 12, day="2026-03-09")))
        assert home("reconcile", "--format", "json", at=NEXT).last["exceptions"] == 1
        assert home.exceptions()[0]["reason"] == "unknown-order"
        return home

    def test_a_line_is_applied_once_its_order_is_known(self, early: Home) -> None:
        early("submit", at=NEXT)
        done = early("reconcile", "--format", "json", at=THIRD)
        assert (done.exit, done.last["changed"], done.last["balanced"]) == (0, True, True)
        assert (early.state(TN), early.rows(TN)[0]["foc_date"], early.exceptions()) == ("confirmed", "2026-03-09", [])
        assert early("notify", at=THIRD).exit == 0
        assert any(TN in text_of(mail) for mail in early.mails("update"))
        assert any("early.csv, line 2" in (step["file"] or "") for step in early.json("trace", TN) if step["step"] == "answer")

    def test_it_comes_before_what_came_after_it(self, early: Home) -> None:
        early("submit", at=NEXT)
        settled(early.path / "responses" / "sample" / "newer.csv", response(("", "", PLAIN, "COMPLETE")))
        early("reconcile", at=THIRD)
        assert (early.state(TN), early.exceptions()) == ("completed", [])

    def test_an_order_that_was_submitted_after_the_line_came_is_not_meant(self, home: Home) -> None:
        home.answer(line("FOC", 12, day="2026-03-09"), at=EVENING)
        home.take(LOCAL, at=NEXT)
        assert home.run(THIRD).exit == 0
        assert (home.state(TN), len(home.exceptions())) == ("submitted", 1)

    def test_one_that_was_resolved_by_hand_is_left_alone(self, early: Home) -> None:
        early("exceptions", "resolve", early.exceptions()[0]["id"], "--why", "told by telephone", at=NEXT)
        early("submit", at=NEXT)
        assert early("reconcile", "--format", "json", at=THIRD).last["changed"] is False
        assert early.state(TN) == "submitted"

    def test_a_forbidden_move_is_not_tried_again(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "COMPLETE"), (home.pon(TN), "", PLAIN, "REJECT", "8A"))
        assert home.run(THIRD).last["changed"] is False
        assert [one["reason"] for one in home.exceptions()] == ["move-forbidden"]


def test_a_rehearsal_shows_each_row_before_and_after(home: Home) -> None:
    home.take(LOCAL, *ROWS)
    home.answer(line("DELAY", 12, "1B"))
    pon = home.pon(FIRST)
    file = settled(home.path.parent / "look.csv", response(line("FOC", 13, day="2026-03-12", tn="", pon=pon), line("REJECT", 9, "8A"), ("", "", "6179990000", "ACK")))
    lines: list[dict[str, Any]] = home("reconcile", file, "--partner", "sample", "--dry-run", "--format", "json", at=THIRD).lines
    assert [one["does"] for one in lines] == ["moves 3 rows", "moves 1 row", "exception: unknown-order", "counted before, and would be an exception: move-forbidden"]
    assert lines[0]["rows"] == [{"tn": tn.replace("-", ""), "before": "submitted", "after": "confirmed", "foc_date": "2026-03-12"} for tn in (FIRST, SECOND, LAST)]
    assert lines[1]["rows"] == [{"tn": PLAIN, "before": "delayed", "after": "carrier_rejected", "foc_date": None}]
    table = home("reconcile", file, "--partner", "sample", "--dry-run", at=THIRD).out
    assert "submitted -> confirmed, 2026-03-12" in table
    assert home.state(TN) == "delayed"


class TestMailsThatCameTooLate:
    """What a mail would tell may have gone on before it goes."""

    def test_a_mail_tells_what_is_true_when_it_goes(self, home: Home) -> None:
        home.take(LOCAL)
        settled(home.path / "responses" / "sample" / "a.csv", response(("", "", PLAIN, "ACK")))
        home("reconcile", at=NEXT)
        settled(home.path / "responses" / "sample" / "b.csv", response(("", "", PLAIN, "FOC", "", "", "2026-03-12")))
        home("reconcile", at=THIRD)
        done = home("notify", "--format", "json", at=THIRD)
        assert (done.exit, done.last["mails"]["sent"]) == (0, 2)
        assert all("confirmed" in text_of(mail) and "0 numbers" not in text_of(mail) for mail in home.mails("update"))

    def test_one_that_has_nothing_left_to_tell_does_not_go(self, home: Home) -> None:
        home.take(LOCAL)
        for number, status in enumerate(("ACK", "COMPLETE")):
            settled(home.path / "responses" / "sample" / f"{number}.csv", response(("", "", PLAIN, status)))
            home("reconcile", at=(NEXT, THIRD)[number])
        done = home("notify", "--format", "json", at=THIRD)
        assert (done.exit, done.last["mails"]) == (0, {"sent": 1, "waiting": 0, "failed": 0})
        assert home.mails("update") == []
        assert len(home.mails("completed")) == 1
        assert home("notify", "--format", "json", at=THIRD).last["changed"] is False


def test_a_database_of_the_time_before_is_brought_up_to_date_with_all_that_was_said(home: Home) -> None:
    home.take(LOCAL, *ROWS)
    pon = home.pon(FIRST)
    home.answer(line("FOC", 12, day="2026-03-20"), line("REJECT", 11, "8A", tn=FIRST, pon=pon), (pon, "", SECOND, "DELAY", "1B", "wait"), ("", "", "6179990000", "ACK"))
    home("redate", home.pon(TN), "2026-03-18", "--why", "sooner", at=NEXT)
    home.run("2026-03-03T21:00:00-05:00")
    home.answer(("", "02", PLAIN, "REJECT", "1N", "", "", "2026-03-04T14:00:00.250000Z"), name="b.csv", at=THIRD)

    def told() -> list[list[dict[str, Any]]]:
        return [home.json(*asked, at=THIRD) for asked in (("status",), ("orders",), ("exceptions",), ("trace", TN), ("trace", pon), ("balance",))]

    before = told()
    home.bring_back("0006")
    assert told() == before
    home.answer(("", "02", PLAIN, "ACK", "", "", "", "2026-03-04T13:00:00Z"), (pon, "", FIRST, "FOC", "", "", "2026-03-20", at(12)), name="c.csv", at="2026-03-05T20:00:00Z")
    assert (home.state(TN), home.rows(TN)[0]["foc_date"], home.state(FIRST)) == ("confirmed", "2026-03-20", "confirmed")


def test_a_late_acknowledgement_of_a_row_that_was_corrected_meanwhile_is_noted(home: Home) -> None:
    home.take(*ROWS)
    pon = home.pon(FIRST)
    home.answer(line("REJECT", 12, "6A", tn=FIRST, pon=pon), line("REJECT", 12, "6A", tn=SECOND, pon=pon))
    home.take(ROWS[0] | {"pin": "9999"}, name="corrected.csv", at=THIRD)
    done = home.answer(line("ACK", 9, tn=FIRST, pon=pon, ver="01"), name="late.csv", at="2026-03-05T20:00:00Z")
    assert (done.exit, home.exceptions()) == (0, [])


def test_a_number_that_has_moved_is_not_asked_for_again_by_the_row_that_corrects_it(home: Home) -> None:
    home.take(*ROWS)
    pon = home.pon(FIRST)
    home.answer(line("REJECT", 9, "6A", tn=FIRST, pon=pon), line("REJECT", 9, "6A", tn=SECOND, pon=pon), line("REJECT", 9, "7A", tn=LAST, pon=pon))
    home.take(ROWS[0] | {"pin": "9999"}, name="first.csv", at=THIRD)
    assert home.state(FIRST) == "held"
    done = home.answer(line("COMPLETE", 12, tn=FIRST, pon=pon, ver="01"), name="moved.csv", at="2026-03-05T20:00:00Z")
    assert (done.exit, [one["reason"] for one in home.exceptions()]) == (1, ["move-forbidden"])
    home.take(ROWS[1] | {"pin": "9999"}, name="second.csv", at="2026-03-06T20:00:00Z")
    assert {line["VER"] for line in home.sent()} == {"01"}
    assert any("says that" in step["what"] and "has moved" in step["what"] for step in home.json("trace", pon) if step["step"] == "act")
    assert home("cancel", pon, "--tn", FIRST, "--why", "it has moved", at="2026-03-06T20:00:00Z").exit == 0
    assert home("release", pon, "--why", "without it", at="2026-03-06T20:00:00Z").exit == 0
    home.run("2026-03-06T21:00:00Z")
    assert sorted(line["TN"] for line in home.sent() if line["VER"] == "02") == sorted((SECOND, LAST))
