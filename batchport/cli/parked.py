"""Work that could not be done."""

from __future__ import annotations

import click

from batchport.cli import Context, format_option


@click.group(invoke_without_command=True)
@format_option
@click.pass_context
def parked(ctx: click.Context, form: str) -> None:
    """Show what could not be done so far by a fault of the program, and have it tried again."""
    if ctx.invoked_subcommand is not None:
        return
    from batchport.cli.output import print_json, print_table
    from batchport.pipeline.app import closing
    from batchport.pipeline.units import parked_lines

    with closing(ctx.obj.app()) as app:
        lines = parked_lines(app)
    if form == "json":
        print_json(lines)
    else:
        print_table(
            ("Kind", "What", "Since", "Tries", "Next try", "Why"),
            [(one["kind"], one["key"], one["since"], one["tries"], one["next_try"] or "parked", one["why"]) for one in lines],
            prose=("Why",), empty="Everything could be done.",
        )  # fmt: skip


@parked.command()
@click.argument("kind", metavar="KIND")
@click.argument("key", metavar="WHAT")
@click.option("--why", metavar="TEXT", required=True, help="Why it will go now; recorded.")
@format_option
@click.pass_obj
def retry(context: Context, kind: str, key: str, why: str, form: str) -> None:
    """Have WHAT, of a KIND, tried again by the next pass, as `batchport parked` names them."""
    from batchport.cli.output import print_json
    from batchport.pipeline import units
    from batchport.pipeline.app import closing

    with closing(context.app()) as app:
        done = units.retry(app, kind, key, why)
    if form == "json":
        print_json([done])
    else:
        click.echo(f"The next pass tries {kind} {key} again.")
