"""What a customer has agreed with the port desk, and what its partners ask for, as far as the checks need to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pyarrow as pa

from batchport.domain.roster import Roster
from batchport.domain.routes import Route


@dataclass(frozen=True, slots=True)
class Asks:
    """What a partner asks for.

    Attributes:
        cutoff: the time of day after which the next business day counts as the day of sending.
        timezone: of `cutoff`, and of the partner's days.
        holidays: days of its own on which it ports nothing.
        soonest: kind of port -> business days that it takes at least, where that is more than usual.
        loa, invoice: whether every order comes with a letter of authorization, with an invoice.
        tiff: whether papers may be TIFF.
        takes: field -> the most signs that its files take.
        cuts: field -> after how many signs its files cut the text.
        required: what its files cannot do without, by what it is called in them.
        unfit: tells of a column of its files, by what stands in it, why each of some values cannot; None: everything can.
    """

    cutoff: time = time(13)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    holidays: tuple[date, ...] = ()
    soonest: Mapping[str, int] = field(default_factory=dict)
    loa: bool = False
    invoice: bool = False
    tiff: bool = False
    takes: Mapping[str, int] = field(default_factory=dict)
    cuts: Mapping[str, int] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    unfit: Callable[[str, pa.StringArray], Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """One customer's settings for checking and grouping; without any, the built-in ones: all goes to `generic-csv`.

    Attributes:
        customer: the customer's id.
        defaults: field name -> text that fills blank cells and absent columns.
        severities: code -> error, warning or info, where it differs from the catalogue.
        release_rejected: whether an order goes without the rows that were rejected (`on_rejected_row: release`).
        territories: whether US territories count as US.
        now: the time to go by; None: dates are not held against the calendar.
        date_order: `mdy`, `dmy` or `ymd`, how the customer's dates are meant; blank: not said.
        loa, invoice: whether every row of the customer's comes with a letter of authorization, with an invoice.
        roster: the customer's lines; None: there is no list of them.
        routes: which partner a row goes to.
        partners: what each partner asks for.
    """

    customer: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, str] = field(default_factory=dict)
    release_rejected: bool = False
    territories: bool = True
    now: datetime | None = None
    date_order: str = ""
    loa: bool = False
    invoice: bool = False
    roster: Roster | None = None
    routes: tuple[Route, ...] = (Route("generic-csv"),)
    partners: Mapping[str, Asks] = field(default_factory=dict)

    def asks(self, partner: str) -> Asks:
        """What a partner asks for; the usual where it is not known which one."""
        return self.partners.get(partner) or Asks()
