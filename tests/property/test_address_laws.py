"""Laws that hold for any address line: no word is lost or changed, nothing crashes, and the ways of splitting agree."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchport.domain.address import PARTS, Split, _usual, join, split, split_column
from batchport.domain.address_rules import DOUBT, SURE, split_by_rules
from batchport.domain.table import Column

NUMBERS = ["120", "4", "120A", "12 1/2", "120-122", "41-21", "N95W18855", "W180 N8085", "4922 B", ""]
DIRECTIONS = ["", "", "N", "s.", "West", "NE", "North", "E", "O", "So."]
NAMES = ["Main", "Oak", "5th", "400", "Martin Luther King", "North", "Court", "Avenue", "Highway 50", "rue Sainte-Catherine", "B", "Al Highway", "Front", "Shore"]
TYPES = ["St", "Ave", "Road", "Blvd.", "S", "", "Ouest", "St NW", "Park"]
UNITS = ["", "", "Suite 5", "# 5", "#5", ", bureau 400", ", 3rd Floor", "Apt. 4-C", "Bldg 2, Suite 300", "5B", ", Boston", "Floor 3 Rear", "PH"]

anything = st.text(max_size=60)
wordy = st.lists(st.sampled_from([*NUMBERS, *DIRECTIONS, *NAMES, *TYPES, *UNITS, "120,", ",", "-", "#", "1", "&"]), max_size=9).map(" ".join)
likely = st.tuples(*map(st.sampled_from, (NUMBERS, DIRECTIONS, NAMES, TYPES, UNITS))).map(lambda parts: " ".join(" ".join(parts).split()).replace(" ,", ","))


def words(text: str) -> list[str]:
    """The words of a line with whatever signs they have, but for commas and dashes, which only keep words apart."""
    return re.findall(r"#|[^\s,;#\u2013\u2014-]+", text)


def within(some: list[str], line: list[str]) -> bool:
    """Whether the words stand in the line in this order, others between them perhaps."""
    rest = iter(line)
    return all(word in rest for word in some)


def keeps_the_words(line: str, found: Split) -> None:
    street, unit = words(f"{found.number} {found.direction} {found.name}"), words(found.unit)
    assert sorted(street + unit) == sorted(words(line))
    # The unit may stand before the number or in two places: both keep their order.
    assert within(street, words(line))
    assert within(unit, words(line))


@settings(max_examples=400)
@given(anything | wordy | likely)
@example("_ 5 \x1f")
@example("#5#6, (Apt 5)")
@example("400-1234 rue Sherbrooke")
@example("Empire State Building 350 5th Ave")
def test_the_parts_hold_the_words_of_the_line_in_order(line: str) -> None:
    keeps_the_words(line, split_by_rules(line))
    keeps_the_words(line, split(line))


@settings(max_examples=300)
@given(likely)
def test_what_is_clear_is_split_the_same_when_it_is_joined_again(line: str) -> None:
    found = split(line)
    if found.trust != DOUBT:
        assert split(join(*found.parts)).parts == found.parts


@settings(max_examples=100)
@given(st.lists(anything | wordy | likely, max_size=8))
def test_a_column_is_split_as_each_of_its_lines_is(lines: list[str]) -> None:
    found = split_column(Column.of(lines))
    each = [split(line) for line in lines]
    assert [tuple(found.parts[name].at(row) for name in PARTS) for row in range(len(lines))] == [one.parts for one in each]
    assert found.unclear.tolist() == [one.trust == DOUBT for one in each]


@settings(max_examples=300)
@given(likely)
def test_lines_of_the_usual_shape_are_read_as_the_rules_read_them(line: str) -> None:
    *parts, usual = _usual(Column.of([line]).values)
    if usual[0]:
        found = split_by_rules(line)
        assert tuple(part[0].as_py() for part in parts) == found.parts
        assert found.trust == SURE
