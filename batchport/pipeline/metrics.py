"""Figures of an installation for Prometheus.

They are counted after each pass, whoever makes it, and kept in the database; there they are read by whoever is asked for them, so that a scrape costs one
look-up however large the database is. A pass that fails leaves the counts of the one before it, and says of itself that it failed.
"""

from __future__ import annotations

import platform
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from batchport import __version__, log
from batchport.config import Settings
from batchport.faults import place_of
from batchport.files import PUBLIC_FILE, write_whole
from batchport.pipeline.app import App
from batchport.pipeline.deadlines import falling_due, overdue
from batchport.store import figures as stored

if TYPE_CHECKING:
    from batchport.pipeline.run import PassDone

#: Name -> label values and number, each: as they are kept.
Figures = dict[str, list[tuple[list[str], float]]]


class Metric(NamedTuple):
    """What a figure means, in one line, and by what it is told apart."""

    help: str
    labels: tuple[str, ...] = ()


METRICS = {
    "batchport_build_info": Metric("1, with the version of batchport that counted.", ("version", "python")),
    "batchport_rows": Metric("Rows in each state; together, all that were ever read.", ("state",)),
    "batchport_rows_read": Metric("Rows of all files, as they were read."),
    "batchport_lines_sent": Metric("Lines of all versions that were sent."),
    "batchport_lines_answered": Metric("Lines that their partners have answered."),
    "batchport_lines_outstanding": Metric("Lines that an answer is awaited for."),
    "batchport_balanced": Metric("1 where the count comes out: rows read are rows in one state, lines sent are answered or outstanding; 0 is a fault of the program."),
    "batchport_orders_overdue": Metric("Orders that a partner has let a deadline pass for.", ("partner",)),
    "batchport_exceptions_open": Metric("Lines of partners' answers that fit nothing, and that nobody has dealt with."),
    "batchport_mails": Metric("Mails that are not sent: that wait, are gathered for the night or on their way, and that did not reach anybody.", ("state",)),
    "batchport_files_set_aside": Metric("Files in the quarantine of a customer or partner.", ("whose",)),
    "batchport_submissions": Metric("Submission files: sent, and being brought to the partner, again too.", ("partner", "state")),
    "batchport_pass_timestamp_seconds": Metric("When the last pass of a command began, in seconds since 1970.", ("command",)),
    "batchport_pass_done_timestamp_seconds": Metric("When the last pass of a command that did not fail began, in seconds since 1970.", ("command",)),
    "batchport_pass_duration_seconds": Metric("How long the last pass of a command took.", ("command",)),
    "batchport_pass_exit_status": Metric("How the last pass of a command ended: 0 clean, 1 something needs somebody, 3 it failed or the count does not come out.", ("command",)),
    "batchport_windows": Metric("Times that the schedule had something to do at, by what became of them.", ("state",)),
    "batchport_units_failing": Metric("Units of work that failed and are tried again."),
    "batchport_units_parked": Metric("Units of work that failed too often and wait for somebody."),
    "batchport_database_size_bytes": Metric("Size of the database."),
}  # fmt: skip
LEADER = "batchport_leader"
_LEADER_HELP = "1 where this process starts the passes, 0 where it waits to take over."
_SUBMISSION_STATES = ("taken", "sending", "unknown", "failed", "sent")
_MAIL_STATES = ("waiting", "gathering", "sending", "failed", "bounced", "suppressed")
_FAILED = 3


def note_pass(app: App, command: str, seconds: float, done: PassDone | None) -> None:
    """Count after a pass, keep the figures, and write the file that is asked for; `done` is None where the pass failed.

    What cannot be kept or written is logged, and no reason to stop.
    """
    metrics = app.settings.metrics
    if metrics is None:
        return
    try:
        text = render(_kept(app, command, seconds, done))
        if metrics.file is not None:
            write_whole(app.settings.home / metrics.file, text, PUBLIC_FILE)
    except (OSError, SQLAlchemyError) as error:
        log.event("metrics not written", "error", fault=place_of(error))


def _kept(app: App, command: str, seconds: float, done: PassDone | None) -> Figures:
    with app.store.reading() as connection:
        before: Figures = stored.saved_figures(connection)
        counted = before if done is None else _counted(app, connection, done)
    figures = {**counted, **_of_passes(app, before, command, seconds, _FAILED if done is None else done.exit_status)}
    with app.store.transaction() as connection:
        stored.save_figures(connection, figures)
    return figures


def _of_passes(app: App, before: Figures, command: str, seconds: float, status: int) -> Figures:
    """What is known of the last pass of each command, this one among them."""
    now = {"timestamp_seconds": app.seconds, "duration_seconds": seconds, "exit_status": status} | ({} if status == _FAILED else {"done_timestamp_seconds": app.seconds})
    names = [name for name in METRICS if name.startswith("batchport_pass_")]
    found = {name: {labels[0]: number for labels, number in before.get(name, ())} for name in names}
    for name, number in now.items():
        found[f"batchport_pass_{name}"][command] = number
    return {name: [([of], number) for of, number in sorted(numbers.items())] for name, numbers in found.items()}


def _counted(app: App, connection: Connection, done: PassDone) -> Figures:
    """All figures but those of passes."""
    partners, rows, lines = list(app.settings.partners), done.count.rows, done.count.lines
    late = Counter(overdue(falling_due(app, connection, by_now=True)).drop_duplicates("order_id").partner)
    submissions = stored.submissions_by_partner(connection)
    mails, windows = stored.mails_under_way(connection), stored.windows_by_state(connection)
    failing, parked = stored.units_in_trouble(connection)
    one = {
        "rows_read": rows["read"], "lines_sent": lines["sent"], "lines_answered": lines["answered"], "lines_outstanding": lines["outstanding"],
        "balanced": int(done.count.balanced), "exceptions_open": stored.exceptions_open(connection), "units_failing": failing, "units_parked": parked,
        "database_size_bytes": stored.database_bytes(connection),
    }  # fmt: skip
    return {
        **{f"batchport_{name}": [([], number)] for name, number in one.items()},
        "batchport_build_info": [([__version__, platform.python_version()], 1)],
        "batchport_rows": [([state], number) for state, number in rows.items() if state != "read"],
        "batchport_orders_overdue": [([partner], late[partner]) for partner in partners],
        "batchport_mails": [([state], mails.get(state, 0)) for state in _MAIL_STATES],
        "batchport_submissions": [([partner, state], submissions.get((partner, state), 0)) for partner in partners for state in _SUBMISSION_STATES],
        "batchport_files_set_aside": [([whose], number) for whose, number in _set_aside(app.settings).items()],
        "batchport_windows": [([state], number) for state, number in sorted(windows.items())],
    }


def _set_aside(settings: Settings) -> dict[str, int]:
    """Whose -> files in the quarantine, each of which has a text beside it that says why."""
    names = dict.fromkeys((*settings.customers, *settings.partners, "bounces"))
    return {name: sum(1 for _ in settings.folder("quarantine", name).glob("*.txt")) for name in names}


def render(figures: Figures, *, leads: bool | None = None) -> bytes:
    """Figures in Prometheus' text form; of the process that tells them, whether it leads, where it may."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for name, metric in METRICS.items():
        if name in figures:
            gauge = Gauge(name, metric.help, metric.labels, registry=registry)
            for labels, number in figures[name]:
                (gauge.labels(*labels) if labels else gauge).set(number)
    if leads is not None:
        Gauge(LEADER, _LEADER_HELP, registry=registry).set(int(leads))
    return generate_latest(registry)


def scraped(app: App, *, leads: bool) -> bytes:
    """What a scrape of a process is answered: the figures as they were counted last, by whomever, and whether this process leads."""
    with app.store.reading() as connection:
        figures: dict[str, Any] = stored.saved_figures(connection)
    return render(figures, leads=leads)
