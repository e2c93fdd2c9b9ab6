"""Which column of a sheet is which field, and the sheet's rows as requests.

What a header says by itself is told in `headers`; here the columns of a sheet are looked at together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain import normalise
from batchport.domain.fields import BY_NAME, PARTS
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Mask
from batchport.spreadsheets.cells import repeats
from batchport.spreadsheets.headers import ALIAS, AMBIGUOUS, Target, comparable, meaning, result_headers, saved_headers
from batchport.spreadsheets.sheet import Sheet

_RESIDENTIAL = ("residential", "residence", "res", "r", "home", "consumer")
_BUSINESS = ("business", "bus", "b", "commercial", "corporate", "company")
_SUBSCRIBERS = {**dict.fromkeys(_RESIDENTIAL, "Residential"), **dict.fromkeys(_BUSINESS, "Business")}
_NAME_PARTS = ("first_name", "middle_name", "last_name")
_ALWAYS_REQUIRED = ("tn", "losing_carrier", "account_type", "number_type", "name", "destination")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column of a sheet is which field. Columns are given by their place from 0.

    Attributes:
        columns: field, or part of one, -> the places of the columns that give it.
        reason: place -> why it is taken: "saved", "label" or "alias".
        ambiguous: place -> the fields it may be.
        results: the places of columns that our own results workbooks add.
        unknown: the places of other columns with a header.
    """

    columns: dict[str, list[int]] = field(default_factory=dict)
    reason: dict[int, str] = field(default_factory=dict)
    ambiguous: dict[int, tuple[str, ...]] = field(default_factory=dict)
    results: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    @property
    def repeated(self) -> list[str]:
        """The fields that more than one column gives."""
        return [name for name, places in self.columns.items() if len(places) > 1]

    def field_at(self, place: int) -> str | None:
        """The field or part that a column gives."""
        return next((name for name, places in self.columns.items() if place in places), None)


def map_headers(headers: Sequence[str], saved: Mapping[str, str] | None = None) -> ColumnMapping:
    """Which of the headers stands for which field.

    Args:
        headers: as written.
        saved: the customer's confirmed mapping: header -> field or part; "" for a column that is not to be read.
    """
    mapping = ColumnMapping()
    known = saved_headers(saved)
    names: list[int] = []
    for place, header in enumerate(headers):
        key = comparable(header)
        target = meaning(header, known)
        if target is not None:
            _take(mapping, place, target)
        elif key in result_headers():
            mapping.results.append(place)
        elif key == "name":
            names.append(place)
        elif key in AMBIGUOUS:
            mapping.ambiguous[place] = AMBIGUOUS[key]
        elif key:
            mapping.unknown.append(place)
    beside_another = not mapping.columns.keys().isdisjoint(("name", *_NAME_PARTS))
    for place in names:
        if beside_another:
            mapping.ambiguous[place] = AMBIGUOUS["name"]
        else:
            _take(mapping, place, Target("name", ALIAS))
    return mapping


def _take(mapping: ColumnMapping, place: int, target: Target) -> None:
    if target.name:
        mapping.columns.setdefault(target.name, []).append(place)
    mapping.reason[place] = target.reason


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
    """The sheet's rows as requests: every field as written, or put together from its parts."""
    given = {name: _merged(sheet, places) for name, places in mapping.columns.items()}
    columns = {name: column for name, column in given.items() if name in BY_NAME}
    parts = {name: column for name, column in given.items() if name in PARTS}
    if parts:
        blank = Column.constant("", len(sheet.row))
        _join_name(columns, parts, blank)
        _join_street(columns, parts, blank)
        _tell_number_type(columns, parts, blank)
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
    """Prefix, type and post-direction to the street's name; a direction that stands before the name to its own column."""
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


def missing_columns(mapping: ColumnMapping, requests: Requests, defaults: Mapping[str, str], local: Mask) -> list[str]:
    """The labels of the required columns that neither the sheet nor the customer's defaults give.

    Args:
        mapping: of the sheet.
        requests: its rows; a field that was put together from parts is given.
        defaults: field -> the value that fills blank cells.
        local: the rows that are neither toll-free nor wireless; where there is none, the address is not required.
    """
    required = list(_ALWAYS_REQUIRED)
    if local.any():
        required += ["service_address" if "service_address" in mapping.columns else "street_name", "city", "state", "postal_code"]
    absent = [name for name in required if name not in mapping.columns and name not in defaults]
    return [BY_NAME[name].label for name in absent if requests[name].blank.all()]
