"""The reading process: answers what `pool` asks, within limits on memory and computing time."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from batchport.spreadsheets.bundle import unpack
from batchport.spreadsheets.kinds import Kind, kind_of
from batchport.spreadsheets.limits import NO_FAULT_OF_A_FILE, Limits
from batchport.spreadsheets.sheet import ABOUT, Ask, Bundled, Problem, Sheet, Unreadable


def main() -> None:
    """Answer requests until there are no more."""
    limits = Limits(**json.loads(sys.argv[1]))
    folders = set()
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the owner to deal with
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    for line in sys.stdin:
        asked = Path(line.rstrip("\n"))
        folders.add(asked.parent)
        request = json.loads(asked.read_bytes())
        asked.unlink()
        try:
            answer = _serve(request, limits, asked.with_suffix(""))
            asked.with_suffix(".answer").write_text(json.dumps(answer), encoding="utf-8")
        except OSError as error:  # where there is no room for the answer, there is none for the reason either
            sys.exit(error.errno)
        sys.stdout.write("\n")
        sys.stdout.flush()
    for folder in folders:  # the owner is gone, perhaps without having been able to
        shutil.rmtree(folder, ignore_errors=True)


def _serve(request: dict[str, Any], limits: Limits, into: Path) -> dict[str, Any]:
    """The answer to one request; sheets go into files whose names begin with `into`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + limits.cpu_seconds + 1, hard))
    try:
        return _DO[request["do"]](request, Path(os.fsdecode(bytes.fromhex(request.get("path", "")))), limits, into)
    except Bundled:
        return {"bundle": True}
    except Unreadable as error:
        return {"code": error.code, "detail": error.detail}
    except MemoryError:
        return {"code": "file-too-large", "detail": f"reading it takes more than {limits.memory_bytes // 1024**2:,} MB of memory"}
    except OSError as error:
        if error.errno in NO_FAULT_OF_A_FILE:
            raise
        return _failed(error)
    except BaseException as error:  # noqa: BLE001  whatever a file does to its reader is a finding of that file
        return _failed(error)


def _failed(error: BaseException) -> dict[str, Any]:
    return {"code": "file-unreadable", "detail": f"reading it failed ({type(error).__name__})"}


def _know(*_: object) -> dict[str, Any]:
    """Nothing: to be asked is to know the folder of whoever asks."""
    return {}


def _kind(_: dict[str, Any], path: Path, *__: object) -> dict[str, Any]:
    """Whether the file is a zip archive of others."""
    return {"bundle": kind_of(path) is Kind.BUNDLE}


def _unpack(request: dict[str, Any], path: Path, limits: Limits, _: Path) -> dict[str, Any]:
    """What the files of a zip archive are called in it, and where they are unpacked."""
    return {"members": [(member.name, member.path.name) for member in unpack(path, Path(request["into"]), limits)]}


def _read(request: dict[str, Any], path: Path, limits: Limits, into: Path) -> dict[str, Any]:
    """The names of an Arrow file for every sheet, and what is to be said of the file."""
    from batchport.spreadsheets.readers import read_sheets

    sheets: list[str] = []
    problems: list[tuple[str, int | None, int | None, str]] = []
    told = partial(_tell, into.with_suffix(".done")) if request["told"] else None
    for found in read_sheets(path, Ask(request["saved"], request["whole"], told), limits):
        if isinstance(found, Problem):
            problems.append(_plain(found))
        else:
            sheets.append(f"{into}.{len(sheets)}")
            _pack(found, sheets[-1])
    return {"sheets": sheets, "problems": problems}


def _tell(path: Path, done: int, of: int) -> None:
    """Write down how many rows of a sheet were read, and how many there are, where the owner looks it up while it waits."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    os.pwrite(handle, f"{done:20}{of:20}".encode(), 0)  # always as long as before, so that what is found is never half of it
    os.close(handle)


_DO: Mapping[str, Callable[[dict[str, Any], Path, Limits, Path], dict[str, Any]]] = {"know": _know, "kind": _kind, "unpack": _unpack, "read": _read}


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
    table = sheet.cells.append_column("row", pa.array(sheet.row)).replace_schema_metadata({ABOUT: json.dumps(about).encode()})
    with pa.OSFile(name, "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def _plain(problem: Problem) -> tuple[str, int | None, int | None, str]:
    return problem.code, problem.row, problem.column, problem.detail


class _NoPandas:
    """Keeps Arrow, which tries to import pandas on first use, from spending half a second on it."""

    def find_spec(self, name: str, *_: object) -> None:
        """Nothing, but for pandas, which is said not to be there."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


if __name__ == "__main__":
    sys.meta_path.insert(0, _NoPandas())
    main()
