"""Workbooks to sheets of the text their cells show. Runs in the reading process: see `child`.

The cells of Excel's newer kinds come from a compiled reader that is fast, but says of a cell nothing except its value, and asks for memory for the whole
rectangle that the cells span. So the sheet's own bytes are looked through besides: before, how far it reaches; meanwhile, on the second core, what is odd
in it; and after, only where numbers stand in columns of identifiers, how they are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    ZipError,
)

from batchport.spreadsheets import sheet_xml, xlsb, xlsx
from batchport.spreadsheets.cells import Ints, refuse_columns
from batchport.spreadsheets.container import Container
from batchport.spreadsheets.displayed import GENERAL, NumberFormat, number_format
from batchport.spreadsheets.gather import FormsOf, Rows, gather
from batchport.spreadsheets.kinds import Kind
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.ods import read_ods
from batchport.spreadsheets.portions import portions
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable
from batchport.spreadsheets.sheet_xml import Oddities, Styles
from batchport.spreadsheets.xls import read_xls
from batchport.spreadsheets.xml_2003 import read_xml_2003

#: What the compiled reader takes for a cell, filled or blank.
_CELL_BYTES = 32
#: A sheet of more cells than this is taken in portion by portion, where that can be.
MANY_CELLS = 6_000_000
#: A sheet of fewer cells is looked through at once; a thread would take longer to start.
_FEW_CELLS = 20_000
_SUFFIXES = {Kind.XLSX: (".xlsx", ".xlsm"), Kind.XLSB: (".xlsb",)}


def read_workbook(path: Path, kind: Kind, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The workbook's visible sheets that hold anything, one after the other; of a hidden one that it was skipped, or the sheet where all are asked for.

    Raises:
        Unreadable: `file-encrypted`, `file-too-large`, `file-unreadable`.
    """
    try:
        yield from _READERS[kind](path, ask, limits)
    except MemoryError as error:
        raise Unreadable("file-too-large", f"reading it takes more than {limits.memory_bytes // 1024**2:,} MB of memory") from error


def _read_office(path: Path, ask: Ask, limits: Limits, kind: Kind) -> Iterator[Sheet | Problem]:
    """The sheets of a workbook in a container of Office."""
    with ExitStack() as stack:
        container = stack.enter_context(Container(path, limits))
        parts = (xlsb if kind is Kind.XLSB else xlsx).sheet_parts(container)
        container.refuse_bombs(frozenset(part.casefold() for part in parts.values()))
        if xlsx.has_macros(container):
            yield Problem("macros-ignored")
        try:
            book = stack.enter_context(_opened(path, kind, stack))
            for about in book.sheets_metadata:
                if about.typ != SheetTypeEnum.WorkSheet:
                    continue
                hidden = about.visible != SheetVisibleEnum.Visible
                if hidden and not ask.whole:
                    yield Problem("sheet-skipped", detail=about.name)
                    continue
                name = parts.get(about.name, "")
                source = _Source(about.name, partial(book.get_sheet_by_name, about.name), partial(portions, path, name, parts.values(), limits), hidden)
                sheet = _read_sheet(source, _BinaryPart(container, name) if kind is Kind.XLSB else _XmlPart(container, name), ask, limits)
                if sheet is not None:
                    yield sheet
        except PasswordError as error:
            raise Unreadable("file-encrypted", "the workbook asks for a password") from error
        except ZipError as error:
            raise Unreadable("file-unreadable", "its zip container is damaged or cut off") from error
        except CalamineError as error:
            raise Unreadable("file-unreadable", "what is in the workbook is damaged") from error


def _opened(path: Path, kind: Kind, stack: ExitStack) -> CalamineWorkbook:
    """The workbook; by its name where that is right, because the reader then needs nothing of ours while it works."""
    if path.suffix.lower() in _SUFFIXES[kind]:
        return CalamineWorkbook.from_path(path)
    return CalamineWorkbook.from_filelike(stack.enter_context(path.open("rb")))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the cells of a sheet come from.

    Attributes:
        name: the sheet's.
        read: reads it at once.
        portions: gives workbooks with one portion of it each.
        hidden: whether it is hidden.
    """

    name: str
    read: Callable[[], CalamineSheet]
    portions: Callable[[], Iterator[BytesIO]]
    hidden: bool

    def in_portions(self) -> Iterator[CalamineSheet]:
        """The sheet portion by portion."""
        for portion in self.portions():
            with CalamineWorkbook.from_filelike(portion) as book:
                sheet = book.get_sheet_by_name(self.name)
            yield sheet


class _XmlPart:
    """The XML of a sheet."""

    has_portions = True

    def __init__(self, container: Container, name: str) -> None:
        self._container = container
        self._name = name

    def extent(self, most: int) -> tuple[int, int]:
        """The last row and the count of columns."""
        return sheet_xml.extent(self._container.pieces(self._name), most)

    def oddities(self) -> Oddities:
        """What is odd in cells and rows."""
        return sheet_xml.oddities(self._container.pieces(self._name))

    def forms(self, columns: list[int]) -> dict[int, FormsOf]:
        """The formats of the cells of some columns."""
        return _forms(sheet_xml.styles(self._container.pieces(self._name), columns), xlsx.style_formats(self._container))


class _BinaryPart:
    """The records of a sheet of a binary workbook."""

    has_portions = False

    def __init__(self, container: Container, name: str) -> None:
        self._container = container
        self._records = xlsb.BinaryPart(container, name)

    def extent(self, most: int) -> tuple[int, int]:  # noqa: ARG002  it was looked through already
        """The last row and the count of columns."""
        return self._records.extent()

    def oddities(self) -> Oddities:
        """What is odd in cells and rows."""
        return self._records.oddities()

    def forms(self, columns: list[int]) -> dict[int, FormsOf]:
        """The formats of the cells of some columns."""
        return _forms(self._records.styles(columns), xlsb.style_formats(self._container))


def _forms(styles: dict[int, Styles], codes: list[str]) -> dict[int, FormsOf]:
    """What gives the formats of the cells of columns, by their styles."""
    known = [number_format(code) for code in codes or [GENERAL]]
    return {column: partial(_forms_of, each, known) for column, each in styles.items()}


def _forms_of(styles: Styles, known: list[NumberFormat], rows: Ints) -> tuple[Ints, list[NumberFormat]]:
    """The formats, and which of them the cells in some rows have; an unknown style is the first."""
    ids = styles.of(rows)
    ids[ids >= len(known)] = 0
    return ids, known


def _read_sheet(source: _Source, part: _XmlPart | _BinaryPart, ask: Ask, limits: Limits) -> Sheet | None:
    """A sheet as text; None when nothing is in it."""
    last, width = part.extent(limits.max_columns)
    refuse_columns(width, limits)
    if last * width * _CELL_BYTES > limits.memory_bytes // 2:
        raise Unreadable("file-too-large", f"its cells reach to row {last:,}; perhaps a stray cell stands far below the table")
    with ThreadPoolExecutor(1) as pool:
        odd: Future[Oddities] | None = pool.submit(part.oddities) if last * width > _FEW_CELLS else None
        rows = (_in_portions if part.has_portions and last * width > MANY_CELLS else _at_once)(source, last, limits)
        gathered = gather(rows, ask, limits) if rows is not None else None
        found = odd.result() if odd is not None else part.oddities()
    if gathered is None:
        return None
    gathered.put(found.errors)
    if waiting := gathered.waiting():
        gathered.render(part.forms(waiting))
    return gathered.sheet(limits, problems_of(found), found.hidden)


def _at_once(source: _Source, last: int, limits: Limits) -> Rows | None:
    """The rows of a sheet that is read as a whole."""
    sheet = source.read()
    if sheet.start is None:
        return None
    _refuse_size(sheet, limits)
    return Rows(source.name, enumerate(sheet.iter_rows(), 1), sheet.start[1], sheet.merged_cell_ranges or (), source.hidden, last)


def _in_portions(source: _Source, last: int, limits: Limits) -> Rows | None:
    """The rows of a sheet that is read portion by portion, all padded to column A: each portion begins where its own cells do."""
    portions = source.in_portions()
    first = next(portions)

    def numbered() -> Iterator[tuple[int, list[Any]]]:
        for sheet in chain([first], portions):
            if sheet.start is None:
                continue
            _refuse_size(sheet, limits)
            left = [""] * sheet.start[1]
            # Row by row it would begin with all the rows above.
            for number, cells in enumerate(sheet.to_python(), sheet.start[0] + 1):
                yield number, [*left, *cells] if left else cells

    return Rows(source.name, numbered(), 0, first.merged_cell_ranges or (), source.hidden, last)


def _refuse_size(sheet: CalamineSheet, limits: Limits) -> None:
    """Raise for a sheet that reaches further than is read."""
    if sheet.end is None:
        return
    refuse_columns(sheet.end[1] + 1, limits)
    if sheet.end[0] >= limits.max_rows:
        raise Unreadable("file-too-large", f"sheet {sheet.name!r} has {sheet.end[0] + 1:,} rows; at most {limits.max_rows:,}")


def problems_of(found: Oddities) -> Iterable[Problem]:
    """What is to be said of cells."""
    yield from (Problem("cell-error-value", row, column, text) for row, column, text in found.errors)
    yield from (Problem("cell-formula-no-value", row, column) for row, column in found.unvalued)


_READERS: Mapping[Kind, Callable[[Path, Ask, Limits], Iterator[Sheet | Problem]]] = {
    Kind.XLSX: partial(_read_office, kind=Kind.XLSX),
    Kind.XLSB: partial(_read_office, kind=Kind.XLSB),
    Kind.XLS: read_xls,
    Kind.ODS: read_ods,
    Kind.XML_2003: read_xml_2003,
}
