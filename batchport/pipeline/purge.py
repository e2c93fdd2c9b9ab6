"""Purge: what is kept no longer is taken away, by its age and by what became of it; never what was not sent, or not answered.

What goes is worked out first, which is what `--dry-run` prints; then each thing is taken away, and that is recorded with it: in one transaction where it lies in the
database, before it where it is a file. A purge that was stopped is finished by the next one.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from sqlalchemy import Connection

from batchport.envelope import Label, label_of
from batchport.files import sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.lease import alone
from batchport.pipeline.shelves import ORIGINAL, reason_beside, shelved
from batchport.progress import stepping
from batchport.spreadsheets.headers import hidden
from batchport.store import purge as stored
from batchport.store.acts import record_act
from batchport.store.database import fold_in, for_good
from batchport.store.pieces import sheets_of

_DAY = 86_400
#: So much of a file holds its label.
_HEAD = 4_096
_AFTER_CONTENT = re.compile(r"[0-9a-f]{8}-")


@dataclass(frozen=True, slots=True)
class Going:
    """Something that is kept no longer.

    Attributes:
        kind: PINs, papers, originals, quarantine, results, mails or submissions.
        name: what it is, or what it stands in.
        count: how many PINs, else 1.
        carry_out: takes it away and records it, given the reason.
    """

    kind: str
    name: str
    count: int
    carry_out: Callable[[str], None]


def planned(app: App) -> list[Going]:
    """What is kept no longer."""
    with app.store.reading() as connection:
        found = [*_pins(app, connection), *_papers(app, connection), *_submissions(app, connection), *_proposals(app, connection)]
        files = [*_originals(app, connection), *_set_aside(app), *_results(app, connection), *_mails(app)]
    return found + files


def purge(app: App, why: str) -> list[Going]:
    """Take away what is kept no longer, with nobody else at work; what went."""
    with alone(app, math.inf):
        app.progress("Looking at what is kept")
        going = planned(app)
        for one in stepping(app.progress, "Taking away", going, "things"):
            one.carry_out(why)
        if going:
            fold_in(app.store)
    return going


def _pins(app: App, connection: Connection) -> Iterator[Going]:
    """PINs of orders that have ended, and those of rejected rows that are as old as their originals may get."""
    kept = app.settings.retention
    before, rejected_before = _seconds(app, kept.pins), _stamp(app, kept.originals)
    needed = stored.rows_told_from(connection)
    for piece in stored.pieces_with_pins(connection):
        rows = stored.rows_done_with(connection, piece, before, rejected=piece.received <= rejected_before)
        rows = rows[~np.isin(rows, needed)]
        if not len(rows):
            continue
        own = _secret_columns(sheets_of(piece.sheets)[piece.sheet])
        emptied = stored.without_pins(app.store, connection, piece, rows, own)
        if emptied.count or not emptied.left:
            yield Going("PINs", piece.name, emptied.count, partial(_empty, app, piece, rows, own, emptied.count))


def _empty(app: App, piece: stored.PieceWithPins, rows: Any, own: list[int], count: int, why: str) -> None:
    with app.store.reading() as connection:
        emptied = stored.without_pins(app.store, connection, piece, rows, own)
    with for_good(app.store) as connection:
        stored.put_piece(app.store, connection, piece, emptied)
        if count:
            _record(app, connection, "PINs", why, f"{count} of {piece.name}")


def _secret_columns(sheet: dict[str, Any]) -> list[int]:
    """The places of a sheet's columns with PINs: those that were taken for one, and those that nothing was taken for and that look as if."""
    taken = {place for places in sheet["columns"].values() for place in places}
    alike = [place for place, header in enumerate(sheet["headers"]) if place not in taken and hidden(header)]
    return sorted({*sheet["columns"].get("pin", ()), *alike})


def _papers(app: App, connection: Connection) -> Iterator[Going]:
    for paper in stored.old_papers(connection, _stamp(app, app.settings.retention.papers)):
        yield Going("papers", paper.name, 1, partial(_in_database, app, "papers", paper, lambda connection, one: stored.drop_papers(connection, [one])))


def _submissions(app: App, connection: Connection) -> Iterator[Going]:
    for one in stored.old_submissions(connection, _stamp(app, app.settings.retention.submissions)):
        yield Going("submissions", one.name, 1, partial(_in_database, app, "submissions", one, lambda connection, each: stored.drop_submission(connection, each.number)))


def _proposals(app: App, connection: Connection) -> Iterator[Going]:
    """What the columns of sheets may mean, with examples of cells; as old as the originals."""
    for one in stored.old_proposals(connection, _stamp(app, app.settings.retention.originals)):
        yield Going("proposals", one.name, 1, partial(_in_database, app, "proposals", one, lambda connection, each: stored.drop_proposals(connection, [each])))


def _in_database(app: App, kind: str, one: stored.Old, drop: Callable[[Connection, stored.Old], None], why: str) -> None:
    with for_good(app.store) as connection:
        drop(connection, one)
        _record(app, connection, kind, why, one.name)


def _originals(app: App, connection: Connection) -> Iterator[Going]:
    """Files of the archive from days before, but sheets with open rows, their papers, and zip archives that such sheets came in."""
    last = (app.local(app.now) - timedelta(days=app.settings.retention.originals)).strftime("%Y-%m-%d")
    needed = _Needed(app, connection)
    archive = app.settings.folder("archive")
    for path in shelved(app):
        if not path.is_relative_to(archive):
            continue
        day, who = path.relative_to(archive).parts[:2]
        if day <= last and not needed(path, day, who):
            yield _file(app, "originals", path)


class _Needed:
    """Which originals sheets with open rows are made of."""

    def __init__(self, app: App, connection: Connection) -> None:
        self._contents = set(stored.papers_of_open_files(connection))
        self._names: dict[tuple[str, str], str] = {}
        for customer, name, sha256, received in stored.open_files(connection):
            self._contents.add((customer, sha256))
            day = app.local(datetime.fromisoformat(received)).strftime("%Y-%m-%d")
            for called in {PurePosixPath(name).name, PurePosixPath(name).parts[0]}:
                key = customer, called
                self._names[key] = min(day, self._names.get(key, day))

    def __call__(self, path: Path, day: str, who: str) -> bool:
        """Whether a file of a day's folder of somebody is one of them."""
        with path.open("rb") as file:
            label = label_of(file.read(_HEAD))
        if label is not None and label.kind != ORIGINAL:
            return False
        if (who, self._digest(path, label)) in self._contents:
            return True
        # A zip archive is known by name alone, and so is what was sealed before files had labels.
        return any(self._names.get((who, name), "9") <= day for name in (path.name, _AFTER_CONTENT.sub("", path.name, count=1))) and (label is None or path.suffix == ".zip")

    @staticmethod
    def _digest(path: Path, label: Label | None) -> str:
        if label is not None:
            return label.sha256
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _set_aside(app: App) -> Iterator[Going]:
    quarantine, before = app.settings.folder("quarantine"), _seconds(app, app.settings.retention.quarantine)
    for path in shelved(app):
        if path.is_relative_to(quarantine) and _put_there(path) <= before:
            yield _file(app, "quarantine", path)


def _put_there(path: Path) -> float:
    """When a file was put on its shelf, in seconds since 1970: as its label says, else when it was last changed."""
    with path.open("rb") as file:
        label = label_of(file.read(_HEAD))
    return datetime.fromisoformat(label.at).timestamp() if label is not None and label.at else path.stat().st_mtime


def _results(app: App, connection: Connection) -> Iterator[Going]:
    """Results of sheets whose rows have all come to their end."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for customer, name, sha256 in stored.old_files(connection, _stamp(app, app.settings.retention.results)):
        names[customer].add(f"{PurePosixPath(name).stem}.{sha256[:8]}")
    for customer, stems in names.items():
        folder = app.settings.folder("results", customer)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.stem in stems and path.is_file():
                yield _file(app, "results", path)


def _mails(app: App) -> Iterator[Going]:
    before = _seconds(app, app.settings.retention.mails)
    for path in sorted(app.settings.folder("mail").glob("*.eml")):
        if path.stat().st_mtime <= before:
            yield _file(app, "mails", path)


def _file(app: App, kind: str, path: Path) -> Going:
    name = str(path.relative_to(app.settings.home))
    return Going(kind, name, 1, partial(_remove, app, kind, path, name))


def _remove(app: App, kind: str, path: Path, name: str, why: str) -> None:
    """Take a file away, the reason beside it, and the folders that are empty without it."""
    with app.store.transaction() as connection:
        _record(app, connection, kind, why, name)
    if kind == "quarantine":
        reason_beside(path).unlink(missing_ok=True)
    path.unlink()
    sync_folder(path.parent)
    if kind == "originals":
        for folder in path.parents[:2]:
            if not any(folder.iterdir()):
                folder.rmdir()


def _record(app: App, connection: Connection, kind: str, why: str, about: str) -> None:
    record_act(connection, at=app.stamp, who=app.user, what=f"purge {kind}", why=why, about=about)


def _seconds(app: App, days: int) -> int:
    return app.seconds - days * _DAY


def _stamp(app: App, days: int) -> str:
    return app.stamp_of(app.now - timedelta(days=days))
