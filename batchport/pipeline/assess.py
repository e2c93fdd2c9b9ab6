"""A customer's file read and understood: which sheets, which columns, which rows; no rule has been asked yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from batchport.domain import normalise, numbering
from batchport.domain.fields import ADDRESS, BY_NAME
from batchport.domain.findings import Findings
from batchport.domain.papers import Paper, papers_named
from batchport.domain.requests import Requests
from batchport.domain.table import Ints, Mask
from batchport.domain.terms import Terms
from batchport.pipeline.ranges import Ranges, written_out
from batchport.spreadsheets.bundle import Member
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping, map_sheet, missing_columns, repeated_columns, requests_from
from batchport.spreadsheets.papers import Reader, look_at, papers_in, reader
from batchport.spreadsheets.pool import ReaderPool, unbundled
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
        sheet: the sheet; where its cells named several numbers it has a row for each of them.
        mapping: which column is which field.
        missing: the labels of required columns that nothing gives for certain.
        repeated: the columns that contradict an earlier one: label of the field, header.
        unsure: the headers of the columns for which the sheet waits.
        ranges: what cells named several numbers.
    """

    sheet: Sheet
    mapping: ColumnMapping
    missing: tuple[str, ...] = ()
    repeated: tuple[tuple[str, str], ...] = ()
    unsure: tuple[str, ...] = ()
    ranges: Ranges | None = None

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
        names_papers: the papers that its rows, or the customer's defaults, name.
        papers: those that lie beside it, by these names, where somebody has looked.
    """

    name: str
    state: str
    problems: list[FileFinding] = field(default_factory=list)
    sheets: tuple[SheetRead, ...] = ()
    requests: Requests = field(default_factory=lambda: Requests({}, np.zeros(0, np.int64)))
    names_papers: set[str] = field(default_factory=set)
    papers: Mapping[str, Paper] = field(default_factory=dict)

    def note_reader_problems(self, findings: Findings, start: int) -> None:
        """Note what the reader saw in single rows; `start` is the position of the file's first row in the table. An unmapped file has no rows."""
        at = start
        for read in self.sheets if self.state == READ else ():
            rows = read.sheet.row
            for problem in read.sheet.problems:
                if problem.row is None:
                    continue
                first, end = np.searchsorted(rows, (problem.row, problem.row + 1)).tolist()
                if first < end:
                    _note(findings, problem, read.mapping, np.arange(at + first, at + end))
            if read.ranges is not None:
                read.ranges.note(findings, at)
            at += len(rows)


def _note(findings: Findings, problem: Problem, mapping: ColumnMapping, positions: Ints) -> None:
    name = mapping.field_at(problem.column) if problem.column is not None else ""
    code = _ROUNDED.get(name or "") if problem.code == "rounded" else problem.code
    if code:
        findings.add(code, positions, name or "", detail=[problem.detail] * len(positions))


def read_whole(path: Path, name: str, terms: Terms, limits: Limits, saved: Saved, pool: ReaderPool) -> list[ReadFile]:
    """A file as `read_requests` understands it, or every sheet of a zip archive so, called `bundle.zip/acme.xlsx`.

    Raises:
        OSError: the file cannot be opened.
    """
    try:
        with unbundled(path, pool) as members:
            if not members:
                return [_with_papers(read_requests(path, name, terms, limits, saved, pool), lambda: papers_in(path.parent), limits)]
            there = papers_of(members)
            sheets = [member for member in members if not member.is_paper]
            read = [read_requests(member.path, f"{name}/{member.name}", terms, limits, saved, pool) for member in sheets]
            return [_with_papers(file, lambda: there, limits) for file in read]
    except Unreadable as error:
        return [unreadable(name, error)]


def papers_of(members: Sequence[Member]) -> dict[str, Reader]:
    """The papers of an archive by name, wherever in it they lie."""
    return {PurePosixPath(member.name).name: reader(member.path) for member in members if member.is_paper}


def _with_papers(file: ReadFile, there: Callable[[], Mapping[str, Reader]], limits: Limits) -> ReadFile:
    """The file with the papers that its rows name looked at."""
    if file.names_papers:
        file.papers = look_at(file.names_papers, there(), limits.max_paper)
    return file


def unreadable(name: str, error: Unreadable) -> ReadFile:
    """A file of which nothing could be read."""
    return ReadFile(name, UNREADABLE, [FileFinding(error.code, detail=error.detail)])


def read_requests(path: Path, name: str, terms: Terms, limits: Limits, saved: Saved, pool: ReaderPool) -> ReadFile:
    """The rows of a file, or why there are none.

    Args:
        path: where the file is.
        name: what to call it.
        terms: the customer's settings.
        limits: what is still read.
        saved: what the customer's headers were said to mean.
        pool: reads workbooks.

    Raises:
        OSError: the file cannot be opened.
    """
    try:
        reading = read_file(path, limits, pool=pool, saved=saved.any())
    except Unreadable as error:
        return unreadable(name, error)
    problems = [FileFinding(problem.code, detail=problem.detail) for problem in reading.problems]
    sheets: list[SheetRead] = []
    parts: list[Requests] = []
    for sheet, found in zip(reading.sheets, reading.mappings, strict=True):
        try:
            read, requests = understood(sheet, terms, saved, limits, found)
        except Unreadable as error:
            return unreadable(name, error)
        problems += _told(read)
        problems += [FileFinding(problem.code, sheet.name, detail=problem.detail) for problem in sheet.problems if problem.row is None]
        sheets.append(read)
        parts.append(requests)
    if not all(read.clear for read in sheets):
        return ReadFile(name, UNMAPPED, problems, tuple(sheets))
    requests = Requests.concat(parts)
    return ReadFile(name, READ, problems, tuple(sheets), requests, papers_named(requests, terms.defaults))


#: Fields that are not read from a column whose cells contradict its header; the file waits, since a default in their place would be as wrong.
_WEIGHTY = frozenset(
    ("tn", "btn", "account_number", "pin", "losing_carrier", "account_type", "number_type", "name", "authorized_name", "destination", "service_address", *ADDRESS)
)


def understood(sheet: Sheet, terms: Terms, saved: Saved, limits: Limits, found: ColumnMapping | None = None) -> tuple[SheetRead, Requests]:
    """What the columns of a sheet mean and what is not certain of them, and its rows.

    Args:
        sheet: the sheet.
        terms: the customer's settings.
        saved: what the customer's headers were said to mean.
        limits: what is still read.
        found: what its columns mean by all that was ever said of any header, where that is known already.

    Raises:
        Unreadable: `file-too-large`, when its ranges make more rows than are read.
    """
    own = saved.of(sheet.headers)
    mapping = found if found is not None and own == saved.any() else map_sheet(sheet, own)
    whole, requests, ranges = written_out(sheet, mapping, requests_from(sheet, mapping), limits)
    missing = missing_columns(mapping, requests, terms.defaults, needs_address)
    refused = [place for place in mapping.refused if not _WEIGHTY.isdisjoint(mapping.ambiguous[place]) and not _given(mapping, mapping.ambiguous[place])]
    unsure = [place for place, names in sorted(mapping.ambiguous.items()) if place in refused or _labels(names) & set(missing)]
    headers = tuple(sheet.headers[place] for place in unsure)
    return SheetRead(whole, mapping, tuple(missing), tuple(repeated_columns(sheet, mapping)), headers, ranges), requests


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
    toll_free = column.spread(numbering.toll_free(numbering.spelt(column.values)[0]))
    wireless = normalise.words(requests["number_type"], normalise.NUMBER_TYPE_WORDS).equals("wireless")
    return ~toll_free & ~wireless
