"""The moments of a pass: whatever lasts, or is seen from outside, happens between two of them.

A moment comes before every operation on a file or folder of the home that changes something (Python's audit events tell of these), before and half way
through what is written into one, before every sync, before and after every transaction that writes, and before and after everything that is handed to a
mail server or asked of an SFTP server. SQLite's own files are left to SQLite: the transactions stand for them. What renews a lease every few seconds has no
moments: when it does so is no matter of how far the pass is.

Each moment has a name that says what it is. In names, PONs and mails are counted in the order in which they appear, so that the names of two homes are alike.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any, Self

#: Audit events of what changes files, and how many paths they name first. Before `open` it is looked what for.
_CHANGES = {
    "os.rename": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2, "os.utime": 1, "os.truncate": 1, "os.chmod": 1, "os.chown": 1,
    "shutil.move": 2, "shutil.rmtree": 1, "shutil.copyfile": 2, "shutil.copymode": 2, "shutil.copystat": 2, "shutil.copytree": 2,
}  # fmt: skip
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PON = re.compile(r"\bP[0-9A-HJKMNP-TV-Z]{11}\b")
_MAIL = re.compile(r"\b([a-z]+)\.[0-9a-f]{16,}(?:_[^/]*)?\.eml")
_OURS = f"{os.sep}batchport{os.sep}"
_NOT_CALLERS = ("database.py", "sftp.py")


class Moments:
    """Watches a pass in this process, from now on until the process ends.

    Args:
        home: whose files count.
        at: the name of the moment at which something is done.
        act: what is done then.
    """

    def __init__(self, home: Path, at: str | None, act: Callable[[], None]) -> None:
        self.passed: list[str] = []
        self._home, self._at, self._act = f"{home}{os.sep}", at, act
        self._names: dict[str, str] = {}
        self._seen: Counter[str] = Counter()
        self._transactions = 0
        self._here = threading.local()

    def begin(self) -> None:
        """Watch."""
        sys.addaudithook(self._audited)
        self._watch_writing()
        self._watch_transactions()
        self._watch_mail()
        self._watch_sftp()

    def pass_by(self, what: str, *, listed: bool = True) -> None:
        """A moment; one that is not listed can be acted at all the same."""
        if getattr(self._here, "acting", False) or _renews_a_lease():
            return
        name = self._plain(what)
        self._seen[name] += 1
        if self._seen[name] > 1:
            name += f" ({self._seen[name]})"
        if listed:
            self.passed.append(name)
        if name == self._at:
            self._here.acting = True
            self._act()
            self._here.acting = False

    def _plain(self, text: str) -> str:
        text = _PON.sub(lambda found: self._named(found[0], "PON"), text)
        return _MAIL.sub(lambda found: self._named(found[0], found[1]) + ".eml", text)

    def _named(self, name: str, kind: str) -> str:
        return self._names.setdefault(name, f"{kind}-{sum(known.startswith(f'{kind}-') for known in self._names.values()) + 1}")

    def _inside(self, path: Any) -> str | None:
        """A path of the home, as it is called there."""
        if isinstance(path, int):
            try:
                path = os.readlink(f"/proc/self/fd/{path}")
            except OSError:
                return None
        try:
            whole = os.path.abspath(os.fsdecode(path))
        except TypeError:
            return None
        return whole.removeprefix(self._home) if whole.startswith(self._home) else None

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if not isinstance(path, int) and (name := self._inside(path)):
                writes = bool(flags & _TO_WRITE)
                self.pass_by(f"before {'opening' if writes else 'reading'} {name}", listed=writes)
        elif event in _CHANGES:
            names = [name for path in args[: _CHANGES[event]] if (name := self._inside(path))]
            gone = event in ("os.remove", "os.rmdir") and not os.path.lexists(args[0])
            if names and not gone:
                self.pass_by(f"before {event.partition('.')[2]} {' to '.join(names)}")

    def _watch_writing(self) -> None:
        moments, whole_open, whole_sync, whole_write = self, io.open, os.fsync, os.write

        class Halved:
            """A file that can be cut off half way through what is written to it."""

            def __init__(self, file: Any, name: str) -> None:
                self._file, self._name = file, name

            def __getattr__(self, name: str) -> Any:
                return getattr(self._file, name)

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                self._file.close()

            def write(self, data: Any) -> int:
                half = len(data) // 2
                moments.pass_by(f"before writing {self._name}")
                self._file.write(data[:half])
                self._file.flush()
                moments.pass_by(f"half way through writing {self._name}")
                return half + int(self._file.write(data[half:]))

        def opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            found = whole_open(file, mode, *args, **options)
            name = moments._inside(file) if set(mode) & set("wax+") else None
            return Halved(found, name) if name else found

        def synced(handle: int) -> None:
            if name := moments._inside(handle):
                moments.pass_by(f"before syncing {name}")
            whole_sync(handle)

        def written(handle: int, data: Any) -> int:
            if name := moments._inside(handle):
                moments.pass_by(f"before writing {name}")
            return whole_write(handle, data)

        io.open = builtins.open = opened
        os.fsync, os.write = synced, written

    def _watch_transactions(self) -> None:
        from sqlalchemy import Connection, Engine, event
        from sqlalchemy.engine.default import DefaultDialect

        commit = DefaultDialect.do_commit

        def begun(connection: Connection) -> None:
            # Transactions are counted, so those that are there on a slow machine alone are left out here as well.
            if connection.get_execution_options().get("writing") and not _renews_a_lease():
                self._transactions += 1
                connection.info["moment"] = f"{self._transactions}, {_caller()}"
                self.pass_by(f"before beginning transaction {connection.info['moment']}")

        def committing(connection: Connection) -> None:
            # A transaction that makes the tables does not say that it writes.
            self._here.committed = connection.info.pop("moment", "of the tables")
            self.pass_by(f"before committing transaction {self._here.committed}")

        def committed(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            if name := self._here.__dict__.pop("committed", None):
                self.pass_by(f"after committing transaction {name}")

        event.listen(Engine, "begin", begun)
        event.listen(Engine, "commit", committing)
        DefaultDialect.do_commit = committed

    def _watch_mail(self) -> None:
        from aiosmtplib import SMTP

        handed_over = SMTP.data

        async def data(client: SMTP, message: bytes, **options: Any) -> Any:
            mail = message_from_bytes(message)
            name = f"{mail['Message-ID'].strip('<').partition('.')[0]} to {mail['To']}"
            self.pass_by(f"before handing over the mail {name}")
            answer = await handed_over(client, message, **options)
            self.pass_by(f"{TAKEN} the mail {name}")
            return answer

        SMTP.data = data

    def _watch_sftp(self) -> None:
        from batchport.transport.sftp import Session

        run = Session.run

        def asked(session: Session, work: Any) -> Any:
            caller = _caller()
            self.pass_by(f"before asking the SFTP server, {caller}")
            done = run(session, work)
            self.pass_by(f"after asking the SFTP server, {caller}")
            return done

        Session.run = asked


#: How the moment is called at which the mail server has said yes, and nothing here knows.
TAKEN = "after the server took"


def _renews_a_lease() -> bool:
    return threading.current_thread().name.startswith("lease")


def _caller() -> str:
    """The function of ours that asks for a transaction or a server."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if _OURS in file and os.path.basename(file) not in _NOT_CALLERS:
            return f"{os.path.basename(file).removesuffix('.py')}.{frame.f_code.co_name.strip('_<>')}"
        frame = frame.f_back
    return "nobody"
