"""The machine fails while a pass is at work: it is said what is wrong and what to do, nothing is half done, and one more pass ends like a night without the fault."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Home, settled, text_of
from tests.crash.nights import SAME, Night, night, sound
from tests.crash.zygote import Played, Zygote
from tests.postgresql import ON_POSTGRESQL

EVERY = bool(os.environ.get("BATCHPORT_EVERY_MOMENT"))
#: When it is mended: late enough for a mail that could not be written to be tried again.
MENDED = "2026-03-03T20:02:00-05:00"
NOBODY = 65534
#: KB: how much room there still is, and how large a file may be. A database in a server takes none of it.
ROOM, LARGEST = ([0], [4]) if ON_POSTGRESQL else ([0, 40, 128, 280, 340, 400], [0, 4, 64, 256, 340]) if EVERY else ([0, 128, 340], [4, 256])


@dataclass
class Failing:
    """The second night, in a home that something happens to."""

    night: Night
    folder: Path

    def home(self, place: Path | None = None) -> Path:
        """The night's home as it is before it, in a place of its own."""
        return Path(shutil.copytree(self.night.before, (place or self.folder) / "home"))

    def play(self, home: Path, **options: Any) -> Played:
        """The night, with something that happens."""
        return self.night.zygote.play(home, self.night.at, **options)

    def ends_like_a_clean_night(self, home: Path, *, later: bool = False) -> bool:
        """Whether one more pass comes to the same end, now that the fault is mended; nothing that was begun lies about meanwhile.

        What came `later` than a mail is told by another mail.
        """
        assert not list(home.rglob("*.writing"))
        assert sound(Home(home)) == sound(Home(self.night.before))
        mended = self.night.zygote.play(home, MENDED, end=True)
        if later:
            assert [wrong for wrong in self.night.differences(mended.end) if not wrong.startswith("mails to ('received',")] == []
        else:
            assert self.night.judged(mended) == SAME
        return True


@pytest.fixture(scope="module")
def failing(process: Zygote, _fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Failing]]:
    with night("second", _fresh_home, process, tmp_path_factory.mktemp("night")) as found:
        yield lambda folder: Failing(found, folder)


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """A small disk of its own."""
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], capture_output=True, check=False) if os.geteuid() == 0 and shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip("a small disk can be mounted by root alone, and not in every container")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("free", ROOM, ids=lambda free: f"{free} KB")
def test_a_disk_that_is_full(failing: Callable[[Path], Failing], tmp_path: Path, free: int) -> None:
    with mounted(tmp_path / "disk", "size=16m") as disk:
        fails = failing(tmp_path)
        home = fails.home(disk)
        room = os.statvfs(disk)
        (disk / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize - free * 1024))
        played = fails.play(home)
        assert played.exit == 2
        assert "full; " in played.err
        assert len(played.err.splitlines()) == 1
        (disk / "ballast").unlink()
        assert fails.ends_like_a_clean_night(home)


@pytest.mark.parametrize("files", [1, 3, 5, 7, 9] if EVERY else [3, 7], ids=lambda files: f"{files} files")
def test_a_disk_that_takes_no_more_files(failing: Callable[[Path], Failing], tmp_path: Path, files: int) -> None:
    with mounted(tmp_path / "disk", "size=16m") as disk:
        fails = failing(tmp_path)
        home = fails.home(disk)
        room = os.statvfs(disk)
        subprocess.run(["mount", "-o", f"remount,nr_inodes={room.f_files - room.f_ffree + files}", str(disk)], check=True)
        played = fails.play(home)
        assert played.exit == 2
        assert "the disk is full; make room" in played.err or "it cannot be opened; see whether" in played.err
        subprocess.run(["mount", "-o", f"remount,nr_inodes={room.f_files}", str(disk)], check=True)
        assert fails.ends_like_a_clean_night(home)


@pytest.mark.parametrize("most", LARGEST, ids=lambda most: f"{most} KB")
def test_files_that_may_not_grow(failing: Callable[[Path], Failing], tmp_path: Path, most: int) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    played = fails.play(home, fsize=most * 1024)
    assert played.exit == 2
    assert ("a file may not grow so large here" if ON_POSTGRESQL else "the disk fails or is full; look after the disk") in played.err
    assert fails.ends_like_a_clean_night(home)


def test_shared_memory_that_is_full_is_no_fault_of_the_sheet(failing: Callable[[Path], Failing], tmp_path: Path) -> None:
    with mounted(tmp_path / "shared", "size=4k") as shared:
        fails = failing(tmp_path)
        home = fails.home()
        played = fails.play(home, shared=str(shared))
    assert (played.exit, played.err) == (2, f"batchport: {shared}: the disk is full; make room, and run it again.\n")
    assert (home / "inbox" / "acme" / "corrected.csv").exists()
    assert fails.ends_like_a_clean_night(home)


@pytest.mark.parametrize("where", ["run.begin", "reconcile.apply", "sheets.store_sheets", "submit.store", "notify.write_result", "outgoing.settle"] if EVERY else ["sheets.store_sheets", "outgoing.settle"])
def test_a_database_that_another_program_holds(failing: Callable[[Path], Failing], tmp_path: Path, where: str) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    moment = next(moment for moment in fails.night.moments if moment.startswith("before beginning") and moment.endswith(where))
    played = fails.play(home, moment=moment, act="another program holds the database", patience=0.2)
    assert (played.exit, played.err) == (2, "batchport: the database: another program has held it for a minute; wait until it is done, and run it again. Nothing was half stored.\n")
    assert fails.ends_like_a_clean_night(home)


@pytest.mark.skipif(ON_POSTGRESQL and os.geteuid() == 0, reason="whom root plays instead may not reach the server's socket")
def test_an_outbox_that_may_not_be_written(failing: Callable[[Path], Failing], tmp_path: Path) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    uid = None
    if os.geteuid() == 0:  # whom no rights keep from anything
        uid = NOBODY
        for folder in (tmp_path, *tmp_path.parents):
            folder.chmod(folder.stat().st_mode | 0o055)
        for path in (home, *home.rglob("*")):
            os.chown(path, uid, uid)
    outbox = home / "outbox" / "sample"
    outbox.chmod(0o500)
    played = fails.play(home, uid=uid)
    kept_and_told(played, home, "Permission denied")
    outbox.chmod(0o700)
    assert fails.ends_like_a_clean_night(home)


def test_an_outbox_on_a_disk_that_is_read_only(failing: Callable[[Path], Failing], tmp_path: Path) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    with mounted(tmp_path / "disk", "size=1m") as disk:
        outbox = home / "outbox" / "sample"
        shutil.copytree(outbox, disk / "sample")
        subprocess.run(["mount", "--bind", str(disk / "sample"), str(outbox)], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(outbox)], check=True)
        try:
            played = fails.play(home)
        finally:
            subprocess.run(["umount", str(outbox)], check=True)
    kept_and_told(played, home, "Read-only file system")
    assert fails.ends_like_a_clean_night(home)


def kept_and_told(played: Played, home: Path, why: str) -> None:
    """The submission was not sent, and the operator hears it; everything else went on."""
    assert played.exit == 1, played.err
    assert played.last["submissions"] == 0
    assert [path.name for path in home.glob("outbox/sample/*.csv")] == ["sample-20260302-000001.csv"]
    said = " ".join(text_of(Home(home).mails("night")[-1]).split()) + " ".join(text_of(Home(home).mails("night")[0]).split())
    assert f"sample-20260303-000002.csv could not be sent to sample: {home}/outbox/sample/sample-20260303-000002.csv.manifest.json could not be written: {why}. It is kept and tried again in the next pass." in said
    assert not list(home.glob("inbox/*/*"))


def test_an_inbox_that_is_gone_is_made_anew(failing: Callable[[Path], Failing], tmp_path: Path) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    (home / "inbox").rename(tmp_path / "elsewhere")
    assert fails.play(home).exit == 1
    assert (home / "inbox" / "acme").is_dir()
    shutil.rmtree(home / "inbox")
    (tmp_path / "elsewhere").rename(home / "inbox")
    assert fails.ends_like_a_clean_night(home)


@pytest.mark.parametrize("gone", ["inbox/acme", "inbox/acme/again.csv", "responses/sample", "responses/sample/answer.csv"])
def test_what_goes_away_between_the_look_and_the_reading_stops_nothing_else(failing: Callable[[Path], Failing], tmp_path: Path, gone: str) -> None:
    fails = failing(tmp_path)
    home = fails.home()
    name = "again.csv" if gone.startswith("inbox") else "answer.csv"
    door = home.joinpath(*Path(gone).parts[:2])
    kept = Path(shutil.copytree(door, tmp_path / "kept"))
    played = fails.play(home, moment=f"before reading {door.relative_to(home)}/{name}", act=gone)
    assert (played.exit, played.err) == (1, "")
    said = " ".join(text_of(mail) for mail in Home(home).mails("night"))
    assert f"{door.name}/{name} could not be dealt with: {door / name}: it, or the folder it is to lie in, does not exist" in " ".join(said.split())
    for file in kept.iterdir():
        if gone.endswith((door.name, file.name)) and not list(home.glob(f"*/2026-03-03/*/{file.name}")):
            settled(door / file.name, file.read_bytes())
    assert fails.ends_like_a_clean_night(home, later=gone.startswith("responses"))
