"""Processes that read files for this one, so that a hostile or broken file takes nothing down but its own reading.

A stray cell at the far corner of a sheet makes the reader ask for more memory than there is, and the process is aborted; nothing inside it can
prevent that. So a process has limits on memory and computing time, its owner a limit on waiting, and a process that dies costs one file. It is
started when first needed and serves one file after the other. What will be asked for is asked ahead, and read while we are at other work.

A line with the name of a file asks, and a line break answers. What is asked and answered lies in that file and one beside it in shared memory, because a
pipe that is full blocks whoever writes to it; there too lies each sheet as an Arrow file, which is mapped and unlinked at once, and, where somebody
wants to know, how many rows of a sheet were read by now.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn, Self

import pyarrow as pa

import batchport
from batchport import log
from batchport.files import open_at_once
from batchport.progress import Progress, quiet
from batchport.spreadsheets.bundle import Member
from batchport.spreadsheets.kinds import ZIP
from batchport.spreadsheets.limits import NO_FAULT_OF_A_FILE, Limits
from batchport.spreadsheets.sheet import ABOUT, Ask, Bundled, Problem, Reading, Sheet, Unreadable

#: With more processes than this, reading waits for whoever makes rows of what was read.
_MOST_PROCESSES = 4
#: Another process is started once so many bytes or files wait: below that, the starting takes longer.
_WORTH_BYTES, _WORTH_FILES = 1 << 20, 25
#: So many bytes of files are read ahead; as sheets they take up to ten times as much memory.
_AHEAD = 16 << 20
#: Seconds between two looks at how far a reader is.
_LOOK = 0.25
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(slots=True, eq=False)
class _Request:
    """Something asked of a process.

    Attributes:
        words: what is asked.
        size: of the file that it is about.
        number: once it was sent.
        process: which was asked.
        answer: what it said; an `Unreadable` where it refused, or died of it.
        wanted: whether somebody will ask for the answer.
    """

    words: dict[str, Any]
    size: int
    number: int = -1
    process: _Process | None = None
    answer: dict[str, Any] | Unreadable | None = None
    wanted: bool = True


class ReaderPool:
    """Reading processes, started when needed, replaced when they die, and ended with the context.

    Args:
        limits: what a file may cost; they hold for every file.
        progress: hears of files that are read while we wait for them.
    """

    def __init__(self, limits: Limits, progress: Progress = quiet) -> None:
        self._limits = limits
        self.progress = progress
        self._folder: Path | None = None
        self._processes: list[_Process] = []
        self._numbers = count()
        self._ahead: dict[Path, _Request] = {}
        self._unsent: deque[_Request] = deque()
        self._room = _AHEAD

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ahead(self, paths: Iterable[Path], ask: Ask) -> None:
        """Begin to read files that will be asked for in this order; what was begun before is not begun again.

        Raises:
            OSError: a file is not there.
        """
        for path in paths:
            if path not in self._ahead:
                self._ahead[path] = _Request(self._to_read(path, ask), path.stat().st_size)
                self._unsent.append(self._ahead[path])
        self._send_ahead()

    def forget(self) -> None:
        """Nothing that was asked ahead will be asked for; whoever reads one of these files reads it as it is then."""
        for request in self._ahead.values():
            request.wanted = False
            self._room += request.size if request.process is not None else 0
        self._unsent.clear()
        self._ahead.clear()

    def read(self, path: Path, ask: Ask) -> Reading:
        """The sheets of a file that hold anything, and what is to be said of the file as a whole.

        Raises:
            Unreadable: whatever is wrong with the file, and `file-unreadable` when the process died of it.
            OSError: the machine has no room for what is read, which is no fault of the file.
        """
        words = self._to_read(path, ask)
        self.progress(f"Reading {path.name}")
        begun = self._begun(path)
        if begun is not None:
            del self._ahead[path]
            self._room += begun.size
        answer = self._answer(begun if begun is not None and begun.words == words else _Request(words, 0))
        self._send_ahead()
        if answer.get("bundle"):
            raise Bundled("file-unsupported", "it is a zip archive of files")
        sheets = tuple(_unpack(Path(name)) for name in answer["sheets"])
        return Reading(sheets, tuple(Problem(*problem) for problem in answer["problems"]))

    def is_bundle(self, path: Path) -> bool:
        """Whether a file is a zip archive of other files.

        Raises:
            Unreadable: it is none, and nothing else that can be read.
        """
        return bool(self._answer(self._begun(path) or _Request(_about("kind", path), 0)).get("bundle"))

    def unpack(self, path: Path, into: Path) -> list[Member]:
        """The files of a zip archive, unpacked into a folder.

        Raises:
            Unreadable: `file-unreadable`, `file-encrypted`, `file-too-large`, `file-empty`.
        """
        answer = self._answer(_Request({**_about("unpack", path), "into": str(into)}, 0))
        return [Member(name, into / file) for name, file in answer["members"]]

    def folder(self) -> Path:
        """The folder for what must not touch the disk; a reader knows it, and removes it when this process dies."""
        self._answer(_Request({"do": "know"}, 0))
        return self._place()

    def close(self) -> None:
        """End the processes, and remove what they left."""
        for process in self._processes:
            process.end()
        self._processes.clear()
        self._ahead.clear()
        self._unsent.clear()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _to_read(self, path: Path, ask: Ask) -> dict[str, Any]:
        return {**_about("read", path), "saved": dict(ask.saved), "whole": ask.whole, "told": self.progress is not quiet}

    def _begun(self, path: Path) -> _Request | None:
        """The request for a file that was asked ahead; sent by now, however little room there is."""
        request = self._ahead.get(path)
        if request is not None and request.process is None:
            self._unsent.remove(request)
            self._room -= request.size
            self._send(request)
        return request

    def _send_ahead(self) -> None:
        """Send what is asked ahead, as far as there is room for the answers."""
        while self._unsent and (self._room >= self._unsent[0].size or len(self._unsent) == len(self._ahead)):
            request = self._unsent.popleft()
            self._room -= request.size
            self._send(request)

    def _answer(self, request: _Request) -> dict[str, Any]:
        """The answer to a request; those that the process owes from before are kept for whoever asks for them.

        Raises:
            Unreadable: a refusal, and `file-unreadable` when the process died of it.
        """
        try:
            if request.process is None:
                self._send(request)
            while request.answer is None and request.process is not None:
                self._take_answer(request.process)
        except BaseException:
            self.close()
            raise
        if isinstance(request.answer, dict):
            return request.answer
        raise request.answer or Unreadable("file-unreadable", "the reader was ended")

    def _take_answer(self, process: _Process) -> None:
        """Take the next answer of a process; when it dies, what waited behind the file that it died of is asked of another."""
        request = process.waiting[0]
        try:
            process.wait(self._limits, self._look_at(request))
            answered = self._file(request, "answer")
            answer = json.loads(answered.read_bytes())
            answered.unlink()
            request.answer = Unreadable(answer["code"], answer["detail"]) if "code" in answer else answer
        except OSError as error:
            raise self._of_shared_memory(error) from None
        except Unreadable as error:
            request.answer = error
            log.event("reader ended", "warning", code=error.code, limit=error.detail)
            self._processes.remove(process)
            process.end()
        process.waiting.popleft()
        if request.words.get("told"):
            self._file(request, "done").unlink(missing_ok=True)
        if isinstance(request.answer, Unreadable) or not request.wanted:
            for left in self._place().glob(f"{request.number}.*"):
                left.unlink()
        if process not in self._processes:
            for other in process.waiting:
                self._send(other)

    def _send(self, request: _Request) -> None:
        """Send a request to the process that has the least to do, or to a new one while all are busy and there may be more."""
        request.number = next(self._numbers)
        asked = self._file(request, "ask")
        try:
            asked.write_text(json.dumps(request.words), encoding="utf-8")
        except OSError as error:
            raise self._of_shared_memory(error) from None
        for killed in [each for each in self._processes if not each.waiting and each.dead]:
            self._processes.remove(killed)
            killed.end()
        least = min(self._processes, key=lambda each: sum(waiting.size for waiting in each.waiting), default=None)
        if least is None or (least.busy and len(self._processes) < min(_MOST_PROCESSES, os.cpu_count() or 1)):
            least = _Process(self._limits)
            self._processes.append(least)
        request.process = least
        least.send(request, asked)

    def _look_at(self, request: _Request) -> Callable[[], None] | None:
        """What looks up and tells how many rows of a file were read by now; None where nobody wants to know."""
        if not request.words.get("told"):
            return None
        what = f"Reading {Path(os.fsdecode(bytes.fromhex(request.words['path']))).name}"

        def look() -> None:
            with contextlib.suppress(FileNotFoundError, ValueError):  # it is not there yet, or nothing is in it
                done, of = map(int, self._file(request, "done").read_text().split())
                self.progress(what, done, of)

        return look

    def _of_shared_memory(self, error: OSError) -> OSError:
        """An error that names where there is no room."""
        return OSError(error.errno, error.strerror, str(self._place().parent))

    def _file(self, request: _Request, kind: str) -> Path:
        return self._place() / f"{request.number}.{kind}"

    def _place(self) -> Path:
        """The folder for what is asked and answered, made when it is first needed."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="batchport-", dir=shared_memory()))
        return self._folder


def _about(what: str, path: Path) -> dict[str, Any]:
    return {"do": what, "path": os.fsencode(path.absolute()).hex()}


class _Process:
    """One reading process, and what it was asked and has not answered."""

    def __init__(self, limits: Limits) -> None:
        self.waiting: deque[_Request] = deque()
        asks, self._asks = os.pipe()
        self._answers, answers = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "batchport.spreadsheets.child", json.dumps(asdict(limits))],
                stdin=asks, stdout=answers, stderr=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
        finally:
            os.close(asks)
            os.close(answers)

    @property
    def busy(self) -> bool:
        """Whether another one beside it would be of use."""
        return len(self.waiting) >= _WORTH_FILES or sum(request.size for request in self.waiting) >= _WORTH_BYTES

    @property
    def dead(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def send(self, request: _Request, asked: Path) -> None:
        """Ask it; one that is dead does not hear, which is seen when its answer is waited for."""
        self.waiting.append(request)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._asks, os.fsencode(asked) + b"\n")

    def wait(self, limits: Limits, look: Callable[[], None] | None = None) -> None:
        """Wait for its next answer; `look` is called every now and then meanwhile.

        Raises:
            Unreadable: it takes too long, or the process died.
        """
        end = time.monotonic() + limits.wall_seconds
        while not select.select([self._answers], [], [], _LOOK if look else limits.wall_seconds)[0]:
            if look and time.monotonic() < end:
                look()
                continue
            raise Unreadable("file-too-large", f"reading it takes longer than {limits.wall_seconds:g} seconds")
        if not os.read(self._answers, 1):
            _raise_death(self._process.wait(), limits)

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._asks)
        os.close(self._answers)


def _environment() -> dict[str, str]:
    """What the process needs of ours; keys and passwords that settings name by environment variable stay here."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    own = str(Path(batchport.__file__).resolve().parent.parent)
    if own not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths.insert(0, own)
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def _raise_death(status: int, limits: Limits) -> NoReturn:
    if status in NO_FAULT_OF_A_FILE:
        raise OSError(status, os.strerror(status))
    if status == -signal.SIGXCPU:
        raise Unreadable("file-too-large", f"reading it takes more than {limits.cpu_seconds} seconds of computing")
    if status == -signal.SIGABRT:  # so ends a reader that asks for more memory than there is
        raise Unreadable("file-too-large", "reading it takes too much memory; perhaps a stray cell stands far below or beside the table")
    raise Unreadable("file-unreadable", "reading it breaks the reader")


@contextlib.contextmanager
def unbundled(path: Path, pool: ReaderPool) -> Iterator[list[Member]]:
    """What a zip archive of sheets holds, for as long as the context lasts; of any other file nothing.

    Raises:
        Unreadable: see `ReaderPool.unpack`.
    """
    with open_at_once(path) as file:
        bundle = file.read(4) in ZIP
    if not bundle or not pool.is_bundle(path):
        yield []
        return
    with tempfile.TemporaryDirectory(dir=pool.folder()) as folder:
        yield pool.unpack(path, Path(folder))


def shared_memory() -> str | None:
    """The folder for what must not touch the disk, None where there is none."""
    return str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None


def _unpack(path: Path) -> Sheet:
    """The sheet of an Arrow file, which is gone by name and lives while the sheet does."""
    table = pa.ipc.open_stream(pa.memory_map(str(path))).read_all()
    path.unlink()
    about = json.loads(table.schema.metadata[ABOUT])
    row = table.column("row").to_numpy()
    cells = table.drop_columns("row").replace_schema_metadata(None)
    problems = tuple(Problem(*problem) for problem in about["problems"])
    above = tuple((number, tuple(texts)) for number, texts in about["above"])
    return Sheet(about["name"], tuple(about["headers"]), about["header_row"], cells, row, problems, above, about["hidden"])
