"""Ranges and lists in one cell: what is written out, and what is left alone because it has more than one reading."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchport.domain.expand import MOST, expand, numbers_in, several
from batchport.domain.requests import Requests
from batchport.domain.table import Column

#: Text, and the last four digits of the numbers it names in 212-736.
READ = [
    ("212-736-1000 thru 1003", range(1000, 1004)), ("212-736-1000 through 1003", range(1000, 1004)), ("212-736-1000 THRU 1003", range(1000, 1004)),
    ("2127361000-1003", range(1000, 1004)), ("212-736-1000-1003", range(1000, 1004)), ("212-736-1000 to 212-736-1003", range(1000, 1004)),
    ("212-736-1000-212-736-1003", range(1000, 1004)), ("+1 212 736 1000 - 1003", range(1000, 1004)), ("(212) 736-1000 \u2013 (212) 736-1003", range(1000, 1004)),
    ("212.736.1000\u20111003", range(1000, 1004)), ("12127361000 to 12127361003", range(1000, 1004)), ("212-736-1000 \u00e0 1003", range(1000, 1004)),
    ("212-736-1000 thru 1000", [1000]), ("212-736-1000/1001/1002", [1000, 1001, 1002]), ("212-736-1000 / 212-736-1009", [1000, 1009]),
    ("212/736-1000, 212/736-1009", [1000, 1009]), ("212-736-1000, 212-736-1009, 212-736-1005", [1000, 1009, 1005]), ("212-736-1000; 1009", [1000, 1009]),
    ("212-736-1000\n212-736-1009", [1000, 1009]), ("212-736-1000 and 212-736-1009", [1000, 1009]), ("212-736-1000 & 1009", [1000, 1009]),
    ("212-736-1000, 1003-1005 and 212-736-1009", [1000, 1003, 1004, 1005, 1009]), ("212-736-1000 - 1001/1005", [1000, 1001, 1005]),
    ("212-736-1000, 212-736-1000", [1000, 1000]), ("212-736-1000,,212-736-1001,", [1000, 1001]),
]  # fmt: skip
#: Several numbers, nobody can say which.
NOT_READ = [
    "212-736-1009 thru 1000", "212-736-1009-1000", "212-736-1000 thru 9", "212-736-1000 thru", "212-736-1000 thru 736-1009", "212-736-9990 thru 212-737-0009",
    "212-736-1000 to 646-736-1000", "212-736-0000-1000", "212-736-1000, 736-1001", "212-736-1000/01", "212-736-1000, 212-736-100", "212-736-1000 - 1003 (fax)",
    "212-736-1000 and 212-736-CARS", "212-736-1000 thru 1003 thru 1005", "212-736-1000, 1001 x5", "212/736-1000/1001",
]  # fmt: skip
#: One number or none, however odd.
ONE = [
    "212-736-1000", "(212) 736-1000", "+1 (212) 736-1000", "212/736-1000", "212-736-1000 x12", "+1 212 736 1000, ext 12", "212-736-1000-9", "2127361000.0",
    "011 44 20 7946 0958", "001-212-736-1000", "212-736-1000 or 1001", "212-736-1000 212-736-1001", "1009 thru 1000", "12/15/2026", "n/a", "", "TBD, see notes",
    "6.172340142E+09", "1-800-FLOWERS",
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), READ)
def test_a_range_or_list_names_its_numbers(text: str, lines: list[int]) -> None:
    assert several(pa.array([text])).tolist() == [True]
    assert numbers_in(text) == [2127360000 + line for line in lines]


@pytest.mark.parametrize("text", NOT_READ)
def test_what_has_more_than_one_reading_is_not_guessed(text: str) -> None:
    assert several(pa.array([text])).tolist() == [True]
    assert numbers_in(text) is None


@pytest.mark.parametrize("text", ONE)
def test_a_single_number_or_none_is_left_alone(text: str) -> None:
    assert several(pa.array([text])).tolist() == [False]


def test_a_thousand_numbers_are_the_most() -> None:
    assert len(numbers_in("212-736-1000 thru 1999") or ()) == MOST
    assert numbers_in("212-736-1000 thru 2000") is None
    assert numbers_in("212-736-1000 thru 1999, 212-736-3000") is None


def test_a_cell_as_long_as_a_cell_can_be_takes_no_time() -> None:
    for text in ("212-736-1000" + "-1" * 16_000, "212-736-1000/" * 2_500, "212-736-1000 thru " * 1_800, "," * 32_000):
        numbers_in(text)


@given(st.text(st.sampled_from("0123456789" * 3 + "-/,;& \n+().tohruand\u2013"), max_size=48))
def test_no_text_is_too_strange(text: str) -> None:
    found = numbers_in(text)
    assert found is None or all(0 <= number < 10**10 for number in found)


@given(st.integers(0, 9999), st.integers(0, 999), st.sampled_from(["212-736-{a:04d} thru {b:04d}", "212736{a:04d}-{b:04d}", "212-736-{a:04d} to 212-736-{b:04d}"]))
def test_a_range_is_every_number_from_the_first_to_the_last(first: int, more: int, form: str) -> None:
    last = first + more
    if last > 9999:
        return
    assert numbers_in(form.format(a=first, b=last)) == list(range(2127360000 + first, 2127360000 + last + 1))


def requests(*numbers: str) -> Requests:
    names = [f"Owner {place}" for place in range(len(numbers))]
    return Requests({"tn": Column.of(numbers), "name": Column.of(names)}, np.arange(2, 2 + len(numbers)))


def test_a_sheet_without_ranges_is_not_touched() -> None:
    assert expand(requests(*ONE)) is None


@pytest.mark.parametrize("coded", [False, True])
def test_each_number_is_a_row_with_the_cells_and_the_row_number_of_its_own(coded: bool) -> None:
    rows = requests("617-234-0142", "212-736-1000 thru 1002", "212-736-1009 thru 1000", "", "212-736-2000/2001")
    if coded:
        rows = rows.replace(tn=Column.from_arrow(rows["tn"].values.dictionary_encode()))
    found = expand(rows)
    assert found is not None
    assert found.requests["tn"].text().to_pylist() == [
        "617-234-0142", "212-736-1000", "212-736-1001", "212-736-1002", "212-736-1009 thru 1000", "", "212-736-2000", "212-736-2001",
    ]  # fmt: skip
    assert found.requests.row.tolist() == [2, 3, 3, 3, 4, 5, 6, 6]
    assert found.requests["name"].text().to_pylist() == [f"Owner {place}" for place in (0, 1, 1, 1, 2, 3, 4, 4)]
    assert found.source.tolist() == [0, 1, 1, 1, 2, 3, 4, 4]
    assert found.told[found.listed].tolist() == [3, 3, 3, 2, 2]
    assert np.flatnonzero(found.unreadable).tolist() == [4]
