"""A process that has loaded everything and done nothing: each pass is played in a fork of it, and can be killed there for good.

To start an interpreter and load the program takes ten times as long as a small night. The process has one thread and has used nothing that starts more, so a
fork of it is a process like any other. What reads sheets is forked as well, from the same state; that real readers end with their owner has a test of its own.

`Zygote` is how tests speak to it: a line of JSON asks, a line of JSON answers.
"""

from __future__ import annotations

import codecs
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.postgresql import end_connections, end_server

ROOT = Path(__file__).parents[2]
#: More readers than this no pass has at once.
_READERS = 4
_ONE_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass
class Play:
    """What is played in a fork.

    Attributes:
        home: the installation.
        at: the time to go by.
        commands: what is given, one after the other; the whole pass if nothing is said.
        moment: the name of the moment at which `act` is done.
        act: what happens at that moment: see `_act`.
        after: so many seconds after its beginning the process is killed from outside.
        fsize: no file may grow beyond so many bytes.
        uid: who plays, where it is not the tests' own user.
        patience: so many seconds the database is waited for, where it is locked.
        real_readers: whether sheets are read by processes that were started as the program starts them.
        shared: where lies what must not touch the disk, in place of shared memory.
        end: whether it is told what is there afterwards.
    """

    home: str
    at: str
    commands: list[list[str]] = field(default_factory=lambda: [["run", "--format", "json"]])
    moment: str | None = None
    act: str = "kill"
    after: float | None = None
    fsize: int | None = None
    uid: int | None = None
    patience: float | None = None
    real_readers: bool = False
    shared: str | None = None
    end: bool = False


@dataclass
class Played:
    """What became of it.

    Attributes:
        killed: whether it ended by SIGKILL.
        seconds: how long it took.
        exits, outs, errs: of each command; nothing where it was killed.
        moments: the names of the moments that it went through.
        end: what was there afterwards, where that was asked.
        fault: of the play itself.
    """

    killed: bool
    seconds: float
    exits: list[int] = field(default_factory=list)
    outs: list[str] = field(default_factory=list)
    errs: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    fault: str = ""

    @property
    def exit(self) -> int:
        """The exit status of the last command."""
        return self.exits[-1]

    @property
    def err(self) -> str:
        """What the last command said on standard error."""
        return self.errs[-1]

    @property
    def last(self) -> dict[str, Any]:
        """The last line's `run`."""
        return dict(json.loads(self.outs[-1].splitlines()[-1])["run"])


class Zygote:
    """The process, as long as the context lasts."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote", str(home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": str(ROOT), "TZ": "UTC", "COLUMNS": "240"},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()

    def play(self, home: Path, at: str, **options: Any) -> Played:
        """Play in a fork, and wait for its end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(Play(str(home), at, **options))) + "\n")
        self._process.stdin.flush()
        played = Played(**json.loads(self._process.stdout.readline()))
        assert not played.fault, played.fault
        return played


def main() -> None:
    """Answer until there is nobody any more."""
    _load(Path(sys.argv[1]))
    assert len(os.listdir("/proc/self/task")) == 1, "a fork of a process with several threads is none to rely on"
    for line in sys.stdin:
        print(json.dumps(asdict(_forked(Play(**json.loads(line))))), flush=True)


def _load(home: Path) -> None:
    """Load what a pass may need, and compile its templates; none of it starts a thread."""
    import importlib
    import pkgutil
    from datetime import UTC, datetime

    from jinja2 import Environment

    import batchport

    for found in pkgutil.walk_packages(batchport.__path__, "batchport."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            importlib.import_module(found.name)
    for name in ("psycopg", "tests.crash.nights"):
        importlib.import_module(name)
    for encoding in ("cp437", "cp1252", "utf-16", "utf-8-sig", "idna"):  # who plays as another user may not be able to load them later
        codecs.lookup(encoding)

    whole, known = Environment.compile, {}

    def compile_once(self: Environment, source: Any, name: str | None = None, filename: str | None = None, *rest: Any, **others: Any) -> Any:
        key = (source, name, filename, callable(self.autoescape) or self.autoescape, rest, *others.items())
        if key not in known:
            known[key] = whole(self, source, name, filename, *rest, **others)
        return known[key]

    Environment.compile = compile_once  # type: ignore[method-assign]
    from batchport.config import load
    from batchport.pipeline.app import App

    app = App(load(home / "config.yaml"), datetime.now(UTC))
    app.prove_templates()
    app.prove()


def _forked(play: Play) -> Played:
    began = time.monotonic()
    told, tells = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(told)
        status = 0
        try:
            answer = _played(play)
        except BaseException:
            answer, status = {"fault": traceback.format_exc()}, 1
        with os.fdopen(tells, "w") as file:
            json.dump(answer, file)
        os._exit(status)
    os.close(tells)
    text = b""
    with os.fdopen(told, "rb") as file:
        if play.after is not None and not select.select([file], [], [], max(0.0, began + play.after - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
        text = file.read()
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    answer = {} if killed else json.loads(text or json.dumps({"fault": f"it ended with status {status}, and said nothing"}))
    return Played(killed, time.monotonic() - began, **answer)


def _played(play: Play) -> dict[str, Any]:
    """In the fork: the commands, given under the circumstances that were asked for."""
    import tests.conftest
    from batchport.spreadsheets import pool
    from batchport.store import problem
    from tests.conftest import Home, batchport
    from tests.crash.moments import Moments
    from tests.crash.nights import end_of

    tests.conftest.warm_readers = nullcontext  # type: ignore[assignment]
    if play.uid is not None:
        os.setgroups([])
        os.setresgid(play.uid, play.uid, play.uid)
        os.setresuid(play.uid, play.uid, play.uid)
    if play.fsize is not None:  # readers have it too, as they would have it from a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (play.fsize, resource.RLIM_INFINITY))
    if not play.real_readers:
        _fork_readers()
    home = Home(Path(play.home))
    moments = Moments(home.path, play.moment, lambda: _act(play.act, home.path))
    if play.patience is not None:
        problem.PATIENCE = play.patience
    if play.shared is not None:
        pool._SHARED_MEMORY = Path(play.shared)
        os.environ["TMPDIR"], tempfile.tempdir = play.shared, None
    moments.begin()
    results = [batchport(*command, at=play.at, config=home.config) for command in play.commands]
    passed = list(moments.passed)
    if play.fsize is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return {
        "exits": [one.exit for one in results], "outs": [one.out for one in results], "errs": [one.err for one in results],
        "moments": passed, "end": end_of(home) if play.end else {},
    }  # fmt: skip


_HOLDER = """
import sys
from pathlib import Path
from tests.conftest import Home
with Home(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


def _act(what: str, home: Path) -> None:
    """What happens at the chosen moment: the process is killed, another program takes the database, its server ends, or a file or folder of the home is gone."""
    if what.startswith("kill"):
        if told := what.partition(": ")[2]:
            Path(told).write_text(Path(f"/proc/self/task/{os.getpid()}/children").read_text())
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "another program holds the database":
        _HELD.append(subprocess.Popen([sys.executable, "-c", _HOLDER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        assert _HELD[-1].stdout.readline() == b"held\n"  # type: ignore[union-attr]
    elif what == "the server ends every connection":
        end_connections(home)
    elif what == "the server ends":
        end_server(home)
    else:  # a path of the home, which is gone
        path = home / what
        shutil.rmtree(path) if path.is_dir() else path.unlink()


#: Kept until the fork ends: then their standard input ends, and they do.
_HELD: list[subprocess.Popen[bytes]] = []


def _fork_readers() -> None:
    """Let readers be forks too: some are made now, while that is safe, and wait for somebody to need them."""
    from batchport.spreadsheets import pool

    waiting = [_reader() for _ in range(_READERS)]

    def started(command: list[str], stdin: int, stdout: int, **_: Any) -> Any:
        process, control = waiting.pop()
        socket.send_fds(control, [command[-1].encode()], [stdin, stdout])
        control.close()
        return process

    class Only:
        DEVNULL, Popen = subprocess.DEVNULL, staticmethod(started)

    pool.subprocess = Only  # type: ignore[assignment]


@dataclass
class _Fork:
    """A forked process, as `subprocess` would show it."""

    pid: int
    returncode: int | None = None

    def poll(self, flags: int = os.WNOHANG) -> int | None:
        if self.returncode is None and (found := os.waitpid(self.pid, flags))[0]:
            self.returncode = os.waitstatus_to_exitcode(found[1])
        return self.returncode

    def wait(self) -> int | None:
        return self.poll(0)

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _reader() -> tuple[_Fork, socket.socket]:
    """A process that becomes a reader once it is told from where and to where."""
    ours, its = socket.socketpair()
    child = os.fork()
    if child:
        its.close()
        return _Fork(child), ours
    try:
        # Whoever holds an end of another's socket, or of the pipe to the tests, keeps it from seeing that the owner is gone.
        os.closerange(3, its.fileno())
        os.closerange(its.fileno() + 1, 256)
        said, handles, *_ = socket.recv_fds(its, 1 << 16, 2)
        if said:
            for place, handle in enumerate(handles):
                os.dup2(handle, place)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.closerange(3, 256)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            sys.argv = ["child", said.decode()]
            from batchport.spreadsheets import child as reader

            reader.main()
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    except BaseException:
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
