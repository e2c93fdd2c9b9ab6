"""`doctor`: how the installation is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from batchport.cli import format_option
from batchport.cli.output import print_json, print_table
from batchport.exit_status import NEEDS_SOMEBODY, USAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from batchport.pipeline.doctor import Line


@click.command()
@format_option
@click.pass_context
def doctor(ctx: click.Context, form: str) -> None:
    """Look at everything that the installation lives on, a line or more for each thing: how it is, what was found, what to do. Nothing is changed.

    Green is well; yellow is for somebody to look at some time; red does not work, or waits for somebody (exit status 1; 2 where it is the configuration).
    """
    from batchport.pipeline.doctor import RED, examined

    seen: list[Line] = []
    lines = _kept(examined(ctx.obj.config, ctx.obj.now), seen)
    if form == "json":
        print_json(line.json() for line in lines)
    else:
        print_table(("Look", "State", "Found", "What to do"), [(line.look, line.state, line.found, line.do) for line in lines], prose=("Found", "What to do"), coloured=("State",))
    red = {line.look for line in seen if line.state == RED}
    ctx.exit(USAGE if "configuration" in red else NEEDS_SOMEBODY if red else 0)


def _kept(lines: Iterable[Line], seen: list[Line]) -> Iterable[Line]:
    """The lines as they come, remembered for the exit status."""
    for line in lines:
        seen.append(line)
        yield line
