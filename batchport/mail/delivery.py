"""Messages out of the house: to an SMTP server, or into a folder of `.eml` files where no server is set.

A delivery never raises for what a server, a network or a disk does; it says what became of the message, and the caller keeps it for the next try. A
refusal for good (5xx) is believed only when it answers the message itself. The same code while the session is opened, a wrong password say, speaks of
the settings, and no mail is given up for that.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import aiosmtplib

from batchport import files
from batchport.mail.message import wire

Tls = Literal["starttls", "implicit", "plain"]

_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
#: How long after it was written a mail is tried; then it has failed.
GIVE_UP_AFTER = timedelta(days=4)

# RFC 5321, 4.5.3.2.6: a server may take ten minutes to say yes to the data, and who hangs up earlier makes it deliver twice.
DATA_PATIENCE = 600.0
_LONGEST_DETAIL = 300
# "Authentication required": 5xx, but the fault of the settings and not of the message.
_AUTHENTICATION_REQUIRED = 530


class Outcome(Enum):
    """What became of a message: taken, to be tried again, or refused for good."""

    SENT = "sent"
    AGAIN = "again"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a message, and the server's words or the reason in one line; never a password."""

    outcome: Outcome
    detail: str


class Delivery(Protocol):
    """Takes messages away, one after another; a context manager, so that what it opened is closed."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    async def deliver(self, message: EmailMessage) -> Delivered:
        """Hand a message over, and say what became of it."""
        ...


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many failed tries.

    >>> [str(retry_after(attempts)) for attempts in (1, 2, 3, 4, 5, 6, 60)]
    ['0:01:00', '0:05:00', '0:15:00', '1:00:00', '4:00:00', '12:00:00', '12:00:00']
    """
    return _PAUSES[min(max(attempts, 1), len(_PAUSES)) - 1]


class FolderDelivery:
    """Writes each message into a folder as `<local part of its Message-ID>.eml`; the same message again replaces its file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    async def deliver(self, message: EmailMessage) -> Delivered:
        """SENT with the path, or AGAIN with what the disk said."""
        local = str(message["Message-ID"]).strip().lstrip("<").partition("@")[0]
        path = self._folder / (re.sub(r"[^A-Za-z0-9._-]", "_", local).lstrip(".")[:100] + ".eml")
        try:
            files.make_folder(self._folder)
            files.write_whole(path, wire(message))
        except OSError as error:
            return Delivered(Outcome.AGAIN, f"{path} could not be written: {error.strerror}")
        return Delivered(Outcome.SENT, str(path))


class SmtpDelivery:
    """Hands messages to an SMTP server over one connection, which is opened at the first message and anew after any trouble.

    Certificates are checked against the system's authorities (a private one: the environment variable SSL_CERT_FILE).

    Args:
        host: the server's name or address.
        port: its port.
        tls: `starttls` goes on only when the server offers it, `implicit` is TLS from the first byte, `plain` is for this machine alone.
        username: whom to log in as; None: no login.
        password: gives the password, asked each time a session is opened.
        timeout: seconds to wait for each answer; for the last one, after the message, at least ten minutes.

    Raises:
        ValueError: `plain` for a host that is not this machine.
    """

    def __init__(
        self, host: str, port: int, tls: Tls, username: str | None = None, password: Callable[[], str] | None = None, timeout: float = 60.0
    ) -> None:
        if tls == "plain" and not _is_this_machine(host):
            raise ValueError(f"mail goes out without TLS only to this machine itself, not to {host}; set tls to starttls or implicit")
        self._host, self._port, self._tls = host, port, tls
        self._username, self._password = username, password
        self._timeout = timeout
        self._client: aiosmtplib.SMTP | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._client is not None and self._client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit()
        self._hang_up()

    async def deliver(self, message: EmailMessage) -> Delivered:
        """SENT, AGAIN or REFUSED, with the server's code and text.

        A message taken for some of its recipients is SENT, and the detail names the others. AGAIN after a connection was lost during the message may
        mean that it arrives twice, with the same Message-ID.
        """
        async with self._one_at_a_time:
            try:
                return await self._deliver(message)
            except asyncio.CancelledError:
                self._hang_up()
                raise

    async def _deliver(self, message: EmailMessage) -> Delivered:
        sender, recipients = _envelope(message)
        try:
            client = await self._session()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._hang_up()
            return self._told(Outcome.AGAIN, f"no session with {self._host}, port {self._port}: {_words(error)}")
        try:
            refused = await self._envelope_taken(client, sender, recipients)
            if len(refused) == len(recipients):
                await self._reset(client)
                return self._told(_worst(refused), "; ".join(map(_words, refused)))
            answer = await client.data(wire(message), timeout=max(self._timeout, DATA_PATIENCE))
        except aiosmtplib.SMTPResponseException as error:
            await self._reset(client)
            return self._told(_judged(error.code), _words(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._hang_up()
            return self._told(Outcome.AGAIN, f"{self._host}, port {self._port}: {_words(error)}")
        except ValueError as error:
            await self._reset(client)
            return self._told(Outcome.REFUSED, f"an address that cannot be written to: {_words(error)}")
        others = f"; not for {'; '.join(f'{error.recipient}: {_words(error)}' for error in refused)}" if refused else ""
        return self._told(Outcome.SENT, f"{answer.code} {answer.message}{others}")

    async def _session(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                # The server hung up between two messages, as servers do; that costs no message a try.
                self._hang_up()
            else:
                return self._client
        self._hang_up()
        # A new client each time: reconnecting one that lost its connection can hang.
        client = self._client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, timeout=self._timeout, use_tls=self._tls == "implicit", start_tls=False
        )
        await client.connect()
        await client.ehlo()
        if self._tls == "starttls":
            if not client.supports_extension("starttls"):
                raise aiosmtplib.SMTPNotSupported("the server does not offer STARTTLS, and without it nothing is sent")
            await client.starttls()
            await client.ehlo()
        if self._username is not None:
            await client.login(self._username, self._password() if self._password else "")
        return client

    async def _envelope_taken(self, client: aiosmtplib.SMTP, sender: str, recipients: list[str]) -> list[aiosmtplib.SMTPRecipientRefused]:
        await client.mail(sender)
        refused = []
        for recipient in recipients:
            try:
                await client.rcpt(recipient)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused.append(error)
        return refused

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _told(self, outcome: Outcome, detail: str) -> Delivered:
        secret = self._password() if self._password else ""
        if secret:
            for form in (f"\0{self._username}\0{secret}", secret):
                detail = detail.replace(base64.b64encode(form.encode()).decode(), "****").replace(form, "****")
        printable = "".join(sign if sign.isprintable() else " " for sign in detail)
        return Delivered(outcome, " ".join(printable.split())[:_LONGEST_DETAIL])


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _envelope(message: EmailMessage) -> tuple[str, list[str]]:
    return message["From"].addresses[0].addr_spec, [address.addr_spec for address in message["To"].addresses]


def _judged(code: int) -> Outcome:
    return Outcome.REFUSED if 500 <= code < 600 and code != _AUTHENTICATION_REQUIRED else Outcome.AGAIN


def _worst(refused: list[aiosmtplib.SMTPRecipientRefused]) -> Outcome:
    # One that may take it later keeps the message alive.
    return Outcome.REFUSED if all(_judged(error.code) is Outcome.REFUSED for error in refused) else Outcome.AGAIN


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
