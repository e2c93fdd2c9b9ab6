"""Sealing keys: a new one, and everything sealed anew."""

from __future__ import annotations

from pathlib import Path

import click

from batchport.cli import Context
from batchport.cli.check import must_be_writable
from batchport.cli.output import say
from batchport.cli.progress import shown
from batchport.exit_status import NEEDS_SOMEBODY

_why = click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")


@click.group()
def keys() -> None:
    """Change the key that PINs, account numbers and stored files are sealed with."""


@keys.command()
@_why
@click.option("-o", "output", metavar="FILE", type=click.Path(path_type=Path), help="Write the new key into a file of its own, for keys that stand elsewhere.")
@click.pass_obj
def new(context: Context, why: str, output: Path | None) -> None:
    """Make a new key, which seals from now on; the old ones stay, to open what they have sealed."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.keys import new_key

    if output is not None:
        must_be_writable(output)
    with closing(context.app()) as app, shown() as app.progress:
        said = new_key(app, why, output)
    for line in said:
        say(line)


@keys.command()
@_why
@click.pass_context
def rotate(ctx: click.Context, why: str) -> None:
    """Seal with the first key everything that another has sealed: in the database, the archive and the quarantine.

    It may be stopped and run again, and passes may be made meanwhile.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.keys import rotate as seal_anew

    with closing(ctx.obj.app()) as app, shown() as app.progress:
        done = seal_anew(app, why)
    counts = ", ".join(f"{number:,} {kind}" for kind, number in done.counts.items() if number)
    say(f"Sealed anew with key {done.first}: {counts}." if counts else f"Everything is sealed with key {done.first} already.")
    for trouble in done.troubles:
        say(f"  ! {trouble}", "red", err=True)
    for idle in done.idle:
        say(f"Nothing here needs key {idle} any more; keep its line as long as you keep backups from before.")
    ctx.exit(NEEDS_SOMEBODY if done.troubles else 0)
