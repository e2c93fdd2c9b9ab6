"""`check --apply`: the sheet with the right values in place, every change listed."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import LOCAL, batchport, settled, sheet

ODD = LOCAL | {"tn": "617-234-CAKE", "street_direction": "north", "state": "Massachusetts", "postal_code": "2134", "pin": "0042"}
OTHER = LOCAL | {"account_number": "90011", "destination": "line-9"}
CHANGES = {"Phone Number": "617-234-2253", "Direction": "N", "State": "MA", "ZIP": "02134"}


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_the_right_values_stand_in_their_cells_and_nothing_else_is_changed(tmp_path: Path, name: str) -> None:
    source = settled(tmp_path / "in.csv", sheet(ODD, OTHER))
    done = batchport("check", source, "-o", tmp_path / name, "--apply")
    assert done.exit == 0
    for column, value in CHANGES.items():
        assert f"row 2, {column}: " in done.err
        assert f"is now {value!r}" in done.err
    before, after = list(csv.DictReader(io.StringIO(sheet(ODD, OTHER)))), rows_of(tmp_path / name)
    assert after == [before[0] | CHANGES, before[1]]
    again = batchport("check", tmp_path / name, "--format", "json").lines
    assert (again[1]["state"], [found["code"] for found in again[1]["findings"] if found["severity"] != "info"]) == ("ready", [])
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a written file."""
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))
    page = openpyxl.load_workbook(path).worksheets[0]
    headers, *rows = ([str(cell.value or "") for cell in row] for row in page.iter_rows())
    return [dict(zip(headers, row, strict=True)) for row in rows]


def test_a_workbook_lists_every_change(tmp_path: Path) -> None:
    source = settled(tmp_path / "in.csv", sheet(ODD))
    batchport("check", source, "-o", tmp_path / "out.xlsx", "--apply")
    page = openpyxl.load_workbook(tmp_path / "out.xlsx")["Changes"]
    told = {row[2].value: (row[1].value, row[3].value, row[4].value) for row in page.iter_rows(min_row=2)}
    assert told == {column: ("2", ODD[name], CHANGES[column]) for column, name in (("Phone Number", "tn"), ("Direction", "street_direction"), ("State", "state"), ("ZIP", "postal_code"))}


def test_secrets_are_never_suggested(tmp_path: Path) -> None:
    source = settled(tmp_path / "in.csv", sheet(LOCAL | {"account_number": "801-442 17"}))
    done = batchport("check", source, "-o", tmp_path / "out.csv", "--apply")
    assert "0 changes" in done.err
    found = batchport("check", source, "--format", "json").lines[1]["findings"]
    assert [each["suggestion"] for each in found if each["code"] == "account-cleaned"] == [None]


def test_it_needs_a_file_to_write(tmp_path: Path) -> None:
    source = settled(tmp_path / "in.csv", sheet(LOCAL))
    assert batchport("check", source, "--apply").exit == 2
