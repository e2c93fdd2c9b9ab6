"""Which partner a row goes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchport.domain import normalise
from batchport.domain.requests import Requests
from batchport.domain.table import Column, Mask


@dataclass(frozen=True, slots=True)
class Route:
    """A partner, and what a row must be to go there; None asks nothing."""

    partner: str
    losing_carrier: str | None = None
    number_class: str | None = None
    country: str | None = None
    customer: str | None = None


def partners_of(routes: Sequence[Route], customer: str, requests: Requests, toll_free: Mask, wireless: Mask) -> Column:
    """The partner of each row: of the first route that fits, blank where none does."""
    partner = Column.constant("", len(requests))
    kinds = {"toll_free": toll_free, "wireless": wireless & ~toll_free, "local": ~toll_free & ~wireless}
    carrier = normalise.folded(requests["losing_carrier"])
    for route in reversed([route for route in routes if route.customer in (None, customer)]):
        fits = np.ones(len(requests), dtype=bool)
        if route.losing_carrier is not None:
            fits &= carrier.equals(normalise.squeezed(route.losing_carrier))
        if route.number_class is not None:
            fits &= kinds[route.number_class]
        if route.country is not None:
            fits &= requests["country"].equals(route.country)
        partner = partner.where(fits, route.partner)
    return partner
