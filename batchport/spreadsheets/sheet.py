"""What reading a file gives: its sheets as tables of text, and what could not be understood beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

#: What tells, in the file by which a sheet comes from the reading process, all that is no cell of it.
ABOUT = b"batchport"


class Unreadable(Exception):
    """A file that cannot be read as a whole.

    Args:
        code: the finding's code (`file-unreadable`, `file-encrypted`, `file-unsupported`, `file-too-large`, `file-empty`).
        detail: what was seen, in a few words.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Bundled(Unreadable):
    """A file that is a zip archive of others, and can be read once it is unpacked."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd in a cell or row that the reader saw: the code of a finding, where, and a detail for its message.

    `row` is the sheet's row number (None for the whole sheet or file), `column` the place of the column (None for the whole row).
    """

    code: str
    row: int | None = None
    column: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted of a file.

    Attributes:
        saved: the customer's confirmed mapping, header -> field; its headers tell a table too.
        whole: every sheet, hidden ones too, and what every cell shows; else only visible sheets, and what cells of identifiers show.
        told: hears, every few thousand rows of a sheet, how many were read and how many there are, 0 where that is not known.
    """

    saved: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    told: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet (or text file) as a table of the text that its cells show.

    Attributes:
        name: the sheet's name, None for text files.
        headers: the names of the columns; of a header of two lines, both.
        header_row: the row in which the header ends, as Excel counts.
        cells: one Arrow column of text a header, named "0", "1", ... from column A; dictionary-typed where values repeat; blank is "".
        row: the sheet's own row number of every row of `cells`; rows without any text are left out.
        problems: what the reader saw and the checks will not.
        above: the rows down to the header that say something, as they stand: number and cells.
        hidden: whether the sheet is hidden.
    """

    name: str | None
    headers: tuple[str, ...]
    header_row: int
    cells: pa.Table
    row: np.ndarray[Any, np.dtype[np.int64]]
    problems: tuple[Problem, ...] = ()
    above: tuple[tuple[int, tuple[str, ...]], ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: its sheets that may hold requests, and what is to be said of the file as a whole."""

    sheets: tuple[Sheet, ...]
    problems: tuple[Problem, ...] = field(default=())
