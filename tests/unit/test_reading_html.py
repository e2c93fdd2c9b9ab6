"""Web pages with tables, which many programs call `.xls`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from batchport.spreadsheets.html_table import read_html
from batchport.spreadsheets.kinds import Kind, kind_of
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.markup import tags_of
from batchport.spreadsheets.readers import read_sheets
from batchport.spreadsheets.sheet import Ask, Problem, Sheet, Unreadable

LIMITS = Limits()
TABLE = "<table><tr><td>TN<td>City<tr><td>6172340142<td>Montréal</table>"


def found_in(folder: Path, page: str | bytes, limits: Limits = LIMITS) -> list[Sheet | Problem]:
    """What a page gives."""
    path = folder / "numbers.xls"
    path.write_bytes(page if isinstance(page, bytes) else page.encode())
    return list(read_html(path, Ask(), limits))


def rows(sheet: Sheet | Problem) -> list[tuple[int, list[str]]]:
    """The sheet's rows, each with its number."""
    assert isinstance(sheet, Sheet)
    cells = zip(*(column.to_pylist() for column in sheet.cells.columns), strict=True)
    return [(int(number), list(row)) for number, row in zip(sheet.row, cells, strict=True)]


def cell(folder: Path, markup: str) -> str:
    """The text of a cell that is written so."""
    (sheet,) = found_in(folder, f"<table><tr><td>TN</td><td>Notes</td></tr><tr><td>1</td><td>{markup}</td></tr></table>")
    return rows(sheet)[0][1][1]


@pytest.mark.parametrize(
    "page",
    [
        TABLE,
        f"<!DOCTYPE html><html><body>{TABLE}</body></html>",
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">{TABLE}</html>',
        f"\ufeff\n<!-- made by a program -->\n<center>{TABLE}</center>",
        TABLE.upper().replace("MONTRÉAL", "Montréal").replace("CITY", "City"),
        "<table><thead><tr><th>TN</th><th>City</th></tr></thead><tbody><tr><td>6172340142</td><td>Montr&eacute;al</td></tr></tbody></table>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_page_is_known_by_its_content_and_its_table_is_a_sheet(tmp_path: Path, page: str, encoding: str) -> None:
    path = tmp_path / "numbers.xls"
    path.write_bytes(page.removeprefix("\ufeff").encode(encoding) if encoding != "utf-8" else page.encode())
    (sheet,) = read_sheets(path, Ask(), LIMITS)
    assert isinstance(sheet, Sheet)
    assert (sheet.name, sheet.headers, sheet.header_row, sheet.problems) == (None, ("TN", "City"), 1, ())
    assert rows(sheet) == [(2, ["6172340142", "Montréal"])]


def test_text_that_speaks_of_a_table_is_no_page(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("TN,Notes\n6172340142,<table>\n")
    assert kind_of(path) is Kind.TEXT


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("0042", "0042"),
        ("  a \n\t b  ", "a b"),
        ("a<br>b<BR/> c<p>d</p>", "a\nb\nc\nd"),
        ("<b>a</b><i>b</i> <span class='x'>c</span>", "ab c"),
        ("AT&amp;T &lt;b&gt; &#233;&#xe9; &nope; &", "AT&T <b> éé &nope; &"),
        ("a&nbsp;b", "a\u00a0b"),
        ("a<script>if (1 < 2) '</td>'</script>b<style>td{}</style><!-- <td> -->c", "abc"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("<a title='x > y' href=\"?a=1>\">link</a>", "link"),
        ("<a title=O'Brien>it's</a>", "it's"),
        ("<input disabled>x<![if gte mso 9]>y<![endif]>", "xy"),
        ("&#99999999999999999999999999;", "\ufffd"),
    ],
)
def test_a_cell_says_what_the_page_shows(tmp_path: Path, markup: str, text: str) -> None:
    assert cell(tmp_path, markup) == text


def test_cells_that_spread_leave_the_others_in_their_columns(tmp_path: Path) -> None:
    (sheet,) = found_in(
        tmp_path,
        "<table><tr><td colspan=3>Port requests</td></tr><tr></tr><tr><th>TN<th>PIN<th>City</tr>"
        "<tr><td rowspan=2>6172340142<td>1<td rowspan='3'>Boston</tr><tr><td>2</tr><tr><td>6172340143<td>3</tr><tr><td>6172340144<td colspan='2'>4</table>",
    )
    assert isinstance(sheet, Sheet)
    assert (sheet.header_row, sheet.above) == (3, ((1, ("Port requests", "", "")), (3, ("TN", "PIN", "City"))))
    assert rows(sheet) == [(4, ["6172340142", "1", "Boston"]), (5, ["", "2", ""]), (6, ["6172340143", "3", ""]), (7, ["6172340144", "4", ""])]
    assert not sheet.problems


def test_rows_that_do_not_fit_under_the_header_are_ragged_and_kept(tmp_path: Path) -> None:
    (sheet,) = found_in(tmp_path, "<table><tr><td>TN<td>City<tr><td>6172340142<tr><td>6172340143<td>Salem<td>x<td>&nbsp;</table>")
    assert isinstance(sheet, Sheet)
    assert rows(sheet) == [(2, ["6172340142", "", ""]), (3, ["6172340143", "Salem", "x"])]
    assert [(problem.code, problem.row) for problem in sheet.problems] == [("row-ragged", 2), ("row-ragged", 3)]


def test_of_several_tables_the_largest_comes_first_and_each_has_a_name(tmp_path: Path) -> None:
    page = f"<table><tr><td>Menu</table><table><tr><td></table><table><tr><td>Acme<td>{TABLE}<td>Bye</table>"
    sheets = found_in(tmp_path, page)
    assert [sheet.name for sheet in sheets if isinstance(sheet, Sheet)] == ["Table 3", "Table 2", "Table 1"]
    assert rows(sheets[0]) == [(2, ["6172340142", "Montréal"])]
    assert isinstance(sheets[1], Sheet)
    assert sheets[1].headers == ("Acme", "", "Bye")


@pytest.mark.parametrize(
    ("says", "encoding", "assumed"),
    [
        ("<meta charset='utf-8'>", "utf-8", None),
        ("<meta charset=iso-8859-1>", "cp1252", None),
        ('<meta http-equiv=Content-Type content="text/html; charset=windows-1252">', "cp1252", None),
        ("<meta charset=macintosh>", "mac-roman", None),
        ("<meta charset=windows-1252>", "utf-8", None),
        ("<meta charset=utf-8>", "cp1252", "Windows-1252"),
        ("<meta charset=punycode>", "cp1252", "Windows-1252"),
        ("", "cp1252", "Windows-1252"),
        ("", "utf-8", None),
        ("<meta charset=utf-8>", "utf-16-le", "UTF-16"),
    ],
)
def test_a_page_may_say_its_encoding(tmp_path: Path, says: str, encoding: str, assumed: str | None) -> None:
    *problems, sheet = found_in(tmp_path, f"<html>{says}{TABLE}".encode(encoding))
    assert rows(sheet) == [(2, ["6172340142", "Montréal"])]
    assert [problem.detail for problem in problems if isinstance(problem, Problem)] == ([assumed] if assumed else [])


@pytest.mark.parametrize(
    ("page", "code", "words"),
    [
        ("<html><body>Please log in</body></html>", "file-unsupported", "a web page without a table"),
        ("<table><tr>" + "<td>x" * 201, "file-too-large", "201 columns; at most 200"),
        ("<table>" + "<tr><td>x" * 11, "file-too-large", "11 rows; at most 10"),
        ("<table>" * 200_000, "file-too-large", "more than 50 deep"),
        ("<table><td>x</table>" * 2_000, "file-too-large", "more than 1,000 tables"),
        ("<table><td>TN<tr><td>" + "x" * 40_000, "file-too-large", "a cell of more than 32,767 signs"),
    ],
)
def test_a_page_beyond_the_limits_or_without_a_table_is_refused(tmp_path: Path, page: str, code: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        found_in(tmp_path, page, Limits(max_rows=10))
    assert caught.value.code == code
    assert words in caught.value.detail


@pytest.mark.parametrize(
    "piece", ["<a ", "<", "<!--", "<!", "</", "<script>", "<td x='", '<a b=">" ', "<div>", "<td colspan ", "&#", "<a =", "<textarea>"]
)
def test_no_broken_markup_is_looked_at_again_and_again(piece: str) -> None:
    begun = time.process_time()
    count = sum(1 for _ in tags_of("<table><td>" + piece * 200_000 + "x>"))
    assert count <= 400_010
    assert time.process_time() - begun < 20
