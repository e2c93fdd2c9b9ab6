"""The formats that profiles are made of, a module each: a table of text in, bytes out, and back."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import pyarrow as pa

    from batchport.carriers.profile import Profile


class Format(Protocol):
    """What every format's module offers."""

    def write(self, table: pa.Table, profile: Profile) -> bytes:
        """The bytes of a submission.

        `table` has a column of text (plain or dictionary-typed, without nulls) for each of the profile's columns, named and ordered as its headers.

        Raises:
            CannotCarry: a value that this format has no way to say.
        """

    def read(self, data: bytes, profile: Profile) -> tuple[pa.Table, tuple[str, ...]]:
        """The records of a response, and the headers of the columns that the profile does not speak of.

        The table has an integer column `line`, the record's number in the file as people count (the first is 1, a header and blank ones count), and
        a column of text for each of the profile's answers that the file has, by our names.

        Raises:
            Unreadable: not a whole file of this format.
        """


class CannotCarry(ValueError):
    """A value that a format has no way to say: which column, which row (from 0), and why; never the value."""

    def __init__(self, header: str, row: int, why: str) -> None:
        super().__init__(f"{header}: {why}")
        self.header, self.row, self.why = header, row, why


class Unreadable(ValueError):
    """Bytes that are not a whole file of the format; the message says why, without what stands in it."""


def format_of(kind: str) -> Format:
    """The module of a format, by the kind that profiles name."""
    return cast("Format", import_module(f"{__name__}.{kind}"))
