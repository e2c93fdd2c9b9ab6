"""Addresses that nothing is sent to any more, since they bounced for good."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, insert, literal, select, text

from batchport.store.schema import UNDELIVERED, mails, suppressed


def suppress(connection: Connection, address: str, *, since: str, why: str, mail_id: int) -> bool:
    """Send nothing to an address from now on; False where nothing was sent to it before."""
    values = (literal(address.casefold()), literal(since), literal(why), literal(mail_id))
    there = select(suppressed.c.address).where(suppressed.c.address == address.casefold()).exists()
    columns = ["address", "since", "why", "mail_id"]
    return bool(connection.execute(insert(suppressed).from_select(columns, select(*values).where(~there))).rowcount)


def lift(connection: Connection, address: str) -> bool:
    """Send to an address again; False where that was not kept from it."""
    return bool(connection.execute(suppressed.delete().where(suppressed.c.address == address.casefold())).rowcount)


def suppressed_addresses(connection: Connection) -> list[Any]:
    """The addresses by name: address, since, why, and not_sent, how many mails were not sent to it."""
    # With nothing added, so that those few are grouped and not all mails gone through in the order of their recipients.
    recipient = func.lower(mails.c.recipient).concat("").label("recipient")
    kept = select(recipient, func.count().label("number")).where(text(UNDELIVERED), mails.c.state == "suppressed").group_by(recipient).subquery()
    not_sent = func.coalesce(kept.c.number, 0).label("not_sent")
    columns = suppressed.c.address, suppressed.c.since, suppressed.c.why, not_sent
    return list(connection.execute(select(*columns).outerjoin(kept, kept.c.recipient == suppressed.c.address).order_by(suppressed.c.address)))
