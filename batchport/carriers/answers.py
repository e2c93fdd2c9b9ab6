"""Answers as a partner would write them: what `carrier show` shows a stranger, and what proves that every layout reads what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
import pyarrow as pa

from batchport.carriers.formats import Facts, delimited, fixed, json, xlsx
from batchport.carriers.layout import Answer, Fixed, Json, Layout, Xlsx, Xml
from batchport.domain.table import text_array

_FACTS = Facts("sample", 1, datetime(2026, 11, 25, 9, 0, tzinfo=UTC))
_PON = "P7K2M9QX4TZA"
#: An order that was taken, of which one number is confirmed and one refused.
_SAID: tuple[dict[Answer, str], ...] = (
    {"pon": _PON, "ver": "01", "tn": "", "status": "ACK", "at": "2026-11-24T13:05:00Z"},
    {"pon": _PON, "ver": "01", "tn": "6172340142", "status": "FOC", "foc_date": "2026-12-04", "at": "2026-11-25T09:00:00Z"},
    {"pon": _PON, "ver": "01", "tn": "6172340143", "status": "REJECT", "text": "As we have it", "at": "2026-11-25T09:00:00Z"},
)
_SAID_OF_NUMBERS: tuple[dict[Answer, str], ...] = (
    {"tn": "8332340147", "status": "ACK"},
    {"tn": "8332340148", "status": "COMPLETE"},
    {"tn": "8332340149", "status": "REJECT", "text": "As we have it"},
)


def example(layout: Layout, codes: Sequence[str]) -> list[dict[Answer, str]]:
    """A few answers that a layout can carry, by our names; a refusal names the first two of `codes`."""
    words = {status: said[0] for status, said in layout.statuses.items() if said}
    answers: list[dict[Answer, str]] = []
    for said in _SAID if "pon" in layout.columns else _SAID_OF_NUMBERS:
        answer: dict[Answer, str] = {**said, "code": layout.code_separator.join(codes[:2]) if said["status"] == "REJECT" else ""}
        if said["status"] in words:
            answer["status"] = words[said["status"]]
        elif not (said["status"] == layout.otherwise and layout.one_for_both):
            continue
        if layout.one_for_both:
            answer["status"] = answer["code"] or answer["status"]
        answers.append({name: text for name, text in answer.items() if name in layout.columns})
    return answers


def compose(layout: Layout, answers: Sequence[Mapping[Answer, str]]) -> bytes:
    """A response file of a layout that says these answers, by our names and in the partner's words."""
    said = [{layout.of(name)[0]: text for name, text in answer.items() if not (name == "code" and layout.one_for_both)} for answer in answers]
    form = layout.format
    if isinstance(form, Xml):
        return _xml(form, said, layout)
    table = pa.table({header: text_array([one.get(header, "") for one in said]) for header in layout.headers})
    if isinstance(form, Fixed):
        return _fixed(form, table, layout)
    if isinstance(form, Json):
        return json.compose(table, form)(0, table.num_rows, _FACTS)
    if isinstance(form, Xlsx):
        return xlsx.compose(table, 0, form, _FACTS.sent)
    return delimited.compose(table, 0, form)


def _fixed(form: Fixed, table: pa.Table, layout: Layout) -> bytes:
    """Each answer an order of its own, where there are records for orders."""
    columns = {}
    for record in form.of("order", "line"):
        for field in record.fields:
            said = field.header in table.column_names
            columns[f"{record.name}.{field.header}"] = table.column(field.header) if said else pa.array([field.value or ""] * table.num_rows, pa.string())
    lines = form.of("line")[0]
    tn = next((f"{lines.name}.{field.header}" for field in lines.fields if field.header in layout.of("tn")), "")
    return fixed.compose(pa.table(columns), np.arange(table.num_rows), form, tn)(0, table.num_rows, _FACTS)


def _xml(form: Xml, said: Sequence[Mapping[str, str]], layout: Layout) -> bytes:
    """An element for each answer; where it has one around it, that says which order, and stands alone for an answer that names no number."""
    outermost, *steps = form.records.split("/")
    of_order = {*layout.of("pon"), *layout.of("ver")} if len(steps) > 1 else set()
    tn = next(iter(layout.of("tn")), "")
    root = Element(outermost)
    for one in said:
        around = [root]
        for step in steps if one.get(tn) or not of_order else steps[:-1]:
            around.append(SubElement(around[-1], step))
        for path, text in one.items():
            if text:
                _put(around[len(steps) - 1] if path in of_order else around[-1], path.split("/"), text)
    indent(root)
    data: bytes = tostring(root, "utf-8", xml_declaration=True)
    return data + b"\n"


def _put(element: Element, steps: Sequence[str], text: str) -> None:
    for step in steps:
        if step.startswith("@"):
            element.set(step[1:], text)
            return
        found = element.find(step)
        element = SubElement(element, step) if found is None else found
    element.text = text
