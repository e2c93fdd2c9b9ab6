"""Service address lines to their parts: number, direction, street, unit. No word is lost or changed.

Three ways, each for what the one before it leaves. Lines of the usual shape are taken apart all at once by one pattern. Others are read word by word
(`address_rules`). Where these rules allow another reading, a trained model is asked; where it reads the line in the same way, so does everybody, and where
it does not the split is only a proposal. Each different line is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain import address_words as words
from batchport.domain.address_rules import ASK, DOUBT, SURE, Split, code_of, split_by_rules
from batchport.domain.normalise import DIRECTION_WORDS, squeezed
from batchport.domain.table import Column, Mask, bools, text_array

__all__ = ["PARTS", "PLACE", "Split", "SplitColumn", "join", "split", "split_column", "split_whole", "split_whole_column", "told"]

#: Signs of a line that is still looked at: no address is longer, and what is may take for ever.
LONGEST = 400
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


def split(line: str) -> Split:
    """The parts of an address line; all of it is street where there is no number.

    >>> split("120 North Main St, Suite 5").parts
    ('120', 'N', 'Main St', 'Suite 5')
    >>> split("120 North St").parts
    ('120', '', 'North St', '')
    """
    if len(line) > LONGEST:
        return Split("", "", line, "", DOUBT)
    found = split_by_rules(line)
    if not found.number:
        other = _opinion(line)
        # Words before the number, without a comma: Empire State Building 350 5th Ave.
        return other if other and other.unit and not line.startswith(other.number) else found
    if found.trust != ASK:
        return found
    other = _opinion(line)
    return replace(found, trust=SURE if other and _alike(other, found) else DOUBT)


def join(number: str, direction: str, name: str, unit: str) -> str:
    """The parts of an address as one line."""
    street = " ".join(filter(None, (number, direction, name)))
    return ", ".join(filter(None, (street, unit)))


@dataclass(frozen=True, slots=True)
class SplitColumn:
    """The parts of each line as columns over the same values, and the rows that can be read in another way too."""

    parts: dict[str, Column]
    unclear: Mask


def split_column(lines: Column) -> SplitColumn:
    """The parts of each line of a column."""
    number, direction, name, unit, usual = _usual(lines.values)
    unclear = np.zeros(len(lines.values), dtype=bool)
    if not usual.all():
        # The same line may stand here as often as it likes, and is looked at once.
        rest = lines.values.filter(pa.array(~usual)).dictionary_encode()
        splits = [split(line) for line in rest.dictionary.to_pylist()]
        columns = zip(*(each.parts for each in splits), strict=True)
        number, direction, name, unit = (
            pc.replace_with_mask(column, pa.array(~usual), text_array(texts).take(rest.indices))
            for column, texts in zip((number, direction, name, unit), columns, strict=True)
        )
        unclear[~usual] = np.array([each.trust == DOUBT for each in splits])[rest.indices.to_numpy()]
    parts = {part: Column(column, lines.codes) for part, column in zip(PARTS, (number, direction, name, unit), strict=True)}
    return SplitColumn(parts, lines.spread(unclear))


def told(parts: dict[str, Column]) -> Column:
    """The parts in words: number 120, direction N, street Main St, unit Suite 5."""
    pieces = []
    for name, part in parts.items():
        label = name.removeprefix("street_")
        values = part.values
        piece = pc.binary_join_element_wise("street " if label == "name" else f"{label} ", values, ", ", "")
        pieces.append(pc.if_else(pc.equal(values, ""), "", piece))
    codes = parts["street_name"].codes
    # Nothing is left for pyarrow to skip: where a line says nothing at all, it skips the whole row.
    return Column(pc.replace_substring_regex(pc.binary_join_element_wise(*pieces, ""), r", \z", ""), codes)


# Lines of the usual shape.

_DIRECTION = "N|S|E|W|NE|NW|SE|SW|North|South|East|West|Northeast|Northwest|Southeast|Southwest"
_TYPE = (
    "St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Dr|Drive|Ln|Lane|Ct|Court|Pl|Place|Way|Pkwy|Parkway|Cir|Circle|Ter|Terrace|Trl|Trail|Sq|Square|Plz|Plaza|Pike|Loop"
)
_USUAL = (
    rf"(?i)\A(?P<number>[0-9]{{1,6}}) (?:(?P<direction>{_DIRECTION})\.? )?"
    rf"(?P<name>(?:(?:[a-z]['a-z]+|[0-9]{{0,3}}(?:1st|2nd|3rd|[0-9]th))(?: [a-z]['a-z]+){{0,2}}) (?:{_TYPE})\.?(?: (?:{_DIRECTION})\.?)?)"
    r"(?:,? (?P<unit>(?:(?:Suite|Ste|Apt|Unit|Room|Rm|Floor|Fl|Bldg)\.? |#)[0-9]{1,5}[a-z]?))?\z"
)
#: Names that have a word in them that could be something else: left to the rules. The name begins where it is not preceded by more than its own first words.
_ODD = (
    rf"(?i)\A(?:(?:{'|'.join(sorted(words.COMPOUNDS))}|no|so|bis|ter|and|et|or|to|thru) |.*\b(?:{_DIRECTION}|Nord|Sud|Ouest) [a-z0-9]|.*\b(?:"
    + "|".join(sorted(words.DESIGNATORS | words.ALONE | words.LOOSE_ALONE | words.NUMERALS | {"no"}))
    + r") )"
)


def _usual(lines: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray, pa.StringArray, pa.StringArray, Mask]:
    """Number, direction, street and unit of each line, and which lines are of the usual shape and so have them."""
    found = pc.extract_regex(lines, _USUAL)
    number, direction, name, unit = (pc.fill_null(pc.struct_field(found, part), "") for part in ("number", "direction", "name", "unit"))
    usual = bools(pc.and_(pc.is_valid(found), pc.invert(pc.match_substring_regex(name, _ODD))))
    codes = {word: code_of(word) for word in pc.unique(pc.utf8_lower(direction)).to_pylist()}
    direction = text_array(list(codes.values())).take(pc.index_in(pc.utf8_lower(direction), value_set=text_array(list(codes))))
    return number, direction, name, unit, usual


# The other opinion.

_NUMBER = frozenset(("AddressNumberPrefix", "AddressNumber", "AddressNumberSuffix"))
_STREET = frozenset(
    ("StreetNamePreModifier", "StreetNamePreType", "StreetName", "StreetNamePostType", "StreetNamePostDirectional", "StreetNamePostModifier")
)


def _opinion(line: str) -> Split | None:
    """The parts as the trained model sees them; None where it finds no number, or parts that do not follow one another."""
    # The model takes a while to load, and few sheets need it.
    import usaddress

    labelled: Sequence[tuple[str, str]] = usaddress.parse(line)
    places = [_place(label) for _, label in labelled]
    if 0 not in places or 2 not in places:
        return None
    begin, end = places.index(0), len(places) - places[::-1].index(2)
    inner = places[begin:end]
    if inner != sorted(inner):
        return None
    texts = ["", "", ""]
    for (word, _), place in zip(labelled[begin:end], inner, strict=True):
        texts[place] = f"{texts[place]} {word}".strip()
    around = [" ".join(word for word, _ in labelled[:begin]), " ".join(word for word, _ in labelled[end:])]
    number, direction, name, unit = (text.strip(" ,;") for text in (*texts, ", ".join(filter(None, around))))
    if direction and squeezed(direction) not in DIRECTION_WORDS:
        return None
    return Split(number, direction, name, unit, DOUBT)


def _place(label: str) -> int:
    """Which part a label is of: number, direction, street or whatever stands around them."""
    if label in _NUMBER:
        return 0
    return 1 if label == "StreetNamePreDirectional" else 2 if label in _STREET else 3


def _alike(one: Split, other: Split) -> bool:
    """Whether two splits put every word into the same part."""
    return all(squeezed(a) == squeezed(b) for a, b in zip(one.parts, other.parts, strict=True))


# Whole addresses in one cell.


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
