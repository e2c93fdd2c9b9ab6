"""Intake: complete files in the inboxes become rows and orders, and the customer's mail is on its way.

A file goes through in three steps, and may be cut off after each: it is read and checked (nothing is changed); T1 stores everything it led to; then it is
put away. A file whose T1 was done but which still lies in the inbox is only put away.

A zip archive is put away as a whole, after every sheet in it has gone through; until then its sheets are known as not put away, so that none is taken
in twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from sqlalchemy import Connection

from batchport.domain.checks import check_rows
from batchport.domain.checks.prepared import Prepared
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import ENDED, Act
from batchport.domain.table import Ints
from batchport.files import sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.assess import READ, UNREADABLE, FileFinding, ReadFile, read_requests, unreadable
from batchport.pipeline.earlier import Outlook, named_rows, restore_masked, settle_new
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.ordering import write_holds, write_orders
from batchport.pipeline.shelves import shelve
from batchport.pipeline.tally import PassTally
from batchport.pipeline.versions import write_versions
from batchport.spreadsheets.child import ReaderChild, unbundled
from batchport.spreadsheets.sheet import Unreadable
from batchport.store import intake as looked_up
from batchport.store.database import insert_many, next_id
from batchport.store.pieces import Piece, insert_pieces, seal_sheet
from batchport.store.schema import files, rows
from batchport.transport.arrivals import Arrival, complete_files

_REPEATED = "repeated"
_PAPERS = (".pdf", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to take in: whose, where, what it is called, and what its bytes are known by; `bundled`: it came in a zip archive."""

    customer: str
    path: Path
    name: str
    sha256: str
    size: int
    bundled: bool = False


def intake(app: App, tally: PassTally, pass_id: int) -> None:
    """Take in every complete file of every customer's inbox, in the order they arrived."""
    inboxes = {app.settings.folder("inbox", customer): customer for customer in app.settings.customers}
    _tell_strangers(app, tally)
    with ReaderChild(app.limits) as child:
        for arrival in _arrivals(app, inboxes):
            if arrival.path.suffix.lower() in _PAPERS:
                continue
            _take_file(app, tally, pass_id, _source(inboxes[arrival.path.parent], arrival.path, arrival.name), child, again=False)


def intake_again(app: App, tally: PassTally, pass_id: int, path: Path, customer: str) -> None:
    """Take in one file that was taken in before, as if it were new; the file stays where it is."""
    with ReaderChild(app.limits) as child:
        _take_file(app, tally, pass_id, _source(customer, path, path.name), child, again=True)


def _arrivals(app: App, inboxes: dict[Path, str]) -> list[Arrival]:
    """Complete files, oldest first; where a customer's files come with a `.done` file, those that have one."""
    marked = {folder for folder, customer in inboxes.items() if app.settings.customers[customer].done_file}
    return complete_files(list(inboxes), now=time.time(), settle=app.settings.limits.settle, done_file=marked)


def _tell_strangers(app: App, tally: PassTally) -> None:
    """Say which folders of the inbox belong to nobody: what lies in them is not read, and not touched."""
    inbox = app.settings.folder("inbox")
    for folder in sorted(inbox.iterdir()) if inbox.is_dir() else ():
        if folder.is_dir() and folder.name not in app.settings.customers and any(folder.iterdir()):
            tally.trouble(
                f"inbox/{folder.name} holds files, but there is no customer {folder.name!r} in the configuration; "
                f"add the customer, or move the files to the right inbox. They were left where they are."
            )
        elif folder.is_file() and not folder.name.startswith("."):
            tally.trouble(f"inbox/{folder.name} lies beside the customers' folders; move it into inbox/<customer>/. It was left where it is.")


def _source(customer: str, path: Path, name: str) -> _Source:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Source(customer, path, name, digest, path.stat().st_size)


def _take_file(app: App, tally: PassTally, pass_id: int, source: _Source, child: ReaderChild, *, again: bool) -> None:
    """Take in a file, or each sheet of a zip archive."""
    try:
        with unbundled(source.path, child) as members:
            sheets = [replace(_source(source.customer, member.path, f"{source.name}/{member.name}"), bundled=True) for member in members if not member.is_paper]
            for sheet in sheets:
                _take(app, tally, pass_id, sheet, child, again=again)
    except Unreadable as error:
        _store_without_rows(app, tally, pass_id, source, unreadable(source.name, error), in_place=again)
        return
    if not sheets:
        _take(app, tally, pass_id, source, child, again=again)
    elif not again:
        _clear(app, source, app.settings.folder("archive", app.day, source.customer))
        with app.store.transaction() as connection:
            looked_up.mark_put_away(connection, source.customer, [sheet.name for sheet in sheets])


def _take(app: App, tally: PassTally, pass_id: int, source: _Source, child: ReaderChild, *, again: bool) -> None:
    with app.store.reading() as connection:
        unfinished = looked_up.file_not_put_away(connection, source.customer, source.sha256, source.name)
        seen = looked_up.file_seen(connection, source.customer, source.sha256)
        useful = looked_up.useful_rows(connection, seen.first_row, seen.rows) if seen is not None else 0
    if unfinished is not None and not again:
        _put_away(app, source, unfinished.id, unfinished.state)
        return
    if seen is not None and useful and not again:
        _store_repeated(app, tally, pass_id, source, seen.id, seen.name)
        return
    customer = app.customer(source.customer)
    terms = app.terms(source.customer)
    read = read_requests(source.path, source.name, terms, app.limits, customer.columns, child)
    if read.state != READ:
        _store_without_rows(app, tally, pass_id, source, read, in_place=again)
        return
    findings = Findings(terms.severities)
    read.note_reader_problems(findings, 0)
    named = named_rows(app, source.customer, read.requests)
    prepared = check_rows(restore_masked(read.requests, named), terms, app.reference, findings, named)
    sealed = _sealed_pieces(app, source, read, prepared)
    outlook = settle_new(app, source.customer, prepared, findings, named, np.full(len(prepared), -1, np.int64))
    settled = outlook.settled
    file_id = _store(app, pass_id, source, read, prepared, outlook, sealed)
    tally.file(source.customer, source.name, read.state, settled.grouping.state[: len(prepared)])
    if not again:
        _put_away(app, source, file_id, read.state)


def _sealed_pieces(app: App, source: _Source, read: ReadFile, prepared: Prepared) -> list[Piece]:
    """The file's text, sealed: before the transaction, which should be short."""
    pieces: list[Piece] = []
    start = 0
    for number, sheet in enumerate(read.sheets):
        end = start + len(sheet.sheet.row)
        own = np.arange(start, end)
        whole = len(read.sheets) == 1
        requests = prepared.requests if whole else prepared.requests.take(own)
        pieces += seal_sheet(app.store, source.sha256, number, start, sheet.sheet.cells, requests, prepared.account_filled[start:end])
        start = end
    return pieces


def _store(
    app: App, pass_id: int, source: _Source, read: ReadFile, prepared: Prepared, outlook: Outlook, sealed: list[Piece]
) -> int:
    """T1: the file, its rows, findings and orders, what changed on earlier ones, and the mails to send."""
    length, settled = len(prepared), outlook.settled
    state = settled.grouping.state[:length]
    found = settled.findings.frame()
    found = found[found.row < length]
    with app.store.transaction() as connection:
        looked_up.end_rows(connection, outlook.replaced, Act.REPLACE, app.seconds)
        looked_up.end_rows(connection, outlook.cancelled, Act.CANCEL, app.seconds)
        file_id, first_row = next_id(connection, files), next_id(connection, rows)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=first_row, length=length)
        insert_pieces(connection, file_id, sealed)
        order_ids = write_orders(app, connection, source.customer, settled)
        row_ids = np.arange(first_row, first_row + length)
        _insert_rows(app, connection, file_id, row_ids, prepared, state, outlook.orders_of_rows(order_ids))
        looked_up.insert_findings(connection, found.assign(row_id=row_ids[found.row.to_numpy()]))
        write_holds(connection, settled, order_ids, row_ids)
        write_versions(app, connection, outlook.versions, row_ids)
        queue_mails(app, connection, pass_id, "received", source.customer, contacts_of(prepared.requests, ~prepared.again))
    return file_id


def _insert_rows(app: App, connection: Connection, file_id: int, row_ids: Ints, prepared: Prepared, state: Ints, order: Ints) -> None:
    ended = [int(each) for each in ENDED]
    live = (~np.isin(state, ended)).tolist()
    order_or_none = [number if number >= 0 else None for number in order.tolist()]
    tn_or_none = [number if number >= 0 else None for number in prepared.tn.tolist()]
    length = len(row_ids)
    values = zip(
        row_ids.tolist(), [file_id] * length, prepared.requests.row.tolist(), order_or_none, state.tolist(), tn_or_none, live,
        [0] * length, [False] * length, [app.seconds] * length, strict=True,
    )  # fmt: skip
    insert_many(connection, rows, ("id", "file_id", "row", "order_id", "state", "tn", "live", "ver", "answered", "since"), values)


def _insert_file(
    app: App, connection: Connection, pass_id: int, source: _Source, read: ReadFile, *, file_id: int, first_row: int, length: int, same_as: int | None = None
) -> None:
    sheets = [{"name": each.sheet.name, "headers": each.sheet.headers, "rows": len(each.sheet.row), "columns": each.mapping.columns} for each in read.sheets]
    connection.execute(
        files.insert().values(
            id=file_id, customer=source.customer, name=source.name, sha256=source.sha256, bytes=source.size, state=read.state, received=app.stamp,
            pass_id=pass_id, first_row=first_row, rows=length, sheets=json.dumps(sheets), problems=json.dumps([asdict(problem) for problem in read.problems]),
            same_as=same_as, put_away=False, results_due=length > 0,
        )
    )  # fmt: skip


def _store_repeated(app: App, tally: PassTally, pass_id: int, source: _Source, same_as: int, same_name: str) -> None:
    """T1 for a file that was taken in before: no rows, but the customer hears which one it equals."""
    read = ReadFile(source.name, _REPEATED, [FileFinding("file-repeated", detail=same_name)])
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0, same_as=same_as)
        queue_mails(app, connection, pass_id, "received", source.customer, ())
    tally.file(source.customer, source.name, _REPEATED, ())
    _put_away(app, source, file_id, _REPEATED)


def _store_without_rows(app: App, tally: PassTally, pass_id: int, source: _Source, read: ReadFile, *, in_place: bool) -> None:
    """T1 for a file of which no rows can be made."""
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0)
        queue_mails(app, connection, pass_id, "received", source.customer, ())
    tally.file(source.customer, source.name, read.state, ())
    if not in_place:
        _put_away(app, source, file_id, read.state, read.problems)


def _put_away(app: App, source: _Source, file_id: int, state: str, problems: Iterable[FileFinding] = ()) -> None:
    """Seal the file into the archive, or into the quarantine where it could not be read, and take it out of the inbox."""
    spoilt = state == UNREADABLE
    folder = app.settings.folder("quarantine", source.customer) if spoilt else app.settings.folder("archive", app.day, source.customer)
    if source.bundled:
        # The archive as a whole holds it; what nobody could read is set aside by itself besides, with the reason.
        if spoilt:
            _shelve_original(app, source, folder, _reason(problems))
        return
    _clear(app, source, folder, _reason(problems) if spoilt else "")
    with app.store.transaction() as connection:
        connection.execute(files.update().where(files.c.id == file_id).values(put_away=True))


def _clear(app: App, source: _Source, folder: Path, reason: str = "") -> None:
    """Seal a file into a folder, and take it out of the inbox."""
    _shelve_original(app, source, folder, reason)
    source.path.unlink()
    source.path.with_name(f"{source.path.name}.done").unlink(missing_ok=True)
    sync_folder(source.path.parent)


def _shelve_original(app: App, source: _Source, folder: Path, reason: str) -> None:
    name = PurePosixPath(source.name).name
    shelve(app, folder, name, source.path.read_bytes(), context=f"original {source.sha256}", digest=source.sha256, reason=reason)


def _reason(problems: Iterable[FileFinding]) -> str:
    from batchport.pipeline.wording import file_words

    return "".join(f"{words.message} {words.fix}\n" for words in map(file_words, problems)) or "The file could not be read.\n"
