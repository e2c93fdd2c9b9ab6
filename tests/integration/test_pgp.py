"""Submissions signed and encrypted, answers decrypted and verified, and a warning before a key ends."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pysequoia
import pytest

from tests.conftest import EVENING, LOCAL, NEXT, Home, response, settled

TN = "617-234-0142"
DAY = 86_400


@dataclass(frozen=True)
class Pair:
    """Our key and the partner's, and another one that nobody trusts."""

    ours: pysequoia.Tsk
    theirs: pysequoia.Tsk
    strange: pysequoia.Tsk

    def open(self, data: bytes) -> bytes:
        """What the partner reads."""
        known = [self.ours.extract_certificate()]
        found = pysequoia.decrypt(data, self.theirs.decryptor(), lambda _: known)
        assert found.valid_sigs
        return bytes(found.bytes or b"")

    def answer(self, text: str, signer: pysequoia.Tsk | None = None) -> bytes:
        """What the partner sends."""
        return bytes(pysequoia.encrypt(text.encode(), [self.ours.extract_certificate()], (signer or self.theirs).signer(), armor=False))


@pytest.fixture(scope="module")
def keys() -> Pair:
    return Pair(*(pysequoia.Tsk.generate(user_id=f"{name} <{name}@sample.example>") for name in ("ours", "theirs", "strange")))


@pytest.fixture
def secret(home: Home, keys: Pair, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose partner speaks PGP."""
    monkeypatch.setenv("OUR_PGP", str(keys.ours))
    settled(home.path / "keys" / "theirs.asc", str(keys.theirs.extract_certificate()))
    home.set(
        "    profile: generic-csv\n",
        """    profile: generic-csv
    pgp:
      encrypt_to: {file: keys/theirs.asc}
      sign_with: {env: OUR_PGP}
      decrypt_with: [{env: OUR_PGP}]
      verify_with: [{file: keys/theirs.asc}]
""",
    )
    return home


def test_what_is_sent_can_be_read_by_the_partner_alone_and_is_ours(secret: Home, keys: Pair) -> None:
    done = secret.take(LOCAL)
    assert done.exit == 0, done
    name = "sample-20260302-000001.csv.pgp"
    folder = secret.path / "outbox" / "sample"
    assert sorted(path.name for path in folder.iterdir()) == [name, f"{name}.manifest.json"]
    data = (folder / name).read_bytes()
    assert LOCAL["account_number"].encode() not in data
    assert keys.open(data).startswith(b"PON,VER,SUP,TN")
    said = json.loads((folder / f"{name}.manifest.json").read_bytes())
    assert (said["file"], said["sha256"], said["bytes"], said["lines"]) == (name, hashlib.sha256(data).hexdigest(), len(data), 1)


def test_a_plan_is_made_with_the_same_keys(secret: Home) -> None:
    secret.drop(LOCAL)
    done = secret("run", "--dry-run")
    assert done.exit == 0
    assert "sample-20260302-000001.csv.pgp: 1 orders, 1 lines" in done.out


def test_sent_again_are_the_same_bytes(secret: Home) -> None:
    secret.take(LOCAL)
    path = secret.path / "outbox" / "sample" / "sample-20260302-000001.csv.pgp"
    data = path.read_bytes()
    path.unlink()
    assert secret("resend", "sample-20260302-000001.csv").exit == 0
    assert path.read_bytes() == data


def test_an_answer_is_decrypted_and_its_signature_verified(secret: Home, keys: Pair) -> None:
    secret.take(LOCAL)
    text = response((secret.pon(TN), "01", "", "ACK"))
    data = keys.answer(text)
    settled(secret.path / "responses" / "sample" / "a.csv.pgp", data)
    settled(secret.path / "responses" / "sample" / "a.csv.pgp.manifest.json", json.dumps({"sha256": hashlib.sha256(data).hexdigest(), "lines": 1}))
    assert secret.run(NEXT).exit == 0
    assert secret.state(TN) == "acknowledged"
    settled(secret.path / "responses" / "sample" / "b.csv.pgp", keys.answer(text))
    assert secret.run(NEXT).last["files"]["repeated"] == 1


@pytest.mark.parametrize("fault", ["signed by another", "not encrypted", "damaged", "another manifest"])
def test_an_answer_that_is_not_as_it_should_be_is_set_aside(secret: Home, keys: Pair, fault: str) -> None:
    secret.take(LOCAL)
    text = response((secret.pon(TN), "01", "", "ACK"))
    good = keys.answer(text)
    data = {"signed by another": keys.answer(text, keys.strange), "not encrypted": text.encode(), "damaged": good[:-9], "another manifest": good}[fault]
    settled(secret.path / "responses" / "sample" / "a.csv.pgp", data)
    if fault == "another manifest":
        settled(secret.path / "responses" / "sample" / "a.csv.pgp.manifest.json", json.dumps({"sha256": "0" * 64}))
    done = secret.run(NEXT)
    assert (done.exit, done.last["files"]["set_aside"]) == (1, 1)
    assert secret.state(TN) == "submitted"
    assert (secret.path / "quarantine" / "sample" / "a.csv.pgp").is_file()


@pytest.fixture
def gpg(keys: Pair) -> Iterator[Callable[..., bytes]]:
    """GnuPG as the partner has it; the path to its sockets must be short."""
    home = Path(tempfile.mkdtemp(prefix="gpg-"))

    def run(*words: str, given: bytes) -> bytes:
        return subprocess.run(
            ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--trust-model", "always", *words], input=given, capture_output=True, check=True
        ).stdout

    # Keys of GnuPG's own making: others may ask for a newer form of encryption than it reads.
    for name in ("theirs", "strange"):
        run("--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key", f"{name}@sample.example", "default", "default", "2y", given=b"")
    run("--import", given=str(keys.ours.extract_certificate()).encode())
    yield run
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.skipif(not shutil.which("gpg"), reason="GnuPG is not installed here")
@pytest.mark.parametrize("compress", ["zip", "none"])
@pytest.mark.parametrize("signer", ["theirs", "strange", None])
def test_gnupg_reads_what_is_sent_and_what_it_answers_is_read(secret: Home, gpg: Callable[..., bytes], compress: str, signer: str | None) -> None:
    settled(secret.path / "keys" / "theirs.asc", gpg("--armor", "--export", "theirs@sample.example", given=b""))
    secret.take(LOCAL)
    data = (secret.path / "outbox" / "sample" / "sample-20260302-000001.csv.pgp").read_bytes()
    assert gpg("--decrypt", given=data).startswith(b"PON,VER,SUP,TN")
    sign = ("--sign", "--local-user", f"{signer}@sample.example") if signer else ()
    text = response((secret.pon(TN), "01", "", "ACK")).encode()
    settled(secret.path / "responses" / "sample" / "a.csv.gpg", gpg("--compress-algo", compress, "--recipient", "ours@sample.example", "--encrypt", *sign, given=text))
    good = signer == "theirs"
    done = secret.run(NEXT)
    assert (done.exit, done.last["files"]["read"], done.last["files"]["set_aside"]) == ((0, 1, 0) if good else (1, 0, 1))
    assert secret.state(TN) == ("acknowledged" if good else "submitted")


def test_an_answer_waits_where_it_is_while_our_own_key_is_missing(secret: Home, keys: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    secret.take(LOCAL)
    settled(secret.path / "responses" / "sample" / "a.csv.pgp", keys.answer(response((secret.pon(TN), "01", "", "ACK"))))
    monkeypatch.delenv("OUR_PGP")
    done = secret("run", at=NEXT)
    assert done.exit == 1
    assert "OUR_PGP" in done.out
    path = secret.path / "responses" / "sample" / "a.csv.pgp"
    for more in ((), ("--dry-run",)):
        named = secret("reconcile", path, "--partner", "sample", *more)
        assert named.exit == 2
        assert "OUR_PGP" in named.err
    assert (secret.path / "responses" / "sample" / "a.csv.pgp").is_file()
    monkeypatch.setenv("OUR_PGP", str(keys.ours))
    assert secret.run(NEXT).exit == 0


def test_nothing_is_sent_in_clear_where_a_key_is_missing(secret: Home) -> None:
    (secret.path / "keys" / "theirs.asc").unlink()
    secret.drop(LOCAL)
    done = secret("run")
    assert done.exit == 1
    assert "nothing was sent to sample" in done.out
    assert (list((secret.path / "outbox" / "sample").iterdir()), secret.state(TN)) == ([], "ready")


@pytest.mark.parametrize(("days", "warns"), [(29, True), (31, False)])
def test_a_key_that_ends_within_thirty_days_is_told_where_it_is_used(secret: Home, days: int, warns: bool) -> None:
    # Whether a key counts is by the machine's own clock, so the time to go by is that too.
    at = datetime.now(UTC).isoformat(timespec="seconds")
    key = pysequoia.Tsk.generate(user_id="soon <soon@sample.example>", validity_seconds=days * DAY)
    settled(secret.path / "keys" / "theirs.asc", str(key.extract_certificate()))
    secret.drop(LOCAL)
    done = secret("run", at=at)
    assert ("in `encrypt_to` expires on" in done.out) is warns
    assert done.exit == int(warns)
    assert secret.state(TN) == "submitted"
    assert secret.run(at).exit == 0


def test_a_key_of_ours_that_cannot_be_read_sets_nothing_aside(secret: Home, keys: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    secret.take(LOCAL, at=EVENING)
    monkeypatch.setenv("OUR_PGP", "no key at all")
    settled(secret.path / "responses" / "sample" / "a.csv.pgp", keys.answer(response((secret.pon(TN), "01", "", "ACK"))))
    done = secret.run(NEXT)
    assert (done.exit, done.last["files"]["set_aside"]) == (1, 0)
