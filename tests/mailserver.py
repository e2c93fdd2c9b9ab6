"""A real SMTP server on loopback for tests: what it answers, when it hangs up, and what it got."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "correct horse battery"  # noqa: S105


@dataclass
class Mailbox:
    """Takes mail and remembers it; what it answers first stands in `answers`, by command, and is used up.

    `refused` are addresses that RCPT is answered for always. At each command in `drops` the connection ends, once for each time that it stands there; there are
    also `greeting`, `message` (after DATA was let through), and `yes` (when the message was taken and the answer not sent).
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    got: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    sessions: int = 0
    over_tls: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    before_yes: Callable[[SMTP], Awaitable[None]] | None = None
    heard: list[str] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def dropped(self, command: str) -> bool:
        """Whether the connection ends at this command."""
        if command in self.drops:
            self.drops.remove(command)
            return True
        return False

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
        if answer := self.refused.get(address) or self._next("RCPT"):
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
        if self.dropped("yes"):
            server.transport.abort()
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
            if mailbox.dropped("greeting"):
                transport.abort()  # type: ignore[attr-defined]
            else:
                super().connection_made(transport)

        def _gone(self, command: str) -> bool:
            mailbox.heard.append(command)
            if not mailbox.dropped(command):
                return False
            self.transport.abort()  # type: ignore[union-attr]
            return True

        async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
            if not self._gone("EHLO"):
                await super().smtp_EHLO(hostname)

        async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
            if not self._gone("STARTTLS"):
                await super().smtp_STARTTLS(arg)

        async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
            if not self._gone("AUTH"):
                await super().smtp_AUTH(arg)

        async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
            if not self._gone("MAIL"):
                await super().smtp_MAIL(arg)

        async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
            if not self._gone("RCPT"):
                await super().smtp_RCPT(arg)

        async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
            if self._gone("DATA"):
                return
            if mailbox.dropped("message"):
                await self.push("354 go on")
                self.transport.abort()  # type: ignore[union-attr]
            else:
                await super().smtp_DATA(arg)

        async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
            if not self._gone("QUIT"):
                await super().smtp_QUIT(arg)

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


@contextmanager
def served(mailbox: Mailbox, **options: Any) -> Iterator[Server]:
    """The same beside a test that waits: in a thread of its own."""
    loop, started, ended, found = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        async with serving(mailbox, **options) as server:
            found.append(server)
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


def make_certificate(path: Path) -> ssl.SSLContext:
    """A server's TLS for `localhost`; whoever trusts the authority in the file at `path` trusts it."""
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
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
