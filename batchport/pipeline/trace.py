"""The whole history of a number, an order, a file, a row or a response line: every step with its time, its file and its cause."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.domain.numbering import one as number_in
from batchport.domain.table import known, records
from batchport.domain.versions import CANCEL, CHANGE, NEW_DATE
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.mails import contacts_of
from batchport.pipeline.remedies import remedies
from batchport.pipeline.shown import shown_number
from batchport.store import look
from batchport.store.pieces import load_rows

#: Steps of one moment stand in this order.
_ORDER = {"row read": 0, "order": 1, "act": 2, "submission": 3, "answer": 4, "exception": 5, "mail": 6, "now": 7}
#: `monday.csv, line 3` as it is shown here, and `monday.csv:3`.
_LINE = re.compile(r"(?P<file>.+?)(?:, line |:)(?P<line>[0-9]{1,9})")
_SUPS = {"": "the order was ready", CANCEL: "SUP 1, to cancel it", NEW_DATE: "SUP 2, for a new date", CHANGE: "SUP 3, to restate it"}


def trace(app: App, handle: str) -> list[dict[str, Any]]:
    """The steps behind a handle, in the order of time: at, step, what, file, cause; of answers the reasons too.

    Raises:
        Unknown: the handle is nothing that is known here.
    """
    with app.store.reading() as connection:
        history = _History(app, connection)
        rows = history.rows_of(handle)
        if rows is None:
            raise Unknown(f"{handle!r} is no number, PON, file, line of a response (`answer.csv:3`), row id or exception id that is known here")
        history.follow(rows)
    return sorted(history.steps, key=lambda step: (step["at"], _ORDER[step["step"]]))


class _History:
    """What is found out, step by step."""

    def __init__(self, app: App, connection: Connection) -> None:
        self._app, self._connection = app, connection
        self.steps: list[dict[str, Any]] = []
        self._exceptions: set[int] = set()

    def _add(self, at: str, step: str, what: str, *, file: str = "", cause: str = "", **more: Any) -> None:
        self.steps.append({"at": at, "step": step, "what": what, "file": file or None, "cause": cause or None, **more})

    def rows_of(self, handle: str) -> pd.DataFrame | None:
        """The rows that a handle leads to; what it is itself, where that is no row, is told."""
        number, _ = number_in(handle)
        if number >= 0:
            found = look.rows_by(self._connection, numbers=[number])
            self._tell_exceptions(look.exceptions_naming(self._connection, f"{number:010d}"))
            return found if len(found) or self.steps else None
        by_id = self._named(handle)
        if by_id is not None:
            return by_id
        if handle.isascii() and handle.isdigit():
            return self._of_exceptions(look.exceptions_by(self._connection, number=int(handle)))
        files = look.files_named(self._connection, handle)
        if files:
            return pd.concat([look.rows_of_file(self._connection, file.id) for file in files])
        orders = look.rows_of_submission(self._connection, handle) or look.orders_answered_by(self._connection, handle)
        exceptions = look.exceptions_by(self._connection, file=handle)
        if orders or exceptions:
            of_exceptions = self._of_exceptions(exceptions)
            found = look.rows_by(self._connection, orders=orders)
            return _together(found, of_exceptions) if of_exceptions is not None else found
        return self._of_line(handle)

    def _named(self, handle: str) -> pd.DataFrame | None:
        """The rows behind a PON or a Row ID."""
        for names, by in ((self._app.store.pons, "orders"), (self._app.store.row_ids, "ids")):
            named = int(names.read([handle])[0])
            if named > 0:
                found = look.rows_by(self._connection, **{by: [named]})
                if by == "orders":
                    # What was left of an order that was called off for it stands in new ones.
                    found = _together(found, look.rows_by(self._connection, orders=look.orders_out_of(self._connection, named)))
                if len(found):
                    return found
        return None

    def _of_line(self, handle: str) -> pd.DataFrame | None:
        """The rows that one line of a response file speaks of."""
        said = _LINE.fullmatch(handle)
        if said is None:
            return None
        file, line = said["file"], int(said["line"])
        exceptions = [one for one in look.exceptions_by(self._connection, file=file) if one.line == line]
        answered = look.answers_on_line(self._connection, file, line)
        if not answered:
            return self._of_exceptions(exceptions)
        self._tell_exceptions(exceptions)
        own = [int(row) for _, row in answered if row is not None]
        whole = [int(order) for order, row in answered if row is None]
        return _together(look.rows_by(self._connection, ids=own), look.rows_by(self._connection, orders=whole))

    def _of_exceptions(self, lines: list[Any]) -> pd.DataFrame | None:
        """The rows of the orders, or else for the numbers, that exception lines name."""
        if not lines:
            return None
        self._tell_exceptions(lines)
        orders = [int(order) for order in self._app.store.pons.read([line.pon for line in lines if line.pon]) if order > 0]
        of_orders = look.rows_by(self._connection, orders=orders)
        numbers = [number for number, _ in (number_in(line.tn) for line in lines) if number >= 0]
        return of_orders if len(of_orders) else look.rows_by(self._connection, numbers=numbers)

    def _tell_exceptions(self, lines: list[Any]) -> None:
        """Exception lines, and how they were settled."""
        for line in lines:
            if line.id in self._exceptions:
                continue
            self._exceptions.add(line.id)
            said = [part for part in (line.code, line.text, line.foc_date) if part]
            told = ", ".join([f"{line.partner} said {line.status or 'nothing'} of {line.tn or line.pon or 'nothing'}", *said])
            self._add(line.received, "exception", f"{told}: {line.reason}", file=f"{line.file}, line {line.line}", cause=f"exception line {line.id}")
            if known(line.resolved):
                self._add(line.resolved, "act", f"exception line {line.id} resolved by {line.resolved_by}: {line.why}", cause=f"{line.resolved_by}: {line.why}")

    def follow(self, rows: pd.DataFrame) -> None:
        """Tell all that is known of some rows and their orders."""
        if not len(rows):
            return
        files = {number: look.file_record(self._connection, number) for number in rows.file_id.unique().tolist()}
        orders = [int(order) for order in rows.order_id.dropna().unique()]
        history = look.history_of_orders(self._connection, orders)
        passes = {file.pass_id for file in files.values()} | set(history["answers"].pass_id) | set(history["versions"].pass_id)
        commands = look.commands_of(self._connection, sorted(int(number) for number in passes))
        causes = {number: f"pass {number}, `{command}`" for number, command in commands.items()}
        pons = dict(zip(orders, self._app.store.pons.give(np.array(orders, np.int64)), strict=True)) if orders else {}
        sent = {(one.order_id, one.ver): one.name for one in records(history["versions"])}
        self._tell_rows(rows, files, causes, sent)
        self._tell_orders(rows, files, pons)
        self._tell_versions(history, pons, causes)
        heard = self._tell_answers(history["answers"], set(rows.id), pons, causes)
        self._tell_exceptions(look.exceptions_by(self._connection, orders=orders))
        for act in records(history["acts"]):
            self._add(act.at, "act", f"{act.what} of {pons[act.order_id]} by {act.who}: {act.why}", cause=f"{act.who}: {act.why}")
        self._tell_mails(rows, {file.pass_id for file in files.values()} | heard)

    def _tell_rows(self, rows: pd.DataFrame, files: dict[int, Any], causes: dict[int, str], sent: dict[tuple[int, int], str]) -> None:
        row_ids = dict(zip(rows.id, self._app.store.row_ids.give(rows.id.to_numpy(np.int64)), strict=True))
        to_do = remedies(self._app, self._connection, [int(order) for order in rows.order_id[rows.state == State.CARRIER_REJECTED].dropna().unique()])
        answers = look.answers_by_id(self._connection, sorted(set(rows.answer_id.dropna().astype(int))))
        lines: dict[tuple[int, int] | None, str] = {(int(said.id), int(said.ver)): f"{said.file}, line {said.line}" for said in records(answers)}
        for row in records(rows):
            file, place = files[row.file_id], f"{row.customer}/{row.file}, row {row.row}"
            number = shown_number(row.tn) or f"row {row.row}"
            self._add(
                file.received, "row read", f"{shown_number(row.tn) or 'no number'}, row id {row_ids[row.id]}", file=place, cause=causes[file.pass_id],
            )  # fmt: skip
            since = pd.Timestamp(int(row.since), unit="s", tz="UTC").isoformat()
            own = [remedy for remedy in to_do.get(int(row.order_id), ()) if f"{int(row.tn):010d}" in remedy.numbers] if known(row.order_id) and known(row.tn) else []
            told = "".join(f" {remedy.what}" for remedy in own if row.state == State.CARRIER_REJECTED)
            # What brought it here: the answer to its version, or the sending of that, or else what its sheet says.
            answer = (int(row.answer_id), int(row.ver)) if known(row.answer_id) else None
            version = (int(row.order_id), int(row.ver)) if known(row.order_id) else None
            cause = lines.get(answer) or (sent.get(version) if version else None) or place
            self._add(since, "now", f"{number} is {State(int(row.state)).label.replace('_', ' ')}{'.' if told else ''}{told}", cause=cause)

    def _tell_orders(self, rows: pd.DataFrame, files: dict[int, Any], pons: dict[int, str]) -> None:
        for row in records(rows.dropna(subset="order_id").drop_duplicates("order_id")):
            held = f", held: {row.held_by}" if row.held_by else ""
            self._add(files[row.file_id].received, "order", f"order {pons[int(row.order_id)]}{held}", cause=f"{row.customer}/{row.file}, row {row.row}")

    def _tell_versions(self, history: dict[str, pd.DataFrame], pons: dict[int, str], causes: dict[int, str]) -> None:
        for sent in records(history["versions"]):
            when, what = (sent.sent, "sent to") if known(sent.sent) else (sent.stored, "stored, to be sent to")
            words = f"order {pons[sent.order_id]} version {sent.ver:02d} {what} {sent.partner}, {sent.lines} lines"
            self._add(when, "submission", words, file=sent.name, cause=f"{_SUPS[sent.sup]}; {causes[sent.pass_id]}")
        for act in records(history["asked"]):
            words = f"{act.what} of {act.submission} by {act.who}{': ' if act.why else ''}{act.why}"
            self._add(act.at, "act", words, file=act.submission, cause=f"{act.who}: {act.why}")
        for sent in records(history["again"]):
            words = f"sent again to {sent.partner}" if sent.state == "sent" else f"to be sent again to {sent.partner}: {sent.state}"
            self._add(sent.sent if known(sent.sent) else sent.asked, "submission", f"{words}: {sent.submission}", file=sent.name, cause="resend")

    def _tell_answers(self, answers: pd.DataFrame, own: set[int], pons: dict[int, str], causes: dict[int, str]) -> set[int]:
        """The answers to some rows and to their whole orders; the passes in which they came."""
        heard = set()
        for said in records(answers):
            if known(said.row_id) and said.row_id not in own:
                continue
            heard.add(int(said.pass_id))
            self._add(
                said.received, "answer", _answer(said, pons), file=f"{said.name}, line {said.line}", cause=causes[said.pass_id] + (f", said at {said.at}" if said.at else ""),
                reasons=self._reasons(said),
            )  # fmt: skip
        return heard

    def _reasons(self, said: Any) -> list[dict[str, Any]]:
        """What an answer's codes mean."""
        if said.partner not in self._app.settings.partners or not (said.code or said.status == "REJECT"):
            return []
        return [
            {"code": reason.code or None, "text": reason.text, "class": reason.class_, "field": reason.field or None, "remedy": reason.remedy}
            for reason in self._app.codes(said.partner).explain(said.code, said.text)
        ]  # fmt: skip

    def _tell_mails(self, rows: pd.DataFrame, passes: set[int]) -> None:
        """Mails to the customers whose rows these are, and to the contacts that these rows name."""
        requests = load_rows(self._app.store, self._connection, np.sort(rows.id.to_numpy(np.int64)), ["contact_email"]).requests
        own = {settings.email for name, settings in self._app.settings.customers.items() if name in set(rows.customer)}
        recipients = {address.casefold() for address in (*own, *contacts_of(requests))}
        for mail in records(look.mails_about(self._connection, sorted(int(number) for number in passes), rows.customer.unique().tolist())):
            if mail.recipient.casefold() in recipients:
                self._add(mail.sent if known(mail.sent) else mail.created, "mail", f"{mail.kind} to {mail.recipient}: {mail.state}{', ' if mail.trouble else ''}{mail.trouble}", cause=f"pass {mail.pass_id}")


def _answer(said: Any, pons: dict[int, str]) -> str:
    whole = " (whole order)" if not known(said.row_id) else ""
    parts = [f"{said.partner} said {said.status}{whole} of order {pons[said.order_id]} version {said.ver:02d}"]
    parts += [part for part in (said.code, said.text, said.foc_date) if part]
    return ", ".join(parts) + ("" if said.applied else "; changed nothing")


def _together(*parts: pd.DataFrame) -> pd.DataFrame:
    """Rows of several finds, each once."""
    there = [part for part in parts if len(part)]
    return pd.concat(there).drop_duplicates("id") if there else parts[0]
