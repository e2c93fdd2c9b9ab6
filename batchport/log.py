"""What the program tells of its work while it goes on, for whoever keeps logs: events with ids and counts, never what a row, a file or a mail says.

Until `start` is called nothing is told and nothing heavy is loaded: structlog alone takes longer to import than `--help` takes in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

Form = Literal["console", "json"]
Level = Literal["info", "warning", "error"]

#: Where events go, while they go anywhere: the logger, and what takes it down again.
_lines: Any = None
#: What every event tells besides its own facts. Not bound to a thread: a process makes one pass at a time, with threads that help it.
_bound: dict[str, Any] = {}


def event(what: str, level: Level = "info", **facts: Any) -> None:
    """Tell of something that happened; `facts` are ids, counts, and names of files. A fact that is None is not told."""
    if _lines is not None:
        _lines.tell(what, level, {**_bound, **{name: value for name, value in facts.items() if value is not None}})


@contextmanager
def bound(**facts: Any) -> Iterator[None]:
    """As long as the context lasts, every event tells these facts too."""
    before = dict(_bound)
    _bound.update(facts)
    try:
        yield
    finally:
        _bound.clear()
        _bound.update(before)


def is_kept() -> bool:
    """Whether anything is told at all."""
    return _lines is not None


def start(form: Form = "console", level: Level = "info") -> None:
    """Tell of everything from now on, on standard error; asked for again, in the way that was asked for last."""
    global _lines  # noqa: PLW0603  one process, one log
    from batchport.log_lines import Lines

    stop()
    _lines = Lines(form, level, _bound)


def stop() -> None:
    """Tell nothing any more."""
    global _lines  # noqa: PLW0603
    if _lines is not None:
        _lines.end()
    _lines = None
