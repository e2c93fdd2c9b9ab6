"""Results workbooks that a person opens in LibreOffice, corrects, saves in whatever form, and sends back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import LOCAL, MULTI, NEXT, THIRD, Home, account

pytestmark = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")

#: Every sheet as a file of its own: comma, quotes, UTF-8, what cells show, no formulas.
_EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


def saved(folder: Path, form: str, *books: Path) -> None:
    """Open workbooks in LibreOffice and save them in another form."""
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    subprocess.run(["soffice", profile, "--headless", "--convert-to", form, "--outdir", str(folder), *map(str, books)], check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize(("form", "ending"), [("xlsx", ".xlsx"), ("ods", ".ods"), (_EVERY_SHEET, "-To fix.csv")], ids=["xlsx", "ods", "csv"])
def test_unchanged_nothing_happens_and_corrected_the_one_row_goes_on(home: Home, tmp_path: Path, form: str, ending: str) -> None:
    odd = {"notes": "=1+1", "customer_ref": "-5", "pin": "0042"}
    home.take(LOCAL | odd | {"name": ""}, MULTI | odd | {"tn": "617-236-3301", "btn": "617-236-3300", "account_number": "9-91", "city": ""}, *account(3))
    (results,) = (home.path / "results" / "acme").glob("*.xlsx")
    before, sent = home.states(), len(home.sent())
    book = openpyxl.load_workbook(results)
    page = book["To fix"]
    headers = {cell.value: cell.column for cell in page[1]}
    (row,) = (cells[0].row for cells in page.iter_rows(min_row=2) if cells[headers["Phone Number"] - 1].value == LOCAL["tn"])
    shutil.copy(results, tmp_path / "same.xlsx")
    page.cell(row, headers["Business or Full Name"]).value = "Harbor Bakery LLC"
    book.save(tmp_path / "corrected.xlsx")
    folder = tmp_path / "saved"
    saved(folder, form, tmp_path / "same.xlsx", tmp_path / "corrected.xlsx")

    home.drop(content=(folder / f"same{ending}").read_bytes(), name=f"same{ending}")
    assert home.run(NEXT).exit == 0
    after = home.states()
    assert {name: after[name] for name in before} == before
    assert {state for name, state in after.items() if name not in before} == {"duplicate"}

    home.drop(content=(folder / f"corrected{ending}").read_bytes(), name=f"corrected{ending}")
    assert home.run(THIRD).exit == 0
    assert [(line["TN"], line["PIN"], line["REMARKS"]) for line in home.sent()[sent:]] == [(LOCAL["tn"].replace("-", ""), "0042", "=1+1")]
    assert home.rows("617-236-3301")[0]["state"] == "rejected"
