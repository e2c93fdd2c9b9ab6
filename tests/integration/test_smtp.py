"""Mail over real SMTP on loopback: taken, refused for now, refused for good, and servers that go away."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from batchport.mail.compose import Composed
from batchport.mail.delivery import Delivered, Outcome, SmtpDelivery
from batchport.mail.message import Address, Attachment, build, message_id

PASSWORD = "correct horse battery"  # noqa: S105


def message(key: str = "received/acme/17") -> EmailMessage:
    return build(
        composed=Composed("30 numéros prêts", ".\n.. Été\nFrom here\n", "<p>Été</p>\n"),
        sender=Address("ports@example.com", "Port desk"),
        recipient="maria@harborbakery.example",
        message_id=message_id("ports.example.com", key),
        date=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        list_id="acme.ports.example.com",
        attachments=(Attachment("acme.xlsx", bytes(range(256)) * 400),),
    )


@dataclass
class Mailbox:
    """Takes mail and remembers it; what it answers first stands in `answers`, by command, and is used up.

    With `breaks_off` the connection ends once in the middle of a message.
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    got: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    sessions: int = 0
    over_tls: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    before_yes: Callable[[SMTP], Awaitable[None]] | None = None
    breaks_off: bool = False

    def _next(self, command: str) -> str | None:
        return self.answers[command].pop(0) if self.answers.get(command) else None

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := self._next("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := self._next("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if answer := self._next("DATA"):
            return answer
        assert isinstance(envelope.content, bytes)
        received = message_from_bytes(envelope.content, policy=SMTP_POLICY)
        assert isinstance(received, EmailMessage)
        self.got.append(received)
        self.recipients.append(envelope.rcpt_tos)
        self.over_tls.append(session.ssl is not None)
        if self.before_yes:
            await self.before_yes(server)
        return "250 2.0.0 taken as 4711"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs that came, in their order."""
        return [received["Message-ID"] for received in self.got]


@dataclass
class Server:
    """A server that listens on loopback."""

    port: int
    connections: list[asyncio.BaseTransport]

    def hang_up(self) -> None:
        """Cut every connection off, as a server does that is started anew."""
        for transport in self.connections:
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        self.connections.clear()


@asynccontextmanager
async def serving(mailbox: Mailbox, *, tls: ssl.SSLContext | None = None, greeting: str | None = None, **options: Any) -> AsyncIterator[Server]:
    """An SMTP server for the mailbox, over TLS from the first byte where `tls` is given; `greeting` makes one that says but that."""
    connections: list[asyncio.BaseTransport] = []

    class Protocol(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.append(transport)
            super().connection_made(transport)

        async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
            if mailbox.breaks_off:
                mailbox.breaks_off = False
                await self.push("354 go on")
                assert isinstance(self.transport, asyncio.Transport)
                self.transport.abort()
            else:
                await super().smtp_DATA(arg)

    class Rude(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            connections.append(transport)
            if greeting:
                transport.write(greeting.encode() + b"\r\n")

    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.BaseProtocol:
        mailbox.sessions += 1
        return Rude() if greeting is not None else Protocol(mailbox, hostname="mail.example.com", loop=loop, **options)

    listener = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    server = Server(listener.sockets[0].getsockname()[1], connections)
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        await listener.wait_closed()
        await asyncio.sleep(0)


def plain(server: Server, **options: Any) -> SmtpDelivery:
    return SmtpDelivery("127.0.0.1", server.port, "plain", **({"timeout": 5.0} | options))


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS for `localhost`, whose authority the client trusts through SSL_CERT_FILE."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


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
    assert mailbox.ids == [message(f"received/{number}")["Message-ID"] for number in range(5)]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(command: str) -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({command: ["451 4.7.1 greylisted, come back later"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.AGAIN, "451 4.7.1 greylisted, come back later")
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message()["Message-ID"]]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_refusal_for_good_is_told_and_the_next_message_goes_through(command: str) -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({command: ["550 5.1.1 no such mailbox"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message("received/acme/18"))]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.REFUSED, "550 5.1.1 no such mailbox")
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message("received/acme/18")["Message-ID"]]
    assert mailbox.sessions == 1


def test_a_message_taken_for_some_recipients_names_the_others() -> None:
    async def story() -> tuple[Mailbox, Delivered]:
        mailbox = Mailbox({"RCPT": ["550 5.1.1 no such mailbox"]})
        both = message()
        del both["To"]
        both["To"] = "gone@harborbakery.example, maria@harborbakery.example"
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, await delivery.deliver(both)

    mailbox, delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.SENT
    assert delivered.detail == "250 2.0.0 taken as 4711; not for gone@harborbakery.example: 550 5.1.1 no such mailbox"
    assert mailbox.recipients == [["maria@harborbakery.example"]]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        (["550 5.1.1 no such mailbox", "450 4.2.1 busy"], Outcome.AGAIN),
        (["550 5.1.1 no such mailbox", "551 5.1.6 moved"], Outcome.REFUSED),
    ],
)
def test_a_message_that_no_recipient_may_have_is_kept_while_one_may_take_it_later(answers: list[str], outcome: Outcome) -> None:
    async def story() -> Delivered:
        both = message()
        del both["To"]
        both["To"] = "one@harborbakery.example, two@harborbakery.example"
        async with serving(Mailbox({"RCPT": list(answers)})) as server, plain(server) as delivery:
            return await delivery.deliver(both)

    assert asyncio.run(story()) == Delivered(outcome, "; ".join(answers))


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
        mailbox = Mailbox(breaks_off=True)
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first.outcome is Outcome.AGAIN
    assert "127.0.0.1, port " in first.detail
    assert second.outcome is Outcome.SENT
    assert mailbox.ids == [message()["Message-ID"]]


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
    assert mailbox.ids == [message()["Message-ID"]] * 2


def test_a_421_ends_the_session_and_the_next_try_opens_another() -> None:
    async def story() -> tuple[Mailbox, list[Delivered]]:
        mailbox = Mailbox({"MAIL": ["421 4.3.2 going down"]})
        async with serving(mailbox) as server, plain(server) as delivery:
            return mailbox, [await delivery.deliver(message()), await delivery.deliver(message())]

    mailbox, (first, second) = asyncio.run(story())
    assert first == Delivered(Outcome.AGAIN, "421 4.3.2 going down")
    assert second.outcome is Outcome.SENT
    assert mailbox.sessions == 2


def test_no_server_means_try_again() -> None:
    async def story() -> Delivered:
        async with serving(Mailbox()) as server:
            pass
        async with plain(server) as delivery:
            return await delivery.deliver(message())

    delivered = asyncio.run(story())
    assert delivered.outcome is Outcome.AGAIN
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
    assert delivered.outcome is Outcome.AGAIN
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
    assert delivered.outcome is Outcome.AGAIN
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
    assert delivered.outcome is Outcome.AGAIN
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
    assert delivered.outcome is Outcome.AGAIN
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

    assert asyncio.run(story()) == Delivered(Outcome.REFUSED, "550 5.7.1 **** is a poor password")


def test_a_server_that_wants_a_login_first_gives_up_no_mail() -> None:
    async def story() -> Delivered:
        async with serving(Mailbox({"MAIL": ["530 5.7.0 Authentication required"]})) as server, plain(server) as delivery:
            return await delivery.deliver(message())

    assert asyncio.run(story()) == Delivered(Outcome.AGAIN, "530 5.7.0 Authentication required")
