"""Orders as a partner wants them: the bytes of submission files, and what is said of each beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import CannotCarry, format_of
from batchport.carriers.profile import Form, OutColumn, Profile
from batchport.domain.table import Column, Mask


class RenderError(ValueError):
    """A value that the partner's file cannot hold: `pon`, `field` and why; the value itself is not told, it may be a secret."""

    def __init__(self, pon: str, field: str, why: str) -> None:
        super().__init__(f"order {pon}: {field} {why}")
        self.pon, self.field, self.why = pon, field, why


@dataclass(frozen=True, slots=True)
class Rendered:
    """One submission file: its name, its bytes, its number in the partner's sequence, and how many orders and lines (numbers) are in it."""

    name: str
    data: bytes
    sequence: int
    orders: int
    lines: int
    sha256: str

    def __repr__(self) -> str:
        return f"Rendered({self.name!r}, {len(self.data)} bytes, {self.orders} orders, {self.lines} lines)"


def render(profile: Profile, partner: str, lines: pd.DataFrame, *, sequence: int, now: datetime) -> tuple[Rendered, ...]:
    """The submission files that hold these lines; none for no lines, one unless there are more lines than the profile allows in a file.

    Args:
        profile: the partner's.
        partner: its id, for the file's name.
        lines: a row a number, in order of PON and line; a text (or category) column for each of the profile's sources, blank where nothing is said.
        sequence: the number of the first file; the others count on.
        now: the time by which the file is named, with a time zone.

    Raises:
        RenderError: a value that the format or the profile has no room for.
    """
    if lines.empty:
        return ()
    pon = Column.from_series(lines["pon"])
    table = pa.table([_written(lines, column, pon) for column in profile.columns], [column.header for column in profile.columns])
    starts = _order_starts(pon)
    return tuple(
        _file(profile, partner, table.slice(start, end - start), pon, start, int(((starts >= start) & (starts < end)).sum()), sequence + place, now)
        for place, (start, end) in enumerate(_file_ranges(starts, len(lines), profile.max_lines_per_file))
    )


def manifest(rendered: Rendered, papers: Sequence[tuple[str, str]] = ()) -> bytes:
    """What stands in `<name>.manifest.json` beside a submission; `papers` are names and SHA-256 of the papers that go with it."""
    said = {
        "file": rendered.name,
        "sha256": rendered.sha256,
        "bytes": len(rendered.data),
        "sequence": rendered.sequence,
        "orders": rendered.orders,
        "lines": rendered.lines,
        "papers": [{"file": name, "sha256": digest} for name, digest in papers],
    }
    return json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n"


def _file(profile: Profile, partner: str, table: pa.Table, pon: Column, start: int, orders: int, sequence: int, now: datetime) -> Rendered:
    try:
        data = format_of(profile.format.kind).write(table, profile)
    except CannotCarry as error:
        source = next(column.source for column in profile.columns if column.header == error.header)
        raise RenderError(pon.at(start + error.row), source, error.why) from None
    return Rendered(profile.file_of(partner, sequence, now), data, sequence, orders, table.num_rows, hashlib.sha256(data).hexdigest())


def _order_starts(pon: Column) -> np.ndarray[Any, Any]:
    """The rows where an order begins."""
    ids = pon.ids()
    return np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))


def _file_ranges(starts: np.ndarray[Any, Any], length: int, most: int) -> Iterator[tuple[int, int]]:
    """First row and row after the last of each file: as many whole orders as fit."""
    ends = np.append(starts[1:], length)
    start = 0
    while start < length:
        fitting = ends[(ends > start) & (ends <= start + most)]
        end = int(fitting[-1] if len(fitting) else ends[ends > start][0])
        yield start, end
        start = end


def _written(lines: pd.DataFrame, column: OutColumn, pon: Column) -> pa.Array:
    """A column as the partner wants it written."""
    source, form = Column.from_series(lines[column.source]), column.form

    def refuse(wrong: Mask, why: str) -> None:
        if wrong.any():
            raise RenderError(pon.at(int(np.argmax(wrong))), column.source, why)

    written = _shaped(source, form, refuse)
    if form.longest is not None:
        longest = form.longest
        if form.too_long == "cut":
            written = written.map(lambda values: pc.utf8_slice_codeunits(values, 0, longest))
        refuse(written.longer_than(longest), f"is longer than {longest} signs")
    return written.values if written.codes is None else pa.DictionaryArray.from_arrays(pa.array(written.codes), written.values)


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
