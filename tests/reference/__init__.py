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

#: What the product does not know yet: codes that are not looked for, and, in words, rules and settings that a test of them leaves out.
NOT_YET: frozenset[str] = frozenset()
_OLD = frozenset({
    # numbers
    "tn-letters", "tn-range-expanded", "tn-range-invalid", "pin-short", "whole numbers as 8.01E+07",
    # names and addresses
    "name-too-long", "authorized names of subscribers", "military boxes", "whole address lines", "addresses in the territories",
    # dates
    "date-invalid", "date-ambiguous", "date-past", "date-not-business-day", "date-too-soon", "date-too-far", "setting date_order",
    # lines and papers
    "destination-unknown", "setting roster", "loa-missing", "loa-not-found", "loa-unusable", "invoice-missing", "invoice-not-found", "invoice-unusable",
    "setting papers",
    # orders and rows
    "order-split", "row-unknown", "the RespOrg of rows without a key", "released orders that are not local", "orders that disagree are not released",
    "rejected primary numbers of released orders", "new numbers of rejected rows do not count for the rest",
    "raised warnings of orders", "lowered errors are compared", "new numbers that are not local",
})


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
