"""`check`: the whole validation of some files, with nothing stored and nothing sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchport.cli import NEEDS_SOMEBODY, USAGE, Context, format_option

if TYPE_CHECKING:
    from batchport.pipeline.check import Checked, Report

_SHOWN = 20


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--customer", metavar="ID", help="Whose files they are: that customer's settings, routes and history are read.")
@click.option("-o", "output", type=click.Path(path_type=Path, dir_okay=False), help="Write the annotated file (one FILE).")
@click.option("--show-secrets", is_flag=True, help="Print PINs and account numbers in plain.")
@format_option
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], customer: str | None, output: Path | None, show_secrets: bool, form: str) -> None:
    """Check sheets as a port desk would: every row, every fault, and the orders they make."""
    if output is not None and len(files) > 1:
        raise click.UsageError("-o writes one annotated file; name one FILE.")
    for file in files:
        _must_be_file(Path(file))
    context: Context = ctx.obj
    from batchport.data import load_reference
    from batchport.pipeline.check import Report, check_files
    from batchport.spreadsheets.limits import Limits

    named = [(Path(file), file) for file in files]
    if customer is None:
        checked = check_files(named, load_reference(), Limits(), context.now, None, None)
    else:
        from batchport.pipeline.app import closing

        with closing(context.app()) as app:
            app.customer(customer)
            checked = check_files(named, app.reference, app.limits, app.now, app, customer)
    report = Report(checked, secrets=show_secrets)
    if form == "json":
        from batchport.cli.output import print_json

        print_json(report.json_lines())
    else:
        _print(checked, report)
    if output is not None:
        _write(checked, output)
    unreadable = any(file.state == "unreadable" for file in checked.files)
    ctx.exit(USAGE if unreadable else 0 if checked.clean else NEEDS_SOMEBODY)


def _must_be_file(file: Path) -> None:
    if file.is_dir():
        raise click.UsageError(f"{file} is a folder; name the sheets in it.")
    if not file.exists():
        raise click.UsageError(f"{file} does not exist.")
    if not file.is_file():
        raise click.UsageError(f"{file} is not a file.")


def _write(checked: Checked, output: Path) -> None:
    """The annotated file: for the user's own eyes, so with secrets, and readable by the owner alone."""
    from batchport.files import write_whole
    from batchport.pipeline.check import Report

    file = checked.files[0]
    if file.state != "read":
        click.echo(f"{output} was not written: no rows could be read.", err=True)
        return
    whole = Report(checked, secrets=True)
    write_whole(output, whole.csv(file) if output.suffix.lower() == ".csv" else whole.workbook(file))
    click.echo(f"The annotated file is {output}.", err=True)


def _print(checked: Checked, report: Report) -> None:
    from batchport.cli.output import print_table
    from batchport.pipeline.wording import file_words

    summary = checked.summary()
    states = ", ".join(f"{summary[state]:,} {state}" for state in ("ready", "held", "rejected", "duplicate") if summary[state])
    click.echo(f"{_count(summary['files'], 'file')}, {_count(summary['rows'], 'row')}: {states or 'no rows'}; {_count(summary['orders'], 'order')}.")
    for file in checked.files:
        for problem in file.problems:
            words = file_words(problem)
            where = f"{file.name}, sheet {problem.sheet}" if problem.sheet else file.name
            click.echo(f"{where}: {words.message} {words.fix}", err=False)
    found = summary["findings"]
    if not found:
        return
    from batchport.domain.findings import catalogue

    click.echo()
    print_table(("Finding", "Severity", "Count"), [(code, checked.severities.get(code) or catalogue()[code].severity, f"{number:,}") for code, number in found.items()])
    _print_rows(checked, report)
    sys.stdout.flush()


def _print_rows(checked: Checked, report: Report) -> None:
    """The first rows that are rejected, and why."""
    import numpy as np

    from batchport.cli.output import print_table
    from batchport.domain.lifecycle import State
    from batchport.domain.table import records

    rejected = np.flatnonzero(checked.state == State.REJECTED)
    if not len(rejected):
        return
    few = rejected[:_SHOWN]
    shown = np.zeros(len(checked.rows), dtype=bool)
    shown[few] = True
    lines = []
    for found in records(checked.findings_frame(shown)):
        said = report.source.sentence(int(found.row), found.code, found.field, found.detail, found.suggestion)
        if said.severity == "error":
            file = next(file.name for file, first, end in checked.starts() if first <= found.row < end)
            lines.append((file, checked.rows.requests.row[found.row], said.column, said.words.message, said.words.fix))
    click.echo()
    print_table(("File", "Row", "Column", "What is wrong", "How to fix it"), lines)
    if len(rejected) > len(few):
        click.echo(f"... and {_count(len(rejected) - len(few), 'more row')}; -o FILE.xlsx writes all of them.")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
