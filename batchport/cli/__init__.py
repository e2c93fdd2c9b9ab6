"""The command line: options in, one call, exit status out.

A command is imported when it is asked for, and nothing heavy before it runs.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from batchport import __version__, log
from batchport.cli.commands import COMMANDS

if TYPE_CHECKING:
    from batchport.pipeline.app import App

#: How many new objects there are before rings are looked for among them.
_UNTIL_COLLECTED = 200_000


@dataclass(slots=True)
class Context:
    """What the options before the command say."""

    config: Path
    at: datetime | None

    @property
    def now(self) -> datetime:
        """The time to go by."""
        return self.at or datetime.now(UTC)

    def app(self, *, told: bool = False) -> App:
        """The installation that the configuration describes; its log is written to, where one is set or `told` says so."""
        from batchport.config import Log, load
        from batchport.pipeline.app import App

        app = App(load(self.config), self.now)
        kept = app.settings.log or (Log() if told else None)
        if kept is not None:
            log.start(kept.format, kept.level)
            click.get_current_context().find_root().call_on_close(log.stop)
        app.prove()
        return app


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands as click does, but by their sentences alone."""
        room = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, click.Command(name, help=says).get_short_help_str(room)) for name, (_, says) in COMMANDS.items()])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        found: click.Command = getattr(importlib.import_module(f"batchport.cli.{module}"), cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        # Here, because click itself would end with 1: whoever read our output has seen enough, which is no error.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `batchport --help` lists the commands."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx) from None


class _Moment(click.ParamType[datetime]):
    """A time in ISO form; without a zone it is local."""

    name = "ISO-TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-03-02T20:00:00-05:00", param, ctx)


class Day(click.ParamType[date]):
    """A day, or a moment in ISO form; without a zone it is by the installation's clock."""

    name = "D"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day or moment that was typed."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-03-02, or a time such as 2026-03-02T20:00", param, ctx)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("config.yaml"), envvar="BATCHPORT_CONFIG", help="The settings (default: config.yaml here).")
@click.option("--at", type=_Moment(), envvar="BATCHPORT_AT", help="The time to go by, for rehearsals and tests.")
@click.version_option(__version__, prog_name="batchport")
@click.pass_context
def batchport(ctx: click.Context, config: Path, at: datetime | None) -> None:
    """Move telephone numbers in bulk: sheets in, carriers' orders out, everybody told.

    \b
    A first night:   batchport init DIR, drop a sheet into DIR/inbox/acme/, batchport --config DIR/config.yaml run
    A first look:    batchport check SHEET
    """  # noqa: D301  the sign itself keeps the lines apart, not how it is written
    ctx.obj = Context(config, at)


def main() -> NoReturn:
    """Run the command line; every error that a user can mend is one sentence, without a traceback."""
    # All memory goes back to the system at once; to look through it for rings of objects first takes a tenth of a second.
    atexit.register(gc.freeze)
    # A million tuples on their way to the database are no rings either; looking for these after every few hundred takes a tenth of a large pass.
    gc.set_threshold(_UNTIL_COLLECTED)
    # What libraries write is the owner's alone too.
    os.umask(0o077)
    _let_everything_be_printed()
    try:
        status = batchport.main(prog_name="batchport", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except click.Abort:
        click.echo("Stopped.", err=True)
        status = 130
    except Exception as error:  # noqa: BLE001  the last place where anything can be said
        from batchport.cli.faults import told

        status = told(error)
    sys.exit(status if isinstance(status, int) else 0)


def _let_everything_be_printed() -> None:
    """A name that the terminal's encoding has no signs for, or that is no text at all, is shown with escapes instead of stopping us."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--format table|json`."""
    return click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print.")(command)
