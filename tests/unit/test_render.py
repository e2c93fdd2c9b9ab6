"""Submission files are exactly what the profile says, byte for byte, and hold every cell as it is."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchport.carriers.layout import SOURCES
from batchport.carriers.profile import Profile, load_profile
from batchport.carriers.render import RenderError, manifest, render

GOLDEN = Path(__file__).parent.parent / "golden" / "carriers" / "generic-csv"
NOW = datetime(2026, 11, 23, 19, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile("generic-csv")


def table(*rows: dict[str, str], categories: bool = False) -> pd.DataFrame:
    blank = dict.fromkeys(SOURCES, "")
    frame = pd.DataFrame([{**blank, "pon": "P7K2M9QX4TZA", "tn": "6172340142", **row} for row in rows], columns=list(SOURCES), dtype="str")
    return frame.astype("category") if categories else frame


def cells(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True))


def test_the_golden_lines_make_the_golden_submission(profile: Profile) -> None:
    lines = pd.read_csv(GOLDEN / "lines.csv", dtype=str, keep_default_na=False)
    (rendered,) = render(profile, "sample", lines, sequence=42, now=NOW)
    made = {rendered.name: rendered.data, f"{rendered.name}.manifest.json": manifest(rendered, [("P8C3RD0WV5HJ-loa.pdf", "ab" * 32)])}
    if os.environ.get("BATCHPORT_REGENERATE"):
        for name, data in made.items():
            (GOLDEN / name).write_bytes(data)
    assert made == {path.name: path.read_bytes() for path in GOLDEN.glob("sample-*")}


def test_the_manifest_says_what_is_in_the_file(profile: Profile) -> None:
    (rendered,) = render(profile, "sample", table({"line": "1"}, {"line": "2"}, {"pon": "P8C3RD0WV5HJ"}), sequence=7, now=NOW)
    assert json.loads(manifest(rendered, [("P8C3RD0WV5HJ-loa.pdf", "ab")])) == {
        "file": "sample-20261123-000007.csv",
        "sha256": hashlib.sha256(rendered.data).hexdigest(),
        "bytes": len(rendered.data),
        "sequence": 7,
        "orders": 2,
        "lines": 3,
        "papers": [{"file": "P8C3RD0WV5HJ-loa.pdf", "sha256": "ab"}],
    }


def test_nothing_to_send_makes_no_file(profile: Profile) -> None:
    assert render(profile, "sample", table(), sequence=1, now=NOW) == ()


def test_cells_are_exact_and_quoted_only_where_they_must_be(profile: Profile) -> None:
    (rendered,) = render(
        profile, "sample", table({"name": "=Sum(A1)", "remarks": 'say "a,b"', "city": " Boston ", "pin": "0042"}), sequence=1, now=NOW
    )
    record = rendered.data.split(b"\r\n")[1]
    assert b",=Sum(A1)," in record
    assert record.endswith(b',"say ""a,b"""')
    assert b", Boston ," in record
    assert b",0042," in record


def test_every_record_ends_with_the_line_break_of_the_profile(profile: Profile) -> None:
    (rendered,) = render(profile, "sample", table({"line": "1"}, {"line": "2"}), sequence=1, now=NOW)
    assert rendered.data.count(b"\r\n") == rendered.data.count(b"\n") == 3
    assert rendered.data.endswith(b"\r\n")
    unix = load_profile("generic-csv", {"format": {"line_end": "LF", "header": False}})
    (plain,) = render(unix, "sample", table({"line": "1"}, {"line": "2"}), sequence=1, now=NOW)
    assert b"\r" not in plain.data
    assert plain.data.count(b"\n") == 2


def test_files_are_split_between_orders_and_numbered_on() -> None:
    small = load_profile("generic-csv", {"max_lines": 3, "max_lines_per_file": 5})
    sizes = {"PA": 3, "PB": 2, "PC": 1, "PD": 3, "PE": 2}
    lines = table(*({"pon": pon, "line": str(line + 1)} for pon, size in sizes.items() for line in range(size)))
    files = render(small, "sample", lines, sequence=9, now=NOW)
    assert [(file.name, file.sequence, file.orders, file.lines) for file in files] == [
        ("sample-20261123-000009.csv", 9, 2, 5),
        ("sample-20261123-000010.csv", 10, 2, 4),
        ("sample-20261123-000011.csv", 11, 1, 2),
    ]
    assert [row[0] for file in files for row in cells(file.data)[1:]] == lines["pon"].tolist()
    assert all(cells(file.data)[0][0] == "PON" for file in files)


def one_column(**form: Any) -> Profile:
    column = {
        "header": "IT",
        "source": "tn" if form.get("kind") == "telephone" else "requested_date" if form.get("kind") == "date" else "name",
        "form": form,
    }
    return load_profile("generic-csv", {"columns": [column]})


FORMS = [
    ({"kind": "telephone"}, "6172340142", "6172340142"),
    ({"kind": "telephone", "pattern": "(NNN) NNN-NNNN"}, "6172340142", "(617) 234-0142"),
    ({"kind": "telephone", "pattern": "+1NNNNNNNNNN"}, "6172340142", "+16172340142"),
    ({"kind": "telephone", "pattern": "NNN\\NNNNNNN"}, "6172340142", "617\\2340142"),
    ({"kind": "date"}, "2026-12-04", "2026-12-04"),
    ({"kind": "date", "pattern": "%m/%d/%Y"}, "2026-12-04", "12/04/2026"),
    ({"kind": "date", "pattern": "%Y%m%d %y"}, "2026-12-04", "20261204 26"),
    ({"kind": "date", "pattern": "%m/%d/%Y"}, "", ""),
    ({"longest": 6, "too_long": "cut"}, "Élan Inc.", "Élan I"),
    ({"longest": 9}, "Élan Inc.", "Élan Inc."),
]


@pytest.mark.parametrize(("form", "value", "written"), FORMS)
def test_a_value_is_written_in_the_form_of_its_column(form: dict[str, Any], value: str, written: str) -> None:
    row = {"tn": value if form.get("kind") == "telephone" else "6172340142", "requested_date": value, "name": value}
    (rendered,) = render(one_column(**form), "sample", table(row), sequence=1, now=NOW)
    assert cells(rendered.data) == [["IT"], [written]]


REFUSED = [
    ({}, {"tn": "617-234-0142"}, "tn", "is not a telephone number of ten digits"),
    ({}, {"requested_date": "12/04/2026"}, "requested_date", "is not a date"),
    ({}, {"pin": "0042\0"}, "pin", "has a zero byte in it"),
    ({"format": {"encoding": "ascii"}}, {"name": "Élan"}, "name", "has a sign in it that ascii does not have"),
    ({"columns": [{"header": "PIN", "source": "pin", "form": {"longest": 4}}]}, {"pin": "00421"}, "pin", "is longer than 4 signs"),
]


@pytest.mark.parametrize("categories", [False, True])
@pytest.mark.parametrize(("changes", "row", "field", "why"), REFUSED)
def test_a_value_that_has_no_place_in_the_file_is_refused_by_order_and_field(
    changes: dict[str, Any], row: dict[str, str], field: str, why: str, categories: bool
) -> None:
    rows = table({}, {}, {}, {"pon": "P8C3RD0WV5HJ", **row}, {"pon": "P9XE2NAYB6KM"}, categories=categories)
    with pytest.raises(RenderError) as caught:
        render(load_profile("generic-csv", changes), "sample", rows, sequence=1, now=NOW)
    assert (caught.value.pon, caught.value.field, caught.value.why) == ("P8C3RD0WV5HJ", field, why)
    assert row[field] not in str(caught.value)


def test_signs_of_another_encoding_are_written_in_it() -> None:
    western = load_profile("generic-csv", {"format": {"encoding": "cp1252", "delimiter": ";"}})
    (rendered,) = render(western, "sample", table({"name": "Élan; Zoë"}), sequence=1, now=NOW)
    assert '"Élan; Zoë"'.encode("cp1252") in rendered.data


def test_secrets_do_not_show_when_a_file_is_printed(profile: Profile) -> None:
    (rendered,) = render(profile, "sample", table({"pin": "778812"}), sequence=1, now=NOW)
    assert "778812" not in repr(rendered)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6) | st.sampled_from(["", '"', ",", "\r\n", "a", 'a,"b"'])
ORDERS = st.lists(st.tuples(TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=4)), min_size=1, max_size=6)


@settings(deadline=None, derandomize=True, database=None)
@given(orders=ORDERS, categories=st.booleans(), delimiter=st.sampled_from([",", ";", "|", "\t"]))
def test_what_is_written_reads_back_as_it_was(orders: list[tuple[str, str, list[str]]], categories: bool, delimiter: str) -> None:
    profile = load_profile("generic-csv", {"format": {"delimiter": delimiter}})
    rows = [
        {"pon": f"P{place}", "name": name, "remarks": remarks, "unit": unit} for place, (name, remarks, units) in enumerate(orders) for unit in units
    ]
    lines = table(*rows, categories=categories)
    (rendered,) = render(profile, "sample", lines, sequence=1, now=NOW)
    header, *records = cells(rendered.data, delimiter)
    assert header == [column.header for column in profile.columns]
    assert records == lines[[column.source for column in profile.columns]].astype(str).to_numpy().tolist()
    assert (rendered.orders, rendered.lines) == (len(orders), len(rows))


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_single_column_reads_back_too_blank_cells_and_all(names: list[str]) -> None:
    (rendered,) = render(one_column(), "sample", table(*({"name": name} for name in names)), sequence=1, now=NOW)
    assert cells(rendered.data) == [["IT"], *([name] for name in names)]
