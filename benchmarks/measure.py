"""What things take: processes and work of our own, in seconds and in memory.

Seconds on the wall are told beside those of processors: where the two drift apart, something else was using the machine, or two cores were at work.

Memory is the proportional set size (PSS) of a process and all that it started, sampled: a page that three processes share counts a third for each, so nothing is
counted twice. What lies in /dev/shm counts as long as somebody has it mapped.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
#: Seconds between two looks at the memory of processes; a look at a gigabyte takes a hundredth of a second.
_BETWEEN_LOOKS = 0.03
_TOUCH = "import sys; b'x' * (int(sys.argv[1]) << 30)"


class Failed(Exception):
    """A process that is measured did not end as it should; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took.

    Attributes:
        amount: seconds on the wall, or megabytes of memory.
        cpu: seconds of processors, children's included; 0 where memory was measured.
        out: what a process printed.
    """

    amount: float
    cpu: float = 0.0
    out: str = ""

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.amount + other.amount, self.cpu + other.cpu, self.out + other.out)

    def __sub__(self, other: Taken) -> Taken:
        return Taken(self.amount - other.amount, self.cpu - other.cpu, self.out)


#: One of the two things that are set against each other: does it once.
Side = Callable[[], Taken]


def python(*words: str | Path) -> list[str]:
    """The words that start Python."""
    return [sys.executable, *map(str, words)]


def timed(command: list[str]) -> Taken:
    """What a whole process and its children took. Exit status 1 is no failure: it says that a row needs somebody."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    _must_have_ended_well(command, done.returncode, done.stderr)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout)


def worked(work: Callable[[], object]) -> Taken:
    """What some work in this process took."""
    start, before = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - start, time.process_time() - before)


def peak(command: list[str]) -> Taken:
    """The most memory, in MB, that a process and all that it started had at one time."""
    most = 0
    with tempfile.TemporaryFile("w+") as said:
        # A session of its own, by which all that it starts is known, even what outlives its parent.
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True, env=ENVIRONMENT) as process:
            while process.poll() is None:
                most = max(most, sum(map(_pss, _of_session(process.pid))))
                time.sleep(_BETWEEN_LOOKS)
        said.seek(0)
        _must_have_ended_well(command, process.returncode, said.read())
    return Taken(most / 1e6)


def _must_have_ended_well(command: list[str], status: int, said: str) -> None:
    if status not in {0, 1} or (status == 1 and "Traceback" in said):
        raise Failed(f"{' '.join(command)} ended with {status}:\n{said}")


def _of_session(session: int) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The name of a process, in brackets, may hold anything.
            fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            yield process


def _pss(process: Path) -> int:
    """Bytes; 0 of a process that is gone."""
    try:
        lines = (process / "smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


def touch_memory(gigabytes: int) -> None:
    """Have the system find so much memory once, where there is that much: on some machines the first touch of a page costs many times the later ones."""
    free = next(int(line.split()[1]) << 10 for line in Path("/proc/meminfo").read_text("ascii").splitlines() if line.startswith("MemAvailable:"))
    if free > (gigabytes << 30) * 5 // 4:
        timed(python("-c", _TOUCH, str(gigabytes)))
