"""A helper: takes units of work of whatever pass is at work, and does each as the pass itself would."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select

from batchport import log
from batchport.config import Settings
from batchport.pipeline import broker
from batchport.pipeline.app import App, closing
from batchport.pipeline.facts import Views
from batchport.pipeline.intake import Parcel, source_named, take_named, take_together
from batchport.pipeline.lease import Fenced, held
from batchport.pipeline.notify import send_named, write_named
from batchport.pipeline.reconcile import apply_named
from batchport.pipeline.spread import in_turn
from batchport.pipeline.submit import submit_ready
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import NotAlone, OutOfTurn, carry_out, carry_out_together
from batchport.spreadsheets.pool import ReaderPool
from batchport.store import work
from batchport.store.leases import HELPER
from batchport.store.schema import passes


class Helper:
    """A process that helps, one unit after the other.

    Args:
        settings: those of the installation; the home's folders are shared with the pass.
        now: a time to begin with; each unit goes by the time of its pass.
    """

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.app = App(settings, now)
        self._pass = 0
        self._readers: ReaderPool | None = None
        self._lease = contextlib.ExitStack()

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Keep what units have in common until the end: the database, the reading process, and a lease of its own."""
        with closing(self.app), ReaderPool(self.app.limits) as self._readers, self._lease:
            yield

    def help(self, kinds: Collection[str]) -> bool:
        """Take a unit of some kinds, if there is one, and do it; whether there was one."""
        while True:
            try:
                if not self.app.store.held:
                    self.app.store.held.append(self._lease.enter_context(held(self.app, f"{HELPER} {secrets.token_hex(4)}")))
                return self._help(self.app.store.held[0], kinds)
            except Fenced as error:
                # Another process has what this one had at hand, and goes on with it.
                log.event("helper fenced", "warning", reason=str(error))
                self._let_go()
            except Exception:
                # Whatever it had at hand is free for others at once.
                self._let_go()
                raise

    def _let_go(self) -> None:
        self.app.store.held.clear()
        self._lease.close()

    def _help(self, token: int, kinds: Collection[str]) -> bool:
        with self.app.store.transaction() as connection:
            units = work.take(connection, token, kinds)
        if not units:
            return False
        self._go_by(units[0].pass_id)
        tally, states = PassTally(), dict.fromkeys((unit.id for unit in units), work.DONE)
        try:
            with in_turn(self.app, units[0]):
                self._carry_out(units, tally, states)
        except OutOfTurn:
            states, tally = dict.fromkeys(states, work.WAITING), PassTally()
        except Exception:
            # What ends a pass, such as a full disk, is met by the pass too, which says so.
            self._settle(units, token, dict.fromkeys(states, work.BACK), PassTally())
            raise
        self._settle(units, token, states, tally)
        return True

    def _carry_out(self, units: Sequence[Any], tally: PassTally, states: dict[int, str]) -> None:
        """Do units, small sheets as one; `states` hears which of them only the pass can do."""
        assert self._readers is not None  # noqa: S101  `ready` has made them
        readers = self._readers

        def alone(unit: Any) -> None:
            try:
                carry_out(self.app, tally, unit.kind, unit.key, lambda: self._do(tally, unit, readers), mark=unit.mark)
            except OutOfTurn:
                raise
            except NotAlone:
                states[unit.id] = work.BACK

        if len(units) == 1:
            alone(units[0])
        else:
            parcel = Parcel(self.app, readers)
            together = partial(take_together, self.app, tally, units[0].pass_id, source=partial(source_named, self.app), parcel=parcel)
            carry_out_together(self.app, units, together, alone)

    def _settle(self, units: Sequence[Any], token: int, states: dict[int, str], tally: PassTally) -> None:
        with self.app.store.transaction() as connection:
            work.settle(connection, token, states, tally.as_told())
        for unit in units:
            log.event("unit helped with" if states[unit.id] == work.DONE else "unit given back", kind=unit.kind, pass_id=unit.pass_id)

    def _go_by(self, pass_id: int) -> None:
        """Go by the time of a pass."""
        if pass_id == self._pass:
            return
        with self.app.store.reading() as connection:
            started = connection.execute(select(passes.c.started).where(passes.c.id == pass_id)).scalar_one()
        before = self.app
        self.app = App(before.settings, datetime.fromisoformat(started))
        self.app.store = before.store
        self._pass = pass_id

    def _do(self, tally: PassTally, unit: Any, readers: ReaderPool) -> None:
        app, key = self.app, unit.key
        match unit.kind:
            case "sheet":
                take_named(app, tally, unit.pass_id, unit, readers)
            case "response":
                apply_named(app, tally, unit.pass_id, key, unit.mark)
            case "submission":
                submit_ready(app, tally, unit.pass_id, key)
            case "results":
                write_named(app, tally, key)
            case "mails":
                send_named(app, tally, unit.pass_id, key, Views(app))
            case _:
                raise NotAlone


async def serve(helper: Helper, queues: Collection[str]) -> None:
    """Help until the process is told to stop; what it has at hand then is finished first.

    Args:
        helper: which is ready.
        queues: names of the queues that it takes work from.
    """
    import asyncio

    joined = broker.joined(helper.app.store.engine)

    @joined.task(name=broker.TASK, pass_context=True)
    async def _help(context: Any, /, **_: int) -> None:
        await asyncio.to_thread(helper.help, [broker.QUEUES[context.job.queue]])

    async with joined.open_async():
        with contextlib.suppress(asyncio.CancelledError):
            await joined.run_worker_async(
                queues=sorted(queues), concurrency=1, delete_jobs="always", install_signal_handlers=True, fetch_job_polling_interval=1.0,
                update_heartbeat_interval=5, stalled_worker_timeout=30,
            )  # fmt: skip
