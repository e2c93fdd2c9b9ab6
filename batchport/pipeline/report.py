"""The facts of the report: what an operator wants to know in the morning, drawn from the database in sums."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.carriers.codes import Reason
from batchport.domain.deadlines import Due
from batchport.domain.findings import ERROR, catalogue
from batchport.domain.lifecycle import State
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.count import count_of
from batchport.pipeline.deadlines import falling_due
from batchport.reports.facts import CustomerLine, DueOrder, Fault, PartnerLine, Rejections, ReportFacts, Sheet, Strange, Wait, Waiting
from batchport.reports.page import report_page
from batchport.store import count, report
from batchport.store.mappings import waiting_files
from batchport.templates import template_folder

#: How many days back rejections and waiting times are told of where nobody says otherwise, and how many days ahead what is to move.
_BACK, _AHEAD = 30, 7
#: How many orders are listed that a partner is late with.
_LISTED = 500
#: Words with numbers in them.
_NUMBERS = re.compile(r"\*{4}\w*|[\w-]*\d{3}[\w-]*")
#: What the columns of `store.report.Sent` are called on the page.
_ANSWERS = {"answered": "first answer", "confirmed": "confirmation", "completed": "completion"}


def report_html(app: App, since: date | None = None) -> bytes:
    """The report as a page, with the operator's own templates before the packaged ones."""
    with app.store.reading() as connection:
        facts = report_facts(app, connection, since)
    return report_page(facts, [*app.settings.template_folders, template_folder()]).encode()


def report_facts(app: App, connection: Connection, since: date | None) -> ReportFacts:
    """What the report tells, with rejections and waiting times since a day or moment, by the installation's clock."""
    start = app.moment(since if since is not None else app.local(app.now).date() - timedelta(days=_BACK))
    stamp = app.stamp_of(start)
    rows, awaited = count.rows_by_customer(connection)
    lines = count.lines_by_partner(connection)
    totals = sum(rows.values(), Counter[int]())
    whole = count_of(connection, totals, awaited, (sum(sent for sent, _ in lines.values()), sum(answered for _, answered in lines.values())))
    due = _due(app, connection)
    late = [order for order in due if order.late]
    sent = report.sent(connection, stamp)
    today = app.local(app.now).date()
    strange = tuple(Strange(partner, reason, number, _local(app, oldest)) for partner, reason, number, oldest in report.strange(connection))
    waiting = Waiting(
        totals[State.REJECTED], totals[State.CARRIER_REJECTED], sum(line.lines for line in strange), len({order.pon for order in late}), report.mails_undelivered(connection, stamp),
        report.orders_on_hold(connection),
    )  # fmt: skip
    return ReportFacts(
        at=app.local(app.now), since=app.local(start), rows=whole.rows, lines=whole.lines, balanced=whole.balanced, waiting=waiting,
        rejections=tuple(_rejections(app, report.refused(connection, stamp))), sent=_summed((one.losing_carrier, one.lines) for one in sent),
        faults=tuple(_faults(app, report.faults(connection, stamp))), waits=_waits(app, sent), due=tuple(due[:_LISTED]), due_more=max(0, len(due) - _LISTED),
        strange=strange, moving=report.moving(connection, [today + timedelta(days=ahead) for ahead in range(_AHEAD + 1)]), customers=tuple(_customers(app, connection, rows)), partners=tuple(_partners(app, connection, lines)),
    )  # fmt: skip


def _summed(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, number in pairs:
        found[name] += number
    return dict(found)


def _local(app: App, stamp: str) -> datetime:
    """A stored time on the installation's clock."""
    return app.local(datetime.fromisoformat(stamp))


def _rejections(app: App, refused: list[report.Refused]) -> list[Rejections]:
    """Each with what its codes mean; those that mean the same together."""
    found: Counter[tuple[str, str, tuple[tuple[str, str, str], ...]]] = Counter()
    for one in refused:
        reasons = app.codes(one.partner).explain(one.code, one.text) if one.partner in app.settings.partners else ()
        found[one.partner, one.losing_carrier, tuple((reason.code, reason.class_, _told(reason, one.text)) for reason in reasons)] += one.numbers
    return [Rejections(*key, numbers) for key, numbers in sorted(found.items())]


def _told(reason: Reason, said: str) -> str:
    """What a reason means; in a partner's own words the numbers are left out, which may be anybody's account, and make each line another one."""
    return _NUMBERS.sub("…", reason.text) if reason.text == said.strip() else reason.text


def _faults(app: App, found: list[tuple[str, str, int]]) -> list[Fault]:
    """The errors among what was found, by the settings of each customer, the commonest first."""
    rules = catalogue()
    severities = {name: customer.severities for name, customer in app.settings.customers.items()}
    errors = Counter[str]()
    for customer, code, rows in found:
        if severities.get(customer, {}).get(code, rules[code].severity) == ERROR:
            errors[code] += rows
    return [Fault(code, rules[code].why, rows) for code, rows in sorted(errors.items(), key=lambda each: (-each[1], each[0]))]


def _waits(app: App, sent: list[report.Sent]) -> dict[str, Wait]:
    """How many business days orders took, by the partner's calendar and clock."""
    taken: dict[str, Counter[int]] = defaultdict(Counter)
    open_: Counter[str] = Counter()
    between = _business_days(app)
    for one in sent:
        for column, name in _ANSWERS.items():
            at = getattr(one, column)
            if at is None:
                open_[name] += one.orders
            else:
                taken[name][between(one.partner, one.country, one.sent, at)] += one.orders
    return {name: Wait(dict(sorted(taken[name].items())), open_[name]) for name in _ANSWERS.values() if taken[name] or open_[name]}


def _business_days(app: App) -> Callable[[str, str, str, str], int]:
    """Tells how many business days of a partner in a country there are from one stored time to another; 0: the same day."""

    @cache
    def calendar(partner: str, country: str) -> np.busdaycalendar:
        own = app.profile(partner).holidays if partner in app.settings.partners else ()
        return np.busdaycalendar(holidays=app.reference.holidays.of(country, "", own).days)

    @cache
    def between(partner: str, country: str, first: str, last: str) -> int:
        zone = app.profile(partner).timezone if partner in app.settings.partners else None
        begin, end = (np.datetime64(datetime.fromisoformat(stamp).astimezone(zone).date(), "D") for stamp in (first, last))
        return int(np.busday_count(begin, end, busdaycal=calendar(partner, country)))

    return between


def _due(app: App, connection: Connection) -> list[DueOrder]:
    """Orders that a partner is late with, and those that it is about to cancel, the oldest first."""
    found = falling_due(app, connection, by_now=True)
    found = found[found.near]
    orders = found.groupby(["order_id", "what"], as_index=False, sort=False).agg(due=("due", "min"), numbers=("row_id", "size"), partner=("partner", "first"), customer=("customer", "first"))
    pons = app.store.pons.give(orders.order_id.to_numpy(np.int64)) if len(orders) else []
    return [
        DueOrder(pon, one.customer, one.partner, one.what, pd.Timestamp(one.due).date(), _late(app, one), int(one.numbers))
        for pon, one in sorted(zip(pons, records(orders), strict=True), key=lambda each: (each[1].due, each[1].order_id))
    ]


def _late(app: App, one: Any) -> int:
    """Calendar days that an order is late, by the partner's clock; none where it is not."""
    if one.what == Due.LAPSE.value:
        return 0
    return (app.now.astimezone(app.profile(one.partner).timezone).date() - pd.Timestamp(one.due).date()).days


def _customers(app: App, connection: Connection, rows: Mapping[str, Counter[int]]) -> list[CustomerLine]:
    """Those of the settings, and those that have been in them."""
    last, papers = report.last_sheets(connection), report.files_waiting(connection)
    unmapped = Counter(file.customer for file in waiting_files(connection))
    known = app.settings.customers
    return [
        CustomerLine(
            id=name, name=known[name].name if name in known else name, rows={State(state).label: number for state, number in sorted(rows.get(name, {}).items())},
            last=Sheet(last[name][0], last[name][1], _local(app, last[name][2])) if name in last else None, unmapped=unmapped[name], papers=papers.get(name, 0),
        )
        for name in sorted({*known, *last})
    ]  # fmt: skip


def _partners(app: App, connection: Connection, lines: Mapping[str, tuple[int, int]]) -> list[PartnerLine]:
    """Those of the settings, and those that have been in them."""
    files, heard = report.files_sent(connection), report.last_heard(connection)
    found = []
    for name in sorted({*app.settings.partners, *files, *heard}):
        number, last = files.get(name, (0, ""))
        sent, answered = lines.get(name, (0, 0))
        found.append(PartnerLine(name, number, sent, answered, _local(app, last) if last else None, _local(app, heard[name]) if name in heard else None))
    return found
