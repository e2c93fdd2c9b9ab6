"""The count that must come out after every pass: nothing was lost, nothing stands twice."""

from __future__ import annotations

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
    states, outstanding = stored.rows_by_state(connection)
    sent, answered = stored.lines_sent(connection)
    rows = {"read": stored.rows_read(connection), **{state.label: states.get(int(state), 0) for state in State}}
    return Count(rows, {"sent": sent, "answered": answered, "outstanding": outstanding})
