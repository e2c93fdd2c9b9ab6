"""Messages go into a folder where no server is set, failed ones wait longer and longer, and nothing leaves the machine in the clear."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from batchport.mail.compose import Composed
from batchport.mail.delivery import GIVE_UP_AFTER, Delivered, FolderDelivery, Outcome, SmtpDelivery, retry_after
from batchport.mail.message import Address, build, pack, wire


def message(subject: str = "31 of 40 numbers ready", message_id: str = "<received.17@ports.example.com>") -> EmailMessage:
    return build(
        composed=Composed(subject, "Hello\n", "<p>Hello</p>\n"),
        sender=Address("ports@example.com", "Port desk"),
        recipient="maria@harborbakery.example",
        message_id=message_id,
        date=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
        list_id="acme.ports.example.com",
    )


def deliver(folder: Path, *messages: EmailMessage) -> list[Delivered]:
    async def all_of_them() -> list[Delivered]:
        async with FolderDelivery(folder) as delivery:
            return [await delivery.deliver(pack(message)) for message in messages]

    return asyncio.run(all_of_them())


def test_a_message_becomes_a_file_named_by_its_message_id(tmp_path: Path) -> None:
    [delivered] = deliver(tmp_path / "mail", message())
    path = tmp_path / "mail" / "received.17.eml"
    assert delivered == Delivered(Outcome.SENT, str(path))
    assert path.read_bytes() == wire(message())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_message_again_replaces_its_file(tmp_path: Path) -> None:
    deliver(tmp_path, message("first"), message("second"))
    [path] = tmp_path.iterdir()
    assert b"Subject: second" in path.read_bytes()


def test_no_message_id_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    deliver(folder, message(message_id="<../../.hidden/x@ports.example.com>"))
    [path] = folder.iterdir()
    assert path.name.endswith(".eml")
    assert not path.name.startswith(".")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_cannot_be_written_means_try_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    [delivered] = deliver(tmp_path / "mail", message())
    assert delivered.outcome is Outcome.AGAIN
    assert "received.17.eml could not be written" in delivered.detail


def test_pauses_between_tries_grow_to_half_a_day() -> None:
    minutes = [retry_after(attempts) / timedelta(minutes=1) for attempts in range(1, 9)]
    assert minutes == [1, 5, 15, 60, 240, 720, 720, 720]
    assert timedelta(days=4) == GIVE_UP_AFTER


@pytest.mark.parametrize("host", ["mail.example.com", "192.0.2.1", "localhost.example.com", "10.0.0.1", "0.0.0.0"])  # noqa: S104
def test_plain_is_refused_for_another_machine(host: str) -> None:
    with pytest.raises(ValueError, match=f"not to {host}; set tls to starttls or implicit"):
        SmtpDelivery(host, 25, "plain")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_plain_is_taken_for_this_machine(host: str) -> None:
    SmtpDelivery(host, 25, "plain")
