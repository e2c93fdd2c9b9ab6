"""The rules of the contract, sections 4, 5, 7 and 8, once more: row by row, with loops and ifs, so that tests can hold the product against them.

Above each rule stands the sentence of the contract that it comes from. Nothing here is taken from the product's code: only the data files are shared.
`check` knows one customer's one sheet: no history, no roster, no routes, no papers and no dates.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from batchport.domain.fields import ADDRESS, NAMES

DATA = Path(__file__).resolve().parents[2] / "batchport" / "data"

TOLL_FREE_AREAS = {"800", "833", "844", "855", "866", "877", "888"}
NOT_PORTABLE_AREAS = {
    "900", "600", "622", "633", "700", "710", "456",
    "500", "521", "522", "523", "524", "525", "526", "527", "528", "529", "532", "533", "544", "566", "577", "588",
}
DIRECTIONS = {"N", "S", "E", "W", "NE", "NW", "SE", "SW"}
DIRECTION_WORDS = {
    "north": "N", "south": "S", "east": "E", "west": "W", "northeast": "NE", "northwest": "NW", "southeast": "SE", "southwest": "SW",
    "nord": "N", "sud": "S", "est": "E", "ouest": "W", "nordest": "NE", "nordouest": "NW", "sudest": "SE", "sudouest": "SW",
    "o": "W", "no": "NW", "so": "SW",
}
YES = {"y", "yes", "true", "1"}
NO = {"n", "no", "false", "0"}
CANADIAN = re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]\d[ABCEGHJ-NPRSTV-Z]\d")
PO_BOX = re.compile(r"\b(p\.? ?o\.? ?box|p\.?o\.?b|post office box|g\.?p\.?o\.? box|case postale|c\.p\.)\b ?#? ?\d*", re.IGNORECASE)

# "Error unless said": what section 5 says to be a warning or an info, of the codes that are worked out here.
WARNINGS = {
    "tn-area-code-unknown", "tn-test-line", "tn-repeated", "carrier-unknown", "name-spelling", "postal-zeros-restored", "destination-repeated",
    "partial-assumed", "order-btn-not-listed", "email-invalid",
}
INFOS = {
    "number-type-changed", "account-defaulted", "account-cleaned", "btn-defaulted", "pin-defaulted", "authorized-defaulted", "order-held",
    "value-defaulted", "value-normalised",
}
ERRORS = {
    "tn-missing", "tn-invalid", "tn-extension", "tn-rounded", "tn-not-assignable", "tn-not-portable", "tn-country", "tn-conflict",
    "number-type-missing", "number-type-invalid", "number-type-mismatch", "account-type-missing", "account-type-invalid", "account-type-mismatch",
    "account-missing", "account-invalid", "btn-missing", "btn-invalid", "btn-toll-free", "btn-mismatch", "pin-missing", "pin-invalid",
    "resporg-invalid", "carrier-missing", "carrier-unlock", "name-missing", "authorized-missing", "address-missing", "address-po-box",
    "address-direction", "state-invalid", "postal-invalid", "postal-state", "address-country", "destination-missing", "order-rows-disagree",
    "order-new-btn", "new-btn-invalid", "partial-invalid", "action-invalid",
}
CODES = ERRORS | WARNINGS | INFOS


@dataclass(eq=False)
class Case:
    """One row on its way: what was written, what it means, what was found."""

    row: int
    written: dict[str, str]
    values: dict[str, str | None] = field(default_factory=dict)
    found: set[tuple[str, str]] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)  # fields that already have an error
    readable: bool = False  # the number has ten digits
    number_class: str = "local"
    account_filled: bool = False
    account_type_told: bool = False  # by us, not by the customer
    duplicate: bool = False
    partial_as_given: str | None = None
    partial_of_order: str | None = None
    belongs: list[tuple[str, ...]] = field(default_factory=list)

    def note(self, code: str, name: str) -> None:
        """Put a finding on the row."""
        self.found.add((code, name))
        if code in ERRORS:
            self.broken.add(name)

    @property
    def wrong(self) -> bool:
        """Whether the row has an error of its own."""
        return any(code in ERRORS for code, _ in self.found)


def check(rows: list[dict[str, str]], customer: dict[str, Any]) -> list[dict[str, Any]]:
    """What the contract says of each of these rows, in their order: row number (from 2), state, findings, values and order."""
    cases = [Case(number, {name: squeeze(row.get(name, "")) for name in NAMES}) for number, row in enumerate(rows, 2)]
    for case in cases:
        fill_defaults(case, customer.get("defaults", {}))
    for case in cases:
        read_number(case)
        read_kind(case)
        read_carrier(case)
    auto_account_types(cases, customer.get("defaults", {}))
    for case in cases:
        read_account(case)
        read_people(case)
        read_address(case)
        read_the_rest(case)
    same_numbers(cases)
    counted = [case for case in cases if not case.duplicate]
    single_lines_with_company(counted)
    repeated_lines(counted)
    orders = group(counted)
    for key, members in orders.items():
        agree(key, members)
        settle_partial(key, members, [case for case in counted if key in case.belongs and case not in members])
    held = held_orders(orders, counted)
    return [result(case, held) for case in cases]


# Text


def squeeze(text: str) -> str:
    """The text with single spaces, none around it."""
    return " ".join(text.split())


def fold(text: str | None) -> str:
    """The text without case, spaces, punctuation and accents."""
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def whole(text: str) -> str:
    """The text without a `.0` after a whole number."""
    # "Case, spaces, punctuation and a `.0` after a whole number change silently"
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def telephone(text: str) -> tuple[str | None, str | None]:
    """The ten digits, or what is the matter: missing, rounded, extension or invalid."""
    if not text:
        return None, "missing"
    text = whole(text)
    # "where they are gone: `tn-rounded`"; "Where a spreadsheet holds all digits though it shows 6.17E+09, they are taken (up to 15)"
    scientific = re.fullmatch(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})", text)
    if scientific:
        if len(scientific[2] or "") < int(scientific[3]):
            return None, "rounded"
        text = format(Decimal(text).to_integral_value(), "f")
    if re.fullmatch(r"[\d\s()+.\-]{10,}\s*(x|ext\.?|extension)\s*\d+", text, re.IGNORECASE):
        return None, "extension"
    # "`tn-invalid`: not ten digits (after an optional 1), or signs that are no part of a number"
    if re.search(r"[^\d\s()+.\-]", text):
        return None, "invalid"
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    return (digits, None) if len(digits) == 10 else (None, "invalid")


# The data files, read by the reference itself


def _lines(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def carriers() -> tuple[dict[str, str], dict[str, str], set[str]]:
    """Folded name -> name, folded alias -> name, and the names that must be unlocked."""
    lines = _lines("carriers.csv")
    names = {fold(line["name"]): line["name"] for line in lines}
    aliases = {fold(alias): line["name"] for line in lines for alias in line["aliases"].split("|") if alias}
    return names, aliases, {line["name"] for line in lines if line["unlock"] == "yes"}


@cache
def states() -> tuple[dict[str, str], dict[str, str]]:
    """Code -> country, and folded name or other spelling -> code."""
    lines = _lines("states.csv")
    words = {fold(word): line["code"] for line in lines for word in [line["name"], *line["spellings"].split("|")] if word}
    return {line["code"]: line["country"] for line in lines}, words


@cache
def country_words() -> dict[str, str]:
    """Folded name or other spelling of a country -> its code."""
    lines = _lines("countries.csv")
    return {fold(word): line["code"] for line in lines for word in [line["name"], *line["spellings"].split("|")] if word}


@cache
def provinces() -> dict[str, set[str]]:
    """First letter of a Canadian postal code -> the provinces it may stand for."""
    return {line["letter"]: set(line["provinces"].split()) for line in _lines("provinces.csv")}


@cache
def prefixes() -> dict[str, set[str]]:
    """First three digits of a ZIP -> the states it may stand for."""
    return {line["zip3"]: set(line["states"].split()) for line in _lines("zip3.csv")}


@cache
def area_countries() -> dict[str, str]:
    """Geographic area code -> its country."""
    return {line["npa"]: line["country"] for line in _lines("area_codes.csv") if line["kind"] == "geographic"}


# A row by itself


def fill_defaults(case: Case, defaults: dict[str, str]) -> None:
    """Put the customer's defaults into blank cells."""
    # "A customer's `defaults: {name: value}` fills blank cells and absent columns (`value-defaulted`)."
    for name, value in defaults.items():
        if not case.written[name] and not (name == "account_type" and value == "auto"):
            case.written[name] = squeeze(value)
            case.note("value-defaulted", name)


def read_number(case: Case) -> None:
    """Phone Number: what can be dialled, what can be ported."""
    digits, problem = telephone(case.written["tn"])
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
        country = area_countries().get(digits[:3])
        if country is None:
            case.note("tn-area-code-unknown", "tn")
        elif country not in {"US", "CA"}:
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


def read_kind(case: Case) -> None:
    """Number Type, and with it the number class."""
    text = case.written["number_type"]
    tolled = case.readable and toll_free(case.values["tn"])
    kinds = {"businesslocal": "business_local", "businesstollfree": "business_toll_free", "residential": "residential", "wireless": "wireless"}
    kind = kinds.get(fold(text))
    if not text:
        # "Blank: a toll-free number is `business_toll_free`, else `number-type-missing`"
        if tolled:
            kind = "business_toll_free"
        else:
            case.note("number-type-missing", "number_type")
    elif kind is None:
        case.note("number-type-invalid", "number_type")
    elif tolled and kind == "residential":
        # "Residential on a toll-free number becomes `business_toll_free`." "`number-type-changed`(info)"
        kind = "business_toll_free"
        case.note("number-type-changed", "number_type")
    elif case.readable and (kind in {"business_local", "wireless"} if tolled else kind == "business_toll_free"):
        # "`number-type-mismatch`: toll-free type on another number, or `business_local`/`wireless` on a toll-free one"
        case.note("number-type-mismatch", "number_type")
    case.values["number_type"] = kind or text or None
    # "number class (toll-free by the number; else `wireless` by type; else local)"
    if tolled:
        case.number_class = "toll_free"
    elif kind == "wireless":
        case.number_class = "wireless"


def read_carrier(case: Case) -> None:
    """Current Carrier, RespOrg ID and Unlocked."""
    text = case.written["losing_carrier"]
    names, aliases, locked = carriers()
    # "required; matched to the directory of carriers and its aliases"; "`losing_carrier` the directory's name, an unknown one as written"
    if not text:
        case.note("carrier-missing", "losing_carrier")
        case.values["losing_carrier"] = None
    elif fold(text) in names:
        case.values["losing_carrier"] = names[fold(text)]
    elif fold(text) in aliases:
        case.values["losing_carrier"] = aliases[fold(text)]
        case.note("value-normalised", "losing_carrier")
    else:
        case.values["losing_carrier"] = text
        case.note("carrier-unknown", "losing_carrier")
    case.values["unlocked"] = yes_or_no(case, "unlocked")
    # "`carrier-unlock`: the directory says it must be unlocked, and `unlocked` is not yes"
    if case.values["losing_carrier"] in locked and case.values["unlocked"] != "Y":
        case.note("carrier-unlock", "unlocked")
    # "toll-free only: who controls the number now; five letters or digits"; "what is not asked for is null"
    resporg = case.written["resporg_id"]
    case.values["resporg_id"] = None
    if case.number_class == "toll_free" and resporg:
        case.values["resporg_id"] = resporg.upper()
        if not re.fullmatch(r"[A-Z0-9]{5}", resporg.upper()):
            case.values["resporg_id"] = resporg
            case.note("resporg-invalid", "resporg_id")


def yes_or_no(case: Case, name: str) -> str | None:
    """Y, N, nothing, or what is written where it is neither."""
    text = case.written[name]
    # "yes or no in any usual spelling"; "`value-normalised`(info): ... yes/no. Case, spaces, punctuation ... change silently"
    for sign, words in (("Y", YES), ("N", NO)):
        if fold(text) in words:
            if fold(text) != sign.lower():
                case.note("value-normalised", name)
            return sign
    return text or None


def account_as_written(case: Case) -> str:
    """The account number without what is taken out of it."""
    # "spaces, dashes and hyphens are taken out"
    return re.sub(r"[\s\-\u2010-\u2015\u2212]", "", whole(case.written["account_number"]))


def same_account(one: Case, other: Case) -> bool:
    """Whether two rows name one carrier and one account number."""
    # "Blank: the number itself; Multi-Line: the primary number": a row that names a primary number has that one's account.
    account, theirs = account_as_written(one) or stand_in(one), account_as_written(other) or stand_in(other)
    carrier = fold(one.values["losing_carrier"])
    return bool(account and carrier) and account == theirs and carrier == fold(other.values["losing_carrier"])


def stand_in(case: Case) -> str:
    """What stands for an account number that is not given."""
    btn, _ = telephone(case.written["btn"])
    return btn if btn is not None and case.number_class == "local" else case.values["tn"] or "" if case.readable else ""


def auto_account_types(cases: list[Case], defaults: dict[str, str]) -> None:
    """Single-Line or Multi-Line where the customer leaves it to us."""
    # "A default of `auto`: Multi-Line when the BTN is another number or the account has other rows, else Single-Line"
    if defaults.get("account_type") != "auto":
        return
    for case in cases:
        if case.written["account_type"]:
            continue
        btn, _ = telephone(case.written["btn"])
        other_btn = case.number_class == "local" and btn is not None and btn != case.values["tn"]
        others = [other for other in cases if other is not case and same_account(case, other)]
        company = any(not case.readable or other.values["tn"] != case.values["tn"] for other in others)
        case.written["account_type"] = "Multi-Line" if other_btn or company else "Single-Line"
        case.note("value-defaulted", "account_type")
        case.account_type_told = True


def read_account(case: Case) -> None:
    """Account Type, Primary Phone Number, Billing Account Number and PIN."""
    local, wireless = case.number_class == "local", case.number_class == "wireless"
    # "`single_line`, `multi_line`; wireless: not asked for"
    text = case.written["account_type"]
    kind = {"singleline": "single_line", "multiline": "multi_line"}.get(fold(text))
    case.values["account_type"] = None
    if not wireless:
        case.values["account_type"] = kind or text or None
        if not text:
            case.note("account-type-missing", "account_type")
        elif kind is None:
            case.note("account-type-invalid", "account_type")

    # "Single-Line: the number itself, filled in when blank. Multi-Line: required, ported or not. Toll-free and wireless: not asked for, not sent, not
    # compared"
    case.values["btn"] = None
    if local:
        btn, problem = telephone(case.written["btn"])
        case.values["btn"] = btn or case.written["btn"] or None
        if problem == "missing":
            if kind == "multi_line":
                case.note("btn-missing", "btn")
            elif kind == "single_line" and case.readable:
                case.values["btn"] = case.values["tn"]
                case.note("btn-defaulted", "btn")
        elif btn is None or unassignable(btn) or unportable(btn):
            # The number itself again, and wrong: one cause, one finding.
            if btn is None or btn != case.values["tn"]:
                case.note("btn-invalid", "btn")
        elif toll_free(btn):
            # "`btn-toll-free`(on a local row)"
            case.note("btn-toll-free", "btn")
        elif kind == "single_line" and case.readable and btn != case.values["tn"]:
            # "`btn-mismatch`(Single-Line, yet not the number)"
            case.note("btn-mismatch", "btn")

    # "letters and digits, 1 to 40; spaces, dashes and hyphens are taken out. Blank: the number itself; Multi-Line: the primary number. Wireless:
    # required"
    account = account_as_written(case)
    case.values["account_number"] = account or None
    if not case.written["account_number"]:
        if wireless:
            case.note("account-missing", "account_number")
        elif local and kind == "multi_line":
            if btn:
                fill_account(case, btn)
        elif case.readable:
            fill_account(case, case.values["tn"])
    elif not re.fullmatch(r"[A-Za-z0-9]{1,40}", account):
        case.values["account_number"] = case.written["account_number"]
        case.note("account-invalid", "account_number")
    elif account != whole(case.written["account_number"]):
        case.note("account-cleaned", "account_number")

    # "letters and digits, 1 to 32. Blank: `0000`. Wireless: required; all zeros is `pin-missing`"
    pin = whole(case.written["pin"])
    case.values["pin"] = pin or None
    if not pin and not wireless:
        case.values["pin"] = "0000"
        case.note("pin-defaulted", "pin")
    elif wireless and not pin.strip("0"):
        case.note("pin-missing", "pin")
    elif not re.fullmatch(r"[A-Za-z0-9]{1,32}", pin):
        case.note("pin-invalid", "pin")


def fill_account(case: Case, number: str | None) -> None:
    """Take a telephone number for the account number."""
    case.values["account_number"] = number
    case.account_filled = True
    case.note("account-defaulted", "account_number")


def read_people(case: Case) -> None:
    """The two names."""
    case.values["name"] = case.written["name"] or None
    if not case.values["name"]:
        case.note("name-missing", "name")
    case.values["authorized_name"] = case.written["authorized_name"] or None
    if not case.values["authorized_name"]:
        # "one person. Residential and wireless: the subscriber, filled in when blank"
        if case.values["number_type"] == "residential" or case.number_class == "wireless":
            if case.values["name"]:
                case.values["authorized_name"] = case.values["name"]
                case.note("authorized-defaulted", "authorized_name")
        else:
            case.note("authorized-missing", "authorized_name")


def read_address(case: Case) -> None:
    """The service address, and the country it is in."""
    for name in ("street_number", "street_name", "unit", "service_address", "city"):
        case.values[name] = whole(case.written[name]) or None
    case.values["street_direction"] = direction(case)
    case.values["state"] = state(case)
    case.values["postal_code"] = None
    read_country(case)
    read_postal_code(case)

    # "no PO box"; "`address-po-box`(beside a street too)"
    boxed = [name for name in ("street_number", "street_name", "unit", "service_address") if PO_BOX.search(case.values[name] or "")]
    if boxed:
        case.note("address-po-box", boxed[0])
    # "the service address ... Toll-free: optional. Wireless: only ZIP is required"
    # "`address-missing`(says which parts; a street without its number too)"
    required = {"local": ["street_number", "street_name", "city", "state", "postal_code"], "wireless": ["postal_code"], "toll_free": []}
    missing = [name for name in required[case.number_class] if not case.written[name]]
    if "street_name" in boxed and "street_number" in missing:  # a box has no number: one cause, one finding
        missing.remove("street_number")
    if missing:
        case.note("address-missing", missing[0])
        case.broken.update(missing)


def direction(case: Case) -> str | None:
    """The direction as one or two letters."""
    text = case.written["street_direction"]
    # "direction is one of N S E W NE NW SE SW or blank"; "direction (French ones too: O is W)"
    if not text:
        return None
    if fold(text).upper() in DIRECTIONS:
        return fold(text).upper()
    if fold(text) in DIRECTION_WORDS:
        case.note("value-normalised", "street_direction")
        return DIRECTION_WORDS[fold(text)]
    case.note("address-direction", "street_direction")
    return text


def state(case: Case) -> str | None:
    """The state or province as two letters."""
    text = case.written["state"]
    codes, words = states()
    # "state or province as two letters"; "state and country words"
    if not text:
        return None
    if fold(text).upper() in codes:
        return fold(text).upper()
    if fold(text) in words:
        case.note("value-normalised", "state")
        return words[fold(text)]
    case.note("state-invalid", "state")
    return text


def read_country(case: Case) -> None:
    """US or CA, told from the address where it is not said."""
    text = case.written["country"]
    said = {"us": "US", "ca": "CA"}.get(fold(text))
    if text and not said and fold(text) in country_words():
        said = country_words()[fold(text)]
        case.note("value-normalised", "country")
    of_state = states()[0].get(case.values["state"] or "")
    of_postal = None
    letters = re.sub(r"[\s\-]", "", case.written["postal_code"].upper())
    if re.fullmatch(r"\d{5}(-?\d{4})?", whole(case.written["postal_code"])):
        of_postal = "US"
    elif re.fullmatch(r"\d{3,4}", whole(case.written["postal_code"])) and of_state != "CA" and zeros_restored(case):
        of_postal = "US"
    elif CANADIAN.fullmatch(letters):
        of_postal = "CA"
    # "`address-country`: country, state and postal code are not of one country, or neither US nor CA"
    told = {country for country in (said, of_state, of_postal) if country}
    if (text and not said) or len(told) > 1:
        case.note("address-country", "country")
    # "`US`, `CA`; blank: told from the address"
    looks = "CA" if re.fullmatch(r"([A-Z]\d){3}", letters) else None  # a Canadian code that cannot be is Canadian where nothing else is told
    case.values["country"] = said or text or of_state or of_postal or looks


def zeros_restored(case: Case) -> str | None:
    """The ZIP with the zeros that a spreadsheet took away, where the state has such a ZIP, or no state is known."""
    restored = whole(case.written["postal_code"]).zfill(5)
    theirs = prefixes().get(restored[:3], set())
    code = case.values["state"] if "state" not in case.broken else None
    return restored if (code in theirs if code else theirs) else None


def read_postal_code(case: Case) -> None:
    """ZIP or postal code, and whether it belongs to the state."""
    text = whole(case.written["postal_code"])
    code = case.values["state"] if "state" not in case.broken else None
    country = states()[0].get(code or "")
    if not text:
        return
    case.values["postal_code"] = text
    if re.fullmatch(r"\d{3,4}", text) and country != "CA":
        # "`postal-zeros-restored`(warning; where the state has no such ZIP: `postal-invalid`)"
        restored = zeros_restored(case)
        if restored:
            case.values["postal_code"] = restored
            case.note("postal-zeros-restored", "postal_code")
        else:
            case.note("postal-invalid", "postal_code")
        return
    letters = re.sub(r"[\s\-]", "", text.upper())
    if re.fullmatch(r"\d{5}(-?\d{4})?", text):
        case.values["postal_code"] = text if len(text) != 9 else f"{text[:5]}-{text[5:]}"
        belongs = prefixes().get(text[:3], set())
        of = "US"
    elif CANADIAN.fullmatch(letters):
        case.values["postal_code"] = f"{letters[:3]} {letters[3:]}"
        belongs = provinces()[letters[0]]
        of = "CA"
    else:
        case.note("postal-invalid", "postal_code")
        return
    # "ZIP or postal code that belongs to it"; another country is `address-country`: one cause, one finding
    if code and country == of and code not in belongs:
        case.note("postal-state", "postal_code")


def read_the_rest(case: Case) -> None:
    """The line, the order's own words, and what is only handed on."""
    for name in ("destination", "requested_date", "loa_file", "invoice_file", "reseller", "contact_email", "customer_ref", "notes", "row_id"):
        case.values[name] = case.written[name] or None
    if not case.written["destination"]:
        case.note("destination-missing", "destination")
    if case.written["contact_email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", case.written["contact_email"]):
        case.note("email-invalid", "contact_email")
    # "blank, `correct`, `cancel`"
    case.values["action"] = case.written["action"] or None
    if case.written["action"]:
        if fold(case.written["action"]) not in {"correct", "cancel"}:
            case.note("action-invalid", "action")
        else:
            case.values["action"] = fold(case.written["action"])
    case.values["partial"] = yes_or_no(case, "partial")
    if case.values["partial"] not in {None, "Y", "N"}:
        case.note("partial-invalid", "partial")
    case.partial_as_given = case.values["partial"]
    number, problem = telephone(case.written["new_btn"])
    case.values["new_btn"] = number or case.written["new_btn"] or None
    if problem != "missing" and (number is None or unassignable(number) or unportable(number) or toll_free(number)):
        case.note("new-btn-invalid", "new_btn")


# Rows beside each other


def same_numbers(cases: list[Case]) -> None:
    """What comes twice, alike or not."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.readable:
            groups[case.values["tn"] or ""].append(case)
    # "same data (all fields but `customer_ref`, `row_id`, `action`, after normalising)"
    compared = [name for name in NAMES if name not in {"customer_ref", "row_id", "action"}]
    for group_ in groups.values():
        data = [tuple(case.values[name] for name in compared) for case in group_]
        # "other data: `tn-conflict` on all of them"; a number that is wrong by itself is one cause, and has its finding.
        if len(set(data)) > 1 and "tn" not in group_[0].broken:
            for case in group_:
                case.note("tn-conflict", "tn")
            continue
        # "the first counts, the others are `duplicate`, with `tn-repeated` and no other finding, infos included"
        for place, case in enumerate(group_):
            if data[place] in data[:place]:
                case.duplicate = True
                case.found = {("tn-repeated", "tn")}


def single_lines_with_company(cases: list[Case]) -> None:
    """Single-Line rows whose account is not theirs alone."""
    # "`account-type-mismatch`: Single-Line, yet another row of this customer, carrier and account number asks for another number"
    accounts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for case in cases:
        place = account_place(case)
        if place and case.readable:
            accounts[place].add(case.values["tn"] or "")
    for case in cases:
        place = account_place(case)
        if case.values["account_type"] != "single_line" or case.account_type_told or not case.readable or not place:
            continue
        if accounts[place] - {case.values["tn"]}:
            case.note("account-type-mismatch", "account_type")


def account_place(case: Case) -> tuple[str, str] | None:
    """Carrier and account number, where both are there."""
    if "account_number" in case.broken or not case.values["account_number"] or not case.values["losing_carrier"]:
        return None
    return fold(case.values["losing_carrier"]), case.values["account_number"]


def repeated_lines(cases: list[Case]) -> None:
    """Lines that several numbers are to go to."""
    # "`destination-repeated` on every row with that line"
    counts = Counter(case.values["destination"] or "" for case in cases)
    for case in cases:
        if case.values["destination"] and counts[case.values["destination"]] > 1:
            case.note("destination-repeated", "destination")


# Orders


def carrier_part(case: Case) -> str | None:
    """What stands for the carrier in the key; nothing where it is missing or wrong."""
    # "losing carrier (toll-free: RespOrg first)"; "A RespOrg stands in place of the carrier's name."
    if case.number_class == "toll_free" and case.values["resporg_id"]:
        return None if "resporg_id" in case.broken else "resporg " + case.values["resporg_id"]
    return fold(case.values["losing_carrier"]) or None


def key_of(case: Case) -> tuple[str, ...] | None:
    """The key of the row's order: class, country, carrier, account number, primary number, name; nothing where it cannot be made."""
    # "Key: customer, partner, number class, country, losing carrier, `account_number`, and for local `btn`."
    # "In the key a filled-in account number counts as blank; toll-free rows without one go together by name."
    # The number class is told by the number and the type. What has an error of its own makes no key.
    carrier = carrier_part(case)
    country = case.values["country"] or ""
    if carrier is None or not case.readable or {"number_type", "country", "account_number"} & case.broken:
        return None
    account = "" if case.account_filled else case.values["account_number"] or ""
    btn = name = ""
    if case.number_class == "local":
        btn = valid_btn(case) or ""
        if not btn or not country:
            return None
    if case.number_class == "toll_free" and not account:
        name = fold(case.values["name"])
        if not name:
            return None
    return case.number_class, country, carrier, account, btn, name


def valid_btn(case: Case) -> str | None:
    """The primary number, where it is one."""
    return None if "btn" in case.broken else case.values["btn"]


def group(cases: list[Case]) -> dict[tuple[str, ...], list[Case]]:
    """Orders: key -> the rows of that key, rejected ones too; and on each row, the orders that it belongs to."""
    orders: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        # "a rejected row counts to the order of its key."
        key = key_of(case)
        if key:
            case.belongs = [key]
            orders[key].append(case)
    for case in cases:
        if case.belongs:
            continue
        # "Where the key cannot be made, it counts to every order of the same customer, carrier (any, where that is what is missing) and file that
        # shares its valid `btn`, or else its valid `account_number`; where neither is valid, to none."
        carrier, btn = carrier_part(case), valid_btn(case)
        account = case.values["account_number"] if "account_number" not in case.broken else None
        for key, members in orders.items():
            theirs = {key[2]} | {fold(member.values["losing_carrier"]) for member in members}
            if carrier is not None and not theirs & {carrier, fold(case.values["losing_carrier"])}:
                continue
            if (btn and key[4] == btn) or (not btn and account and account in {member.values["account_number"] for member in members}):
                case.belongs.append(key)
    return dict(orders)


def agree(key: tuple[str, ...], members: list[Case]) -> None:
    """Say which rows differ from the others of their order."""
    # "the rows of one order agree on name, authorized name, `number_type`, address, date, `partial`, `new_btn`, `loa_file`, and (but wireless) `pin`;
    # toll-free: not on what it is not asked for."
    names = ["name", "authorized_name", "number_type", "requested_date", "partial", "new_btn", "loa_file"]
    if key[0] != "toll_free":
        names += ADDRESS
    if key[0] != "wireless":
        names.append("pin")
    for name in names:
        # "Rejected rows are compared too, field by field, leaving out fields that already have an error."
        compared = [case for case in members if name not in case.broken]
        # "Compared without case, spaces and punctuation"
        commonest = most_common([fold(case.values[name]) for case in compared])
        alike = [case for case in compared if fold(case.values[name]) == commonest]
        spelling = most_common([case.values[name] or "" for case in alike])
        for case in compared:
            if fold(case.values[name]) != commonest:
                # "`order-rows-disagree` stands on the rows that differ from the commonest value (tie: from the first row's)"
                case.note("order-rows-disagree", name)
            elif (case.values[name] or "") != spelling:
                # "where only these differ the commonest spelling is sent (`name-spelling`)"; "`name-spelling` on the rows that differ"
                case.note("name-spelling", name)


def most_common(texts: list[str]) -> str | None:
    """The commonest of them; of equally common ones the first."""
    return Counter(texts).most_common(1)[0][0] if texts else None


def settle_partial(key: tuple[str, ...], members: list[Case], guests: list[Case]) -> None:
    """Whether numbers stay on the account, and whether that can be."""
    # "a rejected row counts to the order of its key. Where the key cannot be made, it counts to every order of ..."
    counted = members + guests
    numbers = {case.values["tn"] for case in counted if case.readable}
    btn = key[4]
    partial = most_common([case.partial_as_given or "" for case in members if "partial" not in case.broken])
    # What the order says is the commonest value, as where the rows are compared.
    new_btn = most_common([case.values["new_btn"] or "" for case in members if ("new-btn-invalid", "new_btn") not in case.found])
    local = key[0] == "local"
    multi = local and any(case.values["account_type"] == "multi_line" for case in members)
    derived: str | None = "N"  # of a toll-free or wireless order, whose primary number nobody asks for: "`PARTIAL` Y or N" (section 9)
    if multi:
        # "blank: ... Multi-Line: Y when the BTN is not among the order's numbers or the order is one row, else N with `partial-assumed`."
        derived = "Y" if btn not in numbers or len(counted) == 1 else "N"
    elif local and not any(case.values["account_type"] == "single_line" for case in members):
        derived = None
    for case in members:
        case.partial_of_order = partial or derived
    for case in members:
        # "These three, and `order-split`, stand on every row of the order"
        if not partial and multi and derived == "N":
            case.note("partial-assumed", "partial")
        # "`order-btn-not-listed`: says N, yet the BTN is not among them."
        if multi and partial == "N" and btn not in numbers:
            case.note("order-btn-not-listed", "btn")
        # "`order-new-btn`: Y, the BTN is among them and `new_btn` is blank, or `new_btn` is the BTN or one of them."
        said = partial or derived
        if (said == "Y" and btn in numbers and new_btn == "") or (new_btn and new_btn in numbers | {btn}):
            case.note("order-new-btn", "new_btn")


def held_orders(orders: dict[tuple[str, ...], list[Case]], cases: list[Case]) -> set[tuple[str, ...]]:
    """The keys of orders that cannot go, with `order-held` on the rows that wait."""
    # "a rejected row in it: the others are `held` with `order-held`."
    held = {key for case in cases if case.wrong for key in case.belongs}
    for key in held:
        for case in orders[key]:
            if not case.wrong:
                case.note("order-held", "")
    return held


def result(case: Case, held: set[tuple[str, ...]]) -> dict[str, Any]:
    """The row as tests compare it."""
    # "the first that fits: an error of its own: `rejected`; the same again: `duplicate`; its order cannot go: `held`; else `ready`."
    state_ = "rejected" if case.wrong else "duplicate" if case.duplicate else "held" if set(case.belongs) & held else "ready"
    # "`order` is an opaque string, the same for rows that go together; null for rows that are `rejected`, `duplicate` or `superseded`"
    order = "|".join(case.belongs[0]) if state_ in {"held", "ready"} and case.belongs else None
    # "rows that are `rejected`, `duplicate` or `superseded` belong to no order": nothing is told for them that only an order can tell.
    if state_ in {"held", "ready"} and case.values["partial"] is None:
        case.values["partial"] = case.partial_of_order
    return {"row": case.row, "state": state_, "codes": sorted(case.found), "values": {name: case.values[name] for name in NAMES}, "order": order}
