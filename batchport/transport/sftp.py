"""SFTP: files brought to a partner's server, and its answers fetched from there.

How a file is brought: it is looked whether its name is free; the bytes go to a temporary name beside it; their size and, where the server lets us read,
their SHA-256 are compared; whoever sends is told (`naming`) that the name will now be asked for; the file is renamed, in one step of the server's own
where it has one. An error before the renaming means that nothing has the name. The renaming itself is done, refused, or its answer is lost; only in the
last case it cannot be known. A server that takes a file away as soon as it has its name has got it whole: it was compared before.

The host key is pinned. Nothing of this user's own SSH settings, agent or known hosts is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import posixpath
import stat
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import asyncssh

from batchport.transport import Found, MaybeDelivered, NameTaken, NotDelivered, TransportError, Unreachable, at_once
from batchport.transport.arrivals import TEMPORARY

logging.getLogger("asyncssh").setLevel(logging.WARNING)

_Result = TypeVar("_Result")
_SLICE = 1 << 20
_AT_ONCE = 8
_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_FAULTS = (OSError, asyncssh.Error, TimeoutError)


@dataclass(frozen=True)
class Server:
    """A partner's server and who we are there; `host_keys` are lines such as `ssh-ed25519 AAAAC3Nza...`."""

    host: str
    port: int
    username: str
    password: str | None = field(repr=False)
    key: str | None = field(repr=False)
    host_keys: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class Remote:
    """A file in a folder there, as it was seen: a later look that sees the same sees the same file, unchanged."""

    name: str
    size: int
    mtime: int


class Session:
    """A connection to one server, made when it is first needed and again when it was lost; to be closed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = asyncio.Runner()
        # asyncssh leaves the tasks of a transfer that was cut off to themselves; what went wrong is raised by the transfer, and need not be printed too.
        self._runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        try:
            self._runner.run(self._hang_up())
        finally:
            self._runner.close()

    def run(self, work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, _Result]]) -> _Result:
        """What some work on the server gives back.

        Raises:
            Unreachable: there is no way to the server.
            SFTPError, OSError, TimeoutError: as asyncssh raises them; the connection is given up where it was lost.
        """
        return self._runner.run(self._worked(work))

    async def _worked(self, work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, _Result]]) -> _Result:
        client = await self._connected()
        try:
            return await work(client)
        except asyncssh.SFTPError as error:
            if isinstance(error, _LOST):
                await self._hang_up()
            raise
        except _FAULTS:
            await self._hang_up()
            raise

    @property
    def timeout(self) -> float:
        """Seconds to wait for an answer."""
        return self._server.timeout

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is None:
            where = f"{self._server.host}:{self._server.port}"
            pin = _Pin()
            try:
                async with asyncio.timeout(self._server.timeout):
                    self._connection = await asyncssh.connect(
                        self._server.host, self._server.port, client_factory=lambda: pin, options=self._options()
                    )
                    self._client = await self._connection.start_sftp_client()
            except asyncssh.HostKeyNotVerifiable:
                await self._hang_up()
                raise Unreachable(
                    f"the host key of {where} is none of those in `host_keys`: it shows {pin.shown or 'one of another kind'}. "
                    "Ask the partner whether it was changed, by telephone; nothing was said to this server"
                ) from None
            except asyncssh.PermissionDenied:
                await self._hang_up()
                raise Unreachable(f"{where} does not let user {self._server.username} in with the password or key that we have") from None
            except _FAULTS as error:
                await self._hang_up()
                raise Unreachable(f"{where} cannot be reached: {_said(error)}") from None
        return self._client

    def _options(self) -> asyncssh.SSHClientConnectionOptions:
        server = self._server
        try:
            keys = [asyncssh.import_private_key(server.key)] if server.key else []
            trusted = [asyncssh.import_public_key(line) for line in server.host_keys]
        except asyncssh.KeyImportError as error:
            raise Unreachable(f"a key for {server.host} cannot be used: {error}") from None
        return asyncssh.SSHClientConnectionOptions(
            username=server.username, password=server.password, client_keys=keys or None, known_hosts=(trusted, [], []), agent_path=None, config=None,
            preferred_auth=["publickey"] * bool(keys) + ["password", "keyboard-interactive"] * bool(server.password), gss_auth=False, gss_kex=False,
            connect_timeout=server.timeout, login_timeout=server.timeout,
        )  # fmt: skip

    async def _hang_up(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            try:
                async with asyncio.timeout(5):
                    await connection.wait_closed()
            except _FAULTS:
                pass


class _Pin(asyncssh.SSHClient):
    """Remembers which key a server showed that is not a pinned one."""

    shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        self.shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return False


class SftpFolder:
    """The way into a folder of a partner's server."""

    def __init__(self, session: Session, folder: str) -> None:
        self._session, self._folder = session, folder

    def deliver(self, name: str, data: bytes, naming: Callable[[], None] = at_once) -> None:
        """As `Way` says."""
        path, temporary = self._paths(name)
        try:
            there = self._session.run(lambda client: _compared(client, path, data, self._session.timeout))
            if there is Found.THERE:
                return
            if there is Found.OTHER:
                raise NameTaken(f"{path} is there already and is something else, or cannot be read; it was left alone")
            self._session.run(lambda client: _uploaded(client, temporary, data, self._session.timeout))
        except _FAULTS as error:
            raise NotDelivered(f"{path} is not there: {_said(error)}") from None
        naming()
        self._name(path, temporary, data)

    def look(self, name: str, data: bytes) -> Found:
        """As `Way` says; a file of this name and size that we may not read is taken for ours, because we have asked for the name."""
        path, temporary = self._paths(name)

        async def seen(client: asyncssh.SFTPClient) -> Found:
            found = await _compared(client, path, data, self._session.timeout, unread=Found.THERE)
            if found is Found.NOTHING and await _stat(client, temporary, self._session.timeout) is not None:
                return Found.UNNAMED
            return found

        try:
            return self._session.run(seen)
        except _FAULTS as error:
            raise MaybeDelivered(f"it cannot be looked for {path}: {_said(error)}") from None

    def _paths(self, name: str) -> tuple[str, str]:
        if posixpath.basename(name) != name or name in {"", ".", ".."}:
            raise NotDelivered(f"{name!r} is not the name of a file")
        return posixpath.join(self._folder, name), posixpath.join(self._folder, f".{name}.writing")

    def _name(self, path: str, temporary: str, data: bytes) -> None:
        timeout = self._session.timeout

        async def named(client: asyncssh.SFTPClient) -> Found:
            try:
                await _rename(client, temporary, path, timeout)
            except _LOST:
                raise
            except asyncssh.SFTPError as refused:
                if await _compared(client, path, data, timeout) is Found.THERE:
                    return Found.THERE
                if await _stat(client, temporary, timeout) is None:
                    raise MaybeDelivered(f"{path}: the server took the file away under its temporary name, before it could get its own") from None
                raise NotDelivered(f"{path} is not there: the server refused to rename: {_said(refused)}") from None
            return Found.THERE

        try:
            self._session.run(named)
        except _FAULTS as error:
            raise MaybeDelivered(f"{path}: its name was asked for, and no answer came: {_said(error)}") from None


class Responses:
    """A folder of answers on a partner's server."""

    def __init__(self, session: Session, folder: str) -> None:
        self._session, self._folder = session, folder

    def listed(self) -> list[Remote]:
        """The files there that have a name of their own; links, folders, hidden and temporary names are passed over.

        Raises:
            TransportError: it cannot be seen.
        """

        async def names(client: asyncssh.SFTPClient) -> list[Remote]:
            found = []
            async with asyncio.timeout(self._session.timeout):
                entries = await client.readdir(self._folder)
            for entry in entries:
                name, seen = str(entry.filename), entry.attrs
                if any(fnmatchcase(name.lower(), pattern) for pattern in TEMPORARY) or posixpath.basename(name) != name or "\0" in name:
                    continue
                if stat.S_ISREG(seen.permissions or 0) or (seen.permissions is None and seen.type == asyncssh.FILEXFER_TYPE_REGULAR):
                    found.append(Remote(name, seen.size or 0, int(seen.mtime or 0)))
            return sorted(found, key=lambda file: (file.mtime, file.name))

        return self._tried("cannot be listed", names)

    def fetched(self, files: Sequence[Remote], keep: Callable[[Remote, bytes], None]) -> list[str]:
        """Fetch some files, each as it was seen: a changed one is left for the next pass, one that cannot be read is told in a sentence.

        Args:
            files: as they were listed.
            keep: called with each file and its bytes.

        Raises:
            TransportError: the connection was lost; what was kept by then is whole.
        """
        troubles: list[str] = []

        async def fetch(client: asyncssh.SFTPClient, turns: asyncio.Semaphore, file: Remote) -> None:
            path = posixpath.join(self._folder, file.name)
            async with turns:
                try:
                    data = await _read(client, path, file.size, self._session.timeout)
                    if data is not None and await self._seen(client, file.name) == file:
                        keep(file, data)
                except _LOST:
                    raise
                except asyncssh.SFTPNoSuchFile:
                    pass
                except asyncssh.SFTPError as error:
                    troubles.append(f"{path} cannot be read: {_said(error)}")

        async def all_of_them(client: asyncssh.SFTPClient) -> None:
            turns = asyncio.Semaphore(_AT_ONCE)
            ends = await asyncio.gather(*(fetch(client, turns, file) for file in files), return_exceptions=True)
            for fault in ends:
                if fault is not None:
                    raise fault

        self._tried("cannot be fetched from", all_of_them)
        return troubles

    def removed(self, file: Remote) -> None:
        """Remove a file that is still as it was seen; one that has changed meanwhile stays.

        Raises:
            TransportError: it cannot be removed.
        """

        async def remove(client: asyncssh.SFTPClient) -> None:
            if await self._seen(client, file.name) == file:
                async with asyncio.timeout(self._session.timeout):
                    await client.remove(posixpath.join(self._folder, file.name))

        self._tried(f"did not let {file.name} be removed", remove)

    def moved(self, file: Remote, folder: str, digest: str) -> None:
        """Move a file that is still as it was seen into another folder; where its name is taken there, it is called after its content too.

        Raises:
            TransportError: it cannot be moved.
        """

        async def move(client: asyncssh.SFTPClient) -> None:
            if await self._seen(client, file.name) != file:
                return
            target = posixpath.join(folder, file.name)
            if await _stat(client, target, self._session.timeout) is not None:
                target = posixpath.join(folder, f"{digest[:8]}-{file.name}")
            await _rename(client, posixpath.join(self._folder, file.name), target, self._session.timeout)

        self._tried(f"did not let {file.name} be moved to {folder}", move)

    async def _seen(self, client: asyncssh.SFTPClient, name: str) -> Remote | None:
        seen = await _stat(client, posixpath.join(self._folder, name), self._session.timeout)
        return Remote(name, seen.size or 0, int(seen.mtime or 0)) if seen is not None else None

    def _tried(self, what: str, work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, _Result]]) -> _Result:
        try:
            return self._session.run(work)
        except _FAULTS as error:
            raise TransportError(f"{self._folder} {what}: {_said(error)}") from None


async def _compared(client: asyncssh.SFTPClient, path: str, data: bytes, timeout: float, *, unread: Found = Found.OTHER) -> Found:
    """What stands at a path, held against the bytes that should; `unread` where it has their size and cannot be read."""
    seen = await _stat(client, path, timeout)
    if seen is None:
        return Found.NOTHING
    if not stat.S_ISREG(seen.permissions or stat.S_IFREG) or seen.size != len(data):
        return Found.OTHER
    try:
        return Found.THERE if await _read(client, path, len(data), timeout) == data else Found.OTHER
    except asyncssh.SFTPPermissionDenied:
        return unread


async def _stat(client: asyncssh.SFTPClient, path: str, timeout: float) -> asyncssh.SFTPAttrs | None:
    async with asyncio.timeout(timeout):
        try:
            return await client.lstat(path)
        except asyncssh.SFTPNoSuchFile:
            return None


async def _read(client: asyncssh.SFTPClient, path: str, size: int, timeout: float) -> bytes | None:
    """The first `size` bytes of a file; None where there are fewer."""
    async with asyncio.timeout(timeout):
        file = await client.open(path, "rb")
    parts, length = [], 0
    try:
        while length < size:
            async with asyncio.timeout(timeout):
                part = await file.read(min(_SLICE, size - length), length)
            if not part:
                break
            parts.append(part)
            length += len(part)
    finally:
        await _let_go(file, timeout)
    return b"".join(parts) if length == size else None


async def _let_go(file: asyncssh.SFTPClientFile, timeout: float) -> None:
    """Close a file that was only read, or whose writing has failed: what that says does not matter any more."""
    try:
        async with asyncio.timeout(min(timeout, 5)):
            await file.close()
    except _FAULTS:
        pass


async def _uploaded(client: asyncssh.SFTPClient, path: str, data: bytes, timeout: float) -> None:
    """Bring bytes to a temporary name, and compare what is there; what has failed is taken away again where that can be done."""
    async with asyncio.timeout(timeout):
        file = await client.open(path, "wb")
    try:
        await _written(file, data, timeout)
        await _checked(client, path, data, timeout)
    except (asyncssh.SFTPError, NotDelivered) as error:
        if not isinstance(error, _LOST):
            await _let_go(file, timeout)
            await _taken_away(client, path, timeout)
        raise


async def _written(file: asyncssh.SFTPClientFile, data: bytes, timeout: float) -> None:
    for start in range(0, len(data), _SLICE):
        async with asyncio.timeout(timeout):
            await file.write(data[start : start + _SLICE], start)
    async with asyncio.timeout(timeout):
        try:
            await file.fsync()
        except asyncssh.SFTPOpUnsupported:
            pass
        await file.close()


async def _checked(client: asyncssh.SFTPClient, path: str, data: bytes, timeout: float) -> None:
    seen = await _stat(client, path, timeout)
    if seen is None:
        raise MaybeDelivered(f"{path}: the server took the file away under its temporary name, before it could get its own")
    if seen.size != len(data):
        raise NotDelivered(f"{path} has {seen.size} bytes there instead of {len(data)}; is the disk of the server full?")
    try:
        there = await _read(client, path, len(data), timeout)
    except asyncssh.SFTPPermissionDenied:
        return
    if there is None or hashlib.sha256(there).digest() != hashlib.sha256(data).digest():
        raise NotDelivered(f"{path} has other bytes there than were sent")


async def _taken_away(client: asyncssh.SFTPClient, path: str, timeout: float) -> None:
    try:
        async with asyncio.timeout(timeout):
            await client.remove(path)
    except _FAULTS:
        pass


async def _rename(client: asyncssh.SFTPClient, old: str, new: str, timeout: float) -> None:
    """Rename in one step of the server's own where it has one, else as the protocol does, which refuses a name that is taken."""
    async with asyncio.timeout(timeout):
        try:
            await client.posix_rename(old, new)
        except asyncssh.SFTPOpUnsupported:
            await client.rename(old, new)


def _said(error: BaseException) -> str:
    """What an error says, without anything that was sent."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return str(reason) or type(error).__name__
