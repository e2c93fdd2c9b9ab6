"""The journal: what is in it, and that nobody changes it unnoticed."""

from __future__ import annotations

import getpass
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError, IntegrityError

from batchport.config import load
from batchport.pipeline.app import App
from batchport.pipeline.app import closing as closing_app
from batchport.store import journal
from batchport.store.acts import record_act
from tests.conftest import LOCAL, NEXT, THIRD, Home, account, both_parts, settled
from tests.postgresql import ON_POSTGRESQL

TN = LOCAL["tn"]
COLUMNS = ("at", "who", "what", "why", "about", "source", "pass_id", "file_id", "order_id", "submission_id", "response_id", "exception_id", "hash")


def recorded(home: Home, *options: str) -> list[dict[str, Any]]:
    """The journal."""
    return home.json("audit", "list", *options)


def test_a_night_is_in_the_journal_step_by_step(home: Home) -> None:
    home.take(LOCAL, LOCAL | {"tn": "617-234-0143", "name": "", "account_number": "77"})
    home.answer((home.pon(TN), "01", TN, "FOC", "", "", "2026-03-09"), ("", "", "6179990000", "ACK"))
    lines = recorded(home)
    assert [(line["id"], line["what"]) for line in lines] == list(enumerate(("pass", "take in", "make submission", "send", "pass", "apply response"), 1))
    assert {line["who"] for line in lines} == {getpass.getuser()}
    took, made, sent, heard = lines[1], lines[2], lines[3], lines[5]
    assert took["source"].startswith("acme/sheet.csv ")
    assert (took["about"], took["pass"]) == ("rows 2, rejected 1, ready 1; orders made 1", 1)
    assert made["about"].startswith("sample/sample-20260302-000001.csv ")
    assert made["about"].endswith(": orders 1, lines 1")
    assert made["submission"] == sent["submission"] == 1
    assert heard["source"].startswith("sample/answer.csv ")
    assert (heard["about"], heard["response"]) == ("lines 2, moves of rows 1, exception lines 1", 1)


def test_files_that_lead_to_no_rows_are_in_the_journal(home: Home) -> None:
    home.take(LOCAL)
    home.drop(LOCAL, name="copy.csv")
    home.drop(name="broken.xlsx", content=b"x" * 99)
    home.drop({name: value for name, value in LOCAL.items() if name != "losing_carrier"}, name="unmapped.csv")
    settled(home.path / "responses" / "sample" / "bad.csv", "PON,nothing\r\n")
    home.run(NEXT)
    found = {line["source"].rpartition(" ")[0]: (line["what"], line["about"]) for line in recorded(home) if line["source"] and line["pass"] == 2}
    assert found == {
        "sample/bad.csv": ("set aside", "response"), "acme/copy.csv": ("take in again", "the same as file 1"), "acme/broken.xlsx": ("set aside", "file-empty"),
        "acme/unmapped.csv": ("ask for columns", "column-missing"),
    }  # fmt: skip


def test_what_operators_do_is_in_the_journal_with_the_reason(home: Home, tmp_path: Path) -> None:
    home.take(LOCAL, *account(2))
    pon = home.pon(TN)
    home.answer(("", "", "6179990000", "ACK"))
    for command in (("cancel", pon), ("exceptions", "resolve", "1"), ("resend", "sample-20260302-000001.csv")):
        assert home(*command, "--why", "a rehearsal", at=THIRD).exit in (0, 1)
    home("loa", pon, "-o", tmp_path / "letter.pdf", at=THIRD)
    home("check", home.drop(LOCAL, name="x.csv"), "--customer", "acme", "--show-secrets", at=THIRD)
    said = [(line["what"], line["why"], line["pon"], line["exception"]) for line in recorded(home, "--since", "2026-03-04T19:59-05:00") if line["what"] not in ("pass", "send")]
    assert said == [
        ("cancel", "a rehearsal", pon, None), ("resolve", "a rehearsal", None, 1), ("resend", "a rehearsal", None, None), ("loa", None, pon, None),
        ("check --show-secrets", None, None, None),
    ]  # fmt: skip


def test_the_journal_is_listed_for_people_and_by_user(home: Home) -> None:
    home.take(LOCAL)
    assert "acme/sheet.csv" in home("audit", "list").out
    assert recorded(home, "--who", "nobody-here") == []
    assert home("audit", "list", "--since", "2027-01-01").out == "Nothing is recorded.\n"


def test_what_did_not_happen_is_not_in_the_journal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is stored with what it records, so what is rolled back leaves neither a record nor a gap."""
    from batchport.pipeline import sheets

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    home.drop(LOCAL)
    with monkeypatch.context() as patch:
        patch.setattr(sheets, "queue_mails", fails)
        assert home.run().exit == 3
    home.run(NEXT)
    assert [line["what"] for line in recorded(home)] == ["pass", "pass", "take in", "make submission", "send"]
    assert home("audit", "verify").exit == 0


def test_trace_shows_what_was_done_by_hand_and_nothing_twice(home: Home) -> None:
    home.take(LOCAL)
    home("resend", "sample-20260302-000001.csv", "--why", "they have lost it", at=NEXT)
    acts = [step["what"] for step in home.json("trace", TN) if step["step"] == "act"]
    assert len(acts) == 1
    assert "they have lost it" in acts[0]


def test_the_nights_mail_says_where_the_journal_ended(home: Home) -> None:
    home.take(LOCAL)
    home.run(NEXT)
    (mail,) = home.mails("night")
    assert both_parts(mail).count(recorded(home)[3]["hash"]) == 2


class TestUnbroken:
    """`audit verify` of what only batchport has written."""

    def test_it_says_how_many_records_there_are_and_where_they_end(self, home: Home) -> None:
        home.take(LOCAL)
        done = home("audit", "verify")
        assert (done.exit, done.out) == (0, f"4 records, unbroken, head {recorded(home)[-1]['hash']}.\n")
        assert home.json("audit", "verify") == [{"unbroken": True, "records": 4, "head": recorded(home)[-1]["hash"], "trouble": None, "fix": None}]

    def test_a_new_home_has_none_and_is_whole(self, home: Home) -> None:
        assert home("audit", "verify").out.startswith("0 records, unbroken")

    def test_records_from_before_there_was_a_chain_are_taken_into_it(self, home: Home) -> None:
        home.take(LOCAL)
        home("cancel", home.pon(TN), "--why", "they stay", at=NEXT)
        home.bring_back("0009")
        with home.database() as database:
            assert database.execute("select what from acts").fetchall() == [("cancel",)]
        assert [(line["id"], line["what"], line["why"]) for line in recorded(home)] == [(1, "cancel", "they stay")]
        assert home("audit", "verify").out.startswith("1 record, unbroken")
        home.run(THIRD)
        assert home("audit", "verify").exit == 0

    def test_two_that_write_at_once_make_one_chain(self, home: Home) -> None:
        home.take(LOCAL)
        config, failed = load(home.config), []

        def write(name: str) -> None:
            try:
                with closing_app(App(config, datetime.fromisoformat(NEXT))) as app:
                    for number in range(40):
                        with app.store.transaction() as connection:
                            record_act(connection, at=app.stamp, who=name, what="test", about=str(number))
            except Exception as error:  # noqa: BLE001  shown by the test
                failed.append(error)

        threads = [threading.Thread(target=write, args=(name,)) for name in ("ann", "bea")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert home("audit", "verify").out.startswith("84 records, unbroken")
        assert [line["about"] for line in recorded(home, "--who", "ann")] == [str(number) for number in range(40)]


def without_guards(database: Any) -> None:
    """Take away what keeps the journal from being changed, as anybody can who has the database."""
    guards = "select tgname from pg_trigger where tgrelid = 'journal'::regclass and not tgisinternal" if ON_POSTGRESQL else "select name from sqlite_master where type = 'trigger' and tbl_name = 'journal'"
    for (name,) in database.execute(guards).fetchall():
        database.execute(f"drop trigger {name}" + " on journal" * ON_POSTGRESQL)


#: What else one kind of database knows that would change a record.
OTHER_WAYS = (
    ["truncate journal", "insert into journal select * from journal where id = 2 on conflict (id) do update set why = 'another reason'"]
    if ON_POSTGRESQL
    else ["insert or replace into journal select * from journal where id = 2", "replace into journal select * from journal where id = 4"]
)


@pytest.mark.parametrize("statement", [
    "update journal set why = 'another reason' where id = 2", "update journal set hash = null", "delete from journal where id = 4", "delete from journal", *OTHER_WAYS,
])  # fmt: skip
def test_the_database_refuses_to_change_a_record(home: Home, statement: str) -> None:
    home.take(LOCAL)
    with pytest.raises(psycopg.errors.RaiseException if ON_POSTGRESQL else sqlite3.IntegrityError, match="append-only"), home.database() as database:
        database.execute(statement)
    assert home("audit", "verify").exit == 0


@pytest.fixture(scope="module")
def written(_fresh_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with some nights in its journal; looked at and copied, never changed."""
    home = Home(Path(shutil.copytree(_fresh_home, tmp_path_factory.mktemp("written") / "home")))
    home.take(LOCAL, *account(2))
    home.answer((home.pon(TN), "01", TN, "REJECT", "8A"), ("", "", "6179990000", "ACK"))
    home("exceptions", "resolve", "1", "--why", "not ours")
    home("hold", home.pon("617-236-2200"), "--why", "nothing")
    home("resubmit", home.pon(TN), "--why", "a try")
    if not ON_POSTGRESQL:
        with home.database() as database:
            database.execute("pragma wal_checkpoint(truncate)")
    return home


def blob(digits: str) -> str:
    """Bytes, as they are written in a statement."""
    return rf"'\x{digits}'::bytea" if ON_POSTGRESQL else f"x'{digits}'"


class TestBroken:
    """Whatever somebody who has the database does to the journal, `audit verify` says what and exits with 1."""

    @pytest.fixture
    def look(self, written: Home, tmp_path: Path) -> Iterator[Any]:
        """Says what is wrong after some statements, on a copy."""
        copy = Home(Path(shutil.copytree(written.path, tmp_path / "copy")))

        def after(*statements: str) -> str:
            with copy.database() as database:
                without_guards(database)
                for statement in statements:
                    database.execute(statement)
            done = copy("audit", "verify", "--format", "json")
            assert done.exit == (0 if done.lines[0]["unbroken"] else 1)
            return str(done.lines[0]["trouble"] or "")

        return after

    def test_nothing_is_wrong_where_nothing_was_done(self, look: Any) -> None:
        assert look() == ""

    def test_a_record_that_was_taken_away_is_named(self, look: Any) -> None:
        assert look("delete from journal where id = 3") == "record 3 was taken away"

    def test_records_that_were_taken_away_are_named(self, look: Any) -> None:
        assert look("delete from journal where id between 3 and 5") == "records 3 to 5 were taken away"

    def test_the_first_that_was_taken_away_is_named(self, look: Any) -> None:
        assert look("delete from journal where id = 1") == "record 1 was taken away"

    def test_what_was_cut_off_at_the_end_is_named(self, look: Any) -> None:
        assert look("delete from journal where id > 6") == "records 7 to 8 were taken away from the end"

    def test_an_empty_journal_is_not_whole(self, look: Any) -> None:
        assert "taken away from the end" in look("delete from journal")

    def test_a_gap_that_was_closed_is_named(self, look: Any) -> None:
        assert look("delete from journal where id = 3", "update journal set id = id - 1 where id > 3").startswith("record 3 is not the one that was written there")

    def test_a_record_that_was_put_in_is_named(self, look: Any) -> None:
        put_in = "insert into journal select (select max(id) + 1 from journal), at, who, what, why, about, source, pass_id, file_id, order_id, submission_id, response_id, exception_id, {} from journal where id = 2"
        assert look(put_in.format("hash")) == "record 9 is not the one that was written there: it was changed, put in, or moved from another place"
        assert look("delete from journal where id = 9", put_in.format("null")) == "record 9 was put in"

    def test_a_record_before_the_first_is_named(self, look: Any) -> None:
        assert look("update journal set id = -1 where id = 4") == "record -1 was put in"

    def test_two_that_changed_places_are_named(self, look: Any) -> None:
        assert look("update journal set id = 99 where id = 2", "update journal set id = 2 where id = 3", "update journal set id = 3 where id = 99").startswith("record 2 is not")

    def test_a_head_that_was_taken_away_or_made_up_is_told(self, look: Any) -> None:
        assert "where the journal ends" in look(f"update meta set value = {blob('00')} where name = 'journal'")
        assert "where the journal ends" in look("update meta set value = 'text' where name = 'journal'")
        assert "where the journal ends" in look("delete from meta where name = 'journal'")

    def test_a_shorter_journal_with_a_made_up_head_is_told(self, look: Any) -> None:
        made_up = f"{blob('0000000000000007')} || (select hash from journal where id = 7) || substr(value, 41)"
        head = f"update meta set value = cast({made_up} as {'bytea' if ON_POSTGRESQL else 'blob'}) where name = 'journal'"
        assert "where the journal ends" in look("delete from journal where id > 7", head)

    def test_a_head_without_records_is_not_begun_anew(self, look: Any) -> None:
        """Records without a hash and without a head look as from before there was a chain, and are not taken into one for that."""
        assert look("delete from meta where name = 'journal'", "update journal set hash = null, why = 'made up'") == "record 1 was put in"

    def test_what_to_do_is_told(self, written: Home, make_home: Any) -> None:
        copy = Home(Path(shutil.copytree(written.path, make_home("other").path / "copy")))
        with copy.database() as database:
            without_guards(database)
            database.execute("delete from journal where id = 2")
        done = copy("audit", "verify")
        assert done.exit == 1
        assert done.out.startswith("The journal is broken: record 2 was taken away. ")
        assert "Keep a copy" in done.out

    def test_nothing_is_written_behind_an_end_that_is_not_known(self, written: Home, make_home: Any) -> None:
        copy = Home(Path(shutil.copytree(written.path, make_home("other").path / "copy")))
        with copy.database() as database:
            database.execute("delete from meta where name = 'journal'")
        copy.drop(LOCAL, name="late.csv")
        done = copy.run(THIRD)
        assert done.exit == 2
        assert "where the journal ends" in done.err

    def test_nothing_is_written_behind_a_record_that_was_put_in(self, written: Home, make_home: Any) -> None:
        copy = Home(Path(shutil.copytree(written.path, make_home("other").path / "copy")))
        with copy.database() as database:
            database.execute(f"insert into journal (id, {', '.join(COLUMNS)}) select {LAST + 1}, {', '.join(COLUMNS)} from journal where id = 2")
        done = copy.run(THIRD)
        assert done.exit == 2
        assert "`batchport audit verify` says where" in done.err
        assert copy("audit", "verify").exit == 1

    def test_a_database_without_its_root_is_not_begun_anew(self, home: Home) -> None:
        home.take(LOCAL)
        with home.database() as database:
            database.execute("delete from meta where name = 'root'")
        done = home.run(NEXT)
        assert done.exit == 2
        assert "lost the root of its keys" in done.err

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_any_change_of_any_column_of_any_record_is_found(self, written: Home, data: st.DataObject) -> None:
        with changed(written) as (raw, verified):
            number, column = data.draw(st.integers(1, LAST)), data.draw(st.sampled_from(COLUMNS))
            before = raw.execute(f"select {column} from journal where id = ?", (number,)).fetchone()[0]
            kind = st.binary(min_size=32, max_size=32) if column == "hash" else st.none() | st.integers(0, 99) if column.endswith("_id") else st.text(SIGNS, max_size=9)
            after = data.draw(kind.filter(lambda value: value != before))
            raw.execute(f"update journal set {column} = ? where id = ?", (after, number))
            found = verified()
            assert found.trouble.startswith(f"record {number} ")
            assert found.records == number - 1

    @pytest.mark.parametrize("closed", [False, True])
    def test_whichever_record_is_taken_away_is_found(self, written: Home, closed: bool) -> None:
        for number in range(1, LAST + 1):
            with changed(written) as (raw, verified):
                raw.execute("delete from journal where id = ?", (number,))
                if closed:
                    move(raw, number, -1)
                assert verified().records == number - 1
                assert verified().trouble.startswith(f"record {LAST if closed and number == LAST else number} ")

    def test_whichever_two_change_places_is_found(self, written: Home) -> None:
        for one in range(1, LAST):
            for other in range(one + 1, LAST + 1):
                with changed(written) as (raw, verified):
                    for old, new in ((one, 99), (other, one), (99, other)):
                        raw.execute("update journal set id = ? where id = ?", (new, old))
                    assert verified().trouble.startswith(f"record {one} is not")

    def test_whatever_is_put_in_wherever_is_found(self, written: Home) -> None:
        """A copy of every record in every place, behind the last too, with what follows moved on."""
        for source in range(1, LAST + 1):
            for place in range(1, LAST + 2):
                with changed(written) as (raw, verified):
                    copied = raw.execute(f"select {', '.join(COLUMNS)} from journal where id = ?", (source,)).fetchone()
                    move(raw, place - 1, 1)
                    raw.execute(f"insert into journal (id, {', '.join(COLUMNS)}) values (?{', ?' * len(COLUMNS)})", (place, *copied))
                    # A copy in the place of its original is the original, and the one behind it is put in.
                    assert verified().trouble.startswith(f"record {place + (source == place)} is not")


#: What a text may hold in the database.
SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters="\0" if ON_POSTGRESQL else "")
#: How many records the written home has.
LAST = 8


@contextmanager
def changed(home: Home) -> Iterator[tuple[Any, Any]]:
    """The database to be changed by somebody else, and what `verify` says then; the change is taken back."""
    with closing_app(App(load(home.config), datetime.fromisoformat(NEXT))) as app, closing(app.store.engine.connect()) as connection:
        connection.begin()
        raw = SimpleNamespace(execute=connection.exec_driver_sql)
        without_guards(raw)
        yield raw, lambda: journal.verify(connection)
        connection.rollback()


def move(raw: Any, after: int, by: int) -> None:
    """Give the records behind one other numbers."""
    raw.execute("update journal set id = -id where id > ?", (after,))
    raw.execute("update journal set id = -id + ? where id < 0", (by,))


def test_the_program_itself_cannot_change_a_record(home: Home) -> None:
    home.take(LOCAL)
    with closing_app(App(load(home.config), datetime.fromisoformat(NEXT))) as app, pytest.raises(DatabaseError if ON_POSTGRESQL else IntegrityError, match="append-only"), app.store.transaction() as connection:
        connection.exec_driver_sql("delete from journal where id = 1")
