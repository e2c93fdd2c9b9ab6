"""Archive and quarantine: what was read, and what could not be, sealed under names that do not collide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from batchport.envelope import Label, closed, must_be_closed, opened, same_content
from batchport.files import fitting, make_folder, write_whole
from batchport.pipeline.app import App
from batchport.spreadsheets.pool import ReaderPool

ORIGINAL, RESPONSE, BOUNCE = "original", "response", "bounce"


def shelve(app: App, folder: Path, name: str, data: bytes, *, kind: str, reason: str = "", sha256: str | None = None) -> None:
    """Put a file into a folder, sealed where the settings do not say otherwise, beside it why it could not be used, where that is so.

    A file of the same name keeps it, and this one is called after its content too; the very same file, put here before a stop, is only put here again.

    Args:
        app: the installation.
        folder: of the archive or the quarantine.
        name: the file's own name.
        data: its bytes.
        kind: ORIGINAL, RESPONSE or BOUNCE.
        reason: sentences for the `.txt` beside it.
        sha256: of its bytes, where it is known.
    """
    make_folder(folder)
    name = _fitting(name)
    label = Label(kind, sha256 or hashlib.sha256(data).hexdigest(), name, app.stamp)
    chosen = name if _free(app, folder / name, label) else f"{label.sha256[:8]}-{name}"
    if reason:
        write_whole(folder / f"{chosen}.txt", reason.encode())
    plain = not app.settings.archive.seal and not must_be_closed(data)
    write_whole(folder / chosen, data if plain else closed(app.store.keyring, data, label))


def archived(app: App, record: Any) -> Path | None:
    """Where a file of a customer lies in the archive; None where it is not there any more."""
    archive, own = app.settings.folder("archive"), _fitting(PurePosixPath(record.name).name)
    label = Label(ORIGINAL, record.sha256, own)
    for folder in sorted(archive.iterdir()) if archive.is_dir() else ():
        for name in (own, f"{record.sha256[:8]}-{own}"):
            path: Path = folder / record.customer / name
            if path.is_file() and same_content(app.store.keyring, path.read_bytes(), label):
                return path
    return None


@contextmanager
def plain_copy(app: App, path: Path) -> Iterator[Path]:
    """An archived file opened, in a folder of this user's alone that is gone afterwards; where this process dies, a reader removes it."""
    with ReaderPool(app.limits) as reader:
        copy = reader.folder() / "original"
        write_whole(copy, opened(app.store.keyring, path.read_bytes(), str(path))[1])
        yield copy


def shelved(app: App) -> Iterator[Path]:
    """Every file of archive and quarantine, but what is being written and the reasons beside them."""
    for shelf in ("archive", "quarantine"):
        for path in sorted(app.settings.folder(shelf).rglob("*")):
            if path.is_file() and not path.name.startswith(".") and not (shelf == "quarantine" and _is_reason(path)):
                yield path


def reason_beside(path: Path) -> Path:
    """The `.txt` that says why a file could not be used."""
    return path.with_name(f"{path.name}.txt")


def _is_reason(path: Path) -> bool:
    return path.suffix == ".txt" and path.with_suffix("").is_file()


def _fitting(name: str) -> str:
    """A name that leaves room for what is put before and behind it."""
    return fitting(name, len("01234567-.txt"))


def _free(app: App, path: Path, label: Label) -> bool:
    return not path.exists() or same_content(app.store.keyring, path.read_bytes(), label)
