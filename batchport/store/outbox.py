"""Mails that wait, and what became of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from batchport.store.schema import mails


def due(connection: Connection, stamp: str) -> list[Any]:
    """Mails whose time has come, oldest first."""
    return list(connection.execute(select(mails).where(mails.c.state == "waiting", mails.c.next_try <= stamp).order_by(mails.c.id)))


def settle_mail(connection: Connection, number: int, **values: Any) -> None:
    """T5: what became of one mail."""
    connection.execute(mails.update().where(mails.c.id == number).values(attempts=mails.c.attempts + 1, **values))


def waiting(connection: Connection) -> int:
    """How many mails wait."""
    return int(connection.exec_driver_sql("select count(*) from mails where state = 'waiting'").scalar_one())
