"""`worker`: helps whatever pass is at work."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import click

from batchport.cli import Context
from batchport.exit_status import OUR_FAULT
from batchport.pipeline.broker import QUEUES


@click.command()
@click.option("--concurrency", metavar="N", type=click.IntRange(1, 64), default=1, show_default=True, help="So many processes: one for each processor that is free for it.")
@click.option("--queues", metavar="NAMES", default=",".join(QUEUES), show_default=True, help="Which work to take, names separated by commas.")
@click.pass_obj
def worker(context: Context, concurrency: int, queues: str) -> None:
    """Help passes with their work, on this machine or another one, until stopped.

    The database has to be PostgreSQL, and the home's folders the same that the passes see, such as a folder on a file server. A pass (`run`, `serve`) spreads its sheets,
    answers, submissions, results and mails over all workers that there are; it ends as well when all of them die. What a worker has at hand when it is stopped is
    finished first.
    """
    names = [name.strip() for name in queues.split(",") if name.strip()]
    if strange := [name for name in names if name not in QUEUES]:
        raise click.BadParameter(f"there is no queue {strange[0]!r}; there are {', '.join(QUEUES)}", param_hint="--queues")
    if concurrency == 1:
        _help(context.config, names)
        return
    spawn = multiprocessing.get_context("spawn")
    helpers = [spawn.Process(target=_help, args=(context.config, names), name=f"worker {number}") for number in range(1, concurrency + 1)]
    for helper in helpers:
        helper.start()

    # What is typed at a terminal reaches all of them by itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop(*_: object) -> None:
        for helper in helpers:
            helper.terminate()

    signal.signal(signal.SIGTERM, stop)
    for helper in helpers:
        helper.join()
    if any(helper.exitcode for helper in helpers):
        raise click.exceptions.Exit(OUR_FAULT)


def _help(config: Path, queues: list[str]) -> None:
    import asyncio
    from datetime import UTC, datetime

    from batchport import log
    from batchport.config import Log, load
    from batchport.pipeline.helping import Helper, serve

    settings = load(config)
    kept = settings.log or Log()
    log.start(kept.format, kept.level)
    try:
        helper = Helper(settings, datetime.now(UTC))
        with helper.ready():
            asyncio.run(serve(helper, queues))
    finally:
        log.stop()
