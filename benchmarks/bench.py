#!/usr/bin/env python3
"""Each figure beside its bare floor, measured in the same run.

    bench.py [--rows 100000] [--runs 3] [--million] [--json] [--profile] [--tools ../shared/bench]

Product and floor take turns, and the medians are set against each other: single times say little on a machine that others use too. Times are of whole
processes; what a command imports is measured by itself and taken off, because the floor leaves its imports out too. Every run is appended to history.jsonl.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
#: What the commands import before they do anything: the floor of their start.
_CHECK_IMPORTS = "import batchport.cli.check, batchport.cli.output, batchport.pipeline.check, batchport.data, pyarrow.pandas_compat"
_NIGHT_IMPORTS = "import batchport.pipeline.run, batchport.pipeline.app, batchport.cli.stages, pyarrow.csv, sqlalchemy.dialects.sqlite"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what was measured, its floor, how many times the floor it is, and how many it may be."""

    name: str
    seconds: float
    cpu: float
    floor: float
    ratio: float
    target: float

    @property
    def met(self) -> bool:
        """Whether it is within its target."""
        return self.ratio <= self.target


@dataclass(slots=True)
class Timed:
    """Wall and processor seconds of a process and its children."""

    wall: float
    cpu: float
    out: str


def timed(command: list[str], *, expect: tuple[int, ...] = (0, 1)) -> Timed:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in expect:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return Timed(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout)


def python(*words: str) -> list[str]:
    return [sys.executable, *words]


def floor(tools: Path, sheet: Path, *options: str) -> float:
    return float(json.loads(timed(python(str(tools / "floor.py"), str(sheet), *options)).out)["total"])


def medians(runs: int, *sides: Callable[[], tuple[float, ...]]) -> list[list[float]]:
    """The medians of each side's values, the sides taking turns; one turn to warm up is not counted."""
    turns = [[side() for side in sides] for _ in range(runs + 1)][1:]
    return [[statistics.median(values) for values in zip(*(turn[place] for turn in turns), strict=True)] for place in range(len(sides))]


def bench_check(sheet: Path, tools: Path, runs: int) -> Figure:
    """`check`, summary only, against the bare read of the same file."""

    def product() -> tuple[float, ...]:
        imports = timed(python("-c", _CHECK_IMPORTS))
        done = timed(python("-m", "batchport", "check", str(sheet)))
        return done.wall - imports.wall, done.cpu - imports.cpu

    (own, cpu), (read,) = medians(runs, product, lambda: (floor(tools, sheet, "--read-only"),))
    return Figure("check, less imports / bare read", own, cpu, read, own / read, 8)


def bench_night(sheet: Path, tools: Path, runs: int, folder: Path) -> Figure:
    """`intake` and `submit` together against reading, storing and writing the same file bare."""

    def product() -> tuple[float, ...]:
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        timed(python("-m", "batchport", "init", str(home)))
        target = home / "inbox" / "acme" / sheet.name
        shutil.copy(sheet, target)
        os.utime(target, (1_700_000_000, 1_700_000_000))
        imports = timed(python("-c", _NIGHT_IMPORTS))
        wall = cpu = 0.0
        for stage in ("intake", "submit"):
            done = timed(python("-m", "batchport", "--config", str(home / "config.yaml"), stage))
            wall, cpu = wall + done.wall - imports.wall, cpu + done.cpu - imports.cpu
        return wall, cpu

    (own, cpu), (bare,) = medians(runs, product, lambda: (floor(tools, sheet),))
    return Figure("intake + submit, less imports / full floor", own, cpu, bare, own / bare, 6)


def bench_help(runs: int) -> Figure:
    """`--help` against a bare import of pandas."""

    def side(*words: str) -> Callable[[], tuple[float, ...]]:
        def run() -> tuple[float, ...]:
            done = timed(python(*words))
            return done.wall, done.cpu

        return run

    (own, cpu), (bare, _) = medians(max(runs, 5), side("-m", "batchport", "--help"), side("-c", "import pandas"))
    return Figure("--help / import pandas", own, cpu, bare, own / bare, 0.25)


def inside(what: str, sheet: Path) -> dict[str, float]:
    """A part of the work by itself: its seconds and its memory."""
    told: dict[str, float] = json.loads(timed(python(str(HERE / "inside.py"), what, str(sheet))).out)
    return told


def bench_part(name: str, what: str, sheet: Path, tools: Path, runs: int, target: float) -> Figure:
    """A part of the work against the bare read of the same file."""
    (own,), (bare,) = medians(runs, lambda: (inside(what, sheet)["total"],), lambda: (floor(tools, sheet, "--read-only"),))
    return Figure(name, own, own, bare, own / bare, target)


def numeric_workbook(sheet: Path, target: Path) -> None:
    """The rows of a CSV as a workbook in which identifiers are numbers, shown through formats."""
    from xlsxwriter import Workbook

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


def bench_many(sheet: Path, runs: int, folder: Path) -> Figure:
    """A thousand workbooks of fifty rows in one command against a bare import of pandas."""
    from xlsxwriter import Workbook

    header, *rows = list(csv.reader(sheet.read_text(encoding="utf-8").splitlines()))
    folder.mkdir()
    for number in range(1000):
        book = Workbook(folder / f"{number:04d}.xlsx", {"strings_to_urls": False})
        page = book.add_worksheet()
        for at, row in enumerate([header, *rows[number * 50 : number * 50 + 50]]):
            page.write_row(at, 0, row)
        book.close()
    paths = sorted(map(str, folder.iterdir()))

    def side(*words: str) -> Callable[[], tuple[float, ...]]:
        def run() -> tuple[float, ...]:
            done = timed(python(*words))
            return done.wall, done.cpu

        return run

    (own, cpu), (bare, _) = medians(runs, side("-m", "batchport", "check", *paths), side("-c", "import pandas"))
    return Figure("check of 1,000 workbooks / import pandas", own, cpu, bare, own / bare, 12)


def bench_million(tools: Path, folder: Path) -> list[Figure]:
    """A million rows: all checks of clean and of bad ones, and the memory that a workbook of them takes."""
    clean, bad, book = (folder / name for name in ("clean.csv", "bad.csv", "million.xlsx"))
    timed(python(str(tools / "generate.py"), "1000000", str(clean), "--bad", "0"))
    timed(python(str(tools / "generate.py"), "1000000", str(bad), "--bad", "1"))
    (good,), (worse,), (bare,) = medians(
        1, lambda: (inside("check", clean)["total"],), lambda: (inside("check", bad)["total"],), lambda: (floor(tools, clean, "--read-only"),)
    )
    timed(python(str(tools / "generate.py"), "1000000", str(book)))
    took = inside("read", book)
    print(f"1,000,000 rows of XLSX: {took['total']:.1f} s, at most {took['child_peak_mb']:.0f} MB in the reading process and {took['peak_mb']:.0f} MB in ours")
    return [
        Figure("checks of 1,000,000 clean rows / bare read", good, good, bare, good / bare, 5),
        Figure("checks of 1,000,000 bad rows / clean ones", worse, worse, good, worse / good, 1.5),
    ]


def profile(sheet: Path) -> None:
    """Where `check` spends its time, function by function."""
    script = f"import cProfile, pstats; from click.testing import CliRunner; from batchport.cli import batchport; run = cProfile.Profile(); run.enable(); CliRunner().invoke(batchport, ['check', {str(sheet)!r}]); run.disable(); pstats.Stats(run).sort_stats('tottime').print_stats(25)"
    print(timed(python("-c", script)).out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--million", action="store_true", help="also a million rows, which takes some minutes")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--profile", action="store_true", help="where `check` spends its time")
    parser.add_argument("--tools", type=Path, default=ROOT.parent / "shared" / "bench", help="the folder of generate.py and floor.py")
    args = parser.parse_args()
    if not (args.tools / "floor.py").is_file():
        sys.exit(f"{args.tools} has no floor.py; name the folder of the generator and the floor with --tools")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sheet = folder / "requests.csv"
        timed(python(str(args.tools / "generate.py"), str(args.rows), str(sheet)))
        figures = [bench_help(args.runs), bench_check(sheet, args.tools, args.runs), bench_night(sheet, args.tools, args.runs, folder)]
        text, numbers = folder / "text.xlsx", folder / "numbers.xlsx"
        timed(python(str(args.tools / "generate.py"), str(args.rows), str(text)))
        numeric_workbook(sheet, numbers)
        figures.append(bench_part("reading XLSX, text / bare read", "read", text, args.tools, args.runs, 1.3))
        figures.append(bench_part("reading XLSX, numbers / bare read", "read", numbers, args.tools, args.runs, 1.6))
        if args.rows >= 50_000:
            figures.append(bench_many(sheet, args.runs, folder / "many"))
        if args.million:
            figures += bench_million(args.tools, folder)
        if args.profile:
            profile(sheet)
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": args.rows, "runs": args.runs, "figures": [asdict(figure) for figure in figures]}
    with (HERE / "history.jsonl").open("a") as history:
        history.write(json.dumps(told) + "\n")
    if args.json:
        print(json.dumps(told))
        return
    print(f"{args.rows:,} rows, medians of {args.runs} (seconds)\n")
    print(f"{'figure':<46}{'ours':>8}{'cpu':>8}{'floor':>8}{'ratio':>8}{'target':>8}")
    for figure in figures:
        verdict = "" if figure.met else "  missed"
        print(f"{figure.name:<46}{figure.seconds:>8.3f}{figure.cpu:>8.3f}{figure.floor:>8.3f}{figure.ratio:>8.2f}{figure.target:>8.2f}{verdict}")


if __name__ == "__main__":
    main()
