"""What long work tells of itself while it is done: to a terminal, or to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """Hears of long work: once a portion, a file or a batch of it, never once a row."""

    def __call__(self, what: str, done: int = 0, of: int = 0, unit: str = "rows") -> None:
        """Take note.

        Args:
            what: what is being done; other words than before begin a new step.
            done: how much of the step is done.
            of: how much there is to do; 0 where nobody knows.
            unit: what is counted.
        """


def quiet(what: str, done: int = 0, of: int = 0, unit: str = "rows") -> None:
    """Tell nobody."""


def stepping(progress: Progress, what: str, items: Sequence[Item], unit: str) -> Iterator[Item]:
    """The items one after the other; before each it is told how many are done."""
    for done, item in enumerate(items):
        progress(what, done, len(items), unit)
        yield item
