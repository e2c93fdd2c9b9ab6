"""What a pass leaves for those who watch it from outside: its beginning and its end in the log, and its figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from batchport import log
from batchport.faults import place_of
from batchport.pipeline.app import App
from batchport.pipeline.metrics import note_pass
from batchport.pipeline.units import Stopping
from batchport.store.leases import Busy

if TYPE_CHECKING:
    from batchport.pipeline.run import PassDone


@contextmanager
def chronicled(app: App, command: str, pass_id: int) -> Iterator[Callable[[PassDone], None]]:
    """A pass, everything that is told of which names it; gives what is to be called when it is done."""
    began = time.monotonic()

    def finished(done: PassDone) -> None:
        note_pass(app, command, _seconds(began), done)
        log.event("pass finished", "info" if done.count.balanced else "error", seconds=_seconds(began), **_facts(done))

    # `pass` is a word of the language.
    with log.bound(**{"pass": pass_id, "command": command}):
        log.event("pass begun", at=app.stamp)
        try:
            yield finished
        except (Stopping, Busy) as why:  # it is no fault, and goes on elsewhere or later
            log.event("pass stopped", "warning", seconds=_seconds(began), reason=str(why) or "the program was asked to stop")
            raise
        except BaseException as error:
            log.event("pass failed", "error", seconds=_seconds(began), fault=place_of(error))
            note_pass(app, command, _seconds(began), None)
            raise


def _facts(done: PassDone) -> dict[str, Any]:
    """What its last line says, every number under a name of its own: programs that read logs want a name to mean one kind of thing."""
    told = done.json()
    states = {state: number for state, number in told["rows"].items() if number and state != "read"}
    numbers = {f"{what}_{name}": number for what in ("files", "lines", "mails") for name, number in told[what].items()}
    return {"rows": told["rows"]["read"], "states": states, **numbers, **{name: told[name] for name in ("submissions", "exceptions", "changed", "balanced")}}


def _seconds(began: float) -> float:
    return round(time.monotonic() - began, 3)
