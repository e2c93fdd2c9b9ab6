"""Dates as customers write them made dates as the trade writes them: 2026-12-15.

What has one reading is read. 03/09/2026 has two, March 9 and September 3; which one is meant is said by an order: `mdy`, `dmy` or `ymd`. Without one
it stays as written, and is `ambiguous`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc

from batchport.domain.normalise import squeezed
from batchport.domain.table import Column, Mask, text_array

#: Says that any date will do, and so is no date.
_ANY = frozenset((
    "", "asap", "assoonaspossible", "soonest", "earliest", "earliestpossible", "earliestavailable", "first", "firstavailable", "next", "nextavailable",
    "na", "none", "tbd", "any", "anytime", "anyday", "now", "immediately", "immediate", "desquepossible", "auplustot", "leplustotpossible", "plustotpossible",
))  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate((
        "jan january janv janvier", "feb february fev fevr fevrier", "mar march mars", "apr april avr avril", "may mai", "jun june juin", "jul july juil juillet",
        "aug august aou aout", "sep sept september septembre", "oct october octobre", "nov november novembre", "dec december decembre",
    ), 1)
    for name in names.split()
}  # fmt: skip
#: Words beside a date that say nothing more: days of the week in both languages, endings of ordinal numbers.
_BESIDE = frozenset(
    ["mon", "monday", "tue", "tues", "tuesday", "wed", "weds", "wednesday", "thu", "thur", "thurs", "thursday", "fri", "friday", "sat", "saturday", "sun", "sunday", "lun", "lundi", "mardi", "mer", "mercredi", "jeu", "jeudi", "ven", "vendredi", "sam", "samedi", "dim", "dimanche", "st", "nd", "rd", "th", "er", "the", "of", "le", "de"]
)
_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_TIME = re.compile(r"[T\s,]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?", re.IGNORECASE)
_PARTS = re.compile(r"([0-9]{1,4})\s*([/.\s-])\s*([0-9]{1,2})\s*\2\s*([0-9]{1,4})\.?")
_WORDS = re.compile(r"[0-9]+|[a-z]+")
_ODD = re.compile(r"[^0-9a-z\s,.'/-]")
#: Day 0 of a spreadsheet, whose first year had a 29 February that never was.
_DAY_0 = date(1899, 12, 30)
_SERIALS = range(20_000, 80_001)
_LONGEST = 40
#: Stands for a date in two ways; no cell can say this.
_TWO = "\x00"
#: What could be a date, and what could say that any will do: a sheet may have another text in each of a million cells, and most are soon seen to be neither.
_POSSIBLE = (
    r"(?i)\A(?:[^0-9]{0,30}|[0-9]{1,4}\s*[/.\s-]\s*[0-9]{1,2}\s*[/.\s-]\s*[0-9]{1,4}\.?(?:[T\s,].*)?|[0-9]{5}(?:\.[0-9]+)?|[0-9]{8}(?:[T\s,].*)?"
    r"|.*(?:jan|feb|f.{1,2}v|mar|apr|avr|may|mai|jun|jui|jul|aug|ao.{1,2}t|sep|oct|nov|dec|d.{1,2}c).*)\z"
)


def dates(column: Column, *orders: str) -> Column:
    """Dates as 2026-03-09; "as soon as possible" and its like blank; what cannot be read, or in two ways, as written.

    Args:
        column: the texts.
        orders: `mdy`, `dmy` or `ymd`, for dates that could be read in several ways: the first that fits. None: these stay as written.
    """
    return _each(column, lambda text: _read(text, orders))


def ambiguous(column: Column) -> Mask:
    """The rows whose text is a date in two ways."""
    return _each(column, lambda text: _TWO if len(_meanings(_readings(text))) > 1 else text).equals(_TWO)


def days(column: Column) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """The dates of a column that was read; NaT for blanks and what could not be read."""
    encoded = column.values.dictionary_encode()
    different = np.array([_iso(text) for text in encoded.dictionary.to_pylist()], "datetime64[D]")
    spread: np.ndarray[tuple[int], np.dtype[np.datetime64]] = column.spread(different[encoded.indices.to_numpy(zero_copy_only=False)])
    return spread


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def _each(column: Column, function: Callable[[str], str]) -> Column:
    """The column with each different text that could be a date, or say that any will do, changed once; others as they are."""
    encoded = column.values.dictionary_encode()
    possible = pc.match_substring_regex(encoded.dictionary, _POSSIBLE)
    changed = text_array([function(text) for text in encoded.dictionary.filter(possible).to_pylist()])
    return Column(pc.replace_with_mask(encoded.dictionary, possible, changed).take(encoded.indices), column.codes)


def _read(text: str, orders: Sequence[str]) -> str:
    if _iso(text):
        return text
    if squeezed(text) in _ANY:
        return ""
    readings = _readings(text)
    meanings = _meanings(readings)
    wanted = [readings[order] for order in orders if order in readings]
    found = wanted[0] if wanted else meanings.pop() if len(meanings) == 1 else None
    return found.isoformat() if found else text


def _meanings(readings: Mapping[str, date]) -> set[date]:
    """The different dates among some readings; nobody writes the year first with two digits, unless that is agreed or nothing else is left."""
    usual = {day for order, day in readings.items() if order != "ymd"}
    return usual or set(readings.values())


def _readings(text: str) -> dict[str, date]:
    """The dates that a text can be, by the order in which its parts are taken; of one that is certain, by no order."""
    if len(text) > _LONGEST or not any(sign.isdigit() for sign in text):
        return {}
    serial = _SERIAL.fullmatch(text)
    if serial:
        number = int(serial[1])
        return {"": _DAY_0 + timedelta(number)} if number in _SERIALS else {}
    time = _TIME.search(text)
    if time and time.end() == len(text):
        text = text[: time.start()]
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text).casefold() if not unicodedata.combining(sign)).strip()
    return dict(_compact(text) if text.isdigit() else _of_numbers(text) if _PARTS.fullmatch(text) else _of_words(text))


def _of_numbers(text: str) -> Iterator[tuple[str, date]]:
    """Readings of three numbers."""
    parts = _PARTS.fullmatch(text)
    first, second, third = (parts[1], parts[3], parts[4]) if parts else ("", "", "")
    if len(first) == 4:
        yield from _day("", first, second, third)
    elif len(first) < 3:
        yield from _day("mdy", third, first, second)
        yield from _day("dmy", third, second, first)
        if len(third) < 3:
            yield from _day("ymd", first, second, third)


def _compact(text: str) -> Iterator[tuple[str, date]]:
    """Readings of eight digits."""
    if len(text) == 8:
        certain = list(_day("", text[:4], text[4:6], text[6:])) if text.startswith("20") else []
        yield from certain or [*_day("mdy", text[4:], text[:2], text[2:4]), *_day("dmy", text[4:], text[2:4], text[:2])]


def _of_words(text: str) -> Iterator[tuple[str, date]]:
    """The reading of a day, the name of a month and a year."""
    words = [word for word in _WORDS.findall(text) if word not in _BESIDE]
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    numbers = [word for word in words if word.isdigit()]
    if _ODD.search(text) or len(months) != 1 or len(numbers) != 2 or len(words) != 3:
        return
    day, year = reversed(numbers) if len(numbers[0]) == 4 else numbers
    yield from _day("", year, str(months[0]), day)


def _day(order: str, year: str, month: str, day: str) -> Iterator[tuple[str, date]]:
    """A reading, where there is such a day; years of two digits are of this century."""
    if len(year) not in {2, 4} or len(day) > 2 or len(month) > 2:
        return
    try:
        yield order, date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return
