"""How checks are registered and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from batchport.domain.findings import ERROR, Findings, severity_of
from batchport.domain.table import Mask

if TYPE_CHECKING:
    from batchport.domain.checks.prepared import Prepared

#: One text a row.
Texts: TypeAlias = "Sequence[str] | Sequence[str | None] | pa.StringArray"


@dataclass(frozen=True, slots=True)
class Said:
    """What a check says of some rows, in their order: a text of detail for each, and the value that would be right, where one is known."""

    rows: Mask
    detail: Texts | None = None
    suggestion: Texts | None = None


#: What a check says: the rows, or the rows with one text of detail for each of them, or with a suggestion too.
Verdict = Mask | tuple[Mask, Sequence[str] | pa.StringArray] | Said


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is called, which field it speaks of, and the function that says which rows.

    `beside`: it is noted on rows whose field has an error too.
    """

    code: str
    field: str
    which: Callable[[Prepared], Verdict]
    beside: bool = False

    def run(self, rows: Prepared, findings: Findings) -> None:
        """Note the rows it concerns, less those whose field already has an error."""
        verdict = self.which(rows)
        said = verdict if isinstance(verdict, Said) else Said(*verdict) if isinstance(verdict, tuple) else Said(verdict)
        fresh = said.rows if self.beside else said.rows & ~rows.failed(self.field)
        if not fresh.any():
            return
        kept = fresh[said.rows]
        detail, suggestion = _some(said.detail, kept), _some(said.suggestion, kept)
        findings.add(self.code, fresh, self.field, detail=detail, suggestion=suggestion)
        if severity_of(self.code, str(detail[0]) if detail is not None else "") == ERROR:
            rows.fail(self.field, fresh)


def _some(texts: Texts | None, kept: Mask) -> Texts | None:
    if texts is None:
        return None
    return texts.filter(pa.array(kept)) if isinstance(texts, pa.Array) else [text for text, keep in zip(texts, kept, strict=True) if keep]


class Registry:
    """The checks of one module, in the order they are written."""

    def __init__(self) -> None:
        self.found: list[Check] = []

    def __call__(self, code: str, field: str, *, beside: bool = False) -> Callable[[Callable[[Prepared], Verdict]], Callable[[Prepared], Verdict]]:
        """Register a function as the check of a code on a field."""

        def register(which: Callable[[Prepared], Verdict]) -> Callable[[Prepared], Verdict]:
            self.found.append(Check(code, field, which, beside))
            return which

        return register
