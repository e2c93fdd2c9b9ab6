"""What the cells of a column say of its meaning, and what a header means beside others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchport.domain.address import split_whole
from batchport.domain.fields import FIELDS, PARTS
from batchport.spreadsheets.headers import comparable
from batchport.spreadsheets.mapping import ColumnMapping, map_headers, map_sheet, missing_columns, requests_from
from tests.unit.test_mapping import sheet_of

NUMBERS = ["617-234-0142", "(617) 234-0143", "6172340144"]
MAILS = ["maria@harbor.example", "jane@harbor.example", "tom@harbor.example"]
PEOPLE = ["Maria Garcia", "Jane Doe", "Tom Chen"]


def mapped(**columns: list[str]) -> ColumnMapping:
    """The mapping of a sheet of some columns."""
    return map_sheet(sheet_of(list(columns), *(list(row) for row in zip(*columns.values(), strict=True))))


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("Phone", MAILS, "tn"),
        ("Phone Number", MAILS, "tn"),
        ("Number", ["1", "2", "3"], "tn"),
        ("Number", ["80144217", "80144218", "80144219"], "tn"),
        ("TN", ["2026-03-02", "2026-03-03", "2026-03-04"], "tn"),
        ("ZIP", PEOPLE, "postal_code"),
        ("State", ["Active", "Pending", "Active"], "state"),
        ("City", ["02129", "02130", "02131"], "city"),
        ("Account Type", ["Business", "Residential", "Business"], "account_type"),
        ("Number Type", ["Single-Line", "Multi-Line", "Single"], "number_type"),
        ("Carrier", ["6529", "7421", "6529"], "losing_carrier"),
        ("Account Number", MAILS, "account_number"),
        ("PIN", PEOPLE, "pin"),
        ("PIN", ["Yes", "No", "Yes"], "pin"),
        ("Company", NUMBERS, "name"),
        ("Authorized Contact", MAILS, "authorized_name"),
        ("Notify", ["Yes", "Yes", "No"], "contact_email"),
        ("LOA", ["Y", "N", "Y"], "loa_file"),
        ("Invoice", ["$12.40", "$9.99", "$1,200.00"], "invoice_file"),
        ("Wireless", NUMBERS, "is_wireless"),
        ("Street Number", PEOPLE, "street_number"),
        ("BTN", PEOPLE, "btn"),
    ],
)
def test_cells_of_something_else_refuse_what_the_header_says(header: str, cells: list[str], name: str) -> None:
    mapping = mapped(**{header: cells})
    assert mapping.columns == {}
    assert mapping.refused == [0]
    assert name in mapping.ambiguous[0]
    assert mapping.why[0].startswith("its cells are not what the header says")


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("Phone Number", ["617-234-014", "617-234-0142", "123"], "tn"),
        ("Phone Number", ["617-234-014", "617-234-015"], "tn"),
        ("TN", ["212-736-1000 thru 1009", "212-736-1010, 212-736-1011", "1-800-FLOWERS"], "tn"),
        ("TN", ["6.17E+09", "617-234-0142", "#N/A"], "tn"),
        ("TN", ["abc"], "tn"),
        ("Account Number", NUMBERS, "account_number"),
        ("PIN", ["fluffy", "0042", "A1B2"], "pin"),
        ("ZIP", ["2134", "K1A 0B1", "98101-1234"], "postal_code"),
        ("City", ["Boston", "", "100 Mile House"], "city"),
        ("State", ["MA", "Massachusetts", "QC"], "state"),
        ("Authorized Name", ["IT Dept", "", ""], "authorized_name"),
        ("Account Type", ["", "", ""], "account_type"),
    ],
)
def test_cells_that_may_be_wrong_but_are_of_the_field_refuse_nothing(header: str, cells: list[str], name: str) -> None:
    assert mapped(**{header: cells}).columns == {name: [0]}


@pytest.mark.parametrize(
    ("header", "cells", "name"),
    [
        ("Type", ["Single-Line", "Multi", "single line"], "account_type"),
        ("Type", ["Business Local", "Toll Free", "Wireless"], "number_type"),
        ("Type", ["Residential", "Business", "BUS"], "subscriber_type"),
        ("Port Type", ["Full", "Partial", "full"], "partial"),
        ("Port Type", ["Local", "Toll-Free", "Local"], "number_type"),
        ("Contact", MAILS, "contact_email"),
        ("Contact", PEOPLE, "authorized_name"),
        ("Contact Name", PEOPLE, "authorized_name"),
        ("Billing Number", NUMBERS, "btn"),
        ("Billing Number", ["80144217", "80144218", "9077"], "account_number"),
        ("Mobile Number", NUMBERS, "tn"),
        ("Account Type (Business/Residential)", ["Business", "Residential", ""], "subscriber_type"),
        ("Customer", ["Harbor Bakery LLC", "Lakeside Dental PC", "Blue Heron Inc"], "name"),
        ("Zip+4", ["02129-1234", "02129-0001", "02130-4444"], "postal_code"),
    ],
)
def test_cells_decide_what_a_header_of_several_meanings_is(header: str, cells: list[str], name: str) -> None:
    mapping = mapped(**{header: cells})
    assert mapping.columns == {name: [0]}
    assert mapping.reason[0] == "content"


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Type", ["A", "B", "A"]), ("Type", ["Single", "Business Local", "Multi"]), ("Port Type", ["", "", ""]), ("Portout Pin", ["4821", "0042", "7306"]), ("Status", ["MA", "NY", "MA"]),
     ("Contact", NUMBERS), ("Mobile Number", ["yes", "no", "no"]), ("Line Number", NUMBERS), ("New Number", NUMBERS), ("Home Phone", NUMBERS), ("Contact Phone", NUMBERS)],
)  # fmt: skip
def test_what_neither_header_nor_cells_tell_is_left_open(header: str, cells: list[str]) -> None:
    assert mapped(**{header: cells}).columns == {}


def test_cells_decide_nothing_that_another_column_says() -> None:
    mapping = mapped(**{"Phone Number": NUMBERS, "Mobile Number": ["617-555-0100", "617-234-0199", "617-234-0198"]})
    assert mapping.columns == {"tn": [0]}


def test_two_columns_that_may_be_the_same_are_both_left_open() -> None:
    mapping = mapped(**{"Wireless TN Number": NUMBERS, "Mobile Number": NUMBERS})
    assert mapping.columns == {}
    assert set(mapping.ambiguous) == {0, 1}


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        (["Harbor Bakery LLC", "Blue Heron Inc", "Acme Corp"], {"First Name": ["Maria", "Jane", "Tom"]}, "name"),
        (["Garcia", "Doe", "Chen"], {"First Name": ["Maria", "Jane", "Tom"]}, "last_name"),
        (PEOPLE, {"First Name": ["Maria", "Jane", "Tom"]}, ""),
        (PEOPLE, {"Business Name": ["Harbor Bakery LLC", "Blue Heron Inc", "Acme Corp"]}, ""),
    ],
)
def test_a_name_beside_other_names_is_told_by_its_cells(name: list[str], others: dict[str, list[str]], expected: str) -> None:
    mapping = mapped(**{"Name": name, **others})
    assert (mapping.field_at(0) or "") == expected


def test_what_was_confirmed_is_not_doubted() -> None:
    sheet = sheet_of(["Phone"], *([mail] for mail in MAILS))
    assert map_sheet(sheet, {"Phone": "tn"}).columns == {"tn": [0]}


def test_the_bills_zip_counts_only_where_no_service_address_stands_beside_it() -> None:
    assert map_headers(["TN", "Billing ZIP"]).columns == {"tn": [0], "postal_code": [1]}
    assert map_headers(["Billing ZIP", "ZIP"]).columns == {"postal_code": [1]}
    assert "postal_code" not in map_headers(["Service Address", "City", "State", "Billing ZIP"]).columns


def test_a_range_in_two_columns_is_not_read_as_its_first_number() -> None:
    assert map_headers(["First Number", "Last Number"]).columns == {}
    assert map_headers(["First Number", "Last Name"]).columns == {"tn": [0], "last_name": [1]}


def test_a_street_beside_its_number_is_the_streets_name() -> None:
    assert map_headers(["Street", "City"]).columns == {"service_address": [0], "city": [1]}
    assert map_headers(["Numéro civique", "Rue"]).columns == {"street_number": [0], "street_name": [1]}


def test_a_reference_that_has_its_own_name_goes_before_one_that_words_tell() -> None:
    assert map_headers(["Store ID", "Ticket"]).columns == {"customer_ref": [1]}


def test_what_a_unit_is_called_joins_its_number() -> None:
    sheet = sheet_of(["LD", "LV"], ["STE", "300"], ["", "4"], ["FLR", ""])
    assert requests_from(sheet, map_headers(sheet.headers))["unit"].text().to_pylist() == ["STE 300", "4", ""]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("120 N Main St, Suite 5, Boston, MA 02129", ("120 N Main St, Suite 5", "Boston", "MA", "02129")),
        ("120 Main St,Boston,ma,02129-1234", ("120 Main St", "Boston", "MA", "02129-1234")),
        ("1000 Rue Sainte-Catherine O, Montréal, QC H3B 1A1, Canada", ("1000 Rue Sainte-Catherine O", "Montréal", "QC", "H3B 1A1")),
        ("120 Main St, Boston, MA 02129, USA", ("120 Main St", "Boston", "MA", "02129")),
        ("120 Main St Boston MA 02129", None),
        ("120 Main St, Boston, XX 02129", None),
        ("120 Main St, Boston, MA", None),
        ("Main St, Boston, MA 02129", None),
        ("120 Main St", None),
        ("", None),
    ],
)
def test_a_whole_address_is_taken_apart_where_it_is_certain(text: str, parts: tuple[str, ...] | None) -> None:
    assert split_whole(text) == parts


def test_a_cell_with_a_whole_address_gives_city_state_and_zip_where_they_have_no_columns() -> None:
    whole = "120 Main St, Boston, MA 02129"
    sheet = sheet_of(["Service Address"], [whole], ["44 Elm St"])
    mapping = map_headers(sheet.headers)
    requests = requests_from(sheet, mapping)
    assert [requests[name].text().to_pylist() for name in ("service_address", "city", "postal_code")] == [["120 Main St", "44 Elm St"], ["Boston", ""], ["02129", ""]]
    assert not {"City", "State", "ZIP"} & set(missing_columns(mapping, requests, {}, lambda rows: rows["tn"].blank))
    beside = sheet_of(["Service Address", "City"], [whole, "Lynn"])
    assert requests_from(beside, map_headers(beside.headers))["service_address"].text().to_pylist() == [whole]


HEADERS = st.sampled_from(
    [*(alias for field in FIELDS for alias in (field.label, *field.aliases)), *(alias for aliases in PARTS.values() for alias in aliases), "Name", "Type", "Contact", "Port Type",
     "Mobile Number", "Billing Number", "Acct number w/ carrier", "Numéro", "Colour", "Street", "Last Number", "Billing ZIP", "Store ID", "Customer", ""]
)  # fmt: skip
CELLS = st.sampled_from([*NUMBERS, *MAILS, *PEOPLE, "", "Single-Line", "Business", "02129", "MA", "Verizon", "80144217", "Acme LLC", "full"])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mapping_knows_no_order_and_gives_no_column_twice(data: st.DataObject) -> None:
    headers = data.draw(st.lists(HEADERS, min_size=1, max_size=8, unique_by=comparable))
    columns = [data.draw(st.lists(CELLS, min_size=3, max_size=3)) for _ in headers]
    order = data.draw(st.permutations(range(len(headers))))

    def said(places: list[int]) -> dict[str, set[str]]:
        sheet = sheet_of([headers[at] for at in places], *(list(row) for row in zip(*(columns[at] for at in places), strict=True)))
        mapping = map_sheet(sheet)
        taken = [place for places_of in mapping.columns.values() for place in places_of]
        assert len(taken) == len(set(taken))
        assert not set(taken) & {*mapping.ambiguous, *mapping.unknown, *mapping.results}
        for name, places_of in mapping.columns.items():
            assert len(places_of) == 1 or all(mapping.reason[place] in ("label", "alias", "synonym") for place in places_of), name
        return {name: {sheet.headers[place] for place in places_of} for name, places_of in mapping.columns.items()}

    assert said(list(range(len(headers)))) == said(list(order))
