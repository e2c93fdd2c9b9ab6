"""Addresses that nothing is sent to."""

from __future__ import annotations

import click

from batchport.cli import Context, format_option


@click.group(invoke_without_command=True)
@format_option
@click.pass_context
def suppressed(ctx: click.Context, form: str) -> None:
    """Show the addresses that nothing is sent to, since mail to them was refused for good, or lift one."""
    if ctx.invoked_subcommand is not None:
        return
    from batchport.cli.output import print_json, print_table
    from batchport.pipeline.app import closing
    from batchport.pipeline.suppressed import suppressed_lines

    with closing(ctx.obj.app()) as app:
        lines = suppressed_lines(app)
    if form == "json":
        print_json(lines)
    else:
        print_table(
            ("Address", "Since", "Not sent", "Why"), [(one["address"], one["since"], one["not_sent"], one["why"]) for one in lines], empty="Mail goes to everybody."
        )


@suppressed.command()
@click.argument("address", metavar="ADDRESS")
@click.option("--why", metavar="TEXT", required=True, help="Why it is right again; recorded.")
@format_option
@click.pass_obj
def lift(context: Context, address: str, why: str, form: str) -> None:
    """Send to ADDRESS again, from the next mail on."""
    from batchport.cli.output import print_json
    from batchport.pipeline import suppressed as acts
    from batchport.pipeline.app import closing

    with closing(context.app()) as app:
        done = acts.lift(app, address, why)
    if form == "json":
        print_json([done])
    else:
        click.echo(f"Mail goes to {done['address']} again.")
