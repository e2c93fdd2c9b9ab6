"""A database in a server, wherever the tests' own homes have theirs: a pass that is killed, and a server that is stopped in the middle of one; the end is the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Home
from tests.crash.nights import SAME, Night, night
from tests.crash.zygote import Zygote
from tests.postgresql import ON_POSTGRESQL, server

#: Transactions of the night, by what they do.
TRANSACTIONS = ["run.begin", "reconcile.apply", "sheets.store_sheets", "submit.store", "outgoing.settle"]
GONE = "its server was stopped or is just starting; see that it runs, and run it again. Nothing was half stored."


@pytest.fixture(scope="module")
def second(process: Zygote, _fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The second night, in a home with its database in a server."""
    folder = tmp_path_factory.mktemp("night")
    fresh = Home(Path(shutil.copytree(_fresh_home, folder / "fresh")))
    if not ON_POSTGRESQL:
        fresh.set("home: .\n", f"home: .\ndatabase: {server().new()}\n")
    assert fresh("orders").exit == 0
    with night("second", fresh.path, process, folder) as found:
        yield found


@pytest.fixture
def home(second: Night, tmp_path: Path) -> Path:
    """Its home as it is before the night."""
    return Path(shutil.copytree(second.before, tmp_path / "home"))


def moment(second: Night, beginning: str, where: str) -> str:
    return next(each for each in second.moments if each.startswith(beginning) and each.endswith(where))


@pytest.mark.parametrize("beginning", ["before committing", "after committing"])
@pytest.mark.parametrize("where", TRANSACTIONS[2:4])
def test_a_night_that_was_killed_ends_the_same(second: Night, beginning: str, where: str) -> None:
    assert second.killed_at(moment(second, beginning, where)) == SAME


@pytest.mark.parametrize("where", TRANSACTIONS)
def test_a_transaction_that_is_cut_off_is_taken_back_and_the_next_pass_ends_the_night_well(second: Night, home: Path, where: str) -> None:
    played = second.zygote.play(home, second.at, moment=moment(second, "before committing", where), act="the server ends every connection")
    assert (played.exit, played.err) == (2, f"batchport: the database: {GONE}\n")
    assert second.judged(second.zygote.play(home, second.at, end=True)) == SAME


def test_connections_that_are_ended_between_two_transactions_are_made_anew(second: Night, home: Path) -> None:
    played = second.zygote.play(home, second.at, moment=moment(second, "after committing", "sheets.store_sheets"), act="the server ends every connection", end=True)
    assert second.judged(played) == SAME


def test_a_server_that_is_stopped_ends_the_pass_and_when_it_runs_again_the_next_one_ends_the_night_well(second: Night, home: Path) -> None:
    try:
        played = second.zygote.play(home, second.at, moment=moment(second, "before committing", "sheets.store_sheets"), act="the server ends")
        assert (played.exit, played.err) == (2, f"batchport: the database: {GONE}\n")
        told = second.zygote.play(home, second.at)
        assert (told.exit, "cannot be reached" in told.err, len(told.err.splitlines())) == (2, True, 1)
    finally:
        server().start_again()
    assert second.judged(second.zygote.play(home, second.at, end=True)) == SAME
