"""Watching the clock: what partners owe, what passes, and what lapses, for `status`, `orders` and the operator's mail."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.deadlines import Due, Patience, deadlines
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.tally import PassTally
from batchport.store import deadlines as stored
from batchport.store.pieces import load_rows

#: How many orders a pass tells of one by one.
_TOLD = 20


#: What has moved within this time, in seconds, cannot be overdue, nor is it what a partner is about to cancel; an hour, since some days have one less.
_FRESH, _DAY, _HOUR = 12 * 3600, 24 * 3600, 3600


def falling_due(app: App, connection: Connection, orders: list[int] | None = None, *, by_now: bool = False) -> pd.DataFrame:
    """What falls due of some orders, or of all: a line a row and deadline, soonest first; also tn, partner, customer and warned.

    With `by_now` only what is overdue or to be warned of by now is sure to be among it.
    """
    tomorrow = int((app.now + timedelta(days=1)).astimezone(UTC).strftime("%Y%m%d"))
    rows = stored.awaited(connection, orders, before=app.seconds - _in_time(app), until=tomorrow) if by_now else stored.awaited(connection, orders)
    rows = rows[rows.partner.isin(list(app.settings.partners))]
    patience = {partner: _patience(app, partner) for partner in rows.partner.unique()}
    off = {(one.partner, one.country): app.reference.holidays.of(one.country, "", app.profile(one.partner).holidays) for one in records(rows[["partner", "country"]].drop_duplicates())}
    found = deadlines(rows, patience, off, app.now)
    # Most rows are in time by what moved them last; only of the others it matters when something was heard that changed nothing.
    late = rows[rows.row_id.isin(found.row_id[found.passed & (found.what == Due.ANSWER.value)])]
    if len(late):
        heard = stored.last_heard(connection, late)
        rows = rows.assign(heard=rows.row_id.map(heard).fillna(rows.since).clip(lower=rows.since).astype("int64"))
        found = deadlines(rows, patience, off, app.now)
    facts = rows[["row_id", "tn", "partner", "customer", "warned", "state"]]
    return found.merge(facts, on="row_id").sort_values(["due", "order_id", "row_id"], ignore_index=True)


def _in_time(app: App) -> int:
    """For how many seconds after a row has moved none of the partners can be late with it, nor about to cancel it."""
    days = []
    for terms in (_patience(app, partner) for partner in app.settings.partners):
        days.append(terms.answer)
        if terms.unconfirmed is not None:  # that is counted from the sending, whatever was heard since
            days.append(0)
        if terms.rejected is not None:
            days.append(terms.rejected - terms.warn - 1)
    return max(_FRESH, min(days, default=0) * _DAY - _HOUR)


def _patience(app: App, partner: str) -> Patience:
    profile = app.profile(partner)
    lapses = profile.lapses
    return Patience(profile.overdue, lapses.unconfirmed, lapses.rejected, lapses.warn, profile.timezone, profile.cutoff)


def overdue(found: pd.DataFrame) -> pd.DataFrame:
    """Those deadlines that a partner has let pass."""
    return found[found.passed & (found.what != Due.LAPSE.value)]


#: What is told of a row or order of which nothing falls due.
NOTHING_DUE: dict[str, Any] = {"due": None, "due_what": None, "overdue": False}


def first_due(found: pd.DataFrame, by: str) -> dict[int, dict[str, Any]]:
    """Row or order -> what falls due of it first: due, due_what, overdue."""
    late = set(overdue(found)[by])
    first = found.drop_duplicates(by)
    return {int(number): {"due": day(due), "due_what": what, "overdue": number in late} for number, due, what in zip(first[by], first.due, first.what, strict=True)}


def day(due: Any) -> str:
    """A day as text."""
    return pd.Timestamp(due).date().isoformat()


def _contacts(app: App, connection: Connection, rows: pd.DataFrame) -> list[str]:
    """The contacts that rows name."""
    return contacts_of(load_rows(app.store, connection, np.sort(rows.row_id.to_numpy(np.int64)), ["contact_email"]).requests)


_WORDS = {
    Due.ANSWER.value: "{partner} has not been heard of about {count} of order {pon} since it was due on {day}; ask them",
    Due.COMPLETION.value: "{count} of order {pon} should have moved on {day}, and {partner} has not said so; ask them, and test the lines",
    Due.LAPSE.value: "{partner} cancels order {pon} by itself on {day} unless something is done about {count} of it",
}


def watch(app: App, tally: PassTally, pass_id: int) -> None:
    """Tell, once for each, of orders that are overdue or about to lapse: the operator of all, and customers of what is overdue."""
    with app.store.reading() as connection:
        found = falling_due(app, connection, by_now=True)
    near = found[found.near].groupby(["order_id", "what"], as_index=False, sort=False).agg(due=("due", "min"), count=("row_id", "size"), partner=("partner", "first"), warned=("warned", "first"))
    near = near.assign(warning=near.what + " " + near.due.dt.strftime("%Y-%m-%d"))
    new = near[[warning not in warned.split(", ") for warning, warned in zip(near.warning, near.warned, strict=True)]]
    if new.empty:
        return
    told = near[near.order_id.isin(new.order_id)].groupby("order_id").warning.agg(", ".join)
    late = overdue(found)
    late = late[late.order_id.isin(new.order_id[new.what != Due.LAPSE.value]) & late.customer.isin(list(app.settings.customers))].drop_duplicates("row_id")
    with app.store.reading() as connection:
        contacts = {str(customer): _contacts(app, connection, rows) for customer, rows in late.groupby("customer")}
    with app.store.transaction() as connection:
        stored.mark_warned(connection, list(zip(told.tolist(), told.index.tolist(), strict=True)))
        for customer, names in contacts.items():
            queue_mails(app, connection, pass_id, "overdue", customer, names)
    for one in records(new.rename(columns={"count": "rows"}).head(_TOLD)):
        count = f"{one.rows} number{'' if one.rows == 1 else 's'}"
        tally.due.append(_WORDS[one.what].format(partner=one.partner, count=count, pon=app.store.pons.one(int(one.order_id)), day=day(one.due)))
    if len(new) > _TOLD:
        tally.due.append(f"and {len(new) - _TOLD} more: `batchport orders --due`")
    tally.changed = True
