"""A row followed from the sheet to its end, whatever it is named by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import EVENING, LOCAL, NEXT, Home, account

TN = "617-234-0142"


@pytest.fixture
def followed(home: Home) -> Home:
    """A home in which LOCAL was read, sent, answered and told of, and one response line matched nothing."""
    home.take(LOCAL, *account(2), name="acme march.csv")
    pon = home.sent()[0]["PON"]
    home.answer((pon, "01", TN, "FOC", "", "", "2026-03-09"), (pon, "01", "617-999-0000", "ACK"), name="monday.csv")
    return home


def steps(home: Home, handle: object) -> list[dict[str, Any]]:
    done = home("trace", handle, "--format", "json", at=NEXT)
    assert done.exit == 0, done.err
    return done.lines


def handles(home: Home) -> dict[str, str]:
    row = home.rows(TN)[0]
    return {
        "number as people write it": TN, "number": "6172340142", "number with a country code": "+1 617 234 0142", "PON": row["pon"], "PON in small letters": row["pon"].lower(),
        "file name": "acme march.csv", "row id": row["row_id"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "handle", ["number as people write it", "number", "number with a country code", "PON", "PON in small letters", "file name", "row id"],
)
def test_every_handle_shows_sheet_row_order_submission_answer_and_mail(followed: Home, handle: str) -> None:
    found = steps(followed, handles(followed)[handle])
    pon = followed.pon(TN)

    def told(word: str) -> list[str]:
        return [f"{step['what']} {step['file'] or ''}" for step in found if word in f"{step['what']} {step['file'] or ''}"]

    assert told("acme march.csv, row 2")
    assert any("617-234-0142" in line for line in told("acme march.csv, row 2"))
    assert told(pon)
    assert any("01" in line for line in told("sample-20260302-000001.csv"))
    assert any("FOC" in line and "2026-03-09" in line for line in told("monday.csv, line 2"))
    assert told("received to telecom@acme.example")
    assert told("update to telecom@acme.example")
    assert [step["at"] for step in found] == sorted(step["at"] for step in found)


def test_an_exception_line_is_followed_by_its_number(followed: Home) -> None:
    line = followed.exceptions()[0]
    found = steps(followed, line["id"])
    assert any(step["step"] == "exception" and "monday.csv, line 3" in (step["file"] or "") for step in found)


def test_an_exception_line_leads_to_the_order_that_it_names(followed: Home) -> None:
    found = steps(followed, followed.exceptions()[0]["id"])
    assert any(followed.pon(TN) in step["what"] for step in found)


def test_a_number_that_only_an_exception_line_names_is_known(followed: Home) -> None:
    assert any("monday.csv" in (step["file"] or "") for step in steps(followed, "617-999-0000"))


@pytest.mark.parametrize("handle", ["monday.csv:2", "monday.csv, line 2", "monday.csv"])
def test_a_line_of_a_response_is_followed_to_the_sheet(followed: Home, handle: str) -> None:
    found = steps(followed, handle)
    assert any(step["step"] == "answer" and step["file"] == "monday.csv, line 2" for step in found)
    assert any((step["file"] or "") == "acme/acme march.csv, row 2" for step in found)
    assert any(step["step"] == "submission" and step["file"] == "sample-20260302-000001.csv" for step in found)


def test_a_line_that_matched_nothing_is_followed_by_its_place(followed: Home) -> None:
    found = steps(followed, "monday.csv:3")
    assert [step["file"] for step in found if step["step"] == "exception"] == ["monday.csv, line 3"]


def test_a_line_for_a_whole_order_leads_to_all_its_rows(home: Home) -> None:
    home.take(*account(3), name="three.csv")
    home.answer((home.pon("617-236-2200"), "", "", "ACK"))
    assert sorted(step["file"] for step in steps(home, "answer.csv:2") if step["step"] == "row read") == [f"acme/three.csv, row {n}" for n in (2, 3, 4)]


def test_every_step_has_its_time_and_its_cause(followed: Home) -> None:
    for step in steps(followed, TN):
        assert step["at"]
        assert step["cause"], step
    told = {step["step"]: step["cause"] for step in steps(followed, TN)}
    assert "pass 1, `run`" in told["row read"]
    assert "the order was ready; pass 1" in told["submission"]
    assert "pass 2, `run`" in told["answer"]
    assert told["now"] == "monday.csv, line 2"


def test_exception_lines_that_speak_of_an_order_are_part_of_its_history(home: Home) -> None:
    home.take(LOCAL)
    pon = home.pon(TN)
    home.answer((pon, "", TN, "COMPLETE"))
    home.answer((pon, "", TN, "REJECT", "8A"), name="late.csv", at="2026-03-04T20:00:00-05:00")
    home("exceptions", "resolve", home.exceptions()[0]["id"], "--why", "asked them", at="2026-03-05T20:00:00-05:00")
    for handle in (pon, TN, home.rows(TN)[0]["row_id"]):
        found = steps(home, handle)
        assert any(step["step"] == "exception" and step["file"] == "late.csv, line 2" and "move-forbidden" in step["what"] for step in found)
        assert any(step["step"] == "act" and "asked them" in step["what"] for step in found)


def test_a_rejection_is_told_with_its_reasons_and_what_to_do(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", TN, "REJECT", "8D", "ZIP NO MATCH"))
    found = steps(home, TN)
    (answer,) = [step for step in found if step["step"] == "answer"]
    assert [(reason["code"], reason["class"], reason["field"]) for reason in answer["reasons"]] == [("8D", "DATA", "postal_code")]
    assert "ZIP NO MATCH" in answer["what"]
    assert any(step["step"] == "now" and "Correct ZIP" in step["what"] for step in found)


def test_mails_to_contacts_of_other_rows_are_not_told_of(home: Home) -> None:
    home.take(LOCAL | {"contact_email": "ana@acme.example"}, *(row | {"contact_email": "bob@acme.example"} for row in account(1)))
    told = " ".join(step["what"] for step in steps(home, TN))
    assert "ana@acme.example" in told
    assert "bob@acme.example" not in told


def test_rows_of_others_are_not_told_of(followed: Home) -> None:
    assert not any("617-236-2200" in step["what"] for step in steps(followed, TN))


def test_a_submission_file_is_followed_too(followed: Home) -> None:
    assert any("acme march.csv, row 2" in (step["file"] or "") for step in steps(followed, "sample-20260302-000001.csv"))


def test_what_an_operator_did_is_part_of_the_history(home: Home) -> None:
    home.take(*account(2, new_btn="617-236-2290", partial="yes"), account(3)[2] | {"name": "", "partial": "yes", "new_btn": "617-236-2290"})
    pon = home.pon("617-236-2200")
    home("release", pon, "--why", "the customer asked for it", at=NEXT)
    assert any("release" in step["what"] and "the customer asked for it" in step["what"] for step in steps(home, pon))


def test_a_superseded_row_and_the_one_that_replaced_it_are_both_there(home: Home) -> None:
    home.take(LOCAL | {"name": ""}, name="first.csv")
    home.take(LOCAL, name="second.csv", at=NEXT)
    files = [step["file"] for step in steps(home, TN) if step["step"] == "row read"]
    assert files == ["acme/first.csv, row 2", "acme/second.csv, row 2"]


@pytest.mark.parametrize("handle", ["617-234-0199", "PAAAAAAAAAAA", "RAAAAAAAAAAAAA", "nobody.csv", "4711", "<nothing>"])
def test_a_handle_that_nothing_is_known_of_is_a_usage_error(followed: Home, handle: str) -> None:
    done = followed("trace", handle)
    assert done.exit == 2
    assert handle in done.err
    assert done.out == ""


def test_the_table_shows_the_same(followed: Home) -> None:
    done = followed("trace", TN, at=EVENING)
    assert done.exit == 0
    for word in ("acme/acme march.csv, row 2", "sample-20260302-000001.csv", "monday.csv, line 2", "update to telecom@acme.example"):
        assert word in done.out
