"""What is wrong with rows, or was changed in them: gathered as arrays, told as sentences.

Checks say `findings.add("tn-missing", mask, field="tn")`. The words stand in the catalogue (`findings.toml` beside this file), one entry a code, from
which the documentation, `batchport rules` and the tests are made too; those for customers who read French in `findings.fr.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from batchport.domain.fields import FIELDS, NAMES
from batchport.domain.language import Language, french
from batchport.domain.table import Ints, Mask

ERROR, WARNING, INFO = "error", "warning", "info"
#: The fields by their labels, as messages name them.
_NAMED = {field.label: field.name for field in FIELDS}
#: What an order is known by.
_OF_THE_KEY = frozenset(("tn", "btn", "account_number", "losing_carrier", "resporg_id", "number_type", "country"))
#: One text a row, or none for some of them.
Texts: TypeAlias = "Sequence[str | None] | pa.StringArray"
#: Between the arguments of one finding, where its message has several.
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Rule:
    """One code of the catalogue.

    Attributes:
        code: the stable name.
        part: the group it is listed in.
        severity: error, warning or info, unless a customer's settings say otherwise.
        message: one sentence of what is wrong; may use {value}, {column}, {suggestion} and the names in `args`.
        fix: one sentence of what to do; the same names.
        why: why it matters, in one sentence.
        prevents: the partners' reject codes it would have met.
        args: names of the details that a finding of this code carries, in order.
        error_with: the detail that makes it an error where it says something; blank: none does.
        case: the smallest sheet that provokes it (see the head of findings.toml).
        suggests: the value that would be right, with the same names; blank where a finding brings its own or there is none.
        near: what of the case is changed in a sheet that does not provoke it.
    """

    code: str
    part: str
    severity: str
    message: str
    fix: str
    why: str = ""
    prevents: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    suggests: str = ""
    error_with: str = ""
    case: Mapping[str, Any] = field(default_factory=dict)
    near: Mapping[str, Any] = field(default_factory=dict)

    def words(self, template: str, values: Mapping[str, str]) -> str:
        """A template of this rule with its names filled in."""
        return template.format_map(values)


@cache
def catalogue() -> dict[str, Rule]:
    """Every code there is, in the order of the catalogue."""
    text = resources.files(__package__).joinpath("findings.toml").read_text("utf-8")
    rules = {}
    for code, entry in tomllib.loads(text)["rule"].items():
        entry["prevents"], entry["args"] = tuple(entry.get("prevents", ())), tuple(entry.get("args", ()))
        rules[code] = Rule(code, **entry)
    return rules


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of a code in one language.

    Attributes:
        message, fix: as of a rule.
        phrases: detail -> the table that its words are translated by.
    """

    message: str
    fix: str
    phrases: Mapping[str, str] = field(default_factory=dict)


@cache
def words_of(code: str, language: Language = "en") -> Wording:
    """What is said of a code in a customer's language."""
    if language == "en":
        rule = catalogue()[code]
        return Wording(rule.message, rule.fix)
    return Wording(**french()["rule"][code])


def severity_of(code: str, detail: str | None = "", severities: Mapping[str, str] | None = None) -> str:
    """How grave a finding is: by the customer's own severities, by its detail where that makes it an error, or by the catalogue."""
    own = (severities or {}).get(code)
    if own:
        return own
    rule = catalogue()[code]
    if rule.error_with:
        said = dict(zip(rule.args, (detail or "").split(SEPARATOR), strict=False))
        if said.get(rule.error_with):
            return ERROR
    return rule.severity


def fields_at_fault(code: str, field: str, details: Texts | None, rows: Ints) -> Iterator[tuple[str, Ints]]:
    """The fields that findings of one code speak of, each with its rows: the one they stand on, and the others that `address-missing` names.

    Of a ragged row no value can be held against another row's; but as far as they are there, its number and account say whose order it keeps waiting.
    """
    yield field, rows
    if code == "row-ragged":
        yield from ((name, rows) for name in NAMES if name not in _OF_THE_KEY)
    if code != "address-missing" or details is None:
        return
    said = np.asarray(details.to_pylist() if isinstance(details, pa.Array) else details, dtype=object)
    for text in dict.fromkeys(said):
        for label in str(text).split(", "):
            yield _NAMED[label], rows[said == text]


@dataclass(frozen=True, slots=True)
class _Block:
    code: str
    severity: str
    field: str
    rows: Ints
    detail: Texts | None
    suggestion: Texts | None

    def take(self, at: Ints) -> _Block:
        """The block of some of its rows."""
        return _Block(self.code, self.severity, self.field, self.rows[at], _some(self.detail, at), _some(self.suggestion, at))


def _some(texts: Texts | None, at: Ints) -> Texts | None:
    if texts is None:
        return None
    return texts.take(pa.array(at)) if isinstance(texts, pa.Array) else [texts[i] for i in at]


class Findings:
    """Findings of a table of rows, by row position; `severities` are a customer's changes to the catalogue's."""

    def __init__(self, severities: Mapping[str, str] | None = None) -> None:
        self._blocks: list[_Block] = []
        self._severities = severities or {}

    def add(
        self,
        code: str,
        rows: Mask | Ints,
        field: str = "",
        *,
        detail: Texts | None = None,
        suggestion: Texts | None = None,
    ) -> None:
        """Note a code on some rows.

        Args:
            code: one of the catalogue.
            rows: a mask over the table, or positions in it.
            field: the field at fault, blank for the row as a whole.
            detail: one text a noted row, in their order; several arguments are joined with `SEPARATOR`. One that makes a finding an error does so for all.
            suggestion: one text a noted row, or None; never a secret.
        """
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        if len(positions):
            severity = self.severity(code, None if detail is None else str(detail[0]))
            self._blocks.append(_Block(code, severity, field, positions.astype(np.int64), detail, suggestion))

    def severity(self, code: str, detail: str | None = "") -> str:
        """How grave a finding is for this customer."""
        return severity_of(code, detail, self._severities)

    def failures(self, length: int) -> dict[str, Mask]:
        """Field -> the rows of a table of `length` in which it has an error."""
        found: dict[str, Mask] = {}
        for block in self._blocks:
            if block.severity != ERROR:
                continue
            for name, rows in fields_at_fault(block.code, block.field, block.detail, block.rows):
                found.setdefault(name, np.zeros(length, dtype=bool))[rows] = True
        return found

    def on(self, length: int, *, severity: str | None = None, code: str | None = None, field: str | None = None) -> Mask:
        """The rows of a table of `length` that have a finding of this severity, code or field."""
        mask = np.zeros(length, dtype=bool)
        for block in self._blocks:
            if severity is not None and block.severity != severity:
                continue
            if (code is None or block.code == code) and (field is None or block.field == field):
                mask[block.rows] = True
        return mask

    def drop(self, rows: Mask, *, but: str = "") -> None:
        """Forget every finding on these rows, but those of one code."""
        kept = []
        for block in self._blocks:
            keep = ~rows[block.rows] | (block.code == but)
            if keep.all():
                kept.append(block)
            elif keep.any():
                kept.append(block.take(np.flatnonzero(keep)))
        self._blocks = kept

    def noted(self) -> set[tuple[str, str]]:
        """Code and field of everything noted so far."""
        return {(block.code, block.field) for block in self._blocks}

    def __len__(self) -> int:
        return sum(len(block.rows) for block in self._blocks)

    def counts(self) -> dict[str, int]:
        """How many findings there are of each code, in the catalogue's order."""
        found: dict[str, int] = {}
        for block in self._blocks:
            found[block.code] = found.get(block.code, 0) + len(block.rows)
        return {code: found[code] for code in catalogue() if code in found}

    def frame(self) -> pd.DataFrame:
        """All findings as a table: row (position), code, field, detail, suggestion (null where none); by row, then in the catalogue's order."""
        order = {code: place for place, code in enumerate(catalogue())}
        blocks = sorted(self._blocks, key=lambda block: order[block.code])
        rows = np.concatenate([block.rows for block in blocks]) if blocks else np.zeros(0, np.int64)
        by_row = np.argsort(rows, kind="stable")
        columns: dict[str, Any] = {"row": rows[by_row]}
        for name in ("code", "field"):
            texts = np.array([getattr(block, name) for block in blocks], dtype=object)
            columns[name] = np.repeat(texts, [len(block.rows) for block in blocks])[by_row]
        for name, default in (("detail", ""), ("suggestion", None)):
            column = np.full(len(rows), default, dtype=object)
            at = 0
            for block in blocks:
                values = getattr(block, name)
                if values is not None:
                    column[at : at + len(block.rows)] = values.to_pylist() if isinstance(values, pa.Array) else values
                at += len(block.rows)
            # Kept as objects: pandas would make a column of text of it, in which None is a number.
            columns[name] = pd.Series(column[by_row], dtype=object)
        return pd.DataFrame(columns)
