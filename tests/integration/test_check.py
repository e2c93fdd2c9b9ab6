"""`check`: JSON to the letter of the contract's section 10, exit statuses, the table, the annotated file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.conftest import LOCAL, MULTI, TOLL_FREE, Home, Result, account, batchport, settled, sheet, snapshot

NAMES = [
    "tn", "btn", "account_number", "pin", "losing_carrier", "resporg_id", "account_type", "number_type", "name", "authorized_name", "street_number",
    "street_direction", "street_name", "unit", "service_address", "city", "state", "postal_code", "country", "destination", "requested_date", "partial", "new_btn",
    "unlocked", "loa_file", "invoice_file", "reseller", "contact_email", "customer_ref", "notes", "action", "row_id",
]  # fmt: skip
FINDING = {"code", "severity", "column", "field", "value", "message", "fix", "suggestion", "prevents"}
WIRELESS = {
    "tn": "512-744-9502", "account_number": "77120018", "pin": "4410", "losing_carrier": "T-Mobile", "number_type": "Wireless", "name": "Jane Doe",
    "postal_code": "78701", "destination": "home-004",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a configuration: `check` needs none."""
    monkeypatch.chdir(tmp_path)


def check(*rows: dict[str, str], name: str = "sheet.csv", options: tuple[str, ...] = ()) -> Result:
    settled(Path(name), sheet(*rows))
    return batchport("check", name, "--format", "json", *options)


def row(*rows: dict[str, str], options: tuple[str, ...] = ()) -> dict[str, Any]:
    """The first row's line."""
    return check(*rows, options=options).lines[1]


def codes(line: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in line["findings"]]


def test_a_clean_sheet_is_a_line_for_the_file_a_line_a_row_and_a_summary() -> None:
    done = check(LOCAL, *account(3))
    assert (done.exit, done.err) == (0, "")
    first, *rows, last = done.lines
    assert first == {"file": "sheet.csv", "sheet": None, "row": None, "state": "read", "findings": []}
    assert [line["row"] for line in rows] == [2, 3, 4, 5]
    assert {line["state"] for line in rows} == {"ready"}
    assert last == {"summary": {"files": 1, "rows": 4, "ready": 4, "held": 0, "rejected": 0, "duplicate": 0, "orders": 2, "findings": last["summary"]["findings"]}}


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x1c", "\x0b"])
def test_no_sign_in_a_cell_breaks_a_line_of_json(sign: str, tmp_path: Path) -> None:
    path = settled(tmp_path / "sheet.csv", sheet({**LOCAL, "notes": f"one{sign}two"}))
    done = batchport("check", path, "--format", "json")
    assert len(done.out.splitlines()) == 3
    assert "one" in json.loads(done.out.splitlines()[1])["values"]["notes"]


def test_every_row_has_every_key_and_every_name() -> None:
    line = row(LOCAL | {"btn": ""})
    assert set(line) >= {"file", "sheet", "row", "state", "order", "values", "findings"}
    assert list(line["values"]) == NAMES
    assert line["findings"]
    for finding in line["findings"]:
        assert set(finding) >= FINDING
        assert finding["message"]
        assert finding["fix"]
        assert isinstance(finding["prevents"], list)


def test_values_are_normalised_and_blanks_are_null() -> None:
    values = row(LOCAL | {"tn": "1 (617) 234.0142", "account_number": "8014-4217", "state": "Massachusetts", "unlocked": "yes"}, options=("--show-secrets",))["values"]
    said = {name: value for name, value in values.items() if value is not None}
    assert said == {
        "tn": "6172340142", "btn": "6172340142", "account_number": "80144217", "pin": "4821", "losing_carrier": "Verizon", "account_type": "single_line",
        "number_type": "business_local", "name": "Harbor Bakery LLC", "authorized_name": "Maria Garcia", "street_number": "120", "street_name": "Main St",
        "city": "Boston", "state": "MA", "postal_code": "02129", "country": "US", "destination": "line-0142", "partial": "N", "unlocked": "Y",
    }  # fmt: skip


def test_what_is_not_asked_for_is_null() -> None:
    toll_free = row(TOLL_FREE | {"btn": "617-234-0142"})["values"]
    assert toll_free["btn"] is None
    wireless = row(WIRELESS | {"btn": "512-744-9502", "account_type": "Single-Line", "resporg_id": "QXT01"})["values"]
    assert (wireless["btn"], wireless["account_type"], wireless["resporg_id"]) == (None, None, None)
    assert row(LOCAL | {"resporg_id": "QXT01"})["values"]["resporg_id"] is None


@pytest.mark.parametrize(
    ("name", "written"),
    [("tn", "617-234-01"), ("btn", "main"), ("state", "atlantis"), ("postal_code", "2l29"), ("number_type", "landline?"), ("account_type", "several"),
     ("street_direction", "up"), ("losing_carrier", "Blue harbor Tel"), ("unlocked", "perhaps"), ("partial", "perhaps"), ("country", "xx")],
)
def test_a_value_that_could_not_be_normalised_stays_as_written(name: str, written: str) -> None:
    assert row(LOCAL | {name: written})["values"][name] == written


def test_secrets_are_masked() -> None:
    values = row(LOCAL)["values"]
    assert (values["pin"], values["account_number"]) == ("****", "****17")


def test_a_defaulted_pin_and_an_account_number_that_is_the_number_are_plain() -> None:
    values = row(LOCAL | {"pin": "", "account_number": ""})["values"]
    assert (values["pin"], values["account_number"]) == ("0000", "6172340142")
    multi = account(2, account_number="617 236 2200")
    assert [line["values"]["account_number"] for line in check(*multi).lines[1:-1]] == ["6172362200", "6172362200"]


def test_findings_about_secrets_are_masked_too() -> None:
    bad = LOCAL | {"pin": "48#2199", "account_number": "8014*4217"}
    said = json.dumps(row(bad))
    assert "2199" not in said
    assert "8014" not in said
    shown = json.dumps(row(bad, options=("--show-secrets",)))
    assert "48#2199" in shown
    assert "8014*4217" in shown


def test_the_value_of_a_defaulted_pin_is_not_masked() -> None:
    finding = next(finding for finding in row(LOCAL | {"pin": ""})["findings"] if finding["code"] == "pin-defaulted")
    assert finding["value"] in (None, "0000")


def test_rows_of_one_order_share_an_opaque_string_without_a_secret() -> None:
    lines = check(*account(3), LOCAL).lines[1:-1]
    orders = [line["order"] for line in lines]
    assert len(set(orders[:3])) == 1
    assert orders[3] != orders[0]
    assert not any(MULTI["account_number"] in order or LOCAL["account_number"] in order for order in orders)


def test_rejected_and_duplicate_rows_have_no_order_and_do_not_count_as_one() -> None:
    done = check(LOCAL, LOCAL | {"customer_ref": "again"}, LOCAL | {"tn": "617-236-0200", "account_number": "5512", "name": ""})
    lines = done.lines
    assert [(line["state"], line["order"] is None) for line in lines[1:-1]] == [("ready", False), ("duplicate", True), ("rejected", True)]
    assert lines[-1]["summary"]["orders"] == 1
    assert done.exit == 1


def test_a_duplicate_has_no_finding_but_the_repeat() -> None:
    lines = check(LOCAL | {"btn": ""}, LOCAL | {"btn": ""}).lines
    assert codes(lines[2]) == ["tn-repeated"]


def test_findings_are_counted_in_the_summary() -> None:
    lines = check(LOCAL | {"btn": ""}, *account(3, pin="")).lines
    counted: dict[str, int] = {}
    for line in lines[:-1]:
        for code in codes(line):
            counted[code] = counted.get(code, 0) + 1
    assert lines[-1]["summary"]["findings"] == counted


def test_files_stand_in_the_order_named_each_with_its_rows_behind_it() -> None:
    settled(Path("b.csv"), sheet(LOCAL))
    settled(Path("a.csv"), sheet(*account(2)))
    lines = batchport("check", "b.csv", "a.csv", "--format", "json").lines
    assert [(line["file"], line["row"]) for line in lines[:-1]] == [("b.csv", None), ("b.csv", 2), ("a.csv", None), ("a.csv", 2), ("a.csv", 3)]
    assert lines[-1]["summary"]["files"] == 2


def test_file_is_as_given_on_the_command_line(tmp_path: Path) -> None:
    settled(tmp_path / "deep" / "sheet.csv", sheet(LOCAL))
    for given in ("deep/sheet.csv", "./deep/../deep/sheet.csv", str(tmp_path / "deep" / "sheet.csv")):
        assert {line["file"] for line in batchport("check", given, "--format", "json").lines[:-1]} == {given}


def test_numbers_repeat_and_conflict_across_the_files_of_one_check() -> None:
    settled(Path("a.csv"), sheet(LOCAL, LOCAL | {"tn": "617-236-0200", "account_number": "5512"}))
    settled(Path("b.csv"), sheet(LOCAL | {"customer_ref": "R7"}, LOCAL | {"tn": "617-236-0200", "account_number": "5513"}))
    lines = batchport("check", "a.csv", "b.csv", "--format", "json").lines
    found = {(line["file"], line["row"]): (line["state"], codes(line)) for line in lines[:-1] if line["row"]}
    assert found[("a.csv", 2)][0] == "ready"
    assert found[("b.csv", 2)] == ("duplicate", ["tn-repeated"])
    for file in ("a.csv", "b.csv"):
        assert found[(file, 3)][0] == "rejected"
        assert "tn-conflict" in found[(file, 3)][1]


def test_sheet_is_the_sheets_name_in_a_workbook() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Numbers"
    for cells in (line.split(",") for line in sheet(LOCAL).splitlines()):
        page.append(cells)
    book.save("book.xlsx")
    lines = batchport("check", "book.xlsx", "--format", "json").lines
    assert [(line["sheet"], line["row"]) for line in lines[:-1]] == [(None, None), ("Numbers", 2)]


def test_a_sheet_that_lacks_a_column_is_unmapped() -> None:
    done = check({name: value for name, value in LOCAL.items() if name != "losing_carrier"})
    assert done.exit == 1
    assert [(line["state"], codes(line)) for line in done.lines[:-1]] == [("unmapped", ["column-missing"])]
    assert "Current Carrier" in done.lines[0]["findings"][0]["message"]
    assert done.lines[-1]["summary"]["rows"] == 0


def test_what_is_known_of_a_column_stands_on_the_file() -> None:
    settled(Path("sheet.csv"), sheet(LOCAL).replace("Port To Line\r\n", "Port To Line,Colour\r\n").replace("line-0142\r\n", "line-0142,blue\r\n"))
    first = batchport("check", "sheet.csv", "--format", "json").lines[0]
    assert [(finding["code"], finding["column"], finding["field"]) for finding in first["findings"]] == [("column-unknown", "Colour", None)]


def test_a_held_row_alone_is_not_a_reason_for_exit_status_1(home: Home) -> None:
    home.set("  - {partner: sample}", "  - {partner: sample, country: CA}")
    done = home("check", home.drop(LOCAL), "--customer", "acme", "--format", "json")
    assert [line["state"] for line in done.lines[1:-1]] == ["held"]
    assert "carrier-no-route" in codes(done.lines[1])
    assert done.exit == 0


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [("empty.csv", b"", {"file-empty"}), ("header.csv", sheet(LOCAL).splitlines()[0].encode(), {"file-empty"}), ("bad.xlsx", b"PK\x03\x04not a workbook", {"file-unreadable"}),
     ("picture.csv", bytes(range(256)) * 40, {"file-unreadable", "file-unsupported"}), ("letter.pdf", b"%PDF-1.7\n\xe2\xe3", {"file-unreadable", "file-unsupported"})],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_exit_status_2(name: str, content: bytes, expected: set[str]) -> None:
    settled(Path(name), content)
    done = batchport("check", name, "--format", "json")
    assert done.exit == 2
    first, last = done.lines
    assert (first["file"], first["state"], len(codes(first))) == (name, "unreadable", 1)
    assert set(codes(first)) <= expected
    assert last["summary"]["rows"] == 0
    assert "Traceback" not in done.out + done.err


def test_the_table_names_row_column_fault_and_fix() -> None:
    settled(Path("sheet.csv"), sheet(LOCAL | {"postal_code": "90210"}, *account(2)))
    done = batchport("check", "sheet.csv")
    assert done.exit == 1
    assert done.out.startswith("1 file, 3 rows: 2 ready, 1 rejected; 1 order.")
    line = next(line for line in done.out.splitlines() if "ZIP" in line)
    for word in ("sheet.csv", " 2 ", "'90210'", "MA"):
        assert word in line


def test_the_annotated_workbook_is_the_users_own_file() -> None:
    settled(Path("sheet.csv"), sheet(LOCAL | {"customer_ref": "R1"}, LOCAL | {"tn": "617-236-0200", "account_number": "66120", "postal_code": "90210"}))
    done = batchport("check", "sheet.csv", "-o", "out.xlsx", "--format", "json")
    assert done.exit == 1
    assert [json.loads(line) for line in done.out.splitlines()]
    path = Path("out.xlsx")
    assert path.stat().st_mode & 0o777 == 0o600
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:3] == ["Summary", "To fix", "All rows"]
    header, *rows = book["All rows"].iter_rows(values_only=True)
    found = [dict(zip(header, cells, strict=True)) for cells in rows]
    assert list(header)[-6:] == ["Port Result", "Order (PON)", "Confirmed Date", "What is wrong", "How to fix it", "Row ID"]
    assert [line["Security Code or PIN"] for line in found] == ["4821", "4821"]
    assert [line["Billing Account Number"] for line in found] == ["80144217", "66120"]
    assert [line["Row ID"] or "" for line in found] == ["", ""]
    assert "'90210'" in str(found[1]["What is wrong"])
    assert len(list(book["To fix"].iter_rows())) == 2


def test_the_annotated_file_is_for_one_file() -> None:
    for name in ("a.csv", "b.csv"):
        settled(Path(name), sheet(LOCAL))
    done = batchport("check", "a.csv", "b.csv", "-o", "out.xlsx")
    assert done.exit == 2
    assert not Path("out.xlsx").exists()


def test_a_customers_check_reads_settings_and_history_and_stores_nothing(home: Home) -> None:
    home.take(LOCAL, *account(2))
    before = (snapshot(home.path), home.states())
    again = home.path.parent / "again.csv"
    settled(again, sheet(LOCAL | {"customer_ref": "R2"}, account(2)[1] | {"city": "Cambridge"}, LOCAL | {"tn": "617-236-0300", "account_number": "9910", "destination": "line-0300"}))
    done = home("check", again, "--customer", "acme", "--format", "json")
    found = [(line["state"], [code for code in codes(line) if not code.endswith(("defaulted", "assumed"))]) for line in done.lines[1:-1]]
    assert found == [("duplicate", ["tn-repeated"]), ("rejected", ["tn-in-open-order"]), ("ready", [])]
    assert (snapshot(home.path), home.states()) == before


@pytest.mark.parametrize(("row", "unknown"), [
    ({"tn": "617-234", "row_id": "R8M2K7QX4TZACD"}, True), ({"tn": "617-234", "action": "cancel"}, False), ({"action": "cancel"}, True),
])  # fmt: skip
@pytest.mark.parametrize("options", [(), ("--customer", "acme")])
def test_a_row_id_that_nobody_has_is_told_beside_a_number_that_cannot_be_read(home: Home, row: dict[str, str], options: tuple[str, ...], unknown: bool) -> None:  # noqa: FBT001
    settled(Path("sheet.csv"), sheet(LOCAL | row))
    (line,) = home("check", "sheet.csv", *options, "--format", "json").lines[1:-1]
    assert ("row-unknown" in codes(line)) == unknown


def test_without_a_customer_history_is_not_looked_at(home: Home) -> None:
    home.take(LOCAL)
    settled(Path("again.csv"), sheet(LOCAL))
    assert [line["state"] for line in home("check", "again.csv", "--format", "json").lines[1:-1]] == ["ready"]


def test_a_customers_severities_and_defaults_count(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    defaults: {account_type: Single-Line, pin: '7777'}\n    severities: {pin-defaulted: warning, account-defaulted: error}\n")
    settled(Path("sheet.csv"), sheet({**LOCAL, "account_type": "", "pin": ""}, {**LOCAL, "tn": "617-236-0200", "account_number": "", "pin": ""}))
    first, second = home("check", "sheet.csv", "--customer", "acme", "--format", "json", "--show-secrets").lines[1:-1]
    assert (first["state"], first["values"]["account_type"], first["values"]["pin"]) == ("ready", "single_line", "7777")
    assert codes(first).count("value-defaulted") == 2
    assert second["state"] == "rejected"
    assert next(finding["severity"] for finding in second["findings"] if finding["code"] == "account-defaulted") == "error"


def test_json_goes_alone_on_standard_output() -> None:
    done = check(LOCAL, *account(2), LOCAL | {"tn": ""})
    assert all(isinstance(json.loads(line), dict) for line in done.out.splitlines())


def test_an_unmapped_sheet_with_odd_rows_is_unmapped_and_no_fault() -> None:
    settled(Path("sheet.csv"), "Phone Number,City\n617-234-0142,Boston,stray\n")
    done = batchport("check", "sheet.csv", "--format", "json")
    assert (done.exit, done.lines[0]["state"]) == (1, "unmapped")


def test_errors_and_unworked_formulas_in_a_workbook_stand_on_their_cells() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Phone Number", "Current Carrier", "Number Type", "Account Type", "Business or Full Name", "Port To Line", "Billing Account Number", "PIN", "ZIP"])
    book.active.append(["512-744-9502", "T-Mobile", "Wireless", "", "Jane Doe", "home-004", "77120018", "#N/A", 78701])
    book.active.append(["512-744-9503", "T-Mobile", "Wireless", "", "=B2", "home-005", "77120018", 42, 2134])
    book.active["H2"].data_type = "e"
    book.active["H3"].number_format, book.active["I3"].number_format = "0000", "00000"
    book.save("sheet.xlsx")
    settled(Path("sheet.xlsx"), Path("sheet.xlsx").read_bytes())
    first, second, *_ = batchport("check", "sheet.xlsx", "--format", "json", "--show-secrets").lines[1:]
    assert [(finding["code"], finding["field"]) for finding in first["findings"]][0] == ("cell-error-value", "pin")
    assert ("cell-formula-no-value", "name") in [(finding["code"], finding["field"]) for finding in second["findings"]]
    assert (second["values"]["pin"], second["values"]["postal_code"]) == ("0042", "02134")


@pytest.mark.parametrize(("profile", "changes", "field", "why"), [
    ("lsr-fixed", {"name": "株式会社 Harbor"}, "name", "has a sign in it that ascii does not have"),
    ("lsr-fixed", {"street_number": "120-122-124-126"}, "street_number", "is longer than 12 signs"),
    ("lnp-xml", {"authorized_name": "Maria Garcia", "street_number": "1" * 21}, "street_number", "is longer than 20 signs"),
])  # fmt: skip
def test_what_the_partners_file_cannot_carry_is_told_at_intake(profile: str, changes: dict[str, str], field: str, why: str, tmp_path: Path, home: Home) -> None:
    home.set("profile: generic-csv", f"profile: {profile}")
    path = settled(tmp_path / "sheet.csv", sheet({**LOCAL, **changes}, {**LOCAL, "tn": "617-234-0143", "account_number": "9", "destination": "line-2", "name": "Łódź Bakery", "notes": "two\nlines"}))
    first, second = home("check", path, "--customer", "acme", "--format", "json").lines[1:3]
    assert (first["state"], second["state"]) == ("rejected", "ready")
    (found,) = [each for each in first["findings"] if each["severity"] == "error"]
    assert (found["code"], found["field"], found["message"].endswith(f"it {why}.")) == ("value-unsendable", field, True)


def test_notes_of_several_lines_are_one_line_for_the_partner(home: Home) -> None:
    home.set("profile: generic-csv", "profile: lnp-xml")
    home.take({**LOCAL, "notes": "call first,\nthen  ring"})
    (document,) = (home.path / "outbox" / "sample").glob("*.xml")
    assert ">call first, then ring</Number>" in document.read_text("utf-8")


def test_a_customers_destination_stands_where_the_sheet_names_no_line(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    destination: main-trunk\n")
    home.take({name: value for name, value in LOCAL.items() if name != "destination"})
    assert home.sent()[0]["TN"] == "6172340142"
    done = home("check", home.drop({**LOCAL, "tn": "617-234-0150", "account_number": "80144218", "destination": ""}), "--customer", "acme", "--format", "json")
    assert done.lines[1]["values"]["destination"] == "main-trunk"


def test_a_destination_is_said_once(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    destination: main-trunk\n    defaults: {destination: other}\n")
    done = home("status")
    assert done.exit == 2
    assert "'destination' and 'defaults: {destination: ...}' say the same" in done.err
