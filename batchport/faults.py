"""Faults of the program, told without the words of the error itself: these may hold what a row says."""

from __future__ import annotations

import traceback
from pathlib import Path


def place_of(error: BaseException) -> str:
    """What kind of error it was, and where: `KeyError in intake.py, line 17`."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
