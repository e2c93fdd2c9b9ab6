"""Delivery reports (RFC 3464) read: bytes in, out comes which addresses a mail did not reach, and which mail that was.

Mail servers differ in what stands around the report and agree in the report itself, so only that is read: the groups of fields in `message/delivery-status`, and
the headers of the mail that came back. Whoever can write to a mailbox can put anything there; so the file is cut at the lines between its parts, without
building the tree that it may describe, and only so much of it is looked at.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser

from batchport.mail.enhanced import status_in

#: What is looked at of a file; the report stands before the mail that came back, and this holds the headers of that as well.
_LOOKED_AT = 1 << 20
_MOST_PARTS, _MOST_GROUPS, _DEEPEST = 20, 200, 3
_BETWEEN_GROUPS = re.compile(rb"\r?\n[ \t]*\r?\n")
_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_TYPES = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")


class NotAReport(Exception):
    """A file that is no delivery report, or none that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a report says of one recipient.

    Attributes:
        addresses: as they were when the mail came by, and as they were written first; one of them may be a forwarding address that we do not know.
        action: `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
        status: the enhanced status code; blank where there is none.
        diagnostic: what the last server said.
    """

    addresses: tuple[str, ...]
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report: the Message-IDs that the mail which it is about may have, and what it says of each recipient."""

    message_ids: tuple[str, ...]
    recipients: tuple[Told, ...]


def read_report(data: bytes) -> Report:
    """A delivery report.

    Raises:
        NotAReport: it is none.
    """
    head, body = _split(data[:_LOOKED_AT])
    parts = list(_parts(head, body, _DEEPEST))
    fields = [group for part, content in parts if part.get_content_type() in _STATUS_TYPES for group in _groups(_decoded(part, content))]
    if not fields:
        raise NotAReport("it has no part that says what became of a mail (message/delivery-status)")
    recipients = tuple(_told(group) for group in fields if group["Final-Recipient"] or group["Original-Recipient"])
    if not recipients:
        raise NotAReport("it names no recipient")
    returned = [_headers(_decoded(part, content)) for part, content in parts if part.get_content_type() in _RETURNED_TYPES]
    # Some servers send nothing back; then the report is an answer to the mail.
    names = [_text(mail["Message-ID"]) for mail in returned] + [_text(head["In-Reply-To"]), _text(head["References"])]
    return Report(tuple(dict.fromkeys(_MESSAGE_ID.findall(" ".join(names)))), recipients)


def _parts(head: Message, body: bytes, deepest: int) -> Iterator[tuple[Message, bytes]]:
    """The parts of a message, of those in a part as well, each with its headers and its content; so many at most."""
    boundary = head.get_boundary()
    if head.get_content_maintype() != "multipart" or not boundary or not deepest:
        yield head, body
        return
    line = re.compile(rb"^--" + re.escape(boundary.encode("ascii", "replace")) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
    for piece in line.split(body, _MOST_PARTS)[1:]:
        yield from _parts(*_split(piece), deepest - 1)


def _split(data: bytes) -> tuple[Message, bytes]:
    if data.startswith((b"\n", b"\r\n")):  # a part without headers
        return _headers(b""), data
    found = _HEADERS_END.search(data)
    return (_headers(data[: found.start()]), data[found.end() :]) if found else (_headers(data), b"")


def _headers(data: bytes) -> Message:
    """The headers that a text begins with."""
    found = _HEADERS_END.search(data)
    return BytesHeaderParser().parsebytes(data[: found.start()] if found else data)


def _decoded(part: Message, content: bytes) -> bytes:
    encoding = _text(part["Content-Transfer-Encoding"]).strip().lower()
    if encoding == "quoted-printable":
        return quopri.decodestring(content)
    if encoding == "base64":
        try:
            return binascii.a2b_base64(content)
        except binascii.Error:
            return b""
    return content


def _groups(content: bytes) -> Iterator[Message]:
    """The groups of fields of a report: the first about the mail, then one for each recipient."""
    for group in _BETWEEN_GROUPS.split(content.strip(), _MOST_GROUPS)[:_MOST_GROUPS]:
        yield _headers(group.strip())


def _told(group: Message) -> Told:
    addresses = dict.fromkeys(_address(_text(group[name])) for name in ("Final-Recipient", "Original-Recipient") if group[name])
    diagnostic = _text(group["Diagnostic-Code"]).partition(";")
    words = (diagnostic[2] or diagnostic[0]).strip()
    status = status_in(_text(group["Status"]))
    # Some say 5.0.0 for whatever the last server said, whose own words are more precise.
    if not status or status.endswith(".0.0"):
        precise = status_in(words)
        status = precise if precise[:1] == status[:1] or not status else status
    return Told(tuple(addresses), _text(group["Action"]).partition("(")[0].strip().lower(), status, words)


def _address(value: str) -> str:
    """The address in `rfc822; gone@example.com`."""
    kind, mark, address = value.partition(";")
    return (address if mark else kind).strip().strip("<>").strip()


def _text(value: object) -> str:
    """A field's text on one line, its encoded words decoded where that is possible."""
    text = " ".join(str(value or "").split())
    try:
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (HeaderParseError, LookupError, ValueError):
        return text
