"""One pass, or one act of an operator, at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from batchport.pipeline.app import App


class Busy(Exception):
    """Another pass is at work."""


@contextmanager
def alone(app: App) -> Iterator[None]:
    """Hold the lock of the home; a process that dies lets go of it by itself.

    Raises:
        Busy: somebody else holds it.
    """
    path = app.settings.folder(".batchport.lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another pass is at work in {app.settings.home}; this one did nothing") from None
        yield
    finally:
        os.close(handle)
