"""What a customer has agreed with the port desk, as far as the checks need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchport.domain.routes import Route


@dataclass(frozen=True, slots=True)
class Terms:
    """One customer's settings for checking and grouping.

    Attributes:
        customer: the customer's id.
        defaults: field name -> text that fills blank cells and absent columns.
        severities: code -> error, warning or info, where it differs from the catalogue.
        release_rejected: whether an order goes without the rows that were rejected (`on_rejected_row: release`).
        territories: whether US territories count as US.
        routes: which partner a row goes to.
        takes: partner -> field -> the most signs that its profile takes.
        cuts: partner -> field -> after how many signs its profile cuts the text.
    """

    customer: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, str] = field(default_factory=dict)
    release_rejected: bool = False
    territories: bool = True
    routes: tuple[Route, ...] = ()
    takes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    cuts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
