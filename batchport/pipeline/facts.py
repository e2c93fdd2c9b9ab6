"""What mails tell, drawn from the database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.checks.dates import intervals
from batchport.domain.checks.prepared import prepare
from batchport.domain.deadlines import Due
from batchport.domain.findings import Findings
from batchport.domain.lifecycle import IN_FLIGHT, State
from batchport.domain.table import Mask, records
from batchport.mail import (
    AlarmFacts,
    AnswerLine,
    CompletedFacts,
    ExceptionLine,
    Expect,
    Fault,
    FileFacts,
    FileProblem,
    LateLine,
    MovedLine,
    NightFacts,
    OverdueFacts,
    ReceivedFacts,
    RowLine,
    SourceLine,
    SubmissionLine,
    UpdateFacts,
    together,
)
from batchport.pipeline.app import App
from batchport.pipeline.assess import FileFinding
from batchport.pipeline.count import counted
from batchport.pipeline.deadlines import falling_due, overdue
from batchport.pipeline.shown import day, shown_number
from batchport.pipeline.view import FileView, view_file
from batchport.pipeline.wording import file_words
from batchport.store import journal, look

_SHOWN = 20
#: How many rows files that are kept may have in all.
_MOST_KEPT = 100_000
#: States of rows that are with a partner, without a date.
_NO_DATE_YET = (State.SUBMITTED, State.ACKNOWLEDGED, State.DELAYED)

class Views:
    """Files as they stand, the last few kept: many mails of a pass speak of the same file; and the rows that passes changed."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[int, FileView] = {}
        self._changed: dict[tuple[int, int], pd.DataFrame] = {}

    def of(self, connection: Connection, number: int) -> FileView:
        """The view of a file."""
        if number not in self._kept:
            view = view_file(self._app, connection, number)
            while self._kept and len(view.rows) + sum(len(kept.rows) for kept in self._kept.values()) > _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[number] = view
        return self._kept[number]

    def changed(self, connection: Connection, record: Any) -> pd.DataFrame:
        """The rows that were answered, or held when they were to go, in the passes that a mail tells of."""
        told = record.pass_id, record.until_pass
        if told not in self._changed:
            passes = look.passes_between(connection, *told)
            ids = [row for number in passes for row in (*look.rows_answered_in(connection, number), *look.rows_held_at_last(connection, number))]
            self._changed[told] = look.rows_by(connection, ids=ids)
        return self._changed[told]


def received_facts(app: App, connection: Connection, views: Views, record: Any, contact: str | None) -> tuple[ReceivedFacts, list[FileView]]:
    """What became of the files that a customer sent in a pass; for a contact, of the rows that name it."""
    facts, concerned = [], []
    of_pass = look.file_records(connection, pass_id=record.pass_id, customer=record.customer)
    # A file that waits for its columns has a mail of its own.
    for file in [file for file in of_pass if file.proposal is None] or of_pass:
        told, view = _file_facts(app, connection, views, file, contact)
        if contact is not None and not (view is not None and told.rows):
            continue
        facts.append(told)
        if view is not None:
            concerned.append(view)
    return ReceivedFacts(customer_name=customer_name(app, record.customer), contact=app.settings.operator.email, files=tuple(facts)), concerned


def _file_facts(app: App, connection: Connection, views: Views, file: Any, contact: str | None) -> tuple[FileFacts, FileView | None]:
    problems = tuple(FileProblem(said.message, said.fix) for said in (file_words(FileFinding(**each), app.language(file.customer)) for each in json.loads(file.problems)))
    facts = FileFacts(name=file.name, state=file.state, problems=problems)
    source = file
    if file.same_as is not None:
        source = look.file_record(connection, file.same_as)
        facts = replace(facts, same_as=source.name)
    if not source.rows:
        return facts, None
    view = views.of(connection, source.id)
    only = view.named_by(contact) if contact is not None else np.ones(len(view.rows), dtype=bool)
    lines, more = _rows_to_fix(view, only)
    return (
        replace(
            facts, rows=int(only.sum()), counts=view.counts(only), faults=_faults(view, only), rows_to_fix=lines, more=more, expect=expected(app, view, only & np.isin(view.state, (State.READY, State.HELD, *IN_FLIGHT))),
            results=view.results_name,
        ),
        view,
    )  # fmt: skip


def _rows_to_fix(view: FileView, only: Mask) -> tuple[tuple[RowLine, ...], int]:
    needing = np.flatnonzero(only & view.needing)
    lines = []
    for at in needing[:_SHOWN].tolist():
        state = State(int(view.state[at])).label
        lines.append(RowLine(int(view.rows.row[at]), shown_number(view.rows.tn[at]), state, view.told.wrong.at(at), view.told.fix.at(at), _sheet(view, at)))
    return tuple(lines), max(0, len(needing) - _SHOWN)


def _faults(view: FileView, only: Mask) -> tuple[Fault, ...]:
    """The kinds of errors, the commonest first."""
    found: dict[str, list[int]] = {}
    words: dict[str, Any] = {}
    for at in view.told.rows[only[view.told.rows]].tolist():
        for each in view.told.sentences[at]:
            if each.severity == "error":
                found.setdefault(each.code, []).append(at)
                words.setdefault(each.code, each.words)
    ordered = sorted(found, key=lambda code: -len(set(found[code])))
    return tuple(Fault(words[code].message, words[code].fix, len(set(found[code])), int(view.rows.row[found[code][0]])) for code in ordered)


def expected(app: App, view: FileView, going: Mask) -> tuple[Expect, ...]:
    """When some rows can move at the soonest, an entry a kind of port, in business days: as checked, with what carrier and partner ask for."""
    at = np.flatnonzero(going)
    if not len(at) or view.record.customer not in app.settings.customers:
        return ()
    requests = view.source.requests
    # What the days depend on; one row of each stands for all of them.
    keys = np.stack([requests[name].take(at).ids() for name in ("number_type", "account_type", "country", "losing_carrier")])
    first = at[np.unique(keys, axis=1, return_index=True)[1]]
    rows = prepare(requests.take(first), app.terms(view.record.customer), app.reference, Findings())
    least = intervals(rows)
    free, wireless, multi = rows.toll_free, rows.wireless, rows.multi
    kinds = {"single_line": ~free & ~wireless & ~multi, "multi_line": ~free & ~wireless & multi, "wireless": wireless, "toll_free": free}
    days = {kind: least[mask & (least >= 0)] for kind, mask in kinds.items()}
    return tuple(Expect(kind, int(found.min()), int(found.max())) for kind, found in days.items() if len(found))


def update_facts(app: App, connection: Connection, views: Views, record: Any, contact: str | None) -> tuple[UpdateFacts | None, list[FileView]]:
    """What partners answered in a pass about a customer's rows; completions have a mail of their own. None where nothing is left to tell."""
    rejected: list[AnswerLine] = []
    confirmed: list[AnswerLine] = []
    other: list[AnswerLine] = []
    concerned = _answered_views(connection, views, record, contact)
    answered_of = {view.record.id: np.flatnonzero(only & answered) for view, answered, only in concerned}
    counts: dict[str, int] = {}
    for view, _, only in concerned:
        for state, number in view.counts(only).items():
            counts[state] = counts.get(state, 0) + number
        pons = view.pons()
        for at in answered_of[view.record.id].tolist():
            now = State(int(view.state[at]))
            if now is State.COMPLETED:
                continue
            line = _answer_line(view, at, now, pons.at(at))
            (rejected if now is State.CARRIER_REJECTED else confirmed if line.date is not None else other).append(line)
    if not (rejected or confirmed or other):
        return None, []
    names = tuple(dict.fromkeys(view.record.name for view, _, _ in concerned))
    facts = UpdateFacts(
        customer_name=customer_name(app, record.customer), contact=app.settings.operator.email, files=names,
        rejected=tuple(rejected[:_SHOWN]), rejected_more=max(0, len(rejected) - _SHOWN),
        confirmed=tuple(confirmed[:_SHOWN]), confirmed_more=max(0, len(confirmed) - _SHOWN),
        other=tuple(other[:_SHOWN]), other_more=max(0, len(other) - _SHOWN), counts=counts,
        expect=together(expected(app, view, only & np.isin(view.state, _NO_DATE_YET)) for view, _, only in concerned),
    )  # fmt: skip
    return facts, [view for view, _, _ in concerned]


def completed_facts(app: App, connection: Connection, views: Views, record: Any, contact: str | None) -> tuple[CompletedFacts | None, list[FileView]]:
    """The numbers of a customer that moved in a pass; None where none has, after all."""
    lines: list[MovedLine] = []
    under_way = 0
    concerned = []
    for view, answered, only in _answered_views(connection, views, record, contact):
        moved = np.flatnonzero(only & answered & (view.state == State.COMPLETED)).tolist()
        if not moved:
            continue
        concerned.append(view)
        under_way += int((only & np.isin(view.state, [int(state) for state in IN_FLIGHT | {State.READY, State.HELD}])).sum())
        pons, requests = view.pons(), view.source.requests
        lines += [
            MovedLine(
                file=view.record.name, row=int(view.rows.row[at]), tn=shown_number(view.rows.tn[at]), pon=pons.at(at), destination=requests["destination"].at(at),
                losing_carrier=requests["losing_carrier"].at(at), sheet=_sheet(view, at),
            ) for at in moved
        ]  # fmt: skip
    if not lines:
        return None, []
    names = tuple(dict.fromkeys(view.record.name for view in concerned))
    facts = CompletedFacts(
        customer_name=customer_name(app, record.customer), contact=app.settings.operator.email, files=names, lines=tuple(lines[:_SHOWN]),
        more=max(0, len(lines) - _SHOWN), under_way=under_way,
    )  # fmt: skip
    return facts, concerned


def overdue_facts(app: App, connection: Connection, views: Views, record: Any, contact: str | None) -> tuple[OverdueFacts | None, list[FileView]]:
    """The numbers of a customer that partners are late with now; None where there are none any more."""
    late = overdue(falling_due(app, connection, by_now=True))
    late = late[late.customer == record.customer].drop_duplicates("row_id")
    lines: dict[str, list[LateLine]] = {Due.ANSWER.value: [], Due.COMPLETION.value: []}
    rows = look.rows_by(connection, ids=late.row_id.tolist())
    due = late.set_index("row_id")
    for number, own in rows.groupby("file_id"):
        view = views.of(connection, int(str(number)))
        only = view.named_by(contact) if contact is not None else np.ones(len(view.rows), dtype=bool)
        pons = view.pons()
        for at in np.flatnonzero(only & np.isin(view.rows.id.to_numpy(), own.id.to_numpy())).tolist():
            said: Any = due.loc[int(view.rows.id[at])]
            line = LateLine(
                file=view.record.name, row=int(view.rows.row[at]), tn=shown_number(view.rows.tn[at]), pon=pons.at(at), due=said.due.date(), sheet=_sheet(view, at),
            )  # fmt: skip
            lines[said.what].append(line)
    unheard, unmoved = lines.values()
    if not (unheard or unmoved):
        return None, []
    facts = OverdueFacts(
        customer_name=customer_name(app, record.customer), contact=app.settings.operator.email, files=tuple(dict.fromkeys(line.file for line in (*unmoved, *unheard))),
        unheard=tuple(unheard[:_SHOWN]), unmoved=tuple(unmoved[:_SHOWN]), totals=(len(unheard), len(unmoved)),
    )  # fmt: skip
    return facts, []


def _answered_views(connection: Connection, views: Views, record: Any, contact: str | None) -> list[tuple[FileView, Mask, Mask]]:
    """Files of a customer with rows that were answered in a pass, or held when they were to go, which rows these are, and which a contact may hear of (all, without one)."""
    rows = views.changed(connection, record)
    rows = rows[rows.customer == record.customer]
    found = []
    for number, own in rows.groupby("file_id"):
        view = views.of(connection, int(number))
        answered = np.isin(view.rows.id.to_numpy(), own.id.to_numpy())
        only = view.named_by(contact) if contact is not None else np.ones(len(view.rows), dtype=bool)
        if (answered & only).any():
            found.append((view, answered, only))
    return found


def _answer_line(view: FileView, at: int, state: State, pon: str) -> AnswerLine:
    reasons = view.reasons.get(at, [])
    if state is State.HELD:
        return AnswerLine(
            file=view.record.name, row=int(view.rows.row[at]), tn=shown_number(view.rows.tn[at]), pon=pon, state=state.label, reason=view.told.wrong.at(at),
            fix=view.told.fix.at(at), date=None, sheet=_sheet(view, at),
        )  # fmt: skip
    return AnswerLine(
        file=view.record.name, row=int(view.rows.row[at]), tn=shown_number(view.rows.tn[at]), pon=pon, state=state.label,
        reason=" ".join(said.message for said in reasons), fix=" ".join(said.fix for said in reasons if said.fix),
        date=day(view.rows.foc[at]) if state is State.CONFIRMED else None, sheet=_sheet(view, at),
    )  # fmt: skip


def night_facts(app: App, connection: Connection, record: Any) -> NightFacts:
    """One whole pass, for the operator."""
    count = counted(connection)
    done = look.pass_record(connection, record.pass_id)
    told = json.loads(done.summary)
    exceptions = look.exceptions_of_pass(connection, record.pass_id)
    recorded, head = journal.head(connection)
    return NightFacts(
        at=app.local(datetime.fromisoformat(done.started)), balanced=count.balanced, files=told["files"], rows=count.rows, lines=count.lines,
        mails=look.mail_counts(connection, record.pass_id), rejected=told["rejected"],
        sources=tuple(
            SourceLine(customer=customer, name=name, state=state, rows=sum(counts.values()), counts=counts) for customer, name, state, counts in told["sources"]
        ),
        submissions=tuple(SubmissionLine(*sent) for sent in told["sent"]),
        exceptions=tuple(
            ExceptionLine(id=str(line.id), partner=line.partner, file=line.file, line=int(line.line), reason=line.reason, pon=line.pon, tn=line.tn)
            for line in records(exceptions.head(_SHOWN))
        ),
        exceptions_more=max(0, len(exceptions) - _SHOWN), due=tuple(told["due"]), to_do=tuple(told["to_do"]), problems=tuple(FileProblem(said, "") for said in told["problems"]),
        records=recorded, head=head,
    )  # fmt: skip


def alarm_facts(app: App, connection: Connection, record: Any) -> AlarmFacts:
    """What cannot wait for the night's mail, for the operator."""
    done = look.pass_record(connection, record.pass_id)
    return AlarmFacts(at=app.local(datetime.fromisoformat(done.started)), problems=tuple(json.loads(done.summary)["alarms"]))


def _sheet(view: FileView, at: int) -> str:
    sheets = view.source.sheets
    return (sheets[view.source.sheet_at(at)].name or "") if len(sheets) > 1 else ""


def customer_name(app: App, customer: str) -> str:
    """What a customer is called; its id where the configuration has it no more."""
    found = app.settings.customers.get(customer)
    return found.name if found else customer
