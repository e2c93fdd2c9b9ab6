"""The report: facts into one HTML page that needs nothing but itself.

The template is `report/report.html`, with `report.css` and `report.js` beside it, which an operator's folder may take the place of, each by itself. The page
tells the browser by their SHA-256 to run and to apply these two and nothing else, and to ask nobody for anything. In the template:

    facts                      what is told (`ReportFacts`)
    tables.NAME                a `Table`, by the names of the functions in `tables`; `tables.waits` are several
    charts.NAME                a picture of it, or nothing where there is nothing to see
    style, script              the two files, and `policy`, which names them
    5|counted("number")        "5 numbers"
    value|shown("number")      a cell as it is written, by the kind of its column; value|plain what it is sorted by
    datetime|moment            "2026-03-04 20:00 EST"

Whatever is written is freed of control characters and escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, TemplateNotFound
from markupsafe import Markup

from batchport.domain.lifecycle import State
from batchport.reports import charts, tables
from batchport.reports.charts import Bar
from batchport.reports.facts import ReportFacts
from batchport.reports.tables import Cell, Table
from batchport.templates import TemplateFault, clean, environment, moment, rendered

#: How many bars a chart has at most; its table has everything.
_BARS = 8
# Not strftime's names, which change with the locale of the process.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def report_page(facts: ReportFacts, folders: Sequence[Path]) -> str:
    """The page that tells the facts.

    Args:
        facts: what it tells.
        folders: searched for `report/report.html`, `.css` and `.js`, first to last.

    Raises:
        TemplateFault: the template cannot be rendered.
    """
    templates = environment(folders, finalize=_written)
    templates.filters |= {"counted": counted, "shown": shown, "plain": plain, "moment": moment}
    told = {"facts": facts, "tables": _tables(facts), "charts": _charts(facts), "percentile": tables.percentile}
    style, script = (_inline(templates, name) for name in ("report/report.css", "report/report.js"))
    page = rendered(templates, "report/report.html", **told, style=style, script=script, policy=_policy(style, script))
    return re.sub(r"\n\s*\n+", "\n", page).strip() + "\n"


def _written(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _inline(templates: Environment, name: str) -> Markup:
    """A file as it stands in the page, where blank lines are left out."""
    try:
        text, _, _ = cast("FileSystemLoader", templates.loader).get_source(templates, name)
    except TemplateNotFound:
        raise TemplateFault(f"{name}: there is no such file of the report") from None
    return Markup(re.sub(r"\n\s*\n+", "\n", text).strip())  # noqa: S704  ours, or the operator's own


def _policy(style: str, script: str) -> str:
    """What the browser may do with the page."""
    first, second = (f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (style, script))
    return f"default-src 'none'; style-src {first}; script-src {second}; img-src data:; base-uri 'none'; form-action 'none'"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "number"), counted(1200, "number"), counted(0, "entry", "entries")
    ('1 number', '1,200 numbers', '0 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shown(value: Cell, kind: str) -> str:
    """A cell as it is written.

    >>> shown(1234, "number"), shown(0.5, "share"), shown(0.0004, "share"), shown(date(2026, 3, 4), "date"), shown(None, "number")
    ('1,234', '50%', 'under 1%', '2026-03-04', '')
    """
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case int() | float() if kind == "share":
            return "under 1%" if 0 < value < 0.01 else f"{int(value * 100)}%"  # not all of something is never 100%
        case int():
            return f"{value:,}"
    return str(value)


def plain(value: Cell) -> str:
    """What a cell is sorted by, where that is not what is written; blank where it is."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case int() | float():
            return f"{value:.6g}" if isinstance(value, float) else str(value)
    return ""


def _tables(facts: ReportFacts) -> dict[str, Any]:
    made = (tables.states, tables.reasons, tables.carriers, tables.classes, tables.faults, tables.due, tables.strange, tables.moving, tables.customers, tables.partners)
    waits = [(name, wait, tables.wait(name, wait)) for name, wait in facts.waits.items()]
    return {**{make.__name__: make(facts) for make in made}, "waits": waits}


def _charts(facts: ReportFacts) -> dict[str, Any]:
    """A picture of each table that has one."""
    states = [Bar(tables.words(state.label), facts.rows[state.label], tables.tone(state)) for state in State]
    drawn: dict[str, Any] = {
        "states": charts.bars("chart-states", "Rows by state", states) if facts.rows["read"] else None,
        "moving": _columns(tables.moving(facts)),
        "waits": {name: _columns(tables.wait(name, wait)) for name, wait in facts.waits.items()},
    }
    for table, label, value in ((tables.reasons(facts), (0, 2), 1), (tables.carriers(facts), (0,), 1), (tables.classes(facts), (0,), 2), (tables.faults(facts), (0,), 1)):
        drawn[table.id] = _bars(table, label, value)
    return drawn


def _bars(table: Table, label: tuple[int, ...], value: int) -> Markup | None:
    """The first lines of a table as bars; the label is made of some columns."""
    points = [Bar(" ".join(str(row[place]) for place in label).strip(), int(str(row[value]))) for row in table.rows[:_BARS]]
    more = f", the first {_BARS} of {len(table.rows)}" if len(table.rows) > _BARS else ""
    return charts.bars(f"chart-{table.id}", f"{table.caption}{more}", points) if points else None


def _columns(table: Table) -> Markup | None:
    """A table of two columns as bars beside each other."""
    points = [Bar(f"{_MONTHS[row[0].month - 1]} {row[0].day}" if isinstance(row[0], date) else str(row[0]), int(str(row[1]))) for row in table.rows]
    return charts.columns(f"chart-{table.id}", table.caption, points) if points else None
