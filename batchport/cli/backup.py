"""`backup`: everything but the keys, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from batchport.cli import Context
from batchport.cli.output import say


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--why", metavar="TEXT", default="", help="Why; recorded with your name.")
@click.pass_obj
def backup(context: Context, file: Path, why: str) -> None:
    """Write everything that is needed to put the installation back into one FILE, a tar, while passes run.

    The keys are not in it: keep a copy of them elsewhere.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.backup import back_up

    with closing(context.app()) as app:
        made = back_up(app, context.config, file, why)
    say(f"{file}: {made.files:,} files, {made.size:,} bytes, read again and as they were written.")
    say(f"Not in it: {', '.join(made.keys) or 'the keys'}. Without the sealing key nothing in it can be read; keep a copy elsewhere. What lies in outbox/ is not in it either.")
    for note in made.notes:
        say(f"Note: {note}.")
