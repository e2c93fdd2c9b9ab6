"""Settings of a partner's transport and PGP: what is wrong is told by file, line and the nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batchport.config import ConfigProblem, Local, Sftp, load
from tests.conftest import LOCAL, Home

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGTHZn7RGjWlY7fYrVFAW3GN1vN5bxwJ6/KqCyPLJHZd"
GOOD = {"kind": "sftp", "host": "sftp.sample.example", "username": "acme", "password": "{env: PW}", "host_keys": f"['{KEY}']", "outbox": "/in"}


def config(path: Path, transport: str, more: str = "") -> Path:
    file = path / "config.yaml"
    file.write_text(f"partners:\n  sample:\n    profile: generic-csv\n    transport: {transport}\n{more}", "utf-8")
    return file


def sftp(**changes: str | None) -> str:
    return "\n" + "\n".join(f"      {name}: {value}" for name, value in {**GOOD, **changes}.items() if value is not None)


@pytest.mark.parametrize("transport", ["local", "{kind: local}"])
def test_a_local_folder_may_be_said_in_one_word(tmp_path: Path, transport: str) -> None:
    assert load(config(tmp_path, transport)).partners["sample"].transport == Local()


def test_a_server_needs_little(tmp_path: Path) -> None:
    found = load(config(tmp_path, sftp())).partners["sample"].transport
    assert isinstance(found, Sftp)
    assert (found.port, found.host_keys, found.responses, found.after_download, found.timeout) == (22, (KEY,), None, "delete", 60)


WRONG = {
    "a misspelt name": (sftp(usrname="x"), "line 11: there is no setting 'partners.sample.transport.usrname'; did you mean 'username'?"),
    "another kind": ("sfpt", "line 4: partners.sample.transport: 'sfpt' is none of 'local', 'sftp'; did you mean 'sftp'?"),
    "no kind": ("{host: x}", "line 4: the setting 'partners.sample.transport.kind' is missing"),
    "a name of the other kind": ("{kind: local, host: x}", "line 4: there is no setting 'partners.sample.transport.host'"),
    "one word for a server": ("sftp", "line 4: the setting 'partners.sample.transport.host' is missing"),
    "no host key": (sftp(host_keys=None), "line 4: the setting 'partners.sample.transport.host_keys' is missing"),
    "an empty list of host keys": (sftp(host_keys="[]"), "name the server's host key in 'host_keys'; there is no way to do without"),
    "what is no host key": (sftp(host_keys="['SHA256:abc']"), "line 9: partners.sample.transport.host_keys.0: a host key is a line such as"),
    "nothing to log in with": (sftp(password=None), "name a 'password' or a 'key'"),
    "a secret in the settings": (sftp(password="hunter2"), "partners.sample.transport.password"),
    "moving to nowhere": (sftp(after_download="move"), "'after_download: move' and 'move_to' go together"),
    "moving without being told": (sftp(move_to="/done"), "'after_download: move' and 'move_to' go together"),
    "moving to where it is": (sftp(after_download="move", responses="/out", move_to="/out/"), "must be another folder"),
    "another end of an answer": (sftp(after_download="keep"), "'keep' is none of 'delete' or 'move'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_transport_is_told(tmp_path: Path, case: str) -> None:
    transport, words = WRONG[case]
    with pytest.raises(ConfigProblem) as told:
        load(config(tmp_path, transport))
    assert words in str(told.value)
    assert "hunter2" not in str(told.value)


MORE = {
    "    pgp: {encrypt_too: {env: A}}\n": "there is no setting 'partners.sample.pgp.encrypt_too'; did you mean 'encrypt_to'?",
    "    pgp: {suffix: .gpg}\n": "name what is to be done",
    "    pgp: {encrypt_to: [{env: A, file: B}]}\n": "a secret is named as {env: NAME} or {file: PATH}",
    "    pgp: {encrypt_to: {env: A}, suffix: ../x}\n": "pgp.suffix",
    "    resend_name: again.csv\n": "needs {number}",
    "    resend_name: '{name}{number}'\n": "is a template such as",
    "    resend_name: '../{stem}{number}'\n": "not the name of a file",
}


@pytest.mark.parametrize("more", MORE)
def test_a_wrong_setting_beside_it_is_told(tmp_path: Path, more: str) -> None:
    with pytest.raises(ConfigProblem) as told:
        load(config(tmp_path, "local", more))
    assert "line 5" in str(told.value)
    assert MORE[more] in str(told.value)


def test_the_example_s_own_server_and_keys_are_settings_that_can_be_used(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "config.example.yaml").read_text("utf-8")
    _, _, after = text.partition("partners:\n")
    block, _, _ = after.partition("\n\n")
    (tmp_path / "config.yaml").write_text("partners:\n" + re.sub("^    # ", "    ", block, flags=re.MULTILINE), "utf-8")
    partner = load(tmp_path / "config.yaml").partners["sample"]
    assert isinstance(partner.transport, Sftp)
    assert partner.pgp is not None
    assert partner.resend_name


def test_a_server_never_shows_its_secrets() -> None:
    from batchport.transport.pgp import Keys
    from batchport.transport.sftp import Server

    server = Server("host", 22, "us", "hunter2", "-----BEGIN hunter2", (KEY,), 60)
    assert "hunter2" not in repr(server) + repr(Keys(sign_with=b"hunter2", decrypt_with=(b"hunter2",), passphrase="hunter2"))


def test_a_database_from_before_goes_on(home: Home) -> None:
    """What was sent stays sent; what was stored and not sent goes with the next pass, once."""
    assert home.take(LOCAL).exit == 0
    path = home.path / "outbox" / "sample" / "sample-20260302-000001.csv"
    sent = path.read_bytes()
    home.bring_back("0003")
    with home.database() as database:
        database.execute("update submissions set state = 'stored', sent = null")
        database.execute("update rows set state = 4, ver = 0, answered = false")
        database.execute("update orders set ver = 0, taken_by = 1")
    database.close()
    path.unlink()
    done = home.run()
    assert (done.exit, done.last["submissions"], done.last["balanced"]) == (0, 1, True)
    assert (path.read_bytes(), home.state(LOCAL["tn"])) == (sent, "submitted")
    assert home("resend", path.name, "--why", "a trial").exit == 0
