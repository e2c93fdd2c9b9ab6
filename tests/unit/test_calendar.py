"""Business days, and the first one that can be met: a calendar on the wall is the reference."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from batchport.data import load_reference, table
from batchport.domain.calendar import Place, judge

NEW_YORK = ZoneInfo("America/New_York")
HOLIDAYS = load_reference().holidays


def place(now: str, country: str = "US", province: str = "", own: tuple[date, ...] = (), cutoff: time = time(13), zone: ZoneInfo = NEW_YORK) -> Place:
    moment = datetime.fromisoformat(now)
    return Place.at(moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK), zone, cutoff, HOLIDAYS.of(country, province, own))


@pytest.mark.parametrize(("now", "interval", "earliest"), [
    ("2026-03-03T09:00", 1, "2026-03-04"),  # a Tuesday morning
    ("2026-03-03T13:00", 1, "2026-03-04"),  # the cut-off itself is not after it
    ("2026-03-03T13:00:01", 1, "2026-03-05"),
    ("2026-03-03T09:00", 4, "2026-03-09"),
    ("2026-03-06T09:00", 1, "2026-03-09"),  # a Friday
    ("2026-03-06T20:00", 1, "2026-03-10"),  # Monday counts as the day of sending
    ("2026-03-07T09:00", 1, "2026-03-10"),  # and so it does for what is sent on the weekend, before or after the cut-off
    ("2026-03-08T22:00", 1, "2026-03-10"),
    ("2026-07-02T09:00", 1, "2026-07-06"),  # Independence Day is observed on Friday
    ("2026-11-25T14:00", 1, "2026-11-30"),  # Thanksgiving is no day of sending
    ("2026-12-24T09:00", 4, "2026-12-31"),
    ("2026-12-31T09:00", 1, "2027-01-04"),
    ("2026-03-04T02:30+00:00", 1, "2026-03-05"),  # still Tuesday evening in New York
])  # fmt: skip
def test_the_first_day_is_some_business_days_after_the_day_of_sending(now: str, interval: int, earliest: str) -> None:
    assert str(place(now).earliest(interval)) == earliest


def test_the_cutoff_is_one_on_the_partners_clock() -> None:
    evening = "2026-03-03T14:00-05:00"
    assert str(place(evening, zone=ZoneInfo("America/Los_Angeles")).earliest(1)) == "2026-03-04"
    assert str(place(evening, cutoff=time(15)).earliest(1)) == "2026-03-04"
    assert str(place("2026-03-09T05:30+00:00", zone=ZoneInfo("America/Los_Angeles")).today) == "2026-03-08"


@pytest.mark.parametrize(("country", "province", "day", "why"), [
    ("US", "", "2026-07-03", "Independence Day (observed)"), ("US", "", "2026-11-26", "Thanksgiving Day"), ("US", "", "2026-05-25", "Memorial Day"),
    ("US", "", "2026-09-07", "Labor Day"), ("US", "", "2027-12-31", "New Year's Day (observed)"), ("US", "", "2026-12-25", "Christmas Day"),
    ("CA", "", "2026-07-01", "Canada Day"), ("CA", "QC", "2026-06-24", "Saint John the Baptist Day"), ("CA", "ON", "2026-02-16", "Family Day"),
    ("CA", "ON", "2026-07-01", "Canada Day"), ("CA", "ON", "2029-07-02", "Canada Day (observed)"), ("CA", "MB", "2029-07-02", "Canada Day (observed)"),
    ("CA", "NS", "2035-07-02", "Canada Day (observed)"), ("US", "", "2026-03-07", "Saturday"), ("CA", "QC", "2026-03-08", "Sunday"),
])  # fmt: skip
def test_no_numbers_are_moved_on_days_off(country: str, province: str, day: str, why: str) -> None:
    here = place("2026-03-03T09:00", country, province)
    assert not np.is_busday(np.datetime64(day), busdaycal=here.days)
    assert here.off.why(np.datetime64(day)) == why


@pytest.mark.parametrize(("country", "province", "day"), [
    ("US", "", "2026-01-19"), ("US", "", "2026-02-16"), ("US", "", "2026-06-19"), ("US", "", "2026-10-12"), ("US", "", "2026-11-11"), ("US", "", "2026-11-27"),
    ("US", "", "2026-07-01"), ("CA", "ON", "2026-11-26"), ("CA", "ON", "2026-06-24"), ("CA", "", "2026-02-16"), ("CA", "ZZ", "2026-06-24"),
])  # fmt: skip
def test_other_federal_days_and_other_places_holidays_are_business_days(country: str, province: str, day: str) -> None:
    assert np.is_busday(np.datetime64(day), busdaycal=place("2026-03-03T09:00", country, province).days)


def test_a_carriers_own_holiday_is_none_of_its_business_days() -> None:
    here = place("2026-03-03T09:00", own=(date(2026, 3, 4),))
    assert str(here.earliest(1)) == "2026-03-05"
    assert here.off.why(np.datetime64("2026-03-04")) == "a holiday of the carrier"


def judged(day: str, interval: int = 1, now: str = "2026-03-03T09:00") -> tuple[list[str], str]:
    said = judge(np.array([day], "datetime64[D]"), np.array([interval]), np.array([0]), [place(now)]).wishes
    return [name for name in ("past", "idle", "soon", "far") if getattr(said, name)[0]], str(said.better[0])


@pytest.mark.parametrize(("day", "interval", "said", "better"), [
    ("2026-03-04", 1, [], "2026-03-04"),
    ("2026-03-03", 1, ["soon"], "2026-03-04"),
    ("2026-03-02", 1, ["past", "soon"], "2026-03-04"),
    ("2026-03-06", 4, ["soon"], "2026-03-09"),
    ("2026-03-14", 1, ["idle"], "2026-03-16"),
    ("2026-04-02", 1, [], "2026-04-02"),  # thirty days
    ("2026-04-03", 1, ["far"], "2026-04-02"),
    ("2027-04-03", 1, ["idle", "far"], "2026-04-02"),
    ("2026-03-02", -1, ["past"], "NaT"),  # of what kind, nobody knows: nor which date would do
    ("2026-03-03", -1, [], "NaT"),
    ("NaT", 1, [], "NaT"),
])  # fmt: skip
def test_a_date_is_held_against_the_calendar_and_the_next_that_can_be_is_named(day: str, interval: int, said: list[str], better: str) -> None:
    assert judged(day, interval) == (said, better)


def test_the_list_of_holidays_goes_on_for_years_and_has_no_weekends() -> None:
    lines = table("holidays.csv")
    days = [date.fromisoformat(line["date"]) for line in lines]
    assert all(day.weekday() < 5 for day in days)
    assert {day.year for day in days} == set(range(2025, 2046))
    assert {line["country"] for line in lines} == {"US", "CA"}
    assert len({line["province"] for line in lines if line["country"] == "CA"} - {""}) == 13


def test_the_list_of_holidays_says_where_it_comes_from() -> None:
    import holidays

    ours = {line["date"]: line["name"] for line in table("holidays.csv") if (line["country"], line["province"]) == ("CA", "")}
    theirs = {str(day): name for day, name in holidays.country_holidays("CA", years=range(2025, 2046), language="en_US").items() if day.weekday() < 5}
    # Where Canada Day is a Sunday, the library leaves the Monday to the provinces' own laws; the Holidays Act gives it to all.
    assert ours == theirs | dict.fromkeys(("2029-07-02", "2035-07-02", "2040-07-02"), "Canada Day (observed)")
