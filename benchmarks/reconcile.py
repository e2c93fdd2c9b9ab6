#!/usr/bin/env python3
"""What a partner's answers cost: a million of them beside a bare loop of updates, and a hundred beside years of history.

    reconcile.py [--lines 1000000] [--runs 3] [--keep DIR] [--tools ../shared/bench]
    reconcile.py --history [--small 100000] [--large 10000000] [--runs 5] [--tools ../shared/bench]

The product's side is the whole process of `batchport reconcile FILE` from the moment when everything is imported until it is gone. The floor reads the same
file and updates a narrow table by its index on the number, a row a line, in one transaction. Both take turns, each time on a fresh copy of its database, and
the medians are set against each other.

With --history two homes have the same open rows, taken in and sent by the program, and behind them a little and a lot of finished ones, which SQL puts there.
A hundred answers take turns between the two, other rows each time. Every pass counts the whole database at its end; what that takes is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
from bench import ROOT, python, timed

_TARGET, _HISTORY_TARGET = 2.0, 1.5
#: Lines of one answer, of the history's part.
_FEW = 100
#: `batchport`, which tells when all was imported, and what its count took.
_COMMAND = """
import sqlite3, sys, time
import batchport.pipeline.run as passes, batchport.pipeline.app, batchport.cli.stages, batchport.pipeline.reconcile, batchport.carriers.formats.delimited
import pyarrow.csv, sqlalchemy.dialects.sqlite
from batchport.cli import main
def counted(connection, counted=passes.counted):
    start = time.perf_counter()
    found = counted(connection)
    print(time.perf_counter() - start)
    return found
passes.counted = counted
print(time.monotonic(), time.process_time(), flush=True)
main()
"""
_STATES = {"ACK": 6, "FOC": 8, "REJECT": 10}
#: Rows of a file, lines of an order, and lines of a submission and of its answer, in the history.
_SIZES = {"of_file": 100_000, "of_order": 8, "of_submission": 100_000}
#: What stands for finished rows: a table with its columns, how many rows each of its records stands for, and the values of record `i`. `:row` and the like
#: are the first free numbers, `:n` is how many rows there are to be, `:pass` any pass.
_HISTORY = (
    (
        "files (id, customer, name, sha256, bytes, state, received, pass_id, first_row, rows, sheets, problems, put_away, results_due)", "of_file",
        """:file + i, 'acme', 'past-' || i || '.csv', hex(randomblob(32)), 18000000, 'read', '2025-03-03T02:00:00+00:00', :pass, :row + i * :of_file,
        min(:of_file, :n - i * :of_file), '[]', '[]', 1, 0""",
    ),
    (
        "submissions (id, partner, sequence, name, sha256, orders, lines, sealed, manifest, state, pass_id, stored, sent, line_rows)", "of_submission",
        """:submission + i, 'sample', :sequence + i, 'past-' || i || '.csv', hex(randomblob(32)), :of_submission / :of_order,
        min(:of_submission, :n - i * :of_submission), x'00', x'00', 'sent', :pass, '2025-03-03T02:00:00+00:00', '2025-03-03T02:00:00+00:00', x'00'""",
    ),
    (
        "responses (id, partner, name, sha256, lines, applied, received, pass_id)", "of_submission",
        """:response + i, 'sample', 'past-' || i || '.csv', hex(randomblob(32)), min(:of_submission, :n - i * :of_submission),
        min(:of_submission, :n - i * :of_submission), '2025-03-10T02:00:00+00:00', :pass""",
    ),
    ("sayings (id, status, code, text, foc_date)", "n", ":saying, 'COMPLETE', '', '', ''"),
    (
        """orders (id, key, account, live, customer, partner, number_class, country, losing_carrier, btn, partial, lines, ver, sup, held_by, released,
        requested_date, since)""", "of_order",
        """:order + i, randomblob(16), randomblob(16), 0, 'acme', 'sample', 'geographic', 'US', 'Verizon', 2000000000 + i, 'N',
        min(:of_order, :n - i * :of_order), 1, '', '', 0, '', '2025-03-03T02:00:00+00:00'""",
    ),
    (
        "versions (order_id, ver, sup, submission_id, lines, answered)", "of_order",
        ":order + i, 1, '', :submission + i * :of_order / :of_submission, min(:of_order, :n - i * :of_order), min(:of_order, :n - i * :of_order)",
    ),
    (
        "rows (id, file_id, row, order_id, state, tn, live, ver, answered, answer_id, foc, since)", "of_row",
        """:row + i, :file + i / :of_file, i % :of_file + 2, :order + i / :of_order, 9, 2000000000 + i * 7368787 % 7999999993, 0, 1, 1, :answer + i, 20250307,
        1741572000""",
    ),
    (
        "answers (id, response_id, line, order_id, row_id, ver, saying_id, at, applied)", "of_row",
        ":answer + i, :response + i / :of_submission, i % :of_submission + 2, :order + i / :of_order, :row + i, 1, :saying, 1741568400000000, 1",
    ),
)  # fmt: skip


def batchport(home: Path, *words: str) -> None:
    timed(python("-m", "batchport", "--config", str(home / "config.yaml"), *words))


def sent_home(home: Path, rows: int, tools: Path) -> pd.DataFrame:
    """A new home with so many rows taken in and sent; what the partner got of them: PON, VER, TN."""
    timed(python("-m", "batchport", "init", str(home)))
    sheet = home / "inbox" / "acme" / "requests.csv"
    timed(python(str(tools / "generate.py"), str(rows), str(sheet), "--bad", "0"))
    os.utime(sheet, (1_700_000_000, 1_700_000_000))
    batchport(home, "intake")
    batchport(home, "submit")
    files = sorted((home / "outbox" / "sample").glob("*.csv"))
    sent = pd.concat([pd.read_csv(file, dtype=str, usecols=["PON", "VER", "TN"], engine="pyarrow") for file in files], ignore_index=True)
    if len(sent) != rows:
        sys.exit(f"of {rows:,} rows {len(sent):,} were sent")
    return sent


def write_answers(sent: pd.DataFrame, path: Path) -> None:
    """A line for each number: nine of ten are confirmed, the others rejected or acknowledged."""
    place = np.arange(len(sent))
    status = np.select([place % 20 == 7, place % 20 == 13], ["REJECT", "ACK"], "FOC")
    dates = np.array([f"2026-12-{day:02d}" for day in (1, 2, 3, 4, 7, 8, 9, 10, 11, 14)])[place // 50 % 10]
    moments = pd.Series(pd.Timestamp("2026-11-25T09:00:00") + pd.to_timedelta(place // 10, "s")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    refused = status == "REJECT"
    answers = sent.assign(
        STATUS=status, CODE=np.where(refused, np.where(place % 40 == 7, "8A;8C", "8A"), ""), TEXT=np.where(refused, "Not as we have it", ""),
        FOC_DATE=np.where(status == "FOC", dates, ""), AT=moments,
    )  # fmt: skip
    unfinished = path.with_suffix(".part")
    answers.to_csv(unfinished, index=False, lineterminator="\r\n")
    unfinished.rename(path)


def reconciled(home: Path, response: Path, lines: int) -> tuple[float, float, float]:
    """Wall and processor seconds of `reconcile FILE`, from when all is imported until the process is gone, and those of the count in it."""
    done = timed(python("-c", _COMMAND, "--config", str(home / "config.yaml"), "reconcile", str(response), "--partner", "sample"))
    end = time.monotonic()
    if f"{lines:,} of {lines:,} lines applied, 0 exception lines" not in done.out:
        sys.exit(f"not every line was applied:\n{done.out}")
    start, count, *_ = done.out.splitlines()
    began, cpu = map(float, start.split())
    return end - began, done.cpu - cpu, float(count)


def settled(database: Path) -> None:
    """All of a database is in its own file, and on the disk."""
    with closing(sqlite3.connect(database)) as base:
        base.execute("pragma wal_checkpoint(truncate)")
    os.sync()


def copied(source: Path, target: Path) -> None:
    for end in ("-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)
    shutil.copyfile(source, target)
    os.sync()


def fill_floor(database: Path, sent: pd.DataFrame) -> None:
    """The narrow table that the floor updates, every number once."""
    with closing(sqlite3.connect(database)) as base:
        base.execute("pragma journal_mode=wal")
        base.execute("create table rows (id integer primary key, pon text, tn integer, state integer, foc integer, since integer)")
        with base:
            base.executemany("insert into rows values (null, ?, ?, 5, null, 0)", zip(sent.PON.tolist(), sent.TN.astype(np.int64).tolist(), strict=True))
            base.execute("create index ix_rows_tn on rows (tn)")


def floor(response: Path, database: Path) -> dict[str, float]:
    """The seconds of each part of the floor, and as `cpu` the processor's of all of them."""
    import pyarrow.csv  # noqa: F401  imports are not what is measured

    parts: dict[str, float] = {}
    last, cpu = time.perf_counter(), time.process_time()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        parts[name] = now - last
        last = now

    frame = pd.read_csv(response, dtype=str, keep_default_na=False, engine="pyarrow")
    lap("read")
    dates = pd.to_numeric(frame.FOC_DATE.str.replace("-", "", regex=False).replace("", "0")).tolist()
    values = list(zip(frame.STATUS.map(_STATES).tolist(), dates, [1_764_000_000] * len(frame), frame.TN.astype(np.int64).tolist(), strict=True))
    lap("values")
    with closing(sqlite3.connect(database)) as base:
        with base:
            moved = base.executemany("update rows set state = ?, foc = ?, since = ? where tn = ?", values).rowcount
        lap("update")
    lap("close")
    if moved != len(frame):
        sys.exit(f"of {len(frame):,} lines {moved:,} moved a row")
    return parts | {"cpu": time.process_time() - cpu}


def prepare(place: Path, lines: int, tools: Path) -> None:
    """The sent home, the response and the floor's table in a folder, made where they are not there whole yet."""
    database, kept, response = place / "home" / "batchport.db", place / "kept.db", place / "response.csv"
    if response.is_file():
        copied(kept, database)
    else:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        sent = sent_home(place / "home", lines, tools)
        fill_floor(place / "floor-kept.db", sent)
    # Opened once, so that a database that an earlier commit made is not brought up to date while it is timed.
    batchport(place / "home", "exceptions")
    settled(database)
    copied(database, kept)
    if not response.is_file():
        write_answers(sent, response)


def measure_lines(place: Path, lines: int, runs: int) -> None:
    own: list[tuple[float, float, float]] = []
    bare: list[dict[str, float]] = []
    for run in range(runs + 1):
        copied(place / "kept.db", place / "home" / "batchport.db")
        product = reconciled(place / "home", place / "response.csv", lines)
        copied(place / "floor-kept.db", place / "floor.db")
        parts = json.loads(timed(python(__file__, "--floor", str(place / "response.csv"), str(place / "floor.db"))).out)
        if run:
            own.append(product)
            bare.append(parts)
    wall, cpu, _ = (statistics.median(values) for values in zip(*own, strict=True))
    floor_cpu = statistics.median(parts.pop("cpu") for parts in bare)
    floor_wall = statistics.median(sum(parts.values()) for parts in bare)
    told = ", ".join(f"{name} {statistics.median(parts[name] for parts in bare):.2f}" for name in bare[0])
    print(f"{lines:,} lines against as many open rows: {wall:.2f} s (processor {cpu:.2f}), the floor {floor_wall:.2f} s (processor {floor_cpu:.2f}; {told})")
    print(f"{wall / floor_wall:.2f} times the floor (at most {_TARGET}{'' if wall / floor_wall <= _TARGET else ', missed'}); by the processor's seconds {cpu / floor_cpu:.2f}")


def fill_history(database: Path, rows: int) -> None:
    """Finished rows behind those that are there, with all that belongs to them but their sheets and the bytes of their submissions."""
    with closing(sqlite3.connect(database, isolation_level=None)) as base:
        for setting in ("journal_mode=off", "synchronous=off", "cache_size=-1048576", "temp_store=memory"):
            base.execute(f"pragma {setting}")
        first = _SIZES | {"of_row": 1, "n": rows, "pass": base.execute("select max(id) from passes").fetchone()[0]}
        for table in ("file", "submission", "response", "order", "answer", "row", "saying"):
            first[table] = base.execute(f"select coalesce(max(id), 0) + 1 from {table}s").fetchone()[0]  # noqa: S608
        first["sequence"] = base.execute("select max(sequence) + 1 from submissions").fetchone()[0]
        base.execute("begin")
        for columns, each, values in _HISTORY:
            series = f"with recursive series (i) as (select 0 union all select i + 1 from series where (i + 1) * :{each} < :n)"  # noqa: S608
            base.execute(f"insert into {columns} {series} select {values} from series", first)  # noqa: S608
        base.execute("commit")
        base.execute("pragma journal_mode=wal")
    os.sync()


def few_answers(sent: pd.DataFrame, folder: Path) -> Iterator[Path]:
    """Responses of a few lines, each about other rows."""
    for number, start in enumerate(range(0, len(sent), _FEW)):
        path = folder / f"answer-{number:03d}.csv"
        write_answers(sent[start : start + _FEW], path)
        yield path


def measure_history(small: int, large: int, runs: int, tools: Path, folder: Path) -> None:
    homes = {}
    for rows in (small, large):
        home = folder / f"home-{rows}"
        sent = sent_home(home, (runs + 1) * _FEW, tools)
        settled(home / "batchport.db")
        start = time.perf_counter()
        fill_history(home / "batchport.db", rows)
        print(f"{rows:,} finished rows put there in {time.perf_counter() - start:.0f} s, {(home / 'batchport.db').stat().st_size / 1e6:,.0f} MB")
        homes[rows] = home, few_answers(sent, home)
    took: dict[int, list[tuple[float, float, float]]] = {rows: [] for rows in homes}
    for run in range(runs + 1):
        for rows, (home, responses) in homes.items():
            product = reconciled(home, next(responses), _FEW)
            if run:
                took[rows].append(product)
    walls = {}
    for rows, turns in took.items():
        walls[rows], _, count = (statistics.median(values) for values in zip(*turns, strict=True))
        print(f"{_FEW} lines against {rows:,} finished rows: {walls[rows]:.3f} s, of which the count {count:.3f} s ({count / walls[rows]:.0%})")
    ratio = walls[large] / walls[small]
    print(f"{large:,} / {small:,} finished rows: {ratio:.2f} times (at most {_HISTORY_TARGET}{'' if ratio <= _HISTORY_TARGET else ', missed'})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, help="turns that count, after one that does not (default: 3, of --history 5)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the prepared homes are kept for the next time; without it they are made anew and removed")
    parser.add_argument("--history", action="store_true", help="a few lines against much history, instead of many lines")
    parser.add_argument("--small", type=int, default=100_000, help="the finished rows of the small history")
    parser.add_argument("--large", type=int, default=10_000_000, help="the finished rows of the large one, which takes minutes and 3 GB")
    parser.add_argument("--floor", type=Path, nargs=2, metavar=("FILE", "DATABASE"), help="the floor by itself, as one JSON object")
    parser.add_argument("--tools", type=Path, default=ROOT.parent / "shared" / "bench", help="the folder of generate.py")
    args = parser.parse_args()
    if args.floor:
        print(json.dumps(floor(*args.floor)))
        return
    if not (args.tools / "generate.py").is_file():
        sys.exit(f"{args.tools} has no generate.py; name the folder of the generator with --tools")
    with tempfile.TemporaryDirectory() as name:
        if args.history:
            measure_history(args.small, args.large, args.runs or 5, args.tools, Path(name))
            return
        place = (args.keep or Path(name)).resolve() / f"reconcile-{args.lines}"
        prepare(place, args.lines, args.tools)
        measure_lines(place, args.lines, args.runs or 3)


if __name__ == "__main__":
    main()
