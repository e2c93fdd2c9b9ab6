"""Letters of authorization of stored orders and of sheets, as the command writes them."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.conftest import EVENING, LOCAL, MULTI, NEXT, SAMPLES, THIRD, TOLL_FREE, Home, account, batchport, settled, sheet

SHEETS = sorted(path for path in SAMPLES.glob("inbox/*/*") if path.suffix in (".csv", ".xlsx"))
EMAIL = "    email: telecom@acme.example\n"
OPERATOR = "operator: {email: operator@batchport.example}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def words(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages).split())


def listed(path: Path) -> list[str]:
    """The numbers in a letter's list, as ten digits."""
    middle = words(path).split("Requested date", 1)[1].split("Authorization I am")[0]
    return [number.replace("-", "") for number in re.findall(r"\d{3}-\d{3}-\d{4}", middle)]


def groups(*args: object) -> list[list[str]]:
    """The numbers of each order that `check` makes."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in batchport("check", *args, "--format", "json", at=EVENING).lines:
        if line.get("order"):
            found[line["order"]].add(line["values"]["tn"])
    return sorted(sorted(numbers) for numbers in found.values())


def test_the_letter_of_an_order_is_made_from_what_is_stored(home: Home, here: Path) -> None:
    home.take(*account(3))
    pon = home.pon("617-236-2201")
    done = home("loa", pon.lower())
    path = here / f"{pon}-loa.pdf"
    assert (done.exit, [file.name for file in here.iterdir()]) == (0, [path.name])
    assert path.stat().st_mode & 0o777 == 0o600
    text = words(path)
    for said in ("Harbor Bakery LLC", "120 Main St, Boston, MA 02129", "Lumen", "B7714420", "(BTN) 617-236-2200", "Full: all numbers", "Maria Garcia", f"Order {pon}, version 01"):
        assert said in text, said
    assert listed(path) == ["6172362200", "6172362201", "6172362202"]
    assert MULTI["pin"] not in text.replace(pon, "")
    assert "B7714420" not in done.out + done.err
    assert done.out.split()[-3:] == [path.name, "en", "3"]


def test_who_the_new_provider_is_comes_from_the_settings_and_is_never_guessed(home: Home, here: Path) -> None:
    home.take(LOCAL)
    pon = home.pon(LOCAL["tn"])
    blank = home("loa", pon, "-o", "blank.pdf")
    assert blank.err == "The name of the new provider is left blank, to be filled in by hand; the setting `operator: {name: ...}` says it.\n"
    home.set(OPERATOR, "operator: {email: operator@batchport.example, name: Lighthouse Voice}")
    named = home("loa", pon, "-o", "named.pdf")
    assert (named.exit, named.err) == (0, "")
    assert "Lighthouse Voice" not in words(here / "blank.pdf")
    assert "to Lighthouse Voice, the new carrier" in words(here / "named.pdf")


def test_a_letter_speaks_its_customers_language_unless_told_otherwise(home: Home, here: Path) -> None:
    home.take(LOCAL)
    pon = home.pon(LOCAL["tn"])
    home.set(EMAIL, EMAIL + "    language: fr\n")
    assert home("loa", pon, "-o", "fr.pdf").exit == 0
    assert home("loa", pon, "--language", "en", "-o", "en.pdf").exit == 0
    assert "Lettre d’autorisation" in words(here / "fr.pdf")
    assert "Letter of Authorization" in words(here / "en.pdf")


def test_a_letter_is_of_the_version_that_goes_next(home: Home, here: Path) -> None:
    home.take(*account(3))
    pon = home.pon("617-236-2201")
    home.answer((pon, "01", "", "REJECT", "8A", "account number"))
    rows = {line["tn"]: line["row_id"] for line in home.json("status", at=NEXT)}
    fixed = [{**row, "account_number": "C9900817", "row_id": rows[row["tn"]]} for row in account(3)]
    home.drop(*fixed, name="fixed.csv")
    assert home("intake", at=NEXT).exit == 0
    assert home("loa", pon, at=NEXT).exit == 0
    text = words(here / f"{pon}-loa.pdf")
    assert "Account number C9900817" in text
    assert "version 02" in text
    assert listed(here / f"{pon}-loa.pdf") == ["6172362200", "6172362201", "6172362202"]
    home.run(at=THIRD)
    assert home("loa", pon, "-o", "sent.pdf", at=THIRD).exit == 0
    assert words(here / "sent.pdf") == text


def test_what_was_corrected_on_one_row_for_all_of_its_order_is_the_letters(home: Home, here: Path) -> None:
    home.take(*account(3))
    pon = home.pon("617-236-2201")
    home.answer((pon, "01", "", "REJECT", "8G", "name"))
    first = home.rows("617-236-2200")[0]
    home.drop({**account(3)[0], "name": "Harbor Bakeries Inc", "row_id": first["row_id"]}, name="fixed.csv")
    assert home("intake", at=NEXT).exit == 0
    assert home("loa", pon, "-o", "letter.pdf", at=NEXT).exit == 0
    assert "Name on the bill Harbor Bakeries Inc Service" in words(here / "letter.pdf")
    assert len(listed(here / "letter.pdf")) == 3


def test_numbers_that_were_called_off_are_in_no_letter(home: Home, here: Path) -> None:
    home.take(*account(3))
    pon = home.pon("617-236-2201")
    assert home("cancel", pon, "--tn", "617-236-2202", "--why", "kept").exit == 0
    assert home("loa", pon, "-o", "two.pdf").exit == 0
    assert listed(here / "two.pdf") == ["6172362200", "6172362201"]


def test_an_order_without_numbers_has_no_letter(home: Home, here: Path) -> None:
    home.drop(LOCAL)
    home("intake")
    pon = home.pon(LOCAL["tn"])
    assert home("cancel", pon, "--why", "kept").exit == 0
    done = home("loa", pon)
    assert (done.exit, done.out) == (2, "")
    assert f"{pon} has no numbers that a letter could be for" in done.err
    assert not list(here.iterdir())


def test_a_date_that_was_asked_for_since_is_the_letters(home: Home, here: Path) -> None:
    home.drop(LOCAL)
    home("intake")
    pon = home.pon(LOCAL["tn"])
    assert home("redate", pon, "2026-03-17", "--why", "asked for").exit == 0
    assert home("loa", pon, "-o", "letter.pdf").exit == 0
    assert "Requested date March 17, 2026" in words(here / "letter.pdf")


def test_toll_free_numbers_go_to_the_resporg_of_the_partners_settings(home: Home, here: Path) -> None:
    home.set("    profile: generic-csv\n", "    profile: generic-csv\n    settings: {resporg: LHV01}\n")
    home.take(TOLL_FREE)
    assert home("loa", home.pon(TOLL_FREE["tn"]), "-o", "letter.pdf").exit == 0
    text = words(here / "letter.pdf")
    assert "from Lumen (RespOrg ID QXT01), to" in text
    assert "(RespOrg ID LHV01)" in text


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_sheets_letters_are_of_the_orders_that_check_makes(path: Path, here: Path) -> None:
    done = batchport("loa", "--file", path, "-o", "letters", at=EVENING)
    letters = sorted((here / "letters").iterdir())
    assert sorted(map(listed, letters)) == groups(path)
    assert done.exit == batchport("check", path, at=EVENING).exit
    assert all(re.fullmatch(rf"{re.escape(path.stem)}-\d{{3}}-\d{{3}}-\d{{4}}(-\d+)?-loa\.pdf", letter.name) for letter in letters)
    assert {letter.stat().st_mode & 0o777 for letter in letters} == {0o600}


def test_numbers_that_want_a_letter_get_one_before_there_is_one(here: Path) -> None:
    path = settled(here / "tf.csv", sheet({**TOLL_FREE, "loa_file": ""}))
    assert batchport("check", path, at=EVENING).exit == 1
    assert batchport("loa", "--file", path, at=EVENING).exit == 0
    assert listed(here / "tf-800-234-7301-loa.pdf") == ["8002347301"]


def test_rows_that_are_rejected_are_in_no_letter_and_that_is_said(here: Path) -> None:
    rows = account(4)
    rows[2]["postal_code"] = "90210"
    path = settled(here / "march.csv", sheet(*rows, LOCAL, LOCAL))
    done = batchport("loa", "--file", path, "--format", "json", at=EVENING)
    assert done.exit == 1
    assert [(line["letter"], line["numbers"], line["order"]) for line in done.lines] == [("march-617-236-2200-loa.pdf", 3, None), ("march-617-234-0142-loa.pdf", 1, None)]
    assert listed(here / "march-617-236-2200-loa.pdf") == ["6172362200", "6172362201", "6172362203"]
    assert f"1 row of 6 is rejected and in no letter; `batchport check {path}` says why." in done.err
    assert "1 row asks again for what was asked for before" in done.err
    assert done.err.count("name of the new provider is left blank") == 1
    assert MULTI["account_number"] not in done.out + done.err


def test_orders_with_the_same_billing_number_have_letters_of_their_own(here: Path) -> None:
    other = {**MULTI, "tn": "617-236-2207", "account_number": "C1000001", "destination": "line-2207"}
    path = settled(here / "twins.csv", sheet(MULTI, other))
    assert batchport("loa", "--file", path, at=EVENING).exit == 0
    assert {name: listed(here / name) for name in ("twins-617-236-2200-loa.pdf", "twins-617-236-2200-2-loa.pdf")} == {
        "twins-617-236-2200-loa.pdf": ["6172362201"], "twins-617-236-2200-2-loa.pdf": ["6172362207"],
    }  # fmt: skip


def test_a_customers_sheet_is_read_with_its_settings_and_nothing_is_stored(home: Home, here: Path) -> None:
    home.set(EMAIL, EMAIL + "    language: fr\n    defaults: {losing_carrier: Verizon}\n")
    path = settled(here / "x.csv", sheet({name: value for name, value in LOCAL.items() if name != "losing_carrier"}))
    before = home.files()
    done = home("loa", "--file", path, "--customer", "acme")
    assert done.exit == 0
    assert "Fournisseur actuel Verizon" in words(here / "x-617-234-0142-loa.pdf")
    assert "the setting `operator: {name: ...}` says it" in done.err
    assert (home.files(), home.json("orders")) == (before, [])


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "Name an order, or a sheet with --file."),
        (("P2K7M9QX4T1A", "--file", "x.csv"), "Name an order, or a sheet with --file."),
        (("P2K7M9QX4T1A", "--customer", "acme"), "it goes with --file"),
        (("P2K7M9QX4T1A",), "there is no order 'P2K7M9QX4T1A'; `batchport orders` lists them"),
        (("P2K7M9QX4T1A", "-o", "."), ". is a folder; name the letter's file."),
        (("--file", "gone.csv"), "gone.csv does not exist."),
        (("--file", "x.csv", "-o", "x.csv"), "x.csv is a file; with --file, -o names the folder for the letters."),
        (("--file", "x.csv", "--customer", "nobody"), "there is no customer 'nobody'"),
        (("--file", "x.csv"), "x.csv: "),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(home: Home, here: Path, args: tuple[str, ...], said: str) -> None:
    (here / "x.csv").write_bytes(b"PK\x03\x04 broken")
    done = home("loa", *args)
    assert done.exit == 2
    assert said in done.err
    assert [path.name for path in here.iterdir()] == ["x.csv"]


def test_a_sheet_whose_columns_are_not_certain_makes_no_letters(here: Path) -> None:
    path = settled(here / "odd.csv", "Foo,Bar\n617-234-0142,x\n")
    done = batchport("loa", "--file", path, at=EVENING)
    assert (done.exit, done.out) == (1, "No letter was written.\n")
    assert "odd.csv: " in done.err
    assert "new provider" not in done.err


def test_a_paper_of_the_letters_name_is_not_written_over_unasked(here: Path) -> None:
    path = settled(here / "one.csv", sheet(LOCAL))
    letter = here / "one-617-234-0142-loa.pdf"
    assert batchport("loa", "--file", path, at=EVENING).exit == 0
    assert batchport("loa", "--file", path, at=EVENING).exit == 0  # the same again
    letter.write_bytes(b"signed")
    done = batchport("loa", "--file", path, at=EVENING)
    assert (done.exit, letter.read_bytes()) == (2, b"signed")
    assert "one-617-234-0142-loa.pdf is there already, and is another file; name where to write with -o." in done.err
    assert batchport("loa", "--file", path, "-o", ".", at=EVENING).exit == 0
    assert letter.read_bytes().startswith(b"%PDF")


def test_a_sign_that_cannot_be_printed_is_told(here: Path) -> None:
    path = settled(here / "one.csv", sheet({**LOCAL, "name": "Harbor 漢 Bakery"}))
    done = batchport("loa", "--file", path, at=EVENING)
    assert "one-617-234-0142-loa.pdf: the letter has no type for 漢; there is a square in each place, to be written over by hand." in done.err
