"""What years of finished rows cost those who take in and answer a few new ones.

The open rows are taken in and sent by the program, the finished ones behind them are put there by SQL, with all that belongs to them but their sheets and the
bytes of their submissions.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.answering import copied, reconciled, sent_home, settled, write_answers
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Taken

#: Lines of one answer.
_FEW = 100
#: Of how many times as many finished rows a few answers must not feel much.
_TIMES = 100
#: Rows of a file, lines of an order, and lines of a submission and of its answer, in the history.
_SIZES = {"of_file": 100_000, "of_order": 8, "of_submission": 100_000}
#: Record `i` -> a number of its own, in no order, and one that no sheet asks for: there is no text behind these rows that it could be compared with.
_NUMBER = "(200 + {at} % 800) * 10000000 + (100 + {at} / 800 % 120) * 10000 + {at} / 96000 % 10000".format(at="(i * 7368787 % 960000000)")
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
        f""":row + i, :file + i / :of_file, i % :of_file + 2, :order + i / :of_order, 9, {_NUMBER}, 0, 1, 1, :answer + i, 20250307,
        1741572000""",
    ),
    (
        "answers (id, response_id, line, order_id, row_id, ver, saying_id, at, applied)", "of_row",
        ":answer + i, :response + i / :of_submission, i % :of_submission + 2, :order + i / :of_order, :row + i, 1, :saying, 1741568400000000, 1",
    ),
)  # fmt: skip


def intake(bench: Bench) -> Iterator[Figure]:
    """`intake` of a sheet with much history beside that with an empty database."""
    sheet, home, kept = bench.sheet(bench.sizes.rows // 10), bench.scratch / "past", bench.scratch / "past.db"
    sent_home(bench, home, _FEW)
    fill_history(home / "batchport.db", bench.sizes.history)
    settled(home / "batchport.db")
    copied(home / "batchport.db", kept)

    def own() -> Taken:
        copied(kept, home / "batchport.db")
        bench.drop(home, sheet)
        return bench.stages(home, "intake")

    yield bench.compare("intake with history / into an empty database", own, lambda: bench.stages(bench.home(sheet), "intake"), 1.3, large=True)


def few_answers(bench: Bench) -> Iterator[Figure]:
    """A hundred answers with much history beside as many with a hundredth of it; other rows each time."""
    much, little = (_answered(bench, rows) for rows in (bench.sizes.history, bench.sizes.history // _TIMES))
    own, floor = (partial(_next_answer, bench, home, responses) for home, responses in (much, little))
    yield bench.compare("reconcile of a few lines, all history / a hundredth of it", own, floor, 1.5)


def _answered(bench: Bench, rows: int) -> tuple[Path, Iterator[Path]]:
    """A home with so many finished rows, and answers to its open ones."""
    home = bench.scratch / f"answered-{rows}"
    sent = sent_home(bench, home, (bench.runs + 1) * _FEW)
    settled(home / "batchport.db")
    fill_history(home / "batchport.db", rows)
    return home, _responses(sent, home)


def _next_answer(bench: Bench, home: Path, responses: Iterator[Path]) -> Taken:
    return reconciled(bench, home, next(responses), _FEW)


def _responses(sent: pd.DataFrame, folder: Path) -> Iterator[Path]:
    """Responses of a few lines, each about other rows."""
    for number, start in enumerate(range(0, len(sent), _FEW)):
        path = folder / f"answer-{number:03d}.csv"
        write_answers(sent[start : start + _FEW], path)
        yield path


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
