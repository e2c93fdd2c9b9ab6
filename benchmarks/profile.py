"""Where the slowest stage spends its time, function by function."""

from __future__ import annotations

import io
import pstats

from benchmarks.bench import Bench
from benchmarks.measure import python, timed

_SHOWN = 30


def profile(bench: Bench) -> str:
    """The profile of the slowest of `check`, `intake` and `submit` of the large CSV, by the functions' own time and by the time with what they call."""
    sheet = bench.sheet(bench.sizes.rows)
    config = str(bench.home(sheet) / "config.yaml")
    stages = {"check": ("check", str(sheet)), "intake": ("--config", config, "intake"), "submit": ("--config", config, "submit")}
    took = {}
    for stage, words in stages.items():
        target = bench.folder / f"{stage}.prof"
        took[stage] = timed(python("-m", "cProfile", "-o", target, "-m", "batchport", *words)).amount
    slowest = max(took, key=lambda stage: took[stage])
    shown = io.StringIO()
    stats = pstats.Stats(str(bench.folder / f"{slowest}.prof"), stream=shown).strip_dirs()
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(_SHOWN)
    seconds = ", ".join(f"{stage} {amount:.1f} s" for stage, amount in took.items())
    return f"{seconds}, imports and profiling included; of {slowest}:\n{shown.getvalue()}"
