"""Fetching: partners' answers come from their servers into a folder of the home, and their own copies go when ours are stored.

A file is fetched whole into `.fetched/<partner>/`, from where it is read like one that was put into `responses/<partner>/`: it leaves that folder when what it
says is stored (T4) and it lies in the archive, or when it was set aside. Only then the partner's copy is removed or moved. A pass that was cut off between
the two fetches it again, and knows it by its content; so nothing in that folder has to last, and it is emptied first.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from batchport import log
from batchport.config import Sftp
from batchport.files import PRIVATE_FILE, fitting, make_folder
from batchport.pipeline.app import App
from batchport.pipeline.tally import PassTally
from batchport.pipeline.ways import session_to
from batchport.transport import TransportError, Unreachable

if TYPE_CHECKING:
    from batchport.transport.sftp import Responses
    from batchport.transport.sftp_files import Remote

#: How far the clock of a server may be off: a file is taken at one look only when it was last changed longer ago than this.
_SKEW = 3600.0


@dataclass
class _Door:
    """A partner's folder of answers while it is open: what was fetched from it, each with its SHA-256."""

    partner: str
    transport: Sftp
    there: Responses
    spool: Path
    fetched: dict[Remote, str] = field(default_factory=dict)

    def place(self, file: Remote) -> Path:
        """Where a file lies here."""
        return self.spool / fitting(file.name)

    def keep(self, file: Remote, data: bytes) -> None:
        """Put a file that was fetched where it is read."""
        path = self.place(file)
        if path.exists():  # two names that are shown alike: the other one is fetched by the next pass
            return
        path.touch(PRIVATE_FILE)
        path.write_bytes(data)
        os.utime(path, (min(file.mtime, time.time() - _SKEW),) * 2)
        self.fetched[file] = hashlib.sha256(data).hexdigest()


@contextmanager
def fetched(app: App, tally: PassTally) -> Iterator[dict[Path, str]]:
    """The folders that answers were fetched into, and whose they are; when they have been read, the partners' own copies go."""
    with ExitStack() as stack:
        doors = list(_opened(app, tally, stack))
        _fetch(app, tally, doors)
        yield {door.spool: door.partner for door in doors}
        for door in doors:
            _put_away(tally, door)


def _opened(app: App, tally: PassTally, stack: ExitStack) -> Iterator[_Door]:
    for partner, settings in app.settings.partners.items():
        transport = settings.transport
        if not isinstance(transport, Sftp) or transport.responses is None:
            continue
        try:
            session = stack.enter_context(session_to(app, transport))
        except Unreachable as error:
            tally.trouble(f"no answers were fetched from {partner}: {error}.")
            log.event("partner not reached", "error", partner=partner)
            continue
        from batchport.transport.sftp import Responses

        yield _Door(partner, transport, Responses(session, transport.responses), _emptied(make_folder(app.settings.folder(".fetched", partner))))


def _emptied(spool: Path) -> Path:
    """The folder without what a pass that was cut off has left there: the partner's own copies are still where they were."""
    for path in spool.iterdir():
        path.unlink()
    return spool


def _fetch(app: App, tally: PassTally, doors: list[_Door]) -> None:
    """Fetch what is complete: what was last changed long ago, or looks the same twice."""
    now, settle = time.time(), app.settings.limits.settle
    seen = [(door, files) for door in doors if (files := _listed(tally, door))]
    if any(file.mtime >= now - settle - _SKEW for _, files in seen for file in files):
        time.sleep(settle)
        seen = [(door, [file for file in files if file.mtime < now - settle - _SKEW or file in again]) for door, files in seen for again in (_listed(tally, door),)]
    for door, files in seen:
        try:
            troubles = door.there.fetched(files, door.keep)
        except TransportError as error:
            troubles = [str(error)]
        if files:
            log.event("answers fetched", "warning" if troubles else "info", partner=door.partner, files=len(door.fetched), failed=len(troubles))
        for said in troubles:
            tally.trouble(f"an answer of {door.partner} was not fetched: {said}. That is tried again in the next pass.")


def _listed(tally: PassTally, door: _Door) -> list[Remote]:
    try:
        return door.there.listed()
    except TransportError as error:
        tally.trouble(f"no answers were fetched from {door.partner}: {error}.")
        log.event("partner not reached", "error", partner=door.partner)
        return []


def _put_away(tally: PassTally, door: _Door) -> None:
    """Remove or move the partner's copies of what is stored here."""
    stored = {file: digest for file, digest in door.fetched.items() if not door.place(file).exists()}
    try:
        move_to = door.transport.move_to
        troubles = door.there.moved(stored, move_to) if move_to is not None else door.there.removed(list(stored))
    except TransportError as error:
        troubles = [str(error)]
    for said in troubles:
        tally.trouble(f"what {door.partner} answered was read, but stays on its server: {said}. It is known by its content when it comes again.")
