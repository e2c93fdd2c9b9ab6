"""Partners that are reached by SFTP: what is sent is there once and whole, what is fetched is read once, and no fault is taken for a success."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from tests.conftest import EVENING, LOCAL, NEXT, TOLL_FREE, Home, response, settled
from tests.servers import PASSWORD, SSHD, USER, Faults, SftpServer, openssh_server, sftp_server

TN = "617-234-0142"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    with sftp_server(tmp_path / "there") as running:
        yield running


@pytest.fixture
def there(home: Home, server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose partner is reached by SFTP, with a password."""
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    return reached_by(home, server, "password: {env: SFTP_PASSWORD}")


def reached_by(home: Home, server: SftpServer, login: str, *, user: str = USER, root: str = "", more: str = "") -> Home:
    home.set(
        "    profile: generic-csv\n",
        f"""    profile: generic-csv
    transport:
      kind: sftp
      host: 127.0.0.1
      port: {server.port}
      username: {user}
      {login}
      host_keys: ["{server.host_line}"]
      outbox: {root}/in
      responses: {root}/out
      timeout: 5
{more}""",
    )
    return home


def sent_name(files: dict[str, bytes]) -> str:
    (name,) = (name for name in files if name.endswith(".csv") and not name.startswith("."))
    return name


def well_sent(home: Home, server: SftpServer, folder: str = "in") -> str:
    """The one submission that is there, whole, with its manifest before it, and nothing else."""
    files = server.files(folder)
    name = sent_name(files)
    assert sorted(files) == [name, f"{name}.manifest.json"]
    said = json.loads(files[f"{name}.manifest.json"])
    assert (said["file"], said["bytes"]) == (name, len(files[name]))
    assert files[name].startswith(b"PON,VER,") and files[name].endswith(b"\r\n")
    assert home.state(TN) == "submitted"
    return name


def test_a_submission_arrives_whole_under_its_name_behind_its_manifest(there: Home, server: SftpServer) -> None:
    done = there.take(LOCAL)
    assert done.exit == 0, done
    assert done.last["submissions"] == 1
    name = well_sent(there, server)
    assert [new for _, new in server.renamed] == [f"/in/{name}.manifest.json", f"/in/{name}"]
    assert list((there.path / "outbox" / "sample").iterdir()) == []
    assert there.run(EVENING).last["changed"] is False


def test_a_key_lets_us_in_too(home: Home, server: SftpServer) -> None:
    settled(home.path / "keys" / "ssh", server.client_key.export_private_key())
    reached_by(home, server, "key: {file: keys/ssh}")
    assert home.take(LOCAL).exit == 0
    well_sent(home, server)


def test_one_of_several_pinned_keys_is_enough(there: Home, server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode().strip()
    there.set("host_keys: [", f'host_keys: ["{other}", ')
    assert there.take(LOCAL).exit == 0


FAULTS: dict[str, tuple[Faults, str]] = {
    "disk full": (Faults(full_after=100), "could not be sent"),
    "permission denied": (Faults(denied=True), "Permission denied"),
    "rename refused": (Faults(no_rename=True), "refused to rename"),
    "slow server": (Faults(slow=1), "did not answer in time"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_the_next_pass_ends_well(there: Home, server: SftpServer, fault: str) -> None:
    faults, words = FAULTS[fault]
    server.faults = faults
    if faults.slow:
        there.set("timeout: 5", "timeout: 0.3")
    there.drop(LOCAL)
    text = there("run").out
    assert words in text, text
    assert there.state(TN) == "ready"
    assert [name for name in server.files() if not name.startswith(".")] == []
    again = there.run()
    assert (again.exit, again.last["submissions"], again.last["lines"]["sent"], again.last["balanced"]) == (1, 0, 0, True)
    server.faults = Faults()
    assert there.run().exit == 0
    well_sent(there, server)


def test_a_server_with_another_host_key_gets_nothing(there: Home, server: SftpServer) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    there.set(server.host_line, other)
    there.drop(LOCAL)
    done = there("run")
    assert done.exit == 1
    assert f"ssh-ed25519 {server.host_key.get_fingerprint()}" in done.out
    assert (server.files(), server.written) == ({}, 0)
    there.set(other, server.host_line)
    assert there.run().exit == 0
    well_sent(there, server)


def test_a_refused_login_is_told_without_the_password(there: Home, server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", "wrong-battery")
    there.drop(LOCAL)
    done = there("run")
    assert done.exit == 1
    assert "does not let user batchport in" in done.out
    assert "wrong-battery" not in done.out + done.err
    assert there.state(TN) == "ready"
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    assert there.run().exit == 0
    well_sent(there, server)


def test_a_password_that_is_not_set_stops_this_partner_alone(there: Home, server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    there.set("routes:\n", "routes:\n  - {partner: other, number_class: toll_free}\n")
    there.set("partners:\n", "partners:\n  other: {profile: generic-csv}\n")
    monkeypatch.delenv("SFTP_PASSWORD")
    done = there.take(LOCAL, TOLL_FREE)
    assert (done.exit, done.last["submissions"]) == (1, 1)
    assert there.state(TOLL_FREE["tn"]) == "submitted"
    assert there.state(TN) == "ready"


def test_a_server_that_is_down_does_not_stop_the_others(there: Home) -> None:
    there.set("routes:\n", "routes:\n  - {partner: other, number_class: toll_free}\n")
    there.set("partners:\n", "partners:\n  other: {profile: generic-csv}\n")
    there.set("host: 127.0.0.1", "host: 127.0.0.1\n      timeout: 1")
    there.set("      timeout: 5\n", "")
    there.set("port: ", "port: 1 #")
    settled(there.path / "responses" / "other" / "a.csv", response(("", "", "8002347301", "ACK")))
    done = there.take(LOCAL, TOLL_FREE)
    assert (done.exit, done.last["submissions"], done.last["exceptions"]) == (1, 1, 1)
    assert there.state(TOLL_FREE["tn"]) == "submitted"


@pytest.mark.parametrize("taken", [b"something else", b""])
def test_a_name_taken_by_other_bytes_is_refused_and_they_stay(there: Home, server: SftpServer, taken: bytes) -> None:
    server.put("in", "sample-20260302-000001.csv", taken)
    done = there.take(LOCAL)
    assert (done.exit, done.last["submissions"]) == (1, 0)
    assert server.files()["sample-20260302-000001.csv"] == taken
    (server.root / "in" / "sample-20260302-000001.csv").unlink()
    assert there.run().exit == 0
    well_sent(there, server)


def test_a_server_without_a_rename_of_its_own_is_served_too(there: Home, server: SftpServer) -> None:
    server.faults.no_posix_rename = True
    assert there.take(LOCAL).exit == 0
    well_sent(there, server)


def test_a_file_of_several_megabytes_arrives_and_is_compared(server: SftpServer) -> None:
    from batchport.transport.sftp import Server, Session, SftpFolder

    data = os.urandom((3 << 20) + 12345)
    with Session(Server("127.0.0.1", server.port, USER, PASSWORD, None, (server.host_line,), 10)) as session:
        way = SftpFolder(session, "/in")
        for _ in range(2):
            way.deliver("large.bin", data)
    assert server.files() == {"large.bin": data}
    assert server.written == len(data)


def test_a_folder_that_may_only_be_written_to_is_enough(there: Home, server: SftpServer) -> None:
    server.faults.unreadable = True
    assert there.take(LOCAL).exit == 0
    well_sent(there, server)


def test_a_server_that_takes_the_file_at_once_has_got_it(there: Home, server: SftpServer) -> None:
    server.faults.moves_at_once = True
    assert there.take(LOCAL).exit == 0
    assert server.files() == {}
    well_sent(there, server, "taken")
    assert there.run().last["submissions"] == 0


def test_a_server_that_takes_the_temporary_file_leaves_it_open_whether_it_has_it(there: Home, server: SftpServer) -> None:
    there.drop(LOCAL)
    server.faults.moves_temporary = True
    assert "it is not known whether" in there("run").out
    written = server.written
    assert "it is not known whether" in there("run").out
    assert (server.written, there.state(TN)) == (written, "ready")


def test_a_lost_answer_to_the_renaming_is_looked_into(there: Home, server: SftpServer) -> None:
    server.faults.lose_rename_answer = True
    there.drop(LOCAL)
    assert "it is not known whether" in there("run").out
    assert there.state(TN) == "ready"
    server.faults = Faults()
    written = server.written
    assert there.run().exit == 0
    assert server.written == written
    well_sent(there, server)


@pytest.fixture
def lost(there: Home, server: SftpServer) -> Home:
    """A home whose submission was taken away by the server, and the answer lost."""
    server.faults = Faults(lose_rename_answer=True, moves_at_once=True)
    there.drop(LOCAL)
    assert there.run().exit == 1
    server.faults = Faults()
    return there


def test_what_is_not_there_any_more_is_not_sent_again_by_itself(lost: Home, server: SftpServer) -> None:
    for _ in range(2):
        done = lost("run")
        assert done.exit == 1
        assert "neither under its name nor under its temporary one" in done.out
    assert (server.files(), lost.state(TN)) == ({}, "ready")


def test_something_else_under_its_name_is_left_and_told(lost: Home, server: SftpServer) -> None:
    server.put("in", "sample-20260302-000001.csv", b"something else")
    done = lost("run")
    assert done.exit == 1
    assert "something else is there under its name" in done.out
    assert server.files()["sample-20260302-000001.csv"] == b"something else"


def test_an_answer_proves_that_a_submission_has_arrived(lost: Home, server: SftpServer) -> None:
    server.put("out", "a.csv", response((lost.pon(TN), "01", "", "ACK")))
    done = lost.run(NEXT)
    assert (done.exit, done.last["submissions"], done.last["exceptions"], done.last["balanced"]) == (0, 1, 0, True)
    assert lost.state(TN) == "acknowledged"


def test_an_operator_sends_again_what_the_partner_has_not_got(lost: Home, server: SftpServer) -> None:
    (name,) = (name for name in server.files("taken") if name.endswith(".csv"))
    done = lost("resend", name, "--why", "they have not got it")
    assert done.exit == 0, done
    assert server.files()[name] == server.files("taken")[name]
    well_sent(lost, server)


def cuts(total: int) -> list[int]:
    """Ten places, or, with BATCHPORT_EVERY_MOMENT, twenty."""
    return [total * part // 20 for part in range(1, 20, 1 if os.environ.get("BATCHPORT_EVERY_MOMENT") else 2)] + [total - 1]


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("rows", [1, 700])
def test_a_connection_cut_anywhere_leaves_one_whole_file_or_none(make_home: Callable[[str], Home], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str, rows: int) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    sheet = [{**LOCAL, "tn": f"617-23{4 + n // 9000}-{n % 9000 + 1000}", "account_number": f"8{n:07d}", "destination": f"line-{n}"} for n in range(rows)]
    with sftp_server(tmp_path / "there") as server:
        ready = reached_by(make_home("ready"), server, "password: {env: SFTP_PASSWORD}")
        ready.set("      responses: /out\n", "")
        ready.drop(*sheet)
        assert ready("intake").exit == 0
        whole = copied(ready, tmp_path / "whole")
        assert whole("submit").exit == 0
        files = server.files()
        name = sent_name(files)
        outcomes = set()
        for cut in cuts(server.up if way == "up" else server.down):
            for path in (server.root / "in").iterdir():
                path.unlink()
            home = copied(ready, tmp_path / f"cut-{cut}")
            server.faults, server.renamed = Faults(**{f"cut_{way}": cut}), []
            first = home("submit", "--format", "json")
            left = server.files()
            assert left.get(name, files[name]) == files[name], cut
            if first.last["submissions"]:
                assert left[name] == files[name], cut
            assert first.exit == (0 if first.last["submissions"] else 1), cut
            assert first.last["lines"]["sent"] == (rows if first.last["submissions"] else 0)
            server.faults = Faults()
            second = home("submit", "--format", "json")
            assert (second.exit, second.last["lines"]["sent"], second.last["balanced"]) == (0, rows, True), (cut, first, second, left.keys(), server.renamed)
            assert server.files() == files, cut
            assert [new for _, new in server.renamed].count(f"/in/{name}") == 1, cut
            outcomes.add((first.last["submissions"], name in left))
        assert (0, False) in outcomes


def copied(home: Home, path: Path) -> Home:
    import shutil

    return Home(Path(shutil.copytree(home.path, path)))


def test_answers_are_fetched_read_and_then_removed(there: Home, server: SftpServer) -> None:
    there.take(LOCAL)
    text = response((there.pon(TN), "01", "", "FOC", "", "", "2026-03-12"))
    server.put("out", "a.csv", text)
    server.put("out", ".hidden.csv", text)
    server.put("out", "b.csv.part", text)
    (server.root / "out" / "folder").mkdir()
    done = there.run(NEXT)
    assert (done.exit, done.last["files"]["read"]) == (0, 1)
    assert there.state(TN) == "confirmed"
    assert sorted(server.files("out")) == [".hidden.csv", "b.csv.part"]
    assert list((there.path / ".fetched" / "sample").iterdir()) == []
    assert len(list(there.path.glob("archive/*/responses-sample/a.csv"))) == 1


def test_answers_are_moved_where_the_settings_say_so_and_nothing_is_written_over(there: Home, server: SftpServer) -> None:
    there.set("      timeout: 5\n", "      timeout: 5\n      after_download: move\n      move_to: /done\n")
    there.take(LOCAL)
    server.put("done", "a.csv", "an older one")
    text = response((there.pon(TN), "01", "", "ACK"))
    server.put("out", "a.csv", text)
    assert there.run(NEXT).exit == 0
    done = server.files("done")
    assert (server.files("out"), done.pop("a.csv"), list(done.values())) == ({}, b"an older one", [text.encode()])


def test_an_answer_that_cannot_be_removed_changes_nothing_the_second_time(there: Home, server: SftpServer) -> None:
    there.take(LOCAL)
    server.put("out", "a.csv", response((there.pon(TN), "01", "", "ACK")))
    server.faults.keep = True
    first = there.run(NEXT)
    assert (first.exit, first.last["files"]["read"]) == (1, 1)
    second = there.run(NEXT)
    assert (second.exit, second.last["files"]["read"], second.last["files"]["repeated"]) == (1, 0, 1)
    server.faults.keep = False
    assert there.run(NEXT).exit == 0
    assert server.files("out") == {}
    assert there.run(NEXT).last["changed"] is False


def test_an_answer_that_cannot_be_read_is_set_aside_and_then_removed_there(there: Home, server: SftpServer) -> None:
    server.put("out", "bad.csv", "nothing of the kind")
    done = there.run()
    assert (done.exit, done.last["files"]["set_aside"]) == (1, 1)
    assert (server.files("out"), len(list(there.path.glob("quarantine/sample/bad.csv")))) == ({}, 1)


def test_an_answer_that_is_still_being_written_waits(there: Home, server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import batchport.pipeline.fetching as fetching

    there.take(LOCAL)
    text = response((there.pon(TN), "01", "", "ACK"))
    path = server.put("out", "a.csv", text[:20], age=0)
    sleep = fetching.time.sleep

    def grows(seconds: float) -> None:
        path.write_bytes(path.read_bytes() + b"x")
        sleep(seconds)

    monkeypatch.setattr(fetching.time, "sleep", grows)
    done = there.run(NEXT)
    assert (done.exit, done.last["files"]["set_aside"]) == (0, 0)
    assert "a.csv" in server.files("out")
    monkeypatch.undo()
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    server.put("out", "a.csv", text, age=0)
    assert there.run(NEXT).last["files"]["read"] == 1
    assert there.state(TN) == "acknowledged"


def test_a_manifest_beside_an_answer_is_kept_to(there: Home, server: SftpServer) -> None:
    there.take(LOCAL)
    server.put("out", "a.csv", response((there.pon(TN), "01", "", "ACK")))
    server.put("out", "a.csv.manifest.json", json.dumps({"lines": 2}))
    done = there.run(NEXT)
    assert done.last["files"]["set_aside"] == 1
    assert server.files("out") == {}


def test_a_plan_speaks_to_no_server(there: Home, server: SftpServer) -> None:
    there.drop(LOCAL)
    done = there("run", "--dry-run")
    assert "sample-20260302-000001.csv" in done.out
    assert (server.up, server.files()) == (0, {})


def test_what_was_left_unsent_waits_for_the_window(there: Home, server: SftpServer) -> None:
    server.faults = Faults(denied=True)
    assert there.take(LOCAL).exit == 1
    server.faults = Faults()
    there.set("    profile: generic-csv\n", '    profile: generic-csv\n    windows: "09:00-12:00"\n')
    assert there.run().last["submissions"] == 0
    assert server.files() == {}
    assert there("submit", "--now").exit == 0
    well_sent(there, server)


def test_a_partner_that_is_gone_from_the_settings_is_told_of(there: Home, server: SftpServer) -> None:
    server.faults = Faults(denied=True)
    assert there.take(LOCAL).exit == 1
    there.set("  sample:\n", "  other:\n")
    there.set("{partner: sample}", "{partner: other}")
    done = there("run")
    assert done.exit == 1
    assert "there is no partner 'sample' in the configuration any more" in done.out


def test_an_answer_with_a_name_that_is_no_text_is_read(there: Home, server: SftpServer) -> None:
    there.take(LOCAL)
    (server.root / "out" / os.fsdecode(b"answer-\xe9.csv")).write_text(response((there.pon(TN), "01", "", "ACK")))
    assert there("run", at=NEXT).exit == 0
    assert (there.state(TN), server.files("out")) == ("acknowledged", {})


@pytest.mark.skipif(not SSHD, reason="OpenSSH's sshd is not installed here")
def test_openssh_is_served(home: Home, tmp_path: Path) -> None:
    with openssh_server(tmp_path / "there", tmp_path / "sshd") as server:
        settled(home.path / "keys" / "ssh", server.client_key.export_private_key())
        reached_by(home, server, "key: {file: keys/ssh}", user=getpass.getuser(), root=str(server.root))
        assert home.take(LOCAL).exit == 0
        name = well_sent(home, server)
        server.put("out", "a.csv", response((home.pon(TN), "01", "", "ACK")))
        assert home.run(NEXT).exit == 0
        assert (home.state(TN), server.files("out")) == ("acknowledged", {})
        server.put("in", "sample-20260303-000002.csv", "other bytes")
        assert home.take(TOLL_FREE, name="two.csv", at=NEXT).exit == 1
        assert server.files()["sample-20260303-000002.csv"] == b"other bytes"
        assert name in server.files()
        (server.root / "in").chmod(0o700)


