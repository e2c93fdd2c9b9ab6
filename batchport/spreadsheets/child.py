"""A process that reads files for this one, so that a hostile or broken file takes nothing down but its own reading.

A stray cell at the far corner of a sheet makes the reader ask for more memory than there is, and the process is aborted; nothing inside it can
prevent that. So the process has limits on memory and computing time, its owner a limit on waiting, and a process that dies costs one file. It is
started when first needed and serves one file after the other: a line of JSON asks, a line of JSON answers, and each sheet comes as an Arrow file in
shared memory, which is mapped and unlinked at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, NoReturn, Self

import pyarrow as pa

import batchport
from batchport.spreadsheets.bundle import Member, unpack
from batchport.spreadsheets.kinds import ZIP, Kind, kind_of
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Problem, Reading, Sheet, Unreadable

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
_ABOUT = b"batchport"


class ReaderChild:
    """A reading process, started when first needed, replaced when it dies, and ended with the context.

    Args:
        limits: what a workbook may cost; they hold for every file it reads.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, path: Path, ask: Ask) -> Reading:
        """The sheets of a file that hold anything, and what is to be said of the file as a whole.

        Raises:
            Unreadable: whatever is wrong with the file, and `file-unreadable` when the process died of it.
        """
        answer = self._asked({"do": "read", "path": os.fsencode(path.absolute()).hex(), "saved": dict(ask.saved), "whole": ask.whole})
        sheets = tuple(_unpack(Path(name)) for name in answer["sheets"])
        return Reading(sheets, tuple(Problem(*problem) for problem in answer["problems"]))

    def is_bundle(self, path: Path) -> bool:
        """Whether a file is a zip archive of other files.

        Raises:
            Unreadable: it is none, and nothing else that can be read.
        """
        return bool(self._asked({"do": "kind", "path": os.fsencode(path.absolute()).hex()})["kind"] == Kind.BUNDLE.name)

    def unpack(self, path: Path, into: Path) -> list[Member]:
        """The files of a zip archive, unpacked into a folder.

        Raises:
            Unreadable: `file-unreadable`, `file-encrypted`, `file-too-large`, `file-empty`.
        """
        answer = self._asked({"do": "unpack", "path": os.fsencode(path.absolute()).hex(), "into": str(into)})
        return [Member(name, into / file) for name, file in answer["members"]]

    def _asked(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            Unreadable: a refusal, and `file-unreadable` when the process died of it.
        """
        process = self._running()
        try:
            os.write(_pipe(process.stdin), (json.dumps(request) + "\n").encode())
            answer: dict[str, Any] = json.loads(self._answer(process))
        except BaseException:
            self.close()
            raise
        if "code" in answer:
            raise Unreadable(answer["code"], answer["detail"])
        return answer

    def close(self) -> None:
        """End the process, and remove what it left."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in filter(None, (self._process.stdin, self._process.stdout)):
                with contextlib.suppress(OSError):
                    pipe.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._folder = Path(tempfile.mkdtemp(prefix="batchport-", dir=shared_memory()))
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, json.dumps(asdict(self._limits)), str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes:
        """The process's answer in one line; raises when it takes too long or dies."""
        until = time.monotonic() + self._limits.wall_seconds
        answer = b""
        while not answer.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([_pipe(process.stdout)], [], [], left)[0]:
                raise Unreadable("file-too-large", f"reading it takes longer than {self._limits.wall_seconds:g} seconds")
            piece = os.read(_pipe(process.stdout), 65536)
            if not piece:
                _raise_death(process.wait(), self._limits)
            answer += piece
        return answer


def _pipe(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ValueError("the process was started without pipes")
    return pipe.fileno()


def _environment() -> dict[str, str]:
    """What the process needs of ours; keys and passwords that settings name by environment variable stay here."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    own = str(Path(batchport.__file__).resolve().parent.parent)
    if own not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths.insert(0, own)
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1"}


def _raise_death(status: int, limits: Limits) -> NoReturn:
    if status == -signal.SIGXCPU:
        raise Unreadable("file-too-large", f"reading it takes more than {limits.cpu_seconds} seconds of computing")
    if status == -signal.SIGABRT:  # so ends a reader that asks for more memory than there is
        raise Unreadable("file-too-large", "reading it takes too much memory; perhaps a stray cell stands far below or beside the table")
    raise Unreadable("file-unreadable", "reading it breaks the reader")


@contextlib.contextmanager
def unbundled(path: Path, child: ReaderChild) -> Iterator[list[Member]]:
    """What a zip archive of sheets holds, for as long as the context lasts; of any other file nothing.

    Raises:
        Unreadable: see `ReaderChild.unpack`.
    """
    with path.open("rb") as file:
        bundle = file.read(4) in ZIP
    if not bundle or not child.is_bundle(path):
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="batchport-", dir=shared_memory()) as folder:
        yield child.unpack(path, Path(folder))


def shared_memory() -> str | None:
    """The folder for what must not touch the disk, None where there is none."""
    return str(_SHARED_MEMORY) if os.access(_SHARED_MEMORY, os.W_OK) else None


# In the reading process


def main() -> None:
    """Answer requests until there are no more."""
    limits = Limits(**json.loads(sys.argv[1]))
    folder = Path(sys.argv[2])
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the owner to deal with
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    for request in sys.stdin:
        answer = _serve(json.loads(request), limits, folder)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    shutil.rmtree(folder, ignore_errors=True)


def _serve(request: dict[str, Any], limits: Limits, folder: Path) -> dict[str, Any]:
    """The answer to one request; where it is a refusal, nothing is left in the folder."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1, hard))
    path = Path(os.fsdecode(bytes.fromhex(request["path"])))
    try:
        if request["do"] == "kind":
            return {"kind": kind_of(path).name}
        if request["do"] == "unpack":
            return {"members": [(member.name, member.path.name) for member in unpack(path, Path(request["into"]), limits)]}
        return _read(path, Ask(request["saved"], request["whole"]), limits, folder)
    except Unreadable as error:
        refusal = {"code": error.code, "detail": error.detail}
    except MemoryError:
        refusal = {"code": "file-too-large", "detail": f"reading it takes more than {limits.memory_bytes // 1024**2:,} MB of memory"}
    except BaseException as error:  # noqa: BLE001  whatever a file does to its reader is a finding of that file
        refusal = {"code": "file-unreadable", "detail": f"reading it failed ({type(error).__name__})"}
    for left in folder.iterdir():
        left.unlink()
    return refusal


def _read(path: Path, ask: Ask, limits: Limits, folder: Path) -> dict[str, Any]:
    """The names of an Arrow file for every sheet, and what is to be said of the file."""
    from batchport.spreadsheets.readers import read_sheets

    sheets: list[str] = []
    problems: list[tuple[str, int | None, int | None, str]] = []
    for found in read_sheets(path, ask, limits):
        if isinstance(found, Problem):
            problems.append(_plain(found))
        else:
            sheets.append(str(folder / f"{len(sheets)}.arrow"))
            _pack(found, sheets[-1])
    return {"sheets": sheets, "problems": problems}


def _pack(sheet: Sheet, name: str) -> None:
    """Write a sheet as an Arrow file: its cells, its row numbers, and the rest as a note."""
    about = {
        "name": sheet.name,
        "headers": sheet.headers,
        "header_row": sheet.header_row,
        "problems": [_plain(problem) for problem in sheet.problems],
        "above": sheet.above,
        "hidden": sheet.hidden,
    }
    table = sheet.cells.append_column("row", pa.array(sheet.row)).replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    with pa.OSFile(name, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _plain(problem: Problem) -> tuple[str, int | None, int | None, str]:
    return problem.code, problem.row, problem.column, problem.detail


def _unpack(path: Path) -> Sheet:
    """The sheet of an Arrow file, which is gone by name and lives while the sheet does."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    path.unlink()
    about = json.loads(table.schema.metadata[_ABOUT])
    row = table.column("row").to_numpy()
    cells = table.drop_columns("row").replace_schema_metadata(None)
    problems = tuple(Problem(*problem) for problem in about["problems"])
    above = tuple((number, tuple(texts)) for number, texts in about["above"])
    return Sheet(about["name"], tuple(about["headers"]), about["header_row"], cells, row, problems, above, about["hidden"])


class _NoPandas:
    """Keeps Arrow, which tries to import pandas on first use, from spending half a second on it."""

    def find_spec(self, name: str, *_: object) -> None:
        """Nothing, but for pandas, which is said not to be there."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _NoPandas())
    main()
