"""Make the samples anew: sheets such as customers send, the papers beside them, and what the partner answers.

    python samples/make.py [FOLDER]

Writes `inbox/` and `answers/` into the folder (default: this one). The same program gives the same bytes. What each sheet shows stands in README.md.
People, companies and accounts are made up; the numbers could be somebody's, so that a clean row is accepted. The story is played on Monday,
2 March 2026, 20:00 in New York, and on the two nights after it.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import openpyxl
import xlsxwriter

from batchport.domain.fields import BY_NAME
from batchport.files import make_folder, write_whole
from batchport.spreadsheets.template import template_workbook

#: One request: our name of a field -> what the customer wrote.
Row = dict[str, str]

_SAVED = datetime(2026, 3, 2, 18, 0)  # noqa: DTZ001  a workbook's dates have no zone
_BOSTON = {"city": "Boston", "state": "MA", "postal_code": "02134"}
_NEW_YORK = {"city": "New York", "state": "NY", "postal_code": "10016"}
_DENVER = {"city": "Denver", "state": "CO", "postal_code": "80202"}
_SAN_FRANCISCO = {"city": "San Francisco", "state": "CA", "postal_code": "94107"}
_SEATTLE = {"city": "Seattle", "state": "WA", "postal_code": "98101"}
_CHICAGO = {"city": "Chicago", "state": "IL", "postal_code": "60601"}
_AUSTIN = {"city": "Austin", "state": "TX", "postal_code": "78701"}
_MONTREAL = {"city": "Montréal", "state": "Québec", "postal_code": "H2X 1Y4", "country": "Canada"}
_TORONTO = {"city": "Toronto", "state": "ON", "postal_code": "M5V 2T6", "country": "CA"}

_FASTENERS = {"name": "Acme Fasteners LLC", "authorized_name": "Maria Garcia", "number_type": "Business Local"}


def street(number: str, name: str, direction: str = "", unit: str = "") -> Row:
    """The parts of a street line."""
    return {"street_number": number, "street_name": name, "street_direction": direction, "unit": unit}


def single(tn: str, carrier: str, account: str, pin: str, **more: str) -> Row:
    """A number that is alone on its account."""
    return {"tn": tn, "losing_carrier": carrier, "account_number": account, "pin": pin, "account_type": "Single-Line", **more}


def multi(tns: Iterable[str], btn: str, carrier: str, account: str, pin: str, **more: str) -> list[Row]:
    """The numbers of one account."""
    shared = {"btn": btn, "losing_carrier": carrier, "account_number": account, "pin": pin, "account_type": "Multi-Line", **more}
    return [{"tn": tn, **shared} for tn in tns]


def lines(rows: Iterable[Row], prefix: str) -> list[Row]:
    """The rows with a line to go to and a reference each, in order."""
    return [
        {"destination": f"{prefix}-{at:03d}", "customer_ref": f"{prefix.upper()}{at:03d}", **row} for at, row in zip(count(1), rows, strict=False)
    ]


def boston_offices() -> list[Row]:
    """Single-Line and Multi-Line accounts, all, some and the main number of an account: all of them right."""
    place = {**_FASTENERS, **_BOSTON}
    office = {**place, **street("120", "Guest St", unit="Suite 5")}
    depot = {**place, **street("88", "Lincoln St", "N")}
    garage = {**place, **street("14", "Soldiers Field Pl")}
    annex = {**place, **street("301", "Western Ave", "W", "Floor 2")}
    rows = [
        single("617-234-1101", "Verizon", "8015551101", "4471", **office),
        single("617-234-1102", "Comcast", "8499100212", "7719", requested_date="2026-03-16", **office),
        single("617-234-1103", "Verizon", "", "", **garage),
        *multi([f"617-236-220{n}" for n in range(4)], "617-236-2200", "Spectrum", "203300451", "0042", partial="No", **depot),
        *multi(["617-742-3301", "617-742-3302"], "617-742-3300", "Lumen", "B5520719", "3108", partial="Yes", **annex),
        *multi(["617-744-4400"], "617-744-4400", "Frontier", "617744440", "5566", partial="Yes", new_btn="617-744-4409", **garage),
    ]
    return [{**row, "country": "US", "contact_email": "it@acme.example"} for row in lines(rows, "bos")]


def headquarters() -> list[Row]:
    """One account of 60 lines."""
    place = {**_FASTENERS, **_NEW_YORK, **street("350", "34th St", "E", "Floor 9")}
    numbers = [f"212-742-01{n:02d}" for n in range(60)]
    return lines(multi(numbers, numbers[0], "AT&T", "2127420100338", "902117", partial="No", country="US", **place), "hq")


def phone_system() -> list[Row]:
    """Rows whose numbers a spreadsheet holds as numbers."""
    place = {**_FASTENERS, **_DENVER, **street("1801", "Wynkoop St")}
    numbers = [f"303236710{n}" for n in range(5)]
    cambridge = {**_FASTENERS, "city": "Cambridge", "state": "MA", "postal_code": "02139", **street("40", "Sidney St")}
    rows = [
        *multi(numbers, numbers[0], "CenturyLink", "300415577", "0815", partial="No", **place),
        single("6172367201", "Verizon", "8015557201", "0042", **cambridge),
        single("6172367202", "RCN", "77120045", "6120", **cambridge),
    ]
    return lines(rows, "pbx")


def toll_free() -> list[Row]:
    """Toll-free numbers with their letter of authorization; one is called residential."""
    shared = {
        "losing_carrier": "Lumen", "resporg_id": "LMN01", "account_type": "Multi-Line", "account_number": "TF5520719",
        "number_type": "Business Toll Free", "name": "Acme Fasteners LLC", "authorized_name": "Maria Garcia", "loa_file": "acme-toll-free-loa.pdf",
    }  # fmt: skip
    rows = [{"tn": tn, **shared} for tn in ("800-234-7301", "833-234-7302", "888-742-7303")]
    other = {**shared, "resporg_id": "VZN11", "losing_carrier": "Verizon", "account_type": "Single-Line", "account_number": "80155573"}
    rows.append({"tn": "(877) 236-7304", **other, "number_type": "Residential"})
    return lines(rows, "tf")


def a_third_wrong() -> list[Row]:
    """45 accounts of one line each; every third row has one fault, each another one."""
    faults: list[Row] = [
        {"tn": "415-911-1003"}, {"tn": "415-236-100"}, {"tn": "415-236-1009 x12"}, {"tn": "4.15236E+09"}, {"tn": "900-236-1015"},
        {"tn": "876-236-1018"},
        {"street_name": "PO Box 12"}, {"postal_code": "10016"}, {"state": "ZZ"}, {"account_number": "12/34*9"}, {"name": ""}, {"destination": ""},
        {"account_type": "Several"}, {"losing_carrier": ""}, {"street_direction": "Up"},
    ]  # fmt: skip
    streets = ("Folsom St", "Brannan St", "Townsend St")
    carriers = ("AT&T", "Comcast", "Frontier", "Cox")
    rows = []
    for at in range(1, 46):
        row = single(
            f"415-236-{1000 + at}", carriers[at % 4], f"4150{at:06d}", f"{1200 + at}", number_type="Business Local", name=f"Acme Shop {at} LLC",
            authorized_name="John Smith", **_SAN_FRANCISCO, **street(str(200 + at), streets[at % 3]),
        )  # fmt: skip
        rows.append({**row, **(faults[at // 3 - 1] if at % 3 == 0 else {})})
    return [{**row, **({"destination": ""} if "destination" in fault else {})} for row, fault in zip(lines(rows, "shop"), rows, strict=True)]


def rows_disagree() -> list[Row]:
    """An account in which two of six rows say something else than the others, and an account that is right."""
    place = {**_FASTENERS, **_SEATTLE, **street("1200", "Western Ave", unit="Suite 300")}
    numbers = [f"206-236-810{n}" for n in range(6)]
    rows = multi(numbers, numbers[0], "Lumen", "206810077", "4410", partial="No", **place)
    rows[2]["street_number"] = "1210"
    rows[4]["authorized_name"] = "Wei Chen"
    agreeing = multi(["206-236-8200", "206-236-8201"], "206-236-8200", "Ziply Fiber", "206820011", "7100", partial="No", **place)
    return lines([*rows, *agreeing], "sea")


def reseller_clients() -> list[Row]:
    """A reseller's list of its own customers' numbers."""
    cafe = {"name": "Blue Heron Cafe Inc", "authorized_name": "Olga Ivanova", **_CHICAGO, **street("25", "Wacker Dr", "E")}
    clinic = {"name": "Lakeside Dental PC", "authorized_name": "Amir Khan", **_CHICAGO, **street("180", "Stetson Ave", "N", "Suite 1400")}
    press = {"name": "Copper Kettle Press", "authorized_name": "Jane Doe", **_AUSTIN, **street("600", "Congress Ave")}
    rows = [
        single("(312) 236-9101", "Comcast Business", "8771300911", "2204", contact_email="olga@blueheron.example", **cafe),
        *multi(
            [f"(312) 742-920{n}" for n in range(3)],
            "(312) 742-9200",
            "AT&T",
            "312742920",
            "8830",
            partial="No",
            contact_email="amir@lakeside.example",
            **clinic,
        ),
        single("(512) 236-9301", "Charter", "8260120045", "1994", contact_email="jane@copperkettle.example", **press),
        *multi(["(512) 236-9311", "(512) 236-9312"], "(512) 236-9310", "Windstream", "051200931", "6001", partial="Yes", **press),
    ]
    return [{**row, "number_type": "Business Local", "agent": "Lee"} for row in lines(rows, "har")]


def people() -> list[Row]:
    """Residential numbers, and wireless ones with their transfer PIN."""
    home = {"number_type": "Residential", **_CHICAGO}
    wireless = {"number_type": "Wireless", "account_type": ""}
    rows = [
        single("312-236-9401", "Comcast", "8771300941", "4432", name="John Smith", **home, **street("1550", "Lake Shore Dr", "N", "Apt 9B")),
        single(
            "312-236-9402",
            "AT&T",
            "312236940",
            "0000",
            name="Maria Garcia",
            authorized_name="Maria Garcia",
            **home,
            **street("77", "Randolph St", "W"),
        ),
        {**single("312-744-9501", "Verizon Wireless", "942100557", "771204", name="Wei Chen", postal_code="60601"), **wireless},
        {**single("512-744-9502", "T-Mobile", "971300218", "318846", name="Jane Doe", postal_code="78701"), **wireless},
        {**single("512-744-9503", "AT&T Wireless", "287300114455", "", name="Amir Khan", postal_code="78701"), **wireless},
    ]
    return lines(rows, "home")


def google_voice() -> list[Row]:
    """Google Voice numbers: one unlocked, one not, one of which nothing is said."""
    place = {
        "number_type": "Business Local",
        "name": "Copper Kettle Press",
        "authorized_name": "Jane Doe",
        **_AUSTIN,
        **street("600", "Congress Ave"),
    }
    numbers = {"512-236-9601": "Yes", "512-236-9602": "No", "512-236-9603": ""}
    return lines([single(tn, "Google Voice", "", "9601", unlocked=said, **place) for tn, said in numbers.items()], "gv")


def canada() -> list[Row]:
    """Canadian numbers, addresses in both languages, with letters of authorization."""
    bakery = {"name": "Boulangerie Érable inc.", "authorized_name": "Marie Tremblay", **_MONTREAL, **street("4200", "boul. Saint-Laurent", "O")}
    studio = {"name": "Maple Street Studio Ltd", "authorized_name": "Wei Chen", **_TORONTO, **street("110", "Spadina Ave", unit="Unit 6")}
    rows = [
        *multi(
            [f"514-236-970{n}" for n in range(3)],
            "514-236-9700",
            "Bell Canada",
            "514236970",
            "1977",
            partial="No",
            loa_file="boulangerie-erable-loa.pdf",
            **bakery,
        ),
        single("416-236-9801", "Rogers", "416236980", "5128", loa_file="maple-street-loa.pdf", reseller="Queen West Voice Ltd", **studio),
    ]
    return [{**row, "number_type": "Business Local"} for row in lines(rows, "can")]


_RESELLER_HEADERS = {
    "TN": "tn", "BTN": "btn", "Acct #": "account_number", "PIN": "pin", "Current Provider": "losing_carrier", "Single/Multi": "account_type",
    "Porting Number Type": "number_type", "Company Name": "name", "Authorized Person": "authorized_name", "HouseNumber": "street_number",
    "PreDirectional": "street_direction", "StreetName": "street_name", "Suite": "unit", "Town": "city", "StateCode": "state",
    "Zip Code": "postal_code",
    "Trunk Group": "destination", "Partial?": "partial", "CustomerOrderId": "customer_ref", "Notify": "contact_email", "Agent": "agent",
}  # fmt: skip
_ADDRESS = ("street_number", "street_direction", "street_name", "unit", "city", "state", "postal_code")
_COMMON = ("tn", "btn", "account_number", "pin", "losing_carrier", "account_type", "number_type", "name", "authorized_name", *_ADDRESS)


def labels(*names: str) -> dict[str, str]:
    """The template's headers of these fields."""
    return {BY_NAME[name].label: name for name in names}


def csv_sheet(headers: Mapping[str, str], rows: Iterable[Row]) -> bytes:
    """A CSV file with a column for each header."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(headers), *([row.get(name, "") for name in headers.values()] for row in rows)])
    return text.getvalue().encode()


def workbook(headers: Mapping[str, str], rows: Iterable[Row], *, forms: Mapping[str, str] | None = None) -> bytes:
    """A workbook of text cells; the fields of `forms` are numbers instead, shown in the form given."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"created": _SAVED})
    sheet = book.add_worksheet("Numbers")
    sheet.write_row(0, 0, list(headers))
    looks = {name: book.add_format({"num_format": form}) for name, form in (forms or {}).items()}
    for at, row in zip(count(1), rows, strict=False):
        for column, name in enumerate(headers.values()):
            if name in looks and row.get(name):
                sheet.write_number(at, column, int(row[name]), looks[name])
            elif row.get(name):
                sheet.write_string(at, column, row[name])
    book.close()
    return target.getvalue()


def filled_template(rows: Iterable[Row]) -> bytes:
    """The upload template as a customer sends it back: the rows below the two examples, saved by another program."""
    book = openpyxl.load_workbook(io.BytesIO(template_workbook(None)))
    sheet = book["Port requests"]
    places = {sheet.cell(1, column).value: column for column in range(1, sheet.max_column + 1)}
    for at, row in zip(count(4), rows, strict=False):
        for name, text in row.items():
            sheet.cell(at, places[BY_NAME[name].label], text).number_format = "@"
    target = io.BytesIO()
    book.save(target)
    return _at_one_time(target.getvalue())


def _at_one_time(data: bytes) -> bytes:
    """The same workbook without the moment it was made at."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            inside = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + _SAVED.isoformat().encode() + b"Z", old.read(entry))
            new.writestr(zipfile.ZipInfo(entry.filename, _SAVED.timetuple()[:6]), inside, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def letter(name: str, signer: str, carrier: str, numbers: Sequence[str]) -> bytes:
    """A letter of authorization of one page, as PDF."""
    said = [
        "LETTER OF AUTHORIZATION (SAMPLE)", "", f"Account name: {name}", f"Current carrier: {carrier}", "",
        "I authorize the transfer of these numbers:",
        *numbers, "", f"Signed: {signer}", "Date: 2026-02-27",
    ]  # fmt: skip
    written = [b"(" + re.sub(rb"([\\()])", rb"\\\1", line.encode("cp1252")) + b") '" for line in said]
    stream = b"BT /F1 12 Tf 16 TL 72 740 Td\n" + b"\n".join(written) + b"\nET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    pdf, places = b"%PDF-1.4\n", []
    for at, inside in enumerate(objects, 1):
        places.append(len(pdf))
        pdf += b"%d 0 obj\n%b\nendobj\n" % (at, inside)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return pdf + b"xref\n0 6\n0000000000 65535 f \n%btrailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(pdf))


_ANSWER = ("PON", "VER", "TN", "STATUS", "CODE", "TEXT", "FOC_DATE", "AT", "PLAN")


def answer(at: str, status: str, tns: Iterable[str], plan: str, **said: str) -> list[list[str]]:
    """Lines of a response file that say the same of some numbers: `code`, `text` and `foc`, where given."""
    return [["", "", tn, status, said.get("code", ""), said.get("text", ""), said.get("foc", ""), at, plan] for tn in tns]


def night_2() -> list[list[str]]:
    """What the partner answers to the first night."""
    morning, noon = "2026-03-03T09:15:00-05:00", "2026-03-03T12:40:00-05:00"
    return [
        *answer(morning, "ACK", ["6172341101", "6172341102", "6172341103", *(f"617236220{n}" for n in range(4))], "acknowledged"),
        *answer(morning, "ACK", ["2127420100"], "whole order acknowledged"),
        *answer(noon, "FOC", ["6172341101"], "confirmed", foc="2026-03-09"),
        *answer(noon, "FOC", [f"617236220{n}" for n in range(4)], "confirmed", foc="2026-03-10"),
        *answer(noon, "REJECT", ["6172341103"], "rejected", code="8D", text="ZIP does not match the customer service record"),
        *answer(noon, "REJECT", ["4152361001"], "rejected, two codes", code="8A;8C", text="Account number and passcode do not match"),
        *answer(noon, "REJECT", ["4152361002"], "rejected", code="E1", text="Service address mismatch"),
        *answer(noon, "REJECT", ["6177423301"], "whole order rejected", code="6M", text="Pending order on the account"),
        *answer(noon, "DELAY", ["4152361004"], "delayed", code="1B", text="Workload"),
        *answer(noon, "FOC", ["3127449501"], "confirmed", foc="2026-03-04"),
        *answer(noon, "FOC", ["3122369101", "5122369301"], "confirmed", foc="2026-03-11"),
        *answer(noon, "FOC", ["5122369601"], "confirmed", foc="2026-03-09"),
        *answer(noon, "ACK", ["5142369700", "5142369701", "5142369702"], "acknowledged"),
        *answer(noon, "REJECT", ["3127429200"], "rejected", code="E27", text="Number no longer on the account"),
        *answer(
            noon,
            "REJECT",
            ["3127429201", "3127429202"],
            "rejected because of another number",
            code="7A",
            text="This number is valid, another one failed",
        ),
        *answer(noon, "ACK", ["2127429999"], "unknown number"),
    ]


def night_3() -> list[list[str]]:
    """What the partner answers to the second night."""
    noon, evening = "2026-03-04T12:10:00-05:00", "2026-03-04T17:45:00-05:00"
    return [
        *answer("2026-03-03T12:40:00-05:00", "FOC", ["6172341101"], "said before, changes nothing", foc="2026-03-09"),
        *answer(noon, "FOC", ["2127420100"], "whole order confirmed", foc="2026-03-12"),
        *answer(noon, "FOC", ["6172341102"], "confirmed", foc="2026-03-16"),
        *answer(noon, "ACK", ["6172341101"], "acknowledged late, changes nothing"),
        *answer(noon, "FOC", [f"617236220{n}" for n in range(4)], "new date", foc="2026-03-11"),
        *answer(noon, "FOC", ["4152361004"], "confirmed after a delay", foc="2026-03-13"),
        *answer(noon, "FOC", ["8002347301", "8332347302", "8887427303"], "confirmed", foc="2026-03-06"),
        *answer(noon, "FOC", ["5142369700", "5142369701", "5142369702"], "confirmed", foc="2026-03-12"),
        *answer(noon, "REJECT", ["4162369801"], "rejected", code="E8", text="Letter of authorization wanted"),
        *answer(noon, "REJECT", ["5127449502"], "rejected", code="8C", text="Transfer PIN has expired"),
        *answer(evening, "COMPLETE", ["3127449501"], "completed"),
        *answer(evening, "CANCEL", ["4152361005"], "cancelled by the partner"),
    ]


def answers(rows: Iterable[Sequence[str]]) -> bytes:
    """A response file in the `generic-csv` form, with a column more that says what each line is for."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_ANSWER, *rows])
    return text.getvalue().encode()


def samples() -> dict[str, bytes]:
    """Every file of the samples: its path, and what is in it."""
    sheet = labels(*_COMMON, "destination", "customer_ref")
    held = labels(*_COMMON, "destination", "partial", "customer_ref")
    loa = labels(
        "tn", "losing_carrier", "resporg_id", "account_type", "account_number", "number_type", "name", "authorized_name", "destination", "loa_file"
    )
    bilingual = labels(*_COMMON, "country", "destination", "partial", "loa_file", "reseller", "customer_ref")
    shown = {"tn": "0", "btn": "0", "account_number": "0", "pin": "0000", "postal_code": "00000", "street_number": "0"}
    tollfree, french = toll_free(), canada()
    return {
        "inbox/acme/boston-offices.xlsx": filled_template(boston_offices()),
        "inbox/acme/headquarters.xlsx": workbook(labels(*_COMMON, "country", "destination", "partial", "customer_ref"), headquarters()),
        "inbox/acme/phone-system.xlsx": workbook(held, phone_system(), forms=shown),
        "inbox/acme/toll-free.xlsx": workbook(loa, tollfree),
        "inbox/acme/acme-toll-free-loa.pdf": letter("Acme Fasteners LLC", "Maria Garcia", "Lumen, Verizon", [row["tn"] for row in tollfree]),
        "inbox/acme/west-coast-shops.csv": csv_sheet(sheet, a_third_wrong()),
        "inbox/acme/seattle.csv": csv_sheet(held, rows_disagree()),
        "inbox/harbor/clients-march.csv": csv_sheet(_RESELLER_HEADERS, reseller_clients()),
        "inbox/harbor/people.csv": csv_sheet(sheet, people()),
        "inbox/harbor/google-voice.csv": csv_sheet(labels(*_COMMON, "destination", "unlocked", "customer_ref"), google_voice()),
        "inbox/harbor/canada.csv": csv_sheet(bilingual, french),
        "inbox/harbor/boulangerie-erable-loa.pdf": letter("Boulangerie Érable inc.", "Marie Tremblay", "Bell", [row["tn"] for row in french[:3]]),
        "inbox/harbor/maple-street-loa.pdf": letter("Maple Street Studio Ltd", "Wei Chen", "Rogers", [row["tn"] for row in french[3:]]),
        "answers/night-2.csv": answers(night_2()),
        "answers/night-3.csv": answers(night_3()),
    }


def main() -> None:
    """Write every file."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, data in samples().items():
        write_whole(make_folder((folder / name).parent) / Path(name).name, data)


if __name__ == "__main__":
    main()
