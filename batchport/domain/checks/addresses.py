"""The service address: there, whole, of one place, and no post-office box."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow.compute as pc

from batchport.domain.boxes import BOX
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.fields import BY_NAME, DIRECTIONS
from batchport.domain.table import Mask, bools

CHECKS = check = Registry()

#: Postal codes as the two countries write them; Canada leaves letters out that are easily mistaken.
CANADIAN = "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] [0-9][ABCEGHJ-NPRSTV-Z][0-9]"
ZIP = "[0-9]{5}(?:-[0-9]{4})?"
_STREET = ("street_number", "street_name")
_PLACE = ("city", "state", "postal_code")


_BOXED = ("street_name", "street_number", "service_address", "unit")


def _box_in(name: str) -> Callable[[Prepared], Mask]:
    """The check that notes `address-po-box` on a part of the address, unless an earlier part has it."""

    def box_for_an_address(rows: Prepared) -> Mask:
        found = rows[name].contains(BOX)
        return found & ~_failed(rows, _BOXED[: _BOXED.index(name)]) if found.any() else found

    return box_for_an_address


for _name in _BOXED:
    check("address-po-box", _name)(_box_in(_name))


def _failed(rows: Prepared, names: Iterable[str]) -> Mask:
    """The rows in which one of these fields has an error."""
    return bools(np.logical_or.reduce([np.zeros(len(rows), dtype=bool), *(rows.failed(name) for name in names)]))


def _lacks(rows: Prepared, name: str) -> Mask:
    """The rows that need a part of the address and do not have it; a box has neither number nor street."""
    blank = rows[name].blank
    if not blank.any():
        return blank
    asked = rows.local | rows.wireless if name == "postal_code" else rows.local
    return blank & asked & ~_failed(rows, ("street_name", "street_number", "service_address") if name in _STREET else ())


def _first_lacking(name: str) -> Callable[[Prepared], Verdict]:
    """The check that notes `address-missing` on the first part that a row lacks, and names all of them."""
    parts = (*_STREET, *_PLACE)

    def parts_missing(rows: Prepared) -> Verdict:
        mask = _lacks(rows, name)
        if not mask.any():
            return mask
        lacking = {part: _lacks(rows, part) for part in parts}
        for part in parts[: parts.index(name)]:
            mask &= ~lacking[part]
        if not mask.any():
            return mask
        for part in parts[parts.index(name) + 1 :]:
            rows.fail(part, mask & lacking[part])
        kinds, which = np.unique(np.column_stack([missing[mask] for missing in lacking.values()]), axis=0, return_inverse=True)
        texts = [", ".join(BY_NAME[part].label for part, missing in zip(parts, kind, strict=True) if missing) for kind in kinds]
        return mask, [texts[kind] for kind in which.ravel()]

    return parts_missing


for _name in (*_STREET, *_PLACE):
    check("address-missing", _name)(_first_lacking(_name))


@check("address-direction", "street_direction")
def direction_form(rows: Prepared) -> Mask:
    """Rows whose direction is none of the eight."""
    return ~rows["street_direction"].isin(("", *DIRECTIONS))


@check("state-invalid", "state")
def no_such_state(rows: Prepared) -> Mask:
    """Rows whose state or province is none."""
    return ~rows["state"].blank & ~rows["state"].isin(rows.known.state_list)


@check("address-country", "country")
def not_one_country(rows: Prepared) -> Mask:
    """Rows whose country, state and postal code are not of one country, or whose country is neither US nor CA."""
    country = rows["country"]
    neither = ~country.isin(("", "US", "CA"))
    given = ~country.blank
    state = rows.known.country_of_state(rows["state"])
    against_state = given & ~state.blank & (state.equals("CA") != country.equals("CA"))
    canadian, american = rows["postal_code"].fullmatch(CANADIAN), rows["postal_code"].fullmatch(ZIP)
    against_postal = given & ((canadian & ~country.equals("CA")) | (american & country.equals("CA")))
    abroad = np.zeros(len(rows), dtype=bool) if rows.terms.territories else rows["state"].isin(rows.known.territories)
    return bools(neither | against_state | against_postal | abroad)


@check("postal-invalid", "postal_code")
def postal_form(rows: Prepared) -> Mask:
    """Rows whose ZIP or postal code is neither."""
    postal = rows["postal_code"]
    return ~postal.blank & ~postal.fullmatch(CANADIAN) & ~postal.fullmatch(ZIP)


@check("postal-state", "postal_code")
def postal_code_of_another_state(rows: Prepared) -> Verdict:
    """Rows whose ZIP or postal code does not belong to their state or province."""
    asked = ~rows["postal_code"].blank & ~rows["state"].blank & ~rows.failed("postal_code") & ~rows.failed("state")
    # A postal code of the other country is told by `address-country`.
    asked &= rows.known.country_of_state(rows["state"]).equals("CA") == rows["postal_code"].contains("[A-Z]")
    mask = asked & rows.known.postal_elsewhere(rows["postal_code"], rows["state"])
    return mask, rows["state"].take(mask).text().to_pylist()


@check("address-unclear", "unit")
def private_mailbox(rows: Prepared) -> Verdict:
    """Rows whose own unit column names a private mailbox; within a line, the split says so."""
    mask = rows.written["unit"].contains(r"(?i)\A\s*p\.?m\.?b\.?\s*#?[0-9]")
    return mask, ["a private mailbox is rented for post, and no line ends in one"] * int(mask.sum())


@check("address-unclear", "postal_code")
def zip_of_boxes(rows: Prepared) -> Verdict:
    """Local rows whose ZIP is for post-office boxes only, though the street looks fine; the ZIP of a wireless row is that of the bill."""
    five = rows["postal_code"].map(lambda values: pc.utf8_slice_codeunits(values, 0, 5))
    mask = rows.local & five.isin(rows.known.box_zips)
    if mask.any():
        mask &= ~_failed(rows, _BOXED)
    return mask, ["this ZIP is for post-office boxes only"] * int(mask.sum())
