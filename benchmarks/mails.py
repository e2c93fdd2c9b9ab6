"""Mails through the outbox beside a bare aiosmtplib loop over one connection, to the same server.

The server is another process: aiosmtpd, or a sink that says yes and looks at nothing, which leaves the sender no time to hide in. The product's side claims each
mail in the database, builds it, hands it over and writes down what became of it (T5, with SQLite's durable settings); the loop has its messages ready made. What
a mail tells and its workbook are ready on both sides: to make these costs what the sheet costs.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiosmtplib

from batchport.config import load
from batchport.mail.compose import Composed
from batchport.mail.delivery import SmtpDelivery
from batchport.mail.message import Address, Attachment, Packed, build, pack
from batchport.pipeline.app import App, closing
from batchport.pipeline.home import make_home
from batchport.pipeline.outgoing import message_id_of, send_waiting
from batchport.pipeline.tally import PassTally
from batchport.store.database import insert_many
from batchport.store.schema import mails as stored
from batchport.store.schema import passes
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Failed, Taken, worked

_TARGET, _SIZE = 2.0, 30 << 10
_WORDS = "Row 17: the ZIP 90210 is in CA, the state on the sheet is NY. Correct one of them and send the sheet again.\n"
_ANSWERS = {b"EHLO": b"250 sink\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


class Sink(asyncio.Protocol):
    """A server that takes everything and keeps nothing."""

    def __init__(self) -> None:
        self._buffer, self._in_message = b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: Any = transport
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Say yes."""
        self._buffer = self._buffer[-4:] + data if self._in_message else self._buffer + data
        if self._in_message:
            if self._buffer.endswith(b"\r\n.\r\n"):
                self._buffer, self._in_message = b"", False
                self._transport.write(b"250 taken\r\n")
        elif self._buffer.endswith(b"\r\n"):
            word = self._buffer[:4].upper()
            self._buffer, self._in_message = b"", word == b"DATA"
            self._transport.write(_ANSWERS.get(word, b"250 yes\r\n"))


class Taker:
    """Takes every mail of aiosmtpd."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802  aiosmtpd's name
        """Take one."""
        return "250 taken"


def serve(kind: str, told: Connection) -> None:
    from aiosmtpd.smtp import SMTP

    async def until_killed() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink if kind == "sink" else lambda: SMTP(Taker(), hostname="bench"), "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(until_killed())


class Product:
    """A home with mails that wait."""

    def __init__(self, folder: Path, count: int, size: int) -> None:
        self.home = folder / "home"
        made = make_home(self.home)
        self._settings = load(made.config)
        chance = random.Random(30)
        self._attachments = [chance.randbytes(size) for _ in range(20)]
        self._count = count

    def message(self, app: App, record: Any) -> Packed:
        """One of them."""
        return pack(
            build(
                composed=Composed(f"{record.id} of 40 numbers ready", _WORDS * 20, f"<p>{_WORDS}</p>\n" * 40),
                sender=Address("ports@example.com", "Port desk"),
                recipient=record.recipient,
                message_id=message_id_of(app, record),
                date=datetime.fromisoformat(record.created),
                list_id="acme.ports.example.com",
                attachments=(Attachment("acme.1a2b3c4d.xlsx", self._attachments[record.id % len(self._attachments)]),),
            )
        )

    def ready(self) -> list[Packed]:
        """Every mail, ready made."""
        with closing(App(self._settings, datetime.now(UTC))) as app:
            self._wait(app)
            with app.store.reading() as connection:
                return [self.message(app, record) for record in connection.execute(stored.select().order_by(stored.c.id))]

    def _wait(self, app: App) -> int:
        """Let them wait anew; the pass's number."""
        with app.store.transaction() as connection:
            connection.execute(stored.delete())
            connection.execute(passes.delete())
            connection.execute(passes.insert().values(id=1, command="notify", started=app.stamp, summary=""))
            columns = ["id", "pass_id", "until_pass", "kind", "customer", "recipient", "state", "attempts", "created", "next_try", "trouble"]
            rows = ((n, 1, 1, "received", "acme", f"contact-{n}@acme.example", "waiting", 0, app.stamp, app.stamp, "") for n in range(1, self._count + 1))
            insert_many(connection, stored, columns, rows)
        return 1

    def send(self, port: int) -> Taken:
        """Send them all."""
        with closing(App(self._settings, datetime.now(UTC))) as app:
            number, tally = self._wait(app), PassTally()
            taken = worked(lambda: send_waiting(app, tally, number, lambda: SmtpDelivery("127.0.0.1", port, "plain"), lambda record: self.message(app, record)))
        if tally.mails["sent"] != self._count:
            raise Failed(f"of {self._count} mails {tally.mails['sent']} were sent: {tally.troubles}")
        return taken


async def bare(port: int, ready: list[Packed]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False) as client:
        for packed in ready:
            await client.sendmail(packed.sender, [packed.recipient], packed.data)


def mails(bench: Bench) -> Iterator[Figure]:
    """Mails of 30 KB to each of the two servers."""
    for kind in ("aiosmtpd", "sink"):
        yield _to_server(bench, kind)


def _to_server(bench: Bench, kind: str) -> Figure:
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, there), daemon=True)
    server.start()
    try:
        port = here.recv()
        product = Product(bench.scratch / f"mails-{kind}", bench.sizes.mails, _SIZE)
        ready = product.ready()
        return bench.compare(f"mails of 30 KB to {kind} / bare loop", lambda: product.send(port), lambda: worked(lambda: asyncio.run(bare(port, ready))), _TARGET)
    finally:
        server.kill()
