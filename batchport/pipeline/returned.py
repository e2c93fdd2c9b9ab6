"""A results workbook that came back, seen as the sheets that it is of.

It names its rows on *To fix* and on *All rows*, and nobody wants to hear of them twice, nor get *To fix - To fix* and *To fix - All rows* back, and twice as
many with the next round. So a page of each kind that are of the same sheet are put together, and a row that asks for nothing because its other copy
does is left out. Both stay stored: this is only how they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from batchport.domain.fields import RESULT_SHEETS
from batchport.domain.lifecycle import State
from batchport.domain.requests import Requests
from batchport.domain.table import Ints
from batchport.pipeline.telling import SourceSheet
from batchport.spreadsheets.headers import comparable, result_headers

_TO_FIX, _ALL_ROWS = RESULT_SHEETS[1:3]
_PAGE = re.compile(rf"(?:{_TO_FIX}|{_ALL_ROWS})(?: - (.*))?", re.DOTALL)
#: Names of sheets are cut to 31 signs, whatever stands before them.
_SURE_SIGNS = 31 - len(f"{_ALL_ROWS} - ")


@dataclass(frozen=True, slots=True, eq=False)
class Once:
    """A file with every row shown once.

    Attributes:
        sheets: what it is of.
        at: the positions of the rows that are shown, sheet by sheet.
        row: the row number of each: that of its last copy, the one on *All rows*.
    """

    sheets: list[SourceSheet]
    at: Ints
    row: Ints


def shown_once(sheets: Sequence[SourceSheet], requests: Requests, state: Ints) -> Once | None:
    """The file with every row once; None where it is no workbook of results with several pages of one sheet.

    Args:
        sheets: as they came.
        requests: the rows of all sheets, one below the other.
        state: the state of each.
    """
    pages: dict[object, list[int]] = {}
    for number, sheet in enumerate(sheets):
        pages.setdefault(_about(sheet) or number, []).append(number)
    if len(pages) == len(sheets):
        return None
    ends = np.cumsum([0, *(sheet.cells.num_rows for sheet in sheets)])
    shown, at, row = [], [], []
    for numbers in pages.values():
        members = np.concatenate([np.arange(ends[number], ends[number + 1]) for number in numbers])
        kept, last = _kept(members, requests, state)
        cells = pa.concat_tables([sheets[number].cells for number in numbers]).take(pa.array(np.searchsorted(members, kept)))
        first = sheets[numbers[0]]
        shown.append(SourceSheet(_name(first), first.headers, first.columns, cells))
        at.append(kept)
        row.append(requests.row[last])
    return Once(shown, np.concatenate(at), np.concatenate(row))


def _about(sheet: SourceSheet) -> object | None:
    """What the pages of one sheet have in common; None for a sheet that is no page of results."""
    page = _PAGE.fullmatch(sheet.name or "")
    if page is None or not result_headers() <= {comparable(header) for header in sheet.headers}:
        return None
    return (page[1] or "")[:_SURE_SIGNS], sheet.headers


def _name(sheet: SourceSheet) -> str | None:
    """What the sheet was called before it became pages; as it is called now where that stands nowhere."""
    page = _PAGE.fullmatch(sheet.name or "")
    return (page[1] if page is not None else None) or sheet.name


def _kept(members: Ints, requests: Requests, state: Ints) -> tuple[Ints, Ints]:
    """The positions to show of some, in the order of their last copies, and those of the last copies."""
    keys = requests["row_id"].take(members).to_series().to_numpy()
    table = pd.DataFrame({"at": members, "key": keys, "stale": state[members] == State.DUPLICATE})
    table["last"] = table["at"].where(table.key == "", table.groupby("key")["at"].transform("max"))
    alone = (table.key == "") | ~table.stale
    no_other = table.groupby("key")["stale"].transform("all") & ~table.key.duplicated()
    kept = table[alone | no_other].sort_values("last", kind="stable")
    return kept["at"].to_numpy(), kept["last"].to_numpy()
