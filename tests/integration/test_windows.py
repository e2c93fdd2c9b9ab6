"""Partners' windows: what is ready waits for one, one that was missed is made up for, and `submit --now` does not ask."""

from __future__ import annotations

from datetime import datetime

import pytest

from batchport import schedule
from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.schedule import make_scheduler
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
        return {job.name for job in make_scheduler(app, home.config).get_jobs() if getattr(job, "next_run_time", None)}


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
    (MORNING, TEN, {"look", "sample opens"}),  # it opened while nobody was there, and is open still
    (MORNING, EVENING, {"look"}),  # it is over; the next one comes
    (TEN, "2026-03-03T11:00:00-05:00", {"look"}),
    (TEN, "2026-03-04T10:00:00-05:00", {"look", "night", "sample opens"}),
    (EVENING, "2026-03-03T22:00:00-05:00", {"look", "night"}),
    ("2026-03-03T21:00:00-05:00", "2026-03-03T22:00:00-05:00", {"look"}),
])  # fmt: skip
def test_what_was_missed_is_made_up_for_once(windowed: Home, last: str, now: str, expected: set[str]) -> None:
    windowed.run(last)
    assert at_once(windowed, now) == expected


@pytest.mark.parametrize(("command", "tries"), [("run", 2001), ("submit", 2001), ("look", 1)])
def test_a_pass_that_finds_another_at_work_waits_for_it_unless_it_only_looks(home: Home, monkeypatch: pytest.MonkeyPatch, command: str, tries: int) -> None:
    tried = 0

    def busy(*_: object) -> object:
        nonlocal tried
        tried += 1
        if tried <= 2000:
            raise schedule.Busy("another pass is at work")
        raise schedule.ConfigProblem("it began")

    monkeypatch.setattr(schedule, "one_pass", busy)
    monkeypatch.setattr(schedule, "load", lambda _: None)
    monkeypatch.setattr(schedule, "_AGAIN", 0)
    schedule._pass(home.config, command, schedule.all_stages)
    assert tried == tries


def test_a_new_home_has_missed_nothing(home: Home) -> None:
    assert at_once(home, TEN) == {"look"}
