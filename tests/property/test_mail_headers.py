"""Whatever customers write, a mail has exactly the headers that it is meant to have, and goes to exactly one recipient."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP, compat32

from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchport.mail.compose import Composed
from batchport.mail.message import Address, Attachment, build, pack

BREAKS = ["\r\nBcc: everybody@example.com", "\n\n<p>gone</p>", "\rX: y", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ud800", ";", '"', "\\", "=?utf-8?q?=0d=0aBcc:_x?=", "<", ">"]
values = st.lists(st.one_of(st.sampled_from(BREAKS), st.text(max_size=40)), max_size=4).map("".join)
addresses = st.one_of(st.just("maria@harborbakery.example"), values.map(lambda value: f"{value}@harborbakery.example"), values)
ALWAYS = {"From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"}


@settings(max_examples=200, deadline=None)
@given(values, values, addresses, values, st.lists(values, max_size=3), st.lists(values, max_size=2), st.booleans())
@example("", "\r\nBcc: everybody@example.com", "maria@harborbakery.example", "", [], [], True)
@example("=?utf-8?q?x=0d=0aBcc:_x?=", "", "maria@harborbakery.example", "", [], [], False)
def test_no_value_adds_takes_away_or_breaks_a_header(
    subject: str, name: str, recipient: str, list_id: str, references: list[str], files: list[str], long: bool
) -> None:
    try:
        packed = pack(
            build(
                composed=Composed(subject * (20 if long else 1), "Hello\n", "<p>Hello</p>\n"),
                sender=Address("ports@example.com", name * (20 if long else 1)),
                recipient=recipient,
                message_id="<received.17@ports.example.com>",
                date=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
                list_id=list_id,
                references=references,
                attachments=[Attachment(file, b"PK") for file in files],
            )
        )
    except ValueError:
        assert recipient != "maria@harborbakery.example", "only a recipient can make a mail unsendable"
        return
    assert packed.recipient == recipient.strip()
    received = message_from_bytes(packed.data, policy=compat32)
    expected = ALWAYS | ({"References", "In-Reply-To"} if references else set())
    assert sorted(received.keys()) == sorted(expected)
    assert received["Message-ID"] == "<received.17@ports.example.com>"
    head = packed.data.partition(b"\r\n\r\n")[0]
    assert all(32 <= sign < 127 or sign in b"\r\n\t" for sign in head)
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    read = message_from_bytes(packed.data, policy=SMTP)
    assert [address.addr_spec for address in read["To"].addresses] == [packed.recipient]
    assert [address.addr_spec for address in read["From"].addresses] == ["ports@example.com"]
    assert len(list(read.iter_attachments())) == len(files)  # type: ignore[attr-defined]
    for part in received.walk():
        assert set(part.keys()) <= expected | {"Content-Transfer-Encoding", "Content-Disposition"}
