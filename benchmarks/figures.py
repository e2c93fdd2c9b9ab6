"""Figures: what was measured beside its floor; how they are printed, and where they are kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Taken

HISTORY = ROOT / "benchmarks" / "history.jsonl"
PAGE = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- figures: written by `make bench` -->\n", "<!-- end of figures -->\n"
#: Turns that a figure of the page is the median of, at least.
_ENOUGH = 3
_HEADS = ("ours", "cpu", "floor", "cpu", "ratio", "lowest", "highest", "target")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Attributes:
        name: what was measured / its floor.
        unit: `s` or `MB`, of `ours` and `floor`.
        ours, floor: the medians of the turns.
        cpu, floor_cpu: the medians of processors' seconds.
        ratio: `ours` / `floor`.
        lowest, highest: the ratio of single turns; far apart, the machine was not quiet.
        target: what the ratio may be.
    """

    name: str
    unit: str
    ours: float
    cpu: float
    floor: float
    floor_cpu: float
    ratio: float
    lowest: float
    highest: float
    target: float

    @classmethod
    def of(cls, name: str, turns: list[tuple[Taken, Taken]], target: float, unit: str = "s") -> Figure:
        """The figure of some turns, each ours and the floor."""
        own, bare = zip(*turns, strict=True)
        ours, floor = (statistics.median(taken.amount for taken in side) for side in (own, bare))
        cpu, floor_cpu = (statistics.median(taken.cpu for taken in side) for side in (own, bare))
        ratios = [mine.amount / theirs.amount for mine, theirs in turns]
        return cls(name, unit, ours, cpu, floor, floor_cpu, ours / floor, min(ratios), max(ratios), target)

    @property
    def met(self) -> bool:
        """Whether it is within its target."""
        return self.ratio <= self.target

    def cells(self) -> tuple[str, ...]:
        """Its numbers, as a table shows them."""
        form = ",.0f" if self.unit == "MB" else ",.3f"
        cpu, floor_cpu = ("" if self.unit == "MB" else f"{seconds:,.3f}" for seconds in (self.cpu, self.floor_cpu))
        return (
            f"{self.ours:{form}} {self.unit}", cpu, f"{self.floor:{form}} {self.unit}", floor_cpu, f"{self.ratio:.2f}", f"{self.lowest:.2f}", f"{self.highest:.2f}",
            f"{self.target:.2f}",
        )  # fmt: skip


def head() -> str:
    """The first line of the printed table."""
    return _line("figure", _HEADS)


def line(figure: Figure) -> str:
    """A figure's line of the printed table."""
    return _line(figure.name, figure.cells()) + ("" if figure.met else "  missed")


def _line(name: str, cells: tuple[str, ...]) -> str:
    return f"{name:<60}" + "".join(f"{cell:>12}" for cell in cells)


def record(sizes: dict[str, int], runs: int, figures: list[Figure]) -> dict[str, Any]:
    """A run, as it is kept and as `--format json` prints it."""
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(terse=True)}
    return {"at": datetime.now(UTC).isoformat(timespec="seconds"), "sizes": sizes, "runs": runs, "machine": machine, "figures": [asdict(figure) for figure in figures]}


def keep(told: dict[str, Any], history: Path = HISTORY) -> None:
    """Append a run to the history."""
    with history.open("a", encoding="utf-8") as file:
        file.write(json.dumps(told) + "\n")


def write_table(sizes: dict[str, int], history: Path = HISTORY, page: Path = PAGE) -> None:
    """Put the newest figures of these sizes into the page: of each the last that is kept, with its day, since runs may have measured some of them only."""
    newest: dict[str, tuple[str, Figure]] = {}
    for at, figure in _kept(history, sizes):
        newest[figure.name] = at[:10], figure
    heads = ("figure", *_HEADS, "met", "measured")
    cells = [(figure.name, *figure.cells(), "yes" if figure.met else "**no**", day) for day, figure in newest.values()]
    lines = [f"| {' | '.join(row)} |\n" for row in (heads, ("---",) * len(heads), *cells)]
    before, _, rest = page.read_text("utf-8").partition(_BEGIN)
    page.write_text(before + _BEGIN + "\n" + "".join(lines) + "\n" + _END + rest.partition(_END)[2], encoding="utf-8")


def _kept(history: Path, sizes: dict[str, int]) -> Iterator[tuple[str, Figure]]:
    """Each figure of these sizes and of enough turns, and when it was measured; lines of before there were sizes are passed over."""
    for told in map(json.loads, history.read_text("utf-8").splitlines()):
        if told.get("sizes") == sizes and told["runs"] >= _ENOUGH:
            yield from ((told["at"], Figure(**figure)) for figure in told["figures"])
