"""What a look says."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from batchport.pipeline.doctor.patient import Patient

State = Literal["green", "yellow", "red"]
GREEN: State = "green"
YELLOW: State = "yellow"
RED: State = "red"


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that was seen.

    Attributes:
        state: green, yellow (somebody should look at it some time), or red (something does not work, or waits for somebody).
        found: what was found.
        do: what to do about it; blank where nothing is to be done.
    """

    state: State
    found: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The same, with the look that saw it."""

    look: str
    state: State
    found: str
    do: str

    def json(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


#: A look at something: yields what is not as it should be, and gives back what is said where all is well.
Looking = Generator[Seen, None, str]
Look = Callable[[Patient], Looking]


def count(number: int, one: str, more: str = "") -> str:
    """A number of things.

    >>> count(1, "file"), count(1200, "file"), count(2, "entry", "entries")
    ('1 file', '1,200 files', '2 entries')
    """
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"
