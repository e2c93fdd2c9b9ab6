"""Work that several processes share: a pass writes its units down, and does them together with the helpers (`batchport worker`) that there are.

The pass stays one: it says what there is to do, holds the lease, counts, and tells. A helper does a unit as the pass would, by the same code, under a lease of its
own, and what it has to tell comes back with the unit, in the units' order. Without helpers, and with SQLite, the pass does everything itself, one unit after the
other. With them it still takes its share, so that it ends even when all of them die.

What a helper cannot decide alone, such as whether a sheet waits for its papers, it gives back, and the pass does that itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection

from batchport import log
from batchport.pipeline import broker
from batchport.pipeline.app import App
from batchport.pipeline.lease import Fenced, is_dead
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import OutOfTurn, Runs, carry_out, carry_out_together
from batchport.store import work
from batchport.store.leases import forget_helpers, lease_of
from batchport.store.work import Unit

#: Seconds between two looks at what others do, and after which one that stopped is looked for.
_LOOKS, _LOOKED_FOR = 0.05, 2.0


#: Does a unit; does several as one, as `units.carry_out_together` says.
Doing = Callable[[Unit, PassTally], object]
Together = Callable[[Sequence[Unit], PassTally], Runs]


def spread(app: App, tally: PassTally, pass_id: int, units: Sequence[Unit], here: Doing, together: Together | None = None) -> None:
    """Do units of work, together with the helpers that there are.

    Args:
        app: the installation, whose pass this process holds.
        tally: hears what was done, in the order of the units.
        pass_id: the pass.
        units: what there is to do.
        here: does one in this process; a helper finds the same by its kind and key (`pipeline.helping`).
        together: does small ones as one.
    """

    def alone(tally: PassTally, unit: Unit) -> None:
        carry_out(app, tally, unit.kind, unit.key, partial(here, unit, tally), mark=unit.mark)

    def do(units: Sequence[Unit], tally: PassTally) -> None:
        if len(units) == 1 or together is None:
            for unit in units:
                alone(tally, unit)
        else:
            carry_out_together(app, units, lambda some: together(some, tally), partial(alone, tally))

    if len(units) < 2 or not broker.helpers(app):
        for parcel in work.parcels(units):
            do(parcel, tally)
        return
    with app.store.transaction() as connection:
        numbers = work.put(connection, pass_id, app.store.held[-1], units)
        broker.call(connection, [(number, unit.kind, unit.priority) for number, unit in zip(numbers, units, strict=True)])
    log.event("work spread", pass_id=pass_id, kind=units[0].kind, units=len(units))
    by_number = dict(zip(numbers, units, strict=True))
    _share(app, by_number, do)
    with app.store.reading() as connection:
        dealt_with = work.dealt_with(connection)
    for unit in dealt_with:
        if unit.state == work.BACK:
            alone(tally, by_number[unit.id])
        elif unit.told:
            tally.add(PassTally.of(unit.told))
    with app.store.transaction() as connection:
        work.clear(connection)


def _share(app: App, units: dict[int, Unit], do: Callable[[Sequence[Unit], PassTally], None]) -> None:
    """Do what there is to take, as long as there is something, and wait for what others have at hand."""
    token, kinds, look = app.store.held[-1], {unit.kind for unit in units.values()}, _Look(app)
    while True:
        with app.store.transaction() as connection:
            mine = work.take(connection, token, kinds, token)
        if mine:
            own, state = PassTally(), work.DONE
            try:
                with in_turn(app, mine[0]):
                    do([units[unit.id] for unit in mine], own)
            except OutOfTurn:
                own, state = PassTally(), work.WAITING
            with app.store.transaction() as connection:
                work.settle(connection, token, {unit.id: state for unit in mine}, own.as_told())
            continue
        with app.store.reading() as connection:
            left = work.undone(connection)
        if not left:
            return
        app.progress("Waiting for helpers", len(units) - left, len(units), "units")
        look()
        time.sleep(_LOOKS)


class _Look:
    """Looks now and then whether somebody has died who has work at hand, and has it done by others."""

    def __init__(self, app: App) -> None:
        self._app, self._last = app, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last < _LOOKED_FOR:
            return
        self._last = time.monotonic()
        with self._app.store.transaction() as connection:
            gone = work.take_back(connection, partial(is_dead, self._app.settings.folder(".locks")))
        if gone:
            log.event("helper lost", "warning", units=gone)


@contextmanager
def in_turn(app: App, unit: Any) -> Iterator[None]:
    """Whatever is stored for a unit waits for those of its line that came before it."""
    before, app.turn = app.turn, partial(_wait_for_turn, app, unit)
    try:
        yield
    finally:
        app.turn = before


def _wait_for_turn(app: App, unit: Any) -> None:
    look = _Look(app)
    while True:
        with app.store.reading() as connection:
            ahead, alive = work.ahead_of(connection, unit), lease_of(connection, unit.token)
        if not ahead:
            return
        if work.WAITING in ahead:
            raise OutOfTurn
        if alive is None:
            raise Fenced("the pass that this is a part of is gone; the next one does it anew")
        look()
        time.sleep(_LOOKS / 5)


def begin(connection: Connection) -> None:
    """Forget what an earlier pass has left behind, whose helpers cannot write any more."""
    work.take_back(connection, lambda _: True)
    work.clear(connection)
    forget_helpers(connection)
