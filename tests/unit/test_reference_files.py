"""Reference files that an operator brings in: told by their header, looked through line by line, and used before the packaged ones."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from batchport.data import ReferenceProblem, load_reference, replacement
from batchport.data.tables import packaged
from batchport.domain.reference import UNKNOWN, IdentifierForm

AREA = "npa,country,region,kind\n"
CARRIERS = "name,kind,country,aliases,unlock,min_days,account_form,pin_form,source\n"
STATES = "code,name,country,kind,spellings\n"


def whole(name: str) -> str:
    return resources.files("batchport.data").joinpath(name).read_text("utf-8")


@pytest.mark.parametrize("name", packaged())
def test_every_packaged_file_may_be_brought_in_as_it_is(name: str, tmp_path: Path) -> None:
    found, lines = replacement(whole(name).encode(), "new.csv", tmp_path)
    assert found == name
    assert lines > 0


def test_a_newer_file_goes_before_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "area_codes.csv").write_text(whole("area_codes.csv") + "729,US,TN,geographic\n")
    assert load_reference().area_kind[729] == UNKNOWN
    assert load_reference(tmp_path).area_kind[729] != UNKNOWN
    assert load_reference(tmp_path).carrier_list == load_reference().carrier_list


def test_without_files_of_its_own_an_installation_has_the_packaged_ones(tmp_path: Path) -> None:
    assert load_reference(tmp_path / "nowhere") is load_reference()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AREA + "617,US,MA,geographic\n61,US,MA,geographic\n", "line 3: '61' cannot stand in npa"),
        (AREA + "# a note\n\n617,US,MA\n", "line 4: 3 cells, where the header has 4"),
        (AREA + "617,US,ZZ,geographic\n", "line 2: 'ZZ' is no state or province"),
        (AREA + "617,US,MA,landline\n", "line 2: 'landline' cannot stand in kind"),
        (AREA + "617,US,MA,geographic\n617,US,MA,geographic\n", "line 3: 617 stands in line 2 already"),
        (AREA + "822,,,toll_free\n", "line 2: area code 822 as toll_free needs a newer version"),
        (AREA + "800,US,MA,geographic\n", "line 2: area code 800 as geographic needs a newer version"),
        (AREA + "900,US,MA,geographic\n", "line 2: area code 900 as geographic needs a newer version"),
        (AREA + '617,US,"MA,geographic\n', "line 2: this is not CSV"),
        (AREA, "has no line below its header"),
        ("", "its header is that of no reference file"),
        ("Phone Number,Current Carrier\n617-234-0142,Verizon\n", "its header is that of no reference file"),
        (CARRIERS + "Harbor Telephone,cable,US,,,,,,\n", "line 2: 'cable' cannot stand in kind"),
        (CARRIERS + "Harbor Telephone,wireline,US,HT,,,,,\nHill Telephone,wireline,US,H.T.,,,,,\n", "line 3: 'H.T.' stands for line 2 already"),
        (CARRIERS + "Harbor Telephone,wireline,US,,no,,,,\n", "line 2: 'no' cannot stand in unlock"),
        (CARRIERS + "Harbor Telephone,wireline,US,,,,six,,\n", "line 2: 'six' cannot stand in account_form"),
        (CARRIERS + "Harbor Telephone,wireline,US,,,,,9-4 digits,\n", "line 2: '9-4 digits' cannot stand in pin_form"),
        (STATES + "MA,Massachusetts,US,state,\n", "is no state or province"),
        ("zip3,states\n021,Massachusetts\n", "line 2: 'Massachusetts' cannot stand in states"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_file_and_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ReferenceProblem) as problem:
        replacement(text.encode(), "new.csv", tmp_path)
    assert said in str(problem.value)
    assert str(problem.value).startswith("new.csv" if "no state or province" not in said else "")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReferenceProblem, match="not UTF-8"):
        replacement((CARRIERS + "Vidéotron,wireline,CA,,,,,,\n").encode("cp1252"), "new.csv", tmp_path)


def test_a_byte_order_mark_and_other_line_ends_are_fine(tmp_path: Path) -> None:
    assert replacement(("\ufeff" + AREA + "617,US,MA,geographic\n").replace("\n", "\r\n").encode(), "new.csv", tmp_path) == ("area_codes.csv", 1)


@pytest.mark.parametrize(
    ("text", "words", "good", "bad"),
    [
        ("6 digits", "6 digits", ["620194", "000000"], ["62019", "6201944", "62019A", ""]),
        ("6-10 digits", "6 to 10 digits", ["123456", "1234567890"], ["12345", "12345678901"]),
        ("3 letters and digits", "3 letters and digits", ["A1b", "123"], ["A1", "A-1"]),
    ],
)
def test_a_form_says_what_an_identifier_looks_like(text: str, words: str, good: list[str], bad: list[str]) -> None:
    import re

    form = IdentifierForm.parse(text)
    assert str(form) == words
    assert [re.fullmatch(form.pattern, each) is not None for each in good + bad] == [True] * len(good) + [False] * len(bad)
