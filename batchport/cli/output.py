"""Printing: tables for people, one JSON object a line for programs.

On a terminal a table fits the width: columns of prose are wrapped within themselves, and what does not fit beside them goes below its row; numbers, names
and dates are never broken. Anywhere else a row is one line, however long, without colours and lines drawn.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import IO, Any

import click

#: Signs that some programs take for the end of a line, as JSON writes them too.
_BREAKS = {sign: f"\\u{sign:04x}" for sign in (0x85, 0x2028, 0x2029)}
#: Signs that would move the cursor, colour the rest or turn the line around: what stands in customers' files does not rule the terminal.
_HARMLESS = {
    **dict.fromkeys((*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys((9, 10, 13, 0x85, 0x2028, 0x2029), " "),
}  # fmt: skip
#: What stands between two columns.
_GAP = "  "
#: A column of prose is not made narrower than this.
_NARROWEST = 24
#: Stands for a space at which a line is not broken; it can be in no cell.
_HOLDS = "\0"
#: How a word is shown where it says a state or how grave something is; it says the same without colours.
_STYLES = {
    "rejected": "red", "carrier_rejected": "red", "error": "red", "NO": "red", "unreadable": "red",
    "held": "yellow", "delayed": "yellow", "cancel_pending": "yellow", "warning": "yellow", "unmapped": "yellow",
    "completed": "green", "confirmed": "green",
    "red": "red", "yellow": "yellow", "green": "green",
}  # fmt: skip


def colours(stream: IO[str]) -> bool:
    """Whether to write colours: on a terminal that shows them, unless NO_COLOR says no; elsewhere only where FORCE_COLOR asks for it."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown", ""))


def say(text: str, style: str = "", *, err: bool = False) -> None:
    """A line for people; a colour for it as a whole is shown where colours are."""
    stream, text = sys.stderr if err else sys.stdout, harmless(text)
    click.echo(click.style(text, fg=style) if style and colours(stream) else text, err=err, color=True)


def state(word: str, text: str | None = None) -> str:
    """A state, or a text that speaks of it, in the state's colour where colours are shown."""
    shown, style = text or word, _STYLES.get(word)
    return click.style(shown, fg=style) if style and colours(sys.stdout) else shown


def harmless(text: str) -> str:
    """The text without signs that would rule the terminal, line breaks apart."""
    return text if text.isprintable() else "\n".join(line.translate(_HARMLESS) for line in text.split("\n"))


def print_json(lines: Iterable[Mapping[str, Any]]) -> None:
    """One object a line, and nothing else."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    write, encode = sys.stdout.write, json.JSONEncoder(ensure_ascii=not unicode).encode
    for line in lines:
        text = encode(line)
        write((text if text.isascii() else text.translate(_BREAKS)) + "\n")
    sys.stdout.flush()


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, prose: Collection[str] = (), coloured: Collection[str] = (), empty: str = "Nothing.") -> None:
    """A table, or a sentence where there is nothing in it.

    Args:
        headers: of the columns.
        rows: their cells; a column in which there are numbers alone stands to the right.
        prose: the columns that may be wrapped.
        coloured: the columns that hold a state, or how grave something is.
        empty: the sentence.
    """
    cells = [list(row) for row in rows]
    if not cells:
        click.echo(empty)
        return
    table = _Table(headers, cells, [header in prose for header in headers], [header in coloured for header in headers])
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if room is None or table.width <= room:
        table.print_lines()
        return
    table = table.without_blank()
    if table.narrowest <= room:
        table.print_wrapped(room)
    else:
        table.print_with_rest_below(room)


def spaced(tn: str | None) -> str:
    """A telephone number as people read it; what is none as it stands."""
    return f"{tn[:3]}-{tn[3:6]}-{tn[6:]}" if tn and len(tn) == 10 and tn.isdigit() else tn or ""


class _Table:
    """Lines of cells, and how wide they are."""

    def __init__(self, headers: Sequence[str], rows: Sequence[Sequence[Any]], prose: Sequence[bool], coloured: Sequence[bool]) -> None:
        self._headers, self._rows, self._prose, self._coloured = headers, rows, prose, coloured
        self._lines = [[_text(cell) for cell in row] for row in rows]
        self._right = [all(_is_number(row[place]) for row in rows) and any(row[place] for row in rows) for place in range(len(headers))]
        self._widths = [max(_width(line[place]) for line in (headers, *self._lines)) for place in range(len(headers))]
        self._colours = colours(sys.stdout)

    @property
    def width(self) -> int:
        """Of the widest line."""
        return sum(self._widths) + len(_GAP) * (len(self._widths) - 1)

    @property
    def narrowest(self) -> int:
        """Of the widest line when prose is wrapped as narrow as may be."""
        spared = sum(max(width - _NARROWEST, 0) for width, prose in zip(self._widths, self._prose, strict=True) if prose)
        return self.width - spared

    def without_blank(self) -> _Table:
        """The table without the columns in which nothing stands."""
        kept = [place for place in range(len(self._headers)) if any(line[place] for line in self._lines)]
        rows = [[row[place] for place in kept] for row in self._rows]
        return _Table([self._headers[place] for place in kept], rows, [self._prose[place] for place in kept], [self._coloured[place] for place in kept])

    def print_lines(self) -> None:
        """A line for each row."""
        every = range(len(self._headers))
        click.echo(self._header(every), color=True)
        for line in self._lines:
            click.echo(self._line(line, every), color=True)

    def print_wrapped(self, room: int) -> None:
        """The table as wide as there is room, its prose wrapped."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        class Printer(Console):
            def on_broken_pipe(self) -> None:  # rich itself would end with 1
                raise BrokenPipeError

        table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
        for header, prose, right in zip(self._headers, self._prose, self._right, strict=True):
            table.add_column(header, no_wrap=not prose, justify="right" if right else "left", overflow="fold")
        for line in self._lines:
            table.add_row(*(Text(cell, style=self._style(place, cell)) for place, cell in enumerate(line)))
        Printer(width=room, highlight=False, color_system="auto" if self._colours else None).print(table)

    def print_with_rest_below(self, room: int) -> None:
        """As many columns as there is room for, and what stands in the others below each row."""
        import textwrap

        beside, used = [], -len(_GAP)
        for place, width in enumerate(self._widths):
            if self._prose[place] or used + len(_GAP) + width > room:
                break
            used += len(_GAP) + width
            beside.append(place)
        click.echo(self._header(beside), color=True)
        for line in self._lines:
            click.echo(self._line(line, beside), color=True)
            rest = "; ".join(self._named(place, line[place]) for place in range(len(line)) if line[place] and place not in beside)
            for each in textwrap.wrap(rest, max(room - 4, _NARROWEST), break_on_hyphens=False, break_long_words=False):
                click.echo(f"    {each.replace(_HOLDS, ' ')}")

    def _named(self, place: int, cell: str) -> str:
        """A cell with its header; a short one is not to be broken."""
        text = f"{self._headers[place]}: {cell}"
        return text if self._prose[place] and _width(text) > _NARROWEST else text.replace(" ", _HOLDS)

    def _header(self, places: Iterable[int]) -> str:
        line = self._line(self._headers, places, plain=True)
        return click.style(line, bold=True) if self._colours else line

    def _line(self, cells: Sequence[str], places: Iterable[int], *, plain: bool = False) -> str:
        padded = []
        for place in places:
            text, space = cells[place], " " * (self._widths[place] - _width(cells[place]))
            shown = text if plain or not (style := self._style(place, text)) else click.style(text, fg=style)
            padded.append(space + shown if self._right[place] else shown + space)
        return _GAP.join(padded).rstrip()

    def _style(self, place: int, cell: str) -> str:
        return _STYLES.get(cell, "") if self._colours and self._coloured[place] else ""


def _text(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return text if text.isprintable() else text.translate(_HARMLESS)


def _is_number(cell: Any) -> bool:
    return cell is None or cell == "" or cell.__class__ is int


def _width(text: str) -> int:
    """How many places a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
