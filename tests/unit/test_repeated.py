"""Which values stand more than once, and which rows are alike, against the plainest way to say so."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchport.domain.repeated import alike, repeated, repeated_texts
from batchport.domain.table import Column

# Ends of words of eight bytes, signs of several bytes, and beginnings longer than what texts are told apart by.
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(["", "a", "a\0", "line-001", "line-0012", "é" * 4, "x" * 31, "x" * 32, "x" * 33, "x" * 40 + "1", "x" * 40 + "2"]), st.text(max_size=20)
    ),
    max_size=40,
)
#: All that fits, so that combinations of several parts do not.
NUMBERS = st.integers(-1, 2**62 - 2) | st.integers(-1, 3)


@given(TEXTS)
def test_texts_that_stand_more_than_once(texts: list[str]) -> None:
    often = Counter(texts)
    wanted = [often[text] > 1 for text in texts]
    later = pa.array(["before", *texts, "behind"]).slice(1, len(texts))
    assert repeated_texts(Column(later)).tolist() == wanted
    assert repeated_texts(Column.from_arrow(pa.array(texts, pa.string()).dictionary_encode())).tolist() == wanted


@given(st.lists(NUMBERS, max_size=40))
def test_numbers_that_stand_more_than_once(numbers: list[int]) -> None:
    often = Counter(numbers)
    assert repeated(np.array(numbers, np.int64)).tolist() == [often[number] > 1 for number in numbers]


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=40))
def test_rows_that_are_alike_in_every_part(rows: list[tuple[int, int, int]]) -> None:
    parts = np.array(rows, np.int64).reshape(len(rows), 3)
    seen: dict[tuple[int, int, int], int] = {}
    assert alike([parts[:, 0], parts[:, 1], parts[:, 2]]).tolist() == [seen.setdefault(row, len(seen)) for row in rows]


@pytest.mark.parametrize("length", [8_192, 8_193, 20_000])
def test_more_texts_than_are_looked_at_at_once(length: int) -> None:
    texts = [f"line-{number:07d}" for number in range(length)]
    texts[-1] = texts[0]
    assert np.flatnonzero(repeated_texts(Column.of(texts))).tolist() == [0, length - 1]
