"""Every code of the catalogue: its smallest sheet provokes it on the rows named, and no other error or warning."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from batchport.cli import batchport
from batchport.domain.cases import AT, NIGHTS, Case, bases, case_of, pdf, sheet_of
from batchport.domain.findings import catalogue

WITH_SHEET = [code for code, rule in catalogue().items() if case_of(rule).sheet]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    assert CliRunner().invoke(batchport, ["init", str(folder)]).exit_code == 0
    change(folder, limits={"settle": 0.01})
    return folder


def change(home: Path, **settings: Any) -> None:
    path = home / "config.yaml"
    said = yaml.safe_load(path.read_text())
    for name, value in settings.items():
        said[name] = {**said[name], **value} if isinstance(value, dict) and isinstance(said.get(name), dict) else value
    path.write_text(yaml.safe_dump(said))


def call(*args: str, home: Path | None = None, at: str = AT) -> list[dict[str, Any]]:
    before = ["--at", at, *(["--config", str(home / "config.yaml")] if home else [])]
    done = CliRunner().invoke(batchport, [*before, *args, "--format", "json"], catch_exceptions=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def taken_before(home: Path, case: Case) -> None:
    """The sheets of earlier nights taken in, sent, and answered."""
    for night, sheet in zip(NIGHTS, case.before, strict=False):
        for name, inside in case.files.items():
            if name in sheet:
                (home / "inbox" / "acme" / name).write_text(inside, encoding="latin-1")
        path = home / "inbox" / "acme" / f"{night[:10]}.csv"
        path.write_text(sheet)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        call("run", home=home, at=night)
        if case.answer:
            numbers = [re.sub("[^0-9]", "", row.split(",")[0]) for row in sheet.splitlines()[1:]]
            lines = "".join(f",,{tn},{case.answer},,,{'2026-03-20' if case.answer == 'FOC' else ''}\n" for tn in numbers)
            answer = home / "responses" / "sample" / f"{night[:10]}.csv"
            answer.write_text("PON,VER,TN,STATUS,CODE,TEXT,FOC_DATE\n" + lines)
            os.utime(answer, (1_700_000_000, 1_700_000_000))
            call("run", home=home, at=night)


def checked(case: Case, tmp_path: Path, home: Path) -> list[dict[str, Any]]:
    sheet = tmp_path / "case.csv"
    sheet.write_text(case.sheet, encoding=case.encoding)
    for name, inside in case.files.items():
        (tmp_path / name).write_text(inside, encoding="latin-1")
        (home / name).write_text(inside, encoding="latin-1")
    if not case.before and not case.settings:
        return call("check", str(sheet))
    own = {name: value for name, value in case.settings.items() if name not in ("routes", "partner")}
    said = yaml.safe_load((home / "config.yaml").read_text())
    change(home, customers={"acme": {**said["customers"]["acme"], **own}})
    if "routes" in case.settings:
        change(home, routes=case.settings["routes"])
    if "partner" in case.settings:
        change(home, partners={"sample": {"profile": "generic-csv", **case.settings["partner"]}})
    taken_before(home, case)
    return call("check", str(sheet), "--customer", "acme", home=home)


@pytest.mark.parametrize("name", bases())
def test_a_base_row_is_clean(name: str, tmp_path: Path) -> None:
    sheet = tmp_path / "base.csv"
    sheet.write_text(sheet_of([{"base": name}]))
    if "loa_file" in bases()[name]:
        (tmp_path / bases()[name]["loa_file"]).write_text(pdf())
    lines = call("check", str(sheet))
    assert [found["code"] for line in lines[:-1] for found in line["findings"] if found["severity"] != "info"] == []
    assert lines[-1]["summary"]["ready"] == 1


@pytest.mark.parametrize("code", WITH_SHEET)
def test_the_smallest_sheet_provokes_its_code_and_no_other(code: str, tmp_path: Path, home: Path) -> None:
    case = case_of(catalogue()[code])
    if code == "file-repeated":
        pytest.skip("its sheet must be dropped, not checked: tests/integration")
    lines = checked(case, tmp_path, home)[:-1]
    # A set: a row with a range stands once for each number that it names.
    on_rows = {line["row"] for line in lines if line["row"] is not None and any(found["code"] == code for found in line["findings"])}
    assert on_rows == set(case.rows)
    if not case.rows:
        assert code in [found["code"] for line in lines if line["row"] is None for found in line["findings"]]
    others = {found["code"] for line in lines for found in line["findings"] if found["severity"] != "info"} - {code, *case.along}
    assert others == set()


@pytest.mark.parametrize("code", WITH_SHEET)
def test_its_words_are_whole_sentences(code: str, tmp_path: Path, home: Path) -> None:
    if code == "file-repeated":
        pytest.skip("its sheet must be dropped, not checked: tests/integration")
    found = [each for line in checked(case_of(catalogue()[code]), tmp_path, home)[:-1] for each in line["findings"] if each["code"] == code]
    for each in found:
        for words in (each["message"], each["fix"]):
            assert words[0].isupper() or words[0] in "'\"" or words[0].isdigit()
            assert words.endswith((".", "?"))
            assert "{" not in words
            assert "  " not in words
            assert "''" not in words


@pytest.mark.parametrize("code", catalogue())
def test_rules_explains_it(code: str) -> None:
    told = CliRunner().invoke(batchport, ["rules", code], catch_exceptions=False)
    assert told.exit_code == 0
    assert catalogue()[code].fix in told.stdout
    [line] = call("rules", code)
    assert line["case"]["sheet"] or line["case"]["note"]
