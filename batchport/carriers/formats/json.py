"""JSON documents with a list of lines, one line of text each when written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from batchport.carriers.formats import Facts, Look, Unreadable, Writer, table_of
from batchport.carriers.formats.signs import bytes_of, mapped, one_array, refuse, text_of, unsayable
from batchport.carriers.layout import Json, Layout, OutColumn
from batchport.carriers.profile import Profile
from batchport.domain.table import Ints, text_array

_SLICE = 50_000
#: Stands for a value while the shape around it is made; no header has it.
_HOLE = "\0"


def writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:  # noqa: ARG001  every line is alike
    """A list of objects, a number each; headers with dots in them are objects in objects."""
    return compose(table, cast("Json", profile.format))


def looks(form: Json, column: OutColumn) -> tuple[Look, ...]:  # noqa: ARG001  all columns are alike
    """Values with a zero byte."""
    return (partial(unsayable, encoding="utf-8"),)


def compose(table: pa.Table, form: Json) -> Writer:
    """As `writer`, for any table."""
    for name in table.column_names:
        refuse(name, one_array(table.column(name)), None, lambda values: unsayable(values, "utf-8"))
    pieces, order = _shape(table.column_names)
    columns = [mapped(one_array(table.column(name)), _quoted) for name in order]
    quoted = pa.table(columns, order)
    before, after = json.dumps(_nested({form.records: _HOLE}), ensure_ascii=False).split(json.dumps(_HOLE)) if form.records else ("", "")

    def file(start: int, end: int, facts: Facts) -> bytes:  # noqa: ARG001  the list says nothing of the file
        parts: list[bytes | memoryview] = [f"{before}[\n".encode()]
        for batch in quoted.slice(start, end - start).to_batches(max_chunksize=_SLICE):
            parts.append(_objects(pieces, batch.columns))
        parts[-1] = bytes(parts[-1]).removesuffix(b",\n")
        return b"".join([*parts, f"\n]{after}\n".encode()])

    return file


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Names with dots as objects in objects."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *outer, last = name.split(".")
        at = tree
        for step in outer:
            at = at.setdefault(step, {})
        at[last] = value
    return tree


def _shape(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The text before, between and after an object's values, and the names of the values in that order."""
    holes = {name: f"{_HOLE}{place}" for place, name in enumerate(names)}
    text = json.dumps(_nested(holes), ensure_ascii=False)
    pieces, order, at = [], [], 0
    for hole, name in sorted((text.index(json.dumps(hole)), name) for name, hole in holes.items()):
        pieces.append(text[at:hole])
        order.append(name)
        at = hole + len(json.dumps(holes[name]))
    return [*pieces, text[at:] + ",\n"], order


def _quoted(values: pa.StringArray) -> pa.StringArray:
    return text_array([json.dumps(value, ensure_ascii=False) for value in values.to_pylist()])


def _objects(pieces: Sequence[str], columns: Sequence[pa.Array]) -> bytes | memoryview:
    parts = [part for piece, column in zip(pieces, columns, strict=False) for part in (piece, text_of(column))]
    return bytes_of(pc.binary_join_element_wise(*parts, pieces[-1], ""), "utf-8")


def read(data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
    """The records of the list; see `Format`."""
    form = cast("Json", layout.format)
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not UTF-8 text: byte {error.start + 1} does not belong in one", foreign=True) from None
    except RecursionError:
        raise Unreadable("there is too much in one another") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"it is not JSON: line {error.lineno} cannot be read", foreign=True) from None
    found = list(_holders(document, form.records.split(".") if form.records else [], ()))
    records = [_record(holders, number, layout) for number, holders in enumerate(found, 1)]
    return table_of(records, list(range(1, len(records) + 1)), layout), ()


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("a name stands in one object twice")
    return found


def _holders(at: Any, steps: Sequence[str], outer: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Each record with the objects around it, the outermost first."""
    if isinstance(at, list):
        for each in at:
            if not isinstance(each, dict):
                raise Unreadable("the list holds something that is no object")
            yield from _holders(each, steps, outer)
    elif not isinstance(at, dict):
        raise Unreadable("where the list of lines should be is something else", foreign=True)
    elif not steps or (outer and at.get(steps[0]) in (None, [])):
        yield (*outer, at)
    elif steps[0] not in at:
        raise Unreadable(f"there is no {steps[0]} in it", foreign=True)
    else:
        yield from _holders(at[steps[0]], steps[1:], (*outer, at))


def _record(holders: Sequence[Any], number: int, layout: Layout) -> dict[str, str]:
    record = {}
    for header, needed in layout.headers.items():
        value = next((said for holder in reversed(holders) if (said := _at(holder, header)) is not None), None)
        if isinstance(value, (dict, list)):
            raise Unreadable(f"record {number}: {header} is no single value")
        if value is None and needed:
            raise Unreadable(f"record {number}: {header} is missing")
        if value is not None:
            record[header] = _text(value)
    return record


def _at(holder: Any, path: str) -> Any:
    """What stands at a path of names with dots between; a name with dots in it is found too."""
    if path in holder:
        return "" if holder[path] is None else holder[path]
    at = holder
    for step in path.split("."):
        if not isinstance(at, dict) or step not in at:
            return None
        at = at[step]
    return "" if at is None else at


def _text(value: Any) -> str:
    """A value as text: a lone half of a sign, which JSON can name, becomes the sign for what cannot be read."""
    return str(value).lower() if isinstance(value, bool) else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
