"""The text of a cell is what a spreadsheet program shows: LibreOffice is the judge, where it is installed.

Left out is what the renderer does not claim: fractions (`# ?/?`), dates whose order a locale decides (the built-in format 14 and its like), filling
to a column's width (`* `), and where Excel itself shows another thing than LibreOffice: General beyond eleven digits and below 0.0001, dates before March 1900,
a digit from 1 to 9 or a second point without a mark before it. Blanks at the ends of a cell, which nobody sees, are left out.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import xlsxwriter

from tests.conftest import batchport
from tests.corpus.cases import stripped
from tests.corpus.parts import unzipped

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_libreoffice = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice is not installed: nothing to compare with")

TN, SHORT, LONG, ZIP, PIN = 6172340142, 2340142, 123456789012345, 2129, 42
DATE, TIME = 46097, 46097.5625
#: Formats, each with the values that are shown in it.
FORMATS: tuple[tuple[str, tuple[float | str, ...]], ...] = (
    ("General", (0, 7, PIN, -3, TN, 0.5, 12.25, 16172340142, "0042", 1234567.891)),
    ("0", (0, PIN, TN, 0.5, 1.5, 2.5, -3, 12345678901)), ("00", (7, PIN, 123)), ("000", (0, 7, 1234)), ("0000", (0, 7, PIN, 4821, 12345, -7)), ("00000", (ZIP, 0, 123456)), ("000000", (PIN, 7310)),
    ("0000000000", (TN, SHORT)), ("00000-0000", (21291234, ZIP)), ("00000\\-0000", (21291234, 123456789)), ("00000 0000", (21291234,)), ("[<=99999]00000;00000-0000", (ZIP, 21291234)),
    ("[<=99999]00000;00000\\-0000", (ZIP, 21291234)), ("(000) 000-0000", (TN, SHORT)), ("\\(000\\) 000\\-0000", (TN,)), ("[<=9999999]###-####;(###) ###-####", (TN, SHORT)),
    ("[<=9999999]###\\-####;\\(###\\)\\ ###\\-####", (TN, SHORT)), ("000-000-0000", (TN,)), ("000\\-000\\-0000", (TN,)), ("000\\.000\\.0000", (TN,)), ("###-###-####", (TN, SHORT)),
    ("### ### ####", (TN,)), ('"+1 "000"-"000"-"0000', (TN,)), ("\\+0", (16172340142,)), ("0-000-000-0000", (16172340142,)),
    ("000-00-0000", (12345678, 123456789)), ("000\\-00\\-0000", (12345678,)), ('0"-A"', (PIN, 0)), ('"BX"000000', (4217,)), ('"Acct "0', (80144217,)), ("\\B0000", (PIN,)), ("0_-0", (PIN,)),
    ("000000;-000000;0;@", (PIN, -7, 0, "x7")), ('0;-0;"none"', (5, -5, 0)), ('0;"minus "0', (5, -5)), ("0;;", (5, -5, 0)), (";;;", (5, -5, 0, "text")), ("@", (PIN, "0042", TN)), ('"ref "@', ("0042",)),
    ('0;0;0;"["@"]"', ("0042", -5)), ("[Red]0000", (PIN,)), ("[Blue]000000;[Red]-000000", (PIN, -7)), ("[Color3]00", (7,)), ("[>=100]0;[<0]-0;00", (100, 7, -7)), ('[=0]"-";0', (0, 5)), ('[<>0]0;"zero"', (0, 5)),
    ("#", (PIN, 0)), ("##", (PIN, 123)), ("####", (PIN, 0)), ("#-####", (SHORT, PIN)), ("?0", (7, PIN)), ("???0", (7, 4821)), ("0.0", (PIN, 0.25, 0.35, 1.05)), ("0.00", (PIN, 0.005, 1.005, 2.675)),
    ("0.0#", (PIN, 12.25, 12.256)), ("0.###", (PIN, 0.5)), ("#.##", (0.5, PIN)), (".00", (0.5,)), ("0.0?", (1.5, 1.25)), ("#,##0", (TN, 999, 0)), ("#,##0.00", (1234567.891, -1234.5)), ("#,##0;(#,##0)", (1234, -1234)),
    ("#,##0_);(#,##0)", (1234, -1234)), ("0,", (1234567, 499)), ('0.0,,"M"', (TN,)), ("$#,##0.00", (45, -45)), ("\\$0.00", (45,)), ("[$$-409]#,##0.00", (1234.5,)), ("[$USD] 0.00", (45,)),
    ("0%", (0.5, 1, 0.005)), ("0.00%", (0.1234,)), ("#%", (0.5,)), ("0.00E+00", (TN, 0.00012, 0, -5)), ("0E+0", (TN,)), ("0.0E-0", (TN, 0.0012)), ("##0.0E+0", (TN, 12345)),
    ("yyyy-mm-dd", (DATE,)), ("yyyy\\-mm\\-dd", (DATE,)), ("mm/dd/yyyy", (DATE, 61)), ("m/d/yy", (DATE,)), ("dd.mm.yyyy", (DATE,)), ("d-mmm-yy", (DATE,)), ("dd-mmm-yyyy", (DATE,)), ("d mmmm yyyy", (DATE,)),
    ("mmm d, yyyy", (DATE,)), ("mmmm yyyy", (DATE,)), ("ddd", (DATE,)), ("dddd, mmmm d", (DATE,)), ("yyyymmdd", (DATE,)), ("yyyy-mm-dd hh:mm", (TIME,)), ("yyyy-mm-dd hh:mm:ss", (TIME,)), ("hh:mm", (TIME, 0.25)),
    ("h:mm AM/PM", (TIME, 0.25, 0)), ("mm:ss", (0.01,)), ("[h]:mm", (1.5,)), ("h:mm:ss.0", (0.0100001,)),
)  # fmt: skip


def workbook() -> bytes:
    """Each value in its format, below one another; beside it the format's number."""
    target = io.BytesIO()
    made = xlsxwriter.Workbook(target, {"in_memory": True})
    made.set_properties({"created": dt.datetime(2026, 3, 2)})
    sheet = made.add_worksheet("Numbers")
    sheet.write_row(0, 0, ("Notes", "Phone Number"))
    # A column too narrow shows ### on a screen; the text is what it is.
    sheet.set_column(0, 1, 60)
    number = 1
    for at, (code, values) in enumerate(FORMATS):
        style = made.add_format({"num_format": code})
        for value in values:
            sheet.write_string(number, 0, f"format {at}")
            (sheet.write_string if isinstance(value, str) else sheet.write_number)(number, 1, value, style)
            number += 1
    made.close()
    return target.getvalue()


def by_libreoffice(path: Path, folder: Path, kind: str, options: str = "") -> Path:
    """A file, converted."""
    assert SOFFICE
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    subprocess.run(
        [SOFFICE, profile, "--headless", "--norestore", "--convert-to", kind + options, "--outdir", str(folder / "out"), str(path)],
        capture_output=True, check=True, timeout=180, env={**os.environ, "LC_ALL": "C", "HOME": str(folder)},
    )  # fmt: skip
    return folder / "out" / f"{path.stem}.{kind}"


def judged(path: Path, folder: Path) -> list[list[str]]:
    """The sheet's cells as LibreOffice shows them."""
    return cells(by_libreoffice(path, folder, "csv", ":Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false,true").read_text("utf-8-sig"))


def cells(text: str) -> list[list[str]]:
    """Cells of separated text."""
    return [stripped([cell.strip() for cell in line]) for line in csv.reader(io.StringIO(text, newline=""))]


def read(path: Path) -> list[list[str]]:
    """The sheet's cells as `batchport read` shows them."""
    done = batchport("read", path, "--format", "csv")
    assert done.exit == 0, done.err
    return cells(done.out)


def differing(found: list[list[str]], wanted: list[list[str]]) -> list[str]:
    """The cells that differ, each with its format and value."""
    described = ["header", *(f"{value!r} in {code}" for code, values in FORMATS for value in values)]
    assert len(found) == len(wanted), (len(found), len(wanted))
    return [f"{what}: {one[1:]}, not {other[1:]}" for what, one, other in zip(described, found, wanted, strict=True) if one != other]


def test_there_are_many_formats() -> None:
    assert len({code for code, _ in FORMATS}) == len(FORMATS) >= 60
    assert unzipped(workbook()) == unzipped(workbook())


@needs_libreoffice
def test_every_cell_of_a_workbook_is_shown_as_libreoffice_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "formats.xlsx"
    path.write_bytes(workbook())
    problems = differing(read(path), judged(path, tmp_path))
    assert not problems, f"{len(problems)} cells\n" + "\n".join(problems)


@needs_libreoffice
@pytest.mark.parametrize("kind", ["ods", "xls", "xlsx"])
def test_every_cell_of_a_workbook_that_libreoffice_wrote_is_shown_so_too(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "source.xlsx"
    source.write_bytes(workbook())
    path = by_libreoffice(source, tmp_path / "first", kind)
    problems = differing(read(path), judged(path, tmp_path))
    assert not problems, f"{len(problems)} cells\n" + "\n".join(problems)
