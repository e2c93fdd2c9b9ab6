"""A customer's stored file as people are shown it: its rows with their states, reasons and sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from batchport.domain.language import Language, phrase
from batchport.domain.lifecycle import ORDERLESS, State
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Mask, known
from batchport.files import fitting
from batchport.pipeline.app import App
from batchport.pipeline.returned import shown_once
from batchport.pipeline.shown import iso, sentence
from batchport.pipeline.summary import commonest_faults, port_results, summary_of_results
from batchport.pipeline.telling import Blame, Source, SourceSheet, Told, needing_somebody, of_some_rows, sheet_results, spread_order_findings, tell
from batchport.pipeline.wording import Words
from batchport.spreadsheets.results import SheetResult, results_csv, results_workbook
from batchport.store import look
from batchport.store.pieces import open_pieces, requests_of, sheets_of

_NO_REASON = Blame("The carrier rejected it without giving a reason.", "We are asking the carrier; nothing for you to do yet.")
_Said = TypeVar("_Said", bound=Words)
_AS_A_WHOLE = Words("The order was rejected as a whole.", "")


@dataclass
class FileView:
    """One file as it stands now.

    Attributes:
        record: its record in the database.
        source: its sheets and normalised rows.
        rows: id, row, state, order_id, foc, answer_id and the like, in the sheet's order.
        told: sentences by row.
        reasons: position -> the carrier's reasons for the row's present state.
        language: the customer's, of all these sentences.
    """

    app: App
    record: Any
    source: Source
    rows: pd.DataFrame
    told: Told
    reasons: dict[int, list[Words]]
    language: Language = "en"

    @property
    def state(self) -> np.ndarray[Any, Any]:
        """The state of each row."""
        return self.rows.state.to_numpy()

    @property
    def results_name(self) -> str:
        """The file name of its results workbook."""
        stem, end = PurePosixPath(self.record.name).name.rsplit(".", 1)[0], f".{self.record.sha256[:8]}.xlsx"
        return fitting(stem, len(end)) + end

    @property
    def is_text(self) -> bool:
        """Whether it came as text, so that its results go back as text too."""
        return len(self.source.sheets) == 1 and self.source.sheets[0].name is None

    def counts(self, only: Mask | None = None) -> dict[str, int]:
        """State -> number of rows."""
        states = self.state if only is None else self.state[only]
        return {State(state).label: number for state, number in Counter(states.tolist()).items()}

    def named_by(self, contact: str) -> Mask:
        """The rows that name a contact."""
        return self.source.requests["contact_email"].equals(contact)

    def pons(self) -> Column:
        """The PON of each row, blank where it belongs to no order."""
        belongs = self.rows.order_id.notna() & ~self.rows.state.isin([int(state) for state in ORDERLESS])
        ids = self.rows.order_id.where(belongs).fillna(0).astype(np.int64).to_numpy()
        distinct, codes = np.unique(ids, return_inverse=True)
        names = ["" if number == 0 else name for number, name in zip(distinct.tolist(), self.app.store.pons.give(distinct), strict=True)]
        return Column.of(names).take(codes)

    def dates(self) -> Column:
        """The confirmed date of each row, as long as it stands."""
        stands = self.rows.state.isin([int(State.CONFIRMED), int(State.COMPLETED)])
        return Column.of([iso(foc) if there and known(foc) and foc else "" for foc, there in zip(self.rows.foc.tolist(), stands.tolist(), strict=True)])

    @cached_property
    def needing(self) -> Mask:
        """The rows that do not go on by themselves."""
        return needing_somebody(self.told, self.state)

    @cached_property
    def sheets(self) -> list[SheetResult]:
        """The sheets of its results workbook, which the workbook, the text and many a mail are made of."""
        row_ids = Column.of(self.app.store.row_ids.give(self.rows.id.to_numpy(np.int64)))
        return sheet_results(
            self.source, self.told, state=port_results(self.state, self.language), pon=self.pons(), foc_date=self.dates(), row_id=row_ids,
            to_fix=self.needing,
        )  # fmt: skip

    def workbook(self, only: Mask | None = None) -> bytes:
        """Its results workbook, or one of some rows."""
        if only is not None:
            return self._book(of_some_rows(self.sheets, np.flatnonzero(only)), only)
        return self._whole

    @cached_property
    def _whole(self) -> bytes:
        return self._book(self.sheets, None)

    def _book(self, sheets: list[SheetResult], only: Mask | None) -> bytes:
        refused = {at: words for at, words in self.reasons.items() if self.state[at] == State.CARRIER_REJECTED}
        faults = commonest_faults(self.source, self.told, refused, only, self.language)
        needing = sum(int(sheet.to_fix.sum()) for sheet in sheets)
        summary = summary_of_results(self.record.name, self.counts(only), needing, faults, self.language)
        return results_workbook(sheets, summary, destinations=self._destinations)

    def csv(self) -> bytes:
        """Its results as text."""
        return results_csv(self.sheets[0])

    @property
    def _destinations(self) -> tuple[str, ...]:
        """The lines that the customer's numbers can go to; none where they are not listed."""
        known_customer = self.record.customer in self.app.settings.customers
        roster = self.app.roster(self.record.customer) if known_customer else None
        return tuple(roster.lines) if roster is not None else ()


def view_file(app: App, connection: Connection, number: int) -> FileView:
    """A file with all its rows."""
    record = look.file_record(connection, number)
    rows = look.rows_of_file(connection, number)
    customer, language = app.settings.customers.get(record.customer), app.language(record.customer)
    sheets, requests = _stored(app, connection, record)
    if (once := shown_once(sheets, requests, rows.state.to_numpy())) is not None:
        sheets, requests = once.sheets, Requests(requests.take(once.at).columns, once.row)
        rows = rows.iloc[once.at].assign(row=once.row).reset_index(drop=True)
    source = Source(sheets, requests, customer.severities if customer is not None else {}, language=language)
    findings = look.findings_of(connection, rows.id.tolist())
    own = findings.assign(row=pd.Index(rows.id).get_indexer(findings.row_id)) if len(findings) else pd.DataFrame(columns=["row", "code", "field", "detail", "suggestion"])
    orders = rows.order_id.fillna(-1).astype(np.int64).to_numpy()
    notes = look.findings_of_orders(connection, [order for order in np.unique(orders).tolist() if order >= 0]).rename(columns={"order_id": "order"})
    spread = spread_order_findings(notes, orders, rows.state.to_numpy() == int(State.REJECTED))
    reasons = _reasons(app, connection, rows, language)
    both = [part[["row", "code", "field", "detail", "suggestion"]] for part in (own, spread) if len(part)]
    told = tell(source, pd.concat(both, ignore_index=True) if both else own, reasons)
    return FileView(app, record, source, rows, told, reasons, language)


def _stored(app: App, connection: Connection, record: Any) -> tuple[list[SourceSheet], Requests]:
    """The sheets of a stored file, and its normalised rows."""
    import pyarrow as pa

    cells: dict[int, list[pa.Table]] = {}
    parts: list[Requests] = []
    for _, sheet, table in open_pieces(app.store, connection, record.id):
        names = [name for name in table.column_names if name[0] == "s" and name[1:].isdigit()]
        plain = [table[name].cast(pa.string()) if pa.types.is_dictionary(table[name].type) else table[name] for name in names]
        cells.setdefault(sheet, []).append(pa.table(plain, names=[name[1:] for name in names]))
        parts.append(requests_of(table))
    requests = Requests.concat(parts) if parts else Requests({}, np.zeros(0, np.int64))
    described: list[Any] = sheets_of(record.sheets)
    sheets = [
        SourceSheet(said["name"], tuple(said["headers"]), said["columns"], pa.concat_tables(cells[number]))
        for number, said in enumerate(described) if number in cells
    ]  # fmt: skip
    return sheets, requests


def _reasons(app: App, connection: Connection, rows: pd.DataFrame, language: Language) -> dict[int, list[Words]]:
    """The carriers' reasons for rows that were rejected or delayed, as sentences."""
    refused = rows[rows.state.isin([int(State.CARRIER_REJECTED), int(State.DELAYED)]) & rows.answer_id.notna()]
    if not len(refused):
        return {}
    answers = look.answers_by_id(connection, sorted(set(refused.answer_id.astype(int)))).set_index("id")
    found: dict[int, list[Words]] = {}
    for position, answer in zip(refused.index.tolist(), refused.answer_id.astype(int), strict=True):
        said: Any = answers.loc[answer]
        if said.partner not in app.settings.partners:
            continue
        reasons = app.codes(said.partner).explain(said.code, said.text, language)
        if rows.state[position] == int(State.CARRIER_REJECTED):
            whole = [_in(language, _AS_A_WHOLE)] if not known(said.row_id) else []
            blames = [Blame(sentence(reason.text), sentence(reason.remedy), field=reason.field) for reason in reasons]
            found[position] = [*whole, *(blames or [_in(language, _NO_REASON)])]
        else:
            found[position] = [Words(sentence(reason.text), sentence(reason.remedy)) for reason in reasons]
    return found


def _in(language: Language, words: _Said) -> _Said:
    return replace(words, message=phrase(words.message, "reasons", language), fix=phrase(words.fix, "reasons", language))
