"""How fast mails go: the clock of a round of sending, and the pauses between mails."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

#: The most seconds of a pass that go into pauses and into waiting for a server that fails then: sheets and answers wait for the next pass meanwhile.
MOST_WAITING = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


@dataclass
class Clock:
    """The time to go by as it goes on while a pass works.

    Attributes:
        start: the time to go by when it was made.
    """

    start: datetime
    _began: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(seconds)

    def stamp(self, ahead: float = 0.0) -> str:
        """Now, or so many seconds ahead, as the database keeps times."""
        return (self.start + timedelta(seconds=self.elapsed() + ahead)).astimezone(UTC).isoformat(timespec="seconds")


class Pace:
    """The pauses between mails: evenly apart where there is a limit, and longer and longer while the server asks for less.

    Evenly, and not as many at once as a minute may have: passes follow one another, and none knows when the one before it sent its last mail.

    Args:
        per_minute: the most mails in a minute; None: no limit.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._apart = 60 / per_minute if per_minute else 0.0
        self._more = 0.0
        self._last: float | None = None

    def pause(self, now: float) -> float:
        """How many seconds the next mail has to wait."""
        return 0.0 if self._last is None else max(0.0, self._last + self._apart + self._more - now)

    def sent(self, now: float, *, strained: bool) -> None:
        """A mail was tried; `strained` is a server that asked for less or broke off."""
        self._last = now
        if strained:
            self._more = min(max(2 * self._more, _FIRST_PAUSE), _LONGEST_PAUSE)
        else:
            self._more = self._more / 2 if self._more > _FIRST_PAUSE else 0.0
