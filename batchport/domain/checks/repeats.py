"""The same number, or the same line, on more than one row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.fields import NAMES
from batchport.domain.findings import SEPARATOR
from batchport.domain.repeated import alike, repeated, repeated_texts
from batchport.domain.requests import Requests
from batchport.domain.table import Ints, Mask

CHECKS = check = Registry()

#: What two requests for a number are compared by: all they say, but what is only the customer's own.
SAME_DATA = tuple(name for name in NAMES if name not in ("customer_ref", "row_id", "action"))


def data_ids(requests: Requests) -> Ints:
    """A whole number a row: the same for rows that say the same after normalising."""
    return alike([requests[name].ids() for name in SAME_DATA])


def _repeated(rows: Prepared, among: Mask) -> Ints:
    """Positions of those rows whose number stands on another one of them too."""
    at = np.flatnonzero((rows.tn >= 0) & among)
    return at[repeated(rows.tn[at])]


@check("tn-conflict", "tn")
def same_number_other_data(rows: Prepared) -> Verdict:
    """Rows that ask for one number and say different things of it; a number that cannot be anybody's has its finding already."""
    mask = np.zeros(len(rows), dtype=bool)
    at = _repeated(rows, ~rows.failed("tn") & ~rows.again)
    if not len(at):
        return mask
    table = pd.DataFrame({"tn": rows.tn[at], "data": data_ids(rows.requests.take(at)), "row": rows.requests.row[at]})
    clash = (table.groupby("tn")["data"].transform("nunique") > 1).to_numpy()
    mask[at[clash]] = True
    rows.clash = rows.clash | mask
    said = table[clash].groupby("tn")["row"].agg(list)
    return mask, [", ".join(str(other) for other in dict.fromkeys(said[tn]) if other != row) for tn, row in zip(table.tn[clash], table.row[clash], strict=True)]


@check("tn-repeated", "tn", beside=True)
def same_request_again(rows: Prepared) -> Verdict:
    """Rows that ask for a number in the same words as an earlier row."""
    mask = np.zeros(len(rows), dtype=bool)
    at = _repeated(rows, ~rows.again)
    if not len(at):
        return mask
    said = pd.DataFrame({"tn": rows.tn[at], "data": data_ids(rows.requests.take(at)), "row": rows.requests.row[at], "clash": rows.clash[at]})
    later = (said.duplicated(["tn", "data"]) & ~said.clash).to_numpy()
    mask[at[later]] = True
    rows.again = rows.again | mask
    first = said.groupby(["tn", "data"])["row"].transform("first")
    return mask, [str(row) for row in first[later]]


@check("destination-repeated", "destination")
def line_for_one_taken_twice(rows: Prepared) -> Verdict:
    """Rows that send another number to the same line, of which the customer's roster says that it takes one."""
    roster = rows.terms.roster
    if roster is None:
        return np.zeros(len(rows), dtype=bool)
    return _taken_twice(rows, roster.takes_one(rows["destination"]), ", and takes one by your list of lines")


@check("destination-repeated", "destination")
def line_taken_twice(rows: Prepared) -> Verdict:
    """Rows that send another number to the same line: right for a trunk, perhaps a slip for a line; nothing to say where the roster knows it as a trunk."""
    roster = rows.terms.roster
    among = np.ones(len(rows), dtype=bool) if roster is None else ~roster.takes_many(rows["destination"])
    return _taken_twice(rows, among, "")


def _taken_twice(rows: Prepared, among: Mask, takes: str) -> Verdict:
    """Those of some rows that send another number to the same line. What a customer's roster does not tell of a line is asked of each file by itself."""
    mask = np.zeros(len(rows), dtype=bool)
    asked = among & ~rows["destination"].blank & ~rows.failed("destination") & ~rows.again
    lines = rows["destination"].take(asked)
    if rows.terms.roster is not None:
        lines = lines.map(pc.utf8_lower)
    many = repeated_texts(lines)
    at, line = np.flatnonzero(asked)[many], lines.take(many).ids()
    if rows.terms.roster is None:
        line = alike([line, rows.file[at]])
        again = repeated(line)
        at, line = at[again], line[again]
    if not len(at):
        return mask
    mask[at] = True
    table = pd.DataFrame({"line": line, "row": rows.requests.row[at]})
    said = table.groupby("line")["row"].agg(lambda found: found.drop_duplicates().head(4).tolist())
    return mask, [_others(said[one], row) + SEPARATOR + takes for one, row in zip(table.line, table.row, strict=True)]


def _others(rows: list[int], own: int) -> str:
    """A few of the other rows; the row itself, where a range in it made them all."""
    others = [str(row) for row in dict.fromkeys(rows) if row != own] or [str(own)]
    return ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
