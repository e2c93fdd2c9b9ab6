"""`serve`: starts, looks at once, takes a dropped sheet, tells what it does without telling what is in it, and ends when asked to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import LOCAL, ROOT, Home
from tests.postgresql import ON_POSTGRESQL, end_server, server

PATIENCE = 120.0


#: `serve` as it is, but for a lease that ends sooner, and less patience with whoever has the database.
_SHORT = """
from batchport.pipeline import lease
from batchport.schedule import serve
from batchport.store import database, leases, problem
leases.LENGTH = lease.LENGTH = database.LENGTH = 3.0
problem.PATIENCE, serve._AGAIN = 2.0, 0.2
from batchport.cli import main
main()
"""


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `serve`, and ends it whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _SHORT, "--config", str(home.config), "serve"]
        with (home.path.parent / ("log" if not started else f"log{len(started) + 1}")).open("w") as told:
            started.append(subprocess.Popen(command, cwd=home.path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=told, stderr=told, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()  # a stopped one as well
        process.wait()


def log(home: Home, number: int = 1) -> str:
    return (home.path.parent / ("log" if number == 1 else f"log{number}")).read_text("utf-8")


def received(home: Home) -> int:
    """How many mails told a customer of a sheet."""
    return len(list((home.path / "mail").glob("received*.eml")))


def waits_for(what: Callable[[], bool]) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_it_takes_what_lies_there_and_ends_when_asked_to(home: Home, serve: Callable[[], subprocess.Popen[str]], ask: signal.Signals) -> None:
    file = home.drop(LOCAL)
    process = serve()
    assert waits_for(lambda: not file.exists() and any(Path(home.path / "mail").glob("received*"))), log(home)
    process.send_signal(ask)
    assert process.wait(PATIENCE) == 0, log(home)
    assert "Traceback" not in log(home)
    assert home.state(LOCAL["tn"]) == "ready"
    assert [word for word in (LOCAL["pin"], LOCAL["account_number"], LOCAL["name"], LOCAL["authorized_name"]) if word in log(home)] == []


def test_a_night_that_was_missed_is_made_up_for_when_it_starts(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    home.drop(LOCAL)
    assert home("intake").exit == 0
    serve()
    assert waits_for(lambda: any((home.path / "outbox" / "sample").glob("*.csv")) and "pass finished" in log(home) and "command=run" in log(home)), log(home)
    assert home.state(LOCAL["tn"]) == "submitted"


def test_it_ends_at_once_when_there_is_nothing_to_do(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    process = serve()
    assert waits_for(lambda: "changed=False" in log(home)), log(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_it_answers_over_http_while_it_works(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    home.set("limits:\n", f"metrics: {{port: {port}}}\nlimits:\n")
    process = serve()
    assert waits_for(lambda: "pass finished" in log(home)), log(home)
    for path in ("/healthz", "/readyz", "/metrics"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            said = answer.read()
    assert b"batchport_leader 1.0" in said
    assert b'batchport_pass_exit_status{command="look"} 0.0' in said
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_port_that_is_taken_stops_it_before_it_starts(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        home.set("limits:\n", f"metrics: {{port: {taken.getsockname()[1]}}}\nlimits:\n")
        assert serve().wait(PATIENCE) == 2
    assert "another program has this port" in log(home)
    assert "Traceback" not in log(home)


def test_settings_that_are_wrong_stop_it_before_it_starts(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    home.set("  every_minutes: 5", "  every_minute: 5")
    assert serve().wait(PATIENCE) == 2
    assert "every_minutes" in log(home)
    assert "Traceback" not in log(home)


def test_a_schedule_that_cannot_be_stops_it_before_it_starts(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    home.set('nightly: "0 21 * * *"', 'nightly: "99 99 * * *"')
    assert serve().wait(PATIENCE) == 2
    assert "nightly" in log(home)


def test_of_two_one_leads_and_the_other_takes_over_when_it_is_killed(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    first = serve()
    assert waits_for(lambda: "changed=False" in log(home)), log(home)
    second = serve()
    assert waits_for(lambda: "scheduler waits" in log(home, 2)), log(home, 2)
    assert f"process {first.pid}" in log(home, 2)
    file = home.drop(LOCAL)
    time.sleep(1)
    assert file.exists()
    first.kill()
    assert waits_for(lambda: not file.exists()), log(home, 2)
    assert "scheduler leads" in log(home, 2)
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE) == 0
    assert home.state(LOCAL["tn"]) == "ready"


#: A scheduler that stops itself like one whose machine is suspended, in the middle of taking a sheet, and goes on when it is woken. It does not renew its lease
#: in between: stopped while it writes, it would keep everybody from the database, until it is killed or woken.
_SLEEPY = _SHORT.replace("from batchport.cli", """
lease.BEATS = 0.01
import os, signal, time
from batchport.pipeline import intake
stored = intake.store_sheets
def sleepy(*args, **more):
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.5)  # it may take a moment, in which nothing is to be begun
    return stored(*args, **more)
intake.store_sheets = sleepy
from batchport.cli""")


def test_a_slow_one_that_wakes_up_is_fenced_off(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    file = home.drop(LOCAL)
    with (home.path.parent / "slow").open("w") as told:
        slow = subprocess.Popen([sys.executable, "-c", _SLEEPY, "--config", str(home.config), "serve"], cwd=home.path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=told, stderr=told)
    try:
        assert waits_for(lambda: Path(f"/proc/{slow.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "T")
        began = time.monotonic()
        second = serve()
        assert waits_for(lambda: not file.exists()), log(home)
        assert time.monotonic() - began < PATIENCE / 2
        again = home.drop(LOCAL | {"tn": "617-234-0177", "account_number": "99", "destination": "line-177"}, name="again.csv")
        slow.send_signal(signal.SIGCONT)
        told = lambda: (home.path.parent / "slow").read_text("utf-8")  # noqa: E731
        assert waits_for(lambda: "pass stopped" in told()), told()
        assert waits_for(lambda: "scheduler lost the lead" in told() and "scheduler waits" in told()), told()
        second.send_signal(signal.SIGTERM)
        assert second.wait(PATIENCE) == 0
        # The slow one leads again when the other has ended, and now what it does counts.
        assert waits_for(lambda: Path(f"/proc/{slow.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "T"), told()
        slow.send_signal(signal.SIGCONT)
        assert waits_for(lambda: not again.exists() and received(home) == 2), told()
    finally:
        slow.kill()
        slow.wait()
    assert home.states() == {"sheet.csv:2": "ready", "again.csv:2": "ready"}
    assert received(home) == 2


def test_a_database_that_somebody_else_has_for_long_does_not_end_it(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    home("status")
    with home.held():
        process = serve()
        assert waits_for(lambda: "scheduler disturbed" in log(home)), log(home)
        assert "another program has held it" in log(home)
    assert waits_for(lambda: "pass finished" in log(home)), log(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_a_server_that_is_restarted_does_not_end_it(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    if not ON_POSTGRESQL:
        home.set("home: .\n", f"home: .\ndatabase: {server().new()}\n")
    process = serve()
    assert waits_for(lambda: "pass finished" in log(home)), log(home)
    end_server(home.path)
    try:
        assert waits_for(lambda: "scheduler disturbed" in log(home)), log(home)
    finally:
        server().start_again()
    file = home.drop(LOCAL)
    assert waits_for(lambda: not file.exists() and received(home) == 1), log(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0, log(home)
    assert "Traceback" not in log(home)


def test_asked_to_it_reads_the_configuration_again_and_keeps_the_old_one_when_the_new_is_wrong(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    process = serve()
    assert waits_for(lambda: "changed=False" in log(home)), log(home)
    home.set("  every_minutes: 5", "  every_minute: 1")
    process.send_signal(signal.SIGHUP)
    assert waits_for(lambda: "configuration refused" in log(home)), log(home)
    assert "every_minutes" in log(home)
    home.set("  every_minute: 1", "  every_minutes: 1")
    process.send_signal(signal.SIGHUP)
    assert waits_for(lambda: "interval[0:01:00]" in log(home)), log(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def test_asked_to_stop_it_finishes_the_sheet_at_hand_and_leaves_the_others(home: Home, serve: Callable[[], subprocess.Popen[str]]) -> None:
    for number in range(200):
        home.drop(LOCAL | {"tn": f"617-234-{1000 + number}", "account_number": f"8014{number:04}", "destination": f"line-{number}"}, name=f"{number:03}.csv")
    process, inbox = serve(), home.path / "inbox" / "acme"
    assert waits_for(lambda: len(list(inbox.glob("*.csv"))) < 199), log(home)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0, log(home)
    left = len(list(inbox.glob("*.csv")))
    assert 0 < left < 199
    assert "the program was asked to stop" in log(home)
    assert len(home.states()) == 200 - left
