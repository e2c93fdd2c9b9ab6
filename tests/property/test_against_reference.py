"""`batchport check`, run as a user runs it, says of made-up rows what the plain reference reads in the contract."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.reference import NOW, ask, rows_of
from tests.reference.generate import COLUMNS, PAPERS, Row, random_rows, write_sheet
from tests.reference.plain import CODES, check

ROWS = int(os.environ.get("BATCHPORT_MANY", "3000"))
PER_SHEET = min(ROWS, 500 if ROWS <= 5000 else 4000)
SHOWN = 15
#: Findings of which the contract does not say on which field they stand.
NO_FIELD = {"row-unknown", "order-new-btn", "order-split", "order-held", "carrier-no-route"}
#: What the reference is told of every sheet.
USUAL = {"papers_there": PAPERS}


def differences(rows: list[Row], customer: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """Where the product's lines differ from the reference, in words; each with the row as it was written."""
    expected = check(rows, USUAL | customer)
    got = rows_of(lines)
    found = []
    if [line["row"] for line in got] != [want["row"] for want in expected]:
        return [f"the rows are {[line['row'] for line in got]}, expected {[want['row'] for want in expected]}"]
    for want, line in zip(expected, got, strict=True):
        have = {_finding(finding["code"], finding["field"] or "", finding["severity"]) for finding in line["findings"] if finding["code"] in CODES}
        codes = {_finding(code, field, severity) for (code, field), severity in want["severities"].items()}
        words = []
        if line["state"] != want["state"]:
            words.append(f"state: expected {want['state']}, got {line['state']}")
        if have != codes:
            words.append(f"findings: missing {sorted(codes - have)}, too many {sorted(have - codes)}")
        if (line["order"] is None) != (want["order"] is None):
            words.append(f"order: expected {want['order']}, got {line['order']}")
        words += [
            f"{name}: expected {want['values'][name]!r}, got {line['values'].get(name)!r}"
            for name in want["values"] if line["values"].get(name) != want["values"][name]
        ]
        if words:
            row = rows[want["row"] - 2]
            found.append(f"row {want['row']}: {'; '.join(words)}\n    {({name: text for name, text in row.items() if text})}")
    pairs = [(want["order"], line["order"]) for want, line in zip(expected, got, strict=True)]
    found += [f"not in one order: {ours} is {sorted(theirs)}" for ours, theirs in _partners(pairs).items() if len(theirs) > 1]
    found += [f"in one order: {theirs} is {sorted(ours)}" for theirs, ours in _partners([(b, a) for a, b in pairs]).items() if len(ours) > 1]
    return found


def _finding(code: str, field: str, severity: str) -> tuple[str, str, str]:
    return code, "" if code in NO_FIELD else field, severity


def _partners(pairs: list[tuple[str | None, str | None]]) -> dict[str, set[str]]:
    """For each order of the one side, the orders of the other side that its rows are in."""
    partners: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        if one is not None and other is not None:
            partners[one].add(other)
    return partners


def agree(found: list[str]) -> None:
    """Fail with the first differences, if there are any."""
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:SHOWN])


def judged(sheet: Path, *options: str | Path, at: str = NOW) -> list[dict[str, Any]]:
    """What `batchport check` prints of a sheet."""
    before = options[:2] if "--config" in options else ()
    return ask(*before, "check", sheet, *options[len(before):], "--format", "json", "--show-secrets", at=at)[1]


def home_with(folder: Path, customer: dict[str, Any], partner: dict[str, Any] | None = None, **settings: Any) -> tuple[str | Path, ...]:
    """The options of a `check` for a customer with these settings, in a new home."""
    home = folder / "home"
    ask("init", home)
    written = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    written["customers"]["acme"].update(customer)
    written["partners"]["sample"].update(partner or {})
    written.update(settings)
    (home / "config.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    return "--config", home / "config.yaml", "--customer", "acme"


@pytest.mark.parametrize("seed", range(max(1, ROWS // PER_SHEET)))
def test_rows_with_faults_are_judged_as_the_contract_says(seed: int, tmp_path: Path) -> None:
    rows = random_rows(random.Random(seed), PER_SHEET, 6)
    status, lines = ask("check", write_sheet(tmp_path / "sheet.csv", rows), "--format", "json", "--show-secrets")
    agree(differences(rows, {}, lines))
    assert status == (1 if any(line["state"] == "rejected" for line in rows_of(lines)) else 0)


def test_rows_without_faults_are_judged_as_the_contract_says(tmp_path: Path) -> None:
    rows = random_rows(random.Random(1001), PER_SHEET, 0)
    agree(differences(rows, {}, judged(write_sheet(tmp_path / "sheet.csv", rows))))


@pytest.mark.parametrize("defaults", [
    {"account_type": "auto", "pin": "4321", "state": "MA"},
    {"account_type": "Multi-Line", "number_type": "Business Local", "authorized_name": "Ada Field", "country": "US"},
    {"losing_carrier": "MCI", "destination": "trunk-1", "partial": "yes", "btn": "617-234-0100"},
])
def test_what_a_customer_never_writes_is_filled_in_as_the_contract_says(defaults: dict[str, str], tmp_path: Path) -> None:
    rng = random.Random(2002)
    rows = random_rows(rng, PER_SHEET, 3)
    for row in rows:
        for name in defaults:
            if rng.random() < 0.5:
                row[name] = ""
    absent = rng.choice(list(defaults))
    for row in rows:
        row[absent] = ""
    sheet = write_sheet(tmp_path / "sheet.csv", rows, [name for name in COLUMNS if name != absent])
    agree(differences(rows, {"defaults": defaults}, judged(sheet, *home_with(tmp_path, {"defaults": defaults}))))


#: What a customer has settled.
SETTINGS: dict[str, dict[str, Any]] = {
    "severities": {"severities": {
        "carrier-unknown": "error", "destination-repeated": "error", "email-invalid": "error", "account-cleaned": "warning", "authorized-not-person": "info",
        "carrier-unlock": "warning",
    }},
    "severities of orders": {"severities": {"name-spelling": "error", "partial-assumed": "error", "order-held": "error"}},
    "lowered severities of orders": {"severities": {"order-rows-disagree": "warning", "order-new-btn": "info", "order-btn-not-listed": "error"}},
    "errors that are none": {"severities": {"authorized-missing": "warning", "address-po-box": "info", "postal-state": "warning", "address-missing": "warning"}},
    "keys that are none": {"severities": {
        "btn-missing": "warning", "btn-invalid": "warning", "carrier-missing": "warning", "number-type-missing": "warning", "number-type-mismatch": "warning",
        "account-invalid": "warning", "name-missing": "warning", "address-country": "warning", "resporg-invalid": "info", "new-btn-invalid": "warning",
        "partial-invalid": "warning",
    }},
    "release": {"on_rejected_row": "release"},
    "release of what is raised": {"on_rejected_row": "release", "severities": {"partial-assumed": "error", "name-spelling": "error", "new-btn-invalid": "info"}},
    "date order of days first": {"date_order": "dmy"},
    "date order of months first": {"date_order": "mdy"},
    "papers always": {"papers": {"loa": "always", "invoice": "always"}},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_customers_settings_are_followed_as_the_contract_says(name: str, tmp_path: Path) -> None:
    customer = SETTINGS[name]
    rows = random_rows(random.Random(3003), PER_SHEET, 4)
    agree(differences(rows, customer, judged(write_sheet(tmp_path / "sheet.csv", rows), *home_with(tmp_path, customer))))


def test_orders_that_no_partner_takes_wait(tmp_path: Path) -> None:
    routes = [{"partner": "sample", "losing_carrier": "Verizon"}, {"partner": "sample", "number_class": "toll_free"}, {"partner": "sample", "country": "CA"}]
    rows = random_rows(random.Random(4004), PER_SHEET, 2)
    agree(differences(rows, {"routes": routes}, judged(write_sheet(tmp_path / "sheet.csv", rows), *home_with(tmp_path, {}, routes=routes))))


def test_numbers_of_the_territories_can_be_left_out(tmp_path: Path) -> None:
    rows = random_rows(random.Random(5005), PER_SHEET, 2)
    agree(differences(rows, {"territories": False}, judged(write_sheet(tmp_path / "sheet.csv", rows), *home_with(tmp_path, {}, territories=False))))


def test_orders_of_more_numbers_than_the_partner_takes_go_in_parts(tmp_path: Path) -> None:
    rows = random_rows(random.Random(6006), PER_SHEET, 0)
    agree(differences(rows, {"max_lines": 2}, judged(write_sheet(tmp_path / "sheet.csv", rows), *home_with(tmp_path, {}, {"max_lines": 2}))))


def test_names_that_the_partner_cuts_are_told(tmp_path: Path) -> None:
    longest = {"name": 25, "authorized_name": 15}
    columns: list[dict[str, Any]] = [{"header": "PON", "source": "pon"}, {"header": "TN", "source": "tn"}]
    columns += [{"header": name.upper(), "source": name, "form": {"longest": most, "too_long": "cut"}} for name, most in longest.items()]
    rows = random_rows(random.Random(9009), PER_SHEET, 3)
    options = home_with(tmp_path, {}, {"columns": columns})
    agree(differences(rows, {"limits": longest}, judged(write_sheet(tmp_path / "sheet.csv", rows), *options)))


def test_lines_are_looked_up_in_the_roster(tmp_path: Path) -> None:
    rng = random.Random(7007)
    rows = random_rows(rng, PER_SHEET, 3)
    lines = sorted({row["destination"] for row in rows if row.get("destination")})
    roster = {line: rng.choice(["one", "many"]) for line in lines if rng.random() < 0.85}
    options = home_with(tmp_path, {"roster": "lines.csv"})
    (tmp_path / "home" / "lines.csv").write_text("line,takes\n" + "".join(f"{line},{takes}\n" for line, takes in roster.items()), encoding="utf-8")
    agree(differences(rows, {"roster": roster}, judged(write_sheet(tmp_path / "sheet.csv", rows), *options)))


@pytest.mark.parametrize("now", [
    "2026-11-23T10:00:00-05:00",  # before Thanksgiving, which is no holiday in Canada
    "2026-11-24T14:30:00-05:00",  # after the cut-off
    "2027-01-25T09:00:00-05:00",  # Family Day in Ontario
    "2027-05-10T12:59:00-04:00",  # Victoria Day and Memorial Day
    "2027-06-21T23:30:00-04:00",  # the National Day of Quebec, Canada Day, and Independence Day on a Sunday
    "2027-08-23T08:00:00-04:00",  # Labor Day
    "2027-12-13T13:00:00-05:00",  # Christmas Day on a Saturday
])
def test_dates_are_judged_from_the_time_of_the_check(now: str, tmp_path: Path) -> None:
    moment = datetime.fromisoformat(now)
    rows = random_rows(random.Random(now), PER_SHEET, 2, moment.date())
    rng = random.Random(8008)
    for row in rows:
        if rng.random() < 0.3:
            _ask_for_a_day(rng, row, moment)
    agree(differences(rows, {"now": moment}, judged(write_sheet(tmp_path / "sheet.csv", rows), at=now)))


def _ask_for_a_day(rng: random.Random, row: Row, moment: datetime) -> None:
    row["requested_date"] = str(moment.date() + timedelta(rng.randint(-3, 34)))
