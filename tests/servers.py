"""Real SFTP servers on this machine: asyncssh's own, which can be made to fail in many ways, and OpenSSH's where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "batchport", "correct-horse"
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


@dataclass
class Faults:
    """What a server does wrong, and how often a connection to it is cut."""

    full_after: int | None = None
    denied: bool = False
    unreadable: bool = False
    no_rename: bool = False
    no_posix_rename: bool = False
    moves_at_once: bool = False
    moves_temporary: bool = False
    lose_rename_answer: bool = False
    slow: float = 0
    cut_up: int | None = None
    cut_down: int | None = None
    keep: bool = False


@dataclass
class SftpServer:
    """An asyncssh server whose root is a folder; `port` leads to it through a wire that can be cut."""

    root: Path
    faults: Faults = field(default_factory=Faults)
    port: int = 0
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    client_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    renamed: list[tuple[str, str]] = field(default_factory=list)
    opened: list[Any] = field(default_factory=list)
    written: int = 0
    up: int = 0
    down: int = 0

    @property
    def host_line(self) -> str:
        """Its host key, as it is pinned."""
        return self.host_key.export_public_key().decode().strip()

    def files(self, folder: str = "in") -> dict[str, bytes]:
        """What is in a folder of it."""
        return {path.name: path.read_bytes() for path in sorted((self.root / folder).iterdir()) if path.is_file()}

    def put(self, folder: str, name: str, data: str | bytes, age: float = 7200) -> Path:
        """A file that the partner has put there some time ago."""
        path = self.root / folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        os.utime(path, (time.time() - age,) * 2)
        return path


def _handler(server: SftpServer) -> type[asyncssh.SFTPServer]:
    class Handler(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=str(server.root).encode())
            self._channel = channel

        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            if pflags & asyncssh.FXF_WRITE and server.faults.denied:
                raise PermissionError(errno.EACCES, "Permission denied")
            if pflags & asyncssh.FXF_READ and server.faults.unreadable:
                raise PermissionError(errno.EACCES, "Permission denied")
            server.opened.append(super().open(path, pflags, attrs))
            return server.opened[-1]

        async def write(self, file_obj: object, offset: int, data: bytes) -> int:
            if server.faults.slow:
                await asyncio.sleep(server.faults.slow)
            if server.faults.full_after is not None and offset + len(data) > server.faults.full_after:
                super().write(file_obj, offset, data[: max(server.faults.full_after - offset, 0)])
                raise OSError(errno.ENOSPC, "No space left on device")
            server.written += len(data)
            return super().write(file_obj, offset, data)

        def close(self, file_obj: object) -> Any:
            name = getattr(file_obj, "name", b"")
            done = super().close(file_obj)
            if server.faults.moves_temporary and name.endswith(b".csv.writing"):
                self._take(name)
            return done

        def remove(self, path: bytes) -> Any:
            if server.faults.keep:
                raise PermissionError(errno.EACCES, "Permission denied")
            return super().remove(path)

        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
            if server.faults.no_posix_rename:
                raise asyncssh.SFTPOpUnsupported("no such extension here")
            return self._named(super().posix_rename, oldpath, newpath)

        def rename(self, oldpath: bytes, newpath: bytes) -> Any:
            return self._named(super().rename, oldpath, newpath)

        def _named(self, rename: Callable[[bytes, bytes], Any], oldpath: bytes, newpath: bytes) -> Any:
            if server.faults.no_rename:
                raise PermissionError(errno.EACCES, "Permission denied")
            rename(oldpath, newpath)
            server.renamed.append((oldpath.decode(), newpath.decode()))
            if server.faults.moves_at_once and b"/in/" in newpath:
                self._take(self.map_path(newpath))
            if server.faults.lose_rename_answer and not newpath.endswith(b".json"):
                self._channel.get_connection().abort()

        def _take(self, path: bytes) -> None:
            taken = server.root / "taken" / os.fsdecode(path).rpartition("/")[2]
            os.replace(path, taken)

    return Handler


class _Wire:
    """A wire to a server that is cut after so many bytes in one direction."""

    def __init__(self, server: SftpServer, port: int) -> None:
        self.server, self.port = server, port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        faults = self.server.faults
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.port)
        ends = (writer, there_writer)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.wait(
                [
                    asyncio.ensure_future(self._carry(reader, there_writer, faults.cut_up, "up")),
                    asyncio.ensure_future(self._carry(there_reader, writer, faults.cut_down, "down")),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        for end in ends:
            end.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, most: int | None, way: str) -> None:
        carried = 0
        with contextlib.suppress(ConnectionError):
            while data := await source.read(1 << 14):
                if most is not None:
                    data = data[: most - carried]
                carried += len(data)
                setattr(self.server, way, getattr(self.server, way) + len(data))
                target.write(data)
                await target.drain()
                if most is not None and carried >= most:
                    await asyncio.sleep(0.05)
                    return


@contextlib.contextmanager
def sftp_server(root: Path) -> Iterator[SftpServer]:
    """An SFTP server for user `batchport`, with folders in, out, done and taken."""
    for name in ("in", "out", "done", "taken"):
        (root / name).mkdir(parents=True, exist_ok=True)
    server = SftpServer(root)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    class Guard(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == USER and key == server.client_key.convert_to_public()

    async def serve() -> None:
        handler = _handler(server)
        real = await asyncssh.listen("127.0.0.1", 0, server_factory=Guard, server_host_keys=[server.host_key], sftp_factory=handler)
        wire = await asyncio.start_server(_Wire(server, real.sockets[0].getsockname()[1]), "127.0.0.1", 0)
        server.port = wire.sockets[0].getsockname()[1]
        ready.set()
        await stopped.wait()
        wire.close()
        real.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()
        for file in server.opened:
            file.close()


@contextlib.contextmanager
def openssh_server(root: Path, keys: Path) -> Iterator[SftpServer]:
    """OpenSSH's server as this user, on loopback, with a key of ours alone; its folders are those below `root`, by their whole paths."""
    assert SSHD
    for name in ("in", "out", "done", "taken"):
        (root / name).mkdir(parents=True, exist_ok=True)
    keys.mkdir(mode=0o700)
    server = SftpServer(root)
    (keys / "host").write_bytes(server.host_key.export_private_key())
    (keys / "host").chmod(0o600)
    (keys / "authorized").write_bytes(server.client_key.export_public_key())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    (keys / "sshd_config").write_text(
        f"Port {server.port}\nListenAddress 127.0.0.1\nHostKey {keys / 'host'}\nAuthorizedKeysFile {keys / 'authorized'}\nPidFile none\nUsePAM no\n"
        "StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True) if os.geteuid() == 0 else None
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(keys / "sshd_config")], stderr=subprocess.PIPE)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
                break
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=10)
