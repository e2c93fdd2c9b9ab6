"""Partners' windows: what is ready waits for one, one that was missed is made up for, and `submit --now` does not ask."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

import pytest

from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.pipeline.lease import alone
from batchport.pipeline.run import one_pass
from batchport.schedule import ledger, serve
from batchport.schedule.jobs import jobs_of, look_around
from batchport.store.queued import LOOK
from tests.clock import leading
from tests.conftest import LOCAL, Home

SAMPLE = "    profile: generic-csv\n"
MORNING, TEN, EVENING = (f"2026-03-03T{clock}:00-05:00" for clock in ("08:00", "10:00", "18:00"))


@pytest.fixture
def windowed(home: Home) -> Home:
    """A home whose partner takes files from nine to five."""
    home.set(SAMPLE, SAMPLE + '    windows: "09:00-17:00"\n')
    home.drop(LOCAL)
    assert home("intake", at=MORNING).exit == 0
    return home


def at_once(home: Home, now: str) -> set[str]:
    """The jobs that `serve` would begin with at a moment."""
    with closing(App(load(home.config), datetime.fromisoformat(now))) as app:
        return {job.name for job in jobs_of(app) if ledger.due(app, job, app.now)}


def test_what_is_ready_waits_for_the_window_and_goes_when_it_opens(windowed: Home) -> None:
    assert windowed.run(MORNING).exit == 0
    assert windowed.state(LOCAL["tn"]) == "ready"
    assert windowed.run(TEN).exit == 0
    assert windowed.state(LOCAL["tn"]) == "submitted"


def test_an_operator_may_send_outside_it_which_is_written_down(windowed: Home) -> None:
    assert windowed("submit", "--now", at=EVENING).exit == 0
    assert windowed.state(LOCAL["tn"]) == "submitted"
    assert any("submit --now" in line["what"] for line in windowed.json("trace", LOCAL["tn"]))
    within = {**LOCAL, "tn": "617-234-0143", "account_number": "9", "destination": "line-2"}
    windowed.take(within, name="second.csv", at=TEN)
    assert not any("--now" in line["what"] for line in windowed.json("trace", within["tn"]))


@pytest.mark.parametrize(("last", "now", "expected"), [
    (MORNING, TEN, {"sample opens 09:00"}),  # it opened while nobody was there, and is open still
    (MORNING, EVENING, set()),  # it is over; the next one comes
    (TEN, "2026-03-03T11:00:00-05:00", set()),
    (TEN, "2026-03-04T10:00:00-05:00", {"night", "sample opens 09:00"}),
    (EVENING, "2026-03-03T22:00:00-05:00", {"night"}),
    ("2026-03-03T21:00:00-05:00", "2026-03-03T22:00:00-05:00", set()),
])  # fmt: skip
def test_what_was_missed_is_made_up_for_once(windowed: Home, last: str, now: str, expected: set[str]) -> None:
    windowed.run(last)
    assert at_once(windowed, now) == expected


def test_a_pass_that_finds_another_at_work_waits_for_it_unless_it_only_looks(windowed: Home, impatient: None) -> None:
    tried = 0
    with leading(windowed, TEN) as leader, closing(App(load(windowed.config), serve.now())) as app, ExitStack() as at_work:
        at_work.enter_context(alone(app))

        def rest() -> None:
            nonlocal tried
            tried += 1
            if tried == 3:
                at_work.close()

        leader._rest = rest
        leader.try_pass(LOOK, lambda app: one_pass(app, LOOK, look_around))
        assert tried == 0
        assert windowed.state(LOCAL["tn"]) == "ready"
        leader.window(next(job for job in jobs_of(app) if job.partner == "sample"))
    assert tried == 3
    assert windowed.state(LOCAL["tn"]) == "submitted"


def test_a_new_home_has_missed_nothing(home: Home) -> None:
    assert at_once(home, TEN) == set()
