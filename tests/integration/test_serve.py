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

PATIENCE = 60.0


@pytest.fixture
def serve(home: Home) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `serve`, and ends it whatever happens."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "batchport", "--config", str(home.config), "serve"]
        with (home.path.parent / "log").open("w") as told:
            started.append(subprocess.Popen(command, cwd=home.path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=told, stderr=told, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def log(home: Home) -> str:
    return (home.path.parent / "log").read_text("utf-8")


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
