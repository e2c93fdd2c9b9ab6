"""A customer's file read and understood: which sheets, which columns, which rows; no rule has been asked yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchport.domain import normalise, numbering
from batchport.domain.fields import BY_NAME
from batchport.domain.findings import Findings
from batchport.domain.requests import Requests
from batchport.domain.table import Mask
from batchport.domain.terms import Terms
from batchport.spreadsheets.child import ReaderChild
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping, map_headers, missing_columns, repeated_columns, requests_from
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
    """A sheet and what its columns mean."""

    sheet: Sheet
    mapping: ColumnMapping


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
        """Note what the reader saw in single rows; `start` is the position of the file's first row in the table. An unmapped file has no rows."""
        at = start
        for read in self.sheets if self.state == READ else ():
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


def read_requests(path: Path, name: str, terms: Terms, limits: Limits, saved: Mapping[str, str], child: ReaderChild) -> ReadFile:
    """The rows of a file, or why there are none.

    Args:
        path: where the file is.
        name: what to call it.
        terms: the customer's settings.
        limits: what is still read.
        saved: the customer's own mapping, header -> field.
        child: reads workbooks.

    Raises:
        OSError: the file cannot be opened.
    """
    try:
        reading = read_file(path, limits, child=child, saved=saved)
    except Unreadable as error:
        return ReadFile(name, UNREADABLE, [FileFinding(error.code, detail=error.detail)])
    problems = [FileFinding(problem.code, detail=problem.detail) for problem in reading.problems]
    sheets: list[SheetRead] = []
    parts: list[Requests] = []
    mapped = True
    for sheet in reading.sheets:
        mapping = map_headers(sheet.headers, saved)
        requests = requests_from(sheet, mapping)
        mapped &= _columns_clear(sheet, mapping, requests, terms, problems)
        problems += [FileFinding(problem.code, sheet.name, detail=problem.detail) for problem in sheet.problems if problem.row is None]
        sheets.append(SheetRead(sheet, mapping))
        parts.append(requests)
    if not mapped:
        return ReadFile(name, UNMAPPED, problems, tuple(sheets))
    return ReadFile(name, READ, problems, tuple(sheets), Requests.concat(parts))


def _columns_clear(sheet: Sheet, mapping: ColumnMapping, requests: Requests, terms: Terms, problems: list[FileFinding]) -> bool:
    """Whether every column that is needed is there and certain; what is not is noted."""
    lacking = missing_columns(mapping, requests, terms.defaults, needs_address(requests))
    # A column that might be the one that is missing is the cause; that it is missing is not said too.
    candidates = {BY_NAME[name].label for names in mapping.ambiguous.values() for name in names if name in BY_NAME}
    unsure = [sheet.headers[position] for position, names in mapping.ambiguous.items() if {BY_NAME[name].label for name in names if name in BY_NAME} & set(lacking)]
    missing = [label for label in lacking if label not in candidates]
    repeated = repeated_columns(sheet, mapping)
    problems += [FileFinding("column-ambiguous", sheet.name, header, header) for header in unsure]
    problems += [FileFinding("column-repeated", sheet.name, header, label) for label, header in repeated]
    if missing:
        problems.append(FileFinding("column-missing", sheet.name, detail=", ".join(missing)))
    for position in mapping.unknown:
        if sheet.headers[position].strip():
            problems.append(FileFinding("column-unknown", sheet.name, sheet.headers[position], sheet.headers[position]))
    return not lacking and not repeated


def needs_address(requests: Requests) -> Mask:
    """Rows, as written, that are neither toll-free nor wireless: these need a whole address."""
    column = requests["tn"]
    toll_free = column.spread(numbering.toll_free(numbering.digits(column.values)[0]))
    wireless = normalise.words(requests["number_type"], normalise.NUMBER_TYPE_WORDS).equals("wireless")
    return ~toll_free & ~wireless
