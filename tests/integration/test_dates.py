"""Dates in sheets: read as the customer means them, and held against the calendar of the place, the partner and the kind of port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LOCAL, MULTI, TOLL_FREE, Home, batchport, settled, sheet

MORNING, EVENING = "2026-03-03T09:00:00-05:00", "2026-03-03T20:00:00-05:00"  # a Tuesday
PARTIAL = {**MULTI, "partial": "Yes"}
WIRELESS = {
    "tn": "206-234-0163", "account_number": "922104417", "pin": "620194", "losing_carrier": "T-Mobile", "account_type": "", "number_type": "Wireless", "name": "Priya Shah",
    "authorized_name": "Priya Shah", "postal_code": "98101", "destination": "line-0163",
}  # fmt: skip
TORONTO = {
    **LOCAL, "tn": "416-234-0142", "losing_carrier": "Rogers", "street_number": "110", "street_name": "Spadina Ave", "city": "Toronto", "state": "ON",
    "postal_code": "M5V 2T6", "loa_file": "loa.pdf",
}  # fmt: skip
MONTREAL = {**TORONTO, "tn": "514-234-0142", "city": "Montréal", "state": "QC", "postal_code": "H2X 1Y4"}
GOOGLE = {**LOCAL, "losing_carrier": "Google Voice", "unlocked": "Yes"}


def checked(tmp_path: Path, *rows: dict[str, str], at: str = MORNING, home: Home | None = None) -> list[dict[str, Any]]:
    """What `check` says of some rows, in their order; the papers that they name are there."""
    from batchport.domain.cases import pdf

    path = settled(tmp_path / "sheet.csv", sheet(*rows))
    for name in {row["loa_file"] for row in rows if "loa_file" in row}:
        settled(tmp_path / name, pdf())
    if home is None:
        return batchport("check", path, "--format", "json", at=at).lines[1:-1]
    return home("check", path, "--customer", "acme", "--format", "json", at=at).lines[1:-1]


def of_dates(line: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(found["code"], found["suggestion"]) for found in line["findings"] if found["code"].startswith("date-")]


@pytest.mark.parametrize(("row", "date", "at", "expected"), [
    (LOCAL, "2026-03-04", MORNING, []),
    (LOCAL, "2026-03-04", EVENING, [("date-too-soon", "2026-03-05")]),
    (LOCAL, "2026-03-03", MORNING, [("date-too-soon", "2026-03-04")]),
    (LOCAL, "2026-03-02", MORNING, [("date-past", "2026-03-04")]),
    (LOCAL, "2026-03-07", MORNING, [("date-not-business-day", "2026-03-09")]),
    (LOCAL, "2026-02-28", MORNING, [("date-past", "2026-03-04")]),  # a Saturday too: one finding, the first that fits
    (LOCAL, "2026-04-03", MORNING, [("date-too-far", "2026-04-02")]),
    (LOCAL, "2026-05-02", MORNING, [("date-not-business-day", "2026-04-02")]),
    (LOCAL, "2026-02-30", MORNING, [("date-invalid", None)]),
    (PARTIAL, "2026-03-06", MORNING, [("date-too-soon", "2026-03-09")]),
    (PARTIAL, "2026-03-09", MORNING, []),
    (WIRELESS, "2026-03-04", MORNING, []),
    (WIRELESS, "2026-03-03", MORNING, [("date-too-soon", "2026-03-04")]),
    (TOLL_FREE, "2026-03-04", MORNING, [("date-too-soon", "2026-03-05")]),
    (TOLL_FREE, "2026-03-05", MORNING, []),
    (TORONTO, "2026-03-04", MORNING, [("date-too-soon", "2026-03-05")]),
    (TORONTO, "2026-03-05", MORNING, []),
    (GOOGLE, "2026-03-05", MORNING, [("date-too-soon", "2026-03-06")]),
    (GOOGLE, "2026-03-06", MORNING, []),
    (LOCAL, "ASAP", MORNING, []),
    (LOCAL, "46085", MORNING, []),  # a spreadsheet's number for 2026-03-04
])  # fmt: skip
def test_one_finding_a_row_the_first_that_fits(row: dict[str, str], date: str, at: str, expected: list[tuple[str, str | None]], tmp_path: Path) -> None:
    [line] = checked(tmp_path, {**row, "requested_date": date}, at=at)
    assert of_dates(line) == expected
    assert line["state"] == ("rejected" if expected else "ready")


@pytest.mark.parametrize(("row", "date", "free"), [
    (LOCAL, "2026-07-03", False), (LOCAL, "2026-07-01", True), (LOCAL, "2026-06-24", True),
    (TORONTO, "2026-07-01", False), (TORONTO, "2026-07-03", True), (TORONTO, "2026-06-24", True), (MONTREAL, "2026-06-24", False),
])  # fmt: skip
def test_each_place_has_its_own_holidays(row: dict[str, str], date: str, free: bool, tmp_path: Path) -> None:
    [line] = checked(tmp_path, {**row, "requested_date": date}, at="2026-06-15T09:00:00-04:00")
    assert (of_dates(line) == []) is free
    if not free:
        assert [code for code, _ in of_dates(line)] == ["date-not-business-day"]


def test_the_message_names_the_day(tmp_path: Path) -> None:
    rows = [{**LOCAL, "requested_date": "July 3, 2026"}, {**PARTIAL, "requested_date": "7/4/2026"}]
    lines = checked(tmp_path, *rows, at="2026-06-15T09:00:00-04:00")
    said = [found["message"] for line in lines for found in line["findings"] if found["code"] == "date-not-business-day"]
    assert said == ["No numbers are moved on 2026-07-03: it is Independence Day (observed).", "No numbers are moved on 2026-07-04: it is Saturday."]
    assert [line["values"]["requested_date"] for line in lines] == ["2026-07-03", "2026-07-04"]


def test_what_kind_of_port_it_is_must_be_known_for_a_date_to_be_too_soon(tmp_path: Path) -> None:
    unclear = {**LOCAL, "account_type": "Several"}
    lines = checked(tmp_path, {**unclear, "requested_date": "2026-03-03"}, {**unclear, "tn": "617-234-0143", "account_number": "7", "requested_date": "2026-03-02"})
    assert [of_dates(line) for line in lines] == [[], [("date-past", None)]]


def test_a_date_too_soon_is_told_beside_a_wrong_account_type(tmp_path: Path) -> None:
    shared = {**LOCAL, "requested_date": "2026-03-02"}
    lines = checked(tmp_path, shared, {**shared, "tn": "617-234-0143"}, at="2026-03-02T09:00:00-05:00")
    for line in lines:
        assert "account-type-mismatch" in [found["code"] for found in line["findings"]]
        assert of_dates(line) == [("date-too-soon", "2026-03-03")]


class TestTwoReadings:
    def test_mean_the_month_first_in_the_united_states(self, tmp_path: Path) -> None:
        [line] = checked(tmp_path, {**LOCAL, "requested_date": "03/09/2026"})
        assert (line["state"], line["values"]["requested_date"]) == ("ready", "2026-03-09")

    def test_are_not_guessed_at_in_canada(self, tmp_path: Path) -> None:
        lines = checked(tmp_path, {**TORONTO, "requested_date": "03/09/2026"}, {**MONTREAL, "requested_date": "2026-03-09"}, {**LOCAL, "requested_date": "3/9/26"})
        assert [of_dates(line) for line in lines] == [[("date-ambiguous", None)], [], []]
        assert lines[0]["values"]["requested_date"] == "03/09/2026"

    @pytest.mark.parametrize(("order", "read"), [("mdy", "2026-03-09"), ("dmy", "2026-09-03")])
    def test_are_read_as_the_customer_says(self, order: str, read: str, tmp_path: Path, home: Home) -> None:
        home.set("    email: telecom@acme.example\n", f"    email: telecom@acme.example\n    date_order: {order}\n")
        lines = checked(tmp_path, {**TORONTO, "requested_date": "03/09/2026"}, {**LOCAL, "requested_date": "03/09/2026"}, home=home)
        assert [line["values"]["requested_date"] for line in lines] == [read, read]
        assert not any(code == "date-ambiguous" for line in lines for code, _ in of_dates(line))


class TestPartners:
    def test_may_ask_for_more_time(self, tmp_path: Path, home: Home) -> None:
        home.set("    profile: generic-csv\n", "    profile: generic-csv\n    soonest: {single_line: 3}\n")
        lines = checked(tmp_path, {**LOCAL, "requested_date": "2026-03-05"}, {**PARTIAL, "requested_date": "2026-03-09"}, home=home)
        assert [of_dates(line) for line in lines] == [[("date-too-soon", "2026-03-06")], []]

    def test_may_not_ask_for_less(self, home: Home) -> None:
        home.set("    profile: generic-csv\n", "    profile: generic-csv\n    soonest: {multi_line: 1}\n")
        refused = home("orders")
        assert refused.exit == 2
        assert "multi_line" in refused.err

    def test_have_holidays_cutoff_and_clock_of_their_own(self, tmp_path: Path, home: Home) -> None:
        home.set("    profile: generic-csv\n", "    profile: generic-csv\n    holidays: [2026-03-04]\n    cutoff: '15:00'\n    timezone: America/Denver\n")
        row = {**LOCAL, "requested_date": "2026-03-04"}
        assert of_dates(checked(tmp_path, row, home=home)[0]) == [("date-not-business-day", "2026-03-05")]
        row["requested_date"] = "2026-03-05"
        assert of_dates(checked(tmp_path, row, home=home, at="2026-03-03T16:30:00-05:00")[0]) == []
        assert of_dates(checked(tmp_path, row, home=home, at="2026-03-03T17:30:00-05:00")[0]) == [("date-too-soon", "2026-03-06")]


def test_a_date_that_cannot_be_met_keeps_the_number_from_being_sent(home: Home) -> None:
    home.take({**LOCAL, "requested_date": "2026-03-03"}, at=EVENING)
    assert (home.state(LOCAL["tn"]), home.sent()) == ("rejected", [])
    home.take({**LOCAL, "requested_date": "2026-03-05"}, at=EVENING, name="again.csv")
    assert [line["REQUESTED_DATE"] for line in home.sent()] == ["2026-03-05"]
