"""Figures for Prometheus: what they say after passes, in the file and at the port, and whether `serve` is alive and ready."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from batchport.config import ConfigProblem, load
from batchport.health import Health, observed
from batchport.pipeline.app import App, closing
from batchport.pipeline.metrics import LEADER, METRICS
from tests.conftest import EVENING, LOCAL, MULTI, NEXT, ROOT, Home
from tests.postgresql import ON_POSTGRESQL

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Name and labels -> number."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


def figure(text: str, name: str, **labels: str) -> float:
    return samples(text)[f"batchport_{name}", tuple(sorted(labels.items()))]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def measured(home: Home) -> Home:
    """A home whose figures go into a file, and to a port of `serve`."""
    home.set("limits:\n", f"metrics: {{file: figures.prom, port: {free_port()}}}\nlimits:\n")
    return home


def text(home: Home) -> str:
    return (home.path / "figures.prom").read_text("utf-8")


@contextmanager
def asked(home: Home) -> Iterator[tuple[Health, Any]]:
    """What a `serve` of this home would answer over HTTP."""
    with closing(App(load(home.config), datetime.fromisoformat(EVENING))) as app, observed(app) as health:
        metrics = app.settings.metrics
        assert metrics is not None

        def ask(path: str, method: str = "GET") -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", metrics.port, timeout=10)
            connection.request(method, path)
            answer = connection.getresponse()
            said = answer.status, answer.read().decode()
            connection.close()
            return said

        yield health, ask


class TestFigures:
    """What they say."""

    def test_a_night_is_counted(self, measured: Home) -> None:
        measured.drop(LOCAL, MULTI | {"name": ""})
        measured.drop(name="broken.xlsx", content=b"x" * 99)
        done = measured.run()
        assert done.exit == 1
        told = text(measured)
        for state, number in done.last["rows"].items():
            assert figure(told, "rows", state=state) == number if state != "read" else figure(told, "rows_read") == number
        for name, number in done.last["lines"].items():
            assert figure(told, f"lines_{name}") == number
        assert figure(told, "balanced") == 1
        assert figure(told, "files_set_aside", whose="acme") == 1
        assert figure(told, "submissions", partner="sample", state="sent") == 1
        assert figure(told, "mails", state="failed") == 0
        assert figure(told, "exceptions_open") == 0
        assert figure(told, "orders_overdue", partner="sample") == 0
        assert figure(told, "database_size_bytes") > 4096

    def test_what_went_wrong_since_is_counted(self, measured: Home) -> None:
        measured.take(LOCAL)
        measured.answer(("", "", "6179990000", "ACK"))
        assert figure(text(measured), "exceptions_open") == 1
        measured.run("2026-03-20T20:00:00-05:00")
        assert figure(text(measured), "orders_overdue", partner="sample") == 1

    def test_a_submission_that_was_not_brought_to_its_partner_is_counted(self, measured: Home) -> None:
        shutil.rmtree(measured.path / "outbox" / "sample")
        (measured.path / "outbox" / "sample").write_text("no folder")
        measured.drop(LOCAL)
        measured("intake")
        measured("submit")
        assert figure(text(measured), "submissions", partner="sample", state="failed") == 1
        assert figure(text(measured), "submissions", partner="sample", state="sent") == 0

    def test_each_command_tells_of_its_last_pass(self, measured: Home) -> None:
        measured.take(LOCAL)
        measured("notify", at=NEXT)
        told = text(measured)
        evening, next_evening = (datetime.fromisoformat(at).timestamp() for at in (EVENING, NEXT))
        assert figure(told, "pass_timestamp_seconds", command="run") == evening
        assert figure(told, "pass_timestamp_seconds", command="notify") == next_evening
        assert figure(told, "pass_exit_status", command="run") == 0
        assert figure(told, "pass_duration_seconds", command="run") > 0

    def test_a_pass_that_fails_says_so_and_leaves_the_counts(self, measured: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        from batchport.pipeline import run

        measured.take(LOCAL)

        def fails(*_: object) -> None:
            raise RuntimeError

        with monkeypatch.context() as patched:
            patched.setattr(run, "settle_finished", fails)
            assert measured.run(NEXT).exit == 3
        told = text(measured)
        assert figure(told, "pass_exit_status", command="run") == 3
        assert figure(told, "pass_timestamp_seconds", command="run") - figure(told, "pass_done_timestamp_seconds", command="run") == 24 * 3600
        assert figure(told, "rows", state="submitted") == 1
        measured.run(NEXT)
        assert figure(text(measured), "pass_exit_status", command="run") == 0

    def test_windows_and_units_of_work_are_counted(self, measured: Home) -> None:
        with measured.database() as connection:
            connection.execute("insert into windows values ('night', '1', 'done', 1, 1, '', '', null, ''), ('night', '2', 'failed', 1, 1, '', null, null, 'it broke')")
            connection.execute("insert into units values ('sheet', 'a', '', 1, 2, '', '', false, 'it broke'), ('sheet', 'b', '', 1, 9, '', '', true, 'it broke'), ('results', 'c', '', 1, 1, '', '', false, '')")
        connection.close()
        measured("notify")
        told = text(measured)
        assert [figure(told, "windows", state=state) for state in ("done", "failed")] == [1, 1]
        assert (figure(told, "units_failing"), figure(told, "units_parked")) == (1, 1)

    def test_a_rehearsal_is_not_counted(self, measured: Home) -> None:
        measured.drop(LOCAL)
        assert measured("run", "--dry-run").exit == 0
        assert not (measured.path / "figures.prom").exists()

    def test_labels_are_names_of_the_configuration_and_states(self, measured: Home) -> None:
        measured.drop(LOCAL, name="7Q4X91.csv")
        measured.run()
        labels = {value for _, labels in samples(text(measured)) for name, value in labels if name not in ("version", "python", "state", "command")}
        assert labels == {"acme", "harbor", "sample", "bounces"}

    def test_every_figure_is_given_and_explained(self, measured: Home) -> None:
        measured.take(LOCAL)
        families = {family.name: family.documentation for family in text_string_to_metric_families(text(measured))}
        assert families == {name: metric.help for name, metric in METRICS.items()}

    def test_every_figure_is_in_the_documentation(self) -> None:
        page = (ROOT / "docs" / "operations.md").read_text("utf-8")
        assert [name for name in (*METRICS, LEADER) if f"`{name}`" not in page] == []

    @pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
    def test_prometheus_own_linter_finds_nothing(self, measured: Home) -> None:
        measured.take(LOCAL)
        done = subprocess.run(["promtool", "check", "metrics"], input=text(measured), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


class TestTheFile:
    """It is there whole, and never a reason to stop."""

    def test_it_is_readable_by_who_collects_it(self, measured: Home) -> None:
        measured.take(LOCAL)
        assert (measured.path / "figures.prom").stat().st_mode & 0o777 == 0o644

    def test_a_place_that_cannot_be_written_does_not_stop_the_pass(self, home: Home) -> None:
        home.set("limits:\n", "log: {format: json}\nmetrics: {file: nowhere/figures.prom}\nlimits:\n")
        done = home.take(LOCAL)
        assert done.exit == 0
        (told,) = [event for event in map(json.loads, done.err.splitlines()) if event["event"] == "metrics not written"]
        assert told["level"] == "error"

    def test_without_the_setting_nothing_is_counted(self, home: Home) -> None:
        home.take(LOCAL)
        with home.database() as connection:
            assert connection.execute("select count(*) from meta where name = 'figures'").fetchone() == (0,)
        connection.close()

    def test_without_the_package_it_is_said_what_to_install(self, measured: Home) -> None:
        code = f"import importlib.util as u, sys; find = u.find_spec; u.find_spec = lambda n, *a: None if n == 'prometheus_client' else find(n, *a); sys.argv = ['batchport', '--config', {str(measured.config)!r}, 'run']; from batchport.cli import main; main()"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "batchport[metrics]" in done.stderr
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize("setting", ["{}", "{port: 0}", "{prt: 9464}", "{address: 127.0.0.1}"])
    def test_settings_that_cannot_be_are_refused(self, home: Home, setting: str) -> None:
        home.set("limits:\n", f"metrics: {setting}\nlimits:\n")
        done = home("status")
        assert done.exit == 2
        assert "metrics" in done.err


class TestThePort:
    """What `serve` answers."""

    def test_the_port_says_what_the_file_says_and_whether_it_leads(self, measured: Home) -> None:
        measured.take(LOCAL)
        with asked(measured) as (health, ask):
            for leads in (False, True):
                health.leads = leads
                status, said = ask("/metrics")
                assert status == 200
                assert samples(said) == samples(text(measured)) | {(LEADER, ()): float(leads)}

    def test_passes_that_others_make_are_seen(self, measured: Home) -> None:
        with asked(measured) as (_, ask):
            measured.take(LOCAL)
            assert figure(ask("/metrics")[1], "rows", state="submitted") == 1

    def test_a_leader_is_alive_and_ready(self, measured: Home) -> None:
        with asked(measured) as (health, ask):
            health.leads = True
            assert ask("/healthz") == ask("/readyz") == (200, '{"status": "ok", "reasons": []}\n')

    def test_one_that_waits_to_take_over_is_alive_and_not_ready(self, measured: Home) -> None:
        with asked(measured) as (_, ask):
            assert ask("/healthz")[0] == 200
            assert_not_ready(ask, "it does not lead")

    def test_one_that_stops_is_not_ready(self, measured: Home) -> None:
        with asked(measured) as (health, ask):
            health.leads = health.stopping = True
            assert_not_ready(ask, "stopping")

    def test_after_a_pass_that_failed_it_is_not_ready_until_one_does_not(self, measured: Home) -> None:
        with asked(measured) as (health, ask):
            health.leads = True
            health.pass_ended("run", failed=True)
            assert_not_ready(ask, "the last pass (run) failed")
            health.pass_ended("look", failed=False)
            assert ask("/readyz")[0] == 200

    def test_a_database_that_is_written_just_now_is_ready(self, measured: Home) -> None:
        with asked(measured) as (health, ask):
            health.leads = True
            with measured.held():
                assert ask("/readyz")[0] == 200

    @pytest.mark.skipif(ON_POSTGRESQL, reason="what lies in the server's files is the server's matter; a server that is gone: test_server.py")
    def test_a_database_that_is_broken_is_neither_alive_nor_ready(self, measured: Home) -> None:
        with asked(measured) as (health, ask):
            health.leads = True
            for path in measured.path.glob("batchport.db*"):
                path.write_bytes(b"no database" * 9999)
            assert ask("/healthz")[0] == 503
            assert_not_ready(ask, "the database cannot be written")
            assert ask("/metrics")[0] == 500

    @pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("GET", "/etc/passwd", 404), ("POST", "/metrics", 405), ("DELETE", "/healthz", 405), ("GET", "/healthz?x=1", 200)])
    def test_only_what_there_is_can_be_asked_for(self, measured: Home, method: str, path: str, status: int) -> None:
        with asked(measured) as (_, ask):
            said = ask(path, method)
            assert said[0] == status
            assert "Traceback" not in said[1]
            assert "passwd" not in said[1]

    def test_head_says_the_same_without_a_body(self, measured: Home) -> None:
        with asked(measured) as (_, ask):
            assert ask("/healthz", "HEAD") == (200, "")

    @pytest.mark.parametrize("said", [b"\x16\x03\x01\x00\xa5\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"\r\n"])
    def test_what_is_no_question_gets_no_traceback(self, measured: Home, said: bytes, capfd: pytest.CaptureFixture[str]) -> None:
        with asked(measured) as (_, ask):
            port = load(measured.config).metrics.port  # type: ignore[union-attr]
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(said)
                connection.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            assert b"Traceback" not in answer
            assert ask("/healthz")[0] == 200
        assert capfd.readouterr().err == ""

    def test_many_ask_at_once(self, measured: Home) -> None:
        measured.take(LOCAL)
        with asked(measured) as (health, ask):
            health.leads = True
            said: list[int] = []
            threads = [Thread(target=lambda path=path: said.append(ask(path)[0])) for path in ("/metrics", "/healthz", "/readyz") * 10]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert said == [200] * 30

    def test_it_ends_with_serve(self, measured: Home) -> None:
        with asked(measured) as (_, ask):
            assert ask("/healthz")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            ask("/healthz")

    def test_a_port_that_is_taken_is_said_in_one_sentence(self, measured: Home) -> None:
        with asked(measured), closing(App(load(measured.config), datetime.fromisoformat(EVENING))) as second, pytest.raises(ConfigProblem, match="another program has this port"), observed(second):
            pass

    def test_without_a_port_nothing_is_opened(self, home: Home) -> None:
        home.set("limits:\n", "metrics: {file: figures.prom}\nlimits:\n")
        with closing(App(load(home.config), datetime.fromisoformat(EVENING))) as app, observed(app) as health:
            assert not health.leads
            assert "store" not in app.__dict__


def assert_not_ready(ask: Any, reason: str) -> None:
    status, said = ask("/readyz")
    assert status == 503
    told = json.loads(said)
    assert told["status"] == "unavailable"
    assert [each for each in told["reasons"] if reason in each]
