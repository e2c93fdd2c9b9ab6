"""Printing: tables for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

#: Signs that some programs take for the end of a line, as JSON writes them too.
_BREAKS = {sign: f"\\u{sign:04x}" for sign in (0x85, 0x2028, 0x2029)}


def print_json(lines: Iterable[Mapping[str, Any]]) -> None:
    """One object a line, and nothing else."""
    write, encode = sys.stdout.write, json.JSONEncoder(ensure_ascii=False).encode
    for line in lines:
        text = encode(line)
        write((text if text.isascii() else text.translate(_BREAKS)) + "\n")
    sys.stdout.flush()


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", empty: str = "Nothing.") -> None:
    """A table, or a sentence where there is nothing in it."""
    from rich.console import Console
    from rich.table import Table

    class Printer(Console):
        def on_broken_pipe(self) -> None:  # rich itself would end with 1
            raise BrokenPipeError

    lines = [["" if value is None else str(value) for value in row] for row in rows]
    if not lines:
        click.echo(empty)
        return
    table = Table(*headers, title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for line in lines:
        table.add_row(*map(_plain, line))
    terminal = sys.stdout.isatty()
    Printer(width=None if terminal else 240, soft_wrap=not terminal, highlight=False).print(table)


def spaced(tn: str | None) -> str:
    """A telephone number as people read it; what is none as it stands."""
    return f"{tn[:3]}-{tn[3:6]}-{tn[6:]}" if tn and len(tn) == 10 and tn.isdigit() else tn or ""


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
