"""When, never what: the scheduler starts passes, and a pass does not know of it."""

from __future__ import annotations

import signal
import time
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from batchport import log
from batchport.config import ConfigProblem, load
from batchport.faults import place_of
from batchport.health import Health, observed
from batchport.pipeline.alarms import cry, sound
from batchport.pipeline.app import App, closing
from batchport.pipeline.intake import intake
from batchport.pipeline.notify import notify
from batchport.pipeline.reconcile import reconcile
from batchport.pipeline.run import Busy, Stage, all_stages, one_pass
from batchport.pipeline.submit import submit
from batchport.pipeline.tally import PassTally
from batchport.store.acts import last_pass
from batchport.store.queued import LOOK

#: Seconds until a pass that found another one at work is tried again.
_AGAIN = 10


def serve(config: Path) -> None:
    """Start passes by the schedule until SIGTERM or SIGINT; the pass at work is finished first."""
    with closing(App(load(config), datetime.now(UTC))) as app:
        app.prove()
        app.prove_templates()
        scheduler = make_scheduler(app, config)
        with observed(app) as health:
            _work(scheduler, health)


def _work(scheduler: BlockingScheduler, health: Health) -> None:
    def stop(_number: int, _frame: types.FrameType | None) -> None:
        health.stopping = True
        log.event("stopping when the pass at work is done")
        scheduler.shutdown(wait=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for job in scheduler.get_jobs():
        log.event("job planned", job=job.name, trigger=str(job.trigger))
    health.leads = True
    scheduler.start()


def make_scheduler(app: App, config: Path) -> BlockingScheduler:
    """The scheduler with its jobs: a look around every few minutes, the whole pass by the cron expression, and submitting when a partner's window opens.

    What was missed is made up for once, however often it was missed and whether the program was at work then or not; a window only while it is open.
    One job runs at a time, and the others wait for it.
    """
    schedule, now = app.settings.schedule, app.now
    zone = ZoneInfo(schedule.timezone)
    scheduler = BlockingScheduler(
        timezone=zone, executors={"default": ThreadPoolExecutor(1)}, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )  # fmt: skip

    def plan(work: Callable[..., None], trigger: BaseTrigger, name: str, *args: object, at_once: bool) -> None:
        scheduler.add_job(work, trigger, args=[config, *args], name=name, **({"next_run_time": now} if at_once else {}))

    plan(_look, IntervalTrigger(minutes=schedule.every_minutes, timezone=zone), "look", at_once=True)
    try:
        nightly = CronTrigger.from_crontab(schedule.nightly, timezone=zone)
    except ValueError as error:
        raise ConfigProblem(f"{config}: schedule.nightly: {schedule.nightly!r} is not a cron expression: {error}") from None
    plan(_night, nightly, "night", at_once=_missed(app, nightly, "run"))
    for partner in app.settings.partners:
        profile = app.profile(partner)
        for window in profile.windows:
            opening = CronTrigger(hour=window.start.hour, minute=window.start.minute, timezone=profile.timezone)
            plan(_opening, opening, f"{partner} opens", partner, at_once=profile.may_send(now) and _missed(app, opening, "run", "submit"))
    return scheduler


def _missed(app: App, trigger: BaseTrigger, *commands: str) -> bool:
    """Whether a pass of these was due since the last of them, or since the first pass of all; a new home has missed nothing."""
    with app.store.reading() as connection:
        since = last_pass(connection, commands)
    if since is None:
        return False
    # Stored to the second; the one that began with it is that pass.
    due = trigger.get_next_fire_time(None, datetime.fromisoformat(since) + timedelta(seconds=1))
    return due is not None and due <= app.now


def _look(config: Path) -> None:
    _pass(config, LOOK, look_around)


def _night(config: Path) -> None:
    _pass(config, "run", all_stages)


def _opening(config: Path, partner: str) -> None:
    def stage(app: App, tally: PassTally, pass_id: int) -> None:
        submit(app, tally, pass_id, partner=partner)
        sound(app, tally, pass_id)

    _pass(config, "submit", stage)


def look_around(app: App, tally: PassTally, pass_id: int) -> None:
    """What is done between two nights: answers and sheets are taken in, and who cannot wait is told."""
    for stage in (reconcile, intake, notify, sound):
        stage(app, tally, pass_id)


def _pass(config: Path, command: str, stage: Stage) -> None:
    """One pass; it waits for another one that is at work, unless it is a look around: the next of these is near."""
    while not _tried(config, command, stage) and command != LOOK:
        time.sleep(_AGAIN)


def _tried(config: Path, command: str, stage: Stage) -> bool:
    """Whether a pass could begin; what goes wrong with it is told, and the next one is started all the same."""
    try:
        with closing(App(load(config), datetime.now(UTC))) as app:
            one_pass(app, command, stage)
    except Busy:
        log.event("another pass is at work", wanted=command)
        return False
    except ConfigProblem as error:
        log.event("configuration refused", "error", reason=str(error))
    except Exception as error:  # noqa: BLE001  whatever it was, the next pass is started
        # Not the error's own words, which may hold what a row says.
        _failed(config, f"the pass {command} failed with {place_of(error)}; the next one is started as planned, and nothing that was stored is lost")
    return True


def _failed(config: Path, said: str) -> None:
    try:
        with closing(App(load(config), datetime.now(UTC))) as app:
            cry(app, said)
    except Exception as error:  # noqa: BLE001  it was said in the log
        log.event("operator not told", "error", fault=place_of(error))
