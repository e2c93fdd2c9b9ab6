"""Mails that came back: which reports count, what becomes of the mail and its address, and how an operator takes it back."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, Home, account, settled, text_of
from tests.mailserver import Mailbox, served

CUSTOMER, OPERATOR, CONTACT = "telecom@acme.example", "operator@batchport.example", "ann@acme.example"
OTHERS = account(2, btn="617-755-2200", account_number="D770", destination="line-8", contact_email=CONTACT)


def report(message_id: str, recipient: str, *, status: str = "5.1.1", action: str = "failed", words: str = "550 5.1.1 no such mailbox", original: str = "") -> str:
    """A delivery report with the headers of the mail that came back."""
    first = f"Original-Recipient: rfc822; {original}\n" if original else ""
    return (
        "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nIt did not arrive.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"{first}Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--b--\n"
    )


def id_of(home: Home, recipient: str, kind: str = "received") -> str:
    return next(mail["Message-ID"] for mail in home.mails(kind) if mail["To"] == recipient)


def came(home: Home, content: str | bytes, name: str = "bounce.eml") -> None:
    settled(home.path / "bounces" / name, content)


def mails_to(home: Home, recipient: str) -> list[tuple[str, str]]:
    with home.database() as database:
        return database.execute("select state, trouble from mails where recipient = ? order by id", (recipient,)).fetchall()


@pytest.fixture
def sent(home: Home) -> Home:
    """A home that has written to a customer, a contact and the operator."""
    assert home.take(LOCAL | {"contact_email": CONTACT}).exit == 0
    return home


def test_an_address_that_bounces_for_good_is_sent_nothing_more_until_it_is_lifted(sent: Home) -> None:
    came(sent, report(id_of(sent, CONTACT), CONTACT.upper()))
    done = sent.run(NEXT)
    assert (done.exit, done.last["mails"]["failed"]) == (1, 1)
    assert mails_to(sent, CONTACT) == [("bounced", "550 5.1.1 no such mailbox")]
    assert [path.name for path in sent.path.glob("archive/*/bounces/*")] == ["bounce.eml"]
    assert b"5.1.1" not in next(sent.path.glob("archive/*/bounces/*")).read_bytes(), "it is sealed"
    assert any("ann@acme.example was refused for good" in " ".join(text_of(mail).split()) for mail in sent.mails("night"))
    sent.drop(*OTHERS, name="more.csv")
    quiet = sent.run(NEXT)
    assert (quiet.exit, quiet.last["mails"]["failed"]) == (0, 0), "told once, and not a failure of this pass"
    assert [state for state, _ in mails_to(sent, CONTACT)] == ["bounced", "suppressed"]
    assert sent.json("suppressed") == [{"address": CONTACT, "since": "2026-03-04T01:00:00+00:00", "why": "550 5.1.1 no such mailbox", "not_sent": 1}]
    assert CONTACT in sent("suppressed").out
    assert "bounced, 550 5.1.1 no such mailbox" in sent("trace", LOCAL["tn"], "--format", "json").out
    [lifted] = sent.json("suppressed", "lift", "Ann@acme.example", "--why", "they have made it", at=THIRD)
    assert (lifted["address"], lifted["why"]) == (CONTACT, "they have made it")
    with sent.database() as database:
        assert database.execute("select what, why, about from journal where why <> ''").fetchall() == [("lift", "they have made it", CONTACT)]
    assert sent("suppressed").out == "Mail goes to everybody.\n"
    sent.drop(OTHERS[0] | {"tn": "617-755-2209", "btn": "617-755-2209", "account_type": "single_line", "account_number": "D771", "destination": "line-9"}, name="third.csv")
    sent.run(THIRD)
    assert [state for state, _ in mails_to(sent, CONTACT)] == ["bounced", "suppressed", "sent"]


def test_an_address_that_mail_is_not_kept_from_cannot_be_lifted(home: Home) -> None:
    done = home("suppressed", "lift", CUSTOMER, "--why", "none")
    assert (done.exit, done.out) == (2, "")
    assert "`batchport suppressed` lists them" in done.err


@pytest.mark.parametrize(
    "content",
    [
        report("<received.0123456789abcdef0123456789abcdef@batchport.example>", CONTACT),
        "a mail of the operator's",
        b"\x00\xff\xfe" * 9999,
    ],
)  # fmt: skip
def test_a_report_that_is_made_up_silences_nobody(sent: Home, content: Any) -> None:
    came(sent, content)
    done = sent("notify", at=NEXT)
    assert done.exit == 1
    assert mails_to(sent, CONTACT)[0][0] == "sent"
    assert sent.json("suppressed") == []
    assert sorted(path.name for path in sent.path.glob("quarantine/bounces/*")) == ["bounce.eml", "bounce.eml.txt"]
    assert "nothing was changed" in (sent.path / "quarantine" / "bounces" / "bounce.eml.txt").read_text()
    assert not list(sent.path.glob("bounces/*"))
    assert sent("notify", at=NEXT).exit == 0


def test_the_name_of_a_mail_to_somebody_else_does_not_silence_an_address(sent: Home) -> None:
    came(sent, report(id_of(sent, CONTACT), CUSTOMER))
    assert sent("notify", at=NEXT).exit == 1
    assert {mails_to(sent, who)[0][0] for who in (CONTACT, CUSTOMER)} == {"sent"}
    assert sent.json("suppressed") == []


@pytest.mark.parametrize(
    ("status", "words"),
    [("5.2.2", "552 5.2.2 mailbox full"), ("5.3.4", "552 5.3.4 too large"), ("5.7.1", "550 5.7.1 policy"), ("5.4.4", "no such host"), ("4.4.7", "too late"), ("", "\x1b[31mno\x00")],
)  # fmt: skip
def test_a_mail_that_failed_without_fault_of_the_address_is_told_and_the_next_one_goes(sent: Home, status: str, words: str) -> None:
    came(sent, report(id_of(sent, CUSTOMER), CUSTOMER, status=status, words=words))
    done = sent("notify", at=NEXT)
    assert done.exit == 1
    assert f"a mail (received) to {CUSTOMER} came back: " in done.out
    [(state, trouble)] = mails_to(sent, CUSTOMER)
    assert state == "bounced"
    assert trouble.isprintable()
    assert sent.json("suppressed") == []


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_report_of_anything_but_failure_is_put_away(sent: Home, action: str) -> None:
    came(sent, report(id_of(sent, CUSTOMER), CUSTOMER, action=action, status="4.0.0"))
    assert sent("notify", at=NEXT).exit == 0
    assert mails_to(sent, CUSTOMER)[0][0] == "sent"
    assert len(list(sent.path.glob("archive/*/bounces/*"))) == 1


def test_a_forwarded_mail_that_came_back_is_known_by_whom_it_was_sent_to(sent: Home) -> None:
    (sent.path / "bounces" / "new").mkdir()
    settled(sent.path / "bounces" / "new" / "1772499610.M1P2.host", report(id_of(sent, CONTACT), "ann@elsewhere.example", original=CONTACT))
    assert sent("notify", at=NEXT).exit == 1
    assert [one["address"] for one in sent.json("suppressed")] == [CONTACT]


def test_the_same_report_twice_is_told_once(sent: Home) -> None:
    came(sent, report(id_of(sent, CONTACT), CONTACT))
    came(sent, report(id_of(sent, CONTACT), CONTACT), name="again.eml")
    out = sent("notify", at=NEXT).out
    assert out.count("ann@acme.example was refused for good") == 1
    assert len(list(sent.path.glob("archive/*/bounces/*"))) == 2


def test_the_operators_own_address_is_written_to_whatever_comes_back(sent: Home) -> None:
    came(sent, report(id_of(sent, OPERATOR, "night"), OPERATOR))
    done = sent("notify", at=NEXT)
    assert done.exit == 1
    assert "mail to the operator's own address, operator@batchport.example, is refused" in done.out
    assert sent.json("suppressed") == []
    before = len(sent.mails("night"))
    sent.take(*OTHERS, name="more.csv", at=NEXT)
    assert len(sent.mails("night")) == before + 1


def test_a_file_that_is_far_too_large_is_left_and_named(sent: Home) -> None:
    path = settled(sent.path / "bounces" / "bounce.eml", "")
    os.truncate(path, 33 << 20)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    done = sent("notify", at=NEXT)
    assert (done.exit, path.exists()) == (1, True)
    assert "bounces/bounce.eml is larger than 32 MB" in done.out


def test_a_server_that_says_no_such_mailbox_at_once_silences_the_address_too(home: Home) -> None:
    mailbox = Mailbox(refused={CONTACT: "550 5.1.1 no such mailbox", OPERATOR: "550 5.1.1 no such mailbox", CUSTOMER: "550 no"})
    with served(mailbox) as server:
        home.set("operator: {email", f"smtp: {{host: 127.0.0.1, port: {server.port}, tls: plain}}\noperator: {{email")
        home.drop(LOCAL | {"contact_email": CONTACT})
        done = home("run", at=EVENING)
    assert done.exit == 1
    assert [one["address"] for one in home.json("suppressed")] == [CONTACT]
    assert "the operator's own address" in done.out
    assert mails_to(home, CUSTOMER) == [("failed", "550 no")]
