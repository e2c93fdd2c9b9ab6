"""Newer reference files, brought in by an operator."""

from __future__ import annotations

import hashlib
from pathlib import Path

from batchport.data import replacement
from batchport.files import make_folder, write_whole
from batchport.pipeline.app import App
from batchport.store.acts import record_act


def import_reference(app: App, path: Path, why: str) -> str:
    """Put a file in place of the packaged one with its header, and write down who did; says what was done.

    Raises:
        ReferenceProblem: something in it is wrong; nothing was changed.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    folder = app.settings.folder("reference")
    name, lines = replacement(data, str(path), folder)
    write_whole(make_folder(folder) / name, data)
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what="reference import", why=why, about=f"{name}, {lines} lines", source=f"{path.name} {hashlib.sha256(data).hexdigest()[:12]}")
    return f"{folder / name}: {lines:,} lines, in place of the {name.removesuffix('.csv').replace('_', ' ')} that came with the program."
