"""Words into a message as it travels: headers, text beside HTML, attachments; the same input gives the same bytes."""

from __future__ import annotations

import binascii
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import headerregistry
from email.errors import MessageError
from email.generator import BytesGenerator
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from batchport.mail.compose import Composed

#: Subtype of an `Attachment` that is an Excel workbook.
XLSX = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_UNFIT_FOR_HEADERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE = 76  # of base64
# How many headers are remembered.
_KEPT = 256
_QUOTES = str.maketrans({'"': "'", "\\": "/"})
_LONGEST_NAME = 60
_LEADING_WORD = re.compile(r"[a-z]{1,20}")
# RFC 5322 allows 998 signs; quoted-printable takes over well before.
_LONGEST_PLAIN_LINE = 900


class _Subject(headerregistry.UnstructuredHeader, headerregistry.BaseHeader):
    """A subject that keeps its blanks: the folding of the newer header classes loses those between two encoded words."""

    def fold(self, *, policy: Policy) -> str:
        charset = "us-ascii" if str(self).isascii() else "utf-8"
        return f"{self.name}: {Header(str(self), charset, header_name=self.name).encode(linesep=policy.linesep)}{policy.linesep}"


class _Headers(headerregistry.HeaderRegistry):
    """Makes the class of a header once, and a header of the same name and text once: most are the same in every message, and to parse them is most of the work."""

    @lru_cache(_KEPT)  # noqa: B019  there is one of these
    def __getitem__(self, name: str) -> type[headerregistry.BaseHeader]:
        return super().__getitem__(name)

    def __call__(self, name: str, value: Any) -> headerregistry.BaseHeader:
        return self._parsed(name, value) if type(value) is str else super().__call__(name, value)

    @lru_cache(_KEPT)  # noqa: B019
    def _parsed(self, name: str, value: str) -> headerregistry.BaseHeader:
        return super().__call__(name, value)


class _Policy(EmailPolicy):
    """Folds a header of the same name and text once."""

    def fold_binary(self, name: str, value: str) -> bytes:
        return _folded(name, value)


class _Generator(BytesGenerator):
    """Writes the text of a part at once, and not line by line, which is most of the work where an attachment has five hundred of them."""

    def _write_lines(self, lines: str) -> None:
        self.write(_LINE_END.sub("\n", lines).replace("\n", self._NL) if "\r" in lines else lines.replace("\n", self._NL))  # type: ignore[attr-defined]


def _policy() -> _Policy:
    headers = _Headers()
    headers.map_to_type("subject", _Subject)
    return _Policy(linesep=SMTP.linesep, max_line_length=SMTP.max_line_length, header_factory=headers, cte_type="7bit")


_POLICY = _policy()


@lru_cache(_KEPT)
def _folded(name: str, value: str) -> bytes:
    # Outside of the policy, since the generator makes another of these for every part; all fold alike.
    return EmailPolicy.fold_binary(_POLICY, name, value)


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address, with the name that people see."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message: its name, its bytes and its subtype under `application/`."""

    name: str
    data: bytes
    subtype: str = XLSX


@dataclass(frozen=True, slots=True)
class Packed:
    """A message as it travels: who sends it, the one whom it is for, its Message-ID, and its bytes."""

    sender: str
    recipient: str
    message_id: str
    data: bytes


def message_id(domain: str, key: str) -> str:
    """The Message-ID of what `key` names: the same for the same key, and telling nothing of it but a leading lower-case word.

    >>> message_id("ports.example.com", "received/acme/17")
    '<received.78216154338b2ab7ae12e8569dd49b4b@ports.example.com>'
    """
    word = _LEADING_WORD.match(key)
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"<{word[0] + '.' if word else ''}{digest}@{domain}>"


def build(
    *,
    composed: Composed,
    sender: Address,
    recipient: str,
    message_id: str,
    date: datetime,
    list_id: str,
    references: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """A message ready to be delivered to one recipient.

    Args:
        composed: subject, text and HTML.
        sender: whom it is from, in the header and on the envelope.
        recipient: one bare address.
        message_id: with its angle brackets, as `message_id` gives it.
        date: with its time zone.
        list_id: a dotted name that mail programs may sort by, as `acme.ports.example.com`.
        references: Message-IDs of earlier mails of the same story, oldest first.
        attachments: in the order in which they are shown.

    Raises:
        ValueError: the sender or the recipient is not one address in ASCII.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(sender)
    message["To"] = _address(Address(recipient))
    message["Subject"] = _fit_for_header(composed.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = _fit_for_header(message_id)
    if references:
        message["In-Reply-To"] = _fit_for_header(references[-1])
        message["References"] = _fit_for_header(" ".join(references))
    message["List-Id"] = f"<{_fit_for_header(list_id)}>"
    message["Auto-Submitted"] = "auto-generated"
    # Exchange answers with out-of-office notes in spite of Auto-Submitted, but heeds this.
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(composed.text, cte=_encoding(composed.text))
    boundary = f"=_{hashlib.sha256(message_id.encode()).hexdigest()[:32]}_"
    message.make_alternative(f"{boundary}0")
    message.add_alternative(composed.html, subtype="html", cte=_encoding(composed.html))
    if attachments:
        message.make_mixed(f"{boundary}1")
    for attachment in attachments:
        name = _fit_for_header(attachment.name.replace("\\", "/").rpartition("/")[2])
        message.add_attachment(b"", maintype="application", subtype=attachment.subtype, filename=name)
        [*_, part] = message.iter_attachments()
        part.set_payload(_base64(attachment.data))
    return message


def wire(message: EmailMessage) -> bytes:
    """The bytes of a message, lines ended by CRLF, in ASCII only, so that no server need offer 8BITMIME."""
    target = io.BytesIO()
    _Generator(target, mangle_from_=False, policy=_POLICY).flatten(message)
    return target.getvalue()


def pack(message: EmailMessage) -> Packed:
    """A message made ready to be handed over.

    A message goes to one recipient, so that none can be left out while the others get it.

    Raises:
        ValueError: it is not to exactly one recipient.
    """
    [sender], recipients = message["From"].addresses, message["To"].addresses
    if len(recipients) != 1:
        raise ValueError(f"a message is for one recipient, and this one is for {len(recipients)}")
    return Packed(sender.addr_spec, recipients[0].addr_spec, str(message["Message-ID"]).strip(), wire(message))


def _fit_for_header(value: str) -> str:
    # What looks like an encoded word is taken for one by the header classes, which decode the line breaks in it.
    return _UNFIT_FOR_HEADERS.sub(" ", value).replace("=?", "= ?").strip()


def _address(address: Address) -> headerregistry.Address:
    bare = address.email.strip()
    try:
        # A quoted name that is folded loses its quotes, and what was inside counts as an address; so it must fit into a line.
        name = _fit_for_header(address.name).translate(_QUOTES)[:_LONGEST_NAME].strip()
        parsed = headerregistry.Address(name, addr_spec=bare)
    except (ValueError, IndexError, MessageError):
        parsed = headerregistry.Address()
    if parsed.addr_spec != bare or not bare.isascii() or not parsed.username or not parsed.domain or _UNFIT_FOR_HEADERS.search(bare):
        raise ValueError(f"not one mail address in ASCII: {bare!r}")
    return parsed


def _base64(data: bytes) -> str:
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    return "".join(f"{text[at : at + _LINE]}\n" for at in range(0, len(text), _LINE))


def _encoding(text: str) -> str:
    plain = text.isascii() and max(map(len, text.splitlines()), default=0) <= _LONGEST_PLAIN_LINE
    return "7bit" if plain else "quoted-printable"
