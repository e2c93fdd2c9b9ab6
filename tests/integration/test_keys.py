"""Sealing keys: a new one, everything sealed anew with it however often that is stopped, and files of the archive opened."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from batchport.config import load
from batchport.envelope import Label, closed, key_in_use, opened
from batchport.pipeline import shelves
from batchport.pipeline.app import App
from batchport.pipeline.app import closing as closing_app
from batchport.pipeline.lease import alone
from batchport.seal import KeyProblem, Keyring, new_key_line
from tests.conftest import EVENING, LOCAL, NEXT, ROOT, THIRD, TOLL_FREE, Home, account, response, sheet
from tests.postgresql import ON_POSTGRESQL

#: Sheets of every kind of sealed thing: pieces, a paper, a submission, a proposal, originals, a file that was set aside, and an answer.
UNMAPPED = {name: value for name, value in LOCAL.items() if name != "losing_carrier"}


@pytest.fixture
def full(home: Home) -> Home:
    """A home with something sealed in every place."""
    home.drop(*account(3), TOLL_FREE, name="first.csv")
    home.drop(UNMAPPED, name="unmapped.csv", papers=False)
    home.drop(name="broken.xlsx", content=b"PK\3\4 no workbook")
    home.run()
    home.answer((home.pon(TOLL_FREE["tn"]), "01", "", "FOC", "", "", "2026-03-12"))
    return home


def keyring(home: Home) -> Keyring:
    return Keyring.parse((home.path / "keys" / "seal.key").read_text(), "")


def key_ids(home: Home) -> dict[str, set[str]]:
    """The ids of the keys that things are sealed with, by where they are."""
    found: dict[str, set[str]] = {}
    columns = {"meta": "value", "files": "proposal", "pieces": "sealed", "papers": "sealed", "submissions": "sealed"}
    with home.database() as connection:
        for table, column in columns.items():
            found[table] = {bytes(sealed)[3:7].hex() for (sealed,) in connection.execute(f"select {column} from {table} where substr({column}, 1, 3) = cast('BP1' as {'bytea' if ON_POSTGRESQL else 'blob'})")}
    for shelf in ("archive", "quarantine"):
        found[shelf] = {key_in_use(path.read_bytes()).hex() for path in (home.path / shelf).rglob("*") if path.is_file() and path.suffix != ".txt"}
    return found


def acts(home: Home) -> list[tuple[str, str, str]]:
    with home.database() as connection:
        return connection.execute("select what, why, about from journal where what like 'keys %' or what like 'archive %' order by id").fetchall()


def forget_old_keys(home: Home) -> None:
    """Leave the first key alone in the key file."""
    path = home.path / "keys" / "seal.key"
    path.write_text(path.read_text().splitlines(keepends=True)[0])


class TestNew:
    def test_it_is_the_first_line_and_the_old_ones_stay(self, home: Home) -> None:
        path = home.path / "keys" / "seal.key"
        before = path.read_text()
        done = home("keys", "new", "--why", "every year")
        assert done.exit == 0, done
        assert path.read_text().endswith(before)
        assert len(path.read_text().splitlines()) == 2
        assert path.stat().st_mode & 0o777 == 0o600
        name, key = path.read_text().split()[:2]
        assert name in done.out
        assert key not in done.out + done.err
        assert acts(home) == [("keys new", "every year", f"key {name}")]

    def test_what_comes_next_is_sealed_with_it_and_what_was_there_opens(self, full: Home) -> None:
        full("keys", "new", "--why", "every year")
        full.take(LOCAL, name="second.csv", at=THIRD)
        ids = key_ids(full)
        assert len(ids["pieces"]) == 2
        assert full.state(TOLL_FREE["tn"]) == "confirmed"

    def test_keys_in_an_environment_variable_are_left_to_their_owner(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        old = (home.path / "keys" / "seal.key").read_text()
        home.set("keys: {file: keys/seal.key}", "keys: {env: SEAL_KEYS}")
        monkeypatch.setenv("SEAL_KEYS", old)
        done = home("keys", "new", "--why", "x")
        assert done.exit == 2
        assert "SEAL_KEYS" in done.err
        assert "keys new -o FILE" in done.err
        output = home.path / "new.key"
        done = home("keys", "new", "-o", output, "--why", "x")
        assert done.exit == 0, done
        assert output.stat().st_mode & 0o777 == 0o600
        assert output.read_text().split()[1] not in done.out + done.err
        assert home("keys", "new", "-o", output, "--why", "x").exit == 2  # it is not overwritten
        monkeypatch.setenv("SEAL_KEYS", output.read_text() + old)
        assert home("keys", "rotate", "--why", "x").exit == 0
        monkeypatch.setenv("SEAL_KEYS", output.read_text())
        assert home("status").exit == 0

    def test_a_reason_is_asked_for(self, home: Home) -> None:
        assert home("keys", "new").exit == 2
        assert home("keys", "rotate").exit == 2


class TestRotate:
    def test_everything_is_sealed_anew_and_the_old_key_can_go(self, full: Home) -> None:
        before = full.json("status")
        old = keyring(full).first.hex()
        full("keys", "new", "--why", "x")
        done = full("keys", "rotate", "--why", "the old one was seen")
        assert done.exit == 0, done
        assert f"Nothing here needs key {old} any more" in done.out
        new = keyring(full).first.hex()
        assert {place: ids for place, ids in key_ids(full).items() if ids != {new}} == {}
        assert acts(full)[-1] == ("keys rotate", "the old one was seen", f"to key {new}")
        forget_old_keys(full)
        assert full.json("status") == before
        assert full("resend", "sample-20260302-000001.csv", "--why", "x").exit == 0
        assert full("columns", "confirm", "unmapped.csv", "--set", "Notes=notes", "--why", "x").exit in (0, 2)  # it can be opened
        again = full("keys", "rotate", "--why", "x")
        assert "Everything is sealed" in again.out

    def test_times_of_files_stay(self, full: Home) -> None:
        (path,) = full.path.glob("archive/*/acme/first.csv")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        full("keys", "new", "--why", "x")
        full("keys", "rotate", "--why", "x")
        assert path.stat().st_mtime == 1_000_000_000
        assert path.stat().st_mode & 0o777 == 0o600

    def test_stopped_at_every_step_it_goes_on_where_it_was(self, full: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each run is stopped after one more thing; what was done is not done again, and in the end the old key can go."""
        from batchport.pipeline import keys

        class Stopped(Exception):
            pass

        monkeypatch.setattr(keys, "_BATCH", 2)
        before = full.json("status")
        full("keys", "new", "--why", "x")
        real, sealed_anew = keys._seal_anew, []

        def stops(app: App, batch: Any, done: Any) -> None:
            real(app, batch[:1], done)
            sealed_anew.append(batch[0])
            raise Stopped

        rounds = 0
        with mock.patch.object(keys, "_seal_anew", stops):
            while full("keys", "rotate", "--why", "x").exit == 3:
                rounds += 1
                assert rounds < 60
        assert rounds == len(set(sealed_anew)) > 8
        forget_old_keys(full)
        assert full.json("status") == before

    def test_killed_in_the_middle_nothing_is_lost(self, full: Home) -> None:
        before = full.json("status")
        full("keys", "new", "--why", "x")
        words = "import os, sys; from pathlib import Path; from batchport.pipeline import keys; real = keys._File.seal_anew\n"
        words += "keys._File.seal_anew = lambda self, app, keyring: os.kill(os.getpid(), 9)\n"
        words += f"sys.argv = ['batchport', '--config', {str(full.config)!r}, 'keys', 'rotate', '--why', 'x']\nfrom batchport.cli import main\nmain()"
        done = subprocess.run([sys.executable, "-c", words], check=False, capture_output=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert done.returncode == -9
        ids = key_ids(full)
        assert len(ids["pieces"]) == 1
        assert ids["archive"] != ids["pieces"]
        assert full.json("status") == before
        assert full("keys", "rotate", "--why", "x").exit == 0
        forget_old_keys(full)
        assert full.json("status") == before
        assert full.run(THIRD).last["balanced"] is True

    def test_it_waits_for_the_pass_that_is_at_work(self, full: Home) -> None:
        full("keys", "new", "--why", "x")
        command = [sys.executable, "-m", "batchport", "--config", str(full.config), "keys", "rotate", "--why", "x"]
        with closing_app(App(load(full.config), datetime.fromisoformat(EVENING))) as app, alone(app):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
            time.sleep(2)
            assert process.poll() is None
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Sealed anew" in out

    def test_what_cannot_be_opened_is_named_and_the_rest_is_sealed_anew(self, full: Home) -> None:
        (path,) = full.path.glob("archive/*/acme/first.csv")
        other = Keyring.parse(new_key_line(), "")
        path.write_bytes(closed(other, b"x", Label("original", "0" * 64)))
        full("keys", "new", "--why", "x")
        done = full("keys", "rotate", "--why", "x")
        assert done.exit == 1
        assert str(path.relative_to(full.path)) in done.err
        assert other.first.hex() in done.err
        assert key_ids(full)["pieces"] == {keyring(full).first.hex()}


class TestArchive:
    """`archive open FILE`."""

    FILES = {
        "archive/*/acme/first.csv": sheet(*account(3), TOLL_FREE),
        "archive/*/acme/unmapped.csv": sheet(UNMAPPED),
        "quarantine/acme/broken.xlsx": "PK\3\4 no workbook",
    }

    @pytest.mark.parametrize("name", list(FILES))
    def test_it_gives_the_file_back_as_it_came(self, full: Home, name: str, tmp_path: Path) -> None:
        (path,) = full.path.glob(name)
        assert b"Harbor" not in path.read_bytes()
        done = full("archive", "open", path.relative_to(full.path), "-o", tmp_path / "out", "--why", "asked by Acme")
        assert done.exit == 0, done
        assert (tmp_path / "out").read_bytes() == self.FILES[name].encode()
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
        assert acts(full)[-1] == ("archive open", "asked by Acme", str(path.relative_to(full.path)))

    def test_answers_and_papers_open_too_and_text_goes_to_a_pipe(self, full: Home) -> None:
        (answer,) = full.path.glob("archive/*/responses-sample/answer.csv")
        assert full("archive", "open", answer, "--why", "x").out == response((full.pon(TOLL_FREE["tn"]), "01", "", "FOC", "", "", "2026-03-12"))
        paper = next(full.path.glob("archive/*/acme/*.pdf"))
        assert full("archive", "open", paper, "-o", full.path / "paper.pdf", "--why", "x").exit == 0
        assert (full.path / "paper.pdf").read_bytes().startswith(b"%PDF")

    def test_a_file_that_is_no_text_is_not_thrown_at_a_terminal(self, full: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        from batchport.cli import archive

        with pytest.raises(Exception, match="no text"), mock.patch.object(archive.sys, "stdout", mock.Mock(isatty=lambda: True)):
            archive._for_terminal(Path("x.pdf"), b"%PDF\0\xff", asked=False)
        assert acts(full) == []

    @pytest.mark.parametrize(("name", "kind"), [("archive/2026-03-02/acme/old.csv", "original"), ("archive/2026-03-02/responses-sample/old.csv", "response"), ("archive/2026-03-02/bounces/x.eml", "bounce")])
    def test_what_was_sealed_before_there_were_envelopes_opens(self, full: Home, name: str, kind: str) -> None:
        data = b"Phone Number\r\n2127360142\r\n"
        path = full.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(keyring(full).seal(data, f"{kind} {hashlib.sha256(data).hexdigest()}"))
        assert full("archive", "open", path, "--why", "x").out.encode() == data
        full("keys", "new", "--why", "x")
        assert full("keys", "rotate", "--why", "x").exit == 0
        forget_old_keys(full)
        assert full("archive", "open", path, "--why", "x").out.encode() == data

    def test_a_damaged_file_is_told_and_nothing_of_it_is_shown(self, full: Home) -> None:
        (path,) = full.path.glob("archive/*/acme/first.csv")
        data = bytearray(path.read_bytes())
        data[-40] ^= 1
        path.write_bytes(bytes(data))
        done = full("archive", "open", path, "--why", "x")
        assert done.exit == 2
        assert done.out == ""
        assert "damaged" in done.err

    def test_a_label_cannot_be_changed(self) -> None:
        ring = Keyring.parse(new_key_line(), "")
        sealed = closed(ring, b"PIN 1234", Label("original", "a" * 64, "mine.csv"))
        with pytest.raises(KeyProblem, match="damaged"):
            opened(ring, sealed.replace(b"mine.csv", b"thin.csv"), "thin.csv")

    def test_a_file_that_is_not_there_is_told(self, full: Home) -> None:
        done = full("archive", "open", "nowhere.csv", "--why", "x")
        assert (done.exit, "nowhere.csv" in done.err) == (2, True)


class TestUnsealed:
    """`archive: {seal: false}`."""

    @pytest.fixture
    def plain(self, home: Home) -> Iterator[Home]:
        home.take(LOCAL, name="sealed.csv")
        home.config.write_text(home.config.read_text() + "archive: {seal: false}\n")
        home.take(TOLL_FREE, name="plain.csv", at=NEXT)
        yield home

    def test_both_kinds_lie_beside_each_other(self, plain: Home) -> None:
        (path,) = plain.path.glob("archive/*/acme/plain.csv")
        assert path.read_text() == sheet(TOLL_FREE).replace("\r\n", "\n")
        assert path.stat().st_mode & 0o777 == 0o600
        for name in ("sealed.csv", "plain.csv"):
            (path,) = plain.path.glob(f"archive/*/acme/{name}")
            assert plain("archive", "open", path, "--why", "x").out.startswith("Phone Number")
        assert plain("keys", "rotate", "--why", "x").exit == 0

    def test_a_file_that_looks_like_an_envelope_gets_one(self, plain: Home) -> None:
        plain.drop(name="odd.csv", content=b"BPF1\0\0\0\2{}")
        plain.run(THIRD)
        (path,) = [path for path in plain.path.glob("*/**/odd.csv") if path.is_file()]
        assert plain("archive", "open", path, "--why", "x").out == "BPF1\0\0\0\2{}"

    def test_the_same_file_put_there_again_takes_its_own_place(self, plain: Home) -> None:
        app = App(load(plain.config), datetime.fromisoformat(NEXT))
        folder = plain.path / "archive" / "x"
        for seal in (True, False, True):
            app.settings = app.settings.model_copy(update={"archive": type(app.settings.archive)(seal=seal)})
            shelves.shelve(app, folder, "a.csv", b"content", kind=shelves.ORIGINAL)
        shelves.shelve(app, folder, "a.csv", b"other", kind=shelves.ORIGINAL)
        app.store.close()
        assert sorted(path.name for path in folder.iterdir()) == ["a.csv", f"{hashlib.sha256(b'other').hexdigest()[:8]}-a.csv"]


def test_a_file_that_waits_for_its_columns_is_found_by_its_content(full: Home) -> None:
    done = full("columns", "unmapped.csv", "--format", "json")
    headers = sheet(UNMAPPED).splitlines()[0].split(",")
    assert [line["header"] for line in map(json.loads, done.out.splitlines()) if line.get("header")] == headers, done
