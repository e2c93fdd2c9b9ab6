"""Which column is which, as customers and operators see it: shown, mailed, confirmed, remembered."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest

from tests.conftest import LOCAL, NEXT, THIRD, Home, batchport, both_parts, numbers, sheet

#: An odd header for each field that the rows below have.
ODD = {
    "tn": "Numero qui bouge", "account_number": "Dossier client", "pin": "Code NIP du client", "losing_carrier": "Fournisseur", "account_type": "Kind", "number_type": "Type",
    "name": "Nom", "authorized_name": "Boss", "street_number": "No civique", "street_name": "Rue", "city": "Ville", "state": "Province", "postal_code": "Code postal",
    "destination": "Goes where",
}  # fmt: skip
SET = ["Numero qui bouge=tn", "Dossier client=account_number", "Code NIP du client=pin", "Boss=authorized_name", "Goes where=destination"]
SETS = [word for each in SET for word in ("--set", each)]


def odd(*rows: Mapping[str, str], **more: str) -> str:
    """Rows as a sheet with the odd headers; `more` are further columns."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([*ODD.values(), *more])
    writer.writerows([*(row[name] for name in ODD), *more.values()] for row in rows)
    return target.getvalue()


def accounts(first: str, count: int) -> list[dict[str, str]]:
    """Rows without a fault, each an account of its own."""
    return [row | {"account_number": f"8014{number}{first[-4:]}"} for number, row in enumerate(numbers(first, count, **LOCAL))]


ROWS = accounts("617-234-0142", 2)
LATER = accounts("617-234-0150", 2)


@pytest.fixture
def waiting(home: Home) -> Home:
    """A home in which an odd sheet waits."""
    home.drop(name="odd.csv", content=odd(*ROWS))
    assert home.run().exit == 1
    return home


def test_columns_of_the_template_are_certain(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(sheet(LOCAL))
    done = batchport("columns", path, "--format", "json")
    *lines, last = done.lines
    assert done.exit == 0
    assert [line["field"] for line in lines] == list(LOCAL)
    assert {line["certainty"] for line in lines} == {"certain"}
    assert [line["place"] for line in lines] == list(range(len(LOCAL)))
    assert {line["field"]: line["samples"] for line in lines if line["field"] in ("pin", "account_number", "tn")} == {"tn": ["617-234-0142"], "account_number": ["****"], "pin": ["****"]}
    assert (last["summary"]["state"], last["summary"]["missing"]) == ("read", [])


def test_columns_that_are_not_certain_are_shown_with_what_they_may_be(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(odd(*ROWS, SSN="078-05-1120", Voicemail_PIN="9911"))
    done = batchport("columns", path, "--format", "json")
    *lines, last = done.lines
    told = {line["header"]: line for line in lines}
    assert done.exit == 1
    assert set(lines[0]) == {"file", "sheet", "place", "header", "field", "certainty", "reason", "candidates", "samples"}
    assert (told["Ville"]["field"], told["Ville"]["certainty"]) == ("city", "certain")
    assert (told["Type"]["field"], told["Type"]["certainty"], told["Type"]["reason"]) == ("number_type", "certain", "the header may mean it, and the cells agree")
    assert (told["Kind"]["field"], told["Kind"]["certainty"]) == ("account_type", "confirm")
    assert (told["Goes where"]["field"], told["Goes where"]["certainty"]) == (None, "ignored")
    assert "never read" in told["SSN"]["reason"]
    for secret in ("SSN", "Voicemail_PIN", "Code NIP du client", "Dossier client"):
        assert told[secret]["samples"] == ["****"]
    assert last["summary"]["state"] == "unmapped"
    assert "Port To Line" in last["summary"]["missing"]
    table = batchport("columns", path)
    assert table.exit == 1
    assert "Fournisseur" in table.out
    assert not {"4821", "801400142", "078-05-1120", "9911"} & set(table.out.split())


def test_columns_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(b"\x00\x01" * 99)
    done = batchport("columns", path, "--format", "json")
    assert (done.exit, done.lines[-1]["summary"]["state"]) == (2, "unreadable")
    assert batchport("columns", tmp_path / "none.csv").exit == 2
    assert batchport("columns", tmp_path).exit == 2


def test_a_file_that_is_not_certain_waits_and_the_proposal_is_mailed(waiting: Home) -> None:
    assert waiting.states() == {}
    [mail] = waiting.mails("columns")
    assert waiting.mails("received") == []
    assert "acme" in mail["To"]
    said = both_parts(mail)
    for words in ("Please confirm the columns - odd.csv", "Numero qui bouge", "Fournisseur", "Kind", "Account Type", "Single-Line"):
        assert words in said
    for secret in ("4821", "801400142"):
        assert secret not in said
    assert waiting.run(NEXT).exit == 0
    assert len(waiting.mails("columns")) == 1


def test_a_good_file_of_the_same_pass_has_its_own_mail(home: Home) -> None:
    home.drop(LOCAL | {"tn": "617-234-0160"}, name="good.csv")
    home.drop(name="odd.csv", content=odd(*ROWS))
    home.run()
    [received] = home.mails("received")
    assert "good.csv" in both_parts(received)
    assert "odd.csv" not in both_parts(received)
    assert len(home.mails("columns")) == 1


def test_confirming_makes_rows_of_the_waiting_file_and_later_sheets_go_by_themselves(waiting: Home) -> None:
    done = waiting("columns", "confirm", "odd.csv", *SETS, "--why", "asked the customer", at=NEXT)
    assert done.exit == 0, done
    assert "1 waiting file is read again" in done.out
    assert waiting.states() == {"odd.csv:2": "ready", "odd.csv:3": "ready"}
    assert waiting.run(NEXT).last["rows"]["submitted"] == 2
    assert [line["ACCOUNT_NUMBER"] for line in waiting.sent()] == ["801400142", "801410142"]
    assert len(waiting.mails("received")) == 1

    waiting.drop(name="later.csv", content=odd(*LATER))
    assert waiting.run(THIRD).last["rows"]["submitted"] == 4
    waiting.drop(name="wider.csv", content=odd(*accounts("617-234-0170", 1), Colour="red"))
    assert waiting.run(THIRD).last["rows"]["submitted"] == 5
    waiting.drop(name="odd again.csv", content=odd(*ROWS))
    assert waiting.run(THIRD).last["files"]["repeated"] == 1
    assert waiting("check", waiting.drop(name="third.csv", content=odd(*LATER)), "--customer", "acme", "--format", "json").lines[0]["state"] == "read"


def test_another_customers_sheet_with_the_same_headers_waits_all_the_same(waiting: Home) -> None:
    waiting.drop(name="odd.csv", content=odd(*LATER), customer="harbor")
    waiting.run()
    assert waiting("columns", "confirm", "odd.csv", *SETS, "--why", "x").exit == 2
    assert waiting("columns", "confirm", "odd.csv", *SETS, "--customer", "acme", "--why", "x").exit == 0
    assert set(waiting.states()) == {"odd.csv:2", "odd.csv:3"}
    assert {line["customer"] for line in waiting.json("status")} == {"acme"}
    waiting.drop(name="again.csv", content=odd(*LATER), customer="harbor")
    assert waiting.run(NEXT).last["files"]["set_aside"] == 1


def test_who_confirmed_what_and_why_is_recorded(waiting: Home) -> None:
    waiting("columns", "confirm", "odd.csv", *SETS, "--why", "asked the customer", at=NEXT)
    with waiting.database() as database:
        assert database.execute("select what, why from journal where why <> ''").fetchall() == [("columns confirm", "asked the customer")]
        [(customer, who, why)] = database.execute("select customer, who, why from mappings").fetchall()
    assert (customer, why) == ("acme", "asked the customer")
    assert who


def test_a_later_confirmation_corrects_an_earlier_one(waiting: Home) -> None:
    wrong = [word.replace("Boss=authorized_name", "Boss=notes") for word in SETS]
    waiting("columns", "confirm", "odd.csv", *wrong, "--why", "x")
    path = waiting.path / "copy.csv"
    path.write_text(odd(*LATER))
    told = {line["header"]: line["field"] for line in waiting.json("columns", path, "--customer", "acme")[:-1]}
    assert told["Boss"] == "notes"
    assert waiting("columns", "confirm", path, "--customer", "acme", "--set", "Boss=authorized_name", "--set", "Dossier client=", "--why", "x").exit == 0
    told = {line["header"]: line for line in waiting.json("columns", path, "--customer", "acme")[:-1]}
    assert told["Boss"]["field"] == "authorized_name"
    assert told["Boss"]["reason"] == "confirmed for this customer"
    assert (told["Dossier client"]["field"], told["Dossier client"]["certainty"]) == (None, "ignored")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing gives Phone Number"),
        (("--set", "Numero qui boug=tn"), "did you mean 'Numero qui bouge'?"),
        (("--set", "Boss=authorised_name"), "did you mean 'authorized_name'?"),
        (("--set", "Boss"), "--set takes"),
    ],
)
def test_what_is_not_enough_or_not_there_is_refused_and_nothing_is_changed(waiting: Home, words: tuple[str, ...], said: str) -> None:
    done = waiting("columns", "confirm", "odd.csv", *words, "--why", "x")
    assert done.exit == 2
    if words:
        assert said in done.err
    assert waiting.states() == {}
    assert waiting("columns", "odd.csv", "--customer", "acme").exit == 1


def test_a_file_that_nobody_waits_for_is_refused(home: Home) -> None:
    done = home("columns", "confirm", "none.csv", "--why", "x")
    assert done.exit == 2
    assert "none.csv" in done.err
    assert home("columns", "confirm", "none.csv", "--customer", "nobody", "--why", "x").exit == 2


class Killed(BaseException):
    """The power has gone."""


def confirmed_and_cut_off(home: Home) -> None:
    """The columns of odd.csv are confirmed, and the power goes before rows are made."""
    with mock.patch("batchport.cli.stages.carry_out", side_effect=Killed), pytest.raises(Killed):
        home("columns", "confirm", "odd.csv", *SETS, "--why", "x", at=NEXT)


def test_a_plan_shows_the_rows_of_a_file_whose_columns_were_confirmed(waiting: Home) -> None:
    confirmed_and_cut_off(waiting)
    assert any(line["plan"].get("rows") in ({"ready": 2}, {"submitted": 2}) for line in waiting.json("run", "--dry-run"))
    assert waiting.states() == {}


def test_a_file_that_is_not_in_the_archive_any_more_is_told_once(waiting: Home) -> None:
    confirmed_and_cut_off(waiting)
    shutil.rmtree(waiting.path / "archive")
    assert waiting.run(NEXT).exit == 1
    assert waiting.run(NEXT).exit == 0


def test_a_database_of_the_first_version_is_brought_up_to_date(home: Home) -> None:
    home.take(LATER[0])
    home.bring_back("0001")
    home.drop(name="odd.csv", content=odd(*ROWS))
    assert home.run(NEXT).exit == 1
    assert home("columns", "confirm", "odd.csv", *SETS, "--why", "x").exit == 0
    assert set(home.states()) == {"sheet.csv:2", "odd.csv:2", "odd.csv:3"}
