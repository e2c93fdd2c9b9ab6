"""`audit`: the journal, listed and proved whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from batchport.cli import Context, Day, format_option
from batchport.cli.output import print_json, print_table, say
from batchport.exit_status import NEEDS_SOMEBODY


@click.group()
def audit() -> None:
    """Show the journal of who did what, when and from which file, or prove that nobody has changed it."""


@audit.command("list")
@click.option("--since", type=Day(), metavar="D", help="From this day or moment on.")
@click.option("--who", metavar="USER", help="What this user did.")
@format_option
@click.pass_obj
def show(context: Context, since: date | None, who: str | None, form: str) -> None:
    """Show the journal, a line for each record, the oldest first."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.audit import journal_lines

    with closing(context.app()) as app:
        lines = journal_lines(app, since=since, who=who)
        if form == "json":
            print_json(lines)
            return
        print_table(
            ("Id", "When (UTC)", "Who", "What", "To what", "From", "Why"),
            [(one["id"], one["at"][:19], one["who"], one["what"], _about(one), one["source"], one["why"]) for one in lines],
            prose=("To what", "From", "Why"),
            empty="Nothing is recorded.",
        )


def _about(line: dict[str, Any]) -> str:
    """What a record is about: the order or exception line, and its own words."""
    named = (line["pon"], f"exception line {line['exception']}" if line["exception"] else "", line["about"])
    return ", ".join(filter(None, named))


@audit.command()
@format_option
@click.pass_context
def verify(ctx: click.Context, form: str) -> None:
    """Look through the whole journal: every record must be as it was written, and none may lack.

    Exit status 1 means that one is not, and that somebody has to look after it.
    """
    from batchport.pipeline.app import closing
    from batchport.pipeline.audit import verified

    with closing(ctx.obj.app()) as app:
        found = verified(app)
    if form == "json":
        print_json([found])
    elif found["unbroken"]:
        say(f"{found['records']:,} record{'' if found['records'] == 1 else 's'}, unbroken, head {found['head']}.")
    else:
        say(f"The journal is broken: {found['trouble']}. {found['fix']}", style="red")
    ctx.exit(0 if found["unbroken"] else NEEDS_SOMEBODY)
