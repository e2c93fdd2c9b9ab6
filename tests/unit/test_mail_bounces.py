"""Delivery reports as mail servers write them: whom a mail did not reach, why, and which mail that was."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchport.mail.bounces import NotAReport, Told, read_report

ID = "<received.0123456789abcdef0123456789abcdef@batchport.example>"

POSTFIX = f"""\
Return-Path: <>
Received: by mail.batchport.example (Postfix)
\tid 4F1C21A0042; Mon,  2 Mar 2026 20:00:09 -0500 (EST)
From: MAILER-DAEMON@mail.batchport.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: operator@batchport.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="9B0C21A0041.1772499609/mail.batchport.example"
Content-Transfer-Encoding: 8bit
Message-Id: <20260303010009.4F1C21A0042@mail.batchport.example>

This is a MIME-encapsulated message.

--9B0C21A0041.1772499609/mail.batchport.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.batchport.example.

<gone@harborbakery.example>: host mx.harborbakery.example[192.0.2.25] said: 550 5.1.1
    <gone@harborbakery.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)

--9B0C21A0041.1772499609/mail.batchport.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.batchport.example
X-Postfix-Queue-ID: 9B0C21A0041
X-Postfix-Sender: rfc822; operator@batchport.example
Arrival-Date: Mon,  2 Mar 2026 20:00:08 -0500 (EST)

Final-Recipient: rfc822; gone@harborbakery.example
Original-Recipient: rfc822;gone@harborbakery.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.harborbakery.example
Diagnostic-Code: smtp; 550 5.1.1 <gone@harborbakery.example>: Recipient address
    rejected: User unknown

--9B0C21A0041.1772499609/mail.batchport.example
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <operator@batchport.example>
From: Port desk <operator@batchport.example>
To: gone@harborbakery.example
Subject: 3 of 3 numbers ready
Message-ID: {ID}
Content-Type: multipart/mixed; boundary="=_x"

--=_x
Content-Type: text/plain

Hello
--=_x--

--9B0C21A0041.1772499609/mail.batchport.example--
"""

EXCHANGE = f"""\
From: postmaster@acme.example
To: <operator@batchport.example>
Date: Tue, 3 Mar 2026 01:00:12 +0000
MIME-Version: 1.0
X-MS-Exchange-Message-Is-Ndr:
Content-Type: multipart/report; report-type=delivery-status;
    boundary="c1a7ab9d-1b68-4f0f-8a1d-5a0c6c0e3bb1"
Content-Language: en-CA
Message-ID: <8d3f7c51@acme.example>
In-Reply-To: {ID}
References: {ID}
Subject: =?utf-8?B?{base64.b64encode("Non remis : 3 numéros".encode()).decode()}?=

--c1a7ab9d-1b68-4f0f-8a1d-5a0c6c0e3bb1
Content-Type: multipart/alternative; differences=Content-Type;
    boundary="6c7c2f2b-9f6f-4f0e-9a55-aaaabbbbcccc"

--6c7c2f2b-9f6f-4f0e-9a55-aaaabbbbcccc
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

Votre message n=27a pas =C3=A9t=C3=A9 remis.
--6c7c2f2b-9f6f-4f0e-9a55-aaaabbbbcccc
Content-Type: text/html; charset="utf-8"

<html><body>Votre message</body></html>
--6c7c2f2b-9f6f-4f0e-9a55-aaaabbbbcccc--

--c1a7ab9d-1b68-4f0f-8a1d-5a0c6c0e3bb1
Content-Type: message/delivery-status

Reporting-MTA: dns;YT2PR01MB0001.acme.example
Received-From-MTA: dns;mail.batchport.example
Arrival-Date: Tue, 3 Mar 2026 01:00:10 +0000

Original-Recipient: rfc822;Telecom.Old@acme.example
Final-Recipient: rfc822;Telecom.Old@acme.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient Telecom.Old@acme.example not found by SMTP address lookup
X-Display-Name: Telecom.Old@acme.example


--c1a7ab9d-1b68-4f0f-8a1d-5a0c6c0e3bb1--
"""

GMAIL = f"""\
Received: by 2002:a05:6000:1 with SMTP id x1; Mon, 02 Mar 2026 17:00:11 -0800 (PST)
Content-Type: multipart/report; boundary="0000000000001a2b3c0612345678"; report-type=delivery-status
To: operator@batchport.example
Auto-Submitted: auto-replied
X-Failed-Recipients: full@mail.example
From: Mail Delivery Subsystem <mailer-daemon@mail.example>
Subject: Delivery Status Notification (Failure)
References: {ID}
In-Reply-To: {ID}

--0000000000001a2b3c0612345678
Content-Type: multipart/related; boundary="0000000000001a2b3d0612345679"

--0000000000001a2b3d0612345679
Content-Type: text/plain; charset="UTF-8"

The recipient's inbox is out of storage space.
--0000000000001a2b3d0612345679
Content-Type: image/png; name="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--0000000000001a2b3d0612345679--
--0000000000001a2b3c0612345678
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
Arrival-Date: Mon, 02 Mar 2026 17:00:10 -0800 (PST)
X-Original-Message-ID: {ID}

Final-Recipient: rfc822; full@mail.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552-5.2.2 The recipient's inbox is out of storage space. Please direct
 552 5.2.2 the recipient to a page that tells more.
Last-Attempt-Date: Mon, 02 Mar 2026 17:00:11 -0800 (PST)

--0000000000001a2b3c0612345678
Content-Type: message/rfc822

Message-ID: {ID}
Subject: 3 of 3 numbers ready

--0000000000001a2b3c0612345678--
"""

EXIM = f"""\
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: operator@batchport.example
References: {ID}
Content-Type: multipart/report; report-type=delivery-status; boundary=1772499610-eximdsn-42
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1772499610-eximdsn-42
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1772499610-eximdsn-42
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example

Action: failed
Final-Recipient: rfc822;one@harborbakery.example
Status: 5.0.0
Remote-MTA: dns; mx.harborbakery.example
Diagnostic-Code: smtp; 550-5.1.1 The mail account that you tried to reach does not
 550 5.1.1 exist.

Action: delayed
Final-Recipient: rfc822;<two@harborbakery.example>
Status: 4.0.0

--1772499610-eximdsn-42
Content-type: text/rfc822-headers

Return-path: <operator@batchport.example>
Message-ID: {ID}
Subject: 3 of 3 numbers ready

--1772499610-eximdsn-42--
"""


def report(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def test_postfix_says_it_with_the_whole_mail() -> None:
    read = read_report(report(POSTFIX))
    assert ID in read.message_ids
    assert read.recipients == (
        Told(("gone@harborbakery.example",), "failed", "5.1.1", "550 5.1.1 <gone@harborbakery.example>: Recipient address rejected: User unknown"),
    )


def test_exchange_sends_nothing_back_and_answers_the_mail_instead() -> None:
    read = read_report(report(EXCHANGE))
    assert read.message_ids == (ID,)
    [told] = read.recipients
    assert (told.addresses, told.action, told.status) == (("Telecom.Old@acme.example",), "failed", "5.1.10")
    assert told.diagnostic.startswith("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient Telecom.Old@acme.example not found")


def test_gmail_says_that_a_mailbox_is_full() -> None:
    read = read_report(report(GMAIL))
    assert read.message_ids == (ID,)
    assert [(told.addresses, told.action, told.status) for told in read.recipients] == [(("full@mail.example",), "failed", "5.2.2")]


def test_exim_says_5_0_0_and_the_last_server_more_precisely_of_one_of_two() -> None:
    read = read_report(report(EXIM))
    assert read.message_ids == (ID,)
    assert [(told.addresses, told.action, told.status) for told in read.recipients] == [
        (("one@harborbakery.example",), "failed", "5.1.1"), (("two@harborbakery.example",), "delayed", "4.0.0"),
    ]  # fmt: skip


@pytest.mark.parametrize("sample", [POSTFIX, EXCHANGE, GMAIL, EXIM])
def test_line_ends_do_not_matter(sample: str) -> None:
    assert read_report(sample.encode()) == read_report(report(sample))


def test_a_report_may_be_packed_and_encoded_by_those_on_its_way() -> None:
    status = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; gone@acme.example\nOriginal-Recipient: rfc822; desk@acme.example\nACTION: Failed (for good)\nDiagnostic-Code: smtp; 550 5.1.1 =?iso-8859-1?Q?bo=EEte_inconnue?=\n"
    for name, coded in (("base64", base64.encodebytes(status.encode())), ("quoted-printable", quopri.encodestring(status.encode()))):
        inner = f"Content-Type: multipart/report; boundary=in\n\n--in\nContent-Type: Message/Delivery-Status\nContent-Transfer-Encoding: {name}\n\n{coded.decode()}\n--in--\n"
        outer = f"In-Reply-To: {ID}\nContent-Type: multipart/mixed; boundary=out\n\n--out\n{inner}\n--out\nContent-Type: text/plain\n\nA footer of the house.\n--out--\n"
        assert read_report(outer.encode()).recipients == (Told(("gone@acme.example", "desk@acme.example"), "failed", "5.1.1", "550 5.1.1 boîte inconnue"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no part that says"),
        (b"\x00\xff" * 999, "no part that says"),
        (b"From: maria@acme.example\nSubject: Out of office\n\nBack on Monday.\n", "no part that says"),
        (b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\n", "names no recipient"),
        (b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n!\n--x--", "no part|no recipient"),
        (b"Content-Type: multipart/report; boundary=x\n\n" + b"--x\n\n" * 200_000, "no part that says"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 20_000, "no part that says"),
        (b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20_000)), "no part that says"),
    ],
)
def test_what_is_no_report_is_said_to_be_none(data: bytes, why: str) -> None:
    with pytest.raises(NotAReport, match=why):
        read_report(data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([POSTFIX, EXCHANGE, GMAIL, EXIM]), st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=12), st.integers(0, 40)), max_size=6))
def test_a_report_that_is_spoilt_anywhere_is_read_or_refused(sample: str, changes: list[tuple[int, bytes, int]]) -> None:
    data = report(sample)
    for place, new, gone in changes:
        data = data[:place] + new + data[place + gone :]
    try:
        for told in read_report(data).recipients:
            assert told.addresses
    except NotAReport:
        pass
