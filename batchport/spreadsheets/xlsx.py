"""The parts of an XLSX workbook that lead to its sheets: which part a sheet is, and which number format a style has."""

from __future__ import annotations

import posixpath

from batchport.spreadsheets.container import Container
from batchport.spreadsheets.displayed import BUILT_IN, GENERAL
from batchport.spreadsheets.xml_stream import parse

MACROS = "vbaproject.bin"


def sheet_parts(container: Container) -> dict[str, str]:
    """The name of the part of every sheet, by the sheet's name."""
    book = book_part(container)
    targets = relations(container, book)
    found: dict[str, str] = {}

    def started(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and attributes.get("id") in targets:
            found[attributes.get("name", "")] = targets[attributes["id"]][1]

    parse([container.whole(book)], started)
    return found


def style_formats(container: Container) -> list[str]:
    """The code of the number format of every cell style, in their order."""
    part = styles_part(container)
    codes = dict(BUILT_IN)
    styles: list[int] = []
    inside = False

    def started(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if name == "numFmt" and attributes.get("numFmtId", "").isdecimal():
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", GENERAL)
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            number = attributes.get("numFmtId", "0")
            styles.append(int(number) if number.isdecimal() else 0)

    def ended(name: str) -> None:
        nonlocal inside
        inside = inside and name != "cellXfs"

    if part in container:
        parse([container.whole(part)], started, ended)
    return [codes.get(style, GENERAL) for style in styles]


def has_macros(container: Container) -> bool:
    """Whether a workbook of Office carries macros."""
    return any(posixpath.basename(name) == MACROS for name in container.names())


def book_part(container: Container, usual: str = "xl/workbook.xml") -> str:
    """The name of the part that lists the sheets."""
    named = [target for kind, target in relations(container, "").values() if kind == "officeDocument"]
    return next((name for name in named if name in container), usual)


def styles_part(container: Container, usual: str = "xl/workbook.xml") -> str:
    """The name of the part with the styles; blank for none."""
    return next((target for kind, target in relations(container, book_part(container, usual)).values() if kind == "styles"), "")


def relations(container: Container, part: str) -> dict[str, tuple[str, str]]:
    """What a part refers to inside the container: by identifier, the kind of the relation and the other part's name."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}

    def started(element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[attributes.get("Id", "")] = (posixpath.basename(attributes.get("Type", "")), path)

    source = container.whole(posixpath.join(folder, "_rels", f"{name}.rels"))
    if source:
        parse([source], started)
    return found
