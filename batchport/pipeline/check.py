"""Check: the whole validation and grouping of some files, with nothing stored and nothing sent.

To check a small sheet takes less time than to import what reads profiles and writes workbooks, so these are imported where they are needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from batchport.domain.checks import check_rows
from batchport.domain.checks.prepared import Prepared
from batchport.domain.corrections import Named
from batchport.domain.fields import NAMES
from batchport.domain.findings import Findings, catalogue
from batchport.domain.lifecycle import State
from batchport.domain.orders import Batch, Grouping, Known, group_orders, order_keys
from batchport.domain.papers import Beside
from batchport.domain.reference import Reference
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask, records
from batchport.domain.table import known as is_known
from batchport.domain.terms import Asks, Terms
from batchport.pipeline.assess import READ, ReadFile, read_whole
from batchport.pipeline.telling import Sentence, Source, SourceSheet, Told, needing_somebody, sheet_results, spread_order_findings, tell
from batchport.pipeline.wording import NO_PIN, file_words, masked
from batchport.progress import Progress, quiet
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.sheet import Ask

if TYPE_CHECKING:
    from batchport.pipeline.history import History
    from batchport.spreadsheets.corrected import Change, CorrectedSheet
    from batchport.spreadsheets.summary_page import Summary

#: Without a customer there is no history, and all goes to the shipped profile. What it asks for, and how many lines its orders have at most, stands here too;
#: a test holds the two against each other.
STANDARD_PROFILE = "generic-csv"
STANDARD_ASKS = Asks(soonest={"single_line": 1, "multi_line": 4, "wireless": 1, "toll_free": 2})
STANDARD_LINES = 999
_STATES = ("ready", "held", "rejected", "duplicate")
_LABELS = {int(state): state.label for state in State}
#: How many rows are made into JSON at once: of a million, not all lie in the memory as Python's texts.
_SLICE = 50_000


@dataclass(slots=True)
class Checked:
    """What a check found.

    Attributes:
        files: as read, in the order given.
        rows: the checked rows of all files that could be read.
        findings: of single rows.
        grouping: the orders and each row's state.
        severities: the customer's changes to the catalogue.
    """

    files: list[ReadFile]
    rows: Prepared
    findings: Findings
    grouping: Grouping
    severities: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Ints:
        """The state of each row."""
        return self.grouping.state[: len(self.rows)]

    @property
    def order(self) -> Ints:
        """The order of each row, -1 for none."""
        state = self.state
        order: Ints = np.where((state == State.READY) | (state == State.HELD), self.grouping.keys.order[: len(self.rows)], -1)
        return order

    def findings_frame(self, only: Mask | None = None) -> pd.DataFrame:
        """All findings of rows, or of some of them, those of their orders too: row, code, field, detail, suggestion."""
        own = self.findings.frame()
        member = self.grouping.keys.order[: len(self.rows)]
        if only is not None:
            own = own[only[own.row.to_numpy()]]
            member = np.where(only, member, -1)
        spread = spread_order_findings(self.grouping.findings, member, self.state == State.REJECTED)
        if not len(spread):
            return own[own.row < len(self.rows)]
        return pd.concat([own[own.row < len(self.rows)], spread]).sort_values("row", kind="stable", ignore_index=True)

    def counts(self) -> dict[str, int]:
        """How many rows are in each state."""
        found = np.bincount(self.state, minlength=max(State) + 1)
        return {label: int(found[State[label.upper()]]) for label in _STATES}

    def orders(self) -> int:
        """How many orders rows go in."""
        order = self.order
        goes = order >= 0
        part = self.part[goes]
        return len(pd.unique(order[goes] * (part.max(initial=0) + 1) + part))

    @property
    def part(self) -> Ints:
        """In which part of its order each row goes, from 0."""
        part: Ints = self.grouping.part[: len(self.rows)]
        return part

    def partial(self) -> list[str]:
        """What each row's order says of being partial, blank for rows without one."""
        order, part = self.order, self.part
        last = pd.Series(part[order >= 0]).groupby(order[order >= 0]).max().to_dict()
        says = self.grouping.orders.partial.tolist()
        return ["Y" if at < last.get(number, 0) else says[number] if number >= 0 else "" for number, at in zip(order.tolist(), part.tolist(), strict=True)]

    def code_counts(self) -> dict[str, int]:
        """How many findings there are of each code, those of files and orders included."""
        found = Counter(self.findings.counts())
        found.update(problem.code for file in self.files for problem in file.problems)
        notes = self.grouping.findings
        if len(notes):
            member = self.grouping.keys.order[: len(self.rows)]
            rejected = self.state == State.REJECTED
            count = len(self.grouping.keys.first)
            goes = np.bincount(member[(member >= 0) & ~rejected], minlength=count)
            every = np.bincount(member[member >= 0], minlength=count)
            rows = np.where(notes.rejected_too.to_numpy(dtype=bool), every[notes.order], goes[notes.order])
            for code, number in pd.Series(rows).groupby(notes.code.to_numpy()).sum().items():
                found[str(code)] += int(number)
        return {code: found[code] for code in catalogue() if found[code]}

    def summary(self) -> dict[str, Any]:
        """The last line of the JSON output."""
        return {"files": len(self.files), "rows": len(self.rows), **self.counts(), "orders": self.orders(), "findings": self.code_counts()}

    def starts(self) -> list[tuple[ReadFile, int, int]]:
        """Each file with the positions of its first row and of the one after its last."""
        spans, at = [], 0
        for file in self.files:
            spans.append((file, at, at + len(file.requests)))
            at += len(file.requests)
        return spans

    @property
    def clean(self) -> bool:
        """No row is rejected, and every file was read."""
        return not (self.state == State.REJECTED).any() and all(file.state == READ for file in self.files)


@dataclass(frozen=True, slots=True)
class Basis:
    """What files are checked by.

    Attributes:
        terms: the settings of a customer, or the built-in ones.
        known: the reference tables.
        limits: what is still read.
        saved: what the customer's headers were said to mean.
        history: what the customer sent before; None where files are nobody's.
    """

    terms: Terms
    known: Reference
    limits: Limits
    saved: Saved = field(default_factory=Saved)
    history: History | None = None


def standard(now: datetime, known: Reference, limits: Limits) -> Basis:
    """By what nobody's files are checked: the shipped profile's rules, and no history."""
    return Basis(Terms(now=now, partners={STANDARD_PROFILE: STANDARD_ASKS}), known, limits)


def check_files(paths: Sequence[tuple[Path, str]], basis: Basis, pool: ReaderPool, progress: Progress = quiet) -> Checked:
    """Read, check and group files.

    Args:
        paths: each file and what to call it.
        basis: what to check them by.
        pool: reads them.
        progress: hears of what is done.

    Raises:
        OSError: a file cannot be opened.
    """
    terms, history = basis.terms, basis.history
    pool.ahead([path for path, _ in paths], Ask(basis.saved.any()))
    files = [file for path, name in paths for file in read_whole(path, name, terms, basis.limits, basis.saved, pool)]
    findings = Findings(terms.severities)
    parts = [file.requests for file in files if len(file.requests)]
    requests = Requests.concat(parts) if parts else Requests({}, np.zeros(0, np.int64))
    at = 0
    for file in files:
        file.note_reader_problems(findings, at)
        at += len(file.requests)
    owner = np.repeat(np.arange(len(files)), [len(file.requests) for file in files])
    named, papers = Named.none(), [file.papers for file in files]
    if history is not None:
        requests, named = history.restored(requests)
        papers = [{**history.papers(file.names_papers), **file.papers} for file in files]
    progress(f"Checking {len(requests):,} rows")
    rows = check_rows(requests, terms, basis.known, findings, named=named, beside=Beside(papers, owner))
    progress(f"Grouping {len(requests):,} rows")
    grouping = history.settled(rows, findings, named, owner) if history is not None else _grouped(rows, findings, owner)
    return Checked(files, rows, findings, grouping, dict(terms.severities))


def _grouped(rows: Prepared, findings: Findings, owner: Ints) -> Grouping:
    """The orders of rows that nothing came before."""
    speaking = ~rows["row_id"].blank | (rows["action"].isin(("correct", "cancel")) & (rows.tn >= 0))
    findings.add("row-unknown", speaking & ~rows.again, "row_id")
    batch = Batch.of(rows, findings, rows.partner)
    batch.file = owner
    keys = order_keys(batch)
    return group_orders(batch, keys, findings, Known.of_new(len(keys.first)), max_lines={STANDARD_PROFILE: STANDARD_LINES})


def _order_name(order: int, part: int) -> str | None:
    """What is the same for rows that go together; None for rows that belong to no order."""
    return None if order < 0 else f"order-{order + 1}-{part + 1}" if part else f"order-{order + 1}"


class Report:
    """A check told to people and programs.

    Args:
        checked: what was found.
        secrets: whether PINs and account numbers are shown.
    """

    def __init__(self, checked: Checked, *, secrets: bool) -> None:
        self._checked = checked
        self._secrets = secrets

    @cached_property
    def source(self) -> Source:
        """All sheets, one below the other."""
        sheets = [
            SourceSheet(read.sheet.name, read.sheet.headers, read.mapping.columns, read.sheet.cells)
            for file in self._checked.files if file.state == READ for read in file.sheets
        ]  # fmt: skip
        return Source(sheets, self._checked.rows.requests, self._checked.severities, secrets=self._secrets)

    def json_lines(self) -> Iterator[dict[str, Any]]:
        """The objects of the JSON output: for each file its own and its rows', then the summary."""
        checked = self._checked
        found, partial = checked.findings_frame(), checked.partial()
        for file, first, end in checked.starts():
            yield {"file": file.name, "sheet": None, "row": None, "state": file.state, "findings": [_of_file(problem) for problem in file.problems]}
            for start in range(first, end, _SLICE):
                yield from self._row_lines(file.name, found, partial, start, min(start + _SLICE, end))
        yield {"summary": checked.summary()}

    def _row_lines(self, file: str, found: pd.DataFrame, partial: list[str], start: int, end: int) -> Iterator[dict[str, Any]]:
        """The objects of some rows, from the position `start` to that before `end`."""
        checked, requests = self._checked, self._checked.rows.requests.take(np.arange(start, end))
        bounds = np.searchsorted(found.row.to_numpy(), np.arange(start, end + 1))
        some = found.iloc[bounds[0] : bounds[-1]]
        findings = list(zip(some.code, some.field, some.detail, some.suggestion, strict=True))
        bounds = (bounds - bounds[0]).tolist()
        texts = {name: requests[name].text().to_pylist() for name in NAMES}
        states, orders, parts = (each[start:end].tolist() for each in (checked.state, checked.order, checked.part))
        for place, at in enumerate(range(start, end)):
            values = {name: texts[name][place] or None for name in NAMES}
            values["partial"] = partial[at] or values["partial"]
            self._mask(values)
            said = [self.source.sentence(at, *finding) for finding in findings[bounds[place] : bounds[place + 1]]]
            yield {
                "file": file, "sheet": self.source.sheets[self.source.sheet_at(at)].name, "row": int(requests.row[place]),
                "state": _LABELS[states[place]], "order": _order_name(orders[place], parts[place]), "values": values, "findings": [finding_json(each) for each in said],
            }  # fmt: skip

    def _mask(self, values: dict[str, str | None]) -> None:
        if self._secrets:
            return
        plain = tuple(value for value in (values["tn"], values["btn"]) if value)
        for name in ("pin", "account_number"):
            value = values[name]
            if value and not (name == "pin" and value == NO_PIN):
                values[name] = masked(name, value, plain=plain)

    def told(self) -> Told:
        """Every row's findings as sentences."""
        return tell(self.source, self._checked.findings_frame())

    def workbook(self, file: ReadFile) -> bytes:
        """The annotated file as a workbook, in the customer's own columns; for the user's own eyes, so nothing is masked."""
        from batchport.spreadsheets.results import results_workbook

        sheets, summary = self._results(file)
        return results_workbook(sheets, summary)

    def csv(self, file: ReadFile) -> bytes:
        """The annotated file as CSV."""
        from batchport.spreadsheets.results import results_csv

        return results_csv(self._results(file)[0][0])

    def corrected(self, file: ReadFile) -> tuple[list[CorrectedSheet], list[Change]]:
        """The file's sheets with every suggestion applied that a cell of the sheet can take, and the list of what was changed."""
        from batchport.spreadsheets.corrected import Change, CorrectedSheet

        first, end = next((start, end) for each, start, end in self._checked.starts() if each is file)
        found = self._checked.findings_frame()
        suggesting = [code for code in set(found.code) if catalogue()[code].suggests]
        found = found[(found.row >= first) & (found.row < end) & (found.suggestion.notna() | found.code.isin(suggesting))]
        now: dict[tuple[int, int], dict[int, str]] = {}
        changes = []
        for each in records(found):
            said = self.source.sentence(int(each.row), each.code, each.field, each.detail, each.suggestion if is_known(each.suggestion) else None)
            number = self.source.sheet_at(int(each.row))
            cells, position = now.setdefault((number, said.place), {}), int(each.row - self.source.starts[number])
            if said.suggestion is None or said.place < 0 or said.suggestion == said.value or position in cells:
                continue
            cells[position] = said.suggestion
            sheet = self.source.sheets[number]
            row = int(self._checked.rows.requests.row[each.row])
            changes.append(Change(sheet.name, row, sheet.headers[said.place], said.value, said.suggestion, said.words.message))
        sheets = [
            CorrectedSheet(sheet.name, sheet.headers, sheet.cells, {place: cells for (at, place), cells in now.items() if at == number and cells})
            for number, sheet in enumerate(self.source.sheets) if first <= self.source.starts[number] < end
        ]  # fmt: skip
        return sheets, changes

    def _results(self, file: ReadFile) -> tuple[list[Any], Summary]:
        from batchport.pipeline.summary import commonest_faults, port_results, summary_of_check

        checked, told = self._checked, self.told()
        length = len(checked.rows)
        blank = Column.constant("", length)
        needing = needing_somebody(told, checked.state)
        sheets = sheet_results(self.source, told, state=port_results(checked.state), pon=blank, foc_date=blank, row_id=blank, to_fix=needing)
        return sheets, summary_of_check(file.name, checked.counts(), int(needing.sum()), checked.orders(), commonest_faults(self.source, told))


def finding_json(each: Sentence) -> dict[str, Any]:
    """A finding of a row as the JSON output has it."""
    return {
        "code": each.code, "severity": each.severity, "column": each.column, "field": each.field or None, "value": each.value or None,
        "message": each.words.message, "fix": each.words.fix, "suggestion": each.suggestion, "prevents": list(catalogue()[each.code].prevents),
    }  # fmt: skip


def _of_file(problem: Any) -> dict[str, Any]:
    rule, said = catalogue()[problem.code], file_words(problem)
    return {
        "code": problem.code, "severity": rule.severity, "column": problem.column, "field": None, "value": problem.detail or None, "sheet": problem.sheet,
        "message": said.message, "fix": said.fix, "suggestion": None, "prevents": list(rule.prevents),
    }  # fmt: skip
