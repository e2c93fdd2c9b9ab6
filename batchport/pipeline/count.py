"""The count that must come out after every pass: nothing was lost, nothing stands twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.store import count as stored


@dataclass(frozen=True, slots=True)
class Count:
    """The whole database, counted.

    Attributes:
        rows: read, and each state -> how many.
        lines: sent, answered, outstanding -> how many.
    """

    rows: dict[str, int]
    lines: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Rows read are rows in one state; lines sent are lines answered and outstanding."""
        states = sum(number for name, number in self.rows.items() if name != "read")
        return self.rows["read"] == states and self.lines["sent"] == self.lines["answered"] + self.lines["outstanding"]


def counted(connection: Connection) -> Count:
    """The count of now."""
    return count_of(connection, *stored.rows_by_state(connection), stored.lines_sent(connection))


def count_of(connection: Connection, states: Mapping[int, int], outstanding: int, lines: tuple[int, int]) -> Count:
    """The count, where rows in each state, rows that nothing was heard of, and lines sent and answered are known already."""
    rows = {"read": stored.rows_read(connection), **{state.label: states.get(int(state), 0) for state in State}}
    sent, answered = lines
    return Count(rows, {"sent": sent, "answered": answered, "outstanding": outstanding})
