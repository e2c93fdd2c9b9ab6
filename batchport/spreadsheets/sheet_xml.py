"""What the XML of a sheet says and the reader of cells does not: how far it reaches, errors, formulas without a value, hidden rows, styles.

A sheet of a hundred thousand rows is more than a hundred megabytes of XML, and a parser takes longer than all the rest. So it is looked through piece
by piece with patterns, for what is out of the ordinary alone: a pattern that hardly ever fits costs little more than unpacking. The patterns rely on
the form in which spreadsheet programs write cells, `<c r="A1" s="2" t="s">`; a sheet in another form (a prefix before every name, cells without a
reference) is brought into this one first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from batchport.spreadsheets.cells import Ints
from batchport.spreadsheets.container import refuse_doctype
from batchport.spreadsheets.sheet import Unreadable

#: No row of a sheet that is still read takes more.
_MAX_ROW = 64 * 1024 * 1024
#: Bytes of the first rows that tell in what form cells are written.
_LOOKED_AT = 8 * 1024
#: Columns are looked for beyond this one at first.
_FIRST_WIDTH = 26

_USUAL_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]+"(?: s="[0-9]+")?(?: t="[A-Za-z]+")?[^>]*>')
_ANY_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s/>])[^>]*>")
_USUAL_ROW = re.compile(rb'<row r="[0-9]+"[^>]*>')
_ANY_ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])[^>]*>")
_TAG = re.compile(rb"<(/?)(?:\w+:)?(c|row|f|v|is)(?=[\s/>])([^>]*?)(/?)>")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_ERROR = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]* t="e"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?<v[^>]*>([^<]*)')
_FORMULA = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^>]*)>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)(<v></v>|<v\s*/>|</c>)')
_HIDDEN = re.compile(rb'<row r="([0-9]{1,7})"[^>]* hidden="(?:1|true)"')


@dataclass(slots=True)
class Oddities:
    """What is odd in the cells and rows of a sheet; rows as Excel counts, columns from 0.

    Attributes:
        errors: row, column and text of cells that hold an error.
        unvalued: row and column of formulas without a stored value.
        hidden: the rows that are hidden.
    """

    errors: list[tuple[int, int, str]] = field(default_factory=list)
    unvalued: list[tuple[int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of a column's cells: the usual one, and those of the cells that have another."""

    usual: int
    rows: Ints
    others: Ints

    def of(self, rows: Ints) -> Ints:
        """The style of the cells in some rows, which ascend."""
        found = np.full(len(rows), self.usual, np.int64)
        if len(self.rows):
            places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
            same = self.rows[places] == rows
            found[same] = self.others[places[same]]
        return found


def extent(pieces: Iterable[bytes], most: int) -> tuple[int, int]:
    """The last row and the count of columns of the cells that hold something; where they are more than `most`, just that.

    Raises:
        Unreadable: its XML declares entities.
    """
    last, width = 0, min(_FIRST_WIDTH, most)
    beyond = _beyond(width)
    for piece in _by_rows(pieces):
        while found := beyond.search(piece):
            width = _place(found[1]) + 1
            if width > most:
                return int(found[2]), width
            beyond = _beyond(width)
        end = piece.rfind(b"</c>")
        start = piece.rfind(b"<c ", 0, end) if end >= 0 else -1
        reference = _REFERENCE.match(piece, start) if start >= 0 else None
        if reference:
            last = max(last, int(reference[2]))
    return last, width


def oddities(pieces: Iterable[bytes]) -> Oddities:
    """What is odd in a sheet's cells and rows."""
    found = Oddities()
    for piece in _by_rows(pieces):
        if b't="e"' in piece:
            found.errors += [(int(row), _place(column), text.decode("utf-8", "replace")) for column, row, text in _ERROR.findall(piece)]
        if b"<f" in piece:
            for column, row, attributes, value in _FORMULA.findall(piece):
                if value == b"</c>" or b't="str"' not in attributes:  # a formula whose value is the empty text has one
                    found.unvalued.append((int(row), _place(column)))
        if b' hidden="' in piece:
            found.hidden += map(int, _HIDDEN.findall(piece))
    return found


def styles(pieces: Iterable[bytes], columns: Sequence[int]) -> dict[int, Styles]:
    """The styles of the cells of some columns, blank cells left out."""
    usual: dict[int, int] = {}
    others: dict[int, list[tuple[Ints, Ints]]] = {column: [] for column in columns}
    pattern: re.Pattern[bytes] | None = None
    for piece in _by_rows(pieces):
        if pattern is None:
            usual = _usual_styles(piece, columns)
            pattern = _unlike(usual)
        found = pattern.findall(piece)
        if not found:
            continue
        names, rows, ids = zip(*found, strict=True)
        places = np.array([_place(name) for name in names])
        numbers, said = np.array(rows, dtype="S7").astype(np.int64), np.array([each or b"0" for each in ids], dtype="S9").astype(np.int64)
        for column in set(places.tolist()):
            here = places == column
            others[column].append((numbers[here], said[here]))
    return {column: Styles(usual.get(column, 0), *_joined(others[column])) for column in columns}


def _joined(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    rows, ids = (np.concatenate([part[side] for part in parts] or [np.zeros(0, np.int64)]) for side in (0, 1))
    if len(rows) > 1 and (rows[1:] < rows[:-1]).any():
        order = np.argsort(rows, kind="stable")
        return rows[order], ids[order]
    return rows, ids


def _usual_styles(piece: bytes, columns: Sequence[int]) -> dict[int, int]:
    """The commonest style of the filled cells of every column, as the beginning of the sheet has it."""
    wanted = re.compile(rb'<c r="(%s)[0-9]{1,7}"(?: s="([0-9]{1,9})")?[^>/]*>' % b"|".join(map(_name, columns)))
    seen: dict[int, Counter[int]] = {}
    for name, style in wanted.findall(piece):
        seen.setdefault(_place(name), Counter())[int(style or 0)] += 1
    return {column: counts.most_common(1)[0][0] for column, counts in seen.items()} | {column: 0 for column in columns if column not in seen}


def _unlike(usual: dict[int, int]) -> re.Pattern[bytes]:
    """A pattern for the filled cells of columns that have another style than the usual one of their column."""
    by_style: dict[int, list[bytes]] = {}
    for column, style in usual.items():
        by_style.setdefault(style, []).append(_name(column))
    unlike = [
        rb'(?:%s)[0-9]{1,7}"(?%s)' % (b"|".join(names), b'!(?: s="%d")' % style if style else b'= s="(?!0")')
        for style, names in by_style.items()
    ]  # fmt: skip
    return re.compile(rb'<c r="(?=%s)([A-Z]{1,3})([0-9]{1,7})"(?: s="([0-9]{1,9})")?[^>/]*>' % b"|".join(unlike))


# Rows in the usual form


def _by_rows(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces cut between rows, in the form in which spreadsheet programs write cells."""
    form = _Form()
    rest = b""
    first = True
    for piece in pieces:
        if first:
            refuse_doctype(piece[:4096])
            first = False
        rest += piece
        cut = _cut(rest)
        if cut > 0:
            yield form.usual(rest[:cut])
            rest = rest[cut:]
        elif len(rest) > _MAX_ROW:
            raise Unreadable("file-too-large", f"a row of it takes more than {_MAX_ROW // 1024**2} MB")
    yield form.usual(rest)


def _cut(text: bytes) -> int:
    """Where the last row that begins or ends in the text does so; 0 for nowhere."""
    row = text.rfind(b"<row")
    if row >= 0:
        return row
    name = text.rfind(b":row")
    tag = text.rfind(b"<", 0, name) if name >= 0 else -1
    return text.find(b">", name) + 1 if text[tag + 1 : tag + 2] == b"/" else max(tag, 0)


def is_usual(text: bytes | bytearray, at: int) -> bool:
    """Whether cells and rows are written in the usual form, as the first from some place on tell."""
    some = text[at : at + _LOOKED_AT]
    usual = ((_ANY_CELL, _USUAL_CELL), (_ANY_ROW, _USUAL_ROW))
    return all(len(every.findall(some)) == len(known.findall(some)) for every, known in usual)


class _Form:
    """Brings pieces of a sheet into the usual form, where they are in another; the first cells tell."""

    def __init__(self) -> None:
        self._is_usual: bool | None = None
        self._row = 0
        self._column = 0

    def usual(self, piece: bytes) -> bytes:
        """The piece in the usual form."""
        if self._is_usual is None:
            first = _ANY_ROW.search(piece)
            if first is None:
                return piece
            self._is_usual = is_usual(piece, first.start())
        return piece if self._is_usual else _TAG.sub(self._tag, piece)

    def _tag(self, found: re.Match[bytes]) -> bytes:
        """A tag without prefix, its attributes in the usual order, with a reference where it had none."""
        closing, name, inside, empty = found.groups()
        if closing:
            return b"</%s>" % name
        said = {key: one or other for key, one, other in _ATTRIBUTE.findall(inside)}
        if name == b"row":
            self._row, self._column = int(said.get(b"r", b"")) if said.get(b"r", b"").isdigit() else self._row + 1, 0
            return b'<row r="%d"%s%s>' % (self._row, _kept(said, b"hidden"), empty)
        if name != b"c":
            return b"<%s%s>" % (name, empty)
        place = re.match(rb"([A-Z]{1,3})", said.get(b"r", b""))
        self._column = _place(place[1]) + 1 if place else self._column + 1
        return b'<c r="%s%d"%s%s%s>' % (_name(self._column - 1), self._row, _kept(said, b"s"), _kept(said, b"t"), empty)


def _kept(attributes: dict[bytes, bytes], name: bytes) -> bytes:
    return b' %s="%s"' % (name, attributes[name]) if name in attributes else b""


# Columns by their letters


@cache
def _place(letters: bytes) -> int:
    """The place of a column.

    >>> _place(b"A"), _place(b"AA"), _place(b"XFD")
    (0, 26, 16383)
    """
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def _name(place: int) -> bytes:
    """The letters of a column."""
    letters = b""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = bytes([65 + letter]) + letters
    return letters


def _beyond(width: int) -> re.Pattern[bytes]:
    """A pattern for filled cells beyond so many columns."""
    last = _name(width - 1)
    longer = b"[A-Z]{%d,3}" % (len(last) + 1)
    same = [last[:place] + b"[%c-Z][A-Z]{%d}" % (letter + 1, len(last) - place - 1) for place, letter in enumerate(last) if letter < 90]
    names = [*same, *([longer] if len(last) < 3 else [])]
    return re.compile(rb'<c r="(%s)([0-9]{1,7})"(?:[^>/]|/(?!>))*>(?!</c>)' % b"|".join(names))
