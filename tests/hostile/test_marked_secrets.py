"""Marked secrets in every kind of file, through whole nights: searched for in all that is left behind, as they are and in what they may be wrapped in."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from unittest import mock

import pytest
from pypdf import PdfReader

from batchport.domain.cases import pdf
from tests.conftest import EVENING, LOCAL, NEXT, ROOT, THIRD, Home, account, settled, sheet
from tests.mailserver import Mailbox, served
from tests.servers import USER, sftp_server

#: Found nowhere else: whoever finds one of these has found a leak.
PIN, ACCOUNT, PASSWORD = "7Q4X91ZW", "ZK88120557341", "hunter2-hunter2"
ECHOED, INNER = "9W8V7U6T", "QJ5512098844"
SECRETS = (PIN, ACCOUNT, ECHOED, INNER, PASSWORD)
#: What comes in and what goes out; the settings and keys are their owner's.
DOORS = ("inbox/", "outbox/")


def forms(secret: str) -> list[bytes]:
    """A secret as it may stand in bytes: as text, in either case, in UTF-16, as hexadecimal digits, and in base64 wherever it begins."""
    plain = secret.encode()
    parts = [base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 : -4] for shift in range(3)]
    return [plain, secret.lower().encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be"), plain.hex().encode(), *(part for part in parts if len(part) >= 8)]


def inside(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Some bytes, and what is packed into them: parts of zip archives and mails, streams of PDFs and their text."""
    yield data
    if depth > 4:
        return
    parts: list[bytes] = []
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    if re.match(rb"[A-Za-z-]+: ", data) and b"\nMIME-Version:" in data:
        parts += [content for part in message_from_bytes(data).walk() if isinstance(content := part.get_payload(decode=True), bytes)]
    if data.startswith(b"%PDF") and len(data) > 2000:
        parts.append("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).encode())
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
            try:
                parts.append(zlib.decompress(stream))
            except zlib.error:
                continue
    for part in parts:
        yield from inside(part, depth + 1)


def holding(data: bytes, secrets: tuple[str, ...] = SECRETS) -> list[str]:
    """The secrets that some bytes hold."""
    return [secret for secret in secrets if any(form in part for part in inside(data) for form in forms(secret))]


def leaks(home: Home, secrets: tuple[str, ...] = SECRETS) -> list[tuple[str, list[str]]]:
    """The files below the home that hold secrets, doors left out."""
    paths = [path for path in sorted(home.path.rglob("*")) if path.is_file() and not str(path.relative_to(home.path)).startswith(DOORS)]
    found = [(str(path.relative_to(home.path)), holding(path.read_bytes(), secrets)) for path in paths]
    return [(name, some) for name, some in found if some]


def test_the_search_finds_what_is_wrapped(tmp_path: Path) -> None:
    """A search that finds nothing proves nothing unless it would."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("a.txt", f"a {PIN} b")
    for data in (f"x{PIN}".encode(), PIN.encode("utf-16-le"), base64.b64encode(b"xy" + PIN.encode() + b"zz"), packed.getvalue(), PIN.encode().hex().encode()):
        assert holding(data) == [PIN]
    assert holding(b"nothing of the kind") == []


ROWS = (LOCAL | {"pin": PIN, "account_number": ACCOUNT, "contact_email": "it@acme.example", "loa_file": "letter.pdf"}, *account(3, pin=PIN, account_number=f"{ACCOUNT}M"))


def workbook(*rows: dict[str, str]) -> bytes:
    """Rows as an XLSX."""
    from openpyxl import Workbook

    book, target = Workbook(), io.BytesIO()
    for line in sheet(*rows).splitlines():
        book.active.append(line.split(","))  # type: ignore[union-attr]
    book.save(target)
    return target.getvalue()


def bundle(*rows: dict[str, str]) -> bytes:
    """Rows as a sheet in a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("inner.csv", sheet(*rows))
    return target.getvalue()


def fill(home: Home) -> None:
    """Every kind of file, with secrets in each."""
    settled(home.path / "inbox" / "acme" / "letter.pdf", pdf() + f"\n% account {ACCOUNT} PIN {PIN}\n")
    home.drop(*ROWS, name="rows.csv", papers=False)
    home.drop(name="book.xlsx", content=workbook(LOCAL | {"tn": "617-236-3001", "pin": PIN, "account_number": INNER, "destination": "line-3001"}))
    home.drop(name="bundle.zip", content=bundle(LOCAL | {"tn": "617-236-3002", "pin": PIN, "account_number": f"{INNER}2", "destination": "line-3002", "name": ""}))
    home.drop(name="broken.xlsx", content=f"{PIN} {ACCOUNT}".encode() * 30)
    home.drop({name: value for name, value in ROWS[0].items() if name not in ("losing_carrier", "loa_file")}, name="unmapped.csv")
    home.drop(name="bad.csv", content=b"\xff\xfe" + f"{PIN},{ACCOUNT}".encode("utf-16-le"))


def answer(home: Home) -> None:
    """Answers that repeat PINs and account numbers in their reasons."""
    pon = home.pon(LOCAL["tn"])
    settled(home.path / "responses" / "sample" / "broken.csv", f"PON,{PIN},{ACCOUNT}\r\n")
    home.answer(
        (pon, "01", LOCAL["tn"], "REJECT", "8C", f"PIN {PIN} is not that of account {ACCOUNT}; see ticket 4455667"),
        ("", "", "6172362201", "DELAY", "", f"we have account={ACCOUNT}M,pin={PIN}"),
        ("", "", "6179990000", "REJECT", "8A", f"PIN {ECHOED} of account {INNER}, call 800-555-0199"),
        run=False,
    )  # fmt: skip


def test_nights_of_everything_leave_no_secret_behind(home: Home) -> None:
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    alert: true\n")
    fill(home)
    said = [home.run(EVENING)]
    (letter,) = home.path.glob("outbox/sample/*-loa.pdf")
    assert holding(letter.read_bytes()) == [PIN, ACCOUNT]
    answer(home)
    said.append(home.run(NEXT))
    (back,) = home.path.glob("results/acme/book.*.xlsx")
    home.drop(name="back.xlsx", content=back.read_bytes())
    said += [home.run(THIRD), home("report", "-o", home.path / "report.html"), home("balance", "-o", home.path / "balance.xlsx")]
    said += [home("trace", "rows.csv"), home("trace", home.pon(LOCAL["tn"])), home("exceptions"), home("exceptions", "--format", "json"), home("status", "--format", "json"), home("purge", "--dry-run")]
    assert {done.exit for done in said} <= {0, 1}
    assert holding("".join(done.out + done.err for done in said).encode()) == []
    assert leaks(home) == []


def test_what_a_partner_says_besides_stays_readable(home: Home) -> None:
    home.take(*ROWS)
    answer(home)
    home.run(NEXT)
    with home.database() as connection:
        texts = {text for (text,) in connection.execute("select text from sayings union select text from exceptions")}
    assert texts == {"PIN **** is not that of account ****41; see ticket 4455667", "we have account=****1M,pin=****", "PIN **** of account ****, call 800-555-0199"}


def test_the_same_answer_again_changes_nothing_though_it_repeats_secrets(home: Home) -> None:
    home.take(*ROWS)
    answer(home)
    home.run(NEXT)
    again = (home.pon(LOCAL["tn"]), "01", LOCAL["tn"], "REJECT", "8C", f"PIN {PIN} is not that of account {ACCOUNT}; see ticket 4455667")
    home.answer(again, name="again.csv", at=THIRD)
    assert [line["reason"] for line in home.exceptions()] == ["unknown-order"]


def test_after_a_purge_and_a_new_key_nothing_is_left_either(home: Home) -> None:
    fill(home)
    home.run(EVENING)
    home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
    for command in (("keys", "new"), ("keys", "rotate"), ("purge",)):
        done = home(*command, "--why", "x", at=THIRD)
        assert (done.exit, holding((done.out + done.err).encode())) == (0, [])
    assert leaks(home) == []


class TestServers:
    """Partners and mail servers that fail, with passwords in the settings."""

    def test_passwords_and_what_was_to_be_sent_are_told_nowhere(self, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_PASSWORD", PASSWORD)
        with sftp_server(tmp_path / "there") as server, served(Mailbox(answers={"AUTH": ["535 5.7.8 no"] * 9})) as mail:
            home.set(
                "    profile: generic-csv\n",
                f"""    profile: generic-csv
    transport: {{kind: sftp, host: 127.0.0.1, port: {server.port}, username: {USER}, password: {{env: SECRET_PASSWORD}}, host_keys: ["{server.host_line}"], outbox: /in, timeout: 5}}
""",
            )
            home.config.write_text(home.config.read_text() + f"smtp: {{host: 127.0.0.1, port: {mail.port}, tls: plain, username: x, password: {{env: SECRET_PASSWORD}}}}\n")
            home.drop(*ROWS, papers=True)
            done = home.run()
            looked = home("status")
        assert (done.exit, done.last["submissions"]) == (1, 0)
        assert done.last["mails"]["sent"] == 0
        assert holding((done.out + done.err + looked.out).encode()) == []
        assert leaks(home) == []


#: Where a pass is made to fail, with an error whose words hold a secret.
FAILS = {
    "reading": "batchport.pipeline.intake.read_requests",
    "checking": "batchport.pipeline.sheets.check_rows",
    "sealing": "batchport.pipeline.sheets.seal_sheet",
    "ordering": "batchport.pipeline.sheets.settle_new",
    "storing": "batchport.pipeline.sheets.insert_pieces",
    "rendering": "batchport.pipeline.submit.render",
    "sending": "batchport.pipeline.sending.files_of",
    "mailing": "batchport.pipeline.view.sheet_results",
    "shelving": "batchport.pipeline.shelves.closed",
    "counting": "batchport.pipeline.run.counted",
}


@pytest.mark.parametrize("place", list(FAILS))
@pytest.mark.parametrize("error", [RuntimeError, KeyError, OSError])
def test_a_fault_anywhere_tells_no_secret_even_in_its_traceback(home: Home, monkeypatch: pytest.MonkeyPatch, place: str, error: type[Exception]) -> None:
    monkeypatch.setenv("BATCHPORT_DEBUG", "1")

    def fails(*_: object, **__: object) -> None:
        try:
            raise ValueError(f"inner {PIN}")
        except ValueError as inner:
            raise error(f"outer {ACCOUNT}") from inner

    home.drop(*ROWS)
    with mock.patch(FAILS[place], fails):
        done = home.run()
    assert done.exit in (1, 3), done
    assert holding((done.out + done.err).encode()) == []
    assert leaks(home) == []
    if place == "counting":  # what fails before costs its own unit of work alone
        assert "builtins.ValueError" in done.err
        assert "in fails" in done.err


#: Settings that hold a secret where its place should be named.
WRITTEN_OUT = {
    "the mail server's password": "smtp: {host: mail.example, username: x, password: hunter2-hunter2}\n",
    "the sealing key": "keys: hunter2-hunter2\n",
    "the sealing key as a list": "keys: [hunter2-hunter2]\n",
    "a word that is none of ours": "keys: {value: hunter2-hunter2}\n",
    "a setting that does not exist": "api_token: hunter2-hunter2\n",
}


@pytest.mark.parametrize("kind", list(WRITTEN_OUT))
def test_a_secret_in_the_settings_is_refused_and_not_repeated(home: Home, kind: str) -> None:
    text = home.config.read_text()
    home.config.write_text((re.sub(r"(?m)^keys:.*\n", "", text) if kind != "the mail server's password" else text) + WRITTEN_OUT[kind])
    done = home("status")
    assert done.exit == 2
    assert "config.yaml" in done.err
    assert PASSWORD not in done.out + done.err


@pytest.mark.parametrize("line", ["password: hunter2-hunter2", "key: hunter2-hunter2"])
def test_a_partners_secret_in_the_settings_is_refused_and_not_repeated(home: Home, line: str) -> None:
    home.set("    profile: generic-csv\n", f"    profile: generic-csv\n    transport: {{kind: sftp, host: h, username: u, {line}, host_keys: [], outbox: /in}}\n")
    done = home("status")
    assert (done.exit, PASSWORD in done.out + done.err) == (2, False)
    assert "a secret is never written here" in done.err


def test_a_damaged_key_file_is_told_without_its_content(home: Home) -> None:
    (home.path / "keys" / "seal.key").write_text(f"0011 {PASSWORD}\n")
    done = home("status")
    assert (done.exit, PASSWORD in done.out + done.err) == (2, False)


@contextmanager
def arguments_watched() -> Iterator[set[str]]:
    """The command lines of all processes of batchport that are seen meanwhile."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    if b"batchport" in (command := (folder / "cmdline").read_bytes()):
                        seen.add(command.decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_no_process_has_a_secret_among_its_arguments(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_KEYS", (home.path / "keys" / "seal.key").read_text())
    home.set("keys: {file: keys/seal.key}", "keys: {env: SEAL_KEYS}")
    fill(home)
    with arguments_watched() as seen:
        done = in_process(home, "run")
    assert done.returncode in (0, 1), done
    assert any("child" in one for one in seen)  # the reading process was seen
    key = os.environ["SEAL_KEYS"].split()[1]
    assert [one for one in seen if holding(one.encode()) or key in one] == []


def in_process(home: Home, *words: str, umask: int | None = None) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own."""
    command = [sys.executable, "-m", "batchport", "--config", str(home.config), "--at", EVENING, *words]
    return subprocess.run(command, check=False, capture_output=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}, umask=-1 if umask is None else umask)


def test_the_log_of_serve_tells_no_secret(home: Home) -> None:
    fill(home)
    command = [sys.executable, "-m", "batchport", "--config", str(home.config), "serve"]
    with (home.path.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT), "BATCHPORT_DEBUG": "1"})
        try:
            end = time.monotonic() + 60
            while not list((home.path / "mail").glob("received*")) and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert list((home.path / "mail").glob("received*"))
    assert holding((home.path.parent / "log").read_bytes()) == []
    assert leaks(home) == []


def test_everything_is_the_owners_alone_whatever_the_umask(home: Home) -> None:
    made = home.path.parent / "made"
    command = [sys.executable, "-m", "batchport", "init", str(made)]
    assert subprocess.run(command, check=False, capture_output=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}, umask=0).returncode == 0
    fresh = Home(made)
    fresh.set("limits:\n", "limits:\n  settle: 0.05\n")
    fill(fresh)
    before = {path for path in made.rglob("*") if str(path.relative_to(made)).startswith("inbox/")}
    for words in (("run",), ("report", "-o", str(made / "report.html")), ("keys", "new", "--why", "x"), ("keys", "rotate", "--why", "x"), ("balance", "-o", str(made / "b.xlsx"))):
        done = in_process(fresh, *words, umask=0)
        assert done.returncode in (0, 1), done
    (opened,) = made.glob("archive/*/acme/rows.csv")
    assert in_process(fresh, "archive", "open", str(opened), "-o", str(made / "out.csv"), "--why", "x", umask=0).returncode == 0
    loose = [str(path.relative_to(made)) for path in made.rglob("*") if path not in before and path.stat().st_mode & 0o077]
    assert loose == []
