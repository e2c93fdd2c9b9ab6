"""A night that is killed anywhere, and run again: the end is the same, nothing goes twice, nothing is lost.

Here each night is killed at some of its moments; `python -m tests.crash.table` kills it at all. What a moment is: `moments.py`.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EVENING, LOCAL, MULTI, NEXT, Home, batchport, sheet, text_of
from tests.crash.moments import TAKEN
from tests.crash.nights import IN_DOUBT, NIGHTS, SAME, SAME_MAIL_TWICE, Night, night
from tests.crash.zygote import Zygote
from tests.integration.test_columns import ROWS, SETS, odd

EVERY = bool(os.environ.get("BATCHPORT_EVERY_MOMENT"))
#: Steps after which something else is there than before; one of each kind is tried where not all are.
_WEIGHTY = re.compile(f"after committing|half way|before remove|before rename|{TAKEN}|before asking")


@pytest.fixture(params=list(NIGHTS))
def each_night(request: pytest.FixtureRequest, process: Zygote, _fresh_home: Path, tmp_path: Path) -> Iterator[Night]:
    """Each of the nights."""
    with night(request.param, _fresh_home, process, tmp_path) as found:
        yield found


def tried(found: Night) -> list[str]:
    """Every twelfth kind of weighty moment, other ones for each night."""
    if EVERY:
        return found.moments
    kinds: dict[str, str] = {}
    for moment in found.moments:
        if _WEIGHTY.match(moment):
            kind = re.sub(r"transaction \d+, ", "", moment.partition(" (")[0])
            kinds.setdefault(re.sub(r"(?<![a-z])(\.?[a-z]+)/\S*", r"\1", kind), moment)
    return list(kinds.values())[list(NIGHTS).index(found.name) % 12 :: 12]


def test_a_night_that_was_killed_ends_the_same(each_night: Night) -> None:
    assert each_night.listed_again() == each_night.moments, "a list of moments that is another every time has not every moment"
    assert len(set(each_night.moments)) == len(each_night.moments)
    good = {SAME, SAME_MAIL_TWICE, *([IN_DOUBT] if each_night.outside.forgets else ())}
    outcomes = {moment: each_night.killed_at(moment) for moment in tried(each_night)}
    assert {moment: outcome for moment, outcome in outcomes.items() if outcome not in good} == {}
    assert all(moment.startswith(TAKEN) or "settle" in moment for moment, outcome in outcomes.items() if outcome == SAME_MAIL_TWICE)
    # Twice in a row, and at times that no list knows.
    length, chance = len(each_night.moments), random.Random(each_night.name)
    for _ in range(length // 16 if EVERY else 1):
        later, sooner = (each_night.moments[chance.randrange(length)] for _ in range(2))
        assert each_night.killed_at(later, sooner) in good, (later, sooner)
    for _ in range(20 if EVERY else 1):
        seconds = chance.random() * each_night.seconds
        assert each_night.killed_after(seconds) in good, seconds


def test_every_door_of_a_home_has_its_moments(process: Zygote, _fresh_home: Path, tmp_path: Path) -> None:
    with night("second", _fresh_home, process, tmp_path) as found:
        named = "\n".join(found.moments)
    for sort in (
        "before remove inbox/acme/corrected.csv", "before remove responses/sample/answer.csv", "half way through writing results/acme/.", "before remove responses/sample/bad.csv",
        "to outbox/sample/sample-20260303-000002.csv\n", "to archive/2026-03-03/acme/corrected.csv", "to quarantine/sample/bad.csv", "to mail/update-1.eml", "before syncing mail",
        "before opening outbox/sample/.sample-20260303-000002.csv.manifest.json.writing", "before beginning transaction 3,", "before committing transaction 3,", "after committing transaction 3,",
    ):  # fmt: skip
        assert sort in named, sort


def test_an_end_that_is_another_one_is_seen(process: Zygote, _fresh_home: Path, tmp_path: Path) -> None:
    with night("first", _fresh_home, process, tmp_path) as found:
        home = Home(found.before)
        played = process.play(home.path, found.at, end=True)
        assert found.judged(played) == SAME
        next(home.path.glob("outbox/sample/*.csv")).unlink()
        next(home.path.glob("mail/received*")).unlink()
        (home.path / "outbox" / "sample" / ".x.writing").touch()
        judged = found.judged(process.play(home.path, found.at, end=True))
    assert all(part in judged for part in ("sent: ", "half written: ", "mails to ('received', "))


def test_the_operator_hears_what_a_pass_had_done_that_was_killed_before_it_could_tell(process: Zygote, _fresh_home: Path, tmp_path: Path) -> None:
    with night("first", _fresh_home, process, tmp_path) as found:
        home = Home(found.before)
        moment = next(each for each in found.moments if each.endswith("run.told_to_operator"))
        assert process.play(home.path, found.at, moment=moment).killed
    assert home.run().exit == 0
    said = (
        "the pass that began at 2026-03-02 20:00 was cut off before it could tell you what it did: it took in one.csv of acme, broken.csv of acme (unreadable); "
        "it made sample-20260302-000001.csv for sample. This pass went on where it stopped"
    )
    [told] = home.mails("night")
    assert said in " ".join(text_of(told).split())
    home.drop(LOCAL | {"tn": "617-234-0160", "destination": "line-0160"}, name="next.csv")
    assert home.run(NEXT).exit == 0
    assert sum("was cut off" in text_of(mail) for mail in home.mails("night")) == 1


def test_a_database_whose_making_was_killed_is_made(process: Zygote, tmp_path: Path) -> None:
    batchport("init", tmp_path / "fresh")
    listed = process.play(Path(shutil.copytree(tmp_path / "fresh", tmp_path / "listed")), EVENING, commands=[["status"]]).moments
    assert "before opening batchport.db" in listed
    for moment in listed[:: 1 if EVERY else 3]:
        home = Home(Path(shutil.copytree(tmp_path / "fresh", tmp_path / "home")))
        home.drop(LOCAL)
        assert process.play(home.path, EVENING, commands=[["status"]], moment=moment).killed
        again = process.play(home.path, EVENING, end=True)
        assert (again.exit, again.end["states"]) == (0, {"sheet.csv:2": "submitted"}), moment
        shutil.rmtree(home.path)


def test_a_confirmation_that_was_killed_ends_the_same(process: Zygote, _fresh_home: Path, tmp_path: Path) -> None:
    waiting = Home(Path(shutil.copytree(_fresh_home, tmp_path / "waiting")))
    waiting.drop(content=odd(*ROWS), name="odd.csv")
    assert waiting.run().exit == 1
    confirm = ["columns", "confirm", "odd.csv", *SETS, "--why", "x"]
    whole = Home(Path(shutil.copytree(waiting.path, tmp_path / "whole")))
    moments = process.play(whole.path, NEXT, commands=[confirm]).moments
    whole.run(NEXT)
    for moment in moments[:: 1 if EVERY else 15]:
        home = Home(Path(shutil.copytree(waiting.path, tmp_path / "home")))
        assert process.play(home.path, NEXT, commands=[confirm], moment=moment).killed
        again = process.play(home.path, NEXT, end=True)
        if again.end["states"] == {}:
            again = process.play(home.path, NEXT, commands=[confirm, ["run", "--format", "json"]], end=True)
        assert again.last["balanced"] is True
        assert again.end["states"] == whole.states(), moment
        assert len(home.sent()) == len(whole.sent()), moment
        assert len(home.mails("received")) == len(whole.mails("received")), moment
        shutil.rmtree(home.path)


@pytest.mark.parametrize("what", ["sheet", "bundle", "confirmed"])
def test_nothing_of_a_pass_that_was_killed_while_it_read_stays_behind(process: Zygote, _fresh_home: Path, tmp_path: Path, what: str) -> None:
    home, command = Home(Path(shutil.copytree(_fresh_home, tmp_path / "home"))), ["run"]
    if what == "sheet":
        home.drop(LOCAL)
    elif what == "bundle":
        home.drop(name="bundle.zip", content=zipped({"one.csv": sheet(LOCAL), "two.csv": sheet(MULTI)}))
    else:
        home.drop(content=odd(*ROWS), name="odd.csv")
        assert home.run().exit == 1
        command = ["columns", "confirm", "odd.csv", *SETS, "--why", "asked the customer"]
    listed = process.play(Path(shutil.copytree(home.path, tmp_path / "listed")), NEXT, commands=[command]).moments
    moment = next(each for each in listed if each.startswith("before committing") and each.endswith("sheets.store_sheets"))
    shared, told = tmp_path / "shared", tmp_path / "children"
    shared.mkdir()
    killed = process.play(home.path, NEXT, commands=[command], moment=moment, act=f"kill, and tell who is left: {told}", real_readers=True, shared=str(shared))
    assert killed.killed
    readers = [Path("/proc", number) for number in told.read_text().split()]
    assert readers
    deadline = time.monotonic() + 20
    while (left := [*filter(alive, readers), *left_in(shared)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def left_in(folder: Path) -> list[str]:
    """What there is in a folder; what is removed meanwhile is not."""
    return [name for _, folders, names in os.walk(folder) for name in (*folders, *names)]


def alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def zipped(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return target.getvalue()
