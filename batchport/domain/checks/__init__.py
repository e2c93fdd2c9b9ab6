"""What a port desk checks of every row.

`check_rows` makes the text of a sheet the trade's own (`prepare`), then asks each check which rows it concerns. A check is a function from the prepared
table to a mask; it is registered with its code and field:

    @check("pin-missing", "pin")
    def wireless_without_pin(rows: Prepared) -> Mask: ...

Checks run in the order in which the modules below list them. One cause gives one finding: a row whose field already has an error is not asked about that
field again.
"""

from __future__ import annotations

from batchport.domain.checks import accounts, addresses, carriers, dates, kinds, lines, names, numbers, papers, repeats
from batchport.domain.checks.prepared import Prepared, prepare
from batchport.domain.checks.registry import Check
from batchport.domain.corrections import Named, settle_copies
from batchport.domain.findings import Findings
from batchport.domain.papers import Beside
from batchport.domain.reference import Reference
from batchport.domain.requests import Requests
from batchport.domain.terms import Terms

__all__ = ["CHECKS", "Prepared", "check_rows"]

CHECKS: tuple[Check, ...] = tuple(
    found for module in (numbers, repeats, carriers, accounts, kinds, names, addresses, dates, lines, papers) for found in module.CHECKS.found
)


def check_rows(
    requests: Requests, terms: Terms, known: Reference, findings: Findings, *, named: Named | None = None, beside: Beside | None = None
) -> Prepared:
    """The requests in the trade's own words, with every finding of a single row, or of rows of this table among themselves, noted in `findings`.

    Args:
        requests: the rows as the customer wrote them.
        terms: the customer's settings.
        known: area codes, carriers, states and the like.
        findings: gathers what is found; may already hold what the reader saw.
        named: earlier rows that some of these name by their Row ID.
        beside: the papers that lie beside the sheets; None: nobody has looked.
    """
    rows = prepare(requests, terms, known, findings, beside)
    if named:
        settle_copies(rows, named, findings)
    for each in CHECKS:
        each.run(rows, findings)
    _leave_ragged(rows, findings)
    # A request that only repeats another says nothing of its own.
    findings.drop(rows.again, but="tn-repeated")
    return rows


def _leave_ragged(rows: Prepared, findings: Findings) -> None:
    """Of rows that do not fit their header only that is said: which value stands in which column is not known, so none is judged."""
    ragged = findings.on(len(rows), code="row-ragged")
    if ragged.any():
        findings.drop(ragged, but="row-ragged")
