"""Sheets that were read: checked, settled with what is there, and stored, which is T1.

A sheet alone, or several of a customer that have nothing to do with each other, as one table and in one transaction: a hundred checks and a dozen statements take
nearly as long for fifty rows as for five thousand. What each of them leads to is what it would have led to alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks import check_rows
from batchport.domain.checks.prepared import Prepared
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import ENDED, Act, State
from batchport.domain.papers import Beside
from batchport.domain.requests import Requests
from batchport.domain.table import Ints, Mask
from batchport.files import Marks, legible, marks, marks_at, open_plain
from batchport.pipeline.app import App
from batchport.pipeline.assess import UNMAPPED, ReadFile
from batchport.pipeline.columns import proposal_of
from batchport.pipeline.earlier import Outlook, lines_for_one, named_rows, overtaken_rows, restore_masked, settle_new
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.ordering import OrderIds, Settled, write_holds, write_orders
from batchport.pipeline.papers import SheetPapers
from batchport.pipeline.versions import write_versions
from batchport.spreadsheets.papers import Reader
from batchport.store import intake as looked_up
from batchport.store.acts import record_act
from batchport.store.database import insert_numbers, next_id
from batchport.store.journal import source_of
from batchport.store.mappings import ask_to_retake
from batchport.store.papers import PaperRecord
from batchport.store.pieces import Piece, insert_pieces, seal_sheet
from batchport.store.schema import files, orders, rows
from batchport.store.sealed import proposal_context
from batchport.transport.arrivals import Arrival

#: So many rows are stored before it is told how many are.
_TOGETHER = 20_000


class TakenMeanwhile(Exception):
    """A file of the same content was stored by another process since this one was looked for."""


class Entangled(Exception):
    """Some sheets that were to be taken in together have to do with one before them; nothing was changed.

    Attributes:
        which: for each sheet whether it has.
    """

    def __init__(self, which: Mask) -> None:
        self.which = which
        super().__init__()


@dataclass(frozen=True, slots=True)
class Source:
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

    @classmethod
    def arrived(cls, customer: str, arrival: Arrival) -> Source:
        """A file of an inbox."""
        with open_plain(arrival.path) as file:
            found = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(customer, arrival.path, arrival.name, digest, found.st_size, arrival, marks=marks(found))

    @classmethod
    def named(cls, customer: str, path: Path, name: str) -> Source:
        """A file somewhere else."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(customer, path, legible(name), digest, path.stat().st_size)


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """A file that rows can be made of, as it was read, and the papers that its rows name."""

    source: Source
    read: ReadFile
    papers: SheetPapers


@dataclass(frozen=True, slots=True)
class Checked:
    """What some sheets of a customer say and lead to.

    Attributes:
        sheets: the sheets.
        newest: the file that was the last one stored when this was found.
        named: whether a row names an earlier one.
        prepared: the rows of all sheets, one below the other.
        file: for each row which sheet it stands in.
        outlook: what becomes of them.
        pieces, papers: of each sheet what is stored of its text and of its papers.
    """

    sheets: Sequence[ReadSheet]
    newest: int
    named: bool
    prepared: Prepared
    file: Ints
    outlook: Outlook
    pieces: list[list[Piece]]
    papers: list[list[PaperRecord]]

    @property
    def starts(self) -> list[int]:
        """The position of each sheet's first row, and that after the last row of all."""
        return [*np.searchsorted(self.file, np.arange(len(self.sheets))).tolist(), len(self.file)]

    def states(self, sheet: int) -> Ints:
        """The state of each row of a sheet."""
        starts = self.starts
        return self.outlook.settled.grouping.state[starts[sheet] : starts[sheet + 1]]


@dataclass(frozen=True, slots=True)
class StoredSheet:
    """What is told of a sheet that was stored: the number of its file, the states of its rows, and how many orders they belong to."""

    id: int
    states: Ints
    orders: int


def check_sheets(app: App, sheets: Sequence[ReadSheet]) -> Checked:
    """Check the rows of some sheets of a customer, settle them with what is there, and seal what is to be stored: before the transaction, which should be short.

    Raises:
        Entangled: they are several, and some have to do with one before them.
    """
    with app.store.reading() as connection:
        newest = looked_up.newest_file(connection)
    customer = sheets[0].source.customer
    terms = app.terms(customer)
    findings = Findings(terms.severities)
    lengths = [len(sheet.read.requests) for sheet in sheets]
    file = np.repeat(np.arange(len(sheets)), lengths)
    for sheet, start in zip(sheets, np.cumsum([0, *lengths]).tolist(), strict=False):
        sheet.read.note_reader_problems(findings, start)
    requests = Requests.concat([sheet.read.requests for sheet in sheets])
    named = named_rows(app, customer, requests)
    beside = Beside([sheet.papers.papers for sheet in sheets], file)
    prepared = check_rows(restore_masked(requests, named), terms, app.reference, findings, named=named, beside=beside)
    overtaken = overtaken_rows(app, prepared, findings, file) if len(sheets) > 1 else None
    outlook = settle_new(app, customer, prepared, findings, named, -1 - file, overtaken)
    if overtaken is not None:
        which = _entangled(app, prepared, file, outlook, overtaken)
        if which.any():
            raise Entangled(which)
    checked = Checked(sheets, newest, len(named.rows) > 0, prepared, file, outlook, [], [])
    for number, sheet in enumerate(sheets):
        checked.pieces.append(_sealed_pieces(app, sheet, prepared, checked.starts[number]))
        checked.papers.append(sheet.papers.records(app, customer))
    return checked


def _entangled(app: App, prepared: Prepared, file: Ints, outlook: Outlook, overtaken: Mask) -> Mask:
    """Which of several sheets have to do with one before them: by a number, an account, or what is there of the account of an earlier row that they touch.

    That a row is overtaken is not to do with each other: it is known what follows.
    """
    which = np.zeros(int(file[-1]) + 1, dtype=bool)
    tn = np.where(overtaken, -1, prepared.tn)
    numbers = np.concatenate([tn, prepared.btn])
    of_rows, hashes = _accounts(outlook.settled)
    of_rows = of_rows[: len(file)]
    with app.store.reading() as connection:
        touched = looked_up.accounts_touched(connection, tn[tn >= 0])
    places = {hashed: place for place, hashed in enumerate(dict.fromkeys([*hashes, *map(bytes, touched.account), *outlook.overtaken.values()]))}
    of_rows[list(outlook.overtaken)] = [places[hashed] for hashed in outlook.overtaken.values()]
    touched = touched.assign(place=[places[bytes(hashed)] for hashed in touched.account]).merge(pd.DataFrame({"tn": tn, "file": file}), on="tn")
    for values, there, whose in (
        (numbers, numbers >= 0, np.concatenate([file, file])),
        (np.append(of_rows, touched.place.to_numpy(np.int64)), np.append(of_rows >= 0, np.ones(len(touched), dtype=bool)), np.append(file, touched.file.to_numpy(np.int64))),
    ):
        which[_as_an_earlier_one(values[there], whose[there], len(which))] = True
    return which


def _accounts(settled: Settled) -> tuple[Ints, list[bytes]]:
    """For each row that was settled the place of its order's account among some, -1 for none; and these, as keyed hashes."""
    accounts = list(dict.fromkeys(hashed for _, hashed in settled.hashes))
    places = {hashed: place for place, hashed in enumerate(accounts)}
    return np.array([*(places[hashed] for _, hashed in settled.hashes), -1], np.int64)[settled.grouping.keys.order], accounts


def _as_an_earlier_one(values: Ints, file: Ints, files: int) -> Ints:
    """The files that have a value which an earlier file has too."""
    pairs = np.unique(values * files + file)
    value = pairs // files
    later: Ints = pairs[np.append(False, value[1:] == value[:-1])] % files
    return later


def _sealed_pieces(app: App, sheet: ReadSheet, prepared: Prepared, first: int) -> list[Piece]:
    """A file's text, sealed; its first row is that at a position."""
    pieces: list[Piece] = []
    start = 0
    for number, each in enumerate(sheet.read.sheets):
        end = start + len(each.sheet.row)
        whole = end - start == len(prepared)
        own = slice(first + start, first + end)
        requests = prepared.requests if whole else prepared.requests.take(np.arange(own.start, own.stop))
        pieces += seal_sheet(app.store, sheet.source.sha256, number, start, each.sheet.cells, requests, prepared.account_filled[own])
        start = end
    return pieces


def store_sheets(app: App, pass_id: int, checked: Checked, *, again: bool) -> list[StoredSheet]:
    """T1: the files, their rows, findings and orders, what changed on earlier ones, and the mails to send.

    Args:
        app: the installation.
        pass_id: the pass.
        checked: what the sheets say and lead to; looked at again where another process has stored something meanwhile.
        again: whether they were taken in before, and are as if they were new.

    Raises:
        TakenMeanwhile: another process has stored one of them.
        Entangled: by what another process has stored since, some have to do with one before them.
    """
    app.turn()
    with app.store.transaction() as connection:
        checked = _as_it_is_now(app, connection, checked, again=again)
        prepared, outlook, settled = checked.prepared, checked.outlook, checked.outlook.settled
        customer = checked.sheets[0].source.customer
        length, starts = len(prepared), checked.starts
        found = settled.findings.frame()
        found = found[found.row < length]
        looked_up.end_rows(connection, outlook.replaced, Act.REPLACE, app.seconds)
        looked_up.end_rows(connection, outlook.cancelled, Act.CANCEL, app.seconds)
        first_file, first_row, first_order = next_id(connection, files), next_id(connection, rows), next_id(connection, orders)
        for number, sheet in enumerate(checked.sheets):
            own = {"file_id": first_file + number, "first_row": first_row + starts[number], "length": starts[number + 1] - starts[number]}
            insert_file(app, connection, pass_id, sheet.source, sheet.read, **own)
            insert_pieces(connection, first_file + number, checked.pieces[number])
            sheet.papers.store(connection, customer, first_file + number, checked.papers[number])
        order_ids = write_orders(app, connection, customer, settled)
        made = _orders_made(checked, order_ids, first_order)
        for number, sheet in enumerate(checked.sheets):
            record_file(app, connection, pass_id, sheet.source, first_file + number, "take in", _counted(checked.states(number), made[number]))
        row_ids = np.arange(first_row, first_row + length)
        _insert_rows(app, connection, checked, first_file, row_ids, outlook.orders_of_rows(order_ids))
        looked_up.insert_findings(connection, found.assign(row_id=row_ids[found.row.to_numpy()]))
        write_holds(connection, settled, order_ids, row_ids)
        write_versions(app, connection, outlook.versions, row_ids)
        looked_up.insert_destinations(connection, customer, *lines_for_one(prepared, row_ids))
        queue_mails(app, connection, pass_id, "received", customer, contacts_of(prepared.requests, ~prepared.again))
    orders_of = _orders_of(checked)
    return [StoredSheet(first_file + number, checked.states(number), orders_of[number]) for number in range(len(checked.sheets))]


def _as_it_is_now(app: App, connection: Connection, checked: Checked, *, again: bool) -> Checked:
    """What sheets lead to now that nobody else can store anything: the same, unless another process has stored what they have to do with."""
    if looked_up.newest_file(connection) == checked.newest:
        return checked
    for sheet in checked.sheets:
        seen = None if again else looked_up.file_seen(connection, sheet.source.customer, sheet.source.sha256)
        if seen is not None and seen.id > checked.newest:
            raise TakenMeanwhile
    tn, accounts = checked.prepared.tn, sorted({account for _, account in checked.outlook.settled.hashes})
    alone = checked.outlook.alone and not checked.named and checked.prepared.terms.roster is None
    if alone and not looked_up.anything_of(connection, tn[tn >= 0], accounts):
        return checked
    return check_sheets(app, checked.sheets)


def _file_of(checked: Checked) -> Ints:
    """For each row that was settled which sheet it counts to; an earlier one counts to that which has to do with its account, or where none has to the first."""
    settled = checked.outlook.settled
    if not len(settled.earlier):
        return checked.file
    account, accounts = _accounts(settled)
    of_accounts = np.zeros(len(accounts) + 1, np.int64)
    of_accounts[account[: len(checked.file)]] = checked.file
    of_accounts[-1] = 0
    return np.append(checked.file, of_accounts[account[len(checked.file) :]])


def _orders_made(checked: Checked, ids: OrderIds, first: int) -> list[int]:
    """How many orders from a number on each sheet has made that have a row that goes."""
    grouping = checked.outlook.settled.grouping
    order = ids.of_rows(grouping.keys.order, grouping.ahead)
    return _different(order, _file_of(checked), (order >= first) & np.isin(grouping.state, (State.READY, State.HELD)), len(checked.sheets))


def _orders_of(checked: Checked) -> list[int]:
    """How many orders the rows of each sheet belong to."""
    order = checked.outlook.settled.grouping.keys.order
    return _different(order, _file_of(checked), order >= 0, len(checked.sheets))


def _different(values: Ints, file: Ints, which: Mask, files: int) -> list[int]:
    """For each file the number of different values of some of its rows."""
    pairs = pd.unique(values[which] * files + file[which])
    counts: list[int] = np.bincount(pairs % files, minlength=files).tolist()
    return counts


def _insert_rows(app: App, connection: Connection, checked: Checked, first_file: int, row_ids: Ints, order: Ints) -> None:
    length, prepared = len(row_ids), checked.prepared
    state = checked.outlook.settled.grouping.state[:length]
    none = np.zeros(length, np.int8)
    columns = {
        "id": row_ids, "file_id": first_file + checked.file, "row": prepared.requests.row, "order_id": order, "state": state,
        "tn": prepared.tn, "live": ~np.isin(state, [int(each) for each in ENDED]), "ver": none, "answered": none.astype(bool), "since": np.full(length, app.seconds),
    }  # fmt: skip
    for start in range(0, length, _TOGETHER):
        insert_numbers(connection, rows, {column: numbers[start : start + _TOGETHER] for column, numbers in columns.items()})
        app.progress(f"Storing {called(checked.sheets)}", min(start + _TOGETHER, length), length)


def called(sheets: Sequence[ReadSheet]) -> str:
    """What some sheets are called while they are at hand."""
    return sheets[0].source.name if len(sheets) == 1 else f"{len(sheets)} sheets of {sheets[0].source.customer}"


def insert_file(
    app: App, connection: Connection, pass_id: int, source: Source, read: ReadFile, *, file_id: int, first_row: int, length: int, same_as: int | None = None
) -> None:
    """Store what is known of a file."""
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


def _sealed_proposal(app: App, source: Source, read: ReadFile) -> bytes | None:
    """What the columns of an unmapped file may mean; sealed, since examples of cells stand in it."""
    if read.state != UNMAPPED:
        return None
    return app.store.keyring.seal(json.dumps(proposal_of(read)).encode(), proposal_context(source.sha256))


def record_file(app: App, connection: Connection, pass_id: int, source: Source, file_id: int, what: str, about: str) -> None:
    """Write into the journal what was done to a file."""
    named = source_of(source.customer, source.name, source.sha256)
    record_act(connection, at=app.stamp, who=app.user, what=what, about=about, source=named, pass_id=pass_id, file_id=file_id)


def _counted(states: Ints, orders_made: int) -> str:
    """How many rows there are and in which states, and how many orders were made."""
    counts = np.bincount(states, minlength=max(State) + 1).tolist()
    of_each = "".join(f", {state.label} {counts[state]}" for state in State if counts[state])
    return f"rows {len(states)}{of_each}; orders made {orders_made}"
