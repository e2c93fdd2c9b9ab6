"""The formats that profiles are made of, a module each: a table of text in, bytes out, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import pyarrow as pa

    from batchport.carriers.layout import Layout, OutColumn
    from batchport.carriers.profile import Profile
    from batchport.domain.table import Ints, Mask


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a submission file as a whole: whose it is, its number in the partner's sequence, and when it is sent by the partner's clock."""

    partner: str
    sequence: int
    sent: datetime


#: Looks at values: which of them a format has no way to say, and why.
Look = Callable[["pa.StringArray"], tuple["Mask", str]]
#: Rows from and before which, and the facts of the file -> its bytes.
Writer = Callable[[int, int, Facts], bytes]


class Format(Protocol):
    """What a format's module offers: `writer` and `looks` where submissions can be of it, `read` where answers can."""

    def writer(self, table: pa.Table, starts: Ints, profile: Profile) -> Writer:
        """What makes the bytes of a submission.

        `table` has a column of text (plain or dictionary-typed, without nulls) for each of the profile's outgoing columns but facts, named as there;
        `starts` are the rows where an order begins. A file holds whole orders.

        Raises:
            CannotCarry: a value that this format has no way to say; here, or when the bytes are made.
        """

    def looks(self, form: Any, column: OutColumn) -> tuple[Look, ...]:
        """What is looked for in the values of a column, beyond what the column says itself; what is found is refused."""

    def read(self, data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
        """The records of a response, and the headers of the columns that the layout does not speak of.

        The table has an integer column `line`, the record's number in the file as people count (the first is 1, a header and blank ones count), and
        a column of text for each of the layout's headers that the file has, named as there.

        Raises:
            Unreadable: not a whole file of this format.
        """


class CannotCarry(ValueError):
    """A value that a format has no way to say: which column, which row (from 0), and why; never the value."""

    def __init__(self, header: str, row: int, why: str) -> None:
        super().__init__(f"{header}: {why}")
        self.header, self.row, self.why = header, row, why


class Unreadable(ValueError):
    """Bytes that are not a whole file of the format; the message says why, without what stands in it.

    `foreign`: nothing of it looks like the layout, so that it may well be of another.
    """

    def __init__(self, reason: str, *, foreign: bool = False) -> None:
        super().__init__(reason)
        self.foreign = foreign


def format_of(kind: str) -> Format:
    """The module of a format, by the kind that profiles name."""
    return cast("Format", import_module(f"{__name__}.{kind}"))


def find_columns(header: Sequence[str], layout: Layout) -> tuple[list[str | None], tuple[str, ...]]:
    """The layout's name of each column, None for those that it does not speak of, and the headers of these.

    Raises:
        Unreadable: none of them is known, one is there twice, or one that must be there is not.
    """
    known = {said.casefold(): said for said in layout.headers}
    names = [known.get(cell.strip().casefold()) for cell in header]
    if not any(names):
        raise Unreadable("there is no header line", foreign=True)
    for said, needed in layout.headers.items():
        if names.count(said) > 1:
            raise Unreadable(f"the column {said} is there twice")
        if said not in names and needed:
            raise Unreadable(f"the column {said} is missing")
    return list(names), tuple(cell for cell, name in zip(header, names, strict=True) if name is None)


def table_of(records: Sequence[Mapping[str, str]], lines: Sequence[int], layout: Layout) -> pa.Table:
    """Records that were read one by one as a table; a column that none of them has is left out."""
    import pyarrow as pa

    columns: dict[str, Any] = {"line": pa.array(lines, pa.int64())}
    for header in layout.headers:
        if any(header in record for record in records):
            columns[header] = pa.array([record.get(header, "") for record in records], pa.string())
    return pa.table(columns)
