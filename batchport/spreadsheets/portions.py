"""Sheets that are too large to be taken in at once. Runs in the reading process: see `child`.

The compiled reader of cells holds a whole sheet, a million rows in some gigabytes. So a large sheet is cut between rows, and for every portion a workbook is
made in memory that has all parts of the file, but of its sheets only this portion.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from batchport.spreadsheets.container import Container
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.sheet_xml import is_usual

#: Bytes of XML in a portion: about fifty thousand rows of twenty columns.
PORTION = 64 * 1024 * 1024
_ROW, _END = b"<row ", b"</sheetData>"


def portions(path: Path, part: str, sheets: Collection[str], limits: Limits) -> Iterator[io.BytesIO]:
    """Workbooks with one portion of a sheet each, from its first rows to its last; one with all of it where it is small, or written in an unusual form.

    Args:
        path: the file.
        part: the name of the sheet's part.
        sheets: the names of the parts of all sheets.
        limits: how much the file may unpack to.

    Raises:
        Unreadable: it is damaged, or unpacks to too much.
    """
    with Container(path, limits) as container:
        others = {name.casefold() for name in sheets}
        shared = {container.stored_name(name): b"".join(container.proven(name)) for name in container.read_by_programs() if name not in others}
        after, head, rows = _after_rows(container, part), b"", bytearray()
        for piece in container.pieces(part):
            rows += piece
            if not head and _ROW in rows:
                head = bytes(rows[: rows.index(_ROW)])
            if len(rows) > PORTION and head and is_usual(rows, len(head)):
                cut = rows.rindex(_ROW)
                if cut > len(head):
                    yield _workbook({**shared, container.stored_name(part): bytes(rows[:cut]) + after})
                    rows[:cut] = head
        yield _workbook({**shared, container.stored_name(part): bytes(rows)})


def _after_rows(container: Container, part: str) -> bytes:
    """What follows the rows of a sheet, merged cells among it."""
    found = bytearray()
    for piece in container.proven(part):
        found += piece
        at = found.rfind(_END)
        del found[: at if at >= 0 else -len(_END)]
    return bytes(found)


def _workbook(parts: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as book:
        for name, data in parts.items():
            book.writestr(name, data)
    made.seek(0)
    return made
