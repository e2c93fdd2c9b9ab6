"""What an operator does by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from batchport.cli import Context, complete
from batchport.cli.output import say

if TYPE_CHECKING:
    from batchport.pipeline.app import App

_pon = click.argument("pon", metavar="PON", shell_complete=complete.orders)
_why = click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")


def _act(context: Context, act: Callable[[App], str]) -> None:
    from batchport.pipeline.app import closing

    with closing(context.app()) as app:
        say(act(app))


def _acts() -> Any:
    from batchport.pipeline import acts

    return acts


@click.command()
@_pon
@_why
@click.pass_obj
def release(context: Context, pon: str, why: str) -> None:
    """Let a held order go without its rejected rows, or one that was held by hand."""
    _act(context, lambda app: str(_acts().release(app, pon, why)))


@click.command()
@_pon
@_why
@click.pass_obj
def hold(context: Context, pon: str, why: str) -> None:
    """Keep an order, or the next version of one, from being sent until it is released."""
    _act(context, lambda app: str(_acts().hold(app, pon, why)))


@click.command()
@_pon
@click.option("--tn", metavar="TN", help="Only this number of it.")
@_why
@click.pass_obj
def cancel(context: Context, pon: str, tn: str | None, why: str) -> None:
    """Call an order off, or one number of it: at once where it was not sent, else with a supplement."""
    _act(context, lambda app: str(_acts().cancel(app, pon, tn, why)))


@click.command()
@_pon
@click.argument("day", metavar="DATE")
@_why
@click.pass_obj
def redate(context: Context, pon: str, day: str, why: str) -> None:
    """Ask for another date (2026-03-09) for an order, whether it was sent or not."""
    _act(context, lambda app: str(_acts().redate(app, pon, day, why)))


@click.command()
@_pon
@_why
@click.pass_obj
def resubmit(context: Context, pon: str, why: str) -> None:
    """Send a rejected order once more, as it is and with what has been corrected."""
    _act(context, lambda app: str(_acts().resubmit(app, pon, why)))
