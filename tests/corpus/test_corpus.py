"""Every file of the corpus is read as the rules say, or refused as they say."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batchport.domain.fields import BY_NAME as BY_FIELD
from batchport.spreadsheets import container, excel, portions
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.readers import read_sheets
from batchport.spreadsheets.sheet import Ask, Problem, Unreadable
from tests.conftest import EVENING, ROOT, Result, batchport, batchport_process
from tests.corpus.cases import B, Case, Expected, Row, stripped
from tests.corpus.make import CASES, FILES, write

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files, in a folder of their own."""
    return write(tmp_path_factory.mktemp("corpus"))


def test_the_corpus_is_large_and_every_name_is_given_once() -> None:
    assert len(CASES) >= 140
    assert len(BY_NAME) == len(CASES)


def test_the_corpus_is_made_alike_every_time(corpus: Path) -> None:
    again = {case.name: case.make() for case in CASES if not case.apart}
    assert [name for name, data in again.items() if data != (corpus / name).read_bytes()] == []


def test_every_file_made_once_belongs_to_a_case() -> None:
    assert sorted(path.name for path in FILES.iterdir() if path.suffix != ".md") == sorted(name for name in BY_NAME if (FILES / name).exists())


@pytest.mark.parametrize("name", [case.name for case in CASES if not case.bomb])
def test_check_says_what_the_rules_say(name: str, corpus: Path) -> None:
    case = BY_NAME[name]
    assert_right(case, run(case, "check", corpus / name, "--format", "json", "--show-secrets"), corpus)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.read is not None])
def test_read_shows_every_cell_as_the_customer_saw_it(name: str, corpus: Path) -> None:
    case = BY_NAME[name]
    done = run(case, "read", corpus / name, "--format", "json")
    assert done.exit == 0, done.err
    shown = [(line["sheet"], line["hidden"], line["row"], tuple(stripped(line["cells"]))) for line in done.lines]
    assert [line for line in shown if line[3]] == list(case.read or ())


@pytest.mark.parametrize("name", [case.name for case in CASES if all(expected.states == {"unreadable"} and not expected.file & {"file-empty", "file-too-large"} for expected in case.expected)])
def test_read_refuses_what_cannot_be_read(name: str, corpus: Path) -> None:
    done = run(BY_NAME[name], "read", corpus / name, "--format", "json")
    assert (done.exit, "Traceback" in done.err) == (2, False), done
    assert done.err.strip()


def read_whole(path: Path, *, whole: bool) -> Any:
    """All that reading a file gives, as plain values; or why it is not read."""
    try:
        found = list(read_sheets(path, Ask(whole=whole), Limits()))
    except Unreadable as error:
        return error.code
    return [
        each if isinstance(each, Problem)
        else (each.name, each.headers, each.header_row, each.cells.to_pydict(), each.row.tolist(), each.problems, each.above, each.hidden)
        for each in found
    ]  # fmt: skip


@pytest.mark.parametrize("whole", [False, True])
def test_a_workbook_taken_in_portion_by_portion_is_what_it_is_at_once(corpus: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    paths = sorted(corpus.glob("*.xls[xm]"))
    at_once = [read_whole(path, whole=whole) for path in paths]
    made = 0
    cut = portions._workbook

    def counted(parts: dict[str, bytes]) -> io.BytesIO:
        nonlocal made
        made += 1
        return cut(parts)

    monkeypatch.setattr(excel, "MANY_CELLS", 0)
    monkeypatch.setattr(portions, "PORTION", 2_000)
    monkeypatch.setattr(container, "PIECE", 1_000)
    monkeypatch.setattr(portions, "_workbook", counted)
    for path, before in zip(paths, at_once, strict=True):
        assert read_whole(path, whole=whole) == before, path.name
    assert made > 2 * len(paths) > 250


@pytest.mark.parametrize("name", [case.name for case in CASES if case.bomb])
def test_a_file_that_unpacks_to_much_more_takes_neither_the_time_nor_the_memory(name: str, corpus: Path, tmp_path: Path) -> None:
    measure = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(done.returncode)"
    command = [sys.executable, "-c", measure, sys.executable, "-m", "batchport", "--at", EVENING, "check", str(corpus / name), "--format", "json", "--show-secrets"]
    began = time.monotonic()
    with (tmp_path / "told").open("w+") as told, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, cwd=ROOT) as process:
        late = threading.Timer(120, process.kill)
        late.start()
        # One that is read after all may have a million rows to tell of, all alike: the first of them stand for the rest.
        lines = [*islice(process.stdout or (), 1000), *deque(process.stdout or (), maxlen=2)]
        status = process.wait()
        late.cancel()
        told.seek(0)
        said = told.read()
    assert time.monotonic() - began < 60
    assert int(lines.pop()) < 2_000_000, "KiB"
    assert_right(BY_NAME[name], Result(status, "".join(lines), said), corpus)


def test_the_template_as_it_comes_has_no_row_to_port_and_one_that_is_filled_in_has_its_own(tmp_path: Path) -> None:
    template = tmp_path / "template.xlsx"
    assert batchport("template", "-o", template).exit == 0
    empty = batchport("check", template, "--format", "json", at=EVENING)
    assert {finding["code"] for line in empty.lines for finding in line.get("findings", [])} - {"sheet-skipped"} == {"file-empty"}
    book = openpyxl.load_workbook(template)
    sheet = book.worksheets[0]
    header = next(number for number, line in enumerate(sheet.iter_rows(values_only=True), 1) if "Phone Number" in line)
    labels = [cell.value for cell in sheet[header]]
    free = max(number for number, line in enumerate(sheet.iter_rows(values_only=True), 1) if any(line)) + 1
    for name, value in B.items():
        sheet.cell(free, labels.index(BY_FIELD[name].label) + 1).value = value
    book.save(template)
    lines = batchport("check", template, "--format", "json", "--show-secrets", at=EVENING).lines
    assert [(line["row"], line["state"], line["values"]["tn"], line["values"]["pin"]) for line in lines if line.get("row")] == [(free, "ready", "6172340143", "0042")]


def test_the_corpus_leaves_nothing_outside_its_folder(corpus: Path) -> None:
    assert not list(corpus.parent.rglob("escaped*"))


def assert_right(case: Case, done: Result, corpus: Path) -> None:
    """One of the outcomes that are right."""
    problems = [differences(expected, done, str(corpus / case.name)) for expected in case.expected]
    assert any(not found for found in problems), f"{case.hazard}\n" + "\nor else:\n".join("\n".join(found) for found in problems)


def run(case: Case, *args: object) -> Result:
    """A command on a case's file; one that might bring a reader down runs apart."""
    return batchport_process(*args, at=EVENING) if case.apart else batchport(*args, at=EVENING)


def differences(expected: Expected, done: Result, path: str) -> list[str]:
    """What is otherwise than expected, a line each."""
    if done.exit == 3 or "Traceback" in done.err:
        return [f"a fault of the program: {done.err[-600:]}"]
    lines = done.lines
    files = [line for line in lines if "row" in line and line["row"] is None]
    found = [line for line in lines if line.get("row") is not None]
    for file in files:  # what is said besides, and is no contract's: that macros were not run, and hidden rows read
        file["findings"] = [finding for finding in file["findings"] if finding["code"] not in ("rows-hidden", "macros-ignored")]
    problems = []
    if done.exit not in expected.statuses:
        problems.append(f"exit {done.exit}, not {sorted(expected.statuses)}")
    problems += [f"file {file['file']}: state {file['state']}, not {sorted(expected.states)}" for file in files if file["state"] not in expected.states]
    if expected.name:
        problems += [f"file {file['file']}" for file in files if not file["file"].startswith(path)]
        problems += [] if any(line["file"].endswith(expected.name) for line in (found or files)) else [f"no file {expected.name}"]
    codes = {finding["code"] for file in files for finding in file["findings"]}
    if not expected.file <= codes or codes - expected.file - expected.maybe:
        problems.append(f"file findings {sorted(codes)}, not {sorted(expected.file)}")
    if expected.rows is not None:
        places = [(line["sheet"], line["row"]) for line in found]
        wanted = [(row.sheet, row.number) for row in expected.rows]
        if places == wanted:
            for line, row in zip(found, expected.rows, strict=True):
                problems += of_a_row(line, row)
        else:
            problems.append(f"rows {abbreviated(places)}, not {abbreviated(wanted)}")
    return problems


def of_a_row(line: dict[str, Any], row: Row) -> list[str]:
    """What is otherwise with a row."""
    problems = []
    codes = {finding["code"] for finding in line["findings"]}
    loud = {finding["code"] for finding in line["findings"] if finding["severity"] != "info"} - row.maybe
    if loud != row.codes - row.maybe:
        problems.append(f"findings {sorted(loud)}, not {sorted(row.codes)}")
    if not row.infos <= codes:
        problems.append(f"infos {sorted(codes - loud)}, not {sorted(row.infos)}")
    if line["state"] != row.expected_state:
        problems.append(f"state {line['state']}, not {row.expected_state}")
    problems += [f"{name} {line['values'][name]!r}, not {value!r}" for name, value in row.values.items() if line["values"][name] != value]
    return [f"row {row.number}: {problem}" for problem in problems]


def abbreviated(places: Sequence[object]) -> str:
    """Places, a few of many."""
    return f"{list(places)[:12]}{' ...' if len(places) > 12 else ''} ({len(places)})"
