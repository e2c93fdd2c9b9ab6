"""Progress of long work: one line on standard error, on a terminal only, gone when the work is done.

The line is drawn by a thread of its own, which is also what imports rich, and only after the work has taken a while: short commands pay nothing for it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

from batchport import log
from batchport.progress import Progress, quiet

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import Task

#: Seconds that work may take before anything is shown of it.
DELAY = 1.0
#: Seconds between two pictures.
_PAUSE = 0.25
#: Terminals that cannot go back in a line.
_DUMB = ("dumb", "unknown", "")


@contextlib.contextmanager
def shown() -> Iterator[Progress]:
    """What hears of progress: it is shown where standard error is a terminal that can, and no log is written to, until the context ends."""
    if log.is_kept() or not sys.stderr.isatty() or os.environ.get("TERM", "") in _DUMB:
        yield quiet
        return
    line = _Line()
    try:
        yield line
    finally:
        line.end()


class _Step(NamedTuple):
    what: str
    done: int
    of: int
    unit: str


class _Line:
    """The line on the terminal."""

    def __init__(self) -> None:
        self._step: _Step | None = None
        self._over = Event()
        self._thread = Thread(target=self._show, daemon=True)

    def __call__(self, what: str, done: int = 0, of: int = 0, unit: str = "rows") -> None:
        begun, self._step = self._step is not None, _Step(what, done, of, unit)
        if not begun:
            self._thread.start()

    def end(self) -> None:
        """Take the line away."""
        self._over.set()
        if self._step is not None:
            self._thread.join()

    def _show(self) -> None:
        if self._over.wait(DELAY):
            return
        with contextlib.suppress(OSError), _bar() as bar:  # the terminal may be closed meanwhile
            task, drawn = bar.add_task("", total=None), ""
            while step := self._step:
                if step.what != drawn:
                    bar.reset(task)
                    drawn = step.what
                bar.update(task, description=step.what, completed=step.done, total=step.of or None, unit=step.unit, refresh=True)
                if self._over.wait(_PAUSE):
                    break


def _bar() -> Bar:
    """The line as rich draws it: what is done, how much of how much, and the time left."""
    from rich.progress import BarColumn, ProgressColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column
    from rich.text import Text

    class Amount(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_amount(task), no_wrap=True)

    return Bar(
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
        BarColumn(16), Amount(),
        console=_console(), auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False, expand=True,
    )  # fmt: skip


def _amount(task: Task) -> str:
    """How much of a step is done; where it is known how much there is, of how much, and the time left.

    Nothing where nothing was counted yet and nobody knows how much there is.
    """
    done, unit, left = int(task.completed), task.fields.get("unit", ""), task.time_remaining
    if task.total is None:
        return f"{done:,} {unit}" if done else ""
    return f"{done:,} of {int(task.total):,} {unit}" + (f", {timedelta(seconds=int(left))} left" if left is not None else "")


def _console() -> Console:
    from rich.console import Console

    from batchport.cli.output import colours

    class Still(Console):
        def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT002  a pass that is killed would leave the terminal without one
            return False

    return Still(stderr=True, force_terminal=True, color_system="auto" if colours(sys.stderr) else None)
