"""What the scheduler starts, and when: the whole pass at night, and submitting when a partner's window opens; between these it looks around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim

from batchport.pipeline.alarms import sound
from batchport.pipeline.app import App
from batchport.pipeline.intake import intake
from batchport.pipeline.notify import notify
from batchport.pipeline.reconcile import reconcile
from batchport.pipeline.run import Stage, all_stages
from batchport.pipeline.submit import submit
from batchport.pipeline.tally import PassTally


class Cron(BaseTrigger):  # type: ignore[misc]
    """The times of a cron expression on the wall clock of a time zone.

    As cron itself has it: a time that a change to summer time leaves out comes right after the change, and one that the change back repeats comes once, unless
    the expression names every hour. (APScheduler's own trigger numbers the days of the week otherwise, and leaves such times out or repeats them.)
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self.expression, self.zone = expression, zone

    def after(self, moment: datetime) -> Iterator[datetime]:
        """All times after a moment."""
        return CronSim(self.expression, moment.astimezone(self.zone))

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The next time, as APScheduler asks for it."""
        return next(self.after(previous or now))

    def __str__(self) -> str:
        return f"{self.expression} ({self.zone})"


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is started by the clock, once for each of its times.

    Attributes:
        name: what the ledger knows it by.
        trigger: when.
        command: what the pass is called that it makes.
        stage: what the pass does.
        made_by: a pass of one of these commands, whoever started it, has done what was due before it began.
        partner: whose window it opens; what was due is not made up for when that is closed again.
    """

    name: str
    trigger: Cron
    command: str
    stage: Stage
    made_by: tuple[str, ...]
    partner: str | None = None

    def is_late(self, app: App) -> bool:
        """Whether it is too late to make up for it."""
        return self.partner is not None and not app.profile(self.partner).may_send(app.now)


def jobs_of(app: App) -> list[Job]:
    """What is started by the clock in an installation; each partner's window by the partner's time zone."""
    schedule = app.settings.schedule
    jobs = [Job("night", Cron(schedule.nightly, ZoneInfo(schedule.timezone)), "run", all_stages, ("run",))]
    for partner in app.settings.partners:
        profile = app.profile(partner)
        for start in sorted({window.start for window in profile.windows}):
            opening = Cron(f"{start.minute} {start.hour} * * *", profile.timezone)
            jobs.append(Job(f"{partner} opens {start:%H:%M}", opening, "submit", partial(_submit_to, partner), ("run", "submit"), partner))
    return jobs


def look_around(app: App, tally: PassTally, pass_id: int) -> None:
    """What is done between two nights: answers and sheets are taken in, and who cannot wait is told."""
    for stage in (reconcile, intake, notify, sound):
        stage(app, tally, pass_id)


def _submit_to(partner: str, app: App, tally: PassTally, pass_id: int) -> None:
    submit(app, tally, pass_id, partner=partner)
    sound(app, tally, pass_id)
