"""The customer's own instructions: every sentence that states a rule is found in a check, a mail or the template.

TABLE has every sentence that states one, with the tests that show it; each of them quotes it in its docstring. Left out are headings, the ways through the
menus of the customer's portal, and the words of the web site around the form.
"""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batchport.domain.cases import AT, bases, pdf
from batchport.domain.fields import BY_NAME
from tests.conftest import EVENING, NEXT, THIRD, Home, batchport, settled, sheet, text_of

LOCAL, MULTI, RESIDENTIAL, TOLL_FREE, WIRELESS = (bases()[name] for name in ("local", "multi", "residential", "toll_free", "wireless"))
WIRELESS |= {"account_type": ""}
CANADIAN = LOCAL | {
    "tn": "416-234-0142", "street_number": "110", "street_name": "Spadina Ave", "city": "Toronto", "state": "ON", "postal_code": "M5V 2T6", "loa_file": "bakery-loa.pdf",
}  # fmt: skip

#: Every sentence of the instructions that states a rule, in their order, and the tests of it.
TABLE: dict[str, str] = {
    "Please note: During the porting process your number will continue to work at existing carrier.": "test_until_it_moves_a_number_goes_on_working",
    "When the porting gets completed, you will get an email for completion.": "test_a_mail_tells_that_a_number_has_moved",
    "Your number will stop working at existing carrier and start working at iPlum.": "test_a_mail_tells_that_a_number_has_moved",
    "Unlock your number if required: If your current carrier is a digital provider like Google Voice, unlock your porting number at their site before porting.":
        "test_a_number_at_a_digital_provider_must_be_unlocked",
    "This step is not required for porting from traditional carriers like AT&T, Verizon, Spectrum, Sprint T-Mobile, Bell, Telus etc.":
        "test_traditional_carriers_ask_for_no_unlocking test_the_mail_says_who_asks_for_unlocking",
    "Select iPlum Line To Port External Number: Click the text box to select your iPlum account/sub-account where to want to port your external phone number.":
        "test_each_number_names_the_line_that_it_goes_to",
    "Upload Documents: Some carriers would require you to upload letter of authorization (LOA) and copy of your latest invoice for verification.":
        "test_papers_are_asked_for_where_somebody_requires_them",
    "You will see the template letter of authorization in the form itself which you can download, fill & upload as PDF.": "test_a_letter_is_a_pdf",
    "Name of Your Current Carrier/Vendor: Enter the name of existing carrier/vendor of the porting phone number.": "test_the_carrier_is_named",
    "Current Carrier Account Type: Select Single-Line if there is only one number in the account which is getting ported.": "test_a_single_line_account_has_one_number",
    "Select Multi-Line if there are more numbers in the account but you are transferring only one number to iPlum.": "test_one_number_of_a_larger_account_is_multi_line",
    "Porting Number Type: Select Business Local, Business Toll Free or Residential.": "test_the_number_type_is_one_of_a_few",
    "If Residential number is Toll Free select Business Toll Free option.": "test_a_residential_number_that_is_toll_free_is_business_toll_free",
    "Business Name / Full Name (With Current Carrier): Fill the text box as per information on your carrier bill.": "test_the_name_is_that_of_the_bill",
    "Authorized Owners's Name (With Current Carrier): For businesses, it is the name of the person authorized on the account.":
        "test_a_business_names_the_person_who_is_authorized",
    "For residential accounts it is same as the subscriber's name.": "test_the_subscriber_authorizes_for_a_residential_account",
    "Billing Account Number (With Current Carrier): Enter entire account number from your existing bill.": "test_the_account_number_is_entire",
    "Don't enter spaces, dashes or hyphens.": "test_spaces_dashes_and_hyphens_are_taken_out_of_the_account_number",
    "If you don't have account number, enter the phone number you are porting.": "test_without_an_account_number_the_telephone_number_stands_for_it",
    "Primary Phone Number On Your Current Carrier Account: For Single-Line account it is same as the number you are porting.":
        "test_the_primary_number_of_a_single_line_account_is_the_number_itself",
    "For Multi-Line account, enter the primary phone number on the account even if you are not porting that number.":
        "test_a_multi_line_account_names_its_primary_number_though_it_stays",
    "Security Code or PIN (With Current Carrier):Enter the security code or pin for your external vendor account.": "test_the_security_code_goes_to_the_carrier_as_it_is",
    "Normally this is the code you give your vendor when you call them to access any information on your external account.":
        "test_the_template_says_what_no_check_can_see",
    "In case you don't have one setup enter 0000.": "test_0000_says_that_there_is_no_security_code",
    "For certain digital accounts, you may need to unlock your existing number and the vendor will give you a code which you will enter here.":
        "test_a_number_at_a_digital_provider_must_be_unlocked",
    "Service Address (With Current Carrier): Please enter the service address of the phone number which you are porting.": "test_the_service_address_is_asked_for",
    "Keep in mind your service address may be different than the billing address.": "test_the_template_says_what_no_check_can_see",
    "If you are not sure, call your vendor to get that service address.": "test_the_service_address_is_asked_for",
    "You can also request a CSR (Customer Service Record) from your vendor which has detailed address information.":
        "test_the_template_says_what_no_check_can_see test_the_service_address_is_asked_for",
    "Enter the address split as street number, direction and street name.": "test_the_address_is_split_into_number_direction_and_street",
    "If there is no direction, leave it blank.": "test_a_direction_is_one_or_blank",
    "Do not enter PO Box addresses as service address can't be PO Box.": "test_a_service_address_is_no_post_office_box",
    "Back-End process: Once you enter the port order, the system will do some verification and submit the order to the losing carrier.":
        "test_what_is_right_is_submitted_and_what_is_wrong_is_not",
    "If there is any information mismatch responded by losing carrier, you will receive an email alert from iPlum.": "test_a_mail_tells_what_the_carrier_refused",
    "It takes approximately 2 - 7 business days to transfer a phone number into iPlum based on the carrier.": "test_a_mail_says_how_long_it_takes",
    "Wireless carriers do faster transfers than the landline carriers.": "test_a_mail_says_how_long_it_takes",
    "Meantime you can continue to use your service with existing carrier.": "test_until_it_moves_a_number_goes_on_working",
    "There is no downtime.": "test_until_it_moves_a_number_goes_on_working",
    "Port Completion: You will receive an email notification when the transfer is complete and your ported number will start ringing in your iPlum app.":
        "test_a_mail_tells_that_a_number_has_moved",
    "Your ported number will replace the temporary iPlum number.": "test_a_mail_tells_that_a_number_has_moved",
    "Check disconnect with the carrier: After your number has been successfully ported into iPlum, we advise that you call your carrier to confirm disconnect of the service "
    "and stop any further billing.": "test_a_mail_says_what_to_do_when_a_number_has_moved",
    "Enter the external phone number again which you want to transfer into iPlum & follow the prompts to fill the porting form.": "test_each_row_names_the_number",
    "Note: During the port process, if you have any questions, you can always contact us.": "test_every_mail_says_whom_to_ask",
}  # fmt: skip

#: The form's labels, as its instructions write them, in a sheet of somebody who took them for headers.
LABELS = {
    "Name of Your Current Carrier/Vendor": "losing_carrier", "Current Carrier Account Type": "account_type", "Porting Number Type": "number_type",
    "Business Name / Full Name (With Current Carrier)": "name", "Authorized Owners's Name (With Current Carrier)": "authorized_name",
    "Billing Account Number (With Current Carrier)": "account_number", "Primary Phone Number On Your Current Carrier Account": "btn",
    "Security Code or PIN (With Current Carrier)": "pin", "Service Address (With Current Carrier)": "service_address",
}  # fmt: skip


@pytest.mark.parametrize("sentence", TABLE)
def test_the_tests_of_a_sentence_quote_it(sentence: str) -> None:
    for name in TABLE[sentence].split():
        test = getattr(sys.modules[__name__], name)
        assert sentence in " ".join((inspect.getdoc(test) or "").split())


def check(folder: Path, *rows: dict[str, str], papers: Sequence[str] = ("summit-loa.pdf", "bakery-loa.pdf"), home: Home | None = None) -> list[dict[str, Any]]:
    """What a check says of each row, with secrets."""
    for name in papers:
        settled(folder / name, pdf())
    path = settled(folder / "sheet.csv", sheet(*rows))
    done = batchport("check", path, "--format", "json", "--show-secrets", at=AT) if home is None else home("check", path, "--customer", "acme", "--format", "json", "--show-secrets", at=AT)
    return done.lines[1:-1]


def codes(line: dict[str, Any], *, infos: bool = True) -> set[str]:
    """The codes on a row."""
    return {each["code"] for each in line["findings"] if infos or each["severity"] != "info"}


def said(line: dict[str, Any], code: str) -> dict[str, Any]:
    """The one finding of a code."""
    [found] = [each for each in line["findings"] if each["code"] == code]
    return dict(found)


def test_each_row_names_the_number(tmp_path: Path) -> None:
    """Enter the external phone number again which you want to transfer into iPlum & follow the prompts to fill the porting form."""
    good, missing = check(tmp_path, LOCAL, LOCAL | {"tn": "", "account_number": "80144218", "destination": "line-0199"})
    assert (good["state"], codes(missing, infos=False)) == ("ready", {"tn-missing"})


@pytest.mark.parametrize("carrier", ["Google Voice", "google voice"])
def test_a_number_at_a_digital_provider_must_be_unlocked(carrier: str, tmp_path: Path) -> None:
    """Unlock your number if required: If your current carrier is a digital provider like Google Voice, unlock your porting number at their site before porting.

    For certain digital accounts, you may need to unlock your existing number and the vendor will give you a code which you will enter here.
    """
    row = LOCAL | {"losing_carrier": carrier}
    locked, unlocked = check(tmp_path, row, row | {"tn": "617-234-0143", "account_number": "80144218", "destination": "line-0143", "unlocked": "Yes"})
    assert codes(locked, infos=False) == {"carrier-unlock"}
    assert said(locked, "carrier-unlock")["fix"] == "Unlock the number at Google Voice, write the code it gives you as the security code, and write Yes in Unlocked."
    assert codes(unlocked, infos=False) == set()
    assert unlocked["values"]["pin"] == "4821"


@pytest.mark.parametrize("carrier", ["AT&T", "Verizon", "Spectrum", "Sprint", "T-Mobile", "Bell", "Telus"])
def test_traditional_carriers_ask_for_no_unlocking(carrier: str, tmp_path: Path) -> None:
    """This step is not required for porting from traditional carriers like AT&T, Verizon, Spectrum, Sprint T-Mobile, Bell, Telus etc."""
    base = CANADIAN if carrier in {"Bell", "Telus"} else LOCAL
    [line] = check(tmp_path, base | {"losing_carrier": carrier})
    assert (line["state"], codes(line, infos=False)) == ("ready", set())


def test_each_number_names_the_line_that_it_goes_to(home: Home, tmp_path: Path) -> None:
    """Select iPlum Line To Port External Number: Click the text box to select your iPlum account/sub-account where to want to port your external phone number."""
    home.set("    email: telecom", "    roster: roster.csv\n    email: telecom")
    settled(home.path / "roster.csv", "line,takes\nline-0142,one\n")
    rows = (LOCAL, LOCAL | {"tn": "617-234-0143", "account_number": "80144218", "destination": ""}, LOCAL | {"tn": "617-234-0144", "account_number": "80144219", "destination": "line-9"})
    assert [codes(line, infos=False) for line in check(tmp_path, *rows, home=home)] == [set(), {"destination-missing"}, {"destination-unknown"}]


def test_papers_are_asked_for_where_somebody_requires_them(home: Home, tmp_path: Path) -> None:
    """Upload Documents: Some carriers would require you to upload letter of authorization (LOA) and copy of your latest invoice for verification."""
    [toll_free] = check(tmp_path, {name: text for name, text in TOLL_FREE.items() if name != "loa_file"})
    assert codes(toll_free, infos=False) == {"loa-missing"}
    [local] = check(tmp_path, LOCAL)
    assert codes(local, infos=False) == set()
    home.set("    email: telecom", "    papers: {loa: always, invoice: always}\n    email: telecom")
    [asked] = check(tmp_path, LOCAL, home=home)
    assert codes(asked, infos=False) == {"loa-missing", "invoice-missing"}
    [named] = check(tmp_path, LOCAL | {"loa_file": "bakery-loa.pdf", "invoice_file": "bill.pdf"}, papers=("bakery-loa.pdf", "bill.pdf"), home=home)
    assert codes(named, infos=False) == set()


@pytest.mark.parametrize(("content", "found"), [(pdf(), set()), ("a picture of the letter", {"loa-unusable"}), ("", {"loa-unusable"}), (None, {"loa-not-found"})])
def test_a_letter_is_a_pdf(content: str | None, found: set[str], tmp_path: Path) -> None:
    """You will see the template letter of authorization in the form itself which you can download, fill & upload as PDF."""
    if content is not None:
        settled(tmp_path / "summit-loa.pdf", content)
    [line] = check(tmp_path, TOLL_FREE, papers=())
    assert codes(line, infos=False) == found


@pytest.mark.parametrize(("carrier", "found"), [("Verizon", set()), ("", {"carrier-missing"}), ("Harborline Telephone", {"carrier-unknown"})])
def test_the_carrier_is_named(carrier: str, found: set[str], tmp_path: Path) -> None:
    """Name of Your Current Carrier/Vendor: Enter the name of existing carrier/vendor of the porting phone number."""
    [line] = check(tmp_path, LOCAL | {"losing_carrier": carrier})
    assert codes(line, infos=False) == found


def test_a_single_line_account_has_one_number(tmp_path: Path) -> None:
    """Current Carrier Account Type: Select Single-Line if there is only one number in the account which is getting ported."""
    other = LOCAL | {"tn": "617-234-0143", "destination": "line-0143"}
    assert [codes(line, infos=False) for line in check(tmp_path, LOCAL, other)] == [{"account-type-mismatch"}] * 2
    assert [codes(line, infos=False) for line in check(tmp_path, LOCAL, other | {"account_number": "80144218"})] == [set()] * 2
    assert [codes(line, infos=False) for line in check(tmp_path, LOCAL | {"account_type": ""})] == [{"account-type-missing"}]


def test_one_number_of_a_larger_account_is_multi_line(tmp_path: Path) -> None:
    """Select Multi-Line if there are more numbers in the account but you are transferring only one number to iPlum."""
    [line] = check(tmp_path, MULTI)
    assert (line["state"], codes(line, infos=False), line["values"]["partial"]) == ("ready", set(), "Y")


@pytest.mark.parametrize(("row", "found"), [
    (LOCAL, set()), (TOLL_FREE, set()), (RESIDENTIAL, set()), (LOCAL | {"number_type": ""}, {"number-type-missing"}), (LOCAL | {"number_type": "Pager"}, {"number-type-invalid"}),
    (LOCAL | {"number_type": "Business Toll Free"}, {"number-type-mismatch"}), (TOLL_FREE | {"number_type": "Business Local"}, {"number-type-mismatch"}),
])  # fmt: skip
def test_the_number_type_is_one_of_a_few(row: dict[str, str], found: set[str], tmp_path: Path) -> None:
    """Porting Number Type: Select Business Local, Business Toll Free or Residential."""
    [line] = check(tmp_path, row)
    assert codes(line, infos=False) == found


def test_a_residential_number_that_is_toll_free_is_business_toll_free(tmp_path: Path) -> None:
    """If Residential number is Toll Free select Business Toll Free option."""
    [line] = check(tmp_path, TOLL_FREE | {"number_type": "Residential"})
    assert (line["state"], line["values"]["number_type"]) == ("ready", "business_toll_free")
    assert said(line, "number-type-changed")["suggestion"] == "Business Toll Free"


@pytest.mark.parametrize("name", ["Harbor Bakery LLC", "HARBOR BAKERY, L.L.C.", "Café du Port & Sons"])
def test_the_name_is_that_of_the_bill(name: str, tmp_path: Path) -> None:
    """Business Name / Full Name (With Current Carrier): Fill the text box as per information on your carrier bill."""
    line, missing = check(tmp_path, LOCAL | {"name": name}, LOCAL | {"tn": "617-234-0143", "account_number": "80144218", "destination": "line-0143", "name": ""})
    assert (line["values"]["name"], codes(line, infos=False)) == (name, set())
    assert codes(missing, infos=False) == {"name-missing"}


@pytest.mark.parametrize(("person", "found"), [
    ("Maria Garcia", set()), ("", {"authorized-missing"}), ("Garcia Holdings LLC", {"authorized-not-person"}), ("Maria Garcia / Daniel Reed", {"authorized-not-person"}),
])  # fmt: skip
def test_a_business_names_the_person_who_is_authorized(person: str, found: set[str], tmp_path: Path) -> None:
    """Authorized Owners's Name (With Current Carrier): For businesses, it is the name of the person authorized on the account."""
    [line] = check(tmp_path, LOCAL | {"authorized_name": person})
    assert codes(line, infos=False) == found


@pytest.mark.parametrize(("person", "found"), [("Ellen Novak", set()), ("", {"authorized-defaulted"}), ("Peter Lindqvist", {"authorized-differs"})])
def test_the_subscriber_authorizes_for_a_residential_account(person: str, found: set[str], tmp_path: Path) -> None:
    """For residential accounts it is same as the subscriber's name."""
    [line] = check(tmp_path, RESIDENTIAL | {"authorized_name": person})
    assert codes(line) - {"btn-defaulted"} == found
    assert line["values"]["authorized_name"] == (person or "Ellen Novak")


@pytest.mark.parametrize(("account", "found"), [("00144217", set()), ("1.23457E+11", {"account-rounded"}), ("80144217 (old)", {"account-invalid"})])
def test_the_account_number_is_entire(account: str, found: set[str], tmp_path: Path) -> None:
    """Billing Account Number (With Current Carrier): Enter entire account number from your existing bill."""
    [line] = check(tmp_path, LOCAL | {"account_number": account})
    assert codes(line, infos=False) == found
    if not found:
        assert line["values"]["account_number"] == account


@pytest.mark.parametrize("account", ["8014 4217", "8014-4217", "8014\u20134217", "8014\u20104217", "8014\u00a04217", "80-14 42-17"])
def test_spaces_dashes_and_hyphens_are_taken_out_of_the_account_number(account: str, tmp_path: Path) -> None:
    """Don't enter spaces, dashes or hyphens."""
    [line] = check(tmp_path, LOCAL | {"account_number": account})
    assert (line["state"], line["values"]["account_number"]) == ("ready", "80144217")
    assert said(line, "account-cleaned")["message"] == "Spaces, dashes or hyphens were taken out of the account number."


@pytest.mark.parametrize("written", ["", "6172340142", "617-234-0142"])
def test_without_an_account_number_the_telephone_number_stands_for_it(written: str, tmp_path: Path) -> None:
    """If you don't have account number, enter the phone number you are porting."""
    [line] = check(tmp_path, LOCAL | {"account_number": written})
    assert (line["state"], line["values"]["account_number"]) == ("ready", "6172340142")
    assert ("account-defaulted" in codes(line)) == (written == "")
    assert codes(line, infos=False) == set()
    [wireless] = check(tmp_path, WIRELESS | {"account_number": ""})
    assert codes(wireless, infos=False) == {"account-missing"}


@pytest.mark.parametrize(("primary", "found"), [("", {"btn-defaulted"}), ("617-234-0142", set()), ("617-234-0150", {"btn-mismatch"})])
def test_the_primary_number_of_a_single_line_account_is_the_number_itself(primary: str, found: set[str], tmp_path: Path) -> None:
    """Primary Phone Number On Your Current Carrier Account: For Single-Line account it is same as the number you are porting."""
    [line] = check(tmp_path, LOCAL | {"btn": primary})
    assert codes(line) == found
    if "btn-mismatch" not in found:
        assert (line["state"], line["values"]["btn"]) == ("ready", "6172340142")


def test_a_multi_line_account_names_its_primary_number_though_it_stays(tmp_path: Path) -> None:
    """For Multi-Line account, enter the primary phone number on the account even if you are not porting that number."""
    [named] = check(tmp_path, MULTI)
    assert (named["state"], named["values"]["btn"], named["values"]["tn"]) == ("ready", "3122340150", "3122340151")
    [missing] = check(tmp_path, MULTI | {"btn": ""})
    assert said(missing, "btn-missing")["message"] == "A Multi-Line account needs its primary number, even when that number stays."


def test_the_security_code_goes_to_the_carrier_as_it_is(home: Home) -> None:
    """Security Code or PIN (With Current Carrier):Enter the security code or pin for your external vendor account."""
    home.take(LOCAL | {"pin": "0042"})
    assert [line["PIN"] for line in home.sent()] == ["0042"]


@pytest.mark.parametrize(("pin", "found"), [("0000", set()), ("", {"pin-defaulted"})])
def test_0000_says_that_there_is_no_security_code(pin: str, found: set[str], tmp_path: Path) -> None:
    """In case you don't have one setup enter 0000."""
    [line] = check(tmp_path, LOCAL | {"pin": pin})
    assert codes(line) - {"btn-defaulted"} == found
    assert (line["state"], line["values"]["pin"]) == ("ready", "0000")
    [wireless] = check(tmp_path, WIRELESS | {"pin": pin})
    assert codes(wireless, infos=False) == {"pin-missing"}


@pytest.mark.parametrize("part", ["street_number", "street_name", "city", "state", "postal_code"])
def test_the_service_address_is_asked_for(part: str, tmp_path: Path) -> None:
    """Service Address (With Current Carrier): Please enter the service address of the phone number which you are porting.

    If you are not sure, call your vendor to get that service address. You can also request a CSR (Customer Service Record) from your vendor which has detailed
    address information.
    """
    [line] = check(tmp_path, LOCAL | {part: ""})
    assert codes(line, infos=False) == {"address-missing"}
    found = said(line, "address-missing")
    assert found["message"] == f"The service address lacks: {BY_NAME[part].label}."
    assert found["fix"] == "Fill in the address at which the number rings, as the carrier has it; your bill or your carrier's service record shows it."


@pytest.mark.parametrize(("changes", "parts"), [
    ({"street_direction": "N"}, ("120", "N", "Main St")),
    ({"street_direction": "north"}, ("120", "N", "Main St")),
    ({"street_number": "", "street_name": "", "service_address": "120 N Main St"}, ("120", "N", "Main St")),
    ({"street_number": "", "street_name": "", "service_address": "120 Main St"}, ("120", None, "Main St")),
])  # fmt: skip
def test_the_address_is_split_into_number_direction_and_street(changes: dict[str, str], parts: tuple[str | None, ...], tmp_path: Path) -> None:
    """Enter the address split as street number, direction and street name."""
    [line] = check(tmp_path, LOCAL | changes)
    assert codes(line, infos=False) == set()
    assert tuple(line["values"][name] for name in ("street_number", "street_direction", "street_name")) == parts
    assert ("address-split" in codes(line)) == ("street_number" in changes)


@pytest.mark.parametrize(("direction", "found"), [("", set()), ("NE", set()), ("Upper", {"address-direction"})])
def test_a_direction_is_one_or_blank(direction: str, found: set[str], tmp_path: Path) -> None:
    """If there is no direction, leave it blank."""
    [line] = check(tmp_path, LOCAL | {"street_direction": direction})
    assert codes(line) - {"btn-defaulted"} == found


@pytest.mark.parametrize("changes", [
    {"street_number": "", "street_name": "PO Box 118"}, {"street_number": "", "street_name": "P.O. Box 118"}, {"street_number": "118", "street_name": "Post Office Box"},
    {"street_number": "", "street_name": "", "service_address": "POB 118"}, {"unit": "PO Box 118"},
])  # fmt: skip
def test_a_service_address_is_no_post_office_box(changes: dict[str, str], tmp_path: Path) -> None:
    """Do not enter PO Box addresses as service address can't be PO Box."""
    [line] = check(tmp_path, LOCAL | changes)
    assert codes(line, infos=False) == {"address-po-box"}


def test_the_labels_of_the_form_are_understood_as_headers(tmp_path: Path) -> None:
    row = {name: text for name, text in LOCAL.items() if name not in {"street_number", "street_name"}} | {"service_address": "120 Main St", "btn": LOCAL["tn"]}
    text = sheet(row)
    header, rest = text.split("\r\n", 1)
    headers = [next((label for label, name in LABELS.items() if BY_NAME[name].label == each), each) for each in header.split(",")]
    assert set(LABELS) <= set(headers)
    found = batchport("check", settled(tmp_path / "form.csv", ",".join(headers) + "\r\n" + rest), "--format", "json", at=AT).lines
    assert [(line["state"], codes(line)) for line in found[:-1]] == [("read", set()), ("ready", {"address-split"})]


def test_the_template_says_what_no_check_can_see(tmp_path: Path) -> None:
    """Normally this is the code you give your vendor when you call them to access any information on your external account.

    Keep in mind your service address may be different than the billing address. You can also request a CSR (Customer Service Record) from your vendor which has
    detailed address information.
    """
    path = tmp_path / "template.xlsx"
    assert batchport("template", "-o", path).exit == 0
    told = [str(cell) for line in openpyxl.load_workbook(path)["Instructions"].iter_rows(values_only=True) for cell in line if cell]
    assert any(cell.startswith("The code you give your carrier when you call them") for cell in told)
    assert "The service address is where the service is, which may differ from where the bill goes. It cannot be a PO box." in told
    assert "Names, address and account number must be as your current carrier has them. Ask it for a Customer Service Record (CSR) when in doubt." in told


# The mails of three nights: two numbers are sent; the carrier refuses the one and confirms the other; that one moves.

REFUSED = RESIDENTIAL | {"losing_carrier": "Spectrum"}
WRONG = LOCAL | {"tn": "617-234-0149", "account_number": "80144219", "destination": "line-0149", "name": ""}


@pytest.fixture(scope="module")
def nights(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("nights") / "home")))
    home.take(LOCAL, REFUSED, WRONG, name="march.csv", at=EVENING)
    home.answer(("", "", "6172340142", "FOC", "", "", "2026-03-04"), ("", "", "6143450127", "REJECT", "8D", "ZIP does not match"), name="two.csv", at=NEXT)
    home.answer(("", "", "6172340142", "COMPLETE"), name="three.csv", at=THIRD)
    return home


def mail(home: Home, kind: str) -> str:
    """The one mail of a kind to the customer, its lines joined."""
    [found] = [each for each in home.mails(kind) if each["To"] == "telecom@acme.example"]
    return f"{found['Subject']} {' '.join(text_of(found).split())}"


def test_what_is_right_is_submitted_and_what_is_wrong_is_not(nights: Home) -> None:
    """Back-End process: Once you enter the port order, the system will do some verification and submit the order to the losing carrier."""
    assert sorted(line["TN"] for line in nights.sent()) == ["6143450127", "6172340142"]
    assert "1 to correct - cannot go to the carrier as sent" in mail(nights, "received")
    assert "We sent 2 numbers to the carrier." in mail(nights, "received")


@pytest.mark.parametrize("kind", ["received", "update"])
def test_until_it_moves_a_number_goes_on_working(nights: Home, kind: str) -> None:
    """Please note: During the porting process your number will continue to work at existing carrier.

    Meantime you can continue to use your service with existing carrier. There is no downtime.
    """
    told = mail(nights, kind)
    assert "Until it moves, a number goes on working with your current carrier, without a break." in told
    assert "Please do not cancel the service there before we write that it has moved" in told


def test_a_mail_says_how_long_it_takes(nights: Home) -> None:
    """It takes approximately 2 - 7 business days to transfer a phone number into iPlum based on the carrier.

    Wireless carriers do faster transfers than the landline carriers.
    """
    words = "It takes about 2 to 7 business days to move a number, depending on your current carrier; wireless carriers are faster."
    assert words in mail(nights, "received")


def test_the_mail_says_who_asks_for_unlocking(nights: Home) -> None:
    """This step is not required for porting from traditional carriers like AT&T, Verizon, Spectrum, Sprint T-Mobile, Bell, Telus etc."""
    words = "A number at a digital provider such as Google Voice must be unlocked there before it can move. Other carriers do not ask for that."
    assert words in mail(nights, "received")


def test_a_mail_tells_what_the_carrier_refused(nights: Home) -> None:
    """If there is any information mismatch responded by losing carrier, you will receive an email alert from iPlum."""
    told = mail(nights, "update")
    assert told.startswith("1 number rejected, 1 confirmed - march.csv ")
    assert "The ZIP or postal code is not the one the current carrier has. What to do: Use the ZIP of the service address as the current carrier has it" in told
    assert "- 614-345-0127 march.csv, row 3" in told


def test_a_mail_tells_that_a_number_has_moved(nights: Home) -> None:
    """When the porting gets completed, you will get an email for completion.

    Your number will stop working at existing carrier and start working at iPlum.

    Port Completion: You will receive an email notification when the transfer is complete and your ported number will start ringing in your iPlum app.
    Your ported number will replace the temporary iPlum number.
    """
    told = mail(nights, "completed")
    assert told.startswith("617-234-0142 has moved")
    assert "1 number has moved. It no longer works at the old carrier; it now rings here." in told
    assert "- 617-234-0142 now rings at line-0142 (march.csv, row 2" in told


def test_a_mail_says_what_to_do_when_a_number_has_moved(nights: Home) -> None:
    """Check disconnect with the carrier: After your number has been successfully ported into iPlum, we advise that you call your carrier to confirm disconnect
    of the service and stop any further billing.
    """
    told = mail(nights, "completed")
    assert "Call Verizon and confirm that the service of this number is disconnected and that billing for it has ended." in told
    assert "Check the next bill: it should no longer list the number." in told


@pytest.mark.parametrize("kind", ["received", "update", "completed"])
def test_every_mail_says_whom_to_ask(nights: Home, kind: str) -> None:
    """Note: During the port process, if you have any questions, you can always contact us."""
    assert "Questions? Write to operator@batchport.example and name the telephone number or the order." in mail(nights, kind)
