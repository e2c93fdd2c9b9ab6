"""A grown installation moves from a file to a server and back: everything comes along, and nothing goes out of both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import EVENING, NEXT, Home, account
from tests.postgresql import ON_POSTGRESQL, server

pytestmark = pytest.mark.skipif(ON_POSTGRESQL, reason="begins in a file")


@pytest.fixture
def target() -> Iterator[str]:
    """The URL of an empty database in a server."""
    yield server().new()


def move(home: Home, source: str, target: str) -> str:
    done = home("db", "copy", source, target, "--why", "one machine is not enough", at=NEXT)
    assert done.exit == 0, done.err
    return done.out


def in_file(home: Home) -> str:
    return f"sqlite:///{home.path / 'batchport.db'}"


def test_what_moved_is_the_same_and_goes_on(home: Home, target: str) -> None:
    home.take(*account())
    asked = (("status", "--format", "json"), ("orders", "--format", "json"), ("report", "--format", "json"), ("balance", "--format", "json"))
    before = [home(*each, at=NEXT).out for each in asked]
    assert "copied and compared" in move(home, in_file(home), target)
    closed = home("run")
    assert (closed.exit, target.partition("?")[0] in closed.err) == (2, True)
    home.set("home: .\n", f"home: .\ndatabase: {target}\n")
    assert [home(*each, at=NEXT).out for each in asked] == before
    assert home("audit", "verify").exit == 0
    tn = account()[0]["tn"]
    assert home.answer((home.pon(tn), "01", "", "FOC", "", "", "2026-03-12")).last["balanced"] is True
    assert home.state(tn) == "confirmed"
    assert home.take(*account(2, btn="617-238-4400", account_number="C99120"), name="more.csv", at=NEXT).last["submissions"] == 1


def test_it_comes_back_from_a_server_to_a_file(home: Home, target: str) -> None:
    home.take(*account())
    before = home("status", "--format", "json", at=NEXT).out
    move(home, in_file(home), target)
    home.set("home: .\n", f"home: .\ndatabase: {target}\n")
    move(home, target, f"sqlite:///{home.path / 'again.db'}")
    home.set(target, f"sqlite:///{home.path / 'again.db'}")
    assert home("status", "--format", "json", at=NEXT).out == before
    assert home.run(NEXT).last["balanced"] is True


def test_nothing_is_copied_into_a_database_that_is_not_empty(home: Home, make_home: object, target: str) -> None:
    home.take(*account())
    move(home, in_file(home), target)
    other = make_home("other")  # type: ignore[operator]
    done = other("db", "copy", in_file(other), target, "--why", "by mistake")
    assert (done.exit, "is not empty" in done.err) == (2, True)
    assert other.run(EVENING).exit == 0, "the old one is still open"


def test_a_database_that_would_compare_texts_otherwise_is_refused_with_the_command_that_makes_a_right_one(home: Home) -> None:
    server().do("create database other template template0 encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'")
    done = home("db", "copy", in_file(home), server().url("other"), "--why", "growth")
    assert done.exit == 2
    assert "lc_collate 'C'" in done.err
    assert home.run(EVENING).exit == 0


def test_a_password_in_the_url_is_refused_and_not_shown(home: Home) -> None:
    home.set("home: .\n", "home: .\ndatabase: postgresql://desk:open-sesame@db.example/batchport\n")
    done = home("run")
    assert done.exit == 2
    assert "open-sesame" not in done.err
    assert "pgpass" in done.err


def test_a_server_that_is_not_there_is_told(home: Home) -> None:
    home.set("home: .\n", f"home: .\ndatabase: postgresql://desk@/batchport?host={home.path}\n")
    done = home("run")
    assert done.exit == 2
    assert "cannot be reached" in done.err
    assert home("doctor").exit == 1


def test_a_backup_of_a_database_in_a_server_is_put_back_as_a_file(home: Home, target: str) -> None:
    import tarfile

    home.take(*account())
    before = home("status", "--format", "json", at=NEXT).out
    move(home, in_file(home), target)
    home.set("home: .\n", f"home: .\ndatabase: {target}\n")
    assert home("backup", home.path / "all.tar", at=NEXT).exit == 0
    (home.path / "batchport.db").unlink()
    with tarfile.open(home.path / "all.tar") as tar:
        tar.extract("batchport.db", home.path, filter="data")
    home.set(f"database: {target}\n", "")
    assert home("status", "--format", "json", at=NEXT).out == before
