"""What customers read in French, as it is written in Canada; English is what the program says of itself.

The words stand in a data file (`findings.fr.toml` beside this one), which is read when somebody asks for French, and not before.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal, TypeAlias

#: A customer's setting `language`.
Language: TypeAlias = Literal["en", "fr"]

_NAME = re.compile(r"\{([a-z]+)[0-9]*\}")
_LIST = re.compile(r"(, |; )")
#: Where an ordinary space must not be broken at: before a colon, within guillemets, between the digits of a number and before its unit.
_BOUND = re.compile(r" (?=:)|(?<=«) | (?=»)|(?<=[0-9]) (?=[0-9]{3}(?![0-9]))|(?<=[0-9}]) (?=Mo\b)")
_THOUSANDS = re.compile("[0-9]{1,3}(?:,[0-9]{3})+")


def typographic(text: str) -> str:
    """A French text with unbreakable spaces where Canada's typography has them.

    >>> typographic("« A » : au plus 1 000 numéros").count(chr(0xA0))
    4
    """
    return _BOUND.sub("\u00a0", text)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """An English phrase with names in it, and what it is in French; `tables` are the tables by which what stands for a name is translated."""

    english: re.Pattern[str]
    french: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    whole: Mapping[str, str]
    patterns: tuple[_Pattern, ...]


@cache
def french() -> dict[str, Any]:
    """The whole file: `rule` has the words of findings, `words` the tables of phrases."""
    return tomllib.loads(typographic(resources.files(__package__).joinpath("findings.fr.toml").read_text("utf-8")))


@cache
def _tables() -> dict[str, _Table]:
    words: dict[str, dict[str, str]] = french()["words"]
    return {
        name: _Table(
            {english: said for english, said in table.items() if "{" not in english},
            tuple(_pattern(english, said, set(words)) for english, said in table.items() if "{" in english),
        )
        for name, table in words.items()
    }  # fmt: skip


def _pattern(english: str, said: str, tables: set[str]) -> _Pattern:
    parts = re.split(r"\{([a-z]+[0-9]*)\}", english)
    pattern = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return _Pattern(re.compile(pattern, re.DOTALL), said, tuple(name if name in tables else "" for name in _NAME.findall(english)))


@lru_cache(maxsize=4096)
def phrase(text: str, table: str, language: Language = "en") -> str:
    """An English phrase that the program makes, in a customer's language; what the table does not have stays as it is.

    >>> phrase("3 of acme.xlsx, 5", "rows", "fr")
    'les lignes 3 du fichier acme.xlsx, 5'
    >>> phrase("3 of acme.xlsx, 5", "rows")
    '3 of acme.xlsx, 5'
    """
    if language == "en" or not text or not table:
        return text
    found = _whole(text, _tables()[table])
    if found is not None:
        return found
    return "".join(part if at % 2 else _whole(part, _tables()[table]) or part for at, part in enumerate(_LIST.split(text)))


def _whole(text: str, table: _Table) -> str | None:
    """A phrase in French where the table has it as a whole."""
    if text in table.whole:
        return table.whole[text]
    for each in table.patterns:
        if said := each.english.fullmatch(text):
            values = zip(said.groupdict().items(), each.tables, strict=True)
            return each.french.format_map({name: phrase(value, inner, "fr") if inner else _number(value) for (name, value), inner in values})
    return None


def _number(value: str) -> str:
    """A number with its thousands apart as in French; anything else as it is."""
    return value.replace(",", "\u00a0") if _THOUSANDS.fullmatch(value) else value


def counted(number: int, language: Language = "en") -> str:
    """A number with its thousands apart."""
    return f"{number:,}" if language == "en" else _number(f"{number:,}")


def state_words(label: str, language: Language = "en") -> str:
    """A state of a row, `carrier_rejected`, as people read it.

    >>> state_words("carrier_rejected"), state_words("carrier_rejected", "fr")
    ('Carrier rejected', 'Refusé par le fournisseur')
    """
    return phrase(label.replace("_", " "), "state", language).capitalize()
