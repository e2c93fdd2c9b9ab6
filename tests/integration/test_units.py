"""What is wrong with one unit of work holds nothing else up: it is tried again later, parked in the end, and the operator is told."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from batchport.files import open_plain
from batchport.pipeline.units import MOST_TRIES, pause
from tests.conftest import EVENING, LOCAL, NEXT, ROOT, Home, account, text_of

OTHER = {**LOCAL, "tn": "617-234-0199", "account_number": "80144299", "destination": "line-0199"}


def later(at: str, wait: timedelta) -> str:
    return (datetime.fromisoformat(at) + wait).isoformat()


@contextmanager
def faulty(module: str, name: str, *, when: Callable[..., bool] = lambda *_: True) -> Iterator[None]:
    """A function of the program that fails, as only a fault of ours would, with words that nobody may read."""
    import importlib

    where = importlib.import_module(module)
    whole = getattr(where, name)

    def failing(*args: Any, **options: Any) -> Any:
        if when(*args):
            raise KeyError(f"the PIN is {LOCAL['pin']}")
        return whole(*args, **options)

    with mock.patch.object(where, name, failing):
        yield


def of_the_sheet(name: str) -> Callable[..., bool]:
    return lambda *args: any(getattr(arg, "name", "") == name for arg in args)


def parked(home: Home) -> list[dict[str, Any]]:
    return home.json("parked")


def test_a_sheet_that_the_program_fails_at_holds_no_other_up(home: Home) -> None:
    file = home.drop(OTHER, name="bad.csv")
    home.drop(LOCAL, name="good.csv")
    with faulty("batchport.pipeline.intake", "read_requests", when=lambda *args: args[1] == "bad.csv"):
        done = home.run()
    assert done.exit == 3
    assert home.state(LOCAL["tn"]) == "submitted"
    assert file.exists()
    (unit,) = parked(home)
    assert (unit["kind"], unit["key"], unit["tries"], unit["parked"]) == ("sheet", "acme/bad.csv", 1, False)
    night = next(mail for mail in home.mails() if mail["Message-ID"].startswith("<night"))
    assert "acme/bad.csv" in text_of(night)
    assert "KeyError" in text_of(night)
    assert LOCAL["pin"] not in text_of(night) + str(unit)


def test_it_is_tried_again_when_its_time_has_come_and_forgotten_when_it_went_well(home: Home) -> None:
    home.drop(LOCAL, name="one.csv")
    with faulty("batchport.pipeline.intake", "_take_file"):
        home.run(EVENING)
    assert home.run(later(EVENING, pause(1) - timedelta(seconds=1))).exit == 0
    assert home.json("status") == []
    assert home.run(later(EVENING, pause(1))).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"
    assert parked(home) == []


def test_after_the_fifth_try_it_is_parked_told_once_a_pass_and_taken_up_again_by_hand(home: Home) -> None:
    home.drop(LOCAL, name="o'brien 1.csv")
    at = EVENING
    with faulty("batchport.pipeline.intake", "_take_file"):
        for tries in range(1, MOST_TRIES + 1):
            assert home.run(at).exit == 3
            at = later(at, pause(tries))
    (unit,) = parked(home)
    assert (unit["tries"], unit["parked"], unit["next_try"]) == (MOST_TRIES, True, None)
    much_later = later(at, timedelta(days=30))
    assert home.run(much_later).exit == 1
    assert home.json("status") == []
    nights = [" ".join(text_of(mail).split()) for mail in home.mails("night")]
    told = [command[1] for night in nights if (command := re.search("`batchport (parked retry [^`]*)`", night))]
    assert len(told) == 2  # when it was parked, and in the night after
    assert home("parked", "retry", "sheet", "acme/two.csv", "--why", "mended").exit == 2
    assert home(*shlex.split(told[0]), at=much_later).exit == 0
    assert home.run(much_later).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"
    assert "Everything could be done." in home("parked").out


def test_a_file_that_was_changed_since_is_tried_at_once(home: Home) -> None:
    home.drop(OTHER, name="one.csv")
    with faulty("batchport.pipeline.intake", "_take_file"):
        home.run(EVENING)
    home.drop(LOCAL, name="one.csv")
    assert home.run(EVENING).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"


def test_a_file_that_was_taken_away_is_forgotten(home: Home) -> None:
    file = home.drop(LOCAL, name="one.csv")
    with faulty("batchport.pipeline.intake", "_take_file"):
        home.run(EVENING)
    file.unlink()
    home.run(EVENING)
    assert parked(home) == []


def test_a_file_that_may_not_be_read_is_told_and_tried_again_by_the_next_pass(home: Home) -> None:
    file, good = home.drop(OTHER, name="bad.csv"), home.drop(LOCAL, name="good.csv")

    def refused(path: Path) -> Any:
        if path == file:
            raise PermissionError(13, "Permission denied", str(path))
        return open_plain(path)

    with mock.patch("batchport.pipeline.sheets.open_plain", refused):
        done = home.run()
    assert done.exit == 1
    assert not good.exists()
    assert home.run().exit == 0
    assert home.state(OTHER["tn"]) == "submitted"


@pytest.mark.parametrize(("module", "name", "kind"), [
    ("batchport.pipeline.reconcile", "_apply", "response"),
    ("batchport.pipeline.submit", "render", "submission"),
    ("batchport.pipeline.sending", "_send_to", "sending"),
    ("batchport.pipeline.notify", "_write_result", "results"),
])  # fmt: skip
def test_each_kind_of_work_is_tried_again(home: Home, module: str, name: str, kind: str) -> None:
    home.drop(LOCAL, name="one.csv")
    home.run(EVENING)
    home.answer((home.pon(LOCAL["tn"]), "01", "", "ACK"), run=False)
    home.drop(*account(2), name="two.csv")
    with faulty(module, name):
        assert home.run(NEXT).exit == 3
    assert kind in {unit["kind"] for unit in parked(home)}
    assert home.run(later(NEXT, pause(1))).exit == 0
    assert parked(home) == []
    assert set(home.states().values()) == {"acknowledged", "submitted"}
    assert home.run(later(NEXT, pause(1))).last["changed"] is False


def test_a_mail_that_cannot_be_made_is_put_off_and_the_others_go(home: Home) -> None:
    home.drop(LOCAL, name="one.csv")
    with faulty("batchport.pipeline.notify", "written", when=lambda _app, _views, record: record.kind == "received"):
        assert home.run(EVENING).exit == 3
    assert {mail["Message-ID"].split(".")[0] for mail in home.mails()} == {"<night"}
    assert home.run(later(EVENING, timedelta(minutes=2))).exit == 0
    assert "<received" in {mail["Message-ID"].split(".")[0] for mail in home.mails()}


_DIES = """
import os, signal, sys
from batchport.pipeline import intake, units
from batchport.cli import main
units.MOST_TRIES = 2  # or this would take its time
read = intake.read_requests
def dying(path, name, *rest):
    if name == "bad.csv":
        os.kill(os.getpid(), signal.SIGKILL)
    return read(path, name, *rest)
intake.read_requests = dying
main()
"""


def test_a_sheet_that_kills_its_process_is_parked_too_and_the_rest_goes_on(home: Home) -> None:
    home.drop(OTHER, name="bad.csv")
    home.drop(LOCAL, name="good.csv")
    for path, arrived in (("bad.csv", 1_000_000), ("good.csv", 1_000_100)):
        os.utime(home.path / "inbox" / "acme" / path, (arrived, arrived))
    command = [sys.executable, "-c", _DIES, "--config", str(home.config), "--at", EVENING, "run"]
    ends = [subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False).returncode for _ in range(3)]
    assert ends == [-signal.SIGKILL] * 2 + [3]
    assert home.state(LOCAL["tn"]) == "submitted"
    (unit,) = parked(home)
    assert (unit["key"], unit["parked"]) == ("acme/bad.csv", True)
