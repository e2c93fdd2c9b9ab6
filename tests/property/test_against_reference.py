"""`batchport check`, run as a user runs it, says of made-up rows what the plain reference reads in the contract."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.reference import ask, rows_of
from tests.reference.generate import COLUMNS, Row, random_rows, write_sheet
from tests.reference.plain import CODES, check

ROWS = int(os.environ.get("BATCHPORT_MANY", "3000"))
PER_SHEET = min(ROWS, 500)
SHOWN = 15


def differences(rows: list[Row], customer: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """Where the product's lines differ from the reference, in words; each with the row as it was written."""
    expected = check(rows, customer)
    got = {line["row"]: line for line in rows_of(lines)}
    found = []
    for want, row in zip(expected, rows, strict=True):
        line = got.pop(want["row"], None)
        if line is None:
            found.append(f"row {want['row']} is not answered for: {row}")
            continue
        have = {(finding["code"], finding["field"] or "") for finding in line["findings"] if finding["code"] in CODES}
        codes = set(want["codes"])
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
            found.append(f"row {want['row']}: {'; '.join(words)}\n    {({name: text for name, text in row.items() if text})}")
    found += [f"row {number} was never written" for number in got]
    pairs = [(want["order"], line["order"]) for want, line in zip(expected, rows_of(lines), strict=False)]
    found += [f"not in one order: {ours} is {sorted(theirs)}" for ours, theirs in _partners(pairs).items() if len(theirs) > 1]
    found += [f"in one order: {theirs} is {sorted(ours)}" for theirs, ours in _partners([(b, a) for a, b in pairs]).items() if len(ours) > 1]
    return found


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


@pytest.mark.parametrize("seed", range(max(1, ROWS // PER_SHEET)))
def test_rows_with_faults_are_judged_as_the_contract_says(seed: int, tmp_path: Path) -> None:
    rows = random_rows(random.Random(seed), PER_SHEET, faults=6)
    status, lines = ask("check", write_sheet(tmp_path / "sheet.csv", rows), "--format", "json", "--show-secrets")
    agree(differences(rows, {}, lines))
    assert status == (1 if any(line["state"] == "rejected" for line in rows_of(lines)) else 0)


def test_rows_without_faults_are_judged_as_the_contract_says(tmp_path: Path) -> None:
    rows = random_rows(random.Random(1001), PER_SHEET, faults=0)
    _, lines = ask("check", write_sheet(tmp_path / "sheet.csv", rows), "--format", "json", "--show-secrets")
    agree(differences(rows, {}, lines))


@pytest.mark.parametrize("defaults", [
    {"account_type": "auto", "pin": "4321", "state": "MA"},
    {"account_type": "Multi-Line", "number_type": "Business Local", "authorized_name": "Ada Field", "country": "US"},
    {"losing_carrier": "MCI", "destination": "trunk-1", "partial": "yes", "btn": "617-234-0100"},
])
def test_what_a_customer_never_writes_is_filled_in_as_the_contract_says(defaults: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    ask("init", home)
    settings = yaml.safe_load((home / "config.yaml").read_text(encoding="utf-8"))
    settings["customers"]["acme"]["defaults"] = defaults
    (home / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    rng = random.Random(2002)
    rows = random_rows(rng, PER_SHEET, faults=3)
    for row in rows:
        for name in defaults:
            if rng.random() < 0.5:
                row[name] = ""
    absent = rng.choice(list(defaults))
    for row in rows:
        row[absent] = ""
    sheet = write_sheet(tmp_path / "sheet.csv", rows, [name for name in COLUMNS if name != absent])
    _, lines = ask("--config", home / "config.yaml", "check", sheet, "--customer", "acme", "--format", "json", "--show-secrets")
    agree(differences(rows, {"defaults": defaults}, lines))
