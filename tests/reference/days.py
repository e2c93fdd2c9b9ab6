"""Dates by the contract, section 12: what a date may be written as, which days are business days, and how soon a number can move."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.reference.row import ERRORS, Case, fold, of_carrier, squeeze, states

# "`generic-csv`: `cutoff` 13:00, America/New_York."
ZONE = ZoneInfo("America/New_York")
CUTOFF = time(13)
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
EARLIEST = {"asap", "assoonaspossible", "earliest", "earliestpossible", "earliestavailable", "nextavailable", "firstavailable"}
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


# What is written


def readings(text: str) -> dict[str, date]:
    """Every date that the text can mean, by the order it is then written in: mdy, dmy, ymd."""
    text = re.sub(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$", "", squeeze(text))
    named = _with_a_month(text)
    if named:
        return {"ymd": named}
    compact = re.fullmatch(r"(20\d\d)(\d\d)(\d\d)", text)
    parts = list(compact.groups()) if compact else re.split(r"[-/. ]", text)
    if len(parts) != 3 or not all(re.fullmatch(r"\d{1,4}", part) for part in parts):
        return {}
    found = {}
    for order in ("mdy", "dmy", "ymd"):
        year, month, day = (parts[order.index(sign)] for sign in "ymd")
        # "two-digit years are 20xx"; a day or month never has more than two digits, a year two or four
        if len(month) <= 2 and len(day) <= 2 and len(year) in {2, 4}:
            real = _day(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
            if real:
                found[order] = real
    return found


def _with_a_month(text: str) -> date | None:
    for shape in (r"(?P<month>[a-z]{3,9})\.? (?P<day>\d{1,2})(st|nd|rd|th)?,? (?P<year>\d{4})", r"(?P<day>\d{1,2})[- ](?P<month>[a-z]{3,9})\.?[- ,](?P<year>\d{4}|\d\d)"):
        match = re.fullmatch(shape, text.casefold())
        months = [number for number, name in enumerate(MONTHS, 1) if match and (match["month"] in {name, name[:3]} or match["month"] == name[:4] == "sept")]
        if match and months:
            return _day(int(match["year"]) + (2000 if len(match["year"]) == 2 else 0), months[0], int(match["day"]))
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# Which days are business days


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth such weekday of a month; -1: the last one."""
    days = [day for day in (date(year, month, 1) + timedelta(offset) for offset in range(31)) if day.month == month and day.weekday() == weekday]
    return days[nth - 1] if nth > 0 else days[nth]


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _observed_in_the_states(day: date) -> date:
    """A Saturday's holiday on the Friday before, a Sunday's on the Monday after."""
    return day + timedelta({SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


@cache
def holidays_of_the_states(year: int) -> frozenset[date]:
    """The days of a year on which nothing is ported in the United States."""
    # "New Year's, Memorial, Independence, Labor, Thanksgiving and Christmas Day as observed"
    fixed = [date(year, 1, 1), date(year + 1, 1, 1), date(year, 7, 4), date(year, 12, 25)]
    moving = [_nth(year, 5, MONDAY, -1), _nth(year, 9, MONDAY, 1), _nth(year, 11, THURSDAY, 4)]
    return frozenset([_observed_in_the_states(day) for day in fixed] + moving)


@cache
def holidays_of_canada(year: int, province: str | None) -> frozenset[date]:
    """The days of a year on which nothing is ported in a province."""
    # "for Canada its statutory days and the province's". New Year's and Christmas Day are kept on the Monday after a weekend; Canada Day after a Sunday
    # (Holidays Act), after a Saturday where the province says so.
    fixed = [date(year, 1, 1), date(year, 12, 25)]
    if date(year, 7, 1).weekday() != SATURDAY or province in {"NL", "PE", "SK", "YT"}:
        fixed.append(date(year, 7, 1))
    days = [_easter(year) - timedelta(2), _nth(year, 9, MONDAY, 1)]
    victoria = next(day for day in (date(year, 5, 24) - timedelta(back) for back in range(7)) if day.weekday() == MONDAY)
    atlantic, others = {"NB", "NS", "PE", "NL"}, {"AB", "BC", "MB", "ON", "QC", "SK", "NT", "NU", "YT"}
    moving = {
        _nth(year, 2, MONDAY, 3): {"AB", "BC", "MB", "NB", "NS", "ON", "PE", "SK"}, victoria: others, _nth(year, 8, MONDAY, 1): {"BC", "NB", "NT", "NU", "SK"},
        _nth(year, 8, MONDAY, 3): {"YT"}, _nth(year, 10, MONDAY, 2): others,
    }
    days += [day for day, where in moving.items() if province in where]
    of_provinces = {
        date(year, 6, 24): {"QC"}, date(year, 6, 21): {"NT", "YT"}, date(year, 7, 9): {"NU"}, date(year, 9, 30): {"BC", "MB", "NT", "NU", "PE", "YT"},
        date(year, 11, 11): (others | atlantic) - {"MB", "ON", "QC"},
        date(year, 12, 26) + timedelta(2 if date(year, 12, 26).weekday() in {SATURDAY, SUNDAY} else 0): {"ON"},
    }
    days += [day for day, where in of_provinces.items() if province in where]
    return frozenset(days + [day + timedelta({SATURDAY: 2, SUNDAY: 1}.get(day.weekday(), 0)) for day in fixed])


def business_day(day: date, country: str | None, province: str | None) -> bool:
    """Whether a number can move on that day."""
    # "Not business days: Saturday, Sunday; ... for Canada its statutory days and the province's; and the profile's own."
    if day.weekday() in {SATURDAY, SUNDAY}:
        return False
    return day not in (holidays_of_canada(day.year, province) if country == "CA" else holidays_of_the_states(day.year))


# How soon


def soonest(case: Case, country: str | None, province: str | None) -> date:
    """The first day on which the row's number can move."""
    # "in business days after the day of sending (after `cutoff` the next one)"
    local = case.terms.now.astimezone(ZONE)
    day = local.date()
    if local.time() > CUTOFF:
        day += timedelta(1)
    days = business_days_needed(case, country)
    while days:
        day += timedelta(1)
        days -= business_day(day, country, province)
    return day


def business_days_needed(case: Case, country: str | None) -> int:
    """How many business days it takes at least."""
    # "Single-Line local and wireless 1, unless the directory's carrier says more (Google Voice 3); Multi-Line local 4; Canada at least 2; toll-free 2"
    needed = 1
    if case.number_class == "toll_free":
        needed = 2
    elif case.number_class == "local" and case.values["account_type"] == "multi_line":
        needed = 4
    else:
        needed = max(needed, int(of_carrier(case.values["losing_carrier"], "min_days") or 0))
    return max(needed, 2) if country == "CA" else needed


def kind_is_known(case: Case) -> bool:
    """Whether it can be told how long the number takes: where its type or the account's is missing or wrong, that is the finding."""
    if case.number_class == "toll_free":
        return True
    if any(name == "number_type" and code in ERRORS for code, name in case.found):
        return False
    return case.number_class == "wireless" or case.values["account_type"] in {"single_line", "multi_line"}


def read_date(case: Case) -> None:
    """Requested Date: one finding, the first that fits."""
    text = case.written["requested_date"]
    # "blank: the earliest the partner can"; "ASAP and its like are blank"
    case.values["requested_date"] = None
    if not text or fold(text) in EARLIEST:
        return
    case.values["requested_date"] = text
    country = case.values["country"] if case.values["country"] in {"US", "CA"} else None
    found = readings(text)
    # "What has one reading is read (15/12/2026; two-digit years are 20xx)": 15/12/26 has one, since nobody puts two digits of the year first unasked.
    if case.terms.date_order != "ymd" and len(found) > 1:
        found.pop("ymd", None)
    # "What has one reading is read"; "ISO dates ... never are"
    if len(set(found.values())) > 1 and not re.match(r"\d{4}", text):
        # "default `mdy` for US addresses; `date-ambiguous` only for Canadian ones without the setting"
        order = case.terms.date_order or ("" if country == "CA" else "mdy")
        if order not in found:
            case.note("date-ambiguous" if not order else "date-invalid", "requested_date")
            return
        found = {order: found[order]}
    if not found:
        case.note("date-invalid", "requested_date")
        return
    day = next(iter(found.values()))
    case.values["requested_date"] = day.isoformat()
    province = case.values["state"] if states()[0].get(case.values["state"] or "") == "CA" else None
    today = case.terms.now.astimezone(ZONE).date()
    # "One date finding a row, the first that fits in the order of section 5."
    if day < today:
        case.note("date-past", "requested_date")
    elif not business_day(day, country, province):
        case.note("date-not-business-day", "requested_date")
    elif kind_is_known(case) and day < soonest(case, country, province):
        case.note("date-too-soon", "requested_date")
    elif day > today + timedelta(30):
        # "`date-too-far`: more than 30 calendar days"
        case.note("date-too-far", "requested_date")
