"""What is so short that starting is most of it: whole processes, imports included, beside a bare import of pandas."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from xlsxwriter import Workbook

from benchmarks.bench import SMALL, Bench, batchport, import_pandas
from benchmarks.figures import Figure
from benchmarks.measure import timed

#: Turns of a figure of less than a second, at least: three say too little there.
_TURNS = 7


def help_page(bench: Bench) -> Iterator[Figure]:
    """`--help`."""
    yield bench.compare("--help / import pandas", lambda: timed(batchport("--help")), import_pandas, 1 / 6, runs=max(bench.runs, _TURNS))


def small_check(bench: Bench) -> Iterator[Figure]:
    """`check` of a sheet of fifty rows."""
    sheet = bench.sheet(SMALL)
    yield bench.compare("check of 50 rows / import pandas", lambda: timed(batchport("check", sheet)), import_pandas, 1.6, runs=max(bench.runs, _TURNS))


def workbooks(bench: Bench) -> Iterator[Figure]:
    """Many workbooks of fifty rows in one `check`."""
    paths = [_workbook(sheet) for sheet in bench.small_sheets(bench.sizes.workbooks)]
    yield bench.compare("check of workbooks of 50 rows / import pandas", lambda: timed(batchport("check", *paths)), import_pandas, 12)


def _workbook(sheet: Path) -> Path:
    target = sheet.parents[1] / f"{sheet.stem}.xlsx"
    book = Workbook(target, {"strings_to_urls": False})
    page = book.add_worksheet()
    for number, row in enumerate(csv.reader(sheet.read_text("utf-8").splitlines())):
        page.write_row(number, 0, row)
    book.close()
    return target
