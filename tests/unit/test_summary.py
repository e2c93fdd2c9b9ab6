"""The words of the summary of a results workbook."""

from __future__ import annotations

from dataclasses import fields
from string import Formatter
from typing import Any

import numpy as np
import pytest

from batchport.domain.lifecycle import State
from batchport.mail.language import ENGLISH
from batchport.pipeline import summary
from batchport.pipeline.summary import Fault, port_results, summary_of_check, summary_of_results


def names(value: Any) -> list[str]:
    """The names that texts leave open, in order."""
    if isinstance(value, str):
        return [name for _, name, _, _ in Formatter().parse(value) if name]
    return [name for each in (value.values() if isinstance(value, dict) else value) for name in names(each)]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_language_says_the_same_of_the_same_states_in_the_order_of_the_mails(language: str) -> None:
    text = summary._TEXTS[language]
    assert list(text.states) == list(ENGLISH.states)
    for each in fields(text):
        assert names(getattr(text, each.name)) == names(getattr(summary._ENGLISH, each.name))
        assert len(getattr(text, each.name)) == len(getattr(summary._ENGLISH, each.name)) or isinstance(getattr(text, each.name), str)


def test_states_that_need_somebody_come_first_and_those_without_a_row_are_left_out() -> None:
    made = summary_of_results("a.xlsx", {"confirmed": 1200, "held": 0, "rejected": 3, "carrier_rejected": 1}, 4, [Fault("Wrong.", 3, "Row 2", "Correct it.")])
    assert made.headline == "4 of 1,204 rows need your attention."
    todo, counts, faults = made.blocks
    assert [line[:2] for line in counts.lines] == [("Rejected", "3"), ("Carrier rejected", "1"), ("Confirmed", "1,200"), ("All rows", "1,204")]
    assert (todo.headings, faults.lines) == (("What to do next",), [("Wrong.", "3", "Row 2", "Correct it.")])


def test_a_check_names_the_orders_and_does_not_ask_for_the_workbook_back() -> None:
    made = summary_of_check("a.xlsx", {"ready": 2, "rejected": 1}, 1, 1, [])
    assert made.title == "Check of a.xlsx"
    assert made.blocks[1].lines[-1][:2] == ("Orders", "1")
    assert not any("send" in line[0] for line in made.blocks[0].lines)


def test_port_results_are_said_row_by_row() -> None:
    assert port_results(np.array([State.READY, State.REJECTED])).text().to_pylist() == ["Ready", "Rejected"]
