"""Nights of a customer who reads French: results in French, whatever is wrong, and nothing else in French."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl

from batchport.domain.cases import bases
from tests.conftest import EVENING, NEXT, Home, settled, sheet
from tests.french import english_in

HARD = "\u00a0"
#: Rows with faults of many kinds, details that the program words among them.
FAULTY = [
    {**bases()["local"], "tn": "617-234-014"},
    {**bases()["local"], "tn": "617-234-0143", "postal_code": "90210", "account_number": "80144219"},
    {**bases()["local"], "tn": "617-234-0144", "name": "", "requested_date": "2026-12-25", "account_number": "8014-4217-99*"},
    {**bases()["local"], "tn": "617-234-0145", "street_number": "", "city": "", "account_number": "80144220"},
    {**bases()["multi"], "btn": ""},
    {**bases()["wireless"], "pin": "0000", "destination": "line-0142"},
    {**bases()["toll_free"], "resporg_id": "QT1", "contact_email": "maria at example.com"},
    {**bases()["residential"], "tn": "", "authorized_name": "Peter Lindqvist"},
]


def of_workbook(home: Home, name: str) -> tuple[list[dict[str, str]], list[str]]:
    """The rows to fix of a results workbook, by header, and the notes on its cells."""
    (path,) = home.path.glob(f"results/acme/{name}.*.xlsx")
    sheet = openpyxl.load_workbook(path)["To fix"]
    header, *rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(header, row, strict=True)) for row in rows], [cell.comment.text for row in sheet.iter_rows() for cell in row if cell.comment]


def in_french(home: Home) -> None:
    home.set("    email: telecom", "    language: fr\n    email: telecom")


def test_all_that_is_wrong_is_told_in_french(home: Home) -> None:
    in_french(home)
    home.take(*FAULTY, name="numeros.csv", at=EVENING)
    rows, notes = of_workbook(home, "numeros")
    assert len(rows) == len(FAULTY)
    for row in rows:
        assert row["Port Result"] == "À corriger"
        for told in (row["What is wrong"], row["How to fix it"]):
            assert told
            assert english_in(told) == [], told
    assert len(notes) > len(FAULTY)
    for note in notes:
        assert re.match("Ligne [0-9] de votre feuille\n", note)
        assert english_in(note) == [], note
    assert f"«{HARD}90210{HARD}» n'est pas un code de l'État ou de la province MA." in rows[1]["What is wrong"]
    assert "Aucun numéro n'est transféré le 2026-12-25 (Noël)." in rows[2]["What is wrong"]
    assert rows[3]["What is wrong"] == (
        f"Il manque à l'adresse de service{HARD}: «{HARD}Street Number{HARD}», «{HARD}City{HARD}». "
        f"«{HARD}line-0142{HARD}» doit recevoir plus d'un numéro{HARD}: voir les lignes 2, 3, 4."
    )


def test_text_comes_back_as_text_in_french(home: Home) -> None:
    in_french(home)
    home.take(*FAULTY[:1], name="numeros.csv")
    (path,) = home.path.glob("results/acme/numeros.*.csv")
    (row,) = csv.DictReader(io.StringIO(path.read_bytes().decode()))
    assert row["What is wrong"] == f"«{HARD}617-234-014{HARD}» n'est pas un numéro de téléphone à dix chiffres."


def test_a_partners_codes_are_told_in_french_and_its_own_words_as_they_are(home: Home) -> None:
    in_french(home)
    rows = [{**bases()["local"], "tn": f"617-234-014{n}", "account_number": f"8014422{n}", "destination": f"line-{n}"} for n in range(4)]
    home.take(*rows, name="numeros.csv", at=EVENING)
    home.answer(
        (home.pon("6172340140"), "", "6172340140", "REJECT", "8C;E1", "PIN mismatch"), (home.pon("6172340141"), "", "", "REJECT", "8A", ""),
        (home.pon("6172340142"), "", "6172340142", "REJECT", "Q77", "Ask Maria"), (home.pon("6172340143"), "", "6172340143", "REJECT", "", ""), at=NEXT,
    )  # fmt: skip
    told, _ = of_workbook(home, "numeros")
    assert {row["Port Result"] for row in told} == {"Refusé par le fournisseur"}
    coded, whole, unknown, silent = told
    assert coded["What is wrong"] == (
        "Le code de sécurité ou le NIP est absent ou inexact. L'adresse de service ne correspond pas aux dossiers du fournisseur actuel."
    )
    assert english_in(coded["How to fix it"]) == []
    assert whole["What is wrong"].startswith("La commande a été refusée au complet. Le numéro de compte est absent ou ne correspond pas aux dossiers")
    assert (unknown["What is wrong"], unknown["How to fix it"]) == ("Ask Maria.", f"Rien à faire pour le moment{HARD}: nous demandons ce que cela veut dire.")
    assert silent["What is wrong"] == "Le fournisseur a refusé la demande sans donner de motif."
    assert english_in(silent["How to fix it"]) == []


def test_operators_are_told_in_english_of_a_customer_who_reads_french(home: Home, tmp_path: Path) -> None:
    in_french(home)
    path = settled(tmp_path / "numeros.csv", sheet(FAULTY[0]))
    (found,) = [each for each in home.json("check", path, "--customer", "acme")[1]["findings"] if each["code"] == "tn-invalid"]
    assert found["message"] == "'617-234-014' is not a telephone number of ten digits."
    home.take(FAULTY[0], name="numeros.csv")
    assert [row["state"] for row in home.json("status")] == ["rejected"]
