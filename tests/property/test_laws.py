"""Laws that hold for any sheet: of the plain reference, and of the product as a user runs it."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reference import ask, rows_of
from tests.reference.generate import PAPERS, Row, random_rows, write_sheet
from tests.reference.plain import CODES, check

STATES = {"ready", "held", "rejected", "duplicate"}
Judge = Callable[[list[Row], Path], list[dict[str, Any]]]


def by_the_reference(rows: list[Row], _: Path) -> list[dict[str, Any]]:
    """The rows judged by the plain reference."""
    return check(rows, {})


def by_the_product(rows: list[Row], folder: Path) -> list[dict[str, Any]]:
    """The rows judged by `batchport check`."""
    _, lines = ask("check", write_sheet(folder / "sheet.csv", rows), "--format", "json", "--show-secrets")
    return rows_of(lines)


judges = pytest.mark.parametrize("judge", [by_the_reference, by_the_product])


def sheet(seed: int, count: int = 300) -> list[Row]:
    """Rows of which each has a reference of its own."""
    rows = random_rows(random.Random(seed), count, faults=4)
    return [row | {"customer_ref": f"R{index}"} for index, row in enumerate(rows)]


def test_the_generated_rows_provoke_every_code() -> None:
    found = set()
    for seed in range(10):
        rows = random_rows(random.Random(seed), 500, faults=6)
        lines = {row["destination"]: "one" for row in rows if row.get("destination") and row["destination"] != "line-shared-2"}
        customer = {
            "defaults": {"city": "Boston"}, "roster": lines, "papers": {"invoice": "always"}, "papers_there": PAPERS, "limits": {"name": 25}, "max_lines": 3,
            "routes": [{"partner": "sample", "losing_carrier": "Verizon"}, {"partner": "sample", "number_class": "toll_free"}],
        } if seed % 2 else {"papers_there": PAPERS, "max_lines": 3}
        found |= {code for line in check(rows, customer) for code, _ in line["codes"]}
    assert found == CODES


@judges
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_grouping_does_not_depend_on_the_order_of_rows(judge: Judge, seed: int, tmp_path: Path) -> None:
    rows = sheet(seed)
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = judge(rows, tmp_path), judge(shuffled, tmp_path)
    assert ready(one) == ready(other)
    # Where two values are equally common the first row's counts: who of them is rejected and who is held does depend on it.
    both = {name(line) for line in one if line["order"]} & {name(line) for line in other if line["order"]}
    assert len(both) > len(rows) / 2
    assert partition(one, both) == partition(other, both)


def name(line: dict[str, Any]) -> str:
    """What tells a row from the others wherever it stands: of rows that are the same request, only the number."""
    return str(line["values"]["tn"] or line["values"]["customer_ref"])


def ready(lines: list[dict[str, Any]]) -> Counter[str]:
    """The rows that could go."""
    return Counter(name(line) for line in lines if line["state"] == "ready")


def partition(lines: list[dict[str, Any]], names: set[str]) -> set[frozenset[str]]:
    """The rows of each order, among these."""
    orders: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line["order"] and name(line) in names:
            orders[line["order"]].add(name(line))
    return {frozenset(order) for order in orders.values()}


@judges
def test_every_row_is_in_exactly_one_state(judge: Judge, tmp_path: Path) -> None:
    rows = sheet(4)
    lines = judge(rows, tmp_path)
    assert [line["row"] for line in lines] == list(range(2, len(rows) + 2))
    assert {line["state"] for line in lines} == STATES
    for line in lines:
        assert (line["order"] is None) == (line["state"] in {"rejected", "duplicate"})


def test_the_summary_counts_every_row_once(tmp_path: Path) -> None:
    _, lines = ask("check", write_sheet(tmp_path / "sheet.csv", sheet(5)), "--format", "json")
    states = Counter(line["state"] for line in rows_of(lines))
    summary = lines[-1]["summary"]
    assert {state: summary[state] for state in STATES} == {state: states[state] for state in STATES}
    assert summary["rows"] == sum(states.values())
    assert summary["orders"] == len({line["order"] for line in rows_of(lines)} - {None})
    assert summary["findings"] == Counter(finding["code"] for line in lines[:-1] for finding in line["findings"])


def test_a_row_is_rejected_exactly_when_it_has_an_error(tmp_path: Path) -> None:
    for line in by_the_product(sheet(6), tmp_path):
        errors = [finding for finding in line["findings"] if finding["severity"] == "error"]
        assert bool(errors) == (line["state"] == "rejected"), line


def test_an_order_goes_whole_or_waits_whole(tmp_path: Path) -> None:
    states = defaultdict(set)
    for line in by_the_product(sheet(7), tmp_path):
        if line["order"]:
            states[line["order"]].add(line["state"])
    assert {frozenset(found) for found in states.values()} == {frozenset({"ready"}), frozenset({"held"})}


def test_checking_twice_says_the_same(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "sheet.csv", sheet(8))
    assert ask("check", path, "--format", "json") == ask("check", path, "--format", "json")


def test_what_check_calls_the_values_checks_the_same_again(tmp_path: Path) -> None:
    rows = [row for row in sheet(9) if not row.get("action")]
    first = by_the_product(rows, tmp_path)
    again = by_the_product([{field: text or "" for field, text in line["values"].items()} for line in first if line["state"] == "ready"], tmp_path)
    assert {line["state"] for line in again} == {"ready"}
    stays = [line["values"] for line in first if line["state"] == "ready"]
    assert [line["values"] for line in again] == stays


def test_running_twice_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ask("init", home)
    dropped = write_sheet(home / "inbox" / "acme" / "sheet.csv", sheet(10))
    for path in dropped.parent.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    settings = ("--config", home / "config.yaml")
    ask(*settings, "run", "--format", "json")
    before = contents(home), ask(*settings, "status", "--format", "json")
    status, lines = ask(*settings, "run", "--format", "json")
    told = lines[-1]["run"]
    assert (status, told["changed"], told["balanced"]) == (0, False, True)
    assert (contents(home), ask(*settings, "status", "--format", "json")) == before


def contents(home: Path) -> dict[str, bytes]:
    """Every file that people or partners read."""
    folders = ("inbox", "outbox", "responses", "results", "archive", "quarantine", "mail")
    return {str(path.relative_to(home)): path.read_bytes() for folder in folders for path in sorted((home / folder).rglob("*")) if path.is_file()}
