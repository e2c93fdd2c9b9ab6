"""XML spreadsheets of Excel 2003 to sheets of text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from batchport.spreadsheets.cells import refuse_columns
from batchport.spreadsheets.container import PIECE
from batchport.spreadsheets.displayed import BUILT_IN, GENERAL, TOO_LONG, NumberFormat, general, identifier, iso, number_format, serial
from batchport.spreadsheets.gather import Both, Rows, gather
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable
from batchport.spreadsheets.streamed import Cell, Event, StreamedSheet, rows_of
from batchport.spreadsheets.xml_stream import Markup

#: The formats that these files know by name.
_NAMED = {
    "General Number": GENERAL, "General Date": BUILT_IN[22], "Long Date": "dddd, mmmm d, yyyy", "Medium Date": BUILT_IN[15], "Short Date": BUILT_IN[14],
    "Long Time": BUILT_IN[19], "Medium Time": BUILT_IN[18], "Short Time": BUILT_IN[20], "Currency": '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)',
    "Euro Currency": "[$€-2] #,##0.00_);[Red]\\([$€-2] #,##0.00\\)", "Fixed": BUILT_IN[2], "Standard": BUILT_IN[4], "Percent": BUILT_IN[10],
    "Scientific": BUILT_IN[11], "Yes/No": '"Yes";"Yes";"No"', "True/False": '"True";"True";"False"', "On/Off": '"On";"On";"Off"',
}  # fmt: skip

def read_xml_2003(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The visible sheets that hold anything, one after the other; of a hidden one that it was skipped, or the sheet where all are asked for.

    Raises:
        Unreadable: `file-too-large`, `file-unreadable`.
    """
    book = _Book(ask, limits)
    events = book.events(_pieces(path))
    for event in events:
        if not isinstance(event, StreamedSheet):
            continue
        rows = Rows(event.name, rows_of(events), merged=event.merged)
        gathered = gather(rows, ask, limits)
        rows.hidden = event.hidden  # which is said below the rows
        if event.hidden and not ask.whole:
            yield Problem("sheet-skipped", detail=event.name)
        elif gathered is not None:
            yield gathered.sheet(limits, event.problems, event.rows_hidden)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield file.read(PIECE).lstrip(b" \t\r\n")
        while piece := file.read(PIECE):
            yield piece


class _Book:
    """Takes the elements of the file in, and gives out sheets, rows that say something, and None where a sheet ends."""

    def __init__(self, ask: Ask, limits: Limits) -> None:
        self._ask, self._limits = ask, limits
        self._out: deque[Event] = deque()
        self._codes: dict[str, str] = {}
        self._style = ""
        self._sheet = StreamedSheet("")
        self._row, self._row_hidden, self._row_style, self._span = 0, False, "", 0
        self._column, self._across = 0, 0
        self._cells: list[Cell] = []
        self._cell: dict[str, str] | None = None
        self._kind = ""
        self._text: list[str] | None = None
        self._value: Cell = ""
        self._in_note = False
        self._in_visible = False

    def events(self, pieces: Iterable[bytes]) -> Iterator[Event]:
        """What the file says, while it is read."""
        markup = Markup(self._started, self._ended, self._said)
        for piece in pieces:
            markup.feed(piece)
            while self._out:
                yield self._out.popleft()
        markup.feed(b"", last=True)
        yield from self._out

    def _started(self, name: str, said: dict[str, str]) -> None:
        if name == "Cell":
            self._column = _index(said, self._column + 1)
            self._across = _count(said.get("MergeAcross"))
            self._cell, self._value = said, ""
        elif name == "Comment":
            self._in_note = True
        elif name == "Data" and self._cell is not None and not self._in_note:
            self._kind, self._text = said.get("Type", "String"), []
        elif name == "Row":
            self._row = _index(said, self._row + 1)
            self._row_hidden, self._row_style, self._span = said.get("Hidden") == "1", said.get("StyleID", ""), _count(said.get("Span"))
            self._cells, self._column = [], 0
        elif name == "Worksheet":
            self._sheet = StreamedSheet(said.get("Name", ""))
            self._row = 0
            self._out.append(self._sheet)
        elif name == "Style":
            self._style = said.get("ID", "")
            if said.get("Parent") in self._codes:
                self._codes[self._style] = self._codes[said["Parent"]]
        elif name == "NumberFormat":
            self._codes[self._style] = said.get("Format", GENERAL)
        elif name == "Visible":
            self._text, self._in_visible = [], True

    def _said(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _ended(self, name: str) -> None:
        if name == "Data" and self._text is not None and self._cell is not None:
            self._value = self._cell_value(self._cell, "".join(self._text))
            self._text = None
        elif name == "Cell" and self._cell is not None:
            self._cell_ended(self._cell)
            self._cell = None
        elif name == "Comment":
            self._in_note = False
        elif name == "Row":
            self._row_ended()
        elif name == "Visible" and self._in_visible:
            self._sheet.hidden = "Hidden" in "".join(self._text or ())
            self._text, self._in_visible = None, False
        elif name == "Worksheet":
            self._out.append(None)

    def _cell_ended(self, said: dict[str, str]) -> None:
        if self._across:
            self._sheet.merged.append(((self._row - 1, self._column - 1), (self._row - 1, self._column - 1 + self._across)))
        if "Formula" in said and not self._value and not self._kind:
            self._note("cell-formula-no-value")
        if self._value:
            refuse_columns(self._column, self._limits)
            self._cells += [""] * (self._column - 1 - len(self._cells)) + [self._value]
        self._column += self._across
        self._kind = ""

    def _cell_value(self, said: dict[str, str], text: str) -> Cell:
        if self._kind == "Error":
            self._note("cell-error-value", text)
            return text
        if self._kind == "Boolean":
            return "TRUE" if text.strip() == "1" else "FALSE"
        try:
            if self._kind == "Number":
                return self._number(float(text), self._form(said))
            if self._kind == "DateTime":
                return self._date(datetime.fromisoformat(text.strip()), self._form(said))
        except (ValueError, OverflowError):
            return text
        return text

    def _number(self, value: float, form: NumberFormat) -> Both:
        if abs(value) >= TOO_LONG:
            self._note("rounded")
        return Both(general(value), form.number(value) if self._ask.whole else identifier(value, form))

    def _date(self, value: datetime, form: NumberFormat) -> Both:
        moment = value.time() if value.year < 1900 else value
        plain = iso(moment)
        return Both(plain, form.number(serial(moment)) if form.dated else plain, dated=True)

    def _form(self, said: dict[str, str]) -> NumberFormat:
        code = self._codes.get(said.get("StyleID") or self._row_style, self._codes.get("Default", GENERAL))
        return number_format(_NAMED.get(code, code) or GENERAL)

    def _note(self, code: str, detail: str = "") -> None:
        self._sheet.problems.append(Problem(code, self._row, self._column - 1, detail))

    def _row_ended(self) -> None:
        if self._cells:
            if self._row > self._limits.max_rows:
                raise Unreadable("file-too-large", f"sheet {self._sheet.name!r} has {self._row:,} rows; at most {self._limits.max_rows:,}")
            if self._row_hidden:
                self._sheet.rows_hidden.append(self._row)
            self._out.append((self._row, self._cells))
        self._row += self._span


def _index(said: dict[str, str], otherwise: int) -> int:
    """Where a row or cell says that it stands; it only ever goes on."""
    return max(_count(said.get("Index")), otherwise)


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
