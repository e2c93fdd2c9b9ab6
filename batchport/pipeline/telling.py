"""Rows told to people: each finding as a sentence, each row with what became of it, as the results workbook and the mails need them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain.fields import BY_NAME
from batchport.domain.findings import ERROR, INFO, catalogue, severity_of
from batchport.domain.language import Language, typographic
from batchport.domain.lifecycle import State
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask, text_array
from batchport.pipeline.wording import MASK, NO_PIN, Words, masked, words

if TYPE_CHECKING:
    from batchport.spreadsheets.results import SheetResult

_GRAVITY = {"error": 0, "warning": 1, "info": 2}
_HEADING: Mapping[Language, str] = {"en": "Row {row} of your sheet", "fr": "Ligne {row} de votre feuille"}
_RIGHT: Mapping[Language, str] = {"en": "{label}: '{right}'.", "fr": typographic("« {label} » : « {right} ».")}


@dataclass(frozen=True, slots=True)
class SourceSheet:
    """A customer's sheet as it came.

    Attributes:
        name: the sheet's name, None for text files.
        headers: the header cells.
        columns: field -> places of the columns that name it.
        cells: the cells as text, a column a header.
    """

    name: str | None
    headers: tuple[str, ...]
    columns: Mapping[str, Sequence[int]]
    cells: pa.Table

    def place(self, field: str) -> int:
        """Where a field stands, -1 where the sheet has no such column."""
        found = self.columns.get(field)
        return found[0] if found else -1


@dataclass(frozen=True, slots=True)
class Sentence:
    """A finding as people read it, the same for all rows that it is said of.

    `column` is the customer's own header, `place` where it stands (-1: nowhere), `remedy` what to do, with the value that would be right.
    """

    code: str
    severity: str
    field: str
    column: str | None
    place: int
    value: str
    words: Words
    suggestion: str | None
    remedy: str


@dataclass(frozen=True, slots=True)
class Blame(Words):
    """What a carrier said of a row that it rejected; `field` is what it blames, blank: the row as a whole."""

    field: str = ""


class Source:
    """A customer's file: its sheets, one below the other, beside the normalised rows.

    Args:
        sheets: as they came.
        requests: the rows of all sheets, normalised.
        severities: the customer's changes to the catalogue.
        secrets: whether values are shown that are secret.
        language: of the sentences.
    """

    def __init__(
        self, sheets: Sequence[SourceSheet], requests: Requests, severities: Mapping[str, str], *, secrets: bool = False, language: Language = "en"
    ) -> None:
        self.sheets = tuple(sheets)
        self.requests = requests
        self._severities = severities
        self._secrets = secrets
        self.language = language
        self.starts = np.cumsum([0, *(sheet.cells.num_rows for sheet in sheets)])
        self._starts: list[int] = self.starts.tolist()
        self._cells: dict[tuple[int, int], Column] = {}
        self._sentences: dict[tuple[int, str, str, str, str | None, str], Sentence] = {}

    def sheet_at(self, position: int) -> int:
        """Which sheet a row stands in."""
        return bisect_right(self._starts, position) - 1

    def severity(self, code: str, detail: str = "") -> str:
        """How grave a finding is for this customer."""
        return severity_of(code, detail, self._severities)

    def place(self, position: int, field: str) -> int:
        """Where a field stands in the sheet of a row, -1 where that has no such column or no field is named."""
        return self.sheets[self.sheet_at(position)].place(field) if field else -1

    def cell(self, position: int, field: str) -> str:
        """The text of a row's cell as written; what the check saw where the sheet has no such cell."""
        return self._cell(position, self.sheet_at(position), field)

    def _cell(self, position: int, sheet: int, field: str) -> str:
        place = self.sheets[sheet].place(field)
        if place >= 0:
            column = self._cells.get((sheet, place))
            if column is None:
                column = self._cells[sheet, place] = Column.from_arrow(self.sheets[sheet].cells.column(place))
            if text := column.at(position - self._starts[sheet]):
                return text
        return self.requests[field].at(position)

    @cached_property
    def _numbers(self) -> tuple[Column, Column]:
        return self.requests["tn"], self.requests["btn"]

    def sentence(self, position: int, code: str, field: str, detail: str, suggestion: str | None) -> Sentence:
        """One finding as people read it; each is put into words once, however many rows it is found on."""
        sheet = self.sheet_at(position)
        value = self._cell(position, sheet, field) if field else ""
        if field and BY_NAME[field].secret and not self._secrets:
            plain = tuple(column.at(position) for column in self._numbers)
            value = NO_PIN if code == "pin-defaulted" else masked(field, value, plain=plain)
        # What stands in a table for none may be something else than None.
        said = (sheet, code, field, detail, suggestion if isinstance(suggestion, str) else None, value)
        sentence = self._sentences.get(said)
        if sentence is None:
            sentence = self._sentences[said] = self._in_words(*said)
        return sentence

    def _in_words(self, sheet: int, code: str, field: str, detail: str, suggestion: str | None, value: str) -> Sentence:
        place = self.sheets[sheet].place(field) if field else -1
        header = self.sheets[sheet].headers[place] if place >= 0 else None
        label = header or (BY_NAME[field].label if field else "")
        said = words(catalogue()[code], value=value, column=label, suggestion=suggestion, detail=detail, language=self.language)
        right = said.suggestion if not (field and BY_NAME[field].secret) else None
        return Sentence(code, self.severity(code, detail), field, header, place, value, said, right, _remedy(said, right, label, self.language))

    def masked_cells(self, sheet: int) -> pa.Table:
        """The cells of a sheet with PINs and account numbers masked."""
        source = self.sheets[sheet]
        if self._secrets:
            return source.cells
        start, end = int(self.starts[sheet]), int(self.starts[sheet + 1])
        cells = source.cells
        for name in ("pin", "account_number"):
            for place in source.columns.get(name, ()):
                column = Column.from_arrow(cells.column(place))
                hidden = _masked_column(name, column)
                if name == "account_number":
                    account, tn, btn = (self.requests[each].take(np.arange(start, end)).text() for each in ("account_number", "tn", "btn"))
                    own = pc.and_(pc.or_(pc.equal(account, tn), pc.equal(account, btn)), pc.greater(pc.binary_length(account), 0))
                    hidden = hidden.where(np.asarray(own), column)
                cells = cells.set_column(place, cells.column_names[place], hidden.text())
        return cells


def _masked_column(name: str, column: Column) -> Column:
    def hide(values: pa.StringArray) -> pa.StringArray:
        tail = pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(values), -2) if name == "account_number" else text_array([""] * len(values))
        blank = pc.equal(pc.binary_length(values), 0)
        return pc.if_else(blank, "", pc.binary_join_element_wise(MASK, tail, ""))

    return column.map(hide)


@dataclass(slots=True)
class Told:
    """What is wrong with each row and how to fix it, and the cells at fault; `rows` are those that have sentences, in their order."""

    wrong: Column
    fix: Column
    marks: pd.DataFrame
    sentences: dict[int, list[Sentence]]
    rows: Ints


def tell(source: Source, findings: pd.DataFrame, extra: Mapping[int, list[Words]] | None = None) -> Told:
    """Findings of rows as sentences; infos are left out, errors come first.

    Args:
        source: the file.
        findings: row (position), code, field, detail, suggestion.
        extra: position -> further words, such as a carrier's reasons, which come first; what is to blame is marked too.
    """
    grave = findings[~findings.code.isin([code for code in findings.code.unique() if source.severity(code) == INFO])]
    sentences: dict[int, list[Sentence]] = {}
    # As lists: text held in Arrow is slow to go through one by one.
    for row, *finding in zip(*(grave[name].tolist() for name in ("row", "code", "field", "detail", "suggestion")), strict=True):
        sentences.setdefault(row, []).append(source.sentence(row, *finding))
    length = len(source.requests)
    wrong, fix = np.full(length, "", dtype=object), np.full(length, "", dtype=object)
    marks: list[tuple[int, int, str, str]] = []
    extra = extra or {}
    for row in sentences.keys() | extra.keys():
        messages, remedies = [], []
        for reason in extra.get(row, ()):
            messages.append(reason.message)
            remedies.append(reason.fix)
            if isinstance(reason, Blame):
                marks.append((row, source.place(row, reason.field), ERROR, f"{reason.message} {reason.fix}"))
        said = sentences.get(row, [])
        if len(said) > 1:
            said.sort(key=lambda each: _GRAVITY[each.severity])
        for each in said:
            messages.append(each.words.message)
            remedies.append(each.remedy)
            marks.append((row, each.place, each.severity, f"{messages[-1]} {remedies[-1]}"))
        wrong[row], fix[row] = _joined(messages), _joined(remedies)
    return Told(Column.of(wrong.tolist()), Column.of(fix.tolist()), pd.DataFrame(marks, columns=["position", "column", "severity", "note"]), sentences, np.array(sorted(sentences), np.int64))


def needing_somebody(told: Told, state: Ints) -> Mask:
    """The rows that do not go on by themselves: rejected ones, and of those held the ones of an order that has an error."""
    wrong = np.zeros(len(state), dtype=bool)
    wrong[told.marks.position[told.marks.severity == ERROR].to_numpy(np.int64)] = True
    needing: Mask = np.isin(state, (State.REJECTED, State.CARRIER_REJECTED)) | (wrong & (state == State.HELD))
    return needing


def _joined(sentences: list[str]) -> str:
    """The sentences one after the other, each once."""
    return sentences[0] if len(sentences) == 1 else " ".join(filter(None, dict.fromkeys(sentences)))


def _remedy(said: Words, right: str | None, label: str, language: Language) -> str:
    """What to do about a finding, with the value that would be right where neither sentence says it already."""
    if right is None or right in said.fix or right in said.message:
        return said.fix
    return f"{said.fix} {_RIGHT[language].format(label=label, right=right)}"


def sheet_results(source: Source, told: Told, *, state: Column, pon: Column, foc_date: Column, row_id: Column, to_fix: Mask) -> list[SheetResult]:
    """The sheets of a results workbook, without those that have no rows."""
    from batchport.spreadsheets.results import SheetResult

    results = []
    for number, sheet in enumerate(source.sheets):
        start, end = int(source.starts[number]), int(source.starts[number + 1])
        if start == end:
            continue
        rows = np.arange(start, end)
        marks = told.marks[told.marks.position.between(start, end - 1)]
        results.append(
            SheetResult(
                name=sheet.name, headers=sheet.headers, cells=source.masked_cells(number), row=source.requests.row[rows], state=state.take(rows), pon=pon.take(rows),
                foc_date=foc_date.take(rows),
                wrong=told.wrong.take(rows), fix=told.fix.take(rows), row_id=row_id.take(rows), to_fix=to_fix[rows], marks=marks.assign(position=marks.position - start),
                fields=sheet.columns, heading=_HEADING[source.language],
            )
        )  # fmt: skip
    return results


def of_some_rows(results: Sequence[SheetResult], chosen: Ints) -> list[SheetResult]:
    """The sheets with some of their rows alone, without those that have none of them.

    Args:
        results: sheets that have rows, in their order.
        chosen: which rows, counted through all sheets, in their order.
    """
    found, start = [], 0
    for sheet in results:
        end = start + len(sheet.row)
        at = chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, end)] - start
        if len(at):
            found.append(sheet.take(at))
        start = end
    return found


def spread_order_findings(notes: pd.DataFrame, order: Ints, rejected: Mask) -> pd.DataFrame:
    """Order-level findings as findings of rows: each stands on the rows of its order that go, some on the rejected ones too.

    Args:
        notes: order, code, field, detail, rejected_too.
        order: the order of each row, -1 for none.
        rejected: the rows that are rejected.
    """
    if not len(notes):
        return pd.DataFrame({"row": [], "code": [], "field": [], "detail": [], "suggestion": []}).astype({"row": np.int64})
    members = pd.DataFrame({"order": order, "row": np.arange(len(order)), "rejected": rejected})
    members = members[members.order >= 0]
    joined = members.merge(notes, on="order")
    joined = joined[~joined.rejected | joined.rejected_too.astype(bool)]
    return joined.assign(suggestion=None)[["row", "code", "field", "detail", "suggestion"]]


