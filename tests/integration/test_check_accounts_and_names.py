"""What `check` says of account numbers, PINs and names, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import LOCAL, MULTI, TOLL_FREE, Home, batchport, settled, sheet

WIRELESS = {
    "tn": "512-744-9502", "account_number": "77120018", "pin": "441027", "losing_carrier": "T-Mobile", "account_type": "", "number_type": "Wireless",
    "name": "Jane Doe", "postal_code": "78701", "destination": "home-004",
}  # fmt: skip
HOUSEHOLD = LOCAL | {"number_type": "Residential", "name": "Ellen Novak", "authorized_name": "Ellen Novak"}


def checked(tmp_path: Path, *rows: dict[str, str]) -> list[dict[str, Any]]:
    return batchport("check", settled(tmp_path / "sheet.csv", sheet(*rows)), "--format", "json", "--show-secrets").lines[1:-1]


def codes(line: dict[str, Any], field: str) -> list[str]:
    return [found["code"] for found in line["findings"] if found["field"] == field]


def only(tmp_path: Path, row: dict[str, str], field: str) -> tuple[list[str], str | None]:
    """What is found in a field of a row, and what the field says in the end."""
    [line] = checked(tmp_path, row)
    return codes(line, field), line["values"][field]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"account_number": "8014-42 17"}, (["account-cleaned"], "80144217")),
        ({"account_number": "80144217.0"}, ([], "80144217")),
        ({"account_number": "00144217"}, ([], "00144217")),
        ({"account_number": "8014/4217"}, (["account-invalid"], "8014/4217")),
        ({"account_number": "9" * 41}, (["account-invalid"], "9" * 41)),
        ({"account_number": "1.23457E+11"}, (["account-rounded"], "1.23457E+11")),
        ({"account_number": "1,23457E+11"}, (["account-rounded"], "1,23457E+11")),
        ({"account_number": "1.23456789012E+11"}, ([], "123456789012")),
        ({"account_number": "1.23456789012345E+14"}, ([], "123456789012345")),
        ({"account_number": "1.2345678901234567E+16"}, (["account-rounded"], "1.2345678901234567E+16")),
        ({"account_number": "12E34"}, ([], "12E34")),
        ({"account_number": ""}, (["account-defaulted"], "6172340142")),
        ({"account_number": "617-234-0142"}, (["account-cleaned"], "6172340142")),
        ({"losing_carrier": "Zoom", "pin": "620194"}, ([], "80144217")),
        ({"losing_carrier": "Zoom Phone", "pin": "620194", "account_number": "80144"}, (["account-invalid"], "80144")),
        ({"losing_carrier": "Zoom", "pin": "620194", "account_number": "80144A17"}, (["account-invalid"], "80144A17")),
        ({"losing_carrier": "Twilio", "account_number": "AC" + "0f" * 16}, ([], "AC" + "0f" * 16)),
        ({"losing_carrier": "Twilio"}, (["account-invalid"], "80144217")),
        ({"losing_carrier": "Twilio", "account_number": ""}, (["account-defaulted"], "6172340142")),
        ({"losing_carrier": "Twilio", "account_number": "617-234-0142"}, (["account-cleaned"], "6172340142")),
    ],
)
def test_an_account_number_is_taken_as_it_is_meant_or_told(changes: dict[str, str], found: tuple[list[str], str], tmp_path: Path) -> None:
    assert only(tmp_path, LOCAL | changes, "account_number") == found


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (LOCAL | {"pin": ""}, (["pin-defaulted"], "0000")),
        (LOCAL | {"pin": "0042"}, ([], "0042")),
        (LOCAL | {"pin": "48#21"}, (["pin-invalid"], "48#21")),
        (LOCAL | {"pin": "9" * 33}, (["pin-invalid"], "9" * 33)),
        (LOCAL | {"pin": "****"}, (["pin-invalid"], "****")),
        (LOCAL | {"losing_carrier": "Zoom", "pin": "4821"}, (["pin-invalid"], "4821")),
        (LOCAL | {"losing_carrier": "Zoom", "pin": "0000"}, ([], "0000")),
        (LOCAL | {"losing_carrier": "Zoom", "pin": ""}, (["pin-defaulted"], "0000")),
        (WIRELESS, ([], "441027")),
        (WIRELESS | {"pin": ""}, (["pin-missing"], None)),
        (WIRELESS | {"pin": "000000"}, (["pin-missing"], "000000")),
    ],
)
def test_a_pin_is_taken_as_it_is_or_told(row: dict[str, str], found: tuple[list[str], str | None], tmp_path: Path) -> None:
    assert only(tmp_path, row, "pin") == found


def test_what_a_carrier_asks_for_is_said_by_name(tmp_path: Path) -> None:
    [line] = checked(tmp_path, LOCAL | {"losing_carrier": "Zoom", "account_number": "80144", "pin": "4821"})
    said = [found["message"] for found in line["findings"] if found["code"] in ("account-invalid", "pin-invalid")]
    assert said == ["The account number must be 6 to 10 digits at Zoom.", "The security code must be 6 digits at Zoom."]


def accounts(*pins: str, base: dict[str, str] = LOCAL, carriers: tuple[str, ...] = ("Verizon",)) -> list[dict[str, str]]:
    """Rows of as many accounts as there are PINs, the carriers in turn."""
    return [
        base | {
            "tn": f"617-234-{1000 + place}", "account_number": f"8{place:06d}", "destination": f"line-{place}", "pin": pin, "losing_carrier": carriers[place % len(carriers)],
        }
        for place, pin in enumerate(pins)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "short"),
    [
        (accounts("4821", "7306", "42"), [2]),
        (accounts("4821", "0042", "7306", "42", "421"), [3, 4]),
        (accounts("4821", "7306", "42", carriers=("Verizon", "Cox", "AT&T")), [2]),
        (accounts("4821", "7306", "5519", "0"), [3]),
        (accounts("4821", "42"), []),
        (accounts("4821", "7306", "42", "421"), []),
        (accounts("4821", "7306", "042"), []),
        (accounts("4821", "7306", "4A"), []),
        (accounts("4821", "7306", "0000", ""), []),
        (accounts("482100", "730612", "0000"), []),
        (accounts("4821", "7306", "551900"), []),
        (accounts("482100", "730612", "551900", "4821", "7306", "5519"), []),
        # Each carrier has its own custom, and one account with many numbers has one PIN.
        (accounts("482100", "4821", "730612", "7306", "551900", "5519", carriers=("Cox", "Verizon")), []),
        (accounts("482100", "482100", "482100", "4821"), []),
        ([*accounts("482100", "730612", "551900", base=WIRELESS, carriers=("T-Mobile",)), LOCAL], []),
        (accounts("482100", "730612", "5519", base=WIRELESS, carriers=("T-Mobile",)), [2]),
    ],
)
def test_a_pin_that_seems_to_have_lost_its_zeros_is_warned_of_and_not_changed(rows: list[dict[str, str]], short: list[int], tmp_path: Path) -> None:
    lines = checked(tmp_path, *rows)
    assert [place for place, line in enumerate(lines) if "pin-short" in codes(line, "pin")] == short
    assert [lines[place]["values"]["pin"] for place in short] == [rows[place]["pin"] for place in short]
    assert all(found["suggestion"] is None for line in lines for found in line["findings"] if found["code"] == "pin-short")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (LOCAL, []),
        (LOCAL | {"authorized_name": ""}, ["authorized-missing"]),
        (LOCAL | {"authorized_name": "Garcia Holdings LLC"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Services Garcia Lt\u00e9e"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Maria Garcia and Daniel Reed"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Maria & Daniel"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Garcia/Reed"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Marie Roy et Luc Roy"}, ["authorized-not-person"]),
        (LOCAL | {"authorized_name": "Garcia, Maria"}, []),
        (LOCAL | {"authorized_name": "Anderson Orr"}, []),
        (LOCAL | {"authorized_name": "Sandy Inca"}, []),
        (HOUSEHOLD, []),
        (HOUSEHOLD | {"authorized_name": "NOVAK, ELLEN"}, ["authorized-differs"]),
        (HOUSEHOLD | {"authorized_name": "ellen  novak."}, []),
        (HOUSEHOLD | {"authorized_name": ""}, ["authorized-defaulted"]),
        (HOUSEHOLD | {"authorized_name": "Peter Lindqvist"}, ["authorized-differs"]),
        (HOUSEHOLD | {"name": "Ellen and Jan Novak", "authorized_name": ""}, ["authorized-defaulted"]),
        (HOUSEHOLD | {"name": "Novak Plumbing LLC", "authorized_name": ""}, ["authorized-defaulted", "authorized-not-person"]),
        (HOUSEHOLD | {"authorized_name": "Novak Plumbing LLC"}, ["authorized-not-person"]),
        (WIRELESS, ["authorized-defaulted"]),
        (WIRELESS | {"authorized_name": "Jane Doe"}, []),
        (WIRELESS | {"authorized_name": "Peter Lindqvist"}, ["authorized-differs"]),
        (WIRELESS | {"name": "Harbor Bakery LLC"}, ["authorized-defaulted"]),
        (TOLL_FREE | {"authorized_name": "Garcia & Reed"}, ["authorized-not-person"]),
    ],
)
def test_one_person_authorizes_and_for_a_household_the_subscriber(row: dict[str, str], found: list[str], tmp_path: Path) -> None:
    assert sorted(only(tmp_path, row, "authorized_name")[0]) == found


def partner(home: Home, *, columns: list[dict[str, Any]]) -> None:
    settings = yaml.safe_load(home.config.read_text())
    settings["partners"]["sample"]["columns"] = [{"header": "PON", "source": "pon"}, {"header": "TN", "source": "tn"}, *columns]
    home.config.write_text(yaml.safe_dump(settings))


def test_a_name_that_the_partners_file_will_cut_is_told_as_it_will_be_sent(home: Home) -> None:
    cut = [{"header": name.upper(), "source": name, "form": {"longest": most, "too_long": "cut"}} for name, most in (("name", 25), ("authorized_name", 15))]
    partner(home, columns=cut)
    long = LOCAL | {"name": "The Greater Boston Harbor Bakery", "authorized_name": "Maria Garcia de la Torre"}
    path = settled(home.path / "sheet.csv", sheet(long, MULTI))
    first, second = home.json("check", path, "--customer", "acme")[1:-1]
    said = {found["field"]: found["message"] for found in first["findings"] if found["code"] == "name-too-long"}
    assert set(said) == {"name", "authorized_name"}
    assert "'The Greater Boston Harbor'" in said["name"]
    assert "'Maria Garcia de'" in said["authorized_name"]
    assert (first["state"], codes(second, "name")) == ("ready", [])
    home.take(long)
    assert (home.sent()[0]["NAME"], home.sent()[0]["AUTHORIZED_NAME"]) == ("The Greater Boston Harbor", "Maria Garcia de")


def test_a_partner_that_cuts_nothing_is_no_reason_to_warn(home: Home) -> None:
    path = settled(home.path / "sheet.csv", sheet(LOCAL | {"name": "The Greater Boston Harbor Bakery " * 4}))
    assert "name-too-long" not in home.json("check", path, "--customer", "acme")[-1]["summary"]["findings"]
    assert "name-too-long" not in home.json("check", path)[-1]["summary"]["findings"]


def test_an_account_number_longer_than_the_partner_takes_is_refused_before_it_is_sent(home: Home) -> None:
    partner(home, columns=[{"header": "AN", "source": "account_number", "form": {"longest": 10}}, {"header": "PIN", "source": "pin", "form": {"longest": 4}}])
    path = settled(home.path / "sheet.csv", sheet(LOCAL, LOCAL | {"tn": "617-234-0143", "account_number": "80144217001", "pin": "48210"}))
    first, second = home.json("check", path, "--customer", "acme")[1:-1]
    assert (codes(first, "account_number"), codes(second, "account_number"), codes(second, "pin")) == ([], ["account-invalid"], ["pin-invalid"])


def test_one_account_at_two_addresses_or_under_two_names_is_told_on_the_row_that_differs(tmp_path: Path) -> None:
    rows = [MULTI | {"tn": f"617-236-220{line}", "destination": f"line-{line}"} for line in range(4)]
    for field, other in (("street_number", "48"), ("name", "Lakeside Dental PC")):
        lines = checked(tmp_path, *rows[:3], rows[3] | {field: other})
        assert [line["state"] for line in lines] == ["held"] * 3 + ["rejected"]
        assert "order-rows-disagree" in codes(lines[3], field)


def test_an_account_number_that_is_the_number_itself_is_no_secret(tmp_path: Path) -> None:
    path = settled(tmp_path / "sheet.csv", sheet(LOCAL | {"account_number": ""}))
    assert batchport("check", path, "--format", "json").lines[1]["values"]["account_number"] == "6172340142"
