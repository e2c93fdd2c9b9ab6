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
from tests.conftest import Home
from tests.reference.generate import random_rows, write_sheet

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


@pytest.mark.parametrize("seed", range(6))
def test_what_becomes_of_sheets_is_the_same_as_one_after_the_other(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    rows = random_rows(rng, 240, 1 + seed % 2)
    for row in rows:
        if rng.random() < 0.95:  # a sheet that names papers is taken in alone
            row.pop("loa_file", None)
            row.pop("invoice_file", None)
    number = 0
    while rows:
        write_sheet(home.path / "inbox" / "acme" / f"{number:03}.csv", [rows.pop() for _ in range(min(len(rows), rng.randint(1, 16)))])
        number += 1
    (home.path / "inbox" / "acme" / "900.csv").write_bytes((home.path / "inbox" / "acme" / "003.csv").read_bytes())
    (home.path / "inbox" / "acme" / "901.csv").write_text("nothing, that, is, known\n1,2,3,4\n")
    (home.path / "inbox" / "acme" / "902.csv").write_bytes(b"\x00\x01" * 99)
    oldest_first(home)
    one, other = two_homes(home, tmp_path)
    done = one.run()
    monkeypatch.setattr(work, "TOGETHER", 1)
    alone = other.run()
    assert done.exit == alone.exit
    assert what_became_of(one) == what_became_of(other)
    assert sorted(map(str, done.last.items())) == sorted(map(str, alone.last.items()))
