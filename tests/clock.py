"""A scheduler whose clock stands where a test sets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from unittest import mock

from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.pipeline.lease import LEAD, held
from batchport.schedule import serve
from tests.conftest import Home


@contextmanager
def clock_at(now: str) -> Iterator[None]:
    """The scheduler's clock stands at a time."""
    with mock.patch.object(serve, "now", lambda: datetime.fromisoformat(now)):
        yield


@contextmanager
def leading(home: Home, now: str) -> Iterator[serve.Leader]:
    """A scheduler that leads from a time on, its alarm clock not wound up."""
    with clock_at(now), closing(App(load(home.config), serve.now())) as app, held(app, LEAD) as token:
        yield serve.Leader(app.settings, token, lambda: False, app.now)
