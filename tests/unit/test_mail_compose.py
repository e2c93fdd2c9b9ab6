"""Facts become mails that say what happened and what to do, in text and in HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from batchport.mail import (
    AlarmFacts,
    AnswerLine,
    CompletedFacts,
    ExceptionLine,
    Expect,
    Fault,
    FileFacts,
    FileProblem,
    MailFacts,
    MovedLine,
    NightFacts,
    ReceivedFacts,
    RowLine,
    UpdateFacts,
)
from batchport.mail.compose import KINDS, OPERATORS, Composed, Composer, fitted
from batchport.mail.language import ENGLISH, LANGUAGES, Language
from batchport.mail.samples import sample_facts
from batchport.templates import TemplateFault, template_folder

WRONG = RowLine(7, "212-736-0142", "rejected", "ZIP 90210 is not in NY.", "Take ZIP and state from the bill.")
ACME = FileFacts(
    name="acme.xlsx",
    state="read",
    rows=40,
    counts={"ready": 31, "held": 4, "rejected": 5},
    faults=(Fault("The ZIP does not belong to the state.", "Take both from the bill.", 2, 7), Fault("No current carrier.", "Write it in.", 1, 9)),
    rows_to_fix=(WRONG, RowLine(9, "", "rejected", "No telephone number.", "Write it in.", sheet="Numbers")),
    more=3,
    expect=(Expect("single_line", 1, 1), Expect("multi_line", 4, 6)),
    results="acme.1a2b3c4d.xlsx",
)
REJECTED = AnswerLine(
    file="acme.xlsx",
    row=7,
    tn="212-736-0142",
    pon="P2K7M9QX4T1A",
    state="carrier_rejected",
    reason="Account number does not match (8A).",
    fix="Take it from the last bill.",
)
CONFIRMED = AnswerLine(file="acme.xlsx", row=8, tn="212-736-0143", pon="P2K7M9QX4T1B", state="confirmed", date=date(2026, 11, 30))
UPDATE = UpdateFacts(
    customer_name="Harbor Bakery LLC",
    files=("acme.xlsx",),
    rejected=(REJECTED, replace(REJECTED, row=10, tn="212-736-0150")),
    confirmed=(CONFIRMED, replace(CONFIRMED, row=11, tn="212-736-0151", date=date(2026, 12, 2))),
    other=(replace(CONFIRMED, row=12, tn="212-736-0152", state="delayed", reason="More time needed.", date=None),),
)
MOVED = MovedLine(file="acme.xlsx", row=8, tn="212-736-0143", pon="P2K7M9QX4T1B", destination="line-0143", losing_carrier="Verizon")
COMPLETED = CompletedFacts(customer_name="Harbor Bakery LLC", files=("acme.xlsx",), lines=(MOVED,))
NIGHT = NightFacts(
    at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    balanced=True,
    files={"read": 1, "repeated": 0, "set_aside": 0},
    rows={"read": 40, "ready": 31, "held": 4, "rejected": 5},
    lines={"sent": 31, "answered": 0, "outstanding": 31},
    mails={"sent": 1, "waiting": 0, "failed": 0},
)


COMPOSER = Composer()


def received(*files: FileFacts, language: str = "en", **others: Any) -> Composed:
    facts = ReceivedFacts(customer_name="Harbor Bakery LLC", contact="ports@example.com", files=files, **{"attached": tuple(file.results for file in files if file.results), **others})
    return COMPOSER.compose("received", facts, language)


def flat(text: str) -> str:
    """Text as one line, so that a test does not care where it was wrapped."""
    return " ".join(text.split())


class Reader(HTMLParser):
    """What a person sees of an HTML page, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.seen.append(data)

    @property
    def text(self) -> str:
        return flat(" ".join(self.seen))


def test_the_packaged_templates_prove_themselves() -> None:
    Composer().prove()


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_every_kind_has_its_three_templates(language: Language) -> None:
    for kind in KINDS if language is ENGLISH else KINDS.keys() - OPERATORS:
        for ending in ("subject.txt", "txt", "html"):
            assert (template_folder() / "mail" / language.folder / f"{kind}.{ending}").is_file()


SAMPLES = [
    pytest.param(kind, facts, language, id=f"{kind}-{number}-{language}")
    for language in LANGUAGES for number, (kind, facts) in enumerate(sample_facts()) if language == "en" or kind not in OPERATORS
]  # fmt: skip


@pytest.mark.parametrize(("kind", "facts", "language"), SAMPLES)
def test_every_sample_mail_is_well_formed(kind: str, facts: MailFacts, language: str) -> None:
    mail = COMPOSER.compose(kind, facts, language)
    assert mail.subject == flat(mail.subject)
    assert all(len(line) <= 72 for line in mail.text.splitlines())
    assert "\n\n\n" not in mail.text
    assert not any(line != line.rstrip() for line in mail.text.splitlines())
    assert not Reader(mail.html).open
    assert "img" not in Reader(mail.html).tags
    for text in (mail.text, mail.html):
        assert not re.search(r"\b1 (numbers|rows|files|orders|lines|exceptions|problems|answers|numéros|fichiers|lignes|réponses)\b", text)
        assert "{{" not in text
        assert "None" not in text


@pytest.mark.parametrize(
    ("counts", "subject"),
    [
        ({"ready": 31, "held": 4, "rejected": 5}, "31 of 40 numbers ready, 5 need you - acme.xlsx"),
        ({"ready": 39, "rejected": 1}, "39 of 40 numbers ready, 1 needs you - acme.xlsx"),
        ({"ready": 36, "held": 4}, "36 of 40 numbers ready, 4 on hold - acme.xlsx"),
        ({"ready": 40}, "All 40 numbers ready - acme.xlsx"),
        ({"rejected": 5, "held": 35}, "5 of 40 numbers need you - acme.xlsx"),
        ({"held": 40}, "All 40 numbers on hold - acme.xlsx"),
        ({"duplicate": 40}, "Nothing new to order - acme.xlsx"),
        ({"ready": 1}, "1 number ready - acme.xlsx"),
        ({"rejected": 1}, "1 number needs you - acme.xlsx"),
    ],
)
def test_the_subject_of_received_says_the_outcome_in_counts(counts: Mapping[str, int], subject: str) -> None:
    assert received(FileFacts(name="acme.xlsx", state="read", rows=sum(counts.values()), counts=counts, more=counts.get("rejected", 0))).subject == subject


def test_the_subject_of_received_counts_over_several_files() -> None:
    mail = received(
        ACME, replace(ACME, name="more.xlsx"), FileFacts(name="odd.bin", state="unreadable"), FileFacts(name="c.xlsx", state="repeated", same_as="b")
    )
    assert mail.subject == "62 of 80 numbers ready, 10 need you, 1 file could not be read, 1 file sent before - acme.xlsx and 3 more files"


def test_received_says_what_is_wrong_how_to_fix_it_and_what_happens_next() -> None:
    mail = received(ACME)
    for said in (flat(mail.text), Reader(mail.html).text):
        for words in (
            "Hello Harbor Bakery LLC",
            "5 numbers need a correction from you before they can move",
            "40 numbers in the file",
            "31 ready",
            "4 on hold",
            "5 to correct",
            "The ZIP does not belong to the state.",
            "2 rows, the first is row 7",
            "212-736-0142",
            "ZIP 90210 is not in NY.",
            "What to do: Take ZIP and state from the bill.",
            "Numbers, row 9",
            "3 more rows",
            "acme.1a2b3c4d.xlsx",
            "leave the column Row ID as it is",
            "goes on working with your current carrier",
            "do not cancel the service",
            "2 to 7 business days",
            "A number alone on its account can move 1 business day after it is sent to the carrier, at the soonest.",
            "Numbers of Multi-Line accounts can move 4 to 6 business days after they are sent to the carrier, at the soonest.",
            "Google Voice must be unlocked",
            "ports@example.com",
        ):
            assert words in said, words


def test_one_wrong_row_is_told_once() -> None:
    mail = received(replace(ACME, counts={"ready": 39, "rejected": 1}, rows_to_fix=(WRONG,), more=0, faults=ACME.faults[:1]))
    assert "What is wrong" not in mail.text
    assert mail.text.count("What to do:") == 1
    assert "1 number needs a correction from you before it can move" in flat(mail.text)


def test_a_clean_file_asks_nothing_of_the_customer() -> None:
    mail = received(FileFacts(name="acme.xlsx", state="read", rows=2, counts={"ready": 2}, results="acme.1a2b3c4d.xlsx"))
    assert "There is nothing you must do now." in mail.text
    assert "correct" not in mail.text
    assert "Attached: acme.1a2b3c4d.xlsx." in mail.text


def test_a_repeated_file_says_what_it_equals_and_where_its_numbers_stand() -> None:
    mail = received(FileFacts(name="copy.xlsx", state="repeated", same_as="acme.xlsx", rows=2, counts={"completed": 2}, results="acme.1a2b3c4d.xlsx"))
    assert mail.subject == "1 file sent before - copy.xlsx"
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "same content as acme.xlsx" in said
        assert "2 moved" in said
        assert "acme.1a2b3c4d.xlsx" in said


@pytest.mark.parametrize("state", ["unmapped", "unreadable"])
def test_a_file_that_was_not_taken_in_says_why_and_what_to_do(state: str) -> None:
    problem = FileProblem("The column Current Carrier is missing.", "Add it and send the sheet again.")
    mail = received(FileFacts(name="acme.xlsx", state=state, problems=(problem,)))  # type: ignore[arg-type]
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "none of its numbers were ordered" in said
        assert "The column Current Carrier is missing. What to do: Add it and send the sheet again." in said
        assert "goes on working" not in said


def test_update_tells_rejections_first_then_dates_then_the_rest() -> None:
    mail = COMPOSER.compose("update", replace(UPDATE, counts={"carrier_rejected": 2, "confirmed": 2, "delayed": 1}))
    assert mail.subject == "2 numbers rejected, 2 confirmed, 1 other answer - acme.xlsx"
    for said in (flat(mail.text), Reader(mail.html).text):
        places = [
            said.index(words)
            for words in (
                "Account number does not match (8A).",
                "Take it from the last bill.",
                "Mon Nov 30, 2026",
                "Wed Dec 2, 2026",
                "More time needed.",
            )
        ]
        assert places == sorted(places)
        assert "P2K7M9QX4T1A" in said
        assert "goes on working with your current carrier" in said
        assert "2 confirmed" in said


def test_numbers_of_an_order_rejected_for_one_reason_stand_under_it_together() -> None:
    text = COMPOSER.compose("update", UPDATE).text
    assert text.count("Account number does not match (8A).") == 1
    assert "- 212-736-0142  acme.xlsx, row 7\n- 212-736-0150  acme.xlsx, row 10\n" in text


def test_a_rejection_that_needs_nothing_from_the_customer_asks_for_nothing() -> None:
    mail = COMPOSER.compose("update", replace(UPDATE, rejected=(replace(REJECTED, fix=""),), confirmed=(), other=()))
    assert "nothing for now; we look into it with the carrier" in mail.text
    assert "Correct the rows" not in mail.text


def test_update_says_how_many_more_there_are_than_it_lists() -> None:
    mail = COMPOSER.compose("update", replace(UPDATE, rejected_more=1, confirmed_more=100, attached=("acme.1a2b3c4d.xlsx",)))
    assert mail.subject == "3 numbers rejected, 102 confirmed, 1 other answer - acme.xlsx"
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "1 more number: see the attached workbook." in said
        assert "100 more numbers: see the attached workbook." in said


def test_completed_says_that_the_number_rings_here_and_what_to_do_next() -> None:
    mail = COMPOSER.compose("completed", COMPLETED)
    assert mail.subject == "212-736-0143 has moved - acme.xlsx"
    for said in (flat(mail.text), Reader(mail.html).text):
        for words in (
            "1 number has moved. It no longer works at the old carrier; it now rings here.",
            "212-736-0143 now rings at line-0143",
            "Test it: call the number",
            "Call Verizon and confirm that the service of this number is disconnected and that billing for it has ended",
        ):
            assert words in said, words
        assert "goes on working" not in said


def test_completed_of_many_counts_those_still_on_their_way() -> None:
    facts = replace(COMPLETED, lines=(MOVED, replace(MOVED, tn="212-736-0144", losing_carrier="Bell")), more=10, under_way=28)
    mail = COMPOSER.compose("completed", facts)
    assert mail.subject == "12 numbers have moved, 28 still on their way - acme.xlsx"
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "Call Verizon, Bell and confirm" in said
        assert "28 numbers of the same file have still to move." in said
        assert "goes on working with your current carrier" in said


def test_night_that_went_well_says_so() -> None:
    mail = COMPOSER.compose("night", NIGHT)
    assert mail.subject == "Night of 2026-11-23: all well"
    assert "The pass of 2026-11-23 02:00 UTC." in mail.text
    assert "31  outstanding" in mail.text
    assert COMPOSER.compose("night", replace(NIGHT, rejected=5)).subject == "Night of 2026-11-23: all well, 5 rows rejected"


def test_night_that_needs_somebody_says_for_what() -> None:
    line = ExceptionLine(id="17", partner="sample", file="answers.csv", line=3, reason="No such order.", pon="P2K7M9QX4T1C", tn="212-736-0142")
    facts = replace(NIGHT, balanced=False, exceptions=(line,), problems=(FileProblem("answers.csv has no header line.", "Ask the partner."),))
    mail = COMPOSER.compose("night", replace(facts, files={"set_aside": 1}, mails={"failed": 2}))
    assert mail.subject == "Night of 2026-11-23: THE COUNT DOES NOT COME OUT, 1 problem, 1 exception, 1 file set aside, 2 mails failed"
    for said in (flat(mail.text), Reader(mail.html).text):
        for words in ("answers.csv has no header line.", "Ask the partner.", "17", "line 3, order P2K7M9QX4T1C, 212-736-0142", "No such order."):
            assert words in said


def test_what_a_customer_wrote_is_escaped_in_html_and_plain_in_text() -> None:
    mail = received(replace(ACME, name="<script>alert(1)</script>&.xlsx", rows_to_fix=(replace(WRONG, what='"<b>1 & 2</b>" is no carrier.'),)))
    assert "<script>alert" not in mail.html
    assert "<b>" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;.xlsx" in mail.html
    assert '"<b>1 & 2</b>" is no carrier.' in mail.text
    assert mail.subject.endswith(" - <script>alert(1)</script>&.xlsx")


def test_line_breaks_and_controls_in_a_value_stay_in_its_line() -> None:
    name = "acme\r\n\r\nYour account is closed\u2028\u202e.xlsx\udcff"
    mail = received(replace(ACME, name=name))
    assert "acme Your account is closed .xlsx\ufffd" in mail.text
    assert mail.subject.splitlines() == [mail.subject]
    mail.html.encode("utf-8")
    mail.text.encode("utf-8")


def test_html_is_fit_for_small_and_dark_screens() -> None:
    html = received(ACME).html
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    assert "overflow-wrap:anywhere" in html
    assert not re.search(r"(?<!max-)width:\s*\d+px", html)
    assert "http" not in html


def test_an_operators_template_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "completed.subject.txt").write_text("Ported: {{ facts.total|counted('number') }}")
    composer = Composer([tmp_path])
    composer.prove()
    mail = composer.compose("completed", COMPLETED)
    assert mail.subject == "Ported: 1 number"
    assert "212-736-0143 now rings at line-0143" in mail.text


def test_the_first_folder_that_has_a_template_wins(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        (folder / "mail").mkdir(parents=True)
        (folder / "mail" / "completed.subject.txt").write_text(folder.name)
    assert Composer(folders).compose("completed", COMPLETED).subject == "one"


@pytest.mark.parametrize(
    ("name", "text", "line", "why"),
    [
        ("received.txt", "Hello\n\n{{ facts.customer }}", 3, "customer"),
        ("update.html", "<p>\n{{ nothing }}\n</p>", 2, "nothing"),
        ("night.txt", "{% if facts.balanced %}\nfine", 2, "endif"),
        ("completed.html", "{% extends 'mail/layout.html' %}\n{% block body %}{{ facts.total|shout }}{% endblock %}", 2, "shout"),
        ("completed.txt", "one\n{{ facts.total / 0 }}", 2, "division by zero"),
        ("received.subject.txt", "one\ntwo\n{% include 'mail/absent.txt' %}", 3, "absent.txt"),
        ("parts.txt", "{% macro subject_files(names) %}\n{{ nowhere }}{% endmacro %}", 2, "nowhere"),
    ],
)
def test_a_broken_override_is_named_with_its_line(tmp_path: Path, name: str, text: str, line: int, why: str) -> None:
    broken = tmp_path / "mail" / name
    broken.parent.mkdir()
    broken.write_text(text)
    with pytest.raises(TemplateFault) as fault:
        Composer([tmp_path]).prove()
    assert f"{broken}, line {line}: " in str(fault.value)
    assert why in str(fault.value)


def test_an_override_that_is_not_text_or_blank_is_named(tmp_path: Path) -> None:
    subject = tmp_path / "mail" / "night.subject.txt"
    subject.parent.mkdir()
    subject.write_bytes(b"Nuit du \xe9t\xe9")
    with pytest.raises(TemplateFault, match=r"mail/night\.subject\.txt: .*utf-8"):
        Composer([tmp_path]).prove()
    subject.write_text("{# nothing #}\n")
    with pytest.raises(TemplateFault, match=r"mail/night\.subject\.txt: the subject comes out blank"):
        Composer([tmp_path]).prove()


def test_a_folder_of_overrides_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateFault, match=r"absent: no such folder"):
        Composer([tmp_path / "absent"]).prove()


def test_facts_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="a mail of kind update is made from UpdateFacts, not from CompletedFacts"):
        COMPOSER.compose("update", COMPLETED)


def test_states_have_words_for_every_state_there_is() -> None:
    contract = "rejected duplicate held ready submitted acknowledged delayed confirmed completed carrier_rejected cancel_pending cancelled superseded"
    assert all(set(language.states) == set(contract.split()) for language in LANGUAGES.values())


def test_wrapped_text_hangs_below_what_it_belongs_to() -> None:
    long = "word " * 20
    assert fitted(f"- {long}").splitlines()[1].startswith("  word")
    assert fitted(f"    12  {long}").splitlines()[1].startswith("        word")
    assert fitted("a\n\n\n\nb\n\n") == "a\n\nb\n"
    assert fitted("x" * 100) == "x" * 100 + "\n"


#: What stands in no French sentence; what the samples' values say is English, and is taken out before.
_ENGLISH = re.compile(r"\b(the|and|your|number|numbers|row|rows|file|order|is|are|was|were|with|have|has|not|what|you)\b")


def without_values(kind: str, facts: MailFacts) -> MailFacts:
    """The same facts with every text of the samples replaced, but names of states and files."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            return value if value in ENGLISH.states or value in {"read", "repeated", "unmapped", "unreadable", "single_line", "multi_line", "wireless", "toll_free"} or not value else "X"
        if isinstance(value, tuple):
            return tuple(cleaned(each) for each in value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: cleaned(getattr(value, each.name)) for each in fields(value)})
        return value

    result: MailFacts = cleaned(facts)
    return result


@pytest.mark.parametrize(("kind", "facts"), [case.values[:2] for case in SAMPLES if case.values[2] == "fr"])
def test_a_french_mail_has_no_english_word(kind: str, facts: MailFacts) -> None:
    mail = COMPOSER.compose(kind, without_values(kind, facts), "fr")
    for said in (mail.subject, mail.text, Reader(mail.html).text):
        assert not _ENGLISH.findall(said.replace("To fix", "").replace("Row ID", ""))
    assert '<html lang="fr-CA">' in mail.html


def test_french_numbers_dates_and_plurals_are_those_of_canada() -> None:
    mail = COMPOSER.compose("update", replace(UPDATE, rejected=(), other=(), confirmed_more=1200), "fr")
    assert mail.subject == "1 202 numéros confirmés - acme.xlsx"
    assert "1 numéro sera transféré le lundi 30 novembre 2026\u00a0:" in mail.text
    assert "1\u00a0200 autres numéros" in mail.text
    assert received(FileFacts(name="acme.xlsx", state="read", rows=40, counts={"ready": 31, "rejected": 9}, more=9), language="fr").subject == "31 sur 40 numéros prêts, 9 à corriger - acme.xlsx"
    assert received(FileFacts(name="acme.xlsx", state="read", rows=40, counts={"ready": 40}), language="fr").subject == "Les 40 numéros sont prêts - acme.xlsx"


def test_a_workbook_that_is_too_large_is_named_with_its_folder() -> None:
    mail = received(ACME, attached=(), kept=("results/acme/acme.1a2b3c4d.xlsx",))
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "Too large to attach; it lies in your results folder: results/acme/acme.1a2b3c4d.xlsx." in said
        assert "ttached" not in said


def test_a_customers_own_template_goes_before_the_operators(tmp_path: Path) -> None:
    own = tmp_path / "customers" / "acme" / "mail"
    for folder, said in ((tmp_path / "mail", "everybody"), (own, "acme alone")):
        folder.mkdir(parents=True)
        (folder / "completed.subject.txt").write_text(said)
    composer = Composer([tmp_path])
    composer.prove({"acme": "en", "zeta": "en"})
    assert composer.compose("completed", COMPLETED, customer="acme").subject == "acme alone"
    assert composer.compose("completed", COMPLETED, customer="zeta").subject == "everybody"


def test_a_customers_broken_template_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    broken = tmp_path / "customers" / "acme" / "mail" / "fr" / "update.txt"
    broken.parent.mkdir(parents=True)
    broken.write_text("Bonjour\n{{ facts.nom }}")
    Composer([tmp_path]).prove({"acme": "en"})
    with pytest.raises(TemplateFault, match=re.escape(f"{broken}, line 2: ")):
        Composer([tmp_path]).prove({"acme": "fr"})


def test_templates_of_a_customer_that_there_is_not_are_named(tmp_path: Path) -> None:
    (tmp_path / "customers" / "amce").mkdir(parents=True)
    with pytest.raises(TemplateFault, match=r"amce: templates for a customer that the configuration does not have; there are acme"):
        Composer([tmp_path]).prove({"acme": "en"})


def test_an_alarm_says_what_it_is_in_its_subject() -> None:
    mail = COMPOSER.compose("alarm", AlarmFacts(at=datetime(2026, 11, 23, 14, 5, tzinfo=UTC), problems=("answers.csv of sample was set aside whole.",)))
    assert mail.subject == "Needs you now: 1 problem - answers.csv of sample was set aside whole."
    for said in (flat(mail.text), Reader(mail.html).text):
        assert "it was seen on 2026-11-23 14:05 UTC" in said
        assert "answers.csv of sample was set aside whole." in said


def test_a_held_row_that_needs_the_customer_is_asked_for() -> None:
    held = RowLine(7, "212-736-0142", "held", "The primary number moves and no new one is named.", "Name it.")
    mail = received(FileFacts(name="acme.xlsx", state="read", rows=1, counts={"held": 1}, rows_to_fix=(held,)))
    assert mail.subject == "1 number needs you - acme.xlsx"
    assert "1 number needs a correction from you before it can move" in flat(mail.text)
    assert "212-736-0142 (on hold)" in mail.text
