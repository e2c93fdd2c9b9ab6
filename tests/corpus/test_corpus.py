"""Every file of the corpus is read as the rules say, or refused as they say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVENING, ROOT, Result, batchport, batchport_process
from tests.corpus.cases import Case, Expected, Row, stripped
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


@pytest.mark.parametrize("name", BY_NAME)
def test_check_says_what_the_rules_say(name: str, corpus: Path) -> None:
    case = BY_NAME[name]
    done = run(case, "check", corpus / name, "--format", "json", "--show-secrets")
    problems = [differences(expected, done, str(corpus / name)) for expected in case.expected]
    assert any(not found for found in problems), f"{case.hazard}\n" + "\nor else:\n".join("\n".join(found) for found in problems)


@pytest.mark.parametrize("name", [case.name for case in CASES if case.read is not None])
def test_read_shows_every_cell_as_the_customer_saw_it(name: str, corpus: Path) -> None:
    case = BY_NAME[name]
    done = run(case, "read", corpus / name, "--format", "json")
    assert done.exit == 0, done.err
    shown = [(line["sheet"], line["hidden"], line["row"], tuple(stripped(line["cells"]))) for line in done.lines]
    assert [line for line in shown if line[3]] == list(case.read or ())


@pytest.mark.parametrize("name", [case.name for case in CASES if all(expected.states == {"unreadable"} and expected.file != {"file-empty"} for expected in case.expected)])
def test_read_refuses_what_cannot_be_read(name: str, corpus: Path) -> None:
    done = run(BY_NAME[name], "read", corpus / name, "--format", "json")
    assert (done.exit, "Traceback" in done.err) == (2, False), done
    assert done.err.strip()


@pytest.mark.parametrize("name", [case.name for case in CASES if case.bomb])
def test_a_file_that_unpacks_to_much_more_takes_neither_the_time_nor_the_memory(name: str, corpus: Path) -> None:
    measure = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    began = time.monotonic()
    command = [sys.executable, "-c", measure, sys.executable, "-m", "batchport", "check", str(corpus / name), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    assert time.monotonic() - began < 60
    assert int(done.stdout) < 2_000_000, "KiB"


def test_the_corpus_leaves_nothing_outside_its_folder(corpus: Path) -> None:
    assert not list(corpus.parent.rglob("escaped*"))


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
