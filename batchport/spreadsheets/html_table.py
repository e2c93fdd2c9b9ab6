"""Web pages to sheets: their tables as they are seen. Many programs call such a page `.xls`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from pathlib import Path

from batchport.spreadsheets.cells import refuse_columns
from batchport.spreadsheets.encoding import SAMPLE_BYTES, to_utf_8
from batchport.spreadsheets.headers import saved_headers
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.markup import Tag, tags_of
from batchport.spreadsheets.rowwise import RowTable
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

#: Tables within tables, at most.
MAX_DEPTH = 50
#: Tables of a page that say anything, at most.
MAX_TABLES = 1_000

_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([a-z0-9_-]{2,20})", re.IGNORECASE)
#: What a page of our customers may say of its encoding; what the web calls Latin-1 or ASCII is Windows-1252.
_CODECS = {
    **{f"windows-125{page}": f"cp125{page}" for page in range(9)},
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in range(2, 17) if part != 12},
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii", "cp1252"), "cp1252"),
    "macintosh": "mac-roman",
}
#: Tags that begin a new line.
_LINES = frozenset({"br", "p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dd", "dt"})
_END_OF_TABLE = Tag("table", ends=True)
#: Stands for a line break that is seen; one in the page's text is a space.
_NEW_LINE = "\v"
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BREAKS = re.compile(r"[ \v]*\v[ \v]*")


def read_html(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The page's tables that say anything, the largest first; before them an `encoding-assumed` problem where the encoding was not certain.

    One table has no name; of several each is called by its place on the page: "Table 1" and so on. A table within a table is one for itself. Rows are
    numbered from 1 within their table.

    Raises:
        Unreadable: `file-unsupported` for a page without a table, `file-too-large`.
        OSError: the file cannot be opened.
    """
    data = path.read_bytes()
    declared = _DECLARED.search(data[:SAMPLE_BYTES])
    text, assumed = to_utf_8(data, _CODECS.get(declared[1].decode().lower(), "") if declared else "")
    del data
    if assumed:
        yield Problem("encoding-assumed", detail=assumed)
    tables = _tables_of(text.decode(), saved_headers(ask.saved), limits)
    named = [(table, f"Table {place}" if len(tables) > 1 else None) for place, table in enumerate(tables, 1)]
    for table, name in sorted(named, key=lambda pair: -pair[0].says):
        sheet = table.rows.sheet(name)
        if sheet is not None:
            yield sheet


def _tables_of(page: str, saved: Mapping[str, str], limits: Limits) -> list[_Table]:
    """The tables of a page that say anything, in the order in which they begin.

    Raises:
        Unreadable: `file-unsupported` for a page without a table, `file-too-large`.
    """
    found: list[tuple[int, _Table]] = []
    open_: list[tuple[int, _Table]] = []
    begun = 0
    for piece in chain(tags_of(page), repeat(_END_OF_TABLE, MAX_DEPTH)):  # what was not closed ends with the page
        if isinstance(piece, str) or piece.name != "table":
            if open_:
                open_[-1][1].take(piece)
        elif piece.ends:
            if open_:
                _keep(open_.pop(), found)
        else:
            if len(open_) == MAX_DEPTH:
                raise Unreadable("file-too-large", f"tables within tables, more than {MAX_DEPTH} deep")
            begun += 1
            open_.append((begun, _Table(saved, limits)))
    if not begun:
        raise Unreadable("file-unsupported", "it seems to be a web page without a table")
    return [table for _, table in sorted(found, key=lambda pair: pair[0])]


def _keep(ended: tuple[int, _Table], found: list[tuple[int, _Table]]) -> None:
    """Keep a table whose end was met, if it says anything."""
    ended[1].end_row()
    if ended[1].says:
        if len(found) == MAX_TABLES:
            raise Unreadable("file-too-large", f"more than {MAX_TABLES:,} tables")
        found.append(ended)


class _Table:
    """A table of a page, taken in tag by tag.

    Attributes:
        rows: its rows.
        says: how many of its cells say something.
    """

    def __init__(self, saved: Mapping[str, str], limits: Limits) -> None:
        self.rows = RowTable(saved, limits)
        self.says = 0
        self._limits = limits
        self._number = 0
        self._row: list[str] | None = None
        self._width = 0
        self._cell: list[str] | None = None
        self._tag = _END_OF_TABLE
        self._below: dict[int, int] = {}

    def take(self, piece: Tag | str) -> None:
        """Take in a tag or text; text between cells does not count."""
        if isinstance(piece, str):
            if self._cell is not None:
                self._cell.append(piece)
        elif piece.name in ("td", "th"):
            self._end_cell()
            if not piece.ends:
                self._begin_cell(piece)
        elif piece.name == "tr":
            self.end_row()
            if not piece.ends:
                self._begin_row()
        elif piece.name in ("thead", "tbody", "tfoot"):
            self.end_row()
            self._below.clear()
        elif piece.name in _LINES and self._cell is not None:
            self._cell.append(_NEW_LINE)

    def end_row(self) -> None:
        """The row ends here, if one has begun."""
        self._end_cell()
        if self._row is not None:
            self._pass_spans()
            self.rows.add(self._number, self._row)
            if self._below:
                self._below = {place: rows - 1 for place, rows in self._below.items() if rows > 1}
            self._row = None

    def _begin_row(self) -> None:
        self._number += 1
        self._row, self._width = [], 0

    def _begin_cell(self, tag: Tag) -> None:
        if self._row is None:
            self._begin_row()
        self._pass_spans()
        self._cell = []
        self._tag = tag

    def _end_cell(self) -> None:
        """Put the cell into the row; the other columns and rows that it spreads over are blank."""
        if self._cell is None or self._row is None:
            return
        text = _shown("".join(self._cell))
        self._cell = None
        if text.strip():
            self.says += 1
            refuse_columns(self._width + 1, self._limits)
        columns, rows = self._tag.columns, self._tag.rows
        room = min(columns, max(self._limits.max_columns - self._width, 0))
        self._row += [text, *[""] * (room - 1)][:room]
        if rows > 1:
            self._below.update(dict.fromkeys(range(self._width, self._width + room), rows))
        self._width += columns

    def _pass_spans(self) -> None:
        """Leave the next columns blank into which cells of rows above reach."""
        while self._row is not None and self._width in self._below:
            self._row.append("")
            self._width += 1


def _shown(text: str) -> str:
    """The text of a cell as a page shows it: spaces in a row are one, and line breaks those that tags make."""
    text = _SPACES.sub(" ", text).strip(" \v")
    return _BREAKS.sub("\n", text) if _NEW_LINE in text else text
