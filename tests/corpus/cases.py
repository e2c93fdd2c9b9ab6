"""What a case of the corpus is: a file with one hazard, and what the rules say of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from batchport.domain.fields import BY_NAME, FIELDS
from tests.conftest import LOCAL

#: Findings that leave a row alive, as the table of findings says.
WARNINGS = frozenset(
    "text-unsafe tn-area-code-unknown tn-test-line tn-letters tn-repeated tn-already-ported pin-short carrier-unknown name-too-long name-spelling authorized-not-person "
    "authorized-differs address-unclear postal-zeros-restored destination-repeated partial-assumed order-btn-not-listed email-invalid".split()
)  # fmt: skip
INFOS = frozenset(
    "file-repeated column-unknown sheet-skipped encoding-assumed tn-range-expanded number-type-changed account-defaulted account-cleaned btn-defaulted pin-defaulted "
    "carrier-no-route authorized-defaulted address-split order-held order-account-busy order-split order-field-shared value-defaulted value-normalised".split()
)  # fmt: skip

#: Rows without a fault; each is one whole account. The second one's identifiers begin with zeros.
A = LOCAL
B = {**LOCAL, "tn": "617-234-0143", "account_number": "00144218", "pin": "0042", "postal_code": "02108", "destination": "0143"}
C = {**LOCAL, "tn": "617-234-0144", "account_number": "80144219", "pin": "7310", "postal_code": "02110", "destination": "line-0144"}
ALL = (A, B, C)


#: A value that a case does not look at.
SKIP = "(not looked at)"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that `check` prints: its number, its errors and warnings to the letter, infos that must be among the others, and values to look at.

    `maybe` are codes that the rules neither ask for nor forbid.
    """

    number: int
    values: Mapping[str, str | None]
    codes: frozenset[str] = frozenset()
    infos: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    sheet: str | None = None
    state: str = ""

    @property
    def expected_state(self) -> str:
        """Rejected by an error of its own, else ready."""
        return self.state or ("rejected" if self.codes - WARNINGS - INFOS else "ready")


@dataclass(frozen=True, slots=True)
class Expected:
    """One outcome that the rules allow.

    `file` are the findings of file, sheet and column to the letter, but for those that `maybe` stand there too; `rows` all rows in their order
    (None: whatever they are). `exit` and `state` follow from the rest where they are not said.
    """

    rows: tuple[Row, ...] | None = ()
    file: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    exit: frozenset[int] = frozenset()
    state: frozenset[str] = frozenset()
    name: str = ""

    @property
    def statuses(self) -> frozenset[int]:
        """The exit statuses that are right."""
        if self.exit:
            return self.exit
        if self.states == {"unreadable"}:
            return frozenset({2})
        if self.states == {"unmapped"} or any(row.expected_state == "rejected" for row in self.rows or ()):
            return frozenset({1})
        return frozenset({0})

    @property
    def states(self) -> frozenset[str]:
        """The states of the file that are right."""
        if self.state:
            return self.state
        if any(code.startswith("file-") and code != "file-repeated" for code in self.file):
            return frozenset({"unreadable"})
        return frozenset({"unmapped"}) if self.file & {"column-missing", "column-ambiguous", "column-repeated"} else frozenset({"read"})


@dataclass(frozen=True, slots=True)
class Case:
    """A file, what makes it, and what is right: any of `expected`.

    `read` is what `batchport read` prints: for each row that is not blank its sheet, whether that is hidden, its number, and its cells without
    blank ones at the end. `apart`: it may bring a reader down, so the command runs in a process of its own. `bomb`: it unpacks
    to far more than it is, so time and memory are looked at.
    """

    name: str
    hazard: str
    make: Callable[[], bytes]
    expected: tuple[Expected, ...]
    read: tuple[tuple[str | None, bool, int, tuple[str, ...]], ...] | None = None
    apart: bool = False
    bomb: bool = False


@dataclass
class Corpus:
    """Cases, as they are told."""

    cases: list[Case] = field(default_factory=list)

    def add(self, name: str, hazard: str, content: bytes | str | Callable[[], bytes], *expected: Expected, read: Sequence[object] | None = None, **options: object) -> None:
        """One more; text is written as UTF-8."""
        data = content.encode() if isinstance(content, str) else content
        make = data if callable(data) else lambda: data
        lines = None if read is None else tuple(_line(line) for line in read)  # type: ignore[arg-type]
        self.cases.append(Case(name, hazard, make, expected, lines, **options))  # type: ignore[arg-type]


def _line(line: Sequence[object]) -> tuple[str | None, bool, int, tuple[str, ...]]:
    """A line of `read`: its number and cells, and before them, for workbooks, its sheet and whether that is hidden."""
    sheet, hidden, number, cells = (None, False, *line) if len(line) == 2 else line
    assert isinstance(number, int)
    return sheet, bool(hidden), number, tuple(cells)  # type: ignore[arg-type,return-value]


def codes(words: str) -> frozenset[str]:
    """Codes, with blanks between them."""
    return frozenset(words.split())


def row(number: int, base: Mapping[str, str], wrong: str = "", *, infos: str = "", maybe: str = "", sheet: str | None = None, state: str = "", **values: str | None) -> Row:
    """A row as `check` shall print it: the base's identifiers as they stand, unless said otherwise; None is null, SKIP is whatever it is."""
    plain = {name: base[name] for name in ("account_number", "pin", "postal_code", "destination", "name", "street_number") if name in base}
    found = {name: value for name, value in {"tn": digits(base["tn"]), **plain, **values}.items() if value is not SKIP}
    return Row(number, found, codes(wrong), codes(infos), codes(maybe), sheet, state)


def rows(*bases: Mapping[str, str], first: int = 2, sheet: str | None = None, **values: str | None) -> tuple[Row, ...]:
    """Good rows, one under the other."""
    return tuple(row(number, base, sheet=sheet, **values) for number, base in enumerate(bases, first))


def good(*found: Row | tuple[Row, ...], file: str = "", maybe: str = "", **options: object) -> Expected:
    """A file that is read, and its rows."""
    flat: list[Row] = []
    for one in found:
        flat.extend((one,) if isinstance(one, Row) else one)
    return Expected(tuple(flat), codes(file), codes(maybe), **options)  # type: ignore[arg-type]


def bad(code: str, *, maybe: str = "") -> Expected:
    """A file that cannot be read, and why."""
    return Expected((), codes(code), codes(maybe), state=frozenset({"unreadable"}))


def any_of(*some: str) -> tuple[Expected, ...]:
    """A file that cannot be read, for one of these reasons."""
    return tuple(bad(code) for code in some)


#: A sheet without a row: the rules call it `file-empty` and do not say what state the file has, only that it is an error.
EMPTY = Expected((), codes("file-empty"), codes("sheet-skipped column-unknown"), exit=frozenset({1, 2}), state=frozenset({"unreadable", "unmapped", "read"}))


def in_sheet(expected: Expected, sheet: str) -> Expected:
    """The same, in a workbook's sheet."""
    return replace(expected, rows=None if expected.rows is None else tuple(replace(one, sheet=sheet) for one in expected.rows))


def digits(text: str) -> str:
    """The digits of a number."""
    return "".join(sign for sign in text if sign.isdigit())


def names(*bases: Mapping[str, str]) -> list[str]:
    """The fields that any of the rows has, in the template's order."""
    return [one.name for one in FIELDS if any(one.name in base for base in bases)]


def table(*bases: Mapping[str, str]) -> list[list[str]]:
    """Rows under the template's labels, as cells."""
    fields = names(*bases)
    return [[BY_NAME[name].label for name in fields], *([base.get(name, "") for name in fields] for base in bases)]


def position(name: str, *bases: Mapping[str, str]) -> int:
    """The place of a field's column in `table`."""
    return names(*(bases or (A,))).index(name)


def text(cells: Iterable[Sequence[str]], separator: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Cells as separated text."""
    target = io.StringIO()
    csv.writer(target, delimiter=separator, lineterminator=end, quoting=quoting).writerows(cells)  # type: ignore[arg-type]
    return target.getvalue()


def lines(cells: Sequence[Sequence[str]], first: int = 1) -> list[tuple[int, list[str]]]:
    """What `read` prints of cells, the first of them in this row."""
    return [(number, stripped(line)) for number, line in enumerate(cells, first) if any(line)]


def stripped(cells: Sequence[str]) -> list[str]:
    """Cells without the blank ones at the end."""
    last = max((at for at, cell in enumerate(cells, 1) if cell), default=0)
    return list(cells[:last])
