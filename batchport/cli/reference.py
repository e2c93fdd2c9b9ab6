"""Reference files: area codes, ZIP prefixes, states, carriers and the like."""

from __future__ import annotations

from pathlib import Path

import click

from batchport.cli import Context
from batchport.cli.output import say


@click.group()
def reference() -> None:
    """Bring newer area codes, carriers, holidays and other reference files in."""


@reference.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")
@click.pass_obj
def import_(context: Context, file: Path, why: str) -> None:
    """Use FILE in place of the packaged reference file that has the same header.

    It is looked through first; where a line is wrong, it is named and nothing changes. `check` without --customer goes by the packaged files.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.reference import import_reference

    with closing(context.app()) as app:
        say(import_reference(app, file, why))
