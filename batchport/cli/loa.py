"""`loa`: letters of authorization, filled in and ready to sign."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batchport.cli import Context, format_option
from batchport.cli.check import must_be_file
from batchport.exit_status import NEEDS_SOMEBODY, USAGE

if TYPE_CHECKING:
    from batchport.domain.language import Language
    from batchport.pipeline.app import App
    from batchport.pipeline.check import Checked
    from batchport.reports.letters import Letter, Press

_NO_PROVIDER = "The name of the new provider is left blank, to be filled in by hand"


@click.command()
@click.argument("pon", metavar="[PON]", required=False)
@click.option("--file", "sheet", metavar="SHEET", type=click.Path(path_type=Path), help="Letters for the orders that this sheet would make; nothing is stored.")
@click.option("--customer", metavar="ID", help="Whose SHEET it is: that customer's settings, routes and history are read.")
@click.option("--language", type=click.Choice(["en", "fr"]), help="Of the letters (default: the customer's; English without one).")
@click.option("-o", "output", metavar="PATH", type=click.Path(path_type=Path), help="The letter's file, or with --file the folder for the letters (default: here).")
@format_option
@click.pass_context
def loa(ctx: click.Context, pon: str | None, sheet: Path | None, customer: str | None, language: Language | None, output: Path | None, form: str) -> None:
    """Write the letter of authorization of an order, or of every order of a sheet, as PDF ready to sign.

    A letter shows the whole account number, since it goes to the current carrier; it never shows a PIN.
    """
    if (pon is None) == (sheet is None):
        raise click.UsageError("Name an order, or a sheet with --file.")
    if customer is not None and sheet is None:
        raise click.UsageError("--customer says whose SHEET it is; it goes with --file.")
    if pon is not None:
        _of_order(ctx.obj, pon, language, output, form)
    else:
        assert sheet is not None  # noqa: S101  one of the two
        ctx.exit(_of_sheet(ctx.obj, sheet, customer, language, output, form))


def _of_order(context: Context, pon: str, language: Language | None, output: Path | None, form: str) -> None:
    """The letter of an order."""
    if output is not None and output.is_dir():
        raise click.UsageError(f"{output} is a folder; name the letter's file.")
    from batchport.pipeline.app import closing
    from batchport.pipeline.audit import record_look
    from batchport.pipeline.letters import letter_of_order, press
    from batchport.pipeline.status import order_of

    with closing(context.app()) as app:
        letter = letter_of_order(app, pon, language)
        path = output or Path(f"{letter.pon}-loa.pdf")
        record_look(app, "loa", order=order_of(app, pon))
        _written(press(app.settings), [(path, letter)], form, anew=output is not None)
    if not letter.provider:
        click.echo(f"{_NO_PROVIDER}; the setting `operator: {{name: ...}}` says it.", err=True)


def _of_sheet(context: Context, sheet: Path, customer: str | None, language: Language | None, output: Path | None, form: str) -> int:
    """The letters of a sheet's orders; the exit status."""
    must_be_file(sheet)
    if output is not None and output.exists() and not output.is_dir():
        raise click.UsageError(f"{output} is a file; with --file, -o names the folder for the letters.")
    if customer is None:
        return _of_checked(_checked(context, sheet), sheet, language or "en", output, form, None)
    from batchport.pipeline.app import closing
    from batchport.pipeline.audit import record_look

    with closing(context.app()) as app:
        words = language or app.customer(customer).language
        checked = _checked_for(app, customer, sheet)
        record_look(app, "loa --file", f"{customer}: {sheet.name}")
        return _of_checked(checked, sheet, words, output, form, app)


def _checked(context: Context, sheet: Path) -> Checked:
    """A sheet of nobody's, checked as `check` does."""
    from batchport.data import load_reference
    from batchport.pipeline.check import check_files, standard
    from batchport.pipeline.letters import without_papers
    from batchport.spreadsheets.limits import Limits
    from batchport.spreadsheets.pool import ReaderPool

    with ReaderPool(Limits()) as pool:
        return check_files([(sheet, str(sheet))], without_papers(standard(context.now, load_reference(), Limits())), pool)


def _checked_for(app: App, customer: str, sheet: Path) -> Checked:
    """A sheet of a customer's, checked beside what came before."""
    from batchport.pipeline.check import Basis, check_files
    from batchport.pipeline.columns import saved_of
    from batchport.pipeline.history import History
    from batchport.pipeline.letters import without_papers
    from batchport.spreadsheets.pool import ReaderPool

    with ReaderPool(app.limits) as pool:
        basis = Basis(app.terms(customer), app.reference, app.limits, saved_of(app, customer), History(app, customer))
        return check_files([(sheet, str(sheet))], without_papers(basis), pool)


def _of_checked(checked: Checked, sheet: Path, language: Language, output: Path | None, form: str, app: App | None) -> int:
    """Write the letters of a checked sheet, and say what is in none; the exit status."""
    from batchport.files import make_folder
    from batchport.pipeline.letters import letters_of_sheet, press

    folder = make_folder(output) if output is not None else Path()
    named = ((folder / name, letter) for name, letter in letters_of_sheet(checked, sheet.stem, language, app))
    written = _written(press(app.settings if app is not None else None), named, form, anew=output is not None)
    _say_what_is_left(checked, sheet)
    if written and app is None:
        click.echo(f"{_NO_PROVIDER}; with --customer ID it comes from the setting `operator: {{name: ...}}`.", err=True)
    elif written and app is not None and not app.settings.operator.name:
        click.echo(f"{_NO_PROVIDER}; the setting `operator: {{name: ...}}` says it.", err=True)
    if any(file.state == "unreadable" for file in checked.files):
        return USAGE
    return 0 if checked.clean else NEEDS_SOMEBODY


def _written(press: Press, letters: Iterable[tuple[Path, Letter]], form: str, *, anew: bool) -> int:
    """Write letters and list them; how many there are. `anew`: over what was there."""
    from batchport.cli.output import print_json, print_table
    from batchport.files import write_whole

    lines = []
    for path, letter in letters:
        data = press.pdf(letter)
        # A paper of this name may be the signed one.
        if not anew and path.exists() and path.read_bytes() != data:
            raise click.UsageError(f"{path} is there already, and is another file; name where to write with -o.")
        write_whole(path, data)
        if letter.unshown:
            click.echo(f"{path}: the letter has no type for {letter.unshown}; there is a square in each place, to be written over by hand.", err=True)
        lines.append({"letter": str(path), "order": letter.pon or None, "version": letter.version or None, "language": letter.language, "numbers": len(letter.numbers)})
    if form == "json":
        print_json(lines)
    else:
        print_table(("Letter", "Language", "Numbers"), [(line["letter"], line["language"], line["numbers"]) for line in lines], empty="No letter was written.")
    return len(lines)


def _say_what_is_left(checked: Checked, sheet: Path) -> None:
    """Say on the error output what of a sheet is in no letter, and what to do."""
    from batchport.pipeline.wording import file_words

    for file in checked.files:
        if file.state != "read":
            for problem in file.problems:
                words = file_words(problem)
                click.echo(f"{file.name}: {words.message} {words.fix}", err=True)
    counts = checked.counts()
    if counts["duplicate"]:
        rows, are = ("row asks", "is") if counts["duplicate"] == 1 else ("rows ask", "are")
        click.echo(f"{counts['duplicate']:,} {rows} again for what was asked for before, and {are} not listed once more.", err=True)
    if counts["rejected"]:
        rows, are = ("row", "is") if counts["rejected"] == 1 else ("rows", "are")
        click.echo(
            f"{counts['rejected']:,} {rows} of {len(checked.rows):,} {are} rejected and in no letter; `batchport check {sheet}` says why. "
            "Correct the sheet and make the letters of these accounts anew before anybody signs.",
            err=True,
        )
