"""The readers, one for each kind of file. Runs in the reading process: see `child`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from batchport.spreadsheets.kinds import Kind, kind_of
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet import Ask, Bundled, Problem, Sheet, Unreadable


def read_sheets(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    """The sheets of a file that hold anything, one after the other, and what is to be said of the file as a whole.

    Raises:
        Unreadable: whatever is wrong with the file.
    """
    empty = True
    for found in _found(path, ask, limits):
        empty = empty and isinstance(found, Problem)
        yield found
    if empty:
        raise Unreadable("file-empty", "there is nothing in it")


def _found(path: Path, ask: Ask, limits: Limits) -> Iterator[Sheet | Problem]:
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise Unreadable("file-too-large", f"{size / 1024**2:,.0f} MB; at most {limits.max_bytes / 1024**2:,.0f}")
    kind = kind_of(path)
    if kind is Kind.TEXT:
        from batchport.spreadsheets.csv_text import read_text

        yield from read_text(path, ask, limits)
    elif kind is Kind.HTML:
        from batchport.spreadsheets.html_table import read_html

        yield from read_html(path, ask, limits)
    elif kind is Kind.BUNDLE:
        raise Bundled("file-unsupported", "it is a zip archive of files")
    else:
        from batchport.spreadsheets.excel import read_workbook

        yield from read_workbook(path, kind, ask, limits)
