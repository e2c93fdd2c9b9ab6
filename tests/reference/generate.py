"""Rows such as customers send, most of them right and some wrong in every way that the rules know; made up, and the same for the same seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from batchport.domain.fields import BY_NAME

Row = dict[str, str]

#: Columns of the sheets that are written here.
COLUMNS = list(BY_NAME)
#: The papers beside a sheet, and whether they can be used. Others that rows name are not there.
PAPERS = {"letter.pdf": True, "letter-2.pdf": True, "bill.pdf": True, "broken.pdf": False}
#: The day that the dates of the rows are counted from, unless a test says otherwise.
TODAY = date(2026, 11, 23)

PLACES = [  # area codes, city, state, a word for the state, ZIP or postal code, country
    (["617", "857"], "Boston", "MA", "Massachusetts", "02134", "US"),
    (["212", "646"], "New York", "NY", "New York", "10016", "US"),
    (["415"], "San Francisco", "CA", "California", "94107", "US"),
    (["312"], "Chicago", "IL", "Illinois", "60601", "US"),
    (["973"], "Newark", "NJ", "New Jersey", "07102-3210", "US"),
    (["787"], "San Juan", "PR", "Puerto Rico", "00901", "US"),
    (["416", "647"], "Toronto", "ON", "Ontario", "M5V 2T6", "CA"),
    (["514"], "Montreal", "QC", "Québec", "H2Y 1C6", "CA"),
]
CARRIERS = {
    "US": [("Verizon", "MCI"), ("Comcast", "Xfinity"), ("AT&T", "BellSouth"), ("Cox", "Cox Communications"), ("Lumen", "CenturyLink")],
    "CA": [("Bell", "Bell Canada"), ("Rogers", "Rogers Cable"), ("Telus", "Telus Business")],
}
WIRELESS = {
    "US": [("T-Mobile", "MetroPCS"), ("Verizon Wireless", "VZW")],
    "CA": [("Rogers Wireless", "Fido"), ("Bell Mobility", "Lucky Mobile")],
}
COMPANIES = ["Harbor Bakery LLC", "Oak & Pine Ltd.", "Delta Dental Group", "Blue Lake Motors, Inc.", "Sunrise Travel", "Smith-Jones Law"]
PEOPLE = ["Maria Garcia", "John Doe", "Wei Chen", "Olga Ivanova", "Jane O'Neil"]
STREETS = ["Main St", "Oak Ave", "Box Elder Rd", "Polk St.", "1st St", "N Broadway"]
TOLL_FREE = ["800", "833", "844", "855", "866", "877", "888"]


def random_rows(rng: random.Random, count: int, faults: int, today: date = TODAY) -> list[Row]:
    """At least `count` rows: accounts of one to six lines, with up to `faults` faults on a row."""
    rows: list[Row] = []
    accounts: list[list[Row]] = []
    while sum(map(len, accounts)) < count:
        account = make_account(rng, len(accounts) + 1, good_days(today))
        accounts.append(account)
    mistakes = all_faults(today)
    for account in accounts:
        dress(rng, account)
        _each(rng, account, "requested_date", lambda text: write_day(rng, date.fromisoformat(text), account[0]))
        spoil(rng, account, faults, mistakes)
    for index, account in enumerate(accounts):
        if faults and index and rng.random() < 0.04:
            mix(rng, account, accounts[index - 1])
        rows += account
    if faults:
        repeat(rng, rows, max(1, count // 40), mistakes)
    for row in rows:
        if any(row.get(part) for part in PARTS):  # a line stands in place of the parts
            row.pop("service_address", None)
    if rng.random() < 0.5:
        rng.shuffle(rows)
    for index, row in enumerate(rows):
        row.setdefault("customer_ref", f"R{index}")
    return rows


def write_sheet(path: Path, rows: list[Row], columns: list[str] | None = None) -> Path:
    """The rows as a CSV file under the template's own headers, with the papers that some of them name beside it."""
    names = columns or COLUMNS
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([BY_NAME[name].label for name in names])
        writer.writerows([row.get(name, "") for name in names] for row in rows)
    for name, usable in PAPERS.items():
        (path.parent / name).write_bytes(letter() if usable else b"not a letter")
    return path


def letter() -> bytes:
    """A one-page PDF that says nothing."""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
    ]
    text, places = b"%PDF-1.4\n", []
    for index, part in enumerate(parts, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (index, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return text + b"xref\n0 4\n0000000000 65535 f \n%strailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(text))


def number(rng: random.Random, areas: list[str]) -> str:
    """An assignable number in one of the area codes."""
    while True:
        exchange = f"{rng.randint(220, 989)}"
        if exchange[1:] != "11" and exchange not in {"555", "950", "958", "959", "976"}:
            return rng.choice(areas) + exchange + f"{rng.randint(0, 9999):04d}"


def make_account(rng: random.Random, serial: int, days: list[date]) -> list[Row]:
    """One account's rows, all right."""
    areas, city, state, _, postal, country = rng.choice(PLACES)
    kind = rng.choices(["single", "multi", "residential", "toll_free", "wireless"], [25, 40, 12, 13, 10])[0]
    size = rng.choice([1, 2, 2, 3, 4, 6]) if kind in {"multi", "toll_free", "wireless"} else 1
    numbers = list(dict.fromkeys(number(rng, TOLL_FREE if kind == "toll_free" else areas) for _ in range(size)))
    person = rng.choice(PEOPLE)
    shared = {
        "account_number": f"{serial:06d}{rng.choice(['', 'A', 'BX'])}", "pin": f"{rng.randint(1, 9999):04d}",
        "losing_carrier": rng.choice((WIRELESS if kind == "wireless" else CARRIERS)[country])[0],
        "account_type": "Single-Line", "number_type": "Business Local", "name": rng.choice(COMPANIES), "authorized_name": person,
        "street_number": str(rng.randint(1, 9999)), "street_direction": rng.choice(["", "", "N", "SW"]), "street_name": rng.choice(STREETS),
        "unit": rng.choice(["", "Suite 5"]), "city": city, "state": state, "postal_code": postal, "country": rng.choice(["", country]),
        "requested_date": rng.choice(["", "", str(rng.choice(days))]), "contact_email": rng.choice(["", "it@example.com"]),
    }
    if kind == "residential":
        shared |= {"number_type": "Residential", "name": person, "authorized_name": rng.choice(["", person])}
    if kind == "wireless":
        shared |= {"number_type": "Wireless", "account_type": rng.choice(["", "Multi-Line"])}
        shared |= {"name": person, "authorized_name": rng.choice(["", person])}
        if rng.random() < 0.5:
            shared |= dict.fromkeys(["street_number", "street_direction", "street_name", "unit", "city", "state"], "")
    if kind == "toll_free":
        shared |= {"number_type": rng.choice(["Business Toll Free", "Residential", ""]), "resporg_id": rng.choice(["", "", "ABC01", "qz9x1"])}
        if size > 1 or rng.random() < 0.3:
            shared["account_type"] = "Multi-Line"
        elif rng.random() < 0.5:
            shared["account_number"] = ""
    if country == "CA" or kind == "toll_free":
        shared["loa_file"] = "letter.pdf"
    rows = [shared | {"tn": tn, "destination": f"line-{tn}"} for tn in numbers]
    if shared["street_name"] in {"Main St", "Oak Ave", "Polk St."} and rng.random() < 0.15:
        for row in rows if rng.random() < 0.7 else rows[:1]:
            in_one_line(rng, row)
    if kind in {"multi", "residential"} and (size > 1 or kind == "multi"):
        _multi_line(rng, rows, areas)
    elif kind in {"single", "residential"}:
        for row in rows:
            row["btn"] = rng.choice(["", row["tn"]])
            row["account_number"] = rng.choice(["", row["account_number"]])
    return rows


def good_days(today: date) -> list[date]:
    """Days on which every kind of number can move, when it is asked for today."""
    days = [today + timedelta(ahead) for ahead in range(10, 25)]
    return [day for day in days if day.weekday() in {1, 2} and (day.month, day.day) not in NEVER]


#: Holidays that may fall on a Tuesday or Wednesday, somewhere.
NEVER = {(1, 1), (6, 21), (6, 24), (7, 1), (7, 4), (9, 30), (11, 11), (12, 24), (12, 25), (12, 26), (12, 28), (12, 31)}
PARTS = ("street_number", "street_direction", "street_name", "unit")


def write_day(rng: random.Random, day: date, row: Row) -> str:
    """The day in one of the ways that people write it: one that means nothing else where the address may be in Canada."""
    ways = [f"{day}", f"{day:%Y/%m/%d}", f"{day:%Y%m%d}", f"{day} 00:00:00", f"{day:%b} {day.day}, {day.year}", f"{day.day} {day:%B} {day.year}", f"{day:%d-%b-%y}"]
    if day.day > 12:
        ways.append(f"{day:%d/%m/%Y}")
    if day.day > 12 or not _canadian(row):
        ways += [f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", f"{day:%m-%d-%Y}", f"{day:%m.%d.%Y}"]
    if not _canadian(row):
        ways.append(f"{day:%m/%d/%y}")
    return rng.choice(ways)


def _canadian(row: Row) -> bool:
    return row.get("state") in {"ON", "QC", "Ontario", "Québec"} or row.get("country", "") in {"CA", "Canada"}


def in_one_line(rng: random.Random, row: Row) -> None:
    """Give the address as one line of a plain shape."""
    street = " ".join(row[part] for part in PARTS[:3] if row[part])
    row["service_address"] = street + rng.choice([", ", " "]) + row["unit"] if row["unit"] else street
    row.update(dict.fromkeys(PARTS, ""))


def _multi_line(rng: random.Random, rows: list[Row], areas: list[str]) -> None:
    """Give the rows an account of several lines: its primary number, and what stays of it."""
    moves = rng.random() < 0.6
    btn = rows[0]["tn"] if moves else number(rng, areas)
    extra = {"btn": btn, "account_type": "Multi-Line", "partial": rng.choice(["", "", "Y" if len(rows) == 1 or not moves else "N"])}
    if moves and (len(rows) == 1 or rng.random() < 0.3):
        extra |= {"partial": rng.choice(["Y", "Yes"]), "new_btn": number(rng, areas)}
    if rng.random() < 0.3:
        extra["account_number"] = ""
    for row in rows:
        row.update(extra)


def dress(rng: random.Random, account: list[Row]) -> None:
    """Write what is right in other ways that are right too."""
    for row in account:
        for name in ("tn", "btn", "new_btn"):
            digits = row.get(name, "")
            if digits and rng.random() < 0.6:
                a, b, c = digits[:3], digits[3:6], digits[6:]
                row[name] = rng.choice([f"{a}-{b}-{c}", f"({a}) {b}-{c}", f"+1 {a} {b} {c}", f"1{digits}", f"{a}.{b}.{c}", f"{digits}.0"])
    for row in account if rng.random() < 0.1 else []:
        row["account_number"] = row["account_number"].replace("0", "-0", 1) if rng.random() < 0.5 else row["account_number"]
    if rng.random() < 0.15:
        _each(rng, account, "losing_carrier", lambda text: dict(pair for pairs in (*CARRIERS.values(), *WIRELESS.values()) for pair in pairs)[text])
    if rng.random() < 0.15:
        _each(rng, account, "losing_carrier", str.upper)
    if rng.random() < 0.1:
        _each(rng, account, "state", lambda text: {place[2]: place[3] for place in PLACES}.get(text, text))
    if rng.random() < 0.1:
        _each(rng, account, "country", lambda text: {"US": "USA", "CA": "Canada"}.get(text, text))
    if rng.random() < 0.1:
        _each(rng, account, "street_direction", lambda text: {"N": "North", "SW": "southwest"}.get(text, text))
    if rng.random() < 0.1:
        _each(rng, account, "street_direction", lambda text: {"N": "n.", "SW": "S.W."}.get(text, text))
    if rng.random() < 0.1:
        _each(rng, account, "account_type", lambda text: text.replace("-", " ").lower())
    if rng.random() < 0.1:
        _each(rng, account, "postal_code", lambda text: text.replace(" ", "").lower())
    if rng.random() < 0.1:
        _each(rng, account, "pin", lambda _: "")


def _each(rng: random.Random, account: list[Row], name: str, write: Callable[[str], str]) -> None:
    """Change a field on all rows of an account, or on some."""
    every = rng.random() < 0.7
    for row in account:
        if row.get(name) and (every or rng.random() < 0.5):
            row[name] = write(row[name])


def _put(name: str, *texts: str) -> Callable[[random.Random, Row], None]:
    def fault(rng: random.Random, row: Row) -> None:
        row[name] = rng.choice(texts)

    return fault


def _bad_number(name: str) -> Callable[[random.Random, Row], None]:
    def fault(rng: random.Random, row: Row) -> None:
        last = f"{rng.randint(0, 9999):04d}"
        row[name] = rng.choice([
            "", "TBD", "617234014", "61723401422", f"617*234{last}", "617-234-0142 x12", "617 234 0142 ext. 7", "6.17E+09", "2.12736E+09",
            f"012345{last}", f"291234{last}", f"311234{last}", f"617011{last}", f"617123{last}", f"617911{last}", f"212555{last}", f"415950{last}",
            f"900234{last}", f"500234{last}", f"600234{last}", f"710234{last}", f"312976{last}", f"876234{last}", f"441234{last}", f"242-234-{last}",
            f"457234{last}", f"471 234 {last}", f"617958{last}", f"212959{last}", f"800555{last}", f"877234{last}", f"800911{last}", f"888555{last}",
        ] if name == "tn" else [
            "", "TBD", "617234014", "617-234-0142 x12", "6.17E+09", f"012345{last}", f"617911{last}", f"212555{last}", f"877-234-{last}",
            f"617234{last}", row["tn"], f"900234{last}", f"500234{last}",
        ])

    return fault


def _respelled(name: str) -> Callable[[random.Random, Row], None]:
    def fault(rng: random.Random, row: Row) -> None:
        text = row.get(name, "")
        if text:
            bare = text.replace(".", "").replace(",", "")
            row[name] = rng.choice([text.upper(), text.replace(" ", "  "), bare, f"{text}.", text.replace(" ", "-")])

    return fault


def _bad_day(today: date) -> Callable[[random.Random, Row], None]:
    def fault(rng: random.Random, row: Row) -> None:
        if rng.random() < 0.3:
            row["requested_date"] = rng.choice(["", "ASAP", "as soon as possible", "soon", "31/31/2026", "2026-02-30", "12/10", "12/10/2026", "03/04/2027"])
        else:
            row["requested_date"] = write_day(rng, today + timedelta(rng.choice([-400, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 29, 30, 31, 32, 60])), row)

    return fault


def _several(rng: random.Random, row: Row) -> None:
    """Name a range or a list of numbers, most of them such that can be followed."""
    digits = "".join(sign for sign in row.get("tn", "") if sign.isdigit())[-10:]
    if len(digits) != 10 or any(sign in row["tn"] for sign in "eExX.*"):
        return
    a, b, c = digits[:3], digits[3:6], digits[6:]
    last = min(int(c) + rng.randint(1, 4), 9999)
    row["tn"] = rng.choice([
        f"{a}-{b}-{c}-{last:04d}", f"{digits}-{last:04d}", f"{a}-{b}-{c} - {a}-{b}-{last:04d}", f"{digits} to {a}{b}{last:04d}", f"{a}-{b}-{c}, {a}-{b}-{last:04d}",
        f"({a}) {b}-{c}; {a}{b}{last:04d}", f"{digits},{a}{b}{last:04d},{digits}", f"{a}-{b}-0000-1000", f"{a}-{b}-5000 - {a}-{b}-4000",
    ])


def _in_letters(rng: random.Random, row: Row) -> None:
    row["tn"] = rng.choice(["617-BAKERY2", "1-800-FLOWER5", "(212) BIG-CAKE", "800FLOWERSS", "FLO-WER-5555", "617-234-CAK", "415-234-CAKE"])


def _box_of_the_forces(rng: random.Random, row: Row) -> None:
    row |= {"street_number": "", "street_name": rng.choice(["PSC 802 Box 74", "CMR 470 Box 12", "Unit 2050 Box 4190"]), "unit": ""}
    row |= rng.choice([{}, {"city": "APO", "state": "AE", "postal_code": "09499"}, {"city": "FPO", "state": "AP", "postal_code": "96349"}])


def all_faults(today: date) -> list[Callable[[random.Random, Row], None]]:
    """What goes wrong in a row, each as often as the others; dates are counted from today."""
    return [*FAULTS, *[_bad_day(today)] * 3]


#: What goes wrong in a row, each as often as the others.
FAULTS: list[Callable[[random.Random, Row], None]] = [
    _bad_number("tn"), _bad_number("tn"), _bad_number("tn"), _bad_number("btn"), _bad_number("btn"), _bad_number("new_btn"),
    _put("account_number", "", "12/34*9", "A" * 41, "12 34-56", "77-88", "1234567.0", "0099"), _put("account_number", "****51", "AC\u201377", "1.23457E+11", "8.01E+19"),
    _several, _several, _in_letters, _put("account_number", "8.0144217E+07", "1.2345E+4"), _put("pin", "", "0000", "12 34", "9" * 33, "12#4", "0042", "1234.0", "000000"), _put("pin", "42", "7", "123"),
    _put("losing_carrier", "", "Nobody Telephone", "Google Voice", "GV", "Vérizon", "at & t"), _put("losing_carrier", "", "Verizon", "Comcast"),
    _put("unlocked", "", "yes", "no", "Y", "maybe"), _put("resporg_id", "", "ABC01", "AB", "ABC0!"),
    _put("account_type", "", "Single-Line", "Multi-Line", "Several", "multi_line"),
    _put("number_type", "", "Business Local", "Business Toll Free", "Residential", "Wireless", "Fax", "business-local"),
    _put("name", "", "Acme Two Inc"), _respelled("name"), _respelled("name"), _put("authorized_name", "", "Amir Khan"), _respelled("authorized_name"),
    _put("authorized_name", "Garcia Holdings LLC", "Maria Garcia and John Doe", "Wei Chen / John Doe", "Jane O'Neil & Wei Chen"),
    _put("name", "Harbor Bakery and Sandwich Company of Greater Boston and Cambridge LLC"),
    _box_of_the_forces, _put("row_id", "R8M2K7QX4TZACD", "r0000000000001"),
    _put("street_number", "", "77"), _put("street_name", "", "PO Box 12", "P.O. Box 7", "Elm St"), _respelled("street_name"),
    _put("unit", "", "PO Box 99", "Apt 3", "suite 5"), _put("street_direction", "X", "Ouest", "O", "NNE", "Northeast", "N.", "e"),
    _put("city", "", "Springfield"), _put("state", "", "ZZ", "CA", "Ontario", "ny", "MA", "Mass."),
    _put("postal_code", "", "99999-1", "2134", "901", "90210", "02134", "021341234", "K1A 0B1", "m5v-2t6", "Z5V 2T6", "ABCDE", "1234"),
    _put("country", "", "US", "CA", "Mexico", "United States", "us", "Canada"),
    _put("destination", "", "line-shared-1", "line-shared-2"), _put("requested_date", "", "2026-12-15", "2026-12-09"),
    _put("partial", "", "Y", "N", "yes", "No", "perhaps", "TRUE"), _put("loa_file", "letter.pdf", "letter-2.pdf"),
    _put("loa_file", "", "", "missing.pdf", "broken.pdf"), _put("invoice_file", "bill.pdf", "bill.pdf", "missing-bill.pdf", "broken.pdf"),
    _put("notes", "Ring twice."), _put("reseller", "Northern Voice Ltd."),
    _put("contact_email", "nobody", "a@b", "a@b.example"), _put("action", "delete", "new", "correct", "Cancel"),
]


def spoil(rng: random.Random, account: list[Row], faults: int, mistakes: list[Callable[[random.Random, Row], None]]) -> None:
    """Put faults on some rows: on none of most accounts, on one or on many of the others."""
    if not faults or rng.random() < 0.4:
        return
    share = rng.choice([0.15, 0.3, 0.7])
    for row in account:
        if rng.random() < share:
            for _ in range(rng.choice([1, 1, 1, 2, 3, rng.randint(1, faults)])):
                rng.choice(mistakes)(rng, row)


def mix(rng: random.Random, account: list[Row], other: list[Row]) -> None:
    """Let an account share with the one before it: carrier, account number or primary number."""
    names = rng.choice([
        ["losing_carrier", "account_number"], ["losing_carrier", "btn"], ["losing_carrier", "account_number", "btn"], ["btn"], ["name"],
    ])
    for row in account:
        for name in names:
            row[name] = other[0].get(name, "")


def repeat(rng: random.Random, rows: list[Row], times: int, mistakes: list[Callable[[random.Random, Row], None]]) -> None:
    """Ask for some numbers again, with the same data or with other data."""
    for _ in range(times):
        copy = {name: text for name, text in rng.choice(rows).items() if name not in {"row_id", "action"}}
        change = rng.random()
        if change < 0.3:
            rng.choice(mistakes)(rng, copy)
        elif change < 0.6:
            copy["customer_ref"] = "again"
        elif change < 0.7:
            copy["pin"] = "7777"
        rows.insert(rng.randint(0, len(rows)), copy)
