#!/usr/bin/env python3
"""One part of the work by itself, imports left out, as `floor.py` leaves them out: the seconds and the peak memory in MB, as a JSON object.

`inside.py read FILE` times the reading process, warm, and the table that comes back; `inside.py check FILE` all checks of rows that have been read.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from batchport.carriers.profile import load_profile
from batchport.data import load_reference
from batchport.domain.checks import check_rows
from batchport.domain.findings import Findings
from batchport.domain.terms import Terms
from batchport.pipeline.assess import read_requests
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.read import read_file


def read(path: Path) -> float:
    """The seconds of reading a file."""
    with tempfile.TemporaryDirectory() as folder, ReaderPool(Limits()) as pool:
        first = Path(folder) / "first.csv"
        first.write_text("Phone Number\n2127361000\n", encoding="utf-8")
        read_file(first, Limits(), pool=pool)
        start = time.perf_counter()
        read_file(path, Limits(), pool=pool)
        return time.perf_counter() - start


def check(path: Path) -> float:
    """The seconds of all checks, on rows that have been read."""
    terms = Terms(now=datetime.now(UTC), partners={"generic-csv": load_profile("generic-csv").asks})
    known = load_reference()
    with ReaderPool(Limits()) as pool:
        requests = read_requests(path, path.name, terms, Limits(), Saved(), pool).requests
        start = time.perf_counter()
        check_rows(requests, terms, known, Findings({}))
        return time.perf_counter() - start


def main() -> None:
    seconds = {"read": read, "check": check}[sys.argv[1]](Path(sys.argv[2]))
    own, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"total": round(seconds, 3), "peak_mb": round(own), "child_peak_mb": round(child)}))


if __name__ == "__main__":
    main()
