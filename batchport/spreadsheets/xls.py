"""Workbooks of Excel 97 to 2003 to sheets of text. They hold at most 65,536 rows, so a reader that is slow but says all is the right one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import error_text_from_code
from xlrd.compdoc import CompDoc

from batchport.spreadsheets.displayed import BUILT_IN, TOO_LONG, NumberFormat, general, identifier, iso, moment_of, number_format
from batchport.spreadsheets.gather import Both, Rows, gather
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

_MACROS = "_VBA_PROJECT_CUR".encode("utf-16-le")
#: Days between 1900, from which most workbooks count, and 1904, from which some do.
_SINCE_1904 = 1462
#: Formats that are the country's, which the reader has with years of two digits.
_SHORT_DATES = (14, 22)


def read_xls(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The visible sheets that hold anything, one after the other; of a hidden one that it was skipped, or the sheet where all are asked for.

    Raises:
        Unreadable: `file-encrypted`, `file-too-large`, `file-unreadable`.
    """
    data = path.read_bytes()
    if _MACROS in data:
        yield Problem("macros-ignored")
    try:
        _refuse_rings(data)
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, on_demand=True, logfile=io.StringIO())
        for place, name in enumerate(book.sheet_names()):
            hidden = book._sheet_visibility[place] != 0  # noqa: SLF001  else the sheet would have to be read to know
            if hidden and not ask.whole:
                yield Problem("sheet-skipped", detail=name)
                continue
            sheet = _Sheet(book, book.sheet_by_index(place), ask).read(limits, hidden=hidden)
            book.unload_sheet(place)
            if sheet is not None:
                yield sheet
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).casefold():
            raise Unreadable("file-encrypted", "the workbook asks for a password") from error
        raise Unreadable("file-unreadable", "what is in the workbook is damaged") from error


def _refuse_rings(data: bytes) -> None:
    """Refuse a compound file whose small sectors lead back to themselves; the reader would go round until the memory is full."""
    following = CompDoc(data, logfile=io.StringIO()).SSAT
    way = [-1] * len(following)  # on the way from which sector each was come by first
    for start in range(len(following)):
        at = start
        while 0 <= at < len(following) and way[at] < 0:
            way[at] = start
            at = following[at]
        if 0 <= at < len(following) and way[at] == start:
            raise Unreadable("file-unreadable", "what is in the workbook is damaged")


class _Sheet:
    """A sheet on its way."""

    def __init__(self, book: Any, sheet: Any, ask: Ask) -> None:
        self._book, self._sheet, self._ask = book, sheet, ask
        self._problems: list[Problem] = []
        self._forms: dict[int, NumberFormat] = {}
        self._known: dict[tuple[int, float], Both] = {}

    def read(self, limits: Limits, *, hidden: bool) -> Sheet | None:
        """The sheet as text; None when nothing is in it."""
        merged = [((top, left), (bottom - 1, right - 1)) for top, bottom, left, right in self._sheet.merged_cells]
        gathered = gather(Rows(self._sheet.name, self._rows(), merged=merged, hidden=hidden), self._ask, limits)
        rows_hidden = [row + 1 for row, about in self._sheet.rowinfo_map.items() if about.hidden]
        return gathered.sheet(limits, self._problems, rows_hidden) if gathered is not None else None

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        sheet = self._sheet
        plainly = {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK} | (set() if self._ask.whole else {xlrd.XL_CELL_TEXT})
        for row in range(sheet.nrows):
            types, cells = sheet.row_types(row), sheet.row_values(row)
            for column, kind in enumerate(types):
                if kind not in plainly:
                    cells[column] = self._shown(kind, cells[column], row, column)
            yield row + 1, cells

    def _shown(self, kind: int, value: Any, row: int, column: int) -> str | Both:
        if kind == xlrd.XL_CELL_TEXT:
            return self._form(self._sheet.cell_xf_index(row, column)).text(value)
        if kind == xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if value else "FALSE"
        if kind == xlrd.XL_CELL_ERROR:
            text = str(error_text_from_code.get(value, "#ERROR"))
            self._problems.append(Problem("cell-error-value", row + 1, column, text))
            return text
        if abs(value) >= TOO_LONG:
            self._problems.append(Problem("rounded", row + 1, column))
        style = self._sheet.cell_xf_index(row, column)
        known = self._known.get((style, value))
        if known is None:
            known = self._known[style, value] = self._both(kind, value, style)
        return known

    def _both(self, kind: int, value: float, style: int) -> Both:
        form = self._form(style)
        if kind == xlrd.XL_CELL_DATE:
            value += _SINCE_1904 if self._book.datemode and value >= 1 else 0
            try:
                return Both(iso(moment_of(value)), form.number(value), dated=True)
            except OverflowError:  # a number that is no date, in a format of dates
                return Both(general(value), general(value))
        return Both(general(value), form.number(value) if self._ask.whole else identifier(value, form))

    def _form(self, style: int) -> NumberFormat:
        if style not in self._forms:
            known = self._book.format_map[self._book.xf_list[style].format_key]
            self._forms[style] = number_format(BUILT_IN[known.format_key] if known.format_key in _SHORT_DATES else known.format_str)
        return self._forms[style]
