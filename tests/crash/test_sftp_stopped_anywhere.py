"""A pass to a partner behind SFTP that is killed at any moment, and run again: one submission, whole, once; each answer read once and put away.

The moments: before and after every transaction, before and after everything that is asked of the server, before every sync and removal of a file.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import Connection

from tests.conftest import EVENING, LOCAL, NEXT, TOLL_FREE, Home, response
from tests.integration.test_sftp import TN, reached_by
from tests.servers import PASSWORD, SftpServer, sftp_server

SHARDS = 4
#: Every second moment, or, with BATCHPORT_EVERY_MOMENT, every one.
TRIED = range(0, SHARDS, 1 if os.environ.get("BATCHPORT_EVERY_MOMENT") else 2)


class Killed(BaseException):
    """The power has gone."""


@contextmanager
def power_cut(moment: int | None) -> Iterator[list[str]]:
    """The power goes at the given moment, counted from 1; what was counted comes back."""
    from batchport.store.database import Store
    from batchport.transport.sftp import Session

    passed: list[str] = []

    def tick(what: str) -> None:
        passed.append(what)
        if len(passed) == moment:
            raise Killed(what)

    transaction, run, fsync, unlink = Store.transaction, Session.run, os.fsync, Path.unlink

    @contextmanager
    def watched(self: Store) -> Iterator[Connection]:
        tick("before a transaction")
        with transaction(self) as connection:
            yield connection
        tick("after a transaction")

    def asked(self: Session, work: Any) -> Any:
        tick("before the server")
        done = run(self, work)
        tick("after the server")
        return done

    def synced(handle: int) -> None:
        if threading.current_thread() is threading.main_thread():  # the server has a thread of its own, and power of its own
            tick("before a sync")
        fsync(handle)

    def removed(self: Path, **options: Any) -> None:
        tick("before a removal")
        unlink(self, **options)

    with mock.patch.object(Store, "transaction", watched), mock.patch.object(Session, "run", asked), mock.patch.object(os, "fsync", synced), mock.patch.object(Path, "unlink", removed):
        yield passed


@pytest.mark.parametrize("shard", TRIED)
@pytest.mark.parametrize("takes", [False, True], ids=["the server keeps files", "the server takes files at once"])
def test_a_pass_by_sftp_that_was_cut_off_ends_the_same(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: int, takes: bool) -> None:
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    with sftp_server(tmp_path / "there") as server:
        reached_by(home, server, "password: {env: SFTP_PASSWORD}")
        assert home.take(LOCAL, at=EVENING).exit == 0
        for path in (server.root / "in").iterdir():
            path.unlink()
        server.faults.moves_at_once = takes
        home.drop(TOLL_FREE, name="two.csv")
        assert home("intake", at=NEXT).exit == 0
        answer = response((home.pon(TN), "01", "", "FOC", "", "", "2026-03-12"))

        whole, end, moments = played(home, server, tmp_path / "whole", answer, None)
        assert (whole, end["sent again"]) == (0, 1)
        for moment in range(shard + 1, moments + 1, SHARDS):
            exit_, again, _ = played(home, server, tmp_path / str(moment), answer, moment)
            if takes and exit_ == 1 and not again["states"]["two.csv:2"] == "submitted":
                assert (again["files"], again["sent again"]) == (end["files"], 1), "taken by the server, and nobody can know: it is told, and not sent again"
                continue
            assert exit_ == 0, moment
            assert again == end, moment


def played(before: Home, server: SftpServer, path: Path, answer: str, moment: int | None) -> tuple[int, dict[str, Any], int]:
    """The pass, killed and made again; its exit status, what it left, and how many moments it had."""
    home = Home(Path(shutil.copytree(before.path, path)))
    for folder in ("in", "taken", "out"):
        for file in (server.root / folder).iterdir():
            file.unlink()
    server.put("out", "a.csv", answer)
    server.renamed.clear()
    with power_cut(moment) as passed:
        if moment is None:
            exit_ = home.run(NEXT).exit
        else:
            with pytest.raises(Killed):
                home.run(NEXT)
    if moment is not None:
        done = home.run(NEXT)
        exit_ = done.exit
        assert done.last["balanced"] is True
    sent = {**server.files(), **server.files("taken")}
    names = [new for _, new in server.renamed if new.endswith(".csv")]
    end = {
        "files": sent, "sent again": len(names), "answers": server.files("out"), "states": home.states(),
        "archived": sorted(file.name for file in home.path.glob("archive/*/responses-sample/*")),
    }
    shutil.rmtree(home.path)
    return exit_, end, len(passed)
