"""Archive and quarantine: what was read, and what could not be, sealed under names that do not collide."""

from __future__ import annotations

from pathlib import Path

from batchport.files import make_folder, write_whole
from batchport.pipeline.app import App
from batchport.seal import KeyProblem


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
    chosen = name if _free(app, folder / name, context) else f"{digest[:8]}-{name}"
    if reason:
        write_whole(folder / f"{chosen}.txt", reason.encode())
    write_whole(folder / chosen, app.store.keyring.seal(data, context))


def _free(app: App, path: Path, context: str) -> bool:
    if not path.exists():
        return True
    try:
        app.store.keyring.unseal(path.read_bytes(), context)
    except KeyProblem:
        return False
    return True
