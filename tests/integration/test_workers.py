"""Helpers share a pass's work: whatever becomes of them, the night ends as it would without."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVENING, NEXT, ROOT, Home, Result, account, batchport_process, numbers, response
from tests.conftest import LOCAL as ONE
from tests.conftest import settled
from tests.postgresql import server

#: Sheets of a night, one account each, of two customers in turn.
SHEETS = 24


@pytest.fixture
def shared(make_home: Callable[[str], Home]) -> Home:
    """A home whose database is in a server."""
    home = make_home("shared")
    if "database: postgresql" not in home.config.read_text("utf-8"):
        home.set("home: .\n", f"home: .\ndatabase: {server().new()}\n")
    return home


def sheets(home: Home, count: int = SHEETS) -> None:
    """Sheets of two customers, some with a fault, one twice, and a correction after what it corrects."""
    for number in range(count):
        rows = account(3, btn=f"617-{300 + number}-2200", account_number=f"A{7000 + number}", name=f"Shop {number} LLC")
        if number % 5 == 4:
            rows[1]["state"] = "XX"
        path = home.drop(*rows, name=f"sheet-{number:03}.csv", customer=("acme", "harbor")[number % 2])
        os.utime(path, (time.time() - 600 + number,) * 2)
    # The same numbers again, later: which comes first decides which of them goes.
    again = home.drop(*account(3, btn="617-300-2200", account_number="B1", name="Somebody Else LLC"), name="zz-again.csv", customer="acme")
    os.utime(again, (time.time() - 300,) * 2)


@contextmanager
def workers(home: Home, count: int = 1, *more: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that help, until the block is left; they have reported by then."""
    before = heard(home)
    command = [sys.executable, "-m", "batchport", "--config", str(home.config), "worker", *more]
    started = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        until(lambda: heard(home) >= before + count)
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
        for process in started:
            process.communicate(timeout=60)


def heard(home: Home) -> int:
    """How many helpers have said that they are there."""
    with home.database() as database:
        if database.execute("select to_regclass('procrastinate_workers')").fetchone()[0] is None:
            return 0
        return int(database.execute("select count(*) from procrastinate_workers").fetchone()[0])


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def run(home: Home, at: str = EVENING) -> Result:
    """A whole pass in a process of its own."""
    return batchport_process("run", "--format", "json", at=at, config=home.config)


def ended(home: Home) -> dict[str, Any]:
    """How everything is: states of all rows by file and row, what was sent, and the mails that went."""
    lines = [line.copy() for line in home.sent()]
    for line in lines:
        line.pop("PON")
    mails = sorted((mail["To"], mail["Subject"].split(":")[0]) for mail in home.mails())
    return {"states": home.states(), "sent": sorted(json.dumps(line, sort_keys=True) for line in lines), "mails": mails}


@pytest.fixture(scope="module")
def alone(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How the night ends in one process."""
    import shutil

    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("alone") / "home")))
    sheets(home)
    done = home.run()
    assert done.last["balanced"] is True
    return ended(home)


def test_two_helpers_and_the_pass_end_the_night_as_one_process_does(shared: Home, alone: dict[str, Any]) -> None:
    sheets(shared)
    with workers(shared, 2):
        done = run(shared)
    assert (done.exit, done.last["balanced"]) == (1, True), done.err
    assert ended(shared) == alone
