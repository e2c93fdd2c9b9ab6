"""Orders as a partner wants them: the bytes of submission files, and what is said of each beside it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import CannotCarry, Facts, Writer, format_of
from batchport.carriers.formats.signs import filled
from batchport.carriers.layout import SOURCES, Fixed, Form, OutColumn
from batchport.carriers.profile import Profile
from batchport.domain.table import Column, Mask, bools, text_array

#: Signs that have a plain way of being written which their decomposition does not give.
_PLAIN = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
    **dict.fromkeys("\u2018\u2019", "'"), **dict.fromkeys("\u201c\u201d", '"'), **dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-"),
})  # fmt: skip


class RenderError(ValueError):
    """A value that the partner's file cannot hold: `pon`, `field` and why; the value itself is not told, it may be a secret."""

    def __init__(self, pon: str, field: str, why: str) -> None:
        super().__init__(f"order {pon}: {field} {why}")
        self.pon, self.field, self.why = pon, field, why


@dataclass(frozen=True, slots=True)
class Rendered:
    """One submission file.

    Attributes:
        name, data: its name and bytes.
        sequence: its number in the partner's sequence.
        orders, lines: how many orders and lines (numbers) are in it.
        sha256: of its bytes.
        beside: names and bytes of the files that go with it and before it, such as a cover sheet.
    """

    name: str
    data: bytes
    sequence: int
    orders: int
    lines: int
    sha256: str
    beside: tuple[tuple[str, bytes], ...] = ()

    def __repr__(self) -> str:
        return f"Rendered({self.name!r}, {len(self.data)} bytes, {self.orders} orders, {self.lines} lines)"

    @property
    def stored(self) -> bytes:
        """What is kept of it: its bytes, then those of the files beside it; the manifest says where each ends."""
        return b"".join([self.data, *(data for _, data in self.beside)])


def render(profile: Profile, partner: str, lines: pd.DataFrame, *, sequence: int, now: datetime) -> tuple[Rendered, ...]:
    """The submission files that hold these lines; none for no lines, one unless there are more lines or orders than the profile allows in a file.

    Args:
        profile: the partner's.
        partner: its id, for the file's name.
        lines: a row a number, in order of PON and line; a text (or category) column for each of the profile's sources, blank where nothing is said.
        sequence: the number of the first file; the others count on.
        now: the time by which the file is named, with a time zone.

    Raises:
        RenderError: a value that the format or the profile has no room for.
    """
    return tuple(each_file(profile, partner, lines, sequence=sequence, now=now))


def each_file(profile: Profile, partner: str, lines: pd.DataFrame, *, sequence: int, now: datetime) -> Iterator[Rendered]:
    """As `render`, a file at a time: for partners who want a file an order, where all of a night would fill the memory."""
    if lines.empty:
        return
    pon = Column.from_series(lines["pon"])
    starts = _order_starts(pon)
    _refuse_blanks(profile, lines, pon)
    with _told(pon, profile.outgoing):
        write = format_of(profile.format.kind).writer(_table(profile, profile.outgoing, lines, pon), starts, profile)
        cover = _cover_writer(profile, lines, pon, starts) if profile.cover else None
        sent = profile.local(now)
        for place, (start, end, orders) in enumerate(_file_ranges(starts, len(lines), profile.max_lines_per_file, profile.orders_per_file)):
            facts = Facts(partner, sequence + place, sent)
            data = write(start, end, facts)
            name = profile.file_of(partner, sequence + place, sent, pon.at(start) if orders == 1 else "")
            beside = ((profile.cover.name.format(stem=PurePath(name).stem), cover(start, end, facts)),) if profile.cover and cover else ()
            yield Rendered(name, data, sequence + place, orders, end - start, hashlib.sha256(data).hexdigest(), beside)


def manifest(rendered: Rendered, papers: Sequence[tuple[str, str]] = ()) -> bytes:
    """What stands in `<name>.manifest.json` beside a submission; `papers` are names and SHA-256 of the papers that go with it."""
    said: dict[str, Any] = {
        "file": rendered.name,
        "sha256": rendered.sha256,
        "bytes": len(rendered.data),
        "sequence": rendered.sequence,
        "orders": rendered.orders,
        "lines": rendered.lines,
        "papers": [{"file": name, "sha256": digest} for name, digest in papers],
    }
    if rendered.beside:
        said["beside"] = [{"file": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in rendered.beside]
    return json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n"


def files_of(name: str, manifest_data: bytes, stored: bytes) -> list[tuple[str, bytes]]:
    """Names and bytes of what goes to the partner, in the order in which it goes: what lies beside the submission, the manifest, the submission."""
    said = json.loads(manifest_data)
    sizes = [(each["file"], each["bytes"]) for each in said.get("beside", ())]
    beside, at = [], int(said["bytes"])
    for each, size in sizes:
        beside.append((each, stored[at : at + size]))
        at += size
    return [*beside, (f"{name}.manifest.json", manifest_data), (name, stored[: int(said["bytes"])])]


@contextmanager
def _told(pon: Column, columns: Mapping[str, OutColumn]) -> Iterator[None]:
    """What a format cannot carry, told by order and field."""
    try:
        yield
    except CannotCarry as error:
        column = columns.get(error.header)
        raise RenderError(pon.at(error.row), column.source or error.header if column else error.header, error.why) from None


def _table(profile: Profile, columns: Mapping[str, OutColumn], lines: pd.DataFrame, pon: Column) -> pa.Table:
    """The columns, written as the partner wants them; facts of the file are known only when it is made."""
    written = {name: _written(profile, lines, column, pon) for name, column in columns.items() if column.fact is None}
    return pa.table(list(written.values()), list(written))


def _cover_writer(profile: Profile, lines: pd.DataFrame, pon: Column, starts: np.ndarray[Any, Any]) -> Writer:
    from batchport.carriers.formats.template import cover_writer

    return cover_writer(_table(profile, {name: OutColumn.model_validate({"header": name, "source": name}) for name in SOURCES}, lines, pon), starts, profile)


def _refuse_blanks(profile: Profile, lines: pd.DataFrame, pon: Column) -> None:
    for name in profile.required:
        blank = Column.from_series(lines[name]).blank
        if blank.any():
            raise RenderError(pon.at(int(np.argmax(blank))), name, "is blank, and the partner requires it")


def _order_starts(pon: Column) -> np.ndarray[Any, Any]:
    """The rows where an order begins."""
    changes = np.ones(len(pon), bool)
    changes[1:] = bools(pc.not_equal(pon.values[1:], pon.values[:-1])) if pon.codes is None else pon.codes[1:] != pon.codes[:-1]
    return np.flatnonzero(changes)


def _file_ranges(starts: np.ndarray[Any, Any], length: int, most: int, most_orders: int | None) -> Iterator[tuple[int, int, int]]:
    """First row, row after the last and number of orders of each file: as many whole orders as fit."""
    bounds = [*starts.tolist(), length]
    first, orders = 0, len(starts)
    while first < orders:
        last = max(bisect_right(bounds, bounds[first] + most) - 1, first + 1)
        last = min(last, orders, first + (most_orders or orders))
        yield bounds[first], bounds[last], last - first
        first = last


def _written(profile: Profile, lines: pd.DataFrame, column: OutColumn, pon: Column) -> pa.Array:
    """A column as the partner wants it written."""

    def refuse(wrong: Mask, why: str) -> None:
        if wrong.any():
            raise RenderError(pon.at(int(np.argmax(wrong))), column.source or column.header, why)

    written = _formed(_said(profile, lines, column), column, refuse)
    if column.width and not isinstance(profile.format, Fixed):
        written = written.map(lambda values: filled(values, column))
    return written.values if written.codes is None else pa.DictionaryArray.from_arrays(pa.array(written.codes), written.values)


def unfit(profile: Profile, source: str, values: pa.StringArray) -> list[str]:
    """Why each of some values of a source cannot stand in the partner's files, as the end of a sentence; blank where it can."""
    said = np.full(len(values), "", dtype=object)

    def refuse(wrong: Mask, why: str) -> None:
        said[wrong & (said == "")] = why

    for column in profile.outgoing.values():
        if column.source == source:
            written = _formed(Column(values), column, refuse)
            for look in format_of(profile.format.kind).looks(profile.format, column):
                refuse(*look(written.values))
    return [str(why) for why in said]


def _formed(source: Column, column: OutColumn, refuse: Callable[[Mask, str], None]) -> Column:
    """Values in the partner's form; what has no such form, or no room, is refused."""
    form = column.form
    written = _dressed(_shaped(source.map(lambda values: _without(values, form.omit)) if form.omit else source, form, refuse), form)
    room = column.room
    if room is not None:
        if form.too_long == "cut":
            written = written.map(lambda values: _cut(values, room))
        refuse(written.longer_than(room), f"is longer than {room} signs")
    return written


def _said(profile: Profile, lines: pd.DataFrame, column: OutColumn) -> Column:
    """What stands in a column, before it is written in the partner's form."""
    always = column.value if column.value is not None else profile.settings[column.setting] if column.setting else ""
    return Column.constant(always, len(lines)) if always or column.source is None else Column.from_series(lines[column.source])


def _cut(values: pa.StringArray, room: int) -> pa.StringArray:
    """The values, longer ones without what is too much; no blank is left at the end of these."""
    cut = pc.utf8_rtrim_whitespace(pc.utf8_slice_codeunits(values, 0, room))
    return pc.if_else(pc.greater(pc.utf8_length(values), room), cut, values)


def _without(values: pa.StringArray, omitted: Sequence[str]) -> pa.StringArray:
    return pc.if_else(pc.is_in(values, value_set=text_array(omitted)), "", values)


def _dressed(column: Column, form: Form) -> Column:
    """Letters as the partner writes them."""
    if form.plain:
        column = column.map_text(_plain)
    if form.case == "keep":
        return column
    return column.map(pc.utf8_upper if form.case == "upper" else pc.utf8_lower)


def _plain(text: str) -> str:
    """The text without accents and the like; what has no plain letter stays."""
    if text.isascii():
        return text
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return bare.translate(_PLAIN)


def _shaped(column: Column, form: Form, refuse: Callable[[Mask, str], None]) -> Column:
    if form.kind == "telephone":
        refuse(~column.fullmatch("[0-9]{10}|"), "is not a telephone number of ten digits")
        groups = [f"([0-9]{{{len(run)}}})" for run in re.findall("N+", form.pattern)]
        return _rewritten(column, "".join(groups), re.sub("N+", "%N", form.pattern), ["%N"] * len(groups))
    if form.kind == "date":
        refuse(~column.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}|"), "is not a date")
        return _rewritten(column, "([0-9]{2}([0-9]{2}))-([0-9]{2})-([0-9]{2})", form.pattern, ["%Y", "%y", "%m", "%d"])
    return column


def _rewritten(column: Column, regex: str, pattern: str, places: Sequence[str]) -> Column:
    """The column with its values put into `pattern`: the first group of `regex` in place of the first of `places`, and so on; blank stays blank."""
    if not pattern:
        return column
    rewrite = pattern.replace("\\", "\\\\")
    for number, place in enumerate(places, 1):
        rewrite = rewrite.replace(place, f"\\{number}", 1 if place == "%N" else -1)
    return column.map(lambda values: pc.replace_substring_regex(values, rf"\A{regex}\z", rewrite))
