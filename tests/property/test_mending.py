"""Fix everything that a report says, check again: nothing else is wrong. So the first report said all that could be said.

One cause gives one finding, so some things cannot be said before another thing is put right; these, and no others, are let pass:

* on a field that was wrong already: what is wrong with a text is said once, by the first rule that it breaks;
* where it was wrong what kind of port the row is (the number, or its type): what is asked for depends on it;
* where it was wrong in which country or province the row is: its holidays, its days and its papers depend on it;
* where the account's type was wrong: how soon the number can move depends on it;
* of the rows of an order among themselves: where the order of one of the account's rows could not be told, or one of them was wrong in that very field,
  it was not compared with the others.
"""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import accumulate
from pathlib import Path

import pytest

from batchport.domain.fields import NAMES
from tests.reference import ask, rows_of
from tests.reference.generate import TODAY, Row, all_faults, dress, good_days, make_account, write_sheet

FAULTS = 6
#: The parts of an address, and the line in place of them; they are put right together.
STREET = ("street_number", "street_direction", "street_name", "unit", "service_address")
KIND = {"tn", "number_type"}
PLACE = {"state", "postal_code", "country"}
#: What the place decides besides itself.
BY_PLACE = PLACE | {"requested_date", "loa_file"}
#: What the key of an order is made of.
KEY = KIND | PLACE | {"btn", "account_number", "losing_carrier", "resporg_id", "account_type", "name"}
#: Found on rows beside each other.
AMONG_ROWS = {"order-rows-disagree", "order-new-btn", "account-type-mismatch"}

Errors = dict[int, set[tuple[str, str]]]


def clean_accounts(rng: random.Random, count: int, folder: Path) -> list[list[Row]]:
    """Accounts without a fault."""
    accounts = [make_account(rng, number, good_days(TODAY)) for number in range(1, count + 1)]
    for account in accounts:
        dress(rng, account)
    accounts = [[dict.fromkeys(NAMES, "") | row for row in account] for account in accounts]
    errors = errors_of([row for account in accounts for row in account], folder)
    starts = accumulate(map(len, accounts), initial=0)
    # What was written in another way on some rows only, may be wrong there: a blank code on one of several lines.
    return [account for start, account in zip(starts, accounts, strict=False) if not any(errors[start + at] for at in range(len(account)))]


def spoilt(rng: random.Random, row: Row) -> Row:
    """The row with some faults, or none."""
    row = dict(row)
    for _ in range(rng.choice([0, 0, 1, 2, rng.randint(1, FAULTS)])):
        rng.choice(all_faults(TODAY))(rng, row)
    return row


def errors_of(rows: list[Row], folder: Path) -> Errors:
    """For each row, by its place in the sheet, code and field of its errors; the parts that an address lacks are one each."""
    _, lines = ask("check", write_sheet(folder / "sheet.csv", rows), "--format", "json")
    found: Errors = defaultdict(set)
    for line in rows_of(lines):
        found[line["row"] - 2] |= {(each["code"], each["field"]) for each in line["findings"] if each["severity"] == "error"}
    return found


def mended(wrong: list[Row], clean: list[Row], errors: Errors) -> list[Row]:
    """The rows with the right value in every field that an error was reported on."""
    rows = [dict(row) for row in wrong]
    for at, found in errors.items():
        names = {name for _, name in found}
        if any(code == "address-missing" for code, _ in found):
            names |= {"city", "state", "postal_code", *STREET}
        if names.intersection(STREET):
            names |= set(STREET)
        if "row_id" in names:
            names.add("action")
        rows[at] |= {name: clean[at][name] for name in names}
    return rows


def could_be_seen(code: str, field: str, before: set[str], beside: set[str]) -> bool:
    """Whether the first report could have said this: nothing that was wrong with the row, or with those of its account, hid it."""
    if field in before or before & KIND or (field in BY_PLACE and before & PLACE) or (field == "requested_date" and "account_type" in before):
        return False
    return code not in AMONG_ROWS or not (field in beside or beside & KEY)


@pytest.mark.parametrize("seed", range(6))
def test_a_mended_sheet_has_no_error_that_could_have_been_reported_before(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    accounts = clean_accounts(rng, 200, tmp_path)
    clean = [row for account in accounts for row in account]
    owner = [number for number, account in enumerate(accounts) for _ in account]
    wrong = [spoilt(rng, row) for row in clean]
    assert not any(errors_of(clean, tmp_path).values())
    first = errors_of(wrong, tmp_path)
    right = mended(wrong, clean, first)
    again = errors_of(right, tmp_path)
    of_row = {at: {name for _, name in found} for at, found in first.items()}
    beside: dict[object, set[str]] = defaultdict(set)
    for at, row in enumerate(wrong):
        for shared in (owner[at], row["account_number"], row["btn"]):
            beside[shared] |= of_row[at]
    unsaid = [
        f"row {at + 2}: {code} on {field}, after {sorted(first[at])}\n    {({name: text for name, text in wrong[at].items() if text})}"
        for at in sorted(again) for code, field in sorted(again[at] - first[at])
        if could_be_seen(code, field, of_row[at], beside[owner[at]] | beside[wrong[at]["account_number"]] | beside[wrong[at]["btn"]])
        and right[at]["number_type"] == clean[at]["number_type"]  # else it is taken for what it was not made as, and nobody knows what is right for it
    ]  # fmt: skip
    assert sum(map(bool, first.values())) > len(clean) / 4
    assert not unsaid, f"{len(unsaid)} errors:\n" + "\n".join(unsaid)
