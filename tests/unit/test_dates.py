"""Dates as people write them: one reading is read, two are not guessed at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchport.domain.dates import ambiguous, dates, days
from batchport.domain.table import Column


def read(text: str, *orders: str) -> str:
    return dates(Column.of([text]), *orders).at(0)


@pytest.mark.parametrize("text", [
    "2026-12-15", "12/15/2026", "15/12/2026", "15.12.2026", "12-15-2026", "12/15/26", "2026/12/15", "2026.12.15", "2026. 12. 15.", "20261215", "12152026",
    "15122026", "46371", "46371.0", "46371.75", "2026-12-15T09:30:00Z", "2026-12-15 00:00:00", "2026-12-15T09:30:00-05:00", "12/15/2026 9:30 AM", "15 December 2026",
    "December 15, 2026", "Dec 15 2026", "15-Dec-2026", "15-dec-26", "DEC 15TH, 2026", "15 décembre 2026", "15 déc. 2026", "le 15 decembre 2026", "Tuesday, December 15, 2026",
    "mardi 15 décembre 2026", "2026-Dec-15", "the 15th of December 2026",
])  # fmt: skip
@pytest.mark.parametrize("order", ["", "mdy", "dmy", "ymd"])
def test_what_has_one_reading_is_read_whatever_the_order(text: str, order: str) -> None:
    assert read(text, order) == "2026-12-15"


@pytest.mark.parametrize(("text", "iso"), [
    ("1er août 2026", "2026-08-01"), ("3 mars 2026", "2026-03-03"), ("9 May 26", "2026-05-09"), ("15/12/26", "2026-12-15"), ("30 juin 2026", "2026-06-30"), ("4 juil. 2026", "2026-07-04"),
    ("29/02/2028", "2028-02-29"), ("05/05/2026", "2026-05-05"), ("99/12/31", "2099-12-31"), ("2 févr. 2026", "2026-02-02"),
])  # fmt: skip
def test_months_have_their_names_in_both_languages(text: str, iso: str) -> None:
    assert read(text) == iso


@pytest.mark.parametrize(("text", "order", "iso"), [
    ("03/09/2026", "mdy", "2026-03-09"), ("03/09/2026", "dmy", "2026-09-03"), ("3/9/26", "mdy", "2026-03-09"), ("3.9.26", "dmy", "2026-09-03"),
    ("03/09/26", "ymd", "2003-09-26"), ("26/03/09", "ymd", "2026-03-09"), ("03092026", "dmy", "2026-09-03"),
])  # fmt: skip
def test_the_order_decides_between_two_readings(text: str, order: str, iso: str) -> None:
    assert read(text, order) == iso


@pytest.mark.parametrize("text", ["03/09/2026", "3/9/26", "03.09.2026", "3-9-2026 10:00", "03092026"])
def test_without_an_order_two_readings_stay_as_written(text: str) -> None:
    assert read(text) == text
    assert ambiguous(Column.of([text]))[0]
    assert read(text, "ymd", "mdy") == read(text, "mdy")


@pytest.mark.parametrize("text", ["ASAP", "asap!", "As soon as possible", "N/A", "na", "TBD", "earliest", "First available", "dès que possible", "-", ""])
def test_any_date_is_no_date(text: str) -> None:
    assert read(text, "mdy") == ""


@pytest.mark.parametrize("text", [
    "31/31/2026", "2026-02-30", "02/30/2026", "soon-ish", "next week", "March 9", "2026", "19999", "80001", "123456", "12/2026", "2026-13-01", "00/00/2026", "1/1/1",
    "12/15/202", "Marzo 9 2026", "March 9 2026 or later", "9 March 2026 (or 10)", "x" * 50 + "1", "=TODAY()", "1e5", "12/15/2026/1",
])  # fmt: skip
def test_what_is_no_date_stays_as_written(text: str) -> None:
    for order in ("", "mdy", "dmy", "ymd"):
        assert read(text, order) == text
    assert not ambiguous(Column.of([text]))[0]
    assert np.isnat(days(Column.of([text]))[0])


@given(st.text(max_size=30), st.sampled_from(["", "mdy", "dmy", "ymd"]))
def test_any_text_is_read_or_left_and_reading_again_changes_nothing(text: str, order: str) -> None:
    once = read(text, order)
    assert once in {text, ""} or not np.isnat(days(Column.of([once]))[0])
    assert read(once, order) == once


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y"]))
def test_a_date_written_out_is_that_date(day: object, form: str) -> None:
    from datetime import date

    assert isinstance(day, date)
    text = day.strftime(form) if day.year > 999 else day.isoformat()
    assert read(text) == day.isoformat()
