"""Whole passes that were cut off before they had stored what the operator is told of them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from batchport.store.schema import files, passes, responses, submissions


def untold(connection: Connection, pass_id: int) -> list[Any]:
    """Those before a pass that nobody was told of."""
    return list(connection.execute(select(passes).where(_untold(pass_id)).order_by(passes.c.id)))


def mark_told(connection: Connection, pass_id: int) -> None:
    """What was to be told of those before a pass stands in its own mail."""
    connection.execute(passes.update().where(_untold(pass_id)).values(summary=json.dumps({"told": pass_id})))


def names_in(connection: Connection, pass_id: int) -> tuple[list[Any], list[Any], list[Any]]:
    """What a pass stored: customers' files with their states, partners' answers, and submissions."""
    sheets = connection.execute(select(files.c.customer, files.c.name, files.c.state).where(files.c.pass_id == pass_id).order_by(files.c.id))
    answers = connection.execute(select(responses.c.partner, responses.c.name).where(responses.c.pass_id == pass_id).order_by(responses.c.id))
    sent = connection.execute(select(submissions.c.partner, submissions.c.name).where(submissions.c.pass_id == pass_id).order_by(submissions.c.id))
    return list(sheets), list(answers), list(sent)


def _untold(pass_id: int) -> Any:
    return (passes.c.command == "run") & (passes.c.id < pass_id) & passes.c.finished.is_(None) & (passes.c.summary == "")
