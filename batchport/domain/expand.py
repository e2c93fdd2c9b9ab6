"""Ranges and lists in one cell: a row for each number that the cell names.

    212-736-1000 thru 1009            2125551000-1009           NNN-NNN-NNNN-NNNN
    212-555-1000 to 212-555-1009      212-736-1000/1001/1002    617-234-0142, 617-234-0150 - 0153 and 617-234-0160

A range stays within one exchange and does not descend. What ends it, and what follows a number in a list, is a whole number or the last four digits of
one; for anything less there is more than one reading, and none is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.checks.prepared import shown, ten_digits
from batchport.domain.numbering import INVALID, digits, one
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask, bools

#: The most numbers that one cell may name.
MOST = 1_000

_DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d\\-"
_DASH = f"[{_DASHES}]"
_THROUGH = "thru|through|to|\u00e0"
_BETWEEN = f"[,;&/\r\n]|(?i:and|et|{_THROUGH})"
_WHOLE = r"[0-9]{3}[^0-9A-Za-z]{0,3}[0-9]{3}[^0-9A-Za-z]{0,2}[0-9]{4}"
#: A cell with a whole number in it that names another: after a sign or word of a list or range, or after a dash behind the whole number.
_LISTED = rf"[0-9]{{4}}\s*(?:(?:{_BETWEEN})[\s(+,;]*[0-9]|(?i:thru|through)\b)"
_DASHED = rf"\A[^0-9A-Za-z]*1?[^0-9A-Za-z]*{_WHOLE}\s*{_DASH}(?:[().\s+{_DASHES}]*[0-9]){{4}}"
#: Bytes of a whole number, a sign and four digits.
_SHORTEST = 15
#: More signs than a range can have, however it is written.
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Expansion:
    """Requests with every range and list written out.

    Attributes:
        requests: a row for each number; its `tn` is that number alone.
        source: which of the rows before each row comes from.
        listed: rows whose number was one of a range or list.
        unreadable: rows whose cell names several numbers, nobody can say which.
        told: for each listed row how many numbers its cell names.
    """

    requests: Requests
    source: Ints
    listed: Mask
    unreadable: Mask
    told: Ints


def numbers_in(text: str) -> list[int] | None:
    """The numbers that a range, a list, or a list with ranges in it names; None where it cannot be read, or names more than `MOST`.

    >>> numbers_in("617-234-0142 thru 0144")
    [6172340142, 6172340143, 6172340144]
    >>> numbers_in("617-234-0142, 0150")
    [6172340142, 6172340150]
    >>> numbers_in("617-234-0144 - 0142") is None
    True
    """
    found: list[int] = []
    text = re.sub(_DASH, "-", text.casefold())
    for part in re.split(r"[,;&\r\n]|\band\b|\bet\b", text):
        pieces = [part] if one(part)[0] >= 0 else part.split("/")
        for piece in filter(None, map(str.strip, pieces)):
            named = _piece(piece, found[-1] if found else -1)
            if named is None or len(found) + len(named) > MOST:
                return None
            found += named
    return found or None


def _piece(text: str, before: int) -> range | list[int] | None:
    """The numbers of one piece of a list; `before` is the number before it, -1 for none."""
    if len(text) > _LONGEST:
        return None
    number = _number(text, before)
    if number >= 0:
        return [number]
    for sign in re.finditer(rf"-|(?:{_THROUGH})(?![a-z])", text):
        first = _number(text[: sign.start()].strip(), before)
        last = _number(text[sign.end() :].strip(), first)
        if first >= 0 and last >= 0:
            named = range(first, last + 1)
            return named if first // 10_000 == last // 10_000 and 0 < len(named) <= MOST else None
    return None


def _number(text: str, before: int) -> int:
    """A whole number, or the one that differs from `before` in the last four digits; -1 where it is neither."""
    if before >= 0 and re.fullmatch("[0-9]{4}", text):
        return before // 10_000 * 10_000 + int(text)
    return one(text)[0]


def several(values: pa.StringArray) -> Mask:
    """Texts that name, or mean to name, more than one number."""
    found = np.zeros(len(values), dtype=bool)
    # Each test sees what the one before it left; nearly every cell is too short for the first.
    left = np.flatnonzero(bools(pc.greater_equal(pc.binary_length(values), _SHORTEST)))
    for test in (_names_more, _is_no_number):
        left = left[test(values.take(left))] if len(left) else left
    found[left] = True
    return found


def _names_more(values: pa.StringArray) -> Mask:
    return bools(pc.match_substring_regex(values, f"{_LISTED}|{_DASHED}"))


def _is_no_number(values: pa.StringArray) -> Mask:
    """A number may be written with slashes, and an extension is told as one."""
    return bools(digits(values)[1] == INVALID) & bools(pc.match_substring_regex(values, _WHOLE))


def expand(requests: Requests) -> Expansion | None:
    """The requests with a row for each number; None where no cell names more than one."""
    column = requests["tn"]
    asked = np.flatnonzero(several(column.values))
    if not len(asked):
        return None
    named = [numbers_in(text) for text in column.values.take(asked).to_pylist()]
    counts = np.zeros(len(column.values), np.int64)
    counts[asked] = [len(numbers or ()) for numbers in named]
    starts = np.zeros(len(counts), np.int64)
    starts[asked] = np.cumsum(counts[asked]) - counts[asked]
    unreadable = np.zeros(len(counts), dtype=bool)
    unreadable[asked[counts[asked] == 0]] = True
    flat = np.array([number for numbers in named for number in numbers or ()], np.int64)
    return _written_out(requests, column.spread(counts), column.spread(starts), column.spread(unreadable), flat)


def _written_out(requests: Requests, counts: Ints, starts: Ints, unreadable: Mask, flat: Ints) -> Expansion:
    """The rows repeated as often as their cells name numbers: `flat` has all of those, a row's own from its place in `starts`."""
    times = np.maximum(counts, 1)
    source = np.repeat(np.arange(len(requests)), times)
    within = np.arange(len(source)) - np.repeat(np.cumsum(times) - times, times)
    listed = counts[source] > 0
    numbers = np.full(len(source), 0, np.int64)
    numbers[listed] = flat[(starts[source] + within)[listed]]
    repeated = requests.take(source)
    tn = repeated["tn"].where(listed, Column(shown(ten_digits(numbers))))
    return Expansion(repeated.replace(tn=tn), source, listed, unreadable[source], counts[source])
