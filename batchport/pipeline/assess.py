"""A customer's file read and understood: which sheets, which columns, which rows; no rule has been asked yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchport.domain import normalise, numbering
from batchport.domain.fields import ADDRESS, BY_NAME
from batchport.domain.findings import Findings
from batchport.domain.requests import Requests
from batchport.domain.table import Mask
from batchport.domain.terms import Terms
from batchport.spreadsheets.child import ReaderChild
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping, map_sheet, missing_columns, repeated_columns, requests_from
from batchport.spreadsheets.read import read_file
from batchport.spreadsheets.sheet import Problem, Sheet, Unreadable

READ, UNMAPPED, UNREADABLE = "read", "unmapped", "unreadable"
#: What a rounded cell is called, by the field it stands in.
_ROUNDED = {"tn": "tn-rounded", "account_number": "account-rounded"}


@dataclass(frozen=True, slots=True)
class FileFinding:
    """Something to be said of a file, a sheet or a column."""

    code: str
    sheet: str | None = None
    column: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SheetRead:
    """A sheet and what its columns mean.

    Attributes:
        sheet: the sheet.
        mapping: which column is which field.
        missing: the labels of required columns that nothing gives for certain.
        repeated: the columns that contradict an earlier one: label of the field, header.
        unsure: the headers of the columns for which the sheet waits.
    """

    sheet: Sheet
    mapping: ColumnMapping
    missing: tuple[str, ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def clear(self) -> bool:
        """Whether rows can be made of it."""
        return not (self.missing or self.repeated or self.unsure)


@dataclass(slots=True)
class ReadFile:
    """A file as understood.

    Attributes:
        name: what to call it.
        state: `read`, `unmapped` (no rows are made of it) or `unreadable`.
        problems: what is to be said of the file, its sheets and columns.
        sheets: its sheets with their mappings.
        requests: the rows of all its sheets as written.
    """

    name: str
    state: str
    problems: list[FileFinding] = field(default_factory=list)
    sheets: tuple[SheetRead, ...] = ()
    requests: Requests = field(default_factory=lambda: Requests({}, np.zeros(0, np.int64)))

    def note_reader_problems(self, findings: Findings, start: int) -> None:
        """Note what the reader saw in single rows; `start` is the position of the file's first row in the table."""
        at = start
        for read in self.sheets:
            rows = read.sheet.row
            for problem in read.sheet.problems:
                if problem.row is None:
                    continue
                place = int(np.searchsorted(rows, problem.row))
                if place < len(rows) and rows[place] == problem.row:
                    _note(findings, problem, read.mapping, at + place)
            at += len(rows)


def _note(findings: Findings, problem: Problem, mapping: ColumnMapping, position: int) -> None:
    name = mapping.field_at(problem.column) if problem.column is not None else ""
    code = _ROUNDED.get(name or "") if problem.code == "rounded" else problem.code
    if code:
        findings.add(code, np.array([position]), name or "", detail=[problem.detail])


def read_requests(path: Path, name: str, terms: Terms, limits: Limits, saved: Saved, child: ReaderChild) -> ReadFile:
    """The rows of a file, or why there are none.

    Args:
        path: where the file is.
        name: what to call it.
        terms: the customer's settings.
        limits: what is still read.
        saved: what the customer's headers were said to mean.
        child: reads workbooks.

    Raises:
        OSError: the file cannot be opened.
    """
    try:
        reading = read_file(path, limits, child=child, saved=saved.any())
    except Unreadable as error:
        return ReadFile(name, UNREADABLE, [FileFinding(error.code, detail=error.detail)])
    problems = [FileFinding(problem.code, detail=problem.detail) for problem in reading.problems]
    sheets: list[SheetRead] = []
    parts: list[Requests] = []
    for sheet in reading.sheets:
        read, requests = understood(sheet, terms, saved)
        problems += _told(read)
        problems += [FileFinding(problem.code, sheet.name, detail=problem.detail) for problem in sheet.problems if problem.row is None]
        sheets.append(read)
        parts.append(requests)
    if not all(read.clear for read in sheets):
        return ReadFile(name, UNMAPPED, problems, tuple(sheets))
    return ReadFile(name, READ, problems, tuple(sheets), Requests.concat(parts))


#: Fields that are not read from a column whose cells contradict its header; the file waits, since a default in their place would be as wrong.
_WEIGHTY = frozenset(
    ("tn", "btn", "account_number", "pin", "losing_carrier", "account_type", "number_type", "name", "authorized_name", "destination", "service_address", *ADDRESS)
)


def understood(sheet: Sheet, terms: Terms, saved: Saved) -> tuple[SheetRead, Requests]:
    """What the columns of a sheet mean and what is not certain of them, and its rows."""
    mapping = map_sheet(sheet, saved.of(sheet.headers))
    requests = requests_from(sheet, mapping)
    missing = missing_columns(mapping, requests, terms.defaults, needs_address(requests))
    refused = [place for place in mapping.refused if not _WEIGHTY.isdisjoint(mapping.ambiguous[place]) and not _given(mapping, mapping.ambiguous[place])]
    unsure = [place for place, names in sorted(mapping.ambiguous.items()) if place in refused or _labels(names) & set(missing)]
    return SheetRead(sheet, mapping, tuple(missing), tuple(repeated_columns(sheet, mapping)), tuple(sheet.headers[place] for place in unsure)), requests


def _given(mapping: ColumnMapping, names: tuple[str, ...]) -> bool:
    """Whether another column gives one of some fields."""
    return not mapping.columns.keys().isdisjoint(names)


def _labels(names: Iterable[str]) -> set[str]:
    """The labels of the required columns that some fields or parts would give."""
    return {BY_NAME[_WHOLE.get(name, name)].label for name in names if _WHOLE.get(name, name) in BY_NAME} | (
        {BY_NAME["street_name"].label} if "service_address" in names else set()
    )


#: Parts that give a required field by themselves.
_WHOLE = {"subscriber_type": "number_type", "last_name": "name"}


def _told(read: SheetRead) -> list[FileFinding]:
    """What is to be said of the columns of a sheet."""
    sheet, mapping = read.sheet, read.mapping
    problems = [FileFinding("column-ambiguous", sheet.name, header, header) for header in read.unsure]
    problems += [FileFinding("column-repeated", sheet.name, header, label) for label, header in read.repeated]
    # A column that might be the one that is missing is the cause; that it is missing is not said too.
    candidates = _labels(name for names in mapping.ambiguous.values() for name in names)
    missing = [label for label in read.missing if label not in candidates]
    if missing:
        problems.append(FileFinding("column-missing", sheet.name, detail=", ".join(missing)))
    passed_over = [place for place in mapping.ambiguous if sheet.headers[place] not in read.unsure]
    for place in sorted((*mapping.unknown, *passed_over)):
        if sheet.headers[place].strip():
            problems.append(FileFinding("column-unknown", sheet.name, sheet.headers[place], sheet.headers[place]))
    return problems


def needs_address(requests: Requests) -> Mask:
    """Rows, as written, that are neither toll-free nor wireless: these need a whole address."""
    column = requests["tn"]
    toll_free = column.spread(numbering.toll_free(numbering.digits(column.values)[0]))
    wireless = normalise.words(requests["number_type"], normalise.NUMBER_TYPE_WORDS).equals("wireless")
    return ~toll_free & ~wireless
