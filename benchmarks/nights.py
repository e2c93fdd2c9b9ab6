"""A large sheet and many small ones, on their way from the inbox to the submission."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, batchport, import_pandas
from benchmarks.figures import Figure
from benchmarks.measure import Taken, peak, python, timed

_STAGES = ("intake", "submit")
_OF_MEMORY = 1.25


def _taken_in(bench: Bench, sheet: Path, *stages: str) -> Taken:
    return bench.stages(bench.home(sheet), *stages)


def _given_back(bench: Bench, sheet: Path, *stages: str) -> Taken:
    """Stages, and the results that the customer gets then. The mails, one for each contact that the sheet names, are none of it."""
    home = bench.home(sheet)
    return bench.stages(home, *stages) + bench.inside("results", home / "config.yaml")


def night(bench: Bench) -> Iterator[Figure]:
    """`intake` and `submit` of a large CSV."""
    sheet = bench.sheet(bench.sizes.rows)
    yield bench.compare("intake + submit, CSV / full floor", partial(_taken_in, bench, sheet, *_STAGES), partial(bench.floor, sheet), 2.2, large=True)


def xlsx(bench: Bench) -> Iterator[Figure]:
    """The same as a workbook, the results workbook included."""
    sheet = bench.sheet(bench.sizes.rows, form="xlsx")
    yield bench.compare("intake + submit + results, XLSX / full floor", partial(_given_back, bench, sheet, *_STAGES), partial(bench.floor, sheet), 1.4, large=True)


def single(bench: Bench) -> Iterator[Figure]:
    """The same in orders of one line each."""
    sheet = bench.sheet(bench.sizes.rows, lines=1)
    yield bench.compare("intake + submit, single lines / full floor", partial(_taken_in, bench, sheet, *_STAGES), partial(bench.floor, sheet), 4.5, large=True)


def bad(bench: Bench) -> Iterator[Figure]:
    """A sheet of which every row is bad, taken in and given back, beside one of which one in a hundred is."""
    worst, usual = (partial(_given_back, bench, bench.sheet(bench.sizes.rows, bad=share), "intake") for share in (1, 0.01))
    yield bench.compare("intake + results, all bad / 1 % bad", worst, usual, 1.5, large=True)


def tenfold(bench: Bench) -> Iterator[Figure]:
    """A large sheet beside one with a tenth of its rows."""
    large, small = (partial(_taken_in, bench, bench.sheet(rows), *_STAGES) for rows in (bench.sizes.rows, bench.sizes.rows // 10))
    yield bench.compare("intake + submit, all rows / a tenth of them", large, small, 11, large=True)


def memory(bench: Bench) -> Iterator[Figure]:
    """The most memory that all processes of a stage have together, of a large CSV and of a large workbook, and what the results take."""
    csv, xlsx = (bench.sheet(bench.sizes.rows, form=form) for form in ("csv", "xlsx"))
    of_csv, of_xlsx = (partial(_peak_of_floor, bench, sheet) for sheet in (csv, xlsx))
    yield bench.compare_memory("memory of intake + submit, CSV / full floor", partial(_peak_of_stages, bench, csv), of_csv, _OF_MEMORY)
    yield bench.compare_memory("memory of results, CSV / full floor", partial(_peak_of_results, bench, csv), of_csv, _OF_MEMORY)
    yield bench.compare_memory("memory of intake + submit, XLSX / full floor", partial(_peak_of_stages, bench, xlsx), of_xlsx, _OF_MEMORY)


def _peak_of_stages(bench: Bench, sheet: Path) -> Taken:
    config = bench.home(sheet) / "config.yaml"
    return max((peak(batchport("--config", config, stage)) for stage in _STAGES), key=lambda taken: taken.amount)


def _peak_of_results(bench: Bench, sheet: Path) -> Taken:
    config = bench.home(sheet) / "config.yaml"
    timed(batchport("--config", config, "intake"))
    return peak(python("-m", "benchmarks.inside", "results", config))


def _peak_of_floor(bench: Bench, sheet: Path) -> Taken:
    return peak(python(bench.tools / "floor.py", sheet))


def small(bench: Bench) -> Iterator[Figure]:
    """Many sheets of fifty rows, as whole processes."""
    sheets = bench.small_sheets(bench.sizes.sheets)

    def own() -> Taken:
        config = bench.home(*sheets) / "config.yaml"
        intake, submit = (timed(batchport("--config", config, stage)) for stage in _STAGES)
        return intake + submit

    yield bench.compare("sheets of 50 rows, intake + submit / import pandas", own, import_pandas, 40)
