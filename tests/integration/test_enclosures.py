"""Papers beside submissions, and the last look at them before orders go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from batchport.domain.cases import pdf
from batchport.files import write_whole
from batchport.transport import local
from tests.conftest import LOCAL, NEXT, THIRD, TOLL_FREE, Home, settled
from tests.integration.test_pgp import Pair, keys, secret  # noqa: F401  fixtures

PDF = pdf().encode()
OTHER = PDF.replace(b"%%EOF", b"%another\n%%EOF")
TIFF = b"II*\x00" + b"\0" * 100
SAMPLE = "    profile: generic-csv\n"
FIRST = "sample-20260302-000001.csv"


def outbox(home: Home) -> dict[str, bytes]:
    """What lies ready for the partner, by name."""
    return {path.name: path.read_bytes() for path in sorted((home.path / "outbox" / "sample").iterdir())}


def papers_of(home: Home, name: str = FIRST) -> dict[str, str]:
    """The papers that a manifest names, with their SHA-256."""
    said = json.loads(outbox(home)[f"{name}.manifest.json"])
    return {each["file"]: each["sha256"] for each in said["papers"]}


def test_the_papers_of_an_order_go_beside_its_submission_and_its_manifest_says_which(home: Home) -> None:
    settled(home.path / "inbox" / "acme" / "Bill March.pdf", OTHER)
    home.drop({**TOLL_FREE, "invoice_file": "bill march.pdf"}, LOCAL, papers=False)
    settled(home.path / "inbox" / "acme" / "harbor-loa.pdf", PDF)
    assert home.run().exit == 0
    pon = home.pon(TOLL_FREE["tn"])
    files = outbox(home)
    assert sorted(files) == sorted([FIRST, f"{FIRST}.manifest.json", f"{pon}-loa.pdf", f"{pon}-invoice.pdf"])
    assert (files[f"{pon}-loa.pdf"], files[f"{pon}-invoice.pdf"]) == (PDF, OTHER)
    assert papers_of(home) == {name: hashlib.sha256(files[name]).hexdigest() for name in (f"{pon}-loa.pdf", f"{pon}-invoice.pdf")}


def test_papers_come_before_their_manifest_and_that_before_the_submission(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(path: Path, data: bytes) -> None:
        written.append(path.name)
        write_whole(path, data)

    monkeypatch.setattr(local, "write_whole", noted)
    home.take(TOLL_FREE)
    assert written == [f"{home.pon(TOLL_FREE['tn'])}-loa.pdf", f"{FIRST}.manifest.json", FIRST]


def test_a_tiff_keeps_its_kind(home: Home) -> None:
    home.set(SAMPLE, SAMPLE + "    papers: {tiff: true}\n")
    settled(home.path / "inbox" / "acme" / "loa.tif", TIFF)
    home.drop({**TOLL_FREE, "loa_file": "loa.tif"}, papers=False)
    assert home.run().exit == 0
    assert outbox(home)[f"{home.pon(TOLL_FREE['tn'])}-loa.tiff"] == TIFF


def test_a_remembered_paper_goes_with_a_later_sheet(home: Home) -> None:
    home.take(TOLL_FREE)
    other = {**TOLL_FREE, "tn": "800-234-7302", "account_number": "9", "destination": "trunk-2"}
    home.drop(other, name="later.csv", papers=False)
    assert home.run().exit == 0
    assert outbox(home)[f"{home.pon(other['tn'])}-loa.pdf"] == PDF


def test_a_corrected_order_brings_its_new_paper_and_a_new_date_brings_none(home: Home) -> None:
    home.take(TOLL_FREE)
    pon = home.pon(TOLL_FREE["tn"])
    home.answer([pon, "01", "8002347301", "REJECT", "8D", "wrong"])
    settled(home.path / "inbox" / "acme" / "better.pdf", OTHER)
    home.drop({**TOLL_FREE, "loa_file": "better.pdf"}, name="corrected.csv", papers=False)
    assert home.run(NEXT).exit in (0, 1)
    (second,) = [name for name in outbox(home) if name.endswith("000002.csv")]
    assert home.sent()[-1]["SUP"] == "3"
    assert outbox(home)[f"{pon}-loa.pdf"] == OTHER
    assert papers_of(home, second) == {f"{pon}-loa.pdf": hashlib.sha256(OTHER).hexdigest()}
    home.answer([pon, "02", "8002347301", "FOC", "", "", "2026-03-20"], name="two.csv")
    home("cancel", pon, "--why", "moved house", at=THIRD)
    assert home.run(THIRD).exit == 0
    (third,) = [name for name in outbox(home) if name.endswith("000003.csv")]
    assert home.sent()[-1]["SUP"] == "1"
    assert papers_of(home, third) == {}


def test_sent_again_the_papers_come_again(home: Home) -> None:
    home.take(TOLL_FREE)
    before = outbox(home)
    for path in (home.path / "outbox" / "sample").iterdir():
        path.unlink()
    assert home("resend", FIRST, "--why", "they lost it").exit == 0
    assert outbox(home) == before


def test_papers_are_encrypted_where_the_submission_is(secret: Home, keys: Pair) -> None:  # noqa: F811
    assert secret.take(TOLL_FREE).exit == 0
    pon = secret.pon(TOLL_FREE["tn"])
    name = f"{pon}-loa.pdf.pgp"
    data = outbox(secret)[name]
    assert b"%PDF" not in data
    assert keys.open(data) == PDF
    assert papers_of(secret, f"{FIRST}.pgp") == {name: hashlib.sha256(data).hexdigest()}
    before = outbox(secret)
    for path in (secret.path / "outbox" / "sample").iterdir():
        path.unlink()
    assert secret("resend", FIRST, "--why", "they lost it").exit == 0
    assert outbox(secret) == before


def asks_for_letters_after_intake(home: Home) -> None:
    """An order is taken in, and before it goes its partner asks for a letter."""
    home.drop(LOCAL)
    assert home("intake").exit == 0
    home.set(SAMPLE, SAMPLE + "    papers: {loa: always}\n")


def test_an_order_without_a_paper_that_is_asked_for_now_waits_and_its_customer_is_told(home: Home) -> None:
    asks_for_letters_after_intake(home)
    assert home.run(NEXT).exit == 0
    (line,) = home.rows(LOCAL["tn"])
    assert (line["state"], line["order_held_by"], "loa-missing" in line["findings"]) == ("held", "loa-missing", True)
    assert not list((home.path / "outbox" / "sample").glob("*"))
    (mail,) = home.mails("update")
    assert "letter of authorization" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    told = len(home.mails())
    home.run(NEXT)
    assert len(home.mails()) == told


def test_it_goes_when_the_partner_asks_no_more(home: Home) -> None:
    asks_for_letters_after_intake(home)
    home.run(NEXT)
    home.set(SAMPLE + "    papers: {loa: always}\n", SAMPLE)
    assert home.run(THIRD).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"


def test_it_goes_when_the_corrected_row_brings_the_paper(home: Home) -> None:
    asks_for_letters_after_intake(home)
    home.run(NEXT)
    home.drop({**LOCAL, "loa_file": "loa.pdf"}, name="corrected.csv")
    assert home.run(THIRD).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"
    assert f"{home.pon(LOCAL['tn'])}-loa.pdf" in outbox(home)


def test_it_goes_as_it_is_when_an_operator_releases_it_or_the_customer_may_do_without(home: Home) -> None:
    asks_for_letters_after_intake(home)
    home.run(NEXT)
    assert home("release", home.pon(LOCAL["tn"]), "--why", "agreed by telephone", at=NEXT).exit == 0
    assert home.run(THIRD).exit == 0
    assert home.state(LOCAL["tn"]) == "submitted"
