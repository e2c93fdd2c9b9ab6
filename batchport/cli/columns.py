"""`columns`: which column is which, and confirming it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batchport.cli import Context, complete, format_option
from batchport.exit_status import NEEDS_SOMEBODY, USAGE

if TYPE_CHECKING:
    from batchport.pipeline.columns import Shown


class _File(click.Argument):
    """FILE, which is no part of the names of the commands below."""

    def get_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return []


class _Columns(click.Group):
    """A command that takes a FILE, with `confirm` below it."""

    def make_context(self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any) -> click.Context:
        if args[:1] and args[0] in self.commands:
            return self.commands[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


@click.group(
    cls=_Columns, invoke_without_command=True, no_args_is_help=False, subcommand_metavar="FILE", context_settings={"allow_interspersed_args": True}
)
@click.argument("file", cls=_File, metavar="FILE", shell_complete=complete.path)
@click.option("--customer", metavar="ID", shell_complete=complete.customers, help="Whose file it is: that customer's defaults and confirmed columns hold.")
@format_option
@click.pass_context
def columns(ctx: click.Context, file: str, customer: str | None, form: str) -> None:
    """Show which column of FILE is taken for which field, how certain that is, and why.

    FILE may also be the name of a file that was taken in and waits for its columns.
    """
    context: Context = ctx.obj
    path = Path(file)
    from batchport.pipeline.columns import columns_of

    if customer is None and path.is_file():
        from batchport.spreadsheets.limits import Limits

        shown = columns_of(path, file, Limits(), None, None)
    else:
        shown = _with_customer(context, path, customer)
    for each in shown:
        if form == "json":
            from batchport.cli.output import print_json

            print_json(each.json_lines())
        else:
            _print(each)
    ctx.exit(max({"read": 0, "unmapped": NEEDS_SOMEBODY}.get(each.read.state, USAGE) for each in shown))


def _with_customer(context: Context, path: Path, customer: str | None) -> list[Shown]:
    """The columns of a customer's file, or of one that waits."""
    from batchport.pipeline.app import Unknown, closing
    from batchport.pipeline.columns import columns_of, waiting
    from batchport.pipeline.shelves import archived, plain_copy

    if not path.exists() and not context.config.is_file():
        raise click.UsageError(f"{path} does not exist.")
    with closing(context.app()) as app:
        if customer is not None:
            app.customer(customer)
        if path.is_file():
            return columns_of(path, str(path), app.limits, app, customer)
        _refuse_folder(path)
        record = waiting(app, str(path), customer)
        found = archived(app, record)
        if found is None:
            raise Unknown(f"{record.name} of {record.customer} is not in the archive any more")
        with plain_copy(app, found) as copy:
            return columns_of(copy, record.name, app.limits, app, record.customer)


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder; name one file.")


def _print(shown: Shown) -> None:
    from batchport.cli.output import print_table, say
    from batchport.pipeline.wording import file_words

    several = len({line["sheet"] for line in shown.lines}) > 1
    heads = ["Sheet", "Column", "Taken for", "How sure", "Why", "Cells"][0 if several else 1 :]
    rows = [
        (*([line["sheet"] or ""] if several else []), line["header"], line["field"] or ("one of " + ", ".join(line["candidates"]) + "?" if line["candidates"] else ""), line["certainty"], line["reason"], " | ".join(line["samples"]))
        for line in shown.lines
    ]
    print_table(heads, rows, prose=("Why", "Cells"), empty="No columns.")
    click.echo()
    for problem in shown.read.problems:
        if problem.code != "column-unknown":
            words = file_words(problem)
            say(f"{words.message} {words.fix}")
    say({
        "read": "The file can be read as it is.",
        "unmapped": "The file cannot be read like this: confirm the columns, with --set where they are not right.",
    }.get(shown.read.state, "The file cannot be read."), "" if shown.read.state == "read" else "yellow")  # fmt: skip


@columns.command()
@click.argument("file", metavar="FILE", shell_complete=complete.path)
@click.option("--customer", metavar="ID", shell_complete=complete.customers, help="Whose file it is, where FILE does not lie in an inbox and is not waiting.")
@click.option("--set", "changes", metavar='"HEADER=FIELD"', multiple=True, help="What a column is; without a FIELD it is not read. May be given more than once.")
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")
@format_option
@click.pass_context
def confirm(ctx: click.Context, file: str, customer: str | None, changes: tuple[str, ...], why: str, form: str) -> None:
    """Confirm which column of FILE is which; it is remembered for the customer and this set of headers.

    FILE is a sheet, or the name of a file that was taken in and waits: rows are then made of it at once.
    """
    told = dict(map(_change, changes))
    from batchport.pipeline.app import closing
    from batchport.pipeline.columns import confirm as confirm_file
    from batchport.pipeline.columns import confirm_waiting, waiting

    path = Path(file)
    _refuse_folder(path)
    with closing(ctx.obj.app()) as app:
        if customer is not None:
            app.customer(customer)
        if path.is_file():
            whose = customer or path.resolve().parent.name
            if customer is None and whose not in app.settings.customers:
                raise click.UsageError(f"Whose file is {file}? It does not lie in a customer's inbox; name the customer: --customer ID.")
            sentence = confirm_file(app, path, path.name, whose, told, why)
        else:
            sentence = confirm_waiting(app, waiting(app, file, customer), told, why)
    if form != "json":
        from batchport.cli.output import say

        say(sentence)
    from batchport.cli.stages import carry_out
    from batchport.pipeline.intake import retake

    carry_out(ctx, "columns", retake, form)


def _change(text: str) -> tuple[str, str]:
    header, equals, field = text.rpartition("=")
    if not equals or not header.strip():
        raise click.UsageError(f'--set takes "HEADER=FIELD", not {text!r}.')
    return header, field.strip()
