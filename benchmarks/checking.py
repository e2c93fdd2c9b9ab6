"""Reading and checking a sheet, with nothing stored, beside the bare read of the same file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Side


def check(bench: Bench) -> Iterator[Figure]:
    """`check`, summary only, of a large CSV."""
    sheet = bench.sheet(bench.sizes.rows)
    yield bench.compare("check / bare read", lambda: bench.less_imports("check", "check", str(sheet)), _read(bench, sheet), 5, large=True)


def checks(bench: Bench) -> Iterator[Figure]:
    """All checks by themselves, of rows that are read already: of good ones, and of such as are all bad beside them."""
    clean, bad = (bench.sheet(bench.sizes.rows, bad=share) for share in (0, 1))
    of_clean, of_bad = (partial(bench.inside, "check", sheet) for sheet in (clean, bad))
    yield bench.compare("checks of clean rows / bare read", of_clean, _read(bench, clean), 5, large=True)
    yield bench.compare("checks of bad rows / of clean ones", of_bad, of_clean, 1.5, large=True)


def reading(bench: Bench) -> Iterator[Figure]:
    """Reading workbooks, of texts and of identifiers that are numbers."""
    rows = bench.sizes.rows // 10
    texts, numbers = bench.sheet(rows, form="xlsx"), _numeric_workbook(bench.sheet(rows))
    yield bench.compare("reading XLSX, texts / bare read", partial(bench.inside, "read", texts), _read(bench, texts), 1.3)
    yield bench.compare("reading XLSX, numbers / bare read", partial(bench.inside, "read", numbers), _read(bench, numbers), 1.6)


def _read(bench: Bench, sheet: Path) -> Side:
    return partial(bench.floor, sheet, "--read-only")


def _numeric_workbook(sheet: Path) -> Path:
    """The rows of a CSV as a workbook in which identifiers are numbers, shown through formats."""
    from xlsxwriter import Workbook

    target = sheet.with_name(f"{sheet.stem}-numbers.xlsx")
    book = Workbook(target, {"constant_memory": True, "strings_to_urls": False})
    page = book.add_worksheet()
    formats = {0: "000-000-0000", 1: "(000) 000-0000", 2: "00000000", 3: "0000", 15: "00000"}
    shown = {place: book.add_format({"num_format": code}) for place, code in formats.items()}
    with sheet.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file)):
            for place, text in enumerate(row):
                digits = "".join(filter(str.isdigit, text))
                if number and place in formats and digits:
                    page.write_number(number, place, int(digits), shown[place])
                else:
                    page.write_string(number, place, text)
    book.close()
    return target
