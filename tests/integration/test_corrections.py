"""Rows that speak of earlier rows, and results workbooks sent back (contract, section 8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import LOCAL, MULTI, NEXT, THIRD, Home, account, batchport, sheet

TN = "617-234-0142"


def row_id(home: Home, tn: str = TN) -> str:
    """The Row ID of the newest row for a number."""
    return str(home.rows(tn)[-1]["row_id"])


def told(home: Home) -> list[tuple[str, str, list[str]]]:
    """Every row: file, state, findings."""
    return [(line["file"], line["state"], line["findings"]) for line in home.json("status")]


def unsent(home: Home, *rows: Mapping[str, str], name: str = "sheet.csv") -> None:
    """Rows taken in and not sent."""
    home.drop(*rows, name=name)
    home("intake")


@pytest.mark.parametrize("by", ["row_id", "number"])
def test_a_rejected_row_is_corrected(home: Home, by: str) -> None:
    home.take(LOCAL | {"name": ""})
    naming = {"row_id": row_id(home)} if by == "row_id" else {"action": "correct"}
    done = home.take(LOCAL | naming, name="fixed.csv", at=NEXT)
    assert done.exit == 0
    assert told(home) == [("sheet.csv", "superseded", ["name-missing"]), ("fixed.csv", "submitted", [])]


@pytest.mark.parametrize("by", ["row_id", "number"])
def test_a_ready_row_is_corrected_in_its_order(home: Home, by: str) -> None:
    unsent(home, LOCAL)
    pon = home.pon(TN)
    naming = {"row_id": row_id(home).lower()} if by == "row_id" else {"action": "CORRECT"}
    home.take(LOCAL | naming | {"pin": "9090"}, name="fixed.csv", at=NEXT)
    assert [(line["PON"], line["PIN"]) for line in home.sent()] == [(pon, "9090")]


@pytest.mark.parametrize("answer", [None, ("ACK",), ("FOC", "", "", "2026-03-09"), ("DELAY",)])
def test_a_row_in_flight_cannot_be_corrected(home: Home, answer: tuple[str, ...] | None) -> None:
    home.take(LOCAL)
    if answer:
        home.answer(("", "", "6172340142", *answer))
    before = home.state(TN)
    asks = LOCAL | {"row_id": row_id(home), "pin": "9090"}
    assert home.take(asks, name="asks.csv", at=THIRD).exit == 1
    assert told(home) == [("sheet.csv", before, []), ("asks.csv", "rejected", ["row-in-flight"])]


def test_unchanged_means_nothing_is_asked_for(home: Home) -> None:
    home.take(LOCAL | {"name": ""}, MULTI)
    rows = [LOCAL | {"name": "", "row_id": row_id(home)}, MULTI | {"row_id": row_id(home, MULTI["tn"])}]
    done = home.take(*rows, name="back.csv", at=NEXT)
    assert done.exit == 0
    assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "rejected"), ("sheet.csv", "submitted"), ("back.csv", "duplicate"), ("back.csv", "duplicate")]
    assert done.last["submissions"] == 0


@pytest.mark.parametrize("naming", ["row_id", "number"])
def test_an_unsent_row_is_called_off(home: Home, naming: str) -> None:
    unsent(home, LOCAL, MULTI)
    asks = LOCAL | {"action": "cancel"} | ({"row_id": row_id(home)} if naming == "row_id" else {})
    done = home.take(asks, name="off.csv", at=NEXT)
    assert done.exit == 0
    assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "cancelled"), ("sheet.csv", "submitted"), ("off.csv", "duplicate")]
    assert [line["TN"] for line in home.sent()] == [MULTI["tn"].replace("-", "")]


def test_a_row_of_a_held_order_is_called_off_and_the_others_go(home: Home) -> None:
    rows = account(3)
    home.take(*rows[:2], rows[2] | {"name": ""})
    assert set(home.states().values()) == {"held", "rejected"}
    home.take(rows[2] | {"action": "cancel"}, name="off.csv", at=NEXT)
    assert home.states() == {"sheet.csv:2": "submitted", "sheet.csv:3": "submitted", "sheet.csv:4": "cancelled", "off.csv:2": "duplicate"}
    assert {line["LINES"] for line in home.sent()} == {"2"}


def test_after_a_cancellation_the_number_is_a_new_request(home: Home) -> None:
    unsent(home, LOCAL)
    unsent(home, LOCAL | {"action": "cancel"}, name="off.csv")
    home.take(LOCAL, name="anew.csv", at=NEXT)
    assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "cancelled"), ("off.csv", "duplicate"), ("anew.csv", "submitted")]


def test_what_has_ended_cannot_be_called_off(home: Home) -> None:
    home.take(LOCAL)
    home.answer(("", "", "6172340142", "COMPLETE"))
    home.take(LOCAL | {"action": "cancel"}, name="off.csv", at=THIRD)
    assert told(home)[-1] == ("off.csv", "rejected", ["row-ended"])
    assert home.state(TN) == "rejected"


@pytest.mark.parametrize("naming", [{"row_id": "R0000000000000"}, {"row_id": "nonsense"}, {"action": "correct"}, {"action": "cancel"}])
def test_a_row_that_speaks_of_none_is_told_so(home: Home, naming: dict[str, str]) -> None:
    home.take(LOCAL | naming)
    assert told(home) == [("sheet.csv", "rejected", ["row-unknown"])]


def test_another_customers_row_is_none(home: Home) -> None:
    home.take(LOCAL)
    home.drop(LOCAL | {"row_id": row_id(home)}, name="theirs.csv", customer="harbor")
    home.run(NEXT)
    assert "row-unknown" in told(home)[-1][2]


def test_a_changed_number_is_a_new_request_and_the_old_row_stays(home: Home) -> None:
    home.take(LOCAL)
    home.take(LOCAL | {"row_id": row_id(home), "tn": "617-234-0143", "account_number": "55001", "destination": "line-9"}, name="other.csv", at=NEXT)
    assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "submitted"), ("other.csv", "submitted")]


class TestCopies:
    """A Row ID found twice in a file counts once."""

    def test_the_copy_that_differs_counts_wherever_it_stands(self, home: Home) -> None:
        home.take(LOCAL | {"name": ""})
        known = {"row_id": row_id(home)}
        home.take(LOCAL | known | {"name": ""}, LOCAL | known, name="back.csv", at=NEXT)
        assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "superseded"), ("back.csv", "duplicate"), ("back.csv", "submitted")]

    def test_two_that_differ_alike_are_one(self, home: Home) -> None:
        home.take(LOCAL | {"name": ""})
        known = {"row_id": row_id(home)}
        home.take(LOCAL | known, LOCAL | known, name="back.csv", at=NEXT)
        assert [(file, state) for file, state, _ in told(home)] == [("sheet.csv", "superseded"), ("back.csv", "submitted"), ("back.csv", "duplicate")]

    def test_two_that_differ_from_each_other_are_both_in_conflict(self, home: Home) -> None:
        home.take(LOCAL | {"name": ""})
        known = {"row_id": row_id(home)}
        home.take(LOCAL | known, LOCAL | known | {"pin": "9090"}, LOCAL | known | {"name": ""}, name="back.csv", at=NEXT)
        assert [state for _, state, _ in told(home)] == ["rejected", "rejected", "rejected", "duplicate"]
        assert all("tn-conflict" in codes for _, _, codes in told(home)[1:3])


class TestResultsSentBack:
    """The workbook that customers get, corrected and dropped again."""

    @pytest.fixture
    def results(self, home: Home) -> Path:
        rows = account(3)
        home.take(LOCAL | {"name": ""}, MULTI | {"tn": "617-236-3301", "btn": "617-236-3300", "account_number": "9-91", "city": ""}, *rows)
        (path,) = (home.path / "results" / "acme").glob("*.xlsx")
        return path

    def changed(self, path: Path, changes: dict[str, dict[str, str]], sheets: tuple[str, ...] = ("To fix",)) -> bytes:
        """The workbook with cells typed over: number -> header -> text."""
        book = openpyxl.load_workbook(path)
        for name in sheets:
            page = book[name]
            headers = {cell.value: cell.column for cell in page[1]}
            for row in range(2, page.max_row + 1):
                for header, text in changes.get(page.cell(row, headers["Phone Number"]).value, {}).items():
                    page.cell(row, headers[header]).value = text
        target = io.BytesIO()
        book.save(target)
        return target.getvalue()

    def test_unchanged_nothing_happens(self, home: Home, results: Path) -> None:
        before = home.states()
        home.drop(content=self.changed(results, {}), name="back.xlsx")
        done = home.run(NEXT)
        assert (done.exit, done.last["submissions"], done.last["rows"]["superseded"]) == (0, 0, 0)
        after = home.states()
        assert {name: after[name] for name in before} == before
        assert {state for name, state in after.items() if name not in before} == {"duplicate"}

    def test_one_cell_corrected_exactly_that_row_goes_on(self, home: Home, results: Path) -> None:
        home.drop(content=self.changed(results, {LOCAL["tn"]: {"Business or Full Name": "Harbor Bakery LLC"}}), name="back.xlsx")
        done = home.run(NEXT)
        assert done.exit == 0
        assert [line["state"] for line in home.rows(LOCAL["tn"])] == ["superseded", "submitted", "duplicate"]
        assert [(line["TN"], line["PIN"], line["ACCOUNT_NUMBER"]) for line in home.sent()][-1] == ("6172340142", LOCAL["pin"], LOCAL["account_number"])
        assert home.rows("617-236-3301")[0]["state"] == "rejected"

    def test_a_cell_corrected_among_all_rows_does_the_same(self, home: Home, results: Path) -> None:
        home.drop(content=self.changed(results, {LOCAL["tn"]: {"Business or Full Name": "Harbor Bakery LLC"}}, ("All rows",)), name="back.xlsx")
        assert home.run(NEXT).exit == 0
        assert [line["state"] for line in home.rows(LOCAL["tn"])] == ["superseded", "duplicate", "submitted"]
        assert len(home.sent()) == 4

    def test_of_its_own_sheets_nothing_is_said(self, home: Home, results: Path) -> None:
        home.drop(content=self.changed(results, {}), name="back.xlsx")
        home.run(NEXT)
        told = home.mails("received")[-1].get_body(("plain",))
        assert told is not None
        assert "was not read" not in told.get_content()

    def test_results_of_it_have_every_row_once_on_the_same_sheets_round_after_round(self, home: Home, results: Path) -> None:
        before = openpyxl.load_workbook(results)
        path = results
        for number, when in enumerate((NEXT, THIRD)):
            home.drop(content=self.changed(path, {}), name=f"back{number}.xlsx")
            home.run(when)
            (path,) = (home.path / "results" / "acme").glob(f"back{number}.*.xlsx")
            book = openpyxl.load_workbook(path)
            assert book.sheetnames == before.sheetnames
            assert [cell.value for cell in book["All rows"]["A"]] == [cell.value for cell in before["All rows"]["A"]]
            assert book["Summary"]["A2"].value == "5 rows, and nothing for you to do."
            assert [cell.value for cell in book["To fix"]["A"]] == ["Phone Number"]

    def test_what_is_still_wrong_is_the_one_row_to_fix_of_the_next(self, home: Home, results: Path) -> None:
        home.drop(content=self.changed(results, {LOCAL["tn"]: {"Business or Full Name": "Harbor Bakery LLC", "State": "ZZ"}}), name="back.xlsx")
        home.run(NEXT)
        (path,) = (home.path / "results" / "acme").glob("back.*.xlsx")
        book = openpyxl.load_workbook(path)
        assert [cell.value for cell in book["To fix"]["A"]] == ["Phone Number", LOCAL["tn"]]
        assert [cell.value for cell in book["All rows"]["A"]] == [cell.value for cell in openpyxl.load_workbook(results)["All rows"]["A"]]
        assert book["Summary"]["A2"].value == "1 of 5 rows needs your attention."
        home.drop(content=self.changed(path, {LOCAL["tn"]: {"State": LOCAL["state"]}}), name="again.xlsx")
        assert home.run(THIRD).exit == 0
        assert home.state(LOCAL["tn"]) == "duplicate"
        assert [line["state"] for line in home.rows(LOCAL["tn"])].count("submitted") == 1

    def test_a_secret_typed_over_is_the_new_one(self, home: Home, results: Path) -> None:
        change = {"Security Code or PIN": "7777", "Business or Full Name": "Harbor Bakery LLC"}
        home.drop(content=self.changed(results, {LOCAL["tn"]: change}), name="back.xlsx")
        home.run(NEXT)
        assert [line["PIN"] for line in home.sent()][-1] == "7777"

    def test_check_says_what_the_night_will_do(self, home: Home, results: Path, tmp_path: Path) -> None:
        path = tmp_path / "back.xlsx"
        path.write_bytes(self.changed(results, {LOCAL["tn"]: {"Business or Full Name": "Harbor Bakery LLC"}}))
        summary = home.json("check", path, "--customer", "acme")[-1]["summary"]
        assert (summary["ready"], summary["rejected"], summary["duplicate"]) == (1, 0, summary["rows"] - 1)


def test_without_a_customer_no_row_is_known(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(sheet(LOCAL | {"row_id": "R0000000000000"}), "utf-8")
    assert [found["code"] for found in batchport("check", path, "--format", "json").lines[1]["findings"]][-1] == "row-unknown"


def test_what_looks_like_a_formula_comes_back_as_it_was_written(home: Home) -> None:
    odd = LOCAL | {"name": "", "notes": "=1+1", "customer_ref": "\t-5", "authorized_name": "@Maria", "unit": "+5"}
    records = list(csv.reader(io.StringIO(sheet(odd, MULTI))))
    home.drop(content="".join(f"{line}\r\n" for line in (",".join([*record, more]) for record, more in zip(records, ("=Shade", "-1", "=B2"), strict=True))))
    home.run()
    (path,) = (home.path / "results" / "acme").glob("*.xlsx")
    first = openpyxl.load_workbook(path)["All rows"]
    assert [cell.value for cell in first[1]].count("'=Shade") == 1
    for number, (file, when) in enumerate(((path, NEXT), (path.with_suffix(".csv"), THIRD))):
        home.drop(content=file.read_bytes(), name=f"back{number}{file.suffix}")
        assert home.run(when).last["rows"]["superseded"] == 0
        (again,) = (home.path / "results" / "acme").glob(f"back{number}.*.xlsx")
        rows = openpyxl.load_workbook(again)["All rows"]
        assert [[cell.value for cell in row][:-6] for row in rows] == [[cell.value for cell in row][:-6] for row in first]
    assert {line["state"] for line in home.json("status") if line["file"] != "sheet.csv"} == {"duplicate"}


def test_a_range_written_out_comes_back_as_the_numbers_that_it_named(home: Home) -> None:
    home.take(account(1)[0] | {"tn": "617-236-2200 thru 2203", "name": ""})
    (path,) = (home.path / "results" / "acme").glob("*.xlsx")
    home.drop(content=path.read_bytes(), name="back.xlsx")
    assert home.run(NEXT).exit == 0
    assert [state for file, state, _ in told(home)] == ["rejected"] * 4 + ["duplicate"] * 8
