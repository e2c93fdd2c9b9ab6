"""`report`: one look at everything."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import click

from batchport.cli import Context, Day


@click.command()
@click.option("--since", type=Day(), help="Tell rejections and waiting times since this day or time (default: the last 30 days).")
@click.option(
    "-o", "--output", "target", metavar="FILE.html", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default=Path("report.html"), show_default=True,
    help="Where to write it; - is standard output.",
)  # fmt: skip
@click.pass_obj
def report(context: Context, since: date | None, target: Path) -> None:
    """Write one page with tables and charts: what needs somebody, where every row is, what was rejected and why, and who is waited for.

    The page needs no network and no other file; its tables can be sorted and searched.
    """
    from batchport.files import write_whole
    from batchport.pipeline.app import closing
    from batchport.pipeline.report import report_html

    with closing(context.app()) as app:
        page = report_html(app, since)
    if str(target) == "-":
        sys.stdout.buffer.write(page)
        return
    write_whole(target, page)
    click.echo(str(target))
