"""A pass that is killed at any moment, and run again: the end is the same, nothing goes twice, nothing is lost.

The moments are those between which something lasts: before and after every transaction, before every sync of a file, which then takes its name, and before
every removal of a file. A clean pass counts them; then the pass is killed at each in turn.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Connection

from tests.conftest import EVENING, LOCAL, NEXT, THIRD, TOLL_FREE, Home, account, text_of

SHARDS = 6
#: Every second moment, or, with BATCHPORT_EVERY_MOMENT, every one.
TRIED = range(0, SHARDS, 1 if os.environ.get("BATCHPORT_EVERY_MOMENT") else 2)
WAITING = account(2, btn="617-744-2200", account_number="C550", destination="line-7")


class Killed(BaseException):
    """The power has gone."""


@contextmanager
def power_cut(home: Path, moment: int | None) -> Iterator[Counter[str]]:
    """The power goes at the given moment, counted from 1; what was counted comes back."""
    from batchport.store.database import Store

    counted: Counter[str] = Counter()

    def tick(what: str) -> None:
        counted[what] += 1
        if counted.total() == moment:
            raise Killed(f"{what} {counted[what]}")

    transaction, fsync, unlink = Store.transaction, os.fsync, Path.unlink

    @contextmanager
    def watched(self: Store) -> Iterator[Connection]:
        tick("before a transaction")
        with transaction(self) as connection:
            yield connection
        tick("after a transaction")

    def synced(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            tick("before a sync")
        fsync(handle)

    def removed(self: Path, **options: Any) -> None:
        if self.is_relative_to(home) and self.exists():
            tick("before a removal")
        unlink(self, **options)

    with mock.patch.object(Store, "transaction", watched), mock.patch.object(os, "fsync", synced), mock.patch.object(Path, "unlink", removed):
        yield counted


@dataclass(frozen=True)
class End:
    """What a night left, as the world sees it."""

    states: dict[str, str]
    sent: dict[str, bytes]
    results: dict[str, bytes]
    archived: list[str]
    set_aside: list[str]
    waiting: list[str]
    answers: list[tuple[str, str | None, list[str]]]
    exceptions: list[tuple[str, int]]
    told: dict[tuple[str, str], set[str]]


_THINGS = re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}|[a-z-]+\.(?:csv|xlsx)")


def end_of(home: Home) -> End:
    """The end of a night."""
    folder = home.path
    told: dict[tuple[str, str], set[str]] = {}
    for mail in home.mails():
        kind = mail["Message-ID"].strip("<").partition(".")[0]
        told.setdefault((kind, mail["To"]), set()).update(_THINGS.findall(f"{mail['Subject']}\n{text_of(mail)}"))
    told = {who: things for who, things in told.items() if who[0] != "night"}
    return End(
        states=home.states(),
        sent={path.name: path.read_bytes() for path in sorted(folder.glob("outbox/sample/*"))},
        results={path.name: path.read_bytes() for path in sorted(folder.glob("results/*/*.csv"))},
        archived=sorted(str(path.relative_to(folder)) for path in folder.glob("archive/*/*/*")),
        set_aside=sorted(str(path.relative_to(folder)) for path in folder.glob("quarantine/*/*")),
        waiting=sorted(str(path.relative_to(folder)) for door in ("inbox", "responses") for path in folder.glob(f"{door}/*/*")),
        answers=[(row["tn"], row["foc_date"], [reason["code"] for reason in row["reasons"]]) for row in home.json("status")],
        exceptions=[(line["file"], line["line"]) for line in home.exceptions()],
        told=told,
    )


SHEET = (LOCAL, *WAITING[:1], WAITING[1] | {"name": ""})


def first_night(home: Home) -> None:
    """A sheet with a row that is wrong and one with a letter of authorization, and a sheet that cannot be read."""
    home.drop(*SHEET, TOLL_FREE, name="one.csv")
    home.drop(name="broken.csv", content=b"\x00\x01" * 99)


def second_night(home: Home) -> None:
    """Answers, a response that is set aside, a sheet that corrects, and one that repeats."""
    home.drop(*SHEET, *account(2), name="one.csv")
    assert home.run(EVENING).exit == 1
    home.answer((home.pon("617-236-2200"), "01", "", "FOC", "", "", "2026-03-12"), ("", "", "6172340142", "REJECT", "8A"), ("", "", "6179990000", "ACK"), run=False)
    (home.path / "responses" / "sample" / "bad.csv").write_bytes(b"nothing of the kind")
    home.drop(*WAITING, name="corrected.csv")
    home.drop(*SHEET, *account(2), name="again.csv")


OTHERS = account(2, btn="617-755-2200", account_number="D770", destination="line-8")


def third_night(home: Home) -> None:
    """Further versions of sent orders: corrected, called off, given another date, cancelled so that a new order takes its place."""
    home.set("profile: generic-csv", "profile: generic-csv\n    fixed_fields: [pin]")
    home.drop(LOCAL, *WAITING, *account(2), *OTHERS, name="one.csv")
    assert home.run(EVENING).exit == 0
    first, second, third, fourth = (home.pon(tn) for tn in (WAITING[0]["tn"], "617-236-2200", OTHERS[0]["tn"], LOCAL["tn"]))
    home.answer((first, "01", "", "REJECT", "8C"), (second, "01", "", "REJECT", "8G"), (third, "01", "", "FOC", "", "", "2026-03-16"), run=False)
    home.drop(WAITING[1] | {"pin": "9090"}, name="pin.csv")
    assert home.run(NEXT).exit == 1
    home.answer((first, "02", "", "CANCEL"), ("", "", "6179990000", "ACK"), name="cancelled.csv", run=False)
    home.drop(account(2)[1] | {"name": "Harbor Bakery Inc", "action": "correct"}, name="name.csv")
    assert home("redate", third, "2026-03-18", "--why", "asked for", at=NEXT).exit == 0
    assert home("cancel", fourth, "--why", "asked for", at=NEXT).exit == 0


NIGHTS: dict[str, tuple[Callable[[Home], None], str]] = {"first": (first_night, EVENING), "second": (second_night, NEXT), "third": (third_night, THIRD)}


@dataclass(frozen=True)
class Night:
    """A night that is about to begin, how many moments it has, and its end when nothing happens."""

    before: Path
    at: str
    moments: int
    end: End


@pytest.fixture(scope="module", params=list(NIGHTS))
def night(request: pytest.FixtureRequest, _fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Each of the nights."""
    prepare, at = NIGHTS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    home = Home(Path(shutil.copytree(_fresh_home, folder / "before")))
    prepare(home)
    whole = Home(Path(shutil.copytree(home.path, folder / "whole")))
    with power_cut(whole.path, None) as counted:
        assert whole.run(at).exit == 1
    assert min(counted["before a transaction"], counted["before a sync"], counted["before a removal"]) > 1
    return Night(home.path, at, counted.total(), end_of(whole))


@pytest.mark.parametrize("shard", TRIED)
def test_a_night_that_was_cut_off_ends_the_same(night: Night, shard: int, tmp_path: Path) -> None:
    for moment in range(shard + 1, night.moments + 1, SHARDS):
        home = Home(Path(shutil.copytree(night.before, tmp_path / str(moment))))
        with power_cut(home.path, moment), pytest.raises(Killed) as cut:
            home.run(night.at)
        where = f"cut off at moment {moment}, {cut.value}"
        again = home.run(night.at)
        assert again.exit in (0, 1), f"{where}: {again}"
        assert again.last["balanced"] is True, where
        assert again.last["mails"]["waiting"] == 0, where
        end = end_of(home)
        for name in End.__dataclass_fields__:
            assert getattr(end, name) == getattr(night.end, name), f"{where}: {name}"
        shutil.rmtree(home.path)


def test_a_night_that_was_cut_off_twice_ends_the_same(night: Night, tmp_path: Path) -> None:
    for moment in range(4, night.moments + 1, 16):
        home = Home(Path(shutil.copytree(night.before, tmp_path / str(moment))))
        for cut in (moment, moment // 2):
            with power_cut(home.path, cut), contextlib.suppress(Killed):
                home.run(night.at)
        home.run(night.at)
        assert end_of(home) == night.end
        lines = Counter((line["PON"], line["VER"], line["TN"]) for line in home.sent())
        assert set(lines.values()) <= {1}


def test_a_database_whose_making_was_cut_off_is_made(tmp_path: Path) -> None:
    from batchport.store import database
    from tests.conftest import batchport

    batchport("init", tmp_path / "home")
    home = Home(tmp_path / "home")
    whole = database.upgrade

    def upgraded(engine: Any) -> None:
        whole(engine)
        raise Killed

    with mock.patch.object(database, "upgrade", upgraded), pytest.raises(Killed):
        home("status")
    home.drop(LOCAL)
    assert home("run").exit == 0
