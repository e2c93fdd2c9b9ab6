"""Where the table of a sheet begins: which row is its header, and what its columns are called.

Customers put titles above their tables, spread headers over two lines and merge cells. So the header is the row, of the first ones, in which the most
cells are known as headers; where none is known, it is the first row that says anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchport.spreadsheets.headers import comparable, is_header

#: The header stands within so many rows of a sheet's beginning.
LOOKED_AT = 30
#: So many known headers above a row of data leave no doubt.
_ENOUGH = 5
_NUMBER = re.compile(r"(?:[0-9][^0-9A-Za-z]{0,2}){7}")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: the places of its first and last line among the rows looked at, and the columns' names."""

    first: int
    last: int
    names: tuple[str, ...]


def find_header(rows: Sequence[Sequence[str]], saved: Mapping[str, str]) -> Header | None:
    """The header among the first rows of a sheet; None when they say nothing.

    Args:
        rows: the first rows, blank ones included, the text of every cell from column A; merged cells filled to the right. More than `LOOKED_AT` + 1
            rows are not looked at.
        saved: the customer's confirmed mapping by comparable header (`headers.saved_headers`).
    """
    places = [place for place, cells in enumerate(rows[:LOOKED_AT]) if any(cell.strip() for cell in cells)]
    if not places:
        return None
    best, most = places[0], 0
    for place in places:
        known = _known(rows[place], saved)
        if known > most:
            best, most = place, known
        if most >= _ENOUGH and place > best and _is_data(rows[place]):
            break
    return max(_candidates(rows, best, most, saved), key=lambda found: found[0])[1]


def _candidates(rows: Sequence[Sequence[str]], best: int, most: int, saved: Mapping[str, str]) -> list[tuple[int, Header]]:
    """The row by itself, and joined with the one above or below it; each with how many headers are known of it."""
    found = [(most, Header(best, best, tuple(rows[best])))]
    for upper in (best, best - 1):
        if 0 <= upper < len(rows) - 1 and not _is_data(rows[upper]) and not _is_data(rows[upper + 1]):
            names = _joined(rows[upper], rows[upper + 1])
            found.append((_known(names, saved), Header(upper, upper + 1, names)))
    return found


def _joined(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    """The names of a header of two lines.

    Where the upper line names few groups, a group's name counts for the blank cells that follow it: City below nothing, behind Billing Address, is the
    bill's. Where most columns have both lines, headers were only broken in two, and a blank cell stands above a short one.
    """
    width = max(len(upper), len(lower))
    broken = 2 * sum(1 for cell in upper if cell.strip()) > sum(1 for cell in lower if cell.strip())
    names, group = [], ""
    for above, below in zip([*upper, *[""] * (width - len(upper))], [*lower, *[""] * (width - len(lower))], strict=True):
        group = above.strip() or (group if below.strip() and not broken else "")
        names.append(f"{group} {below.strip()}".strip() if comparable(group) != comparable(below) else below)
    return tuple(names)


def _known(cells: Sequence[str], saved: Mapping[str, str]) -> int:
    """How many different headers are known among the cells."""
    return len({comparable(cell) for cell in cells if cell and len(cell) <= 120 and is_header(cell, saved)})


def _is_data(cells: Sequence[str]) -> bool:
    """Whether a row holds something like a telephone or account number, as no header does."""
    return any(_NUMBER.search(cell) for cell in cells)
