"""The records of a text with separated cells, one by one, with all that quotation marks may do to them.

A quoted cell may run over several lines. So a quotation mark that somebody forgot to close would take in all that follows, down to the next one. What
tells the two apart is the next quotation mark: it closes a cell properly only before a separator or the end of a line. Where it does not, or there is
none, the line with the open mark stands alone, in trouble, and the lines after it are read for themselves.

Trying that for every line would read a file of open quotation marks again and again. But a line that begins inside a quoted cell does one of three
things whatever came before it: it closes the cell and ends the record, it breaks the rules, or it stays inside. So all lines down to the first that
does not stay inside share one fate, which is found out once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from batchport.spreadsheets.sheet import Unreadable

#: A record: its number from 1, its cells, what is wrong with its quotation marks, and the place of the line after it.
Record = tuple[int, list[str], str, int]

UNCLOSED = "a quotation mark opens a cell here and is never properly closed"
SWALLOWS = "a quotation mark opens a cell here that would take in rows below"
_BREAK = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"\W*(?:[0-9]\W{0,3}){7,15}")


class _UnclosedError(Exception):
    """The record that is being read does not end where its quotation marks say."""


def lines_of(text: bytes) -> list[str]:
    """The lines of a text in UTF-8, each with its line break, of whatever kind.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="").readlines()


def records_of(lines: Sequence[str], separator: str, start: int = 0) -> Iterator[Record]:
    """Every record from the line at `start` on, counted from 1; the lines before it are no records."""
    number, at = 0, start
    quotes = _Quotes(lines, separator)

    def feed() -> Iterator[str]:
        nonlocal at
        while at < len(lines):
            if at > start and not (quotes.close(at) and (at > start + 1 or quotes.open_in(lines[start]))):
                raise _UnclosedError
            at += 1
            yield lines[at - 1]
        if at > start:
            raise _UnclosedError

    reader = csv.reader(feed(), delimiter=separator)
    while start < len(lines):
        number += 1
        trouble = ""
        try:
            cells = next(reader)
            if at - start > 1 and _takes_in_rows(cells, separator):
                quotes.close_no_more()
                trouble = SWALLOWS
        except _UnclosedError:
            trouble = UNCLOSED
        except csv.Error:  # a cell is longer than the module takes
            quotes.close_no_more()
            trouble = UNCLOSED
        if trouble:
            cells, at = cells_of(lines[start], separator)[0], start + 1
            reader = csv.reader(feed(), delimiter=separator)
        start = at
        yield number, cells, trouble, start


class _Quotes:
    """Which lines, begun inside a quoted cell, lead to its proper end."""

    def __init__(self, lines: Sequence[str], separator: str) -> None:
        self._lines = lines
        self._separator = separator
        self._until = -1
        self._sound = False

    def close(self, at: int) -> bool:
        """Whether they do from this line on; to be asked from the top down."""
        if at > self._until:
            self._until, self._sound = self._fate(at)
        return self._sound

    def close_no_more(self) -> None:
        """The end that was found last is none."""
        self._sound = False

    def open_in(self, line: str) -> bool:
        """Whether a record that begins with this line goes on, without having broken the rules."""
        return self._lines_taken(line) > 1

    def _fate(self, at: int) -> tuple[int, bool]:
        """The first line that does not stay inside the cell, and whether it ends the record."""
        for place in range(at, len(self._lines)):
            if '"' in self._lines[place]:
                taken = self._lines_taken('"' + self._lines[place])
                if taken < 2:
                    return place, taken == 1
        return len(self._lines), False

    def _lines_taken(self, line: str) -> int:
        """1 where the line is a record, 2 where it takes another quotation mark to close it, 0 where it breaks the rules."""
        reader = csv.reader([line, '"\n'], delimiter=self._separator, strict=True)
        try:
            next(reader)
        except csv.Error:
            return 0
        return reader.line_num


def cells_of(line: str, separator: str) -> tuple[list[str], bool]:
    """The cells of one line, and whether its last quotation mark is closed."""
    reader = csv.reader([line.rstrip("\r\n") + "\n", "\n"], delimiter=separator)
    try:
        cells = next(reader)
    except csv.Error as error:
        raise Unreadable("file-too-large", f"a cell of more than {csv.field_size_limit():,} signs") from error
    if reader.line_num == 1:
        return cells, True
    return [*cells[:-1], cells[-1].rstrip("\n")], False


def _takes_in_rows(cells: Sequence[str], separator: str) -> bool:
    """Whether a cell's further lines are rows like the one it stands in: as many cells, and a telephone or account number in the same place."""
    numbers = [place for place, cell in enumerate(cells) if _NUMBER.fullmatch(cell)]
    if len(cells) == 1 or not numbers:
        return False
    pieces = (piece.split(separator) for cell in cells for piece in _BREAK.split(cell)[1:] if piece.count(separator) == len(cells) - 1)
    return any(_NUMBER.fullmatch(piece[place]) for piece in pieces for place in numbers)
