"""Which files in a folder are complete: nobody is writing to them any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

#: Names that a file has while it is being written.
TEMPORARY = (".*", "~$*", "*.tmp", "*.part", "*.filepart", "*.writing", "*.crdownload")
_MARK = ".done"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete file: where, its name, bytes, and when it was last changed (seconds since 1970); `mark` is the .done file that names it."""

    path: Path
    name: str
    size: int
    mtime: float
    mark: Path | None = None

    @property
    def mark_of_content(self) -> str:
        """Changes when the file is changed."""
        return f"{self.size} {self.mtime}"


def complete_files(
    folders: Sequence[Path],
    *,
    now: float,
    settle: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
    done_file: Collection[Path] = (),
) -> list[Arrival]:
    """The complete files of some folders, by arrival, then name.

    A file is complete when its size and time are the same at two looks, `settle` seconds apart; one look is enough for one that was last changed
    longer ago than that. One pause serves all young files of all folders; there is none where no file is young. Links and folders are passed over, so
    are hidden and temporary names, folders that are not there, and files that go away meanwhile.

    Args:
        folders: where to look; not below them.
        now: the time on this machine's clock, in seconds since 1970; it is held against the files' own times.
        settle: seconds for which a file must not change.
        sleep: pauses for so many seconds.
        done_file: those of the folders where a file X is complete when there is a file X.done, and not before.
    """
    found: list[Arrival] = []
    young: list[Arrival] = []
    for folder in folders:
        if folder in done_file:
            found += _marked(folder)
        else:
            for file in _look(folder):
                (found if file.mtime < now - settle else young).append(file)
    if young:
        sleep(settle)
        found += _unchanged(young)
    return sorted(found, key=lambda file: (file.mtime, file.name))


def _look(folder: Path) -> Iterator[Arrival]:
    """The files that stand in a folder now, complete or not."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if any(fnmatchcase(entry.name.lower(), pattern) for pattern in TEMPORARY):
            continue
        try:
            if entry.is_file(follow_symlinks=False):
                seen = entry.stat(follow_symlinks=False)
                yield Arrival(Path(entry.path), entry.name, seen.st_size, seen.st_mtime)
        except FileNotFoundError:
            continue


def _marked(folder: Path) -> list[Arrival]:
    """The files of a folder that have a .done file beside them."""
    files = {file.name: file for file in _look(folder)}
    return [
        Arrival(file.path, name, file.size, file.mtime, files[name + _MARK].path)
        for name, file in files.items()
        if name + _MARK in files and not name.endswith(_MARK)
    ]


def _unchanged(files: Sequence[Arrival]) -> list[Arrival]:
    """Those that still stand as they did."""
    again = {file.path: file for folder in {file.path.parent for file in files} for file in _look(folder)}
    return [file for file in files if again.get(file.path) == file]
