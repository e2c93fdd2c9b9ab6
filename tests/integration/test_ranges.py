"""A range of numbers in one cell, from the sheet to the partner's file and back (contract, sections 4 and 5)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.conftest import LOCAL, MULTI, NEXT, Home, batchport, settled, sheet

RANGE = MULTI | {"tn": "617-236-2200 thru 2203", "partial": "No", "destination": "trunk-1"}
DOWN = LOCAL | {"tn": "617-234-0150 thru 0142", "account_number": "80144218"}
BEHIND = LOCAL | {"tn": "617-234-0199", "account_number": "80144219", "name": "", "customer_ref": "the last"}


def check(tmp_path: Path, *rows: dict[str, str], options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    path = settled(tmp_path / "sheet.csv", sheet(*rows))
    return batchport("check", path, "--format", "json", *options).lines


def codes(line: dict[str, Any]) -> list[str]:
    return [found["code"] for found in line["findings"]]


def test_each_number_is_a_row_with_the_sheets_row_number(tmp_path: Path) -> None:
    _, *rows, last = check(tmp_path, LOCAL, RANGE, DOWN, BEHIND)
    assert [(line["row"], line["values"]["tn"], line["state"]) for line in rows] == [
        (2, "6172340142", "ready"), *((3, str(number), "ready") for number in range(6172362200, 6172362204)), (4, DOWN["tn"], "rejected"), (5, "6172340199", "rejected"),
    ]  # fmt: skip
    assert (last["summary"]["rows"], last["summary"]["orders"]) == (7, 2)
    assert last["summary"]["findings"]["tn-range-expanded"] == 4


def test_findings_stand_on_the_rows_they_speak_of(tmp_path: Path) -> None:
    _, *rows, _ = check(tmp_path, LOCAL, RANGE, DOWN, BEHIND)
    assert ["tn-range-expanded" in codes(line) for line in rows] == [False, True, True, True, True, False, False]
    assert [code for code in codes(rows[5]) if code.startswith("tn-")] == ["tn-range-invalid"]
    assert "name-missing" in codes(rows[6])
    said = next(found for found in rows[2]["findings"] if found["code"] == "tn-range-expanded")
    assert said["message"].startswith("'617-236-2200 thru 2203' names 4 numbers")
    assert said["value"] == "617-236-2201"


def test_a_number_of_a_list_that_nobody_can_have_is_told_by_itself(tmp_path: Path) -> None:
    _, *rows, _ = check(tmp_path, LOCAL | {"tn": "617-234-0142, 617-123-0143", "account_type": "Multi-Line", "btn": "617-234-0142"})
    found = next(found for found in rows[1]["findings"] if found["code"] == "tn-not-assignable")
    assert found["value"] == "617-123-0143"
    assert "tn-not-assignable" not in codes(rows[0])


def test_what_the_reader_saw_in_a_row_stands_on_all_its_numbers(tmp_path: Path) -> None:
    text = sheet(LOCAL, RANGE).replace("No", "No,stray", 1)
    _, *rows, _ = batchport("check", settled(tmp_path / "sheet.csv", text), "--format", "json").lines
    assert ["row-ragged" in codes(line) for line in rows] == [False, True, True, True, True]


def test_the_same_number_in_two_cells_is_one_request(tmp_path: Path) -> None:
    _, *rows, _ = check(tmp_path, RANGE, RANGE | {"tn": "617-236-2203"})
    assert [line["state"] for line in rows] == ["ready"] * 4 + ["duplicate"]


def test_toll_free_numbers_in_a_range_or_in_letters_need_no_address(tmp_path: Path) -> None:
    free = {
        "losing_carrier": "Lumen", "account_number": "TF447", "account_type": "Multi-Line", "number_type": "Business Toll Free", "name": "Harbor Bakery LLC",
        "authorized_name": "Maria Garcia", "destination": "trunk-1",
    }  # fmt: skip
    first, *rows, _ = check(tmp_path, free | {"tn": "800-234-7301 thru 7302"}, free | {"tn": "1-800-FLOWERS"})
    assert first["state"] == "read"
    assert [line["values"]["tn"] for line in rows] == ["8002347301", "8002347302", "8003569377"]


def test_ranges_that_make_more_rows_than_are_read_are_refused(home: Home) -> None:
    home.set("rows: 1048576", "rows: 2000")
    home.drop(*(LOCAL | {"tn": f"617-23{place}-1000 thru 1999"} for place in (2, 3, 4)))
    done = home.run()
    assert (done.exit, done.last["files"]["set_aside"]) == (1, 1)
    assert "3,000 rows when its ranges are written out" in (home.path / "quarantine/acme/sheet.csv.txt").read_text()


def test_a_night_with_a_range_balances_and_sends_every_number(home: Home) -> None:
    done = home.take(LOCAL, RANGE, DOWN, BEHIND)
    assert done.last["balanced"] is True
    assert (done.last["rows"]["read"], done.last["rows"]["submitted"], done.last["rows"]["rejected"]) == (7, 5, 2)
    assert sorted(line["TN"] for line in home.sent()) == ["6172340142", *(str(number) for number in range(6172362200, 6172362204))]
    assert {line["PON"] for line in home.sent() if line["TN"] != "6172340142"} == {home.pon("6172362202")}
    assert [(line["row"], line["tn"], line["customer_ref"]) for line in home.json("status")][4:] == [
        (3, "6172362203", None), (4, DOWN["tn"], None), (5, "6172340199", "the last"),
    ]  # fmt: skip
    assert any(step["file"] == "acme/sheet.csv, row 3" for step in home.json("trace", "617-236-2202"))


def workbook(home: Home) -> openpyxl.Workbook:
    return openpyxl.load_workbook(next((home.path / "results" / "acme").glob("sheet.*.xlsx")))


def test_results_have_a_row_for_each_number_with_the_number_alone(home: Home) -> None:
    home.take(LOCAL, RANGE, BEHIND)
    header, *rows = workbook(home)["All rows"].iter_rows(values_only=True)
    place = {label: at for at, label in enumerate(header)}
    assert [row[place["Phone Number"]] for row in rows] == ["617-234-0142", *(f"617-236-220{line}" for line in range(4)), "617-234-0199"]
    assert {row[place["Business or Full Name"]] for row in rows[1:5]} == {RANGE["name"]}
    assert len({row[place["Row ID"]] for row in rows}) == 6
    assert [row[place["Port Result"]] for row in rows] == ["Submitted"] * 5 + ["Rejected"]


def test_results_with_a_range_that_come_back_unchanged_ask_for_nothing_new(home: Home) -> None:
    home.take(LOCAL, RANGE, BEHIND)
    results = next((home.path / "results" / "acme").glob("sheet.*.csv"))
    rows = list(csv.DictReader(io.StringIO(results.read_text("utf-8-sig"), newline="")))
    assert [row["Phone Number"] for row in rows].count("617-236-2201") == 1
    settled(home.path / "inbox" / "acme" / "back.csv", results.read_bytes())
    done = home.run(NEXT)
    assert done.last["rows"]["submitted"] == 5
    assert [line["state"] for line in home.json("status", "--file", "back.csv")][:5] == ["duplicate"] * 5
    assert done.last["balanced"] is True


def test_a_sheet_with_a_range_on_every_row_is_written_and_read_in_pieces(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchport.store.pieces.SIZE", 3)
    done = home.take(RANGE, LOCAL | {"tn": "617-234-0142/0143", "account_type": "Multi-Line", "btn": "617-234-0142", "partial": "no"})
    assert done.last["rows"]["submitted"] == 6
    assert len(list(workbook(home)["All rows"].iter_rows(values_only=True))) == 7
