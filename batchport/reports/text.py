"""Text of customers and partners as it may stand on a page: it can neither change the lines around it nor dress up as something else."""

from __future__ import annotations

import re

# Control characters, line breaks of every kind, what turns the direction of writing, and halves of characters.
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean(text: str) -> str:
    r"""The text without what cannot be seen.

    >>> clean("bill\u202e.csv\n")
    'bill .csv '
    """
    return _SURROGATES.sub("\ufffd", _HIDDEN.sub(" ", text))


def shortened(text: str, length: int) -> str:
    """The text, cut off with a sign that says so where it is longer.

    >>> shortened("carrier rejected", 10)
    'carrier r…'
    """
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
