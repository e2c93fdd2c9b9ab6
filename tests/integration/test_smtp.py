"""Mail over real SMTP on loopback: taken, refused for now, refused for good, and servers that go away."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from batchport.mail.compose import Composed
from batchport.mail.delivery import Delivered, Outcome, SmtpDelivery
from batchport.mail.message import Address, Attachment, Packed, build, message_id, pack
from tests.mailserver import PASSWORD, Mailbox, Server, make_certificate, serving


def message(key: str = "received/acme/17") -> Packed:
    made = build(
        composed=Composed("30 numéros prêts", ".\n.. Été\nFrom here\n", "<p>Été</p>\n"),
        sender=Address("ports@example.com", "Port desk"),
        recipient="maria@harborbakery.example",
        message_id=message_id("ports.example.com", key),
        date=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        list_id="acme.ports.example.com",
        attachments=(Attachment("acme.xlsx", bytes(range(256)) * 400),),
    )
    return pack(made)


def plain(server: Server, **options: Any) -> SmtpDelivery:
    return SmtpDelivery("127.0.0.1", server.port, "plain", **({"timeout": 5.0} | options))


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS for `localhost`, whose authority the client trusts through SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    return make_certificate(tmp_path / "server.pem")


def test_a_message_arrives_as_it_was_built() -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered == Delivered(Outcome.SENT, "250 2.0.0 taken as 4711")
    [received] = mailbox.got
    assert received["Subject"] == "30 numéros prêts"
    assert received.get_body(("plain",)).get_content() == ".\r\n.. Été\r\nFrom here\r\n"  # type: ignore[union-attr]
    assert next(received.iter_attachments()).get_content() == bytes(range(256)) * 400
    assert mailbox.recipients == [["maria@harborbakery.example"]]


def test_one_connection_serves_many_messages() -> None:
    async def story() -> Mailbox:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:
            outcomes = await asyncio.gather(*(delivery.deliver(message(f"received/{number}")) for number in range(5)))
        assert [delivered.outcome for delivered in outcomes] == [Outcome.SENT] * 5
        return mailbox

    mailbox = asyncio.run(story())
    assert mailbox.sessions == 1
    assert mailbox.ids == [message(f"received/{number}").message_id for number in range(5)]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(command: str) -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({command: ["451 4.7.1 greylisted, come back later"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.AGAIN, "451 4.7.1 greylisted, come back later", strained=True)
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message().message_id]


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_refusal_for_good_is_told_and_the_next_message_goes_through(command: str) -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({command: ["550 5.7.1 not from you"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message("received/acme/18"))]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.REFUSED, "550 5.7.1 not from you")
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message("received/acme/18").message_id]
    assert mailbox.sessions == 1


@pytest.mark.parametrize(
    ("command", "answer", "gone"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", True),
        ("RCPT", "550-5.2.1 the mailbox\r\n550 5.2.1 is closed", True),
        ("RCPT", "550 no such mailbox", False),
        ("RCPT", "550 5.7.1 your 5.1.1 is not believed", False),
        ("RCPT", "550 it said 5.1.1 elsewhere", False),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("DATA", "550 5.1.1 said too late", False),
    ],
)
def test_an_address_is_gone_only_where_the_answer_to_it_says_so_by_its_code(command: str, answer: str, gone: bool) -> None:
    async def story() -> Delivered:
        async with serving(Mailbox({command: [answer]})) as server, plain(server) as delivery:
            return await delivery.deliver(message())

    delivered = asyncio.run(story())
    assert (delivered.outcome, delivered.gone) == (Outcome.REFUSED, gone)


def test_a_refusal_of_our_own_address_meets_all_mails_and_gives_up_none() -> None:
    async def story() -> list[Delivered]:
        async with serving(Mailbox({"MAIL": ["553 5.1.8 we do not know you"]})) as server, plain(server) as delivery:
            return [await delivery.deliver(message()), await delivery.deliver(message())]

    first, second = asyncio.run(story())
    assert first == Delivered(Outcome.UNREACHABLE, "553 5.1.8 we do not know you")
    assert second.outcome is Outcome.SENT


def test_no_question_is_asked_between_two_messages() -> None:
    async def story() -> list[str]:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:
            for number in range(3):
                assert (await delivery.deliver(message(f"a/{number}"))).outcome is Outcome.SENT
        return mailbox.heard

    assert asyncio.run(story()) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3, "QUIT"]


@pytest.mark.parametrize("kept", [True, False])
def test_a_421_is_a_server_that_hung_up_where_the_session_was_kept(kept: bool) -> None:
    async def story() -> Delivered:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:
            if kept:
                await delivery.deliver(message("a/1"))
            mailbox.answers["MAIL"] = ["421 4.4.2 you said nothing for too long"]
            return await delivery.deliver(message("a/2"))

    assert asyncio.run(story()).outcome is (Outcome.SENT if kept else Outcome.AGAIN)


def test_a_server_that_went_away_between_messages_costs_no_try() -> None:
    async def story() -> Mailbox:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:
            assert (await delivery.deliver(message("a/1"))).outcome is Outcome.SENT
            server.hang_up()
            assert (await delivery.deliver(message("a/2"))).outcome is Outcome.SENT
        return mailbox

    mailbox = asyncio.run(story())
    assert mailbox.sessions == 2
    assert len(mailbox.got) == 2


def test_a_server_that_goes_away_in_the_middle_of_a_message_means_try_again() -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox(drops=["message"])
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first.outcome is Outcome.AGAIN
    assert "127.0.0.1, port " in first.detail
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message().message_id]


def test_a_server_that_goes_away_before_its_yes_gets_the_same_message_id_again() -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox()
        async with serving(mailbox) as server, plain(server) as delivery:

            async def die(_: SMTP) -> None:
                mailbox.before_yes = None
                server.hang_up()

            mailbox.before_yes = die
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert (first.outcome, second.outcome) == (Outcome.AGAIN, Outcome.SENT)
    # It came twice, which nobody can help; that its id is the same lets the receiving side drop one.
    assert mailbox.ids == [message().message_id] * 2


def test_a_421_ends_the_session_and_the_next_try_opens_another() -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({"MAIL": ["421 4.3.2 going down"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.AGAIN, "421 4.3.2 going down", strained=True)
    assert second.outcome is Outcome.SENT
    assert mailbox.sessions == 2


def test_no_server_means_that_no_mail_can_go() -> None:
    async def story() -> Delivered:
        async with serving(Mailbox()) as server:
            pass
        async with plain(server) as delivery:
            return await delivery.deliver(message())

    delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.UNREACHABLE
    assert delivered.detail.startswith("no session with 127.0.0.1, port ")


@pytest.mark.parametrize(
    ("greeting", "words"),
    [("", "Timed out"), ("554 5.3.2 no mail service here", "554 5.3.2 no mail service here"), ("hello", "Malformed SMTP response")],
)
def test_a_server_that_greets_wrongly_or_not_at_all_gives_up_no_mail(greeting: str, words: str) -> None:
    async def story() -> Delivered:
        async with serving(Mailbox(), greeting=greeting) as server, plain(server, timeout=0.2) as delivery:
            return await delivery.deliver(message())

    delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.UNREACHABLE
    assert words in delivered.detail


def test_a_server_that_is_slow_to_say_yes_to_the_message_is_waited_for() -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox(before_yes=lambda _: asyncio.sleep(0.5))
        async with serving(mailbox) as server, plain(server, timeout=0.2) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.SENT
    assert len(mailbox.got) == 1


def test_nothing_is_sent_where_starttls_is_required_but_not_offered() -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        async with serving(mailbox) as server, SmtpDelivery("127.0.0.1", server.port, "starttls", "desk", lambda: PASSWORD, 5.0) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.UNREACHABLE
    assert "does not offer STARTTLS, and without it nothing is sent" in delivered.detail
    assert mailbox.got == []
    assert mailbox.logins == []


def test_starttls_logs_in_and_delivers_under_tls(certificate: ssl.SSLContext) -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        options: dict[str, Any] = {"tls_context": certificate, "require_starttls": True, "authenticator": mailbox.authenticate, "auth_required": True}
        async with (
            serving(mailbox, **options) as server,
            SmtpDelivery("localhost", server.port, "starttls", "desk", lambda: PASSWORD, 5.0) as delivery,
        ):
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.SENT
    assert mailbox.over_tls == [True]
    assert mailbox.logins == ["desk"]


def test_implicit_tls_delivers(certificate: ssl.SSLContext) -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        async with serving(mailbox, tls=certificate) as server, SmtpDelivery("localhost", server.port, "implicit", timeout=5.0) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.SENT
    assert len(mailbox.got) == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_certificate_that_nobody_vouches_for_gets_no_mail(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tls: Any) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        options: dict[str, Any] = {"tls_context": certificate} if tls == "starttls" else {"tls": certificate}
        async with serving(mailbox, **options) as server, SmtpDelivery("localhost", server.port, tls, timeout=5.0) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.UNREACHABLE
    assert "certificate verify failed" in delivered.detail.lower()
    assert mailbox.got == []


def test_a_wrong_password_gives_up_no_mail_and_is_never_told(certificate: ssl.SSLContext) -> None:
    wrong = "swordfish of the port desk"

    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox()
        options: dict[str, Any] = {"tls_context": certificate, "authenticator": mailbox.authenticate}
        async with serving(mailbox, **options) as server, SmtpDelivery("localhost", server.port, "starttls", "desk", lambda: wrong, 5.0) as delivery:
            return mailbox, await delivery.deliver(message())

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.UNREACHABLE
    assert "535" in delivered.detail
    assert wrong not in delivered.detail
    assert mailbox.got == []


def test_a_server_that_repeats_the_password_does_not_get_it_into_the_detail() -> None:
    async def story() -> Delivered:
        async with (
            serving(Mailbox({"MAIL": [f"550 5.7.1 {PASSWORD} is a poor password"]})) as server,
            plain(server, password=lambda: PASSWORD) as delivery,
        ):
            return await delivery.deliver(message())

    assert asyncio.run(story()) == Delivered(Outcome.UNREACHABLE, "550 5.7.1 **** is a poor password")


def test_a_server_that_wants_a_login_first_gives_up_no_mail() -> None:
    async def story() -> Delivered:
        async with serving(Mailbox({"MAIL": ["530 5.7.0 Authentication required"]})) as server, plain(server) as delivery:
            return await delivery.deliver(message())

    assert asyncio.run(story()) == Delivered(Outcome.UNREACHABLE, "530 5.7.0 Authentication required")
