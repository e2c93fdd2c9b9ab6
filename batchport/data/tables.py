"""The reference files as tables of text, and what a file must be to stand in for one of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources

from batchport.domain.normalise import squeezed
from batchport.domain.numbering import NEVER_PORTED, TOLL_FREE
from batchport.domain.reference import AREA_KINDS, IdentifierForm

Line = dict[str, str]

_STATES = "(?:[A-Z]{2}(?: [A-Z]{2})*)?"


class ReferenceProblem(Exception):
    """A reference file that cannot be used; the message says which file, which line, and what is wrong."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the lines of a table are.

    Attributes:
        forms: column -> pattern that its cells match as a whole; a column that is not named takes any text.
        key: the columns that no two lines share.
        states: the column with codes of states and provinces.
        spellings: the columns with names that must stand for one line only; several in a cell are separated by `|`.
    """

    forms: Mapping[str, str]
    key: tuple[str, ...]
    states: str = ""
    spellings: tuple[str, ...] = ()


_SHAPES = {
    "area_codes.csv": _Shape({"npa": "[2-9][0-9]{2}", "country": "(?:[A-Z]{2})?", "region": _STATES, "kind": "|".join(AREA_KINDS[1:])}, ("npa",), "region"),
    "carriers.csv": _Shape(
        {
            "name": ".+", "kind": "wireline|wireless|digital", "country": "US|CA|US CA", "unlock": "(?:yes)?", "min_days": "[0-9]{0,2}",
        },
        ("name",), spellings=("name", "aliases"),
    ),
    "countries.csv": _Shape({"code": "US|CA", "name": ".+"}, ("code",), spellings=("code", "name", "spellings")),
    "holidays.csv": _Shape({"country": "US|CA", "province": "(?:[A-Z]{2})?", "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}", "name": ".+"}, ("country", "province", "date"), "province"),
    "provinces.csv": _Shape({"letter": "[A-Z]", "provinces": _STATES}, ("letter",), "provinces"),
    "states.csv": _Shape(
        {"code": "[A-Z]{2}", "name": ".+", "country": "US|CA", "kind": "state|district|territory|military|province"}, ("code",),
        spellings=("code", "name", "spellings"),
    ),
    "zip3.csv": _Shape({"zip3": "[0-9]{3}", "states": _STATES}, ("zip3",), "states"),
    "zip_boxes.csv": _Shape({"zip3": "[0-9]{3}", "boxes": "[0-9]{2}(?: [0-9]{2})*"}, ("zip3",)),
}  # fmt: skip


#: Columns whose cells mean more than a pattern can tell.
_READ: Mapping[str, Callable[[str], object]] = {"account_form": IdentifierForm.parse, "pin_form": IdentifierForm.parse, "date": date.fromisoformat}


@dataclass(frozen=True, slots=True)
class Table:
    """A reference file: its header, its lines, and the number that each line has in the file."""

    file: str
    header: tuple[str, ...]
    lines: list[Line]
    numbers: list[int]


def packaged() -> dict[str, str]:
    """The reference files that come with the package: name -> text."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".csv"))
    return {file.name: file.read_text("utf-8") for file in sorted(files, key=lambda file: file.name)}


def parse(data: bytes, file: str) -> Table:
    """A reference file as a table; lines that begin with # are comments.

    Raises:
        ReferenceProblem: it is no UTF-8 text, no CSV, or has a line with too few or too many cells.
    """
    (_, header), *records = [*_records(data, file)] or [(0, [])]
    for place, cells in records:
        if len(cells) != len(header):
            raise ReferenceProblem(f"{file}, line {place}: {len(cells)} cells, where the header has {len(header)}")
    return Table(file, tuple(header), [dict(zip(header, cells, strict=True)) for _, cells in records], [place for place, _ in records])


def _records(data: bytes, file: str) -> Iterator[tuple[int, list[str]]]:
    """The records of a file that are no comments, each with the number of its last line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReferenceProblem(f"{file} is not UTF-8 text; save it as 'CSV UTF-8'") from None
    said = [(place, line) for place, line in enumerate(io.StringIO(text), 1) if not line.startswith("#") and line.strip()]
    reader = csv.reader((line for _, line in said), strict=True)
    try:
        for cells in reader:
            yield said[reader.line_num - 1][0], cells
    except csv.Error as error:
        raise ReferenceProblem(f"{file}, line {said[min(reader.line_num, len(said)) - 1][0]}: this is not CSV: {error}") from None


def name_of(data: bytes, file: str) -> str:
    """Which of the packaged files a file stands in for, told from its header.

    Raises:
        ReferenceProblem: none of them.
    """
    headers = {name: next(_records(text.encode(), name))[1] for name, text in packaged().items()}
    own = next(_records(data, file), (0, []))[1]
    for name, header in headers.items():
        if header == own:
            return name
    known = "; ".join(f"{','.join(header)} ({name.removesuffix('.csv')})" for name, header in headers.items())
    raise ReferenceProblem(f"{file}: its header is that of no reference file; there are {known}")


def prove(name: str, table: Table, states: Iterable[str]) -> None:
    """Refuse a table that cannot stand in for a packaged file.

    Args:
        name: of that file.
        table: what is to stand in for it.
        states: the codes of states and provinces that there are.

    Raises:
        ReferenceProblem: something in it is wrong; the first such line is named.
    """
    if not table.lines:
        raise ReferenceProblem(f"{table.file} has no line below its header")
    shape = _SHAPES[name]
    seen: dict[tuple[str, ...], int] = {}
    spelt: dict[str, int] = {}
    known = frozenset(states)
    for line, place in zip(table.lines, table.numbers, strict=True):
        for wrong in _wrong(line, shape, known):
            raise ReferenceProblem(f"{table.file}, line {place}: {wrong}")
        key = tuple(line[column] for column in shape.key)
        if seen.setdefault(key, place) != place:
            raise ReferenceProblem(f"{table.file}, line {place}: {' '.join(filter(None, key))} stands in line {seen[key]} already")
        for spelling in _spellings(line, shape.spellings):
            if spelt.setdefault(squeezed(spelling), place) != place:
                raise ReferenceProblem(f"{table.file}, line {place}: {spelling!r} stands for line {spelt[squeezed(spelling)]} already")


def _wrong(line: Line, shape: _Shape, states: frozenset[str]) -> Iterator[str]:
    """What is wrong with a line by itself."""
    for column, pattern in shape.forms.items():
        if re.fullmatch(pattern, line[column]) is None:
            yield f"{line[column]!r} cannot stand in {column}"
    for code in line[shape.states].split() if shape.states else ():
        if code not in states:
            yield f"{code!r} is no state or province"
    if "npa" in line:
        yield from _wrong_area(int(line["npa"]), line["kind"])
    for column, read in _READ.items():
        try:
            if line.get(column):
                read(line[column])
        except ValueError as error:
            yield f"{line[column]!r} cannot stand in {column}: {error}"


def _wrong_area(code: int, kind: str) -> Iterator[str]:
    """Which area codes are toll-free or never ported is a part of the program, which treats their numbers in other ways."""
    expected = "toll_free" if code in TOLL_FREE else "" if code in NEVER_PORTED else "geographic"
    if kind != expected and (expected or kind in ("geographic", "toll_free")):
        yield f"area code {code} as {kind} needs a newer version of the program; a file can add and change geographic ones"


def _spellings(line: Line, columns: Sequence[str]) -> set[str]:
    """The different names of a line, by how they are compared."""
    found = {squeezed(text): text for column in columns for text in line[column].split("|") if text}
    return set(found.values())
