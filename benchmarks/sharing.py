"""A night of small sheets that several processes share, beside the same night in one process; the database is PostgreSQL, started for it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, batchport
from benchmarks.figures import Figure
from benchmarks.measure import ENVIRONMENT, Failed, Taken, timed
from tests.postgresql import opened, server

#: Processes that work, the pass among them -> the most of the time of one that they may take.
_TARGETS = {2: 1 / 1.6, 4: 1.0}


def workers(bench: Bench) -> Iterator[Figure]:
    """Four hundred sheets, from the inbox to the mails."""
    sheets = bench.small_sheets(bench.sizes.shared)
    states: list[str] = []
    try:
        for processes, target in _TARGETS.items():
            together, alone = (partial(_night, bench, sheets, number, states) for number in (processes, 1))
            yield bench.compare(f"a night of {len(sheets)} sheets, {processes} processes / one", together, alone, target)
    finally:
        server().stop()
        server.cache_clear()


def _night(bench: Bench, sheets: list[Path], processes: int, states: list[str]) -> Taken:
    home = bench.home(*sheets)
    config, url = home / "config.yaml", server().new()
    config.write_text(config.read_text("utf-8").replace("home: .\n", f"home: .\ndatabase: {url}\n", 1), "utf-8")
    timed(batchport("--config", config, "orders"))
    with _helpers(config, url, processes - 1):
        taken = timed(batchport("--config", config, "run"))
    states.append(_states(config))
    if states[-1] != states[0]:
        raise Failed(f"the night of {processes} processes ended otherwise than that of the first one")
    return taken


@contextmanager
def _helpers(config: Path, url: str, count: int) -> Iterator[None]:
    if not count:
        yield
        return
    command = batchport("--config", config, "worker", "--concurrency", str(count))
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as helpers:
        try:
            while _heard(url) < count:
                if helpers.poll() is not None:
                    raise Failed("the workers did not start")
                time.sleep(0.1)
            yield
        finally:
            helpers.terminate()


def _heard(url: str) -> int:
    with opened(url) as database:
        if database.execute("select to_regclass('procrastinate_workers')").fetchone()[0] is None:
            return 0
        return int(database.execute("select count(*) from procrastinate_workers").fetchone()[0])


def _states(config: Path) -> str:
    lines = timed(batchport("--config", config, "status", "--format", "json")).out.splitlines()
    return json.dumps(sorted((line["file"], line["row"], line["state"]) for line in map(json.loads, lines)))
