"""What a header means, told from its text alone.

A header is taken for a field only where it says so: by the customer's confirmed mapping, by the template's label, or by a header that the trade is
known to use. What is like a field but may be something else is never guessed.

Needs neither pandas nor Arrow: the process that reads files looks for the header with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from batchport.domain.fields import FIELDS, PARTS, RESULT_LABELS

SAVED, LABEL, ALIAS = "saved", "label", "alias"

#: Headers that mean one thing here and another there: what they may be. `Name` is one of them only beside a better name.
AMBIGUOUS: dict[str, tuple[str, ...]] = {
    "porttype": ("number_type",),
    "portoutpin": ("pin",),
    "type": ("number_type", "account_type"),
    "status": (),
    "contact": ("authorized_name", "contact_email"),
    "name": ("name", "authorized_name"),
}

_PARENTHESES = re.compile(r"\([^()]*\)")
_PORT_OUT_PIN = re.compile(r"\W*port[\W_]+out[\W_]*pin\W*", re.IGNORECASE)
_SIGNS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Target:
    """What a header stands for: the name of a field or part, and how that is known."""

    name: str
    reason: str


@cache
def comparable(header: str) -> str:
    """A header as it is compared: without case, spaces, punctuation and what stands in brackets.

    >>> comparable("Acct #"), comparable("Billing Account Number (With Current Carrier)")
    ('acctnumber', 'billingaccountnumber')
    """
    text = unicodedata.normalize("NFKC", header).lower().replace("&", "and").replace("#", "number")
    return _SIGNS.sub("", _PARENTHESES.sub("", text)) or _SIGNS.sub("", text)


def saved_headers(saved: Mapping[str, str] | None) -> dict[str, str]:
    """A customer's confirmed mapping by comparable header."""
    return {comparable(header): name for header, name in (saved or {}).items()}


def meaning(header: str, saved: Mapping[str, str]) -> Target | None:
    """What a header stands for, where that is certain.

    Args:
        header: as written.
        saved: the customer's confirmed mapping by comparable header; "" for a column that is not to be read.
    """
    key = comparable(header)
    if key in saved:
        return Target(saved[key], SAVED)
    if key in _labels():
        return Target(_labels()[key], LABEL)
    if key in _aliases():
        return Target(_aliases()[key], ALIAS)
    # What carriers call a port-out PIN is the losing side's; as one word it may be the PIN that is set on the gaining side.
    return Target("pin", ALIAS) if _PORT_OUT_PIN.fullmatch(header) else None


def is_header(text: str, saved: Mapping[str, str]) -> bool:
    """Whether a text is known as a header, of whatever meaning."""
    key = comparable(text)
    return bool(key) and (meaning(text, saved) is not None or key in AMBIGUOUS or key in result_headers())


@cache
def _labels() -> dict[str, str]:
    return {comparable(field.label): field.name for field in FIELDS}


@cache
def _aliases() -> dict[str, str]:
    fields = {comparable(alias): field.name for field in FIELDS for alias in (field.name, *field.aliases)}
    parts = {comparable(alias): part for part, aliases in PARTS.items() for alias in (part, *aliases)}
    return {alias: name for alias, name in {**parts, **fields}.items() if alias not in AMBIGUOUS}


@cache
def result_headers() -> frozenset[str]:
    """The columns that our own results workbooks add, comparable."""
    return frozenset(map(comparable, RESULT_LABELS))
