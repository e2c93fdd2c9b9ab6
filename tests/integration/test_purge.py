"""`purge`: PINs go when their orders have ended, papers, originals and the rest after the set days; what was not sent or not answered stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from batchport.config import load
from batchport.domain.purged import PURGED
from batchport.pipeline.app import App
from batchport.pipeline.app import closing as closing_app
from batchport.store.pieces import open_pieces
from tests.conftest import LOCAL, NEXT, THIRD, Home, account, settled, sheet

PIN = "7Q4X91"
#: Years after the samples' nights; everything that may go is old enough.
LATER = "2029-03-02T20:00:00-05:00"


def pieces(home: Home) -> list[dict[str, Any]]:
    """All that is stored of the rows of all sheets, in their order."""
    found: list[dict[str, Any]] = []
    with closing_app(App(load(home.config), datetime.fromisoformat(LATER))) as app, app.store.reading() as connection:
        for (number,) in connection.exec_driver_sql("select id from files order by id"):
            found += [row for _, _, table in open_pieces(app.store, connection, number) for row in table.to_pylist()]
    return found


def says(home: Home, secret: str) -> bool:
    """Whether any stored row still says it, in any cell."""
    return any(secret in str(value) for row in pieces(home) for value in row.values())


def purge(home: Home, at: str = LATER) -> dict[str, int]:
    """A purge, and how many things of each kind went."""
    done = home("purge", "--why", "the set days", "--format", "json", at=at)
    assert done.exit == 0, done
    counts: dict[str, int] = {}
    for line in done.lines:
        assert line["purge"]["gone"] is True
        counts[line["purge"]["kind"]] = counts.get(line["purge"]["kind"], 0) + line["purge"]["count"]
    return counts


def acts(home: Home) -> list[tuple[str, str]]:
    with home.database() as connection:
        return connection.execute("select what, about from journal where what like 'purge%' order by id").fetchall()


@pytest.fixture
def ended(home: Home) -> Home:
    """A home with an order that has ended, and one that is in flight."""
    home.take(LOCAL | {"pin": PIN}, *account(2, pin="OPEN77"))
    home.answer((home.pon(LOCAL["tn"]), "01", "", "FOC", "", "", "2026-03-09"))
    home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"), name="moved.csv", at=THIRD)
    assert home.state(LOCAL["tn"]) == "completed"
    return home


class TestPins:
    def test_they_go_when_their_order_has_ended_and_no_sooner(self, ended: Home) -> None:
        assert purge(ended, at=THIRD)["PINs"] == 1
        assert not says(ended, PIN)
        assert says(ended, "OPEN77")
        assert ("purge PINs", "1 of acme/sheet.csv") in acts(ended)

    def test_a_dry_run_says_what_would_go_and_takes_nothing(self, ended: Home) -> None:
        done = ended("purge", "--dry-run", at=THIRD)
        assert "PINs: 1 would go" in done.out
        assert "acme/sheet.csv" in done.out
        assert says(ended, PIN)
        assert acts(ended) == []

    def test_a_second_time_there_is_nothing(self, ended: Home) -> None:
        purge(ended, at=THIRD)
        assert ended("purge", "--why", "x", at=THIRD).out.startswith("Nothing")

    def test_they_stay_for_the_set_days(self, ended: Home) -> None:
        ended.set("  pins: 0 ", "  pins: 5 ")
        assert "PINs" not in purge(ended, at="2026-03-06T20:00:00-05:00")
        assert purge(ended, at="2026-03-10T20:00:00-04:00")["PINs"] == 1

    def test_a_reason_is_asked_for(self, ended: Home) -> None:
        assert ended("purge").exit == 2

    def test_no_pin_is_not_a_secret(self, home: Home) -> None:
        home.take({**LOCAL, "pin": ""})
        home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
        assert "PINs" not in purge(home, at=THIRD)
        assert pieces(home)[0]["pin"] == "0000"

    def test_secrets_under_headers_that_are_not_ours_go_too(self, home: Home) -> None:
        text = sheet(LOCAL | {"pin": PIN}).replace("Port To Line\r\n", "Port To Line,Old Passcode\r\n").replace("line-0142\r\n", "line-0142,QX771100\r\n")
        home.drop(content=text)
        home.run()
        home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
        assert says(home, "QX771100")
        purge(home, at=THIRD)
        assert not says(home, "QX771100")

    def test_an_account_number_stays_and_letters_results_status_and_trace_go_on(self, ended: Home) -> None:
        before = [ended("trace", ended.pon(LOCAL["tn"])).out, ended("status", "--format", "json").out]
        purge(ended, at=THIRD)
        assert [ended("trace", ended.pon(LOCAL["tn"])).out.splitlines()[:3], ended("status", "--format", "json").out] == [before[0].splitlines()[:3], before[1]]
        assert ended("loa", ended.pon(LOCAL["tn"]), "-o", ended.path / "letter.pdf").exit == 0
        with ended.database() as connection:
            connection.execute("update files set results_due = true")
            connection.commit()
        done = ended.run("2026-03-05T20:00:00-05:00")
        assert done.last["balanced"] is True
        text = next((ended.path / "results" / "acme").glob("*.csv")).read_text("utf-8-sig")
        assert "****" in text
        assert PURGED not in text

    def test_duplicates_and_replaced_rows_keep_theirs_while_their_number_is_open(self, home: Home) -> None:
        home.take(LOCAL | {"pin": "OLD77111"})
        home.answer((home.pon(LOCAL["tn"]), "01", LOCAL["tn"], "REJECT", "8C"))
        home.take(LOCAL | {"pin": PIN}, name="right.csv", at=NEXT)  # a correction: the partner still has the old text
        assert home.states()["sheet.csv:2"] == "superseded"
        assert "PINs" not in purge(home, at=THIRD)
        home.answer((home.pon(LOCAL["tn"]), "02", "", "COMPLETE"), name="moved.csv", at=THIRD)
        assert home.state(LOCAL["tn"]) == "completed"
        assert purge(home, at=THIRD)["PINs"] == 2
        assert not says(home, "OLD77111")

    def test_rejected_rows_keep_theirs_until_their_sheet_is_as_old_as_originals_may_get(self, home: Home) -> None:
        home.take(LOCAL | {"pin": PIN, "name": ""})
        assert home.states() == {"sheet.csv:2": "rejected"}
        assert "PINs" not in purge(home, at="2027-03-01T20:00:00-05:00")
        assert purge(home, at=LATER)["PINs"] == 1

    def test_a_rejected_row_that_an_order_waits_for_keeps_its_pin(self, home: Home) -> None:
        rows = account(3, pin=PIN)
        home.take(*rows[:2], rows[2] | {"name": ""})
        assert set(home.states().values()) == {"held", "rejected"}
        assert purge(home).keys() == {"mails"}
        assert says(home, PIN)


AGAIN: dict[str, Mapping[str, str]] = {"the same": {}, "another name": {"name": "Harbor Bakery Incorporated"}}


class TestComparing:
    """What comes again after a purge is told the same as before it."""

    @pytest.mark.parametrize("change", list(AGAIN))
    @pytest.mark.parametrize("how", ["completed", "cancelled"])
    def test_a_row_that_comes_again_has_the_findings_it_had_before(self, make_home: Any, change: str, how: str) -> None:
        outcomes = []
        for purged in (False, True):
            home = make_home(f"{purged}")
            home.take(LOCAL | {"pin": PIN})
            home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE" if how == "completed" else "CANCEL"))
            if purged:
                assert purge(home, at=THIRD)["PINs"] == 1
            home.take(LOCAL | {"pin": PIN, **AGAIN[change]}, name="again.csv", at=THIRD)
            outcomes.append([(row["file"], row["state"], row["findings"]) for row in home.rows(LOCAL["tn"])])
        assert outcomes[0] == outcomes[1]

    def test_another_pin_counts_as_the_same_since_nobody_can_tell(self, ended: Home) -> None:
        purge(ended, at=THIRD)
        ended.take(LOCAL | {"pin": "9Z9Z9Z"}, name="again.csv", at=THIRD)
        assert ended.states()["again.csv:2"] == "duplicate"

    def test_a_results_workbook_that_comes_back_changes_nothing(self, ended: Home) -> None:
        purge(ended, at=THIRD)
        (book,) = (ended.path / "results" / "acme").glob("*.csv")
        ended.drop(name="back.csv", content=book.read_bytes())
        ended.run(THIRD)
        assert {state for row, state in ended.states().items() if row.startswith("back.csv")} == {"duplicate"}

    def test_a_row_that_is_asked_for_anew_needs_its_pin_anew(self, home: Home) -> None:
        home.take(LOCAL | {"pin": PIN})
        home.answer((home.pon(LOCAL["tn"]), "01", "", "CANCEL"))
        purge(home, at=THIRD)
        (book,) = (home.path / "results" / "acme").glob("*.csv")
        home.drop(name="back.csv", content=book.read_text("utf-8-sig").replace("Harbor Bakery LLC", "Harbor Bakery Incorporated").encode())
        home.run(THIRD)
        (row,) = [row for row in home.rows(LOCAL["tn"]) if row["file"] == "back.csv"]
        assert row["state"] == "rejected"
        assert "pin-invalid" in row["findings"]


def test_an_order_that_goes_again_without_its_pins_is_kept_back(ended: Home) -> None:
    """It cannot happen by what the program does; if it did, no partner must get a mark for a PIN."""
    purge(ended, at=THIRD)
    with ended.database() as connection:
        connection.execute("update rows set state = 4, live = true, ver = 0 where state = 9")
        connection.execute("update orders set live = true, ver = 0, held_by = '', taken_by = null where id = (select order_id from rows where state = 4 limit 1)")
        connection.commit()
    done = ended("submit", at="2026-03-05T12:00:00-05:00")
    assert "its PINs are not kept any more" in done.out
    assert len(list((ended.path / "outbox" / "sample").glob("*.csv"))) == 1


class TestTheRest:
    @pytest.fixture
    def old(self, home: Home) -> Home:
        """A sheet with a paper, all of it ended; one set aside; and what was left of them."""
        home.take(LOCAL | {"pin": PIN, "loa_file": "letter.pdf"})
        home.drop(name="broken.xlsx", content=b"PK\3\4 no workbook")
        home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
        return home

    def test_all_of_it_goes_after_its_days_and_the_count_still_comes_out(self, old: Home) -> None:
        counts = purge(old)
        assert {kind for kind, number in counts.items() if number} == {"PINs", "papers", "submissions", "originals", "quarantine", "results", "mails"}
        assert [path for shelf in ("archive", "quarantine", "mail", "results") for path in (old.path / shelf).rglob("*") if path.is_file()] == []
        assert list((old.path / "archive").iterdir()) == []
        assert {what for what, _ in acts(old)} == {f"purge {kind}" for kind in counts}
        assert old.run(LATER).last["balanced"] is True
        assert old("trace", "sheet.csv").exit == 0
        assert old("balance").exit in (0, 1)
        assert purge(old) == {}

    def test_nothing_goes_before_its_days(self, old: Home) -> None:
        assert purge(old, at=THIRD) == {"PINs": 1}

    @pytest.mark.parametrize("answer", [None, ("REJECT", "8C"), ("FOC", "", "", "2026-03-12")], ids=["none", "rejected", "confirmed"])
    def test_what_was_not_answered_or_has_not_ended_stays_however_old(self, home: Home, answer: tuple[str, ...] | None) -> None:
        home.take(LOCAL | {"pin": PIN, "loa_file": "letter.pdf"})
        if answer:
            home.answer((home.pon(LOCAL["tn"]), "01", LOCAL["tn"], *answer), run=False)
            home.run(NEXT)
        kept = {path for path in (home.path / "archive").rglob("*") if path.parent.name == "acme" and path.is_file()}
        assert purge(home).keys() <= {"mails", "originals"}
        assert {path for path in (home.path / "archive").rglob("*") if path.parent.name == "acme" and path.is_file()} == kept
        assert list((home.path / "results" / "acme").iterdir()) != []

    def test_what_was_not_sent_stays_however_old(self, home: Home) -> None:
        home.drop(LOCAL | {"pin": PIN, "loa_file": "letter.pdf"})
        home("intake")
        home("hold", home.pon(LOCAL["tn"]), "--why", "x")
        home("notify")
        assert purge(home).keys() == {"mails"}

    def test_a_zip_archive_stays_as_long_as_one_of_its_sheets_is_open(self, home: Home) -> None:
        import io
        import zipfile

        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as bundle:
            bundle.writestr("a.csv", sheet(LOCAL))
        home.drop(name="both.zip", content=target.getvalue())
        home.run()
        purge(home)
        assert list(home.path.glob("archive/*/acme/both.zip")) != []
        home.answer((home.pon(LOCAL["tn"]), "01", "", "COMPLETE"))
        purge(home)
        assert list(home.path.glob("archive/*/acme/both.zip")) == []

    def test_a_submission_that_was_purged_cannot_be_sent_again_and_says_so(self, old: Home) -> None:
        name = "sample-20260302-000001.csv"
        assert old("resend", name, "--dry-run").exit == 0
        purge(old)
        for options in ((name,), ("--partner", "sample", "--since", "2026-03-01", "--until", "2026-03-09")):
            done = old("resend", *options, "--why", "x", at=LATER)
            assert done.exit == 2
            assert "not kept any more" in done.err
            assert "\n" not in done.err.strip()

    def test_a_paper_that_is_not_kept_is_asked_for_again(self, old: Home) -> None:
        purge(old)
        old.drop(LOCAL | {"tn": "617-236-0200", "account_number": "77", "loa_file": "letter.pdf", "destination": "line-7"}, name="new.csv", papers=False)
        settings = old.config.read_text()
        old.config.write_text(settings.replace("limits:\n", "limits:\n  papers_wait: 0\n").replace("  papers_wait: 60", "  # papers_wait: 60"))
        old.run(LATER)
        assert "loa-not-found" in old.rows("617-236-0200")[0]["findings"]

    def test_a_purge_that_was_stopped_is_finished_by_the_next(self, old: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        from batchport.pipeline import purge as stage

        real, rounds = stage.planned, 0
        monkeypatch.setattr(stage, "planned", lambda app: real(app)[:1])
        while purge(old):
            rounds += 1
            assert rounds < 50
        assert rounds > 8
        assert [path for shelf in ("archive", "quarantine", "mail") for path in (old.path / shelf).rglob("*") if path.is_file()] == []

    def test_what_is_in_the_doors_is_left_alone(self, old: Home) -> None:
        waiting = settled(old.path / "inbox" / "acme" / "waits.pdf", b"%PDF-1.4 x")
        sent = sorted(Path(old.path / "outbox").rglob("*"))
        purge(old)
        assert waiting.is_file()
        assert sorted(Path(old.path / "outbox").rglob("*")) == sent
