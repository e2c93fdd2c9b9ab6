"""Which column is which field, and rows as requests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from batchport.domain.fields import FIELDS, PARTS, RESULT_LABELS
from batchport.domain.requests import Requests
from batchport.spreadsheets.headers import AMBIGUOUS, comparable
from batchport.spreadsheets.mapping import map_headers, missing_columns, repeated_columns, requests_from
from batchport.spreadsheets.sheet import Sheet


def sheet_of(headers: list[str], *rows: list[str]) -> Sheet:
    """A sheet of some rows."""
    columns = [pa.array(column, pa.string()).dictionary_encode() for column in zip(*rows, strict=True)] or [pa.array([], pa.string())] * len(headers)
    cells = pa.table(columns, names=[str(place) for place in range(len(headers))])
    return Sheet(None, tuple(headers), 1, cells, np.arange(2, 2 + len(rows)))


def requests_of(headers: list[str], *rows: list[str]) -> Requests:
    """The rows of such a sheet as requests."""
    sheet = sheet_of(headers, *rows)
    return requests_from(sheet, map_headers(sheet.headers))


@pytest.mark.parametrize(
    ("header", "compared"),
    [
        (" Phone\nNumber: ", "phonenumber"),
        ("Acct #", "acctnumber"),
        ("T&C", "tandc"),
        ("Business Name / Full Name (With Current Carrier)", "businessnamefullname"),
        ("(PIN)", "pin"),
        ("\uff30hone", "phone"),
        ("", ""),
        ("--", ""),
    ],
)
def test_headers_are_compared_without_case_spaces_punctuation_and_brackets(header: str, compared: str) -> None:
    assert comparable(header) == compared


def test_every_label_is_its_own_field() -> None:
    mapping = map_headers([field.label for field in FIELDS])
    assert mapping.columns == {field.name: [place] for place, field in enumerate(FIELDS)}
    assert set(mapping.reason.values()) == {"label"}
    assert not mapping.unknown


def test_every_alias_is_known_and_none_means_two_things() -> None:
    fields = {alias: field.name for field in FIELDS for alias in (*field.aliases, field.name)}
    parts = {alias: part for part, aliases in PARTS.items() for alias in aliases}
    for alias, name in {**fields, **parts}.items():
        assert list(map_headers([alias]).columns) == [name], alias


def test_the_forms_own_labels_are_known() -> None:
    headers = [
        "Select iPlum Line To Port External Number", "Name of Your Current Carrier/Vendor", "Current Carrier Account Type",
        "Porting Number Type",
        "Authorized Owners's Name (With Current Carrier)", "Billing Account Number (With Current Carrier)",
        "Primary Phone Number On Your Current Carrier Account", "Security Code or PIN (With Current Carrier)",
        "Service Address (With Current Carrier)",
    ]  # fmt: skip
    assert list(map_headers(headers).columns) == [
        "destination", "losing_carrier", "account_type", "number_type", "authorized_name", "account_number", "btn", "pin", "service_address",
    ]  # fmt: skip


def test_account_telephone_numbers_and_account_numbers_are_kept_apart() -> None:
    assert map_headers(["ATN", "AN", "BTN", "BAN"]).columns == {"btn": [0, 2], "account_number": [1, 3]}


@pytest.mark.parametrize(
    "header",
    ["VendorName", "TargetRespOrgId", "CurrentStatus", "SSN", "Tax ID", "authorized_representative_email", "Time", "FOC Date", "PON", "Reason"],
)
def test_what_is_no_field_of_ours_is_unknown(header: str) -> None:
    mapping = map_headers(["TN", header])
    assert mapping.unknown == [1]
    assert mapping.columns == {"tn": [0]}


@pytest.mark.parametrize("header", ["Port Type", "Portout Pin", "Type", "STATUS", "Contact"])
def test_headers_of_two_meanings_are_not_guessed(header: str) -> None:
    mapping = map_headers(["TN", header])
    assert mapping.ambiguous == {1: AMBIGUOUS[comparable(header)]}
    assert mapping.columns == {"tn": [0]}


def test_a_port_out_pin_is_the_losing_carriers_where_it_is_written_apart() -> None:
    assert map_headers(["TN", "Port-Out PIN"]).columns == {"tn": [0], "pin": [1]}


def test_a_name_is_the_accounts_unless_it_stands_beside_a_better_one() -> None:
    assert map_headers(["TN", "Name"]).columns["name"] == [1]
    assert map_headers(["Name", "NAME"]).columns["name"] == [0, 1]
    for other in ("First Name", "Business Name"):
        mapping = map_headers(["Name", other])
        assert mapping.ambiguous == {0: ("name", "authorized_name")}


def test_the_columns_of_our_results_are_known_and_only_the_row_id_is_read() -> None:
    mapping = map_headers(["TN", *RESULT_LABELS])
    assert mapping.columns == {"tn": [0], "row_id": [len(RESULT_LABELS)]}
    assert mapping.results == [1, 2, 3, 4, 5]
    assert not mapping.unknown


def test_a_confirmed_mapping_goes_before_everything_else() -> None:
    saved = {"rufnummer": "tn", "Phone Number": "btn", "status": "", "SECRET": "pin"}
    mapping = map_headers(["Phone Number", "Rufnummer", "Status", "Secret"], saved)
    assert mapping.columns == {"btn": [0], "tn": [1], "pin": [3]}
    assert mapping.reason == {0: "saved", 1: "saved", 2: "saved", 3: "saved"}
    assert not mapping.ambiguous
    assert mapping.field_at(1) == "tn"
    assert mapping.field_at(2) is None


def test_columns_without_a_header_are_passed_over() -> None:
    mapping = map_headers(["TN", "", " "])
    assert (mapping.columns, mapping.unknown) == ({"tn": [0]}, [])


def test_cells_reach_their_fields_as_written_with_their_row_numbers() -> None:
    requests = requests_of(["Ticket", "TN", "Other"], [" A1", "(617) 234-0142 ", "x"], ["A2", "", "y"])
    assert requests["tn"].text().to_pylist() == ["(617) 234-0142 ", ""]
    assert requests["customer_ref"].text().to_pylist() == [" A1", "A2"]
    assert requests["pin"].text().to_pylist() == ["", ""]
    assert requests.row.tolist() == [2, 3]


def test_a_field_given_twice_is_fine_while_the_columns_agree() -> None:
    sheet = sheet_of(["Phone Number", "TN"], ["617-234-0142", "(617) 2340142"], ["", "6172340143"], ["6172340144", ""])
    mapping = map_headers(sheet.headers)
    assert mapping.repeated == ["tn"]
    assert repeated_columns(sheet, mapping) == []
    assert requests_from(sheet, mapping)["tn"].text().to_pylist() == ["617-234-0142", "6172340143", "6172340144"]


def test_a_field_given_twice_with_different_cells_is_told_with_the_column() -> None:
    sheet = sheet_of(["Phone Number", "City", "TN", "DID"], ["6172340142", "Lynn", "6172340142", ""], ["", "Lynn", "6172340143", "6172340144"])
    assert repeated_columns(sheet, map_headers(sheet.headers)) == [("Phone Number", "DID")]


def test_first_middle_and_last_name_join_where_there_is_no_other_name() -> None:
    headers = ["Business Name", "Last Name", "First Name", "MI"]
    requests = requests_of(headers, ["", "Garcia", "Maria ", "T"], ["Harbor Bakery LLC", "Doe", "Jane", ""], ["", "Chen", "", " "], [" ", "", "", ""])
    assert requests["name"].text().to_pylist() == ["Maria T Garcia", "Harbor Bakery LLC", "Chen", ""]


def test_the_parts_of_a_street_join_and_a_leading_direction_has_its_own_column() -> None:
    headers = ["HousePrefix", "StreetName", "StreetSuffix", "PostDirectional", "PreDirectional"]
    rows = [["N", "Main", "St", "", ""], ["Old", "Mill", "Rd", "NW", "E"], ["South", "Oak", "", "", "W"], ["", "", "Ave", "", ""]]
    requests = requests_of(headers, *rows)
    assert requests["street_name"].text().to_pylist() == ["Main St", "Old Mill Rd NW", "South Oak", ""]
    assert requests["street_direction"].text().to_pylist() == ["N", "E", "W", ""]


def test_signs_of_the_number_type_fill_it_where_it_is_blank() -> None:
    headers = ["Number Type", "isMobile", "Subscriber Type"]
    rows = [["", "Yes", "RES"], ["", "no", "Residential"], ["", "", "B"], ["Residential", "true", "Business"], ["", "0", "other"], ["", "", ""]]
    kinds = requests_of(headers, *rows)["number_type"].text().to_pylist()
    assert kinds == ["Wireless", "Residential", "Business", "Residential", "other", ""]


REQUIRED = ["Phone Number", "Current Carrier", "Account Type", "Number Type", "Business or Full Name", "Port To Line"]
PLACE = ["City", "State", "ZIP"]


def missing(headers: list[str], defaults: dict[str, str] | None = None, *, local: bool = True) -> list[str]:
    """What a sheet of one row lacks."""
    sheet = sheet_of(headers, ["x"] * len(headers))
    mapping = map_headers(sheet.headers)
    return missing_columns(mapping, requests_from(sheet, mapping), defaults or {}, lambda _: np.array([local]))


def test_absent_required_columns_are_told_by_their_labels() -> None:
    assert missing(["Notes"]) == [*REQUIRED, "Street Name", *PLACE]
    assert missing(["Notes"], local=False) == REQUIRED
    assert missing(REQUIRED, local=False) == []
    assert missing([*REQUIRED, *PLACE, "Street Name"]) == []
    assert missing([*REQUIRED, *PLACE, "Address"]) == []


def test_defaults_and_parts_stand_in_for_columns() -> None:
    headers = [header for header in REQUIRED if header not in ("Business or Full Name", "Number Type", "Current Carrier")]
    assert missing([*headers, "First Name", "Last Name", "Subscriber Type"], {"losing_carrier": "Verizon"}, local=False) == []
    assert missing([*headers, "Subscriber Type"], {"losing_carrier": "Verizon"}, local=False) == ["Business or Full Name"]
