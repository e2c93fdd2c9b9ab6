#!/usr/bin/env python3
"""Years of ported numbers, and a month of open ones, in a home that the program made; and what looking at them costs beside `import pandas`.

    grown.py HOME [--rows 10000000] [--open 0.1] [--runs 5] [--only NAME] [--tools ../shared/bench]

A home that is not there is made and grown by bulk inserts, which takes minutes and 4 GB for ten million rows; one that is there is measured. Numbers, orders,
versions, answers and sheets belong together as the program would have stored them, with its own keys, so that every command answers: finished rows are
completed but for some that were cancelled, corrected or never put right; the open ones of the last days wait to go or for an answer, and older ones are
confirmed for a day to come but for a few that were rejected, or are late.
Four of five rows came in sheets of 100,000, the others in sheets of 50; the text of the sheets is the same in each.

The commands take turns with a bare `import pandas`, as whole processes, and the medians of processor seconds are set against each other.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from bench import ROOT, python, timed

from batchport.config import load
from batchport.domain.lifecycle import ORDERLESS, State
from batchport.pipeline.app import App
from batchport.store.count import settle_finished
from batchport.store.lines import packed
from batchport.store.pieces import opened_piece, sealed_piece

_TARGET = 2.0
_NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
#: Rows that are sent and answered together, in one sheet or in many of 50.
_BATCH, _SMALL = 100_000, 50
#: Numbers of each order, again and again: a small sheet of them.
_LINES = (1, 1, 2, 4, 8, 32, 2)
#: Days between two batches of finished rows, and hours between two of open ones.
_APART, _OPEN_APART = 12, 36
#: What was received within these hours has not been confirmed yet.
_YOUNG = 72
#: State -> how many of a thousand orders are in it, of finished ones, of open ones, and of those of the last days.
_FINISHED = {State.COMPLETED: 950, State.CANCELLED: 20, State.SUPERSEDED: 15, State.DUPLICATE: 5, State.REJECTED: 10}
_OPEN = {
    State.CONFIRMED: 900, State.CARRIER_REJECTED: 30, State.COMPLETED: 30, State.DELAYED: 10, State.REJECTED: 10, State.ACKNOWLEDGED: 5, State.SUBMITTED: 5, State.HELD: 5,
    State.CANCEL_PENDING: 5,
}  # fmt: skip
_NEW = {State.SUBMITTED: 600, State.ACKNOWLEDGED: 250, State.READY: 100, State.HELD: 40, State.REJECTED: 10}
_ENDED = [int(state) for state in (State.COMPLETED, State.CANCELLED, State.SUPERSEDED, State.DUPLICATE)]
_NOT_SENT = [int(state) for state in (State.READY, State.HELD, *ORDERLESS)]
_CARRIERS = ("Verizon", "Lumen", "Comcast", "AT&T", "Frontier")
_CODES = (("8A", "Not as we have it"), ("1P", "No such account"), ("6H", ""), ("7B", "Wrong ZIP code"))
_INDEXES = "select name, sql from sqlite_master where type = 'index' and sql is not null"


def prepared(home: Path, tools: Path) -> None:
    """A home of two sheets, one of each size, for a pass to begin with."""
    timed(python("-m", "batchport", "init", str(home)))
    text = (home / "config.yaml").read_text()
    (home / "config.yaml").write_text(text.replace("customers:\n", "customers:\n  small: {name: Small, email: it@small.example}\n  new: {name: New, email: it@new.example}\n", 1))
    for name, rows in (("large", _BATCH), ("small", _SMALL)):
        sheet = home / "inbox" / "acme" / f"{name}.csv"
        timed(python(str(tools / "generate.py"), str(rows), str(sheet), "--bad", "0"))
        os.utime(sheet, (1_700_000_000, 1_700_000_000))
    timed(python("-m", "batchport", "--config", str(home / "config.yaml"), "--at", "2022-01-03T12:00:00+00:00", "intake"))


def _few(customer: str, sheet: int, sheets: int) -> str:
    """Whose a sheet of a batch is: the last of many small ones is another customer's, who has little here."""
    return "new" if customer == "small" and sheet == sheets - 1 else customer


class Grower:
    """Puts batches of rows with all that belongs to them behind those that are there."""

    def __init__(self, app: App, base: sqlite3.Connection) -> None:
        self._app, self._base = app, base
        self._random = np.random.default_rng(1)
        self._next = {table: base.execute(f"select coalesce(max(id), 0) + 1 from {table}").fetchone()[0] for table in ("files", "orders", "rows", "submissions", "responses", "answers", "sayings", "passes", "mails")}  # noqa: S608
        self._sequence = base.execute("select coalesce(max(sequence), 0) + 1 from submissions").fetchone()[0]
        with app.store.reading() as connection:
            of = {name: (number, sheets) for number, name, sheets in base.execute("select id, name, sheets from files")}
            self._pieces = {
                name: (sheets, [(start, rows, opened_piece(app.store, connection, number, start)) for start, rows in base.execute("select start, rows from pieces where file_id = ?", (number,)).fetchall()])
                for name, (number, sheets) in of.items()
            }  # fmt: skip

    def _insert(self, table: str, columns: str, records: Iterable[tuple[Any, ...]]) -> None:
        signs = ", ".join("?" * len(columns.split(",")))
        self._base.executemany(f"insert into {table} ({columns}) values ({signs})", records)  # noqa: S608

    def _give(self, table: str, number: int) -> int:
        first = self._next[table]
        self._next[table] += number
        return int(first)

    def _pass(self, at: datetime) -> int:
        number = self._give("passes", 1)
        self._insert("passes", "id, command, started, finished, summary", [(number, "run", at.isoformat(), at.isoformat(), "")])
        return number

    def batch(self, number: int, received: datetime, mixture: dict[State, int]) -> None:
        """One batch: a sheet or many, a submission, and three files of answers as far as time has come."""
        small, taken = number % 5 == 4, self._pass(received)
        customer = "small" if small else "acme"
        lines = np.tile(_LINES, _BATCH // sum(_LINES))
        first_order, first_row, first_file = self._give("orders", len(lines)), self._give("rows", _BATCH), self._files(small, customer, received, taken)
        state = self._random.choice([int(each) for each in mixture], len(lines), p=np.array(list(mixture.values())) / sum(mixture.values()))
        orders = np.arange(first_order, first_order + len(lines))
        sent = ~np.isin(state, _NOT_SENT)
        row_order, row_state = np.repeat(orders, lines), np.repeat(state, lines)
        rows = np.arange(first_row, first_row + _BATCH)
        at = received + timedelta(hours=1)
        submission = self._submission(at, taken, row_order[np.isin(row_order, orders[sent])], rows[np.isin(row_order, orders[sent])], int(sent.sum()))
        self._orders(orders, lines, state, customer, received, submission, sent)
        self._insert("mails", "id, pass_id, kind, customer, recipient, state, attempts, created, next_try, sent, trouble", [
            (self._give("mails", 1), taken, "received", customer, f"it{contact}@{customer}.example", "sent", 1, received.isoformat(), received.isoformat(), received.isoformat(), "")
            for contact in range(50)
        ])  # fmt: skip
        answer, moved, foc = self._answers(received, orders, state, row_order, row_state, rows)
        of_file = (np.arange(_BATCH) // (_SMALL if small else _BATCH)) + first_file
        orderless = np.isin(row_state, [int(each) for each in ORDERLESS])
        self._insert("rows", "id, file_id, row, order_id, state, tn, live, ver, answered, answer_id, foc, since", zip(
            rows.tolist(), of_file.tolist(), (np.arange(_BATCH) % (_SMALL if small else _BATCH) + 2).tolist(), [None if less else order for less, order in zip(orderless.tolist(), row_order.tolist(), strict=True)],
            row_state.tolist(), (2000000000 + rows * 7368787 % 7999999993).tolist(), (~np.isin(row_state, _ENDED)).astype(int).tolist(), np.repeat(sent, lines).astype(int).tolist(),
            (answer > 0).astype(int).tolist(), [one or None for one in answer.tolist()], [one or None for one in foc.tolist()], moved.tolist(), strict=True,
        ))  # fmt: skip
        rejected = rows[row_state == int(State.REJECTED)]
        self._insert("findings", "row_id, code, field, detail", ((row, "postal-state" if row % 3 else "name-missing", "state", "") for row in rejected.tolist()))

    def _files(self, small: bool, customer: str, received: datetime, taken: int) -> int:
        name, rows = ("small", _SMALL) if small else ("large", _BATCH)
        sheets, pieces = self._pieces[f"{name}.csv"]
        first, first_row = self._give("files", _BATCH // rows), self._next["rows"]
        for file in range(_BATCH // rows):
            sha256 = os.urandom(32).hex()
            self._insert("files", "id, customer, name, sha256, bytes, state, received, pass_id, first_row, rows, sheets, problems, put_away, results_due", [
                (first + file, _few(customer, file, _BATCH // rows), f"{name}-{first + file}.csv", sha256, 180 * rows, "read", received.isoformat(), taken, first_row + file * rows - _BATCH, rows, sheets, "[]", 1, 0)
            ])  # fmt: skip
            sealed = [(first + file, start, 0, length, sealed_piece(self._app.store, table, sha256, start), 0) for start, length, table in pieces]
            self._insert("pieces", "file_id, start, sheet, rows, sealed, pins", sealed)
        return first

    def _submission(self, at: datetime, taken: int, orders: np.ndarray[Any, Any], rows: np.ndarray[Any, Any], number: int) -> int:
        submission, name = self._give("submissions", 1), f"sample-{at:%Y%m%d}-{self._sequence:06d}.csv"
        self._insert("submissions", "id, partner, sequence, name, sha256, orders, lines, sealed, manifest, state, pass_id, stored, sent, line_rows", [
            (submission, "sample", self._sequence, name, os.urandom(32).hex(), number, len(rows), os.urandom(1_000_000), b"", "sent", taken, at.isoformat(), at.isoformat(), packed(orders, rows))
        ])  # fmt: skip
        self._insert("sendings", "submission_id, name, state, attempts, asked, sent, trouble", [(submission, name, "sent", 1, at.isoformat(), at.isoformat(), "")])
        self._sequence += 1
        return submission

    def _orders(self, orders: Any, lines: Any, state: Any, customer: str, received: datetime, submission: int, sent: Any) -> None:
        live = ~np.isin(state, _ENDED)
        self._insert(
            "orders", "id, key, account, live, customer, partner, number_class, country, losing_carrier, btn, partial, lines, ver, sup, held_by, released, requested_date, since",
            (
                (order, os.urandom(16), os.urandom(16), alive, _few(customer, (order - orders[0]) // len(_LINES), len(orders) // len(_LINES)), "sample", "local", "US", _CARRIERS[order % 5], 2000000000 + order, "N", count, ver, "", held, 0, "", received.isoformat())
                for order, alive, count, ver, held in zip(
                    orders.tolist(), live.astype(int).tolist(), lines.tolist(), sent.astype(int).tolist(), np.where(state == int(State.HELD), "order-incomplete", "").tolist(), strict=True
                )
            ),
        )  # fmt: skip
        answered = sent & ~np.isin(state, [int(State.SUBMITTED), int(State.CANCEL_PENDING)])
        self._insert("versions", "order_id, ver, sup, submission_id, lines, answered", (
            (order, 1, "", submission, count, count * heard) for order, count, heard in zip(orders[sent].tolist(), lines[sent].tolist(), answered[sent].astype(int).tolist(), strict=True)
        ))  # fmt: skip

    def _answers(self, received: datetime, orders: Any, state: Any, row_order: Any, row_state: Any, rows: Any) -> tuple[Any, Any, Any]:
        """The last answer of each row that counts, when it moved, and its date."""
        answer, moved = np.zeros(_BATCH, np.int64), np.full(_BATCH, int(received.timestamp()) + 3600)
        foc = np.zeros(_BATCH, np.int64)
        index = row_order - orders[0]
        done, confirmed = int(State.COMPLETED), np.isin(state, [int(State.CONFIRMED), int(State.COMPLETED)])
        late = self._random.random(len(orders)) < 0.002
        day = received + timedelta(days=25)
        date = np.where(late, int(f"{received + timedelta(days=4):%Y%m%d}"), int(f"{day:%Y%m%d}"))
        whole = [
            (timedelta(days=1), "ACK", confirmed | np.isin(state, [int(State.ACKNOWLEDGED), int(State.DELAYED), int(State.CARRIER_REJECTED), int(State.CANCELLED)]), ("", "")),
            (timedelta(days=2), "FOC", confirmed, ("", "")),
            (timedelta(days=2), "DELAY", state == int(State.DELAYED), ("", "")),
            (timedelta(days=2), "CANCEL", state == int(State.CANCELLED), ("", "")),
            *((timedelta(days=2), "REJECT", (state == int(State.CARRIER_REJECTED)) & (orders % 4 == place), code) for place, code in enumerate(_CODES)),
        ]  # fmt: skip
        for after, status, which, said in whole:
            if not which.any():
                continue
            numbers = self._respond(received + after, status, said, f"{day:%Y-%m-%d}" if status == "FOC" else "", orders[which], None)
            here = which[index]
            answer[here] = numbers[np.cumsum(which)[index[here]] - 1]
            moved[here] = int((received + after).timestamp())
        foc[confirmed[index]] = date[index][confirmed[index]]
        ported = row_state == done
        if ported.any():
            at = min(received + timedelta(days=26), _NOW - timedelta(hours=20))
            answer[ported] = self._respond(at, "COMPLETE", ("", ""), "", row_order[ported], rows[ported])
            moved[ported] = int(at.timestamp())
        return answer, moved, foc

    def _respond(self, at: datetime, status: str, said: tuple[str, str], foc: str, orders: Any, rows: Any) -> Any:
        response, saying, first = self._give("responses", 1), self._give("sayings", 1), self._give("answers", len(orders))
        numbers = np.arange(first, first + len(orders))
        self._insert("responses", "id, partner, name, sha256, lines, applied, first_answer, answers, received, pass_id", [
            (response, "sample", f"answer-{response}.csv", os.urandom(32).hex(), len(orders), len(orders), first, len(orders), at.isoformat(), self._pass(at))
        ])  # fmt: skip
        self._insert("sayings", "id, status, code, text, foc_date", [(saying, status, *said, foc)])
        of_rows = rows.tolist() if rows is not None else [None] * len(orders)
        self._insert("answers", "id, response_id, line, order_id, row_id, ver, saying_id, at, applied", (
            (number, response, line + 2, order, row, 1, saying, 0, 1) for line, (number, order, row) in enumerate(zip(numbers.tolist(), orders.tolist(), of_rows, strict=True))
        ))  # fmt: skip
        return numbers


def grow(home: Path, rows: int, open_: float) -> None:
    """So many rows, this share of them open, behind those of a prepared home."""
    app = App(load(home / "config.yaml"), _NOW)
    total, later = rows // _BATCH, round(rows * open_) // _BATCH
    with closing(sqlite3.connect(home / "batchport.db", isolation_level=None)) as base:
        grower = Grower(app, base)
        app.store.close()
        for setting in ("journal_mode=off", "synchronous=off", "cache_size=-1048576", "temp_store=memory", "foreign_keys=off"):
            base.execute(f"pragma {setting}")
        indexes = base.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            base.execute(f"drop index {name}")
        base.execute("begin")
        for number in range(total):
            before = total - later - number
            if before > 0:
                grower.batch(number, _NOW - timedelta(days=28 + _APART * before), _FINISHED)
            else:
                age = 20 + _OPEN_APART * (total - 1 - number)
                grower.batch(number, _NOW - timedelta(hours=age), _NEW if age < _YOUNG else _OPEN)
        for _, made in indexes:
            base.execute(made)
        base.execute("commit")
        base.execute("pragma journal_mode=wal")
    with app.store.transaction() as connection:
        settle_finished(connection)
    app.store.close()


def commands(home: Path) -> dict[str, list[str]]:
    """Name -> the words of a command, of what there is in the home."""
    with closing(sqlite3.connect(home / "batchport.db")) as base:
        order, tn, row = base.execute("select order_id, tn, id from rows where id > (select max(id) / 2 from rows) and order_id is not null and order_id % 7 = 5 limit 1").fetchone()
        (file,) = base.execute("select name from files where rows = ? order by id desc limit 1", (_SMALL,)).fetchone()
        (large,) = base.execute("select name from files where rows = ? order by id desc limit 1", (_BATCH,)).fetchone()
        (answers,) = base.execute("select name from responses order by id desc limit 1").fetchone()
    app = App(load(home / "config.yaml"), _NOW)
    pon, row_id = app.store.pons.one(order), app.store.row_ids.one(row)
    app.store.close()
    return {
        "status --tn": ["status", "--tn", str(tn)], "status --order": ["status", "--order", pon], "status --ref ROW-ID": ["status", "--ref", row_id],
        "status --file (50 rows)": ["status", "--file", file], "status --customer new": ["status", "--customer", "new"],
        "status --state delayed": ["status", "--state", "delayed"], "status --overdue": ["status", "--overdue"],
        "orders": ["orders"], "orders --customer new": ["orders", "--customer", "new"], "orders --due": ["orders", "--due"],
        "trace TN": ["trace", str(tn)], "trace PON": ["trace", pon], "trace ROW-ID": ["trace", row_id], "trace FILE (50 rows)": ["trace", file], "trace ANSWER:LINE": ["trace", f"{answers}:9"],
        "trace FILE (100,000 rows)": ["trace", large], "exceptions": ["exceptions"], "balance --since": ["balance", "--since", "2026-03-04"], "report": ["report", "-o", "-"],
    }  # fmt: skip


def measure(home: Path, runs: int, only: str) -> None:
    words = {name: said for name, said in commands(home).items() if only in name}
    took: dict[str, list[float]] = {name: [] for name in ("import pandas", *words)}
    for run in range(runs + 1):
        for name, seconds in took.items():
            command = python("-m", "batchport", "--config", str(home / "config.yaml"), "--at", _NOW.isoformat(), *words[name]) if name in words else python("-c", "import pandas")
            done = timed(command)
            if run:
                seconds.append(done.cpu)
    floor = statistics.median(took["import pandas"])
    for name, seconds in took.items():
        ratio = statistics.median(seconds) / floor
        print(f"{name:32} {statistics.median(seconds):8.2f} s  {ratio:6.2f}{'' if ratio <= _TARGET else '  missed'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--open", type=float, default=0.1, dest="open_", help="the share of rows that are not finished")
    parser.add_argument("--runs", type=int, default=5, help="turns that count, after one that does not; 0: only grow it")
    parser.add_argument("--only", default="", metavar="NAME", help="only commands with this in their names")
    parser.add_argument("--tools", type=Path, default=ROOT.parent / "shared" / "bench", help="the folder of generate.py")
    args = parser.parse_args()
    if not args.home.exists():
        prepared(args.home, args.tools)
        grow(args.home, args.rows, args.open_)
    if args.runs:
        measure(args.home, args.runs, args.only)


if __name__ == "__main__":
    main()
