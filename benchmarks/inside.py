"""One part of the work by itself, imports left out, as `floor.py` leaves them out: the seconds, as a JSON object.

`python -m benchmarks.inside read FILE` times the reading process, warm, and the table that comes back; `check FILE` all checks of rows that have been read;
`results CONFIG` the writing of the results that are due.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from batchport.carriers.profile import load_profile
from batchport.config import load
from batchport.data import load_reference
from batchport.domain.checks import check_rows
from batchport.domain.findings import Findings
from batchport.domain.terms import Terms
from batchport.pipeline.app import App, closing
from batchport.pipeline.assess import read_requests
from batchport.pipeline.facts import Views
from batchport.pipeline.notify import write_results
from batchport.pipeline.run import one_pass
from batchport.pipeline.tally import PassTally
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.read import read_file
from benchmarks.measure import Taken, worked


def read(path: Path) -> Taken:
    """Reading a file; the processor's seconds are those of this process alone."""
    with tempfile.TemporaryDirectory() as folder, ReaderPool(Limits()) as pool:
        first = Path(folder) / "first.csv"
        first.write_text("Phone Number\n2127361000\n", encoding="utf-8")
        read_file(first, Limits(), pool=pool)
        return worked(lambda: read_file(path, Limits(), pool=pool))


def check(path: Path) -> Taken:
    """All checks, on rows that have been read."""
    terms = Terms(now=datetime.now(UTC), partners={"generic-csv": load_profile("generic-csv").asks})
    known = load_reference()
    with ReaderPool(Limits()) as pool:
        requests = read_requests(path, path.name, terms, Limits(), Saved(), pool).requests
        return worked(lambda: check_rows(requests, terms, known, Findings({})))


def results(config: Path) -> Taken:
    """Writing the results that are due, in a pass that does nothing else."""
    taken = []

    def stage(app: App, tally: PassTally, number: int) -> None:
        taken.append(worked(lambda: write_results(app, tally, number, Views(app))))
        if tally.troubles or not tally.results:
            sys.exit("\n".join(["no results were written", *tally.troubles]))

    with closing(App(load(config), datetime.now(UTC))) as app:
        one_pass(app, "notify", stage)
    return taken[0]


def main() -> None:
    taken = {"read": read, "check": check, "results": results}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps({"total": taken.amount, "cpu": taken.cpu}))


if __name__ == "__main__":
    main()
