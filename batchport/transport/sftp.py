"""SFTP: files brought to a partner's server, and its answers fetched from there.

How a file is brought: it is looked whether its name is free; the bytes go to a temporary name beside it; their size and, where the server lets us read,
their SHA-256 are compared; whoever sends is told (`naming`) that the name will now be asked for; the file is renamed, in one step of the server's own
where it has one. An error before the renaming means that nothing has the name. The renaming itself is done, refused, or its answer is lost; only in the
last case it cannot be known. A server that takes a file away as soon as it has its name has got it whole: it was compared before.

The host key is pinned. Nothing of this user's own SSH settings, agent or known hosts is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import posixpath
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import asyncssh

from batchport.files import legible
from batchport.transport import Found, MaybeDelivered, NameTaken, NotDelivered, TransportError, Unreachable, at_once
from batchport.transport.sftp_files import FAULTS, LOST, Remote, RemoteFiles, taken_away

logging.getLogger("asyncssh").setLevel(logging.WARNING)

_Result = TypeVar("_Result")
_Work = Callable[[RemoteFiles], Coroutine[Any, Any, _Result]]
#: How many files are fetched at the same time.
_AT_ONCE = 8
_CLOSING = 5.0


@dataclass(frozen=True)
class Server:
    """A partner's server and who we are there; `host_keys` are lines such as `ssh-ed25519 AAAAC3Nza...`, `timeout` is for each answer."""

    host: str
    port: int
    username: str
    password: str | None = field(repr=False)
    key: str | None = field(repr=False)
    host_keys: tuple[str, ...]
    timeout: float


class Session:
    """A connection to one server, made when it is first needed and again when it was lost; to be closed."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._runner = asyncio.Runner()
        # asyncssh leaves the tasks of a transfer that was cut off to themselves; what went wrong is raised by the transfer, and need not be printed too.
        self._runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._files: RemoteFiles | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        try:
            self._runner.run(self._hang_up())
        finally:
            self._runner.close()

    def run(self, work: _Work[_Result]) -> _Result:
        """What some work on the server gives back; the connection is given up where it was lost, or the server does not answer.

        Raises:
            Unreachable: there is no way to the server.
            TransportError: as the work raises it.
            FAULTS: as asyncssh raises them.
        """
        return self._runner.run(self._worked(work))

    async def _worked(self, work: _Work[_Result]) -> _Result:
        files = self._files or await self._connected()
        try:
            return await work(files)
        except FAULTS as error:
            if not isinstance(error, asyncssh.SFTPError) or isinstance(error, LOST):
                await self._hang_up()
            raise

    async def _connected(self) -> RemoteFiles:
        server, pin = self._server, _Pin()
        where = f"{server.host}:{server.port}"
        try:
            async with asyncio.timeout(server.timeout):
                self._connection = await asyncssh.connect(server.host, server.port, client_factory=lambda: pin, options=_options(server))
                self._files = RemoteFiles(await self._connection.start_sftp_client(path_errors="surrogateescape"), server.timeout)
        except asyncssh.HostKeyNotVerifiable:
            reason = (
                f"the host key of {where} is none of those in `host_keys`: it shows {pin.shown or 'one of another kind'}. "
                "Ask the partner by telephone whether it was changed; nothing was said to this server"
            )
        except asyncssh.PermissionDenied:
            reason = f"{where} does not let user {server.username} in with the password or key that we have"
        except FAULTS as error:
            reason = f"{where} cannot be reached: {said(error)}"
        else:
            return self._files
        await self._hang_up()
        raise Unreachable(reason)

    async def _hang_up(self) -> None:
        connection, self._connection, self._files = self._connection, None, None
        if connection is not None:
            connection.abort()
            with contextlib.suppress(*FAULTS):
                async with asyncio.timeout(_CLOSING):
                    await connection.wait_closed()


def _options(server: Server) -> asyncssh.SSHClientConnectionOptions:
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

    def deliver(self, name: str, data: bytes, naming: Callable[[], None] = at_once, *, replace: bool = False) -> None:
        """As `Way` says."""
        path, temporary = self._paths(name)
        try:
            there = self._session.run(lambda files: files.compared(path, data))
            if there is Found.THERE:
                return
            if there is Found.OTHER and not replace:
                raise NameTaken(f"{path} is there already and is something else, or cannot be read; it was left alone")
            self._session.run(lambda files: files.upload(temporary, data))
            if there is Found.OTHER:
                self._session.run(lambda files: files.remove(path))
        except FAULTS as error:
            raise NotDelivered(f"{path} is not there: {said(error)}") from None
        naming()
        try:
            self._session.run(lambda files: _named(files, temporary, path, data))
        except FAULTS as error:
            raise MaybeDelivered(f"{path}: its name was asked for, and no answer came: {said(error)}") from None

    def look(self, name: str, data: bytes) -> Found:
        """As `Way` says; a file of this name and size that we may not read is taken for ours, because we have asked for the name."""
        path, temporary = self._paths(name)

        async def seen(files: RemoteFiles) -> Found:
            found = await files.compared(path, data, unread=Found.THERE)
            if found is Found.NOTHING and await files.attributes(temporary) is not None:
                return Found.UNNAMED
            return found

        try:
            return self._session.run(seen)
        except FAULTS as error:
            raise MaybeDelivered(f"{path} cannot be looked for: {said(error)}") from None

    def names(self) -> list[str]:
        """As `Way` says."""
        try:
            return [file.name for file in self._session.run(lambda files: files.listed(self._folder))]
        except FAULTS as error:
            raise NotDelivered(f"{self._folder} cannot be seen: {said(error)}") from None

    def _paths(self, name: str) -> tuple[str, str]:
        if posixpath.basename(name) != name or name in {"", ".", ".."}:
            raise NotDelivered(f"{name!r} is not the name of a file")
        return posixpath.join(self._folder, name), posixpath.join(self._folder, f".{name}.writing")


async def _named(files: RemoteFiles, temporary: str, path: str, data: bytes) -> None:
    """Give a file its name; a server that refuses may have given it all the same."""
    try:
        await files.rename(temporary, path)
    except LOST:
        raise
    except asyncssh.SFTPError as refused:
        if await files.compared(path, data) is Found.THERE:
            return
        if await files.attributes(temporary) is None:
            raise taken_away(path) from None
        raise NotDelivered(f"{path} is not there: the server refused to rename: {said(refused)}") from None


def is_there(session: Session, folder: str) -> bool:
    """Whether a folder is on the server.

    Raises:
        TransportError: it cannot be seen.
    """
    try:
        return session.run(lambda files: files.attributes(folder)) is not None
    except FAULTS as error:
        raise TransportError(f"{folder} cannot be seen: {said(error)}") from None


class Responses:
    """A folder of answers on a partner's server."""

    def __init__(self, session: Session, folder: str) -> None:
        self._session, self._folder = session, folder

    def listed(self) -> list[Remote]:
        """The files there that have a name of their own.

        Raises:
            TransportError: it cannot be seen.
        """
        return self._tried("cannot be listed", lambda files: files.listed(self._folder))

    def fetched(self, wanted: Sequence[Remote], keep: Callable[[Remote, bytes], None]) -> list[str]:
        """Fetch some files, each as it was seen: a changed one is left for the next pass. What could not be read is told, a sentence each.

        Args:
            wanted: as they were listed.
            keep: called with each file and its bytes.

        Raises:
            TransportError: the connection was lost; what was kept by then is whole.
        """

        async def fetch(files: RemoteFiles, file: Remote) -> None:
            data = await files.read(posixpath.join(self._folder, file.name), file.size)
            if data is not None and await files.seen(self._folder, file.name) == file:
                keep(file, data)

        return self._each("cannot be read", wanted, fetch)

    def removed(self, some: Sequence[Remote]) -> list[str]:
        """Remove those of some files that are still as they were seen. What could not be removed is told, a sentence each.

        Raises:
            TransportError: the connection was lost.
        """

        async def remove(files: RemoteFiles, file: Remote) -> None:
            if await files.seen(self._folder, file.name) == file:
                await files.remove(posixpath.join(self._folder, file.name))

        return self._each("cannot be removed", some, remove)

    def moved(self, some: Mapping[Remote, str], folder: str) -> list[str]:
        """Move those of some files that are still as they were seen into another folder. What could not be moved is told, a sentence each.

        Args:
            some: the files, each with its SHA-256; where its name is taken there, a file is called after its content too.
            folder: where to.

        Raises:
            TransportError: the connection was lost.
        """

        async def move(files: RemoteFiles, file: Remote) -> None:
            if await files.seen(self._folder, file.name) == file:
                taken = await files.seen(folder, file.name) is not None
                name = f"{some[file][:8]}-{file.name}" if taken else file.name
                await files.rename(posixpath.join(self._folder, file.name), posixpath.join(folder, name))

        return self._each(f"cannot be moved to {folder}", list(some), move)

    def _each(self, what: str, some: Sequence[Remote], work: Callable[[RemoteFiles, Remote], Coroutine[Any, Any, None]]) -> list[str]:
        """Do some work on files, several at the same time; one that is gone is passed over, and what the server refuses is told."""
        troubles: list[str] = []
        if not some:
            return troubles

        async def one(files: RemoteFiles, turns: asyncio.Semaphore, file: Remote) -> None:
            async with turns:
                try:
                    await work(files, file)
                except LOST:
                    raise
                except asyncssh.SFTPNoSuchFile:
                    pass
                except asyncssh.SFTPError as error:
                    troubles.append(f"{posixpath.join(self._folder, legible(file.name))} {what}: {said(error)}")

        async def all_of_them(files: RemoteFiles) -> None:
            turns = asyncio.Semaphore(_AT_ONCE)
            for fault in await asyncio.gather(*(one(files, turns, file) for file in some), return_exceptions=True):
                if fault is not None:
                    raise fault

        self._tried("was lost sight of", all_of_them)
        return troubles

    def _tried(self, what: str, work: _Work[_Result]) -> _Result:
        try:
            return self._session.run(work)
        except FAULTS as error:
            raise TransportError(f"{self._folder} {what}: {said(error)}") from None


def said(error: BaseException) -> str:
    """What an error says, without anything that was sent."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    reason = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return str(reason) or type(error).__name__
