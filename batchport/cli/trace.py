"""`trace`: the whole history behind a handle."""

from __future__ import annotations

import click

from batchport.cli import Context, complete, format_option
from batchport.cli.output import print_json, print_table


@click.command()
@click.argument("handle", metavar="HANDLE", shell_complete=complete.orders)
@format_option
@click.pass_obj
def trace(context: Context, handle: str, form: str) -> None:
    """Show the whole history of a telephone number, PON, file, row id, line of a response (FILE:LINE) or exception id."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.trace import trace as history

    with closing(context.app()) as app:
        steps = history(app, handle)
    if form == "json":
        print_json(steps)
    else:
        print_table(
            ("When (UTC)", "Step", "What", "Where", "Because of"),
            [(step["at"][:19], step["step"], step["what"], step["file"], step["cause"]) for step in steps],
            prose=("What", "Where", "Because of"),
        )
