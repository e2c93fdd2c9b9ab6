"""A customer's list of its lines: what is not on it, what takes one number, and what is taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import LOCAL, NEXT, Home, numbers, settled, sheet, text_of

ROSTER = "line,takes\nline-1,one\nline-2,one\nTrunk-1,many\n"
ACME = "    email: telecom@acme.example\n"


@pytest.fixture
def listed(home: Home) -> Home:
    """A home whose customer acme has a list of lines."""
    settled(home.path / "lines.csv", ROSTER)
    home.set(ACME, ACME + "    roster: lines.csv\n")
    return home


def rows(*lines: str) -> list[dict[str, str]]:
    """A row for each line, each a number of an account of its own."""
    return [{**row, "account_number": f"80{at}", "destination": line} for at, (row, line) in enumerate(zip(numbers("617-234-0142", len(lines), **LOCAL), lines, strict=True))]


def found(home: Home, *lines: str) -> list[list[tuple[str, str]]]:
    """What `check` says of the lines of rows: code and severity."""
    path = settled(home.path.parent / "sheet.csv", sheet(*rows(*lines)))
    said: list[dict[str, Any]] = home("check", path, "--customer", "acme", "--format", "json").lines[1:-1]
    return [[(one["code"], one["severity"]) for one in line["findings"] if one["code"].startswith("destination-")] for line in said]


def test_a_line_that_is_not_listed_is_unknown(listed: Home) -> None:
    assert found(listed, "line-1", "LINE-2", "line-3", "trunk-1") == [[], [], [("destination-unknown", "error")], []]


def test_the_line_that_is_meant_is_suggested(listed: Home) -> None:
    path = settled(listed.path.parent / "sheet.csv", sheet(*rows("Line 1")))
    [finding] = [one for one in listed("check", path, "--customer", "acme", "--format", "json").lines[1]["findings"] if one["code"] == "destination-unknown"]
    assert finding["suggestion"] == "line-1"


def test_two_numbers_for_a_line_that_takes_one_are_errors_on_every_row(listed: Home) -> None:
    error = [("destination-repeated", "error")]
    assert found(listed, "line-1", "Line-1", "line-2") == [error, error, []]


def test_a_trunk_takes_many(listed: Home) -> None:
    assert found(listed, "trunk-1", "trunk-1") == [[], []]


def test_without_a_list_two_numbers_for_a_line_are_worth_a_warning(home: Home) -> None:
    warning = [("destination-repeated", "warning")]
    assert found(home, "line-1", "line-1", "line-9") == [warning, warning, []]


def test_a_customer_may_make_it_less_than_an_error(listed: Home) -> None:
    listed.set(ACME, ACME + "    severities: {destination-repeated: warning}\n")
    assert found(listed, "line-1", "line-1") == [[("destination-repeated", "warning")]] * 2


def test_rows_for_a_line_that_takes_one_are_rejected_and_stay_so(listed: Home) -> None:
    assert listed.take(*rows("line-1", "line-1", "line-2")).exit == 1
    assert listed.states() == {"sheet.csv:2": "rejected", "sheet.csv:3": "rejected", "sheet.csv:4": "submitted"}
    assert "takes one by your list of lines: see row 3" in " ".join(text_of(listed.mails("received")[0]).split())


def test_a_line_that_an_open_row_has_is_busy(listed: Home) -> None:
    listed.take(*rows("line-1", "trunk-1"))
    other = {**rows("LINE-1")[0], "tn": "617-234-0999", "account_number": "999"}
    listed.take(other, name="later.csv", at=NEXT)
    [row] = listed.rows(other["tn"])
    assert (row["state"], row["findings"]) == ("rejected", ["destination-busy"])
    path = settled(listed.path.parent / "again.csv", sheet(other))
    line = listed("check", path, "--customer", "acme", "--format", "json", at=NEXT).lines[1]
    assert [one["message"] for one in line["findings"] if one["code"] == "destination-busy"] == ["'LINE-1' takes one number, and row 2 of sheet.csv has it for another."]


@pytest.mark.parametrize("status", ["COMPLETE", "CANCEL"])
def test_a_line_is_free_when_the_row_that_had_it_has_ended(status: str, listed: Home) -> None:
    listed.take(*rows("line-1"))
    listed.answer(("", "", "6172340142", status))
    other = {**rows("line-1")[0], "tn": "617-234-0999", "account_number": "999"}
    listed.take(other, name="later.csv", at=NEXT)
    assert listed.state(other["tn"]) == "submitted"


def test_the_same_number_does_not_stand_in_its_own_way(listed: Home) -> None:
    [row] = rows("line-1")
    listed.take({**row, "name": ""}, {**row, "tn": "617-234-0777", "account_number": "800", "destination": "line-2"})
    listed.drop({**row, "pin": "9911"}, name="better.csv")
    listed.run(NEXT)
    assert listed.state(row["tn"]) == "submitted"


def test_the_list_is_read_anew_by_every_command(listed: Home) -> None:
    settled(listed.path / "lines.csv", ROSTER + "line-3,one\n")
    assert found(listed, "line-3") == [[]]


@pytest.mark.parametrize(("text", "said"), [
    (None, "cannot be read"), ("", "line 1: a roster begins"), ("line\na\n", "line 1: a roster begins"), ("line,takes\na,two\n", "line 2: a line of a roster"),
    ("line,takes\na,one\nA,many\n", "line 3: 'A' stands twice"), ("line,takes\na\n", "line 2: a line of a roster"),
])  # fmt: skip
def test_a_list_that_is_not_clear_is_refused(text: str | None, said: str, listed: Home) -> None:
    path = listed.path / "lines.csv"
    path.unlink() if text is None else settled(path, text)
    refused = listed("orders")
    assert refused.exit == 2
    assert said in refused.err
    assert "lines.csv" in refused.err
