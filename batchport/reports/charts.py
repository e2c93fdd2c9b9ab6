"""Tables into pictures: bars drawn by pygal, without its scripts, tooltips and colours.

What pygal draws is taken apart once more: the page has no room for scripts, styles or attributes of style (its content security policy refuses them), the
remark about the day on which it was drawn would make every page another one, and its titles speak of places on the screen. What is left are shapes and texts
with classes, which `report.css` gives colours for light, dark and paper; and a title and a description, which a screen reader reads.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal.etree import etree
from pygal.style import Style

from batchport.templates import clean

_NAMESPACE = "{http://www.w3.org/2000/svg}"
#: Pixels: as wide as the narrowest screen has room for, so that letters stay as large as those of the text beside.
_WIDTH, _LETTER, _BAR, _HEIGHT = 380, 13, 26, 210
#: Signs of a label.
_LABEL = 24
_STYLE = Style(font_family="sans-serif", label_font_size=_LETTER, major_label_font_size=_LETTER, value_font_size=_LETTER)
# pygal looks for maps that are no part of it in a way that Python has given up, and that warns whenever anything whatsoever is looked for and not there.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
# With lxml installed pygal would draw with that, and other bytes would come out.
etree.to_etree()
ET.register_namespace("", _NAMESPACE[1:-1])


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart; `tone` is a class of the style sheet: `needs` for what needs somebody, `done` for what is at its end."""

    label: str
    value: int
    tone: str = ""


def bars(name: str, title: str, points: Sequence[Bar]) -> Markup:
    """Bars below each other, the first on top, each with its number at its end."""
    chart = pygal.HorizontalBar(
        width=_WIDTH, height=_BAR * len(points) + 12, show_x_guides=False, show_x_labels=False, range=(0, _room(points)), **_options(),
    )  # fmt: skip
    return _drawn(chart, name, title, points, reverse=True)


def columns(name: str, title: str, points: Sequence[Bar]) -> Markup:
    """Bars beside each other, each with its number on top."""
    chart = pygal.Bar(width=_WIDTH, height=_HEIGHT, show_y_labels=False, y_labels=[0], range=(0, _room(points)), **_options())
    return _drawn(chart, name, title, points)


def _options() -> dict[str, Any]:
    return {
        "js": [], "css": [], "style": _STYLE, "show_legend": False, "print_values": True, "print_values_position": "top", "explicit_size": False, "no_prefix": True, "margin": 2,
        "spacing": 6, "disable_xml_declaration": True,
    }  # fmt: skip


def _room(points: Sequence[Bar]) -> float:
    """The end of the scale: the greatest number, and room to write it."""
    return max(1, *(point.value for point in points)) * 1.16


def _drawn(chart: Any, name: str, title: str, points: Sequence[Bar], *, reverse: bool = False) -> Markup:
    drawn = list(reversed(points)) if reverse else list(points)
    chart.x_labels = [shortened(clean(point.label), _LABEL) for point in drawn]
    values = [{"value": point.value, "formatter": lambda value: f"{value:,}", "node": {"class": f"bar-shape {point.tone}".strip()}} for point in drawn]
    chart.add("", values)
    root = chart.render_tree()
    _strip(root)
    root.attrib.pop("id", None)
    root.attrib |= {"class": "chart", "role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    root[0].set("aria-hidden", "true")
    said = "; ".join(f"{clean(point.label)}: {point.value:,}" for point in points)
    for place, (kind, text) in enumerate((("title", title), ("desc", f"{said}."))):
        element = ET.Element(kind, {"id": f"{name}-{kind}"})
        element.text = text
        root.insert(place, element)
    return Markup(ET.tostring(root, "unicode"))  # noqa: S704  made by ElementTree, which escapes what is text


def _strip(element: ET.Element) -> None:
    """Take out what is for pygal's own scripts and styles, and what would differ from day to day."""
    for child in list(element):
        tag = child.tag.removeprefix(_NAMESPACE) if isinstance(child.tag, str) else "comment"
        if tag in ("comment", "defs", "title", "desc") or "tooltip" in child.get("class", "").split() or (tag == "rect" and child.get("class") == "background"):
            element.remove(child)
        else:
            child.attrib.pop("style", None)
            _strip(child)


def shortened(text: str, length: int) -> str:
    """The text, cut off with a sign that says so where it is longer.

    >>> shortened("carrier rejected", 10)
    'carrier r…'
    """
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
