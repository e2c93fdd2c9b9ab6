"""The count after every pass, and passes that have nothing to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, TOLL_FREE, Home, Story, account, snapshot, text_of

STATES = (
    "rejected", "duplicate", "held", "ready", "submitted", "acknowledged", "delayed", "confirmed", "completed", "carrier_rejected", "cancel_pending", "cancelled",
    "superseded",
)  # fmt: skip
WRONG = LOCAL | {"tn": "617-236-0200", "account_number": "5512", "destination": "line-0200", "name": ""}


def assert_balanced(run: dict[str, Any]) -> None:
    assert list(run["rows"]) == ["read", *STATES]
    assert run["rows"]["read"] == sum(run["rows"][state] for state in STATES)
    assert run["lines"]["sent"] == run["lines"]["answered"] + run["lines"]["outstanding"]
    assert run["balanced"] is True


def test_the_last_line_has_the_keys_of_the_contract(home: Home) -> None:
    run = home.take(LOCAL).last
    assert set(run) >= {"files", "rows", "lines", "submissions", "exceptions", "mails", "changed", "balanced"}
    assert set(run["files"]) >= {"read", "repeated", "set_aside"}
    assert set(run["lines"]) >= {"sent", "answered", "outstanding"}
    assert set(run["mails"]) >= {"sent", "waiting", "failed"}


def test_the_count_comes_out_after_every_pass(home: Home) -> None:
    first = home.take(LOCAL, *account(3), TOLL_FREE, WRONG, LOCAL).last
    assert_balanced(first)
    assert (first["rows"]["read"], first["rows"]["submitted"], first["rows"]["rejected"], first["rows"]["duplicate"]) == (7, 5, 1, 1)
    assert first["lines"] == {"sent": 5, "answered": 0, "outstanding": 5}
    second = home.answer(("", "", "6172340142", "ACK"), (home.pon("617-236-2201"), "", "", "FOC", "", "", "2026-03-12")).last
    assert_balanced(second)
    assert second["lines"] == {"sent": 5, "answered": 4, "outstanding": 1}
    third = home.answer(("", "", "6172340142", "FOC", "", "", "2026-03-12"), ("", "", "8002347301", "REJECT", "8A"), name="b.csv", at=THIRD).last
    assert_balanced(third)
    assert third["lines"] == {"sent": 5, "answered": 5, "outstanding": 0}


def test_the_count_of_the_samples_comes_out(story: Story) -> None:
    for done in story.passes:
        assert_balanced(done.last)


def test_what_speaks_of_a_pass_speaks_of_that_pass_alone(home: Home) -> None:
    first = home.take(LOCAL).last
    assert (first["files"]["read"], first["submissions"], first["mails"]["sent"], first["changed"]) == (1, 1, 2, True)
    second = home.run(NEXT).last
    assert second["files"] == {"read": 0, "repeated": 0, "set_aside": 0}
    assert (second["submissions"], second["exceptions"], second["mails"], second["changed"]) == (0, 0, {"sent": 0, "waiting": 0, "failed": 0}, False)


@pytest.mark.parametrize("at", [EVENING, NEXT])
def test_a_second_run_changes_nothing_and_exits_0(home: Home, at: str) -> None:
    assert home.take(LOCAL, *account(3), WRONG).exit == 1
    before, rows = home.files(), home.json("status")
    done = home.run(at)
    assert done.exit == 0
    assert done.last["changed"] is False
    assert home.files() == before
    assert home.json("status") == rows
    assert "Nothing new" in home("run", at=at).out


def test_a_second_run_after_answers_changes_nothing_and_exits_0(home: Home) -> None:
    home.take(LOCAL, *account(3))
    assert home.answer(("", "", "6172340142", "REJECT", "8A"), ("", "", "6179990000", "ACK")).exit == 1
    before, rows = home.files(), home.json("status")
    assert home.run(NEXT).exit == 0
    assert home.run(THIRD).last["changed"] is False
    assert home.files() == before
    assert home.json("status") == rows


def test_an_empty_run_changes_nothing(home: Home) -> None:
    done = home.run()
    assert (done.exit, done.last["changed"]) == (0, False)
    assert home.mails() == []


def test_the_stages_one_by_one_do_what_run_does(home: Home) -> None:
    home.drop(LOCAL, WRONG)
    statuses = [home(stage, "--format", "json").exit for stage in ("reconcile", "intake", "submit", "notify")]
    assert statuses == [0, 1, 0, 0]
    assert list(home.states().values()) == ["submitted", "rejected"]
    assert [mail["To"] for mail in home.mails("received")] == ["telecom@acme.example"]
    for stage in ("reconcile", "intake", "submit", "notify"):
        done = home(stage, "--format", "json")
        assert (done.exit, done.last["changed"]) == (0, False)
        assert_balanced(done.last)


def test_a_dry_run_prints_the_plan_and_does_nothing(home: Home) -> None:
    home.take(LOCAL)
    home.drop(*account(2), name="more.csv")
    home.answer(("", "", "6172340142", "ACK"), run=False)
    before, rows = snapshot(home.path), home.json("status")
    done = home("run", "--dry-run", at=NEXT)
    assert done.exit == 0
    assert "more.csv" in done.out
    assert "answer.csv" in done.out
    assert snapshot(home.path) == before
    assert home.json("status") == rows
    assert home("run", "--dry-run", "--format", "json", at=NEXT).lines


def test_a_dry_run_tells_what_will_be_sent_of_what_lies_in_the_inbox(home: Home) -> None:
    home.drop(LOCAL, *account(2))
    assert "2 orders, 3 lines" in home("run", "--dry-run").out


class TestTheSameContent:
    """A sheet that comes again."""

    def test_under_another_name_it_makes_no_rows_and_is_archived(self, home: Home) -> None:
        home.take(LOCAL)
        done = home.take(LOCAL, name="renamed.csv", at=NEXT)
        assert done.exit == 0
        assert done.last["files"] == {"read": 0, "repeated": 1, "set_aside": 0}
        assert done.last["rows"]["read"] == 1
        assert list((home.path / "inbox" / "acme").iterdir()) == []
        assert len(list((home.path / "archive").rglob("renamed.csv"))) == 1

    def test_the_mail_says_which_file_it_equals_and_brings_the_newest_results(self, home: Home) -> None:
        home.take(LOCAL, name="first.csv")
        home.answer(("", "", "6172340142", "FOC", "", "", "2026-03-09"))
        home.take(LOCAL, name="renamed.csv", at=THIRD)
        mail = next(mail for mail in home.mails("received") if "renamed.csv" in text_of(mail))
        assert "first.csv" in text_of(mail)
        names = [part.get_filename() for part in mail.iter_attachments()]
        assert len(names) == 1
        assert str(names[0]).startswith("first.")
        assert _confirmed_dates(next(iter(mail.iter_attachments())).get_content()) == ["2026-03-09"]

    def test_under_the_same_name_it_is_known_too(self, home: Home) -> None:
        home.take(LOCAL)
        done = home.take(LOCAL, at=NEXT)
        assert (done.exit, done.last["files"]["repeated"], done.last["rows"]["read"]) == (0, 1, 1)
        assert len([path for path in (home.path / "archive").rglob("*") if path.is_file()]) == 2

    def test_of_another_customer_is_another_file(self, home: Home) -> None:
        home.take(WRONG)
        done = home.take(WRONG, customer="harbor", at=NEXT)
        assert (done.last["files"]["repeated"], done.last["rows"]["read"]) == (0, 2)

    def test_is_processed_when_all_its_rows_were_rejected(self, home: Home) -> None:
        home.take(WRONG)
        done = home.take(WRONG, name="renamed.csv", at=NEXT)
        assert done.exit == 1
        assert (done.last["files"]["read"], done.last["files"]["repeated"]) == (1, 0)
        assert home.states() == {"sheet.csv:2": "superseded", "renamed.csv:2": "rejected"}

    def test_is_processed_when_the_first_was_quarantined(self, home: Home) -> None:
        home.drop(name="a.csv", content=b"\x00\x01\x02" * 500)
        home.run()
        home.drop(name="b.csv", content=b"\x00\x01\x02" * 500)
        done = home.run(NEXT)
        assert (done.exit, done.last["files"]["set_aside"], done.last["files"]["repeated"]) == (1, 1, 0)

    def test_is_processed_when_asked_for(self, home: Home) -> None:
        home.take(LOCAL)
        path = home.path.parent / "copy.csv"
        path.write_bytes(next((home.path / "results" / "acme").glob("*.csv")).read_bytes())
        kept = home.drop(LOCAL, name="again.csv")
        done = home("intake", "--again", kept, "--format", "json", at=NEXT)
        assert done.exit == 0
        assert kept.exists()
        assert home.states() == {"sheet.csv:2": "submitted", "again.csv:2": "duplicate"}


def _confirmed_dates(workbook: bytes) -> list[str]:
    import io

    import openpyxl

    header, *rows = openpyxl.load_workbook(io.BytesIO(workbook))["All rows"].iter_rows(values_only=True)
    return [str(row[header.index("Confirmed Date")]) for row in rows]


def test_results_are_written_anew_when_a_state_changes(home: Home) -> None:
    home.take(LOCAL, WRONG)
    path = next((home.path / "results" / "acme").glob("*.xlsx"))
    assert path.name.startswith("sheet.")
    assert len(path.stem.split(".")[-1]) == 8
    assert path.with_suffix(".csv").is_file()
    before = path.read_bytes()
    home.answer(("", "", "6172340142", "FOC", "", "", "2026-03-09"))
    assert path.read_bytes() != before
    assert _confirmed_dates(path.read_bytes())[0] == "2026-03-09"
    assert b"2026-03-09" in Path(path.with_suffix(".csv")).read_bytes()


def _in_the_database(home: Home) -> tuple[dict[str, int], list[str]]:
    """Rows by state, counted one by one, and what each file has kept of its own count."""

    from batchport.domain.lifecycle import State

    with home.database() as base:
        states = {State(state).label: number for state, number in base.execute("select state, count(*) from rows group by state")}
        kept = [text for (text,) in base.execute("select counted from files order by id")]
    base.close()
    return states, kept


def test_a_finished_file_keeps_its_count_until_a_row_of_it_is_taken_up_again(home: Home) -> None:
    home.take(LOCAL, name="first.csv")
    home.take(*account(2), LOCAL | {"tn": "617-234-0150", "account_number": "77", "destination": "line-9"}, name="second.csv")
    lines = [("", "", "6172340142", "COMPLETE", "", "", "", "2026-03-03T12:00:00Z"), ("", "", "6172340150", "COMPLETE", "", "", "", "2026-03-03T12:00:00Z")]
    done = home.answer(*lines)
    states, kept = _in_the_database(home)
    assert kept == ['{"9": 1}', ""]
    assert {state: number for state, number in done.last["rows"].items() if number and state != "read"} == states == {"completed": 2, "submitted": 2}
    # What the partner had said before, and says now, makes the completion an exception line.
    done = home.answer(("", "", "6172340142", "ACK"), (home.pon("6172340142"), "", "6172340142", "CANCEL", "", "", "", "2026-03-03T11:00:00Z"), name="late.csv", at=THIRD)
    states, kept = _in_the_database(home)
    assert {state: number for state, number in done.last["rows"].items() if number and state != "read"} == states == {"completed": 1, "cancelled": 1, "submitted": 2}
    assert kept == ['{"12": 1}', ""]


def test_what_went_on_in_a_new_order_is_counted_again(home: Home) -> None:
    home.set("profile: generic-csv", "profile: generic-csv\n    edit_numbers: false")
    rows = account(3)
    home.take(*rows)
    pon = home.pon(rows[0]["tn"])
    home.answer((pon, "", "", "ACK"))
    home("cancel", pon, "--tn", rows[2]["tn"], "--why", "it stays", at=NEXT)
    home.run(THIRD)
    assert home("reconcile", _settled_answer(home, (pon, "02", "", "CANCEL")), "--partner", "sample", "--format", "json", at=THIRD).last["rows"]["cancelled"] == 3
    assert _in_the_database(home)[1] == ['{"12": 3}']
    done = home.run("2026-03-05T20:00:00-05:00")
    assert_balanced(done.last)
    assert (done.last["rows"]["submitted"], done.last["rows"]["cancelled"]) == (2, 1)


def test_a_further_version_that_cannot_be_sent_answers_for_nothing(home: Home) -> None:
    from unittest import mock

    from batchport.transport import NotDelivered

    home.take(LOCAL)
    home("cancel", home.pon("617-234-0142"), "--why", "the customer stays", at=NEXT)
    with mock.patch("batchport.pipeline.sending._deliver_before", side_effect=NotDelivered("the disk is full")):
        done = home.run(NEXT)
    assert_balanced(done.last)
    assert (done.exit, done.last["lines"]) == (1, {"sent": 1, "answered": 0, "outstanding": 1})
    done = home.run(THIRD)
    assert_balanced(done.last)
    assert done.last["lines"] == {"sent": 2, "answered": 1, "outstanding": 1}


def _settled_answer(home: Home, *lines: tuple[str, ...]) -> Path:
    from tests.conftest import response, settled

    return settled(home.path.parent / "cancelled.csv", response(*lines))


def test_a_rejected_row_that_is_never_put_right_does_not_keep_its_file_from_being_counted_for_good(home: Home) -> None:
    home.take(LOCAL, WRONG)
    assert counted_for_good(home) == []
    home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
    assert counted_for_good(home) == [("sheet.csv", {"9": 1, "1": 1})]
    done = home.take(WRONG | {"name": "Harbor Bakery LLC"}, name="corrected.csv", at=THIRD).last
    assert_balanced(done)
    assert (done["rows"]["rejected"], done["rows"]["superseded"], done["rows"]["submitted"]) == (0, 1, 1)
    assert counted_for_good(home) == [("sheet.csv", {"9": 1, "13": 1})]


def counted_for_good(home: Home) -> list[tuple[str, dict[str, int]]]:
    with home.database() as database:
        return [(name, json.loads(counted)) for name, counted in database.execute("select name, counted from files where counted <> '' order by id")]
