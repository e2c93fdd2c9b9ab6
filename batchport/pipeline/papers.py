"""Papers in the inboxes: found for the sheets that name them, kept with them, and set aside when nobody wants them.

A paper lies in an inbox until a sheet names it. A sheet whose papers have not all come is left where it is for a while; then it is taken as it is. The
papers of a sheet that is taken are stored with it, in one transaction, and go into the archive with it; they are remembered, so that a corrected sheet
need not bring them again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from batchport.domain.papers import Paper
from batchport.files import is_plain, read_plain, remove_any
from batchport.pipeline.app import App
from batchport.pipeline.shelves import ORIGINAL, shelve
from batchport.pipeline.tally import PassTally
from batchport.spreadsheets.kinds import PAPERS
from batchport.spreadsheets.papers import Reader, found, look_at, paper_of, papers_in, plain
from batchport.store import papers as stored
from batchport.store.acts import record_act
from batchport.store.journal import source_of
from batchport.store.papers import PaperRecord, Waiting
from batchport.store.sealed import paper_context
from batchport.transport.arrivals import Arrival, complete_files

#: How long a paper waits for a sheet to name it.
KEPT_DAYS = 30
_DAY, _MINUTE = 86_400, 60


def is_paper(path: Path) -> bool:
    """Whether a file in an inbox is a paper, and not a sheet."""
    return path.suffix.lower() in PAPERS


def remembered(app: App, customer: str, names: Collection[str]) -> dict[str, Paper]:
    """The papers that some names mean among those that came with a customer's earlier sheets."""
    return {name: Paper(form) for name, (_, form, _) in known_papers(app, customer, names).items()}


def known_papers(app: App, customer: str, names: Collection[str]) -> dict[str, tuple[int, str, str]]:
    """Number, form and SHA-256 of the newest remembered paper that each name means."""
    if not names:
        return {}
    with app.store.reading() as connection:
        papers = stored.usable_papers(connection, customer, {plain(name) for name in names})
    newest = {name: (number, form, sha256) for number, name, form, sha256 in papers}
    return {name: newest[file] for name, file in found(names, newest).items()}


@dataclass(frozen=True)
class SheetPapers:
    """The papers that a sheet names.

    Attributes:
        papers: by the names that rows have for them, for the checks.
        files: name -> the file beside the sheet that it means.
        known: name -> number of the remembered paper that it means, where none lies beside the sheet.
        there: the files beside the sheet, by name.
    """

    papers: Mapping[str, Paper] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, int] = field(default_factory=dict)
    there: Mapping[str, Reader] = field(default_factory=dict)

    def records(self, app: App, customer: str) -> list[PaperRecord]:
        """The papers beside the sheet as they are stored; read and sealed before the transaction, which should be short."""
        return [_record(app, customer, file, self.there[file](-1)) for file in sorted(set(self.files.values()))]

    def store(self, connection: Connection, customer: str, file_id: int, records: list[PaperRecord]) -> None:
        """Store the papers, and that this file names them."""
        numbers = stored.store_papers(connection, customer, records)
        stored.note_papers(connection, file_id, {**self.known, **{name: numbers[file] for name, file in self.files.items()}})


def papers_beside(app: App, customer: str, names: Collection[str], there: Mapping[str, Reader]) -> SheetPapers:
    """The papers that some names mean.

    Args:
        app: the installation.
        customer: whose sheet names them.
        names: as rows have them.
        there: the files beside the sheet, by name: those of its folder, or of the archive that it came in.
    """
    files = found(names, there)
    known = known_papers(app, customer, [name for name in names if name not in files])
    looked = look_at(names, there, app.limits.max_paper) | {name: Paper(form) for name, (_, form, _) in known.items()}
    return SheetPapers(looked, files, {name: number for name, (number, *_) in known.items()}, there)


def _record(app: App, customer: str, name: str, data: bytes) -> PaperRecord:
    digest, paper = hashlib.sha256(data).hexdigest(), paper_of(data, app.limits.max_paper)
    sealed = None if paper.trouble else app.store.keyring.seal(data, paper_context(customer, digest))
    return PaperRecord(name, plain(name), digest, paper.form, paper.trouble, sealed)


def unsealed(app: App, paper: Any) -> bytes:
    """The bytes of a stored paper."""
    return app.store.keyring.unseal(paper.sealed, paper_context(paper.customer, paper.sha256))


def put_papers_away(app: App, customer: str, folder: Path, file_id: int) -> None:
    """Move the papers that a taken file names from its inbox into the archive; another paper of the same name stays."""
    with app.store.reading() as connection:
        named = stored.papers_of_file(connection, file_id)
    for name, digest in named:
        path = folder / name
        if is_paper(path) and is_plain(path):
            data = read_plain(path)
            if hashlib.sha256(data).hexdigest() == digest:
                shelve(app, app.settings.folder("archive", app.day, customer), name, data, kind=ORIGINAL)
                _remove(path)


def _remove(path: Path) -> None:
    path.unlink()
    remove_any(path.with_name(f"{path.name}.done"))


class Waits:
    """Which files of the inboxes wait: sheets for their papers, papers for a sheet; written down, so that a pass knows since when."""

    def __init__(self, app: App, inboxes: dict[Path, str], arrivals: Iterable[Arrival]) -> None:
        self._app, self._inboxes = app, inboxes
        with app.store.reading() as connection:
            self._before = stored.waiting_files(connection)
        self._now: dict[tuple[str, str], Waiting] = {}
        self.papers = [arrival for arrival in arrivals if is_paper(arrival.path)]
        # Where a sheet's .done says that it is whole, its papers need none of their own.
        marked = [folder for folder, customer in inboxes.items() if app.settings.customers[customer].done_file]
        if marked:
            seen = {arrival.path for arrival in self.papers}
            others = complete_files(marked, now=time.time(), settle=app.settings.limits.settle)
            self.papers += [arrival for arrival in others if is_paper(arrival.path) and arrival.path not in seen]

    def there(self, folder: Path) -> dict[str, Reader]:
        """The papers that are in an inbox still, and that nobody is writing to any more."""
        complete = {arrival.name for arrival in self.papers if arrival.path.parent == folder}
        return {name: reader for name, reader in papers_in(folder).items() if name in complete}

    def still(self, arrival: Arrival, tally: PassTally) -> bool:
        """Whether a sheet that waited for papers is to wait on: not all of them have come, and its time is not over."""
        known = self._before.get(self._key(arrival))
        if known is None or known.changed != _changed(arrival) or not known.wants or self._over(arrival, known.since, self._sheets_wait):
            return False
        come = found(known.wants, {paper.name for paper in self.papers if paper.path.parent == arrival.path.parent})
        lacking = [name for name in known.wants if name not in come]
        # One may have gone into the archive meanwhile, with another sheet, or with this one before a stop.
        lacking = sorted(set(lacking) - remembered(self._app, self._inboxes[arrival.path.parent], lacking).keys())
        if lacking:
            self._wait(arrival, known.wants, lacking, tally)
        return bool(lacking)

    def begins(self, arrival: Arrival, lacking: Collection[str], tally: PassTally) -> bool:
        """Whether a sheet is to wait for papers that have not come; only what can be a paper is waited for."""
        wanted = sorted(name for name in lacking if is_paper(Path(name)))
        known = self._before.get(self._key(arrival))
        since = known.since if known is not None and known.changed == _changed(arrival) else self._app.seconds
        if not wanted or self._over(arrival, since, self._sheets_wait):
            return False
        self._wait(arrival, wanted, wanted, tally)
        return True

    def set_aside_unwanted(self, tally: PassTally) -> None:
        """Set aside the papers that no sheet has named in all their time; note the others."""
        for arrival in self.papers:
            if not is_plain(arrival.path):
                continue
            file = self._noted(arrival, ())
            if self._over(arrival, file.since, KEPT_DAYS * _DAY):
                self._set_aside(arrival, tally)
            else:
                self._now[self._key(arrival)] = file

    def write(self) -> None:
        """Write down what waits now."""
        if self._now != self._before:
            with self._app.store.transaction() as connection:
                stored.set_waiting(connection, self._before, self._now)

    @property
    def _sheets_wait(self) -> float:
        return self._app.settings.limits.papers_wait * _MINUTE

    def _key(self, arrival: Arrival) -> tuple[str, str]:
        return self._inboxes[arrival.path.parent], arrival.name

    def _noted(self, arrival: Arrival, wants: Iterable[str]) -> Waiting:
        known = self._before.get(self._key(arrival))
        changed = _changed(arrival)
        return Waiting(changed, known.since if known is not None and known.changed == changed else self._app.seconds, tuple(wants))

    def _over(self, arrival: Arrival, since: int, seconds: float) -> bool:
        """Whether a file has waited long enough: by this machine's clock since it came, or by the time to go by since it was first seen."""
        return time.time() - arrival.mtime >= seconds or self._app.seconds - since >= seconds

    def _wait(self, arrival: Arrival, wants: Iterable[str], lacking: Collection[str], tally: PassTally) -> None:
        customer, name = self._key(arrival)
        self._now[customer, name] = self._noted(arrival, wants)
        tally.waiting.append(f"{customer}/{name} waits for {', '.join(lacking)}")

    def _set_aside(self, arrival: Arrival, tally: PassTally) -> None:
        customer, name = self._key(arrival)
        data = read_plain(arrival.path)
        digest = hashlib.sha256(data).hexdigest()
        reason = f"No sheet has named this paper in {KEPT_DAYS} days. Send it again together with a sheet that names it.\n"
        shelve(self._app, self._app.settings.folder("quarantine", customer), name, data, kind=ORIGINAL, reason=reason)
        with self._app.store.transaction() as connection:
            record_act(connection, at=self._app.stamp, who=self._app.user, what="set aside", about="paper", source=source_of(customer, name, digest))
        _remove(arrival.path)
        tally.set_aside.append(f"{name} of {customer} is a paper that no sheet has named in {KEPT_DAYS} days")
        tally.changed = True


def _changed(arrival: Arrival) -> int:
    return int(arrival.mtime * 1_000_000)
