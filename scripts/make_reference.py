"""Make the reference files that come from libraries anew: area codes from phonenumbers, ZIP prefixes from zipcodes, holidays from holidays.

    python scripts/make_reference.py [FOLDER]

Writes `area_codes.csv`, `zip3.csv`, `zip_boxes.csv` and `holidays.csv` into the folder (default: the package's own). The libraries are needed for development
only. Read the difference to what was there before it is kept: a new area code is an overlay, a vanished one a mistake.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

import holidays
import phonenumbers
import zipcodes
from phonenumbers.geodata import GEOCODE_DATA

from batchport.data import table
from batchport.domain.normalise import squeezed
from batchport.domain.reference import names
from batchport.files import write_whole

FOLDER = Path(__file__).parent.parent / "batchport" / "data"

_KINDS = {
    phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free",
    phonenumbers.PhoneNumberType.PREMIUM_RATE: "premium",
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER: "personal",
}
_CANADIAN_NON_GEOGRAPHIC = {"600", "622", "633"}
#: In the numbering plan, but not in the library: carriers' own, services and tests.
_NON_GEOGRAPHIC = {"456": "US", "555": "US", "700": "US", "710": "US"}
#: Freely associated states: in the postal service's table, not in the numbering plan.
_NOT_STATES = {"FM", "MH", "PW"}
_BOXES = "PO BOX"
#: The years that the list of holidays is made for.
_YEARS = range(2025, 2046)
#: The federal holidays of the United States on which numbers are not ported, as the library calls them.
_US_HOLIDAYS = ("New Year's Day", "Memorial Day", "Independence Day", "Labor Day", "Thanksgiving Day", "Christmas Day")
_STATES = names(table("states.csv"), "code", "spellings")
_TERRITORIES = {line["code"] for line in table("states.csv") if line["kind"] == "territory"}


def area_codes() -> list[list[str]]:
    """A line for each area code in use: area code, country, states or provinces, kind."""
    lines = [[code, country, "", "nongeographic"] for code, country in _NON_GEOGRAPHIC.items()]
    for number in range(200, 1000):
        code = str(number)
        found = _in_use(number)
        if not found or code in _NON_GEOGRAPHIC:
            continue
        country, kind = found
        if code in _CANADIAN_NON_GEOGRAPHIC:
            kind = "nongeographic"
        # Toll-free, premium and personal numbers are everywhere in the plan.
        if kind in _KINDS.values():
            country = ""
        lines.append([code, "US" if country in _TERRITORIES else country, _region(code, country) if kind == "geographic" else "", kind])
    return sorted(lines)


def _in_use(area_code: int) -> tuple[str, str] | None:
    """Country and kind of an area code, as the library sees most of its exchanges; None where it sees none."""
    seen: Counter[tuple[str, str]] = Counter()
    # Every seventh exchange tells enough, and takes seconds instead of a minute.
    for exchange in range(200, 1000, 7):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=area_code * 10**7 + exchange * 10**4 + 1234)
        if phonenumbers.is_valid_number(number):
            kind = _KINDS.get(phonenumbers.number_type(number), "geographic")
            seen[phonenumbers.region_code_for_number(number) or "", kind] += 1
    return seen.most_common(1)[0][0] if seen else None


def _region(code: str, country: str) -> str:
    """States or provinces of an area code; blank outside of the United States and Canada."""
    if country in _TERRITORIES:
        return country
    if country not in {"US", "CA"}:
        return ""
    whole = GEOCODE_DATA.get(f"1{code}")
    texts = [whole] if whole else [text for prefix, text in GEOCODE_DATA.items() if prefix.startswith(f"1{code}")]
    named = Counter(_states(text["en"]) for text in texts if "en" in text)
    return named.most_common(1)[0][0]


def _states(place: str) -> str:
    """The codes of a place such as `Ohio`, `Chicago, IL` or `Nova Scotia/Prince Edward Island`."""
    return " ".join(sorted(_STATES[squeezed(part.rpartition(", ")[2])] for part in place.split("/")))


def zip_prefixes() -> list[list[str]]:
    """A line for each first three digits of ZIPs: the digits, the states that have such ZIPs."""
    states: dict[str, set[str]] = defaultdict(set)
    for entry in zipcodes.list_all():  # type: ignore[no-untyped-call]
        if entry["state"] not in _NOT_STATES:
            states[entry["zip_code"][:3]].add(entry["state"])
    return [[prefix, " ".join(sorted(found))] for prefix, found in sorted(states.items())]


def zip_boxes() -> list[list[str]]:
    """A line for each first three digits: the digits, and the last two of the ZIPs that are for post-office boxes alone.

    Where all ZIPs of a territory are such, as in the Northern Marianas, the type says nothing of an address, and they are left out.
    """
    entries = [entry for entry in zipcodes.list_all() if entry["state"] not in _NOT_STATES]  # type: ignore[no-untyped-call]
    others = {entry["state"] for entry in entries if entry["zip_code_type"] != _BOXES}
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry["zip_code_type"] == _BOXES and entry["state"] in others:
            found[entry["zip_code"][:3]].add(entry["zip_code"][3:])
    return [[prefix, " ".join(sorted(rest))] for prefix, rest in sorted(found.items())]


def holiday_lines() -> list[list[str]]:
    """A line for each working day on which no number is ported: country, province (blank: everywhere), date, name."""
    states = _named_days("US")
    lines = [("US", "", day, name) for day, name in states.items() if name.removesuffix(" (observed)") in _US_HOLIDAYS]
    nation = _named_days("CA")
    nation |= {day: name for day, name in _kept_on_monday(_YEARS).items() if day not in nation}
    lines += [("CA", "", day, name) for day, name in nation.items()]
    for province in holidays.country_holidays("CA").subdivisions:
        lines += [("CA", province, day, name) for day, name in _named_days("CA", province).items() if day not in nation]
    return sorted([country, province, day.isoformat(), name] for country, province, day, name in lines)


def _named_days(country: str, province: str | None = None) -> dict[date, str]:
    """The holidays of a country or province that do not fall on a weekend, in English; one that does is observed on another day."""
    years = range(_YEARS.start, _YEARS.stop + 1)  # a New Year's Day may be observed in December before it
    found = holidays.country_holidays(country, subdiv=province, years=years, language="en_US")
    return {day: name for day, name in found.items() if day.year in _YEARS and day.weekday() < 5}


def _kept_on_monday(years: Sequence[int]) -> dict[date, str]:
    """Canada's Canada Days that fall on a Sunday: kept on the Monday after (Holidays Act, R.S.C. 1985, c. H-5, s. 2), which the library does not know everywhere."""
    found = (date(year, 7, 1) for year in range(years[0], years[-1] + 1))
    return {day + timedelta(1): "Canada Day (observed)" for day in found if day.isoweekday() == 7}


def write(path: Path, comment: Sequence[str], header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Write a reference file: comment, header, lines."""
    text = io.StringIO(newline="")
    text.writelines(f"# {line}\n" for line in comment)
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    write_whole(path, text.getvalue().encode())


def main() -> None:
    """Write the files."""
    today = date.today().isoformat()  # noqa: DTZ011  the day where the file is made
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write(
        folder / "area_codes.csv",
        [
            f"Area codes of North America, from phonenumbers {version('phonenumbers')}, made by scripts/make_reference.py {today}.",
            "Added: 456, 555, 700, 710 (not for subscribers). Newer overlays are not listed, and so only warned of; operators may add lines.",
            "country: blank where numbers belong to none. region: states or provinces.",
            "kind: geographic, toll_free, premium, personal, nongeographic.",
        ],
        ["npa", "country", "region", "kind"],
        area_codes(),
    )
    write(
        folder / "zip3.csv",
        [
            f"States by the first three digits of ZIPs, from zipcodes {version('zipcodes')}, made by scripts/make_reference.py {today}.",
            "Military (AA AE AP) and territories are in it. Some prefixes are shared. A prefix that is not listed belongs to no state.",
        ],
        ["zip3", "states"],
        zip_prefixes(),
    )
    write(
        folder / "zip_boxes.csv",
        [
            f"ZIPs for post-office boxes alone, from zipcodes {version('zipcodes')}, made by scripts/make_reference.py {today}.",
            "boxes: the last two digits. American Samoa and the Northern Marianas are not in it: they have no other ZIPs.",
        ],
        ["zip3", "boxes"],
        zip_boxes(),
    )
    write(
        folder / "holidays.csv",
        [
            f"Days other than Saturdays and Sundays on which no number is ported, from holidays {version('holidays')}, made by scripts/make_reference.py {today}.",
            f"US: the six federal holidays that porting rests on, as observed. CA: its statutory holidays, and each province's own. {_YEARS[0]} to {_YEARS[-1]}.",
            "Where Canada Day is a Sunday, the Monday after, by the Holidays Act (R.S.C. 1985, c. H-5). province: blank where the day is one in the whole country.",
        ],
        ["country", "province", "date", "name"],
        holiday_lines(),
    )


if __name__ == "__main__":
    main()
