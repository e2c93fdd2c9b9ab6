"""Work that is overdue: passes, the schedule, submissions, mails, partners' answers, and what waits for somebody."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from batchport.pipeline.deadlines import falling_due, overdue
from batchport.pipeline.doctor.lines import RED, YELLOW, Looking, Seen, count
from batchport.pipeline.doctor.patient import Patient
from batchport.pipeline.units import retry_command
from batchport.store import acts
from batchport.store.mappings import waiting_files
from batchport.store.report import mails_undelivered
from batchport.store.schema import exceptions, mails, passes
from batchport.store.sendings import open_sendings
from batchport.store.units import undone as undone_units
from batchport.store.windows import undone
from batchport.transport.arrivals import complete_files

#: A pass that is not finished after so long was cut off, or hangs.
_LONGEST_PASS = timedelta(hours=2)
#: So long after its time a night, or another window of the schedule, should have been made.
_GRACE = timedelta(hours=2)
#: A mail that waits longer is not only late.
_MAIL_WAITS = timedelta(days=1)
#: What was set aside, or did not reach anybody, is told of for so long.
_LATELY = timedelta(days=7)
#: Seconds after which a sheet or an answer in a door should have been taken in, with a pass in every hour.
_LIES = 3600.0
_NAMED = 5


def passes_made(patient: Patient) -> Looking:
    """Whether the newest pass came to its end, and the last night is not older than the schedule says."""
    if patient.is_new:
        return "none was made yet"
    app = patient.app
    with patient.store.reading() as connection:
        newest = connection.execute(select(passes).order_by(passes.c.id.desc()).limit(1)).first()
        night = acts.last_pass(connection, ["run"])
    if newest is None or night is None:
        return "none was made yet"
    if newest.finished is None and _ago(patient, newest.started) > _LONGEST_PASS:
        yield Seen(YELLOW, f"the last pass ({newest.command}, begun {_moment(patient, newest.started)}) was cut off, or is still at work", "run a pass: it ends what was begun; if one hangs, end it first")
    due = _due_after(patient, datetime.fromisoformat(night))
    if due + _GRACE < patient.now:
        yield Seen(
            RED, f"a night was due at {app.local(due):%Y-%m-%d %H:%M %Z}, and the last whole pass began {_moment(patient, night)}",
            "start `batchport serve` (systemctl status batchport), or run `batchport run`; where another timer calls it, let `schedule.nightly` say its time",
        )  # fmt: skip
    return f"the last whole pass began {_moment(patient, night)}, as the schedule says"


def _due_after(patient: Patient, since: datetime) -> datetime:
    """The first night after a moment."""
    from cronsim import CronSim

    schedule = patient.app.settings.schedule
    return next(CronSim(schedule.nightly, since.astimezone(ZoneInfo(schedule.timezone))))


def windows_done(patient: Patient) -> Looking:
    """Whether everything of the schedule's ledger was done."""
    if patient.is_new:
        return "nothing was due yet"
    with patient.store.reading() as connection:
        late = [one for one in undone(connection) if _ago(patient, one.due) > _GRACE]
    for one in late[:_NAMED]:
        yield Seen(RED, f"{one.job}, due {_moment(patient, one.due)}, is {one.state} after {count(one.attempts, 'attempt')}{f': {one.trouble}' if one.trouble else ''}", "put right what it says, or look into the log; `serve` tries it again, five times in all")
    return "everything that was due is done"


def units_done(patient: Patient) -> Looking:
    """Whether no unit of work is parked or fails."""
    if patient.is_new:
        return "there are none"
    with patient.store.reading() as connection:
        found = sorted((one for one in undone_units(connection) if one.parked or one.attempts > 1 or one.trouble), key=lambda one: not one.parked)
    for one in found[:_NAMED]:
        what = f"{one.kind} {one.key}"
        tries = f"after {count(one.attempts, 'attempt')} since {_moment(patient, one.since)}{f': {one.trouble}' if one.trouble else ''}"
        if one.parked:
            yield Seen(RED, f"{what} is parked {tries}", f"report it, or put right what it says; {retry_command(one.kind, one.key)} has it tried again, and everything else goes on meanwhile")
        else:
            yield Seen(YELLOW, f"{what} could not be done so far, {tries}", "it is tried again; look at it if it stays")
    if len(found) > _NAMED:
        yield Seen(RED if found[_NAMED].parked else YELLOW, f"and {len(found) - _NAMED} more", "the same goes for them")
    return "none is parked, and none fails"


def sending(patient: Patient) -> Looking:
    """Whether every submission that was made is known to be sent."""
    if patient.is_new:
        return "nothing was made yet"
    with patient.store.reading() as connection:
        found = open_sendings(connection)
    for one in found[:_NAMED]:
        trouble = f": {one.trouble}" if one.trouble else ""
        if one.state == "unknown":
            yield Seen(RED, f"it is not known whether {one.name} has reached {one.partner}{trouble}", f"ask {one.partner}; if they have not got it: batchport resend {one.name} --why TEXT")
        elif one.state == "failed":
            yield Seen(RED, f"{one.name} could not be sent to {one.partner}{trouble}", "follow what it says; every pass within the partner's windows tries again")
        else:
            yield Seen(YELLOW, f"{one.name} is on its way to {one.partner}, or a pass was cut off there", "the next pass sends it, once")
    if len(found) > _NAMED:
        yield Seen(RED, f"and {len(found) - _NAMED} more are not known to be sent", "`batchport submit` tries them all")
    return "every submission that was made is sent"


def mails_sent(patient: Patient) -> Looking:
    """Whether mails go out, and arrive."""
    if patient.is_new:
        return "none was written yet"
    app = patient.app
    since, late = (app.stamp_of(patient.now - ago) for ago in (_LATELY, _MAIL_WAITS))
    waiting = mails.c.state.in_(("waiting", "sending")), mails.c.created < late
    with patient.store.reading() as connection:
        number, oldest = connection.execute(select(func.count(), func.min(mails.c.created)).where(*waiting)).one()
        undelivered = mails_undelivered(connection, since)
        trouble = connection.execute(select(mails.c.trouble).where(*waiting, mails.c.trouble != "").order_by(mails.c.created).limit(1)).scalar()
    if number:
        yield Seen(RED, f"{count(number, 'mail')} wait, the oldest since {_moment(patient, oldest)}{f': {trouble}' if trouble else ''}", "see what is said of the mail server; `batchport notify` sends what waits")
    if undelivered:
        yield Seen(YELLOW, f"{count(undelivered, 'mail')} of the last week did not reach anybody", "`batchport suppressed` lists addresses, `batchport trace` shows the mails about a number; correct the address")
    return "none waits for longer than a day, and none of the last week was lost"


def answers(patient: Patient) -> Looking:
    """Whether partners have answered, and moved numbers, in their time."""
    if patient.is_new:
        return "nothing is awaited"
    with patient.store.reading() as connection:
        late = overdue(falling_due(patient.app, connection, by_now=True))
    orders = late.drop_duplicates("order_id")
    for partner, number in Counter(orders.partner.tolist()).items():
        yield Seen(RED, f"{partner} is late with {count(number, 'order')}", f"ask {partner}; `batchport orders --due` lists them, `batchport status --overdue` their numbers")
    return "no partner is late"


def exception_lines(patient: Patient) -> Looking:
    """Whether no line of an answer waits for somebody."""
    if patient.is_new:
        return "there are none"
    with patient.store.reading() as connection:
        number = connection.execute(select(func.count()).where(exceptions.c.resolved.is_(None))).scalar_one()
    if number:
        yield Seen(RED, f"{count(number, 'exception line')} {'is' if number == 1 else 'are'} open", "`batchport exceptions` lists them; `batchport exceptions resolve ID --why TEXT` closes one")
    return "none is open"


def waiting(patient: Patient) -> Looking:
    """Whether sheets and answers are taken out of the doors, and no sheet waits for its columns."""
    home, settings = patient.home, patient.app.settings
    doors = {home / "inbox" / name: name for name in settings.customers} | {home / "responses" / name: name for name in settings.partners}
    lying = [file for file in complete_files(list(doors), now=time.time(), settle=0) if file.mtime < time.time() - _LIES]
    for folder, number in Counter(file.path.parent for file in lying).items():
        yield Seen(YELLOW, f"{count(number, 'file')} {'has' if number == 1 else 'have'} been lying in {folder} for more than an hour", "`batchport run` takes them in, and says what they wait for")
    if not patient.is_new and not patient.shut:
        with patient.store.reading() as connection:
            unmapped = waiting_files(connection)
        for one in unmapped[:_NAMED]:
            yield Seen(YELLOW, f"{one.name} of {one.customer} waits for its columns to be confirmed, since {_moment(patient, one.received)}", f"batchport columns {one.name} --customer {one.customer}")
    return "nothing waits in the doors, and no sheet for its columns"


def set_aside(patient: Patient) -> Looking:
    """Whether nothing was set aside of late."""
    recent = time.time() - _LATELY.total_seconds()
    found = Counter(path.parent for path in (patient.home / "quarantine").glob("*/*.txt") if path.stat().st_mtime > recent)
    for folder, number in found.items():
        yield Seen(YELLOW, f"{count(number, 'file')} in {folder} {'was' if number == 1 else 'were'} set aside within a week", "each .txt says why; ask whoever sent it for a new one")
    return "nothing was set aside within a week"


def _ago(patient: Patient, stamp: str) -> timedelta:
    return patient.now - datetime.fromisoformat(stamp)


def _moment(patient: Patient, stamp: str) -> str:
    return f"{patient.app.local(datetime.fromisoformat(stamp).astimezone(UTC)):%Y-%m-%d %H:%M %Z}"
