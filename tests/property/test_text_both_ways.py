"""Text is read fast where that is provably the same as reading it record by record, whatever separates its cells; and no bytes break a reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchport.spreadsheets import csv_text, encoding, rowwise, separators
from batchport.spreadsheets.html_table import read_html
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.readers import read_sheets
from batchport.spreadsheets.records import cells_of, lines_of, records_of
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

LIMITS = Limits()
SEPARATORS = st.sampled_from(separators.SEPARATORS)
CELLS = st.text(st.sampled_from('ab0 ,;\t|"\né\u00a0-=\0'), max_size=6)
SIGNS = st.lists(
    st.sampled_from(["a", "b", "S", '"', "\n", "\r\n", "\r", " ", "é", '"x"', '""', "'=", "\nS\n", "61723401", "\0", "TN", '"S', 'S"']), max_size=30
)
TITLES = st.sampled_from(["", "\n", "Numbers of Acme\n", 'Acme,"Inc."\n\n', "a\r\n\r\nb\r\n", '"a\nb"\n', "sep=S\n", "SEP=S\r\ntitle\n"])


def tables(width: int) -> st.SearchStrategy[list[list[str]]]:
    """Rows of that many cells."""
    return st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=8)


def as_read(read: Callable[[], Sheet | None]) -> object:
    """All that a reading gives, in a form to compare; None where it declines."""
    try:
        sheet = read()
    except Unreadable as error:
        return error.code
    if sheet is None:
        return None
    cells = zip(*(column.to_pylist() for column in sheet.cells.columns), strict=True)
    return (
        sheet.headers,
        sheet.header_row,
        sheet.above,
        sheet.problems,
        [(int(row), list(texts)) for row, texts in zip(sheet.row, cells, strict=True)],
    )


def both_ways(data: bytes, block: int, head: int) -> tuple[object, object]:
    """A text read fast, in blocks of the given size, and exactly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_text, "BLOCK_BYTES", block)
        patch.setattr(csv_text, "HEAD_BYTES", head)
        patch.setattr(csv_text, "TAIL_BYTES", 16)
        patch.setattr(rowwise, "PORTION", 3)
        patch.setattr(separators, "SAMPLE_BYTES", head - 3)
        fast = as_read(lambda: csv_text.read_fast(lambda: pa.BufferReader(data), Ask(), LIMITS))
        return fast, as_read(lambda: csv_text.read_exactly(data, Ask(), LIMITS))


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.integers(2, 4).flatmap(tables), SEPARATORS, st.sampled_from(["", "\n", "Numbers of Acme\n\n"]), st.sampled_from([64, 4096]))
def test_any_well_formed_file_is_read_alike_on_both_ways(table: list[list[str]], separator: str, title: str, block: int) -> None:
    text = io.StringIO()
    headers = ["TN", "City", "State", "ZIP"][: len(table[0])]
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows([headers, *table])
    fast, exact = both_ways((title + text.getvalue()).encode(), block, 4096)
    assert fast in (None, exact)
    assert not any("\n" in cell for row in table for cell in row) or fast is None
    assert isinstance(exact, tuple)
    assert exact[0] == tuple(headers)
    assert [row for _, row in exact[4]] == [row for row in table if "".join(row).replace("\0", "").strip()]


@settings(deadline=None, max_examples=500, derandomize=True)
@given(TITLES, SIGNS, SEPARATORS, st.sampled_from([16, 32, 4096]), st.sampled_from([20, 60, 4096]))
def test_any_text_at_all_is_read_alike_on_both_ways_or_only_exactly(title: str, signs: list[str], separator: str, block: int, head: int) -> None:
    text = (title + "TNSCity\n" + "".join(signs)).replace("S", separator)
    fast, exact = both_ways(text.encode(), block, head)
    assert fast in (None, exact)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(SIGNS, SEPARATORS)
def test_every_line_is_in_one_record_and_sound_records_are_what_a_strict_parser_reads(signs: list[str], separator: str) -> None:
    lines = lines_of("".join(signs).replace("S", separator).encode())
    before = 0
    for place, (number, cells, trouble, after) in enumerate(records_of(lines, separator), 1):
        assert number == place
        assert after == before + 1 or not trouble
        if trouble:
            assert cells == cells_of(lines[before], separator)[0]
        elif after > before + 1:
            assert [cells] == list(csv.reader(lines[before:after], delimiter=separator, strict=True))
        before = after
    assert before == len(lines)


@pytest.mark.parametrize("separator", separators.SEPARATORS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("top", ["", "Port requests of Acme\n\nPlease hurry\n", "sep=S\n", "sep=S\nPort requests\n", "Who,,Where\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_clean_file_takes_the_fast_way(separator: str, line_break: str, top: str, mark: str) -> None:
    rows = "".join(f'617{2340000 + n:07d}S"Boston{separator} MA"\n' for n in range(30_000))
    data = (mark + (top + "TNSCity\n" + rows + "\n\n").replace("S", separator).replace("\n", line_break)).encode()
    sheet = csv_text.read_fast(lambda: pa.BufferReader(data), Ask(), LIMITS)
    assert sheet is not None
    assert len(sheet.row) == 30_000
    assert sheet.headers[0] in ("TN", "Who TN")
    assert sheet.row[-1] == top.removeprefix("sep=S\n").count("\n") + 30_001
    assert sheet.cells.column(1)[0].as_py() == f"Boston{separator} MA"


PIECES = st.sampled_from(
    [
        *(
            b"<table>",
            b"</table>",
            b"<tr>",
            b"<td>",
            b"</td>",
            b"<td colspan=3>",
            b"<th rowspan='2'>",
            b"<!--",
            b"-->",
            b"<script>",
            b"</script",
            b"<br>",
        ),
        *(
            b"TN",
            b"6172340142",
            b"&eacute;",
            b"&#",
            b"99999999999999;",
            b"<",
            b">",
            b'"',
            b"'",
            b"=",
            b"\xff\xfe",
            b"\0",
            b"\xe9",
            b"\xc3\xa9",
            b",",
            b"\n",
            b"<?xml",
        ),
    ]
)


@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join)))
def test_no_bytes_break_a_reader(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    for read in (read_sheets, csv_text.read_text, read_html):
        try:
            for found in read(path, Ask(), LIMITS):
                assert isinstance(found, (Sheet, Problem))
        except Unreadable as error:
            assert error.code.startswith("file-")  # noqa: PT017  what is refused is refused by code
    assert isinstance(encoding.to_utf_8(data)[0].decode(), str)
