"""Text with a sign between values: CSV and its like, after RFC 4180.

Whole columns go in and out through Arrow. Its CSV reader is fast and forgiving: it drops blank lines, lets an open quote swallow the rest, and breaks
a value with line breaks where a block ends. So the quotes are looked at first, all at once; what is not plainly well-formed goes through Python's own
reader, which says what is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from batchport.carriers.formats import CannotCarry, Facts, Look, Unreadable, Writer, find_columns
from batchport.carriers.formats.signs import bytes_of, mapped, one_array, refuse, text_of, unsayable
from batchport.carriers.layout import Delimited, Layout, OutColumn
from batchport.carriers.profile import Profile
from batchport.domain.table import Ints, Mask, bools, text_array

#: Rows joined at a time: Arrow's text holds two gigabytes at most, and a slice should stay near the processor.
_SLICE = 50_000
#: Files of so few lines are made together.
_SMALL = 5_000
_LINE_ENDS = {"CRLF": "\r\n", "LF": "\n"}
_QUOTE, _LF, _CR = ord('"'), ord("\n"), ord("\r")
#: Blank lines, which Arrow would drop without counting them.
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")
_BLOCK, _LARGEST_BLOCK = 1 << 22, (1 << 31) - 2
_BOM = b"\xef\xbb\xbf"


def writer(table: pa.Table, starts: Ints, profile: Profile) -> Writer:  # noqa: ARG001  every line is alike
    """The header, where there is one, and a record a row; every record ends with a line break."""
    form = cast("Delimited", profile.format)
    head = _head(table.column_names, form)
    block, begin = text_array([]), 0

    def file(start: int, end: int, facts: Facts) -> bytes:  # noqa: ARG001  lines say nothing of the file
        nonlocal block, begin
        if end - start > _SMALL:
            return compose(table.slice(start, end - start), start, form)
        # Many small files, as of a partner who wants one an order: their lines are made together.
        if start < begin or end > begin + len(block):
            begin = start
            block = pa.concat_arrays(list(_lines(table.slice(start, _SLICE), start, form)))
        return b"".join([head, bytes_of(block.slice(start - begin, end - start), form.encoding)])

    return file


def looks(form: Delimited, column: OutColumn) -> tuple[Look, ...]:  # noqa: ARG001  all columns are alike
    """Values that the encoding cannot write."""
    return (partial(unsayable, encoding=form.encoding),)


def compose(table: pa.Table, start: int, form: Delimited) -> bytes:
    """A file of these lines; the first of them is row `start` of the table that faults are told by."""
    return b"".join([_head(table.column_names, form), *(bytes_of(lines, form.encoding) for lines in _lines(table, start, form))])


def _head(names: Sequence[str], form: Delimited) -> bytes:
    return _header(names, form).encode(form.encoding) if form.header else b""


def _lines(table: pa.Table, start: int, form: Delimited) -> Iterator[pa.StringArray]:
    """The records, some thousands at a time."""
    names = table.column_names
    columns = {name: one_array(table.column(name)) for name in names}
    try:
        pieces = [_piece({name: columns[name] for name in group}, changes, form, alone=len(names) == 1) for group, changes in _groups(columns)]
    except CannotCarry as error:
        raise CannotCarry(error.header, start + error.row, error.why) from None
    for batch in pa.table(pieces, [str(place) for place in range(len(pieces))]).to_batches(max_chunksize=_SLICE):
        yield _records(batch.columns, form)


def _header(names: Sequence[str], form: Delimited) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=form.delimiter, lineterminator=_LINE_ENDS[form.line_end]).writerow(names)
    return out.getvalue()


def _groups(columns: Mapping[str, pa.Array]) -> Iterator[tuple[list[str], Mask]]:
    """Neighbouring columns that hold the same for rows on end, as the columns of an order do, and the rows where one of them changes.

    Such a group is joined once for each of its runs rather than once a row. A column that changes with every other row is a group of its own.
    """
    group: list[str] = []
    changes: Mask = np.zeros(0, bool)
    for name, array in columns.items():
        own = _changes(array)
        if group and 2 * np.count_nonzero(changes | own) <= len(own):
            group.append(name)
            changes = changes | own
        else:
            if group:
                yield group, changes
            group, changes = [name], own
    yield group, changes


def _changes(array: pa.Array) -> Mask:
    """The rows that differ from the one before; the first does."""
    changes = np.ones(len(array), bool)
    if pa.types.is_dictionary(array.type):
        indices = array.indices.to_numpy()
        changes[1:] = indices[1:] != indices[:-1]
    else:
        changes[1:] = bools(pc.not_equal(array[1:], array[:-1]))
    return changes


def _piece(columns: Mapping[str, pa.Array], changes: Mask, form: Delimited, *, alone: bool) -> pa.Array:
    """The text of a group's values with delimiters between, for each row."""
    first = np.flatnonzero(changes)
    if 2 * len(first) > len(changes):
        ((name, array),) = columns.items()
        return _quoted(name, array, np.arange(len(array)), form, alone=alone)
    rows = pa.array(first)
    texts = [text_of(_quoted(name, array.take(rows), first, form, alone=alone)) for name, array in columns.items()]
    joined = pc.binary_join_element_wise(*texts, form.delimiter)
    return pa.DictionaryArray.from_arrays(pa.array(np.cumsum(changes) - 1), joined)


def _quoted(name: str, array: pa.Array, rows: Ints, form: Delimited, *, alone: bool) -> pa.Array:
    """A column with quotes where values need them, a dictionary's looked at once each; `rows` are where its values stand in the file."""
    refuse(name, array, rows, lambda values: unsayable(values, form.encoding))
    return mapped(array, lambda values: _with_quotes(values, form, alone=alone))


def _with_quotes(values: pa.StringArray, form: Delimited, *, alone: bool) -> pa.StringArray:
    """Quotes around values with a quote, a delimiter or a line break in them; in a single column around nothing too, or it were a blank line."""
    needed = pc.match_substring_regex(values, rf'["\r\n\x{{{ord(form.delimiter):x}}}]' + (r"|\A\z" if alone else ""))
    if not pc.any(needed).as_py():
        return values
    dressed = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
    return pc.if_else(needed, dressed, values)


def _records(pieces: Sequence[pa.Array], form: Delimited) -> pa.StringArray:
    """Some rows, joined piece by piece."""
    *front, last = [text_of(piece) for piece in pieces]
    ended = pc.binary_join_element_wise(last, _LINE_ENDS[form.line_end], "")
    return pc.binary_join_element_wise(*front, ended, form.delimiter) if front else ended


def read(data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
    """The records below the header line; see `Format`."""
    return read_text(data, layout, cast("Delimited", layout.format))


def read_text(data: bytes, layout: Layout, form: Delimited) -> tuple[pa.Table, tuple[str, ...]]:
    """As `read`, where what the text is like is said elsewhere."""
    text = _as_utf8(data, form.encoding).removeprefix(_BOM).rstrip(b"\r\n")
    header_row, header = next(((row, cells) for row, cells in _records_of(text, form) if cells), (1, []))
    names, ignored = find_columns(header, layout)
    table = _read_fast(text, form, len(header)) if header_row == 1 else None
    if table is None:
        table = _read_exactly(text, form, len(header))
    return table.select(["line", *(str(place) for place, name in enumerate(names) if name)]).rename_columns(["line", *filter(None, names)]), ignored


def _as_utf8(data: bytes, encoding: str) -> bytes:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not {encoding.upper()} text: byte {error.start + 1} does not belong in one") from None
    return data if encoding == "utf-8" else text.encode()


def _records_of(text: bytes, form: Delimited) -> Iterator[tuple[int, list[str]]]:
    """Every record with its number, as Python's own reader finds them; blank ones have no cells."""
    number = 0
    try:
        for cells in csv.reader(io.TextIOWrapper(io.BytesIO(text), "utf-8", newline=""), delimiter=form.delimiter, strict=True):
            number += 1
            yield number, cells
    except csv.Error as error:
        why = "a quote is opened and not closed" if "end of data" in str(error) else "a closing quote stands inside a value, or a value is too long"
        raise Unreadable(f"record {number + 1} cannot be read: {why}") from None


def _read_fast(text: bytes, form: Delimited, width: int) -> pa.Table | None:
    """The records after the first, by Arrow; None where it might read them otherwise than they are meant, or finds something wrong."""
    breaks_inside = _line_breaks_inside_quotes(text, form.delimiter)
    if breaks_inside is None or any(blank in text for blank in _BLANK_LINES) or len(text) > _LARGEST_BLOCK:
        return None
    names = [str(place) for place in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(text),
            arrow_csv.ReadOptions(
                column_names=names, skip_rows_after_names=1, block_size=len(text) + 1 if breaks_inside else _BLOCK, use_threads=len(text) > _BLOCK
            ),
            arrow_csv.ParseOptions(delimiter=form.delimiter, newlines_in_values=breaks_inside),
            arrow_csv.ConvertOptions(check_utf8=False, column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:
        return None
    return table.append_column("line", pa.array(np.arange(2, table.num_rows + 2)))


def _line_breaks_inside_quotes(text: bytes, delimiter: str) -> bool | None:
    """Whether values have line breaks in them; None where a quote stands where RFC 4180 has none.

    Quotes are opening and closing by turns. Each opening one follows a delimiter, a line break or the closing one before it (a doubled quote), and
    each closing one is followed by one of these.
    """
    signs = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(signs == _QUOTE)
    if len(quotes) % 2:
        return None
    if not len(quotes):
        return False
    opening, closing = quotes[::2], quotes[1::2]
    beside = np.isin(np.arange(256), [_QUOTE, _LF, _CR, ord(delimiter)])
    before, after = signs[opening[opening > 0] - 1], signs[closing[closing < len(signs) - 1] + 1]
    if not (beside[before].all() and beside[after].all()):
        return None
    breaks = np.flatnonzero((signs == _LF) | (signs == _CR))
    return bool((np.searchsorted(breaks, opening) != np.searchsorted(breaks, closing)).any())


def _read_exactly(text: bytes, form: Delimited, width: int) -> pa.Table:
    """The records below the header, one by one; blank lines are counted and left out."""
    schema = pa.schema([("line", pa.int64()), *((str(place), pa.string()) for place in range(width))])
    records = ((number, cells) for number, cells in _records_of(text, form) if cells)
    next(records, None)
    slices = [schema.empty_table()]
    while some := list(islice(records, _SLICE)):
        for number, cells in some:
            if len(cells) != width:
                raise Unreadable(f"record {number} has {len(cells)} values, the header {width}")
        columns = [[number for number, _ in some], *zip(*(cells for _, cells in some), strict=True)]
        slices.append(pa.table([pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)], schema))
    return pa.concat_tables(slices)
