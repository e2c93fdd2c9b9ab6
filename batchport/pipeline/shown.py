"""Stored numbers, dates and texts as people read them."""

from __future__ import annotations

from datetime import date
from typing import Any

from batchport.domain.table import known


def shown_number(tn: Any) -> str:
    """A stored number as people read it; blank where there is none."""
    if not known(tn):
        return ""
    text = f"{int(tn):010d}"
    return f"{text[:3]}-{text[3:6]}-{text[6:]}"


def sentence(text: str) -> str:
    """A text with a full stop at its end."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def iso(foc: float) -> str:
    """A stored date, 20260309, as 2026-03-09."""
    text = str(int(foc))
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def day(foc: Any) -> date | None:
    """A stored date as a date."""
    return date.fromisoformat(iso(foc)) if known(foc) and foc else None
