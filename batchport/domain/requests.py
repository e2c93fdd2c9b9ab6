"""The rows of a sheet as a table of our own fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from batchport.domain.fields import NAMES
from batchport.domain.table import Column, Ints, Mask


class Requests:
    """Requests to port one number each: a `Column` for every field, and the place each row came from.

    Attributes:
        columns: field name -> column; every field of the registry, all of one length.
        row: the sheet's own row number of each request, as Excel counts, the first is 1.
        sheet: which of the sheets read together a request stands in (0, 1, ...).
    """

    __slots__ = ("columns", "row", "sheet")

    def __init__(self, columns: Mapping[str, Column], row: Ints, sheet: Ints | None = None) -> None:
        length = len(row)
        self.row = row
        self.sheet = sheet if sheet is not None else np.zeros(length, np.int32)
        self.columns = {name: columns.get(name) or Column.constant("", length) for name in NAMES}

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, sheet: Ints | None = None) -> Requests:
        """Requests from a frame with a column a field, whose index is the sheet's row numbers."""
        columns = {str(name): Column.from_series(frame[name]) for name in frame}
        return cls(columns, frame.index.to_numpy(), sheet)

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def replace(self, **columns: Column) -> Requests:
        """The same rows with some columns changed."""
        return Requests({**self.columns, **columns}, self.row, self.sheet)

    def take(self, rows: Mask | Ints) -> Requests:
        """Some of the rows, by mask or positions."""
        return Requests({name: column.take(rows) for name, column in self.columns.items()}, self.row[rows], self.sheet[rows])

    def frame(self) -> pd.DataFrame:
        """The table as pandas holds it: a text or category column a field, indexed by the sheet's row number."""
        frame = pd.DataFrame({name: column.to_series() for name, column in self.columns.items()})
        frame.index = pd.Index(self.row, name="row")
        return frame

    @classmethod
    def concat(cls, parts: Sequence[Requests]) -> Requests:
        """The requests one below the other; each part's sheets are counted on from the last part's."""
        if len(parts) == 1:
            return parts[0]
        sheets: list[Any] = []
        start = 0
        for part in parts:
            sheets.append(part.sheet + start)
            start += int(part.sheet.max(initial=-1)) + 1
        return cls(
            {name: Column.concat([part.columns[name] for part in parts]) for name in NAMES},
            np.concatenate([part.row for part in parts]),
            np.concatenate(sheets),
        )
