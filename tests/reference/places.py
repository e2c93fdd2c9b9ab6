"""Service addresses by the contract: given in parts, or as one line of a plain shape."""

from __future__ import annotations

import re

from tests.reference.row import Case, country_words, fold, prefixes, provinces, states, whole

DIRECTIONS = {"N", "S", "E", "W", "NE", "NW", "SE", "SW"}
DIRECTION_WORDS = {
    "north": "N", "south": "S", "east": "E", "west": "W", "northeast": "NE", "northwest": "NW", "southeast": "SE", "southwest": "SW",
    "nord": "N", "sud": "S", "est": "E", "ouest": "W", "nordest": "NE", "nordouest": "NW", "sudest": "SE", "sudouest": "SW",
    "o": "W", "no": "NW", "so": "SW",
}
CANADIAN = re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]\d[ABCEGHJ-NPRSTV-Z]\d")
PO_BOX = re.compile(r"\b(p\.? ?o\.? ?box|p\.?o\.?b|post office box|g\.?p\.?o\.? box|case postale|c\.p\.)\b ?#? ?\d*", re.IGNORECASE)
#: The boxes of the armed forces' post offices.
MILITARY_BOX = re.compile(r"\b(psc|cmr|unit|omc|umr)\.? ?#?\d+,? box ?#?\d+", re.IGNORECASE)
PLAIN_LINE = re.compile(r"(?P<number>\d+) (?:(?P<direction>N|S|E|W|NE|NW|SE|SW) )?(?P<street>[^,\d][^,]*?)(?:, | )?(?P<unit>(?:Suite|Apt|Unit) \w+)?")
TERRITORIES = {"PR", "VI", "GU", "MP", "AS"}
PARTS = ("street_number", "street_direction", "street_name", "unit")


def read_address(case: Case) -> None:
    """The service address, and the country it is in."""
    split_line(case)
    for name in ("street_number", "street_name", "unit", "city"):
        case.values[name] = whole(case.written[name]) or None
    case.values["street_direction"] = direction(case)
    case.values["state"] = state(case)
    case.values["postal_code"] = None
    read_country(case)
    read_postal_code(case)

    # "no PO box"; "`address-po-box`(beside a street too)"
    boxed = [name for name in ("street_number", "street_name", "unit") if is_box(case.values[name] or "")]
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
        if ("address-missing", missing[0]) in case.found and case.found["address-missing", missing[0]] == "error":
            case.broken.update(missing)


def split_line(case: Case) -> None:
    """The parts of a whole line, where it is given in place of them."""
    # "Service Address: instead of the four above: split into them"; "`address-split`(info)". Only plain shapes: number, words, unit.
    line = case.written["service_address"]
    case.values["service_address"] = line or None
    if not line or any(case.written[name] for name in PARTS):
        return
    shape = PLAIN_LINE.fullmatch(line)
    case.written |= {
        "street_number": shape["number"] if shape else "", "street_direction": (shape["direction"] or "") if shape else "",
        "street_name": shape["street"] if shape else line, "unit": (shape["unit"] or "") if shape else "",
    }
    case.note("address-split", "service_address")


def is_box(text: str) -> bool:
    """Whether the text names a box of a post office."""
    return bool(PO_BOX.search(text) or MILITARY_BOX.search(text))


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
    # "US territories (PR VI GU MP AS) count as US unless `territories: false`."
    abroad = not case.terms.territories and known_state(case) in TERRITORIES
    if (text and not said) or len(told) > 1 or abroad:
        case.note("address-country", "country")
    # "`US`, `CA`; blank: told from the address"
    looks = "CA" if re.fullmatch(r"([A-Z]\d){3}", letters) else None  # a Canadian code that cannot be is Canadian where nothing else is told
    case.values["country"] = said or text or of_state or of_postal or looks


def known_state(case: Case) -> str | None:
    """The state, where it is one."""
    return case.values["state"] if case.values["state"] in states()[0] else None


def zeros_restored(case: Case) -> str | None:
    """The ZIP with the zeros that a spreadsheet took away, where the state has such a ZIP, or no state is known."""
    restored = whole(case.written["postal_code"]).zfill(5)
    theirs = prefixes().get(restored[:3], set())
    code = known_state(case)
    return restored if (code in theirs if code else theirs) else None


def read_postal_code(case: Case) -> None:
    """ZIP or postal code, and whether it belongs to the state."""
    text = whole(case.written["postal_code"])
    code = known_state(case)
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
