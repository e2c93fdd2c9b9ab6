"""Lines of fixed width, each of a kind that its first field tells, with totals in a trailer.

Fields are cut from, and joined to, whole columns at once. What was written can be read back: a value that the filling would swallow is refused. When a
file is read, its trailer is compared with what stands before it, so that no line can be lost, doubled, changed or moved without being noticed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial, reduce
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import CannotCarry, Facts, Look, Unreadable, Writer
from batchport.carriers.formats.signs import bytes_of, filled, mapped, one_array, refuse, text_of, uncontrolled, unsayable
from batchport.carriers.layout import TOTALS, Fixed, Layout, OutColumn, Record
from batchport.carriers.profile import Profile
from batchport.domain.table import Ints, Mask, bools, text_array

_LINE_ENDS = {"CRLF": "\r\n", "LF": "\n"}
_MODULUS = 10**10
_SLICE = 100_000


def writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:
    """Records of the file, then of each order and its lines, then the trailer; every record ends with a line break."""
    form = cast("Fixed", profile.format)
    per_line = [f"{record.name}.{field.header}" for record in form.of("line") for field in record.fields if field.source == "tn"]
    return compose(table, starts, form, per_line[0] if per_line else "")


def compose(table: pa.Table, starts: Ints, form: Fixed, tn: str) -> Writer:
    """As `writer`, for any records: `table` has a column for each of their fields but facts, named as `RECORD.FIELD`; `tn` is the one to be summed."""
    fields = {f"{record.name}.{field.header}": field for record in form.records for field in record.fields}
    columns = {name: _fitting(name, one_array(table.column(name)), fields[name], form) for name in table.column_names}
    numbers = columns.get(tn)
    padded = {name: mapped(column, partial(filled, column=fields[name])) for name, column in columns.items()}

    def file(start: int, end: int, facts: Facts) -> bytes:
        first = starts[slice(*np.searchsorted(starts, [start, end]))]
        known = {"partner": facts.partner, "sequence": str(facts.sequence), "orders": str(len(first)), "lines": str(end - start)}

        def record(one: Record, checksum: int) -> bytes:
            def said(field: OutColumn) -> str:
                if field.fact == "sent":
                    return facts.sent.strftime(field.form.pattern or "%Y%m%d%H%M%S")
                if field.fact == "tn_sum":
                    return str(_sum_of(numbers.slice(start, end - start) if numbers is not None else text_array([])))
                if field.fact == "crc32":
                    return f"{checksum:08X}"
                if field.fact or field.value is not None:
                    return known[field.fact] if field.fact else str(field.value)
                column = columns.get(f"{one.name}.{field.header}")
                return "" if column is None else str(column[start])

            texts = [_field(said(field), field, one, start) for field in one.fields]
            return "".join([*texts, _LINE_ENDS[form.line_end]]).encode(form.encoding)

        parts: list[bytes | memoryview] = [record(one, 0) for one in form.of("file")]
        parts.extend(_body(form, padded, first, end))
        checksum = reduce(lambda before, part: zlib.crc32(part, before), parts, 0)
        for one in form.of("trailer"):
            parts.append(record(one, checksum))
            checksum = zlib.crc32(parts[-1], checksum)
        return b"".join(parts)

    return file


def looks(form: Fixed, column: OutColumn) -> tuple[Look, ...]:
    """Values that cannot be written, or not be read back."""
    return uncontrolled, partial(unsayable, encoding=form.encoding), partial(_swallowed, field=column)


def _fitting(name: str, array: pa.Array, field: OutColumn, form: Fixed) -> pa.Array:
    """The column, after a look at it."""
    for look in looks(form, field):
        refuse(name, array, None, look)
    return array


def _swallowed(values: pa.StringArray, field: OutColumn) -> tuple[Mask, str]:
    """Which values would lose signs when the filling is taken off again."""
    if field.fill == "0":
        return bools(pc.match_substring_regex(values, r"\A0.|\A | \z")), "begins with a zero or a blank, which could not be told from filling"
    return bools(pc.match_substring_regex(values, r"\A | \z")), "begins or ends with a blank, which could not be told from filling"


def _field(text: str, field: OutColumn, record: Record, row: int) -> str:
    if len(text) > (field.width or 0) or not text.isascii():
        raise CannotCarry(f"{record.name}.{field.header}", row, f"has no room for {len(text)} signs, or they are not ASCII")
    return str(filled(text_array([text]), field)[0])


def _body(form: Fixed, columns: dict[str, pa.Array], first: Ints, end: int) -> list[memoryview | bytes]:
    """The records of the orders and their lines, one after another, some thousands at a time."""
    per_order, per_line = form.of("order"), form.of("line")
    ends = np.append(first[1:], end)
    parts: list[memoryview | bytes] = []
    place = 0
    while place < len(first):
        until = max(int(np.searchsorted(ends, int(first[place]) + _SLICE, "right")), place + 1)
        orders, rows = first[place:until], np.arange(first[place], ends[until - 1])
        of_row = np.searchsorted(orders, rows, "right")
        many, few = len(per_line), len(per_order)
        pieces = [_joined(record, columns, orders) for record in per_order] + [_joined(record, columns, rows) for record in per_line]
        places = [few * np.arange(len(orders)) + many * (orders - orders[0]) + each for each in range(few)]
        places += [few * of_row + many * (rows - rows[0]) + each for each in range(many)]
        lines = pa.concat_arrays(pieces).take(pa.array(np.argsort(np.concatenate(places), kind="stable")))
        parts.append(bytes_of(pc.binary_join_element_wise(lines, _LINE_ENDS[form.line_end], ""), form.encoding))
        place = until
    return parts


def _joined(record: Record, columns: dict[str, pa.Array], rows: Ints) -> pa.StringArray:
    """A record of one kind for each of the rows, from columns that are filled up."""
    at = pa.array(rows)

    return pc.binary_join_element_wise(*(text_of(columns[f"{record.name}.{field.header}"].take(at)) for field in record.fields), "")


def _sum_of(numbers: pa.Array) -> int:
    """The sum of the numbers' last ten digits modulo 10^10; a blank counts nothing."""
    digits = mapped(numbers, lambda values: pc.utf8_slice_codeunits(_digits(values), -10))
    counted = mapped(digits, lambda values: pc.if_else(pc.equal(pc.binary_length(values), 0), "0", values))
    return int(pc.sum(text_of(counted).cast(pa.int64())).as_py() or 0) % _MODULUS


def _digits(values: pa.StringArray) -> pa.StringArray:
    return values if pc.all(pc.ascii_is_decimal(values)).as_py() in (True, None) else pc.replace_substring_regex(values, "[^0-9]", "")


def read(data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
    """The records for lines, with what the order's records before them say; see `Format`."""
    form = cast("Fixed", layout.format)
    body = data.rstrip(b"\r\n")
    try:
        lines = pc.utf8_rtrim(pa.array(body.decode(form.encoding).split("\n")), "\r")
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not {form.encoding.upper()} text: byte {error.start + 1} does not belong in one") from None
    kinds = _kinds(lines, form)
    _refuse_wrong_order(kinds, form)
    cut = {record.name: _cut(lines, kinds, place, record, layout) for place, record in enumerate(form.records)}
    of_lines = _all_levels(form, kinds, cut)
    before = data[: body.rfind(b"\n") + 1]
    for record in form.of("trailer"):
        _compare(record, cut[record.name], _totals(form, kinds, of_lines, before, layout))
    numbers = np.flatnonzero(np.isin(kinds, [place for place, record in enumerate(form.records) if record.per == "line"])) + 1
    return pa.table({"line": pa.array(numbers), **{header: of_lines[header] for header in layout.headers}}), ()


def _kinds(lines: pa.StringArray, form: Fixed) -> Ints:
    """Which of the format's records each line is; every one is of some kind, and as long as that is."""
    width = form.records[0].fields[0].width or 0
    tags = [str(record.fields[0].value) for record in form.records]
    found = pc.index_in(pc.utf8_rtrim(pc.utf8_slice_codeunits(lines, 0, width), " "), value_set=text_array(tags)).fill_null(-1).to_numpy()
    if (found < 0).all():
        raise Unreadable(f"there is no {form.records[0].name} record", foreign=True)
    strange = np.flatnonzero(found < 0)
    if len(strange):
        raise Unreadable(f"record {strange[0] + 1} is none of {', '.join(tags)}")
    lengths = np.array([record.length for record in form.records])[found]
    said = pc.utf8_length(lines).to_numpy()
    ragged = np.flatnonzero(said != lengths)
    if len(ragged):
        at = int(ragged[0])
        raise Unreadable(f"record {at + 1} has {said[at]} signs, {form.records[found[at]].name} has {lengths[at]}")
    return cast("Ints", found)


def _refuse_wrong_order(kinds: Ints, form: Fixed) -> None:
    """Whether what stands once stands once, at its end of the file, and no line before its order."""
    head = [place for place, record in enumerate(form.records) if record.per == "file"]
    tail = [place for place, record in enumerate(form.records) if record.per == "trailer"]
    if kinds[: len(head)].tolist() != head:
        raise Unreadable(f"it does not begin with {', '.join(form.records[place].name for place in head)}")
    if tail and (len(kinds) < len(head) + len(tail) or kinds[-len(tail) :].tolist() != tail):
        raise Unreadable(f"it does not end with {', '.join(form.records[place].name for place in tail)}: it is not whole")
    for place in head + tail:
        if np.count_nonzero(kinds == place) > 1:
            raise Unreadable(f"{form.records[place].name} stands in it more than once")
    orders = [place for place, record in enumerate(form.records) if record.per == "order"]
    body = kinds[len(head) : len(kinds) - len(tail)]
    if orders and len(body) and body[0] != orders[0]:
        raise Unreadable(f"a line stands before the {form.records[orders[0]].name} record of its order")


def _cut(lines: pa.StringArray, kinds: Ints, place: int, record: Record, layout: Layout) -> dict[str, pa.StringArray]:
    """The fields of the records of one kind, without their filling; what always stands in one is compared."""
    rows = np.flatnonzero(kinds == place)
    own = lines.take(pa.array(rows))
    fields, start = {}, 0
    for field in record.fields:
        end = start + (field.width or 0)
        text = pc.utf8_trim(pc.utf8_slice_codeunits(own, start, end), " ")
        if field.fill == "0":
            text = pc.replace_substring_regex(text, r"\A0+(.)", r"\1")
        if field.value is not None and field.header not in layout.headers:
            other = np.flatnonzero(~bools(pc.equal(text, field.value.strip(" "))))
            if len(other):
                raise Unreadable(f"record {rows[other[0]] + 1}: {record.name}.{field.header} is not {field.value}")
        fields[field.header] = text
        start = end
    return fields


def _all_levels(form: Fixed, kinds: Ints, cut: dict[str, dict[str, pa.StringArray]]) -> dict[str, pa.StringArray]:
    """The fields of each line, its order's among them; where both have one of a name, the line's counts."""
    found: dict[str, pa.StringArray] = {}
    is_line = np.isin(kinds, [place for place, record in enumerate(form.records) if record.per == "line"])
    for place, record in enumerate(form.records):
        if record.per == "order":
            mine = pa.array((np.cumsum(kinds == place) - 1)[is_line])
            found.update({header: values.take(mine) for header, values in cut[record.name].items()})
    for record in form.of("line"):
        found.update(cut[record.name])
    return found


def _totals(form: Fixed, kinds: Ints, of_lines: dict[str, pa.StringArray], before: bytes, layout: Layout) -> dict[str, Callable[[], set[str]]]:
    """Fact -> what the trailer may say of it."""
    first_of_order = next((place for place, record in enumerate(form.records) if record.per == "order"), None)
    numbers = next((of_lines[header] for header in layout.of("tn")), None)
    first_of_line = next(place for place, record in enumerate(form.records) if record.per == "line")
    return {
        "lines": lambda: {str(np.count_nonzero(kinds == first_of_line))},
        "orders": lambda: {str(np.count_nonzero(kinds == first_of_order) if first_of_order is not None else 0)},
        "tn_sum": lambda: {str(_sum_of(numbers) if numbers is not None else 0)},
        "crc32": lambda: _checks_of(before),
    }


def _checks_of(before: bytes) -> set[str]:
    """The CRC-32 of the bytes as they are, and as they were if only their line breaks were changed on the way, or not counted by the partner."""
    unix = before.replace(b"\r\n", b"\n")
    windows = unix.replace(b"\n", b"\r\n")
    return {f"{zlib.crc32(text):08X}" for text in (before, unix, windows, unix.rstrip(b"\n"), windows.rstrip(b"\r\n"), unix.replace(b"\n", b""))}


def _compare(record: Record, said: dict[str, pa.StringArray], totals: dict[str, Callable[[], set[str]]]) -> None:
    for field in record.fields:
        if field.fact in TOTALS:
            stands = str(said[field.header][0])
            if (stands.upper() if field.fact == "crc32" else stands.lstrip("0") or "0") not in totals[str(field.fact)]():
                raise Unreadable(f"{record.name}.{field.header} does not agree with the lines before it: one is missing, doubled or changed")
