"""Reconcile: partners' response files move rows, and what matches nothing becomes an exception line.

A file is applied whole or not at all: T4 stores it with all it did, then it is put into the archive. A file that lies there again, or still, is known by
its content and changes nothing.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport import log
from batchport.carriers.parse import ResponseUnreadable, parse
from batchport.domain.lifecycle import Answer, State
from batchport.domain.matching import TRIED_AGAIN, Why, matched, moments
from batchport.domain.reconcile import Outcomes
from batchport.domain.reconcile import reconcile as match
from batchport.domain.table import records
from batchport.files import Marks, is_plain, legible, marks, marks_at, open_plain, read_plain, remove_any, sync_folder
from batchport.pipeline.acts import hold_moved
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.doors import tell_what_is_no_file
from batchport.pipeline.echoes import without_echoes
from batchport.pipeline.fetching import fetched
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.remedies import remedies
from batchport.pipeline.sending import proved_by_answer
from batchport.pipeline.shelves import RESPONSE, shelve
from batchport.pipeline.shown import iso
from batchport.pipeline.spread import spread
from batchport.pipeline.tally import Heard, PassTally
from batchport.pipeline.units import arrival_named, contain, forget_all_but
from batchport.pipeline.ways import CannotOpen, Unopened, plain, promise_of_plain
from batchport.store import look
from batchport.store import responses as stored
from batchport.store.acts import record_act
from batchport.store.journal import source_of
from batchport.store.pieces import load_rows
from batchport.store.versions import waiting_versions
from batchport.store.work import Unit
from batchport.transport.arrivals import Arrival, complete_files

_MANIFEST = ".manifest.json"
#: How many rejected orders of a file are told one by one.
_TOLD = 20


def reconcile(app: App, tally: PassTally, pass_id: int) -> None:
    """Apply every complete response file of every partner, in the order they arrived."""
    folders = {app.settings.folder("responses", partner): partner for partner in app.settings.partners}
    _tell_strangers(app, tally)
    tell_what_is_no_file(app, tally, folders)
    for partner in app.settings.partners:
        contain(tally, f"trying the exception lines of {partner} again", partial(_try_again, app, tally, pass_id, partner))
    with fetched(app, tally) as spools:
        folders |= spools
        arrivals = [each for each in complete_files(list(folders), now=time.time(), settle=app.settings.limits.settle) if not each.name.endswith(_MANIFEST)]
        answers: dict[str, Arrival] = {}
        for arrival in arrivals:  # of two files of one name, one put there and one fetched, the later one waits for the next pass
            answers.setdefault(f"{folders[arrival.path.parent]}/{arrival.name}", arrival)

        def apply(unit: Unit, tally: PassTally) -> None:
            arrival = answers[unit.key]
            _apply_arrival(app, tally, pass_id, folders[arrival.path.parent], arrival)

        spread(app, tally, pass_id, [_unit(app, key, arrival) for key, arrival in answers.items()], apply)
        forget_all_but(app, "response", set(answers))


def _unit(app: App, key: str, arrival: Arrival) -> Unit:
    """An answer as a unit of work; those of a partner are applied one after the other, in the order in which they came."""
    return Unit("response", key, arrival.mark_of_content, app.store.hash(f"answers {key.partition('/')[0]}"), alone=True, priority=max(arrival.size, 1).bit_length())


def apply_named(app: App, tally: PassTally, pass_id: int, key: str, mark: str) -> None:
    """Apply an answer, known by its key and mark, beside the pass that has found it.

    Raises:
        NotAlone: it does not lie in the partner's folder under the name that is shown of it, such as one that the pass has fetched.
    """
    _apply_arrival(app, tally, pass_id, key.partition("/")[0], arrival_named(app.settings.folder("responses"), key, mark))


def reconcile_file(app: App, tally: PassTally, pass_id: int, path: Path, partner: str) -> None:
    """Apply one response file, which stays where it is.

    Raises:
        Unknown: there is no such partner, or the file is not one of its.
        OSError: the file cannot be read.
    """
    app.profile(partner)
    _apply(app, tally, pass_id, _Answer(partner, path, legible(path.name), path.read_bytes()))


def preview(app: App, path: Path, partner: str) -> list[dict[str, Any]]:
    """What each line of a response file would do: line, pon, ver, tn, status, does, and the rows that it would move: tn, before, after, foc_date.

    Raises:
        Unknown: there is no such partner, or the file is not one of its.
    """
    try:
        answer = _Answer(partner, path, legible(path.name), path.read_bytes())
        lines = _read(app, answer, plain(app, PassTally(), partner, answer.came))
    except (ResponseUnreadable, Unopened) as error:
        raise Unknown(f"{path} is not a response of {partner}: {error}.") from None
    except CannotOpen as error:
        raise Unknown(f"{path} cannot be opened: {error}.") from None
    with app.store.reading() as connection:
        outcomes = _outcomes(app, connection, partner, _with_orders(app, lines))
        moved = outcomes.rows.assign(tn=look.numbers_of(connection, outcomes.rows.row_id.tolist()))
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in records(moved):
        change = {"tn": f"{row.tn:010d}", "before": State(row.before).label, "after": State(row.state).label, "foc_date": iso(row.foc) if row.foc else None}
        rows.setdefault(row.said, []).append(change)
    new = [_would(line, _does(line, len(rows.get(line.Index, ()))), rows.get(line.Index, [])) for line in records(outcomes.said[outcomes.said.new])]
    return new + [_would(line, f"counted before, and would be an exception: {Why(line.why).label}", []) for line in records(outcomes.fallen)]


def _does(line: Any, rows: int) -> str:
    if rows:
        return f"moves {rows} row{'' if rows == 1 else 's'}"
    if not line.heard:
        return f"exception: {Why(line.why).label}"
    return "counts, and another line after it" if line.counts else "nothing new"


def _would(line: Any, does: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"line": line.line, "pon": line.pon, "ver": line.given, "tn": line.tn, "status": line.status, "does": does, "rows": rows}


def _tell_strangers(app: App, tally: PassTally) -> None:
    """Say which folders of responses belong to nobody."""
    root = app.settings.folder("responses")
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir() and folder.name not in app.settings.partners and any(folder.iterdir()):
            tally.trouble(
                f"responses/{folder.name} holds files, but there is no partner {folder.name!r} in the configuration; "
                f"add the partner, or move the files to the right folder. They were left where they are."
            )
        elif folder.is_file() and not folder.name.startswith("."):
            tally.trouble(f"responses/{folder.name} lies beside the partners' folders; move it into responses/<partner>/. It was left where it is.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A response file.

    Attributes:
        partner: whose.
        path, name: where it is, and what it is called.
        came: its bytes.
        marks: what it was known by when it was read; None for one that was named by hand and stays where it is.
    """

    partner: str
    path: Path
    name: str
    came: bytes
    marks: Marks | None = None


def _apply_arrival(app: App, tally: PassTally, pass_id: int, partner: str, arrival: Arrival) -> None:
    """Apply a file of a partner's folder."""
    with open_plain(arrival.path) as file:
        answer = _Answer(partner, arrival.path, arrival.name, file.read(), marks(os.fstat(file.fileno())))
    _apply(app, tally, pass_id, answer)


def _read(app: App, answer: _Answer, data: bytes) -> pd.DataFrame:
    """The lines of a file that says `data`."""
    beside = answer.path.with_name(answer.path.name + _MANIFEST)
    manifest = read_plain(beside) if is_plain(beside) else None
    if manifest is not None:
        manifest = promise_of_plain(manifest, answer.came, data)
    return parse(app.profile(answer.partner), data, manifest=manifest).lines


def _apply(app: App, tally: PassTally, pass_id: int, answer: _Answer) -> None:
    partner, name = answer.partner, answer.name
    try:
        data = plain(app, tally, partner, answer.came)
    except Unopened as error:
        _refuse(app, tally, pass_id, answer, answer.came, str(error))
        return
    except CannotOpen as error:
        if answer.marks is None:
            raise Unknown(f"{answer.path} cannot be opened: {error}. Nothing was changed.") from None
        tally.trouble(f"{name} of {partner} cannot be opened, and waits: {error}.")
        return
    digest = hashlib.sha256(data).hexdigest()
    with app.store.reading() as connection:
        known = stored.seen(connection, partner, digest)
    if known:
        tally.heard_before += 1
        log.event("response repeated", partner=partner, name=name)
        _archive(app, answer, data)
        return
    app.progress(f"Reading the answer {name}")
    try:
        lines = _read(app, answer, data)
    except ResponseUnreadable as error:
        _refuse(app, tally, pass_id, answer, data, error.reason)
        return
    app.progress(f"Applying {len(lines):,} lines of {name}")
    lines = _with_orders(app, lines)
    proved_by_answer(app, tally, partner, set(lines.order_id.unique().tolist()))
    with app.store.reading() as connection:
        lines = without_echoes(app, connection, lines)
        outcomes = _outcomes(app, connection, partner, lines)
    record = {"partner": partner, "name": name, "sha256": digest, "lines": len(lines), "received": app.stamp, "pass_id": pass_id}
    with _told_of(app, outcomes) as told, app.store.transaction() as connection:
        number = stored.store_response(connection, record, outcomes, app.stamp, app.seconds)
        refused = len(outcomes.refused) + len(outcomes.fallen)
        record_act(
            connection, at=app.stamp, who=app.user, what="apply response", about=f"lines {len(lines)}, moves of rows {len(outcomes.rows)}, exception lines {refused}",
            source=source_of(partner, name, digest), pass_id=pass_id, response_id=number,
        )  # fmt: skip
        _queue(app, connection, pass_id, told.result())
    heard = Heard(partner, name, len(lines), int(outcomes.heard.counts.sum()), len(outcomes.refused) + len(outcomes.fallen))
    tally.heard.append(heard)
    log.event("response applied", partner=partner, name=name, bytes=len(data), lines=heard.lines, applied=heard.applied, exceptions=heard.exceptions)
    _tell(app, tally, partner, name, outcomes)
    tally.changed = True
    _archive(app, answer, data)


def _try_again(app: App, tally: PassTally, pass_id: int, partner: str) -> None:
    """Exception lines that found no order are held against those that were submitted before they came and are known now."""
    with app.store.reading() as connection:
        lines = stored.untold(connection, partner)
        if lines.empty:
            return
        lines = _found_by_now(app, connection, partner, lines)
        if lines.empty:
            return
        outcomes = _outcomes(app, connection, partner, lines)
    with _told_of(app, outcomes) as told, app.store.transaction() as connection:
        stored.store_found(connection, outcomes, app.stamp, app.seconds)
        record_act(connection, at=app.stamp, who=app.user, what="apply found lines", about=f"{partner}: exception lines that found an order {len(lines)}", pass_id=pass_id)
        _queue(app, connection, pass_id, told.result())
    name = f"{len(lines)} exception line{'' if len(lines) == 1 else 's'} of {partner}"
    tally.found.append(f"{name} found an order")
    log.event("exceptions found their orders", partner=partner, lines=len(lines))
    _tell(app, tally, partner, name, outcomes)
    tally.changed = True


def _found_by_now(app: App, connection: Connection, partner: str, lines: pd.DataFrame) -> pd.DataFrame:
    """Those exception lines that speak of a version which was stored before they came, with that version."""
    lines = _with_orders(app, lines)
    book = stored.spoken_of(connection, *_asked_for(lines))
    found, why = matched(lines, book, partner)
    versions = stored.stored_versions(connection, book.orders.order_id.tolist())
    both = found[["exception_id", "order_id", "pass_id"]].merge(versions.rename(columns={"pass_id": "stored"}), on="order_id")
    newest = both[both.stored < both.pass_id].groupby("exception_id").ver.max()
    then = newest.reindex(lines.exception_id).fillna(0).to_numpy(np.int64)
    ver = np.where(lines.ver == 0, then, lines.ver)
    return lines.assign(ver=ver).loc[~np.isin(why, TRIED_AGAIN) & (then > 0) & (ver <= then)]


def _tell(app: App, tally: PassTally, partner: str, name: str, outcomes: Outcomes) -> None:
    """Count the rows that were rejected, and say what an operator has to know.

    That is: versions that were turned down, numbers that moved on the word of a line about an older version, and lines that do not count any more.
    """
    rows = outcomes.rows
    tally.carrier_rejected += int(((rows.state == int(State.CARRIER_REJECTED)) & ~rows.given_back).sum())
    _tell_what_to_do(app, tally, rows)
    for what, some in (
        ("{partner} turned down the newest version of order {pon} ({name}); its rows have the state and date back that they had.", rows[rows.given_back]),
        (
            "{partner} completed {count} of order {pon} with a line about a version that is not its newest ({name}); see whether the newest still has to be called off.",
            rows[rows.overtaken],
        ),
    ):
        counts = some.groupby("order_id").row_id.nunique()
        for order, count in zip(counts.index.tolist(), counts.tolist(), strict=True):
            tally.trouble(what.format(partner=partner, pon=app.store.pons.one(order), name=name, count=f"{count} number{'' if count == 1 else 's'}"))
    _hold_what_has_moved(app, tally, partner, name, outcomes.refused)
    if len(outcomes.fallen):
        tally.trouble(
            f"{partner} says late ({name}) what contradicts {len(outcomes.fallen)} of its lines that had counted; they are exception lines now: `batchport exceptions`."
        )


def _hold_what_has_moved(app: App, tally: PassTally, partner: str, name: str, refused: pd.DataFrame) -> None:
    """Hold orders with a number that is said to have moved, while a corrected row for it waits to be sent."""
    said = refused[(refused.status == Answer.COMPLETE.value) & (refused.why == Why.MOVE_FORBIDDEN)]
    if said.empty:
        return
    with app.store.reading() as connection:
        waiting = waiting_versions(connection)
    for line in records(said[said.order_id.isin(waiting)]):
        if hold_moved(app, int(line.order_id), f"{partner} says that {line.tn} has moved ({name})"):
            pon = app.store.pons.one(int(line.order_id))
            tally.trouble(
                f"{partner} says that {line.tn} of order {pon} has moved ({name}), while a corrected row for it waits to be sent, so the order is held. "
                f"If that is so, `batchport cancel {pon} --tn {line.tn}`; then `batchport release {pon}`."
            )


def _tell_what_to_do(app: App, tally: PassTally, rows: pd.DataFrame) -> None:
    """What an operator is to do about orders that were rejected now."""
    rejected = rows[(rows.state == int(State.CARRIER_REJECTED)) & ~rows.given_back]
    orders = rejected.order_id.unique().tolist()
    with app.store.reading() as connection:
        found = remedies(app, connection, orders[:_TOLD]) if orders else {}
    for order, own in found.items():
        for remedy in own:
            if remedy.who == "operator":
                command = f" `{remedy.command}`" if remedy.command else ""
                tally.to_do.append(f"{app.store.pons.one(order)}: {remedy.what}{command}")
    if len(orders) > _TOLD:
        tally.to_do.append(f"and {len(orders) - _TOLD} more orders were rejected: `batchport orders`")


def _outcomes(app: App, connection: Connection, partner: str, lines: pd.DataFrame) -> Outcomes:
    """What lines do, with the orders that they name."""
    book = stored.spoken_of(connection, *_asked_for(lines))
    orders = book.orders.order_id.tolist()
    before = stored.said_before(connection, orders)
    if len(before):
        before = before.assign(pon=before.order_id.map(dict(zip(orders, app.store.pons.give(np.array(orders, np.int64)), strict=True))))
    return match(lines.assign(moment=moments(lines["at"])), book, before, partner)


def _with_orders(app: App, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines with the order that the PON of each names: 0 for none given, -1 for one that is none of ours."""
    codes, names = pd.factorize(lines.pon)
    orders = np.array([0 if name == "" else number for name, number in zip(names.tolist(), app.store.pons.read(names.tolist()), strict=True)], np.int64)
    return lines.assign(order_id=orders[codes] if len(lines) else orders)


def _asked_for(lines: pd.DataFrame) -> tuple[list[int], list[int]]:
    """The orders that lines name, and the numbers that lines without one name."""
    alone = lines.tn[(lines.order_id == 0) & lines.tn.str.fullmatch("[0-9]{10}")]
    return [int(order) for order in pd.unique(lines.order_id) if order > 0], alone.astype(np.int64).unique().tolist()


#: Kind of mail -> customer who is to hear of what changed -> whether it was a rejection, and the contacts that the changed rows name.
ToTell = dict[str, dict[str, tuple[bool, list[str]]]]


@contextmanager
def _told_of(app: App, outcomes: Outcomes) -> Iterator[Future[ToTell]]:
    """Who is to hear of what changed: found out beside the storing, since it is mostly unsealing."""

    def find() -> ToTell:
        with app.store.reading() as connection:
            return _to_tell(app, connection, outcomes)

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(find)


def _to_tell(app: App, connection: Connection, outcomes: Outcomes) -> ToTell:
    rows: pd.DataFrame = outcomes.rows.sort_values("row_id")
    owner = stored.customers_of(connection, rows.file_id.unique().tolist())
    done = rows.state == int(State.COMPLETED)
    found: ToTell = {"update": {}, "completed": {}}
    for kind, some in (("update", ~done), ("completed", done)):
        for name in sorted(set(owner.values()) & set(app.settings.customers)):
            theirs = some & rows.file_id.isin([file for file, customer in owner.items() if customer == name])
            ids = rows.row_id.to_numpy(np.int64)[theirs.to_numpy()]
            if len(ids):
                rejected = bool((rows.state[theirs] == int(State.CARRIER_REJECTED)).any())
                found[kind][name] = rejected, contacts_of(load_rows(app.store, connection, ids, ["contact_email"]).requests)
    return found


def _queue(app: App, connection: Connection, pass_id: int, told: ToTell) -> None:
    for kind, customers in told.items():
        for customer, (rejected, contacts) in customers.items():
            queue_mails(app, connection, pass_id, kind, customer, contacts, needs_them=rejected)


def _archive(app: App, answer: _Answer, data: bytes) -> None:
    """Seal a file that has come into the archive, and take it away; one that was named by hand stays where it is."""
    if answer.marks is None:
        return
    folder = app.settings.folder("archive", app.day, f"responses-{answer.partner}")
    shelve(app, folder, answer.name, data, kind=RESPONSE)
    _remove(answer)


def _refuse(app: App, tally: PassTally, pass_id: int, answer: _Answer, data: bytes, reason: str) -> None:
    if answer.marks is None:
        raise Unknown(f"{answer.path} is not a response of {answer.partner}: {reason}. Nothing was changed.") from None
    _set_aside(app, tally, pass_id, answer, data, reason)


def _set_aside(app: App, tally: PassTally, pass_id: int, answer: _Answer, data: bytes, reason: str) -> None:
    partner, name, digest = answer.partner, answer.name, hashlib.sha256(data).hexdigest()
    words = f"{name} of {partner} was set aside whole: {reason}. Nothing was changed. Ask {partner} for the file again and put it into responses/{partner}/.\n"
    shelve(app, app.settings.folder("quarantine", partner), name, data, kind=RESPONSE, reason=words)
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what="set aside", about="response", source=source_of(partner, name, digest), pass_id=pass_id)
    _remove(answer)
    tally.set_aside.append(words.strip())
    log.event("response set aside", "warning", partner=partner, name=name, bytes=len(data))
    tally.changed = True


def _remove(answer: _Answer) -> None:
    """Take a file away that was read; what has come in its place meanwhile is left for the next pass."""
    if marks_at(answer.path) != answer.marks:
        return
    answer.path.unlink()
    remove_any(answer.path.with_name(answer.path.name + _MANIFEST))
    sync_folder(answer.path.parent)
