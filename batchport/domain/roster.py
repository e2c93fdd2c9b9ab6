"""The lines that a customer has, as its own list of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow.compute as pc

from batchport.domain.normalise import squeezed
from batchport.domain.table import Column, Mask

ONE, MANY = "one", "many"


@dataclass(frozen=True)
class Roster:
    """A customer's lines; compared without case.

    Attributes:
        lines: name of the line -> `one` or `many`, the numbers that it takes.
    """

    lines: Mapping[str, str]

    @cached_property
    def _takes(self) -> dict[str, str]:
        return {line.lower(): takes for line, takes in self.lines.items()}

    def knows(self, lines: Column) -> Mask:
        """The rows whose line is one of the roster."""
        return plain_lines(lines).isin(self._takes)

    def takes_one(self, lines: Column) -> Mask:
        """The rows whose line takes one number."""
        return plain_lines(lines).isin([line for line, takes in self._takes.items() if takes == ONE])

    def takes_many(self, lines: Column) -> Mask:
        """The rows whose line takes several numbers."""
        return plain_lines(lines).isin([line for line, takes in self._takes.items() if takes == MANY])

    def near(self, line: str) -> str | None:
        """The one line of the roster that differs from a text in spaces and punctuation only; None where there is none, or are several."""
        found = self._squeezed.get(squeezed(line), [])
        return found[0] if len(found) == 1 else None

    @cached_property
    def _squeezed(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in self.lines:
            found.setdefault(squeezed(line), []).append(line)
        return found


def plain_lines(lines: Column) -> Column:
    """Lines for comparing: without case."""
    return lines.map(pc.utf8_lower)
