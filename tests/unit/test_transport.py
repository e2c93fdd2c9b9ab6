"""Files arrive whole or not at all, in both directions."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from batchport.transport import NameTaken, NotDelivered
from batchport.transport.arrivals import complete_files
from batchport.transport.local import deliver

NOW = 1_795_000_000.0
OLD, YOUNG = NOW - 60, NOW - 0.5


def put(folder: Path, name: str, mtime: float = OLD, data: bytes = b"Phone Number\n") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (mtime, mtime))
    return path


class Pauses:
    """A clock that notes how long was slept, and lets something happen meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.slept: list[float] = []
        self.meanwhile = meanwhile

    def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.meanwhile()


def names(folders: Sequence[Path], pauses: Pauses | None = None, **settings: object) -> list[str]:
    return [arrival.name for arrival in complete_files(folders, now=NOW, sleep=pauses or Pauses(), **settings)]  # type: ignore[arg-type]


def test_a_file_is_delivered_whole_private_and_alone(tmp_path: Path) -> None:
    folder = tmp_path / "outbox" / "sample"
    deliver(folder, "sample-20261123-000001.csv", b"PON\r\n")
    assert [path.name for path in folder.iterdir()] == ["sample-20261123-000001.csv"]
    assert (folder / "sample-20261123-000001.csv").read_bytes() == b"PON\r\n"
    assert stat.S_IMODE((folder / "sample-20261123-000001.csv").stat().st_mode) == 0o600


def test_delivering_again_changes_nothing(tmp_path: Path) -> None:
    deliver(tmp_path, "a.csv", b"PON\r\n")
    before = (tmp_path / "a.csv").stat()
    deliver(tmp_path, "a.csv", b"PON\r\n")
    after = (tmp_path / "a.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_was_left_of_a_delivery_that_was_cut_off_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".a.csv.writing").write_bytes(b"PO")
    deliver(tmp_path, "a.csv", b"PON\r\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("taken", [b"PON\r\nP7K2", b"pon\r\n", b""])
def test_a_name_taken_by_other_bytes_is_an_error_and_they_stay(tmp_path: Path, taken: bytes) -> None:
    put(tmp_path, "a.csv", data=taken)
    with pytest.raises(NameTaken, match=r"a\.csv"):
        deliver(tmp_path, "a.csv", b"PON\r\n")
    assert (tmp_path / "a.csv").read_bytes() == taken


@pytest.mark.parametrize("kind", ["folder", "link", "broken link"])
def test_a_name_taken_by_something_that_is_no_file_is_an_error(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "a.csv").mkdir()
    else:
        (tmp_path / "a.csv").symlink_to(put(tmp_path, "b.csv", data=b"PON\r\n") if kind == "link" else tmp_path / "nowhere")
    with pytest.raises(NameTaken):
        deliver(tmp_path, "a.csv", b"PON\r\n")


def test_a_folder_that_cannot_be_written_to_is_no_success(tmp_path: Path) -> None:
    put(tmp_path, "outbox")
    with pytest.raises(NotDelivered, match="could not be written"):
        deliver(tmp_path / "outbox", "a.csv", b"PON\r\n")


@pytest.mark.parametrize("name", ["", ".", "..", "../a.csv", "b/a.csv"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "outbox"
    with pytest.raises(NotDelivered, match="not the name of a file"):
        deliver(folder, name, b"PON\r\n")
    assert list(tmp_path.iterdir()) == []


def test_old_files_are_taken_without_a_pause_by_arrival_then_name(tmp_path: Path) -> None:
    acme, harbor = tmp_path / "acme", tmp_path / "harbor"
    put(acme, "b.csv", OLD)
    put(acme, "c.csv", OLD - 5)
    put(harbor, "a.csv", OLD)
    pauses = Pauses()
    assert names([acme, harbor], pauses) == ["c.csv", "a.csv", "b.csv"]
    assert pauses.slept == []


def test_an_arrival_says_where_how_large_and_when(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", OLD, b"12345")
    (arrival,) = complete_files([tmp_path], now=NOW)
    assert (arrival.path, arrival.name, arrival.size, arrival.mtime, arrival.mark) == (path, "a.csv", 5, OLD, None)


def test_one_pause_serves_the_young_files_of_all_folders(tmp_path: Path) -> None:
    acme, harbor = tmp_path / "acme", tmp_path / "harbor"
    for folder in (acme, harbor):
        put(folder, "young.csv", YOUNG)
        put(folder, "old.csv", OLD)
    pauses = Pauses()
    assert names([acme, harbor], pauses, settle=3.0) == ["old.csv", "old.csv", "young.csv", "young.csv"]
    assert pauses.slept == [3.0]


def test_a_file_of_exactly_the_settling_age_is_looked_at_twice(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", NOW - 2.0)
    pauses = Pauses()
    assert names([tmp_path], pauses) == ["a.csv"]
    assert pauses.slept == [2.0]


def test_a_file_from_the_future_is_looked_at_twice(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", NOW + 3600)
    pauses = Pauses()
    assert names([tmp_path], pauses) == ["a.csv"]
    assert len(pauses.slept) == 1


@pytest.mark.parametrize("what", ["grows", "is touched", "goes away"])
def test_a_file_that_changes_meanwhile_waits(tmp_path: Path, what: str) -> None:
    path = put(tmp_path, "a.csv", YOUNG)
    put(tmp_path, "b.csv", YOUNG)

    def meanwhile() -> None:
        if what == "goes away":
            path.unlink()
        else:
            put(tmp_path, "a.csv", YOUNG if what == "grows" else NOW, b"Phone Number\n6" if what == "grows" else b"Phone Number\n")

    assert names([tmp_path], Pauses(meanwhile)) == ["b.csv"]


def test_a_file_that_comes_during_the_pause_waits(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", YOUNG)
    assert names([tmp_path], Pauses(lambda: put(tmp_path, "late.csv", OLD))) == ["a.csv"]


def test_hidden_and_temporary_names_links_and_folders_are_passed_over(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for name in (".hidden.csv", "~$a.xlsx", "a.csv.tmp", "A.PART", "a.filepart", "a.writing", "a.csv.crdownload", "a.csv", "~a.csv", "tmp"):
        put(inbox, name)
    (inbox / "link.csv").symlink_to(put(tmp_path, "elsewhere.csv"))
    (inbox / "folder.csv").mkdir()
    assert names([inbox]) == ["a.csv", "tmp", "~a.csv"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert names([tmp_path / "nowhere"]) == []


def test_where_a_done_file_is_asked_for_it_alone_decides(tmp_path: Path) -> None:
    acme, harbor = tmp_path / "acme", tmp_path / "harbor"
    put(acme, "young.csv", YOUNG)
    mark = put(acme, "young.csv.done", YOUNG)
    put(acme, "old.csv", OLD)
    put(acme, "orphan.csv.done", OLD)
    put(harbor, "plain.csv", OLD - 1)
    pauses = Pauses()
    arrivals = complete_files([acme, harbor], now=NOW, sleep=pauses, done_file=[acme])
    assert [(arrival.name, arrival.mark) for arrival in arrivals] == [("plain.csv", None), ("young.csv", mark)]
    assert pauses.slept == []
