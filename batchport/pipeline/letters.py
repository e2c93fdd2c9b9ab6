"""What letters of authorization say: of an order that is stored, and of the orders that a sheet would make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from batchport.config import Settings
from batchport.domain.address import join
from batchport.domain.findings import INFO, catalogue
from batchport.domain.language import Language
from batchport.domain.lifecycle import State
from batchport.domain.normalise import folded
from batchport.domain.orders import agreed
from batchport.domain.requests import Requests
from batchport.domain.table import Ints
from batchport.domain.versions import CANCEL
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.check import Basis, Checked
from batchport.pipeline.status import order_of
from batchport.reports.letters import Letter, Press, spaced
from batchport.store import intake, look
from batchport.store.corrected import with_shared
from batchport.store.pieces import load_rows
from batchport.templates import template_folder


def press(settings: Settings | None) -> Press:
    """Makes letters, with an operator's own templates before the packaged ones."""
    return Press([*(settings.template_folders if settings is not None else ()), template_folder()])


def letter_of_order(app: App, pon: str, language: Language | None) -> Letter:
    """The letter of an order, with the numbers that it has now and what its present version says of them.

    Args:
        app: the installation.
        pon: the order.
        language: of the letter; None for its customer's.

    Raises:
        Unknown: there is no such order, or it has no numbers any more.
    """
    number = order_of(app, pon)
    with app.store.reading() as connection:
        order = look.order_record(connection, number)
        live = intake.rows_of_orders(connection, [number])
        live = live[(live.order_id == number) & (live.state != State.REJECTED) & (live.leaves == 0)]
        # Numbers that have moved are asked for no more, unless all have: then it is the letter that they moved by.
        every = look.rows_by(connection, orders=[number])
        ids = live.id if len(live) else every.id[every.state == State.COMPLETED]
        if not len(ids):
            raise Unknown(f"{pon.upper()} has no numbers that a letter could be for: they are rejected, cancelled or in other orders now")
        rows = load_rows(app.store, connection, np.unique(ids.to_numpy(np.int64))).requests
        waits = order.next_sup not in ("", CANCEL)
        shared = (order.next_shared if waits else "") or order.shared
        rows = with_shared(app.store, connection, rows, pd.Series([shared] * len(rows)))
    letter = _letter(rows, number_class=order.number_class, partial=order.partial)
    return replace(
        letter,
        language=language or app.language(order.customer),
        requested_date=(order.next_date if waits else "") or order.redated or letter.requested_date,
        provider=app.settings.operator.name or "",
        new_resporg=_resporgs(app).get(order.partner, "") if letter.toll_free else "",
        pon=app.store.pons.give(np.array([number], np.int64))[0],
        version=f"{order.ver + 1 if waits or not order.ver else order.ver:02d}",
    )


def without_papers(basis: Basis) -> Basis:
    """The same, but that no row is rejected for a paper that is not there: it is about to be made."""
    papers = {code: INFO for code, rule in catalogue().items() if rule.part == "papers"}
    return replace(basis, terms=replace(basis.terms, severities={**basis.terms.severities, **papers}))


def letters_of_sheet(checked: Checked, stem: str, language: Language, app: App | None) -> Iterator[tuple[str, Letter]]:
    """A letter for each order that a sheet makes, with the name of its file, which no other has.

    Args:
        checked: the sheet.
        stem: what the names begin with.
        language: of the letters.
        app: the installation whose customer's it is; None for nobody's.
    """
    provider, resporgs = (app.settings.operator.name or "", _resporgs(app)) if app is not None else ("", {})
    orders, partial, names = checked.grouping.orders, checked.partial(), Counter[str]()
    for at in _together(checked):
        order = int(checked.order[at[0]])
        letter = _letter(checked.rows.requests.take(at), number_class=str(orders.number_class[order]), partial=partial[at[0]])
        resporg = resporgs.get(str(orders.partner[order]), "") if letter.toll_free else ""
        called = spaced(letter.btn or letter.numbers[0])
        names[called] += 1
        again = f"-{names[called]}" if names[called] > 1 else ""
        yield f"{stem}-{called}{again}-loa.pdf", replace(letter, language=language, provider=provider, new_resporg=resporg)


def _together(checked: Checked) -> Iterator[Ints]:
    """The positions of the rows of each order, in the order in which they first appear; parts of a large one go by themselves."""
    order, part = checked.order, checked.part
    at = np.flatnonzero(order >= 0)
    at = at[np.lexsort((at, part[at], order[at]))]
    starts = np.flatnonzero(np.diff(order[at]) | np.diff(part[at])) + 1
    yield from (group for group in np.split(at, starts) if len(group))


def _resporgs(app: App) -> Mapping[str, str]:
    """Partner -> the RespOrg that its toll-free numbers go to, where the settings say so."""
    return {name: app.profile(name).settings.get("resporg", "") for name in app.settings.partners}


def _letter(rows: Requests, *, number_class: str, partial: str) -> Letter:
    """What the rows of an order say, as far as a letter tells it."""
    said = {name: _said(rows, name) for name in _ASKED}
    street = join(said["street_number"], said["street_direction"], said["street_name"], said["unit"])
    place = f"{said['state']} {said['postal_code']}".strip()
    local = number_class == "local"
    return Letter(
        number_class=number_class,
        numbers=tuple(sorted(set(rows["tn"].text().to_pylist()))),
        name=said["name"],
        losing_carrier=said["losing_carrier"],
        country=said["country"],
        authorized_name=said["authorized_name"],
        address=", ".join(filter(None, (street, said["city"], place))) if street or said["city"] else "",
        postal_code="" if street or said["city"] else said["postal_code"],
        resporg_id=said["resporg_id"],
        account_number=said["account_number"],
        btn=said["btn"] if local else "",
        new_btn=said["new_btn"] if local else "",
        account_type=said["account_type"],
        partial=partial if local else "",
        requested_date=said["requested_date"],
        reseller=said["reseller"],
    )


#: The fields of an order that a letter tells; never the PIN.
_ASKED = (
    "name", "authorized_name", "street_number", "street_direction", "street_name", "unit", "city", "state", "postal_code", "country", "losing_carrier",
    "resporg_id", "account_number", "btn", "new_btn", "account_type", "requested_date", "reseller",
)  # fmt: skip


def _said(rows: Requests, name: str) -> str:
    """What all rows say of a field, in their commonest spelling; blank where they say different things."""
    column = rows[name]
    alike = len(np.unique(folded(column).ids())) == 1
    return agreed(column, np.zeros(len(column), np.int64)).at(0) if alike else ""

