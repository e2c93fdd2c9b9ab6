"""Every code of the catalogue: its smallest sheet provokes it and no other error or warning, its neighbour does not, and its words are to the letter.

`BATCHPORT_REGENERATE=1 pytest tests/unit/test_cases.py` writes tests/golden/words/ anew, in English (CODE.txt) and in French (CODE.fr.txt); read the
difference before it is kept.
"""

from __future__ import annotations

import csv
import difflib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml

from batchport.domain.cases import AT, NIGHTS, Case, bases, case_of, near_of, pdf, sheet_of
from batchport.domain.fields import BY_NAME
from batchport.domain.findings import Rule, catalogue
from batchport.pipeline import telling, wording
from batchport.pipeline.assess import FileFinding
from batchport.pipeline.wording import Words, file_words
from tests.conftest import Home, batchport, ordered_pons, settled, text_of
from tests.corpus.parts import X, book
from tests.french import english_in
from tests.made import MADE

CODES = list(catalogue())
#: Nobody can see it in a check: such a file is not looked into.
UNCHECKED = "file-repeated"
#: Settings of a case that are not the customer's.
_OF_THE_HOME = ("routes", "partner")
WORDS = Path(__file__).parents[1] / "golden" / "words"

every_code = pytest.mark.parametrize("code", CODES)


@pytest.fixture(scope="module")
def in_french() -> Iterator[dict[tuple[str, str, str], Words]]:
    """Code, message and fix of each finding that is told while tests of this module run -> the same in French, from the same details."""
    heard: dict[tuple[str, str, str], Words] = {}
    whole = wording.words

    def twice(rule: Rule, **details: Any) -> Words:
        said = whole(rule, **details)
        heard[rule.code, said.message, said.fix] = whole(rule, **{**details, "language": "fr"})
        return said

    with mock.patch.object(wording, "words", twice), mock.patch.object(telling, "words", twice):
        yield heard


@pytest.fixture(scope="module")
def lines_of(in_french: object, _fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], list[dict[str, Any]]]:  # noqa: ARG001
    """What a check prints of a case, without the summary; each is run once for all tests of this module."""
    known: dict[str, list[dict[str, Any]]] = {}

    def lines(case: Case) -> list[dict[str, Any]]:
        if repr(case) not in known:
            folder = tmp_path_factory.mktemp("case")
            home = Home(Path(shutil.copytree(_fresh_home, folder / "home"))) if case.before or case.settings else None
            known[repr(case)] = checked(case, folder, home)
        return known[repr(case)]

    return lines


def checked(case: Case, folder: Path, home: Home | None) -> list[dict[str, Any]]:
    """What a check says of a case, after all that came before it."""
    path = settled(folder / (case.made or "case.csv"), content_of(case))
    for name, inside in case.files.items():
        settled(folder / name, inside)
        if home is not None:
            settled(home.path / name, inside)
    if home is None:
        return batchport("check", path, "--format", "json", at=AT).lines[:-1]
    set_up(home, case)
    for night, sheet in zip(NIGHTS, case.before, strict=False):
        take_in(home, case, sheet, night)
    done = home("check", path, "--customer", "acme", "--format", "json", at=AT)
    assert done.exit in (0, 1, 2), done
    return done.lines[:-1]


def content_of(case: Case) -> bytes:
    """The file itself."""
    return MADE[case.made]() if case.made else case.sheet.encode(case.encoding)


def set_up(home: Home, case: Case) -> None:
    """The settings of a case."""
    said = yaml.safe_load(home.config.read_text("utf-8"))
    said["customers"]["acme"] |= {name: value for name, value in case.settings.items() if name not in _OF_THE_HOME}
    said["limits"] = {"settle": 0.01}
    said["routes"] = case.settings.get("routes", said["routes"])
    said["partners"]["sample"] = {"profile": "generic-csv", **case.settings.get("partner", {})}
    home.config.write_text(yaml.safe_dump(said), "utf-8")


def take_in(home: Home, case: Case, sheet: str, night: str) -> None:
    """A sheet of an earlier night taken in and sent, and answered where the partner has answered."""
    for name, inside in case.files.items():
        if name in sheet:
            settled(home.path / "inbox" / "acme" / name, inside)
    settled(home.path / "inbox" / "acme" / f"{night[:10]}.csv", sheet)
    assert home.run(night).exit in (0, 1)
    if case.answer:
        numbers = [re.sub("[^0-9]", "", row.split(",")[0]) for row in sheet.splitlines()[1:]]
        home.answer(*(("", "", tn, case.answer) for tn in numbers), name=f"{night[:10]}.csv", at=night)


def findings(lines: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    """The findings of one code."""
    return [each for line in lines for each in line["findings"] if each["code"] == code]


def errors_and_warnings(lines: list[dict[str, Any]]) -> set[str]:
    return {each["code"] for line in lines for each in line["findings"] if each["severity"] != "info"}


@pytest.mark.parametrize("name", bases())
def test_a_base_row_is_clean(name: str, tmp_path: Path) -> None:
    sheet = settled(tmp_path / "base.csv", sheet_of([{"base": name}]))
    if "loa_file" in bases()[name]:
        settled(tmp_path / bases()[name]["loa_file"], pdf())
    *lines, last = batchport("check", sheet, "--format", "json", at=AT).lines
    assert errors_and_warnings(lines) == set()
    assert last["summary"]["ready"] == 1


@pytest.mark.parametrize("code", [code for code in CODES if code != UNCHECKED])
def test_the_smallest_sheet_provokes_its_code_and_no_other(code: str, lines_of: Callable[[Case], list[dict[str, Any]]]) -> None:
    case = case_of(catalogue()[code])
    lines = lines_of(case)
    # A set: a row with a range stands once for each number that it names.
    assert {line["row"] for line in lines if line["row"] is not None and findings([line], code)} == set(case.rows)
    if not case.rows:
        assert findings([line for line in lines if line["row"] is None], code)
    assert errors_and_warnings(lines) - {code, *case.along} == set()


@pytest.mark.parametrize("code", [code for code in CODES if code != UNCHECKED])
def test_its_neighbour_does_not(code: str, lines_of: Callable[[Case], list[dict[str, Any]]]) -> None:
    near = near_of(catalogue()[code])
    lines = lines_of(near)
    assert lines
    assert findings(lines, code) == []
    assert errors_and_warnings(lines) == set(near.along)


def test_the_same_file_is_told_and_a_file_that_differs_is_taken_in(make_home: Callable[[str], Home]) -> None:
    rule = catalogue()[UNCHECKED]
    for case, state in ((case_of(rule), "repeated"), (near_of(rule), "read")):
        home = make_home(state)
        take_in(home, case, case.before[0], NIGHTS[0])
        settled(home.path / "inbox" / "acme" / "again.csv", case.sheet)
        home.run(AT)
        told = [" ".join(text_of(mail).split()) for mail in home.mails("received") if "again.csv" in text_of(mail)]
        assert len(told) == 1
        assert (state == "repeated") == ("The file is the same as 2026-03-02.csv, which was taken in before." in told[0]), told


@pytest.mark.parametrize(("field", "info"), [
    ("account_number", "account-defaulted"), ("pin", "pin-defaulted"), ("btn", "btn-defaulted"), ("authorized_name", "authorized-defaulted"), ("city", "value-defaulted"),
])  # fmt: skip
def test_a_formula_without_a_value_is_one_finding_and_not_a_blank_that_is_filled_in_too(field: str, info: str, home: Home, tmp_path: Path) -> None:
    home.set("    email: telecom", "    defaults: {city: Boston}\n    email: telecom")
    base = "residential" if field == "authorized_name" else "local"
    header, cells = csv.reader(sheet_of([{"base": base, "btn": bases()[base]["tn"]}]).splitlines())
    place = header.index(BY_NAME[field].label)
    path = settled(tmp_path / "formula.xlsx", book(header, [*cells[:place], X("<c @><f>Other!A1</f></c>"), *cells[place + 1 :]]))
    lines = home("check", path, "--customer", "acme", "--format", "json", at=AT).lines[:-1]
    assert [each["field"] for each in findings(lines, "cell-formula-no-value")] == [field]
    assert findings(lines, "cell-formula-no-value")[0]["value"] is None
    assert findings(lines, info) == []
    blank = settled(tmp_path / "blank.xlsx", book(header, [*cells[:place], "", *cells[place + 1 :]]))
    assert findings(home("check", blank, "--customer", "acme", "--format", "json", at=AT).lines[:-1], info)


@every_code
def test_every_code_has_a_case_and_a_neighbour_that_is_close_to_it(code: str) -> None:
    rule = catalogue()[code]
    case, near = case_of(rule), near_of(rule)
    for each in (case, near):
        assert bool(each.sheet) != bool(each.made)
        assert bool(each.made) == bool(each.note)
    lines = difflib.unified_diff(case.lines(), near.lines(), n=0, lineterm="")
    assert sum(line[0] == "+" and line[:3] != "+++" for line in lines) <= 3


@every_code
def test_its_words_are_those_that_a_person_has_read(code: str, lines_of: Callable[[Case], list[dict[str, Any]]]) -> None:
    if code == UNCHECKED:
        pytest.skip("the mail's words: test_the_same_file_is_told_and_a_file_that_differs_is_taken_in")
    told = []
    for line in lines_of(case_of(catalogue()[code])):
        for each in findings([line], code):
            words = "".join(f"{name}: {'null' if each[name] is None else each[name]}\n" for name in ("column", "value", "message", "fix", "suggestion"))
            where = "the file" if line["row"] is None else f"row {line['row']}"
            told.append(f"{each['severity']} on {where}\n{words}")
    compare(WORDS / f"{code}.txt", ordered_pons("\n".join(told)))


@every_code
def test_its_french_words_are_those_that_a_person_has_read(
    code: str, lines_of: Callable[[Case], list[dict[str, Any]]], in_french: dict[tuple[str, str, str], Words]
) -> None:
    if code == UNCHECKED:
        said = [file_words(FileFinding(code, detail="2026-03-02.csv"), "fr")]
    else:
        said = [in_french[code, each["message"], each["fix"]] for each in findings(lines_of(case_of(catalogue()[code])), code)]
    for each in said:
        assert english_in(f"{each.message} {each.fix}") == []
    compare(WORDS / f"{code}.fr.txt", ordered_pons("\n".join(f"{each.message}\n{each.fix}\n" for each in dict.fromkeys(said))))


def compare(path: Path, text: str) -> None:
    """The text is what the golden file holds."""
    if os.environ.get("BATCHPORT_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    assert path.is_file(), f"{path} is missing"
    assert text == path.read_bytes().decode()


def test_there_are_words_of_no_other_code() -> None:
    assert {path.name for path in WORDS.iterdir()} == {f"{code}.txt" for code in CODES if code != UNCHECKED} | {f"{code}.fr.txt" for code in CODES}


@every_code
def test_rules_explains_it_with_its_case_and_its_neighbour(code: str) -> None:
    rule = catalogue()[code]
    told = batchport("rules", code)
    assert told.exit == 0
    assert rule.fix in told.out
    case, near = told.out.split("\nNearly the same, and without it:\n")
    assert case.endswith("".join(f"{line}\n" for line in case_of(rule).lines()))
    assert near == "".join(f"{line}\n" for line in near_of(rule).lines())
    [line] = batchport("rules", code, "--format", "json").lines
    for name, each in (("case", case_of(rule)), ("near", near_of(rule))):
        assert line[name]["sheet"] == each.sheet
        assert line[name]["note"] == each.note
        assert line[name]["at"] == AT
        assert line[name]["before"] == list(each.before)
    assert line["case"]["rows"] == list(case_of(rule).rows)


def test_every_made_file_is_used() -> None:
    assert set(MADE) == {each.made for rule in catalogue().values() for each in (case_of(rule), near_of(rule)) if each.made}
