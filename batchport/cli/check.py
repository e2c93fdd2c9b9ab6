"""`check`: the whole validation of some files, with nothing stored and nothing sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchport.cli import Context, complete, format_option
from batchport.cli.output import print_json, print_table, say, state
from batchport.cli.progress import shown
from batchport.exit_status import NEEDS_SOMEBODY, USAGE

if TYPE_CHECKING:
    from datetime import datetime

    from batchport.pipeline.assess import ReadFile
    from batchport.pipeline.check import Checked, Report
    from batchport.progress import Progress

_SHOWN = 20


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--customer", metavar="ID", shell_complete=complete.customers, help="Whose files they are: that customer's settings, routes and history are read.")
@click.option("-o", "output", metavar="FILE", type=click.Path(path_type=Path), help="Write the annotated file (one FILE).")
@click.option("--apply", "applied", is_flag=True, help="Write the file with the suggestions applied instead, and list every change.")
@click.option("--show-secrets", is_flag=True, help="Print PINs and account numbers in plain.")
@format_option
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], customer: str | None, output: Path | None, applied: bool, show_secrets: bool, form: str) -> None:
    """Check sheets as a port desk would: every row, every fault, and the orders they make."""
    if output is not None and len(files) > 1:
        raise click.UsageError("-o writes one annotated file; name one FILE.")
    if applied and output is None:
        raise click.UsageError("--apply writes a file; name it with -o.")
    for file in files:
        must_be_file(Path(file))
    if output is not None:
        must_be_writable(output)
    context: Context = ctx.obj
    named = [(Path(file), file) for file in files]
    with shown() as progress:
        checked = _checked(named, context.now, progress) if customer is None else _checked_for(context, customer, named, progress, seen=show_secrets)
    from batchport.pipeline.check import Report

    report = Report(checked, secrets=show_secrets)
    if form == "json":
        print_json(report.json_lines())
    else:
        _print(checked, report)
    if output is not None:
        with shown() as progress:
            said = _written(checked, output, progress, applied=applied)
        for sentence in said:
            say(sentence, err=True)
    unreadable = any(file.state == "unreadable" for file in checked.files)
    ctx.exit(USAGE if unreadable else 0 if checked.clean else NEEDS_SOMEBODY)


def _checked(files: list[tuple[Path, str]], now: datetime, progress: Progress) -> Checked:
    """Files of nobody's, checked; they are read while most of what checks them is imported, which takes longer."""
    from batchport.spreadsheets.limits import Limits
    from batchport.spreadsheets.pool import ReaderPool
    from batchport.spreadsheets.sheet import Ask

    with ReaderPool(Limits(), progress) as pool:
        pool.ahead([path for path, _ in files], Ask())
        from batchport.data import load_reference
        from batchport.pipeline.check import check_files, standard

        return check_files(files, standard(now, load_reference(), Limits()), pool, progress)


def _checked_for(context: Context, customer: str, files: list[tuple[Path, str]], progress: Progress, *, seen: bool) -> Checked:
    """Files of a customer's, checked beside what came before; that somebody will have `seen` their secrets is recorded, since stored ones may be among them."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.audit import record_look
    from batchport.pipeline.check import Basis, check_files
    from batchport.pipeline.columns import saved_of
    from batchport.pipeline.history import History
    from batchport.spreadsheets.pool import ReaderPool

    with closing(context.app()) as app, ReaderPool(app.limits, progress) as pool:
        basis = Basis(app.terms(customer), app.reference, app.limits, saved_of(app, customer), History(app, customer))
        if seen:
            record_look(app, "check --show-secrets", f"{customer}: {', '.join(name for _, name in files)}")
        return check_files(files, basis, pool, progress)


def must_be_file(file: Path) -> None:
    """Refuse a FILE that is not there, or no file, in words that say what to do."""
    if file.is_dir():
        raise click.UsageError(f"{file} is a folder; name the sheets in it.")
    if not file.exists():
        raise click.UsageError(f"{file} does not exist.")
    if not file.is_file():
        raise click.UsageError(f"{file} is not a file.")


def must_be_writable(file: Path) -> None:
    """Refuse to write a file where none can be written, before the work for it is done."""
    folder = file.parent
    if file.is_dir():
        raise click.UsageError(f"{file} is a folder; name a file in it.")
    if file.exists() and not file.is_file():  # a device would be replaced by a file
        raise click.UsageError(f"{file} is not a file; name one.")
    if not folder.is_dir():
        raise click.UsageError(f"The folder {folder} does not exist; make it, or name another file.")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"You may not write into the folder {folder}; name a file in another.")


def _written(checked: Checked, output: Path, progress: Progress, *, applied: bool) -> list[str]:
    """What is to be said of the annotated or corrected file, which is written for the user's own eyes: with secrets, and readable by the owner alone."""
    from batchport.files import write_whole
    from batchport.pipeline.check import Report

    if len(checked.files) > 1:
        raise click.UsageError("-o writes one annotated file, and the zip archive holds several sheets; unpack it and name one.")
    file = checked.files[0]
    if file.state != "read":
        return [f"{output} was not written: no rows could be read."]
    progress(f"Writing {output.name}")
    whole, text = Report(checked, secrets=True), output.suffix.lower() == ".csv"
    if applied:
        data, said = _corrected(whole, file, text=text)
        write_whole(output, data)
        return [*said, f"The corrected file is {output}."]
    write_whole(output, whole.csv(file) if text else whole.workbook(file))
    return [f"The annotated file is {output}."]


def _corrected(report: Report, file: ReadFile, *, text: bool) -> tuple[bytes, list[str]]:
    """The file with the suggestions applied, and every change as a sentence; in a workbook they are listed beside it too."""
    from batchport.spreadsheets.corrected import corrected_csv, corrected_workbook

    sheets, changes = report.corrected(file)
    said = []
    for change in changes:
        where = f"sheet {change.sheet}, row {change.row}" if change.sheet else f"row {change.row}"
        said.append(f"{where}, {change.column}: {change.was!r} is now {change.now!r}.")
    said.append(f"{_count(len(changes), 'change')}.")
    if not text:
        return corrected_workbook(sheets, changes), said
    if len(sheets) > 1:
        raise click.UsageError("A CSV holds one sheet, and this file has several; name an .xlsx with -o.")
    return corrected_csv(sheets[0]), said


def _print(checked: Checked, report: Report) -> None:
    from batchport.domain.findings import catalogue
    from batchport.pipeline.wording import file_words

    summary = checked.summary()
    states = ", ".join(state(each, f"{summary[each]:,} {each}") for each in ("ready", "held", "rejected", "duplicate") if summary[each])
    click.echo(f"{_count(summary['files'], 'file')}, {_count(summary['rows'], 'row')}: {states or 'no rows'}; {_count(summary['orders'], 'order')}.", color=True)
    for file in checked.files:
        for problem in file.problems:
            words = file_words(problem)
            where = f"{file.name}, sheet {problem.sheet}" if problem.sheet else file.name
            say(f"{where}: {words.message} {words.fix}", {"error": "red", "warning": "yellow"}.get(catalogue()[problem.code].severity, ""))
    found = summary["findings"]
    if not found:
        return
    click.echo()
    severities = {code: checked.severities.get(code) or catalogue()[code].severity for code in found}
    print_table(("Finding", "Severity", "Count"), [(code, severities[code], number) for code, number in found.items()], coloured=("Severity",))
    _print_rows(checked, report)
    sys.stdout.flush()


def _print_rows(checked: Checked, report: Report) -> None:
    """The first rows that are rejected, and why."""
    import numpy as np

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
            lines.append((file, int(checked.rows.requests.row[found.row]), said.column, said.words.message, said.words.fix))
    click.echo()
    print_table(("File", "Row", "Column", "What is wrong", "How to fix it"), lines, prose=("Column", "What is wrong", "How to fix it"))
    if len(rejected) > len(few):
        say(f"... and {_count(len(rejected) - len(few), 'more row')}; -o FILE.xlsx writes all of them.")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
