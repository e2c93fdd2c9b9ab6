"""The first page of a results workbook: what happened and what to do, for somebody who has ten seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.worksheet import Worksheet

from batchport.spreadsheets.looks import AS_ERROR, AS_WARNING, LETTER, WRAPPED, Looks
from batchport.spreadsheets.plain_sheet import LINE_HEIGHT, cut, guarded_text

#: The widths of its columns, in signs.
_WIDTHS = (46, 10, 44, 62)


@dataclass(frozen=True, slots=True)
class Block:
    """A table of the summary; the second column, where there is one, is of numbers.

    Attributes:
        headings: the words above its columns.
        lines: its lines, a text a column.
    """

    headings: Sequence[str]
    lines: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the first page says, from top to bottom.

    Attributes:
        title: what this is about.
        headline: what happened, in a sentence.
        blocks: what is to be done, what became of the rows, what is wrong: in the order in which it matters.
        legend: a heading, and what the looks of an error and of a warning mean.
    """

    title: str
    headline: str = ""
    blocks: Sequence[Block] = ()
    legend: tuple[str, str, str] | None = None


def write_summary(sheet: Worksheet, summary: Summary, looks: Looks) -> None:
    """Fill the page, column A downwards."""
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width, looks.cells[0])
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(LETTER)
    sheet.fit_to_pages(1, 1)
    sheet.set_row(0, 24)
    _write(sheet, 0, 0, summary.title, looks.title)
    _write(sheet, 1, 0, summary.headline, looks.headline)
    row = 3
    for block in summary.blocks:
        row = _write_block(sheet, row, block, looks) + 1
    if summary.legend is not None:
        heading, error, warning = summary.legend
        for offset, (text, look) in enumerate(((heading, looks.our_header), (error, looks.cells[WRAPPED + AS_ERROR]), (warning, looks.cells[WRAPPED + AS_WARNING]))):
            sheet.set_row(row + offset, _height([text], _WIDTHS))
            _write(sheet, row + offset, 0, text, look)
    sheet.ignore_errors({"number_stored_as_text": f"A1:D{row + 3}"})


def _write_block(sheet: Worksheet, row: int, block: Block, looks: Looks) -> int:
    """Write a table; gives back the row after it.

    Its columns are wrapped; only the last one of a table that is narrower than the page runs on, and one column alone is as wide as the page.
    """
    last = len(block.headings) - 1
    for column in range(len(_WIDTHS)):
        _write(sheet, row, column, block.headings[column] if column <= last else "", looks.number_header if column == 1 else looks.our_header)
    for line in block.lines:
        row += 1
        if last == 0:
            sheet.set_row(row, _height(line, [sum(_WIDTHS)]))
            sheet.merge_range(row, 0, row, len(_WIDTHS) - 1, "", looks.cells[WRAPPED])
            _write(sheet, row, 0, line[0], looks.cells[WRAPPED])
            continue
        wrapped = line if last == len(_WIDTHS) - 1 else line[:last]
        sheet.set_row(row, _height(wrapped, _WIDTHS))
        for column, text in enumerate(line):
            _write(sheet, row, column, text, looks.number if column == 1 else looks.cells[WRAPPED if column < len(wrapped) else 0])
    return row + 1


def _write(sheet: Worksheet, row: int, column: int, text: str, look: object) -> None:
    sheet.write_string(row, column, cut(guarded_text(text)), look)


def _height(texts: Sequence[str], widths: Sequence[int]) -> int:
    """How tall a row is to be for texts that are wrapped."""
    return LINE_HEIGHT * max([1, *(-(-len(text) // width) for text, width in zip(texts, widths, strict=False))])
