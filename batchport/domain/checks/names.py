"""Whose number it is, and who may decide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from batchport.domain import normalise
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.table import Column, Mask, bools

CHECKS = check = Registry()

_COMPANY = r"(?i)\b(?:llc|l\.l\.c|inc|incorporated|corp|corporation|ltd|limited|company|co\.|llp|plc|lt[ée]e|s\.?a\.?r\.?l|enterprises|services|group|dept|department)\b"
_SEVERAL = r"(?i)[/&;+]|\b(?:and|or|et|ou)\b"


@check("name-missing", "name")
def no_name(rows: Prepared) -> Mask:
    """Rows without the name on the bill."""
    return rows["name"].blank


def _cut(name: str) -> Callable[[Prepared], Verdict]:
    """The check that tells which texts of a field the partner's file has no room for, and what is left of them."""

    def text_is_cut(rows: Prepared) -> Verdict:
        room = rows.room(lambda asks: asks.cuts, name)
        if room is None:
            return np.zeros(len(rows), dtype=bool)
        column = rows[name]
        mask = column.spread(pc.utf8_length(column.values).to_numpy()) > room
        at = np.flatnonzero(mask)
        left = column.take(at)
        for limit in np.unique(room[at]).tolist():
            left = left.where(room[at] == limit, _sliced(column.take(at), limit))
        return bools(mask), left.text()

    return text_is_cut


def _sliced(column: Column, limit: int) -> Column:
    return column.map(lambda values: pc.utf8_slice_codeunits(values, 0, limit))


check("name-too-long", "name")(_cut("name"))
check("name-too-long", "authorized_name")(_cut("authorized_name"))


def _business(rows: Prepared) -> Mask:
    return ~rows.wireless & ~rows["number_type"].equals("residential")


@check("authorized-missing", "authorized_name")
def nobody_authorized(rows: Prepared) -> Mask:
    """Business rows that name nobody who may decide; residential and wireless ones have the subscriber."""
    return _business(rows) & rows["authorized_name"].blank


@check("authorized-not-person", "authorized_name")
def not_one_person(rows: Prepared) -> Mask:
    """Rows whose authorized name looks like a company, or, of a business, like several people; a household may have two names on its bill.

    Of residential rows the subscriber's name counts where it stands in for the authorized one. A wireless account may be a company's.
    """
    company, several = rows["authorized_name"].contains(_COMPANY), rows["authorized_name"].contains(_SEVERAL)
    return bools((_business(rows) & (company | several)) | (~rows.wireless & company))


@check("authorized-differs", "authorized_name")
def not_the_subscriber(rows: Prepared) -> Mask:
    """Residential and wireless rows whose authorized person is not the subscriber."""
    asked = ~_business(rows) & ~rows["name"].blank & ~rows["authorized_name"].blank
    asked &= ~rows["authorized_name"].contains(_COMPANY) | rows.wireless
    at = np.flatnonzero(asked)
    if not len(at):
        return asked
    name, authorized = (normalise.folded(rows[field].take(at)).text() for field in ("name", "authorized_name"))
    differ = np.zeros(len(rows), dtype=bool)
    differ[at] = bools(pc.not_equal(name, authorized))
    return differ
