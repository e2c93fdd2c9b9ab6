"""One address line taken apart by rules, and how far the rules may be trusted.

The line is cut into words that know where they stand, so that every part is a piece of the line as it was written. A part is found from the outside in:
what stands before the number, the number, what stands behind the street, and at last whether the street begins with a direction. Where two readings are
possible the likelier is taken and the line is marked: `ASK` when somebody else's opinion settles it, `DOUBT` when nobody's does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from batchport.domain import address_words as words
from batchport.domain.normalise import DIRECTION_WORDS, squeezed

SURE, ASK, DOUBT = range(3)

_WORD = re.compile(r"#|[^\s,;#]+|[,;]")
_BREAKS = frozenset((",", ";", "-", "\u2013", "\u2014"))
_PLAIN_NUMBER = re.compile(r"\d+[A-Za-z]?[½¼¾⅓⅔]?|\d+-[A-Za-z]|\d+-\d/\d")
#: B-12 Calle 5, as houses are numbered in Puerto Rico.
_BLOCK_NUMBER = re.compile(r"[A-Z]{1,2}-?\d+", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)[A-Za-z]?[-/\u2010-\u2015](\d+)[A-Za-z]?")
_GRID_PIECE = re.compile(r"[NSEW]\d+[A-Za-z]?", re.IGNORECASE)
_GRID = re.compile(r"(?:[NSEW]\d+){2}[A-Za-z]?|\d+[NSEW]\d+[A-Za-z]?", re.IGNORECASE)
_HALF = re.compile(r"-?\d/\d+|[½¼¾⅓⅔]")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|e|er|re|eme|ieme|iere|d)")
_JOINED_UNIT = re.compile(r"(?:suite|ste|apt|unit|bldg|rm|room|app|bureau|bur|fl|floor|ph|lot)(?:\d+[a-z]?\d*|\d*[a-z])")
_NUMBERED_ROAD = re.compile(r"(?:i|ih|us|sr|cr|fm|rm|hwy|rt|rte)\d+[a-z]?")
_LABELS = frozenset(("no", "num", "number"))
_STRONG = words.DESIGNATORS - words.WEAK
_FLOORS = frozenset(("floor", "flr", "fl", "level", "lvl"))
_COMPASS = frozenset("nsew")
_CARE_OF = re.compile(r"c/o|att(?:n|ention)\b", re.IGNORECASE)
_JOINERS = frozenset(("&", "and", "et", "-", "/", "+", "to", "thru", "or"))


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of an address line, each as written; `trust` is `SURE`, `ASK` or `DOUBT`."""

    number: str
    direction: str
    name: str
    unit: str
    trust: int = SURE

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Number, direction as one of the eight codes, street and unit."""
        return self.number, code_of(self.direction, french=_french(self.name)), self.name, self.unit


def code_of(direction: str, *, french: bool = False) -> str:
    """The code of a direction before a street's name: `No.` is North, and Nord-Ouest in French; blank for blank."""
    if not direction:
        return ""
    key = squeezed(direction)
    doubtful = "" if french else words.DOUBTFUL_DIRECTIONS.get(key, "")
    return doubtful or DIRECTION_WORDS[key]


def _french(name: str) -> bool:
    first = squeezed(name.split(" ", 1)[0])
    return first in words.FRENCH_TYPES


def split_by_rules(text: str) -> Split:
    """The parts of a line as the rules see them; a line without a number is street and unit."""
    return _Line(text).split()


class _Line:
    """A line cut into words: `spans` where they stand, `keys` what they say, blank for commas and lone dashes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans = [found.span() for found in _WORD.finditer(text)]
        self.written = [text[start:end] for start, end in self.spans]
        self.keys = [word.lower() if word.isascii() and word.isalnum() else squeezed(word) for word in self.written]
        self.end = len(self.keys)
        self.trust = SURE

    def split(self) -> Split:
        """The parts of the line."""
        start, before = self._start()
        after_number = self._number_end(start)
        self.doubt(self._number_trust(start, after_number))
        number = self.piece(start, after_number)
        unit_from, unit_to = self._middle_unit(after_number) if after_number > start else (after_number, after_number)
        begin = self._skip(unit_to)
        name_end = self._name_end(begin)
        name_from = self._direction_end(begin, name_end)
        units = [self.piece(*each) for each in (before, (unit_from, unit_to), (name_end, self.end))]
        name = self.piece(name_from, name_end)
        unit = ", ".join(filter(None, units))
        # A private mailbox is no place where a line ends, though it is written as one.
        if not name or unit.casefold().startswith("pmb"):
            self.doubt()
        number, unit = self._hyphened(number, name, unit)
        return Split(number, self.piece(begin, name_from), name, unit, max(self.trust, self._shape(name_from, name_end)))

    def piece(self, start: int, end: int) -> str:
        """The words from one place up to another as written, without separators around them."""
        while start < end and self._comma(start):
            start += 1
        while start < end and self._comma(end - 1):
            end -= 1
        return self.text[self.spans[start][0] : self.spans[end - 1][1]] if start < end else ""

    def doubt(self, trust: int = DOUBT) -> None:
        """Lower the trust in the line."""
        self.trust = max(self.trust, trust)

    def key(self, at: int) -> str:
        """What the word at a place says; blank beyond the end."""
        return self.keys[at] if 0 <= at < self.end else ""

    def _skip(self, at: int) -> int:
        """The next place with a word."""
        while self._comma(at):
            at += 1
        return at

    # The number, and what stands before it.

    def _start(self) -> tuple[int, tuple[int, int]]:
        """Where the number stands, and the unit or building before it, from and to; the first word and nothing where no number is found."""
        first = self._skip(0)
        behind = self._skip(self._units_end(first))
        if first < behind < self.end and self._number_end(behind) > behind and (self.key(first) not in words.WEAK or self._comma(behind - 1)):
            return behind, (first, behind)
        if self._number_end(first) > first:
            return first, (0, 0)
        for at in range(first + 1, self.end):
            # Harbor Plaza, 120 Main St: a building's name, or whose it is, stands before the number.
            if self._comma(at - 1) and self._number_end(at) > at and self._number_end(at) < self.end:
                self.doubt()
                return at, (first, at)
        return first, (0, 0)

    def _comma(self, at: int) -> bool:
        """Whether a comma stands there, or a dash that does the same."""
        return 0 <= at < self.end and self.written[at] in _BREAKS

    def _number_end(self, at: int) -> int:
        """The place behind the house number that begins here; the same place where none does."""
        if at >= self.end:
            return at
        begin = at + self._labelled(at)
        word, following = self.written[begin], self.written[begin + 1] if begin + 1 < self.end else ""
        if self._in_words(begin) or _GRID.fullmatch(word) or (_BLOCK_NUMBER.fullmatch(word) and following.lower() == "calle"):
            return begin + 1
        if _GRID_PIECE.fullmatch(word) or word.lower() in _COMPASS:
            return self._grid_end(begin)
        plain = (_PLAIN_NUMBER.fullmatch(word) or _RANGE.fullmatch(word)) and not self._ordinal_street(begin)
        return self._number_tail(begin + 1) if plain else at

    def _labelled(self, at: int) -> int:
        """1 where the number has a sign or a word before it, as #120 Main St: 0 where it has not, or it is a unit's number."""
        label = self.written[at] == "#" or self.keys[at] in _LABELS
        return int(label and self.key(at + 1).isdigit() and self._units_end(at) < self.end and not self._comma(at + 2))

    def _in_words(self, at: int) -> bool:
        """Whether the number is written out, as One Microsoft Way."""
        return self.keys[at] in words.NUMERALS and bool(self.key(at + 2)) and self.key(at + 1) not in {"mile", "rivers"} | words.TYPES

    def _grid_end(self, at: int) -> int:
        """The place behind a number of one or two compass letters with digits: N95W18855, W180 N8085, N 8340; the same place where there is none."""
        word, following = self.written[at], self.key(at + 1)
        if word.lower() in _COMPASS:
            return at + 2 if following.isdigit() and len(following) > 2 and len(self.key(at + 2)) > 1 else at
        if _GRID_PIECE.fullmatch(following):
            return at + 2
        return at + 1 if len(word) > 2 and self.key(at + 2) else at

    def _ordinal_street(self, at: int) -> bool:
        """Whether the word is the name of a street, as 3e Avenue, and no number."""
        return bool(_ORDINAL.fullmatch(self.keys[at])) and self.key(at + 1) in words.TYPES

    def _number_tail(self, at: int) -> int:
        """The place behind what belongs to a number: a half, another number, a letter, bis."""
        if at < self.end and _HALF.fullmatch(self.written[at]):
            at += 1
        if at + 1 < self.end and self.written[at].lower() in _JOINERS and self.written[at + 1].isdigit() and self.key(at + 2):
            return at + 2
        return at + 1 if self.key(at) in {"bis", "ter"} or self._is_number_letter(at) else at

    def _is_number_letter(self, at: int) -> bool:
        """Whether a letter belongs to the number before it, as in 4922 B South Cornell, and not to the street, as in 4922 B St."""
        key, following = self.key(at), self.key(at + 1)
        if not self._is_initial(at):
            return False
        if self._comma(at + 1):
            return bool(self.key(at + 2)) and self._units_end(at + 2) < self.end
        # A letter late in the alphabet is rather an initial: 120 J Clyde Morris Blvd.
        return key <= "h" and bool(following) and following not in words.TYPES - {"court"} and self._units_end(at + 1) < self.end

    def _is_initial(self, at: int) -> bool:
        """Whether the word is one letter, and no direction."""
        key = self.key(at)
        return len(key) == 1 and key.isalpha() and key not in _COMPASS and self.written[at].isalpha()

    def _number_trust(self, start: int, end: int) -> int:
        """How far the number can be trusted."""
        if start >= end:
            return DOUBT
        first, key = self.written[start], self.keys[start]
        if first == "#" or key in _LABELS or key in words.NUMERALS:
            return DOUBT
        lettered = self._is_initial(end - 1) or (self._is_initial(end) and self.key(end + 1) not in words.TYPES | {""})
        alone = end == start + 1 and not _GRID.fullmatch(first) and not first[0].isdigit()
        return ASK if lettered or alone or key in _COMPASS else SURE

    def _hyphened(self, number: str, name: str, unit: str) -> tuple[str, str]:
        """Number and unit, where a number with a hyphen may be both: 400-1234 is house 1234 in Canada, and 41-21 one house in Queens."""
        found = _RANGE.fullmatch(number)
        if not found or "/" in number:
            return number, unit
        first, second = found[1], found[2]
        if _french(name) and not unit and len(second) > 1:
            self.doubt()
            at = found.start(2)
            return number[at:], number[: at - 1]
        queens, span = len(second) == 2 and len(first) <= 3, len(first) == len(second) and int(first) < int(second)
        if not queens and not span:
            self.doubt()
        return number, unit

    # The unit.

    def _is_id(self, at: int) -> bool:
        """Whether a word can be what a suite or a floor is called."""
        key = self.key(at)
        if not key or key in words.TYPES:
            return False
        if any(sign.isdigit() for sign in key):
            return len(key) <= 8 and not _ORDINAL.fullmatch(key)
        return len(key) <= 2 or key in words.NUMERALS

    def _unit_end(self, at: int) -> int:
        """The place behind the one unit that begins here, as Suite 5, # 5 or 3rd Floor; the same place where none does."""
        key, following = self.key(at), self.key(at + 1)
        if at >= self.end:
            return at
        if self.written[at] == "#" or (key in {"no", "num", "numero"} and following[:1].isdigit()):
            return self._id_end(at + 1) if self._is_id(at + 1) else at
        if (_ORDINAL.fullmatch(key) or key in words.PLACED) and following in (_FLOORS if key == "main" else words.STOREYS):
            behind = at + 2
            return self._id_end(behind) if self._is_id(behind) and following in {"unit", "apt", "suite", "office"} else behind
        if _JOINED_UNIT.fullmatch(key) and any(sign.isdigit() for sign in key):
            return self._id_end(at)
        if key in words.DESIGNATORS:
            behind = at + 1
            while self.key(behind) in {"no", "num", "numero", "number"} or (behind < self.end and self.written[behind] == "#"):
                behind += 1
            if self._is_id(behind) or (self.key(behind) in words.PLACED and self.key(behind + 1) not in words.STOREYS | words.TYPES):
                return self._id_end(behind)
        return at + 1 if key in words.ALONE else at

    def _id_end(self, at: int) -> int:
        """The place behind what a unit is called, which may have several words: 5 & 6, 5 B, 500 East."""
        at += 1
        while at < self.end:
            if self.written[at].lower() in _JOINERS and self._is_id(at + 1):
                at += 2
            elif (len(self.key(at)) == 1 or self.key(at) in words.DIRECTIONS) and (at + 1 >= self.end or self._comma(at + 1)):
                at += 1
            else:
                break
        return at

    def _units_end(self, at: int) -> int:
        """The place behind the units that follow one another from here; beyond the last separator too, where the line ends with it."""
        begin = at
        while at < self.end:
            following = self._unit_end(at)
            bare = (self._comma(at - 1) and self._is_id(at)) or self.key(at) in words.LOOSE_ALONE
            if following == at and at > begin and bare and self._skip(at + 1) >= self.end:
                following = at + 1
            if following == at:
                break
            at = self._skip(following)
        return at

    def _middle_unit(self, at: int) -> tuple[int, int]:
        """The unit between number and street, from and to, where there is one: 120 #5 Main St."""
        begin = self._skip(at)
        end = self._units_end(begin)
        if not self._strong(begin) or end <= begin or end >= self.end or self.key(end) in words.TYPES:
            return at, at
        self.doubt()
        return begin, end

    def _strong(self, at: int) -> bool:
        """Whether a word says that a unit follows, and is nothing that a street is called."""
        return at < self.end and (self.written[at] == "#" or self.keys[at] in _STRONG)

    def _name_end(self, begin: int) -> int:
        """The place behind the street: where the units begin that end the line, or what else follows a comma."""
        if self._strong(begin) and self._units_end(begin) >= self.end:
            return begin
        for at in range(begin + 1, self.end):
            if not self._comma(at) and self._ends_line(at, begin):
                return self._first_comma(begin, at)
        for at in range(begin + 2, self.end):
            if (self._strong(at) or _CARE_OF.match(self.written[at])) and (self._comma(at - 1) or self._closed(at, begin)):
                self.doubt()
                return self._first_comma(begin, at)
        comma = self._first_comma(begin, self.end)
        if comma < self.end:
            return comma
        return self._bare_unit(begin)

    def _ends_line(self, at: int, begin: int) -> bool:
        """Whether the line ends with units that begin here."""
        key = self.keys[at]
        if self._units_end(at) >= self.end:
            # 120 Fox Lot 5 may be a street of that name.
            if key in words.WEAK and not self._comma(at - 1) and not self._closed(at, begin):
                self.doubt(ASK)
            return True
        if key in words.LOOSE_ALONE and (self._comma(at - 1) or self._closed(at, begin)):
            return self._skip(at + 1) >= self.end or self._units_end(self._skip(at + 1)) >= self.end
        return False

    def _closed(self, at: int, begin: int) -> bool:
        """Whether the street before this place is whole: it ends with a type, and a direction perhaps."""
        last = at - 1
        if last > begin + 1 and self.keys[last] in DIRECTION_WORDS:
            last -= 1
        return last > begin and self.keys[last] in words.TYPES

    def _first_comma(self, begin: int, end: int) -> int:
        """Where the street ends if a comma stands in it: what follows is no part of it, but a direction is."""
        for at in range(begin + 1, end):
            if not self._comma(at) or self.written[at] not in {",", ";"}:
                continue
            behind = self._skip(at + 1)
            if behind >= end:
                return end
            if self.keys[behind] in DIRECTION_WORDS and self._skip(behind + 1) >= end:
                self.doubt(ASK)
                return end
            self.doubt()
            return at
        return end

    def _bare_unit(self, begin: int) -> int:
        """Where a unit without a word before it stands at the line's end, as in 120 Main St 5B; the end where there is none."""
        last = self.end - 1
        while last > begin and not self.keys[last]:
            last -= 1
        key = self.key(last)
        if last <= begin + 1 or not self._closed(last, begin) or not self._is_id(last) or key in DIRECTION_WORDS:
            return self.end
        if last == begin + 2 and self.keys[begin] in words.DIRECTIONS and key.isalpha():
            # W Ave J: a lettered avenue.
            return self.end
        kind = last - 1 if self.keys[last - 1] in words.TYPES else last - 2
        if self.keys[kind] in words.NUMBERED or (self.keys[kind] in {"road", "rd"} and self.key(kind - 1) in words.NUMBERED_ROAD):
            return self.end
        self.doubt()
        return last

    # The street.

    def _direction_end(self, begin: int, end: int) -> int:
        """The place behind the direction that stands before the street's name; the same place where there is none or it is the name."""
        key = self.key(begin)
        single = key in words.DIRECTIONS or key in words.DOUBTFUL_DIRECTIONS or (key in {"o", "est"} and self.key(begin + 1) in words.FRENCH_TYPES)
        if begin >= end or not single:
            return begin
        pair = key + self.key(begin + 1)
        if begin + 2 < end and pair in words.DIRECTIONS and not self._only_type(begin + 2, end):
            if len(pair) > 2:
                self.doubt(ASK)
            return begin + 2
        if self._is_name(begin, end):
            return begin
        if key in words.DOUBTFUL_DIRECTIONS:
            self.doubt()
        return begin + 1

    def _is_name(self, begin: int, end: int) -> bool:
        """Whether the direction at the beginning is what the street is called: North Ave, E St, North Shore Dr."""
        key, behind = self.keys[begin], begin + 1
        if behind >= end:
            self.doubt()
            return True
        if self._only_type(behind, end):
            if self.keys[behind] not in words.TYPES:
                self.doubt(ASK if len(key) > 2 else DOUBT)
            return True
        written_out = len(key) > 2
        facing = {"north": "south", "south": "north", "east": "west", "west": "east"}.get(key, "")
        if written_out and (self.keys[behind] in words.COMPOUNDS or self.keys[behind] == facing):
            self.doubt(ASK)
            return True
        return key == "no" and self.keys[behind] == "name"

    def _only_type(self, at: int, end: int) -> bool:
        """Whether nothing but a street's type is left, with a direction or an extension behind it perhaps."""
        if self.key(at) not in words.TYPES | words.LOOSE_TYPES:
            return False
        behind = at + 1
        if behind < end and (self.keys[behind] in DIRECTION_WORDS or self.keys[behind] in {"ext", "extension"}):
            behind += 1
        return self._skip(behind) >= end

    def _shape(self, begin: int, end: int) -> int:
        """How far a street of this form can be trusted."""
        keys = [key for key in self.keys[begin:end] if key]
        if not keys:
            return DOUBT
        if (len(keys) > 1 and keys[0] in words.FIRST_TYPES) or _NUMBERED_ROAD.fullmatch(keys[0]):
            return SURE
        if len(keys) > 1 and keys[-1] in DIRECTION_WORDS:
            keys.pop()
        if len(keys) > 1 and (keys[-1] in words.TYPES or (keys[-1] in words.LOOSE_TYPES and not words.TYPES & set(keys))):
            return SURE
        if any(key in words.NUMBERED and number[:1].isdigit() for key, number in pairwise(keys)):
            return SURE
        if len(keys) == 1 and (keys[0].isdigit() or _ORDINAL.fullmatch(keys[0])) and len(self.keys[begin:end]) > 1:
            return SURE
        return ASK
