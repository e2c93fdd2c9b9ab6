"""Files of archive and quarantine, opened for somebody to read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from batchport.envelope import opened
from batchport.pipeline.app import App, Unknown
from batchport.store.acts import record_act


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it came.

    Attributes:
        name: where it lies, from the home where it lies in it.
        words: what it is.
        data: its bytes.
    """

    name: str
    words: str
    data: bytes


def open_shelved(app: App, file: Path) -> Opened:
    """A file of archive or quarantine, named from here or from the home.

    Raises:
        Unknown: there is no such file.
        KeyProblem: it was sealed with a key that is not there, or it is damaged.
    """
    home = app.settings.home
    path = next((path for path in (file, home / file) if path.is_file()), None)
    if path is None:
        raise Unknown(f"there is no file {file} here or in {home}; the archive has a folder a day, and in it one for each customer: archive/DAY/CUSTOMER/NAME")
    whole = Path(os.path.abspath(path))  # noqa: PTH100  a link is not followed: the name is what is recorded
    name = str(whole.relative_to(home)) if whole.is_relative_to(home) else str(whole)
    label, data = opened(app.keyring, path.read_bytes(), name)
    if label is None:
        return Opened(name, "was not sealed", data)
    came = f"; it came as {label.name}" if label.name and label.name != path.name else ""
    return Opened(name, f"{len(data):,} bytes, as they came, readable by you alone{came}", data)


def record_opened(app: App, found: Opened, why: str) -> None:
    """Write down that somebody reads it, before anybody does."""
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what="archive open", why=why, about=found.name)
