"""The scheduler as a process: it waits until it may lead, starts passes by the clock while it leads, and hears what it is asked by signals.

SIGTERM and SIGINT: the unit of work at hand is finished, and it ends with 0. SIGHUP: the configuration is read again, and the old one kept where the new one is wrong.
Of several on one database one leads, by a lease (`pipeline.lease`); another one takes over when the first has died or was not heard of for as long as a lease
lasts, and what the first still writes when it wakes up is refused.
"""

from __future__ import annotations

import ctypes
import gc
import signal
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import DatabaseError

from batchport import log
from batchport.config import ConfigProblem, Log, Settings, load
from batchport.exit_status import OUR_FAULT
from batchport.faults import place_of, words_of
from batchport.health import Health, observed
from batchport.pipeline.alarms import cry
from batchport.pipeline.app import App, closing
from batchport.pipeline.lease import LEAD, Busy, Fenced, held
from batchport.pipeline.run import PassDone, one_pass
from batchport.pipeline.units import Stopping, ends_the_pass
from batchport.schedule import ledger
from batchport.schedule.jobs import Job, jobs_of, look_around
from batchport.store.leases import standing
from batchport.store.problem import Unreachable
from batchport.store.queued import LOOK

#: Seconds between two looks whether this one leads, whether the clock was set, and what it is asked; and until a pass that found another one at work is tried again.
_BEAT, _AGAIN = 2.0, 10.0


def now() -> datetime:
    """The time to go by."""
    return datetime.now(UTC)


def serve(config: Path) -> None:
    """Start passes by the schedule until SIGTERM or SIGINT.

    Raises:
        ConfigProblem: the configuration is wrong at the start.
    """
    asked, settings = Asked(), proved(config)
    with asked.by_signals(), closing(App(settings, now())) as app, ExitStack() as answering:
        health, waits_for = _answer(app, answering), ""
        while not asked.to_stop():
            try:
                with held(app, LEAD) as token:
                    waits_for = ""
                    health = health or _answer(app, answering)
                    _lead(config, app, Leader(settings, token, asked.to_stop, now(), health or Health()), asked)
            except Busy as busy:
                if waits_for != str(busy):
                    waits_for = str(busy)
                    log.event("scheduler waits", leader=waits_for)
                asked.wait(_BEAT)
            except (OSError, DatabaseError, Unreachable) as error:
                if not isinstance(error, Unreachable) and not ends_the_pass(error):
                    raise
                # A full disk, a database that somebody else has or a server that is away will be over some time, and then it goes on by itself.
                log.event("scheduler disturbed", "error", reason=words_of(error) or place_of(error))
                asked.wait(_AGAIN)
    log.event("scheduler stopped")


def _answer(app: App, answering: ExitStack) -> Health | None:
    """Answer over HTTP; None where another scheduler of this installation, that leads, has the port: it is tried again when that one has ended.

    Raises:
        ConfigProblem: the port cannot be had.
    """
    try:
        return answering.enter_context(observed(app))
    except ConfigProblem as problem:
        with app.store.reading() as connection:
            if standing(connection, LEAD) is None:
                raise
        log.event("port not answered", "warning", reason=str(problem))
        return None


class Asked:
    """What the process was asked to do by signals."""

    def __init__(self) -> None:
        self._stop, self._reload, self._woken = Event(), Event(), Event()

    def to_stop(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def to_reload(self) -> bool:
        """Whether it was asked to read the configuration again since it was asked last."""
        if not self._reload.is_set():
            return False
        self._reload.clear()
        return True

    def wait(self, seconds: float) -> None:
        """Wait until it is asked for something, and not longer than some seconds."""
        self._woken.wait(seconds)
        self._woken.clear()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stop.set()
        self._woken.set()

    def reload(self) -> None:
        """Ask it to read the configuration again."""
        self._reload.set()
        self._woken.set()

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """Hear signals."""

        def stop(_number: int, _frame: types.FrameType | None) -> None:
            log.event("scheduler asked to stop")
            self.stop()

        def reload(_number: int, _frame: types.FrameType | None) -> None:
            self.reload()

        before = {number: signal.signal(number, does) for number, does in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, reload))}
        try:
            yield
        finally:
            for number, did in before.items():
                signal.signal(number, did)


def proved(config: Path) -> Settings:
    """The settings, after all that could be wrong with them was looked at.

    Raises:
        ConfigProblem, TemplateFault: something is.
    """
    settings = load(config)
    app = App(settings, now())
    app.prove()
    app.prove_templates()
    return settings


def _lead(config: Path, app: App, leader: Leader, asked: Asked) -> None:
    """Start passes by the clock until asked to stop, or until another scheduler leads."""
    log.event("scheduler leads")
    leader.start()
    try:
        while not asked.to_stop() and leads(app, leader.token):
            if asked.to_reload():
                leader.change(_settings_again(config, leader.settings))
            leader.look_at_the_clock()
            asked.wait(_BEAT)
        if not asked.to_stop():
            log.event("scheduler lost the lead", "warning")
    finally:
        leader.stop(for_good=asked.to_stop())


def leads(app: App, token: int) -> bool:
    """Whether a lease is still the one that this process took."""
    with app.store.reading() as connection:
        lease = standing(connection, LEAD)
    return lease is not None and bool(lease.token == token)


def _settings_again(config: Path, old: Settings) -> Settings:
    try:
        settings = proved(config)
    except Exception as error:  # noqa: BLE001  whatever is wrong with it, the old one is right
        log.event("configuration refused", "error", reason=words_of(error) or place_of(error))
        return old
    if (settings.database_url, settings.home) != (old.database_url, old.home):
        log.event("configuration refused", "error", reason="`home` and `database` cannot be changed while it works; start it anew for that")
        return old
    kept = settings.log or Log()
    log.start(kept.format, kept.level)
    log.event("configuration read again")
    return settings


class Leader:
    """The clock and what it starts, in the one scheduler that leads.

    Args:
        settings: of the installation.
        token: of the lease that it leads by; all that its passes write is refused once another one leads.
        stopping: whether the process was asked to stop.
        since: when it began to lead.
        health: hears how it goes.
    """

    def __init__(self, settings: Settings, token: int, stopping: Callable[[], bool], since: datetime, health: Health) -> None:
        self.settings, self.token = settings, token
        self._stopping, self._since, self._health = stopping, since, health
        # One pass at a time; what was missed is made up for once, however often it was missed.
        self._clock = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(1)}, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._seen = since

    def start(self) -> None:
        """Begin with what was missed, and with a look around."""
        self._plan()
        self._clock.start()
        self._health.leads = True

    def stop(self, *, for_good: bool) -> None:
        """Start nothing more, and wait for the pass at work."""
        self._health.leads, self._health.stopping = False, for_good
        self._clock.shutdown(wait=True)

    def change(self, settings: Settings) -> None:
        """Go by other settings from the next pass on."""
        self.settings = settings
        self._plan()

    def look_at_the_clock(self) -> None:
        """Notice that the machine slept, or that its clock was set: the alarm clock counts seconds of work, and trusts what it was told first."""
        moment = now()
        if moment < self._seen - timedelta(seconds=_BEAT):
            log.event("clock set back", "warning", seconds=(self._seen - moment).total_seconds())
            self._plan()
        self._seen = moment
        self._clock.wakeup()

    def _plan(self) -> None:
        """Set the alarm clock."""
        self._clock.remove_all_jobs()
        with closing(self._app()) as app:
            zone = ZoneInfo(self.settings.schedule.timezone)
            self._set(self.look, IntervalTrigger(minutes=self.settings.schedule.every_minutes, timezone=zone), "look", at_once=True)
            for job in jobs_of(app):
                self._set(partial(self.window, job), job.trigger, job.name, at_once=bool(ledger.due(app, job, self._since)))

    def _set(self, work: Callable[[], None], trigger: BaseTrigger, name: str, *, at_once: bool) -> None:
        log.event("job planned", job=name, trigger=str(trigger), at_once=at_once)
        self._clock.add_job(work, trigger, name=name, **({"next_run_time": now()} if at_once else {}))

    def _app(self) -> App:
        app = App(self.settings, now(), stopping=self._stopping)
        app.store.held.append(self.token)
        return app

    def look(self) -> None:
        """A look around, unless another pass is at work: the next look is near. What was due and failed is tried again first."""
        with closing(self._app()) as app:
            jobs = jobs_of(app)
        for job in jobs:
            self.window(job)
        self.try_pass(LOOK, lambda app: one_pass(app, LOOK, look_around))

    def window(self, job: Job) -> None:
        """Run a job where the ledger says that it is due; it waits for another pass that is at work."""
        while not self._stopping():
            with closing(self._app()) as app:
                dues = ledger.due(app, job, self._since)
            if not dues or self.try_pass(job.name, partial(ledger.run, job=job, dues=dues), partial(ledger.failed, job=job, dues=dues)):
                return
            self._rest()

    def _rest(self) -> None:
        Event().wait(_AGAIN)

    def try_pass(self, name: str, work: Callable[[App], PassDone], failed: Callable[[App, str], None] = lambda _app, _said: None) -> bool:
        """Whether a pass could begin; what goes wrong with it is told, and the next one is started all the same."""
        try:
            with closing(self._app()) as app:
                done = work(app)
        except Fenced:
            log.event("pass taken over", "warning", wanted=name)
        except Busy:
            log.event("another pass is at work", wanted=name)
            return False
        except Stopping:
            pass  # the rest is done when it is started again
        except Exception as error:  # noqa: BLE001  whatever it was, the next pass is started
            self._failed(name, error, failed)
        else:
            self._health.pass_ended(name, failed=done.exit_status == OUR_FAULT)
        finally:
            _give_back()
        return True

    def _failed(self, name: str, error: Exception, failed: Callable[[App, str], None]) -> None:
        self._health.pass_ended(name, failed=True)
        # Not the error's own words where they may hold what a row says.
        why = words_of(error) or place_of(error)
        try:
            with closing(self._app()) as app:
                failed(app, why)
                cry(app, f"the pass {name} failed with {why}; the next one is started as planned, and nothing that was stored is lost")
        except Exception as another:  # noqa: BLE001  it was said in the log
            log.event("operator not told", "error", fault=place_of(another))


def _give_back() -> None:
    """Give back what a pass has used: a command leaves rings of objects and holes in its memory to the end of its process; here they would gather for days."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the GNU C library
    if trim is not None:
        trim(0)
