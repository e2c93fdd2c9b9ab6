"""Text files as customers send them: any separator, any usual encoding, titles above the table, and quotation marks gone wrong."""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchport.spreadsheets.csv_text import read_exactly
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.read import read_file
from batchport.spreadsheets.records import SWALLOWS, UNCLOSED
from batchport.spreadsheets.sheet import Ask, Reading, Sheet, Unreadable

LIMITS = Limits()


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with ReaderPool(LIMITS) as reader:
        yield reader


@pytest.fixture
def read(tmp_path: Path, pool: ReaderPool) -> Reader:
    return Reader(tmp_path / "sheet.xls", pool)


class Reader:
    """Reads a text as a file."""

    def __init__(self, path: Path, pool: ReaderPool) -> None:
        self.path = path
        self.pool = pool

    def __call__(self, text: str | bytes, saved: dict[str, str] | None = None) -> Reading:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_file(self.path, LIMITS, pool=self.pool, saved=saved)

    def sheet(self, text: str | bytes, saved: dict[str, str] | None = None) -> Sheet:
        """The one sheet of it."""
        (sheet,) = self(text, saved).sheets
        return sheet

    def refusal(self, text: str | bytes) -> Unreadable:
        """Why it is not read."""
        with pytest.raises(Unreadable) as caught:
            self(text)
        return caught.value


def rows(sheet: Sheet) -> list[tuple[int, list[str]]]:
    """The sheet's rows, each with its number."""
    cells = zip(*(column.to_pylist() for column in sheet.cells.columns), strict=True)
    return [(int(number), list(row)) for number, row in zip(sheet.row, cells, strict=True)]


def ragged(sheet: Sheet) -> list[tuple[int | None, str]]:
    """The rows that are ragged, and why."""
    assert {problem.code for problem in sheet.problems} <= {"row-ragged"}
    return [(problem.row, problem.detail) for problem in sheet.problems]


# Separators


@pytest.mark.parametrize(
    "text",
    [
        "TN;City\n6172340142;Boston\n",
        "TN\tCity\n6172340142\tBoston\n",
        "TN|City\n6172340142|Boston\n",
        "TN,City\n6172340142,Boston\n",
        '"TN";"City"\n"6172340142";"Boston"\n',
        "sep=;\nTN;City\n6172340142;Boston\n",
        "SEP=^\r\nTN^City\r\n6172340142^Boston\r\n",
        '"sep=\t"\nTN\tCity\n6172340142\tBoston\n',
        "\ufeffsep=,\nTN,City\n6172340142,Boston\n",
    ],
)
def test_what_separates_the_cells_is_told_from_the_content(read: Reader, text: str) -> None:
    sheet = read.sheet(text)
    assert sheet.headers == ("TN", "City")
    assert [row for _, row in rows(sheet)] == [["6172340142", "Boston"]]
    assert not sheet.problems


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("TN;Amount\n6172340142;1,5\n6172340143;2,75\n", ["6172340142", "1,5"]),
        ("TN;Address\n6172340142;1 Main St, Apt 5, Boston\n", ["6172340142", "1 Main St, Apt 5, Boston"]),
        ("Rufnummer;Adresse\n6172340142;1 Main St, Apt 5, Boston\n", ["6172340142", "1 Main St, Apt 5, Boston"]),
        ("TN\tName\n6172340142\tDoe, Jane\n6172340143\tDoe, John\n", ["6172340142", "Doe, Jane"]),
        ('TN,Notes\n6172340142,"a;b;c"\n6172340143,"a|b|c"\n', ["6172340142", "a;b;c"]),
        ("Numbers, please, of Acme, Inc.\nTN;City\n6172340142;Boston\n", ["6172340142", "Boston"]),
    ],
)
def test_signs_within_cells_separate_nothing(read: Reader, text: str, row: list[str]) -> None:
    sheet = read.sheet(text)
    assert rows(sheet)[0][1] == row
    assert not sheet.problems


def test_a_confirmed_mapping_tells_what_separates_the_cells(read: Reader) -> None:
    text = "Rufnummer;Ort, Land, Welt\n6172340142;Boston, US, Erde\n"
    assert read.sheet(text, {"Rufnummer": "tn", "Ort, Land, Welt": "city"}).headers == ("Rufnummer", "Ort, Land, Welt")


def test_a_list_of_numbers_needs_no_separator(read: Reader) -> None:
    assert rows(read.sheet("Phone Number\n617-234-0142\n617-234-0143\n")) == [(2, ["617-234-0142"]), (3, ["617-234-0143"])]


def test_a_line_that_says_what_separates_is_no_row_as_in_excel(read: Reader) -> None:
    sheet = read.sheet("sep=;\nTN;City\n6172340142;Boston\n6172340143\n")
    assert (sheet.header_row, sheet.above) == (1, ((1, ("TN", "City")),))
    assert [number for number, _ in rows(sheet)] == [2, 3]
    assert ragged(sheet) == [(3, "1 cell, but the header has 2")]


# Encodings


@pytest.mark.parametrize(
    ("encoded", "assumed"),
    [
        (lambda text: text.encode(), None),
        (lambda text: codecs.BOM_UTF8 + text.encode(), None),
        (lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"), None),
        (lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"), None),
        (lambda text: text.encode("utf-16-le"), "UTF-16"),
        (lambda text: text.encode("utf-16-be"), "UTF-16"),
        (lambda text: text.encode("cp1252"), "Windows-1252"),
    ],
)
@pytest.mark.parametrize("text", ["TN,Name\n6172340142,Café Zoë\n", "TN\tName\r\n6172340142\tCafé Zoë\r\n\r\n6172340143\n"])
def test_letters_are_read_in_every_usual_encoding_and_it_is_said_when_it_was_assumed(
    read: Reader, encoded: object, assumed: str | None, text: str
) -> None:
    reading = read(encoded(text))  # type: ignore[operator]
    assert rows(reading.sheets[0])[0] == (2, ["6172340142", "Café Zoë"])
    assert [(problem.code, problem.detail) for problem in reading.problems] == ([("encoding-assumed", assumed)] if assumed else [])


def test_nuls_stay_in_their_cells_and_no_row_is_made_of_them_alone(read: Reader) -> None:
    sheet = read.sheet(b"TN,City,Name,Notes\n6172340142,Bos\0ton,Jane Doe,x\n\0,\0\n6172340143,Salem,Jane Doe,x\n\0\0\0\0\0\0\0\0\0\0\0\0\0\x1a")
    assert rows(sheet) == [(2, ["6172340142", "Bos\0ton", "Jane Doe", "x"]), (4, ["6172340143", "Salem", "Jane Doe", "x"])]
    assert not sheet.problems


# What stands above the table


def test_titles_stand_above_the_table_and_are_kept(read: Reader) -> None:
    sheet = read.sheet('Port requests\n\n"Acme, Inc.",,please\nTN,City,State\n6172340142,Boston,MA\n')
    assert (sheet.headers, sheet.header_row) == (("TN", "City", "State"), 4)
    assert sheet.above == ((1, ("Port requests",)), (3, ("Acme, Inc.", "", "please")), (4, ("TN", "City", "State")))
    assert rows(sheet) == [(5, ["6172340142", "Boston", "MA"])]


def test_a_header_of_two_lines_is_one(read: Reader) -> None:
    sheet = read.sheet("Billing,,Service\nAccount Number,TN,City\n12345,6172340142,Boston\n")
    assert (sheet.headers, sheet.header_row) == (("Account Number", "TN", "City"), 2)
    assert sheet.above == ((1, ("Billing", "", "Service")), (2, ("Account Number", "TN", "City")))
    assert rows(sheet) == [(3, ["12345", "6172340142", "Boston"])]


def test_row_numbers_below_a_title_are_exact_in_a_large_file(read: Reader) -> None:
    lines = [f"617{2340000 + n:07d};Boston" for n in range(40_000)]
    sheet = read.sheet("\r\n".join(["Numbers", "", "TN;City", *lines]))
    assert (int(sheet.row[0]), int(sheet.row[-1])) == (4, 40_003)
    lines[20_000] = "6172340142;Boston;stray"
    sheet = read.sheet("\r\n".join(["Numbers", "", "TN;City", *lines]))
    assert ragged(sheet) == [(20_004, "3 cells, but the header has 2")]
    assert rows(sheet)[20_000] == (20_004, ["6172340142", "Boston", "stray"])
    assert rows(sheet)[-1] == (40_003, ["6172379999", "Boston", ""])


# Rows that do not fit


def test_cells_beyond_the_header_are_kept_up_to_the_limits(read: Reader) -> None:
    sheet = read.sheet("TN,City\n6172340142,Boston" + ",x" * 1000 + "\n6172340143,Salem\n")
    assert (len(sheet.headers), sheet.headers[2:]) == (200, ("",) * 198)
    assert rows(sheet)[0][1] == ["6172340142", "Boston", *["x"] * 198]
    assert ragged(sheet) == [(2, "1002 cells, but the header has 2")]


def test_blank_cells_between_header_and_stray_cell_are_kept_in_place(read: Reader) -> None:
    assert rows(read.sheet("TN,City\n6172340142,Boston,,x,,\n"))[0][1] == ["6172340142", "Boston", "", "x"]


# Quotation marks


def test_two_stray_quotation_marks_do_not_hide_the_rows_between_them(read: Reader) -> None:
    sheet = read.sheet('TN,City\n6172340142,"Boston\n6172340143,Salem\n6172340144,Lynn"\n6172340145,Quincy\n')
    assert [number for number, _ in rows(sheet)] == [2, 3, 4, 5]
    assert ragged(sheet) == [(2, SWALLOWS)]


@pytest.mark.parametrize(
    "cell",
    ["call first,\nplease", "6172340143\n6172340144", "617-234-0143, desk\n617-234-0144, hall", "one\rtwo\r\nthree\n", 'he said ""yes""\nand left'],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_cell_with_line_breaks_is_one_cell(read: Reader, cell: str, separator: str) -> None:
    sheet = read.sheet(f'TN,City,Notes\n6172340142,Boston,"{cell}"\n6172340145,Quincy,\n'.replace(",", separator))
    said = cell.replace(",", separator).replace('""', '"')
    assert rows(sheet) == [(2, ["6172340142", "Boston", said]), (3, ["6172340145", "Quincy", ""])]
    assert not sheet.problems


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_unclosed_quotation_marks_here_and_there_spoil_their_own_rows_only(read: Reader, separator: str) -> None:
    lines = [f"617{2340000 + n:07d},Boston,MA" for n in range(100)]
    lines[10] = '6172340142,"Boston,MA'
    lines[50] = '6172340143,"Salem\n(North)",MA'
    lines[90] = '6172340144,Lynn,"MA'
    sheet = read.sheet("\n".join(["TN,City,State", *lines]).replace(",", separator))
    assert len(sheet.row) == 100
    assert ragged(sheet) == [(12, UNCLOSED), (92, UNCLOSED)]
    assert rows(sheet)[50] == (52, ["6172340143", "Salem\n(North)", "MA"])


# Hostile texts


@pytest.mark.parametrize("line", ['"a', 'x"y,"z', 'x",y,"z', '"""', '"', ',"","'])
def test_a_file_of_open_quotation_marks_is_read_in_one_go(line: str) -> None:
    begun = time.process_time()
    sheet = read_exactly(("TN,City,x\n" + f"{line}\n" * 30_000 + "6172340142,Boston,y\n").encode(), Ask(), LIMITS)
    assert rows(sheet)[-1][1] == ["6172340142", "Boston", "y"]
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"x" * 5_000_000, "file-too-large"),
        (b"TN,City\n" + b'"' * 1_000_000, "file-too-large"),
        (b"TN" + b",City" * 100_000 + b"\n6172340142\n", "file-too-large"),
        (b"(" * 100_000 + b",City\n1,2\n", "file-too-large"),
        (b"TN,City\n" + b"," * 5_000_000, "file-empty"),
    ],
)
def test_texts_that_are_no_sheets_are_refused_soon(read: Reader, text: bytes, code: str) -> None:
    assert read.refusal(text).code == code
