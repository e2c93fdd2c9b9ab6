"""PINs and account numbers after whole nights: in the submission files, where they must be, and nowhere else that a person or a thief may read."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.pipeline.run import one_pass
from batchport.schedule.jobs import look_around
from tests.conftest import LOCAL, NEXT, NIGHTS, SAMPLES, Home, Result, Story, account, batchport_process, numbers, response, settled, sheet
from tests.postgresql import ON_POSTGRESQL

PIN, ACCOUNT = "7Q4X91", "ZK88120557341"
#: Rows whose secrets are found at once wherever they stand.
ROWS = (
    LOCAL | {"pin": PIN, "account_number": ACCOUNT, "contact_email": "it@acme.example"},
    *account(3, pin=PIN, account_number=f"{ACCOUNT}M"),
    LOCAL | {"tn": "617-236-0200", "pin": f"{PIN}#", "account_number": f"{ACCOUNT}*", "destination": "line-0200"},
    LOCAL | {"tn": "617-236-0300", "pin": PIN, "account_number": f"{ACCOUNT}N", "name": "", "destination": "line-0300"},
    LOCAL | {"tn": "617-236-0400", "pin": PIN, "account_number": f"{ACCOUNT}P", "authorized_name": "", "destination": "line-0400"},
)


def secrets_of_the_samples() -> set[str]:
    """Every PIN but 0000 and every account number but those that are the number itself, as the samples' submissions hold them."""
    lines = csv.DictReader(io.StringIO((SAMPLES.parent / "tests" / "golden" / "night" / "submissions.csv").read_text("utf-8").partition("\n")[2]))
    found = set()
    for line in lines:
        found |= {line["PIN"]} - {"0000"}
        found |= {line["ACCOUNT_NUMBER"]} - {line["TN"], line["BTN"]}
    return {secret for secret in found if len(secret) >= 6}


def readable(path: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in a file that somebody could read: its bytes, the parts of a workbook, the parts of a mail."""
    data = path.read_bytes()
    yield str(path), data
    if path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            yield from ((f"{path}!{name}", book.read(name)) for name in book.namelist())
    if path.suffix == ".eml":
        from email import message_from_bytes

        for number, part in enumerate(message_from_bytes(data).walk()):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield f"{path}!{number}", content
                if zipfile.is_zipfile(io.BytesIO(content)):
                    with zipfile.ZipFile(io.BytesIO(content)) as book:
                        yield from ((f"{path}!{number}!{name}", book.read(name)) for name in book.namelist())


def shown(home: Home, secrets: set[str], *, besides: tuple[str, ...] = ("outbox/",)) -> list[str]:
    """Where a secret stands below the home, the submission files left out."""
    found = []
    for path in sorted(home.path.rglob("*")):
        name = str(path.relative_to(home.path))
        if path.is_file() and not name.startswith(besides):
            found += [where for where, data in readable(path) for secret in secrets if re.search(rb"(?<![0-9A-Za-z])%b(?![0-9A-Za-z])" % secret.encode(), data) or (len(secret) > 8 and secret.encode() in data)]
    return found


def test_the_samples_leave_no_secret_behind(story: Story) -> None:
    secrets = secrets_of_the_samples()
    assert len(secrets) > 20
    assert shown(story.home, secrets) == []


#: What an operator looks at in the morning.
LOOKS = (
    ("status",), ("status", "--overdue", "--format", "json"), ("orders", "--format", "json"), ("orders", "--due"), ("exceptions", "--format", "json"), ("balance",),
    ("suppressed",), ("trace", "boston-offices.xlsx"), ("trace", "west-coast-shops.csv", "--format", "json"), ("run", "--dry-run"), ("report", "-o", "-"),
)  # fmt: skip


def test_nothing_that_is_said_of_the_samples_is_a_secret(story: Story) -> None:
    """All output of the nights, and of every look at them weeks later; a letter, which goes to the carrier, has the account number and never the PIN."""
    secrets = secrets_of_the_samples()
    said = [(" ".join(["run", *map(str, done.last["rows"])]), done.out + done.err) for done in story.passes]
    for look in LOOKS:
        done = story.home(*look, at="2026-04-02T09:00:00-04:00")
        assert done.exit in (0, 1), done
        said.append((" ".join(look), done.out + done.err))
    assert [(command, secret) for command, text in said for secret in secrets if re.search(rf"(?<![0-9A-Za-z]){secret}(?![0-9A-Za-z])", text)] == []


def test_a_day_of_everything_leaves_no_secret_behind(home: Home) -> None:
    """A French customer, a contact, answers and alarms between two nights, a mail that is refused, a workbook that comes back, what is overdue, and the report."""
    home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    language: fr\n    alert: true\n")
    home.take(*ROWS)
    pon = home.pon(LOCAL["tn"])
    settled(home.path / "responses" / "sample" / "bad.csv", f"PON,{PIN},{ACCOUNT}\r\n")
    home.answer((pon, "01", LOCAL["tn"], "REJECT", "8A;8C"), ("", "", "6172362200", "DELAY"), run=False)
    with closing(App(load(home.config), datetime.fromisoformat("2026-03-03T12:00:00-05:00"))) as app:
        one_pass(app, "look", look_around)
    (workbook,) = (home.path / "results" / "acme").glob("*.xlsx")
    home.drop(name="back.xlsx", content=workbook.read_bytes())
    home.drop({name: value for name, value in ROWS[0].items() if name != "losing_carrier"}, name="unmapped.csv")
    for at in (NEXT, "2026-04-02T20:00:00-04:00"):
        assert_silent(home.run(at))
    for look in (("report", "-o", home.path / "report.html"), ("trace", pon), ("orders", "--due"), ("balance", "-o", home.path / "balance.xlsx")):
        assert_silent(home(*look, at="2026-04-02T21:00:00-04:00"))
    assert {kind for kind in ("received", "update", "overdue", "columns", "night", "alarm") if not home.mails(kind)} == set()
    assert shown(home, {PIN, ACCOUNT}) == []


@pytest.fixture
def night(home: Home) -> Home:
    """A home after a night of rows with secrets that cannot be overlooked."""
    home.take(*ROWS)
    return home


def test_secrets_go_to_the_partner(night: Home) -> None:
    assert {(line["PIN"], line["ACCOUNT_NUMBER"]) for line in night.sent()} == {(PIN, ACCOUNT), (PIN, f"{ACCOUNT}M")}


def test_a_night_leaves_no_secret_behind(night: Home) -> None:
    night.answer((night.pon(LOCAL["tn"]), "01", LOCAL["tn"], "REJECT", "8A;8C"), ("", "", "6172362200", "COMPLETE"), ("", "", "6179990000", "ACK"))
    night.drop(*ROWS, name="again.csv")
    night.drop(name="broken.xlsx", content=f"{PIN} {ACCOUNT}".encode() * 30)
    night.drop({name: value for name, value in ROWS[0].items() if name != "losing_carrier"}, name="unmapped.csv")
    settled(night.path / "responses" / "sample" / "bad.csv", f"PON,{PIN},{ACCOUNT}\r\n")
    night.run(NEXT)
    assert shown(night, {PIN, ACCOUNT}) == []


COMMANDS = [
    ("status",), ("status", "--format", "json"), ("orders", "--format", "json"), ("orders",), ("trace", LOCAL["tn"]), ("trace", "sheet.csv", "--format", "json"),
    ("run", "--dry-run"), ("run",), ("run", "--format", "json"), ("exceptions",), ("submit", "--dry-run"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_prints_a_secret(night: Home, command: tuple[str, ...]) -> None:
    night.drop(*[row | {"customer_ref": "x"} for row in ROWS], name="more.csv")
    assert_silent(night(*command, at=NEXT))


@pytest.mark.parametrize("options", [(), ("--format", "json"), ("--customer", "acme"), ("--customer", "acme", "--format", "json")])
def test_a_check_prints_no_secret(night: Home, options: tuple[str, ...]) -> None:
    file = settled(night.path / "other.csv", sheet(*(row | {"city": "Cambridge"} for row in ROWS)))
    assert_silent(night("check", file, *options))


def assert_silent(done: Result) -> None:
    assert done.exit in (0, 1)
    assert PIN not in done.out + done.err
    assert ACCOUNT not in done.out + done.err


def test_rows_that_disagree_about_a_secret_do_not_tell_it(home: Home) -> None:
    rows = account(3)
    home.take(rows[0] | {"pin": "771100"}, rows[1] | {"pin": "771100"}, rows[2] | {"pin": "882200"})
    assert "order-rows-disagree" in home.rows(rows[2]["tn"])[0]["findings"]
    assert shown(home, {"771100", "882200"}) == []
    assert "771100" not in home("check", home.drop(*rows[:2], rows[2] | {"pin": "771100"}), "--customer", "acme", "--format", "json").out


def test_a_customers_default_pin_is_not_told(home: Home) -> None:
    home.set("    email: telecom@acme.example", "    email: telecom@acme.example\n    defaults: {pin: X7711Y}")
    home.take({**LOCAL, "pin": ""})
    assert home.sent()[0]["PIN"] == "X7711Y"
    assert shown(home, {"X7711Y"}, besides=("outbox/", "config.yaml")) == []
    assert "X7711Y" not in home("check", home.drop({**LOCAL, "pin": ""}), "--customer", "acme", "--format", "json").out


def test_a_secret_under_a_header_that_is_not_ours_comes_back_to_the_customer_alone(home: Home) -> None:
    """Columns that nobody knows are the customer's own; they stand in its results, and in nothing that others get."""
    text = sheet(LOCAL).replace("Port To Line\r\n", "Port To Line,Old Code\r\n").replace("line-0142\r\n", "line-0142,QX771100\r\n")
    home.drop(content=text)
    home.run()
    night = [path for path in home.path.rglob("*") if path.is_file() and path.name.startswith("night.")]
    assert [where for path in night for where, data in readable(path) if b"QX771100" in data] == []
    assert b"QX771100" not in (home.path / "outbox" / "sample" / "sample-20260302-000001.csv").read_bytes()


def test_a_fault_of_the_program_does_not_print_the_row(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.store import database

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"{PIN} {ACCOUNT}")

    monkeypatch.setattr(database.Store, "transaction", fails)
    done = home.take(*ROWS)
    assert done.exit == 3
    assert PIN not in done.out + done.err
    assert ACCOUNT not in done.out + done.err


def test_an_error_of_the_database_does_not_print_the_row(home: Home) -> None:
    home("status")

    with home.database() as connection:
        if ON_POSTGRESQL:
            connection.execute("create function refused() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
            connection.execute("create trigger refuse before insert on rows for each row execute function refused()")
        else:
            connection.execute("create trigger refuse before insert on rows begin select raise(abort, 'no'); end")
    home.drop(*ROWS)
    done = batchport_process("run", config=home.config, at=NIGHTS[0], env={"BATCHPORT_DEBUG": "1"})
    assert done.exit == 3
    assert PIN not in done.out + done.err
    assert ACCOUNT not in done.out + done.err


class TestModes:
    """Who may read what lies there."""

    def test_files_are_the_owners_alone(self, night: Home) -> None:
        made = [path for path in night.path.rglob("*") if path.is_file()]
        assert [str(path) for path in made if path.stat().st_mode & 0o077] == []

    def test_folders_are_the_owners_alone(self, night: Home) -> None:
        night.drop(name="broken.xlsx", content=b"x" * 99)
        night.answer(("", "", "6172340142", "ACK"))
        assert [str(path.relative_to(night.path)) for path in night.path.rglob("*") if path.is_dir() and path.stat().st_mode & 0o077] == []

    def test_a_home_made_by_init_is_the_owners_alone(self, tmp_path: Path) -> None:
        done = batchport_process("init", tmp_path / "made")
        assert done.exit == 0
        assert [str(path) for path in (tmp_path / "made", *(tmp_path / "made").rglob("*")) if path.stat().st_mode & 0o077] == []


HOSTILE = {
    "formulas": LOCAL | {"name": '=HYPERLINK("http://evil.example","click")', "customer_ref": "+cmd|' /C calc'!A0", "notes": "@SUM(1)", "unit": "-1+1"},
    "markup": LOCAL | {"name": "<script>alert(1)</script>", "authorized_name": "Robert'); DROP TABLE rows;--", "city": "[bold]Boston[/bold]"},
    "control characters": LOCAL | {"name": "Harbor\x07 Bakery\x1b[31m", "notes": "a\x00b"},
    "templates": LOCAL | {"name": "{{ 7*7 }}", "notes": "{% for x in range(9) %}x{% endfor %}"},
    "long": LOCAL | {"name": "x" * 9000},
    "unicode": LOCAL | {"name": "Bäckerei \u202eevil\u202c ☃ 𝔘", "authorized_name": "Zoë \u200bGarcía"},
    "line breaks": LOCAL | {"name": "Harbor\r\nBcc: victim@example.com", "contact_email": "it@acme.example\r\nBcc: victim@example.com"},
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_hostile_text_goes_through_as_text(home: Home, kind: str) -> None:
    done = home.take(HOSTILE[kind] | {"postal_code": "90210"}, HOSTILE[kind] | {"tn": "617-236-0200", "account_number": "5512", "destination": "line-7"})
    assert done.exit in (0, 1), done
    assert done.last["balanced"] is True
    assert home("status").exit == 0
    assert "\x1b[31m" not in home("check", home.drop(HOSTILE[kind], name="x.csv")).out
    for mail in home.mails():
        assert mail["Bcc"] is None
        html = mail.get_body(("html",))
        assert html is not None
        assert "<script>" not in html.get_content()
        assert "49" not in str(mail["Subject"])
    for path in (home.path / "results").rglob("*.csv"):
        for line in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)


def test_a_hostile_file_name_is_only_a_name(home: Home) -> None:
    for number, name in enumerate(("a b&c;rm -rf.csv", "<b>.csv", "a..csv", "-o.csv", "Résumé.csv", "x" * 200 + ".csv", "new\nline.csv")):
        home.drop(LOCAL | {"tn": f"617-236-{1000 + number}", "account_number": f"99{number}"}, name=name)
    done = home.run()
    assert done.exit in (0, 1)
    assert (done.last["files"]["read"], done.last["files"]["set_aside"]) == (7, 0)
    assert list((home.path / "inbox" / "acme").iterdir()) == []


def test_a_link_in_an_inbox_is_not_followed(home: Home) -> None:
    secret = settled(home.path.parent / "private.csv", sheet(LOCAL))
    (home.path / "inbox" / "acme" / "link.csv").symlink_to(secret)
    home.run()
    assert home.states() == {}
    assert secret.exists()


def test_a_response_of_hostile_text_is_only_text(home: Home) -> None:
    home.take(LOCAL)
    settled(home.path / "responses" / "sample" / "x.csv", response(("", "", "6172340142", "REJECT", "=1+1;<b>", "<script>alert(1)</script>{{ 7*7 }}")))
    done = home.run(NEXT)
    assert done.exit == 1
    html = home.mails("update")[0].get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()


def test_many_rows_of_one_fault_are_told_shortly(home: Home) -> None:
    rows = [row | {"name": "", "account_number": f"7{n}"} for n, row in enumerate(numbers("617-236-1000", 400, **LOCAL))]
    done = home.take(*rows)
    assert done.last["rows"]["rejected"] == 400
    text = home.mails("received")[0].get_body(("plain",))
    assert text is not None
    assert len(text.get_content()) < 20_000
