"""A second, plain reading of the contract: rows in, findings out, one row and one rule at a time. Slow, and meant to be read."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

from batchport.cli import main

if TYPE_CHECKING:
    from pathlib import Path

#: A Monday morning, so that the dates the generated rows ask for are neither too soon nor too far.
NOW = "2026-11-23T10:00:00-05:00"


def ask(*words: str | Path, at: str = NOW) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of a command of the product, and the JSON lines that it printed."""
    printed, told = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", ["batchport", "--at", at, *map(str, words)]), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(told):
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    assert status != 3, f"a fault of the program: {told.getvalue()}"
    return status, [json.loads(line) for line in printed.getvalue().splitlines() if line.startswith("{")]


def rows_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what `check` printed, the lines that speak of a row."""
    return [line for line in lines if line.get("row") is not None]
