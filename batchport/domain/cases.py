"""The smallest sheets of the catalogue, written out whole: what `rules CODE` shows and the tests run."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from batchport.domain.fields import BY_NAME, FIELDS
from batchport.domain.findings import Rule

#: The time that cases go by, a Wednesday evening, and the nights of the sheets that came before.
AT = "2026-03-04T20:00:00-05:00"
NIGHTS = ("2026-03-02T20:00:00-05:00", "2026-03-03T20:00:00-05:00")
#: Columns that a sheet of any kind must have.
_REQUIRED = ("tn", "losing_carrier", "account_type", "number_type", "name", "destination")


@dataclass(frozen=True, slots=True)
class Case:
    """The smallest way to a finding.

    Attributes:
        sheet: the sheet as CSV; blank where none shows it.
        rows: the sheet's rows that the code stands on; none where it stands on the file.
        along: codes that come with it, because one of them is the cause.
        files: what lies beside the sheet, and in the home: name -> what is in it.
        settings: the customer's settings that it needs.
        before: sheets that were taken in earlier.
        answer: what the partner has said of their lines.
        encoding: how the sheet is written.
        note: how it comes about, where a sheet alone does not show it.
    """

    sheet: str = ""
    rows: tuple[int, ...] = ()
    along: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    answer: str = ""
    encoding: str = "utf-8"
    note: str = ""


@cache
def bases() -> dict[str, dict[str, str]]:
    """Rows without an error or a warning, by kind: field name -> text."""
    text = resources.files(__package__).joinpath("findings.toml").read_text("utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)["base"]
    return found


def case_of(rule: Rule) -> Case:
    """A rule's smallest case."""
    said = dict(rule.case or {})
    rows = said.get("rows", ())
    papers = {bases()[row["base"]].get("loa_file", "") for sheet in (rows, *said.get("before", ())) for row in sheet} - {""}
    files = {name: pdf() if inside == "pdf" else inside for name, inside in {**dict.fromkeys(papers, "pdf"), **said.get("files", {})}.items()}
    return Case(
        sheet=said.get("text") or (sheet_of(rows) if rows else ""), rows=tuple(said.get("on", ())), along=tuple(said.get("with", ())),
        files=files, settings=said.get("settings", {}), before=tuple(sheet_of(sheet) for sheet in said.get("before", ())), answer=said.get("answer", ""),
        encoding=said.get("encoding", "utf-8"), note=said.get("note", ""),
    )  # fmt: skip


def pdf() -> str:
    """A PDF of one blank page, as text."""
    text, places = "%PDF-1.4\n", []
    parts = ("/Type /Catalog /Pages 2 0 R", "/Type /Pages /Kids [3 0 R] /Count 1", "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792]")
    for number, inside in enumerate(parts, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n<< {inside} >>\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return f"{text}xref\n0 4\n0000000000 65535 f \n{table}trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF\n"


def sheet_of(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows of the catalogue as a CSV sheet, with the template's labels: the required columns and those that any row fills."""
    whole = [{**bases().get(row.get("base", ""), {}), **{name: text for name, text in row.items() if name != "base"}} for row in rows]
    names = [each.name for each in FIELDS if each.name in _REQUIRED or any(each.name in row for row in whole)]
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([BY_NAME[name].label for name in names])
    writer.writerows([row.get(name, "") for name in names] for row in whole)
    return target.getvalue()
