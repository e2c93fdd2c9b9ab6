"""What is kept no longer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from batchport.cli import Context, format_option
from batchport.cli.output import print_json, say
from batchport.cli.progress import shown

if TYPE_CHECKING:
    from batchport.pipeline.purge import Going

#: So many things of a kind are named one by one.
_NAMED = 20


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would go, and take nothing away.")
@click.option("--why", metavar="TEXT", help="Why; recorded with your name. Not needed with --dry-run.")
@format_option
@click.pass_obj
def purge(context: Context, dry_run: bool, why: str | None, form: str) -> None:
    """Take away what is kept no longer: PINs of orders that have ended, and what is older than `retention:` says.

    Nothing goes that was not sent or not answered. What went is recorded.
    """
    from batchport.pipeline import purge as stage
    from batchport.pipeline.app import closing

    if not dry_run and not why:
        raise click.UsageError("Missing option '--why'; or look first, with --dry-run.")
    with closing(context.app()) as app, shown() as app.progress:
        going = stage.purge(app, why) if why and not dry_run else stage.planned(app)
    going = [one for one in going if one.count]
    if form == "json":
        print_json({"purge": {"kind": one.kind, "name": one.name, "count": one.count, "gone": not dry_run}} for one in going)
    else:
        _show(going, dry_run=dry_run)


def _show(going: list[Going], *, dry_run: bool) -> None:
    counts: Counter[str] = Counter()
    for one in going:
        counts[one.kind] += one.count
    for kind, number in counts.items():
        say(f"{kind}: {number:,} {'would go' if dry_run else 'gone'}")
        names = [one.name for one in going if one.kind == kind]
        for name in names[:_NAMED]:
            say(f"  {name}")
        if len(names) > _NAMED:
            say(f"  and {len(names) - _NAMED:,} more")
    if not going:
        say("Nothing is kept longer than it has to be.")
