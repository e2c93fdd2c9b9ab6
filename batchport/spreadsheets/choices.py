"""What a cell may choose from: the lists behind the drop-downs of the template and of results workbooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from batchport.data import load_reference
from batchport.domain.fields import BY_NAME, FIELDS, RESULT_SHEETS
from batchport.spreadsheets.plain_sheet import cut

#: The hidden sheet that holds lists.
LISTS = RESULT_SHEETS[-1]
#: The fields that may have a list.
OFFERED = (*(field.name for field in FIELDS if field.choices), "state", "destination")
#: The longest list that a drop-down can hold by itself, its commas counted.
_LONGEST_INLINE = 255


def offered(destinations: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Field -> what its cells may choose from, for the fields that have a list.

    Args:
        destinations: the customer's lines that numbers can go to; none: any text.
    """
    choices = {field.name: field.choices for field in FIELDS} | {"state": load_reference().state_list, "destination": tuple(destinations)}
    return {name: listed for name, listed in choices.items() if listed}


def list_ranges(lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Where the choices of each field stand on the sheet of lists."""
    letters = [(name, xl_col_to_name(column)) for column, name in enumerate(lists)]
    return {name: f"={LISTS}!${letter}$2:${letter}${len(lists[name]) + 1}" for name, letter in letters}


def write_lists(sheet: Worksheet, lists: Mapping[str, Sequence[str]], text: Any) -> None:
    """Fill the hidden sheet of lists, a column each."""
    sheet.hide()
    for column, (name, choices) in enumerate(lists.items()):
        for row, choice in enumerate([BY_NAME[name].label, *choices]):
            sheet.write_string(row, column, cut(choice), text)


def fits_inline(choices: Sequence[str]) -> bool:
    """Whether a drop-down can hold the list by itself, without a sheet of lists."""
    return len(",".join(choices)) <= _LONGEST_INLINE and not any("," in choice or '"' in choice for choice in choices)


def drop_down(name: str, source: str | Sequence[str]) -> dict[str, Any]:
    """A field's drop-down. What is not in the list is asked about, not refused: other spellings are understood too."""
    return {
        "validate": "list", "source": source if isinstance(source, str) else list(source), "error_type": "warning", "error_title": BY_NAME[name].label[:32],
        "error_message": "This is not one of the list. Keep it all the same?",
    }  # fmt: skip
