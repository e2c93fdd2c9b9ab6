"""Rows that speak of earlier rows: by their Row ID, or by `correct` or `cancel` and a number (contract, section 8).

A results workbook that comes back names every row twice, on *To fix* and on *All rows*, and mostly one of the two was corrected. So the copies of a row
are told apart first, against what is stored; only then are rows compared with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.repeats import data_ids
from batchport.domain.findings import Findings
from batchport.domain.purged import as_kept
from batchport.domain.requests import Requests
from batchport.domain.table import Ints, Mask


@dataclass(frozen=True, slots=True)
class Named:
    """Earlier rows of the same customer that rows of a sheet name by their Row ID.

    Attributes:
        position: of the rows that name one.
        rows: the earlier row of each: id, tn, state, row, order_id, file_id, file.
        requests: what the earlier row of each asks for, normalised.
    """

    position: Ints
    rows: pd.DataFrame
    requests: Requests

    @classmethod
    def none(cls) -> Named:
        """Of a sheet that names no row."""
        return cls(np.zeros(0, np.int64), pd.DataFrame({"id": []}), Requests({}, np.zeros(0, np.int64)))

    def __len__(self) -> int:
        return len(self.position)


def same_data(rows: Requests, earlier: Requests) -> Mask:
    """Which of the rows say the same as the earlier row beside them, as far as that is kept."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    both = data_ids(Requests.concat([rows, as_kept(rows, earlier)]))
    same: Mask = both[: len(rows)] == both[len(rows) :]
    return same


def settle_copies(rows: Prepared, named: Named, findings: Findings) -> None:
    """Of several copies of one row in a sheet let one count: that which differs from what is stored; where several do, and differently, none."""
    often = named.rows.id.duplicated(keep=False).to_numpy(dtype=bool)
    if not often.any():
        return
    at = named.position[often]
    own = rows.requests.take(at)
    table = pd.DataFrame({
        "at": at, "id": named.rows.id[often].to_numpy(), "changed": ~same_data(own, named.requests.take(np.flatnonzero(often))), "data": data_ids(own),
        "row": own.row,
    })  # fmt: skip
    clash = table["id"].map(table[table.changed].groupby("id")["data"].nunique()).fillna(0).to_numpy() > 1
    clashing = table[clash & table.changed.to_numpy()]
    said = clashing.groupby("id")["row"].agg(list)
    told = [", ".join(str(other) for other in said[one] if other != row) for one, row in zip(clashing["id"], clashing.row, strict=True)]
    findings.add("tn-conflict", clashing["at"].to_numpy(np.int64), "tn", detail=told)
    rows.clash = rows.clash | _mask(clashing["at"].to_numpy(np.int64), len(rows))
    rows.fail("tn", rows.clash)
    # The copy that counts is the first changed one, or the first of all; of a clash, both changed ones stay and none of the others.
    counts = table.sort_values(["changed", "at"], ascending=[False, True], kind="stable").drop_duplicates("id").set_index("id")
    stale = table[~table["at"].isin(counts["at"]) & ~table["at"].isin(clashing["at"])]
    findings.add("tn-repeated", stale["at"].to_numpy(np.int64), "tn", detail=[str(row) for row in counts.row[stale["id"]]])
    rows.again = rows.again | _mask(stale["at"].to_numpy(np.int64), len(rows))


def _mask(at: Ints, length: int) -> Mask:
    mask = np.zeros(length, dtype=bool)
    mask[at] = True
    return mask
