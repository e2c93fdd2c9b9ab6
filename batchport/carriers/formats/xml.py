"""XML documents that are read: the elements that are lines, and what stands in them or around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from batchport.carriers.formats import Unreadable, table_of
from batchport.carriers.layout import Layout, Xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import pyarrow as pa


def read(data: bytes, layout: Layout) -> tuple[pa.Table, tuple[str, ...]]:
    """The elements that are lines; see `Format`."""
    form = cast("Xml", layout.format)
    try:
        root = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise Unreadable("it has a document type or entities, which are not read") from None
    except ParseError as error:
        raise Unreadable(f"it is not XML: line {error.position[0]} cannot be read", foreign=True) from None
    except (ValueError, LookupError):
        raise Unreadable("it is not XML in an encoding that is read", foreign=True) from None
    outermost, *steps = form.records.split("/")
    if _local(root.tag) != outermost:
        raise Unreadable(f"it is no {outermost} document", foreign=True)
    if form.xsd:
        _refuse_invalid(root, form.xsd)
    records = [_record(elements, number, layout) for number, elements in enumerate(_elements(root, steps, ()), 1)]
    return table_of(records, list(range(1, len(records) + 1)), layout), ()


def _refuse_invalid(root: Element, xsd: str) -> None:
    from batchport.carriers.formats.template import fault_of, schema_of

    fault = fault_of(schema_of(xsd), root)
    if fault:
        raise Unreadable(f"it is not valid against {Path(xsd).name}: {fault}")


def _local(tag: object) -> str:
    """An element's name without its namespace; blank for what is no element."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _elements(at: Element, steps: Sequence[str], outer: tuple[Element, ...]) -> Iterator[tuple[Element, ...]]:
    """Each element that is a line with those around it, the outermost first."""
    around = (*outer, at)
    if not steps:
        yield around
        return
    inner = [child for child in at if _local(child.tag) == steps[0]]
    if not inner and outer:
        yield around
    for child in inner:
        yield from _elements(child, steps[1:], around)


def _record(elements: Sequence[Element], number: int, layout: Layout) -> dict[str, str]:
    record = {}
    for header, needed in layout.headers.items():
        value = next((said for element in reversed(elements) if (said := _at(element, header.split("/"))) is not None), None)
        if value is None and needed:
            raise Unreadable(f"record {number}: {header} is missing")
        if value is not None:
            record[header] = value
    return record


def _at(element: Element, steps: Sequence[str]) -> str | None:
    """The text at a path below an element: names with / between, @ before an attribute's; None where there is no such thing."""
    at = element
    for step in steps:
        if step.startswith("@"):
            return next((value for name, value in at.attrib.items() if _local(name) == step[1:]), None)
        found = next((child for child in at if _local(child.tag) == step), None)
        if found is None:
            return None
        at = found
    return "".join(at.itertext()).strip()
