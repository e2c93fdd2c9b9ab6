"""Faults of the program, told without the words of the error itself: these may hold what a row says."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path


def place_of(error: BaseException) -> str:
    """What kind of error it was, and where: `KeyError in intake.py, line 17`."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"


def way_to(error: BaseException) -> str:
    """The traceback of an error, and before it those of the errors that it came from; of each only the kind is told."""
    return "\n".join("".join(traceback.format_tb(one.__traceback__)) + f"{type(one).__module__}.{type(one).__qualname__}" for one in reversed([*_chain(error)]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
