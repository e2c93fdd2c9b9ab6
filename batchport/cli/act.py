"""What an operator does by hand."""

from __future__ import annotations

import click

from batchport.cli import Context


@click.command()
@click.argument("pon", metavar="PON")
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")
@click.pass_obj
def release(context: Context, pon: str, why: str) -> None:
    """Let a held order go without its rejected rows."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.status import release as release_order

    with closing(context.app()) as app:
        click.echo(release_order(app, pon, why))
