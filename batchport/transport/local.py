"""Delivery into a folder of this machine, or one that is mounted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from batchport.files import is_plain, make_folder, open_plain, write_whole
from batchport.transport import Found, NameTaken, NotDelivered, at_once


def deliver(folder: Path, name: str, data: bytes, *, replace: bool = False) -> None:
    """Put a file into a folder, whole, and look at it again; the folder is made where it is not there.

    A file of the same name and bytes is already delivered; another one gives way where it is to be replaced.

    Raises:
        NameTaken: something else has this name.
        NotDelivered: the folder cannot be written to, or what stands there afterwards is not what was sent.
    """
    if Path(name).name != name or name in {"", ".", ".."}:
        raise NotDelivered(f"{name!r} is not the name of a file")
    target = folder / name
    try:
        if target.is_symlink() or target.exists():
            if _holds(target, data):
                return
            if not replace:
                raise NameTaken(f"{target} is there already and is something else; it was left alone")
        make_folder(folder)
        write_whole(target, data)
        if not _holds(target, data):
            raise NotDelivered(f"{target} is not what was written to it")
    except OSError as error:
        raise NotDelivered(f"{target} could not be written: {error.strerror or error}") from error


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file of exactly these bytes is there."""
    if not is_plain(path) or path.stat().st_size != len(data):
        return False
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(data).digest()


class LocalFolder:
    """The way into a folder of this machine.

    A file gets its name in one step that has no answer to wait for, so nothing has to be written down before it; one that was cut off is brought again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, name: str, data: bytes, naming: Callable[[], None] = at_once, *, replace: bool = False) -> None:  # noqa: ARG002
        """As `Way` says."""
        deliver(self._folder, name, data, replace=replace)

    def look(self, name: str, data: bytes) -> Found:
        """As `Way` says."""
        path = self._folder / name
        if _holds(path, data):
            return Found.THERE
        return Found.OTHER if path.is_symlink() or path.exists() else Found.UNNAMED

    def names(self) -> list[str]:
        """As `Way` says."""
        try:
            return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []
        except OSError as error:
            raise NotDelivered(f"{self._folder} cannot be seen: {error.strerror or error}") from error
