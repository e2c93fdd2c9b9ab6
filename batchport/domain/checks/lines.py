"""Where the number goes, and what else a row says to us."""

from __future__ import annotations

import numpy as np

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Said
from batchport.domain.table import Mask

CHECKS = check = Registry()

#: Addresses that mail can be sent to.
CONTACT = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"


@check("destination-missing", "destination")
def nowhere_to_go(rows: Prepared) -> Mask:
    """Rows that do not say which line the number goes to."""
    return rows["destination"].blank


@check("destination-unknown", "destination")
def no_line_of_the_customer(rows: Prepared) -> Said:
    """Rows whose line is not on the customer's roster, where there is one."""
    line, roster = rows["destination"], rows.terms.roster
    unknown = np.zeros(len(rows), dtype=bool) if roster is None else ~line.blank & ~roster.knows(line)
    if roster is None or not unknown.any():
        return Said(unknown)
    return Said(unknown, suggestion=[roster.near(text) for text in line.take(unknown).text().to_pylist()])


@check("email-invalid", "contact_email")
def address_form(rows: Prepared) -> Mask:
    """Rows whose contact address is not one that mail can be sent to."""
    email = rows["contact_email"]
    return ~email.blank & ~email.fullmatch(CONTACT)


@check("action-invalid", "action")
def unknown_action(rows: Prepared) -> Mask:
    """Rows that ask for something else than `correct` or `cancel`."""
    return ~rows["action"].isin(("", "correct", "cancel"))
