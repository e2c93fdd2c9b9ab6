"""Commands that need no installation: making one, the template, the catalogue of findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from batchport.cli import Context, complete, format_option
from batchport.cli.check import must_be_writable

if TYPE_CHECKING:
    from batchport.domain.cases import Case


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Make a home for batchport: settings, a sealing key, and the folders of customer acme and partner sample."""
    from batchport.pipeline.home import make_home

    try:
        made = make_home(folder)
    except FileExistsError as error:
        raise click.UsageError(f"{error.filename} is there already; nothing was changed. Choose another folder.") from None
    click.echo(f"A home for batchport is ready in {folder}.")
    click.echo(f"  {made.config}: the settings; change them as you like")
    click.echo(f"  {made.key}: the sealing key; keep a copy of it elsewhere, nothing can be read without it")
    click.echo("Next:")
    click.echo(f"  batchport template -o {folder}/requests.xlsx       # fill it in and put it into {folder}/inbox/acme/")
    click.echo(f"  batchport --config {made.config} run")


@click.command()
@click.option("--customer", metavar="ID", shell_complete=complete.customers, help="Whom the template is for.")
@click.option("-o", "output", metavar="FILE", type=click.Path(path_type=Path), help="The file to write (default: batchport-template.xlsx here).")
@click.pass_obj
def template(context: Context, customer: str | None, output: Path | None) -> None:
    """Write the upload workbook that customers fill in."""
    from batchport.files import write_whole
    from batchport.spreadsheets.template import template_workbook

    destinations: tuple[str, ...] = ()
    if customer is not None:
        context.app().customer(customer)
        roster = context.app().roster(customer)
        destinations = tuple(roster.lines) if roster is not None else ()
    path = output or Path("batchport-template.xlsx")
    must_be_writable(path)
    write_whole(path, template_workbook(customer, destinations=destinations))
    click.echo(f"{path}: fill in the sheet 'Port requests'; the examples in it are not read.")


@click.command()
@click.argument("code", required=False, shell_complete=complete.codes)
@format_option
def rules(code: str | None, form: str) -> None:
    """Explain the findings: all of them, or one CODE with the smallest sheet that provokes it and one that does not."""
    from batchport.cli.output import print_json, print_table
    from batchport.domain.findings import catalogue

    known = catalogue()
    if code is not None and code not in known:
        from batchport.yaml_text import nearest

        raise click.UsageError(f"There is no finding {code!r}{nearest(code, list(known))}")
    chosen = [known[code]] if code else list(known.values())
    if form == "json":
        print_json(_rule_json(rule, whole=code is not None) for rule in chosen)
    elif code:
        _explain(chosen[0])
    else:
        print_table(("Code", "Severity", "What is wrong"), [(rule.code, rule.severity, rule.message) for rule in chosen], prose=("What is wrong",), coloured=("Severity",))


def _rule_json(rule: Any, *, whole: bool) -> dict[str, Any]:
    said = {"code": rule.code, "part": rule.part, "severity": rule.severity, "message": rule.message, "fix": rule.fix, "why": rule.why, "prevents": list(rule.prevents)}
    if whole:
        from batchport.domain.cases import case_of, near_of

        said |= {"case": _case_json(case_of(rule)), "near": _case_json(near_of(rule))}
    return said


def _case_json(case: Case) -> dict[str, Any]:
    from batchport.domain.cases import AT

    return {
        "sheet": case.sheet, "rows": list(case.rows), "at": AT, "files": case.files, "settings": case.settings, "before": list(case.before), "answer": case.answer or None,
        "encoding": case.encoding, "with": list(case.along), "note": case.note,
    }  # fmt: skip


def _explain(rule: Any) -> None:
    from batchport.domain.cases import case_of, near_of

    case, near = case_of(rule), near_of(rule)
    click.echo(f"{rule.code} ({rule.severity})\n\n{rule.message}\n{rule.fix}\n\nWhy: {rule.why}")
    if rule.prevents:
        click.echo(f"Rejects it prevents: {', '.join(rule.prevents)}")
    where = f"; it stands on row {', '.join(map(str, case.rows))}" if case.rows else ""
    click.echo(f"\nThe smallest sheet with it{where}:")
    click.echo("\n".join(case.lines()))
    click.echo("\nNearly the same, and without it:")
    click.echo("\n".join(near.lines()))
