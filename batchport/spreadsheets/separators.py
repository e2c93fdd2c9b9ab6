"""What separates the cells of a text: told with the parser that reads it, from the first lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from batchport.spreadsheets.headers import comparable, is_header
from batchport.spreadsheets.locate import LOOKED_AT, find_header
from batchport.spreadsheets.records import lines_of, records_of

SEPARATORS = (",", ";", "\t", "|")
#: Of the beginning of a text, to tell.
SAMPLE_BYTES = 64 * 1024
#: A first line that Excel takes for an instruction: it shows no such row, and counts none.
_STATED = re.compile(r'"?sep=([\t!-/:-@\[-`{-~])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Separator:
    """What separates the cells.

    Attributes:
        sign: the sign.
        line: the first line, where that is `sep=` and the sign, else "".
    """

    sign: str
    line: str = ""


def separator_of(text: bytes, saved: Mapping[str, str]) -> Separator:
    """What separates the cells of a text in UTF-8 without a mark; a comma where nothing does.

    Args:
        text: the text, or so much of its beginning as is looked at.
        saved: the customer's confirmed mapping by comparable header (`headers.saved_headers`).
    """
    lines = lines_of(_sample(text).decode("utf-8", "replace").encode())
    stated = _STATED.fullmatch(lines[0]) if lines else None
    if stated and stated[1] != '"':
        return Separator(stated[1], stated[0].strip('"\r\n'))
    return Separator(max(SEPARATORS, key=lambda sign: _score(lines, sign, saved)))


def _sample(text: bytes) -> bytes:
    """The whole lines at the beginning of a text."""
    if len(text) < SAMPLE_BYTES:
        return text
    head = text[:SAMPLE_BYTES]
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1] or head


def _score(lines: list[str], sign: str, saved: Mapping[str, str]) -> tuple[float, float]:
    """How well a sign separates the cells.

    First how wide the table is that it makes, and how many of its headers are known; a sign that stands in every address, but not in the header, makes
    none. Then how many rows are that wide: headers may be unknown and stand below a title.
    """
    rows = [cells for _, cells, _, _ in records_of(lines, sign)]
    widths = Counter(len(cells) for cells in rows if any(cells))
    first = rows[: LOOKED_AT + 1]
    header = find_header(first, saved)
    if header is None or not any(sign.isalnum() for name in header.names for sign in name):
        return 0, 0
    width, count = widths.most_common(1)[0]
    known = {comparable(name) for name in islice(header.names, 1000) if len(name) <= 120 and is_header(name, saved)}
    return min(width, len(header.names)) * (1 + len(known)), width * count / widths.total()
