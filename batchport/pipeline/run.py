"""Passes: one stage or all of them, one pass at a time, counted at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from batchport.exit_status import NEEDS_SOMEBODY, OUR_FAULT
from batchport.pipeline.app import App
from batchport.pipeline.bounces import read_bounces
from batchport.pipeline.chronicle import chronicled
from batchport.pipeline.count import Count, counted
from batchport.pipeline.cut_off import tell_of_cut_off
from batchport.pipeline.deadlines import watch
from batchport.pipeline.home import make_folders
from batchport.pipeline.intake import intake
from batchport.pipeline.lease import Busy, alone
from batchport.pipeline.mails import queue_for_operator
from batchport.pipeline.notify import notify
from batchport.pipeline.reconcile import reconcile
from batchport.pipeline.restored import take_up
from batchport.pipeline.spread import begin as begin_spreading
from batchport.pipeline.submit import submit
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import contain
from batchport.store.acts import record_act
from batchport.store.count import settle_finished
from batchport.store.cut_off import mark_told
from batchport.store.database import next_id
from batchport.store.outbox import waiting
from batchport.store.queued import LOOK
from batchport.store.schema import passes

__all__ = ["Busy", "PassDone", "Stage", "all_stages", "one_pass", "whole_pass"]

Stage = Callable[[App, PassTally, int], None]


@dataclass(frozen=True, slots=True)
class PassDone:
    """A pass, its number, and the count after it."""

    number: int
    tally: PassTally
    count: Count

    @property
    def exit_status(self) -> int:
        """What the pass means for whoever started it: 0 clean, 1 something of it needs somebody, 3 the program failed at something, or the count does not come out."""
        if self.tally.faults or not self.count.balanced:
            return OUR_FAULT
        return NEEDS_SOMEBODY if self.tally.needs_somebody else 0

    def json(self) -> dict[str, Any]:
        """The last line of the JSON output."""
        tally = self.tally
        mails = {name: tally.mails[name] for name in ("sent", "waiting", "failed")}
        return {
            "files": tally.file_counts(), "rows": self.count.rows, "lines": self.count.lines, "submissions": len(tally.sent), "exceptions": tally.exceptions,
            "mails": mails, "changed": tally.changed, "balanced": self.count.balanced,
        }  # fmt: skip


def whole_pass(app: App) -> PassDone:
    """Reconcile, intake, submit, notify, in this order."""
    return one_pass(app, "run", all_stages)


def all_stages(app: App, tally: PassTally, pass_id: int) -> None:
    """Reconcile, intake, submit, notify, in this order; the clock is looked at before the operator is told."""
    app.prove_templates()
    for stage in (reconcile, intake, submit, watch):
        contain(tally, f"the stage {stage.__name__}", partial(stage, app, tally, pass_id))
    # Before the operator is told, who is to hear of them.
    contain(tally, "reading the delivery reports", lambda: read_bounces(app, tally))
    tell_of_cut_off(app, tally, pass_id)
    told = _told_to_operator(app, tally, pass_id)
    notify(app, tally, pass_id)
    if tally.mails["failed"] and not told:
        _told_to_operator(app, tally, pass_id)
        notify(app, tally, pass_id)


def _told_to_operator(app: App, tally: PassTally, pass_id: int) -> bool:
    """Store what a pass did, with the mail that tells it; False where there is nothing to tell."""
    if not (tally.changed or tally.needs_somebody or tally.cut_off):
        return False
    with app.store.transaction() as connection:
        mark_told(connection, pass_id)
        connection.execute(passes.update().where(passes.c.id == pass_id).values(summary=tally.to_json()))
        queue_for_operator(app, connection, pass_id, "night")
    return True


def one_pass(app: App, command: str, stage: Stage, ended: Callable[[Connection, int], None] | None = None) -> PassDone:
    """A pass of some stages.

    Args:
        app: the installation.
        command: what the pass is called.
        stage: what it does.
        ended: what else is written down in the transaction that ends it; is given the number of the pass.

    Raises:
        Busy: another pass is at work; nothing was done.
    """
    make_folders(app.settings.home, list(app.settings.customers), list(app.settings.partners))
    with alone(app):
        pass_id = _begin(app, command)
        tally = PassTally()
        with chronicled(app, command, pass_id) as finished:
            take_up(app, tally, command)
            stage(app, tally, pass_id)
            with app.store.transaction() as connection:
                connection.execute(passes.update().where(passes.c.id == pass_id).values(finished=app.stamp))
                settle_finished(connection)
                if ended is not None:
                    ended(connection, pass_id)
            with app.store.reading() as connection:
                tally.mails["waiting"] = waiting(connection)
                done = PassDone(pass_id, tally, counted(connection))
            finished(done)
        return done


def _begin(app: App, command: str) -> int:
    with app.store.transaction() as connection:
        begin_spreading(connection)
        number = next_id(connection, passes)
        connection.execute(passes.insert().values(id=number, command=command, started=app.stamp, summary=""))
        # A look around comes every few minutes and mostly finds nothing; what it does is recorded all the same.
        if command != LOOK:
            record_act(connection, at=app.stamp, who=app.user, what="pass", about=command, pass_id=number)
    return number
