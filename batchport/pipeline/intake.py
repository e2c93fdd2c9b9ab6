"""Intake: complete files in the inboxes become rows and orders, and the customer's mail is on its way.

A file goes through in three steps, and may be cut off after each: it is read and checked (nothing is changed); T1 stores everything it led to; then it is
put away. A file whose T1 was done but which still lies in the inbox is only put away.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks import check_rows
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.repeats import data_ids
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import ENDED, IN_FLIGHT, UNSENT, State
from batchport.domain.requests import Requests
from batchport.domain.table import Ints
from batchport.files import sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.assess import READ, UNMAPPED, UNREADABLE, FileFinding, ReadFile, read_requests
from batchport.pipeline.columns import proposal_of, saved_of
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.ordering import Settled, batch_of, settle, write_holds, write_orders
from batchport.pipeline.shelves import archived, plain_copy, shelve
from batchport.pipeline.tally import PassTally
from batchport.pipeline.wording import masked
from batchport.spreadsheets.child import ReaderChild
from batchport.store import intake as looked_up
from batchport.store.database import insert_many, next_id
from batchport.store.mappings import ask_to_retake, to_retake
from batchport.store.pieces import Piece, insert_pieces, load_rows, seal_sheet
from batchport.store.schema import files, rows
from batchport.transport.arrivals import Arrival, complete_files

_REPEATED = "repeated"
_PAPERS = (".pdf", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to take in: whose, where, and what its bytes are known by."""

    customer: str
    path: Path
    name: str
    sha256: str
    size: int
    #: The record of the file while it waited for its columns, where it is taken from the archive.
    waited: int | None = None


def intake(app: App, tally: PassTally, pass_id: int) -> None:
    """Take in every complete file of every customer's inbox, in the order they arrived."""
    inboxes = {app.settings.folder("inbox", customer): customer for customer in app.settings.customers}
    _tell_strangers(app, tally)
    retake(app, tally, pass_id)
    with ReaderChild(app.limits) as child:
        for arrival in _arrivals(app, inboxes):
            if arrival.path.suffix.lower() in _PAPERS:
                continue
            source = _source(inboxes[arrival.path.parent], arrival.path, arrival.name)
            _take(app, tally, pass_id, source, child, again=False)
    retake(app, tally, pass_id)


def retake(app: App, tally: PassTally, pass_id: int) -> None:
    """Make rows of files that waited, and whose columns were confirmed since; they lie in the archive."""
    with app.store.reading() as connection:
        waited = to_retake(connection)
    if not waited:
        return
    with ReaderChild(app.limits) as child:
        for record in waited:
            found = archived(app, record)
            if found is None:
                with app.store.transaction() as connection:
                    ask_to_retake(connection, record.id, wanted=False)
                tally.trouble(f"{record.name} of {record.customer} is not in the archive any more; its columns are confirmed: drop it again")
                continue
            with plain_copy(app, found, record) as path:
                _take(app, tally, pass_id, _Source(record.customer, path, record.name, record.sha256, record.bytes, record.id), child, again=True)


def intake_again(app: App, tally: PassTally, pass_id: int, path: Path, customer: str) -> None:
    """Take in one file that was taken in before, as if it were new; the file stays where it is."""
    with ReaderChild(app.limits) as child:
        _take(app, tally, pass_id, _source(customer, path, path.name), child, again=True)


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
    terms = app.terms(source.customer)
    read = read_requests(source.path, source.name, terms, app.limits, saved_of(app, source.customer), child)
    if read.state != READ:
        _store_without_rows(app, tally, pass_id, source, read, in_place=again)
        return
    findings = Findings(terms.severities)
    read.note_reader_problems(findings, 0)
    prepared = check_rows(restore_masked(app, source.customer, read.requests), terms, app.reference, findings)
    sealed = _sealed_pieces(app, source, read, prepared)
    outlook = settle_new(app, source.customer, prepared, findings, np.full(len(prepared), -1, np.int64))
    settled = outlook.settled
    file_id = _store(app, pass_id, source, read, prepared, outlook, sealed)
    tally.file(source.customer, source.name, read.state, settled.grouping.state[: len(prepared)])
    if not again:
        _put_away(app, source, file_id, read.state)


def restore_masked(app: App, customer: str, requests: Requests) -> Requests:
    """The rows with the stored PINs and account numbers where a results workbook came back with the masks that it was sent with.

    A mask beside the Row ID of a row of this customer's means: as stored. Anything else stays as it is.
    """
    masks = {name: requests[name].contains(r"\A\*{4}") for name in ("pin", "account_number")}
    named = ~requests["row_id"].blank & np.logical_or.reduce(list(masks.values()))
    if not named.any():
        return requests
    at = np.flatnonzero(named)
    ids = app.store.row_ids.read(requests["row_id"].take(at).text().to_pylist())
    with app.store.reading() as connection:
        own = looked_up.rows_of_customer(connection, customer, ids[ids > 0].tolist())
        kept = np.isin(ids, own)
        stored = load_rows(app.store, connection, ids[kept]).requests if kept.any() else None
    if stored is None:
        return requests
    at = at[kept]
    for name, mask in masks.items():
        # What the mask showed must be what is stored: a mask that was carried to another row means nothing there.
        shown = [masked(name, value) for value in stored[name].text().to_pylist()]
        same = np.array([cell == mark for cell, mark in zip(requests[name].take(at).text().to_pylist(), shown, strict=True)], dtype=bool)
        place = np.full(len(requests), -1, np.int64)
        place[at[same & mask[at]]] = np.flatnonzero(same & mask[at])
        filled = place >= 0
        if filled.any():
            requests = requests.replace(**{name: requests[name].where(filled, stored[name].take(np.where(filled, place, 0)))})
    return requests


@dataclass(slots=True)
class _Ended:
    """Earlier rows that new ones replace, and the orders that are to be looked at again for it."""

    rows: list[int]
    orders: set[int]


@dataclass(slots=True)
class Outlook:
    """What becomes of new rows and, with them, of earlier ones: `replaced` are those that the new ones stand in for."""

    settled: Settled
    replaced: list[int]


def settle_new(app: App, customer: str, prepared: Prepared, findings: Findings, file: Ints) -> Outlook:
    """Checked rows of one customer settled with what is already there; `file` tells rows of different files apart."""
    with app.store.reading() as connection:
        ended = _against_earlier(app, connection, customer, prepared, findings)
        batch = batch_of(
            app, customer, prepared.requests,
            tn=prepared.tn, btn=prepared.btn, toll_free=prepared.toll_free, wireless=prepared.wireless, account_filled=prepared.account_filled,
            rejected=findings.on(len(prepared), severity="error"), again=prepared.again, failures=prepared.failures,
            file=file, place=lambda at: str(prepared.requests.row[at]),
        )  # fmt: skip
        return Outlook(settle(app, connection, customer, batch, findings, affected=ended.orders, gone=set(ended.rows)), ended.rows)


def _against_earlier(app: App, connection: Connection, customer: str, prepared: Prepared, findings: Findings) -> _Ended:
    """Compare new rows with earlier ones for the same number; note what follows, and say which earlier rows are replaced (contract, section 8)."""
    ended = _Ended([], set())
    asked = (prepared.tn >= 0) & ~prepared.again & ~findings.on(len(prepared), code="tn-conflict")
    if looked_up.empty(connection) or not asked.any():
        return ended
    earlier = looked_up.rows_with_numbers(connection, prepared.tn[asked])
    if not len(earlier):
        return ended
    position = {int(prepared.tn[at]): at for at in np.flatnonzero(asked).tolist()}
    open_states = [int(state) for state in State if state in IN_FLIGHT | UNSENT | {State.CARRIER_REJECTED}]
    others = earlier[(earlier.customer != customer) & earlier.state.isin(open_states) & (earlier.state != State.REJECTED)]
    taken = sorted({position[tn] for tn in others.tn.tolist()})
    findings.add("tn-in-open-order", np.array(taken, np.int64), "tn")
    own = earlier[(earlier.customer == customer) & (earlier.state.isin(open_states) | (earlier.state == State.COMPLETED))].sort_values("id")
    if not len(own):
        return ended
    stored = load_rows(app.store, connection, own.id.to_numpy(np.int64))
    places = np.array([position[tn] for tn in own.tn.tolist()], np.int64)
    both = data_ids(Requests.concat([prepared.requests.take(places), stored.requests]))
    same = both[: len(own)] == both[len(own) :]
    replaced = _judge(own.assign(at=places, same=same), prepared, findings)
    ended.rows = replaced.id.tolist()
    ended.orders = {int(order) for order in replaced.order_id.dropna()} | set(looked_up.orders_held_by_rows(connection, ended.rows))
    return ended


def _judge(own: pd.DataFrame, prepared: Prepared, findings: Findings) -> pd.DataFrame:
    """Note repeats, open orders and numbers already moved; give back the earlier rows that are replaced."""
    unsent = own.state.isin([int(state) for state in UNSENT])
    again = own[own["same"] & (own.state != State.REJECTED)]
    open_order = own[~own["same"] & ~unsent & (own.state != State.COMPLETED)]
    moved = own[~own["same"] & (own.state == State.COMPLETED)]
    repeats = again.drop_duplicates("at")
    at = repeats["at"].to_numpy(np.int64)
    mask = np.zeros(len(prepared), dtype=bool)
    mask[at] = True
    findings.drop(mask)
    findings.add("tn-repeated", at, "tn", detail=[f"{row} of {file}" for row, file in zip(repeats.row, repeats.file, strict=True)])
    prepared.again = prepared.again | mask
    for code, found in (("tn-in-open-order", open_order), ("tn-already-ported", moved)):
        fresh = found[~found["at"].isin(at)].drop_duplicates("at")
        findings.add(code, fresh["at"].to_numpy(np.int64), "tn")
    replaced: pd.DataFrame = own[unsent & ~(own["same"] & (own.state != State.REJECTED)) & ~own["at"].isin(at)]
    return replaced


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
    order = settled.grouping.keys.order[:length]
    with app.store.transaction() as connection:
        looked_up.supersede(connection, outlook.replaced, app.seconds)
        file_id, first_row = next_id(connection, files), next_id(connection, rows)
        _insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=first_row, length=length)
        insert_pieces(connection, file_id, sealed)
        order_ids = write_orders(app, connection, source.customer, settled)
        row_ids = np.arange(first_row, first_row + length)
        _insert_rows(app, connection, file_id, row_ids, prepared, state, np.where(order >= 0, np.append(order_ids, -1)[order], -1))
        looked_up.insert_findings(connection, found.assign(row_id=row_ids[found.row.to_numpy()]))
        write_holds(connection, settled, order_ids, row_ids)
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
            same_as=same_as, put_away=source.waited is not None, results_due=length > 0, proposal=_sealed_proposal(app, source, read), retake=False,
        )
    )  # fmt: skip
    if source.waited is not None:
        ask_to_retake(connection, source.waited, wanted=False)


def _sealed_proposal(app: App, source: _Source, read: ReadFile) -> bytes | None:
    """What the columns of an unmapped file may mean; sealed, since examples of cells stand in it."""
    if read.state != UNMAPPED:
        return None
    return app.store.keyring.seal(json.dumps(proposal_of(read)).encode(), f"proposal {source.sha256}")


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
        queue_mails(app, connection, pass_id, "columns" if read.state == UNMAPPED else "received", source.customer, ())
    tally.file(source.customer, source.name, read.state, ())
    if not in_place:
        _put_away(app, source, file_id, read.state, read.problems)


def _put_away(app: App, source: _Source, file_id: int, state: str, problems: Iterable[FileFinding] = ()) -> None:
    """Seal the file into the archive, or into the quarantine where it could not be read, and take it out of the inbox."""
    unreadable = state == UNREADABLE
    folder = app.settings.folder("quarantine", source.customer) if unreadable else app.settings.folder("archive", app.day, source.customer)
    reason = _reason(problems) if unreadable else ""
    shelve(app, folder, source.name, source.path.read_bytes(), context=f"original {source.sha256}", digest=source.sha256, reason=reason)
    source.path.unlink()
    source.path.with_name(f"{source.path.name}.done").unlink(missing_ok=True)
    sync_folder(source.path.parent)
    with app.store.transaction() as connection:
        connection.execute(files.update().where(files.c.id == file_id).values(put_away=True))


def _reason(problems: Iterable[FileFinding]) -> str:
    from batchport.pipeline.wording import file_words

    return "".join(f"{words.message} {words.fix}\n" for words in map(file_words, problems)) or "The file could not be read.\n"
