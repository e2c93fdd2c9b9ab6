"""The carrier that has the number today."""

from __future__ import annotations

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.table import Mask

CHECKS = check = Registry()


@check("carrier-missing", "losing_carrier")
def no_carrier(rows: Prepared) -> Mask:
    """Rows that do not say who has the number."""
    return rows["losing_carrier"].blank


@check("carrier-unknown", "losing_carrier")
def carrier_not_in_directory(rows: Prepared) -> Mask:
    """Rows with a carrier that the directory does not know: sent as written."""
    return ~rows["losing_carrier"].blank & ~rows["losing_carrier"].isin(rows.known.carrier_list)


@check("carrier-unlock", "unlocked")
def not_unlocked(rows: Prepared) -> Verdict:
    """Rows of carriers that must unlock a number first, and that do not say it was done."""
    locked = rows["losing_carrier"].isin(rows.known.unlock) & ~rows["unlocked"].equals("Y")
    return locked, rows["losing_carrier"].take(locked).text().to_pylist()
