"""`doctor`: green for a home that is well; for each thing that is broken the right line is red, and no other but those that follow from it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import asyncssh
import pytest

from batchport.seal import new_key_line
from tests.conftest import EVENING, LOCAL, NEXT, ROOT, Home, account, numbers, settled, snapshot
from tests.mailserver import Mailbox, served
from tests.postgresql import ON_POSTGRESQL, server
from tests.servers import PASSWORD, sftp_server

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()


@pytest.fixture(scope="module")
def worked_in(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which a night was made."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("well") / "home")))
    home.path.chmod(0o700)
    rows = numbers("617-236-0300", 40, **{name: value for name, value in LOCAL.items() if name != "tn"})
    home.take(*(row | {"account_number": f"D{row['tn']}"} for row in rows), *account(3))
    return home


@pytest.fixture
def well(worked_in: Home, tmp_path: Path) -> Home:
    """A copy of it that may be broken."""
    return Home(Path(shutil.copytree(worked_in.path, tmp_path / "home")))


def looked(home: Home, at: str = EVENING) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit status, and the lines that are not green by look."""
    done = home("doctor", "--format", "json", at=at)
    assert done.err == ""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in done.lines:
        assert set(line) == {"look", "state", "found", "do"}
        if line["state"] != "green":
            assert line["do"], line
            found.setdefault(line["look"], []).append(line)
    return done.exit, found


def states(found: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Look -> red where one of its lines is, else yellow."""
    return {look: "red" if any(line["state"] == "red" for line in lines) else "yellow" for look, lines in found.items()}


class TestAHomeThatIsWell:
    def test_every_line_is_green(self, well: Home) -> None:
        assert looked(well) == (0, {})

    def test_a_new_one_is_too(self, tmp_path: Path) -> None:
        from tests.conftest import batchport

        assert batchport("init", tmp_path / "new").exit == 0
        home = Home(tmp_path / "new")
        assert looked(home) == (0, {})
        assert not (home.path / "batchport.db").exists()

    def test_nothing_is_changed_by_looking(self, well: Home) -> None:
        before = snapshot(well.path)
        looked(well)
        assert snapshot(well.path) == before

    def test_the_table_says_states_in_words_and_what_to_do(self, well: Home) -> None:
        (well.path / "archive").chmod(0o755)
        done = well("doctor")
        assert (done.exit, done.out.splitlines()[0].split()) == (1, ["Look", "State", "Found", "What", "to", "do"])
        (line,) = [line for line in done.out.splitlines() if " red " in line]
        assert f"chmod 700 {well.path / 'archive'}" in line

    def test_while_a_pass_is_at_work(self, well: Home) -> None:
        with well.held() as database:
            database.execute("insert into passes (id, command, started, summary) values (99, 'run', '2026-03-03T01:00:00+00:00', '')")
            assert looked(well) == (0, {})


def in_database(home: Home, *statements: str) -> None:
    with home.database() as database:
        for statement in statements:
            database.execute(statement)


#: From now on nothing looks whether records speak of others that are not there.
UNLOOKED = "set session_replication_role = replica" if ON_POSTGRESQL else "pragma foreign_keys=off"


def key_lost(home: Home) -> None:
    (home.path / "keys" / "seal.key").unlink()


def key_of_another(home: Home) -> None:
    (home.path / "keys" / "seal.key").write_text(new_key_line())


def key_missing_for_the_archive(home: Home) -> None:
    path = next((home.path / "archive").rglob("*.csv"))
    data = bytearray(path.read_bytes())
    at = data.index(b"}BP1") + len(b"}BP1")  # behind the label, as `envelope` writes it
    data[at : at + 4] = b"\xab\xcd\xef\x01"
    path.write_bytes(data)


def page_spoilt(home: Home) -> None:
    database = home.path / "batchport.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        (root,), (size,) = connection.execute("select rootpage from sqlite_master where name = 'findings'").fetchone(), connection.execute("pragma page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 64)


def database_lost(home: Home) -> None:
    if ON_POSTGRESQL:
        home.set(home.url, server().new())
    for path in home.path.glob("batchport.db*"):
        path.unlink()


def database_older(home: Home) -> None:
    home.bring_back("0006")


def with_database(home: Home, url: str) -> None:
    if ON_POSTGRESQL:
        home.set(home.url, url)
    else:
        home.set("home: .\n", f"home: .\ndatabase: {url}\n")


def database_of_another_kind(home: Home) -> None:
    with_database(home, "mysql://batchport:battery@db.example/batchport")


def database_in_no_folder(home: Home) -> None:
    with_database(home, "sqlite:////no/such/folder/batchport.db")


def server_away(home: Home) -> None:
    with_database(home, f"postgresql://batchport@/batchport?host={home.path}")


def reference_broken_in_the_database(home: Home) -> None:
    in_database(home, UNLOOKED, "update mails set pass_id = 4711 where id = (select min(id) from mails)")


def setting_misspelt(home: Home) -> None:
    home.set("operator: {email:", "operator: {emial:")


@contextmanager
def package_not_installed(home: Home) -> Iterator[None]:
    home.set("operator: {", "metrics: {file: figures.prom}\noperator: {")
    with mock.patch("batchport.pipeline.app.find_spec", lambda _: None):
        yield


def folder_open_to_all(home: Home) -> None:
    (home.path / "quarantine").chmod(0o755)


def key_readable_by_the_group(home: Home) -> None:
    (home.path / "keys" / "seal.key").chmod(0o640)


def outbox_is_no_folder(home: Home) -> None:
    shutil.rmtree(home.path / "outbox" / "sample")
    (home.path / "outbox" / "sample").write_text("")


@contextmanager
def outbox_not_writable(home: Home) -> Iterator[None]:
    whole = os.access
    with mock.patch.object(os, "access", lambda path, mode: whole(path, mode) and not (Path(path).match("outbox/sample") and mode & os.W_OK)):
        yield


def mail_server_away(home: Home) -> None:
    home.set("operator: {", "smtp: {host: 127.0.0.1, port: 1, tls: plain, timeout: 2}\noperator: {")


@contextmanager
def mail_server_without_our_password(home: Home) -> Iterator[None]:
    with served(Mailbox()) as server:
        home.set("operator: {", f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: plain, username: x, password: {{env: NO_SUCH_PASSWORD}}, timeout: 2}}\noperator: {{")
        yield


def by_sftp(home: Home, port: int, host_key: str, more: str = "") -> None:
    os.environ["SFTP_PASSWORD"] = PASSWORD
    home.set(
        "    profile: generic-csv\n",
        f"    profile: generic-csv\n    transport: {{kind: sftp, host: 127.0.0.1, port: {port}, username: batchport, password: {{env: SFTP_PASSWORD}}, "
        f'host_keys: ["{host_key}"], outbox: /in, responses: {more or "/out"}, timeout: 5}}\n',
    )


@contextmanager
def server_with_another_host_key(home: Home) -> Iterator[None]:
    with sftp_server(home.path.parent / "there") as server:
        by_sftp(home, server.port, HOST_KEY)
        yield


@contextmanager
def server_without_the_folder(home: Home) -> Iterator[None]:
    with sftp_server(home.path.parent / "there") as server:
        by_sftp(home, server.port, server.host_line, "/elsewhere")
        yield


def pgp_key_away(home: Home) -> None:
    home.set("    profile: generic-csv\n", "    profile: generic-csv\n    pgp: {encrypt_to: {file: keys/theirs.asc}}\n")


def mail_template_broken(home: Home) -> None:
    settled(home.path / "words" / "mail" / "night.subject.txt", "{{ facts.nobody_says_this }}\n")
    home.set("operator: {", "templates: words\noperator: {")


def customers_template_broken(home: Home) -> None:
    settled(home.path / "words" / "customers" / "acme" / "mail" / "received.txt", "{% if %}\n")
    home.set("operator: {", "templates: words\noperator: {")


def letter_template_broken(home: Home) -> None:
    settled(home.path / "words" / "letters" / "letter.typ", "#nothing-of-this-name\n")
    home.set("operator: {", "templates: words\noperator: {")


def report_template_broken(home: Home) -> None:
    settled(home.path / "words" / "report" / "report.html", "{{ facts.nothing }}\n")
    home.set("operator: {", "templates: words\noperator: {")


def profile_broken(home: Home) -> None:
    settled(home.path / "own.yaml", "extends: generic-csv\nmax_lines: many\n")
    home.set("profile: generic-csv", f"profile: {home.path / 'own.yaml'}")


def samples_differ(home: Home) -> None:
    settled(home.path / "own" / "profile.yaml", "extends: generic-csv\n")
    settled(home.path / "own" / "orders.csv", (ROOT / "tests" / "golden" / "carriers" / "generic-csv" / "lines.csv").read_bytes())
    assert home("carrier", "generate", home.path / "own", at=None).exit == 0
    (path := next((home.path / "own" / "expected").glob("*.csv"))).write_bytes(path.read_bytes() + b"x")
    home.set("profile: generic-csv", f"profile: {home.path / 'own' / 'profile.yaml'}")


def roster_away(home: Home) -> None:
    home.set("    email: telecom@acme.example\n", "    email: telecom@acme.example\n    roster: lines.csv\n")


def reference_broken(home: Home) -> None:
    settled(home.path / "reference" / "zip3.csv", "zip3,states\n02,MA\n")


@contextmanager
def disk_nearly_full(home: Home) -> Iterator[None]:
    seen = os.statvfs(home.path)
    fields = list(seen)[:10]
    fields[4] = 100 * (1 << 20) // seen.f_frsize
    with mock.patch.object(os, "statvfs", lambda _: os.statvfs_result(fields)):
        yield


@contextmanager
def no_inodes(home: Home) -> Iterator[None]:
    fields = list(os.statvfs(home.path))[:10]
    fields[5], fields[7] = 1_000_000, 12
    with mock.patch.object(os, "statvfs", lambda _: os.statvfs_result(fields)):
        yield


def clock_went_back(home: Home) -> None:
    in_database(home, "update passes set started = '2026-03-04T01:00:00+00:00', finished = '2026-03-04T01:00:09+00:00'")


def answers_overdue(home: Home) -> None:
    # As if all had been sent a month ago, and a night had been made since.
    in_database(home, "update submissions set sent = '2026-02-02T01:00:00+00:00'", "update rows set since = since - 28 * 86400")


def unit_parked(home: Home) -> None:
    in_database(home, "insert into units (kind, key, mark, token, attempts, since, next_try, parked, trouble) values ('sheet', 'acme/odd.csv', '', 3, 5, '2026-03-02T20:00:00+00:00', '2026-03-03T20:00:00+00:00', true, 'KeyError in intake.py, line 17')")


def window_not_done(home: Home) -> None:
    in_database(home, "insert into windows (job, due, state, token, attempts, started, trouble) values ('night', '2026-03-02T02:00:00+00:00', 'failed', 3, 2, '2026-03-02T02:00:00+00:00', '')")


def row_lost(home: Home) -> None:
    in_database(home, UNLOOKED, "delete from findings", "delete from holds", "delete from rows where id = (select max(id) from rows)")


def row_in_another_state_than_was_counted(home: Home) -> None:
    in_database(home, "update files set counted = '{\"2\": 43}' where rows > 0")


def journal_changed(home: Home) -> None:
    in_database(home, "drop trigger journal_unchanged" + " on journal" * ON_POSTGRESQL, "update journal set who = 'nobody' where id = 2")


def inbox_is_a_link(home: Home) -> None:
    shutil.move(home.path / "inbox" / "acme", home.path.parent / "elsewhere")
    (home.path / "inbox" / "acme").symlink_to(home.path.parent / "elsewhere")


def night_missed(home: Home) -> None:
    in_database(home, "update passes set started = '2026-02-27T01:00:00+00:00', finished = '2026-02-27T01:00:09+00:00'")


def submission_unknown(home: Home) -> None:
    in_database(home, "update sendings set state = 'unknown', sent = null, trouble = 'the connection broke'", "update submissions set state = 'sent'")


def mails_stuck(home: Home) -> None:
    in_database(home, "update mails set state = 'waiting', sent = null, created = '2026-02-20T01:00:00+00:00', trouble = 'no session with mail.example'")


def exception_open(home: Home) -> None:
    home.answer(("P00000000000", "01", "", "ACK"), at=EVENING)


NEED_THE_DATABASE = ("sealed data", "count", "journal", "clock", "passes", "schedule", "units", "sending", "mails", "answers", "exceptions")
#: What is broken: how, which looks are not green then, and a part of what the first of them says.
BROKEN: dict[Callable[[Home], Any], tuple[dict[str, str], str]] = {
    key_lost: ({"key": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")}, "seal.key"),
    key_of_another: ({"key": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")}, "old key"),
    key_missing_for_the_archive: ({"sealed data": "red"}, "key abcdef01 is not in the key file"),
    page_spoilt: ({"database": "red"}, "damaged"),
    database_lost: (
        {"database": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")},
        "though the archive has files",
    ),
    database_older: (
        {"database": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")}, "db upgrade",
    ),
    database_of_another_kind: (
        {"database": "red", **dict.fromkeys(("rights", "disk", *NEED_THE_DATABASE), "yellow")}, "only SQLite",
    ),
    database_in_no_folder: ({"database": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")}, "/no/such/folder, does not exist"),
    server_away: ({"database": "red", **dict.fromkeys(NEED_THE_DATABASE, "yellow")}, "cannot be reached"),
    reference_broken_in_the_database: ({"database": "red"}, "mails: 1"),
    setting_misspelt: ({"configuration": "red", **dict.fromkeys(("profiles", "templates", "lists", "mail server", "partners"), "yellow")}, "did you mean 'email'"),
    package_not_installed: ({"configuration": "red"}, "pip install 'batchport[metrics]'"),
    folder_open_to_all: ({"rights": "red"}, "quarantine can be entered"),
    key_readable_by_the_group: ({"rights": "red"}, "seal.key can be"),
    outbox_is_no_folder: ({"folders": "red"}, "is not a folder"),
    outbox_not_writable: ({"folders": "red"}, "cannot read and write in"),
    mail_server_away: ({"mail server": "red"}, "no session with 127.0.0.1, port 1"),
    mail_server_without_our_password: ({"mail server": "red"}, "NO_SUCH_PASSWORD"),
    server_with_another_host_key: ({"partners": "red"}, "host key"),
    server_without_the_folder: ({"partners": "red"}, "no folder /elsewhere"),
    pgp_key_away: ({"partners": "red"}, "theirs.asc"),
    mail_template_broken: ({"templates": "red"}, "night.subject.txt, line 1"),
    customers_template_broken: ({"templates": "red"}, "received.txt, line 1"),
    letter_template_broken: ({"templates": "red"}, "letter.typ, line 1"),
    report_template_broken: ({"templates": "red"}, "report.html, line 1"),
    profile_broken: ({"profiles": "red", "answers": "yellow"}, "own.yaml, line 2"),
    samples_differ: ({"profiles": "red"}, "do not make what is expected"),
    roster_away: ({"lists": "red"}, "lines.csv"),
    reference_broken: ({"lists": "red"}, "zip3.csv, line 2"),
    disk_nearly_full: ({"disk": "red"}, "100.0 MB free"),
    no_inodes: ({"disk": "red"}, "12 more files"),
    clock_went_back: ({"clock": "red"}, "the clock went back"),
    answers_overdue: ({"answers": "red"}, "sample is late with 41 orders"),
    unit_parked: ({"units": "red"}, "acme/odd.csv is parked after 5 attempts"),
    window_not_done: ({"schedule": "red"}, "night, due 2026-03-01 21:00 EST, is failed after 2 attempts"),
    row_lost: ({"count": "red"}, "43 rows when it was read, and 42 are there"),
    row_in_another_state_than_was_counted: ({"count": "red"}, "not in the states that were counted"),
    journal_changed: ({"journal": "red"}, "not as it was written"),
    inbox_is_a_link: ({"folders": "red"}, "is a link"),
    night_missed: ({"passes": "red"}, "a night was due at 2026-02-26 21:00 EST"),
    submission_unknown: ({"sending": "red"}, "not known whether sample-20260302-000001.csv has reached sample: the connection broke"),
    mails_stuck: ({"mails": "red"}, "no session with mail.example"),
    exception_open: ({"exceptions": "red"}, "1 exception line is open"),
}


#: What cannot befall a database in a server, or is the server's matter.
IN_A_FILE = {page_spoilt, reference_broken_in_the_database} if ON_POSTGRESQL else set()


@pytest.mark.parametrize("broken", [each for each in BROKEN if each not in IN_A_FILE], ids=lambda broken: broken.__name__)
def test_the_right_line_is_red_and_only_those_that_follow(well: Home, broken: Callable[[Home], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", "")
    expected, words = BROKEN[broken]
    before = broken(well)
    with before if hasattr(before, "__enter__") else nullcontext():
        status, found = looked(well)
    assert states(found) == expected, found
    red = next(look for look, state in expected.items() if state == "red")
    text = " ".join(f"{line['found']} {line['do']}" for line in found[red])
    assert any(word in text for word in words.split("|")), text
    assert status == (2 if red == "configuration" else 1)


class TestWhatCanStillBeLookedAt:
    def test_two_faults_are_two_red_lines(self, well: Home) -> None:
        setting_misspelt(well)
        folder_open_to_all(well)
        unit_parked(well)
        status, found = looked(well)
        assert status == 2
        assert {look for look, state in states(found).items() if state == "red"} == {"configuration", "rights", "units"}

    def test_a_configuration_that_is_no_yaml_is_the_only_thing_that_is_said(self, well: Home) -> None:
        well.config.write_text("customers: [\n")
        status, found = looked(well)
        assert status == 2
        assert {look for look, state in states(found).items() if state == "red"} == {"configuration"}

    def test_no_configuration_at_all(self, tmp_path: Path) -> None:
        status, found = looked(Home(tmp_path))
        assert status == 2 and "there is no configuration" in found["configuration"][0]["found"]

    def test_yellow_alone_is_no_reason_to_call_anybody(self, well: Home) -> None:
        settled(well.path / "quarantine" / "acme" / "odd.csv.txt", "cannot be read")
        old = settled(well.path / "inbox" / "acme" / "late.csv", "x")
        os.utime(old, (time.time() - 7200,) * 2)
        status, found = looked(well)
        assert (status, states(found)) == (0, {"set aside": "yellow", "waiting": "yellow"})

    def test_tables_older_than_a_year_are_told(self, well: Home) -> None:
        in_database(well, "update passes set started = '2028-03-01T20:00:00+00:00'")
        _, found = looked(well, at="2028-03-01T20:00:00-05:00")
        assert "older than a year" in found["lists"][0]["found"] and "reference import" in found["lists"][0]["do"]


class TestReach:
    def test_a_mail_server_that_lets_us_in_is_green_and_gets_nothing(self, well: Home) -> None:
        box = Mailbox()
        with served(box) as server:
            well.set("operator: {", f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: plain, timeout: 5}}\noperator: {{")
            assert looked(well) == (0, {})
        assert box.ids == []

    def test_a_partners_server_with_its_folders_is_green_and_gets_nothing(self, well: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
        with sftp_server(tmp_path / "there") as server:
            by_sftp(well, server.port, server.host_line)
            assert looked(well) == (0, {})
            assert (server.files(), server.written) == ({}, 0)


class TestNoSecret:
    def test_no_password_key_pin_or_account_number_is_printed(self, well: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTP_PASSWORD", "wrong-battery")
        with sftp_server(tmp_path / "there") as server:
            by_sftp(well, server.port, server.host_line)
            monkeypatch.setenv("SFTP_PASSWORD", "wrong-battery")
            mails_stuck(well) if ON_POSTGRESQL else page_spoilt(well)
            done = well("doctor", "--format", "json")
        key = (well.path / "keys" / "seal.key").read_text().split()[1]
        assert "does not let user" in done.out
        assert not any(secret in done.out + done.err for secret in ("wrong-battery", key, "D6172360300", "B7714420", LOCAL["pin"]))


def test_a_home_that_was_put_back_is_yellow_before_and_after_its_first_pass(well: Home, tmp_path: Path) -> None:
    from tests.integration.test_backup import back_up, put_back

    anew = put_back(well, back_up(well))
    status, found = looked(anew)
    assert status == 0
    # `db copy`, which brings a backup into a server, works with it already.
    assert ("put back from a backup" if ON_POSTGRESQL else "copy out of a backup") in found["restored"][0]["found"]
    assert states(found) == {"restored": "yellow", "folders": "yellow"}
    anew.run(NEXT)
    status, found = looked(anew, at=NEXT)
    assert (status, states(found)) == (0, {"restored": "yellow"})
    assert json.dumps(found).count("put back from a backup") == 1
