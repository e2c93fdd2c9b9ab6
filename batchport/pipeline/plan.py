"""What a pass would do, as one list, without doing any of it."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.check import check_files
from batchport.pipeline.submit import plan
from batchport.store import look, outbox
from batchport.store.responses import seen
from batchport.transport.arrivals import complete_files


def planned(app: App, *, whole: bool, partner: str | None) -> list[dict[str, Any]]:
    """The steps of a pass, each with its words; `whole`: of all stages, else of submit alone."""
    lines = [*_responses(app), *_sheets(app)] if whole else []
    lines += [
        {"stage": "submit", "partner": sent.partner, "orders": int(sent.orders), "lines": int(sent.lines), "now": bool(sent.now),
         "words": f"submit: {sent.orders} orders, {sent.lines} lines to {sent.partner}{'' if sent.now else ', when its window opens'}"}
        for sent in records(plan(app, partner=partner))
    ]  # fmt: skip
    if whole:
        with app.store.reading() as connection:
            due, mails = len(look.results_due(connection)), outbox.waiting(connection)
        if due or mails:
            lines.append({"stage": "notify", "results": due, "mails": mails, "words": f"notify: {due} results to write, {mails} mails to send"})
    return lines


def _responses(app: App) -> list[dict[str, Any]]:
    folders = {app.settings.folder("responses", partner): partner for partner in app.settings.partners}
    lines = []
    with app.store.reading() as connection:
        for arrival in complete_files(list(folders), now=time.time(), settle=app.settings.limits.settle):
            partner = folders[arrival.path.parent]
            if arrival.name.endswith(".manifest.json"):
                continue
            known = seen(connection, partner, hashlib.sha256(arrival.path.read_bytes()).hexdigest())
            words = f"reconcile: {arrival.name} of {partner}{', seen before: nothing to do' if known else ''}"
            lines.append({"stage": "reconcile", "partner": partner, "file": arrival.name, "seen": known, "words": words})
    return lines


def _sheets(app: App) -> list[dict[str, Any]]:
    lines = []
    for customer in app.settings.customers:
        for arrival in complete_files([app.settings.folder("inbox", customer)], now=time.time(), settle=app.settings.limits.settle):
            checked = check_files([(arrival.path, arrival.name)], app.reference, app.limits, app, customer)
            counts = {state: number for state, number in checked.counts().items() if number}
            told = ", ".join(f"{number} {state}" for state, number in counts.items()) or checked.files[0].state
            lines.append({"stage": "intake", "customer": customer, "file": arrival.name, "rows": counts, "words": f"intake: {customer}/{arrival.name}: {told}"})
    return lines
