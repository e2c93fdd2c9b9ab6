"""`read`: a file as batchport sees it, before any rule."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batchport.cli import Context
from batchport.cli.check import must_be_file

if TYPE_CHECKING:
    from batchport.spreadsheets.limits import Limits
    from batchport.spreadsheets.sheet import Sheet

_SHOWN = 20
#: Signs of a cell that are shown to people.
_WIDTH = 24


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True, help="How to print.")
@click.pass_obj
def read(context: Context, file: Path, form: str) -> None:
    """Show a sheet as it is read, before any rule: what every cell displays, which sheet, and which row is the header."""
    must_be_file(file)
    limits = _limits(context)
    for name, sheet in _told_where_unreadable(file, limits):
        if form == "json":
            from batchport.cli.output import print_json

            print_json({"file": name, **line} for line in _lines(sheet))
        elif form == "csv":
            csv.writer(sys.stdout, lineterminator="\n").writerows(line["cells"] for line in _lines(sheet))
        else:
            _print(name, sheet)
    sys.stdout.flush()


def _limits(context: Context) -> Limits:
    """The limits of the installation, or the built-in ones where there is none."""
    from batchport.spreadsheets.limits import Limits

    return context.app().limits if context.config.is_file() else Limits()


def _sheets(file: Path, limits: Limits) -> Iterator[tuple[str, Sheet]]:
    """Every sheet of a file, and of the sheets in a zip archive, with what to call its file."""
    from batchport.cli.progress import shown
    from batchport.spreadsheets.pool import ReaderPool, unbundled
    from batchport.spreadsheets.sheet import Ask

    with ReaderPool(limits) as pool, unbundled(file, pool) as members:
        sheets = [(f"{file}/{member.name}", member.path) for member in members if not member.is_paper]
        for name, path in sheets or [(str(file), file)]:
            with shown() as pool.progress:  # not while we print
                reading = pool.read(path, Ask(whole=True))
            for sheet in reading.sheets:
                yield name, sheet


def _told_where_unreadable(file: Path, limits: Limits) -> Iterator[tuple[str, Sheet]]:
    """The sheets; a file that cannot be read is told of in the catalogue's words."""
    from batchport.spreadsheets.sheet import Unreadable

    try:
        yield from _sheets(file, limits)
    except Unreadable as error:
        from batchport.pipeline.assess import FileFinding
        from batchport.pipeline.wording import file_words

        words = file_words(FileFinding(error.code, detail=error.detail))
        raise click.UsageError(f"{file}: {words.message} {words.fix}") from None


def _lines(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """A line for each row of a sheet, blank ones too."""
    width = max([sheet.cells.num_columns, *(len(cells) for _, cells in sheet.above)])
    blank, last = [""] * width, 0
    for number, cells in _rows(sheet):
        for gap in range(last + 1, number):
            yield {"sheet": sheet.name, "hidden": sheet.hidden, "row": gap, "cells": blank, "header": False}
        last = number
        yield {"sheet": sheet.name, "hidden": sheet.hidden, "row": number, "cells": [*cells, *blank[len(cells) :]], "header": number == sheet.header_row}


def _rows(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows that say something: number and cells."""
    for number, cells in sheet.above:
        yield number, list(cells)
    start = 0
    for batch in sheet.cells.to_batches(max_chunksize=10_000):
        numbers = sheet.row[start : start + batch.num_rows].tolist()
        start += batch.num_rows
        yield from zip(numbers, map(list, zip(*(column.to_pylist() for column in batch.columns), strict=True)), strict=True)


def _print(name: str, sheet: Sheet) -> None:
    """A sheet for people: where its table begins, and its first rows."""
    from batchport.cli.output import print_table, say

    where = f"sheet {sheet.name!r}{', hidden' if sheet.hidden else ''}" if sheet.name is not None else "a text file"
    say(f"{name}: {where}; the header is row {sheet.header_row}, {len(sheet.row):,} rows below it say something.")
    few = [line for _, line in zip(range(_SHOWN), _lines(sheet), strict=False)]
    letters = [_letter(place) for place in range(max(len(line["cells"]) for line in few))]
    print_table(("Row", *letters), [(line["row"], *(_short(cell) for cell in line["cells"])) for line in few])
    more = len(sheet.row) - _SHOWN
    if more > 0:
        say(f"... and {more:,} more rows; --format csv shows all of them.")


def _short(cell: str) -> str:
    """A cell on one line, its beginning where it is long."""
    text = " ".join(cell.split())
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "\u2026"


def _letter(place: int) -> str:
    """A column as spreadsheet programs call it: A, B, ..., Z, AA, ..."""
    letters = ""
    place += 1
    while place:
        place, sign = divmod(place - 1, 26)
        letters = chr(65 + sign) + letters
    return letters
