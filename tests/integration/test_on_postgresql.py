"""Chosen tests once more, with the databases of their homes in a PostgreSQL server; `make test-postgresql` runs all of them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.postgresql import ON_POSTGRESQL

#: What matters most, by file and words in the names: what goes out, what answers do, what is sent twice or not at all.
CHOSEN = {"test_golden_night.py": "", "test_outbox.py": "taken_over or one_of_three or refuses_for_a_while"}


@pytest.mark.skipif(ON_POSTGRESQL, reason="all tests run there")
@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_true_in_a_file_is_true_in_a_server(name: str, tmp_path: Path) -> None:
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        # In a folder of its own: one that pytest chooses it takes away from everybody else first, tests beside this one included.
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", f"--basetemp={tmp_path / 'tests'}", f"tests/integration/{name}", "-k", CHOSEN[name]], cwd=ROOT,
        capture_output=True, text=True, check=False, env=surroundings | {"BATCHPORT_TESTS_ON": "postgresql"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
