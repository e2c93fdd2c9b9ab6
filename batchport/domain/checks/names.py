"""Whose number it is, and who may decide."""

from __future__ import annotations

from batchport.domain import normalise
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry
from batchport.domain.table import Mask

CHECKS = check = Registry()

_COMPANY = r"(?i)\b(?:llc|l\.l\.c|inc|incorporated|corp|corporation|ltd|limited|company|co\.|llp|plc|lt[ée]e|s\.?a\.?r\.?l|enterprises|services|group|dept|department)\b"
_SEVERAL = r"(?i)[,/&;+]|\band\b|\bor\b|\bet\b"


@check("name-missing", "name")
def no_name(rows: Prepared) -> Mask:
    """Rows without the name on the bill."""
    return rows["name"].blank


@check("authorized-missing", "authorized_name")
def nobody_authorized(rows: Prepared) -> Mask:
    """Business rows that name nobody who may decide; residential and wireless ones have the subscriber."""
    business = ~rows.wireless & ~rows["number_type"].equals("residential")
    return business & rows["authorized_name"].blank


@check("authorized-not-person", "authorized_name")
def not_one_person(rows: Prepared) -> Mask:
    """Business rows whose authorized name looks like a company or like several people."""
    business = ~rows.wireless & ~rows["number_type"].equals("residential")
    return business & (rows["authorized_name"].contains(_COMPANY) | rows["authorized_name"].contains(_SEVERAL))


@check("authorized-differs", "authorized_name")
def not_the_subscriber(rows: Prepared) -> Mask:
    """Residential rows whose authorized person is not the subscriber."""
    residential = rows["number_type"].equals("residential") & ~rows["name"].blank & ~rows["authorized_name"].blank
    if not residential.any():
        return residential
    differ = residential.copy()
    name, authorized = normalise.folded(rows["name"]), normalise.folded(rows["authorized_name"])
    differ[residential] = [a != b for a, b in zip(name.take(residential).text(), authorized.take(residential).text(), strict=True)]
    return differ
