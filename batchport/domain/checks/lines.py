"""Where the number goes, and what else a row says to us."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from batchport.domain import normalise
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Said, Verdict
from batchport.domain.fields import ADDRESS, CONTACT
from batchport.domain.table import Mask, bools

CHECKS = check = Registry()

#: What customers write that goes into partners' files as it stands, and what it is called there where that is something else.
_WRITTEN = ("account_number", "pin", "losing_carrier", "name", "authorized_name", *ADDRESS, "reseller", "notes")
_SOURCES = {"notes": "remarks"}


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


def _unsendable(name: str) -> Callable[[Prepared], Verdict]:
    """The check for rows of which a value cannot stand in their partner's files, with why."""

    def cannot_be_written(rows: Prepared) -> Verdict:
        if not any(asks.unfit for asks in rows.terms.partners.values()):
            return np.zeros(len(rows), dtype=bool)
        # Notes go on one line, whatever stands between their words.
        column = normalise.tidy(rows[name]) if name == "notes" else rows[name]
        why = np.full(len(rows), "", dtype=object)
        for partner, asks in rows.terms.partners.items():
            of = rows.partner.equals(partner) if asks.unfit is not None else np.zeros(len(rows), dtype=bool)
            if asks.unfit is not None and of.any():
                said = column.spread(np.array(asks.unfit(_SOURCES.get(name, name), column.values), dtype=object))
                why[of] = said[of]
        mask = bools(why != "") & ~column.blank
        return mask, [str(text) for text in why[mask]]

    return cannot_be_written


def _lacking(name: str) -> Callable[[Prepared], Mask]:
    """The check for rows that do not say what their partner cannot do without."""
    source = _SOURCES.get(name, name)

    def not_said(rows: Prepared) -> Mask:
        if not any(source in asks.required for asks in rows.terms.partners.values()):
            return np.zeros(len(rows), dtype=bool)
        return rows.asked(lambda partner: source in partner.required) & rows[name].blank

    return not_said


for _name in _WRITTEN:
    check("value-unsendable", _name)(_unsendable(_name))
for _name in (*_WRITTEN, "country", "requested_date", "new_btn", "resporg_id"):
    check("value-required", _name)(_lacking(_name))


@check("action-invalid", "action")
def unknown_action(rows: Prepared) -> Mask:
    """Rows that ask for something else than `correct` or `cancel`."""
    return ~rows["action"].isin(("", "correct", "cancel"))
