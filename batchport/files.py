"""Files that are complete or absent, and readable by their owner alone; and what others put where we look, opened only where it is a file."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
#: Of what holds nothing but counts, and is for a program of another user.
PUBLIC_FILE = 0o644
_NO_FILE = "it is no file but a link, a pipe or the like, which is not followed and not read"
#: The most bytes in the name of a file.
_LONGEST = 255


def make_folder(path: Path) -> Path:
    """The folder, made with its parents where it was not there."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def write_whole(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Write a file so that it is there whole or not at all, whatever happens meanwhile.

    The bytes go to a temporary name beside it, are synced, and take the final name in one step; then the folder is synced. Whatever has one of these names
    gives way: a link is replaced, and what it leads to is not touched.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    temporary = _temporary(path)
    try:
        with os.fdopen(_begun(temporary), "wb") as file:
            if mode != PRIVATE_FILE:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:  # that the disk is full is said without a name, and the temporary one tells nobody anything
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error
    sync_folder(path.parent)


def _begun(path: Path) -> int:
    """A new file of this name, opened; what a stop has left behind under it, or somebody has put there, is taken away before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        return os.open(path, flags, PRIVATE_FILE)
    except FileExistsError:
        path.unlink()
        return os.open(path, flags, PRIVATE_FILE)


def _temporary(path: Path) -> Path:
    """The name of a file while it is written: always the same, so that what a stop has left behind is written over."""
    name = f".{path.name}.writing"
    if len(os.fsencode(name)) > _LONGEST:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}.writing"
    return path.with_name(name)


def sync_file(path: Path) -> None:
    """Make what was written to a file last."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in the folder last."""
    sync_file(folder)


def open_plain(path: Path) -> BufferedReader:
    """A file opened to be read: no link is followed, and no pipe or device is waited for.

    Raises:
        OSError: it is no file, or cannot be opened.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link, a socket
            raise OSError(errno.EINVAL, _NO_FILE, str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    return os.fdopen(handle, "rb")


def read_plain(path: Path) -> bytes:
    """The bytes of a file, as `open_plain` opens it."""
    with open_plain(path) as file:
        return file.read()


def open_at_once(path: Path) -> BufferedReader:
    """Whatever has a name opened to be read; where a pipe stands in the place of a file, nobody is waited for who would write into it.

    Raises:
        OSError: nothing is there, or a folder.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.fdopen(handle, "rb")
    except OSError as error:
        os.close(handle)
        raise OSError(error.errno, error.strerror, str(path)) from None


def is_plain(path: Path) -> bool:
    """Whether a file is there, and no link to one; nothing is under a name that is too long."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def remove_any(path: Path) -> None:
    """Take away what has a name, where something has."""
    try:
        path.unlink()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise


#: What a file is known by as long as nobody touches it or its names: each of these changes the last of them at least.
Marks = tuple[int, int, int, int, int]


def marks(found: os.stat_result) -> Marks:
    """What a file is known by."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def marks_at(path: Path) -> Marks | None:
    """What stands under a name is known by; None where nothing does."""
    try:
        return marks(path.lstat())
    except FileNotFoundError:
        return None


def legible(name: str) -> str:
    """A name that can be shown and stored: what is not UTF-8 in it is replaced."""
    return name.encode(errors="replace").decode()


def fitting(name: str, room: int = 0) -> str:
    """A name, its stem cut where it would be too long for a file with `room` bytes more; what is not UTF-8 in it is replaced."""
    stem, dot, end = legible(name).rpartition(".")
    if not stem:
        stem, dot, end = end, "", ""
    most = _LONGEST - room - len(f"{dot}{end}".encode())
    if most < 1:  # what follows the last dot is no ending
        return f"{stem}{dot}{end}".encode()[: _LONGEST - room].decode(errors="ignore")
    return f"{stem.encode()[:most].decode(errors='ignore')}{dot}{end}"
