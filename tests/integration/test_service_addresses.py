"""The service address as `check` judges it: split lines, boxes, directions, states, ZIPs and countries; each with what is right beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LOCAL, TOLL_FREE, batchport, settled, sheet

WIRELESS = {
    "tn": "512-744-9502", "account_number": "77120018", "pin": "4410", "losing_carrier": "T-Mobile", "account_type": "", "number_type": "Wireless", "name": "Jane Doe",
    "postal_code": "78701", "destination": "home-004",
}  # fmt: skip
LINE = LOCAL | {"street_number": "", "street_direction": "", "street_name": "", "unit": ""}
ONTARIO = {"tn": "416-234-0142", "city": "Toronto", "state": "ON", "postal_code": "M5V 2T6", "loa_file": "loa.pdf"}
PARTS = ("street_number", "street_direction", "street_name", "unit")
ADDRESS = ("address-", "postal-", "state-", "value-normalised")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a configuration."""
    monkeypatch.chdir(tmp_path)


def judged(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The values of a row, and what was found in its address by code."""
    settled(Path("sheet.csv"), sheet(row))
    line = batchport("check", "sheet.csv", "--format", "json").lines[1]
    return line["values"], {found["code"]: found for found in line["findings"] if found["code"].startswith(ADDRESS)}


def found(**changes: str) -> dict[str, str]:
    """Code -> field of what is found in the address of a local row with some changes."""
    return {code: finding["field"] for code, finding in judged(LOCAL | changes)[1].items()}


def test_a_line_is_split_beside_a_row_that_has_its_parts() -> None:
    settled(Path("sheet.csv"), sheet(TOLL_FREE | ONTARIO | {"tn": "888-309-3650", "street_number": "1779", "street_name": "Box Elder Rd"}, LINE | {"service_address": "515 Polk St."}))
    done = batchport("check", "sheet.csv", "--format", "json")
    assert done.exit in (0, 1)
    assert [(line["values"]["street_number"], line["values"]["street_name"]) for line in done.lines[1:-1]] == [("1779", "Box Elder Rd"), ("515", "Polk St.")]


def test_a_line_is_split_and_the_finding_says_how() -> None:
    values, codes = judged(LINE | {"service_address": "120 North Main St, Suite 5"})
    assert [values[name] for name in PARTS] == ["120", "N", "Main St", "Suite 5"]
    assert values["service_address"] == "120 North Main St, Suite 5"
    assert list(codes) == ["address-split"]
    assert codes["address-split"]["message"] == "'120 North Main St, Suite 5' was taken apart: number 120, direction N, street Main St, unit Suite 5."


def test_parts_in_columns_of_their_own_are_not_split() -> None:
    assert found(street_direction="N", unit="Suite 5", service_address="") == {}
    values, codes = judged(LOCAL | {"service_address": "999 Oak Ave"})
    assert (values["street_number"], values["street_name"]) == (LOCAL["street_number"], LOCAL["street_name"])
    assert codes == {}


def test_a_line_that_can_be_read_in_two_ways_is_warned_of_with_the_split() -> None:
    values, codes = judged(LINE | {"service_address": "120 North Shore Dr"})
    assert [values[name] for name in PARTS] == ["120", None, "North Shore Dr", None]
    assert list(codes) == ["address-unclear"]
    assert codes["address-unclear"]["severity"] == "warning"
    assert codes["address-unclear"]["message"] == "'120 North Shore Dr' is not clear: it was read as number 120, street North Shore Dr."


def test_a_unit_in_its_own_column_stays_beside_the_one_of_the_line() -> None:
    assert judged(LINE | {"service_address": "120 Main St, 3rd Floor", "unit": "Suite 5"})[0]["unit"] == "3rd Floor, Suite 5"
    assert judged(LINE | {"service_address": "120 Main St, suite 5", "unit": "Suite 5"})[0]["unit"] == "Suite 5"
    assert judged(LINE | {"service_address": "120 Main St", "unit": "Suite 5"})[0]["unit"] == "Suite 5"


def test_a_direction_in_its_own_column_stays_and_another_one_in_the_line_is_unclear() -> None:
    values, codes = judged(LINE | {"service_address": "120 Main St", "street_direction": "N"})
    assert (values["street_direction"], list(codes)) == ("N", ["address-split"])
    values, codes = judged(LINE | {"service_address": "120 N Main St", "street_direction": "North"})
    assert (values["street_direction"], list(codes)) == ("N", ["address-split"])
    assert list(judged(LINE | {"service_address": "120 N Main St", "street_direction": "S"})[1]) == ["address-unclear"]


def test_a_line_without_a_number_lacks_it_and_says_nothing_else() -> None:
    values, codes = judged(LINE | {"service_address": "Main St"})
    assert values["street_name"] == "Main St"
    assert list(codes) == ["address-missing"]
    assert codes["address-missing"]["field"] == "street_number"


@pytest.mark.parametrize("name", ["street_number", "street_name", "city", "state", "postal_code"])
def test_a_local_row_needs_every_part(name: str) -> None:
    assert found(**{name: ""}) == {"address-missing": name}


def test_what_is_missing_is_said_once_with_all_parts() -> None:
    codes = judged(LOCAL | {"street_number": "", "city": "", "postal_code": ""})[1]
    assert list(codes) == ["address-missing"]
    assert codes["address-missing"]["message"] == "The service address lacks: Street Number, City, ZIP."


def test_toll_free_rows_need_no_address_and_wireless_ones_only_a_zip() -> None:
    blank = dict.fromkeys(("street_number", "street_name", "city", "state", "postal_code"), "")
    assert judged(TOLL_FREE | blank)[1] == {}
    assert judged(WIRELESS)[1] == {}
    assert list(judged(WIRELESS | {"postal_code": ""})[1]) == ["address-missing"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"street_number": "", "street_name": "P.O. Box 118"}, "street_name"),
        ({"street_number": "", "street_name": "Case postale 118"}, "street_name"),
        ({"street_number": "PO Box 118", "street_name": ""}, "street_number"),
        ({"street_number": "PO", "street_name": "Box 118"}, "street_name"),
        ({"street_name": "Main St, PO Box 118"}, "street_name"),
        ({"unit": "POB 118"}, "unit"),
        ({"street_number": "", "street_name": "", "service_address": "PO Box 118"}, "service_address"),
        ({"street_number": "", "street_name": "", "service_address": "120 Main St, C.P. 118"}, "service_address"),
        ({"street_number": "", "street_name": "PSC 1234 Box 56", "city": "APO", "state": "AE", "postal_code": "09021"}, "street_name"),
        ({"street_number": "", "street_name": "RR 2 Box 152"}, "street_name"),
    ],
)
def test_a_box_is_one_error_wherever_it_stands(changes: dict[str, str], field: str) -> None:
    assert found(**changes) == {"address-po-box": field}


@pytest.mark.parametrize("name", ["Box Elder Rd", "Post Office Square", "Polk St", "Boxwood Ln"])
def test_a_street_that_sounds_like_a_box_is_none(name: str) -> None:
    assert found(street_name=name) == {}


@pytest.mark.parametrize(
    ("written", "value", "codes"),
    [
        ("N", "N", []), ("n.", "N", []), ("S.W.", "SW", []), ("North", "N", ["value-normalised"]), ("Ouest", "W", ["value-normalised"]),
        ("O", "W", ["value-normalised"]), ("Nord-Est", "NE", ["value-normalised"]), ("", None, []),
        ("Upper", "Upper", ["address-direction"]), ("NNE", "NNE", ["address-direction"]),
    ],
)  # fmt: skip
def test_a_direction_is_one_of_eight_in_english_or_french(written: str, value: str | None, codes: list[str]) -> None:
    values, said = judged(LOCAL | {"street_direction": written})
    assert (values["street_direction"], list(said)) == (value, codes)


@pytest.mark.parametrize(
    ("written", "value", "codes"),
    [("ma", "MA", []), ("Massachusetts", "MA", ["value-normalised"]), ("Mass.", "MA", ["value-normalised"]), ("ZZ", "ZZ", ["state-invalid"])],
)
def test_a_state_becomes_its_code(written: str, value: str, codes: list[str]) -> None:
    values, said = judged(LOCAL | {"state": written})
    assert (values["state"], list(said)) == (value, codes)


def test_a_province_in_french_becomes_its_code() -> None:
    values, said = judged(LOCAL | ONTARIO | {"tn": "514-234-0142", "city": "Montréal", "state": "Québec", "postal_code": "h2x1y4"})
    assert (values["state"], values["postal_code"], values["country"]) == ("QC", "H2X 1Y4", "CA")
    assert list(said) == ["value-normalised"]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"postal_code": "02129"}, []), ({"postal_code": "02129-1234"}, []), ({"postal_code": "021291234"}, []),
        ({"postal_code": "0212A"}, ["postal-invalid"]), ({"postal_code": "212"}, ["postal-invalid"]), ({"postal_code": "021299"}, ["postal-invalid"]),
        ({"postal_code": "2129"}, ["postal-zeros-restored"]), ({"postal_code": "9021"}, ["postal-invalid"]),
        ({"postal_code": "90210"}, ["postal-state"]), (ONTARIO, []), (ONTARIO | {"postal_code": "H2X 1Y4"}, ["postal-state"]),
        (ONTARIO | {"postal_code": "D5V 2T6"}, ["postal-invalid"]),
        ({"country": "US"}, []), ({"country": "Mexico"}, ["address-country"]), ({"country": "CA"}, ["address-country"]),
        ({"postal_code": "M5V 2T6"}, ["address-country"]), (ONTARIO | {"country": "US"}, ["address-country"]),
    ],
)  # fmt: skip
def test_zip_state_and_country_belong_together(changes: dict[str, str], codes: list[str]) -> None:
    assert list(found(**changes)) == codes


@pytest.mark.parametrize(
    ("tn", "state", "postal"),
    [("787-234-0142", "PR", "00901"), ("340-774-0142", "VI", "00802"), ("671-646-0142", "GU", "96913"), ("670-234-0142", "MP", "96950"), ("684-633-0142", "AS", "96799")],
)
@pytest.mark.parametrize("country", ["", "US", "{state}"])
def test_territories_count_as_us(tn: str, state: str, postal: str, country: str) -> None:
    values, codes = judged(LOCAL | {"tn": tn, "state": state, "postal_code": postal, "country": country.format(state=state)})
    assert values["country"] == "US"
    assert set(codes) <= {"value-normalised"}


def test_a_zip_of_post_office_boxes_is_warned_of_though_the_street_looks_fine() -> None:
    values, codes = judged(LOCAL | {"postal_code": "02205"})
    assert list(codes) == ["address-unclear"]
    assert (codes["address-unclear"]["field"], values["postal_code"]) == ("postal_code", "02205")
    assert codes["address-unclear"]["message"] == "'02205' is not clear: this ZIP is for post-office boxes only."
    assert list(judged(LOCAL | {"postal_code": "02205-1234"})[1]) == ["address-unclear"]


def test_the_zip_of_a_wireless_bill_may_be_one_of_boxes_and_a_box_is_said_once() -> None:
    assert judged(WIRELESS | {"postal_code": "78711"})[1] == {}
    assert found(street_number="", street_name="PO Box 118", postal_code="02205") == {"address-po-box": "street_name"}


def test_a_private_mailbox_is_warned_of() -> None:
    assert found(unit="PMB 12") == {"address-unclear": "unit"}
    assert list(judged(LINE | {"service_address": "120 Main St PMB 12"})[1]) == ["address-unclear"]
