"""What partners answer, and what it does: the table of moves, and everything a response file may get wrong (contract, sections 6 and 9)."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, Home, Result, account, numbers, response, settled, snapshot

TN, PLAIN = "617-234-0142", "6172340142"
ROWS = [row | {"btn": "617-236-2299"} for row in account(3)]
FIRST, SECOND, LAST = (row["tn"] for row in ROWS)

#: State -> the answer that leads to it; then what each further answer leads to (None: an exception line).
ANSWERS = {
    "submitted": (), "acknowledged": ("ACK",), "delayed": ("DELAY", "1B"), "confirmed": ("FOC", "", "", "2026-03-09"), "completed": ("COMPLETE",),
    "carrier_rejected": ("REJECT", "8A"), "cancelled": ("CANCEL",),
}  # fmt: skip
LINES = {
    "ACK": ("ACK",), "DELAY": ("DELAY", "1P"), "FOC": ("FOC", "", "", "2026-03-11"), "REJECT": ("REJECT", "8D"), "COMPLETE": ("COMPLETE", "", "done"),
    "CANCEL": ("CANCEL", "", "gone"),
}  # fmt: skip
MOVES: dict[str, dict[str, str | None]] = {
    "submitted": {"ACK": "acknowledged", "DELAY": "delayed", "FOC": "confirmed", "REJECT": "carrier_rejected", "COMPLETE": "completed", "CANCEL": "cancelled"},
    "acknowledged": {"ACK": "acknowledged", "DELAY": "delayed", "FOC": "confirmed", "REJECT": "carrier_rejected", "COMPLETE": "completed", "CANCEL": "cancelled"},
    "delayed": {"ACK": "delayed", "DELAY": "delayed", "FOC": "confirmed", "REJECT": "carrier_rejected", "COMPLETE": "completed", "CANCEL": "cancelled"},
    "confirmed": {"ACK": "confirmed", "DELAY": "delayed", "FOC": "confirmed", "REJECT": "carrier_rejected", "COMPLETE": "completed", "CANCEL": "cancelled"},
    "completed": {"ACK": "completed", "DELAY": None, "FOC": None, "REJECT": None, "COMPLETE": "completed", "CANCEL": None},
    "carrier_rejected": {
        "ACK": "carrier_rejected", "DELAY": None, "FOC": "confirmed", "REJECT": "carrier_rejected", "COMPLETE": "completed", "CANCEL": "cancelled",
    },
    "cancelled": {"ACK": "cancelled", "DELAY": None, "FOC": None, "REJECT": None, "COMPLETE": None, "CANCEL": "cancelled"},
}  # fmt: skip
PAIRS = [(state, status) for state in MOVES for status in LINES]


def number(state: str, status: str) -> str:
    """The number on which a move is tried."""
    return str(6172361000 + PAIRS.index((state, status)))


@pytest.fixture(scope="module")
def tried(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Result, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Every state with every answer: the home, the last pass, rows by number, exception lines by number."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("moves") / "home")))
    rows = [row | {"account_number": f"8800{n}"} for n, row in enumerate(numbers("617-236-1000", len(PAIRS), **LOCAL))]
    assert home.take(*rows).exit == 0
    home.answer(*(("", "", number(*pair), *ANSWERS[pair[0]]) for pair in PAIRS if ANSWERS[pair[0]]))
    assert {row["tn"]: row["state"] for row in home.json("status")} == {number(*pair): pair[0] for pair in PAIRS}
    done = home.answer(*((home.pon(number(*pair)), "01", number(*pair), *LINES[pair[1]]) for pair in PAIRS), name="second.csv", at=THIRD)
    return home, done, {row["tn"]: row for row in home.json("status")}, {line["tn"]: line for line in home.exceptions()}


@pytest.mark.parametrize(("state", "status"), PAIRS)
def test_every_answer_in_every_state(tried: Any, state: str, status: str) -> None:
    _, _, rows, exceptions = tried
    row, exception = rows[number(state, status)], exceptions.get(number(state, status))
    expected = MOVES[state][status]
    assert row["state"] == (expected or state)
    assert (exception is None) == (expected is not None)
    if exception is not None:
        assert (exception["status"], exception["pon"], exception["file"], exception["partner"]) == (status, row["pon"], "second.csv", "sample")


def test_a_pass_with_new_exception_lines_needs_somebody(tried: Any) -> None:
    home, done, _, exceptions = tried
    assert done.exit == 1
    assert done.last["exceptions"] == len(exceptions) == sum(to is None for moves in MOVES.values() for to in moves.values())
    assert done.last["balanced"] is True
    assert home("exceptions").exit == 1


@pytest.mark.parametrize(("state", "date"), [("submitted", "2026-03-11"), ("confirmed", "2026-03-11"), ("carrier_rejected", "2026-03-11"), ("delayed", "2026-03-11")])
def test_a_confirmation_brings_its_date_and_replaces_an_older_one(tried: Any, state: str, date: str) -> None:
    row = tried[2][number(state, "FOC")]
    assert (row["foc_date"], row["reasons"]) == (date, [])


@pytest.mark.parametrize(("state", "status", "date"), [
    ("confirmed", "COMPLETE", "2026-03-09"), ("confirmed", "ACK", "2026-03-09"), ("confirmed", "DELAY", None), ("confirmed", "REJECT", None), ("confirmed", "CANCEL", None),
])  # fmt: skip
def test_the_date_stands_while_confirmed_or_completed(tried: Any, state: str, status: str, date: str | None) -> None:
    assert tried[2][number(state, status)]["foc_date"] == date


class TestReasons:
    """Why a partner refuses."""

    def reasons(self, home: Home, *line: str) -> list[dict[str, Any]]:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, *line))
        return [dict(reason) for reason in home.rows(TN)[0]["reasons"]]

    def test_a_code_is_told_with_class_field_and_scope(self, home: Home) -> None:
        (reason,) = self.reasons(home, "REJECT", "8D", "ZIP does not match", "", "2026-03-03T12:40:00-05:00")
        assert set(reason) >= {"code", "text", "class", "field", "scope", "at"}
        assert (reason["code"], reason["class"], reason["field"]) == ("8D", "DATA", "postal_code")
        assert reason["scope"] in ("row", "order")
        assert reason["at"].startswith("2026-03-03T")

    def test_several_codes_are_several_reasons(self, home: Home) -> None:
        assert [reason["code"] for reason in self.reasons(home, "REJECT", "8A;8C")] == ["8A", "8C"]
        assert [reason["field"] for reason in home.rows(TN)[0]["reasons"]] == ["account_number", "pin"]

    def test_a_code_that_blames_another_number_blames_no_field(self, home: Home) -> None:
        assert [(reason["code"], reason["field"]) for reason in self.reasons(home, "REJECT", "7A")] == [("7A", None)]

    def test_an_unknown_code_keeps_its_text(self, home: Home) -> None:
        (reason,) = self.reasons(home, "REJECT", "ZZ99", "Moon in the wrong quarter")
        assert (reason["code"], reason["class"]) == ("ZZ99", "OPS")
        assert "Moon in the wrong quarter" in reason["text"]

    def test_a_code_is_text(self, home: Home) -> None:
        (reason,) = self.reasons(home, "REJECT", "06", "six with a zero")
        assert reason["code"] == "06"

    def test_no_code_at_all_is_a_reason_all_the_same(self, home: Home) -> None:
        (reason,) = self.reasons(home, "REJECT", "", "Call us")
        assert (reason["code"], reason["class"]) == (None, "OPS")
        assert "Call us" in reason["text"]

    def test_reasons_are_those_of_the_present_state(self, home: Home) -> None:
        self.reasons(home, "DELAY", "1B")
        assert [reason["code"] for reason in home.rows(TN)[0]["reasons"]] == ["1B"]
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"), name="b.csv", at=THIRD)
        assert home.rows(TN)[0]["reasons"] == []


class TestWholeOrders:
    """Lines without a number."""

    def test_a_line_without_a_number_speaks_of_every_row(self, home: Home) -> None:
        home.take(*ROWS, LOCAL)
        home.answer((home.pon(FIRST), "01", "", "FOC", "", "", "2026-03-12"))
        assert [(row["state"], row["foc_date"]) for row in home.json("status")] == [("confirmed", "2026-03-12")] * 3 + [("submitted", None)]

    def test_rows_for_which_the_move_is_not_allowed_stay(self, home: Home) -> None:
        home.take(*ROWS)
        home.answer((home.pon(FIRST), "01", FIRST, "COMPLETE"))
        done = home.answer((home.pon(FIRST), "01", "", "FOC", "", "", "2026-03-12"), name="b.csv", at=THIRD)
        assert done.exit == 0
        assert list(home.states().values()) == ["completed", "confirmed", "confirmed"]

    def test_where_no_row_may_move_it_is_an_exception_line(self, home: Home) -> None:
        home.take(*ROWS)
        home.answer((home.pon(FIRST), "01", "", "COMPLETE"))
        done = home.answer((home.pon(FIRST), "01", "", "FOC", "", "", "2026-03-12"), name="b.csv", at=THIRD)
        assert (done.exit, done.last["exceptions"]) == (1, 1)
        assert set(home.states().values()) == {"completed"}

    @pytest.mark.parametrize("own_first", [True, False])
    def test_a_rows_own_line_wins(self, home: Home, own_first: bool) -> None:  # noqa: FBT001
        home.take(*ROWS)
        pon = home.pon(FIRST)
        lines: list[Sequence[str]] = [(pon, "01", SECOND, "REJECT", "6A"), (pon, "01", "", "FOC", "", "", "2026-03-12")]
        home.answer(*(lines if own_first else reversed(lines)))
        assert list(home.states().values()) == ["confirmed", "carrier_rejected", "confirmed"]

    def test_a_rows_own_line_wins_whatever_the_times_are(self, home: Home) -> None:
        home.take(*ROWS)
        pon = home.pon(FIRST)
        home.answer((pon, "", SECOND, "REJECT", "6A", "", "", "2026-03-03T09:00:00Z"), (pon, "01", "", "FOC", "", "", "2026-03-12", "2026-03-03T10:00:00Z"))
        assert list(home.states().values()) == ["confirmed", "carrier_rejected", "confirmed"]

    def test_a_line_without_pon_and_number_speaks_of_nothing(self, home: Home) -> None:
        home.take(*ROWS)
        assert home.answer(("", "", "", "ACK")).last["exceptions"] == 1
        assert set(home.states().values()) == {"submitted"}


class TestWhichRow:
    """How a line finds its row."""

    @pytest.mark.parametrize("tn", [PLAIN, TN, "(617) 234-0142", "+1 617 234 0142", "1-617-234-0142", "617.234.0142", "16172340142"])
    def test_numbers_in_any_usual_form(self, home: Home, tn: str) -> None:
        home.take(LOCAL)
        assert home.answer(("", "", tn, "ACK")).exit == 0
        assert home.state(TN) == "acknowledged"

    @pytest.mark.parametrize("ver", ["", "01", "1"])
    def test_versions_are_compared_as_numbers(self, home: Home, ver: str) -> None:
        home.take(LOCAL)
        assert home.answer((home.pon(TN).lower(), ver, PLAIN, "ack")).exit == 0
        assert home.state(TN) == "acknowledged"

    @pytest.mark.parametrize(("line", "why"), [
        (("PON", "02", PLAIN, "ACK"), "a newer version"), (("PON", "x", PLAIN, "ACK"), "a version that is none"), (("PON", "01", "6172360000", "ACK"), "not in that order"),
        (("PON", "01", "unknown", "ACK"), "no number"), (("P00000000000", "01", PLAIN, "ACK"), "an unknown order"), (("nonsense", "", PLAIN, "ACK"), "no order"),
        (("", "", "6172360000", "ACK"), "an unknown number"), (("PON", "01", PLAIN, "MAYBE"), "an unknown status"), (("PON", "01", PLAIN, ""), "no status"),
        (("PON", "01", PLAIN, "FOC"), "no date"), (("PON", "01", PLAIN, "FOC", "", "", "soon"), "no date"), (("PON", "01", PLAIN, "FOC", "", "", "2026-02-30"), "no such date"),
    ])  # fmt: skip
    def test_what_matches_nothing_is_an_exception_line(self, home: Home, line: tuple[str, ...], why: str) -> None:
        home.take(LOCAL)
        pon = home.pon(TN)
        done = home.answer((pon if line[0] == "PON" else line[0], *line[1:]))
        assert (done.exit, done.last["exceptions"]) == (1, 1), why
        assert home.state(TN) == "submitted"
        (kept,) = home.exceptions()
        assert set(kept) >= {"id", "partner", "file", "line", "pon", "ver", "tn", "status", "codes", "text", "reason", "since", "resolved"}
        assert (kept["partner"], kept["file"], kept["line"], kept["resolved"]) == ("sample", "answer.csv", 2, None)
        assert kept["reason"]

    def test_good_lines_beside_an_exception_line_count(self, home: Home) -> None:
        home.take(LOCAL, *ROWS)
        done = home.answer(("", "", "6179990000", "ACK"), ("", "", PLAIN, "ACK"))
        assert (done.last["exceptions"], home.state(TN)) == (1, "acknowledged")

    def test_another_partners_order_is_nobodys_business(self, home: Home) -> None:
        home.set("  sample:\n", "  other: {profile: generic-csv}\n  sample:\n")
        home.set("  - {partner: sample}", "  - {partner: other, losing_carrier: Verizon}\n  - {partner: sample}")
        home.take(LOCAL, *ROWS)
        assert [line["TN"] for line in home.sent("other")] == [PLAIN]
        assert home.answer((home.pon(TN), "01", PLAIN, "ACK"), ("", "", PLAIN, "ACK", "", "again")).last["exceptions"] == 2
        assert home.state(TN) == "submitted"
        assert home.answer(("", "", PLAIN, "ACK"), partner="other", at=THIRD).exit == 0
        assert home.state(TN) == "acknowledged"

    def test_an_order_that_was_not_sent_has_no_version_to_speak_of(self, home: Home) -> None:
        home.take(ROWS[0], ROWS[1] | {"name": ""})
        done = home.answer((home.pon(FIRST), "01", FIRST, "FOC", "", "", "2026-03-09"), ("", "", FIRST, "ACK"))
        assert done.last["exceptions"] == 2
        assert home.state(FIRST) == "held"
        assert done.last["lines"] == {"sent": 0, "answered": 0, "outstanding": 0}


class TestAgain:
    """Files and lines that come again."""

    def test_a_file_seen_before_changes_nothing(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "ACK"))
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"), name="b.csv")
        rows = home.json("status")
        done = home.answer(("", "", PLAIN, "ACK"), name="renamed.csv", at=THIRD)
        assert (done.exit, done.last["files"]["repeated"], done.last["exceptions"]) == (0, 1, 0)
        assert home.json("status") == rows
        assert list((home.path / "responses" / "sample").iterdir()) == []

    def test_exception_lines_of_a_file_seen_before_are_not_doubled(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", "6179990000", "ACK"))
        assert home.answer(("", "", "6179990000", "ACK"), name="renamed.csv", at=THIRD).exit == 0
        assert len(home.exceptions()) == 1

    def test_a_line_seen_before_changes_nothing(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "REJECT", "8A", "wrong"))
        done = home.answer((home.pon(TN), "01", TN, "reject", "8A", "wrong"), name="b.csv", at=THIRD)
        assert done.exit == 0
        assert home.state(TN) == "carrier_rejected"
        assert home.mails("update") == home.mails("update")[:1] or len(home.mails("update")) == 1

    def test_the_same_line_twice_in_a_file_counts_once(self, home: Home) -> None:
        home.take(LOCAL)
        line = ("", "", PLAIN, "FOC", "", "", "2026-03-09")
        done = home.answer(line, line)
        assert (done.exit, done.last["exceptions"], home.state(TN)) == (0, 0, "confirmed")

    @pytest.mark.parametrize(("at", "state", "exceptions"), [
        ("", "confirmed", 1), ("2026-03-03T09:00:00-05:00", "confirmed", 1), ("2026-03-03T08:00:00-05:00", "confirmed", 1), ("2026-03-04T09:00:00-05:00", "delayed", 0),
    ])  # fmt: skip
    def test_an_older_line_again_counts_only_with_a_newer_time(self, home: Home, at: str, state: str, exceptions: int) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "DELAY", "1B", "", "", "2026-03-03T09:00:00-05:00"))
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09", "2026-03-03T12:00:00-05:00"), name="b.csv")
        done = home.answer(("", "", PLAIN, "DELAY", "1B", "", "", at), ("", "", "", ""), name="c.csv", at=THIRD)
        assert home.state(TN) == state
        assert done.last["exceptions"] == exceptions + 1  # the blank line is one too, and makes the file another one

    def test_an_older_line_again_without_any_times_is_an_exception_line(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "DELAY", "1B"))
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09"), name="b.csv")
        assert home.answer((home.pon(TN), "", PLAIN, "DELAY", "1B"), name="c.csv", at=THIRD).last["exceptions"] == 1
        assert home.state(TN) == "confirmed"

    def test_the_last_line_again_with_a_newer_time_changes_nothing(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09", "2026-03-03T12:00:00-05:00"))
        done = home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-09", "2026-03-04T12:00:00-05:00"), name="b.csv", at=THIRD)
        assert (done.exit, done.last["exceptions"], home.state(TN)) == (0, 0, "confirmed")

    def test_lines_count_in_the_order_of_their_times(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(
            ("", "", PLAIN, "DELAY", "1B", "", "", "2026-03-03T12:00:00-05:00"), ("", "", PLAIN, "FOC", "", "", "2026-03-09", "2026-03-03T16:00:00Z"),
            ("", "", PLAIN, "ACK", "", "", "", "2026-03-03T09:00:00-05:00"),
        )  # fmt: skip
        assert home.state(TN) == "delayed"

    def test_lines_without_times_count_in_their_own_order(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", PLAIN, "ACK"), ("", "", PLAIN, "FOC", "", "", "2026-03-09"), ("", "", PLAIN, "DELAY", "1B"))
        assert home.state(TN) == "delayed"


GOOD = response(("", "", PLAIN, "ACK"))
BAD = {
    "nothing": b"", "no header": b",,6172340142,ACK,,,\r\n", "a header alone in another tongue": b"Bestellung;Nummer\r\n1;2\r\n",
    "a column missing": GOOD.replace(",STATUS", "").replace(",ACK", "").encode(), "too few fields": (GOOD + ",,6172340142,ACK\r\n").encode(),
    "too many fields": (GOOD + ",,6172340142,ACK,,,,,,,\r\n").encode(), "cut off in a record": GOOD.encode()[:-9], "not text": bytes(range(256)) * 9, "a workbook": b"PK\x03\x04" + bytes(90),
    "an open quote": (GOOD + ',,6172340142,ACK,,"never closed,,\r\n').encode(),
}  # fmt: skip


class TestFilesSetAside:
    """Response files that are set aside whole."""

    @pytest.mark.parametrize("fault", list(BAD))
    def test_a_malformed_file_changes_nothing(self, home: Home, fault: str) -> None:
        home.take(LOCAL)
        settled(home.path / "responses" / "sample" / "bad.csv", BAD[fault])
        self._set_aside(home, "bad.csv", BAD[fault])

    @pytest.mark.parametrize("said", [{"lines": 2}, {"sha256": "0" * 64}, {"lines": 1, "sha256": "0" * 64}, "not JSON", []])
    def test_a_manifest_that_disagrees_changes_nothing(self, home: Home, said: object) -> None:
        home.take(LOCAL)
        settled(home.path / "responses" / "sample" / "bad.csv", GOOD)
        settled(home.path / "responses" / "sample" / "bad.csv.manifest.json", said if isinstance(said, str) else json.dumps(said))
        self._set_aside(home, "bad.csv", GOOD.encode())

    def _set_aside(self, home: Home, name: str, data: bytes) -> None:
        rows = home.json("status")
        done = home.run(NEXT)
        assert (done.exit, done.last["files"]["set_aside"], done.last["exceptions"], done.last["balanced"]) == (1, 1, 0, True)
        assert home.json("status") == rows
        assert list((home.path / "responses" / "sample").iterdir()) == []
        kept = home.path / "quarantine" / "sample" / name
        assert data not in kept.read_bytes() or not data
        assert len(kept.read_bytes()) > len(data)
        told = kept.with_name(f"{name}.txt").read_text("utf-8")
        assert name in told
        assert "sample" in told
        assert len(told.split()) > 10
        assert home.run(THIRD).exit == 0

    def test_a_file_that_was_set_aside_counts_when_it_comes_whole(self, home: Home) -> None:
        home.take(LOCAL)
        settled(home.path / "responses" / "sample" / "a.csv", GOOD)
        settled(home.path / "responses" / "sample" / "a.csv.manifest.json", json.dumps({"lines": 7}))
        home.run(NEXT)
        settled(home.path / "responses" / "sample" / "a.csv", GOOD)
        assert home.run(THIRD).exit == 0
        assert home.state(TN) == "acknowledged"

    def test_two_files_of_one_name_are_both_kept(self, home: Home) -> None:
        for data in (b"one", b"two"):
            settled(home.path / "responses" / "sample" / "bad.csv", data)
            assert home.run().exit == 1
        kept = [path for path in (home.path / "quarantine" / "sample").iterdir() if path.suffix != ".txt"]
        assert len(kept) == 2


@pytest.mark.parametrize("text", [
    GOOD.replace("\r\n", "\n"), GOOD.rstrip(), "\ufeff" + GOOD, "FOC_DATE,STATUS,TN,EXTRA,CODE,TEXT,VER,PON\r\n,ack,617-234-0142,blue,,,,\r\n",
    GOOD.replace(",AT", "").replace("ACK,,,,", "ACK,,,"),
])  # fmt: skip
def test_every_usual_shape_of_a_response_is_read(home: Home, text: str) -> None:
    home.take(LOCAL)
    settled(home.path / "responses" / "sample" / "a.csv", text)
    assert home.run(NEXT).exit == 0
    assert home.state(TN) == "acknowledged"


def test_a_manifest_that_agrees_is_put_away_with_its_file(home: Home) -> None:
    home.take(LOCAL)
    settled(home.path / "responses" / "sample" / "a.csv", GOOD)
    settled(home.path / "responses" / "sample" / "a.csv.manifest.json", json.dumps({"lines": 1, "sha256": hashlib.sha256(GOOD.encode()).hexdigest()}))
    assert home.run(NEXT).exit == 0
    assert home.state(TN) == "acknowledged"
    assert list((home.path / "responses" / "sample").iterdir()) == []


class TestOneFile:
    """`reconcile FILE --partner P`."""

    def test_the_file_is_applied_and_stays(self, home: Home) -> None:
        home.take(LOCAL)
        file = settled(home.path.parent / "monday.csv", GOOD)
        done = home("reconcile", file, "--partner", "sample", "--format", "json", at=NEXT)
        assert (done.exit, home.state(TN), file.read_text("utf-8")) == (0, "acknowledged", GOOD.replace("\r\n", "\n"))

    def test_a_dry_run_says_what_each_line_would_do_and_does_nothing(self, home: Home) -> None:
        home.take(LOCAL)
        before = snapshot(home.path)
        file = settled(home.path.parent / "monday.csv", response(("", "", PLAIN, "ACK"), ("", "", "6179990000", "ACK")))
        lines = home("reconcile", file, "--partner", "sample", "--dry-run", "--format", "json", at=NEXT).lines
        assert [line["line"] for line in lines] == [2, 3]
        assert (home.state(TN), snapshot(home.path)) == ("submitted", before)

    @pytest.mark.parametrize(("partner", "content"), [("nobody", GOOD), ("sample", "no header\r\n")])
    def test_what_cannot_be_read_or_has_no_partner_is_a_usage_error(self, home: Home, partner: str, content: str) -> None:
        home.take(LOCAL)
        file = settled(home.path.parent / "monday.csv", content)
        done = home("reconcile", file, "--partner", partner, at=NEXT)
        assert done.exit == 2
        assert file.exists()
        assert home.state(TN) == "submitted"
        assert list((home.path / "quarantine").rglob("*")) == []


class TestExceptionLines:
    """`exceptions` and `exceptions resolve`."""

    def test_a_resolved_line_is_no_longer_listed(self, home: Home) -> None:
        home.take(LOCAL)
        home.answer(("", "", "6179990000", "ACK", "8D;8A", "who is this"))
        (line,) = home.exceptions()
        assert (line["codes"], line["text"], line["tn"]) == (["8D", "8A"], "who is this", "6179990000")
        done = home("exceptions", "resolve", line["id"], "--why", "asked the partner", "--format", "json")
        assert done.exit == 0
        assert (done.lines[0]["id"], done.lines[0]["why"]) == (line["id"], "asked the partner")
        assert done.lines[0]["resolved"]
        assert home("exceptions").exit == 0
        assert home.exceptions() == []

    @pytest.mark.parametrize("number", ["99", "1"])
    def test_a_line_that_is_not_open_cannot_be_resolved(self, home: Home, number: str) -> None:
        home.take(LOCAL)
        home.answer(("", "", "6179990000", "ACK"))
        home("exceptions", "resolve", "1", "--why", "once")
        assert home("exceptions", "resolve", number, "--why", "again").exit == 2

    def test_a_line_that_is_open_does_not_concern_the_next_pass(self, home: Home) -> None:
        home.take(LOCAL)
        assert home.answer(("", "", "6179990000", "ACK")).exit == 1
        assert home.run(THIRD).exit == 0
