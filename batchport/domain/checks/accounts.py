"""The account that the number is on: its number, its billing number, its PIN."""

from __future__ import annotations

from batchport.domain import numbering
from batchport.domain.checks.prepared import Prepared
from batchport.domain.checks.registry import Registry
from batchport.domain.table import Mask, bools

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
    return rows["account_number"].fullmatch(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")


@check("account-invalid", "account_number")
def account_form(rows: Prepared) -> Mask:
    """Rows whose account number has other signs than letters and digits, or too many of them."""
    return ~rows["account_number"].fullmatch(f"[0-9A-Za-z]{{1,{ACCOUNT_LENGTH}}}") & ~rows["account_number"].blank


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
def pin_form(rows: Prepared) -> Mask:
    """Rows whose PIN has other signs than letters and digits, or too many of them."""
    return ~rows["pin"].fullmatch(f"[0-9A-Za-z]{{1,{PIN_LENGTH}}}") & ~rows["pin"].blank


@check("resporg-invalid", "resporg_id")
def resporg_form(rows: Prepared) -> Mask:
    """Toll-free rows whose RespOrg ID is not five letters or digits."""
    return rows.toll_free & ~rows["resporg_id"].blank & ~rows["resporg_id"].fullmatch("[0-9A-Z]{5}")


@check("new-btn-invalid", "new_btn")
def new_billing_number_form(rows: Prepared) -> Mask:
    """Rows whose new billing number is no number that a carrier could have given out."""
    given = ~rows["new_btn"].blank
    return bools(given & ((rows.new_btn < 0) | numbering.not_assignable(rows.new_btn) | numbering.toll_free(rows.new_btn)))


@check("partial-invalid", "partial")
def partial_form(rows: Prepared) -> Mask:
    """Rows whose Partial Port is neither yes nor no."""
    return ~rows["partial"].isin(("", "Y", "N"))
