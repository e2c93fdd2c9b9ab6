"""Mails that wait, who has taken them, and what became of them.

`waiting` -> `sending` (claimed by a process, with a lease) -> `sent`, `failed`, `moot` (nothing left to tell), or `waiting` again with the time of the next try.
A mail to an address that nothing is sent to becomes `suppressed` instead of being claimed, and a sent one that comes back `bounced`.

What a claim's owner writes counts only while the mail is still its own. A claim whose owner died leaves `sending` behind: the server may have said yes, and
nobody wrote it down. Such a mail is taken back and sent again; its Message-ID is the same, and that is the one case in which a mail may arrive twice.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from batchport.store.schema import mails, suppressed

#: What is said of a mail whose sender died before it wrote down what the server said.
UNKNOWN = "it is not known whether it was sent: the pass that sent it was cut off; it is sent again, with the same Message-ID"


def due(connection: Connection, stamp: str) -> bool:
    """Whether there are mails whose time has come, or that a process left behind."""
    ready = mails.c.state == "waiting", mails.c.next_try <= stamp
    left = mails.c.state == "sending"
    return any(connection.execute(select(mails.c.id).where(*where).limit(1)).first() is not None for where in (ready, (left,)))


def take_back(connection: Connection) -> int:
    """Let every claimed mail wait again, and say how many there were; for who knows that no process that claimed them is alive."""
    free = {"state": "waiting", "taken_by": "", "taken_until": "", "attempts": mails.c.attempts + 1, "trouble": UNKNOWN}
    return connection.execute(mails.update().where(mails.c.state == "sending").values(free)).rowcount


def keep_back(connection: Connection, always: str) -> None:
    """Mails that wait for an address that nothing is sent to are `suppressed`; `always` is an address that is written to whatever stands against it."""
    silent = select(suppressed.c.address).where(suppressed.c.address != always.casefold())
    connection.execute(mails.update().where(mails.c.state == "waiting", func.lower(mails.c.recipient).in_(silent)).values(state="suppressed"))


def claim(connection: Connection, *, owner: str, stamp: str, until: str, most: int, night: bool = True) -> list[Any]:
    """Mails whose time has come, those that wait longest first, as they were before they were claimed.

    Args:
        connection: of a transaction that writes.
        owner: who claims them, unlike anybody else.
        stamp: the time to go by.
        until: when the claim runs out.
        most: how many at most.
        night: also those to the operator, which tell of the pass that sends the rest.
    """
    waits = (mails.c.state == "waiting") & (mails.c.kind.not_in(() if night else ("night", "alarm")))
    found = list(connection.execute(select(mails).where(waits, mails.c.next_try <= stamp).order_by(mails.c.next_try, mails.c.id).limit(most).with_for_update(skip_locked=True)))
    numbers = [mail.id for mail in found]
    connection.execute(mails.update().where(mails.c.id.in_(numbers)).values(state="sending", taken_by=owner, taken_until=until))
    return found


def renew(connection: Connection, owner: str, until: str) -> None:
    """Prolong the claims of an owner."""
    connection.execute(mails.update().where(_owned(owner)).values(taken_until=until))


def give_back(connection: Connection, owner: str) -> None:
    """Let what an owner has claimed and not tried wait again; that is no try."""
    connection.execute(mails.update().where(_owned(owner)).values(state="waiting", taken_by="", taken_until=""))


def settle_mail(connection: Connection, number: int, owner: str, **values: Any) -> bool:
    """T5: what became of one mail, which waits again unless `values` say otherwise; False, and nothing is changed, where it is not the owner's any more."""
    done = {"state": "waiting", **values}
    # As plain SQL: there is one for every mail, and to build the statement takes as long as to carry it out.
    columns = "".join(f"{name} = ?, " for name in done)
    statement = f"update mails set {columns}taken_by = '', taken_until = '', attempts = attempts + 1 where id = ? and state = 'sending' and taken_by = ?"  # noqa: S608
    return bool(connection.exec_driver_sql(statement, (*done.values(), number, owner)).rowcount)


def waiting(connection: Connection) -> int:
    """How many mails wait."""
    return int(connection.exec_driver_sql("select count(*) from mails where state = 'waiting'").scalar_one())


def sent_to(connection: Connection, addresses: list[str]) -> list[Any]:
    """The mails to some addresses (in small letters), whatever became of them."""
    return list(connection.execute(select(mails).where(func.lower(mails.c.recipient).in_(addresses)).order_by(mails.c.id)))


def mark_bounced(connection: Connection, number: int, trouble: str) -> bool:
    """A mail came back; False where that was known. A server that sends it back had taken it, whatever we knew of that."""
    done = mails.update().where(mails.c.id == number, mails.c.state != "bounced").values(state="bounced", taken_by="", taken_until="", trouble=trouble)
    return bool(connection.execute(done).rowcount)


def _owned(owner: str) -> Any:
    return (mails.c.state == "sending") & (mails.c.taken_by == owner)
