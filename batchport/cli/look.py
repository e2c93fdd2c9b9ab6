"""Commands that look: rows, orders, exception lines."""

from __future__ import annotations

import click

from batchport.cli import Context, complete, format_option
from batchport.cli.output import print_json, print_table, say, spaced
from batchport.exit_status import NEEDS_SOMEBODY

_STATES = (
    "rejected", "duplicate", "held", "ready", "submitted", "acknowledged", "delayed", "confirmed", "completed", "carrier_rejected", "cancel_pending", "cancelled",
    "superseded",
)  # fmt: skip


@click.command()
@click.option("--customer", metavar="C", shell_complete=complete.customers, help="Rows of this customer.")
@click.option("--file", metavar="F", shell_complete=complete.files, help="Rows of this file.")
@click.option("--order", metavar="PON", shell_complete=complete.orders, help="Rows of this order.")
@click.option("--tn", metavar="TN", help="Rows that ask for this number.")
@click.option("--ref", metavar="R", help="Rows with this reference of the customer, or this Row ID.")
@click.option("--state", metavar="S", type=click.Choice(_STATES), help="Rows in this state.")
@click.option("--overdue", "late", is_flag=True, help="Rows of which the partner should have been heard by now, or that should have moved.")
@format_option
@click.pass_context
def status(
    ctx: click.Context, customer: str | None, file: str | None, order: str | None, tn: str | None, ref: str | None, state: str | None, form: str, *, late: bool
) -> None:
    """Show where rows stand, a line each."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.status import status_lines

    with closing(ctx.obj.app()) as app:
        lines = status_lines(app, customer=customer, file=file, order=order, tn=tn, ref=ref, state=state, late=late)
    if form == "json":
        print_json(lines)
    else:
        print_table(
            ("Customer", "File", "Row", "Number", "State", "Order", "Confirmed", "Due", "What is wrong"),
            [(one["customer"], one["file"], one["row"], spaced(one["tn"]), one["state"], one["pon"], one["foc_date"], _due(one), _wrong(one)) for one in lines],
            prose=("Due", "What is wrong"),
            coloured=("State",),
            empty="Nothing is overdue." if late else f"There are no rows{f' of a file {file!r}' if file else ''}{' that fit' if any((customer, order, tn, ref, state)) else ''}.",
        )
    ctx.exit(NEEDS_SOMEBODY if late and lines else 0)


def _due(line: dict[str, object]) -> str:
    """What falls due of a row or an order, and when."""
    return f"{line['due_what']} {line['due']}{', overdue' if line['overdue'] else ''}" if line["due"] else ""


def _wrong(line: dict[str, object]) -> str:
    reasons = line["reasons"]
    said = [str(reason["text"]) for reason in reasons] if isinstance(reasons, list) else []
    findings = line["findings"]
    return "; ".join(said + ([str(code) for code in findings] if isinstance(findings, list) else []))


@click.command()
@click.option("--customer", metavar="C", shell_complete=complete.customers, help="Orders of this customer.")
@click.option("--partner", metavar="P", shell_complete=complete.partners, help="Orders to this partner.")
@click.option("--due", "due_first", is_flag=True, help="Orders of which an answer, a completion or a deadline of the partner falls due, soonest first.")
@format_option
@click.pass_obj
def orders(context: Context, customer: str | None, partner: str | None, form: str, *, due_first: bool) -> None:
    """Show the orders, a line each."""
    from batchport.pipeline.app import closing
    from batchport.pipeline.status import order_lines

    with closing(context.app()) as app:
        lines = order_lines(app, customer=customer, partner=partner, due_first=due_first, to_do=form == "json")
    if form == "json":
        print_json(lines)
        return
    print_table(
        ("PON", "Ver", "Customer", "Partner", "State", "Held by", "Kind", "Losing carrier", "BTN", "Lines", "Confirmed", "Due"),
        [
            (one["pon"], one["ver"], one["customer"], one["partner"], one["state"], one["held_by"], one["number_class"], one["losing_carrier"], spaced(one["btn"]),
             one["lines"], one["foc_date"], _due(one))
            for one in lines
        ],
        prose=("Losing carrier", "Due"),
        coloured=("State",),
        empty="No orders.",
    )  # fmt: skip


@click.group(invoke_without_command=True)
@format_option
@click.pass_context
def exceptions(ctx: click.Context, form: str) -> None:
    """Show response lines that matched nothing or contradict what is known, or resolve one."""
    if ctx.invoked_subcommand is not None:
        return
    from batchport.pipeline.app import closing
    from batchport.pipeline.status import exception_lines

    with closing(ctx.obj.app()) as app:
        lines = exception_lines(app)
    if form == "json":
        print_json(lines)
    else:
        print_table(
            ("Id", "Partner", "File", "Line", "PON", "Number", "Status", "Why", "Since"),
            [(one["id"], one["partner"], one["file"], one["line"], one["pon"], spaced(one["tn"]), one["status"], one["reason"], one["since"]) for one in lines],
            prose=("Why",),
            empty="No open exception lines.",
        )
    ctx.exit(NEEDS_SOMEBODY if lines else 0)


@exceptions.command()
@click.argument("number", metavar="ID", type=int)
@click.option("--why", metavar="TEXT", required=True, help="Why it is settled; recorded.")
@format_option
@click.pass_obj
def resolve(context: Context, number: int, why: str, form: str) -> None:
    """Close the exception line ID, with the reason."""
    from batchport.pipeline.app import Unknown, closing
    from batchport.store.acts import record_act, resolve_exception

    with closing(context.app()) as app:
        with app.store.transaction() as connection:
            done = resolve_exception(connection, number, at=app.stamp, who=app.user, why=why)
            if done:
                record_act(connection, at=app.stamp, who=app.user, what="resolve", exception_id=number, why=why)
        if not done:
            raise Unknown(f"there is no open exception line {number}; `batchport exceptions` lists them")
        stamp, who = app.stamp, app.user
    if form == "json":
        print_json([{"id": number, "resolved": stamp, "by": who, "why": why}])
    else:
        say(f"Exception line {number} is resolved.")
