"""Where the number goes, and what else a row says to us."""

from __future__ import annotations

import numpy as np

from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry
from batchport.domain.table import Mask

CHECKS = check = Registry()

#: Addresses that mail can be sent to.
CONTACT = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"


@check("destination-missing", "destination")
def nowhere_to_go(rows: Prepared) -> Mask:
    """Rows that do not say which line the number goes to."""
    return rows["destination"].blank


@check("email-invalid", "contact_email")
def address_form(rows: Prepared) -> Mask:
    """Rows whose contact address is not one that mail can be sent to."""
    email = rows["contact_email"]
    return ~email.blank & ~email.fullmatch(CONTACT)


@check("action-invalid", "action")
def unknown_action(rows: Prepared) -> Mask:
    """Rows that ask for something else than `correct` or `cancel`."""
    return ~rows["action"].isin(("", "correct", "cancel"))


@check("date-invalid", "requested_date")
def date_form(rows: Prepared) -> Mask:
    """Rows whose date could not be read."""
    date = rows["requested_date"]
    return np.asarray(~date.blank & ~date.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}"))
