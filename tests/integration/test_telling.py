"""Who is told what, and when: one conversation a sheet, the day's answers in one mail at night, what cannot wait at once, each customer in its language."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from unittest import mock

import pytest

from batchport.config import load
from batchport.pipeline.app import App, closing
from batchport.pipeline.run import one_pass
from batchport.schedule.jobs import look_around
from tests.clock import leading
from tests.conftest import EVENING, LOCAL, MULTI, NEXT, THIRD, Home, batchport_process, settled, text_of

CONTACT = "it@acme.example"
TN, OTHER = LOCAL["tn"], "617-236-0200"
SECOND = LOCAL | {"tn": OTHER, "account_number": "80144299", "destination": "line-0200"}
#: Moments of the day between two nights.
MORNING, NOON, AFTERNOON = (f"2026-03-03T{hour}:00:00-05:00" for hour in ("09", "12", "15"))


def look(home: Home, at: str) -> None:
    """A look around, as the scheduler has it made every few minutes."""
    with closing(App(load(home.config), datetime.fromisoformat(at))) as app:
        one_pass(app, "look", look_around)


def answered(home: Home, tn: str, status: str, *rest: str, at: str, name: str) -> None:
    home.answer((home.pon(tn), "01", tn, status, *rest), name=name, run=False)
    look(home, at)


@pytest.fixture
def alert(home: Home) -> Callable[[], None]:
    return lambda: home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    alert: true\n")


class TestOneConversation:
    """Mail programs show together what names an earlier mail among its references."""

    def test_all_mails_about_a_sheet_follow_the_first(self, home: Home) -> None:
        home.take(LOCAL, name="a.csv")
        home.answer((home.pon(TN), "01", TN, "FOC", "", "", "2026-03-09"))
        home.answer((home.pon(TN), "01", TN, "COMPLETE"), name="done.csv", at=THIRD)
        (first,), (update,), (completed,) = (home.mails(kind) for kind in ("received", "update", "completed"))
        assert first["References"] is None
        assert update["References"] == update["In-Reply-To"] == first["Message-ID"]
        assert completed["References"] == first["Message-ID"]

    def test_sheets_that_came_on_two_nights_are_two_conversations(self, home: Home) -> None:
        home.take(LOCAL, name="a.csv")
        home.take(SECOND, name="b.csv", at=NEXT)
        home.answer((home.pon(OTHER), "01", OTHER, "FOC", "", "", "2026-03-09"), at=THIRD)
        (update,) = home.mails("update")
        (own,) = [mail for mail in home.mails("received") if "b.csv" in mail["Subject"]]
        assert update["References"] == own["Message-ID"]

    def test_a_mail_about_both_follows_both(self, home: Home) -> None:
        home.take(LOCAL, name="a.csv")
        home.take(SECOND, name="b.csv", at=NEXT)
        home.answer((home.pon(TN), "01", TN, "ACK"), (home.pon(OTHER), "01", OTHER, "ACK"), at=THIRD)
        (update,) = home.mails("update")
        assert set(update["References"].split()) == {mail["Message-ID"] for mail in home.mails("received")}

    def test_a_contact_has_a_conversation_of_its_own(self, home: Home) -> None:
        home.take(LOCAL | {"contact_email": CONTACT})
        home.answer((home.pon(TN), "01", TN, "ACK"))
        of = {(mail["To"], kind): mail for kind in ("received", "update") for mail in home.mails(kind)}
        assert of[CONTACT, "update"]["References"] == of[CONTACT, "received"]["Message-ID"]
        assert of["telecom@acme.example", "update"]["References"] == of["telecom@acme.example", "received"]["Message-ID"]

    def test_the_same_file_again_is_answered_in_the_conversation_of_the_first(self, home: Home) -> None:
        home.take(LOCAL, name="a.csv")
        home.take(LOCAL, name="b.csv", at=NEXT)
        first, again = sorted(home.mails("received"), key=lambda mail: mail["Date"].datetime)
        assert again["References"] == first["Message-ID"]


class TestBetweenNights:
    """`serve` looks around every few minutes; nobody wants a mail for each answer."""

    def test_a_dropped_sheet_is_answered_at_once(self, home: Home) -> None:
        home.drop(LOCAL)
        look(home, MORNING)
        assert len(home.mails("received")) == 1

    def test_the_days_answers_come_in_one_mail_at_night(self, home: Home) -> None:
        home.take(LOCAL, SECOND)
        answered(home, TN, "ACK", at=MORNING, name="1.csv")
        answered(home, OTHER, "REJECT", "8A", at=NOON, name="2.csv")
        answered(home, TN, "FOC", "", "", "2026-03-09", at=AFTERNOON, name="3.csv")
        assert home.mails("update") == []
        home.run(NEXT)
        (mail,) = home.mails("update")
        assert mail["Subject"] == "1 number rejected, 1 confirmed - sheet.csv"
        assert home.run(THIRD).last["mails"] == {"sent": 0, "waiting": 0, "failed": 0}

    def test_what_was_gathered_is_told_with_what_the_night_itself_brings(self, home: Home) -> None:
        home.take(LOCAL, SECOND)
        answered(home, TN, "FOC", "", "", "2026-03-09", at=MORNING, name="1.csv")
        home.answer((home.pon(OTHER), "01", OTHER, "FOC", "", "", "2026-03-10"), name="2.csv")
        (mail,) = home.mails("update")
        assert mail["Subject"] == "2 numbers confirmed - sheet.csv"

    def test_notify_by_hand_sends_what_was_gathered(self, home: Home) -> None:
        home.take(LOCAL)
        answered(home, TN, "ACK", at=MORNING, name="1.csv")
        assert home("notify", "--format", "json", at=NOON).last["mails"]["sent"] == 1
        assert len(home.mails("update")) == 1

    def test_a_rejection_is_told_at_once_where_the_customer_asks(self, home: Home, alert: Callable[[], None]) -> None:
        alert()
        home.take(LOCAL, SECOND)
        answered(home, TN, "ACK", at=MORNING, name="1.csv")
        assert home.mails("update") == []
        answered(home, OTHER, "REJECT", "8A", at=NOON, name="2.csv")
        (mail,) = home.mails("update")
        assert mail["Subject"] == "1 number rejected, 1 other answer - sheet.csv"
        home.run(NEXT)
        assert len(home.mails("update")) == 1

    def test_a_rejection_waits_where_the_customer_does_not_ask(self, home: Home) -> None:
        home.take(LOCAL)
        answered(home, TN, "REJECT", "8A", at=NOON, name="2.csv")
        assert home.mails("update") == []

    def test_trace_shows_a_mail_that_gathered_the_answer(self, home: Home) -> None:
        home.take(LOCAL, SECOND)
        answered(home, OTHER, "ACK", at=MORNING, name="1.csv")
        answered(home, TN, "REJECT", "8A", at=NOON, name="2.csv")
        home.run(NEXT)
        assert "update" in home("trace", TN).out


class TestAlarms:
    """The operator hears at once of what cannot wait."""

    def test_an_answer_that_was_set_aside_is_told_at_once_and_once(self, home: Home) -> None:
        home.take(LOCAL)
        for hour, name in ((MORNING, "bad.csv"), (NOON, "bad.csv")):
            settled(home.path / "responses" / "sample" / name, "no header\n")
            look(home, hour)
        look(home, AFTERNOON)
        (mail,) = home.mails("alarm")
        assert mail["To"] == "operator@batchport.example"
        assert mail["Subject"].startswith("Needs you now: 1 problem - bad.csv of sample was set aside whole")

    def test_after_a_night_it_may_be_told_again(self, home: Home) -> None:
        home.take(LOCAL)
        for at, name in ((MORNING, "bad.csv"), ("2026-03-04T09:00:00-05:00", "bad.csv")):
            settled(home.path / "responses" / "sample" / name, f"no header {at}\n")
            look(home, at)
            home.run(NEXT if at == MORNING else THIRD)
        assert len(home.mails("alarm")) == 2

    def test_the_night_sends_no_alarm_but_its_own_mail(self, home: Home) -> None:
        settled(home.path / "responses" / "sample" / "bad.csv", "no header\n")
        home.run()
        assert home.mails("alarm") == []
        assert "bad.csv" in text_of(home.mails("night")[0])

    def test_a_pass_that_failed_is_told_without_the_words_of_the_error(self, home: Home) -> None:
        from batchport.schedule import jobs

        home.drop(LOCAL)
        with mock.patch.object(jobs, "intake", side_effect=RuntimeError(f"{LOCAL['pin']} {LOCAL['account_number']}")), leading(home, NEXT) as leader:
            leader.look()
        (mail,) = home.mails("alarm")
        assert "the pass look failed with RuntimeError in " in text_of(mail).replace("\n", " ")
        assert LOCAL["account_number"] not in str(mail)


class TestFrench:
    @pytest.mark.parametrize("name", ["fr", "fr-CA"])
    def test_a_customer_is_written_to_in_its_language(self, home: Home, name: str) -> None:
        home.set("email: telecom@acme.example\n", f"email: telecom@acme.example\n    language: {name}\n")
        home.take(LOCAL, SECOND)
        home.answer((home.pon(TN), "01", TN, "FOC", "", "", "2026-03-09"))
        assert home.mails("received")[0]["Subject"] == "Les 2 numéros sont transmis au fournisseur - sheet.csv"
        assert home.mails("update")[0]["Subject"] == "1 numéro confirmé - sheet.csv"
        assert "le lundi 9 mars 2026" in text_of(home.mails("update")[0])
        assert home.mails("night")[0]["Subject"].startswith("Night of")

    def test_the_mail_about_columns_is_french(self, home: Home) -> None:
        home.set("email: telecom@acme.example\n", "email: telecom@acme.example\n    language: fr\n")
        home.drop(content="Numéro,Type,Colour\r\n617-234-0142,A,red\r\n")
        home.run()
        (mail,) = home.mails("columns")
        assert mail["Subject"] == "Veuillez confirmer les colonnes - sheet.csv"
        text = " ".join(text_of(mail).split())
        assert "« Type » : Number Type L'en-tête n'a pas le même sens partout. Cellules : A" in text
        assert "Il manque à la feuille ce que tout transfert exige" in text


class TestWhatDoesNotFit:
    def test_a_workbook_too_large_for_a_mail_is_named_with_its_folder(self, home: Home) -> None:
        from batchport.pipeline import writing

        with mock.patch.object(writing, "MOST_ATTACHED", 100):
            home.take(LOCAL)
        (mail,) = home.mails("received")
        assert list(mail.iter_attachments()) == []
        (workbook,) = (home.path / "results" / "acme").glob("*.xlsx")
        assert f"it lies in your results folder: results/acme/{workbook.name}." in text_of(mail).replace("\n", " ")

    def test_what_fits_is_attached(self, home: Home) -> None:
        home.take(LOCAL)
        (attachment,) = home.mails("received")[0].iter_attachments()
        assert zipfile.is_zipfile(io.BytesIO(attachment.get_payload(decode=True)))


def test_a_customers_own_templates_are_used_and_proved(home: Home) -> None:
    home.set("operator:", "templates: words\noperator:")
    own = home.path / "words" / "customers" / "acme" / "mail"
    own.mkdir(parents=True)
    (own / "received.subject.txt").write_text("Ports of {{ facts.customer_name }}: {{ facts.rows() }}")
    home.take(LOCAL)
    assert home.mails("received")[0]["Subject"] == "Ports of Acme Corporation: 1"
    (own / "received.subject.txt").write_text("{{ facts.nothing }}")
    home.drop(SECOND)
    done = home.run(NEXT)
    assert done.exit == 2
    assert "received.subject.txt, line 1: " in done.err
    assert home.rows(OTHER) == []


def test_expectations_are_those_of_the_kind_of_port_and_the_carrier(home: Home) -> None:
    home.take(LOCAL, SECOND | {"losing_carrier": "Google Voice", "unlocked": "Yes"}, MULTI)
    text = " ".join(text_of(home.mails("received")[0]).split())
    assert "A number alone on its account can move 1 to 3 business days after it is sent" in text
    assert "Numbers of Multi-Line accounts can move 4 business days after they are sent" in text
    assert "toll-free number can move" not in text


def test_serve_proves_the_templates_before_it_starts(home: Home) -> None:
    home.set("operator:", "templates: words\noperator:")
    (home.path / "words" / "mail").mkdir(parents=True)
    (home.path / "words" / "mail" / "alarm.txt").write_text("{{ nobody }}")
    done = batchport_process("serve", config=home.config, at=EVENING)
    assert done.exit == 2
    assert "alarm.txt, line 1: " in done.err


