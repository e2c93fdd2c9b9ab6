"""Files that are complete or absent, and readable by their owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
#: Of what holds nothing but counts, and is for a program of another user.
PUBLIC_FILE = 0o644


def make_folder(path: Path) -> Path:
    """The folder, made with its parents where it was not there."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write_whole(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Write a file so that it is there whole or not at all, whatever happens meanwhile.

    The bytes go to a temporary name beside it, are synced, and take the final name in one step; then the folder is synced.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        with os.fdopen(handle, "wb") as file:
            if mode != PRIVATE_FILE:
                os.fchmod(handle, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:  # that the disk is full is said without a name, and the temporary one tells nobody anything
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in the folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
