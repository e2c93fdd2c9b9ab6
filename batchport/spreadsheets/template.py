"""The workbook that customers fill in, made from the registry of columns."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from batchport.domain.fields import EXAMPLE_REFERENCE, FIELDS, Field
from batchport.spreadsheets.choices import LISTS, drop_down, list_ranges, offered, write_lists
from batchport.spreadsheets.plain_sheet import MOST_ROWS, cut, guarded_text

#: Grows when a template of before would be read otherwise; stands in the workbook's properties.
TEMPLATE_VERSION = "1"
#: Written into every template, so that the same template is the same bytes.
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001  a workbook's dates have no zone

_ALWAYS = "Always"
#: When a column has to be filled in; the others may stay blank.
_REQUIRED: dict[str, str] = {
    "tn": _ALWAYS,
    "btn": "Multi-Line accounts",
    "account_number": "Wireless; else blank means the number itself",
    "pin": "Wireless; else blank means 0000",
    "losing_carrier": _ALWAYS,
    "account_type": "Always, but for wireless",
    "number_type": "Always; a toll-free number may leave it blank",
    "name": _ALWAYS,
    "authorized_name": "Businesses",
    "street_number": "Unless toll-free, wireless, or Service Address is given",
    "street_name": "Unless toll-free, wireless, or Service Address is given",
    "service_address": "Instead of the street columns",
    "city": "Unless toll-free or wireless",
    "state": "Unless toll-free or wireless",
    "postal_code": "Unless toll-free",
    "destination": _ALWAYS,
    "new_btn": "The primary number moves and others stay",
    "unlocked": "Google Voice and other digital carriers",
    "loa_file": "Toll-free, Canada, and where your agreement says so",
    "invoice_file": "Where your agreement says so",
}
_TOLL_FREE_EXAMPLE: dict[str, str] = {
    "tn": "833-234-0142",
    "account_number": "80155513",
    "pin": "0000",
    "losing_carrier": "Lumen",
    "resporg_id": "LMN01",
    "account_type": "Single-Line",
    "number_type": "Business Toll Free",
    "name": "Harbor Bakery LLC",
    "authorized_name": "Maria Garcia",
    "destination": "line-0143",
    "loa_file": "harbor-bakery-loa.pdf",
}
_RULES = (
    "One row for each telephone number. Numbers of the same account stay together: give them the same carrier, account number and primary number.",
    "Your numbers go on working at your current carrier until the port is complete. Do not cancel the service there before that.",
    "Unlock the number first where the carrier is a digital one, such as Google Voice. The usual telephone and wireless carriers need no unlocking.",
    "Single-Line: the only number on its account. Multi-Line: the account has more numbers, even when you move just one of them.",
    "A residential number that is toll-free is Business Toll Free.",
    "Names, address and account number must be as your current carrier has them. Ask it for a Customer Service Record (CSR) when in doubt.",
    "The service address is where the service is, which may differ from where the bill goes. It cannot be a PO box.",
    "Without an account number leave it blank: the telephone number stands for it. Without a PIN enter 0000. Wireless numbers need both.",
    "Papers (letters of authorization, invoices) go into the same folder or zip as this workbook; name them in LOA File and Invoice File.",
    "Every cell is text, so that leading zeros stay: 0042 is not 42. Paste with 'values only' to keep it so.",
    "The two grey rows are examples and are not read; write over them or leave them.",
)


def template_workbook(customer: str | None, *, destinations: Sequence[str] = ()) -> bytes:
    """The upload workbook as an XLSX file: the columns to fill in, instructions, and the lists of the drop-downs.

    The same input gives the same bytes.

    Args:
        customer: the customer's id, noted in the workbook's properties; None for a template for everybody.
        destinations: the customer's lines that numbers can go to, for a drop-down; none: any text.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": "Port requests", "comments": f"Template version {TEMPLATE_VERSION}", "created": _MADE})
    book.set_custom_property("Template Version", TEMPLATE_VERSION, "text")
    if customer is not None:
        book.set_custom_property("Customer", cut(customer, 255), "text")
    requests, instructions, lists = (book.add_worksheet(name) for name in ("Port requests", "Instructions", LISTS))
    choices = offered(destinations)
    write_lists(lists, choices, book.add_format({"num_format": "@"}))
    _write_requests(book, requests, list_ranges(choices))
    _write_instructions(book, instructions)
    book.close()
    return target.getvalue()


def _write_requests(book: xlsxwriter.Workbook, sheet: Worksheet, ranges: Mapping[str, str]) -> None:
    text = book.add_format({"num_format": "@"})
    example = book.add_format({"num_format": "@", "italic": True, "font_color": "#7F7F7F"})
    last = len(FIELDS) - 1
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, MOST_ROWS, last)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_col_to_name(last)}{MOST_ROWS + 1}"})
    headers = _header_looks(book)
    for column, field in enumerate(FIELDS):
        examples = (_example(field), _toll_free_example(field))
        sheet.set_column(column, column, max(11, *(len(shown) + 3 for shown in (field.label, *examples))), text)
        sheet.write_string(0, column, field.label, headers[_urgency(field)])
        sheet.write_comment(0, column, f"{_required_words(field)}\n{field.help}", {"author": "batchport", "width": 260, "height": 90})
        for row, value in enumerate(examples, 1):
            sheet.write_string(row, column, value, example)
        sheet.data_validation(1, column, MOST_ROWS, column, _validation(field, ranges.get(field.name)))


def _header_looks(book: xlsxwriter.Workbook) -> dict[str, Any]:
    """The format of a header by how much its column is needed."""
    plain = {"num_format": "@", "bold": True, "bottom": 1, "valign": "vcenter"}
    return {
        "always": book.add_format({**plain, "bg_color": "#C55A11", "font_color": "#FFFFFF"}),
        "sometimes": book.add_format({**plain, "bg_color": "#F8CBAD"}),
        "never": book.add_format({**plain, "bg_color": "#D9E1F2"}),
    }


def _urgency(field: Field) -> str:
    when = _REQUIRED.get(field.name)
    return "never" if when is None else "always" if when.startswith(_ALWAYS) else "sometimes"


def _required_words(field: Field) -> str:
    when = _REQUIRED.get(field.name)
    return "May stay blank." if when is None else f"Required: {when}."


def _example(field: Field) -> str:
    return EXAMPLE_REFERENCE if field.name == "customer_ref" else field.example


def _toll_free_example(field: Field) -> str:
    return EXAMPLE_REFERENCE if field.name == "customer_ref" else _TOLL_FREE_EXAMPLE.get(field.name, "")


def _validation(field: Field, choices: str | None) -> dict[str, Any]:
    """The input message of a column, and its drop-down."""
    message = {"input_title": field.label[:32], "input_message": field.help[:255]}
    return message | ({"validate": "any"} if choices is None else drop_down(field.name, choices))


def _write_instructions(book: xlsxwriter.Workbook, sheet: Worksheet) -> None:
    title = book.add_format({"num_format": "@", "bold": True, "font_size": 14})
    header = book.add_format({"num_format": "@", "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF"})
    text = book.add_format({"num_format": "@"})
    wrapped = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    looks = _header_looks(book)
    for column, width in enumerate((26, 34, 70, 24)):
        sheet.set_column(column, column, width, wrapped)
    sheet.write_string(0, 0, "How to ask for numbers to be ported in", title)
    row = 2
    for rule in _RULES:
        sheet.write_string(row, 0, rule, text)
        row += 1
    row += 1
    for column, heading in enumerate(("Column", "Required", "What to enter", "Example")):
        sheet.write_string(row, column, heading, header)
    for field in FIELDS:
        row += 1
        sheet.write_string(row, 0, field.label, looks[_urgency(field)])
        for column, words in enumerate((_REQUIRED.get(field.name, "No"), field.help, guarded_text(field.example)), 1):
            sheet.write_string(row, column, words, wrapped)
    sheet.ignore_errors({"number_stored_as_text": f"A1:D{row + 1}"})
