"""Intake: complete files in the inboxes become rows and orders, and the customer's mail is on its way.

A file goes through in three steps, and may be cut off after each: it is read and checked (nothing is changed); T1 stores everything it led to; then it is
put away. A file whose T1 was done but which still lies in the inbox is only put away.

A zip archive is put away as a whole, after every sheet in it has gone through; until then its sheets are known as not put away, so that none is taken
in twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from sqlalchemy import Connection

from batchport import log
from batchport.domain.checks import check_rows
from batchport.domain.checks.prepared import Prepared
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import ENDED, Act, State
from batchport.domain.papers import Beside
from batchport.domain.table import Ints
from batchport.files import Marks, legible, marks, marks_at, open_plain, read_plain, remove_any, sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.assess import READ, UNMAPPED, UNREADABLE, FileFinding, ReadFile, papers_of, read_requests, unreadable
from batchport.pipeline.columns import proposal_of, saved_of
from batchport.pipeline.doors import tell_what_is_no_file
from batchport.pipeline.earlier import Outlook, lines_for_one, named_rows, restore_masked, settle_new
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.ordering import write_holds, write_orders
from batchport.pipeline.papers import SheetPapers, Waits, is_paper, papers_beside, put_papers_away
from batchport.pipeline.shelves import ORIGINAL, archived, plain_copy, shelve
from batchport.pipeline.spread import spread
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import NotAlone, arrival_named, carry_out, forget_all_but
from batchport.pipeline.versions import write_versions
from batchport.spreadsheets.papers import Reader, papers_in
from batchport.spreadsheets.pool import ReaderPool, unbundled
from batchport.spreadsheets.sheet import Unreadable
from batchport.store import intake as looked_up
from batchport.store.acts import record_act
from batchport.store.database import insert_numbers, next_id
from batchport.store.journal import source_of
from batchport.store.mappings import ask_to_retake, to_retake
from batchport.store.papers import PaperRecord
from batchport.store.pieces import Piece, insert_pieces, seal_sheet
from batchport.store.schema import files, orders, rows
from batchport.store.sealed import proposal_context
from batchport.store.work import Unit
from batchport.transport.arrivals import Arrival, complete_files

_REPEATED = "repeated"
#: A sheet of so many bytes is no small one: those of its customer that come after it wait until it is done, instead of being read meanwhile.
_LARGE = 1 << 20
#: So many rows are stored before it is told how many are.
_TOGETHER = 20_000


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to take in.

    Attributes:
        customer: whose.
        path, name: where it is, and what it is called.
        sha256, size: what its bytes are known by.
        arrival: its place in an inbox, where it lies in one and is put away in the end.
        bundled: of a sheet that does not lie in an inbox itself, the papers that came with it: those of its zip archive.
        waited: the record of the file while it waited for its columns, where it is taken from the archive.
        marks: what it was known by when its bytes were hashed, where somebody else may touch it meanwhile.
    """

    customer: str
    path: Path
    name: str
    sha256: str
    size: int
    arrival: Arrival | None = None
    bundled: Mapping[str, Reader] | None = None
    waited: int | None = None
    marks: Marks | None = None

    @property
    def touched(self) -> bool:
        """Whether it, or its name, was changed since its bytes were hashed: what was read then may be anything, even what is another's."""
        return self.marks is not None and marks_at(self.path) != self.marks


def intake(app: App, tally: PassTally, pass_id: int) -> None:
    """Take in every complete file of every customer's inbox, in the order they arrived."""
    inboxes = {app.settings.folder("inbox", customer): customer for customer in app.settings.customers}
    _tell_strangers(app, tally)
    tell_what_is_no_file(app, tally, inboxes)
    arrivals = _arrivals(app, inboxes)
    waits = Waits(app, inboxes, arrivals)
    retake(app, tally, pass_id)
    sheets = {f"{inboxes[arrival.path.parent]}/{arrival.name}": arrival for arrival in arrivals if not is_paper(arrival.path) and not waits.still(arrival, tally)}
    with ReaderPool(app.limits, app.progress) as pool:

        def take(unit: Unit, tally: PassTally) -> None:
            arrival = sheets[unit.key]
            _take_file(app, tally, pass_id, _arrived(inboxes[arrival.path.parent], arrival), pool, waits)

        spread(app, tally, pass_id, [_unit(app, key, arrival) for key, arrival in sheets.items()], take)
    forget_all_but(app, "sheet", {f"{inboxes[arrival.path.parent]}/{arrival.name}" for arrival in arrivals})
    retake(app, tally, pass_id)
    waits.set_aside_unwanted(tally)
    waits.write()


def _unit(app: App, key: str, arrival: Arrival) -> Unit:
    """A sheet as a unit of work. Those of a customer are stored in the order in which they came, and a large one is waited for; small ones of others go first."""
    size = max(arrival.size, 1).bit_length()
    customer = key.partition("/")[0]
    return Unit("sheet", key, arrival.mark_of_content, app.store.hash(f"inbox {customer}"), alone=arrival.size > _LARGE, priority=size)


def take_named(app: App, tally: PassTally, pass_id: int, key: str, mark: str, pool: ReaderPool) -> None:
    """Take in a sheet of an inbox, known by its key and mark, beside the pass that has found it there.

    Raises:
        NotAlone: it names papers that have not come with it before, so that it may have to wait; or that file is not there under the name that is shown of it.
    """
    customer = key.partition("/")[0]
    _take_file(app, tally, pass_id, _arrived(customer, arrival_named(app.settings.folder("inbox"), key, mark)), pool, _Elsewhere())


def retake(app: App, tally: PassTally, pass_id: int) -> None:
    """Make rows of files that waited, and whose columns were confirmed since; they lie in the archive, their papers in the inbox."""
    with app.store.reading() as connection:
        waited = to_retake(connection)
    if not waited:
        return
    with ReaderPool(app.limits, app.progress) as pool:
        for record in waited:
            carry_out(app, tally, "confirmed sheet", f"{record.customer}/{record.name}", partial(_retake, app, tally, pass_id, record, pool), mark=record.sha256)


def _retake(app: App, tally: PassTally, pass_id: int, record: Any, pool: ReaderPool) -> None:
    found = archived(app, record)
    if found is None:
        with app.store.transaction() as connection:
            ask_to_retake(connection, record.id, wanted=False)
        tally.trouble(f"{record.name} of {record.customer} is not in the archive any more; its columns are confirmed: drop it again")
        return
    with plain_copy(app, found) as path:
        papers = papers_in(app.settings.folder("inbox", record.customer))
        source = _Source(record.customer, path, record.name, record.sha256, record.bytes, bundled=papers, waited=record.id)
        _take(app, tally, pass_id, source, pool, None)


def intake_again(app: App, tally: PassTally, pass_id: int, path: Path, customer: str) -> None:
    """Take in one file that was taken in before, as if it were new; the file stays where it is."""
    with ReaderPool(app.limits, app.progress) as pool:
        _take_file(app, tally, pass_id, _source(customer, path, path.name), pool)


class _Elsewhere:
    """Stands for what waits in the inboxes, where another process knows that."""

    def there(self, _: Path) -> dict[str, Reader]:
        """Which papers are complete is known elsewhere."""
        raise NotAlone

    def begins(self, _: Arrival, lacking: Collection[str], __: PassTally) -> bool:
        """Whether a sheet is to wait for papers is known elsewhere."""
        if lacking:
            raise NotAlone
        return False


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


def _arrived(customer: str, arrival: Arrival) -> _Source:
    """A file of an inbox to take in."""
    with open_plain(arrival.path) as file:
        found = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Source(customer, arrival.path, arrival.name, digest, found.st_size, arrival, marks=marks(found))


def _source(customer: str, path: Path, name: str) -> _Source:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Source(customer, path, legible(name), digest, path.stat().st_size)


def _left(tally: PassTally, source: _Source) -> bool:
    """Whether a file was touched while it was read, and is left for the next pass."""
    if source.touched:
        tally.trouble(f"inbox/{source.customer}/{source.name} was changed while it was read, and nothing of it was taken; the next pass reads it again.")
    return source.touched


def _take_file(app: App, tally: PassTally, pass_id: int, source: _Source, pool: ReaderPool, waits: Waits | _Elsewhere | None = None) -> None:
    """Take in a file, or each sheet of a zip archive; without `waits` one that was taken in before, as if it were new."""
    try:
        with unbundled(source.path, pool) as members:
            if _left(tally, source):
                return
            papers = papers_of(members)
            sheets = [
                replace(_source(source.customer, member.path, f"{source.name}/{member.name}"), bundled=papers) for member in members if not member.is_paper
            ]  # fmt: skip
            for sheet in sheets:
                _take(app, tally, pass_id, sheet, pool, waits)
    except Unreadable as error:
        if not _left(tally, source):
            _store_without_rows(app, tally, pass_id, source, unreadable(source.name, error), in_place=waits is None)
        return
    if not sheets:
        _take(app, tally, pass_id, source, pool, waits)
    elif waits is not None:
        _clear(app, tally, source, app.settings.folder("archive", app.day, source.customer))
        with app.store.transaction() as connection:
            looked_up.mark_put_away(connection, source.customer, [sheet.name for sheet in sheets])


def _take(app: App, tally: PassTally, pass_id: int, source: _Source, pool: ReaderPool, waits: Waits | _Elsewhere | None) -> None:
    again = waits is None
    with app.store.reading() as connection:
        unfinished = looked_up.file_not_put_away(connection, source.customer, source.sha256, source.name)
        seen = looked_up.file_seen(connection, source.customer, source.sha256)
        useful = looked_up.useful_rows(connection, seen.first_row, seen.rows) if seen is not None else 0
    if unfinished is not None and not again:
        problems = [FileFinding(**problem) for problem in json.loads(unfinished.problems)]
        _put_away(app, tally, source, unfinished.id, unfinished.state, problems, papers_of=unfinished.same_as)
        return
    if seen is not None and useful and not again:
        _store_repeated(app, tally, pass_id, source, seen.id, seen.name)
        return
    terms = app.terms(source.customer)
    read = read_requests(source.path, source.name, terms, app.limits, saved_of(app, source.customer), pool)
    if _left(tally, source):
        return
    if read.state != READ:
        _store_without_rows(app, tally, pass_id, source, read, in_place=again)
        return
    app.progress(f"Checking {len(read.requests):,} rows of {source.name}")
    papers = papers_beside(app, source.customer, read.names_papers, _there(source, waits) if read.names_papers else {})
    if waits is not None and source.arrival is not None and waits.begins(source.arrival, read.names_papers - papers.papers.keys(), tally):
        return
    checked = _checked(app, source, read, papers)
    app.turn()
    app.progress(f"Storing {source.name}", 0, len(checked.prepared))
    try:
        file_id, checked = _store(app, pass_id, source, read, checked, again=again)
    except _TakenMeanwhile:
        _take(app, tally, pass_id, source, pool, waits)
        return
    settled = checked.outlook.settled
    tally.file(source.customer, source.name, read.state, settled.grouping.state[: len(checked.prepared)])
    counts, orders = tally.files[-1].counts, len(settled.grouping.orders.lines)
    log.event("file taken", file=file_id, customer=source.customer, name=source.name, bytes=source.size, rows=len(checked.prepared), states=counts, orders=orders)
    if not again:
        _put_away(app, tally, source, file_id, read.state)
    elif source.waited is not None:
        put_papers_away(app, source.customer, app.settings.folder("inbox", source.customer), file_id)


def _there(source: _Source, waits: Waits | _Elsewhere | None) -> Mapping[str, Reader]:
    """The files that lie beside a sheet: in its archive, in its inbox as far as they are complete, or in the folder that it was named in."""
    if source.bundled is not None:
        return source.bundled
    return papers_in(source.path.parent) if waits is None else waits.there(source.path.parent)


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


class _TakenMeanwhile(Exception):
    """A file of the same content was stored by another process since this one was looked for."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """What a file and its papers say and lead to, by what was there when the file `newest` was the last that was stored; `named`: it names earlier rows."""

    newest: int
    named: bool
    prepared: Prepared
    outlook: Outlook
    pieces: list[Piece]
    papers: SheetPapers
    records: list[PaperRecord]


def _checked(app: App, source: _Source, read: ReadFile, papers: SheetPapers) -> _Checked:
    """Check the rows of a file, settle them with what is there, and seal what is to be stored: before the transaction, which should be short."""
    with app.store.reading() as connection:
        newest = looked_up.newest_file(connection)
    terms = app.terms(source.customer)
    findings = Findings(terms.severities)
    read.note_reader_problems(findings, 0)
    named = named_rows(app, source.customer, read.requests)
    beside = Beside([papers.papers], np.zeros(len(read.requests), np.int64))
    prepared = check_rows(restore_masked(read.requests, named), terms, app.reference, findings, named=named, beside=beside)
    pieces, records = _sealed_pieces(app, source, read, prepared), papers.records(app, source.customer)
    outlook = settle_new(app, source.customer, prepared, findings, named, np.full(len(prepared), -1, np.int64))
    return _Checked(newest, len(named.rows) > 0, prepared, outlook, pieces, papers, records)


def _as_it_is_now(app: App, connection: Connection, source: _Source, read: ReadFile, checked: _Checked, *, again: bool) -> _Checked:
    """What a file leads to now that nobody else can store anything: the same, unless another process has stored what it has to do with.

    Raises:
        _TakenMeanwhile: that was the same file.
    """
    if looked_up.newest_file(connection) == checked.newest:
        return checked
    seen = None if again else looked_up.file_seen(connection, source.customer, source.sha256)
    if seen is not None and seen.id > checked.newest:
        raise _TakenMeanwhile
    tn, accounts = checked.prepared.tn, sorted({account for _, account in checked.outlook.settled.hashes})
    alone = checked.outlook.alone and not checked.named and checked.prepared.terms.roster is None
    if alone and not looked_up.anything_of(connection, tn[tn >= 0], accounts):
        return checked
    return _checked(app, source, read, checked.papers)


def _store(app: App, pass_id: int, source: _Source, read: ReadFile, checked: _Checked, *, again: bool) -> tuple[int, _Checked]:
    """T1: the file, its rows, findings and orders, what changed on earlier ones, and the mails to send."""
    with app.store.transaction() as connection:
        checked = _as_it_is_now(app, connection, source, read, checked, again=again)
        prepared, outlook, settled = checked.prepared, checked.outlook, checked.outlook.settled
        length = len(prepared)
        state = settled.grouping.state[:length]
        found = settled.findings.frame()
        found = found[found.row < length]
        looked_up.end_rows(connection, outlook.replaced, Act.REPLACE, app.seconds)
        looked_up.end_rows(connection, outlook.cancelled, Act.CANCEL, app.seconds)
        file_id, first_row = next_id(connection, files), next_id(connection, rows)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=first_row, length=length)
        insert_pieces(connection, file_id, checked.pieces)
        checked.papers.store(connection, source.customer, file_id, checked.records)
        orders_before = next_id(connection, orders)
        order_ids = write_orders(app, connection, source.customer, settled)
        _record_file(app, connection, pass_id, source, file_id, "take in", _counted(state, looked_up.orders_that_go(connection, orders_before)))
        row_ids = np.arange(first_row, first_row + length)
        _insert_rows(app, connection, source.name, file_id, row_ids, prepared, state, outlook.orders_of_rows(order_ids))
        looked_up.insert_findings(connection, found.assign(row_id=row_ids[found.row.to_numpy()]))
        write_holds(connection, settled, order_ids, row_ids)
        write_versions(app, connection, outlook.versions, row_ids)
        looked_up.insert_destinations(connection, source.customer, *lines_for_one(prepared, row_ids))
        queue_mails(app, connection, pass_id, "received", source.customer, contacts_of(prepared.requests, ~prepared.again))
    return file_id, checked


def _insert_rows(app: App, connection: Connection, name: str, file_id: int, row_ids: Ints, prepared: Prepared, state: Ints, order: Ints) -> None:
    length = len(row_ids)
    none = np.zeros(length, np.int8)
    columns = {
        "id": row_ids, "file_id": np.full(length, file_id), "row": prepared.requests.row, "order_id": order, "state": state,
        "tn": prepared.tn, "live": ~np.isin(state, [int(each) for each in ENDED]), "ver": none, "answered": none.astype(bool), "since": np.full(length, app.seconds),
    }  # fmt: skip
    for start in range(0, length, _TOGETHER):
        insert_numbers(connection, rows, {column: numbers[start : start + _TOGETHER] for column, numbers in columns.items()})
        app.progress(f"Storing {name}", min(start + _TOGETHER, length), length)


def _insert_file(
    app: App, connection: Connection, pass_id: int, source: _Source, read: ReadFile, *, file_id: int, first_row: int, length: int, same_as: int | None = None
) -> None:
    sheets = [{"name": each.sheet.name, "headers": each.sheet.headers, "rows": len(each.sheet.row), "columns": each.mapping.columns} for each in read.sheets]
    connection.execute(
        files.insert().values(
            id=file_id, customer=source.customer, name=source.name, sha256=source.sha256, bytes=source.size, state=read.state, received=app.stamp,
            pass_id=pass_id, first_row=first_row, rows=length, sheets=json.dumps(sheets), problems=json.dumps([asdict(problem) for problem in read.problems]),
            same_as=same_as, put_away=source.waited is not None, results_due=length > 0, proposal=_sealed_proposal(app, source, read), retake=False,
        )
    )  # fmt: skip
    if source.waited is not None:
        ask_to_retake(connection, source.waited, wanted=False)


def _record_file(app: App, connection: Connection, pass_id: int, source: _Source, file_id: int, what: str, about: str) -> None:
    named = source_of(source.customer, source.name, source.sha256)
    record_act(connection, at=app.stamp, who=app.user, what=what, about=about, source=named, pass_id=pass_id, file_id=file_id)


def _counted(states: Ints, orders_made: int) -> str:
    """How many rows there are and in which states, and how many orders were made."""
    counts = np.bincount(states, minlength=max(State) + 1).tolist()
    of_each = "".join(f", {state.label} {counts[state]}" for state in State if counts[state])
    return f"rows {len(states)}{of_each}; orders made {orders_made}"


def _sealed_proposal(app: App, source: _Source, read: ReadFile) -> bytes | None:
    """What the columns of an unmapped file may mean; sealed, since examples of cells stand in it."""
    if read.state != UNMAPPED:
        return None
    return app.store.keyring.seal(json.dumps(proposal_of(read)).encode(), proposal_context(source.sha256))


def _store_repeated(app: App, tally: PassTally, pass_id: int, source: _Source, same_as: int, same_name: str) -> None:
    """T1 for a file that was taken in before: no rows, but the customer hears which one it equals."""
    read = ReadFile(source.name, _REPEATED, [FileFinding("file-repeated", detail=same_name)])
    app.turn()
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0, same_as=same_as)
        _record_file(app, connection, pass_id, source, file_id, "take in again", f"the same as file {same_as}")
        queue_mails(app, connection, pass_id, "received", source.customer, ())
    tally.file(source.customer, source.name, _REPEATED, ())
    log.event("file repeated", file=file_id, customer=source.customer, name=source.name, bytes=source.size, same_as=same_as)
    _put_away(app, tally, source, file_id, _REPEATED, papers_of=same_as)


def _store_without_rows(app: App, tally: PassTally, pass_id: int, source: _Source, read: ReadFile, *, in_place: bool) -> None:
    """T1 for a file of which no rows can be made."""
    app.turn()
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0)
        what = "ask for columns" if read.state == UNMAPPED else "set aside"
        _record_file(app, connection, pass_id, source, file_id, what, ", ".join(sorted({problem.code for problem in read.problems})))
        queue_mails(app, connection, pass_id, "columns" if read.state == UNMAPPED else "received", source.customer, ())
    tally.file(source.customer, source.name, read.state, ())
    told = "columns proposed" if read.state == UNMAPPED else "file set aside"
    log.event(told, "warning", file=file_id, customer=source.customer, name=source.name, bytes=source.size, codes=sorted({problem.code for problem in read.problems}))
    if not in_place:
        _put_away(app, tally, source, file_id, read.state, read.problems)


def _put_away(
    app: App, tally: PassTally, source: _Source, file_id: int, state: str, problems: Iterable[FileFinding] = (), *, papers_of: int | None = None
) -> None:
    """Seal the file into the archive, or into the quarantine where it could not be read, and take it out of the inbox.

    Its papers go before it, so that it is still there if they could not: its own, or those of the file that it repeats (`papers_of`).
    """
    spoilt = state == UNREADABLE
    folder = app.settings.folder("quarantine", source.customer) if spoilt else app.settings.folder("archive", app.day, source.customer)
    if source.bundled is not None:
        # The archive as a whole holds it. What nobody could read is set aside by itself besides; what waits for its columns is taken from the shelf.
        if spoilt or state == UNMAPPED:
            _shelve_original(app, source, folder, _reason(problems) if spoilt else "")
        return
    put_papers_away(app, source.customer, source.path.parent, papers_of or file_id)
    _clear(app, tally, source, folder, _reason(problems) if spoilt else "")
    with app.store.transaction() as connection:
        connection.execute(files.update().where(files.c.id == file_id).values(put_away=True))


def _clear(app: App, tally: PassTally, source: _Source, folder: Path, reason: str = "") -> None:
    """Seal a file into a folder, and take it out of the inbox; one that was changed since it was read is another file, and the next pass reads it."""
    app.store.assure()
    if source.touched or not _shelve_original(app, source, folder, reason):
        tally.trouble(f"inbox/{source.customer}/{source.name} was replaced after it had been read: the one that was read is stored, but not in the archive; the new one is taken next.")
        return
    source.path.unlink()
    remove_any(source.path.with_name(f"{source.path.name}.done"))
    sync_folder(source.path.parent)


def _shelve_original(app: App, source: _Source, folder: Path, reason: str) -> bool:
    """Seal a file into a folder; False, and nothing is done, where it is not what was read any more."""
    data = read_plain(source.path)
    if hashlib.sha256(data).hexdigest() != source.sha256:
        return False
    shelve(app, folder, PurePosixPath(source.name).name, data, kind=ORIGINAL, reason=reason, sha256=source.sha256)
    return True


def _reason(problems: Iterable[FileFinding]) -> str:
    from batchport.pipeline.wording import file_words

    return "".join(f"{words.message} {words.fix}\n" for words in map(file_words, problems)) or "The file could not be read.\n"
