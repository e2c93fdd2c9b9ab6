#!/usr/bin/env python3
"""Fetching answers by SFTP beside a bare loop of downloads, from the same server, in turns.

    sftp.py [--files 100] [--lines 1000] [--runs 5]

The server is OpenSSH's where it is installed, else asyncssh's in this process. The product's side lists the folder, fetches each file whole, looks whether it
has changed meanwhile, and removes the partner's copy; the loop gets one file after another, and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import asyncssh  # noqa: E402

from batchport.config import Settings  # noqa: E402
from batchport.pipeline.app import App  # noqa: E402
from batchport.pipeline.fetching import fetched  # noqa: E402
from batchport.pipeline.tally import PassTally  # noqa: E402
from tests.servers import SSHD, USER, SftpServer, openssh_server, sftp_server  # noqa: E402


def answers(server: SftpServer, files: int, lines: int) -> None:
    head = "PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE,AT\r\n"
    for number in range(files):
        rows = (f"P7K2M9QX4TZA,01,212{number:03d}{line:04d},FOC,,,2026-12-04,2026-11-25T09:00:00Z\r\n" for line in range(lines))
        server.put("out", f"answer-{number:04d}.csv", head + "".join(rows))


async def loop(server: SftpServer, user: str, folder: str, target: Path) -> None:
    known = ([asyncssh.import_public_key(server.host_line)], [], [])
    async with (
        asyncssh.connect("127.0.0.1", server.port, username=user, client_keys=[server.client_key], known_hosts=known, config=None, agent_path=None) as connection,
        connection.start_sftp_client() as client,
    ):
        for name in sorted(str(entry) for entry in await client.listdir(folder) if not str(entry).startswith(".")):
            await client.get(f"{folder}/{name}", str(target / name))


def ours(server: SftpServer, user: str, folder: str, home: Path) -> int:
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
    if tally.troubles:
        sys.exit("\n".join(tally.troubles))
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        opened = openssh_server(place / "there", place / "sshd") if SSHD else sftp_server(place / "there")
        with opened as server:
            user, folder = (getuser(), str(server.root / "out")) if SSHD else (USER, "/out")
            times: tuple[list[float], list[float]] = ([], [])
            for run in range(options.runs + 1):
                answers(server, options.files, options.lines)
                (place / f"loop-{run}").mkdir()
                (place / f"home-{run}").mkdir()
                start = time.perf_counter()
                asyncio.run(loop(server, user, folder, place / f"loop-{run}"))
                between = time.perf_counter()
                count = ours(server, user, folder, place / f"home-{run}")
                end = time.perf_counter()
                if not count == options.files == len(list((place / f"loop-{run}").iterdir())):
                    sys.exit("the two sides did not fetch the same files")
                if run:
                    times[0].append(between - start)
                    times[1].append(end - between)
    bare, product = map(statistics.median, times)
    print(f"{options.files} answers of {options.lines} lines by {'OpenSSH' if SSHD else 'asyncssh'}: {product:.3f} s, a bare loop {bare:.3f} s, ratio {product / bare:.2f}")


if __name__ == "__main__":
    main()
