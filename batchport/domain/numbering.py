"""North American numbers: from text as customers write it to ten digits, and what the numbering plan says of them.

Numbers are numpy int64 of ten digits; -1 stands for what is no number.

How `digits` works. Nearly every cell of a sheet is ten digits, with separators from a small set between them. So the bytes of the whole Arrow array
are looked at together, a piece of it at a time that fits the processor's cache: each byte is looked up in a table that says what it counts as (a
digit, a plus, a point, or none of these), one running sum over those gives the counts of every cell, and the digits of all cells, moved together,
are taken in tens. That settles the plain cells, good or bad. What is left (unusual spaces and dashes, `tel:`, exponents, extensions, words) goes
through a few regular expressions as a column, and the same way once more. Nothing is done cell by cell. `one` says the same of a single text in the
plainest way there is; a test holds the two against each other.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.reference import OTHER, TERRITORY, UNKNOWN, Reference
from batchport.domain.table import Ints, Mask, bools

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Counts = np.ndarray[Any, np.dtype[np.uint32]]

#: Why a text is no number: it is one; nothing is written; not ten digits, or other signs among them; an extension; digits lost in a spreadsheet.
#: The last is none of these: letters were taken for the digits they share a key with.
OK, BLANK, INVALID, EXTENSION, ROUNDED, LETTERS = range(6)

TOLL_FREE = (800, 833, 844, 855, 866, 877, 888)
#: Premium, personal (5YY), Canadian non-geographic, carriers' own, inbound international.
NEVER_PORTED = (900, 500, *range(521, 530), 532, 533, 544, 555, 566, 577, 588, 600, 622, 633, 700, 710, 456)

# What stands between the digits of a number, besides the point: spaces of all widths, marks of direction, brackets, slashes and dashes.
_SPACES = " \t\r\n\x0b\x0c\xa0\u1680\u2000-\u200f\u2028\u2029\u202a-\u202f\u205f\u2060\u3000\ufeff"
_SEPARATORS = f"[{_SPACES}()/\xad\u2010-\u2015\u2212\ufe58\ufe63\uff0d\\-]+"
_NOTHING = f"[{_SPACES}'\u2018\u2019]*"
_LEAD = "\\A(?:['\u2018\u2019]+(?i:tel):|(?i:tel):|['\u2018\u2019]+)"
#: What a spreadsheet makes of a whole number, and what is kept of it: zeros behind a point (but four zeros may be the end of a number that was
#: written with a point), and exponents that hold all ten or, with the 1, eleven digits.
_REWRITTEN = (
    (r"\A(\+?[0-9]+)\.0{1,3}", r"\1"),
    (r"\A(\+?[0-9]{10,11})\.0+", r"\1"),
    (r"\A([1-9])[.,]([0-9]{9})0*[eE]\+?0?9", r"\1\2"),
    (r"\A(1)[.,]([0-9]{10})0*[eE]\+?10", r"\1\2"),
)
_LOST = r"[1-9](?:[.,][0-9]{0,8})?[eE]\+?0?9|1(?:[.,][0-9]{0,9})?[eE]\+?10"
_EXTENDED = r"\+?1?[0-9]{10}[,;]?(?:(?i:x|ext|extn|extension|poste)[:=#]?|#)[0-9]{1,8}"
_SPELT = r"\A\+?1?[0-9]{3}[0-9A-Za-z]{7}\z"
_LETTER = "[A-Za-z]"
_KEYS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_COMPLETE = re.compile(r"\+?1?([0-9]{10})")


def one(text: str) -> tuple[int, int]:
    """The number that a text says, or -1, and why it is none (`OK`, `BLANK`, ...).

    >>> one("+1 (617) 234-0142")
    (6172340142, 0)
    >>> one("6.17E+09")
    (-1, 4)
    """
    if re.fullmatch(_NOTHING, text):
        return -1, BLANK
    text = re.sub(_LEAD, "", re.sub(_SEPARATORS, "", text))
    for pattern, kept in _REWRITTEN:
        text = re.sub(pattern + r"\Z", kept, text)
    bare = text.replace(".", "")
    if complete := _COMPLETE.fullmatch(bare):
        return int(complete[1]), OK
    if re.fullmatch(_LOST, text):
        return -1, ROUNDED
    return -1, EXTENSION if re.fullmatch(_EXTENDED, bare) else INVALID


def digits(values: pa.StringArray) -> tuple[Ints, Bytes]:
    """The numbers that texts say, -1 where they say none, and for each text why (`OK`, `BLANK`, `INVALID`, `EXTENSION`, `ROUNDED`).

    Taken are ten digits after an optional plus and 1, with spaces, brackets, points, slashes and dashes of any kind between them, `tel:` or an
    apostrophe before them, `.0` behind them, and exponents that still hold all digits.
    """
    number, trouble = _plain(values)
    odd = np.flatnonzero(trouble == _ODD)
    if len(odd):
        number[odd], trouble[odd] = _odd(values.take(odd))
    return number, trouble


def spelt(values: pa.StringArray) -> tuple[Ints, Bytes]:
    """As `digits`, and ten signs with letters behind the area code are the number that they dial (`LETTERS`).

    >>> number, trouble = spelt(pa.array(["1-800-FLOWERS"]))
    >>> int(number[0]), int(trouble[0]) == LETTERS
    (8003569377, True)
    """
    number, trouble = digits(values)
    odd = np.flatnonzero(trouble == INVALID)
    odd = odd[_matches(values.take(odd), _LETTER)] if len(odd) else odd
    if len(odd):
        bare = pc.replace_substring(_replaced(pc.replace_substring_regex(values.take(odd), _SEPARATORS, ""), _LEAD, ""), ".", "")
        dialled = _matches(bare, _SPELT) & _matches(bare, _LETTER)
        found = odd[dialled]
        if len(found):
            number[found] = _dialled(bare.filter(pa.array(dialled)))
            trouble[found] = LETTERS
    return number, trouble


def _dialled(values: pa.StringArray) -> Ints:
    """The numbers that ten signs at the end of each text dial."""
    texts = pc.utf8_slice_codeunits(values, -10)
    for digit, letters in _KEYS.items():
        texts = pc.replace_substring_regex(texts, f"(?i)[{letters}]", digit)
    found: Ints = texts.cast(pa.int64()).to_numpy()
    return found


# What a byte counts as, in one number of four counters: digits, pluses, anything else, points. A cell too long for a counter is odd.
_DIGIT, _PLUS, _FOREIGN, _POINT = 1, 1 << 8, 1 << 16, 1 << 24
_LONGEST = 64
_PIECE = 8192
#: Not settled yet.
_ODD = 255
_POWERS = 10.0 ** np.arange(9, -1, -1)
_ZEROS = 48 * 1_111_111_111


@cache
def _weights() -> Counts:
    weights = np.full(256, _FOREIGN, np.uint32)
    weights[list(b" \t\r\n\x0b\x0c()/-")] = 0
    weights[list(b"0123456789")] = _DIGIT
    weights[ord("+")], weights[ord(".")] = _PLUS, _POINT
    return weights


def _plain(values: pa.StringArray) -> tuple[Ints, Bytes]:
    """The numbers of texts that are nothing but digits and separators; `_ODD` for the others."""
    length = len(values)
    number, trouble = np.full(length, -1, np.int64), np.full(length, BLANK, np.uint8)
    buffers: list[Any] = values.buffers()
    _, offsets, data = buffers
    if data is not None and data.size:
        edges = np.frombuffer(offsets, np.int32)[values.offset : values.offset + length + 1]
        signs = np.frombuffer(data, np.uint8)
        for start in range(0, length, _PIECE):
            piece = slice(start, min(start + _PIECE, length))
            own = edges[piece.start : piece.stop + 1]
            if own[-1] > own[0]:
                number[piece], trouble[piece] = _piece(signs[own[0] : own[-1]], own - own[0])
    return number, trouble


def _piece(signs: Bytes, edges: np.ndarray[Any, np.dtype[np.int32]]) -> tuple[Ints, Bytes]:
    """As `_plain`, of some texts: all their bytes, at least one, and where each text begins and ends."""
    length = np.diff(edges)
    weights = _weights().take(signs)
    long = length > _LONGEST
    if long.any():
        weights[np.repeat(long, length)] = _FOREIGN
    sums = np.zeros(len(signs) + 1, np.uint32)
    np.cumsum(weights, out=sums[1:], dtype=np.uint32)
    counts = np.diff(sums[edges])
    count, pluses, points = (counts & 0xFF).astype(np.int64), counts >> 8 & 0xFF, counts >> 24
    last = np.cumsum(count) + 10
    odd = long | (counts >> 16 & 0xFF > 0) | (count == 0)
    if pluses.any():
        odd |= (pluses > 1) | ((pluses == 1) & (signs[np.minimum(edges[:-1], len(signs) - 1)] != ord("+")))
    if points.any():
        nil, doubtful = _point_before_zeros(signs, edges, points, count)
        odd |= doubtful
        count, last = count - nil, last - nil
    # Ten bytes before and behind, so that texts with fewer digits can be taken in tens too.
    close = np.zeros(np.count_nonzero(weights == _DIGIT) + 20, np.uint8)
    close[10:-10] = np.compress(weights == _DIGIT, signs)
    good = ~odd & ((count == 10) | ((count == 11) & (close[last - 11] == ord("1"))))
    tens = np.lib.stride_tricks.sliding_window_view(close, 10)[last - 10]
    number = np.where(good, (tens @ _POWERS).astype(np.int64) - _ZEROS, -1)
    return number, np.where(length == 0, BLANK, np.where(good, OK, np.where(odd, _ODD, INVALID))).astype(np.uint8)


def _point_before_zeros(signs: Bytes, edges: np.ndarray[Any, np.dtype[np.int32]], points: Counts, count: Ints) -> tuple[Mask, Mask]:
    """The texts that end in the one point they have and a zero, as whole numbers do in spreadsheets; and those that may be more of that kind."""
    ends = edges[1:].astype(np.int64)
    single = points == 1
    nil = single & (signs[np.maximum(ends - 1, 0)] == ord("0")) & (signs[np.maximum(ends - 2, 0)] == ord("."))
    # What lies before the first text is looked at again as a single text; to look there costs nothing but time.
    near = (signs[np.maximum(ends - 3, 0)] == ord(".")) | (signs[np.maximum(ends - 4, 0)] == ord("."))
    return nil, single & ~nil & (near | (count > 10))


def _odd(values: pa.StringArray) -> tuple[Ints, Bytes]:
    """The numbers of texts with anything else in them."""
    bare = _replaced(pc.replace_substring_regex(values, _SEPARATORS, ""), _LEAD, "")
    number, trouble = _plain(bare)
    empty = trouble == BLANK
    if empty.any():
        trouble[empty] = np.where(_matches(values.filter(pa.array(empty)), rf"\A{_NOTHING}\z"), BLANK, INVALID)
    left = np.flatnonzero(trouble == _ODD)
    if len(left):
        number[left], trouble[left] = _written(bare.take(left))
    return number, trouble


def _written(values: pa.StringArray) -> tuple[Ints, Bytes]:
    """The numbers of texts without separators that are still not digits alone: exponents, extensions, words."""
    number, trouble = np.full(len(values), -1, np.int64), np.full(len(values), INVALID, np.uint8)
    pointed = np.flatnonzero(_matches(values, r"\A[.+0-9][^.,]*[.,]|\A[.,]"))
    if len(pointed):
        texts = values.take(pointed)
        for pattern, kept in _REWRITTEN:
            texts = _replaced(texts, pattern + r"\z", kept)
        number[pointed], settled = _plain(pc.replace_substring(texts, ".", ""))
        trouble[pointed] = np.where(settled == OK, OK, INVALID)
    left = np.flatnonzero((trouble != OK) & _matches(values, r"\A[.+]*[0-9]"))
    if len(left):
        texts = values.take(left)
        lost = _matches(texts, rf"\A(?:{_LOST})\z")
        extended = ~lost & _matches(pc.replace_substring(texts, ".", ""), rf"\A{_EXTENDED}\z")
        trouble[left] = np.where(lost, ROUNDED, np.where(extended, EXTENSION, INVALID))
    return number, trouble


def _matches(values: pa.StringArray, pattern: str) -> Mask:
    return bools(pc.match_substring_regex(values, pattern))


def _replaced(values: pa.StringArray, pattern: str, kept: str) -> pa.StringArray:
    # Looking is a good deal cheaper than writing the texts anew.
    return pc.replace_substring_regex(values, pattern, kept) if _matches(values, pattern).any() else values


# What holds for all numbers of an area code and exchange.
_IS_TOLL_FREE, _NOT_ASSIGNABLE, _NOT_PORTABLE, _TEST_LINE = 1, 2, 4, 8


@cache
def _blocks() -> Bytes:
    """The flags of each area code and exchange, by their six digits; one more at the end, for -1."""
    code = np.arange(1000)
    n11 = (code >= 200) & (code % 100 == 11)
    flags = np.empty(1_000_001, np.uint8)
    flags[-1] = 0
    areas = flags[:-1].reshape(1000, 1000)
    areas[:] = _exchanges(code, n11 | np.isin(code, (555, 950)))
    areas[(code < 200) | (code // 10 % 10 == 9) | n11] = _NOT_ASSIGNABLE
    for area in TOLL_FREE:
        areas[area] = _exchanges(code, (code == 911) | ((code == 555) & (area != 800))) | _IS_TOLL_FREE
    for area in NEVER_PORTED:
        areas[area] = np.where(code < 200, _NOT_ASSIGNABLE, _NOT_PORTABLE)
    return flags


def _exchanges(code: Ints, reserved: Mask) -> Bytes:
    """The flags of the exchanges of an area code, of which some are reserved."""
    unassignable = (code < 200) | reserved
    choices = [unassignable, code == 976, np.isin(code, (958, 959))]
    flags: Bytes = np.select(choices, [_NOT_ASSIGNABLE, _NOT_PORTABLE, _TEST_LINE], 0).astype(np.uint8)
    return flags


def _flagged(tn: Ints, flag: int) -> Mask:
    # -1 // 10000 is -1, which is the last entry.
    flagged: Mask = _blocks()[tn // 10_000] & flag > 0
    return flagged


def toll_free(tn: Ints) -> Mask:
    """Numbers of the toll-free area codes."""
    return _flagged(tn, _IS_TOLL_FREE)


def not_assignable(tn: Ints) -> Mask:
    """Numbers whose area code or exchange is never given to anybody."""
    return _flagged(tn, _NOT_ASSIGNABLE)


def not_portable(tn: Ints) -> Mask:
    """Numbers that could be somebody's, but stay where they are: premium, personal, carriers' own."""
    return _flagged(tn, _NOT_PORTABLE)


def foreign(tn: Ints, known: Reference, *, territories: bool = True) -> Mask:
    """Portable numbers of the plan's countries other than the United States and Canada.

    Args:
        tn: the numbers.
        known: the area codes.
        territories: whether those of Puerto Rico, the Virgin Islands, Guam, the Northern Marianas and American Samoa count as US.
    """
    country = known.area_country[tn // 10**7]
    elsewhere: Mask = country == OTHER if territories else (country == OTHER) | (country == TERRITORY)
    return elsewhere & _sound(tn)


def unknown_area(tn: Ints, known: Reference) -> Mask:
    """Portable numbers whose area code the table does not have."""
    unknown: Mask = known.area_kind[tn // 10**7] == UNKNOWN
    return unknown & _sound(tn) & ~toll_free(tn)


def test_line(tn: Ints) -> Mask:
    """Portable numbers in the exchanges that carriers keep for their test lines."""
    return _flagged(tn, _TEST_LINE)


def _sound(tn: Ints) -> Mask:
    return (tn >= 0) & ~_flagged(tn, _NOT_ASSIGNABLE | _NOT_PORTABLE)
