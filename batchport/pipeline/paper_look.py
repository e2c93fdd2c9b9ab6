"""The last look at papers before orders go for the first time: what the partner asks for must be there, and be fit to be sent (contract, section 7, *Before it goes*).

It finds what has changed since intake: a partner that asks for letters now, or takes no TIFF any more; a paper that is not kept any more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks.papers import CHECKS
from batchport.domain.checks.prepared import prepare
from batchport.domain.findings import ERROR, Findings, severity_of
from batchport.domain.papers import PAPERS, Beside, Paper
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.enclosures import meant_by
from batchport.pipeline.last_look import first_rows, hold
from batchport.pipeline.tally import PassTally
from batchport.store import enclosures as looked_up

#: What keeps an order from going: a code, the field it speaks of, and its detail.
_Fault = tuple[str, str, str]
#: What tells which papers a row needs and which it names: the partner that it goes to, its country, the kind of its number.
_ASKED = (*PAPERS, "tn", "btn", "number_type", "losing_carrier", "country", "state", "postal_code")


def look_at_papers(app: App, tally: PassTally, pass_id: int, partners: Sequence[str]) -> None:
    """Hold the orders to some partners that would go now without a paper that they need; their customers are told."""
    with app.store.reading() as connection:
        going = looked_up.going_orders(connection)
        faults = _faults(app, connection, going[going.partner.isin(list(partners))])
    if not faults:
        return
    with app.store.transaction() as connection:
        for (customer, number), fault in faults.items():
            hold(app, connection, pass_id, customer, number, fault)
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
    requests, ids = first_rows(app, connection, orders, _ASKED)
    papers: list[dict[str, Paper]] = [{} for _ in orders]
    for (place, field), meant in meant_by(app, connection, requests, ids).items():
        papers[place][requests[field].at(place)] = Paper(meant.form)
    terms = app.terms(customer)
    rows = prepare(requests, terms, app.reference, Findings(), Beside(papers, np.arange(len(papers))))
    findings = Findings(terms.severities)
    for check in CHECKS.found:
        check.run(rows, findings)
    faults: list[_Fault | None] = [None] * len(papers)
    for each_found in records(findings.frame()):
        if faults[each_found.row] is None and severity_of(each_found.code, each_found.detail, terms.severities) == ERROR:
            faults[each_found.row] = (each_found.code, each_found.field, each_found.detail or "")
    return faults
