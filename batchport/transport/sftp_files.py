"""Files on an SFTP server, one request after another, each waited for only so long."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import posixpath
import stat
from collections.abc import Awaitable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar, cast

import asyncssh

from batchport.transport import Found, MaybeDelivered, NotDelivered
from batchport.transport.arrivals import TEMPORARY

#: What asyncssh raises; those of the server's own that mean that the connection is gone.
FAULTS = (OSError, asyncssh.Error, TimeoutError)
LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
_SLICE = 1 << 20
_CLOSING = 5.0
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file in a folder there, as it was seen: a later look that sees the same sees the same file, unchanged."""

    name: str
    size: int
    mtime: int


class RemoteFiles:
    """The files of a server that we are connected to; every method may raise `FAULTS`.

    Args:
        client: asyncssh's.
        patience: seconds to wait for one answer, or for a megabyte.
    """

    def __init__(self, client: asyncssh.SFTPClient, patience: float) -> None:
        self._client, self._patience = client, patience

    async def _soon(self, answer: Awaitable[_Result]) -> _Result:
        async with asyncio.timeout(self._patience):
            return await answer

    async def attributes(self, path: str) -> asyncssh.SFTPAttrs | None:
        """What a path is, links not followed; None where nothing is."""
        try:
            return await self._soon(self._client.lstat(path))
        except asyncssh.SFTPNoSuchFile:
            return None

    async def seen(self, folder: str, name: str) -> Remote | None:
        """A file as it is now."""
        found = await self.attributes(posixpath.join(folder, name))
        return Remote(name, found.size or 0, int(found.mtime or 0)) if found is not None else None

    async def listed(self, folder: str) -> list[Remote]:
        """The files of a folder that have a name of their own, oldest first; links, folders, hidden and temporary names are passed over."""
        files = []
        for entry in await self._soon(self._client.readdir(folder)):
            name, found = str(entry.filename), entry.attrs
            if any(fnmatchcase(name.lower(), pattern) for pattern in TEMPORARY) or posixpath.basename(name) != name or "\0" in name:
                continue
            if stat.S_ISREG(found.permissions or stat.S_IFREG):
                files.append(Remote(name, found.size or 0, int(found.mtime or 0)))
        return sorted(files, key=lambda file: (file.mtime, file.name))

    async def read(self, path: str, size: int) -> bytes | None:
        """The first `size` bytes of a file; None where there are fewer."""
        file = await self._soon(self._client.open(path, "rb"))
        data = bytearray()
        try:
            while len(data) < size:
                part = await self._soon(file.read(min(_SLICE, size - len(data)), len(data)))
                if not part:
                    return None
                data += cast("bytes", part)
        finally:
            await self._let_go(file)
        return bytes(data)

    async def compared(self, path: str, data: bytes, *, unread: Found = Found.OTHER) -> Found:
        """What stands at a path, held against the bytes that should; `unread` where it has their size and cannot be read."""
        found = await self.attributes(path)
        if found is None:
            return Found.NOTHING
        if not stat.S_ISREG(found.permissions or stat.S_IFREG) or found.size != len(data):
            return Found.OTHER
        try:
            return Found.THERE if await self.read(path, len(data)) == data else Found.OTHER
        except asyncssh.SFTPPermissionDenied:
            return unread

    async def upload(self, path: str, data: bytes) -> None:
        """Bring bytes to a temporary name and compare what is there; what has failed is taken away again where that can be done.

        Raises:
            NotDelivered: other bytes are there afterwards.
            MaybeDelivered: the server took the file away.
        """
        file = await self._soon(self._client.open(path, "wb"))
        try:
            await self._write(file, data)
            await self._check(path, data)
        except (asyncssh.SFTPError, NotDelivered) as error:
            if not isinstance(error, LOST):
                await self._let_go(file)
                with contextlib.suppress(*FAULTS):
                    await self._soon(self._client.remove(path))
            raise

    async def _write(self, file: asyncssh.SFTPClientFile, data: bytes) -> None:
        for start in range(0, len(data), _SLICE):
            await self._soon(file.write(data[start : start + _SLICE], start))
        with contextlib.suppress(asyncssh.SFTPOpUnsupported):
            await self._soon(file.fsync())
        await self._soon(file.close())

    async def _check(self, path: str, data: bytes) -> None:
        """Compare the size of what was brought, and its SHA-256 where the server lets us read."""
        found = await self.attributes(path)
        if found is None:
            raise taken_away(path)
        if found.size != len(data):
            raise NotDelivered(f"{path} has {found.size} bytes there instead of {len(data)}; is the disk of the server full?")
        try:
            there = await self.read(path, len(data))
        except asyncssh.SFTPPermissionDenied:
            return
        if there is None or hashlib.sha256(there).digest() != hashlib.sha256(data).digest():
            raise NotDelivered(f"{path} has other bytes there than were sent")

    async def rename(self, old: str, new: str) -> None:
        """Rename in one step of the server's own where it has one, else as the protocol does, which refuses a name that is taken."""
        try:
            await self._soon(self._client.posix_rename(old, new))
        except asyncssh.SFTPOpUnsupported:
            await self._soon(self._client.rename(old, new))

    async def remove(self, path: str) -> None:
        """Remove a file."""
        await self._soon(self._client.remove(path))

    async def _let_go(self, file: asyncssh.SFTPClientFile) -> None:
        """Close a file that was only read, or whose writing has failed: what that says does not matter any more."""
        with contextlib.suppress(*FAULTS):
            async with asyncio.timeout(min(self._patience, _CLOSING)):
                await file.close()


def taken_away(path: str) -> MaybeDelivered:
    """What is to be said when a temporary file is gone that nobody but us should touch."""
    return MaybeDelivered(f"{path}: the server took the file away under its temporary name, before it could get its own")
