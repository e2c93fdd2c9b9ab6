"""Messages out of the house: to an SMTP server, or into a folder of `.eml` files where no server is set.

A delivery never raises for what a server, a network or a disk does; it says what became of the message, and the caller keeps it for the next try. A
refusal for good (5xx) is believed only when it answers the recipient or the message itself. The same code while the session is opened, or in answer to our
own address, speaks of the settings: it would meet every message alike, and none is given up for that.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import aiosmtplib

from batchport import files
from batchport.mail.enhanced import address_is_gone, status_in
from batchport.mail.message import Packed

Tls = Literal["starttls", "implicit", "plain"]

_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
#: How long after it was written a mail is tried; then it has failed.
GIVE_UP_AFTER = timedelta(days=4)

# RFC 5321, 4.5.3.2.6: a server may take ten minutes to say yes to the data, and who hangs up earlier makes it deliver twice.
DATA_PATIENCE = 600.0
# More answers than a session with two beginnings can ask for; together with the two of DATA, the longest that a message takes.
_MOST_ANSWERS = 20
_LONGEST_DETAIL = 300
# "Authentication required": 5xx, but the fault of the settings and not of the message.
_AUTHENTICATION_REQUIRED = 530
_CLOSING = 421
# "Come back later", said of how much there is and not of this message: closing, local error, no room; and 4.7.x, a policy.
_TOO_MUCH = frozenset({_CLOSING, 451, 452})


class Outcome(Enum):
    """What became of a message: taken, to be tried again, refused for good, or not even offered, since no message gets through just now."""

    SENT = "sent"
    AGAIN = "again"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a message.

    Attributes:
        outcome: in one word.
        detail: the server's words or the reason in one line; never a password.
        gone: the server says that the recipient's address will never take mail.
        strained: the server asks for fewer messages at a time, or broke the connection off.
    """

    outcome: Outcome
    detail: str
    gone: bool = False
    strained: bool = False


class Delivery(Protocol):
    """Takes messages away, one after another; a context manager, so that what it opened is closed."""

    @property
    def patience(self) -> float:
        """The most seconds that a message can take."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    async def reached(self) -> str:
        """Why no message could be handed over now; blank where one could, as far as can be told without one."""
        ...

    async def deliver(self, packed: Packed, before: Awaitable[None] | None = None) -> Delivered:
        """Hand a message over, and say what became of it.

        Args:
            packed: the message.
            before: what must have happened before anybody can take it; it may go on while the message is begun.
        """
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

    @property
    def patience(self) -> float:
        """A minute, which is long for a disk."""
        return 60.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    async def reached(self) -> str:
        """As `Delivery` says."""
        return "" if os.access(self._folder, os.W_OK | os.X_OK) else f"{self._folder} cannot be written"

    async def deliver(self, packed: Packed, before: Awaitable[None] | None = None) -> Delivered:
        """SENT with the path, or AGAIN with what the disk said."""
        if before is not None:
            await before
        local = packed.message_id.lstrip("<").partition("@")[0]
        path = self._folder / (re.sub(r"[^A-Za-z0-9._-]", "_", local).lstrip(".")[:100] + ".eml")
        try:
            files.make_folder(self._folder)
            files.write_whole(path, packed.data)
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

    @property
    def patience(self) -> float:
        """The longest that a server can keep a message waiting, each of its answers as late as is allowed."""
        return _MOST_ANSWERS * self._timeout + 2 * max(self._timeout, DATA_PATIENCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._client is not None and self._connected:
            transport = self._client.transport
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit()
            _cut(transport)
        self._hang_up()

    async def reached(self) -> str:
        """As `Delivery` says: a session is opened, with TLS and login as they are set, and closed again."""
        async with self:
            try:
                await self._session()
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                return self._told(Outcome.UNREACHABLE, f"no session with {self._place}: {_words(error)}").detail
        return ""

    async def deliver(self, packed: Packed, before: Awaitable[None] | None = None) -> Delivered:
        """SENT, AGAIN or REFUSED, with the server's code and text; UNREACHABLE where it did not come to this message.

        AGAIN after a connection was lost during the message may mean that it arrives twice, with the same Message-ID.
        """
        async with self._one_at_a_time:
            try:
                return await self._deliver(packed, before)
            except asyncio.CancelledError:
                self._hang_up()
                raise

    async def _deliver(self, packed: Packed, before: Awaitable[None] | None) -> Delivered:
        client = await self._begun(packed.sender)
        if isinstance(client, Delivered):
            return client
        try:
            await client.rcpt(packed.recipient)
        except aiosmtplib.SMTPRecipientRefused as error:
            await self._reset(client)
            # The code leads the answer; one further on may be quoted from elsewhere.
            return self._refused(error, gone=error.code >= 500 and address_is_gone(status_in(error.message.partition(" ")[0])))
        except (aiosmtplib.SMTPException, OSError) as error:
            self._hang_up()
            return self._told(Outcome.AGAIN, f"{self._place}: {_words(error)}", strained=True)
        except ValueError as error:
            await self._reset(client)
            return self._told(Outcome.REFUSED, f"an address that cannot be written to: {_words(error)}")
        if before is not None:
            await before
        return await self._handed_over(client, packed.data)

    async def _begun(self, sender: str) -> aiosmtplib.SMTP | Delivered:
        """A session in which a message is begun, or why there is none.

        A server may have hung up since the last message, which shows only now; that is no fault of this one, so it gets a new session. To ask first whether
        the server is still there (RSET, NOOP) would cost every message a round trip.
        """
        while True:
            kept = self._connected
            try:
                client = await self._session()
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                self._hang_up()
                return self._told(Outcome.UNREACHABLE, f"no session with {self._place}: {_words(error)}")
            try:
                await client.mail(sender)
            except aiosmtplib.SMTPSenderRefused as error:
                await self._reset(client)
                if error.code != _CLOSING or not kept:
                    return self._refused(error, refused=Outcome.UNREACHABLE)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                self._hang_up()
                if not (kept and isinstance(error, (aiosmtplib.SMTPServerDisconnected, ConnectionError))):
                    return self._told(Outcome.UNREACHABLE, f"{self._place}, begins no message: {_words(error)}")
            else:
                return client

    async def _handed_over(self, client: aiosmtplib.SMTP, data: bytes) -> Delivered:
        try:
            answer = await client.data(data, timeout=max(self._timeout, DATA_PATIENCE))
        except aiosmtplib.SMTPDataError as error:
            await self._reset(client)
            return self._refused(error)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._hang_up()
            return self._told(Outcome.AGAIN, f"it is not known whether {self._place}, has taken it: {_words(error)}", strained=True)
        return self._told(Outcome.SENT, f"{answer.code} {answer.message}")

    async def _session(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._connected:
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

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            transport = self._client.transport
            self._client.close()
            _cut(transport)
            self._client = None

    @property
    def _connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def _place(self) -> str:
        return f"{self._host}, port {self._port}"

    def _refused(self, error: aiosmtplib.SMTPResponseException, *, refused: Outcome = Outcome.REFUSED, gone: bool = False) -> Delivered:
        """What a server's no means; `refused` is what it means for good."""
        strained = error.code in _TOO_MUCH or status_in(error.message).startswith("4.7.")
        if error.code == _AUTHENTICATION_REQUIRED:
            refused = Outcome.UNREACHABLE
        return self._told(refused if 500 <= error.code < 600 else Outcome.AGAIN, _words(error), gone=gone, strained=strained)

    def _told(self, outcome: Outcome, detail: str, *, gone: bool = False, strained: bool = False) -> Delivered:
        secret = self._password() if self._password else ""
        if secret:
            for form in (f"\0{self._username}\0{secret}", secret):
                detail = detail.replace(base64.b64encode(form.encode()).decode(), "****").replace(form, "****")
        return Delivered(outcome, one_line(detail), gone, strained)


def _cut(transport: asyncio.BaseTransport | None) -> None:
    """Let a connection end now. To close one under TLS waits for the other side's goodbye, and the loop may be gone before that comes."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def one_line(text: str) -> str:
    r"""A text of others as one printable line that is not too long.

    >>> one_line("550 5.1.1\r\n no such\tmailbox\x00 ")
    '550 5.1.1 no such mailbox'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_DETAIL]


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
