"""Ranges and lists of numbers written out: a row of the sheet becomes as many, each with all its cells and the sheet's own row number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from batchport.domain.expand import expand
from batchport.domain.findings import SEPARATOR, Findings
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Ints, Mask
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import ColumnMapping
from batchport.spreadsheets.sheet import Sheet, Unreadable


@dataclass(frozen=True, slots=True)
class Ranges:
    """What the cells of a sheet named that stand for several numbers.

    Attributes:
        listed: places of the rows that came of a range or list.
        told: for each of these how many numbers the cell names, and what it says.
        unreadable: places of the rows whose cell could not be read.
    """

    listed: Ints
    told: list[str]
    unreadable: Ints

    def note(self, findings: Findings, start: int) -> None:
        """Note them; `start` is the position of the sheet's first row in the table."""
        findings.add("tn-range-expanded", self.listed + start, "tn", detail=self.told)
        findings.add("tn-range-invalid", self.unreadable + start, "tn")


def written_out(sheet: Sheet, mapping: ColumnMapping, requests: Requests, limits: Limits) -> tuple[Sheet, Requests, Ranges | None]:
    """The sheet and its requests with a row for each number, and what there was to write out; as they are where no cell names several.

    Where a cell was a list, the row's cell is the number alone: results that go back to the customer ask for one number a row, and mean the same when
    they come in again.

    Raises:
        Unreadable: `file-too-large`, when that makes more rows than are read.
    """
    found = expand(requests)
    if found is None:
        return sheet, requests, None
    if len(found.source) > limits.max_rows:
        raise Unreadable("file-too-large", f"{len(found.source):,} rows when its ranges are written out; at most {limits.max_rows:,}")
    listed = np.flatnonzero(found.listed)
    written = requests["tn"].take(found.source[listed]).text().to_pylist()
    told = [f"{count}{SEPARATOR}{text}" for count, text in zip(found.told[listed].tolist(), written, strict=True)]
    cells = sheet.cells.take(pa.array(found.source))
    for place in mapping.columns["tn"]:
        cells = cells.set_column(place, cells.column_names[place], _numbers_alone(cells, place, found.listed, found.requests["tn"]))
    ranges = Ranges(listed, told, np.flatnonzero(found.unreadable))
    return replace(sheet, cells=cells, row=sheet.row[found.source]), found.requests, ranges


def _numbers_alone(cells: pa.Table, place: int, listed: Mask, numbers: Column) -> pa.StringArray:
    """A column of the sheet with the number where a list stood; a second column of numbers may be blank, and stays so."""
    column = Column.from_arrow(cells.column(place))
    return column.where(listed & ~column.blank, numbers).text()
