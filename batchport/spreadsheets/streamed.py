"""Sheets whose rows come one after the other out of a stream of XML, as OpenDocument and Excel 2003 write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from batchport.spreadsheets.gather import Both, Merged
from batchport.spreadsheets.sheet import Problem

Cell = str | Both


@dataclass(slots=True)
class StreamedSheet:
    """A sheet that has begun, filled while its rows come."""

    name: str
    hidden: bool = False
    merged: list[Merged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows_hidden: list[int] = field(default_factory=list)


#: A sheet that begins, a row of it that says something, or None where it ends.
Event = StreamedSheet | tuple[int, list[Cell]] | None


def rows_of(events: Iterator[Event]) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of the sheet that has begun."""
    for event in events:
        if not isinstance(event, tuple):
            return
        yield event
