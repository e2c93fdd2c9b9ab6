"""`read`: a file as it is seen, before any rule."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import xlsxwriter

from tests.conftest import LOCAL, batchport, sheet


def test_every_row_of_a_text_file_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("TN,PIN,Notes\n617-234-0142,0042,\n\n6172340143,007,x\n", "utf-8")
    done = batchport("read", path, "--format", "json")
    assert done.exit == 0
    assert [(line["sheet"], line["hidden"], line["row"], line["cells"]) for line in done.lines] == [
        (None, False, 1, ["TN", "PIN", "Notes"]), (None, False, 2, ["617-234-0142", "0042", ""]), (None, False, 3, ["", "", ""]),
        (None, False, 4, ["6172340143", "007", "x"]),
    ]  # fmt: skip


def test_csv_is_the_cells_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = sheet(LOCAL)
    path.write_text(text, "utf-8")
    assert list(csv.reader(io.StringIO(batchport("read", path, "--format", "csv").out))) == list(csv.reader(io.StringIO(text)))


def test_hidden_sheets_are_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        shown, hidden = book.add_worksheet("Numbers"), book.add_worksheet("Old")
        hidden.hide()
        shown.write_row(1, 1, ["TN"])
        shown.write_row(2, 1, ["6172340142"])
        hidden.write_row(0, 0, ["a note"])
    lines = batchport("read", path, "--format", "json").lines
    assert [(line["sheet"], line["hidden"], line["row"], line["cells"], line["header"]) for line in lines] == [
        ("Numbers", False, 1, ["", ""], False), ("Numbers", False, 2, ["", "TN"], True), ("Numbers", False, 3, ["", "6172340142"], False),
        ("Old", True, 1, ["a note"], True),
    ]  # fmt: skip


def test_people_are_told_where_the_table_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\nTN,City\n" + "".join(f"617234{n:04d},Boston\n" for n in range(30)), "utf-8")
    out = batchport("read", path).out
    assert "the header is row 2, 30 rows below it say something" in out
    assert "6172340000" in out
    assert "... and 10 more rows" in out


def test_what_cannot_be_read_is_told_in_the_catalogues_words(tmp_path: Path) -> None:
    for name, content, words in (("a.pdf", b"%PDF-1.7", "a PDF"), ("b.csv", b"\n\n", "no row"), ("c.xlsx", b"PK\x03\x04 cut", "cannot be read")):
        (tmp_path / name).write_bytes(content)
        done = batchport("read", tmp_path / name)
        assert (done.exit, done.out) == (2, "")
        assert name in done.err
        assert words in done.err
    assert batchport("read", tmp_path).exit == 2
    assert batchport("read", tmp_path / "none.csv").exit == 2
