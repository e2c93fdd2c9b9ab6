"""Databases of every released schema: brought up to date with all that is in them, and kept as they were beside it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import create_engine, inspect

from batchport.store.database import HEAD, upgrade_at
from tests.conftest import EVENING, LOCAL, NEXT, ROOT, THIRD, Home, account
from tests.postgresql import ON_POSTGRESQL, server

REVISIONS = sorted(path.name[:4] for path in (ROOT / "batchport" / "store" / "migrations" / "versions").glob("[0-9]*.py"))
OLD = [revision for revision in REVISIONS if revision < HEAD]
#: Of a database in a server, no copy is kept beside it.
BESIDE_A_FILE = pytest.mark.skipif(ON_POSTGRESQL, reason="a copy is kept of a file alone")


def test_the_newest_migration_is_that_of_the_program() -> None:
    assert REVISIONS[-1] == HEAD
    assert [int(revision) for revision in REVISIONS] == list(range(1, len(REVISIONS) + 1))


@pytest.fixture(scope="module")
def two_nights(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Rows in most states, an order that was answered, one that was rejected, an exception line."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("old") / "home")))
    home.take(
        LOCAL, *account(3), LOCAL | {"tn": "617-236-0200", "account_number": "B2", "destination": "line-0200"},
        LOCAL | {"tn": "617-236-0300", "account_number": "C3", "name": "", "destination": "line-0300"},
    )
    home.answer(
        (home.pon(LOCAL["tn"]), "01", "", "FOC", "", "", "2026-03-09"), (home.pon("617-236-0200"), "01", "", "REJECT", "1P", "no such account"),
        ("P00000000000", "01", "", "ACK"), at=NEXT,
    )  # fmt: skip
    return home


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, two_nights: Home, tmp_path: Path) -> tuple[Home, str]:
    """The same home with the tables that an earlier program made, filled with what these had room for."""
    home = Home(Path(shutil.copytree(two_nights.path, tmp_path / "home")))
    home.bring_back(request.param)
    return home, request.param


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every record of every table, and how the tables are made."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        found = {name: sorted(map(tuple, connection.exec_driver_sql(f'select * from "{name}"')), key=repr) for name in tables}
        made = connection.exec_driver_sql(_MADE[connection.dialect.name]).fetchall()
    engine.dispose()
    return {"made": [tuple(each) for each in made], **found}


#: How everything in a database is made, by its kind.
_MADE = {
    "sqlite": "select name, sql from sqlite_master order by type, name",
    "postgresql": """
        select table_name || '.' || column_name, concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default) from information_schema.columns where table_schema = 'public'
        union all select indexname, indexdef from pg_indexes where schemaname = 'public'
        union all select conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
        union all select tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace
        order by 1, 2""",
}


def shape(home: Home) -> dict[str, object]:
    """Columns of tables, and names of indexes; in a server, everything as it is made."""
    if ON_POSTGRESQL:
        return {"made": contents(home.url)["made"]}
    with home.database() as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        found: dict[str, object] = {name: {tuple(column[1:6]) for column in database.execute(f'pragma table_info("{name}")')} for name in tables}
        return found | {"indexes": {(name,) for (name,) in database.execute("select name from sqlite_master where type = 'index' and sql is not null")}}


class TestFromEverySchema:
    def test_all_that_was_in_it_is_readable_and_the_count_comes_out(self, old: tuple[Home, str], two_nights: Home) -> None:
        home, _ = old
        assert home.states() == two_nights.states()
        assert [(line["pon"], line["state"], line["foc_date"]) for line in home.json("orders")] == [(line["pon"], line["state"], line["foc_date"]) for line in two_nights.json("orders")]
        assert len(home.exceptions()) == 1
        assert home("balance").exit in (0, 1)
        assert home("trace", LOCAL["tn"]).exit == 0
        home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"), name="third.csv", at=THIRD, run=False)
        done = home.run(THIRD)
        assert done.last["balanced"] is True
        assert home.state(LOCAL["tn"]) == "completed"

    @BESIDE_A_FILE
    def test_the_copy_is_the_database_as_it_was(self, old: tuple[Home, str]) -> None:
        home, _ = old
        before = contents(home.url)
        assert home("orders").exit == 0
        copy = home.path / f"batchport.db.before-{HEAD}"
        assert contents(f"sqlite:///{copy}") == before
        assert copy.stat().st_mode & 0o777 == 0o600

    def test_its_tables_are_those_of_a_new_one(self, old: tuple[Home, str], two_nights: Home) -> None:
        home, _ = old
        home("orders")
        assert shape(home) == shape(two_nights)
        if not ON_POSTGRESQL:
            with home.database() as database:
                assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
                assert database.execute("pragma foreign_key_check").fetchall() == []

    def test_one_line_says_so(self, old: tuple[Home, str]) -> None:
        home, revision = old
        done = home("db", "upgrade", "--why", "Monday's update")
        assert (done.exit, done.err) == (0, "")
        kept = "" if ON_POSTGRESQL else f"; as it was it lies in {home.path / 'batchport.db'}.before-{HEAD}"
        assert done.out == f"The database was brought from {revision} to {HEAD}{kept}.\n"
        with home.database() as database:
            assert database.execute("select what, about, why from journal order by id desc").fetchone() == ("db upgrade", f"from {revision}", "Monday's update")


@pytest.fixture
def oldest(home: Home) -> Iterator[Home]:
    home.take(LOCAL)
    home.bring_back(OLD[0])
    yield home


class TestOnTheWay:
    def test_a_command_says_on_standard_error_what_it_did(self, oldest: Home, caplog: pytest.LogCaptureFixture) -> None:
        done = oldest("status", "--format", "json")
        assert done.lines[0]["state"] == "submitted"
        assert [record.message for record in caplog.records if f"was brought from {OLD[0]} to {HEAD}" in record.message and (ON_POSTGRESQL or f"before-{HEAD}" in record.message)]

    def test_a_migration_that_fails_changes_nothing_and_the_next_one_ends_well(self, oldest: Home) -> None:
        from alembic import command

        before = contents(oldest.url)
        whole = command.upgrade

        def cut_off(*args: object) -> None:
            whole(*args)
            raise OSError(28, "No space left on device", "batchport.db")

        with mock.patch.object(command, "upgrade", cut_off):
            assert oldest("status").exit == 2
        assert contents(oldest.url) == before
        assert oldest("status").exit == 0
        if not ON_POSTGRESQL:
            assert contents(f"sqlite:///{oldest.path / f'batchport.db.before-{HEAD}'}") == before

    @BESIDE_A_FILE
    def test_where_no_copy_can_be_kept_nothing_is_changed(self, oldest: Home) -> None:
        database = oldest.path / "batchport.db"
        before = contents(oldest.url)
        database.with_name(f"batchport.db.before-{HEAD}").mkdir()
        done = oldest("status")
        assert done.exit == 2 and f"before-{HEAD}" in done.err
        assert contents(oldest.url) == before
        assert [path.name for path in oldest.path.iterdir() if path.name.endswith(".writing")] == []

    def test_of_two_that_come_at_the_same_time_one_does_it(self, oldest: Home) -> None:
        url, found = oldest.url, []
        threads = [threading.Thread(target=lambda: found.append(upgrade_at(url).before)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(found) == [OLD[0], HEAD]

    def test_of_a_new_database_no_copy_is_kept(self, home: Home) -> None:
        if ON_POSTGRESQL:
            home.set(home.url, server().new())
        else:
            (home.path / "batchport.db").unlink()
        assert home("db", "upgrade").out == f"The database was made, at {HEAD}.\n"
        assert list(home.path.glob("batchport.db.before*")) == []

    def test_a_database_that_is_up_to_date_is_left_alone(self, home: Home) -> None:
        home.take(LOCAL, at=EVENING)
        before = contents(home.url)
        assert "nothing to do" in home("db", "upgrade").out
        assert contents(home.url) == before
