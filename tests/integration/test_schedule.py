"""Each window once: over the changes of daylight-saving time, over slept nights, over clocks that are set, over passes that die or fail."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from batchport.config import load
from batchport.pipeline import run
from batchport.pipeline.app import App, closing
from batchport.pipeline.units import MOST_TRIES, Stopping, pause
from batchport.schedule import jobs, ledger, serve
from batchport.schedule.jobs import Cron, jobs_of
from batchport.store import schema
from tests.clock import clock_at, leading
from tests.conftest import LOCAL, Home, text_of

YORK = ZoneInfo("America/New_York")


def york(text: str) -> str:
    return datetime.fromisoformat(text).replace(tzinfo=YORK).isoformat()


def windows(home: Home) -> list[tuple[str, str, str, int | None]]:
    """The ledger: job, local time that it was due at, state, pass."""
    with closing(App(load(home.config), datetime.now(YORK))) as app, app.store.reading() as connection:
        found = connection.execute(select(schema.windows).order_by(schema.windows.c.due)).all()
    return [(one.job, f"{datetime.fromisoformat(one.due).astimezone(YORK):%m-%d %H:%M}", one.state, one.pass_id) for one in found]


def passes(home: Home, command: str = "run") -> list[str]:
    """When the passes of a command were begun, by the clock in New York."""
    with closing(App(load(home.config), datetime.now(YORK))) as app, app.store.reading() as connection:
        found = connection.execute(select(schema.passes.c.started).where(schema.passes.c.command == command).order_by(schema.passes.c.id)).scalars()
        return [f"{datetime.fromisoformat(text).astimezone(YORK):%m-%d %H:%M}" for text in found]


def play(home: Home, start: str, *looks: str) -> None:
    """A scheduler that leads from the start on, and looks at some further times."""
    for at in (start, *looks):
        with leading(home, start) as leader, clock_at(at):
            leader.look()


def wait(home: Home, start: str, *times: str) -> None:
    """The same, but that it only looks whether something is due."""
    with leading(home, start) as leader, closing(App(load(home.config), datetime.fromisoformat(start))) as app:
        for at in times:
            with clock_at(at):
                for job in jobs_of(app):
                    leader.window(job)


def every(minutes: int, start: str, end: str) -> list[str]:
    """Times between two, apart by the clock that never jumps, and the end."""
    moment, last, found = datetime.fromisoformat(start), datetime.fromisoformat(end), []
    while moment < last:
        found.append(moment.isoformat())
        moment += timedelta(minutes=minutes)
    return [*found, end]


@pytest.mark.parametrize(("nightly", "start", "end", "expected"), [
    # 02:30 does not exist on the 8th of March 2026: it comes right after the change, once.
    ("30 2 * * *", "2026-03-07T00:00:00-05:00", "2026-03-09T12:00:00-04:00", ["03-07 02:30", "03-08 03:00", "03-09 02:30"]),
    # 01:30 comes twice on the 1st of November 2026: it counts the first time.
    ("30 1 * * *", "2026-10-31T00:00:00-04:00", "2026-11-02T12:00:00-05:00", ["10-31 01:30", "11-01 01:30", "11-02 01:30"]),
    ("0 21 * * *", "2026-03-07T12:00:00-05:00", "2026-03-09T22:00:00-04:00", ["03-07 21:00", "03-08 21:00", "03-09 21:00"]),
    ("0 21 * * *", "2026-10-31T12:00:00-04:00", "2026-11-02T22:00:00-05:00", ["10-31 21:00", "11-01 21:00", "11-02 21:00"]),
    # As cron counts: 0 and 7 are Sunday, and of a day of the month and one of the week either is enough.
    ("0 21 * * 1-5", "2026-03-06T12:00:00-05:00", "2026-03-10T22:00:00-04:00", ["03-06 21:00", "03-09 21:00", "03-10 21:00"]),
])  # fmt: skip
def test_each_window_is_run_once_over_the_changes_of_the_clock(home: Home, nightly: str, start: str, end: str, expected: list[str]) -> None:
    home.set("0 21 * * *", nightly)
    play(home, start)  # a home that was at work before
    wait(home, start, *every(29, start, end))
    assert [due for job, due, state, _ in windows(home) if job == "night" and state == "done"] == expected
    assert len(passes(home)) == len(expected)


def test_an_hourly_job_runs_in_each_hour_that_there_is(home: Home) -> None:
    hours = Cron("0 * * * *", YORK)
    spring, autumn = (datetime(2026, month, day, 23, tzinfo=YORK) for month, day in ((3, 7), (10, 31)))
    for start, expected in ((spring, [1, 2, 3, 4]), (autumn, [1, 2, 3, 4])):
        times = hours.after(start)
        assert [(next(times).timestamp() - start.timestamp()) / 3600 for _ in expected] == expected


def test_three_slept_nights_are_made_up_for_by_one_pass_that_stands_beside_each(home: Home) -> None:
    play(home, york("2026-03-02T20:00:00"), york("2026-03-02T21:00:00"))
    home.drop(LOCAL)
    play(home, york("2026-03-06T09:00:00"))
    assert [(due, state) for _, due, state, _ in windows(home)] == [("03-02 21:00", "done"), ("03-03 21:00", "done"), ("03-04 21:00", "done"), ("03-05 21:00", "done")]
    assert len({number for *_, number in windows(home)[1:]}) == 1
    assert passes(home) == ["03-02 21:00", "03-06 09:00"]
    assert home.state(LOCAL["tn"]) == "submitted"
    play(home, york("2026-03-06T09:05:00"), york("2026-03-06T20:59:00"))
    assert len(passes(home)) == 2


def test_a_partners_window_opens_by_the_partners_clock(home: Home) -> None:
    home.set("    profile: generic-csv\n", '    profile: generic-csv\n    windows: "09:00-17:00"\n    timezone: America/Los_Angeles\n')
    home.drop(LOCAL)
    play(home, york("2026-03-03T08:00:00"), york("2026-03-03T09:05:00"))
    assert home.state(LOCAL["tn"]) == "ready"
    play(home, york("2026-03-03T12:05:00"))
    assert home.state(LOCAL["tn"]) == "submitted"
    assert [(job, due) for job, due, *_ in windows(home)] == [("sample opens 09:00", "03-03 12:00")]


def test_a_run_that_died_is_run_again(home: Home) -> None:
    play(home, york("2026-03-02T20:00:00"))
    home.drop(LOCAL)

    class Died(BaseException):
        pass

    with mock.patch.object(jobs, "all_stages", side_effect=Died), pytest.raises(Died):
        play(home, york("2026-03-02T21:00:00"))
    assert [state for *_, state, _ in windows(home)] == ["running"]
    play(home, york("2026-03-02T21:05:00"))
    assert [(due, state) for _, due, state, _ in windows(home)] == [("03-02 21:00", "done")]
    assert home.state(LOCAL["tn"]) == "submitted"


def test_a_run_by_hand_that_did_not_come_to_its_end_makes_up_for_nothing(home: Home) -> None:
    play(home, york("2026-03-02T20:00:00"))
    home.drop(LOCAL)
    with mock.patch.object(run, "all_stages", side_effect=KeyError):
        assert home.run(york("2026-03-02T21:30:00")).exit == 3
    play(home, york("2026-03-02T22:00:00"))
    assert [(due, state) for _, due, state, _ in windows(home)] == [("03-02 21:00", "done")]
    assert home.state(LOCAL["tn"]) == "submitted"


def test_a_run_that_fails_is_told_tried_again_later_and_given_up_until_the_next_is_due(home: Home) -> None:
    play(home, york("2026-03-02T20:00:00"))
    at = datetime.fromisoformat(york("2026-03-02T21:00:00"))
    with mock.patch.object(jobs, "all_stages", side_effect=KeyError(LOCAL["pin"])) as stage:
        for tries in range(1, MOST_TRIES + 1):
            wait(home, at.isoformat(), at.isoformat(), (at + timedelta(seconds=60)).isoformat())
            assert stage.call_count == tries
            at += pause(tries)
        wait(home, york("2026-03-03T20:55:00"), york("2026-03-03T20:55:00"))
        assert stage.call_count == MOST_TRIES
    assert [state for *_, state, _ in windows(home)] == ["failed"]
    told = [text_of(mail) for mail in home.mails("alarm")]
    assert len(told) == MOST_TRIES
    assert not any(LOCAL["pin"] in text for text in told)
    play(home, york("2026-03-03T21:00:00"))
    assert [(due, state) for _, due, state, _ in windows(home)] == [("03-02 21:00", "done"), ("03-03 21:00", "done")]


def test_a_clock_that_was_a_day_ahead_costs_no_window(home: Home) -> None:
    play(home, york("2026-03-02T20:00:00"), york("2026-03-03T21:00:00"))
    play(home, york("2026-03-02T20:30:00"), york("2026-03-02T21:00:00"), york("2026-03-03T21:00:00"), york("2026-03-04T21:00:00"))
    done = [due for job, due, state, _ in windows(home) if state == "done"]
    assert done == sorted(set(done))
    assert {"03-03 21:00", "03-04 21:00"} <= set(done)


def test_what_is_asked_for_between_two_units_stops_the_pass_and_the_rest_is_done_later(home: Home) -> None:
    for number in range(3):
        home.drop(LOCAL | {"tn": f"617-234-015{number}", "account_number": f"8014421{number}", "destination": f"line-{number}"}, name=f"{number}.csv", customer=("acme", "harbor")[number % 2])
    with leading(home, york("2026-03-02T20:00:00")) as leader:
        leader._stopping = lambda: len(list(home.path.glob("inbox/*/*"))) < 3
        leader.look()
        assert len(list(home.path.glob("inbox/*/*"))) == 2
        with pytest.raises(Stopping), closing(leader._app()) as app:
            ledger.run(app, jobs_of(app)[0], [york("2026-03-02T21:00:00")])
    play(home, york("2026-03-02T21:00:00"))
    assert set(home.states().values()) == {"submitted"}


def test_another_scheduler_leads_no_pass_while_one_does(home: Home) -> None:
    with leading(home, york("2026-03-02T20:00:00")), pytest.raises(serve.Busy), leading(home, york("2026-03-02T20:00:00")):
        pass
