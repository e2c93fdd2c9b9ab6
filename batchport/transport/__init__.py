"""Taking bytes to a partner, and seeing which files have come: every way of doing so keeps the same promises."""

from __future__ import annotations

from typing import Protocol


class Deliver(Protocol):
    """A way to one partner. Calling it again with the same name and bytes is safe and ends the same."""

    def __call__(self, name: str, data: bytes) -> None:
        """Return when the file is there, whole, under its name; it is never seen in part.

        Raises:
            NameTaken: other bytes are there under this name.
            NotDelivered: the file is not there, or it cannot be known whether it is.
        """


class TransportError(Exception):
    """A file did not get where it should; the message says which and why, not what is in it."""


class NameTaken(TransportError):
    """Other bytes are there under the name; nothing was changed."""


class NotDelivered(TransportError):
    """The file is not there, or it cannot be known whether it is."""
