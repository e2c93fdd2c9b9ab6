"""Text as customers write it made text as the trade writes it.

Every function takes a `Column` and gives one back; which rows were changed, and in a way worth telling, is told by comparing the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.table import Column, Mask, bools, signs, text_array

#: Signs that nobody sees and that break files: taken out, with a warning.
UNSEEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]"
_UNTIDY = r"^\s|\s$|\s\s|[\t\r\n\x{a0}\x{2007}\x{202f}\x{3000}]|" + UNSEEN
_EXPONENT = re.compile(r"^([1-9])[.,]([0-9]+)[Ee]\+([0-9]{1,2})$")
_KEPT_DIGITS = 15
_SPACES = re.compile(r"\s+")
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")

YES = ("y", "yes", "true", "1", "x", "oui", "o", "t", "on", "si")
NO = ("n", "no", "false", "0", "non", "f", "off")
DIRECTION_WORDS = {
    "n": "N", "north": "N", "nord": "N", "s": "S", "south": "S", "sud": "S", "e": "E", "east": "E", "est": "E", "w": "W", "west": "W", "ouest": "W", "o": "W",
    "ne": "NE", "northeast": "NE", "nordest": "NE", "nw": "NW", "northwest": "NW", "nordouest": "NW", "no": "NW", "se": "SE", "southeast": "SE",
    "sudest": "SE", "sw": "SW", "southwest": "SW", "sudouest": "SW", "so": "SW",
}  # fmt: skip
ACCOUNT_TYPE_WORDS = {
    **dict.fromkeys(("singleline", "single", "singlelineaccount", "oneline"), "single_line"),
    **dict.fromkeys(("multiline", "multi", "multilineaccount", "multiple", "multipleline", "multiplelines", "multilines"), "multi_line"),
    "auto": "auto",
}
NUMBER_TYPE_WORDS = {
    **dict.fromkeys(("businesslocal", "local", "businesslocalnumber", "businesslandline"), "business_local"),
    **dict.fromkeys(("businesstollfree", "tollfree", "tollfreenumber", "tfn"), "business_toll_free"),
    **dict.fromkeys(("residential", "residence", "res", "home", "residentiallocal"), "residential"),
    **dict.fromkeys(("wireless", "mobile", "cell", "cellular", "cellphone"), "wireless"),
    **dict.fromkeys(("business", "bus"), "business"),
}


def tidy(column: Column) -> Column:
    """The column without spaces at its ends, doubled or unusual spaces, line breaks and unseen signs."""

    def clean(values: pa.StringArray) -> pa.StringArray:
        odd = pc.match_substring_regex(values, _UNTIDY)
        texts = [_SPACES.sub(" ", _UNSEEN.sub("", text)).strip() for text in values.filter(odd).to_pylist()]
        return pc.replace_with_mask(values, odd, text_array(texts))

    return column.map(clean)


def untidy(column: Column) -> Mask:
    """The rows that `tidy` would change."""
    return column.test(lambda values: np.zeros(len(values), dtype=bool) if _plain(values) else pc.match_substring_regex(values, _UNTIDY))


def _plain(values: pa.StringArray) -> bool:
    """Whether texts hold nothing but visible ASCII signs; no space either."""
    used = signs(values)
    return not len(used) or bool(used.min() > ord(" ") and used.max() <= ord("~"))


def unseen(column: Column) -> Mask:
    """The rows with signs in them that nobody sees."""
    return column.contains(UNSEEN)


#: What spreadsheets show where a formula fails.
ERROR_VALUES = r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)"


def visible(text: str) -> str:
    """A text without the signs that nobody sees, and wide or raised digits as the usual ones."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def whole(column: Column) -> Column:
    """The column without the `.0` that spreadsheets put after whole numbers."""
    return _replace(column, r"\A([0-9]+)\.0+\z", r"\1")


def whole_exponent(column: Column) -> Column:
    """The column with whole numbers that a spreadsheet shows with an exponent, and with all their digits, written out; up to the 15 that it keeps."""
    exponents = column.test(lambda values: pc.match_substring_regex(values, _EXPONENT.pattern))
    return column.map_text(_written_out) if exponents.any() else column


def _written_out(text: str) -> str:
    said = _EXPONENT.match(text)
    return said[1] + said[2] if said is not None and len(said[2]) == int(said[3]) < _KEPT_DIGITS else text


@lru_cache(maxsize=4_096)
def squeezed(text: str) -> str:
    """Letters and digits of a text in lower case without accents: what is compared when only meaning counts."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if sign.isalnum())


def folded(column: Column) -> Column:
    """The column for comparing: without case, spaces and punctuation."""

    def fold(values: pa.StringArray) -> pa.StringArray:
        plain = pc.string_is_ascii(values)
        lower = pc.utf8_lower(pc.replace_substring_regex(values, r"[^0-9A-Za-z]+", ""))
        if pc.all(plain).as_py() in (True, None):
            return lower
        others = [squeezed(text) for text in values.filter(pc.invert(plain)).to_pylist()]
        return pc.replace_with_mask(lower, pc.invert(plain), text_array(others))

    return column.map(fold)


def words(column: Column, table: Mapping[str, str]) -> Column:
    """Each text by what `table` says of its squeezed form; unknown ones stay as they are."""
    return column.map_text(lambda text: table.get(squeezed(text), text))


def yes_no(column: Column, *, also: Mapping[str, str] | None = None) -> Column:
    """`Y`, `N` or blank for any usual spelling; anything else stays."""
    table = {**dict.fromkeys(YES, "Y"), **dict.fromkeys(NO, "N"), **(also or {})}
    return words(column, table)


def account(column: Column) -> Column:
    """An account number without spaces, dashes and hyphens."""
    return _replace(column, r"[\s\-\x{2010}-\x{2015}\x{2212}\x{00ad}\x{fe63}\x{ff0d}]+", "")


def upper(column: Column) -> Column:
    """The column in capitals."""
    return column.map(pc.utf8_upper)


def postal_code(column: Column) -> Column:
    """ZIPs as 02134 or 02134-1234, Canadian codes as K1A 0B1; anything else as it stands."""

    def shape(values: pa.StringArray) -> pa.StringArray:
        bare = pc.replace_substring_regex(pc.utf8_upper(values), r"[\s\-\x{2010}-\x{2015}]+", "")
        zip9 = pc.replace_substring_regex(bare, r"\A([0-9]{5})([0-9]{4})\z", r"\1-\2")
        shaped = pc.replace_substring_regex(zip9, r"\A([A-Z][0-9][A-Z])([0-9][A-Z][0-9])\z", r"\1 \2")
        known = bools(pc.match_substring_regex(shaped, r"\A(?:[0-9]{3,5}|[0-9]{5}-[0-9]{4}|[A-Z][0-9][A-Z] [0-9][A-Z][0-9])\z"))
        return pc.if_else(pa.array(known), shaped, values)

    return column.map(shape)


def _replace(column: Column, pattern: str, replacement: str) -> Column:
    """The column with every match replaced; the same object where there is none."""

    def change(values: pa.StringArray) -> pa.StringArray:
        if not pc.any(pc.match_substring_regex(values, pattern)).as_py():
            return values
        return pc.replace_substring_regex(values, pattern, replacement)

    return column.map(change)
