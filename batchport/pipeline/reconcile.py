"""Reconcile: partners' response files move rows, and what matches nothing becomes an exception line.

A file is applied whole or not at all: T4 stores it with all it did, then it is put into the archive. A file that lies there again, or still, is known by
its content and changes nothing.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.carriers.parse import ResponseUnreadable, parse
from batchport.domain.lifecycle import State
from batchport.domain.reconcile import Outcomes
from batchport.domain.reconcile import reconcile as match
from batchport.domain.table import records
from batchport.files import sync_folder
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.fetching import fetched
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.sending import proved_by_answer
from batchport.pipeline.shelves import shelve
from batchport.pipeline.tally import Heard, PassTally
from batchport.pipeline.ways import CannotOpen, Unopened, plain, promise_of_plain
from batchport.store import responses as stored
from batchport.store.pieces import load_rows
from batchport.transport.arrivals import complete_files

_MANIFEST = ".manifest.json"


def reconcile(app: App, tally: PassTally, pass_id: int) -> None:
    """Apply every complete response file of every partner, in the order they arrived."""
    folders = {app.settings.folder("responses", partner): partner for partner in app.settings.partners}
    _tell_strangers(app, tally)
    with fetched(app, tally) as spools:
        folders |= spools
        for arrival in complete_files(list(folders), now=time.time(), settle=app.settings.limits.settle):
            if not arrival.name.endswith(_MANIFEST):
                _apply(app, tally, pass_id, folders[arrival.path.parent], arrival.path, put_away=True)


def reconcile_file(app: App, tally: PassTally, pass_id: int, path: Path, partner: str) -> None:
    """Apply one response file, which stays where it is.

    Raises:
        Unknown: there is no such partner, or the file is not one of its.
        OSError: the file cannot be read.
    """
    app.profile(partner)
    _apply(app, tally, pass_id, partner, path, put_away=False)


def preview(app: App, path: Path, partner: str) -> list[dict[str, Any]]:
    """What each line of a response file would do: line, pon, ver, tn, status, does.

    Raises:
        Unknown: there is no such partner, or the file is not one of its.
    """
    try:
        lines = _read(app, partner, plain(app, PassTally(), partner, path.read_bytes()), path)
    except (ResponseUnreadable, Unopened) as error:
        raise Unknown(f"{path} is not a response of {partner}: {error}.") from None
    except CannotOpen as error:
        raise Unknown(f"{path} cannot be opened: {error}.") from None
    with app.store.reading() as connection:
        outcomes = _matched(app, connection, partner, lines)
    moved = outcomes.applied.groupby("line").state.agg(["size", "last"])
    refused = outcomes.exceptions.set_index("line").reason
    told = []
    for line in records(lines):
        if line.line in moved.index:
            rows, state = moved.loc[line.line]
            does = f"{rows} row{'' if rows == 1 else 's'} {State(int(state)).label.replace('_', ' ')}"
        else:
            does = f"exception: {refused[line.line]}" if line.line in refused.index else "nothing new"
        told.append({"line": line.line, "pon": line.pon, "ver": line.ver, "tn": line.tn, "status": line.status, "does": does})
    return told


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


def _read(app: App, partner: str, data: bytes, path: Path) -> pd.DataFrame:
    """The lines of a file that says `data`."""
    beside = path.with_name(path.name + _MANIFEST)
    manifest = beside.read_bytes() if beside.is_file() else None
    if manifest is not None:
        manifest = promise_of_plain(manifest, path.read_bytes(), data)
    return parse(app.profile(partner), data, manifest=manifest).lines


def _apply(app: App, tally: PassTally, pass_id: int, partner: str, path: Path, *, put_away: bool) -> None:
    try:
        data = plain(app, tally, partner, path.read_bytes())
    except Unopened as error:
        _refuse(app, tally, partner, path, path.read_bytes(), str(error), put_away=put_away)
        return
    except CannotOpen as error:
        if not put_away:
            raise Unknown(f"{path} cannot be opened: {error}. Nothing was changed.") from None
        tally.trouble(f"{path.name} of {partner} cannot be opened, and waits: {error}.")
        return
    digest = hashlib.sha256(data).hexdigest()
    with app.store.reading() as connection:
        known = stored.seen(connection, partner, digest)
    if known:
        tally.heard_before += 1
        if put_away:
            _archive(app, partner, path, data, digest)
        return
    try:
        lines = _read(app, partner, data, path)
    except ResponseUnreadable as error:
        _refuse(app, tally, partner, path, data, error.reason, put_away=put_away)
        return
    proved_by_answer(app, tally, partner, set(app.store.pons.read(lines.pon[lines.pon != ""].unique().tolist()).tolist()))
    with app.store.reading() as connection:
        outcomes = _matched(app, connection, partner, lines)
        customers = _customers(app, connection, outcomes)
    record = {"partner": partner, "name": path.name, "sha256": digest, "lines": len(lines), "received": app.stamp, "pass_id": pass_id}
    with app.store.transaction() as connection:
        stored.store_response(connection, record, lines, outcomes, app.stamp, app.seconds)
        for kind, names in customers.items():
            for customer, contacts in names.items():
                queue_mails(app, connection, pass_id, kind, customer, contacts)
    tally.heard.append(Heard(partner, path.name, len(lines), int(outcomes.recorded.applied.sum()), len(outcomes.exceptions)))
    tally.carrier_rejected += stored.newly(outcomes.applied[~outcomes.applied.given_back.astype(bool)], State.CARRIER_REJECTED)
    _tell_operator(app, tally, partner, path.name, outcomes)
    tally.changed = True
    if put_away:
        _archive(app, partner, path, data, digest)


def _tell_operator(app: App, tally: PassTally, partner: str, name: str, outcomes: Outcomes) -> None:
    """Say which further versions were turned down, and which numbers have moved on the word of a line about an older version."""
    applied = outcomes.applied
    for what, rows in (
        ("{partner} turned down the newest version of order {pon} ({name}); its rows have the state and date back that they had.", applied[applied.given_back.astype(bool)]),
        (
            "{partner} completed {count} of order {pon} with a line about a version that is not its newest ({name}); see whether the newest still has to be called off.",
            applied[applied.overtaken.astype(bool)],
        ),
    ):
        counts = rows.groupby("order_id").row_id.nunique()
        for order, count in zip(counts.index.tolist(), counts.tolist(), strict=True):
            tally.trouble(what.format(partner=partner, pon=app.store.pons.one(order), name=name, count=f"{count} number{'' if count == 1 else 's'}"))


def _matched(app: App, connection: Connection, partner: str, lines: pd.DataFrame) -> Outcomes:
    """What the lines do, in the order in which they count: of `at`, else of arrival."""
    given = lines.pon != ""
    order = pd.Series(0, index=lines.index, dtype=np.int64)
    names = lines.pon[given].astype("category")
    if given.any():
        numbers = np.array(app.store.pons.read(names.cat.categories.tolist()))
        order[given] = numbers[names.cat.codes.to_numpy()]
    lines = lines.assign(order_id=order).sort_values("at", kind="stable")
    numbers_alone = lines.tn[~given & lines.tn.str.fullmatch("[0-9]{10}")].astype(np.int64).unique().tolist()
    orders = [int(number) for number in pd.unique(lines.order_id) if number > 0]
    rows = stored.rows_spoken_of(connection, orders, numbers_alone)
    history = stored.applied_before(connection, [int(number) for number in rows.order_id.unique()])
    return match(lines, rows, history, partner)


def _customers(app: App, connection: Connection, outcomes: Outcomes) -> dict[str, dict[str, list[str]]]:
    """Kind of mail -> customer who is to hear of what changed -> the contacts that the changed rows name."""
    last = outcomes.applied.drop_duplicates("row_id", keep="last").sort_values("row_id")
    done = last.state == int(State.COMPLETED)
    found: dict[str, dict[str, list[str]]] = {"update": {}, "completed": {}}
    for kind, some in (("update", last[~done]), ("completed", last[done])):
        for customer, rows in stored.customers_of(connection, some.row_id.tolist()).items():
            if customer in app.settings.customers:
                found[kind][customer] = contacts_of(load_rows(app.store, connection, np.array(rows, np.int64)).requests)
    return found


def _archive(app: App, partner: str, path: Path, data: bytes, digest: str) -> None:
    folder = app.settings.folder("archive", app.day, f"responses-{partner}")
    shelve(app, folder, path.name, data, context=f"response {digest}", digest=digest)
    _remove(path)


def _refuse(app: App, tally: PassTally, partner: str, path: Path, data: bytes, reason: str, *, put_away: bool) -> None:
    if not put_away:
        raise Unknown(f"{path} is not a response of {partner}: {reason}. Nothing was changed.") from None
    _set_aside(app, tally, partner, path, data, reason)


def _set_aside(app: App, tally: PassTally, partner: str, path: Path, data: bytes, reason: str) -> None:
    words = f"{path.name} of {partner} was set aside whole: {reason}. Nothing was changed. Ask {partner} for the file again and put it into responses/{partner}/.\n"
    digest = hashlib.sha256(data).hexdigest()
    shelve(app, app.settings.folder("quarantine", partner), path.name, data, context=f"response {digest}", digest=digest, reason=words)
    _remove(path)
    tally.set_aside.append(words.strip())
    tally.changed = True


def _remove(path: Path) -> None:
    path.unlink()
    path.with_name(path.name + _MANIFEST).unlink(missing_ok=True)
    sync_folder(path.parent)
