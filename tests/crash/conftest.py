"""The process that nights are forked off, one for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.zygote import Zygote


@pytest.fixture(scope="session")
def process(_fresh_home: Path) -> Iterator[Zygote]:
    """The process."""
    with Zygote(_fresh_home) as found:
        yield found
