"""Words become messages whose bytes are the same for the same input, and whose headers nothing can break."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from batchport.mail.compose import Composed
from batchport.mail.message import XLSX, Address, Attachment, build, message_id, pack, wire

COMPOSED = Composed("31 of 40 numbers ready", "Hello\n", "<p>Hello</p>\n")
DESK = Address("ports@example.com", "Port desk")
ID = message_id("ports.example.com", "received/acme/17")


def made(composed: Composed = COMPOSED, **changes: object) -> EmailMessage:
    values: dict[str, object] = {
        "composed": composed,
        "sender": DESK,
        "recipient": "maria@harborbakery.example",
        "message_id": ID,
        "date": datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        "list_id": "acme.ports.example.com",
    }
    return build(**(values | changes))  # type: ignore[arg-type]


def as_received(message: EmailMessage) -> EmailMessage:
    """The message as who gets its bytes reads it."""
    received = message_from_bytes(wire(message), policy=SMTP)
    assert isinstance(received, EmailMessage)
    assert not any(part.defects for part in received.walk())
    return received


def test_a_message_has_the_headers_of_automatic_mail() -> None:
    message = as_received(made())
    assert message["From"] == "Port desk <ports@example.com>"
    assert message["To"] == "maria@harborbakery.example"
    assert message["Subject"] == "31 of 40 numbers ready"
    assert message["Date"] == "Mon, 23 Nov 2026 02:00:00 +0000"
    assert message["Message-ID"] == ID
    assert message["List-Id"] == "<acme.ports.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["References"] is None


def test_text_and_html_say_the_same_in_one_message() -> None:
    message = as_received(made())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content() == "Hello\r\n"  # type: ignore[union-attr]


def test_attachments_come_back_as_they_went_in() -> None:
    data = bytes(range(256)) * 50
    message = as_received(
        made(attachments=(Attachment("acme.1a2b3c4d.xlsx", data), Attachment("médical\r\nX: y/../naïve liste.csv", b"a,b\r\n", "csv")))
    )
    assert message.get_content_type() == "multipart/mixed"
    first, second = message.iter_attachments()
    assert (first.get_content_type(), first.get_filename(), first.get_content()) == (f"application/{XLSX}", "acme.1a2b3c4d.xlsx", data)
    assert second.get_filename() == "naïve liste.csv"
    assert message.get_body(("html",)) is not None


def test_the_same_input_gives_the_same_bytes() -> None:
    attachments = (Attachment("acme.xlsx", b"PK"),)
    assert wire(made(attachments=attachments)) == wire(made(attachments=attachments))
    assert wire(made(attachments=attachments)) != wire(made(attachments=attachments, message_id=message_id("ports.example.com", "received/acme/18")))


@pytest.mark.parametrize("text", ["Hello\n", "no end", "a\r\nb\rc\n\n", "From here\n.\n", "été\n" * 50, ""])
def test_the_bytes_are_those_that_the_library_would_write(text: str) -> None:
    attachments = [Attachment("a.xlsx", bytes(range(256)) * 120), Attachment("empty.csv", b"", "csv"), Attachment("b.csv", b"x" * 57, "csv")]
    message = made(Composed("30 numéros", text, f"<p>{text}</p>\n"), attachments=attachments)
    assert wire(message) == message.as_bytes()


def test_every_multipart_has_its_own_boundary() -> None:
    message = made(attachments=(Attachment("acme.xlsx", b"PK"),))
    boundaries = [part.get_boundary() for part in message.walk() if part.is_multipart()]
    assert len(set(boundaries)) == len(boundaries) == 2


@pytest.mark.parametrize(
    "evil",
    ["\r\nBcc: everybody@example.com", "\nBcc: everybody@example.com", "\rBcc: x@example.com", "\r\n\r\n<p>gone</p>", "\x00\x0b\x85\u2028Bcc: x"],
)
def test_no_value_can_add_a_header(evil: str) -> None:
    message = as_received(
        made(
            Composed(f"Ready{evil}", "Hello\n", "<p>Hello</p>\n"),
            sender=Address("ports@example.com", f"Desk{evil}"),
            list_id=f"acme{evil}",
            references=(f"<1@example.com>{evil}",),
            attachments=(Attachment(f"a{evil}.xlsx", b"PK"),),
        )
    )
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "Auto-Submitted", "X-Auto-Response-Suppress",
        "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert message["Subject"].startswith("Ready ")
    assert len(list(message.iter_attachments())) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "maria",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "Maria <a@example.com>",
        "a@",
        "@example.com",
        "josé@example.com",
    ],
)
def test_a_recipient_that_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not one mail address in ASCII"):
        made(recipient=address)


def test_a_message_travels_with_its_one_recipient() -> None:
    packed = pack(made())
    assert (packed.sender, packed.recipient, packed.message_id, packed.data) == ("ports@example.com", "maria@harborbakery.example", ID, wire(made()))


@pytest.mark.parametrize("recipients", ["one@harborbakery.example, two@harborbakery.example", ""])
def test_a_message_to_several_or_to_nobody_does_not_travel(recipients: str) -> None:
    message = made()
    del message["To"]
    message["To"] = recipients
    with pytest.raises(ValueError, match="a message is for one recipient"):
        pack(message)


def test_other_scripts_and_long_lines_arrive_whole_over_seven_bits() -> None:
    subject, text = "30 numéros prêts · Boulangerie du Port, 臺北 " + "très " * 30, "Été · 臺北\n" + "x" * 3000 + "\n.\nFrom here\n"
    message = made(Composed(subject.strip(), text, f"<p>{'é' * 2000}</p>\n"), sender=Address("ports@example.com", "Bureau d'été"))
    data = wire(message)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert b"\n" not in data.replace(b"\r\n", b"")
    received = as_received(message)
    assert received["Subject"] == subject.strip()
    assert received["From"].addresses[0].display_name == "Bureau d'été"
    assert received.get_body(("plain",)).get_content().replace("\r\n", "\n") == text  # type: ignore[union-attr]
    assert "é" * 2000 in received.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("length", range(1, 120, 7))
def test_a_subject_and_a_file_name_of_any_length_keep_every_sign(length: int) -> None:
    words = "5 numéros à porter au 港口 été comme hiver, et la suite de tout cela " * 2
    value = f"{'x' * length} {words}".strip()
    message = as_received(made(Composed(value, "Hello\n", "<p>Hello</p>\n"), attachments=(Attachment(f"{value}.xlsx", b"PK"),)))
    assert message["Subject"] == value
    assert next(message.iter_attachments()).get_filename() == f"{value}.xlsx"


def test_plain_text_stays_readable_in_the_file() -> None:
    assert b"\r\nHello\r\n" in wire(made())


def test_references_name_the_earlier_mails_oldest_first() -> None:
    message = as_received(made(references=("<1@example.com>", "<2@example.com>")))
    assert message["References"] == "<1@example.com> <2@example.com>"
    assert message["In-Reply-To"] == "<2@example.com>"


def test_a_message_id_is_the_same_for_the_same_key_and_hides_it() -> None:
    assert message_id("ports.example.com", "update/acme/3/maria@harborbakery.example") == message_id(
        "ports.example.com", "update/acme/3/maria@harborbakery.example"
    )
    assert message_id("ports.example.com", "a/1") != message_id("ports.example.com", "a/2")
    made_id = message_id("ports.example.com", "update/acme/3/maria@harborbakery.example")
    assert made_id.startswith("<update.")
    assert made_id.endswith("@ports.example.com>")
    assert "maria" not in made_id
    assert len(message_id("d" * 60 + ".example.com", "received/1")) < 120
    assert as_received(made(message_id=message_id("d" * 60 + ".example.com", "received/1")))["Message-ID"] == message_id(
        "d" * 60 + ".example.com", "received/1"
    )
