"""Results workbooks that came back, shown as the sheets that they are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from batchport.domain.fields import RESULT_LABELS
from batchport.domain.lifecycle import State
from batchport.domain.requests import Requests
from batchport.domain.table import Column
from batchport.pipeline.returned import Once, shown_once
from batchport.pipeline.telling import SourceSheet

DUPLICATE, REJECTED, READY = State.DUPLICATE, State.REJECTED, State.READY
Page = tuple[str, Sequence[tuple[str, State]]]


def once(*pages: Page, headers: Sequence[str] = ("TN", *RESULT_LABELS)) -> Once | None:
    """Pages of rows, each by its Row ID and state."""
    sheets = [
        SourceSheet(name, tuple(headers), {"tn": [0]}, pa.table({"0": [f"{name} {number}" for number in range(len(rows))]})) for name, rows in pages
    ]
    ids = Column.of([key for _, rows in pages for key, _ in rows])
    numbers = np.concatenate([np.arange(2, len(rows) + 2) for _, rows in pages])
    return shown_once(sheets, Requests({"row_id": ids}, numbers), np.array([state for _, rows in pages for _, state in rows]))


def shown(found: Once | None) -> list[tuple[str | None, list[str]]]:
    """Each sheet with its cells."""
    assert found is not None
    return [(sheet.name, sheet.cells.column(0).to_pylist()) for sheet in found.sheets]


def test_the_copy_that_asks_for_something_is_shown_in_the_place_of_the_last() -> None:
    found = once(("To fix", [("R2", READY), ("R3", DUPLICATE)]), ("All rows", [("R1", DUPLICATE), ("R2", DUPLICATE), ("R3", REJECTED)]))
    assert shown(found) == [("To fix", ["All rows 0", "To fix 0", "All rows 2"])]
    assert found is not None
    assert (found.at.tolist(), found.row.tolist()) == ([2, 0, 4], [2, 3, 4])


def test_of_copies_that_all_ask_for_nothing_one_is_shown() -> None:
    assert shown(once(("To fix", [("R1", DUPLICATE)]), ("All rows", [("R1", DUPLICATE)]))) == [("To fix", ["To fix 0"])]


def test_copies_that_contradict_each_other_are_both_shown_and_so_is_every_row_without_an_id() -> None:
    found = once(("To fix", [("R1", REJECTED), ("", READY)]), ("All rows", [("R1", REJECTED), ("", DUPLICATE)]))
    assert shown(found) == [("To fix", ["To fix 1", "To fix 0", "All rows 0", "All rows 1"])]


def test_pages_of_each_of_several_sheets_are_put_together_though_their_names_are_cut() -> None:
    found = once(
        ("To fix - Numbers of the third q", [("R1", READY)]), ("To fix - West", [("R2", READY)]),
        ("All rows - East", [("R3", DUPLICATE)]), ("All rows - Numbers of the third", [("R1", DUPLICATE)]), ("All rows - West", [("R2", DUPLICATE)]),
    )  # fmt: skip
    assert shown(found) == [
        ("Numbers of the third q", ["To fix - Numbers of the third q 0"]), ("West", ["To fix - West 0"]), ("East", ["All rows - East 0"]),
    ]  # fmt: skip


def test_other_sheets_stay_as_they_are() -> None:
    rows = [("R1", READY)]
    assert once(("To fix", rows)) is None
    assert once(("To fix", rows), ("All rows", rows), headers=["TN"]) is None
    assert once(("East", rows), ("West", rows)) is None
    assert once(("To fix", rows), ("All rows and more", rows)) is None
