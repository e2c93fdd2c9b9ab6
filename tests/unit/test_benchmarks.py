"""What the benchmarks measure with measures: seconds, memory, turns, and what is kept. How fast anything is, is no matter of the suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.bench import QUICK, Bench
from benchmarks.figures import Figure, keep, record, write_table
from benchmarks.measure import Failed, Taken, peak, python, timed

_HOLD = "import time; held = b'x' * (60 << 20); time.sleep(0.3)"
_SIZES, _OTHER_SIZES = {"rows": 1000}, {"rows": 7}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(QUICK, 3, tmp_path, tmp_path)


def figure(name: str, ours: float, target: float = 2.0) -> Figure:
    return Figure.of(name, [(Taken(ours, ours), Taken(1, 1))], target)


def test_memory_is_that_of_a_process_and_of_those_that_it_starts() -> None:
    alone = peak(python("-c", _HOLD)).amount
    both = peak(python("-c", f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {_HOLD!r}]); {_HOLD}; child.wait()")).amount
    assert alone > 60
    assert both > alone + 60


def test_what_a_child_works_counts_and_what_imports_take_is_taken_off() -> None:
    busy = "sum(range(10**7))"
    whole = timed(python("-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"))
    rest = whole - Taken(0.01, 0.01)
    assert whole.cpu > 0.05
    assert rest.cpu == pytest.approx(whole.cpu - 0.01)


def test_a_process_that_breaks_down_is_no_measurement() -> None:
    for measure in (timed, peak):
        with pytest.raises(Failed, match="the disk is full"):
            measure(python("-c", "raise OSError('the disk is full')"))


def test_floor_and_ours_take_turns_and_the_first_turn_does_not_count(bench: Bench) -> None:
    said: list[str] = []
    taken = iter([900.0, 4.0, 9.0, 5.0])

    def ours() -> Taken:
        said.append("ours")
        return Taken(next(taken), 1)

    def floor() -> Taken:
        said.append("floor")
        return Taken(2, 1)

    found = bench.compare("ours / floor", ours, floor, 2.5)
    assert said == ["floor", "ours"] * 4
    assert (found.ours, found.floor, found.ratio, found.lowest, found.highest, found.met) == (5, 2, 2.5, 2, 4.5, True)


def test_a_command_is_known_by_the_modules_that_it_imports(bench: Bench) -> None:
    names = bench.learn("help", "--help").read_text("utf-8").split()
    assert "batchport.cli" in names
    assert "pandas" not in names


def test_the_page_shows_the_newest_figure_of_each_name_of_full_size(tmp_path: Path) -> None:
    history, page = tmp_path / "history.jsonl", tmp_path / "page.md"
    page.write_text("before\n<!-- figures: written by `make bench` -->\nold\n<!-- end of figures -->\nafter\n", encoding="utf-8")
    history.write_text(json.dumps({"at": "2026-11-01", "rows": 5, "figures": [{"name": "one", "seconds": 3}]}) + "\n", encoding="utf-8")
    keep(record(_SIZES, 3, [figure("one", 3), figure("two", 1.5)]), history)
    keep(record(_SIZES, 3, [figure("one", 1)]), history)
    keep(record(_OTHER_SIZES, 3, [figure("two", 9)]), history)
    keep(record(_SIZES, 1, [figure("two", 9)]), history)
    write_table(_SIZES, history, page)
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in text
    rows = [[cell.strip() for cell in line.split("|")[1:-2]] for line in text.splitlines() if line.startswith(("| one", "| two"))]
    assert rows == [
        ["one", "1.000 s", "1.000", "1.000 s", "1.000", "1.00", "1.00", "1.00", "2.00", "yes"],
        ["two", "1.500 s", "1.500", "1.000 s", "1.000", "1.50", "1.50", "1.50", "2.00", "yes"],
    ]
    write_table(_SIZES, history, page)
    assert page.read_text("utf-8") == text
