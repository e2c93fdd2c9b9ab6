"""Letters and invoices: asked for, looked for beside the sheet, waited for, kept with it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from batchport.domain.cases import pdf
from tests.conftest import LOCAL, TOLL_FREE, Home, batchport, settled, sheet

NOW, SOON, HOUR, MONTH = "2026-03-02T20:00:00-05:00", "2026-03-02T20:59:00-05:00", "2026-03-02T21:00:00-05:00", "2026-04-01T21:00:00-04:00"
PDF = pdf().encode()
LOCKED = PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 9 0 R")
TIFF = b"II*\x00" + b"\0" * 100
ACME = "    email: telecom@acme.example\n"
SAMPLE = "    profile: generic-csv\n"


def codes(line: dict[str, Any]) -> list[str]:
    return [found["code"] for found in line["findings"] if found["code"].startswith(("loa-", "invoice-"))]


def checked(folder: Path, row: dict[str, str], papers: dict[str, bytes], home: Home | None = None) -> dict[str, Any]:
    """What `check` says of one row with papers beside its sheet."""
    path = settled(folder / "sheets" / "sheet.csv", sheet(row))
    for name, data in papers.items():
        settled(path.parent / name, data)
    options = ("check", path, "--format", "json", *(("--customer", "acme") if home else ()))
    line: dict[str, Any] = (home(*options) if home else batchport(*options, at=NOW)).lines[1]
    return line


@pytest.mark.parametrize(("row", "papers", "expected"), [
    (TOLL_FREE, {"harbor-loa.pdf": PDF}, []),
    (TOLL_FREE, {"Harbor-LOA.PDF": PDF}, []),  # a name means the same in any case
    (TOLL_FREE, {}, ["loa-not-found"]),
    (TOLL_FREE, {"harbor-loa.pdf": b""}, ["loa-unusable"]),
    (TOLL_FREE, {"harbor-loa.pdf": b"a scan\n"}, ["loa-unusable"]),
    (TOLL_FREE, {"harbor-loa.pdf": PDF[:200]}, ["loa-unusable"]),
    (TOLL_FREE, {"harbor-loa.pdf": LOCKED}, ["loa-unusable"]),
    (TOLL_FREE, {"harbor-loa.pdf": TIFF}, ["loa-unusable"]),
    (TOLL_FREE, {"harbor-loa.pdf": PDF + b"\0" * (10 << 20)}, ["loa-unusable"]),
    ({**TOLL_FREE, "loa_file": ""}, {}, ["loa-missing"]),
    ({**TOLL_FREE, "loa_file": "../loa.pdf"}, {"../loa.pdf": PDF}, ["loa-not-found"]),
    ({**TOLL_FREE, "loa_file": "scans/loa.pdf"}, {"scans/loa.pdf": PDF}, ["loa-not-found"]),
    ({**TOLL_FREE, "loa_file": "."}, {}, ["loa-not-found"]),
    ({**LOCAL, "loa_file": "", "invoice_file": ""}, {}, []),
    ({**LOCAL, "loa_file": "loa.pdf", "invoice_file": "bill.pdf"}, {"loa.pdf": PDF}, ["invoice-not-found"]),
    ({**LOCAL, "invoice_file": "bill.pdf"}, {"bill.pdf": b"%PDF-1.4"}, ["invoice-unusable"]),
])  # fmt: skip
def test_papers_are_asked_for_looked_for_and_looked_at(row: dict[str, str], papers: dict[str, bytes], expected: list[str], tmp_path: Path) -> None:
    assert codes(checked(tmp_path, row, papers)) == expected


def test_a_link_out_of_the_folder_is_no_paper(tmp_path: Path) -> None:
    outside = settled(tmp_path / "private.pdf", PDF)
    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "harbor-loa.pdf").symlink_to(outside)
    assert codes(checked(tmp_path, TOLL_FREE, {})) == ["loa-not-found"]


def test_the_message_says_why_a_paper_cannot_be_used(tmp_path: Path) -> None:
    [found] = [found for found in checked(tmp_path, TOLL_FREE, {"harbor-loa.pdf": LOCKED})["findings"] if found["code"] == "loa-unusable"]
    assert found["message"] == "The letter 'harbor-loa.pdf' cannot be used: it is a PDF with a password or restrictions."


@pytest.mark.parametrize(("old", "new", "expected"), [
    (ACME, "    papers: {loa: always}\n", ["loa-missing"]),
    (ACME, "    papers: {invoice: always}\n", ["invoice-missing"]),
    (SAMPLE, "    papers: {loa: always, invoice: always}\n", ["loa-missing", "invoice-missing"]),
])  # fmt: skip
def test_partner_or_customer_may_always_want_papers(old: str, new: str, expected: list[str], tmp_path: Path, home: Home) -> None:
    home.set(old, old + new)
    assert codes(checked(tmp_path, LOCAL, {}, home)) == expected


def test_a_tiff_will_do_for_a_partner_that_takes_it(tmp_path: Path, home: Home) -> None:
    row = {**TOLL_FREE, "loa_file": "loa.tif"}
    assert codes(checked(tmp_path, row, {"loa.tif": TIFF}, home)) == ["loa-unusable"]
    home.set(SAMPLE, SAMPLE + "    papers: {tiff: true}\n")
    assert codes(checked(tmp_path, row, {"loa.tif": TIFF}, home)) == []


def test_each_of_several_sheets_has_its_own_folder(tmp_path: Path) -> None:
    paths = [settled(tmp_path / name / "sheet.csv", sheet({**TOLL_FREE, "tn": tn, "destination": tn})) for name, tn in (("a", "800-234-7301"), ("b", "800-234-7302"))]
    settled(tmp_path / "b" / "harbor-loa.pdf", PDF)
    lines = [line for line in batchport("check", *paths, "--format", "json").lines if line.get("row")]
    assert [codes(line) for line in lines] == [["loa-not-found"], []]


def test_a_sheet_waits_for_its_papers_and_goes_when_they_come(home: Home) -> None:
    path = home.drop(TOLL_FREE, papers=False)
    waiting = home("run", at=NOW)
    assert "acme/sheet.csv waits for harbor-loa.pdf" in waiting.out
    assert (waiting.exit, path.exists(), home.states(), home.mails()) == (0, True, {}, [])
    assert home.run(SOON).last["changed"] is False
    settled(path.parent / "harbor-loa.pdf", PDF)
    assert home.run(SOON).exit == 0
    assert home.states() == {"sheet.csv:2": "submitted"}
    assert sorted(path.parent.iterdir()) == []


@pytest.mark.parametrize("clock", ["the machine's", "the one to go by"])
def test_when_the_time_is_over_the_sheet_is_taken_as_it_is(clock: str, home: Home) -> None:
    path = home.drop(TOLL_FREE, LOCAL, papers=False)
    home.run(NOW)
    if clock == "the machine's":
        os.utime(path, (time.time() - 3601, time.time() - 3601))
    done = home.run(NOW if clock == "the machine's" else HOUR)
    assert done.exit == 1
    assert [line["findings"] for line in home.rows(TOLL_FREE["tn"])] == [["loa-not-found"]]
    assert home.states() == {"sheet.csv:2": "rejected", "sheet.csv:3": "submitted"}


def test_how_long_is_a_setting(home: Home) -> None:
    home.set("papers_wait: 60 ", "papers_wait: 0 ")
    home.drop(TOLL_FREE, papers=False)
    assert home.run().exit == 1
    assert home.states() == {"sheet.csv:2": "rejected"}


def test_a_dry_run_says_what_waits_and_writes_nothing_down(home: Home) -> None:
    home.drop(TOLL_FREE, papers=False)
    assert "intake: acme/sheet.csv waits for harbor-loa.pdf" in home("run", "--dry-run", at=NOW).out
    home.run(HOUR)
    assert home.states() == {}


def test_papers_go_into_the_archive_sealed_and_are_remembered(home: Home) -> None:
    home.take(TOLL_FREE)
    archived = home.path / "archive" / "2026-03-02" / "acme" / "harbor-loa.pdf"
    assert archived.is_file()
    assert b"%PDF" not in archived.read_bytes()
    assert not (home.path / "inbox" / "acme" / "harbor-loa.pdf").exists()
    other = {**TOLL_FREE, "tn": "800-234-7302", "account_number": "9", "destination": "trunk-2", "loa_file": "HARBOR-loa.pdf"}
    home.drop(other, name="later.csv", papers=False)
    assert home.run().exit == 0
    assert home.state(other["tn"]) == "submitted"


def test_a_waiting_sheet_goes_when_its_paper_came_with_another_one(home: Home) -> None:
    home.drop(TOLL_FREE, name="first.csv", papers=False)
    home.run(NOW)
    home.drop({**TOLL_FREE, "tn": "800-234-7302", "account_number": "9", "destination": "trunk-2"}, name="second.csv")
    assert home("intake", at=SOON).exit == 0
    assert home.states() == {"first.csv:2": "ready", "second.csv:2": "ready"}


def test_another_customers_papers_are_not_remembered(home: Home) -> None:
    home.take(TOLL_FREE)
    home.drop({**TOLL_FREE, "tn": "800-234-7302"}, name="later.csv", customer="harbor", papers=False)
    assert home.run().last["rows"]["read"] == 1


def test_a_new_paper_goes_before_a_remembered_one_of_its_name(home: Home) -> None:
    home.take(TOLL_FREE)
    other = {**TOLL_FREE, "tn": "800-234-7302", "account_number": "9", "destination": "trunk-2"}
    home.drop(other, name="later.csv", papers=False)
    settled(home.path / "inbox" / "acme" / "harbor-loa.pdf", LOCKED)
    assert home.run().exit == 1
    assert home.rows(other["tn"])[0]["findings"] == ["loa-unusable"]
    assert sorted((home.path / "inbox" / "acme").iterdir()) == []


def test_the_papers_of_a_sheet_that_is_sent_again_are_put_away_with_it(home: Home) -> None:
    home.take(TOLL_FREE)
    home.drop(TOLL_FREE, name="copy.csv")
    assert home.run().last["files"]["repeated"] == 1
    assert sorted((home.path / "inbox" / "acme").iterdir()) == []


def test_two_sheets_of_one_night_may_name_the_same_paper(home: Home) -> None:
    home.drop(TOLL_FREE, name="a.csv")
    home.drop({**TOLL_FREE, "tn": "800-234-7302", "account_number": "9", "destination": "trunk-2"}, name="b.csv")
    assert home.run().exit == 0
    assert home.states() == {"a.csv:2": "submitted", "b.csv:2": "submitted"}


@pytest.mark.parametrize("clock", ["the machine's", "the one to go by"])
def test_a_paper_that_no_sheet_names_is_set_aside_after_thirty_days(clock: str, home: Home) -> None:
    path = settled(home.path / "inbox" / "acme" / "stray.pdf", PDF)
    assert home.run(NOW).exit == 0
    assert path.exists()
    if clock == "the machine's":
        old = time.time() - 30 * 86_400
        os.utime(path, (old, old))
    done = home("run", at=NOW if clock == "the machine's" else MONTH)
    assert done.exit == 1
    assert "stray.pdf of acme is a paper that no sheet has named in 30 days" in done.out
    aside = home.path / "quarantine" / "acme"
    assert sorted(each.name for each in aside.iterdir()) == ["stray.pdf", "stray.pdf.txt"]
    assert "No sheet has named this paper in 30 days" in (aside / "stray.pdf.txt").read_text()
    assert not path.exists()
    assert home.run(MONTH).exit == 0


def test_a_done_file_of_the_sheet_speaks_for_its_papers(home: Home) -> None:
    home.set(ACME, ACME + "    done_file: true\n")
    path = home.drop(TOLL_FREE)
    settled(path.with_name("sheet.csv.done"), "")
    home.run()
    assert home.states() == {"sheet.csv:2": "submitted"}
    assert sorted(path.parent.iterdir()) == []
