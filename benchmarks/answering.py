"""Homes whose orders were sent, what the partner answers, and what applying an answer takes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bench import IMPORT, LEARNED_FROM, Bench, batchport
from benchmarks.measure import Failed, Taken, python, timed

#: `batchport`, when all is imported: the moment and the processor's seconds until then come first.
_COMMAND = f"""{IMPORT}
import time
from batchport.cli import main
print(time.monotonic(), time.process_time(), flush=True)
main()
"""


def sent_home(bench: Bench, home: Path, rows: int) -> pd.DataFrame:
    """A new home with so many rows taken in and sent; what the partner got of them: PON, VER, TN."""
    timed(batchport("init", home))
    bench.drop(home, bench.sheet(rows, bad=0))
    for stage in ("intake", "submit"):
        timed(batchport("--config", home / "config.yaml", stage))
    files = sorted((home / "outbox" / "sample").glob("*.csv"))
    sent = pd.concat([pd.read_csv(file, dtype=str, usecols=["PON", "VER", "TN"], engine="pyarrow") for file in files], ignore_index=True)
    if len(sent) != rows:
        raise Failed(f"of {rows:,} rows {len(sent):,} were sent")
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


def reconciled(bench: Bench, home: Path, response: Path, lines: int) -> Taken:
    """`reconcile FILE`, from when all is imported until the process is gone: it starts no other process, and may take less than what its imports vary by."""
    done = timed(python("-c", _COMMAND, bench.learned.get("reconcile") or _learned(bench), *_words(home, response)))
    end = time.monotonic()
    if f"{lines:,} of {lines:,} lines applied, 0 exception lines" not in done.out:
        raise Failed(f"not every line was applied:\n{done.out}")
    began, cpu = map(float, done.out.splitlines()[0].split())
    return Taken(end - began, done.cpu - cpu)


def _words(home: Path, response: Path) -> tuple[str, ...]:
    return "--config", str(home / "config.yaml"), "reconcile", str(response), "--partner", "sample"


def _learned(bench: Bench) -> Path:
    """The modules of `reconcile`, from an answer of some size."""
    home, response = bench.scratch / "answered", bench.scratch / "answered.csv"
    write_answers(sent_home(bench, home, LEARNED_FROM), response)
    return bench.learn("reconcile", *_words(home, response))


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
