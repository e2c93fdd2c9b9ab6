"""One at a time: however many processes come and go, nobody is beside another, and nobody stumbles over what another leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, Home

_COMES_AND_GOES = """
import fcntl, math, os, sys, time
from datetime import UTC, datetime
from pathlib import Path
from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.pipeline import lease
from batchport.pipeline.lease import alone
flock = fcntl.flock
def slow(*args):  # what happens between two calls of the system, happens here
    time.sleep(0.001)
    flock(*args)
    time.sleep(0.001)
fcntl.flock = slow
lease._LOOKS = 0.001
config, times = Path(sys.argv[1]), int(sys.argv[2])
with closing(App(load(config), datetime.now(UTC))) as app:
    for _ in range(times):
        with alone(app, math.inf):
            os.close(os.open(config.with_name("inside"), os.O_CREAT | os.O_EXCL))
            os.unlink(config.with_name("inside"))
"""


def test_processes_that_come_and_go_are_never_two_at_once(home: Home) -> None:
    home("status")
    command = [sys.executable, "-c", _COMES_AND_GOES, str(home.config), "40"]
    processes = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
    assert ends == [("", 0)] * 3
    assert list(Path(home.path / ".locks").iterdir()) == []


_DIES_GIVING_BACK = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import event
from batchport.config import load
from batchport.pipeline import lease
from batchport.pipeline.app import App, closing
let_go = lease.let_go
def last_words(connection, token):
    let_go(connection, token)
    event.listen(connection, "commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
lease.let_go = last_words
with closing(App(load(Path(sys.argv[1])), datetime.now(UTC))) as app, lease.alone(app):
    pass
"""


def test_a_holder_that_dies_while_it_gives_its_lease_back_keeps_nobody_waiting(home: Home) -> None:
    home("status")
    died = subprocess.run([sys.executable, "-c", _DIES_GIVING_BACK, str(home.config)], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert "busy" not in home("run", "--format", "json").last
    assert list(Path(home.path / ".locks").iterdir()) == []
