"""Delivery reports: what lies in `bounces/` is read, mails that came back are marked, and addresses that bounce for good are sent nothing more.

Anybody can write such a report. It counts only when it names the Message-ID of a mail that went to the address that it speaks of, and that nobody can guess;
so nobody can silence somebody else.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from batchport import log
from batchport.files import read_plain, sync_folder
from batchport.mail.bounces import NotAReport, Report, Told, read_report
from batchport.mail.delivery import one_line
from batchport.mail.enhanced import address_is_gone
from batchport.pipeline.app import App
from batchport.pipeline.doors import tell_what_is_no_file
from batchport.pipeline.outgoing import message_id_of
from batchport.pipeline.shelves import BOUNCE, shelve
from batchport.pipeline.suppressed import silence
from batchport.pipeline.tally import PassTally
from batchport.store import outbox
from batchport.store.acts import record_act
from batchport.store.journal import source_of
from batchport.transport.arrivals import Arrival, complete_files

#: A mail that comes back whole is as large as the largest that went out; what is larger is not read.
_LARGEST = 32 << 20
#: How many reports are held against the mails that went out at once.
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class _Came:
    """A file that is a delivery report."""

    arrival: Arrival
    report: Report


def read_bounces(app: App, tally: PassTally) -> None:
    """Read every complete file in `bounces/`, or in `new/` below it where that is a Maildir; each is put into the archive, or set aside."""
    folder = app.settings.folder("bounces")
    tell_what_is_no_file(app, tally, [folder, folder / "new"])
    arrivals = complete_files([folder, folder / "new"], now=time.time(), settle=app.settings.limits.settle)
    for start in range(0, len(arrivals), _TOGETHER):
        came = [each for arrival in arrivals[start : start + _TOGETHER] if (each := _read(app, tally, arrival)) is not None]
        with app.store.reading() as connection:
            sent = _sent_to(app, connection, came)
        for each in came:
            _apply(app, tally, each, sent)


def _read(app: App, tally: PassTally, arrival: Arrival) -> _Came | None:
    if arrival.size > _LARGEST:
        # Not even sealed: that would need its bytes in memory.
        tally.trouble(f"bounces/{arrival.name} is larger than {_LARGEST >> 20} MB, which no delivery report is; it was left where it is. Look at it, and take it away.")
        return None
    try:
        return _Came(arrival, read_report(read_plain(arrival.path)))
    except NotAReport as error:
        _set_aside(app, tally, arrival, f"is no delivery report: {error}")
        return None


def _sent_to(app: App, connection: Connection, came: list[_Came]) -> dict[str, list[Any]]:
    """The mails that went to any of the addresses that reports speak of, by the part of their Message-IDs that is ours alone."""
    addresses = sorted({address.casefold() for each in came for told in each.report.recipients for address in told.addresses})
    found = defaultdict(list)
    for record in outbox.sent_to(connection, addresses) if addresses else ():
        found[_local(message_id_of(app, record))].append(record)
    return found


def _local(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0]


def _apply(app: App, tally: PassTally, came: _Came, sent: dict[str, list[Any]]) -> None:
    failed = [told for told in came.report.recipients if told.action == "failed"]
    known = [record for name in came.report.message_ids for record in sent.get(_local(name), ())]
    pairs = [(record, told) for told in failed for record in known if record.recipient.casefold() in {address.casefold() for address in told.addresses}]
    if failed and not pairs:
        _set_aside(app, tally, came.arrival, "is about no mail that was sent to the address that it names, so it may be made up")
        return
    for record, told in pairs:
        _came_back(app, tally, record, told)
    _archive(app, came.arrival)
    tally.changed = True


def _came_back(app: App, tally: PassTally, record: Any, told: Told) -> None:
    """One transaction: the mail bounced, and its address is sent nothing more where it is at fault; nothing, where that was known."""
    why = one_line(f"{told.status} {told.diagnostic}" if told.status not in told.diagnostic else told.diagnostic) or "no reason given"
    with app.store.transaction() as connection:
        if not outbox.mark_bounced(connection, record.id, why):
            return
        if address_is_gone(told.status):
            silence(app, tally, connection, record, why)
        else:
            tally.trouble(f"a mail ({record.kind}) to {record.recipient} came back: {why}")
    tally.mails["failed"] += 1
    log.event("mail came back", "warning", mail=record.id, kind=record.kind)


def _archive(app: App, arrival: Arrival) -> None:
    data = read_plain(arrival.path)
    shelve(app, app.settings.folder("archive", app.day, "bounces"), arrival.name, data, kind=BOUNCE)
    _remove(arrival.path)


def _set_aside(app: App, tally: PassTally, arrival: Arrival, reason: str) -> None:
    words = f"bounces/{arrival.name} {reason}. It was set aside, and nothing was changed.\n"
    data = read_plain(arrival.path)
    digest = hashlib.sha256(data).hexdigest()
    shelve(app, app.settings.folder("quarantine", "bounces"), arrival.name, data, kind=BOUNCE, reason=words)
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what="set aside", about="delivery report", source=source_of("bounces", arrival.name, digest))
    _remove(arrival.path)
    tally.set_aside.append(words.strip())
    tally.changed = True


def _remove(path: Path) -> None:
    path.unlink()
    sync_folder(path.parent)
