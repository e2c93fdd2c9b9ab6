"""Addresses that mail came back from for good: nothing is sent to them until somebody says that they are right again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from batchport.pipeline.app import App, Unknown
from batchport.pipeline.tally import PassTally
from batchport.store import suppressed as stored
from batchport.store.acts import record_act


def silence(app: App, tally: PassTally, connection: Connection, record: Any, why: str) -> bool:
    """Send nothing more to whom a mail was for, and tell the operator; False for the operator's own address, which is written to whatever comes back."""
    address = record.recipient
    if address.casefold() == app.settings.operator.email.casefold():
        tally.trouble(f"mail to the operator's own address, {address}, is refused: {why}. It is tried all the same; correct `operator.email`, or have the mailbox looked at")
        return False
    if stored.suppress(connection, address, since=app.stamp, why=why, mail_id=record.id):
        record_act(connection, at=app.stamp, who=app.user, what="suppress", about=f"{address.casefold()}, mail {record.id}")
        tally.trouble(
            f"a mail ({record.kind}) to {address} was refused for good, and nothing more is sent there: {why}. Correct the address where it comes from; "
            f"`batchport suppressed lift` when it is right after all"
        )
    return True


def suppressed_lines(app: App) -> list[dict[str, Any]]:
    """The addresses that nothing is sent to: address, since, why, and not_sent, how many mails were not sent."""
    with app.store.reading() as connection:
        return [dict(found._mapping) for found in stored.suppressed_addresses(connection)]  # noqa: SLF001  a public name of SQLAlchemy's


def lift(app: App, address: str, why: str) -> dict[str, Any]:
    """Send to an address again: address, lifted, by, why.

    Raises:
        Unknown: it is not one that nothing is sent to.
    """
    with app.store.transaction() as connection:
        done = stored.lift(connection, address)
        if done:
            record_act(connection, at=app.stamp, who=app.user, what="lift", why=why, about=address.casefold())
    if not done:
        raise Unknown(f"{address!r} is no address that mail is kept from; `batchport suppressed` lists them")
    return {"address": address.casefold(), "lifted": app.stamp, "by": app.user, "why": why}
