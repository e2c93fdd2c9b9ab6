"""Telephone numbers by the contract: what is written in a cell, and whether the number can be dialled and moved."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.reference.places import TERRITORIES
from tests.reference.row import Case, area_places, whole

TOLL_FREE_AREAS = {"800", "833", "844", "855", "866", "877", "888"}
NOT_PORTABLE_AREAS = {
    "900", "600", "622", "633", "700", "710", "456",
    "500", "521", "522", "523", "524", "525", "526", "527", "528", "529", "532", "533", "544", "566", "577", "588",
}
MOST_OF_A_CELL = 1000
KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")


def in_full(text: str) -> str | None:
    """The digits of a number that is written as 6.172340142E+09; nothing where they are gone; other text as it is."""
    # "Where a spreadsheet holds all digits though it shows 6.17E+09, they are taken (up to 15); where they are gone: `tn-rounded`, `account-rounded`."
    scientific = SCIENTIFIC.fullmatch(text)
    if not scientific:
        return text
    if len(scientific[2] or "") < int(scientific[3]) or int(scientific[3]) >= 15:
        return None
    return format(Decimal(text).to_integral_value(), "f")


def telephone(text: str) -> tuple[str | None, str | None]:
    """The ten digits, or what is the matter: missing, rounded, extension or invalid."""
    if not text:
        return None, "missing"
    full = in_full(whole(text))
    if full is None:
        return None, "rounded"
    text = full
    if re.fullmatch(r"[\d\s()+.\-]{10,}\s*(x|ext\.?|extension)\s*\d+", text, re.IGNORECASE):
        return None, "extension"
    # "`tn-invalid`: not ten digits (after an optional 1), or signs that are no part of a number"
    if re.search(r"[^\d\s()+.\-]", text):
        return None, "invalid"
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    return (digits, None) if len(digits) == 10 else (None, "invalid")


def by_keypad(text: str) -> str | None:
    """The number that a word on the keypad stands for."""
    # "`tn-letters`(warning: ten signs, a numeric area code, at most seven letters turned into keypad digits; else `tn-invalid`)"
    signs = re.sub(r"[\s()+.\-]", "", text).upper()
    if len(signs) == 11 and signs[0] == "1":
        signs = signs[1:]
    if re.fullmatch(r"\d{3}[A-Z0-9]{7}", signs) and re.search(r"[A-Z]", signs):
        return signs.translate(KEYPAD)
    return None


def numbers_of_cell(text: str) -> list[str] | str | None:
    """The numbers that a range or a list in a cell names; a word where it cannot be followed; nothing where the cell is neither."""
    # "A range or list in the cell makes a row for each number, all with the sheet's row number, at most 1,000 a cell"
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    if len(parts) > 1:
        several: list[str] = []
        for part in parts:
            found = numbers_of_range(part)
            if found == "invalid":
                return "invalid"
            several += found if isinstance(found, list) else [part]
        return several if len(several) <= MOST_OF_A_CELL else "invalid"
    return numbers_of_range(text)


def numbers_of_range(text: str) -> list[str] | str | None:
    """The numbers from the first to the last one of a range."""
    # The end is a whole number in the same exchange, or the four digits it ends in: 617-234-0100 - 617-234-0119, 617-234-0100-0119.
    shape = re.fullmatch(r"(\+?1?[\s.\-]*\(?\d{3}\)?[\s.\-]*\d{3}[\s.\-]*\d{4})\s*(?:-|\u2013|to|thru|through)\s*(.+)", text, re.IGNORECASE)
    if not shape:
        return None
    first, _ = telephone(shape[1])
    last, _ = telephone(shape[2])
    if last is None and first is not None and re.fullmatch(r"\d{4}", shape[2]):
        last = first[:6] + shape[2]
    if first is None or last is None:
        return None
    if last[:6] != first[:6] or last <= first or int(last) - int(first) >= MOST_OF_A_CELL:
        return "invalid"
    return [f"{number:010d}" for number in range(int(first), int(last) + 1)]


def read_number(case: Case) -> None:
    """Phone Number: what can be dialled, what can be ported."""
    if ("tn-range-invalid", "tn") in case.found:
        case.values["tn"] = case.written["tn"]
        return
    digits, problem = telephone(case.written["tn"])
    word = by_keypad(case.written["tn"])
    if problem == "invalid" and word:
        digits, problem = word, None
        case.note("tn-letters", "tn")
    if digits is None:
        case.values["tn"] = case.written["tn"] or None
        case.note(f"tn-{problem}", "tn")
        return
    case.readable = True
    case.values["tn"] = digits
    bad = unassignable(digits)
    if bad:
        case.note("tn-not-assignable", "tn")
    elif unportable(digits):
        case.note("tn-not-portable", "tn")
    elif not toll_free(digits):
        # "`tn-country` (NANP, but neither US nor Canada) · `tn-area-code-unknown`(warning)"
        # "US territories (PR VI GU MP AS) count as US unless `territories: false`."
        country, region = area_places().get(digits[:3], ("", ""))
        if not country:
            case.note("tn-area-code-unknown", "tn")
        elif country not in {"US", "CA"} or (region in TERRITORIES and not case.terms.territories):
            case.note("tn-country", "tn")
    # "`tn-test-line`(warning: exchange 958, 959)"
    if digits[3:6] in {"958", "959"} and not bad:
        case.note("tn-test-line", "tn")


def toll_free(digits: str | None) -> bool:
    """Whether the number is a toll-free one."""
    return digits is not None and digits[:3] in TOLL_FREE_AREAS


def unassignable(digits: str) -> bool:
    """Whether nobody can have this number."""
    # "`tn-not-assignable`: area code 0xx, 1xx, x9x or N11; exchange 0xx or 1xx; geographic exchange N11, 555, 950; toll-free exchange 911, and 555
    # except in 800"
    area, exchange = digits[:3], digits[3:6]
    if area[0] in "01" or area[1] == "9" or area[1:] == "11" or exchange[0] in "01":
        return True
    if area in TOLL_FREE_AREAS:
        return exchange == "911" or (exchange == "555" and area != "800")
    if area in NOT_PORTABLE_AREAS:
        return False
    return exchange[1:] == "11" or exchange in {"555", "950"}


def unportable(digits: str) -> bool:
    """Whether the number is of a kind that does not move."""
    # "`tn-not-portable`: 900, 5YY, 600/622/633, 700, 710, 456, exchange 976"
    return digits[:3] in NOT_PORTABLE_AREAS or digits[3:6] == "976"
