"""A million lines of a partner's answer beside a bare loop of updates.

The product's side is `batchport reconcile FILE`, once everything is imported. The floor reads the same file and updates a narrow table by its index on the number,
a row a line, in one transaction. Both take turns, each time on a fresh copy of its database.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.answering import copied, reconciled, sent_home, settled, write_answers
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Failed, Taken, python, timed, worked

_STATES = {"ACK": 6, "FOC": 8, "REJECT": 10}


def many(bench: Bench) -> Iterator[Figure]:
    """An answer to as many open rows as it has lines."""
    lines, place = bench.sizes.rows, bench.scratch
    kept, response, floor_kept = place / "kept.db", place / "response.csv", place / "floor-kept.db"
    home = place / "home"
    sent = sent_home(bench, home, lines)
    fill_floor(floor_kept, sent)
    write_answers(sent, response)
    settled(home / "batchport.db")
    copied(home / "batchport.db", kept)

    def own() -> Taken:
        copied(kept, home / "batchport.db")
        return reconciled(bench, home, response, lines)

    def floor() -> Taken:
        copied(floor_kept, place / "floor.db")
        return Taken(*json.loads(timed(python("-m", "benchmarks.reconcile", response, place / "floor.db")).out))

    yield bench.compare("reconcile, a line an open row / bare updates", own, floor, 2, large=True)


def fill_floor(database: Path, sent: pd.DataFrame) -> None:
    """The narrow table that the floor updates, every number once."""
    with closing(sqlite3.connect(database)) as base:
        base.execute("pragma journal_mode=wal")
        base.execute("create table rows (id integer primary key, pon text, tn integer, state integer, foc integer, since integer)")
        with base:
            base.executemany("insert into rows values (null, ?, ?, 5, null, 0)", zip(sent.PON.tolist(), sent.TN.astype(np.int64).tolist(), strict=True))
            base.execute("create index ix_rows_tn on rows (tn)")


def update(response: Path, database: Path) -> None:
    """The floor."""
    frame = pd.read_csv(response, dtype=str, keep_default_na=False, engine="pyarrow")
    dates = pd.to_numeric(frame.FOC_DATE.str.replace("-", "", regex=False).replace("", "0")).tolist()
    values = list(zip(frame.STATUS.map(_STATES).tolist(), dates, [1_764_000_000] * len(frame), frame.TN.astype(np.int64).tolist(), strict=True))
    with closing(sqlite3.connect(database)) as base, base:
        moved = base.executemany("update rows set state = ?, foc = ?, since = ? where tn = ?", values).rowcount
    if moved != len(frame):
        raise Failed(f"of {len(frame):,} lines {moved:,} moved a row")


def main() -> None:
    import pyarrow.csv  # noqa: F401  imports are not what is measured

    taken = worked(lambda: update(Path(sys.argv[1]), Path(sys.argv[2])))
    print(json.dumps([taken.amount, taken.cpu]))


if __name__ == "__main__":
    main()
