"""What kind of number and account a row speaks of."""

from __future__ import annotations

import numpy as np

from batchport.domain import normalise
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.fields import ACCOUNT_TYPES, NUMBER_TYPES
from batchport.domain.repeated import alike
from batchport.domain.table import Mask, bools

CHECKS = check = Registry()


@check("number-type-missing", "number_type")
def no_number_type(rows: Prepared) -> Mask:
    """Rows without a number type, unless the number is toll-free and says it itself."""
    return rows["number_type"].blank


@check("number-type-invalid", "number_type")
def unknown_number_type(rows: Prepared) -> Mask:
    """Rows whose number type is none of the four."""
    return ~rows["number_type"].isin(NUMBER_TYPES)


@check("number-type-mismatch", "number_type")
def type_against_number(rows: Prepared) -> Mask:
    """Rows whose type and number disagree on being toll-free."""
    known = rows.tn >= 0
    return bools(known & (rows["number_type"].equals("business_toll_free") != rows.toll_free))


@check("account-type-missing", "account_type")
def no_account_type(rows: Prepared) -> Mask:
    """Rows that do not say whether other numbers are on the account; wireless ones are not asked."""
    return rows["account_type"].blank & ~rows.wireless


@check("account-type-invalid", "account_type")
def unknown_account_type(rows: Prepared) -> Mask:
    """Rows whose account type is neither Single-Line nor Multi-Line."""
    return ~rows["account_type"].isin(ACCOUNT_TYPES) & ~rows["account_type"].blank


@check("account-type-mismatch", "account_type")
def single_line_with_others(rows: Prepared) -> Verdict:
    """Single-Line rows whose carrier and account number stand on a row of their file with another number too."""
    stated = ~rows["account_number"].blank & ~rows["losing_carrier"].blank & (rows.tn >= 0) & ~rows.again
    stated &= ~rows.failed("account_number")
    if not (stated & rows.single).any():
        return np.zeros(len(rows), dtype=bool)
    at = np.flatnonzero(stated)
    accounts = normalise.folded(rows["account_number"]).ids()[at]
    carriers = normalise.folded(rows["losing_carrier"]).ids()[at]
    group = alike([accounts, carriers, rows.file[at]])
    tn = rows.tn[at]
    # The first row of a group, and the first that asks for another number than that one: one of the two is another row for any row of it.
    first = np.full(int(group.max(initial=-1)) + 1, -1, np.int64)
    first[group[::-1]] = np.arange(len(at))[::-1]
    other = np.full(len(first), -1, np.int64)
    differs = np.flatnonzero(tn != tn[first[group]])
    other[group[differs[::-1]]] = differs[::-1]
    neighbour = np.where(tn != tn[first[group]], first[group], other[group])
    wrong = rows.single[at] & (neighbour >= 0)
    mask = np.zeros(len(rows), dtype=bool)
    mask[at[wrong]] = True
    return mask, [str(row) for row in rows.requests.row[at[neighbour[wrong]]]]
