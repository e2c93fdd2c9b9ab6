"""The last look at dates before orders go: one that can no longer be met does not go out (contract, section 7, *Before it goes*)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.calendar import Dated
from batchport.domain.checks.dates import held_against_calendar
from batchport.domain.checks.prepared import prepare
from batchport.domain.fields import NAMES
from batchport.domain.findings import Findings
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask
from batchport.pipeline.app import App
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.tally import PassTally
from batchport.store import intake as looked_up
from batchport.store import submissions as stored
from batchport.store.corrected import with_shared
from batchport.store.pieces import load_rows

TOO_SOON = "date-too-soon"


@dataclass(frozen=True, slots=True)
class Looked:
    """The dates of some orders, held against the calendar as it is now.

    Attributes:
        dated: an order each.
        late: the orders whose date can no longer be met.
    """

    dated: Dated
    late: Mask

    def better(self, at: int) -> str:
        """The next date that can be met; blank where there is none."""
        day = self.dated.wishes.better[at]
        return "" if np.isnat(day) else str(day)

    def why_not(self, at: int) -> str:
        """What is wrong with a date, as the end of a sentence; blank for nothing."""
        wishes = self.dated.wishes
        for mask, words in ((wishes.past, "is past"), (wishes.idle, "is not a business day"), (wishes.soon, "is too soon"), (wishes.far, "is more than 30 days away")):
            if mask[at]:
                return words
        return ""


def look_at(app: App, connection: Connection, customer: str, orders: Sequence[int], dates: Sequence[str]) -> Looked | None:
    """The dates of a customer's orders held against the calendar; None where they are all blank.

    Args:
        app: the installation.
        connection: for looking things up.
        customer: whose orders they are.
        orders: which; each has a row that has not ended.
        dates: the date that each asks for.
    """
    requests, _ = first_rows(app, connection, orders)
    rows = prepare(requests.replace(requested_date=Column.of(list(dates))), app.terms(customer), app.reference, Findings())
    dated = held_against_calendar(rows)
    if dated is None:
        return None
    wishes = dated.wishes
    return Looked(dated, wishes.past | wishes.idle | wishes.soon)


def first_rows(app: App, connection: Connection, orders: Sequence[int], names: Sequence[str] = NAMES) -> tuple[Requests, Ints]:
    """What the first row of each of some orders says, or some fields of it, and its record; what the last looks ask for is the same for all rows of an order."""
    first = stored.first_rows(connection, orders).set_index("order_id").loc[list(orders)]
    ids = first.id.to_numpy(np.int64)
    each, which = np.unique(ids, return_inverse=True)
    return with_shared(app.store, connection, load_rows(app.store, connection, each, names).requests.take(which), first.shared), ids


def hold(app: App, connection: Connection, pass_id: int, customer: str, order: int, why: tuple[str, str, str]) -> None:
    """Hold an order for what was found when it was to go, a code, a field and a detail, and tell its customer."""
    stored.hold_for(connection, order, *why, app.stamp, app.seconds)
    rows = looked_up.rows_of_orders(connection, [order])
    contacts = contacts_of(load_rows(app.store, connection, np.sort(rows.id.to_numpy(np.int64))).requests)
    queue_mails(app, connection, pass_id, "update", customer, contacts, needs_them=True)


def look_once_more(app: App, tally: PassTally, pass_id: int, partners: Sequence[str]) -> None:
    """Hold the orders to some partners that would go now with a date that cannot be met any more, or give them the earliest one that can.

    What is held is told to the customer; what becomes of it is the customer's setting `late_date`.
    """
    with app.store.reading() as connection:
        dated = stored.dated_orders(connection)
        dated = dated[dated.partner.isin(list(partners)) & dated.customer.isin(list(app.settings.customers))]
        late = [found for customer in dated.customer.unique().tolist() for found in _late(app, connection, customer, dated[dated.customer == customer])]
    if not late:
        return
    with app.store.transaction() as connection:
        for order in late:
            if order.better and app.customer(order.customer).late_date == "earliest":
                stored.give_date(connection, order.number, order.better, further=order.further)
            else:
                hold(app, connection, pass_id, order.customer, order.number, (TOO_SOON, "requested_date", order.date))
    tally.changed = True


@dataclass(frozen=True, slots=True)
class _Late:
    """An order whose date cannot be met any more, and the next one that can; `further`: it is a further version of it that would go."""

    number: int
    customer: str
    date: str
    better: str
    further: bool


def _late(app: App, connection: Connection, customer: str, orders: pd.DataFrame) -> list[_Late]:
    numbers, dates = orders.id.tolist(), orders.date.tolist()
    looked = look_at(app, connection, customer, numbers, dates)
    if looked is None:
        return []
    further = (orders.ver > 0).tolist()
    return [_Late(numbers[at], customer, dates[at], looked.better(at), further[at]) for at in np.flatnonzero(looked.late).tolist()]


def refusal(app: App, customer: str, order: int, day: date) -> str:
    """Why an order cannot have a date, as a sentence; blank where it can."""
    with app.store.reading() as connection:
        looked = look_at(app, connection, customer, [order], [day.isoformat()])
    why = looked.why_not(0) if looked is not None else ""
    if not why or looked is None:
        return ""
    better = looked.better(0)
    return f"{day} {why}" + (f"; the next date that can be met is {better}" if better and better != day.isoformat() else "")
