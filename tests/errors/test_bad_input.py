"""What is wrong from outside: each a clear message with what to do, the exit status of the contract, nothing lost, no traceback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import LOCAL, NEXT, ROOT, Home, Result, batchport, batchport_process, response, settled, sheet, snapshot
from tests.postgresql import ON_POSTGRESQL


def _may_do_everything() -> bool:
    """Whether rights do not hold for us: so it is for root, but for one without its privileges."""
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0o400)
        return os.access(file.name, os.W_OK)


def assert_told(done: Result, status: int, *words: str) -> None:
    """The exit status, and a message with these words and no traceback."""
    assert done.exit == status, done
    said = done.out + done.err
    for word in words:
        assert word in said
    assert "Traceback" not in said
    assert "fault of the program" not in said
    if status == 2:
        assert done.err.strip()


class TestCommandLine:
    """What is typed."""

    @pytest.mark.parametrize("command", [("check",), ("reconcile", "--partner", "sample"), ("intake", "--again")])
    def test_a_missing_file(self, home: Home, command: tuple[str, ...]) -> None:
        missing = home.path / "missing.csv"
        args = (command[0], missing, *command[1:]) if command[0] == "reconcile" else (*command, missing)
        assert_told(home(*args), 2, "missing.csv", "does not exist")

    @pytest.mark.parametrize("command", [("check",), ("reconcile", "--partner", "sample"), ("intake", "--again")])
    def test_a_folder(self, home: Home, command: tuple[str, ...]) -> None:
        folder = home.path / "inbox"
        args = (command[0], folder, *command[1:]) if command[0] == "reconcile" else (*command, folder)
        assert_told(home(*args), 2, "inbox", "is a folder")

    def test_a_file_that_may_not_be_read(self, home: Home) -> None:
        file = settled(home.path / "secret.csv", sheet(LOCAL))
        link = home.path / "loop.csv"
        link.symlink_to(link)
        assert_told(home("check", link), 2, "loop.csv")
        assert file.exists()

    @pytest.mark.parametrize(("args", "words"), [
        (("chekc", "x.csv"), ("'chekc'", "check")), (("frobnicate",), ("'frobnicate'", "--help")), (("check",), ("FILE",)), (("status", "--state", "gone"), ("gone",)),
        (("rules", "pin-mising"), ("pin-mising", "pin-missing")), (("--at", "yesterday", "run"), ("yesterday", "2026")), (("check", "--customer"), ("--customer",)),
        (("run", "--format", "xml"), ("xml",)), (("reconcile", "--dry-run"), ("FILE",)),
    ])  # fmt: skip
    def test_a_slip_of_the_hand(self, args: tuple[str, ...], words: tuple[str, ...]) -> None:
        assert_told(batchport(*args), 2, *words)

    @pytest.mark.parametrize(("args", "words"), [
        (("status", "--order", "PAAAAAAAAAAA"), ("PAAAAAAAAAAA", "orders")), (("status", "--tn", "617-234-0199"), ("617-234-0199",)), (("status", "--tn", "12"), ("12",)),
        (("status", "--customer", "acne"), ("acne", "acme")), (("orders", "--partner", "sampel"), ("sampel", "sample")), (("orders", "--customer", "acne"), ("acne",)),
        (("submit", "--partner", "sampel"), ("sampel",)), (("trace", "nothing.csv"), ("nothing.csv",)), (("release", "PAAAAAAAAAAA", "--why", "x"), ("PAAAAAAAAAAA",)),
        (("exceptions", "resolve", "7", "--why", "x"), ("7", "batchport exceptions")), (("template", "--customer", "acne"), ("acne", "did you mean 'acme'?")),
        (("carrier", "show", "generic-cvs"), ("generic-cvs", "generic-csv", "carrier list")),
        (("balance", "--since", "monday"), ("monday", "2026-03-02")), (("hold", "PAAAAAAAAAAA"), ("--why",)), (("resend", "gone.csv"), ("gone.csv", "batchport trace")),
        (("columns", "gone.csv"), ("gone.csv",)), (("status", "--ref", "unheard-of"), ()),
        (("status", "--file", "unheard-of.csv"), ()),
    ])  # fmt: skip
    def test_an_unknown_name(self, home: Home, args: tuple[str, ...], words: tuple[str, ...]) -> None:
        home.take(LOCAL)
        if words:
            assert_told(home(*args), 2, *words)
        else:
            assert home(*args).exit in (0, 2)

    def test_a_date_or_number_that_is_none(self, home: Home) -> None:
        home.take(LOCAL)
        pon = home.pon(LOCAL["tn"])
        assert_told(home("redate", pon, "tomorrow", "--why", "x"), 2, "'tomorrow'", "2026-03-09")
        assert_told(home("cancel", pon, "--tn", "123", "--why", "x"), 2, "'123'", "ten digits")

    def test_an_unknown_customer_of_a_check(self, home: Home) -> None:
        assert_told(home("check", home.drop(LOCAL), "--customer", "acne"), 2, "acne", "acme")

    def test_an_unknown_customer_of_a_file_taken_in_again(self, home: Home) -> None:
        file = settled(home.path / "elsewhere" / "a.csv", sheet(LOCAL))
        assert_told(home("intake", "--again", file), 2, "--customer")
        assert_told(home("intake", "--again", file, "--customer", "acne"), 2, "acne")

    def test_output_into_a_folder_that_is_not_there(self, home: Home) -> None:
        assert_told(home("check", home.drop(LOCAL), "-o", home.path / "no" / "out.xlsx"), 2, "no")
        assert_told(home("template", "-o", home.path / "no" / "out.xlsx"), 2, "no")

    @pytest.mark.parametrize("command", [("check", "FILE"), ("template",), ("balance",)])
    def test_output_where_no_file_can_be_written(self, home: Home, command: tuple[str, ...]) -> None:
        file, device = home.drop(LOCAL), home.path / "pipe"
        os.mkfifo(device)
        args = [file if word == "FILE" else word for word in command]
        for target, words in ((home.path / "no" / "out.xlsx", ("no does not exist", "make it")), (home.path / "inbox", ("is a folder", "name a file")), (device, ("is not a file",))):
            assert_told(home(*args, "-o", target), 2, *words)
        assert device.is_fifo()

    def test_a_full_disk(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        file, target = home.drop(LOCAL), home.path / "out.xlsx"

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        assert_told(home("check", file, "-o", target), 2, f"{target}: the disk is full; make room")
        assert [path.name for path in home.path.iterdir() if "out.xlsx" in path.name] == []

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full here")
    @pytest.mark.parametrize("form", ["json", "table"])
    def test_output_that_cannot_be_written(self, form: str) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([sys.executable, "-m", "batchport", "rules", "--format", form], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
        assert_told(Result(done.returncode, "", done.stderr), 2, "the disk is full; make room")

    def test_a_name_that_is_no_text(self, home: Home) -> None:
        file = Path(os.fsdecode(b"\xff.csv"))
        settled(home.path / file, sheet(LOCAL))
        for command in ("read", "check"):
            assert_told(home(command, home.path / file), 0)
        assert home.json("check", home.path / file)[0]["state"] == "read"
        assert_told(home("check", home.path / "gone" / file), 2, "does not exist")

    def test_signs_that_rule_a_terminal_are_not_printed(self, home: Home) -> None:
        home.take({**LOCAL, "tn": "12\x1b[31m"}, name="red\x1b[31m.csv")
        for command in (("status",), ("check", settled(home.path / "\x1b[2J.csv", sheet(LOCAL))), ("check", home.path / "\x1b[2J"), ("status", "--customer", "\x1b[2J")):
            done = home(*command)
            assert "\x1b" not in done.out + done.err

    @pytest.mark.parametrize("form", ["json", "table"])
    def test_a_broken_pipe_is_no_error(self, home: Home, form: str) -> None:
        home.take(LOCAL)
        shell = f"{sys.executable} -m batchport --config {home.config} rules --format {form} | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
        assert (done.returncode, done.stderr) == (0, "")


class TestConfiguration:
    """What is set."""

    def test_none_at_all(self, tmp_path: Path) -> None:
        assert_told(batchport("run", config=tmp_path / "config.yaml"), 2, "config.yaml", "init")

    @pytest.mark.parametrize(("old", "new", "words"), [
        ("customers:", "custmers:", ("custmers", "customers")), ("    email: telecom", "    emial: telecom", ("emial", "email")),
        ("profile: generic-csv", "profil: generic-csv", ("profil", "profile")), ("  settle:", "  setle:", ("setle", "settle")),
        ("  - {partner: sample}", "  - {partner: sample, carrier: Verizon}", ("carrier", "losing_carrier")), ("operator: {email", "operator: {mail", ("mail", "email")),
    ])  # fmt: skip
    def test_a_misspelt_setting_is_named_with_its_line_and_the_nearest(self, home: Home, old: str, new: str, words: tuple[str, ...]) -> None:
        home.set(old, new)
        line = next(number for number, text in enumerate(home.config.read_text("utf-8").splitlines(), 1) if new.strip() in text)
        done = home("run")
        assert_told(done, 2, "config.yaml", str(line), *words)

    @pytest.mark.parametrize(("old", "new", "words"), [
        ("profile: generic-csv", "profile: generic-cvs", ("generic-cvs", "generic-csv", "sample")), ("  - {partner: sample}", "  - {partner: sampel}", ("sampel", "sample")),
        ("email: telecom@acme.example", "email: telecom", ("email",)), ('nightly: "0 21 * * *"', 'nightly: "never"', ("never",)),
        ("every_minutes: 5", "every_minutes: 0", ("every_minutes",)), ("timezone: America/New_York", "timezone: America/New_Yrok", ("America/New_Yrok",)),
        ("customers:", "customers: [", ("config.yaml",)), ("    email: telecom@acme.example", "    email: telecom@acme.example\n    severities: {tn-invalid: info}", ("tn-invalid",)),
        ("    email: telecom@acme.example", "    email: telecom@acme.example\n    defaults: {pinn: x}", ("pinn", "pin")), ("keys: {file: keys/seal.key}", "keys: secret", ("keys",)),
    ])  # fmt: skip
    def test_a_setting_that_cannot_be(self, home: Home, old: str, new: str, words: tuple[str, ...]) -> None:
        home.set(old, new)
        assert_told(home("run"), 2, *words)

    def test_a_key_that_is_gone(self, home: Home) -> None:
        home.take(LOCAL)
        (home.path / "keys" / "seal.key").unlink()
        assert_told(home("run"), 2, "seal.key")

    def test_another_key_than_the_one_that_sealed(self, home: Home) -> None:
        home.take(LOCAL)
        other = home.path.parent / "other"
        batchport("init", other)
        (home.path / "keys" / "seal.key").write_bytes((other / "keys" / "seal.key").read_bytes())
        assert_told(home("status"), 2, "key")

    def test_a_key_named_by_a_variable_that_is_not_set(self, home: Home) -> None:
        home.set("keys: {file: keys/seal.key}", "keys: {env: BATCHPORT_TEST_NO_SUCH_KEY}")
        assert_told(home("run"), 2, "BATCHPORT_TEST_NO_SUCH_KEY")

    def test_a_key_named_by_a_variable(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BATCHPORT_TEST_KEY", (home.path / "keys" / "seal.key").read_text("utf-8").strip())
        home.set("keys: {file: keys/seal.key}", "keys: {env: BATCHPORT_TEST_KEY}")
        assert home.take(LOCAL).exit == 0

    @pytest.mark.skipif(ON_POSTGRESQL, reason="a database in a file")
    def test_a_database_that_is_none(self, home: Home) -> None:
        (home.path / "batchport.db").write_bytes(b"this is not a database, though it is long enough to be looked at as one" * 20)
        assert_told(home("run"), 2, "batchport.db")

    def test_a_database_of_a_newer_program(self, home: Home) -> None:
        home.take(LOCAL)
        with home.database() as database:
            database.execute("update alembic_version set version_num = '9999'")
        assert_told(home("status"), 2, home.url.partition("?")[0].removeprefix("sqlite:///"), "newer batchport", "9999", "install")

    @pytest.mark.skipif(ON_POSTGRESQL or _may_do_everything(), reason="a database in a file; and this user may write whatever the rights say")
    def test_a_database_that_may_not_be_written(self, home: Home) -> None:
        home.take(LOCAL)
        (home.path / "batchport.db").chmod(0o400)
        assert_told(home("run"), 2, "the database", "right")

    def test_a_database_in_a_folder_that_is_not_there(self, home: Home) -> None:
        if ON_POSTGRESQL:
            home.set(home.url, "sqlite:///no/such/place/batchport.db")
        else:
            home.set("home: .\n", "home: .\ndatabase: sqlite:///no/such/place/batchport.db\n")
        assert_told(home("run"), 2, "no/such/place")

    def test_init_where_a_home_is_already(self, home: Home) -> None:
        home.take(LOCAL)
        before = snapshot(home.path)
        assert_told(batchport("init", home.path), 2, "config.yaml", "already")
        assert snapshot(home.path) == before

    def test_init_where_a_file_is(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        assert_told(batchport("init", tmp_path / "file"), 2, "file")


class TestInboxes:
    """What customers drop."""

    @pytest.mark.parametrize(("name", "content"), [
        ("empty.csv", b""), ("header.csv", sheet(LOCAL).splitlines()[0].encode()), ("binary.csv", bytes(range(256)) * 20), ("binary.xlsx", bytes(range(256)) * 20),
        ("letter.docx", b"PK\x03\x04 a letter"), ("notes.txt", "Hello, please port all our numbers.\n".encode("utf-16")), ("noname", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        ("spaces.csv", b"   \r\n , , \r\n"),
    ])  # fmt: skip
    def test_what_cannot_be_read_is_set_aside_with_the_reason(self, home: Home, name: str, content: bytes) -> None:
        home.drop(LOCAL, name="good.csv")
        home.drop(name=name, content=content)
        done = home.run()
        assert_told(done, 1)
        assert (done.last["files"], done.last["rows"]["submitted"]) == ({"read": 1, "repeated": 0, "set_aside": 1}, 1)
        kept = home.path / "quarantine" / "acme" / name
        assert kept.stat().st_mode & 0o777 == 0o600
        assert len(kept.with_name(f"{name}.txt").read_text("utf-8").split()) > 5
        assert list((home.path / "inbox" / "acme").iterdir()) == []
        assert any(name in str(mail.get_body(("plain",))) for mail in home.mails("received"))
        assert home.run(NEXT).exit == 0

    def test_a_sheet_without_a_column_waits_for_a_new_one(self, home: Home) -> None:
        home.drop({name: value for name, value in LOCAL.items() if name != "losing_carrier"})
        done = home.run()
        assert_told(done, 1)
        assert (done.last["files"]["set_aside"], done.last["rows"]["read"]) == (1, 0)
        told = str(home.mails("")[0].get_body(("plain",))) + "".join(str(mail.get_body(("plain",))) for mail in home.mails(""))
        assert "Current Carrier" in told
        assert list((home.path / "inbox" / "acme").iterdir()) == []
        assert home.take(LOCAL, name="again.csv", at=NEXT).exit == 0

    def test_an_inbox_of_an_unknown_customer_is_left_alone_and_told(self, home: Home) -> None:
        file = settled(home.path / "inbox" / "acne" / "a.csv", sheet(LOCAL))
        done = home("run")
        assert_told(done, 1, "inbox/acne", "acne")
        assert file.read_bytes() == sheet(LOCAL).encode()
        assert home.states() == {}

    def test_a_file_beside_the_customers_folders_is_left_alone_and_told(self, home: Home) -> None:
        file = settled(home.path / "inbox" / "a.csv", sheet(LOCAL))
        assert_told(home("run"), 1, "inbox/a.csv")
        assert file.exists()

    def test_an_empty_folder_of_a_stranger_is_no_news(self, home: Home) -> None:
        (home.path / "inbox" / "acne").mkdir()
        assert home("run").exit == 0

    def test_a_paper_is_not_a_sheet(self, home: Home) -> None:
        paper = home.drop(name="loa.pdf", content=b"%PDF-1.7 paper")
        assert home("run").exit == 0
        assert paper.exists()

    @pytest.mark.parametrize("name", [".hidden.csv", "~$open.xlsx", "a.tmp", "a.csv.part", "a.filepart", "a.writing", "a.csv.crdownload"])
    def test_a_file_that_is_still_on_its_way_is_not_taken(self, home: Home, name: str) -> None:
        file = home.drop(LOCAL, name=name)
        assert (home("run").exit, home.states(), file.exists()) == (0, {}, True)

    def test_a_file_waits_for_its_mark_where_the_customer_says_so(self, home: Home) -> None:
        home.set("    email: telecom@acme.example", "    email: telecom@acme.example\n    done_file: true")
        file = home.drop(LOCAL)
        assert (home("run").exit, home.states()) == (0, {})
        settled(file.with_name("sheet.csv.done"), "")
        assert (home("run").exit, list(home.states().values())) == (0, ["submitted"])
        assert list(file.parent.iterdir()) == []

    def test_a_folder_in_an_inbox_is_passed_over(self, home: Home) -> None:
        (home.path / "inbox" / "acme" / "old").mkdir()
        home.drop(LOCAL)
        assert home("run").exit == 0
        assert (home.path / "inbox" / "acme" / "old").is_dir()

    def test_a_missing_inbox_is_made(self, home: Home) -> None:
        (home.path / "inbox" / "harbor").exists()
        for folder in ("inbox/acme", "inbox", "responses/sample", "outbox/sample", "results/acme", "mail"):
            path = home.path / folder
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        assert home("run").exit == 0
        assert home.take(LOCAL).exit == 0


class TestResponses:
    """What partners drop."""

    def test_a_response_of_nobodys_partner_is_left_alone_and_told(self, home: Home) -> None:
        home.take(LOCAL)
        file = settled(home.path / "responses" / "sampel" / "a.csv", response(("", "", "6172340142", "ACK")))
        assert_told(home("run", at=NEXT), 1, "responses/sampel", "sampel")
        assert file.exists()
        assert home.state(LOCAL["tn"]) == "submitted"

    def test_a_response_beside_the_partners_folders_is_left_alone_and_told(self, home: Home) -> None:
        file = settled(home.path / "responses" / "a.csv", response(("", "", "6172340142", "ACK")))
        assert_told(home("run"), 1, "responses/a.csv")
        assert file.exists()


    @pytest.mark.parametrize(("line", "shown"), [
        (("{pon}", "01", "", "REJ\0ECT", "8A", "x"), {"status": "REJ\ufffdECT"}), (("P\0X", "01", "", "ACK"), {"pon": "P\ufffdX"}), (("{pon}", "40000", "", "ACK"), {"ver": "40000"}),
        (("{pon}", "01", "", "x" * 300, "8A", "y" * 300), {"text": "y" * 300}),
    ], ids=["a NUL in a word", "a NUL in a PON", "a version that no order has", "long words"])  # fmt: skip
    def test_a_line_that_says_what_hardly_anything_can_keep_is_an_exception_line(self, home: Home, line: tuple[str, ...], shown: dict[str, str]) -> None:
        home.take(LOCAL)
        assert_told(home.answer(tuple(word.format(pon=home.pon(LOCAL["tn"])) for word in line)), 1)
        [found] = home.exceptions()
        assert {name: found[name] for name in shown} == shown

    def test_a_text_with_a_nul_is_read_with_the_sign_for_what_cannot_be_shown(self, home: Home) -> None:
        home.take(LOCAL)
        done = home.answer((home.pon(LOCAL["tn"]), "01", "", "REJECT", "8A", "no\0such account"))
        assert (done.exit, home.state(LOCAL["tn"])) == (1, "carrier_rejected")
        assert "no\ufffdsuch account" in home("trace", LOCAL["tn"], at=NEXT).out


class TestOutboxes:
    """Where submissions go."""

    def test_a_name_that_other_bytes_have_taken(self, home: Home) -> None:
        taken = settled(home.path / "outbox" / "sample" / "sample-20260302-000001.csv", "something else")
        done = home.take(LOCAL)
        assert_told(done, 1)
        assert taken.read_text("utf-8") == "something else"
        assert home.state(LOCAL["tn"]) in ("ready", "held")
        taken.unlink()
        assert home.run(NEXT).exit == 0
        assert [line["TN"] for line in home.sent()] == ["6172340142"]

    def test_a_folder_that_cannot_be_written_to(self, home: Home) -> None:
        folder = home.path / "outbox" / "sample"
        folder.rmdir()
        folder.write_text("a file in the way")
        done = home.take(LOCAL)
        assert done.exit in (1, 2)
        assert "Traceback" not in done.err
        folder.unlink()
        home.run(NEXT)
        assert [line["TN"] for line in home.sent()] == ["6172340142"]


@contextmanager
def at_work(home: Home) -> Iterator[None]:
    """Another pass is at work."""
    from batchport.config import load
    from batchport.pipeline.app import App, closing
    from batchport.pipeline.lease import alone

    with closing(App(load(home.config), datetime.now(UTC))) as app, alone(app):
        yield


@pytest.mark.usefixtures("impatient")
class TestAtWork:
    """A second pass beside the first."""

    @pytest.mark.parametrize("command", ["run", "intake", "reconcile", "submit", "notify"])
    def test_a_second_pass_says_so_and_exits_0(self, home: Home, command: str) -> None:
        file = home.drop(LOCAL)
        home("status")
        with at_work(home):
            done = home(command)
            assert_told(done, 0, "another pass")
            assert file.exists()
        assert home("run").exit == 0
        assert home.state(LOCAL["tn"]) == "submitted"

    def test_looking_is_possible_meanwhile(self, home: Home) -> None:
        home.take(LOCAL)
        with at_work(home):
            assert home("status").exit == 0
            assert home("check", home.drop(LOCAL), "--customer", "acme").exit == 0

    def test_a_release_waits_its_turn(self, home: Home) -> None:
        home.take(LOCAL)
        with at_work(home):
            done = home("release", home.pon(LOCAL["tn"]), "--why", "x")
            assert done.exit in (0, 2)
            assert "Traceback" not in done.err


def test_no_traceback_reaches_a_user_even_in_a_process_of_its_own(home: Home) -> None:
    home.set("customers:", "custmers:")
    done = batchport_process("run", config=home.config)
    assert_told(done, 2, "custmers", "customers")
