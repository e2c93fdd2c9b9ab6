"""`python -m tests.crash.table`: every night killed at every moment and at 200 random times, and the table of what came of it.

It takes about ten minutes on two cores. `--nights` and `--random` do less; what was found goes to `docs/crash-table.md`, or where `-o` says.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tests.conftest import make_fresh_home
from tests.crash.nights import IN_DOUBT, NIGHTS, SAME, SAME_MAIL_TWICE, Night, night
from tests.crash.zygote import ROOT, Zygote

PAGE = ROOT / "docs" / "crash-table.md"
#: Of the random times.
SEED = 8

_HEAD = """\
# Nights that were killed

Each night is played in a process of its own, which is killed by SIGKILL at the moment that is named; then it is run again to its end. That end is compared with the
end of the same night when nothing happens: the state, order and reasons of every row, the bytes and names of the submission files, results, archive, quarantine,
exception lines, empty inboxes, the count, no number in submission files of two orders, no half-written file, no
unit of work and no lock left, a sound database, an unbroken journal, and for every recipient all that
was told by mail.

The moments are listed by the night itself when it is played without being killed; a second time it lists the same. They stand before every change of a file or
folder, before and half way through what is written into a file, before every sync, before and after every transaction that writes, and before and after everything
that is handed to a mail server or asked of an SFTP server. Nothing that lasts happens between two of them.

This page is made by `python -m tests.crash.table`.
"""


@contextmanager
def prepared(name: str) -> Iterator[Night]:
    """A night in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="batchport-crash-") as folder:
        fresh = make_fresh_home(Path(folder) / "fresh")
        (Path(folder) / "night").mkdir()
        with Zygote(fresh) as process, night(name, fresh, process, Path(folder) / "night") as found:
            yield found


def at_moments(name: str, part: int, parts: int) -> list[tuple[int, str, str]]:
    """A part of the moments of a night, with their numbers, and what came of each."""
    with prepared(name) as found:
        assert found.listed_again() == found.moments, f"the {name} night does not list the same moments twice"
        return [(number, moment, found.killed_at(moment)) for number, moment in enumerate(found.moments, 1) if number % parts == part]


def at_random(name: str, times: list[float]) -> list[tuple[float, str]]:
    """What came of a night that was killed after these parts of its length."""
    with prepared(name) as found:
        return [(time, found.killed_after(time * found.seconds)) for time in times]


def page(moments: dict[str, list[tuple[int, str, str]]], times: dict[str, list[tuple[float, str]]]) -> str:
    """The table."""
    lines = [_HEAD, "| night | what happens in it | moments | the same end | one mail twice | in doubt, told | wrong |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name, found in moments.items():
        about = " ".join((NIGHTS[name][0].__doc__ or "").split()).rstrip(".")
        lines.append(f"| {name} | {about} | {len(found)} | {_counts(outcome for *_, outcome in found)} |")
    lines.append(f"| **all** | | {sum(map(len, moments.values()))} | {_counts(outcome for found in moments.values() for *_, outcome in found)} |")
    if any(times.values()):
        lines += ["", "## Random times", "", "Killed from outside at random times between the beginning and the end of the night.", ""]
        lines += ["| night | kills | the same end | one mail twice | in doubt, told | wrong |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [f"| {name} | {len(found)} | {_counts(outcome for _, outcome in found)} |" for name, found in times.items()]
        lines.append(f"| **all** | {sum(map(len, times.values()))} | {_counts(outcome for found in times.values() for _, outcome in found)} |")
    lines += ["", f"*One mail twice*: {SAME_MAIL_TWICE}; the power went between the mail server's yes and its being written down. *In doubt, told*: {IN_DOUBT}.", ""]
    for name, found in moments.items():
        lines += [f"## {name}: every moment", "", "| | killed | outcome |", "| --- | --- | --- |"]
        lines += [f"| {number} | {moment.replace('|', ' ')} | {_SHORT.get(outcome, outcome)} |" for number, moment, outcome in found]
        lines.append("")
    return "\n".join(lines)


_SHORT = {SAME: "same", SAME_MAIL_TWICE: "same, one mail twice", IN_DOUBT: "in doubt, told"}


def _counts(outcomes: Iterator[str]) -> str:
    counted = Counter(outcomes)
    known = [counted.pop(outcome, 0) for outcome in _SHORT]
    return " | ".join(map(str, (*known, counted.total())))


def main() -> int:
    """Kill, tell, and write the page; 1 where anything is wrong."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--nights", nargs="+", choices=NIGHTS, default=list(NIGHTS), help="which nights")
    options.add_argument("--random", type=int, default=200, help="so many random times in all (200)")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="so many at once")
    options.add_argument("-o", type=Path, default=PAGE, help="where the page goes")
    said = options.parse_args()
    chance, began = random.Random(SEED), time.monotonic()
    times: dict[str, list[float]] = {name: [] for name in said.nights}
    for number in range(said.random):
        times[said.nights[number % len(said.nights)]].append(chance.random())
    parts = said.workers
    with ProcessPoolExecutor(said.workers, get_context("spawn")) as workers:
        every = {name: [workers.submit(at_moments, name, part, parts) for part in range(parts)] for name in said.nights}
        some = {name: workers.submit(at_random, name, times[name]) for name in said.nights}
        moments = {name: sorted(one for part in found for one in part.result()) for name, found in every.items()}
        at = {name: sorted(found.result()) for name, found in some.items()}
    for name, found in moments.items():
        assert [number for number, *_ in found] == list(range(1, len(found) + 1)), f"the {name} night's moments are not the same in every process"
    text = page(moments, at)
    said.o.write_text(text, "utf-8")
    wrong = re.findall(r".*WRONG.*", text) + [f"{name}, after {part:.3f} of it: {outcome}" for name, found in at.items() for part, outcome in found if "WRONG" in outcome]
    print(*wrong, sep="\n")
    print(f"{sum(map(len, moments.values()))} moments and {said.random} random times in {time.monotonic() - began:.0f} s, {len(wrong)} wrong: {said.o}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
