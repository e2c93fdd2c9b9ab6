"""What is sealed opens as it was, whether it was packed before or not."""

from __future__ import annotations

import os

import pytest

from batchport.seal import KeyProblem, Keyring, key_of, new_key_line

_SHEET = b"212-736-1000,Acme LLC,Main St\r\n" * 10_000


@pytest.fixture
def keyring() -> Keyring:
    return Keyring.parse(new_key_line(), "a test")


@pytest.mark.parametrize("data", [b"", b"a PIN", os.urandom(200_000), _SHEET], ids=["nothing", "little", "noise", "a sheet"])
def test_what_is_sealed_opens_with_its_own_context_alone(keyring: Keyring, data: bytes) -> None:
    sealed = keyring.seal(data, "piece 1")
    assert keyring.unseal(sealed, "piece 1") == data
    assert key_of(sealed) == keyring.first
    with pytest.raises(KeyProblem, match="damaged"):
        keyring.unseal(sealed, "piece 2")


def test_what_repeats_itself_takes_less_room(keyring: Keyring) -> None:
    assert len(keyring.seal(_SHEET, "original")) < len(_SHEET) // 5


@pytest.mark.parametrize("data", [b"a PIN", _SHEET], ids=["as it is", "packed"])
def test_whether_it_was_packed_cannot_be_changed(keyring: Keyring, data: bytes) -> None:
    sealed = keyring.seal(data, "original")
    other = {b"BP1": b"BP2", b"BP2": b"BP1"}[sealed[:3]]
    with pytest.raises(KeyProblem, match="damaged"):
        keyring.unseal(other + sealed[3:], "original")
