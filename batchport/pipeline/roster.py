"""A customer's list of its lines, read from the file that its settings name."""

from __future__ import annotations

import csv
from pathlib import Path

from batchport.config import ConfigProblem
from batchport.domain.roster import MANY, ONE, Roster

_HEADER = ["line", "takes"]


def load_roster(path: Path, customer: str) -> Roster:
    """The lines in a CSV file `line,takes`, of which each takes `one` or `many`.

    Raises:
        ConfigProblem: the file cannot be read, or a line of it is not clear; nothing is checked against half a list.
    """
    try:
        records = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not CSV in UTF-8"
        raise ConfigProblem(f"the roster of customer {customer}, {path}, cannot be read: {why}") from None
    if not records or [cell.strip().lower() for cell in records[0]] != _HEADER:
        raise ConfigProblem(f"{path}, line 1: a roster begins with the header 'line,takes'")
    lines: dict[str, str] = {}
    seen: set[str] = set()
    for number, record in enumerate(records[1:], 2):
        cells = [cell.strip() for cell in record]
        if not any(cells):
            continue
        if len(cells) != 2 or not cells[0] or cells[1].lower() not in (ONE, MANY):
            raise ConfigProblem(f"{path}, line {number}: a line of a roster is a name and 'one' or 'many', such as line-0142,one")
        if cells[0].lower() in seen:
            raise ConfigProblem(f"{path}, line {number}: {cells[0]!r} stands twice in the roster")
        seen.add(cells[0].lower())
        lines[cells[0]] = cells[1].lower()
    return Roster(lines)
