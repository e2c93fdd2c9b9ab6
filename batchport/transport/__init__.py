"""Taking bytes to a partner, and seeing which files have come: every way of doing so keeps the same promises.

What becomes of a file is one of three: it is there, whole, under its name; it is not there; or that cannot be known. The last can only be so from the
moment at which its name was asked for until the answer, and whoever has written that moment down looks before anything is sent again.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol


class TransportError(Exception):
    """A file did not get where it should; the message says which and why, not what is in it."""


class NameTaken(TransportError):
    """Other bytes are there under the name; nothing was changed."""


class NotDelivered(TransportError):
    """The file is not there under its name."""


class Unreachable(NotDelivered):
    """The partner's server cannot be reached, is not the right one, or does not let us in: nothing else can be brought there now either."""


class MaybeDelivered(TransportError):
    """The file may be there, whole, under its name, or may not; it has to be looked for before it is sent again."""


class Found(enum.Enum):
    """What is seen of a file whose name was asked for."""

    THERE = "it is there, with its bytes"
    OTHER = "something else is there"
    UNNAMED = "it is there under its temporary name alone"
    NOTHING = "nothing is there"


def at_once() -> None:
    """Nothing to be written down before a file is named."""


class Way(Protocol):
    """A way to one partner. Bringing the same name and bytes again is safe and ends the same."""

    def deliver(self, name: str, data: bytes, naming: Callable[[], None] = at_once, *, replace: bool = False) -> None:
        """Return when the file is there, whole, under its name, or was taken away from there; it is never seen in part.

        Args:
            name: of the file, without a folder.
            data: its bytes.
            naming: called when the bytes are there under a temporary name, before the file's own name is asked for.
            replace: whether what is there under this name gives way: a paper that was there with an earlier version of its order.

        Raises:
            NameTaken: other bytes are there under this name.
            NotDelivered: it is not there.
            MaybeDelivered: it may be there.
        """

    def look(self, name: str, data: bytes) -> Found:
        """What is seen of a file that was to be named.

        Raises:
            TransportError: it cannot be looked for.
        """

    def names(self) -> list[str]:
        """The names of the files that are there.

        Raises:
            TransportError: they cannot be seen.
        """
