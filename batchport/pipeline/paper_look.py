"""The last look at papers before orders go for the first time: what the partner asks for must be there, and be fit to be sent (contract, section 7, *Before it goes*).

It finds what has changed since intake: a partner that asks for letters now, or takes no TIFF any more; a paper that is not kept any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks.papers import CHECKS
from batchport.domain.checks.prepared import prepare
from batchport.domain.findings import ERROR, Findings, severity_of
from batchport.domain.papers import Beside, Paper
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.enclosures import meant_by
from batchport.pipeline.mails import contacts_of, queue_mails
from batchport.pipeline.tally import PassTally
from batchport.store import enclosures as looked_up
from batchport.store import submissions as stored
from batchport.store.corrected import with_shared
from batchport.store.intake import rows_of_orders
from batchport.store.pieces import load_rows


@dataclass(frozen=True, slots=True)
class _Fault:
    """What keeps an order from going: a code, the field it speaks of, and its detail."""

    code: str
    field: str
    detail: str


def look_at_papers(app: App, tally: PassTally, pass_id: int, partners: Sequence[str]) -> None:
    """Hold the orders to some partners that would go now without a paper that they need; their customers are told."""
    with app.store.reading() as connection:
        going = looked_up.going_orders(connection)
        faults = _faults(app, connection, going[going.partner.isin(list(partners))])
    if not faults:
        return
    with app.store.transaction() as connection:
        for (customer, number), fault in faults.items():
            stored.hold_for(connection, number, fault.code, fault.field, fault.detail, app.stamp, app.seconds)
            rows = rows_of_orders(connection, [number])
            contacts = contacts_of(load_rows(app.store, connection, np.sort(rows.id.to_numpy(np.int64))).requests)
            queue_mails(app, connection, pass_id, "update", customer, contacts)
    tally.changed = True


def mended(app: App) -> dict[str, set[int]]:
    """By customer, the orders that waited for a paper and need not any more."""
    found: dict[str, set[int]] = {}
    with app.store.reading() as connection:
        lacking = looked_up.lacking_orders(connection)
        faults = _faults(app, connection, lacking)
    for order in records(lacking):
        if order.customer in app.settings.customers and (order.customer, order.id) not in faults:
            found.setdefault(order.customer, set()).add(int(order.id))
    return found


def _faults(app: App, connection: Connection, orders: pd.DataFrame) -> dict[tuple[str, int], _Fault]:
    """What the papers of some orders lack, by customer and order."""
    found = {}
    for customer in sorted(set(orders.customer) & app.settings.customers.keys()):
        numbers = orders.id[orders.customer == customer].tolist()
        for number, fault in zip(numbers, _faults_of(app, connection, customer, numbers), strict=True):
            if fault is not None:
                found[customer, int(number)] = fault
    return found


def _faults_of(app: App, connection: Connection, customer: str, orders: Sequence[int]) -> list[_Fault | None]:
    first = stored.first_rows(connection, orders).set_index("order_id").loc[list(orders)]
    # What is asked for is the same for all rows of an order, and so is its letter.
    each, which = np.unique(first.id.to_numpy(np.int64), return_inverse=True)
    requests = with_shared(app.store, connection, load_rows(app.store, connection, each).requests.take(which), first.shared)
    papers: list[dict[str, Paper]] = [{} for _ in orders]
    for (place, field), meant in meant_by(app, connection, requests, each[which]).items():
        papers[place][requests[field].at(place)] = Paper(meant.form)
    terms = app.terms(customer)
    rows = prepare(requests, terms, app.reference, Findings(), Beside(papers, np.arange(len(papers))))
    findings = Findings(terms.severities)
    for check in CHECKS.found:
        check.run(rows, findings)
    faults: list[_Fault | None] = [None] * len(papers)
    for each_found in records(findings.frame()):
        if faults[each_found.row] is None and severity_of(each_found.code, each_found.detail, terms.severities) == ERROR:
            faults[each_found.row] = _Fault(each_found.code, each_found.field, each_found.detail or "")
    return faults
