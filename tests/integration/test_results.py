"""What a customer finds in the results workbook of a file that was taken in."""

from __future__ import annotations

from typing import Any

import openpyxl

from tests.conftest import LOCAL, MULTI, NEXT, Home, account

RED = "FFFFC7CE"


def book_of(home: Home, name: str = "sheet") -> Any:
    """The workbook of a file."""
    (path,) = (home.path / "results" / "acme").glob(f"{name}.*.xlsx")
    return openpyxl.load_workbook(path)


def by_header(page: Any) -> list[dict[str, Any]]:
    """The cells of each row by their header."""
    head, *rows = page.iter_rows()
    return [dict(zip((cell.value for cell in head), row, strict=True)) for row in rows]


def lines(page: Any) -> list[list[str]]:
    """What a page says, line by line, without blank cells."""
    return [texts for row in page.iter_rows(values_only=True) if (texts := [text for text in row if text])]


def test_the_summary_says_in_ten_seconds_what_happened_and_what_to_do(home: Home) -> None:
    home.take(LOCAL, MULTI | {"tn": "617-236-3301", "btn": "617-236-3300", "account_number": "9-91", "city": ""}, *account(3))
    home.answer(("", "", LOCAL["tn"], "REJECT", "8D"), ("", "", "6172362200", "FOC", "", "", "2026-03-09"))
    said = lines(book_of(home)["Summary"])
    assert said[:3] == [["Results for sheet.csv"], ["2 of 5 rows need your attention."], ["What to do next"]]
    assert [line[:2] for line in said if line[0] in ("Rejected", "Carrier rejected", "Submitted", "Confirmed", "All rows")] == [
        ["Rejected", "1"], ["Carrier rejected", "1"], ["Submitted", "2"], ["Confirmed", "1"], ["All rows", "5"],
    ]
    faults = said[said.index(["What is wrong", "Rows", "For example", "How to fix it"]) + 1 :]
    assert ["The ZIP or postal code is not the one the current carrier has.", "1", f"Row 2, {LOCAL['tn']}"] in [line[:3] for line in faults]
    assert ["The service address lacks: City.", "1", "Row 3, 617-236-3301"] in [line[:3] for line in faults]
    assert faults[-3][0] == "What the colours mean"


def test_where_nothing_is_wrong_nothing_is_asked_for(home: Home) -> None:
    home.take(LOCAL)
    assert lines(book_of(home)["Summary"]) == [
        ["Results for sheet.csv"], ["1 row, and nothing for you to do."],
        ["Port Result", "Rows", "What it means"], ["Submitted", "1", "Sent to the carrier, waiting for its answer."], ["All rows", "1"],
    ]


def test_the_cell_that_a_carrier_blames_is_coloured_and_noted(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", LOCAL["tn"], "REJECT", "8D;8A"))
    (row,) = by_header(book_of(home)["To fix"])
    assert {header for header, cell in row.items() if cell.fill.fgColor.rgb == RED} == {"ZIP", "Billing Account Number"}
    assert row["ZIP"].comment.text.startswith("Row 2 of your sheet\nThe ZIP or postal code is not the one the current carrier has.")


def test_every_row_of_an_order_rejected_as_a_whole_stands_once_and_says_so(home: Home) -> None:
    home.take(*account(3))
    home.answer((home.pon("617-236-2200"), "01", "", "REJECT", "8D"))
    rows = by_header(book_of(home)["To fix"])
    assert [row["Phone Number"].value for row in rows] == ["6172362200", "6172362201", "6172362202"]
    assert all(row["What is wrong"].value.startswith("The order was rejected as a whole. The ZIP") for row in rows)


def test_a_value_that_would_be_right_stands_in_how_to_fix_it(home: Home) -> None:
    (home.path / "lines.csv").write_text("line,takes\nline-0142,one\n", "utf-8")
    home.set("acme:\n", "acme:\n    roster: lines.csv\n")
    home.take(LOCAL | {"destination": "Line 0142"})
    book = book_of(home)
    (row,) = by_header(book["To fix"])
    assert row["How to fix it"].value.endswith("Port To Line: 'line-0142'.")
    assert row["Port To Line"].comment.text.endswith("Port To Line: 'line-0142'.")
    offered = {str(each.sqref): each.formula1 for each in book["To fix"].data_validations.dataValidation}
    assert offered[f"{row['Port To Line'].coordinate}"] == '"line-0142"'
    assert offered[f"{row['Account Type'].coordinate}"] == '"Single-Line,Multi-Line"'


def test_it_speaks_the_customers_language(home: Home) -> None:
    home.set("acme:\n", "acme:\n    language: fr\n")
    home.take(LOCAL | {"name": ""}, MULTI)
    book = book_of(home)
    assert book.sheetnames == ["Summary", "To fix", "All rows"]
    assert lines(book["Summary"])[:2] == [["Résultats pour sheet.csv"], ["1 ligne sur 2 demande votre attention."]]
    assert [row["Port Result"].value for row in by_header(book["All rows"])] == ["À corriger", "Transmis au fournisseur"]


def test_a_contact_is_told_of_its_own_rows(home: Home) -> None:
    home.take(LOCAL | {"name": "", "contact_email": "it@acme.example"}, *account(2), at=NEXT)
    (mail,) = (mail for mail in home.mails("received") if mail["To"] == "it@acme.example")
    (attached,) = (part.get_content() for part in mail.iter_attachments())
    (home.path / "attached.xlsx").write_bytes(attached)
    said = lines(openpyxl.load_workbook(home.path / "attached.xlsx")["Summary"])
    assert said[1] == ["1 of 1 rows needs your attention."]
    assert ["The row does not say in whose name the account is.", "1"] in [line[:2] for line in said]


def test_a_row_that_waits_for_what_only_somebody_can_give_is_to_fix(home: Home) -> None:
    home.set("acme:\n", "acme:\n    on_rejected_row: release\n")
    rows = account(3)
    home.take(*rows[:2], rows[2] | {"name": ""}, LOCAL)
    assert set(home.states().values()) == {"held", "rejected", "submitted"}
    book = book_of(home)
    assert [row["Port Result"].value for row in by_header(book["To fix"])] == ["Held", "Held", "Rejected"]
    assert lines(book["Summary"])[1] == ["3 of 4 rows need your attention."]


def test_a_row_that_only_waits_for_another_is_not(home: Home) -> None:
    rows = account(3)
    home.take(*rows[:2], rows[2] | {"name": ""})
    assert [row["Port Result"].value for row in by_header(book_of(home)["To fix"])] == ["Rejected"]
