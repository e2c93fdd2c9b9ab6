"""OpenDocument spreadsheets to sheets of text: they keep beside every value the text that its cell shows.

Rows and cells that are alike stand once, with how often they repeat, so a few bytes can mean a billion cells: what is blank is passed over, and what is
not is counted against the limits before it is repeated.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from batchport.spreadsheets.cells import refuse_columns
from batchport.spreadsheets.container import Container
from batchport.spreadsheets.displayed import TOO_LONG, general, with_all_digits
from batchport.spreadsheets.gather import Both, Rows, gather
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable
from batchport.spreadsheets.streamed import Cell, Event, StreamedSheet, rows_of
from batchport.spreadsheets.xml_stream import Markup

_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0 "
_DRAW = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "

_CELLS = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_ANNOTATION, _PARAGRAPH = _OFFICE + "annotation", _TEXT + "p"
_REPEATED, _SPANNED, _FORMULA = _TABLE + "number-columns-repeated", _TABLE + "number-columns-spanned", _TABLE + "formula"
_KIND, _VALUE, _FULL_KIND = _OFFICE + "value-type", _OFFICE + "value", _CALC + "value-type"
_ERRORS = re.compile(r"#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!)|Err:[0-9]{3}")
_NUMBERS = ("float", "percentage", "currency")
_MACRO = re.compile(r"(?:basic/[^/]+/(?!script-l[bc]\.xml).+|scripts/.+)")
_SPAN = re.compile(r"(-?)P(?:[0-9]+Y)?(?:[0-9]+M)?(?:([0-9]+)D)?T?(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.[0-9]*)?S)?")

def read_ods(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The visible sheets that hold anything, one after the other; of a hidden one that it was skipped, or the sheet where all are asked for.

    Raises:
        Unreadable: `file-encrypted`, `file-too-large`, `file-unreadable`.
    """
    with Container(path, limits) as container:
        if b"encryption-data" in container.whole(_MANIFEST):
            raise Unreadable("file-encrypted", "the workbook asks for a password")
        if _CONTENT not in container:
            raise Unreadable("file-unreadable", "the sheets in it are missing")
        container.refuse_bombs(frozenset({_CONTENT}))
        if any(_MACRO.fullmatch(name) for name in container.names()):
            yield Problem("macros-ignored")
        book = _Book(ask, limits)
        events = book.events(container.pieces(_CONTENT))
        for event in events:
            if not isinstance(event, StreamedSheet):
                continue
            if event.hidden and not ask.whole:
                yield Problem("sheet-skipped", detail=event.name)
                continue
            sheet = _sheet_of(event, events, ask, limits)
            if sheet is not None:
                yield sheet


def _sheet_of(table: StreamedSheet, events: Iterator[Event], ask: Ask, limits: Limits) -> Sheet | None:
    gathered = gather(Rows(table.name, rows_of(events), merged=table.merged, hidden=table.hidden), ask, limits)
    return gathered.sheet(limits, table.problems, table.rows_hidden) if gathered is not None else None


class _Book:
    """Takes the elements of the content in, and gives out sheets, rows that say something, and None where a sheet ends."""

    def __init__(self, ask: Ask, limits: Limits) -> None:
        self._ask, self._limits = ask, limits
        self._out: deque[Event] = deque()
        self._style = ""
        self._hidden_styles: set[str] = set()
        self._table: StreamedSheet | None = None
        self._depth = 0  # of tables: there may be tables inside of cells
        self._aside = 0  # of notes and drawings, whose text is none of the cell's
        self._row, self._row_repeats, self._row_hidden = 0, 1, False
        self._cells: list[Cell] = []
        self._column = 0
        self._cell: dict[str, str] | None = None
        self._lines: list[str] = []
        self._in_line = False
        self._starts = {
            _TABLE + "table-cell": self._cell_started, _TABLE + "covered-table-cell": self._cell_started, _PARAGRAPH: self._line_started,
            _TABLE + "table-row": self._row_started, _TABLE + "table": self._table_started, _STYLE + "style": self._style_started,
            _STYLE + "table-properties": self._table_style,
        }  # fmt: skip

    def events(self, pieces: Iterable[bytes]) -> Iterator[Event]:
        """What the content says, while it is read."""
        markup = Markup(self._started, self._ended, self._said, namespaces=True)
        for piece in pieces:
            markup.feed(piece)
            while self._out:
                yield self._out.popleft()
        markup.feed(b"", last=True)
        yield from self._out

    def _started(self, name: str, said: dict[str, str]) -> None:
        if self._aside or (self._cell is not None and (name == _ANNOTATION or name.startswith(_DRAW))):
            self._aside += 1
        elif (start := self._starts.get(name)) is not None:
            start(said)
        elif self._in_line and name.startswith(_TEXT):
            self._text_started(name, said)

    def _cell_started(self, said: dict[str, str]) -> None:
        if self._depth == 1:
            self._cell, self._lines = said, []

    def _line_started(self, _: dict[str, str]) -> None:
        if self._cell is not None:
            self._lines.append("")
            self._in_line = True

    def _row_started(self, said: dict[str, str]) -> None:
        if self._depth == 1:
            self._row_repeats = _count(said.get(_TABLE + "number-rows-repeated"))
            self._row_hidden = said.get(_TABLE + "visibility", "visible") != "visible"
            self._cells, self._column = [], 0

    def _table_started(self, said: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self._table = StreamedSheet(said.get(_TABLE + "name", ""), said.get(_TABLE + "style-name") in self._hidden_styles)
            self._row = 0
            self._out.append(self._table)

    def _style_started(self, said: dict[str, str]) -> None:
        self._style = said.get(_STYLE + "name", "")

    def _table_style(self, said: dict[str, str]) -> None:
        if said.get(_TABLE + "display") == "false":
            self._hidden_styles.add(self._style)

    def _text_started(self, name: str, said: dict[str, str]) -> None:
        kind = name.removeprefix(_TEXT)
        blanks = min(_count(said.get(_TEXT + "c")), self._limits.max_cell + 1) if kind == "s" else 0
        self._lines[-1] += {"tab": "\t", "line-break": "\n", "s": " " * blanks}.get(kind, "")

    def _said(self, text: str) -> None:
        if self._in_line and not self._aside:
            self._lines[-1] += text

    def _ended(self, name: str) -> None:
        if self._aside:
            self._aside -= 1
        elif name == _PARAGRAPH:
            self._in_line = False
        elif name in _CELLS:
            if self._depth == 1 and self._cell is not None:
                self._cell_ended(self._cell, "\n".join(self._lines))
                self._cell = None
        elif name == _TABLE + "table-row" and self._depth == 1:
            self._row_ended()
        elif name == _TABLE + "table":
            self._depth -= 1
            if self._depth == 0:
                self._out.append(None)

    def _cell_ended(self, said: dict[str, str], text: str) -> None:
        repeats = _count(said.get(_REPEATED))
        if _SPANNED in said and self._table is not None:
            spanned = _count(said[_SPANNED])
            self._table.merged.append(((self._row, self._column), (self._row, self._column + spanned - 1)))
        value = self._value(said, text)
        if value:
            refuse_columns(self._column + repeats, self._limits)
            self._cells += [""] * (self._column - len(self._cells)) + [value] * repeats
        self._column += repeats

    def _value(self, said: dict[str, str], text: str) -> Cell:
        """What a cell holds; what is odd about it is noted."""
        kind = said.get(_KIND, "")
        formula = _FORMULA in said
        if said.get(_FULL_KIND) == "error" or (formula and kind in ("", "string") and _ERRORS.fullmatch(text)):
            self._note("cell-error-value", text)
            return text
        if kind in _NUMBERS and text not in ("TRUE", "FALSE"):
            return self._number(said.get(_VALUE, ""), text)
        if kind in ("date", "time"):
            return Both(_date(said.get(_OFFICE + "date-value", "")) if kind == "date" else _time(said.get(_OFFICE + "time-value", "")), text, dated=True)
        if kind == "boolean":
            return "TRUE" if said.get(_OFFICE + "boolean-value") == "true" else "FALSE"
        if formula and not kind and not text:
            self._note("cell-formula-no-value")
        return text or said.get(_OFFICE + "string-value", "")

    def _number(self, value: str, text: str) -> Cell:
        try:
            number = float(value)
            plain = general(number)
        except (ValueError, OverflowError):
            return text
        if abs(number) >= TOO_LONG:
            self._note("rounded")
        return Both(plain, text if self._ask.whole else with_all_digits(text, plain))

    def _note(self, code: str, detail: str = "") -> None:
        if self._table is not None:
            self._table.problems.append(Problem(code, self._row + 1, self._column, detail))

    def _row_ended(self) -> None:
        """Give the row out, as often as it repeats; what is odd in it stands on the first of them."""
        first, self._row = self._row + 1, self._row + self._row_repeats
        if not self._cells or self._table is None:
            return
        if self._row > self._limits.max_rows:
            raise Unreadable("file-too-large", f"sheet {self._table.name!r} has {self._row:,} rows; at most {self._limits.max_rows:,}")
        numbers = range(first, self._row + 1)
        if self._row_hidden:
            self._table.rows_hidden += numbers
        self._out.extend((number, self._cells) for number in numbers)


def _count(text: str | None) -> int:
    """How often something is repeated; once where that is not said."""
    return max(int(text), 1) if text and text.isdecimal() and len(text) < 10 else 1


def _date(text: str) -> str:
    """A date as the file keeps it, without a time that is midnight and without parts of a second."""
    day, _, clock = text.partition("T")
    clock = clock.partition(".")[0]
    return day if clock in ("", "00:00:00") else f"{day} {clock}"


def _time(text: str) -> str:
    """A time or span, as hours, minutes and seconds."""
    found = _SPAN.fullmatch(text)
    if not found:
        return text
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    return f"{found[1]}{days * 24 + hours:02d}:{minutes:02d}:{seconds:02d}"
