"""Files of archive and quarantine, opened."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from batchport.cli import Context
from batchport.cli.check import must_be_writable
from batchport.cli.output import say


@click.group()
def archive() -> None:
    """Read what lies sealed in archive and quarantine."""


@archive.command(name="open")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-o", "output", metavar="OUT", type=click.Path(path_type=Path, allow_dash=True), help="The file to write (default: standard output, where it is text or no terminal).")
@click.option("--why", metavar="TEXT", required=True, help="Why; recorded with your name.")
@click.pass_obj
def open_(context: Context, file: Path, output: Path | None, why: str) -> None:
    """Open FILE, a sealed file of archive or quarantine: a sheet, a paper, an answer. It needs the sealing key, and nothing else.

    FILE is named from here or from the home. OUT holds what the file held, PINs too, and only you may read it.
    """
    from batchport.files import write_whole
    from batchport.pipeline.app import closing
    from batchport.pipeline.archive import open_shelved, record_opened

    to_file = output is not None and str(output) != "-"
    if output is not None and to_file:
        must_be_writable(output)
    with closing(context.app()) as app:
        found = open_shelved(app, file)
        text = None if to_file else _for_terminal(file, found.data, asked=output is not None)
        record_opened(app, found, why)
    if output is not None and to_file:
        write_whole(output, found.data)
        say(f"{output}: {found.words}", err=True)
    elif text is not None:
        say(text)
    else:
        sys.stdout.buffer.write(found.data)
        sys.stdout.buffer.flush()


def _for_terminal(file: Path, data: bytes, *, asked: bool) -> str | None:
    """What a terminal is shown; None where the bytes go out as they are."""
    if not sys.stdout.isatty() or asked:
        return None
    try:
        if b"\0" not in data:
            return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise click.UsageError(f"{file} holds no text that a terminal could show; name a file for it with -o.")
