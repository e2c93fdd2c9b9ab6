"""What a port desk looks up: area codes, states and their postal codes, countries, losing carriers.

Built from plain tables, one mapping of column name to text a line, as the files of `batchport/data` hold them. A list within a cell is separated by
`|` (names) or spaces (codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow.compute as pc

from batchport.domain.calendar import Holidays
from batchport.domain.normalise import folded, squeezed
from batchport.domain.table import Column, Mask, text_array

Table = Sequence[Mapping[str, str]]
Small = np.ndarray[Any, np.dtype[np.uint8]]

#: Kinds of area codes, as `Reference.area_kind` counts them; UNKNOWN where the table has none.
AREA_KINDS = ("", "geographic", "toll_free", "premium", "personal", "nongeographic")
UNKNOWN = 0
#: Whose an area code is, as `Reference.area_country` counts: no country's, a state's, a US territory's, Canada's, another country's of the plan.
NOWHERE, STATES, TERRITORY, CANADA, OTHER = range(5)

# How a carrier's line says what its account numbers and PINs look like.
_FORM = "([0-9]+)(?:-([0-9]+))? (digits|letters and digits)"
_LONGEST_IDENTIFIER = 40

_COUNTRIES = ("", "US", "CA")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class IdentifierForm:
    """What a carrier's account numbers or PINs look like: how many signs, and whether letters are among them."""

    fewest: int
    most: int
    letters: bool

    @classmethod
    def parse(cls, text: str) -> IdentifierForm:
        """The form that `6 digits`, `6-10 digits` or `34 letters and digits` says.

        Raises:
            ValueError: it says none.
        """
        said = re.fullmatch(_FORM, text)
        if said is None or not 0 < int(said[1]) <= int(said[2] or said[1]) <= _LONGEST_IDENTIFIER:
            raise ValueError("a form is written as '6 digits', '6-10 digits' or '34 letters and digits'")
        return cls(int(said[1]), int(said[2] or said[1]), said[3] != "digits")

    @property
    def pattern(self) -> str:
        """As a pattern that the whole text matches."""
        return f"[0-9{'A-Za-z' if self.letters else ''}]{{{self.fewest},{self.most}}}"

    def __str__(self) -> str:
        count = f"{self.fewest}" if self.fewest == self.most else f"{self.fewest} to {self.most}"
        return f"{count} {'letters and digits' if self.letters else 'digits'}"


@dataclass(frozen=True, eq=False)
class Reference:
    """The tables as the checks use them; text is in normal form: codes in capitals, postal codes as 02134 or K1A 0B1.

    Attributes:
        area_kind: for each area code 0 to 999 the place of its kind in `AREA_KINDS`.
        area_country: for each area code 0 to 999 `NOWHERE`, `STATES`, `TERRITORY`, `CANADA` or `OTHER`.
        zip_states: first three digits of a ZIP -> the states that have such ZIPs.
        letter_provinces: first letter of a postal code -> the provinces.
        box_zips: ZIPs of post-office boxes alone.
        territories: codes of the territories of the United States.
        state_names: squeezed name or spelling -> code of the state, territory or province.
        state_countries: code of the state -> US or CA.
        country_names: squeezed name or spelling -> US or CA.
        carrier_names: squeezed name or alias -> name in the directory.
        carrier_kinds: name in the directory -> wireline, wireless or digital.
        unlock: carriers that must unlock a number before it can be ported.
        min_days: carrier -> business days that it takes at least.
        account_forms, pin_forms: carrier -> what its account numbers and PINs look like.
        holidays: the days of countries and provinces on which no number is ported.
    """

    area_kind: Small
    area_country: Small
    zip_states: Mapping[str, frozenset[str]]
    letter_provinces: Mapping[str, frozenset[str]]
    box_zips: frozenset[str]
    territories: frozenset[str]
    state_names: Mapping[str, str]
    state_countries: Mapping[str, str]
    country_names: Mapping[str, str]
    carrier_names: Mapping[str, str]
    carrier_kinds: Mapping[str, str]
    unlock: frozenset[str]
    min_days: Mapping[str, int]
    account_forms: Mapping[str, IdentifierForm]
    pin_forms: Mapping[str, IdentifierForm]
    holidays: Holidays

    @classmethod
    def build(
        cls, *, area_codes: Table, zip3: Table, provinces: Table, states: Table, countries: Table, carriers: Table, zip_boxes: Table, holidays: Table
    ) -> Reference:
        """The reference from its tables.

        Raises:
            ValueError: a name or spelling stands for two things.
        """
        territories = frozenset(line["code"] for line in states if line["kind"] == "territory")
        kinds, owners = np.zeros(1000, np.uint8), np.zeros(1000, np.uint8)
        for line in area_codes:
            kinds[int(line["npa"])] = AREA_KINDS.index(line["kind"])
            owners[int(line["npa"])] = _owner(line["country"], line["region"] in territories)
        return cls(
            area_kind=kinds,
            area_country=owners,
            zip_states={line["zip3"]: frozenset(line["states"].split()) for line in zip3},
            letter_provinces={line["letter"]: frozenset(line["provinces"].split()) for line in provinces},
            box_zips=frozenset(line["zip3"] + rest for line in zip_boxes for rest in line["boxes"].split()),
            territories=territories,
            state_names=names(states, "code", "spellings"),
            state_countries={line["code"]: line["country"] for line in states},
            country_names=names(countries, "code", "spellings"),
            carrier_names=names(carriers, "name", "aliases"),
            carrier_kinds={line["name"]: line["kind"] for line in carriers},
            unlock=frozenset(line["name"] for line in carriers if line["unlock"] == "yes"),
            min_days={line["name"]: int(line["min_days"]) for line in carriers if line["min_days"]},
            account_forms=_forms(carriers, "account_form"),
            pin_forms=_forms(carriers, "pin_form"),
            holidays=Holidays(holidays),
        )

    @property
    def state_list(self) -> tuple[str, ...]:
        """The codes of all states, territories and provinces."""
        return tuple(self.state_countries)

    @property
    def carrier_list(self) -> tuple[str, ...]:
        """The names of the directory."""
        return tuple(self.carrier_kinds)

    def state(self, written: Column) -> Column:
        """States by their codes: names, abbreviations and French names become codes; unknown ones stay as they are."""
        return _replaced(written, self.state_names)

    def country(self, written: Column) -> Column:
        """Countries as US or CA; unknown ones stay as they are."""
        return _replaced(written, self.country_names)

    def carrier(self, written: Column) -> Column:
        """Carriers by the directory's names; unknown ones stay as they are."""
        return _replaced(written, self.carrier_names)

    def country_of_state(self, state: Column) -> Column:
        """The country of each state code; blank where the state is blank or none."""
        return _countries(self._state_country(state))

    def country_of(self, state: Column, postal: Column) -> Column:
        """The country that an address is in, told from its state code or else from the form of its postal code; blank where neither says."""
        form = pc.if_else(pc.match_substring_regex(postal.values, r"\A[0-9]{5}(?:-[0-9]{4})?\z"), 1, 0)
        form = pc.if_else(pc.match_substring_regex(postal.values, r"\A[A-Z][0-9][A-Z] [0-9][A-Z][0-9]\z"), 2, form)
        by_state = self._state_country(state)
        return _countries(np.where(by_state > 0, by_state, postal.spread(form.to_numpy(zero_copy_only=False))))

    def postal_elsewhere(self, postal: Column, state: Column) -> Mask:
        """Rows whose ZIP or postal code is not of their state or province: another's, or nobody's.

        Rows in which one of the two is blank, or is in no form to be looked up, are not among them.
        """
        together: Mask = self._together[postal.spread(self._zone(postal)), state.spread(_places(state, self.state_list))]
        return ~together

    def _state_country(self, state: Column) -> np.ndarray[Any, Any]:
        """For each row 1 (US), 2 (CA) or 0 (no state)."""
        by_state = np.array([*(_COUNTRIES.index(country) for country in self.state_countries.values()), 0], np.int32)
        return state.spread(by_state[_places(state, self.state_list)])

    @staticmethod
    def _zone(postal: Column) -> np.ndarray[Any, Any]:
        """The line of `_together` for each value: its first three digits, or 1000 and the place of its first letter; -1 in no such form."""
        zip_form = pc.match_substring_regex(postal.values, r"\A[0-9]{5}")
        letter_form = pc.match_substring_regex(postal.values, r"\A[A-Z][0-9][A-Z]")
        digits = pc.if_else(zip_form, pc.utf8_slice_codeunits(postal.values, 0, 3), "0").cast("int16")
        letters = pc.index_in(pc.utf8_slice_codeunits(postal.values, 0, 1), value_set=text_array(_LETTERS)).fill_null(0)
        zone = pc.if_else(zip_form, digits, pc.if_else(letter_form, pc.add(letters, 1000), -1))
        found: np.ndarray[Any, Any] = zone.to_numpy(zero_copy_only=False)
        return found

    @cached_property
    def _together(self) -> Mask:
        """Whether a zone of postal codes and a state go together; the last line and column, reached by -1, are for what cannot be looked up."""
        together = np.zeros((1000 + len(_LETTERS) + 1, len(self.state_list) + 1), dtype=bool)
        place = {code: at for at, code in enumerate(self.state_list)}
        for digits, states in self.zip_states.items():
            together[int(digits), [place[code] for code in states]] = True
        for letter, provinces in self.letter_provinces.items():
            together[1000 + _LETTERS.index(letter), [place[code] for code in provinces]] = True
        together[-1, :] = together[:, -1] = True
        return together


def names(lines: Table, to: str, also: str) -> dict[str, str]:
    """Squeezed name, code and spellings of each line -> what its column `to` says.

    Raises:
        ValueError: two lines share a spelling.
    """
    found: dict[str, str] = {}
    for line in lines:
        for spelling in (line[to], line["name"], *filter(None, line[also].split("|"))):
            if found.setdefault(squeezed(spelling), line[to]) != line[to]:
                raise ValueError(f"{spelling!r} stands for {found[squeezed(spelling)]} and for {line[to]}")
    return found


def _forms(carriers: Table, column: str) -> dict[str, IdentifierForm]:
    return {line["name"]: IdentifierForm.parse(line[column]) for line in carriers if line[column]}


def _owner(country: str, territory: bool) -> int:
    if not country:
        return NOWHERE
    if country == "CA":
        return CANADA
    return OTHER if country != "US" else TERRITORY if territory else STATES


def _places(column: Column, known: Iterable[str]) -> np.ndarray[Any, Any]:
    """For each value of the column its place among the known ones, -1 where it is none of them."""
    found: np.ndarray[Any, Any] = pc.index_in(column.values, value_set=text_array(list(known))).fill_null(-1).to_numpy(zero_copy_only=False)
    return found


def _replaced(column: Column, names: Mapping[str, str]) -> Column:
    """Each text by what its squeezed form stands for; others as they are."""
    at = pc.index_in(folded(column).values, value_set=text_array(list(names)))
    return column.map(lambda values: pc.coalesce(text_array(list(names.values())).take(at), values))


def _countries(which: np.ndarray[Any, Any]) -> Column:
    return Column(text_array(_COUNTRIES), which.astype(np.int32))
