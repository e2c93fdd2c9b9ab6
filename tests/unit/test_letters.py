"""Letters of authorization: what stands on the pages, whatever an order holds."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from batchport.reports.letters import _SHOWABLE, Letter, Press, spaced
from batchport.templates import TemplateFault

TEMPLATES = Path(__file__).parents[2] / "templates"
PRESS = Press([TEMPLATES])


def numbers(count: int, first: int = 6172340142) -> tuple[str, ...]:
    return tuple(str(first + n) for n in range(count))


LETTER = Letter(
    "local", numbers(3), "Harbor Bakery LLC", "Verizon", authorized_name="Maria Garcia", address="120 Main St, Suite 5, Boston, MA 02129", provider="Lighthouse Voice",
    account_number="80144217", btn="6172340142", account_type="multi_line", partial="Y", new_btn="6172349999", requested_date="2026-03-09", pon="P2K7M9QX4T1A", version="02",
)  # fmt: skip
TOLL_FREE = Letter(
    "toll_free", numbers(2, 8002347301), "Harbor Bakery LLC", "Lumen", resporg_id="QXT01", new_resporg="LHV01", provider="Lighthouse Voice", authorized_name="Maria Garcia",
)  # fmt: skip


def opened(letter: Letter) -> PdfReader:
    return PdfReader(io.BytesIO(PRESS.pdf(letter)))


def pages(letter: Letter) -> list[str]:
    """The text of each page, with all space as one blank."""
    return [" ".join(page.extract_text().split()) for page in opened(letter).pages]


def words(letter: Letter) -> str:
    return " ".join(pages(letter))


def listed(text: str) -> list[str]:
    """The numbers of the list, which stands between its heading and the authorization."""
    middle = re.split(r"Authorization I am|Autorisation Je suis", re.split(r"(?:Requested date|Date demandée) ", text)[1])[0]
    return re.findall(r"\d{3}-\d{3}-\d{4}", middle)


def test_a_letter_says_what_the_regulation_and_a_port_desk_ask_for() -> None:
    text = words(LETTER)
    for said in (
        "Letter of Authorization", "Name on the bill Harbor Bakery LLC", "Service address 120 Main St, Suite 5, Boston, MA 02129", "Billing address, if it is another one",
        "3 telephone numbers 617-234-0142 617-234-0143 617-234-0144", "Current carrier Verizon", "Account number 80144217", "(BTN) 617-234-0142", "Account type Multi-line",
        "Partial: other numbers stay on the account, under the new billing number 617-234-9999", "Requested date March 9, 2026",
        "I have decided to change the carrier of the telephone numbers listed in this letter from Verizon, the current carrier, to Lighthouse Voice, the new carrier",
        "for local service I choose Lighthouse Voice", "for local toll (intraLATA) service I choose Lighthouse Voice",
        "for long-distance (interLATA, interstate and international) service I choose Lighthouse Voice",
        "I designate Lighthouse Voice to act as my agent for this change", "for each type of service only one carrier can be designated for any one telephone number",
        "this change may involve a charge", "covers the numbers listed in it and no others", "must not be cancelled before they have moved",
        "Signature Date Maria Garcia Name in print Title", "Order P2K7M9QX4T1A, version 02", "Page 1 of 1",
    ):  # fmt: skip
        assert said in text, said


def test_what_an_order_lacks_is_left_to_be_filled_in_or_left_out() -> None:
    text = words(Letter("wireless", numbers(1), "Maria Garcia", "Verizon Wireless", account_number="9900123", postal_code="60601"))
    assert "ZIP or postal code 60601" in text
    assert "1 telephone number 617-234-0142" in text
    assert "to , the new carrier" in text  # a line for its name, once
    assert "I designate the new carrier to act as my agent" in text
    assert "The earliest date possible" in text
    assert "Billing address ZIP" in text
    for absent in ("Service address", "BTN", "Account type", "Full or partial", "RespOrg", "Reseller", "Order", "version", "LATA"):
        assert absent not in text, absent


def test_a_whole_account_is_a_full_port() -> None:
    assert "Full: all numbers of the account move" in words(replace(LETTER, partial="N", new_btn=""))


def test_toll_free_numbers_change_their_resporg() -> None:
    text = words(TOLL_FREE)
    assert "change the Responsible Organization (RespOrg) of the toll-free numbers listed in this letter from Lumen (RespOrg ID QXT01), to Lighthouse Voice, the new carrier (RespOrg ID LHV01)" in text
    assert "I authorize the current RespOrg to release the numbers to the new one" in text
    assert "2 toll-free numbers 800-234-7301 800-234-7302" in text
    assert "only one RespOrg at a time" in text
    assert "may involve a charge" in text
    assert "BTN" not in text


def test_an_unknown_resporg_is_left_to_be_filled_in() -> None:
    text = words(replace(TOLL_FREE, resporg_id="", new_resporg=""))
    assert "from Lumen, to Lighthouse Voice, the new carrier (RespOrg ID )" in text
    assert "RespOrg ID now" not in text


@pytest.mark.parametrize("letter", [LETTER, TOLL_FREE], ids=["local", "toll-free"])
def test_a_french_letter_is_french_from_end_to_end(letter: Letter) -> None:
    french = replace(letter, language="fr", country="CA", reseller="Réseau du Nord inc.")
    text = words(french)
    assert "Lettre d’autorisation" in text
    assert "agir en tant que mandataire en mon nom" in text
    assert "peut entraîner des frais" in text
    assert "Page 1 de 1" in text
    assert "Revendeur du service Réseau du Nord inc." in text
    assert "9 mars 2026" in text or not letter.requested_date
    assert not {"the", "of", "number", "carrier", "I", "numbers", "account", "signature"} & set(text.split())
    assert opened(french).trailer["/Root"]["/Lang"] == "fr-CA"


def test_canadian_letters_have_no_words_of_american_law() -> None:
    for language in ("en", "fr"):
        text = words(replace(LETTER, language=language, country="CA"))
        assert "LATA" not in text
        assert "CFR" not in text


@pytest.mark.parametrize("count", [1, 60])
def test_a_usual_order_is_one_page(count: int) -> None:
    for letter in (LETTER, TOLL_FREE):
        for language in ("en", "fr"):
            for provider in ("Lighthouse Voice", ""):
                first = int(letter.numbers[0])
                text = pages(replace(letter, numbers=numbers(count, first), language=language, provider=provider))
                assert len(text) == 1
                assert listed(text[0]) == [spaced(number) for number in numbers(count, first)]


def test_many_numbers_run_over_pages_each_with_header_count_and_page() -> None:
    text = pages(replace(LETTER, numbers=numbers(400)))
    assert len(text) == 2
    for n, page in enumerate(text, 1):
        assert page.startswith("Letter of Authorization – Harbor Bakery LLC 400 telephone numbers")
        assert f"Page {n} of 2" in page
        assert "Order P2K7M9QX4T1A, version 02" in page
    found = [number for page in text for number in re.findall(r"617-234-\d{4}", page)]
    assert [found.count(spaced(number)) for number in numbers(400)[1:]] == [1] * 399
    assert [number for number in found if number in map(spaced, numbers(400)[1:])] == [spaced(number) for number in numbers(400)[1:]]
    assert "I have decided" in text[-1]  # what is signed stands where it is signed
    assert "Name in print" in text[-1]


def test_letters_are_accessible_have_their_fonts_and_know_no_time() -> None:
    made = PRESS.pdf(LETTER)
    assert Press([TEMPLATES]).pdf(LETTER) == made
    assert b"CreationDate" not in made
    reader = opened(LETTER)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"]
    assert "pdfuaid" in root["/Metadata"].get_object().get_data().decode()
    assert reader.metadata is not None
    assert reader.metadata.title == "Letter of Authorization – Harbor Bakery LLC"
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)


HOSTILE = '#panic("x") [a] $x$ \\ *b* _c_ `d` <e> @f // g /* h */ #let y = 1 "q" \'s\' {z}'


@pytest.mark.parametrize("field", ["name", "authorized_name", "address", "losing_carrier", "provider", "account_number", "reseller", "btn", "requested_date"])
def test_a_value_is_only_text(field: str) -> None:
    told = HOSTILE.replace(" ", "")
    assert told in words(replace(LETTER, **{field: HOSTILE})).replace(" ", "")


def test_control_characters_and_turned_directions_are_gone() -> None:
    letter = replace(LETTER, name="Har\x00bor\nBakery\t\u202eLLC\u2066\u200b\u00ad", authorized_name="Zo\u0065\u0308 \u05e9\u05dc\u05d5\u05dd")
    assert "Name on the bill Har bor Bakery LLC Service" in words(letter)
    assert "Zoë" in words(letter)
    assert letter.unshown == ""


def test_a_sign_that_no_font_has_is_a_square_and_is_told() -> None:
    letter = replace(LETTER, name="Harbor 😀 漢字 😀 q\u0306")
    assert letter.unshown == "😀漢字\u0306"
    assert "Harbor □ □□ □ q□" in words(letter)


def test_every_sign_that_is_said_to_be_shown_is() -> None:
    signs = "".join(sorted(_SHOWABLE))
    assert replace(LETTER, name=signs).unshown == ""
    assert PRESS.pdf(replace(LETTER, name=signs))
    assert {"é", "Œ", "ł", "Ж", "’", "…", "€"} <= _SHOWABLE
    assert all(unicodedata.category(sign)[0] != "C" for sign in _SHOWABLE)


def test_long_names_wrap_and_nothing_leaves_the_page() -> None:
    long = replace(LETTER, name="W" * 300, authorized_name="M" * 120, account_number="W" * 40, losing_carrier="Long Name " * 40, address="Main Street " * 30)
    edges: list[float] = []
    for page in opened(long).pages:
        page.extract_text(visitor_text=lambda text, _cm, tm, _font, size: edges.append(tm[4] + 0.94 * 10.5 * len(text.strip("\n"))) if set(text.strip()) in ({"W"}, {"M"}) else None)
    assert edges
    assert max(edges) < 612
    text = words(long).replace(" ", "").replace("\u200b", "")
    assert "W" * 300 in text
    assert "Accountnumber" + "W" * 40 in text


def test_a_name_longer_than_a_page_still_makes_a_letter() -> None:
    text = pages(replace(LETTER, losing_carrier="Endless Telephone " * 400))
    assert text[-1].count("Name in print") == 1
    assert "617-234-0144" in " ".join(text)


def test_an_operators_own_template_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    own = tmp_path / "letters"
    own.mkdir()
    packaged = (TEMPLATES / "letters" / "words.en.typ").read_text("utf-8")
    (own / "words.en.typ").write_text(packaged.replace("Name on the bill", "Account holder"), "utf-8")
    press = Press([tmp_path, TEMPLATES])
    assert "Account holder" in PdfReader(io.BytesIO(press.pdf(LETTER))).pages[0].extract_text()
    assert press.pdf(replace(LETTER, language="fr")) == PRESS.pdf(replace(LETTER, language="fr"))


def test_a_template_that_is_wrong_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    packaged = (TEMPLATES / "letters" / "words.en.typ").read_text("utf-8")
    (tmp_path / "letters" / "words.en.typ").write_text("#let oops = nothing\n" + packaged, "utf-8")
    with pytest.raises(TemplateFault, match=r"letters/words\.en\.typ, line 1: unknown variable: nothing"):
        Press([tmp_path, TEMPLATES]).pdf(LETTER)
