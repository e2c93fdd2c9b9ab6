"""Helpers share a pass's work: whatever becomes of them, the night ends as it would without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVENING, NEXT, ROOT, TOLL_FREE, Home, Result, account, batchport_process, response, settled
from tests.postgresql import ON_POSTGRESQL, end_server, server

EVERY = bool(os.environ.get("BATCHPORT_EVERY_MOMENT"))
#: Sheets of a night, one account each, of two customers in turn.
SHEETS = 8
OPERATOR = "operator@batchport.example"
KINDS = ("sheet", "response", "submission", "results", "mails")
#: Before a unit is done and after it, of every kind; else the two at which most can go wrong.
KILLED = [(kind, when) for kind in KINDS for when in ("before", "after")] if EVERY else [("sheet", "after"), ("mails", "before")]


def two_partners(home: Home) -> Home:
    """The same home with a partner for toll-free numbers besides."""
    home.set("partners:\n", "partners:\n  other: {profile: generic-csv}\n")
    home.set("routes:\n", "routes:\n  - {partner: other, number_class: toll_free}\n")
    return home


@pytest.fixture
def shared(make_home: Callable[[str], Home]) -> Home:
    """A home whose database is in a server."""
    home = two_partners(make_home("shared"))
    if "database: postgresql" not in home.config.read_text("utf-8"):
        home.set("home: .\n", f"home: .\ndatabase: {server().new()}\n")
    return home


def sheets(home: Home, count: int = SHEETS) -> None:
    """Sheets of two customers, some with a fault, one twice, and a correction after what it corrects."""
    for number in range(count):
        rows = account(3, btn=f"617-{300 + number}-2200", account_number=f"A{7000 + number}", name=f"Shop {number} LLC")
        if number % 5 == 4:
            rows[1]["state"] = "XX"
        path = home.drop(*rows, name=f"sheet-{number:03}.csv", customer=("acme", "harbor")[number % 2])
        os.utime(path, (time.time() - 600 + number,) * 2)
    # Contacts enough for several to send mails.
    free = [{**TOLL_FREE, "tn": f"800-234-{7300 + number}", "destination": f"trunk-{number}", "contact_email": f"c{number}@acme.example"} for number in range(41)]
    os.utime(home.drop(*free, name="free.csv", customer="acme"), (time.time() - 400,) * 2)
    # The same numbers again, later: which comes first decides which of them goes.
    again = home.drop(*account(3, btn="617-300-2200", account_number="B1", name="Somebody Else LLC"), name="zz-again.csv", customer="acme")
    os.utime(again, (time.time() - 300,) * 2)


@contextmanager
def workers(home: Home, count: int = 1, *more: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that help, until the block is left; they have reported by then."""
    before = heard(home)
    command = [sys.executable, "-m", "batchport", "--config", str(home.config), "worker", *more]
    started = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    try:
        until(lambda: heard(home) >= before + count)
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
        for process in started:
            process.communicate(timeout=200)


def heard(home: Home) -> int:
    """How many helpers have said that they are there."""
    with home.database() as database:
        if database.execute("select to_regclass('procrastinate_workers')").fetchone()[0] is None:
            return 0
        return int(database.execute("select count(*) from procrastinate_workers").fetchone()[0])


def until(what: Callable[[], bool], seconds: float = 200) -> None:
    """Wait for something."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


def run(home: Home, at: str = EVENING) -> Result:
    """A whole pass in a process of its own."""
    return batchport_process("run", "--format", "json", at=at, config=home.config)


def ended(home: Home) -> dict[str, Any]:
    """How everything is: states of all rows by file and row, what was sent, and the mails that went."""
    lines = [{name: value for name, value in line.items() if name != "PON"} for partner in ("sample", "other") for line in home.sent(partner)]
    mails = sorted((mail["To"], mail["Subject"].split(":")[0]) for mail in home.mails() if mail["To"] != OPERATOR)
    return {"states": home.states(), "sent": sorted(json.dumps(line, sort_keys=True) for line in lines), "mails": mails}


@pytest.fixture(scope="module")
def alone_home(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which one process made the night."""
    home = two_partners(Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("alone") / "home"))))
    sheets(home)
    assert home.run().last["balanced"] is True
    return home


@pytest.fixture(scope="module")
def alone(alone_home: Home) -> dict[str, Any]:
    """How the night ends in one process."""
    return ended(alone_home)


def test_two_helpers_and_the_pass_end_the_night_as_one_process_does(shared: Home, alone: dict[str, Any]) -> None:
    sheets(shared)
    with workers(shared, 2):
        done = run(shared)
    assert (done.exit, done.last["balanced"]) == (1, True), done.err
    assert ended(shared) == alone


#: A helper that says when it has a unit of a kind at hand, or has done it and not said so yet, and does not go on for a long time.
_STOPS = """
import sys, time
from pathlib import Path
from batchport.cli.worker import _help
from batchport.pipeline.helping import Helper
config, kind, when, queues = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
whole = Helper._carry_out
def stopping(self, units, *rest):
    if when == "after":
        whole(self, units, *rest)
    if units[0].kind == kind:
        print("at hand", flush=True)
        time.sleep(600)
    if when == "before":
        whole(self, units, *rest)
Helper._carry_out = stopping
_help(config, queues)
"""


@contextmanager
def one_that_stops(home: Home, kind: str, when: str) -> Iterator[subprocess.Popen[str]]:
    """A helper that stops with a unit of a kind at hand."""
    before = heard(home)
    queues = {"sheet": "sheets", "response": "responses", "submission": "submissions"}.get(kind, kind)
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPS, str(home.config), kind, when, queues], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        until(lambda: heard(home) > before)
        yield process
    finally:
        process.kill()
        process.communicate()


#: A pass that does nothing of a kind of work before a helper has something of it at hand.
_WAITS = """
import sys, time
from batchport.cli import main
from batchport.pipeline import spread
kind, whole = sys.argv.pop(1), spread._share
def share(app, units, do):
    ends = time.monotonic() + 200
    while kind in {unit.kind for unit in units.values()} and time.monotonic() < ends:
        with app.store.reading() as connection:
            if connection.exec_driver_sql("select 1 from work where state = 'taken'").first():
                break
        time.sleep(0.01)
    whole(app, units, do)
spread._share = share
main()
"""


@contextmanager
def passing(home: Home, kind: str, at: str = EVENING) -> Iterator[subprocess.Popen[str]]:
    """A pass while it is at work, which leaves the first unit of a kind to a helper."""
    command = [sys.executable, "-c", _WAITS, kind, "--config", str(home.config), "--at", at, "run", "--format", "json"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def answers(home: Home) -> None:
    """Two answers of a partner, one after the other."""
    pons = {line["TN"]: line["PON"] for line in home.sent()}
    for number, (tn, pon) in enumerate(sorted(pons.items())[:6:3]):
        path = settled(home.path / "responses" / "sample" / f"answer-{number}.csv", response((pon, "01", tn, "FOC", "", "", f"2026-03-1{number + 2}")))
        os.utime(path, (time.time() - 60 + number,) * 2)


@pytest.fixture(scope="module")
def next_alone(alone: dict[str, Any], alone_home: Home) -> dict[str, Any]:
    """How the night after it ends in one process."""
    answers(alone_home)
    assert alone_home.run(NEXT).last["balanced"] is True
    return ended(alone_home)


@pytest.mark.parametrize(("kind", "when"), KILLED)
def test_a_helper_that_is_killed_with_a_unit_at_hand_is_made_up_for(shared: Home, alone: dict[str, Any], next_alone: dict[str, Any], kind: str, when: str) -> None:
    at, expected = EVENING, alone
    sheets(shared)
    if kind == "response":
        run(shared)
        answers(shared)
        at, expected = NEXT, next_alone
    with one_that_stops(shared, kind, when) as helper, passing(shared, kind, at) as whole:
        assert helper.stdout is not None
        assert helper.stdout.readline() == "at hand\n"
        helper.kill()
        said, trouble = whole.communicate(timeout=300)
    assert json.loads(said.splitlines()[-1])["run"]["balanced"] is True, trouble
    assert ended(shared) == expected
    assert run(shared, at).exit == 0
    assert ended(shared) == expected, "there was nothing left to do"


def test_a_pass_that_dies_leaves_no_helper_behind_that_goes_on_for_it(shared: Home, alone: dict[str, Any]) -> None:
    sheets(shared)
    with one_that_stops(shared, "sheet", "before") as helper:
        with passing(shared, "sheet") as whole:
            assert helper.stdout is not None
            helper.stdout.readline()
            whole.kill()
        busy = run(shared)
        assert "busy" in json.loads(busy.out.splitlines()[-1])["run"], "the helper has a sheet at hand, and might store it"
        helper.send_signal(signal.SIGKILL)
        helper.wait()
        assert run(shared).exit == 1
    assert ended(shared) == alone


def test_helpers_outlive_a_restart_of_the_server_and_the_next_pass_ends_the_night(shared: Home, alone: dict[str, Any]) -> None:
    sheets(shared)
    with one_that_stops(shared, "sheet", "before") as helper, passing(shared, "sheet") as whole:
        assert helper.stdout is not None
        helper.stdout.readline()
        end_server(shared.path)
        server().start_again()
        helper.kill()
        whole.communicate(timeout=300)
        until(lambda: json.loads(run(shared).out.splitlines()[-1])["run"].get("balanced") is True)
    assert ended(shared) == alone


@pytest.mark.skipif(ON_POSTGRESQL, reason="every database is in a server here")
def test_helpers_need_a_database_that_they_can_share(home: Home) -> None:
    done = home("worker")
    assert done.exit == 2
    assert "postgresql" in done.err


def test_a_queue_that_there_is_not_is_told_with_those_that_there_are(shared: Home) -> None:
    done = shared("worker", "--queues", "sheets,letters")
    assert done.exit == 2
    assert "letters" in done.err
    assert "responses" in done.err


def test_a_sheet_whose_name_cannot_be_shown_as_it_is_is_taken_by_the_pass(shared: Home) -> None:
    sheets(shared, 2)
    strange = shared.drop(*account(2, btn="617-390-2200", account_number="N1"), name="odd.csv")
    strange.rename(strange.with_name("odd\x07.csv"))
    with one_that_stops(shared, "none", "before"):
        done = run(shared)
    assert done.last["balanced"] is True
    assert list((shared.path / "inbox" / "acme").iterdir()) == []
    assert shared.state("617-390-2200") == "submitted"


def test_helpers_that_are_gone_leave_no_lease_behind(shared: Home) -> None:
    sheets(shared)
    with one_that_stops(shared, "sheet", "before") as helper, passing(shared, "sheet") as whole:
        assert helper.stdout is not None
        helper.stdout.readline()
        helper.kill()
        whole.communicate(timeout=300)
    with shared.database() as database:
        database.execute("update leases set until = 1 where name like 'helper%'")
    run(shared)
    with shared.database() as database:
        assert database.execute("select count(*) from leases where name like 'helper%'").fetchone()[0] == 0
