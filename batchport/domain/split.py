"""How an order that a carrier will not take as one may be split.

A carrier seldom says which numbers do not belong together. What can be told from the numbers: those that it named stand apart from the others; numbers of one
exchange are usually served from one place (a rate center); an account mostly has numbers in a row, so a gap between them may be the border of two accounts;
and some carriers take fewer than fifty numbers at once (Lumen 01127: more than 49).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batchport.domain.table import Ints, Mask

#: Numbers that a carrier takes at once where it minds how many they are.
MOST = 49
#: How far apart two numbers of one account are, at the most.
_NEAR = 100


@dataclass(frozen=True, slots=True)
class Split:
    """A proposal: what it goes by, and the numbers of each part, ascending; the part of the billing number is the first."""

    by: str
    parts: list[list[int]]


def propose(numbers: Ints, named: Mask, btn: int | None) -> Split | None:
    """How to split an order; None where nothing tells its numbers apart.

    Args:
        numbers: its telephone numbers.
        named: those that the carrier named.
        btn: its billing number, if it has one.
    """
    order = np.argsort(numbers, kind="stable")
    numbers, named = numbers[order], named[order]
    for by, part in _ways(numbers, named):
        parts = [numbers[part == each].tolist() for each in np.unique(part).tolist()]
        if len(parts) > 1:
            return Split(by, sorted(parts, key=lambda own: (btn not in own, own[0])))
    return None


def _ways(numbers: Ints, named: Mask) -> Iterator[tuple[str, Ints]]:
    """What numbers may be told apart by, the surest first: the part of each number."""
    yield "the numbers that the carrier named", named.astype(np.int64)
    yield "exchange", numbers // 10_000
    yield "gaps between the numbers", np.cumsum(np.diff(numbers, prepend=numbers[:1]) > _NEAR)
    yield f"at most {MOST} numbers at once", np.arange(len(numbers)) // MOST
