"""How checks are registered and run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from batchport.domain.findings import ERROR, Findings, catalogue
from batchport.domain.table import Mask

if TYPE_CHECKING:
    from batchport.domain.checks.prepared import Prepared

#: What a check says: the rows, or the rows with one text of detail for each of them.
Verdict = Mask | tuple[Mask, Sequence[str] | pa.StringArray]


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
        mask, detail = verdict if isinstance(verdict, tuple) else (verdict, None)
        fresh = mask if self.beside else mask & ~rows.failed(self.field)
        if not fresh.any():
            return
        if detail is not None:
            kept = fresh[np.flatnonzero(mask)]
            detail = detail.filter(pa.array(kept)) if isinstance(detail, pa.Array) else [text for text, keep in zip(detail, kept, strict=True) if keep]
        findings.add(self.code, fresh, self.field, detail=detail)
        if catalogue()[self.code].severity == ERROR:
            rows.fail(self.field, fresh)


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
