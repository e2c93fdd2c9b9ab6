"""Plain tables as a workbook: a sheet each, text cells only, a frozen header and a filter."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import xlsxwriter

from batchport.domain.table import Column
from batchport.spreadsheets.plain_sheet import MOST_ROWS, Marks, PlainSheet, fill, longest

#: Written into every workbook, so that the same tables are the same bytes.
_MADE = datetime(2026, 1, 1)  # noqa: DTZ001  a workbook's dates have no zone
_WIDEST = 40
_NO_MARKS = Marks(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))


def tables_workbook(tables: Mapping[str, Mapping[str, Sequence[str]]]) -> bytes:
    """An XLSX file: name of a sheet -> header -> a text for each row; a table that no sheet can hold goes on in the next."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"created": _MADE})
    text, bold = book.add_format({"num_format": "@", "valign": "top"}), book.add_format({"num_format": "@", "bold": True, "bg_color": "#D9E1F2", "bottom": 1})
    filled = []
    for name, table in tables.items():
        length = len(next(iter(table.values())))
        for start in range(0, max(length, 1), MOST_ROWS):
            columns = [Column.of(list(texts[start : start + MOST_ROWS])) for texts in table.values()]
            sheet = book.add_worksheet(f"{name} {start // MOST_ROWS + 1}" if start else name)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(columns[0]), len(table) - 1)
            sheet.write_blank(1, 0, None, text)
            for place, (header, column) in enumerate(zip(table, columns, strict=True)):
                sheet.set_column(place, place, min(max(len(header) + 3, longest(column.values) + 2), _WIDEST), text)
                sheet.write_string(0, place, header, bold)
            filled.append(PlainSheet(columns, [0] * len(columns), _NO_MARKS))
    book.close()
    return fill(target.getvalue(), dict(enumerate(filled)))
