"""Waiting for the pass that is at work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from batchport.pipeline.app import App
from batchport.pipeline.lease import Busy, alone

#: Seconds between two tries.
_PAUSE = 0.2


@contextmanager
def alone_at_last(app: App) -> Iterator[None]:
    """Hold the lock of the home, after whoever holds it now."""
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(alone(app))
                break
            except Busy:
                app.progress("Waiting for the pass that is at work")
                time.sleep(_PAUSE)
        yield
