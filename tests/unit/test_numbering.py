"""Telephone numbers: what is read as one, and what the numbering plan says of it."""

from __future__ import annotations

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchport.data import load_reference, table
from batchport.domain import numbering
from batchport.domain.numbering import BLANK, EXTENSION, INVALID, LETTERS, OK, ROUNDED, digits, one, spelt

KNOWN = load_reference()

READ = [
    "6172340142", "617-234-0142", "(617) 234-0142", "617.234.0142", "617/234-0142", "617 234 0142", "1 617 234 0142", "16172340142",
    "+1 617-234-0142",
    "+16172340142", "+1 (617) 234.0142", "(+1) 617 234 0142", "1-617-234-0142", " 617-234-0142 ", "617\u00a0234\u00a00142", "617\u2011234\u20110142",
    "617\u2013234\u20140142", "617\u2212234\u22120142", "\u202a617-234-0142\u202c", "\ufeff6172340142", "'6172340142", "\u2019617-234-0142",
    "tel:+1-617-234-0142", "TEL: 617-234-0142", "'tel:6172340142", "6172340142.0", "16172340142.0", "+16172340142.0", "6172340142.00",
    "6172340142.0000",
    "6.172340142E9", "6.172340142E+09", "6.172340142e+9", "6,172340142E+09", "6.1723401420E+09", "1.6172340142E+10", "617-234-0142\n",
    "617 - 234 - 0142",
]  # fmt: skip
NOT_READ = [
    ("", BLANK), (" ", BLANK), ("\u00a0", BLANK), ("'", BLANK), ("\t\n", BLANK),
    ("---", INVALID), ("n/a", INVALID), ("TBD", INVALID), ("617-234-014", INVALID), ("617-234-01422", INVALID), ("234-0142", INVALID),
    ("26172340142", INVALID), ("+44 20 7946 0958", INVALID), ("011 44 20 7946 0958", INVALID), ("001-617-234-0142", INVALID),
    ("1+6172340142", INVALID),
    ("++16172340142", INVALID), ("617-234-CARS", INVALID), ("617*234*0142", INVALID), ("617-234-0142 / 617-234-0143", INVALID),
    ("=6172340142", INVALID),
    ("617_234_0142", INVALID), ("617234014.0", INVALID), ("617234014.00", INVALID), ("61723.4", INVALID), ("tel:", INVALID), ("1.5E+12", INVALID),
    ("\u0666\u0661\u0667\u0662\u0663\u0664\u0660\u0661\u0664\u0662", INVALID), ("6172340142 x", INVALID), ("617-234-0142 or 0143", INVALID),
    ("0" * 300, INVALID), ("617-234-0142" + " " * 80 + "x", INVALID),
    ("617-234-0142 x123", EXTENSION), ("617-234-0142x5", EXTENSION), ("(617) 234-0142 ext. 5", EXTENSION), ("617-234-0142 Ext 5", EXTENSION),
    ("617-234-0142 extension 5", EXTENSION), ("617-234-0142 #5", EXTENSION), ("+1 617 234 0142, ext 12", EXTENSION),
    ("514-234-0142 poste 12", EXTENSION),
    ("tel:+1-617-234-0142;ext=5", EXTENSION),
    ("6.17E+09", ROUNDED), ("6.17234E+09", ROUNDED), ("6.17234014E+09", ROUNDED), ("6E+09", ROUNDED), ("6,17E+09", ROUNDED), ("1.62E+10", ROUNDED),
    ("6.17e9", ROUNDED),
]  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_a_number_is_read_however_it_is_written(text: str) -> None:
    assert one(text) == (6172340142, OK)


@pytest.mark.parametrize(("text", "trouble"), NOT_READ)
def test_what_is_no_number_says_why(text: str, trouble: int) -> None:
    assert one(text) == (-1, trouble)


def test_zeros_after_a_point_belong_to_the_number_when_it_is_written_with_points() -> None:
    assert one("617.234.0000") == one("617234.0000") == (6172340000, OK)


def test_an_area_code_that_begins_with_1_is_not_taken_for_the_1_before_a_number() -> None:
    assert one("1617234014.0") == one("1617234014") == (1617234014, OK)


def test_a_column_is_read_as_its_texts_are() -> None:
    texts = [*READ, *(text for text, _ in NOT_READ), "617.234.0000", "1617234014.0"]
    numbers, trouble = digits(pa.array(texts, pa.string()))
    assert list(zip(numbers.tolist(), trouble.tolist(), strict=True)) == [one(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("617-234-CAKE", 6172342253), ("1-800-FLOWERS", 8003569377), ("+1 (800) Flowers", 8003569377), ("800.HARBORS", 8004272677), ("617-2ez-pqyz", 6172397799),
        ("1800TAXICAB", 8008294222), ("\u2019617\u2011234\u2011CAKE", 6172342253),
    ],
)  # fmt: skip
def test_a_number_spelt_in_letters_is_what_the_keys_of_a_telephone_dial(text: str, number: int) -> None:
    found, trouble = spelt(pa.array([text]))
    assert (found.tolist(), trouble.tolist()) == ([number], [LETTERS])
    dialled = "".join(sign for sign in phonenumbers.convert_alpha_characters_in_number(text) if sign.isdigit())
    assert dialled.endswith(str(number))


@pytest.mark.parametrize("text", ["1-800-CONTACTS", "CAR-234-0142", "617-234-CAK", "617-234-CAKES", "8OO-234-0142", "617-234-C\u00c4KE", "TBD", "617-234-0142 home", "tel:617234014.0"])
def test_letters_that_are_not_ten_signs_behind_an_area_code_are_no_number(text: str) -> None:
    assert (spelt(pa.array([text]))[0].tolist(), spelt(pa.array([text]))[1].tolist()) == ([-1], [INVALID])


def test_letters_change_nothing_of_what_is_read_without_them() -> None:
    texts = pa.array([*READ, *(text for text, _ in NOT_READ if "CARS" not in text)], pa.string())
    for plain, other in zip(digits(texts), spelt(texts), strict=True):
        assert plain.tolist() == other.tolist()


@given(st.lists(st.text(st.sampled_from("0123456789" * 2 + "16.+-() /'x#eE,;:tlETp\u00a0\u2013\u202a\ufeff\u0661\n*"), max_size=24), max_size=40))
def test_a_column_of_odd_texts_is_read_as_its_texts_are(texts: list[str]) -> None:
    numbers, trouble = digits(pa.array(texts, pa.string()))
    assert list(zip(numbers.tolist(), trouble.tolist(), strict=True)) == [one(text) for text in texts]


@given(st.lists(st.text(max_size=90), max_size=20))
def test_no_text_is_too_strange_for_a_column(texts: list[str]) -> None:
    numbers, trouble = digits(pa.array(texts, pa.string()))
    assert list(zip(numbers.tolist(), trouble.tolist(), strict=True)) == [one(text) for text in texts]


SHAPES = [
    "{a}-{b}-{c}",
    "({a}) {b}-{c}",
    "{a}.{b}.{c}",
    "+1{a}{b}{c}",
    "1 {a} {b} {c}",
    "{a}{b}{c}.0",
    "{a}\u00a0{b}\u2011{c}",
    "'{a}{b}{c}",
    "{a[0]}.{a[1]}{a[2]}{b}{c}E9",
]


@given(st.integers(2_000_000_000, 9_999_999_999), st.sampled_from(SHAPES), st.sampled_from(SHAPES))
def test_a_number_written_in_two_shapes_is_the_same_number(number: int, first: str, second: str) -> None:
    text = str(number)
    shapes = [shape.format(a=text[:3], b=text[3:6], c=text[6:]) for shape in (first, second)]
    assert digits(pa.array(shapes, pa.string()))[0].tolist() == [number, number]


def test_pieces_of_arrays_and_long_columns_are_read_in_place() -> None:
    texts = [f"617-234-{line:04d}" if line % 3 else f"617-234-{line:04d} x1" for line in range(10_000)] * 2
    numbers, trouble = digits(pa.array(texts, pa.string())[5:])
    assert len(numbers) == len(texts) - 5
    assert [numbers[0], trouble[1]] == [6172340005, EXTENSION]
    assert numbers[-1] == -1
    assert numbers[-2] == 6172349998


def test_an_empty_column_is_no_trouble() -> None:
    numbers, trouble = digits(pa.array([], pa.string()))
    assert len(numbers) == len(trouble) == 0


MASKS = {
    "toll-free": numbering.toll_free,
    "not assignable": numbering.not_assignable,
    "not portable": numbering.not_portable,
    "another country": lambda tn: numbering.foreign(tn, KNOWN),
    "unknown area": lambda tn: numbering.unknown_area(tn, KNOWN),
    "test line": numbering.test_line,
}
PLAN = [
    ("617-234-0142", set()), ("416-234-0142", set()), ("787-234-0142", set()), ("671-234-0142", set()), ("983-634-0142", set()),
    ("000-000-0000", {"not assignable"}),
    ("017-234-0142", {"not assignable"}), ("117-234-0142", {"not assignable"}), ("691-234-0142", {"not assignable"}),
    ("999-999-9999", {"not assignable"}),
    ("911-234-0142", {"not assignable"}), ("511-234-0142", {"not assignable"}), ("617-034-0142", {"not assignable"}),
    ("617-134-0142", {"not assignable"}),
    ("617-211-0142", {"not assignable"}), ("617-911-0142", {"not assignable"}), ("617-555-0142", {"not assignable"}),
    ("617-950-0142", {"not assignable"}),
    ("876-555-0142", {"not assignable"}), ("457-555-0142", {"not assignable"}),
    ("900-234-0142", {"not portable"}), ("900-555-0142", {"not portable"}), ("500-234-0142", {"not portable"}), ("521-234-0142", {"not portable"}),
    ("588-234-0142", {"not portable"}), ("600-234-0142", {"not portable"}), ("622-234-0142", {"not portable"}), ("633-234-0142", {"not portable"}),
    ("700-234-0142", {"not portable"}), ("710-234-0142", {"not portable"}), ("456-234-0142", {"not portable"}), ("617-976-0142", {"not portable"}),
    ("876-976-0142", {"not portable"}), ("900-134-0142", {"not assignable"}), ("900-958-0142", {"not portable"}),
    ("876-234-0142", {"another country"}), ("809-234-0142", {"another country"}), ("345-234-0142", {"another country"}),
    ("664-234-0142", {"another country"}),
    ("457-234-0142", {"unknown area"}), ("471-234-0142", {"unknown area"}), ("861-234-0142", {"unknown area"}), ("822-234-0142", {"unknown area"}),
    ("617-958-0142", {"test line"}), ("617-959-0142", {"test line"}), ("959-234-0142", set()),
    ("800-234-0142", {"toll-free"}), ("888-234-0142", {"toll-free"}), ("833-234-0142", {"toll-free"}), ("800-555-0142", {"toll-free"}),
    ("888-555-0142", {"toll-free", "not assignable"}), ("800-911-0142", {"toll-free", "not assignable"}), ("800-411-0142", {"toll-free"}),
    ("800-950-0142", {"toll-free"}), ("800-134-0142", {"toll-free", "not assignable"}), ("800-976-0142", {"toll-free", "not portable"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), PLAN)
def test_the_numbering_plan_says_one_thing_of_a_number(text: str, said: set[str]) -> None:
    number = np.array([one(text)[0]])
    assert {name for name, mask in MASKS.items() if mask(number)[0]} == said


def test_nothing_is_said_of_what_is_no_number() -> None:
    none = np.array([-1, -1])
    assert not any(mask(none).any() for mask in MASKS.values())


def test_territories_are_another_country_when_the_settings_say_so() -> None:
    numbers = np.array([7872340142, 6712340142, 6172340142, 8762340142])
    assert numbering.foreign(numbers, KNOWN, territories=False).tolist() == [True, True, False, True]


def test_every_area_code_of_the_data_that_is_for_nobody_is_never_ported() -> None:
    kept = {int(line["npa"]) for line in table("area_codes.csv") if line["kind"] in {"premium", "personal", "nongeographic"}}
    assert kept == set(numbering.NEVER_PORTED)


def test_the_toll_free_area_codes_are_those_of_the_data() -> None:
    assert {int(line["npa"]) for line in table("area_codes.csv") if line["kind"] == "toll_free"} == set(numbering.TOLL_FREE)


def _valid(number: int) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.PhoneNumber(country_code=1, national_number=number))


def test_whatever_this_takes_as_good_is_valid_to_phonenumbers_but_for_five_area_codes() -> None:
    """Of 983, which is new, and of four island territories the library has only the exchanges it has heard of."""
    numbers = np.array([area * 10**7 + exchange * 10**4 + 1234 for area in range(1000) for exchange in range(200, 1000, 37)])
    refused = np.logical_or.reduce([mask(numbers) for name, mask in MASKS.items() if name not in {"toll-free", "test line"}])
    doubted = {int(number) // 10**7 for number in numbers[~refused] if not _valid(int(number))}
    assert doubted == {340, 670, 671, 684, 983}


def test_what_phonenumbers_takes_and_this_refuses_is_known() -> None:
    """The library knows which area codes are in use, and not which exchanges are kept from subscribers, or which numbers can be ported at all."""
    numbers = np.array([area * 10**7 + exchange * 10**4 + 1234 for area in (212, 416, 800, 888) for exchange in range(200, 1000)])
    refused = numbering.not_assignable(numbers) | numbering.not_portable(numbers)
    differing = {divmod(int(number) // 10**4, 1000) for number in numbers[refused] if _valid(int(number))}
    services = {n11 * 100 + 11 for n11 in range(2, 10)} | {555, 950, 976}
    assert {exchange for area, exchange in differing if area == 212} == services
    assert {exchange for area, exchange in differing if area == 416} == services
    assert {exchange for area, exchange in differing if area == 800} <= {911, 976}
    assert {exchange for area, exchange in differing if area == 888} <= {555, 911, 976}
