"""Which column of a sheet is which field, and the sheet's rows as requests.

What a header says by itself is told in `headers`; here the columns of a sheet are looked at together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain import address, normalise
from batchport.domain.coded import repeats
from batchport.domain.fields import BY_NAME, PARTS
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Mask
from batchport.spreadsheets.headers import ALIAS, AMBIGUOUS, CONTENT, NAMES_ALONE, SAVED, SYNONYM, comparable, meaning, result_headers, saved_headers
from batchport.spreadsheets.sheet import Sheet
from batchport.spreadsheets.witness import BUSINESS, LOOKED_AT, RESIDENTIAL, decides, described, is_company, is_judged, is_one_word, refuses, said

_SUBSCRIBERS = {**dict.fromkeys(RESIDENTIAL, "Residential"), **dict.fromkeys(BUSINESS, "Business")}
_NAME_PARTS = ("first_name", "middle_name", "last_name")
_STREET = ("service_address", "street_name", "street_number", "city")
_STREETS = ("street", "rue")
_RANGE_STARTS = frozenset(("firstnumber", "startnumber", "startingnumber", "firsttn", "starttn", "tn", "number", "phonenumber", "phone"))
_RANGE_ENDS = frozenset(("lastnumber", "endnumber", "endingnumber", "lasttn", "endtn", "rangeend", "endofrange", "tonumber"))
#: What customers often have several columns of; the others come back untouched.
_ONE_OF_MANY = ("customer_ref", "notes", "contact_email")
#: What a header may mean when its cells are not what it says first.
_MISTAKEN = {
    "account_type": ("subscriber_type", "number_type"), "number_type": ("account_type", "partial"), "is_wireless": ("tn",), "tn": ("contact_email", "account_number"),
    "account_number": ("name",), "name": ("subscriber_type",), "loa_file": ("authorized_name",),
}  # fmt: skip
#: So many cells are looked at first, and so many of them must say something to be enough.
_FEW, _ENOUGH = 16, 6
_ALWAYS_REQUIRED = ("tn", "losing_carrier", "account_type", "number_type", "name", "destination")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column of a sheet is which field. Columns are given by their place from 0.

    Attributes:
        columns: field, or part of one, -> the places of the columns that give it.
        reason: place -> why it is taken: "saved", "label", "alias", "synonym" or "content".
        ambiguous: place -> the fields it may be.
        results: the places of columns that our own results workbooks add.
        unknown: the places of other columns with a header.
        refused: the places of those ambiguous ones whose header says one thing for certain, and whose cells say that it is not so.
        why: place -> why a column is not certain, or not ours, in words.
    """

    columns: dict[str, list[int]] = field(default_factory=dict)
    reason: dict[int, str] = field(default_factory=dict)
    ambiguous: dict[int, tuple[str, ...]] = field(default_factory=dict)
    results: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    why: dict[int, str] = field(default_factory=dict)

    @property
    def repeated(self) -> list[str]:
        """The fields that more than one column gives."""
        return [name for name, places in self.columns.items() if len(places) > 1]

    def field_at(self, place: int) -> str | None:
        """The field or part that a column gives."""
        return next((name for name, places in self.columns.items() if place in places), None)

    def take(self, place: int, name: str, reason: str) -> None:
        """Read a column as a field or part; "" is to be passed over."""
        if name:
            self.columns.setdefault(name, []).append(place)
            self.columns[name].sort()
        self.reason[place] = reason
        self.ambiguous.pop(place, None)
        self.why.pop(place, None)

    def leave(self, place: int, candidates: tuple[str, ...], why: str) -> None:
        """Read a column as nothing, until somebody says what it is."""
        name = self.field_at(place)
        if name is not None:
            self.columns[name].remove(place)
            if not self.columns[name]:
                del self.columns[name]
        self.reason.pop(place, None)
        self.ambiguous[place] = candidates
        self.why[place] = why


def map_headers(headers: Sequence[str], saved: Mapping[str, str] | None = None) -> ColumnMapping:
    """Which of the headers stands for which field, by themselves.

    Args:
        headers: as written.
        saved: the customer's confirmed mapping: header -> field or part; "" for a column that is not to be read.
    """
    mapping = ColumnMapping()
    known = saved_headers(saved)
    names: list[int] = []
    for place, header in enumerate(headers):
        key = comparable(header)
        told = meaning(header, known)
        if told.target is not None:
            mapping.take(place, told.target.name, told.target.reason)
        elif key in result_headers():
            mapping.results.append(place)
        elif key in NAMES_ALONE and told.candidates == AMBIGUOUS[key]:
            names.append(place)
        elif told.candidates or key in AMBIGUOUS:
            mapping.leave(place, told.candidates, told.why)
        elif key:
            mapping.unknown.append(place)
            mapping.why[place] = told.why
    beside_another = not mapping.columns.keys().isdisjoint(("name", *_NAME_PARTS))
    for place in names:
        if beside_another:
            mapping.leave(place, AMBIGUOUS["name"], "it stands beside another column of names")
        else:
            mapping.take(place, "name", ALIAS)
    _look_around(mapping, headers)
    return mapping


def _look_around(mapping: ColumnMapping, headers: Sequence[str]) -> None:
    """What a header means beside others: a bill's ZIP, a range in two columns, a street beside its number."""
    columns, keys = mapping.columns, [comparable(header) for header in headers]

    def unsaved(name: str) -> list[int]:
        return [place for place in columns.get(name, ()) if mapping.reason[place] != SAVED]

    if len(columns.get("postal_code", ())) > 1 or not columns.keys().isdisjoint(_STREET):
        for place in [place for place in unsaved("postal_code") if "billing" in keys[place]]:
            mapping.leave(place, ("postal_code",), "it is the ZIP of the bill; where the service is counts")
    if not _RANGE_ENDS.isdisjoint(keys):
        for place in [place for place in unsaved("tn") if keys[place] in _RANGE_STARTS]:
            mapping.leave(place, ("tn",), "a range that stands in two columns is not read; write it into one cell, as 617-234-1000-1009")
    if "street_number" in columns and "street_name" not in columns:
        for place in [place for place in unsaved("service_address") if keys[place] in _STREETS]:
            reason = mapping.reason[place]
            mapping.leave(place, (), "")
            mapping.take(place, "street_name", reason)
    _give_way(mapping)


def _give_way(mapping: ColumnMapping) -> None:
    """Leave out columns of a field that others say more plainly, where customers often have several of its kind."""
    columns = mapping.columns
    # What only words say gives way to a column that says it by a name of its own.
    for name in [name for name, places in columns.items() if name in _ONE_OF_MANY and len(places) > 1]:
        plain = [place for place in columns[name] if mapping.reason[place] == SYNONYM]
        for place in plain if len(plain) < len(columns[name]) else ():
            mapping.leave(place, (name,), "another column says it more plainly")


def map_sheet(sheet: Sheet, saved: Mapping[str, str] | None = None) -> ColumnMapping:
    """Which column of a sheet is which field: its headers, its cells as second witness.

    Args:
        sheet: the sheet.
        saved: as for `map_headers`; what was confirmed is not doubted.
    """
    mapping = map_headers(sheet.headers, saved)
    known = saved_headers(saved)
    cells = _Cells(sheet)
    for name, places in list(mapping.columns.items()):
        for place in [place for place in places if mapping.reason[place] != SAVED and _refused(name, mapping.reason[place], cells, place)]:
            _refuse(mapping, place, name, cells[place])
    _decide(mapping, sheet, known, cells)
    return mapping


class _Cells(dict[int, list[str]]):
    """The first cells of the columns of a sheet, looked up when they are asked for."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__()
        self._sheet = sheet

    def __missing__(self, place: int) -> list[str]:
        self[place] = first_cells(self._sheet, place)
        return self[place]

    def few(self, place: int) -> list[str]:
        """The very first cells: most often they tell enough."""
        return first_cells(self._sheet, place, _FEW)


def first_cells(sheet: Sheet, place: int, count: int = LOOKED_AT) -> list[str]:
    """The first cells of a column."""
    column = sheet.cells.column(place).slice(0, count)
    # One cell of a dictionary at a time takes ten times as long as all of a plain column.
    plain = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    return [text or "" for text in plain.to_pylist()]


def _refused(name: str, reason: str, cells: _Cells, place: int) -> bool:
    """Whether the cells are of something else than the header says; all are looked at only where the very first do not fit it."""
    if not is_judged(name):
        return False
    few = said(cells.few(place))
    if len(few) >= _ENOUGH and not refuses(name, reason, few):
        return False
    return refuses(name, reason, said(cells[place]))


def _refuse(mapping: ColumnMapping, place: int, name: str, cells: Sequence[str]) -> None:
    """Take a column out whose cells are of something else; what they may be instead is a suggestion."""
    others = _MISTAKEN.get(name, ())
    looks = described(cells)
    why = f"its cells are not what the header says{f': they look like {looks}' if looks else ''}"
    mapping.leave(place, (*(each for each in others if decides((each,), cells)), name), why)
    mapping.refused.append(place)


def _decide(mapping: ColumnMapping, sheet: Sheet, known: Mapping[str, str], cells: _Cells) -> None:
    """Let the cells decide what a header may mean, as long as no other column is it, and no two are the same."""
    wanted: dict[str, list[int]] = {}
    for place, candidates in mapping.ambiguous.items():
        if place in mapping.refused:
            continue
        if comparable(sheet.headers[place]) in NAMES_ALONE:
            name = _name_beside(mapping, cells[place], cells)
        elif meaning(sheet.headers[place], known).by_content:
            name = decides([each for each in candidates if each not in mapping.columns], cells[place])
        else:
            continue
        if name and name not in mapping.columns:
            wanted.setdefault(name, []).append(place)
    for name, places in wanted.items():
        if len(places) == 1:
            mapping.take(places[0], name, CONTENT)


def _name_beside(mapping: ColumnMapping, own: Sequence[str], cells: _Cells) -> str:
    """What a plain `Name` is beside another column of names: the company, where its cells are companies; a last name, where it is a word beside first names."""
    if is_company(own) and "name" not in mapping.columns:
        return "name"
    first, last = mapping.columns.get("first_name"), mapping.columns.get("last_name")
    if first and not last and is_one_word(own):
        firsts = cells[first[0]]
        same = any(name and name.strip().casefold() == other.strip().casefold() for name, other in zip(own, firsts, strict=False))
        return "" if same else "last_name"
    return ""


def repeated_columns(sheet: Sheet, mapping: ColumnMapping) -> list[tuple[str, str]]:
    """The columns that say something else than an earlier column of the same field: the field's label (a part's name), and the column's header.

    Case, spaces and punctuation make no difference, and a blank cell contradicts nothing.
    """
    found = []
    for name in mapping.repeated:
        first, *others = mapping.columns[name]
        known = normalise.folded(_column(sheet, first))
        for place in others:
            other = normalise.folded(_column(sheet, place))
            if (_differ(known, other) & ~known.blank & ~other.blank).any():
                found.append((BY_NAME[name].label if name in BY_NAME else name, sheet.headers[place]))
            known = known.where(known.blank, other)
    return found


def _differ(one: Column, other: Column) -> Mask:
    """The rows in which two columns differ."""
    together = Column.concat([one, other]).ids()
    differ: Mask = together[: len(one)] != together[len(one) :]
    return differ


def requests_from(sheet: Sheet, mapping: ColumnMapping) -> Requests:
    """The sheet's rows as requests: every field as written, put together from its parts, or taken from a cell that holds a whole address."""
    given = {name: _merged(sheet, places) for name, places in mapping.columns.items()}
    columns = {name: column for name, column in given.items() if name in BY_NAME}
    parts = {name: column for name, column in given.items() if name in PARTS}
    if parts:
        blank = Column.constant("", len(sheet.row))
        _join_name(columns, parts, blank)
        _join_street(columns, parts, blank)
        _tell_number_type(columns, parts, blank)
    if "service_address" in columns and columns.keys().isdisjoint(address.PLACE):
        columns |= address.split_whole_column(columns["service_address"])
    return Requests(columns, sheet.row)


def _column(sheet: Sheet, place: int) -> Column:
    return Column.from_arrow(sheet.cells.column(place))


def _empty(column: Column) -> Mask:
    """The rows of a column with nothing but white space."""
    return column.fullmatch(r"\s*")


def _merged(sheet: Sheet, places: Sequence[int]) -> Column:
    """The column at the first place; where it is blank, the next that is not."""
    column = _column(sheet, places[0])
    for place in places[1:]:
        column = column.where(_empty(column), _column(sheet, place))
    return column


def _join_name(columns: dict[str, Column], parts: Mapping[str, Column], blank: Column) -> None:
    pieces = [parts[part] for part in _NAME_PARTS if part in parts]
    if pieces:
        name = columns.get("name", blank)
        columns["name"] = name.where(_empty(name), _joined(pieces))


def _join_street(columns: dict[str, Column], parts: Mapping[str, Column], blank: Column) -> None:
    """Prefix, type and post-direction to the street's name; a direction that stands before the name to its own column; what a unit is called to its number."""
    street = columns.get("street_name", blank)
    pieces = [street, *(parts[part] for part in ("street_type", "street_post_direction") if part in parts)]
    if "street_prefix" in parts:
        prefix = parts["street_prefix"]
        direction = columns.get("street_direction", blank)
        lone = _empty(direction) & prefix.test(_is_direction)
        columns["street_direction"] = direction.where(lone, prefix)
        pieces.insert(0, prefix.where(lone, ""))
    if len(pieces) > 1:
        columns["street_name"] = _joined(pieces).where(_empty(street), "")
    if "unit_type" in parts:
        unit = columns.get("unit", blank)
        columns["unit"] = _joined([parts["unit_type"], unit]).where(_empty(unit), "")


def _is_direction(values: pa.StringArray) -> pa.BooleanArray:
    return pa.array([normalise.squeezed(value) in normalise.DIRECTION_WORDS for value in values.to_pylist()], pa.bool_())


def _tell_number_type(columns: dict[str, Column], parts: Mapping[str, Column], blank: Column) -> None:
    """The number type where it is blank: wireless where a column says so, else what kind of subscriber it is."""
    kind = columns.get("number_type", blank)
    if "is_wireless" in parts:
        words = {**dict.fromkeys(normalise.YES, "Y"), "wireless": "Y", "mobile": "Y"}
        wireless = normalise.words(parts["is_wireless"], words).equals("Y")
        kind = kind.where(_empty(kind) & wireless, "Wireless")
    if "subscriber_type" in parts:
        kind = kind.where(_empty(kind), normalise.words(parts["subscriber_type"], _SUBSCRIBERS))
    columns["number_type"] = kind


def _joined(columns: Sequence[Column]) -> Column:
    """The texts of several columns with a space between those that are not blank."""
    # Arrow's own way to leave blanks out of a join loses the rows in which all are blank, so each text brings its space along.
    spaced = [column.map(_with_space).text() for column in columns]
    joined = pc.utf8_ltrim_whitespace(pc.binary_join_element_wise(*spaced, ""))
    return Column.from_arrow(joined.dictionary_encode() if repeats(joined) else joined)


def _with_space(values: pa.StringArray) -> pa.StringArray:
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), "", pc.binary_join_element_wise("", trimmed, " "))


def missing_columns(mapping: ColumnMapping, requests: Requests, defaults: Mapping[str, str], local: Callable[[Requests], Mask]) -> list[str]:
    """The labels of the required columns that neither the sheet nor the customer's defaults give.

    Args:
        mapping: of the sheet.
        requests: its rows; a field that was put together from parts is given.
        defaults: field -> the value that fills blank cells.
        local: tells the rows that are neither toll-free nor wireless; where there is none, the address is not required.
    """

    def absent(names: Sequence[str]) -> list[str]:
        return [name for name in names if name not in mapping.columns and name not in defaults and requests[name].blank.all()]

    missing = absent(_ALWAYS_REQUIRED)
    place = absent(("service_address" if "service_address" in mapping.columns else "street_name", "city", "state", "postal_code"))
    if place and local(requests).any():
        missing += place
    return [BY_NAME[name].label for name in missing]
