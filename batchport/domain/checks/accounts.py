"""The account that the number is on: its number, its billing number, its PIN."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batchport.domain import numbering
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.reference import IdentifierForm
from batchport.domain.table import Column, Ints, Mask, bools

CHECKS = check = Registry()

#: Longest account number and PIN that any carrier is known to use; carriers and profiles narrow them.
ACCOUNT_LENGTH, PIN_LENGTH = 40, 32


@check("account-missing", "account_number")
def wireless_without_account(rows: Prepared) -> Mask:
    """Wireless rows without an account number: there the number itself does not stand in for it."""
    return rows.wireless & rows["account_number"].blank


@check("account-rounded", "account_number")
def account_digits_lost(rows: Prepared) -> Mask:
    """Rows whose account number a spreadsheet has turned into something like 1.23457E+11."""
    return rows["account_number"].fullmatch(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{1,3}")


@check("account-invalid", "account_number")
def account_form(rows: Prepared) -> Verdict:
    """Rows whose account number has other signs than letters and digits, too many of them, or not the form that its carrier's have."""
    number = _stands_in(rows) if rows["losing_carrier"].isin(rows.known.account_forms).any() else np.zeros(len(rows), dtype=bool)
    return _odd_form(rows, "account_number", ACCOUNT_LENGTH, rows.known.account_forms, number)


def _stands_in(rows: Prepared) -> Mask:
    """Rows whose account number is a telephone number, ours or the customer's own stand-in for one that they do not have."""
    account = rows["account_number"].text()
    return rows.account_filled | bools(pc.or_(pc.equal(account, rows["tn"].text()), pc.equal(account, rows["btn"].text())))


def _odd_form(rows: Prepared, name: str, most: int, forms: Mapping[str, IdentifierForm], spared: Mask) -> Verdict:
    """Rows whose identifier has not the form that it needs, with that form in words; `spared` from what its carrier asks for."""
    column = rows[name]
    wrong = ~column.blank & ~column.fullmatch(f"[0-9A-Za-z]{{1,{most}}}")
    texts, which = [str(IdentifierForm(1, most, letters=True))], np.zeros(len(rows), np.int32)
    carrier = rows["losing_carrier"]
    for each in pc.unique(carrier.values.filter(pc.is_in(carrier.values, value_set=pa.array(list(forms), pa.string())))).to_pylist():
        own = ~wrong & ~spared & carrier.equals(each) & ~column.blank & ~column.fullmatch(forms[each].pattern)
        which[own] = len(texts)
        texts.append(f"{forms[each]} at {each}")
    takes = rows.room(lambda asks: asks.takes, name)
    if takes is not None:
        long = ~wrong & (which == 0) & (column.spread(pc.utf8_length(column.values).to_numpy()) > takes)
        for limit in np.unique(takes[long]).tolist():
            which[long & (takes == limit)] = len(texts)
            texts.append(str(IdentifierForm(1, limit, letters=True)))
    mask = wrong | (which > 0)
    return mask, Column(pa.array(texts), which[mask]).text()


@check("btn-missing", "btn")
def multi_line_without_billing_number(rows: Prepared) -> Mask:
    """Multi-Line rows that do not name the account's primary number."""
    return rows.local & rows.multi & rows["btn"].blank


@check("btn-invalid", "btn")
def billing_number_form(rows: Prepared) -> Mask:
    """Rows whose billing number is no number that a carrier could have given out."""
    no_number = rows.local & ~rows["btn"].blank & (rows.btn < 0)
    own = rows.btn == rows.tn
    return bools(no_number | ((numbering.not_assignable(rows.btn) | numbering.not_portable(rows.btn)) & ~own))


@check("btn-toll-free", "btn")
def toll_free_billing_number(rows: Prepared) -> Mask:
    """Local rows whose billing number is toll-free: no local account is billed under one."""
    return rows.local & numbering.toll_free(rows.btn)


@check("btn-mismatch", "btn")
def single_line_with_another_billing_number(rows: Prepared) -> Mask:
    """Single-Line rows whose billing number is not the number itself."""
    return bools(rows.local & rows.single & (rows.btn >= 0) & (rows.tn >= 0) & (rows.btn != rows.tn))


@check("pin-missing", "pin")
def wireless_without_pin(rows: Prepared) -> Mask:
    """Wireless rows without a transfer PIN; zeros are none."""
    return rows.wireless & rows["pin"].fullmatch("0*")


@check("pin-invalid", "pin")
def pin_form(rows: Prepared) -> Verdict:
    """Rows whose PIN has other signs than letters and digits, too many of them, or not the form that its carrier's have; 0000 says that there is none."""
    return _odd_form(rows, "pin", PIN_LENGTH, rows.known.pin_forms, rows["pin"].equals("0000"))


@check("pin-short", "pin")
def zeros_lost(rows: Prepared) -> Verdict:
    """Rows whose PIN is shorter than most others of the sheet and does not begin with a zero, as if a spreadsheet had taken it for a number.

    The others are those of the same carrier where there are enough of them, else all of the sheet; transfer PINs of wireless numbers are compared among
    themselves. PINs count, not rows: one account with many numbers is no majority. Zeros alone mean that there is no PIN.
    """
    pin = rows["pin"]
    length = pin.spread(pc.utf8_length(pin.values).to_numpy()).astype(np.int64)
    counted = pin.fullmatch("[0-9]+") & ~pin.fullmatch("00+") & ~rows.failed("pin") & ~rows.again
    if not _lengths_differ(length[counted & rows.wireless]) and not _lengths_differ(length[counted & ~rows.wireless]):
        return np.zeros(len(rows), dtype=bool)
    at = np.flatnonzero(counted)
    kind = rows.requests.sheet[at].astype(np.int64) * 2 + rows.wireless[at]
    carriers = rows["losing_carrier"].ids().astype(np.int64)
    carrier = kind * (int(carriers.max(initial=0)) + 1) + carriers[at]
    pins, lengths = pin.take(at).ids(), length[at]
    own, enough = _usual_length(carrier, pins, lengths)
    usual = np.where(enough, own, _usual_length(kind, pins, lengths)[0])
    short = (lengths < usual) & pin.take(at).fullmatch("0|[1-9][0-9]*")
    mask = np.zeros(len(rows), dtype=bool)
    mask[at[short]] = True
    return mask, [str(digits) for digits in usual[short].tolist()]


def _lengths_differ(length: Ints) -> bool:
    return len(length) > 0 and bool(length.min() != length.max())


def _usual_length(group: Ints, pins: Ints, length: Ints) -> tuple[Ints, Mask]:
    """For each row the length that more than half of the different PINs of its group have, two at least, else 0; and whether there are three or more."""
    table = pd.DataFrame({"group": group, "pin": pins, "length": length}).drop_duplicates(["group", "pin"])
    counts = table.groupby(["group", "length"]).size()
    total = counts.groupby("group").transform("sum")
    most = counts[(counts * 2 > total) & (counts > 1)].reset_index("length")["length"]
    usual = most.reindex(group, fill_value=0).to_numpy(np.int64)
    return usual, (total.groupby("group").first().reindex(group, fill_value=0) > 2).to_numpy()


@check("resporg-invalid", "resporg_id")
def resporg_form(rows: Prepared) -> Mask:
    """Toll-free rows whose RespOrg ID is not five letters or digits."""
    return rows.toll_free & ~rows["resporg_id"].blank & ~rows["resporg_id"].fullmatch("[0-9A-Z]{5}")


@check("new-btn-invalid", "new_btn")
def new_billing_number_form(rows: Prepared) -> Mask:
    """Rows whose new billing number is no number that a carrier could have given out."""
    given = ~rows["new_btn"].blank
    no_number = (rows.new_btn < 0) | numbering.not_assignable(rows.new_btn) | numbering.not_portable(rows.new_btn)
    return bools(given & (no_number | numbering.toll_free(rows.new_btn)))


@check("partial-invalid", "partial")
def partial_form(rows: Prepared) -> Mask:
    """Rows whose Partial Port is neither yes nor no."""
    return ~rows["partial"].isin(("", "Y", "N"))
