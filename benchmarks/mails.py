#!/usr/bin/env python3
"""Mails through the outbox beside a bare aiosmtplib loop over one connection, to the same server, in turns.

    mails.py [--mails 2000] [--kilobytes 30] [--runs 3] [--server aiosmtpd|sink] [--json] [--profile]

The server is another process: aiosmtpd, or a sink that says yes and looks at nothing, which leaves the sender no time to hide in. The product's side claims each
mail in the database, builds it, hands it over and writes down what became of it (T5, with SQLite's durable settings); the loop has its messages ready made. What
a mail tells and its workbook are ready on both sides: to make these costs what the sheet costs. Every run is appended to history.jsonl.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import pstats
import random
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import aiosmtplib  # noqa: E402
from bench import Figure  # noqa: E402

from batchport.config import load  # noqa: E402
from batchport.mail.compose import Composed  # noqa: E402
from batchport.mail.delivery import SmtpDelivery  # noqa: E402
from batchport.mail.message import Address, Attachment, Packed, build, pack  # noqa: E402
from batchport.pipeline.app import App, closing  # noqa: E402
from batchport.pipeline.home import make_home  # noqa: E402
from batchport.pipeline.outgoing import message_id_of, send_waiting  # noqa: E402
from batchport.pipeline.tally import PassTally  # noqa: E402
from batchport.store.database import insert_many  # noqa: E402
from batchport.store.schema import mails, passes  # noqa: E402

TARGET = 2.0
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
                return [self.message(app, record) for record in connection.execute(mails.select().order_by(mails.c.id))]

    def _wait(self, app: App) -> int:
        """Let them wait anew; the pass's number."""
        with app.store.transaction() as connection:
            connection.execute(mails.delete())
            connection.execute(passes.delete())
            connection.execute(passes.insert().values(id=1, command="notify", started=app.stamp, summary=""))
            columns = ["id", "pass_id", "until_pass", "kind", "customer", "recipient", "state", "attempts", "created", "next_try", "trouble"]
            rows = ((n, 1, 1, "received", "acme", f"contact-{n}@acme.example", "waiting", 0, app.stamp, app.stamp, "") for n in range(1, self._count + 1))
            insert_many(connection, mails, columns, rows)
        return 1

    def send(self, port: int) -> tuple[float, float]:
        """Send them all; the seconds that it took, on the wall and of the processor."""
        with closing(App(self._settings, datetime.now(UTC))) as app:
            number, tally = self._wait(app), PassTally()
            start, before = time.perf_counter(), time.process_time()
            send_waiting(app, tally, number, lambda: SmtpDelivery("127.0.0.1", port, "plain"), lambda record: self.message(app, record))
            seconds = time.perf_counter() - start, time.process_time() - before
        if tally.mails["sent"] != self._count:
            sys.exit(f"of {self._count} mails {tally.mails['sent']} were sent: {tally.troubles}")
        return seconds


async def bare(port: int, ready: list[Packed]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False) as client:
        for packed in ready:
            await client.sendmail(packed.sender, [packed.recipient], packed.data)


def measured(options: argparse.Namespace, folder: Path, port: int) -> Figure:
    product = Product(folder, options.mails, options.kilobytes << 10)
    ready = product.ready()
    own, cpu, floor = [], [], []
    for run in range(options.runs + 1):
        start = time.perf_counter()
        asyncio.run(bare(port, ready))
        between = time.perf_counter()
        seconds, worked = product.send(port)
        if run:
            floor.append(between - start)
            own.append(seconds)
            cpu.append(worked)
    name = f"{options.mails:,} mails of {options.kilobytes} KB to {options.server} / bare loop"
    return Figure(name, *map(statistics.median, (own, cpu, floor)), statistics.median(mine / theirs for mine, theirs in zip(own, floor, strict=True)), TARGET)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--kilobytes", type=int, default=30)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--server", choices=["aiosmtpd", "sink"], default="aiosmtpd")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="show where the product's time goes instead")
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(options.server, there), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as name:
        port = here.recv()
        if options.profile:
            product = Product(Path(name), options.mails, options.kilobytes << 10)
            profile = cProfile.Profile()
            profile.runcall(product.send, port)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
            return
        figure = measured(options, Path(name), port)
    server.kill()
    with (HERE / "history.jsonl").open("a", encoding="utf-8") as history:
        told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": options.mails, "runs": options.runs, "figures": [asdict(figure)]}
        history.write(json.dumps(told) + "\n")
    if options.json:
        print(json.dumps(asdict(figure)))
    else:
        print(f"{figure.name}: {figure.seconds:.2f} s, floor {figure.floor:.2f} s, ratio {figure.ratio:.2f} (target {figure.target}) {'ok' if figure.met else 'TOO SLOW'}")


if __name__ == "__main__":
    main()
