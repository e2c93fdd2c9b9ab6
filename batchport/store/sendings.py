"""What became of bringing submissions to their partners.

A sending is `taken` when it is stored with its bytes; `sending` while they are brought there; `unknown` from the moment its name is asked for, until it is
known to be `sent`; `failed` when it is known not to be there. All but `sent` are open, and looked at in every pass.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, and_, func, or_, select

from batchport.store.database import next_id
from batchport.store.schema import sendings, submissions, versions

State = Literal["taken", "sending", "unknown", "failed", "sent"]
_each = sendings.alias("each")
_first = sendings.alias("first")
#: A sending with its submission: the bytes as they were rendered, and as they are sent where these are others; the name of the first sending, how many there are.
_WITH_SUBMISSION = (
    sendings.c.id, sendings.c.submission_id, sendings.c.name, sendings.c.state, sendings.c.trouble, sendings.c.asked, submissions.c.partner,
    submissions.c.sequence, submissions.c.name.label("rendered"), submissions.c.sealed, submissions.c.protected, submissions.c.manifest, submissions.c.orders, submissions.c.lines,
    submissions.c.state.label("submission_state"), submissions.c.stored, submissions.c.sent.label("first_sent"),
    select(_first.c.name).where(_first.c.submission_id == submissions.c.id).order_by(_first.c.id).limit(1).scalar_subquery().label("first_name"),
    select(func.count()).where(_each.c.submission_id == submissions.c.id).scalar_subquery().label("times"),
)  # fmt: skip


def add_sending(connection: Connection, submission: int, name: str, stamp: str) -> int:
    """A submission is to be brought to its partner under a name."""
    number = next_id(connection, sendings)
    connection.execute(sendings.insert().values(id=number, submission_id=submission, name=name, state="taken", attempts=0, asked=stamp, trouble=""))
    return number


def open_sendings(connection: Connection, numbers: list[int] | None = None) -> list[Any]:
    """Sendings that are not known to be sent, oldest first; of some numbers alone where they are given."""
    statement = select(*_WITH_SUBMISSION).join(submissions).where(sendings.c.state != "sent").order_by(sendings.c.id)
    return list(connection.execute(statement if numbers is None else statement.where(sendings.c.id.in_(numbers))))


def mark(connection: Connection, number: int, state: State, *, trouble: str = "", sent: str | None = None, again: bool = False) -> None:
    """What is known of a sending now; `again`: another attempt begins with it."""
    values = {"state": state, "trouble": trouble, "sent": sent, **({"attempts": sendings.c.attempts + 1} if again else {})}
    connection.execute(sendings.update().where(sendings.c.id == number).values(values))


def unknown_of_orders(connection: Connection, partner: str, numbers: set[int]) -> list[Any]:
    """Sendings to a partner that may have arrived, of the submissions that took some orders."""
    statement = select(*_WITH_SUBMISSION).join(submissions).where(sendings.c.state == "unknown", submissions.c.partner == partner)
    return [found for found in connection.execute(statement).all() if numbers & set(_orders_of(connection, found.submission_id))]


def _orders_of(connection: Connection, submission: int) -> list[int]:
    return list(connection.execute(select(versions.c.order_id).where(versions.c.submission_id == submission)).scalars())


def submissions_named(connection: Connection, name: str, partner: str | None) -> list[Any]:
    """The newest sending of each submission of a name, its own or one that it was sent under."""
    of_name = or_(submissions.c.name == name, submissions.c.id.in_(select(sendings.c.submission_id).where(sendings.c.name == name)))
    return _newest(connection, of_name if partner is None else and_(of_name, submissions.c.partner == partner))


def submissions_between(connection: Connection, partner: str, since: str, until: str) -> list[Any]:
    """The newest sending of each of a partner's submissions that was sent, or else stored, from one moment until another, which is left out."""
    when = func.coalesce(submissions.c.sent, submissions.c.stored)
    return _newest(connection, and_(submissions.c.partner == partner, when >= since, when < until))


def _newest(connection: Connection, which: Any) -> list[Any]:
    later = sendings.alias()
    again = select(later.c.id).where(later.c.submission_id == sendings.c.submission_id, later.c.id > sendings.c.id).exists()
    return list(connection.execute(select(*_WITH_SUBMISSION).join(submissions).where(which, ~again).order_by(submissions.c.id)))
