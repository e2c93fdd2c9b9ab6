"""How cells of a results workbook look; every one of them is text.

A colour is never the only sign, for a sheet may be printed in black or read by somebody who cannot tell red from amber: an error stands in a bold box, a
warning in a dashed one. Each colour comes with its own ink, so that neither depends on what a spreadsheet program takes for plain in a dark theme.
"""

from __future__ import annotations

import xlsxwriter

_ERROR = {"bg_color": "#FFC7CE", "font_color": "#9C0006", "bold": True, "border": 1, "border_color": "#9C0006"}
_WARNING = {"bg_color": "#FFEB9C", "font_color": "#7F6000", "border": 3, "border_color": "#7F6000"}

#: Places in `Looks.cells`: the first look of wrapped cells, and what a warning and an error are beyond a plain cell.
WRAPPED, AS_WARNING, AS_ERROR = 3, 1, 2
#: The paper of the United States and Canada.
LETTER = 1


class Looks:
    """The formats of a results workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        text = {"num_format": "@", "valign": "top"}
        self.title = book.add_format({**text, "bold": True, "font_size": 16})
        self.headline = book.add_format({**text, "bold": True, "font_size": 12})
        self.own_header = book.add_format({**text, "bold": True, "bg_color": "#D9E1F2", "font_color": "#000000", "bottom": 1})
        self.our_header = book.add_format({**text, "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "bottom": 1})
        self.number = book.add_format({**text, "align": "right", "indent": 1})
        self.number_header = book.add_format({**text, "bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "bottom": 1, "align": "right", "indent": 1})
        #: Plain, warning and error on one line, then the same on several.
        self.cells = [book.add_format({**text, **colours, "text_wrap": wrap}) for wrap in (False, True) for colours in ({}, _WARNING, _ERROR)]
