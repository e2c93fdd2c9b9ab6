"""Service address lines to their parts: number, direction, street, unit. No word is lost or changed."""

from __future__ import annotations

import re

from batchport.domain.normalise import DIRECTION_WORDS, squeezed
from batchport.domain.table import Column, text_array

#: Post-office boxes in English and French, as people write them.
PO_BOX = (
    r"(?i)(?:\bp\.?\s*o\.?\s*b(?:ox)?\b\.?\s*(?:no\.?\s*)?#?\s*[0-9]|\bp\.?\s*o\.?\s*box\b|\bpost\s+office\s+box\b|\bpostal\s+box\b|\bg\.?p\.?o\.?\s+box\b"
    r"|\bc\.\s*p\.\s*[0-9]|\bcp\s+[0-9]+|\bcase\s+postale\b|^\s*box\s+#?[0-9]+\s*$)"
)
_UNIT = re.compile(r"^(?P<street>.+?)[\s,]+(?P<unit>(?:suite|ste|unit|apt|apartment|floor|fl|room|rm|bureau|app|#)\.?\s*#?\s*[\w-]+)$", re.IGNORECASE)
_NUMBER = re.compile(r"^(?P<number>[NSEW]?\d+[A-Za-z]?(?:[-/]?[NSEW]?\d+[A-Za-z]?)?(?:\s+1/[234])?)(?:\s*,)?\s+(?P<rest>.+)$")
_TYPES = frozenset(("st", "street", "ave", "avenue", "rd", "road", "blvd", "dr", "drive", "ln", "lane", "way", "pl", "ct", "hwy", "pkwy", "ter", "cir"))

#: Codes of states, territories and provinces as they stand at the end of an address.
_LISTED = """
    AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA
    WA WV WI WY PR VI GU MP AS AB BC MB NB NL NS NT NU ON PE QC SK YT
"""
_STATES = frozenset(_LISTED.split())
_WHOLE = re.compile(
    r"\s*(?P<line>\S.*?)\s*,\s*(?P<city>[^\W\d_][^,0-9]*?)\s*,\s*(?P<state>[A-Za-z]{2})\s*[, ]\s*"
    r"(?P<zip>[0-9]{5}(?:-[0-9]{4})?|[A-Za-z][0-9][A-Za-z] ?[0-9][A-Za-z][0-9])\s*(?:,\s*(?:usa?|u\.s\.a?\.?|united states|canada))?\s*",
    re.IGNORECASE,
)

PLACE = ("city", "state", "postal_code")
PARTS = ("street_number", "street_direction", "street_name", "unit")


def split(line: str) -> tuple[str, str, str, str] | None:
    """Number, direction, street with its type, and unit of an address line; None where there is no number to begin with.

    >>> split("120 N Main St, Suite 5")
    ('120', 'N', 'Main St', 'Suite 5')
    >>> split("120 North St")
    ('120', '', 'North St', '')
    """
    numbered = _NUMBER.match(line)
    if numbered is None:
        return None
    rest, unit = numbered["rest"], ""
    if found := _UNIT.match(rest):
        rest, unit = found["street"].rstrip(" ,"), found["unit"]
    first, _, others = rest.partition(" ")
    direction = DIRECTION_WORDS.get(squeezed(first), "")
    # 'North St' is a street of that name, 'N Main St' one that has a direction.
    if not direction or not others or squeezed(others) in _TYPES:
        return numbered["number"], "", rest, unit
    return numbered["number"], first, others, unit


def split_column(lines: Column) -> dict[str, Column]:
    """The parts of each line, as columns over the same values; a line that cannot be split is all street."""
    parts = [split(line) or ("", "", line, "") for line in lines.values.to_pylist()]
    return {name: Column(text_array([part[at] for part in parts]), lines.codes) for at, name in enumerate(PARTS)}


def split_whole(text: str) -> tuple[str, str, str, str] | None:
    """Street line, city, state and postal code of an address that stands in one line and ends in `, City, ST ZIP`; None where that is not certain.

    >>> split_whole("120 N Main St, Suite 5, Boston, MA 02129")
    ('120 N Main St, Suite 5', 'Boston', 'MA', '02129')
    >>> split_whole("120 N Main St, Boston 02129") is None
    True
    """
    found = _WHOLE.fullmatch(" ".join(text.split()))
    if found is None or found["state"].upper() not in _STATES or not any(sign.isdigit() for sign in found["line"]):
        return None
    return found["line"], found["city"], found["state"].upper(), found["zip"]


def split_whole_column(addresses: Column) -> dict[str, Column]:
    """The street lines (as `service_address`) and the places of whole addresses, over the same values; what is no whole address stays as it is, without place."""
    parts = [split_whole(text) or (text, "", "", "") for text in addresses.values.to_pylist()]
    return {name: Column(text_array([part[at] for part in parts]), addresses.codes) for at, name in enumerate(("service_address", *PLACE))}
