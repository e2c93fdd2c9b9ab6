"""What is logged of whole nights: every event under its pass, counted, and nothing that any cell, answer, mail or server said.

`BATCHPORT_REGENERATE=1 pytest tests/integration/test_logs.py` writes the golden log anew; read the difference before it is kept.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchport import log
from batchport.domain.fields import FIELDS
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.sheet import Ask, Unreadable
from tests.conftest import EVENING, LOCAL, MULTI, NEXT, ROOT, SAMPLES, THIRD, Home, Result, account, batchport_process, settled, sheet, with_pons
from tests.mailserver import Mailbox, served

GOLDEN = Path(__file__).parents[1] / "golden" / "log" / "nights.jsonl"


def keep_log(home: Home, form: str = "json", level: str = "info") -> Home:
    """The home, told to keep a log."""
    home.set("limits:\n", f"log: {{format: {form}, level: {level}}}\nlimits:\n")
    return home


def events(done: Result) -> list[dict[str, Any]]:
    """What a command logged, as JSON and nothing else."""
    return [json.loads(line) for line in done.err.splitlines()]


def names(done: Result) -> list[str]:
    return [event["event"] for event in events(done)]


@pytest.fixture
def logged(home: Home) -> Home:
    return keep_log(home)


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """The log of this process while a test goes on."""
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        log.start("json")
        yield told
    log.stop()


def test_the_samples_nights(logged: Home) -> None:
    """Three nights as they are logged, without times and durations."""
    for source in sorted(SAMPLES.glob("inbox/*/*")):
        settled(logged.path / "inbox" / source.parent.name / source.name, source.read_bytes())
    lines = logged.run(EVENING).err
    for night, at in ((2, NEXT), (3, THIRD)):
        settled(logged.path / "responses" / "sample" / f"night-{night}.csv", with_pons(SAMPLES / "answers" / f"night-{night}.csv", logged.sent()))
        lines += logged.run(at).err
    text = re.sub(r'"timestamp": "[0-9]{4}-[0-9-]{5}T[0-9:.]+Z"', '"timestamp": "TIME"', lines)
    text = re.sub(r'"seconds": [0-9.]+', '"seconds": 0', text)
    if os.environ.get("BATCHPORT_REGENERATE"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def marked(number: int) -> dict[str, str]:
    """A row in every cell of which stands a word that is found nowhere else."""
    own = {field.name: f"ZQ{number}{field.name.upper().replace('_', '')}" for field in FIELDS}
    return own | {"contact_email": f"zq{number}contact@zqmark.example", "tn": "", "btn": ""} | ({"tn": "617-234-0142"} if number % 2 else {})


def good(number: int, **row: str) -> dict[str, str]:
    """A row without a fault whose words are found nowhere else."""
    own = {"pin": f"7Q4X9{number}", "account_number": f"ZQACC{number}4417", "name": f"Zqmark Bakery{number}", "authorized_name": "Zqperson Zqmarkson", "street_name": "Zqmark St"}
    return LOCAL | own | {"contact_email": f"zq{number}person@zqmark.example", "destination": f"ZQLINE{number}", "customer_ref": f"ZQREF{number}"} | row


def played(home: Home, tmp_path: Path) -> str:
    """Everything that can happen to sheets, answers, mails and submissions, and what was logged of it."""
    said: list[str] = []

    def heard(done: Result) -> None:
        assert done.exit in (0, 1), done
        said.append(done.err)

    home.drop(good(1), good(2, tn="617-234-0143"), good(3, tn="617-999-0144", name=""), *account(2, pin="ZQPIN88", account_number="ZQACCMULTI99", name="Zqmark Multi"))
    home.drop(*map(marked, range(4)), name="marked.csv", papers=False)
    home.drop({name: value for name, value in good(5, tn="617-236-0200").items() if name != "losing_carrier"}, name="unmapped.csv")
    home.drop(name="broken.xlsx", content=b"ZQBROKEN " * 99)
    heard(home.run(EVENING))
    home.drop(good(1), good(2, tn="617-234-0143"), good(3, tn="617-999-0144", name=""), *account(2, pin="ZQPIN88", account_number="ZQACCMULTI99", name="Zqmark Multi"), name="again.csv")
    pon = home.pon(LOCAL["tn"])
    settled(home.path / "responses" / "sample" / "bad.csv", "PON,ZQANSWER\r\n")
    settled(home.path / "bounces" / "bounce.eml", "From: ZQBOUNCE\r\n\r\nZQBODY\r\n")
    lines = ((pon, "01", LOCAL["tn"], "REJECT", "8A", "ZQREASON"), ("", "", MULTI["tn"], "ACK", "", "ZQTEXT"), ("ZQPON", "07", "6172349999", "ZQSTATUS", "ZQCODE", "ZQWORDS"))
    home.answer(*lines, run=False)
    heard(home.run(NEXT))
    (home.path / "outbox" / "sample").chmod(0o500)
    home.drop(good(7, tn="617-236-0300"), name="more.csv")
    heard(home.run(THIRD))
    (home.path / "outbox" / "sample").chmod(0o700)
    heard(home("check", settled(tmp_path / "other.csv", sheet(good(8))), "--customer", "acme", "--format", "json"))
    for command in (("run", "--dry-run"), ("status",), ("trace", LOCAL["tn"]), ("cancel", pon, "--why", "ZQWHY"), ("notify",)):
        heard(home(*command, at=THIRD))
    return "".join(said)


@pytest.mark.parametrize("form", ["json", "console"])
def test_nothing_that_was_written_anywhere_is_in_the_log(home: Home, tmp_path: Path, form: str) -> None:
    log_of_all = played(keep_log(home, form), tmp_path)
    for happened in ("file taken", "file repeated", "file set aside", "columns proposed", "submission stored", "response applied", "response set aside", "mail sent"):
        assert happened in log_of_all
    own = [LOCAL["tn"], LOCAL["tn"].replace("-", ""), "6172362200", "7Q4X9", "ZQ", "zqmark", "Zq", "acme.example", "telecom@", "batchport.example"]
    assert [(word, line) for line in log_of_all.splitlines() for word in own if word in line] == []


def test_every_event_of_a_pass_tells_its_pass_and_no_other_does(logged: Home) -> None:
    logged.drop(LOCAL)
    for number, at in enumerate((EVENING, NEXT), 1):
        told = events(logged.run(at))
        assert {event["pass"] for event in told} == {number}
        assert {event["command"] for event in told} == {"run"}
        assert [told[0]["event"], told[-1]["event"]] == ["pass begun", "pass finished"]
    assert names(logged("status")) == []


def test_a_pass_tells_its_counts_at_the_end(logged: Home) -> None:
    done = logged.take(LOCAL, MULTI)
    end = events(done)[-1]
    assert (end["rows"], sum(end["states"].values()), end["lines_sent"], end["submissions"]) == (2, 2, done.last["lines"]["sent"], done.last["submissions"])
    assert end["seconds"] > 0


def test_a_key_means_one_kind_of_thing_in_all_events() -> None:
    kinds: dict[str, set[str]] = {}
    for line in GOLDEN.read_text("utf-8").splitlines():
        for name, value in json.loads(line).items():
            kinds.setdefault(name, set()).add(type(value).__name__)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


def test_a_pass_that_fails_tells_what_kind_of_fault_and_where_and_not_its_words(logged: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.pipeline import run

    def fails(*_: object) -> None:
        raise KeyError("ZQSECRET")

    monkeypatch.setattr(run, "settle_finished", fails)
    done = logged.take(LOCAL)
    assert done.exit == 3
    *_, last = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert (last["event"], last["level"], last["pass"]) == ("pass failed", "error", 1)
    assert re.fullmatch(r"KeyError in test_logs.py, line \d+", last["fault"])
    assert "ZQSECRET" not in done.err


def test_a_submission_that_cannot_be_brought_to_its_partner_is_an_error(logged: Home) -> None:
    (logged.path / "outbox" / "sample").rmdir()
    (logged.path / "outbox" / "sample").write_text("no folder")
    logged.drop(LOCAL)
    told = {event["event"]: event for event in events(logged("intake")) + events(logged("submit"))}
    assert (told["submission failed"]["level"], told["submission failed"]["partner"], told["submission failed"]["sequence"]) == ("error", "sample", 1)


def test_a_rehearsal_says_that_it_is_one(logged: Home) -> None:
    logged.drop(LOCAL)
    told = events(logged("run", "--dry-run"))
    assert told
    assert {event["rehearsal"] for event in told} == {True}


def test_standard_output_is_as_without_a_log(home: Home, make_home: Any) -> None:
    with_log = keep_log(make_home("other"))
    for one in (home, with_log):
        one.drop(LOCAL)
    assert home("run").out == with_log("run").out
    assert home("run").err == ""


def test_less_than_the_level_is_not_told(home: Home) -> None:
    keep_log(home, level="warning")
    home.drop(LOCAL)
    home.drop(name="broken.xlsx", content=b"x" * 99)
    assert names(home.run()) == ["file set aside"]


def test_names_of_files_cannot_rule_the_terminal(home: Home) -> None:
    keep_log(home, "console")
    home.drop(LOCAL, name="a\x1b[31m\nb.csv")
    told = home.run().err
    assert "\x1b" not in told
    assert r"a\x1b[31m\nb.csv" in told


def test_a_reader_that_is_ended_is_told_of(heard: io.StringIO, tmp_path: Path) -> None:
    file = settled(tmp_path / "sheet.csv", sheet(LOCAL))
    with ReaderPool(Limits(wall_seconds=0.001)) as readers, pytest.raises(Unreadable):
        readers.read(file, Ask())
    (told,) = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert (told["event"], told["level"], told["code"], told["limit"]) == ("reader ended", "warning", "file-too-large", "reading it takes longer than 0.001 seconds")


class TestLibraries:
    """What libraries log goes into the same log, from warnings upwards, without what they put into their words."""

    def test_their_arguments_are_left_out(self, heard: io.StringIO) -> None:
        logging.getLogger("asyncssh").warning("login of %s failed", "ZQUSER")
        told = json.loads(heard.getvalue())
        assert (told["event"], told["logger"], told["level"]) == ("login of %s failed", "asyncssh", "warning")

    def test_their_errors_are_told_by_kind_and_place(self, heard: io.StringIO) -> None:
        try:
            raise ValueError("ZQSECRET")
        except ValueError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: ZQSECRET")
        assert json.loads(heard.getvalue())["fault"].startswith("ValueError in test_logs.py")
        assert "ZQSECRET" not in heard.getvalue()

    @pytest.mark.parametrize("library", ["asyncssh", "aiosmtplib", "apscheduler.scheduler"])
    def test_what_is_less_than_a_warning_is_never_told(self, heard: io.StringIO, library: str) -> None:
        logging.getLogger(library).setLevel(logging.DEBUG)
        logging.getLogger(library).info("AUTH PLAIN ZQSECRET")
        logging.getLogger(library).setLevel(logging.NOTSET)
        assert heard.getvalue() == ""

    def test_the_scheduler_says_which_of_our_jobs(self, heard: io.StringIO) -> None:
        logging.getLogger("apscheduler.scheduler").warning('Run time of job "%s" was missed by %s', "night", "0:00:05")
        assert json.loads(heard.getvalue())["event"] == 'Run time of job "night" was missed by 0:00:05'


class TestALogThatCannotBeWritten:
    """It is no reason to stop."""

    def run(self, home: Home, stderr: Any) -> int:
        command = [sys.executable, "-m", "batchport", "--config", str(home.config), "--at", EVENING, "run"]
        return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=stderr, check=False).returncode

    def test_on_a_full_disk(self, logged: Home) -> None:
        logged.drop(LOCAL)
        with Path("/dev/full").open("w") as full:
            assert self.run(logged, full) == 0
        assert logged.state(LOCAL["tn"]) == "submitted"

    def test_when_nobody_listens_any_more(self, logged: Home) -> None:
        logged.drop(LOCAL)
        ours, theirs = os.pipe()
        os.close(ours)
        assert self.run(logged, theirs) == 0
        os.close(theirs)
        assert logged.state(LOCAL["tn"]) == "submitted"


@pytest.mark.parametrize("command", [("--help",), ("check", str(SAMPLES / "inbox" / "acme" / "seattle.csv"))], ids=["help", "check"])
def test_commands_that_tell_nothing_do_not_load_what_is_needed_for_it(command: tuple[str, ...]) -> None:
    code = f"import sys; sys.argv = {['batchport', *command]!r}; from batchport.cli import main\ntry: main()\nfinally: print([m for m in ('structlog', 'prometheus_client') if m in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("setting", "word"), [("log: {format: xml}", "format"), ("log: {formt: json}", "format"), ("log: {level: debug}", "level")])
def test_settings_of_the_log_that_cannot_be_are_refused(home: Home, setting: str, word: str) -> None:
    home.set("limits:\n", f"{setting}\nlimits:\n")
    done = home("status")
    assert (done.exit, word in done.err) == (2, True)


def test_it_is_told_as_it_happens_in_a_process_of_its_own(logged: Home) -> None:
    logged.drop(LOCAL)
    done = batchport_process("run", config=logged.config, at=EVENING)
    assert names(done)[0] == "pass begun"
    assert all(re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z", event["timestamp"]) for event in events(done))


def test_what_a_mail_server_says_is_not_told(logged: Home) -> None:
    mailbox = Mailbox(answers={"RCPT": ["451 4.7.1 ZQLATER"], "DATA": ["550 5.7.1 ZQNEVER telecom@acme.example"]})
    with served(mailbox) as server:
        logged.set("limits:\n", f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: plain}}\nlimits:\n")
        done = logged.take(LOCAL)
    told = {event["event"]: event for event in events(done)}
    assert {"mail deferred", "mail failed"} <= told.keys()
    assert told["mail failed"]["level"] == "warning"
    assert [word for word in ("ZQ", "acme.example", "batchport.example") if word in done.err] == []


def test_a_partner_that_is_not_reached_is_told_of(logged: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", "ZQPASSWORD")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTHZn7RGjWlY7fYrVFAW3GN1vN5bxwJ6/KqCyPLJHZd"
    transport = f"{{kind: sftp, host: 127.0.0.1, port: 1, username: ZQUSER, password: {{env: SFTP_PASSWORD}}, host_keys: [{key}], outbox: /ZQIN, responses: /ZQOUT}}"
    logged.set("    profile: generic-csv\n", f"    profile: generic-csv\n    transport: {transport}\n")
    done = logged.take(LOCAL)
    told = [(event["level"], event["partner"]) for event in events(done) if event["event"] == "partner not reached"]
    assert told == [("error", "sample")] * 2
    assert "ZQ" not in done.err


def test_every_event_is_in_the_documentation() -> None:
    page = " ".join((ROOT / "docs" / "operations.md").read_text("utf-8").split())
    told = re.findall(r'(?:log\.event|_tell_log)\(\s*"([^"]+)"', "".join(path.read_text("utf-8") for path in (ROOT / "batchport").rglob("*.py")))
    assert len(told) > 20
    assert [event for event in told if event not in page] == []
