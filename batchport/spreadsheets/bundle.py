"""Zip archives of sheets and papers. Unpacking runs in the reading process: see `child`."""

from __future__ import annotations

import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batchport.spreadsheets.kinds import PAPERS
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Unreadable

#: What a packed file may at most grow by, once it is beyond `_SMALL`.
_RATIO = 200
_SMALL = 10 * 1024 * 1024
_MOST_MEMBERS = 1_000
_PIECE = 1024 * 1024
#: Put into archives by programs, not by people.
_LITTER = ("__MACOSX", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: its name there, and where it was unpacked to."""

    name: str
    path: Path

    @property
    def is_paper(self) -> bool:
        """Whether it accompanies sheets by its name."""
        return PurePosixPath(self.name).suffix.lower() in PAPERS


def unpack(archive: Path, folder: Path, limits: Limits) -> list[Member]:
    """The files of an archive, unpacked into `folder` under names of ours; hidden ones and programs' own are left out.

    Sizes are counted while unpacking, whatever the archive says of itself.

    Raises:
        Unreadable: `file-unreadable` for a damaged archive and for names that lead out of it, `file-encrypted`, `file-too-large`, `file-empty`.
    """
    try:
        with zipfile.ZipFile(archive) as container:
            entries = [entry for entry in container.infolist() if not entry.is_dir()]
            _refuse(entries)
            return _unpacked(container, [entry for entry in entries if not _is_litter(entry.filename)], folder, limits)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise Unreadable("file-unreadable", "the zip archive is damaged or cut off") from error


def _refuse(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse the archive as a whole for what no honest one holds."""
    if len(entries) > _MOST_MEMBERS:
        raise Unreadable("file-too-large", f"{len(entries):,} files in one zip archive; at most {_MOST_MEMBERS:,}")
    names = [entry.filename for entry in entries]
    if any(_leads_out(entry) for entry in entries):
        raise Unreadable("file-unreadable", "the zip archive holds a name that leads out of it")
    if len({name.casefold() for name in names}) < len(names):
        raise Unreadable("file-unreadable", "the zip archive holds two files of one name")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("file-encrypted", "the zip archive asks for a password")


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    return name.startswith("/") or ":" in name or "\0" in name or ".." in name.split("/") or stat.S_ISLNK(entry.external_attr >> 16)


def _is_litter(name: str) -> bool:
    return any(part.startswith((".", "~$")) or part in _LITTER for part in PurePosixPath(name).parts)


def _unpacked(container: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path, limits: Limits) -> list[Member]:
    members, room = [], limits.max_bytes
    for number, entry in enumerate(entries):
        path = folder / str(number)
        room -= _write(container, entry, path, room)
        members.append(Member(entry.filename, path))
    if all(member.is_paper for member in members):
        raise Unreadable("file-empty", "there is no sheet in the zip archive")
    return members


def _write(container: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, room: int) -> int:
    """Unpack one file; gives back its size."""
    size = 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target, container.open(entry) as source:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > room:
                raise Unreadable("file-too-large", "the zip archive unpacks to more than a file may have")
            if size > _SMALL and size > entry.compress_size * _RATIO:
                raise Unreadable("file-too-large", f"a file of the zip archive unpacks to more than {_RATIO} times its size")
            target.write(piece)
    return size
