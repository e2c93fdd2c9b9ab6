"""Large sheets of text, written by whole columns into a workbook that XlsxWriter made.

XlsxWriter is thorough and writes cell by cell: some 10,000 rows a second. So it makes the book, with widths, filters, frozen headers, notes and
formats, and of a large sheet only a *pattern*:

    row 1   the header, kept as it is
    row 2   a blank cell for each look that cells of this sheet have: look 0, 1, ...

`fill` copies the book and puts the real rows in place of row 2 and all after it. Only the style numbers of the pattern survive, so that every look
is still described with XlsxWriter's own words. Cells are inline strings. Their XML is joined from whole Arrow columns, once for each different value
where values repeat, and goes into the zip in slices, so that memory holds one slice of XML and not the sheet.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.utility import xl_col_to_name

from batchport.domain.table import Column, Ints, text_array

#: Rows that a sheet can hold below its header.
MOST_ROWS = 1_048_575
#: Signs that a cell can hold, counted as UTF-16 does.
MOST_SIGNS = 32_767
#: How tall a line of text is, in points, and how many lines the tallest row holds.
LINE_HEIGHT, MOST_LINES = 15, 27
#: What makes a spreadsheet program take a text for a formula.
_FORMULA = r"\A[=+\-@\t\r]"
#: Signs that XML cannot hold.
_UNWRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
_KEEP_SPACE = r"\A\s|\s\z|\n"
_ODD = rf"{_FORMULA}|{_KEEP_SPACE}|[&<>\r]|_x[0-9A-Fa-f]{{4}}|{_UNWRITABLE}"
_SLICE = 10_000
#: What a row's tag says besides its number, by its lines.
_TALL = text_array(["", "", *(f' ht="{LINE_HEIGHT * lines}" customHeight="1"' for lines in range(2, MOST_LINES + 1))])
_ROW = re.compile(rb'<row r="([12])"[^>]*(?<!/)>.*?</row>', re.DOTALL)
_STYLE = re.compile(rb' s="(\d+)"')
_ROWS = re.compile(rb"<sheetData>.*</sheetData>", re.DOTALL)
_EXTENT = re.compile(rb'<dimension ref="[^"]*"/>')


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Cells that look different from their column: place of the row, place of the column, look; sorted by row, and no cell twice."""

    row: Ints
    column: Ints
    look: Ints

    def between(self, start: int, end: int) -> Marks:
        """The marks of some rows, counted from the first of these."""
        part = slice(*np.searchsorted(self.row, (start, end)))
        return Marks(self.row[part] - start, self.column[part], self.look[part])


@dataclass(frozen=True, slots=True, eq=False)
class PlainSheet:
    """The rows of one sheet, at most `MOST_ROWS`: its columns of text, the look of each column, and the cells that are marked.

    Where `lines` says how many lines of text each row needs, 1 to `MOST_LINES`, rows are as tall as that. Not every program finds it out by itself.
    """

    columns: Sequence[Column]
    looks: Sequence[int]
    marks: Marks
    lines: Ints | None = None

    def __len__(self) -> int:
        return len(self.columns[0])


def fill(book: bytes, sheets: Mapping[int, PlainSheet]) -> bytes:
    """The workbook with rows instead of patterns; the same bytes for the same input.

    Args:
        book: a workbook of XlsxWriter's, with a pattern in each sheet that is to be filled.
        sheets: the rows by the place of their sheet in the book, the first is 0.
    """
    parts = {f"xl/worksheets/sheet{place + 1}.xml": sheet for place, sheet in sheets.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        for name in source.namelist():
            sheet = parts.get(name)
            # Without force_zip64 an entry that grows beyond 2 GiB fails at its end; with it, small files would carry a field they do not need.
            with copy.open(name, "w", force_zip64=sheet is not None and _most_bytes(sheet) > zipfile.ZIP64_LIMIT) as entry:
                for piece in [source.read(name)] if sheet is None else _sheet_xml(source.read(name), sheet):
                    entry.write(piece)
    return target.getvalue()


def guarded(values: pa.StringArray) -> pa.StringArray:
    """The texts, with an apostrophe before each that a spreadsheet program would take for a formula."""
    return pc.if_else(pc.match_substring_regex(values, _FORMULA), pc.binary_join_element_wise("'", values, ""), values)


def guarded_text(text: str) -> str:
    """As `guarded`, for one text."""
    return "'" + text if re.match(_FORMULA, text) else text


def cut(text: str, most: int = MOST_SIGNS) -> str:
    """The text without the signs that a workbook cannot hold, and as far as a cell can hold it."""
    text = re.sub(_UNWRITABLE, "", text)
    return text if len(text) <= most // 2 else text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def longest(values: pa.StringArray) -> int:
    """The bytes of the longest text; 0 when there is none."""
    offsets = np.frombuffer(values.buffers()[1] or b"", np.int32)[values.offset : values.offset + len(values) + 1]
    return int((offsets[1:] - offsets[:-1]).max(initial=0))


def bytes_of(texts: pa.StringArray) -> Any:
    """The texts one after the other, without a copy."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _most_bytes(sheet: PlainSheet) -> int:
    """More than the XML of the rows can come to: a cell's own is under 100 bytes, and escaped text at most six times the text."""
    return len(sheet) * sum(100 + 6 * longest(column.values) for column in sheet.columns)


def _sheet_xml(pattern: bytes, sheet: PlainSheet) -> Iterator[Any]:
    header, looks = (match[0] for match in _ROW.finditer(pattern))
    head, tail = _ROWS.split(pattern)
    extent = f'<dimension ref="A1:{xl_col_to_name(len(sheet.columns) - 1)}{len(sheet) + 1}"/>'
    yield _EXTENT.sub(extent.encode(), head)
    yield b"<sheetData>" + header
    rows = _rows_xml(sheet, [int(style) for style in _STYLE.findall(looks)])
    yield from rows if len(sheet) <= _SLICE else _one_ahead(rows)
    yield b"</sheetData>" + tail


def _rows_xml(sheet: PlainSheet, styles: Sequence[int]) -> Iterator[Any]:
    """The XML of all rows, a buffer a slice. Repeated values become XML here, once; the others slice by slice, to hold few of them at a time."""
    written = [place for place, column in enumerate(sheet.columns) if longest(column.values) or (sheet.marks.column == place).any()]
    values = {place: sheet.columns[place].values for place in written}
    codes = {place: sheet.columns[place].codes for place in written}
    style = {place: styles[sheet.looks[place]] for place in written}
    known = _cells_xml({place: values[place] for place in written if codes[place] is not None}, style)
    for start in range(0, len(sheet), _SLICE):
        rows = slice(start, start + _SLICE)
        cells = _cells_xml({place: values[place][rows] for place in written if codes[place] is None}, style)
        cells |= {place: known[place].take(pa.array(own[rows])) for place, own in codes.items() if own is not None}
        _restyle(cells, sheet.marks.between(start, start + _SLICE), sheet.looks, styles)
        numbers = pa.array(np.arange(start + 2, min(start + _SLICE, len(sheet)) + 2)).cast(pa.string())
        parts: list[Any] = ['<row r="', numbers, '">'] if sheet.lines is None else ['<row r="', numbers, '"', _TALL.take(pa.array(sheet.lines[rows])), ">"]
        for place in written:
            parts += [f'<c r="{xl_col_to_name(place)}', numbers, cells[place]]
        yield bytes_of(pc.binary_join_element_wise(*parts, "</row>", ""))


def _one_ahead(pieces: Iterator[Any]) -> Iterator[Any]:
    """The same pieces, each made while the one before it is compressed: neither Arrow nor zlib holds Python's lock."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, pieces, None)
        while (piece := coming.result()) is not None:
            coming = pool.submit(next, pieces, None)
            yield piece


def _restyle(cells: dict[int, pa.StringArray], marks: Marks, looks: Sequence[int], styles: Sequence[int]) -> None:
    """Change the style of marked cells, in place; the rows of `marks` count from the first of `cells`."""
    for place, look in {*zip(marks.column.tolist(), marks.look.tolist(), strict=True)}:
        chosen = np.zeros(len(cells[place]), dtype=bool)
        chosen[marks.row[(marks.column == place) & (marks.look == look)]] = True
        plain, marked = (f' s="{styles[kind]}"' for kind in (looks[place], look))
        mask = pa.array(chosen)
        cells[place] = pc.replace_with_mask(cells[place], mask, pc.replace_substring(cells[place].filter(mask), plain, marked, max_replacements=1))


def _cells_xml(columns: Mapping[int, pa.StringArray], style: Mapping[int, int]) -> dict[int, pa.StringArray]:
    """Each text as what follows the row's number in the XML of its cell; the columns of one style together, for small sheets have few rows."""
    done = {}
    for number in {style[place] for place in columns}:
        alike = [place for place in columns if style[place] == number]
        cells = _cell_xml(pa.concat_arrays([columns[place] for place in alike]), number)
        start = 0
        for place in alike:
            done[place] = cells.slice(start, len(columns[place]))
            start += len(columns[place])
    return done


def _cell_xml(values: pa.StringArray, style: int) -> pa.StringArray:
    start, end = f'" s="{style}" t="inlineStr"><is><t>', "</t></is></c>"
    # One sign less, for the apostrophe that may come before it.
    texts = text_array([cut(text, MOST_SIGNS - 1) for text in values.to_pylist()]) if longest(values) >= MOST_SIGNS else values
    if pc.any(pc.match_substring_regex(texts, _ODD)).as_py():
        texts = guarded(pc.replace_substring_regex(texts, _UNWRITABLE, ""))
        spaced = pc.match_substring_regex(texts, _KEEP_SPACE)
        texts = _escaped(texts)
        starts = pc.if_else(spaced, start[:-1] + ' xml:space="preserve">', start)
        cells = pc.binary_join_element_wise(starts, texts, end, "")
    else:
        cells = pc.binary_join_element_wise(start, texts, end, "")
    return pc.if_else(pc.equal(pc.binary_length(texts), 0), f'" s="{style}"/>', cells)


def _escaped(texts: pa.StringArray) -> pa.StringArray:
    # Spreadsheet programs read _x0041_ as the sign of that number. The pattern leaves its last line alone, as it may be the first of the next.
    texts = pc.replace_substring_regex(texts, "_(x[0-9A-Fa-f]{4})", r"_x005F_\1")
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        texts = pc.replace_substring(texts, sign, written)
    return texts
