"""A pass, each of its stages, and the scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batchport.cli import Context, Day, complete, format_option
from batchport.cli.output import harmless, print_json, print_table, say, spaced, state
from batchport.cli.progress import shown

if TYPE_CHECKING:
    from batchport.pipeline.run import PassDone, Stage


def carry_out(ctx: click.Context, command: str, stage: Stage, form: str) -> None:
    """A pass of one stage or of all, its summary, and the exit status that it means."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.run import Busy, one_pass

    with closing(ctx.obj.app()) as app:
        try:
            with shown() as app.progress:
                done = one_pass(app, command, stage)
        except Busy as busy:
            if form == "json":
                print_json([{"run": {"busy": str(busy)}}])
            else:
                say(f"batchport: {busy}.")
            ctx.exit(0)
    _show(done, form)
    ctx.exit(done.exit_status)


def _show(done: PassDone, form: str) -> None:
    if form == "json":
        print_json([{"run": done.json()}])
        return
    tally, count = done.tally, done.count
    for file in tally.files:
        told = ", ".join(_counted(file.counts)) or "no rows"
        click.echo(harmless(f"  {file.customer}/{file.name}: ") + f"{state(file.state)}; {told}", color=True)
    for sent in tally.sent:
        say(f"  sent to {sent.partner}: {sent.name}, {sent.orders:,} orders, {sent.lines:,} lines")
    for heard in tally.heard:
        say(
            f"  {heard.partner} answered: {heard.name}: {heard.applied:,} of {heard.lines:,} lines applied, {heard.exceptions:,} exception lines",
            "yellow" if heard.exceptions else "",
        )
    for said in (*tally.found, *(f"written: {result}" for result in tally.results), *tally.waiting, *tally.due):
        say(f"  {said}")
    for said in (*tally.set_aside, *tally.troubles, *tally.cut_off):
        say(f"  ! {said}", "red")
    mails = ", ".join(f"{tally.mails[name]:,} {name}" for name in ("sent", "waiting", "failed") if tally.mails[name])
    if mails:
        say(f"  mails: {mails}", "red" if tally.mails["failed"] else "")
    if not tally.changed and not tally.needs_somebody:
        say("Nothing new: nothing was changed.")
    states = ", ".join(_counted({name: number for name, number in count.rows.items() if name != "read"}))
    lines = count.lines
    click.echo(f"Rows read {count.rows['read']:,} = {states or 'none'}.", color=True)
    say(f"Lines sent {lines['sent']:,} = {lines['answered']:,} answered + {lines['outstanding']:,} outstanding.")
    if not count.balanced:
        say("THE COUNT DOES NOT COME OUT: a fault of the program. Stop sending, keep the database, and report this.", "red", err=True)


def _counted(counts: Mapping[str, int]) -> list[str]:
    """How many rows are in each state that has any."""
    return [state(name, f"{number:,} {name.replace('_', ' ')}") for name, number in counts.items() if number]


def _plan(ctx: click.Context, *, whole: bool, partner: str | None, form: str) -> None:
    """What a pass would do, without doing it."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.plan import planned

    with closing(ctx.obj.app()) as app:
        lines = planned(app, whole=whole, partner=partner)
    _show_plan(lines, form)


def _show_plan(lines: list[dict[str, Any]], form: str) -> None:
    if form == "json":
        print_json({"plan": line} for line in lines)
        return
    for line in lines:
        say(line["words"])
    if not lines:
        say("Nothing to do.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the plan and do nothing.")
@format_option
@click.pass_context
def run(ctx: click.Context, dry_run: bool, form: str) -> None:
    """One pass: reconcile, intake, submit, notify."""
    if dry_run:
        _plan(ctx, whole=True, partner=None, form=form)
        return
    from batchport.pipeline.run import all_stages

    carry_out(ctx, "run", all_stages, form)


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--partner", metavar="P", shell_complete=complete.partners, help="Whose answer FILE is.")
@click.option("--dry-run", is_flag=True, help="Show what FILE would change, and change nothing.")
@format_option
@click.pass_context
def reconcile(ctx: click.Context, file: Path | None, partner: str | None, dry_run: bool, form: str) -> None:
    """Apply partners' response files: those in responses/, or one FILE."""
    from batchport.pipeline import reconcile as stage

    if file is None:
        if partner is not None or dry_run:
            raise click.UsageError("--partner and --dry-run go with a FILE.")
        carry_out(ctx, "reconcile", stage.reconcile, form)
        return
    if partner is None:
        raise click.UsageError("Whose answer is it? Name the partner: --partner P.")
    _must_be_readable(file)
    named, path = partner, file
    if dry_run:
        _would_change(ctx, path, named, form)
        return
    carry_out(ctx, "reconcile", lambda app, tally, number: stage.reconcile_file(app, tally, number, path, named), form)


def _would_change(ctx: click.Context, file: Path, partner: str, form: str) -> None:
    from batchport.pipeline.app import closing
    from batchport.pipeline.reconcile import preview

    with closing(ctx.obj.app()) as app:
        lines = preview(app, file, partner)
    if form == "json":
        print_json(lines)
    else:
        told = [[(one["line"], one["pon"], one["ver"] or "", spaced(one["tn"]), one["status"], one["does"]), *map(_change, one["rows"])] for one in lines]
        print_table(("Line", "PON", "Ver", "Number", "Status", "What it does"), [row for rows in told for row in rows], prose=("What it does",))


def _change(row: dict[str, Any]) -> tuple[str, ...]:
    date = f", {row['foc_date']}" if row["foc_date"] else ""
    return "", "", "", spaced(row["tn"]), "", f"{row['before']} -> {row['after']}{date}".replace("_", " ")


@click.command()
@click.option("--again", "file", type=click.Path(path_type=Path), help="Take FILE in though it was taken in before.")
@click.option("--customer", metavar="ID", shell_complete=complete.customers, help="Whose file it is, where --again FILE does not lie in an inbox.")
@format_option
@click.pass_context
def intake(ctx: click.Context, file: Path | None, customer: str | None, form: str) -> None:
    """Take in what customers dropped: rows, orders, and the mail that says what is wrong."""
    from batchport.pipeline import intake as stage

    if file is None:
        carry_out(ctx, "intake", stage.intake, form)
        return
    _must_be_readable(file)
    path, whose = file, customer or file.resolve().parent.name
    if customer is None and whose not in ctx.obj.app().settings.customers:
        raise click.UsageError(f"Whose file is {file}? It does not lie in a customer's inbox; name the customer: --customer ID.")
    carry_out(ctx, "intake", lambda app, tally, number: stage.intake_again(app, tally, number, path, whose), form)


@click.command()
@click.option("--partner", metavar="P", shell_complete=complete.partners, help="Only to this partner.")
@click.option("--now", "regardless", is_flag=True, help="Outside the partner's windows too.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@format_option
@click.pass_context
def submit(ctx: click.Context, partner: str | None, regardless: bool, dry_run: bool, form: str) -> None:
    """Send the orders that are ready."""
    from batchport.pipeline import submit as stage

    if partner is not None:
        ctx.obj.app().profile(partner)
    if dry_run:
        _plan(ctx, whole=False, partner=partner, form=form)
        return
    carry_out(ctx, "submit", lambda app, tally, number: stage.submit(app, tally, number, partner=partner, now_regardless=regardless), form)


@click.command()
@click.argument("submission", required=False)
@click.option("--partner", metavar="P", shell_complete=complete.partners, help="To this partner.")
@click.option("--since", type=Day(), help="Everything sent since this day or time.")
@click.option("--until", type=Day(), help="Everything sent until this day, which counts, or time.")
@click.option("--why", metavar="TEXT", default="", help="Why; recorded with your name.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@format_option
@click.pass_context
def resend(ctx: click.Context, submission: str | None, partner: str | None, since: date | None, until: date | None, why: str, dry_run: bool, form: str) -> None:
    """Send a SUBMISSION again, or a partner's of some days: the same bytes."""
    from batchport.pipeline import resend as stage
    from batchport.pipeline.app import closing

    with closing(ctx.obj.app()) as app:
        if submission is not None and since is None and until is None:
            chosen = stage.one_submission(app, submission, partner)
        elif submission is None and partner is not None and since is not None and until is not None:
            chosen = stage.submissions_between(app, partner, since, until)
        else:
            raise click.UsageError("Name a SUBMISSION, or --partner P, --since D and --until D.")
        if dry_run:
            _show_plan(stage.told(app, chosen), form)
            return
    carry_out(ctx, "resend", lambda app, tally, _: stage.resend(app, tally, chosen, why), form)


@click.command()
@format_option
@click.pass_context
def notify(ctx: click.Context, form: str) -> None:
    """Write the results that are due and send the mails that wait."""
    from batchport.pipeline import notify as stage

    carry_out(ctx, "notify", stage.notify, form)


@click.command()
@click.pass_obj
def serve(context: Context) -> None:
    """Work by the schedule until stopped: look for sheets and answers every few minutes, and run the whole pass at night."""
    from batchport.schedule.serve import serve as serve_by_schedule

    context.app(told=True)
    serve_by_schedule(context.config)


def _must_be_readable(file: Path) -> None:
    if not file.is_file():
        raise click.UsageError(f"{file} is a folder; name one file." if file.is_dir() else f"{file} does not exist.")

