"""Delivery into a folder of this machine, or one that is mounted."""

from __future__ import annotations

import hashlib
from pathlib import Path

from batchport.files import make_folder, write_whole
from batchport.transport import NameTaken, NotDelivered


def deliver(folder: Path, name: str, data: bytes) -> None:
    """Put a file into a folder, whole, and look at it again; the folder is made where it is not there.

    A file of the same name and bytes is already delivered.

    Raises:
        NameTaken: something else has this name.
        NotDelivered: the folder cannot be written to, or what stands there afterwards is not what was sent.
    """
    if Path(name).name != name or name in {"", ".", ".."}:
        raise NotDelivered(f"{name!r} is not the name of a file")
    target = folder / name
    try:
        if target.is_symlink() or target.exists():
            if not _holds(target, data):
                raise NameTaken(f"{target} is there already and is something else; it was left alone")
            return
        make_folder(folder)
        write_whole(target, data)
        if not _holds(target, data):
            raise NotDelivered(f"{target} is not what was written to it")
    except OSError as error:
        raise NotDelivered(f"{target} could not be written: {error.strerror or error}") from error


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file of exactly these bytes is there."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != len(data):
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(data).digest()
