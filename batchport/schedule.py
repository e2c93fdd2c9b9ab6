"""When, never what: the scheduler starts passes, and a pass does not know of it."""

from __future__ import annotations

import logging
import signal
import types
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from batchport.config import ConfigProblem, Schedule, load
from batchport.pipeline.app import App, closing
from batchport.pipeline.intake import intake
from batchport.pipeline.notify import notify
from batchport.pipeline.reconcile import reconcile
from batchport.pipeline.run import Busy, Stage, all_stages, one_pass
from batchport.pipeline.tally import PassTally

log = logging.getLogger("batchport.serve")


def serve(config: Path) -> None:
    """Start passes by the schedule until SIGTERM or SIGINT; the pass at work is finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = make_scheduler(load(config).schedule, config)

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        log.info("stopping when the pass at work is done")
        scheduler.shutdown(wait=True)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    for job in scheduler.get_jobs():
        log.info("%s: %s", job.name, job.trigger)
    scheduler.start()


def make_scheduler(schedule: Schedule, config: Path) -> BlockingScheduler:
    """The scheduler with its jobs: a look around every few minutes, and the whole pass by the cron expression.

    What was missed is made up for once, however often it was missed, and no job runs beside itself.
    """
    zone = ZoneInfo(schedule.timezone)
    scheduler = BlockingScheduler(timezone=zone, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1})
    scheduler.add_job(_look_around, IntervalTrigger(minutes=schedule.every_minutes, timezone=zone), args=[config], name="look", next_run_time=datetime.now(zone))
    try:
        nightly = CronTrigger.from_crontab(schedule.nightly, timezone=zone)
    except ValueError as error:
        raise ConfigProblem(f"{config}: schedule.nightly: {schedule.nightly!r} is not a cron expression: {error}") from None
    scheduler.add_job(_night, nightly, args=[config], name="night")
    return scheduler


def _look_around(config: Path) -> None:
    _pass(config, "look", _answers_and_sheets)


def _night(config: Path) -> None:
    _pass(config, "run", all_stages)


def _answers_and_sheets(app: App, tally: PassTally, pass_id: int) -> None:
    for stage in (reconcile, intake, notify):
        stage(app, tally, pass_id)


def _pass(config: Path, command: str, stage: Stage) -> None:
    """One pass; what goes wrong with it is told, and the next one is started all the same."""
    try:
        with closing(App(load(config), datetime.now(UTC))) as app:
            done = one_pass(app, command, stage)
    except Busy as busy:
        log.info("%s", busy)
    except ConfigProblem as error:
        log.error("%s", error)  # noqa: TRY400  the user can mend it, and needs no traceback
    except Exception:
        log.exception("the pass %s failed; the next one is started as planned", command)
    else:
        told = done.json()
        log.info("%s: files %s, submissions %s, exceptions %s, changed %s, balanced %s", command, told["files"], told["submissions"], told["exceptions"], told["changed"], told["balanced"])
