"""Files of the catalogue that no text can show: workbooks with something the matter, and the same ones without it. Each is called by its name there."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence

from batchport.domain.cases import bases, sheet_of
from batchport.domain.fields import BY_NAME
from tests.corpus.parts import Cell, X, book, compound

_MACRO_BOOK = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
_MACRO_TYPE = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
_MACRO_RELATION = '<Relationship Id="rId800" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>'


def _rows(**first: Cell) -> list[list[Cell]]:
    """Header and rows of the bases that need no papers, with some cells of the first row given."""
    header, *rows = csv.reader(sheet_of([{"base": name} for name, base in bases().items() if "loa_file" not in base]).splitlines())
    lines: list[list[Cell]] = [[*header], *([*row] for row in rows)]
    for name, cell in first.items():
        lines[1][header.index(BY_NAME[name].label)] = cell
    return lines


def _formula(stored: str) -> X:
    return X(f'<c @ t="str"><f>"8014"&amp;"4217"</f>{stored}</c>')


def _instructions() -> dict[str, Sequence[Sequence[Cell]]]:
    return {"Numbers": _rows(), "Read me": [["Please fill in a row for each number."], ["Ask Maria where something is not clear."]]}


def _columns(count: int) -> bytes:
    header, row = _rows()[:2]
    more = [f"Extra {number}" for number in range(len(header) + 1, count + 1)]
    return "".join(f"{','.join(map(str, [*cells, *filler]))}\n" for cells, filler in ((header, more), (row, ["x"] * len(more)))).encode()


#: Name -> what is in the file.
MADE: dict[str, Callable[[], bytes]] = {
    "numbers.xlsx": lambda: book(*_rows()),
    "cut-off.xlsx": lambda: book(*_rows())[:-400],
    "password.xlsx": lambda: compound({"EncryptionInfo": b"\x04\0\x04\0" + b"\0" * 60, "EncryptedPackage": bytes(range(256)) * 20}),
    "photograph.csv": lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 4,
    "200-columns.csv": lambda: _columns(200),
    "201-columns.csv": lambda: _columns(201),
    "instructions.xlsx": lambda: book(sheets=_instructions()),
    "filtered.xlsx": lambda: book(*_rows(), row_attributes={3: 'hidden="1"', 4: 'hidden="1"'}, after_data='<autoFilter ref="A1:P5"/>'),
    "macros.xlsm": lambda: book(
        *_rows(), workbook_type=_MACRO_BOOK, more={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600}, more_types=_MACRO_TYPE, more_relations=_MACRO_RELATION,
    ),
    "formula.xlsx": lambda: book(*_rows(account_number=_formula(""))),
    "formula-saved.xlsx": lambda: book(*_rows(account_number=_formula("<v>80144217</v>"))),
    "look-up.xlsx": lambda: book(*_rows(account_number=X('<c @ t="e"><f>VLOOKUP(1,X1:Y9,2)</f><v>#N/A</v></c>'))),
    "look-up-found.xlsx": lambda: book(*_rows(account_number=X('<c @ t="str"><f>VLOOKUP(1,X1:Y9,2)</f><v>80144217</v></c>'))),
}  # fmt: skip
