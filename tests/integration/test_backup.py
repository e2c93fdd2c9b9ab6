"""`backup`, and putting it back with ordinary tools: nothing is lost up to it, nothing secret is in it, and nothing that was given since is given again."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from unittest import mock

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, TOLL_FREE, Home, Story, account, numbers, response, settled, snapshot
from tests.postgresql import ON_POSTGRESQL, server
from tests.servers import PASSWORD, sftp_server

#: Secrets that are found at once wherever they stand.
PIN, ACCOUNT = "7Q4X91", "ZK88120557341"
SECRET = LOCAL | {"pin": PIN, "account_number": ACCOUNT}
SECOND = LOCAL | {"tn": "617-236-0200", "destination": "line-0200"}


def back_up(home: Home, name: str = "backup.tar") -> Path:
    target = home.path.parent / name
    done = home("backup", target)
    assert done.exit == 0, done
    return target


def put_back(home: Home, backup: Path, name: str = "anew") -> Home:
    """What docs/operations.md says, step by step; `home` is what the key was kept from."""
    anew = home.path.parent / name
    anew.mkdir(mode=0o700)
    subprocess.run(["tar", "-xf", backup, "-C", anew], check=True)
    subprocess.run(["sha256sum", "-c", "--quiet", "backup.sha256"], cwd=anew, check=True)
    (anew / "keys").mkdir(mode=0o700)
    shutil.copy2(home.path / "keys" / "seal.key", anew / "keys" / "seal.key")
    again = Home(anew)
    if ON_POSTGRESQL:
        url = server().new()
        done = again("db", "copy", f"sqlite:///{anew / 'batchport.db'}", url, "--why", "put back")
        assert done.exit == 0, done
        again.set(again.url, url)
    return again


def given(home: Home) -> tuple[set[str], set[str], set[str]]:
    """The PONs, Row IDs and Message-IDs that were given."""
    rows = home.json("status")
    return {row["pon"] for row in rows if row["pon"]}, {row["row_id"] for row in rows}, {mail["Message-ID"] for mail in home.mails()}


class TestNothingIsLost:
    def test_a_home_that_is_put_back_goes_on_as_if_nothing_had_been(self, home: Home, make_home: Callable[[str], Home]) -> None:
        home.take(SECRET, *account(3), SECOND, papers_row := TOLL_FREE)
        home.answer((home.pon(LOCAL["tn"]), "01", "", "FOC", "", "", "2026-03-09"), (home.pon(SECOND["tn"]), "01", "", "REJECT", "1P", "no such account"))
        home.drop(*numbers("617-236-0300", 2, **{key: value for key, value in SECRET.items() if key != "tn"}), name="late.csv")
        settled(home.path / "responses" / "sample" / "late.csv", response((home.pon(papers_row["tn"]), "01", "", "ACK")))
        backup = back_up(home)
        anew = put_back(home, backup)
        undisturbed = home.run(THIRD)
        again = anew.run(THIRD)
        assert again.last["balanced"] is True
        assert (again.last["rows"], again.last["lines"]) == (undisturbed.last["rows"], undisturbed.last["lines"])
        assert anew.states() == home.states()
        assert list((anew.path / "inbox" / "acme").iterdir()) == []
        assert not (anew.path / "doors").exists()
        assert {path.name for path in (anew.path / "archive").rglob("*.csv")} == {path.name for path in (home.path / "archive").rglob("*.csv")}
        assert anew.run(THIRD).last["changed"] is False

    def test_everything_is_readable_by_its_owner_alone(self, home: Home) -> None:
        home.take(LOCAL)
        backup = back_up(home)
        assert backup.stat().st_mode & 0o777 == 0o600
        anew = put_back(home, backup)
        modes = {path.relative_to(anew.path).as_posix(): path.stat().st_mode & 0o777 for path in anew.path.rglob("*")}
        assert {mode for name, mode in modes.items() if (anew.path / name).is_dir()} == {0o700}
        assert {mode for name, mode in modes.items() if (anew.path / name).is_file()} == {0o600}

    def test_rosters_templates_and_profiles_that_the_settings_name_are_in_it(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(home.path)
        settled(home.path / "lines.csv", "line,takes\nline-0142,one\n")
        settled(home.path / "words" / "mail" / "night.subject.txt", "Night\n")
        settled(home.path / "own" / "profile.yaml", "extends: generic-csv\ncodes: [own.csv]\n")
        settled(home.path / "own" / "own.csv", "code,class,field,scope,reason,remedy\n1P,ACCOUNT,account_number,order,no such account,ask the customer\n")
        home.set("    email: telecom@acme.example\n", "    email: telecom@acme.example\n    roster: lines.csv\n")
        home.set("operator: {", "templates: words\noperator: {")
        home.set("profile: generic-csv", "profile: own/profile.yaml")
        with tarfile.open(back_up(home)) as tar:
            names = set(tar.getnames())
        assert {"config.yaml", "lines.csv", "words/mail/night.subject.txt", "own/profile.yaml", "own/own.csv", "batchport.db"} <= names

    def test_a_file_of_the_settings_that_lies_elsewhere_is_told(self, home: Home) -> None:
        settled(home.path.parent / "lines.csv", "line,takes\nline-0142,one\n")
        home.set("    email: telecom@acme.example\n", "    email: telecom@acme.example\n    roster: ../lines.csv\n")
        assert "lines.csv lies outside the home and is not in the backup" in home("backup", home.path.parent / "b.tar").out

    def test_it_is_recorded(self, home: Home) -> None:
        home("backup", home.path.parent / "monday.tar", "--why", "before the move")
        with home.database() as database:
            assert database.execute("select what, about, why from journal where what = 'backup'").fetchall() == [("backup", "monday.tar", "before the move")]


class TestWhileSomebodyWrites:
    def test_the_copy_is_of_one_moment(self, home: Home) -> None:
        home.take(LOCAL)
        stop = threading.Event()
        written: list[int] = []

        def write() -> None:
            while not stop.is_set():
                number = 1000 + len(written)
                with home.database() as database:
                    database.execute("insert into passes (id, command, started, summary) values (?, 'x', '', '')", (number,))
                    database.execute("insert into sayings (status, code, text, foc_date) values ('x', ?, '', '')", (str(number),))
                written.append(number)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            while not written and thread.is_alive():
                time.sleep(0.001)
            backup = back_up(home)
        finally:
            stop.set()
            thread.join()
        anew = put_back(home, backup)
        with anew.database() as database:
            assert ON_POSTGRESQL or database.execute("pragma integrity_check").fetchall() == [("ok",)]
            seen = {str(number) for (number,) in database.execute("select id from passes where command = 'x'")}
            assert seen and seen == {code for (code,) in database.execute("select code from sayings where status = 'x'")}
        assert anew.state(LOCAL["tn"]) == "submitted"

    def test_a_sheet_that_a_pass_takes_in_meanwhile_is_in_it_and_makes_its_rows_once(self, home: Home) -> None:
        from batchport.config import load
        from batchport.pipeline import backup as module
        from batchport.pipeline.app import App
        from batchport.pipeline.app import closing as app_closing
        from batchport.pipeline.run import whole_pass

        home.drop(LOCAL)
        whole = module.whole_copy

        def copied(*args: Path) -> object:
            with app_closing(App(load(home.config), datetime.fromisoformat(EVENING))) as app:
                assert whole_pass(app).tally.sent
            return whole(*args)

        with mock.patch.object(module, "whole_copy", copied):
            backup = back_up(home)
        anew = put_back(home, backup)
        again = anew.run(EVENING)
        assert (again.last["rows"]["read"], again.last["files"]["repeated"], again.last["balanced"]) == (1, 1, True)


class TestNothingSecretIsInIt:
    def test_no_key_pin_or_account_number_is(self, home: Home) -> None:
        home.take(SECRET)
        home.drop(SECRET | {"tn": "617-236-0300", "destination": "x"}, name="waits.csv")
        (key,) = [line.split()[1] for line in (home.path / "keys" / "seal.key").read_text().splitlines()]
        assert PIN in (home.path / "inbox" / "acme" / "waits.csv").read_text()
        backup = back_up(home)
        data = backup.read_bytes()
        assert [secret for secret in (PIN, ACCOUNT, key) if secret.encode() in data] == []
        with tarfile.open(backup) as tar:
            assert [name for name in tar.getnames() if name.startswith(("keys", "outbox", "inbox"))] == []

    def test_it_says_which_keys_are_not(self, home: Home) -> None:
        out = home("backup", home.path.parent / "b.tar").out
        assert "keys/seal.key" in out and "elsewhere" in out

    def test_without_the_key_nothing_is_done_and_the_sentence_says_which(self, home: Home) -> None:
        home.take(LOCAL)
        home.drop(SECOND, name="late.csv")
        anew = put_back(home, back_up(home))
        (anew.path / "keys" / "seal.key").unlink()
        done = anew.run(NEXT)
        assert done.exit == 2 and "seal.key" in done.err
        assert (anew.path / "doors" / "inbox" / "acme" / "late.csv").exists()


class TestItIsWholeOrAbsent:
    def test_what_is_there_already_stays(self, home: Home) -> None:
        target = settled(home.path.parent / "b.tar", "last month's")
        done = home("backup", target)
        assert done.exit == 2 and "there already" in done.err
        assert target.read_text() == "last month's"

    @pytest.mark.skipif(ON_POSTGRESQL, reason="what lies in the server's files is the server's matter")
    def test_of_a_damaged_database_there_is_none(self, home: Home) -> None:
        home.take(*numbers("617-236-0300", 40, **{key: value for key, value in LOCAL.items() if key != "tn"}))
        spoil(home)
        done = home("backup", home.path.parent / "b.tar")
        assert done.exit == 2 and "damaged" in done.err, done
        assert [path.name for path in home.path.parent.iterdir() if "b.tar" in path.name] == []

    def test_of_bytes_that_the_disk_has_changed_there_is_none(self, home: Home) -> None:
        from batchport.pipeline import backup as module

        home.take(LOCAL)

        def sync(path: Path) -> None:
            data = bytearray(path.read_bytes())
            data[data.index(b"SQLite format 3") + 5000] ^= 1
            path.write_bytes(data)

        with mock.patch.object(module, "sync_file", sync):
            done = home("backup", home.path.parent / "b.tar")
        assert done.exit == 2 and "disk" in done.err
        assert [path.name for path in home.path.parent.iterdir() if "b.tar" in path.name] == []

    def test_on_a_full_disk_there_is_none_and_the_sentence_names_the_file(self, home: Home) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with mock.patch.object(tarfile.TarFile, "addfile", full):
            done = home("backup", home.path.parent / "b.tar")
        assert done.exit == 2 and "b.tar: the disk is full" in done.err and ".writing" not in done.err
        assert [path.name for path in home.path.parent.iterdir() if "b.tar" in path.name] == []

    def test_into_a_folder_that_is_not_there(self, home: Home) -> None:
        done = home("backup", home.path / "nowhere" / "b.tar")
        assert done.exit == 2 and "nowhere" in done.err


def spoil(home: Home) -> None:
    """Overwrite a page of the table of rows."""
    database = home.path / "batchport.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        (root,), (size,) = connection.execute("select rootpage from sqlite_master where name = 'rows'").fetchone(), connection.execute("pragma page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 64)


class TestNothingIsGivenAgain:
    def test_names_of_orders_rows_and_mails_are_new_however_often_a_backup_is_put_back(self, home: Home) -> None:
        home.take(LOCAL)
        backup = back_up(home)
        before = given(home)
        lives = []
        for number, life in enumerate((home, put_back(home, backup, "second"), put_back(home, backup, "third"))):
            with mock.patch("time.time", lambda seconds=time.time() + 60 * number: seconds):
                life.take(SECOND, *account(2), name="since.csv", at=NEXT)
            lives.append([new - old for new, old in zip(given(life), before, strict=True)])
        for kind in zip(*lives, strict=True):
            assert all(kind)
            assert len(set.union(*kind)) == sum(map(len, kind)), kind
        assert [len(life[0]) for life in lives] == [2, 2, 2]

    def test_a_backup_of_a_home_that_was_put_back_is_as_good(self, home: Home) -> None:
        home.take(LOCAL)
        second = put_back(home, back_up(home), "second")
        second.take(SECOND, name="since.csv", at=NEXT)
        third = put_back(home, back_up(second, "second.tar"), "third")
        with mock.patch("time.time", lambda seconds=time.time() + 60: seconds):
            third.take(*account(2), name="later.csv", at=THIRD)
        second.take(*account(2), name="later.csv", at=THIRD)
        assert third.run(THIRD).last["balanced"] is True
        assert not (given(second)[1] ^ given(third)[1]) & given(home)[1]
        assert third.pon(account(2)[0]["tn"]) != second.pon(account(2)[0]["tn"])

    def test_answers_to_what_was_sent_since_are_exception_lines(self, home: Home) -> None:
        home.take(LOCAL)
        backup = back_up(home)
        home.take(SECOND, name="since.csv", at=NEXT)
        lost = home.pon(SECOND["tn"])
        anew = put_back(home, backup)
        anew.take(SECOND, name="since.csv", at=NEXT)
        anew.answer((lost, "01", SECOND["tn"], "FOC", "", "", "2026-03-09"), at=THIRD)
        assert [(line["pon"], line["reason"]) for line in anew.exceptions()] == [(lost, "unknown-order")]
        assert anew.state(SECOND["tn"]) == "submitted"

    def test_the_operator_is_told_once(self, home: Home) -> None:
        home.take(LOCAL)
        anew = put_back(home, back_up(home))
        first, second = anew("run", at=NEXT), anew("run", at=NEXT)
        assert first.exit == 1 and "put back from a backup" in first.out
        assert (second.exit, "put back" in second.out) == (0, False)
        assert any("put back from a backup" in str(mail) for mail in anew.mails("night"))


    def test_a_dry_run_takes_nothing_up(self, home: Home) -> None:
        home.take(LOCAL)
        home.drop(SECOND, name="late.csv")
        anew = put_back(home, back_up(home))
        before = snapshot(anew.path)
        planned = anew("run", "--dry-run", at=NEXT)
        assert "acme/late.csv" in planned.out and "put back from a backup" in planned.out
        assert snapshot(anew.path) == before


class TestSubmissionFiles:
    """The partner has sample-...-000002.csv, which the backup does not know."""

    @pytest.fixture
    def lost(self, home: Home) -> Path:
        home.take(LOCAL)
        backup = back_up(home)
        home.take(SECOND, name="second.csv", at=NEXT)
        return backup

    @staticmethod
    def outbox(home: Home) -> list[str]:
        return [path.name for path in sorted((home.path / "outbox" / "sample").glob("*.csv"))]

    def test_a_number_that_the_partner_has_seen_is_not_given_again(self, home: Home, lost: Path) -> None:
        anew = put_back(home, lost)
        shutil.copytree(home.path / "outbox", anew.path / "outbox")
        there = anew.files()
        anew.take(*account(2), name="third.csv", at=THIRD)
        assert self.outbox(anew) == ["sample-20260302-000001.csv", "sample-20260303-000002.csv", "sample-20260304-000003.csv"]
        assert {name: data for name, data in anew.files().items() if name in there and name.startswith("outbox")} == {name: data for name, data in there.items() if name.startswith("outbox")}
        anew.take(TOLL_FREE, name="fourth.csv", at=THIRD)
        assert self.outbox(anew)[-1] == "sample-20260304-000004.csv"

    def test_on_the_same_day_other_bytes_of_the_same_name_are_neither_overwritten_nor_in_the_way(self, home: Home, lost: Path) -> None:
        anew = put_back(home, lost)
        shutil.copytree(home.path / "outbox", anew.path / "outbox")
        old = (anew.path / "outbox" / "sample" / "sample-20260303-000002.csv").read_bytes()
        done = anew.take(*account(2), name="third.csv", at=NEXT)
        assert done.last["submissions"] == 1
        assert (anew.path / "outbox" / "sample" / "sample-20260303-000002.csv").read_bytes() == old
        assert self.outbox(anew)[-1] == "sample-20260303-000003.csv"

    def test_what_was_ready_and_went_out_since_is_recognised_by_its_bytes(self, home: Home) -> None:
        home.set("profile: generic-csv", 'profile: generic-csv\n    windows: ["09:00-12:00"]')
        home.take(LOCAL)
        backup = back_up(home)
        assert home.run("2026-03-03T09:30:00-05:00").last["submissions"] == 1
        anew = put_back(home, backup)
        shutil.copytree(home.path / "outbox", anew.path / "outbox")
        there = anew.files()
        assert anew.run("2026-03-03T09:30:00-05:00").last["submissions"] == 1
        assert {name for name in anew.files() if name.startswith("outbox")} == {name for name in there if name.startswith("outbox")}
        assert anew.state(LOCAL["tn"]) == "submitted"
        assert anew.pon(LOCAL["tn"]) == home.pon(LOCAL["tn"])

    def test_where_the_partner_takes_files_away_the_operator_says_which_number_is_next(self, home: Home, lost: Path) -> None:
        anew = put_back(home, lost)
        done = anew("db", "sequence", "sample", 3, "--why", "they have number 2")
        assert done.exit == 0 and "gets number 3" in done.out
        anew.take(*account(2), name="third.csv", at=THIRD)
        assert self.outbox(anew) == ["sample-20260304-000003.csv"]
        back = anew("db", "sequence", "sample", 2, "--why", "x")
        assert back.exit == 2 and "4 or a higher one" in back.err

    def test_numbers_of_a_home_that_was_never_put_back_cannot_be_changed(self, home: Home) -> None:
        done = home("db", "sequence", "sample", 7, "--why", "x")
        assert done.exit == 2 and "was not put back" in done.err

    def test_a_server_of_the_partner_is_looked_at_too(self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
        with sftp_server(tmp_path / "there") as server:
            home.set(
                "    profile: generic-csv\n",
                f'    profile: generic-csv\n    transport: {{kind: sftp, host: 127.0.0.1, port: {server.port}, username: batchport, password: {{env: SFTP_PASSWORD}},'
                f' host_keys: ["{server.host_line}"], outbox: /in, timeout: 5}}\n',
            )
            home.take(LOCAL)
            backup = back_up(home)
            home.take(SECOND, name="second.csv", at=NEXT)
            anew = put_back(home, backup)
            server.faults.slow = 0
            anew.take(*account(2), name="third.csv", at=NEXT)
            assert sorted(name for name in server.files() if name.endswith(".csv")) == [f"sample-{day}-00000{number}.csv" for day, number in (("20260302", 1), ("20260303", 2), ("20260303", 3))]

    def test_a_server_that_does_not_show_its_folder_is_in_nobodys_way_for_ever(self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from batchport.transport import NotDelivered
        from batchport.transport.local import LocalFolder

        def names(_: LocalFolder) -> list[str]:
            raise NotDelivered("permission denied")

        home.take(LOCAL)
        anew = put_back(home, back_up(home))
        monkeypatch.setattr(LocalFolder, "names", names)
        anew.drop(*account(2), name="third.csv")
        assert "batchport db sequence sample NUMBER" in anew("run", at=THIRD).out
        assert anew("db", "sequence", "sample", 9, "--why", "they have number 8").exit == 0
        assert anew.run(THIRD).last["submissions"] == 1
        assert self.outbox(anew) == ["sample-20260304-000009.csv"]

    def test_nothing_is_sent_while_the_server_cannot_be_asked(self, home: Home, lost: Path) -> None:
        anew = put_back(home, lost)
        anew.set(
            "    profile: generic-csv\n",
            "    profile: generic-csv\n    transport: {kind: sftp, host: 127.0.0.1, port: 1, username: x, password: {env: NO_SUCH_THING},"
            " host_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTHZn7RGjWlY7fYrVFAW3GN1vN5bxwJ6/KqCyPLJHZd], outbox: /in}\n",
        )
        done = anew.take(*account(2), name="third.csv", at=THIRD)
        assert (done.exit, done.last["submissions"], done.last["rows"]["ready"]) == (1, 0, 2)


def test_the_samples_night_comes_back_whole(story: Story, tmp_path: Path) -> None:
    home = Home(Path(shutil.copytree(story.home.path, tmp_path / "home")))
    anew = put_back(home, back_up(home))
    assert anew.states() == home.states()
    assert anew.run(THIRD).last["rows"] == story.passes[-1].last["rows"]
