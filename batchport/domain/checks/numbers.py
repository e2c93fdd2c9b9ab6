"""The number to port: ten digits that can be assigned, here, and can be ported."""

from __future__ import annotations

from batchport.domain import numbering
from batchport.domain.checks.prepared import Prepared, shown, ten_digits
from batchport.domain.checks.registry import Registry, Verdict
from batchport.domain.table import Mask

CHECKS = check = Registry()


@check("tn-missing", "tn")
def no_number(rows: Prepared) -> Mask:
    """Rows without a number."""
    return rows.troubled("tn", numbering.BLANK)


@check("tn-invalid", "tn")
def not_ten_digits(rows: Prepared) -> Mask:
    """Rows whose number is not ten digits after an optional 1, or has signs in it that are no part of one."""
    return rows.troubled("tn", numbering.INVALID)


@check("tn-extension", "tn")
def number_with_extension(rows: Prepared) -> Mask:
    """Rows that name an extension: only whole numbers can be ported."""
    return rows.troubled("tn", numbering.EXTENSION)


@check("tn-rounded", "tn")
def digits_lost(rows: Prepared) -> Mask:
    """Rows whose number a spreadsheet has rounded, such as 6.17E+09."""
    return rows.troubled("tn", numbering.ROUNDED)


@check("tn-not-assignable", "tn")
def never_assigned(rows: Prepared) -> Mask:
    """Rows whose area code or exchange the numbering plan does not give to anybody."""
    return numbering.not_assignable(rows.tn)


@check("tn-not-portable", "tn")
def never_ported(rows: Prepared) -> Mask:
    """Rows with premium, personal and other numbers that stay where they are."""
    return numbering.not_portable(rows.tn)


@check("tn-country", "tn")
def another_country(rows: Prepared) -> Mask:
    """Rows with numbers of the numbering plan's other countries."""
    return numbering.foreign(rows.tn, rows.known, territories=rows.terms.territories)


@check("tn-area-code-unknown", "tn")
def unknown_area_code(rows: Prepared) -> Mask:
    """Rows whose area code is not in the table: new ones come several times a year, so it is only a warning."""
    return numbering.unknown_area(rows.tn, rows.known) & ~rows.failed("tn")


@check("tn-test-line", "tn")
def test_line(rows: Prepared) -> Mask:
    """Rows in the exchanges that carriers keep for their test lines."""
    return numbering.test_line(rows.tn) & ~rows.failed("tn")


@check("tn-letters", "tn")
def spelt_in_letters(rows: Prepared) -> Verdict:
    """Rows whose number was spelt with the letters of a telephone's keys."""
    mask = rows.troubled("tn", numbering.LETTERS)
    return mask, shown(ten_digits(rows.tn[mask]))
