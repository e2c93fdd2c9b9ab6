"""Small sheets of a customer are taken in as one: each leads to what it would have led to alone."""

from __future__ import annotations

import os
import random
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from batchport.store import work
from tests.conftest import EVENING, NEXT, Home
from tests.reference.generate import random_rows, write_sheet

SEEDS = range(int(os.environ.get("BATCHPORT_SEEDS", "2")))
#: What is a number only, and another one where sheets that have nothing to do with each other were stored the other way round.
_NUMBERS = ("pon", "row_id", "since")


def oldest_first(home: Home) -> None:
    """Let the sheets of the inbox have come in the order of their names."""
    for minute, path in enumerate(sorted(home.path.glob("inbox/*/*"))):
        os.utime(path, (1_700_000_000 + 60 * minute,) * 2)


def what_became_of(home: Home) -> dict[str, Any]:
    """Every row with its reasons and values, and which rows go together."""
    rows = home.json("status")
    together = defaultdict(set)
    for row in rows:
        together[row["pon"]].add((row["file"], row["row"]))
    sent = defaultdict(set)
    for line in home.sent():
        sent[line["PON"], line["VER"]].add(tuple(sorted((name, value) for name, value in line.items() if name not in ("PON", "ROW_ID", "RELATED_PON"))))
    return {
        "rows": {(row["file"], row["row"]): {name: value for name, value in row.items() if name not in _NUMBERS} for row in rows},
        "together": sorted(sorted(group) for pon, group in together.items() if pon),
        "sent": sorted(sorted(lines) for lines in sent.values()),
    }


def two_homes(home: Home, path: Path) -> tuple[Home, Home]:
    return home, Home(Path(shutil.copytree(home.path, path / "other")))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_becomes_of_sheets_is_the_same_as_one_after_the_other(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    inbox, rows = home.path / "inbox" / "acme", random_rows(rng, 120, 1 + seed % 2)
    for row in rows:
        if rng.random() < 0.95:  # a sheet that names papers is taken in alone
            row.pop("loa_file", None)
            row.pop("invoice_file", None)
        if rng.random() < 0.08:  # numbers that nobody has, in rows of several accounts
            row["tn"] = rng.choice(("212-911-1234", "617-555-0100"))
    again = list(rows)
    dropped = drop(rng, inbox, "first", rows)
    (inbox / "first-900.csv").write_bytes(dropped[3].read_bytes())
    (inbox / "first-901.csv").write_text("nothing, that, is, known\n1,2,3,4\n")
    (inbox / "first-902.csv").write_bytes(b"\x00\x01" * 99)
    oldest_first(home)
    one, other = two_homes(home, tmp_path)
    both_ways(one, other, EVENING, monkeypatch)
    # The next day most of it comes again in other sheets, some of it said otherwise, some called off.
    rng.shuffle(again)
    for row in again:
        luck = rng.random()
        row |= {"pin": "4711"} if luck < 0.2 else {"action": "cancel"} if luck < 0.3 else {"destination": "line-9"} if luck < 0.35 else {}
    for each, chance in ((one, random.Random(seed)), (other, random.Random(seed))):
        drop(chance, each.path / "inbox" / "acme", "second", list(again))
        oldest_first(each)
    both_ways(one, other, NEXT, monkeypatch)


def drop(rng: random.Random, inbox: Path, name: str, rows: list[dict[str, str]]) -> list[Path]:
    """Put rows into small sheets of an inbox, accounts torn apart."""
    sheets = []
    while rows:
        some = [rows.pop() for _ in range(min(len(rows), rng.randint(1, 16)))]
        sheets.append(write_sheet(inbox / f"{name}-{len(sheets):03}.csv", some))
    return sheets


def both_ways(one: Home, other: Home, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass in two like homes, in the other one with each sheet by itself."""
    together = one.run(at)
    with monkeypatch.context() as patch:
        patch.setattr(work, "TOGETHER", 1)
        alone = other.run(at)
    assert (together.exit, together.last) == (alone.exit, alone.last)
    assert what_became_of(one) == what_became_of(other)
