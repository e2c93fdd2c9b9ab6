"""Findings as sentences: the catalogue's words with the values of the case, secrets masked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from batchport.domain.fields import BY_NAME
from batchport.domain.findings import SEPARATOR, Rule, catalogue, words_of
from batchport.domain.language import Language, phrase
from batchport.pipeline.assess import FileFinding

MASK = "****"
#: Stands for a PIN where there is none, and is no secret.
NO_PIN = "0000"


@dataclass(frozen=True, slots=True)
class Words:
    """A finding as people read it; `suggestion` is the value that would be right, None where it cannot be told."""

    message: str
    fix: str
    suggestion: str | None = None


def words(rule: Rule, *, value: str = "", column: str = "", suggestion: str | None = None, detail: str = "", language: Language = "en") -> Words:
    """A finding's message, fix and suggestion.

    Args:
        rule: its entry in the catalogue.
        value: the cell as written, masked where it is secret.
        column: the customer's own header.
        suggestion: the value that would be right.
        detail: the finding's arguments, joined.
        language: of message and fix; the suggestion is a value, whatever the language.
    """
    said = words_of(rule.code, language)
    names: Mapping[str, str] = dict(zip(rule.args, detail.split(SEPARATOR), strict=False))
    if said.phrases:
        names = {name: phrase(text, said.phrases.get(name, ""), language) for name, text in names.items()}
    filled = defaultdict(str, {"value": value, "column": column, "suggestion": suggestion or "", **names})
    return Words(rule.words(said.message, filled), rule.words(said.fix, filled), suggestion or rule.words(rule.suggests, filled) or None)


def file_words(problem: FileFinding, language: Language = "en") -> Words:
    """What is to be said of a file, a sheet or a column."""
    return words(catalogue()[problem.code], value=problem.detail, column=problem.column or "", detail=problem.detail, language=language)


def masked(name: str, value: str, *, plain: tuple[str, ...] = ()) -> str:
    """A value as people may read it: a PIN not at all, of an account number the last two signs.

    Args:
        name: the field.
        value: its normalised or written text.
        plain: the row's telephone numbers; an account number that is one of them is no secret.
    """
    if not value or not BY_NAME[name].secret:
        return value
    if name == "pin":
        return MASK
    return value if value in plain else MASK + value[-2:]
