"""What is looked up: states, postal codes, countries, carriers, and the files they come from."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pyarrow as pa
import pytest

from batchport.data import load_reference, table
from batchport.domain.reference import CANADA, NOWHERE, OTHER, STATES, TERRITORY, UNKNOWN, Reference
from batchport.domain.table import Column

KNOWN = load_reference()


def texts(column: Column) -> list[str | None]:
    return column.text().to_pylist()


def test_states_are_known_by_code_name_abbreviation_and_in_french() -> None:
    written = Column.of(
        [
            "MA",
            "ma",
            "Massachusetts",
            "Mass.",
            "D.C.",
            "district of columbia",
            "Québec",
            "QUEBEC",
            "P.Q.",
            "Colombie-Britannique",
            "Ont.",
            "P.E.I.",
            "Nfld",
        ]
    )
    assert texts(KNOWN.state(written)) == ["MA", "MA", "MA", "MA", "DC", "DC", "QC", "QC", "QC", "BC", "ON", "PE", "NL"]


def test_what_is_no_state_stays_as_it_is() -> None:
    assert texts(KNOWN.state(Column.of(["ZZ", "", "Ontariooo", "--"]))) == ["ZZ", "", "Ontariooo", "--"]


def test_countries_are_known_by_code_and_name() -> None:
    written = Column.of(["us", "U.S.A.", "United States", "États-Unis", "can", "CANADA", "Mexico", ""])
    assert texts(KNOWN.country(written)) == ["US", "US", "US", "US", "CA", "CA", "Mexico", ""]


def test_carriers_are_known_by_their_other_names() -> None:
    written = Column.of(
        ["at&t", "ATT", "AT&T Wireless", "Xfinity", "CenturyLink", "Charter", "videotron", "google voice", "T Mobile", "Corner Telephone", ""]
    )
    assert texts(KNOWN.carrier(written)) == [
        "AT&T", "AT&T", "AT&T Mobility", "Comcast", "Lumen", "Spectrum", "Vidéotron", "Google Voice", "T-Mobile", "Corner Telephone", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "AT&T",
        "Verizon",
        "Spectrum",
        "Sprint",
        "T-Mobile",
        "Bell",
        "Telus",
        "Google Voice",
        "Rogers",
        "Comcast",
        "Lumen",
        "Frontier",
        "Windstream",
        "Cox",
    ],
)
def test_the_carriers_that_everybody_names_are_in_the_directory_under_that_name(name: str) -> None:
    assert name in KNOWN.carrier_list
    assert texts(KNOWN.carrier(Column.of([name.upper()]))) == [name]


def test_google_voice_must_unlock_first_and_takes_three_business_days() -> None:
    assert "Google Voice" in KNOWN.unlock
    assert KNOWN.min_days["Google Voice"] == 3
    assert KNOWN.carrier_kinds["Google Voice"] == "digital"


def test_telephone_companies_need_not_be_unlocked() -> None:
    assert {KNOWN.carrier_kinds[name] for name in KNOWN.unlock} == {"digital"}


@pytest.mark.parametrize(
    ("postal", "state", "elsewhere"),
    [
        ("02134", "MA", False), ("02134", "NY", True), ("02134-1234", "MA", False), ("06390", "NY", False), ("06390", "CT", False),
        ("96799", "AS", False),
        ("00601", "PR", False), ("09012", "AE", False), ("07001", "AE", True), ("96910", "GU", False), ("21301", "MD", True), ("00000", "MA", True),
        ("M5V 2T6", "ON", False), ("M5V 2T6", "QC", True), ("X0A 0H0", "NU", False), ("X1A 1A1", "NT", False), ("H2X 1Y4", "QC", False),
        ("D1A 1A1", "ON", True),
        ("M5V 2T6", "MA", True), ("02134", "ON", True),
        ("", "MA", False), ("02134", "", False), ("02134", "ZZ", False), ("2134", "MA", False), ("about", "MA", False),
        ("\u0660\u0662\u0661\u0663\u0664", "MA", False),
    ],
)  # fmt: skip
def test_a_postal_code_is_of_its_state_or_not(postal: str, state: str, elsewhere: bool) -> None:
    assert KNOWN.postal_elsewhere(Column.of([postal]), Column.of([state])).tolist() == [elsewhere]


def test_postal_codes_and_states_that_repeat_are_looked_up_by_row() -> None:
    postal = Column.from_arrow(pa.array(["02134", "90210", "02134", "90210"]).dictionary_encode())
    state = Column.of(["MA", "MA", "CA", "CA"])
    assert KNOWN.postal_elsewhere(postal, state).tolist() == [False, True, True, False]


def test_the_country_is_told_from_the_state_and_else_from_the_postal_code() -> None:
    state = Column.of(["MA", "ON", "PR", "", "", "", "ZZ", "ON"])
    postal = Column.of(["02134", "", "00601", "02134-1234", "M5V 2T6", "SW1A 1AA", "02134", "02134"])
    assert texts(KNOWN.country_of(state, postal)) == ["US", "CA", "US", "US", "CA", "", "US", "CA"]


def test_the_country_of_a_state_is_blank_where_there_is_no_such_state() -> None:
    assert texts(KNOWN.country_of_state(Column.of(["CA", "QC", "GU", "ZZ", ""]))) == ["US", "CA", "US", "", ""]


def test_area_codes_are_somebodys() -> None:
    owners = {617: STATES, 787: TERRITORY, 340: TERRITORY, 416: CANADA, 600: CANADA, 876: OTHER, 345: OTHER, 664: OTHER, 800: NOWHERE, 457: NOWHERE}
    assert {code: int(KNOWN.area_country[code]) for code in owners} == owners


@pytest.mark.parametrize("code", [457, 471, 483, 621, 679, 729, 861])
def test_overlays_newer_than_the_table_are_unknown(code: int) -> None:
    assert KNOWN.area_kind[code] == UNKNOWN


def test_the_tables_have_what_the_plan_has() -> None:
    lines = table("area_codes.csv")
    by_country = {country: [line for line in lines if line["country"] == country and line["kind"] == "geographic"] for country in ("US", "CA")}
    assert [len(by_country["US"]), len(by_country["CA"])] == [365, 56]
    assert all(set(line["region"].split()) <= set(KNOWN.state_list) for line in lines)
    assert len(KNOWN.zip_states) == 933
    assert set().union(*KNOWN.zip_states.values(), *KNOWN.letter_provinces.values()) == set(KNOWN.state_list)
    assert len(KNOWN.carrier_list) >= 60


@pytest.mark.parametrize("name", ["area_codes", "zip3", "zip_boxes", "provinces", "states", "countries", "carriers"])
def test_every_file_begins_with_where_and_when_it_is_from(name: str) -> None:
    head = resources.files("batchport.data").joinpath(f"{name}.csv").read_text("utf-8").split("\n")
    assert head[0].startswith("# ")
    assert any("2026-11-23" in line or "2026-11-24" in line for line in head if line.startswith("#"))


def test_the_tables_are_read_once() -> None:
    assert load_reference() is load_reference()


def test_a_spelling_that_stands_for_two_carriers_is_refused() -> None:
    line = {"kind": "wireline", "country": "US", "unlock": "", "min_days": "", "source": ""}
    carriers = [{"name": "Harbor Telephone", "aliases": "HT", **line}, {"name": "Hill Telephone", "aliases": "H.T.", **line}]
    empty: dict[str, Any] = dict.fromkeys(("area_codes", "zip3", "provinces", "states", "countries", "zip_boxes", "holidays"), [])
    with pytest.raises(ValueError, match=r"'H\.T\.' stands for Harbor Telephone and for Hill Telephone"):
        Reference.build(carriers=carriers, **empty)
