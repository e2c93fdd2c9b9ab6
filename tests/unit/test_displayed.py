"""What a cell shows in a number format, as spreadsheet programs show it."""

from __future__ import annotations

import html
import math
import re
import shutil
import subprocess
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batchport.spreadsheets.displayed import NumberFormat, general, identifier, iso, moment_of, number_format, serial

TELEPHONE = "[<=9999999]###-####;(###) ###-####"
ACCOUNTING = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'

#: Format, number, text: what Excel and LibreOffice show alike.
SHOWN: list[tuple[str, float, str]] = [
    # general
    ("General", 0, "0"), ("General", 6172340142, "6172340142"), ("General", -7, "-7"), ("General", 1.5, "1.5"), ("General", 0.1 + 0.2, "0.3"),
    ("General", 123456789012345, "123456789012345"), ("General", 0.0001, "0.0001"), ('General" x"', 5, "5 x"), ("@", 6172340142, "6172340142"),
    # identifiers
    ("0000", 42, "0042"), ("0000", 0, "0000"), ("0000", 12345, "12345"), ("0000", -42, "-0042"), ("0000", 0.4, "0000"), ("0000", 41.6, "0042"),
    ("00000", 2134, "02134"), ("00000", 94107, "94107"), ("00000-0000", 21341234, "02134-1234"), ("00000\\-0000", 123, "00000-0123"),
    (TELEPHONE, 5552671, "555-2671"), (TELEPHONE, 4155552671, "(415) 555-2671"), (TELEPHONE, 14155552671, "(1415) 555-2671"), (TELEPHONE, 0, "-"),
    ("(###) ###-####", 4155552671, "(415) 555-2671"), ("(###) ###-####", 5552671, "() 555-2671"), ("###-##-####", 123456789, "123-45-6789"),
    ("000\\-00\\-0000", 1234, "000-00-1234"), ("000-000-0000", 6172340142, "617-234-0142"), ("0000000000", 42, "0000000042"),
    ("### ### ####", 6172340142, "617 234 0142"), ('"+1"0000000000', 6172340142, "+16172340142"), ('"PIN: "####', 42, "PIN: 42"), ('00":"00', 930, "09:30"),
    ('"0"0', 5, "05"), ('0"."0', 42, "4.2"), ("0-0", 42, "4-2"), ("\\(0\\)", 5, "(5)"), ("\\+0", 5, "+5"), ('0000" x"', 42, "0042 x"),
    # places
    ("#", 0, ""), ("#", 5, "5"), ("#", 0.4, ""), ("##", 7, "7"), ("#0#", 5, "05"), ("???", 5, "  5"), ("0?", 5, "05"), ("0.??", 5.1, "5.1 "),
    ("0.0#", 5, "5.0"), ("0.##", 5.126, "5.13"), ("#.##", 0.5, ".5"), ("0000.0", 1.25, "0001.3"),
    # thousands, decimals, percent, powers
    ("#,##0", 0, "0"), ("#,##0", 999, "999"), ("#,##0", 1234567, "1,234,567"), ("#,##0", -1234567, "-1,234,567"), ("#,###", 0, ""), ("0,000", 5, "0,005"),
    ("#,##0.00", 1234.5, "1,234.50"), ("0.00", 1.005, "1.01"), ("0.00", 2.675, "2.68"), ("0.00", -1.5, "-1.50"), ("0.00", -0.001, "0.00"),
    ("0%", 0.5, "50%"), ("0%", 1.234, "123%"), ("0.00%", 0.12345, "12.35%"), ("0.00E+00", 6172340142, "6.17E+09"), ("0.00E+00", 0.000123, "1.23E-04"),
    ("0.00E+00", 0, "0.00E+00"), ("0.00E+00", -55, "-5.50E+01"), ("0E+0", 12345, "1E+4"), ("##0.0E+0", 12345, "12.3E+3"), ("##0.0E+0", 1234567, "1.2E+6"),
    ("0.00E-00", 1234, "1.23E03"), ("0,", 1234567, "1235"), ("0.0,,", 1234567, "1.2"), ('#,##0,"K"', 1234567, "1,235K"), ("0.00,", 12345, "12.35"),
    # sections
    ("0;(0)", 5, "5"), ("0;(0)", -5, "(5)"), ("#,##0.00_);(#,##0.00)", 5, "5.00 "), ("#,##0.00_);(#,##0.00)", -5, "(5.00)"), ("0;;", -5, ""), ("0;;", 0, ""),
    (";;;", 5, ""), ('0;(0);"zero";@', 0, "zero"), ("0000;-0000;0000", -42, "-0042"), ('[=1]"one";[=2]"two";0', 1, "one"), ('[=1]"one";[=2]"two";0', 3, "3"),
    ('[>100]"big "0;[<0]"neg "0;"mid "0', 200, "big 200"), ('[>100]"big "0;[<0]"neg "0;"mid "0', -5, "neg 5"), ('[>100]"big "0;[<0]"neg "0;"mid "0', 50, "mid 50"),
    ("[<100]0.0;0", 5, "5.0"), ("[<100]0.0;0", 500, "500"), ('[>5]0;"low"', 1, "low"), ("[Red]0000", 7, "0007"), ("#,##0;[Red]-#,##0", -5, "-5"),
    ("[$€-407] 0.00", 5, "€ 5.00"), ("[$$-409]#,##0.00", 5, "$5.00"), (ACCOUNTING, 5, " $5.00 "), (ACCOUNTING, -5, " $(5.00)"), (ACCOUNTING, 0, " $-   "),
    # dates and times
    ("yyyy-mm-dd", 45000, "2023-03-15"), ("m/d/yy", 45000.5, "3/15/23"), ("mm/dd/yyyy", 45000, "03/15/2023"), ("d-mmm-yy", 45000, "15-Mar-23"),
    ("[$-409]d-mmm", 45000, "15-Mar"), ("dddd, mmmm d, yyyy", 45000, "Wednesday, March 15, 2023"), ("ddd mmmmm", 45000, "Wed M"), ("yyyymmdd", 45000, "20230315"),
    ("d.m.yyyy", 45000, "15.3.2023"), ('yyyy"y"m"m"', 45000, "2023y3m"), ("h:mm", 0.5, "12:00"), ("h:mm AM/PM", 0, "12:00 AM"), ("h:mm AM/PM", 0.75, "6:00 PM"),
    ("m/d/yyyy h:mm", 45000.25, "3/15/2023 6:00"), ("hh:mm:ss", 0.25, "06:00:00"), ("mm:ss", 0.01, "14:24"), ("mm:ss.0", 0.01, "14:24.0"), ("[h]:mm", 1.5, "36:00"),
    ("[mm]:ss", 0.1, "144:00"), ("[s]", 0.01, "864"), ("h \"o'clock\"", 0.5, "12 o'clock"),
]  # fmt: skip

#: What Excel shows and LibreOffice does otherwise.
SHOWN_BY_EXCEL: list[tuple[str, float, str]] = [
    ("+1 (000) 000-0000", 6172340142, "+1 (617) 234-0142"), ("hh:mm:ss", 0.123456, "02:57:47"), ("h:mm:ss A/P", 0.75, "6:00:00 P"),
    ("General", 1e20, "1E+20"), ("yyyy-mm-dd", 1, "1900-01-01"), ("yyyy-mm-dd", 60, "1900-02-29"), ("yyyy-mm-dd", 61, "1900-03-01"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "value", "text"), [*SHOWN, *SHOWN_BY_EXCEL])
def test_a_number_shows_as_its_format_writes_it(code: str, value: float, text: str) -> None:
    assert number_format(code).number(value) == text


@pytest.mark.parametrize(("code", "value", "text"), [
    ("# ?/?", 0.5, "0.5"), ("# ??/??", 2, "2"), ("[>5]0", 1, "1"), ("yyyy", 1e9, "1000000000"), ("", 5, ""), ("0", math.inf, "inf"), ("0", math.nan, "nan"),
])  # fmt: skip
def test_what_a_format_cannot_write_shows_in_the_general_format(code: str, value: float, text: str) -> None:
    assert number_format(code).number(value) == text


@pytest.mark.parametrize(("code", "text"), [("@", "a"), ("0000", "a"), ('"Acct "@', "Acct a"), ('0;-0;0;"["@"]"', "[a]"), (";;;", ""), ('0;"x"@', "xa"), ("0;(0)", "a")])
def test_a_text_shows_as_the_section_for_texts_writes_it(code: str, text: str) -> None:
    assert number_format(code).text("a") == text


@pytest.mark.parametrize(("code", "value", "text"), [
    ("0000", 42, "0042"), (TELEPHONE, 4155552671, "(415) 555-2671"), ("#,##0", 1234567, "1,234,567"), ("0.00E+00", 6172340142, "6172340142"),
    ("0,", 6172340142, "6172340142"), (";;;", 42, "42"), ("0%", 42, "4200%"), ("General", 123456789012345, "123456789012345"), ('"+1"0', 6172340142, "+16172340142"),
])  # fmt: skip
def test_an_identifier_keeps_all_its_digits(code: str, value: float, text: str) -> None:
    assert identifier(value, number_format(code)) == text


PIECES = st.sampled_from([
    *'0#?.,%@;/ -()[]"\\_*$EeyYmMdDhHsSaApP<>=19é', "General", "AM/PM", "A/P", "E+", "[h]", "[ss]", "[>5]", "[<=-1.5]", "[Red]", "[$-409]", "[$€-2]", '"x"', "0.0",
    "yyyy", "mmmmm", ".00", "[DBNum1]",
])  # fmt: skip


@settings(deadline=None, max_examples=500, derandomize=True)
@given(st.lists(PIECES, max_size=12).map("".join), st.floats())
@example("%", 0.5)
@example("E+", 5.0)
@example("[h", 1.0)
@example("0" * 300, 1e300)
def test_any_format_writes_any_number_and_any_text(code: str, value: float) -> None:
    form = NumberFormat(code)
    assert isinstance(form.number(value), str)
    assert isinstance(form.text("a"), str)
    if math.isfinite(value):
        assert isinstance(identifier(value, form), str)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.text(max_size=30), st.integers(0, 10**15 - 1))
@example("010", 20)
@example('0"1"0', 20)
def test_an_identifier_in_any_format_has_its_digits_in_their_order(code: str, value: int) -> None:
    assert str(value) in re.sub(r"[^0-9]", "", identifier(float(value), NumberFormat(code)))


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.integers(1, 10**15 - 1), st.integers(1, 15), st.sampled_from(["-", " ", "\\.", '"x"', ""]), st.sampled_from("0#?"))
def test_the_short_way_for_whole_numbers_is_the_long_one(value: int, places: int, between: str, place: str) -> None:
    code = between.join(place * places)
    assert number_format(code).number(value) + "." == number_format(code + ".").number(value)


def test_dates_become_numbers_and_numbers_dates() -> None:
    for moment in (date(1900, 1, 1), date(1900, 3, 1), datetime(2023, 3, 15, 6, 30, 15), datetime(9999, 12, 31)):
        back = moment_of(serial(moment))
        assert back == (moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day))
    assert moment_of(serial(time(13, 30, 1))) == time(13, 30, 1)
    assert serial(timedelta(hours=36)) == 1.5
    assert iso(timedelta(hours=36)) == "36:00:00"


@pytest.mark.parametrize(("value", "text"), [(6172340142, "6172340142"), (1e15, "1000000000000000"), (12345678901234567, "12345678901234600"), (1e-7, "0.0000001"), (1e-12, "1E-12"), (-2.5e30, "-2.5E+30")])
def test_the_general_format_has_every_digit_that_is_kept(value: float, text: str) -> None:
    assert general(value) == text


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_shows_the_same(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "shown.xlsx") as book:
        sheet = book.add_worksheet()
        for row, (code, value, _) in enumerate(SHOWN):
            sheet.write_number(row, 0, value, book.add_format({"num_format": code}))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), str(tmp_path / "shown.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    content = (tmp_path / "shown.fods").read_text("utf-8")
    content = content[content.index("<office:spreadsheet") :]
    found = []
    for row in re.findall(r"<table:table-row[^>]*?(?:/>|>.*?</table:table-row>)", content, re.DOTALL)[: len(SHOWN)]:
        text = re.search(r"<text:p>(.*?)</text:p>", row, re.DOTALL)
        spaces = re.sub(r'<text:s(?: text:c="(\d+)")?/>', lambda blank: " " * int(blank[1] or 1), text[1] if text else "")
        repeated = re.match(r'<table:table-row[^>]*number-rows-repeated="(\d+)"', row)
        found += [html.unescape(spaces)] * (int(repeated[1]) if repeated else 1)
    assert [(code, value, text) for (code, value, _), text in zip(SHOWN, found, strict=False)] == SHOWN
