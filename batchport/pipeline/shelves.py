"""Archive and quarantine: what was read, and what could not be, sealed under names that do not collide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from batchport.files import fitting, make_folder, write_whole
from batchport.pipeline.app import App
from batchport.seal import KeyProblem
from batchport.spreadsheets.pool import ReaderPool


def shelve(app: App, folder: Path, name: str, data: bytes, *, context: str, digest: str, reason: str = "") -> None:
    """Put sealed bytes into a folder, beside them why they could not be used, where that is so.

    A file of the same name keeps it, and this one is called after its content too; the very same file, put here before a stop, is only put here again.

    Args:
        app: the installation.
        folder: of the archive or the quarantine.
        name: the file's own name.
        data: its bytes.
        context: what it is sealed as; it names the content, so that nothing else opens with it.
        digest: SHA-256 of the bytes.
        reason: sentences for the `.txt` beside it.
    """
    make_folder(folder)
    name = _fitting(name)
    chosen = name if _free(app, folder / name, context) else f"{digest[:8]}-{name}"
    if reason:
        write_whole(folder / f"{chosen}.txt", reason.encode())
    write_whole(folder / chosen, app.store.keyring.seal(data, context))


def archived(app: App, record: Any) -> Path | None:
    """Where a file of a customer lies in the archive; None where it is not there any more."""
    archive, own = app.settings.folder("archive"), _fitting(PurePosixPath(record.name).name)
    for folder in sorted(archive.iterdir()) if archive.is_dir() else ():
        for name in (own, f"{record.sha256[:8]}-{own}"):
            path: Path = folder / record.customer / name
            if path.is_file() and _free(app, path, f"original {record.sha256}"):
                return path
    return None


@contextmanager
def plain_copy(app: App, path: Path, record: Any) -> Iterator[Path]:
    """An archived file opened, in a folder of this user's alone that is gone afterwards; where this process dies, a reader removes it."""
    with ReaderPool(app.limits) as reader:
        copy = reader.folder() / "original"
        write_whole(copy, app.store.keyring.unseal(path.read_bytes(), f"original {record.sha256}"))
        yield copy


def _fitting(name: str) -> str:
    """A name that leaves room for what is put before and behind it."""
    return fitting(name, len("01234567-.txt"))


def _free(app: App, path: Path, context: str) -> bool:
    if not path.exists():
        return True
    try:
        app.store.keyring.unseal(path.read_bytes(), context)
    except KeyProblem:
        return False
    return True
