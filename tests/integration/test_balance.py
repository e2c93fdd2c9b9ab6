"""The balance: every line of every submission file, answered or outstanding."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, Home, account

TN, PLAIN = "617-234-0142", "6172340142"
ROWS = account(4)
NUMBERS = [row["tn"] for row in ROWS]
KINDS = ("acknowledged", "delayed", "confirmed", "rejected", "completed", "cancelled", "overtaken")
FOURTH = "2026-03-05T20:00:00-05:00"


def balance(home: Home, *options: str, at: str = NEXT) -> list[dict[str, Any]]:
    done = home("balance", *options, "--format", "json", at=at)
    for file in done.lines:
        assert file["balanced"] is True
        assert file["lines"] == sum(file["answered"].values()) + file["outstanding"] == sum(map(len, file["numbers"].values()))
        assert list(file["answered"]) == list(KINDS)
        assert {kind: len(numbers) for kind, numbers in file["numbers"].items()} == {kind: n for kind, n in {**file["answered"], "outstanding": file["outstanding"]}.items() if n}
    assert done.exit == any(file["outstanding"] for file in done.lines)
    return done.lines


def kinds(file: dict[str, Any]) -> dict[str, str]:
    return {number: kind for kind, numbers in file["numbers"].items() for number in numbers}


def test_nothing_sent_is_balanced(home: Home) -> None:
    assert balance(home) == []
    assert "Nothing was sent." in home("balance").out


def test_what_was_sent_and_not_answered_is_outstanding(home: Home) -> None:
    home.take(LOCAL, *ROWS)
    (file,) = balance(home)
    assert (file["partner"], file["file"], file["orders"], file["lines"], file["outstanding"]) == ("sample", "sample-20260302-000001.csv", 2, 5, 5)
    assert file["sent"].startswith("2026-03-03T01:00:00")


@pytest.mark.parametrize(("answer", "kind"), [
    (("ACK",), "acknowledged"), (("DELAY", "1B"), "delayed"), (("FOC", "", "", "2026-03-12"), "confirmed"), (("REJECT", "8A"), "rejected"), (("COMPLETE",), "completed"),
    (("CANCEL",), "cancelled"),
])  # fmt: skip
def test_each_kind_of_answer_has_its_numbers(home: Home, answer: tuple[str, ...], kind: str) -> None:
    home.take(LOCAL, *ROWS)
    home.answer(("", "", PLAIN, *answer))
    assert kinds(balance(home)[0]) == {PLAIN: kind, **dict.fromkeys((str(number) for number in NUMBERS), "outstanding")}


def test_a_line_for_the_whole_order_answers_every_number(home: Home) -> None:
    home.take(*ROWS)
    home.answer((home.pon(NUMBERS[0]), "", "", "FOC", "", "", "2026-03-12"))
    assert set(kinds(balance(home)[0]).values()) == {"confirmed"}


def test_the_last_word_counts(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "ACK"), ("", "", PLAIN, "FOC", "", "", "2026-03-12"), ("", "", PLAIN, "COMPLETE"))
    assert kinds(balance(home)[0]) == {PLAIN: "completed"}


def test_a_version_that_was_overtaken_keeps_what_was_said_of_it(home: Home) -> None:
    home.take(*ROWS)
    pon = home.pon(NUMBERS[0])
    home.answer((pon, "", NUMBERS[0], "REJECT", "8A"), (pon, "", NUMBERS[1], "FOC", "", "", "2026-03-12"))
    home("resubmit", pon, "--why", "the carrier was wrong", at=THIRD)
    home.run(THIRD)
    first, second = balance(home, at=THIRD)
    assert kinds(first) == dict(zip(NUMBERS, ("rejected", "confirmed", "overtaken", "overtaken"), strict=True))
    assert set(kinds(second).values()) == {"outstanding"}
    home.answer((pon, "02", "", "ACK"), at=FOURTH, name="b.csv")
    assert [set(kinds(file).values()) for file in balance(home, at=FOURTH)] == [{"rejected", "confirmed", "overtaken"}, {"acknowledged"}]


def test_a_corrected_row_stands_in_the_file_that_it_went_in(home: Home) -> None:
    home.take(*ROWS)
    home.answer((home.pon(NUMBERS[0]), "", NUMBERS[0], "REJECT", "8C"))
    home.take(*(row | {"pin": "9999"} for row in ROWS), name="corrected.csv", at=THIRD)
    first, second = balance(home, at=THIRD)
    assert kinds(first) == {NUMBERS[0]: "rejected", **dict.fromkeys(NUMBERS[1:], "overtaken")}
    assert set(kinds(second)) == set(NUMBERS)


def test_a_cancellation_is_a_file_of_its_own(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-20"))
    home("cancel", home.pon(TN), "--why", "the customer stays", at=THIRD)
    home.run(THIRD)
    home.answer((home.pon(TN), "02", "", "FOC"), at=FOURTH, name="b.csv")
    assert [kinds(file) for file in balance(home, at=FOURTH)] == [{PLAIN: "confirmed"}, {PLAIN: "cancelled"}]


def test_numbers_that_went_on_in_a_new_order_stay_in_the_old_files_too(home: Home) -> None:
    home.set("profile: generic-csv", "profile: generic-csv\n    edit_numbers: false")
    home.take(*ROWS)
    pon = home.pon(NUMBERS[0])
    home.answer((pon, "", "", "ACK"))
    home("cancel", pon, "--tn", NUMBERS[3], "--why", "it stays", at=THIRD)
    home.run(THIRD)
    home.answer((pon, "02", "", "CANCEL"), at=FOURTH, name="b.csv")
    home.run(FOURTH)
    files = balance(home, at=FOURTH)
    assert [file["lines"] for file in files] == [4, 4, 3]
    assert [set(kinds(file).values()) for file in files] == [{"acknowledged"}, {"cancelled"}, {"outstanding"}]
    assert set(kinds(files[2])) == set(NUMBERS[:3])


def test_a_number_that_moved_though_its_version_was_overtaken_is_completed(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", PLAIN, "REJECT", "8A"))
    home("resubmit", home.pon(TN), "--why", "once more", at=THIRD)
    home.run(THIRD)
    home.answer((home.pon(TN), "01", PLAIN, "COMPLETE"), name="b.csv", at=FOURTH)
    assert [kinds(file) for file in balance(home, at=FOURTH)] == [{PLAIN: "completed"}, {PLAIN: "completed"}]


def test_the_files_of_one_partner_or_since_a_day(home: Home) -> None:
    home.set("  sample:\n", "  other: {profile: generic-csv}\n  sample:\n")
    home.set("  - {partner: sample}", "  - {partner: other, losing_carrier: Verizon}\n  - {partner: sample}")
    home.take(LOCAL, *ROWS)
    home.take(LOCAL | {"tn": "617-234-0150", "account_number": "77", "destination": "line-9"}, name="more.csv", at=NEXT)
    assert [file["lines"] for file in balance(home)] == [1, 4, 1]
    assert [file["lines"] for file in balance(home, "--partner", "other")] == [1, 1]
    assert [file["lines"] for file in balance(home, "--since", "2026-03-03")] == [1]
    assert [file["lines"] for file in balance(home, "--since", "2026-03-02", "--partner", "sample")] == [4]
    assert home("balance", "--partner", "nobody").exit == 2


def test_the_table_and_the_workbook_tell_the_same(home: Home) -> None:
    home.take(LOCAL, *ROWS)
    home.answer(("", "", PLAIN, "FOC", "", "", "2026-03-12"))
    target = home.path.parent / "balance.xlsx"
    done = home("balance", "-o", target, at=NEXT)
    assert done.exit == 1
    assert "sample-20260302-000001.csv" in done.out
    assert "617-236-2200, 617-236-2201, 617-236-2202 and 1 more" in done.out
    book = openpyxl.load_workbook(io.BytesIO(target.read_bytes()))
    assert book.sheetnames == ["Files", "Lines"]
    header, file = book["Files"].iter_rows(values_only=True)
    told = dict(zip(header, file, strict=True))
    assert (told["File"], told["Lines"], told["Confirmed"], told["Outstanding"], told["Balances"]) == ("sample-20260302-000001.csv", "5", "1", "4", "yes")
    lines = list(book["Lines"].iter_rows(values_only=True, min_row=2))
    assert (lines[0][4], lines[0][5], lines[0][6]) == (PLAIN, "confirmed", "2026-03-12")
    assert len(lines) == 5


def test_a_file_whose_lines_are_not_accounted_for_is_said(home: Home) -> None:

    home.take(LOCAL, *ROWS)
    home.answer(("", "", PLAIN, "COMPLETE"), (home.pon(NUMBERS[0]), "", "", "COMPLETE"))
    assert balance(home)[0]["outstanding"] == 0
    with home.database() as base:
        base.execute("update versions set answered = answered - 1 where lines = 4")
    base.close()
    done = home("balance", "--format", "json", at=EVENING)
    assert (done.exit, [file["balanced"] for file in done.lines]) == (1, [False])
    assert "NO" in home("balance").out
