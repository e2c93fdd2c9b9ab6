"""Figures for those who watch the installation: counted after a pass, kept in the database, and read from there by whoever is asked for them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from batchport.store.database import Store, kind_of
from batchport.store.schema import UNDELIVERED, meta

_NAME = "figures"


def saved_figures(connection: Connection) -> dict[str, Any]:
    """The figures as they were counted last; empty before that."""
    saved = connection.exec_driver_sql("select value from meta where name = ?", (_NAME,)).scalar()
    return dict(json.loads(saved)) if saved is not None else {}


def save_figures(connection: Connection, figures: dict[str, Any]) -> None:
    """Keep figures in place of those that were counted before."""
    connection.execute(meta.delete().where(meta.c.name == _NAME))
    connection.execute(meta.insert().values(name=_NAME, value=json.dumps(figures).encode()))


def submissions_by_partner(connection: Connection) -> dict[tuple[str, str], int]:
    """Partner and state -> submissions: those that were sent, and those that are being brought there, again too."""
    # Said so that the index is taken which holds all that is asked here: by any other the bytes of every file are read.
    sent = connection.exec_driver_sql("select min(partner), 'sent', count(*) from submissions where state = 'sent' and sent > '' group by partner || ''")
    under_way = connection.exec_driver_sql("select s.partner, n.state, count(*) from sendings n join submissions s on s.id = n.submission_id where n.state <> 'sent' group by 1, 2")
    return {(partner, state): number for partner, state, number in (*sent, *under_way)}


def mails_under_way(connection: Connection) -> dict[str, int]:
    """State -> mails, of those that are not sent: that wait, are gathered or on their way, and that did not reach anybody."""
    one_by_one = (f"select state, count(*) from mails where {which} group by state" for which in ("state = 'waiting'", "state = 'gathering'", "state = 'sending'", UNDELIVERED))  # noqa: S608
    return {state: number for statement in one_by_one for state, number in connection.exec_driver_sql(statement)}


def exceptions_open(connection: Connection) -> int:
    """Exception lines that nobody has dealt with."""
    return int(connection.exec_driver_sql("select count(*) from exceptions where resolved is null").scalar_one())


def windows_by_state(connection: Connection) -> dict[str, int]:
    """State -> windows of the schedule."""
    return {state: number for state, number in connection.exec_driver_sql("select state, count(*) from windows group by state")}  # noqa: C416  records are no pairs


def units_in_trouble(connection: Connection) -> tuple[int, int]:
    """Units of work that failed and are tried again, and those that are parked."""
    failing, parked = connection.exec_driver_sql("select count(*) filter (where not parked and trouble <> ''), count(*) filter (where parked) from units").one()
    return int(failing), int(parked)


def database_bytes(connection: Connection) -> int:
    """The size of the database."""
    return kind_of(connection).size(connection)


def answers(store: Store) -> None:
    """Ask the database for anything.

    Raises:
        DatabaseError: it does not answer.
    """
    with store.reading() as connection:
        connection.exec_driver_sql("select 1 from meta").first()


def is_writable(store: Store) -> bool:
    """Whether the database can be written, or is being written by somebody else just now."""
    return kind_of(store.engine).is_writable(store.engine)
