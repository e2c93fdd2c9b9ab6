"""What is said when a command cannot go on, and the exit status that it means."""

from __future__ import annotations

import os

from batchport.cli.output import say
from batchport.exit_status import OUR_FAULT, USAGE
from batchport.faults import place_of, way_to, words_of


def told(error: Exception) -> int:
    """Say what went wrong and what to do about it, and give the exit status that it means."""
    words = words_of(error)
    if words:
        say(f"batchport: {words}", err=True)
        return USAGE
    say(
        f"batchport: this is a fault of the program, not of your files: {place_of(error)}. "
        "Nothing that was stored is lost; run it again, and report this line if it comes back.",
        err=True,
    )
    if os.environ.get("BATCHPORT_DEBUG"):
        say(way_to(error), err=True)
    return OUR_FAULT
