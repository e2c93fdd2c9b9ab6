"""What customers read of a partner's code: what is wrong and what to do, and never the code itself."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from batchport.carriers.codes import Reason, load_codes
from batchport.carriers.profile import load_profile, profile_names
from batchport.domain.fields import BY_NAME

FILES = sorted(file.name.removesuffix(".csv") for file in resources.files("batchport.carriers").joinpath("codes").iterdir())
CODES = {name: list(load_codes(load_profile("generic-csv", {"codes": [name], "blameless": []})).reasons.values()) for name in FILES}
ALL = [pytest.param(reason, id=f"{name}-{reason.code}") for name, reasons in CODES.items() for reason in reasons]
#: What customers are told to do begins with one of these; `Nothing` where they can do nothing.
VERBS = frozenset((
    "Add", "Ask", "Check", "Compare", "Fill", "Find", "Get", "Give", "Have", "Name", "Nothing", "Say", "Send", "Settle", "Take", "Tell", "Turn", "Unlock", "Use", "Write",
))  # fmt: skip
#: A word with both capitals and digits, of digits alone with a leading zero, or one that only the trade knows.
CODE = re.compile(r"\b(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{2,}\b|\b0[0-9]+\b|\b(?:BTN|TN|PON|VER|SUP|FOC|LSR|CSR|SPID|LOA|DDD|NPA|NXX|EU|OSP|NSP)\b")


def test_every_codes_file_that_comes_with_batchport_is_looked_at() -> None:
    assert {code for name in profile_names() for code in load_profile(name).codes} <= set(FILES)
    assert {name: len(reasons) for name, reasons in CODES.items()} == {"generic-csv": 78, "lumen": 165, "somos-roc": 22}


@pytest.mark.parametrize("reason", ALL)
def test_a_code_is_told_in_words_that_say_what_to_do(reason: Reason) -> None:
    assert reason.text.endswith(".")
    assert len(reason.text.split()) > 2
    assert reason.remedy.endswith(".")
    assert reason.remedy.split()[0].rstrip(":;,") in VERBS
    assert not reason.field or reason.field in BY_NAME


@pytest.mark.parametrize("reason", ALL)
def test_no_code_stands_in_the_words(reason: Reason) -> None:
    words = f"{reason.text} {reason.remedy}"
    assert CODE.findall(words) == []
    assert not re.search(rf"(?<!\w){re.escape(reason.code)}(?!\w)", words)


@pytest.mark.parametrize("reason", ALL)
def test_who_can_do_nothing_is_not_told_to_do_something(reason: Reason) -> None:
    """What a class asks of the customer and what the words ask are of one kind."""
    asks = not reason.remedy.startswith("Nothing")
    expected = {"DATA": True, "ACCOUNT": True, "SPLIT": False, "NOPORT": False, "WAIT": False, "OPS": None, "DATE": None}[reason.class_]
    assert expected is None or asks == expected
