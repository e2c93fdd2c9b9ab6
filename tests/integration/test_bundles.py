"""Zip archives of sheets and papers, as customers drop them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from batchport.spreadsheets import pool
from tests.conftest import LOCAL, MULTI, NEXT, Home, batchport, sheet

PDF = b"%PDF-1.4\n%%EOF\n"


def bundle(*members: tuple[str, str | bytes]) -> bytes:
    """A zip archive of some files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


TWO = bundle(("one.csv", sheet(LOCAL)), ("more/two.csv", sheet(MULTI)), ("letter.pdf", PDF), ("__MACOSX/._one.csv", b"\0\5\26\7"))


def test_check_reads_every_sheet_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(TWO)
    lines = batchport("check", path, "--format", "json").lines
    assert [(line["file"], line["row"], line["state"]) for line in lines[:-1]] == [
        (f"{path}/one.csv", None, "read"), (f"{path}/one.csv", 2, "ready"), (f"{path}/more/two.csv", None, "read"), (f"{path}/more/two.csv", 2, "ready"),
    ]  # fmt: skip
    assert lines[-1]["summary"]["files"] == 2


def test_archives_and_sheets_are_checked_in_one_command(tmp_path: Path) -> None:
    (tmp_path / "one.zip").write_bytes(TWO)
    (tmp_path / "plain.csv").write_text(sheet(LOCAL), "utf-8")
    (tmp_path / "bad.zip").write_bytes(TWO[:-30])
    (tmp_path / "two.zip").write_bytes(TWO)
    names = ("one.zip", "plain.csv", "bad.zip", "two.zip", "plain.csv")
    lines = batchport("check", *(tmp_path / name for name in names), "--format", "json").lines
    files = [(line["file"].removeprefix(f"{tmp_path}/"), line["state"]) for line in lines[:-1] if line["row"] is None]
    one, two = ([(f"{name}/one.csv", "read"), (f"{name}/more/two.csv", "read")] for name in ("one.zip", "two.zip"))
    assert files == [*one, ("plain.csv", "read"), ("bad.zip", "unreadable"), *two, ("plain.csv", "read")]


def test_read_shows_the_sheets_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(TWO)
    lines = batchport("read", path, "--format", "json").lines
    assert [(line["file"], line["row"], line["header"]) for line in lines] == [
        (f"{path}/one.csv", 1, True), (f"{path}/one.csv", 2, False), (f"{path}/more/two.csv", 1, True), (f"{path}/more/two.csv", 2, False),
    ]  # fmt: skip


def test_a_pass_takes_every_sheet_in_and_puts_the_archive_away(home: Home) -> None:
    home.drop(content=TWO, name="bundle.zip")
    done = home.run()
    assert (done.exit, done.last["files"]["read"], done.last["rows"]["submitted"]) == (0, 2, 2)
    assert home.states() == {"bundle.zip/one.csv:2": "submitted", "bundle.zip/more/two.csv:2": "submitted"}
    assert not list((home.path / "inbox" / "acme").iterdir())
    assert [path.name for path in (home.path / "archive").glob("*/acme/*")] == ["bundle.zip"]
    assert {path.name.split(".")[0] for path in (home.path / "results" / "acme").iterdir()} == {"one", "two"}
    again = home.run()
    assert (again.exit, again.last["changed"]) == (0, False)


def test_the_same_archive_again_makes_no_rows_and_says_what_it_equals(home: Home) -> None:
    home.drop(content=TWO, name="bundle.zip")
    home.run()
    home.drop(content=TWO, name="again.zip")
    done = home.run(NEXT)
    assert (done.exit, done.last["files"]["repeated"], done.last["rows"]["read"]) == (0, 2, 2)


def test_a_pass_cut_off_between_two_sheets_takes_neither_in_twice(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from batchport.pipeline import intake

    home.drop(content=TWO, name="bundle.zip")
    whole, calls = intake.store_sheets, []

    def stopped(*args: object, **options: object) -> int:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "store_sheets", stopped)
        home("intake")
    assert home.states() == {"bundle.zip/one.csv:2": "ready"}
    done = home.run()
    assert done.exit == 0
    assert home.states() == {"bundle.zip/one.csv:2": "submitted", "bundle.zip/more/two.csv:2": "submitted"}
    assert done.last["files"]["repeated"] == 0
    assert not list((home.path / "inbox" / "acme").iterdir())


def test_a_sheet_of_an_archive_that_cannot_be_read_is_set_aside_by_itself(home: Home) -> None:
    home.drop(content=bundle(("one.csv", sheet(LOCAL)), ("two.xlsx", b"PK\x03\x04 cut off")), name="bundle.zip")
    done = home.run()
    assert (done.exit, done.last["files"]) == (1, {"read": 1, "repeated": 0, "set_aside": 1})
    assert sorted(path.name for path in (home.path / "quarantine" / "acme").iterdir()) == ["two.xlsx", "two.xlsx.txt"]
    assert home.states() == {"bundle.zip/one.csv:2": "submitted"}


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (bundle(("../one.csv", sheet(LOCAL))), "file-unreadable", "leads out"),
        (bundle(("/etc/one.csv", sheet(LOCAL))), "file-unreadable", "leads out"),
        (bundle(("a\\..\\one.csv", sheet(LOCAL))), "file-unreadable", "leads out"),
        (bundle(("C:one.csv", sheet(LOCAL))), "file-unreadable", "leads out"),
        (bundle(("One.csv", sheet(LOCAL)), ("one.CSV", sheet(MULTI))), "file-unreadable", "two files of one name"),
        (bundle(("letter.pdf", PDF)), "file-empty", ""),
        (bundle(), "file-empty", ""),
        (bundle(("bomb.csv", b"0" * (30 << 20))), "file-too-large", "unpacks to"),
        (bundle(*((f"{number}.csv", "TN\n") for number in range(1001))), "file-too-large", "1,001 files"),
        (TWO[:200], "file-unreadable", "damaged"),
    ],
)
def test_what_no_honest_archive_holds_is_refused_whole(home: Home, content: bytes, code: str, words: str) -> None:
    path = home.drop(content=content, name="bundle.zip")
    found = batchport("check", path, "--format", "json")
    assert found.exit == 2
    assert (found.lines[0]["state"], found.lines[0]["findings"][0]["code"]) == ("unreadable", code)
    assert words in found.lines[0]["findings"][0]["message"]
    assert home.run().last["files"] == {"read": 0, "repeated": 0, "set_aside": 1}
    assert not list(home.path.rglob("one.csv"))


def test_an_archive_inside_another_is_no_sheet(tmp_path: Path) -> None:
    path = tmp_path / "outer.zip"
    path.write_bytes(bundle(("inner.zip", TWO), ("one.csv", sheet(LOCAL))))
    lines = batchport("check", path, "--format", "json").lines
    assert [(line["file"], line["state"]) for line in lines if line.get("row", 0) is None] == [(f"{path}/inner.zip", "unreadable"), (f"{path}/one.csv", "read")]


def test_nothing_of_an_archive_is_left_lying_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(pool, "_SHARED_MEMORY", memory)
    path = tmp_path / "bundle.zip"
    path.write_bytes(TWO)
    assert batchport("check", path).exit == 0
    assert list(memory.iterdir()) == []
