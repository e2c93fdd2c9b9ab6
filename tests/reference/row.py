"""What the plain rules share: a row on its way, the customer's terms, words made comparable, and the data files, read by the reference itself."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "batchport" / "data"

#: When the reference's rows are looked at, unless a test says otherwise: a Monday morning before the cut-off.
NOW = datetime.fromisoformat("2026-11-23T10:00:00-05:00")

# "Error unless said": what section 5 says to be a warning or an info, of the codes that are worked out here.
WARNINGS = {
    "tn-area-code-unknown", "tn-test-line", "tn-letters", "tn-repeated", "pin-short", "carrier-unknown", "name-too-long", "name-spelling",
    "authorized-not-person", "authorized-differs", "postal-zeros-restored", "destination-repeated", "partial-assumed", "order-btn-not-listed",
    "email-invalid",
}
INFOS = {
    "tn-range-expanded", "number-type-changed", "account-defaulted", "account-cleaned", "btn-defaulted", "pin-defaulted", "carrier-no-route",
    "authorized-defaulted", "address-split", "order-held", "order-split", "value-defaulted", "value-normalised",
}
ERRORS = {
    "tn-missing", "tn-invalid", "tn-extension", "tn-rounded", "tn-not-assignable", "tn-not-portable", "tn-country", "tn-range-invalid", "tn-conflict",
    "number-type-missing", "number-type-invalid", "number-type-mismatch", "account-type-missing", "account-type-invalid", "account-type-mismatch",
    "account-missing", "account-invalid", "account-rounded", "btn-missing", "btn-invalid", "btn-toll-free", "btn-mismatch", "pin-missing", "pin-invalid",
    "resporg-invalid", "carrier-missing", "carrier-unlock", "name-missing", "authorized-missing", "address-missing", "address-po-box",
    "address-direction", "state-invalid", "postal-invalid", "postal-state", "address-country", "date-invalid", "date-ambiguous", "date-past",
    "date-not-business-day", "date-too-soon", "date-too-far", "destination-missing", "destination-unknown", "loa-missing", "loa-not-found",
    "loa-unusable", "invoice-missing", "invoice-not-found", "invoice-unusable", "order-rows-disagree", "order-new-btn", "new-btn-invalid",
    "partial-invalid", "action-invalid", "row-unknown",
}
CODES = ERRORS | WARNINGS | INFOS


@dataclass(frozen=True)
class Terms:
    """What a customer, the installation and the partner have settled, as far as these rules ask.

    Attributes:
        papers_there: the name of each paper in the sheet's folder, and whether it can be used.
        roster: line -> "one" or "many"; none where the customer has no roster.
        routes: as in the settings; none where all orders have one.
        max_lines: of the partner's profile.
        limits: field -> the most signs that the profile sends of it.
    """

    now: datetime = NOW
    defaults: dict[str, str] = field(default_factory=dict)
    severities: dict[str, str] = field(default_factory=dict)
    date_order: str | None = None
    roster: dict[str, str] | None = None
    papers: dict[str, str] = field(default_factory=dict)
    papers_there: dict[str, bool] | None = None
    on_rejected_row: str = "hold"
    territories: bool = True
    routes: list[dict[str, str]] | None = None
    max_lines: int = 999
    limits: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Case:
    """One row on its way: what was written, what it means, what was found."""

    row: int
    written: dict[str, str]
    terms: Terms = field(default_factory=Terms)
    values: dict[str, str | None] = field(default_factory=dict)
    found: dict[tuple[str, str], str] = field(default_factory=dict)  # (code, field) -> severity
    broken: set[str] = field(default_factory=set)  # fields that already have an error
    readable: bool = False  # the number has ten digits
    number_class: str = "local"
    account_filled: bool = False
    account_type_told: bool = False  # by us, not by the customer
    duplicate: bool = False
    partial_as_given: str | None = None
    partial_of_order: str | None = None
    belongs: list[tuple[str, ...]] = field(default_factory=list)
    part: int = 0  # of an order that is split
    waits: bool = False  # its order cannot go

    def note(self, code: str, name: str, severity: str = "") -> None:
        """Put a finding on the row."""
        # "A customer's `severities` raise or lower by code"
        severity = self.terms.severities.get(code) or severity or ("error" if code in ERRORS else "warning" if code in WARNINGS else "info")
        self.found[code, name] = severity
        if severity == "error":
            self.broken.add(name)

    @property
    def wrong(self) -> bool:
        """Whether the row has an error of its own."""
        return "error" in self.found.values()


# Text


def squeeze(text: str) -> str:
    """The text with single spaces, none around it."""
    return " ".join(text.split())


@cache
def fold(text: str | None) -> str:
    """The text without case, spaces, punctuation and accents."""
    plain = unicodedata.normalize("NFKD", text or "").casefold()
    return "".join(sign for sign in plain if sign.isalnum())


def whole(text: str) -> str:
    """The text without a `.0` after a whole number."""
    # "Case, spaces, punctuation and a `.0` after a whole number change silently"
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


# The data files


def _lines(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def carriers() -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]]]:
    """Folded name -> name, folded alias -> name, and the directory's line of each name."""
    lines = _lines("carriers.csv")
    names = {fold(line["name"]): line["name"] for line in lines}
    aliases = {fold(alias): line["name"] for line in lines for alias in line["aliases"].split("|") if alias}
    return names, aliases, {line["name"]: line for line in lines}


def of_carrier(name: str | None, column: str) -> str:
    """What the directory says of a carrier; nothing where it does not know it, or says nothing."""
    return carriers()[2].get(name or "", {}).get(column) or ""


@cache
def states() -> tuple[dict[str, str], dict[str, str]]:
    """Code -> country, and folded name or other spelling -> code."""
    lines = _lines("states.csv")
    words = {fold(word): line["code"] for line in lines for word in [line["name"], *line["spellings"].split("|")] if word}
    return {line["code"]: line["country"] for line in lines}, words


@cache
def country_words() -> dict[str, str]:
    """Folded name or other spelling of a country -> its code."""
    lines = _lines("countries.csv")
    return {fold(word): line["code"] for line in lines for word in [line["name"], *line["spellings"].split("|")] if word}


@cache
def provinces() -> dict[str, set[str]]:
    """First letter of a Canadian postal code -> the provinces it may stand for."""
    return {line["letter"]: set(line["provinces"].split()) for line in _lines("provinces.csv")}


@cache
def prefixes() -> dict[str, set[str]]:
    """First three digits of a ZIP -> the states it may stand for."""
    return {line["zip3"]: set(line["states"].split()) for line in _lines("zip3.csv")}


@cache
def area_places() -> dict[str, tuple[str, str]]:
    """Geographic area code -> its country and region."""
    return {line["npa"]: (line["country"], line["region"]) for line in _lines("area_codes.csv") if line["kind"] == "geographic"}
