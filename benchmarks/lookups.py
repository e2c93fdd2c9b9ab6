"""Looking at a database of ten million rows, a tenth of them open: whole processes, imports included, beside a bare import of pandas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench, batchport, import_pandas
from benchmarks.figures import Figure
from benchmarks.grown import BATCH, NOW, commands, grow, prepared
from benchmarks.measure import timed

#: The share of rows that are open; one batch at least.
_OPEN = 0.1


def lookups(bench: Bench) -> Iterator[Figure]:
    """`status`, `orders`, `trace`, `report` and others, by each thing that they can be asked for."""
    home = bench.scratch / "grown"
    prepared(home, bench.tools)
    grow(home, bench.sizes.history, max(_OPEN, BATCH / bench.sizes.history))
    before = ("--config", str(home / "config.yaml"), "--at", NOW.isoformat())
    for name, words in commands(home).items():
        yield bench.compare(f"{name} / import pandas", partial(timed, batchport(*before, *words)), import_pandas, 2)
