"""`balance`: what became of every line that was sent."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchport.cli import Day, complete, format_option
from batchport.cli.check import must_be_writable
from batchport.cli.output import print_json, print_table, spaced
from batchport.exit_status import NEEDS_SOMEBODY

if TYPE_CHECKING:
    from batchport.pipeline.balance import FileBalance

#: How many outstanding numbers of a file the table names.
_NAMED = 3


@click.command()
@click.option("--partner", metavar="P", shell_complete=complete.partners, help="Files sent to this partner.")
@click.option("--since", type=Day(), help="Files sent since this day or time.")
@click.option("-o", "--output", "target", metavar="FILE.xlsx", type=click.Path(path_type=Path), help="Write it as a workbook too, with every line.")
@format_option
@click.pass_context
def balance(ctx: click.Context, partner: str | None, since: date | None, target: Path | None, form: str) -> None:
    """Show for each submission file what became of its lines: answered, by kind, and outstanding, with the numbers."""
    if target is not None:
        must_be_writable(target)
    from batchport.files import write_whole
    from batchport.pipeline.app import closing
    from batchport.pipeline.balance import KINDS
    from batchport.pipeline.balance import balance as balance_of

    with closing(ctx.obj.app()) as app:
        found = balance_of(app, partner=partner, since=since)
    if target is not None:
        write_whole(target, found.workbook())
    if form == "json":
        print_json(file.json() for file in found.files)
    else:
        heads = ("Partner", "File", "Sent", "Orders", "Lines", *(kind.capitalize() for kind in KINDS), "Outstanding", "Outstanding numbers", "Balances")
        print_table(heads, [_line(file, KINDS) for file in found.files], prose=("Outstanding numbers",), coloured=("Balances",), empty="Nothing was sent.")
    ctx.exit(0 if found.settled else NEEDS_SOMEBODY)


def _line(file: FileBalance, kinds: tuple[str, ...]) -> tuple[object, ...]:
    numbers = file.numbers.get("outstanding", [])
    named = ", ".join(spaced(tn) for tn in numbers[:_NAMED]) + (f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else "")
    counts = [file.answered[kind] or "" for kind in kinds]
    return file.partner, file.file, file.sent[:16], file.orders, file.lines, *counts, file.outstanding or "", named, "yes" if file.balanced else "NO"
