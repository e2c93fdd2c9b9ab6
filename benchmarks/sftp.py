"""Fetching answers by SFTP beside a bare loop of downloads, from the same server.

The server is OpenSSH's where it is installed, else asyncssh's in this process. The product's side lists the folder, fetches each file whole, looks whether it
has changed meanwhile, and removes the partner's copy; the loop gets one file after another, and does nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

import asyncssh

from batchport.config import Settings
from batchport.pipeline.app import App
from batchport.pipeline.fetching import fetched
from batchport.pipeline.tally import PassTally
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measure import Failed, Taken, worked
from tests.servers import SSHD, USER, SftpServer, openssh_server, sftp_server

_LINES = 1000


def answers(bench: Bench) -> Iterator[Figure]:
    """Answers of a thousand lines each."""
    place, count = bench.scratch, bench.sizes.answers
    target, home = place / "loop", place / "home"
    target.mkdir()
    home.mkdir()
    opened = openssh_server(place / "there", place / "sshd") if SSHD else sftp_server(place / "there")
    with opened as server:
        user, folder = (getuser(), str(server.root / "out")) if SSHD else (USER, "/out")

        def floor() -> Taken:
            put_answers(server, count)
            return worked(lambda: asyncio.run(loop(server, user, folder, target)))

        def own() -> Taken:
            put_answers(server, count)
            return worked(lambda: ours(server, user, folder, home, count))

        yield bench.compare("answers fetched by SFTP / bare loop", own, floor, 2)


def put_answers(server: SftpServer, files: int) -> None:
    head = "PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE,AT\r\n"
    for number in range(files):
        rows = (f"P7K2M9QX4TZA,01,212{number:03d}{line:04d},FOC,,,2026-12-04,2026-11-25T09:00:00Z\r\n" for line in range(_LINES))
        server.put("out", f"answer-{number:04d}.csv", head + "".join(rows))


async def loop(server: SftpServer, user: str, folder: str, target: Path) -> None:
    known = ([asyncssh.import_public_key(server.host_line)], [], [])
    async with (
        asyncssh.connect("127.0.0.1", server.port, username=user, client_keys=[server.client_key], known_hosts=known, config=None, agent_path=None) as connection,
        connection.start_sftp_client() as client,
    ):
        for name in sorted(str(entry) for entry in await client.listdir(folder) if not str(entry).startswith(".")):
            await client.get(f"{folder}/{name}", str(target / name))


def ours(server: SftpServer, user: str, folder: str, home: Path, count: int) -> None:
    (home / "key").write_bytes(server.client_key.export_private_key())
    transport = {
        "kind": "sftp", "host": "127.0.0.1", "port": server.port, "username": user, "key": {"file": str(home / "key")}, "host_keys": [server.host_line],
        "outbox": folder, "responses": folder,
    }  # fmt: skip
    settings = Settings.model_validate({"home": str(home), "partners": {"sample": {"profile": "generic-csv", "transport": transport}}})
    tally = PassTally()
    app = App(settings, datetime.now(UTC))
    with fetched(app, tally) as folders:
        found = [path for spool in folders for path in spool.iterdir()]
        for path in found:
            path.unlink()
    if tally.troubles or len(found) != count:
        raise Failed("\n".join([f"of {count} answers {len(found)} were fetched", *tally.troubles]))
