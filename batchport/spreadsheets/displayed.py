"""What a cell shows: numbers and dates as their number format writes them.

A number format has up to four sections, divided by semicolons: for positive numbers, negative ones, zero and text; a condition in square brackets takes
the place of the sign. A section is compiled once into a small plan, and the plan then writes any number of values. Identifiers are whole numbers in
formats of digits and signs alone (a PIN as `0000`, a number as `(###) ###-####`), so these have a way of their own: for every count of digits the
pieces are cut once, and a value is cut and joined.

Month and day names are English. Fractions are written as in the general format, and so is a number for which a format has no section.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from math import isfinite
from typing import Any, Protocol

GENERAL = "General"
#: Excel keeps fifteen digits of a number; from here on some are lost.
TOO_LONG = 10**15
#: From here on the general format writes powers of ten where it is shown, as nobody reads so many digits.
_POWERS_FROM, _POWERS_BELOW = 1e20, 1e-9
#: The day after the last of the year 9999.
LAST_DAY = 2_958_466
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?'
    r"|\\(?P<escaped>.?)"
    r"|_(?P<space>.?)"
    r"|\*(?P<fill>.?)"
    r"|\[(?P<bracket>[^\]]*)\]?"
    r"|(?P<general>General)"
    r"|(?P<noon>AM/PM|A/P)"
    r"|(?P<power>E[+-])"
    r"|(?P<date>y+|m+|d+|h+|s+)"
    r"|(?P<digit>[0#?])"
    r"|(?P<sign>[.,%@/;])"
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\s*(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]*)?(?:E[+-]?[0-9]+)?)\s*", re.IGNORECASE)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip

#: The formats that spreadsheets know by number alone.
BUILT_IN: dict[int, str] = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);\\("$"#,##0\\)', 6: '"$"#,##0_);[Red]\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)', 8: '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "m/d/yyyy h:mm",
    37: "#,##0_);\\(#,##0\\)", 38: "#,##0_);[Red]\\(#,##0\\)", 39: "#,##0.00_);\\(#,##0.00\\)", 40: "#,##0.00_);[Red]\\(#,##0.00\\)",
    41: '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)', 42: '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)', 44: '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)',
    45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a section: what kind, and its text. Kinds: text, digit, sign, power, date, elapsed, noon, general."""

    kind: str
    text: str


@dataclass(slots=True)
class _Section:
    """One section of a format, taken apart."""

    tokens: list[_Token] = field(default_factory=list)
    condition: tuple[str, float] | None = None

    def has(self, kind: str, text: str = "") -> bool:
        """Whether a token of a kind, and of a text where one is given, is in it."""
        return any(token.kind == kind and (not text or token.text == text) for token in self.tokens)


class _Writer(Protocol):
    """What writes numbers by a section."""

    def write(self, value: float) -> str:
        """The text of a number that is not negative."""


class NumberFormat:
    """A number format, compiled.

    Args:
        code: the format as a spreadsheet stores it.

    Attributes:
        dated: whether it writes dates or times.
        wordy: whether it changes how text is shown.
        general: whether it is the general format.
        exact: whether it shows every digit of a whole number that is not negative, and no other one among them.
    """

    def __init__(self, code: str) -> None:
        sections = _sections(code)
        self._text = sections.pop() if len(sections) > 1 and (len(sections) > 3 or sections[-1].has("sign", "@")) else None
        if self._text is None and len(sections) == 1 and sections[0].has("sign", "@"):
            self._text = sections[0]
        writers = [_writer(section) for section in sections[:3]]
        self._writers = [writer.write for writer in writers]
        self._tests = [section.condition for section in sections[:3]]
        self.exact = all(isinstance(writer, _Digits) and writer.bare for writer in writers)
        self._quick = self._quick_ways(writers)
        self._plain = len(sections) == 1 and sections[0].condition is None
        self.dated = any(section.has("date") or section.has("elapsed") for section in sections)
        self.general = code.casefold() in ("", GENERAL.casefold())
        self.wordy = self._text is not None and [token.text for token in self._text.tokens] != ["@"]

    def number(self, value: float) -> str:
        """What a number shows."""
        if 0 < value < TOO_LONG and value == (whole := int(value)):
            for test, limit, write in self._quick:
                if test(value, limit):
                    return write(whole)
        if not isfinite(value):
            return str(value)
        if self._plain:
            return self._writers[0](value) if value >= 0 else _negative(self._writers[0](-value))
        place, unsigned = self._section_for(value)
        if place < 0:
            return general(value)
        shown = self._writers[place](abs(value))
        return shown if value >= 0 or unsigned else _negative(shown)

    def text(self, value: str) -> str:
        """What a text shows."""
        if self._text is None:
            return value
        return "".join(value if token.text == "@" and token.kind == "sign" else token.text if token.kind == "text" else "" for token in self._text.tokens)

    def _quick_ways(self, writers: Sequence[_Writer]) -> list[tuple[Callable[[float, float], bool], float, Callable[[int], str]]]:
        """For whole numbers above zero: which sections may hold them, by what test, and what writes them; none where that is not as plain."""
        tests = [condition or (">=", 0.0) for condition in self._tests[:1]]
        if len(writers) == 2 and self._tests[0] is not None and self._tests[1] is None:
            tests.append(("<>", 0.0))
        plain = [writer for writer in writers if isinstance(writer, _Digits) and writer.exact]
        if len(plain) < len(writers):
            return []
        return [(_TESTS[test], limit, writer.write_whole) for (test, limit), writer in zip(tests, plain, strict=False)]

    def _section_for(self, value: float) -> tuple[int, bool]:
        """The place of the section for a number, -1 for none, and whether it writes negative numbers without their sign."""
        count, first = len(self._tests), self._tests[0]
        second = self._tests[1] if count > 1 else None
        if first is None and second is None:
            if count > 1 and value < 0:
                return 1, True
            return (2, False) if count > 2 and value == 0 else (0, False)
        if first is None:
            first = (">", 0.0) if count > 2 else (">=", 0.0)
        if second is None and count > 2:
            second = ("<", 0.0)
        if _TESTS[first[0]](value, first[1]):
            return 0, first[0] in ("<", "<=") and first[1] <= 0
        if second is not None and not _TESTS[second[0]](value, second[1]):
            return (2, False) if count > 2 else (-1, False)
        if count == 1:
            return -1, False
        negative_only = second[0] in ("<", "<=") and second[1] <= 0 if second is not None else first[0] in (">", ">=") and first[1] == 0
        return 1, negative_only


@cache
def number_format(code: str) -> NumberFormat:
    """The format of a code, compiled once.

    >>> number_format("00000").number(2134), number_format("[<=9999999]###-####;(###) ###-####").number(4155552671)
    ('02134', '(415) 555-2671')
    """
    return NumberFormat(code)


def general(value: float) -> str:
    """A number in the general format, with every digit that a spreadsheet keeps.

    >>> general(6172340142.0), general(0.1 + 0.2), general(-1.5), general(1e20)
    ('6172340142', '0.3', '-1.5', '1E+20')
    """
    if value == int(value) and -TOO_LONG < value < TOO_LONG:
        return str(int(value))
    exact = Decimal(f"{value:.15g}")
    if _POWERS_BELOW <= abs(value) < _POWERS_FROM:
        return f"{exact:f}"
    mantissa, _, power = f"{value:.14e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}E{power[0]}{power[1:].lstrip('0').rjust(2, '0')}"


def identifier(value: float, form: NumberFormat) -> str:
    """What an identifier shows; all its digits where the format hides some of them.

    >>> identifier(6172340142, number_format("0.00E+00")), identifier(42, number_format("0000")), identifier(42, number_format(";;;"))
    ('6172340142', '0042', '42')
    """
    shown = form.number(value)
    if form.exact and 0 < value < TOO_LONG and value == int(value):
        return shown
    return with_all_digits(shown, general(value))


def with_all_digits(shown: str, plain: str) -> str:
    """The text that a number shows, or the number in the general format where the text lacks some of its digits."""
    return shown if plain in shown or _digits(plain) in _digits(shown) else plain


def serial(value: date | time | timedelta) -> float:
    """A date or time as the number that a spreadsheet keeps of it.

    >>> serial(datetime(2023, 3, 15, 6)), serial(time(12)), serial(timedelta(days=1, hours=12)), serial(date(1900, 1, 1))
    (45000.25, 0.5, 1.5, 1.0)
    """
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    if isinstance(value, time):
        return (value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 86400
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001  a sheet's dates have no zone
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    return days if days >= 60 else days - 1  # the first day of 1900 is 1, and its 29th of February, which never was, is 60


def moment_of(value: float) -> datetime | time:
    """The date, or below one the time of the day, that a spreadsheet keeps as a number.

    >>> moment_of(45000.25), moment_of(0.5), moment_of(1.0)
    (datetime.datetime(2023, 3, 15, 6, 0), datetime.time(12, 0), datetime.datetime(1900, 1, 1, 0, 0))
    """
    days = value if value >= 61 or value < 1 else value + 1
    moment = datetime(1899, 12, 30) + timedelta(seconds=round(days * 86400, 3))  # noqa: DTZ001
    return moment.time() if 0 <= value < 1 else moment


def iso(value: date | time | timedelta) -> str:
    """A date or time as ISO writes it, without a time that is midnight and without parts of a second.

    >>> iso(datetime(2026, 12, 1)), iso(datetime(2026, 12, 1, 13, 30)), iso(time(13, 30)), iso(timedelta(days=1, hours=12))
    ('2026-12-01', '2026-12-01 13:30:00', '13:30:00', '36:00:00')
    """
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return value.isoformat("seconds") if isinstance(value, time) else value.isoformat()


def _negative(shown: str) -> str:
    """The text of a number with its minus sign; a zero has none."""
    return f"-{shown}" if re.search(r"[1-9]", shown) or not re.search(r"[0-9]", shown) else shown


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


# Taking a format apart


def _sections(code: str) -> list[_Section]:
    sections = [_Section()]
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup or "other", found[0]
        section = sections[-1]
        if text == ";" and kind == "sign":
            sections.append(_Section())
        elif kind == "bracket":
            _bracket(section, found["bracket"])
        elif kind in ("quoted", "escaped"):
            section.tokens.append(_Token("text", found[kind] or ""))
        elif kind == "space":
            section.tokens.append(_Token("text", " "))
        elif kind == "other":
            section.tokens.append(_Token("text", text))
        elif kind == "date":
            section.tokens.append(_Token("date", text.lower()))
        elif kind != "fill":
            section.tokens.append(_Token(kind, text))
    return sections


def _bracket(section: _Section, inside: str) -> None:
    """Take in what stands in square brackets: a condition, a span of time, or the sign of a currency; colours and languages show nothing."""
    if condition := _CONDITION.fullmatch(inside):
        section.condition = (condition[1], float(condition[2]))
    elif _ELAPSED.fullmatch(inside):
        section.tokens.append(_Token("elapsed", inside.lower()))
    elif inside.startswith("$"):
        section.tokens.append(_Token("text", inside[1:].partition("-")[0]))


def _writer(section: _Section) -> _Writer:
    """Writes numbers that are not negative by a section."""
    if section.has("date") or section.has("elapsed"):
        return _Clock(section.tokens)
    digits = [place for place, token in enumerate(section.tokens) if token.kind == "digit"]
    if digits and any(token == _Token("sign", "/") for token in section.tokens[digits[0] :]):
        return _Around([_Token("general", GENERAL)])
    if section.has("general") or section.has("sign", "@"):
        return _Around(section.tokens)
    return _Digits(section.tokens)


@dataclass(frozen=True, slots=True)
class _Around:
    """The general format with text around it."""

    tokens: Sequence[_Token]

    def write(self, value: float) -> str:
        """The value's text."""
        shown = [
            general(value) if token.kind == "general" or token == _Token("sign", "@") else token.text
            for token in self.tokens
            if token.kind in ("text", "general") or token.text in ("@", "/", "%")
        ]
        return "".join(shown)


# Numbers


class _Digits:
    """A section of places for digits."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        tokens = [_Token("text", token.text) if token == _Token("sign", "/") or token.kind == "noon" else token for token in tokens]
        self._power = next((place for place, token in enumerate(tokens) if token.kind == "power"), None)
        body = tokens[: self._power] if self._power is not None else tokens
        self._tail = tokens[self._power + 1 :] if self._power is not None else []
        self._power_sign = tokens[self._power].text if self._power is not None else ""
        point = next((place for place, token in enumerate(body) if token == _Token("sign", ".")), len(body))
        self._point = point < len(body)
        self._fraction = [token for token in body[point + 1 :] if token != _Token("sign", ",")]
        whole, self._thousands, thousandths = _without_commas(body[:point], body[point:])
        self._scale = sum(token == _Token("sign", "%") for token in tokens) * 2 - thousandths * 3
        self._whole = whole
        self._decimals = sum(token.kind == "digit" for token in self._fraction)
        self._places = sum(token.kind == "digit" for token in self._whole)
        #: Whether whole numbers are written with all their digits and nothing but text between them.
        self.exact = bool(self._places) and not (self._point or self._scale or self._power is not None or self._thousands)
        places = [at for at, token in enumerate(whole) if token.kind == "digit"]
        between = whole[places[0] : places[-1]] if places else []
        #: Whether none of that text is a digit, which would make another number of it.
        self.bare = self.exact and not any(token.kind != "digit" and any(map(str.isdigit, token.text)) for token in between)
        self._cuts: dict[int, tuple[str, Callable[[str], Any]]] = {}

    def write(self, value: float) -> str:
        """The value's text; it is not negative."""
        if self.exact and value < TOO_LONG and value == int(value):
            return self.write_whole(int(value))
        if self._power is not None:
            return self._with_power(value)
        exact = Decimal(f"{value:.15g}").scaleb(self._scale, _EXACT)
        whole, _, fraction = f"{_rounded(exact, self._decimals):f}".partition(".")
        return self._whole_part(whole.lstrip("0")) + self._fraction_part(fraction)

    def write_whole(self, value: int) -> str:
        """A whole number's text, in a section without point, comma, percent and power."""
        digits = str(value) if value else ""
        cut = self._cuts.get(len(digits))
        if cut is None:
            cut = self._cuts[len(digits)] = self._cut(len(digits))
        text: str = cut[0] % cut[1](digits)
        return text

    def _cut(self, length: int) -> tuple[str, Callable[[str], Any]]:
        """How to write numbers of so many digits: a text with places, and what takes the digits for each of them out of the number's."""
        text = ""
        spans: list[slice] = []
        place = self._places
        for token in self._whole:
            if token.kind != "digit":
                text += token.text.replace("%", "%%")
                continue
            start = 0 if place == self._places else max(length - place, 0)
            end = length - place + 1
            place -= 1
            if end <= 0:
                text += _blank(token.text)
            elif spans and text.endswith("%s") and spans[-1].stop == start:
                spans[-1] = slice(spans[-1].start, end)
            else:
                text += "%s"
                spans.append(slice(start, end))
        return text, operator.itemgetter(*spans) if spans else lambda _: ()

    def _whole_part(self, digits: str) -> str:
        """The digits before the point in their places, with commas between thousands."""
        if not self._places:  # nothing but a fraction: what is before the point stands there anyway
            return "".join(token.text for token in self._whole) + (digits if self._point else "")
        out: list[str] = []
        place = left = self._places
        beyond = max(len(digits) - place, 0)
        for token in self._whole:
            if token.kind != "digit":
                out.append(token.text)
                continue
            first = left == place
            for at in range(left + (beyond if first else 0), left - 1, -1):
                digit = digits[-at] if at <= len(digits) else _blank(token.text)
                out.append(digit)
                if self._thousands and digit and at > 1 and at % 3 == 1:
                    out.append("," if digit != " " else " ")
            left -= 1
        return "".join(out)

    def _fraction_part(self, digits: str) -> str:
        """The point and the digits after it, zeros at the end only where there is a place for them; no point before places that stay empty (Excel leaves it: `42.`)."""
        kept = len(digits.rstrip("0"))
        out, at = ["." if self._point else ""], 0
        for token in self._fraction:
            if token.kind == "digit":
                out.append(digits[at] if at < kept else _blank(token.text))
                at += 1
            else:
                out.append(token.text)
        text = "".join(out)
        return "" if text == "." and len(self._fraction) else text

    def _with_power(self, value: float) -> str:
        """A number as mantissa and power of ten; with several places before the point the power is a multiple of their count."""
        exact, power = Decimal(f"{value:.15g}"), 0
        step = max(self._places, 1)
        if exact:
            power = exact.adjusted() // step * step if step > 1 else exact.adjusted()
        mantissa = _rounded(exact.scaleb(-power, _EXACT), self._decimals)
        if mantissa and mantissa.adjusted() >= step:
            power += step
            mantissa = _rounded(exact.scaleb(-power, _EXACT), self._decimals)
        whole, _, fraction = f"{mantissa:f}".partition(".")
        digits, places = str(abs(power)), sum(token.kind == "digit" for token in self._tail)
        sign = "-" if power < 0 else "+" if self._power_sign[1] == "+" else ""
        rest = "".join(token.text for token in self._tail if token.kind != "digit")
        width = sum(token == _Token("digit", "0") for token in self._tail)
        shown = f"E{sign}{digits.rjust(width, '0')}" if places else f"E{sign}"
        return self._whole_part(whole.lstrip("0")) + self._fraction_part(fraction) + shown + rest


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), context=Context(prec=400, rounding=ROUND_HALF_UP))


def _blank(place: str) -> str:
    """What stands in a place for which there is no digit."""
    return {"0": "0", "?": " "}.get(place, "")


def _without_commas(whole: Sequence[_Token], rest: Sequence[_Token]) -> tuple[list[_Token], bool, int]:
    """The part before the point without its commas, whether they divide thousands, and how many after the last digit divide the number by a thousand."""
    places = [place for place, token in enumerate(whole) if token.kind == "digit"]
    commas = [place for place, token in enumerate(whole) if token == _Token("sign", ",")]
    last = places[-1] if places else -1
    scaled = 0
    while last + 1 + scaled in commas and places:
        scaled += 1
    if rest:  # after the decimals too they divide
        decimals = [place for place, token in enumerate(rest) if token.kind == "digit"]
        at = decimals[-1] + 1 if decimals else len(rest)
        while at < len(rest) and rest[at] == _Token("sign", ","):
            scaled, at = scaled + 1, at + 1
    between = any(places and places[0] < comma < last for comma in commas)
    kept = [token for place, token in enumerate(whole) if place not in commas or not places or place < places[0]]
    return kept, between, scaled


# Dates and times


class _Clock:
    """A section of dates and times."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = _with_minutes(_with_parts_of_seconds(tokens))
        self._parts = max((len(token.text) for token in self._tokens if token.kind == "part"), default=0)
        self._noon = any(token.kind == "noon" for token in self._tokens)

    def write(self, value: float) -> str:
        """The value's text: days since the end of 1899, and the part of the day."""
        if value >= LAST_DAY:
            return general(value)
        units = int((Decimal(f"{value:.15g}") * 86400 * 10**self._parts).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        seconds, part = divmod(units, 10**self._parts)
        day = seconds // 86400
        return "".join(self._shown(token, day, seconds, part) for token in self._tokens)

    def _shown(self, token: _Token, day: int, seconds: int, part: int) -> str:
        kind, text = token.kind, token.text
        if kind == "part":
            return f".{part:0{self._parts}d}"[: len(text) + 1]
        if kind == "noon":
            return _noon(text, seconds % 86400 >= 43200)
        if kind == "elapsed":
            return str(seconds // {"h": 3600, "m": 60, "s": 1}[text[0]]).rjust(len(text), "0")
        if kind in ("date", "minute"):
            return self._dated(kind, text, day, seconds % 86400)
        return "" if text == "@" else text

    def _dated(self, kind: str, text: str, day: int, second: int) -> str:
        letter, width = text[0], min(len(text), 2)
        if kind == "minute":
            return str(second // 60 % 60).rjust(width, "0")
        if letter == "h":
            hour = second // 3600
            return str((hour + 11) % 12 + 1 if self._noon else hour).rjust(width, "0")
        if letter == "s":
            return str(second % 60).rjust(width, "0")
        return _day(letter, text, day)


def _noon(text: str, after: bool) -> str:
    before, later = text.split("/")
    return later if after else before


def _day(letter: str, text: str, day: int) -> str:
    """A part of a date."""
    # The first 60 days are counted with a 29th of February 1900 that never was; day 0 is shown as the 0th of January 1900.
    year, month, number = (1900, 1, 0) if day == 0 else (1900, 2, 29) if day == 60 else _ymd(day)
    if letter == "y":
        return f"{year % 100:02d}" if len(text) <= 2 else str(year)
    names, number = (_MONTHS, month) if letter == "m" else (_DAYS, number)
    if len(text) <= 2:
        return str(number).rjust(len(text), "0")
    name = names[month - 1] if letter == "m" else _DAYS[(day + 5) % 7]
    return name[:1] if len(text) == 5 and letter == "m" else name if len(text) > 3 else name[:3]


def _ymd(day: int) -> tuple[int, int, int]:
    shown = date(1899, 12, 30 if day > 60 else 31) + timedelta(days=day)
    return shown.year, shown.month, shown.day


def _with_parts_of_seconds(tokens: Sequence[_Token]) -> list[_Token]:
    """The tokens with a point and zeros after seconds as one; other signs of numbers are text."""
    out: list[_Token] = []
    for token in tokens:
        if token.kind == "digit" and out and out[-1].kind == "part":
            out[-1] = _Token("part", out[-1].text + "0")
        elif token.kind == "digit" and len(out) > 1 and out[-1] == _Token("text", ".") and out[-2].text.startswith("s"):
            out[-1] = _Token("part", "0")
        elif token.kind in ("digit", "sign", "power", "general"):
            out.append(_Token("text", token.text))
        else:
            out.append(token)
    return out


def _with_minutes(tokens: Sequence[_Token]) -> list[_Token]:
    """The tokens with those `m` told apart that are minutes: after hours, or before seconds."""
    out = list(tokens)
    clock = [place for place, token in enumerate(out) if token.kind in ("date", "elapsed")]
    for at, place in enumerate(clock):
        if out[place].kind == "date" and out[place].text[0] == "m" and len(out[place].text) <= 2:
            before = out[clock[at - 1]].text[0] if at else ""
            after = out[clock[at + 1]].text[0] if at + 1 < len(clock) else ""
            if before == "h" or after == "s":
                out[place] = _Token("minute", out[place].text)
    return out
