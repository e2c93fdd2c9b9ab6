"""A profile told so that a stranger can read what is sent and write what is answered: every record, its fields, their places and values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from batchport.carriers.answers import compose, example
from batchport.carriers.codes import load_codes
from batchport.carriers.layout import Answer, Delimited, Fixed, Form, Json, Layout, OutColumn, Template, Xlsx, Xml
from batchport.carriers.profile import Profile

_ANSWERS: dict[Answer, str] = {
    "pon": "the order's PON as it was sent; blank: the number alone tells the row",
    "ver": "the version of the order that is answered; blank: the newest",
    "tn": "the number, ten digits in any usual form; blank: the whole order",
    "status": "what is said; without case",
    "code": "why, as a code of the table below; none, one, or several",
    "text": "why, in the partner's own words",
    "foc_date": "the day on which the number moves; YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD; a FOC needs it",
    "at": "when it was said, in ISO form; without a zone it is by the profile's clock",
}
_FACTS = {
    "partner": "the partner's id",
    "sequence": "the number of the file, counted on by partner without gaps",
    "sent": "when the file was made, by the profile's clock",
    "orders": "how many orders are in the file",
    "lines": "how many records of lines are in the file: one a number in what is sent, one an answer in what comes back",
    "tn_sum": "the sum of the ten digits of the numbers of all lines, modulo 10^10; a blank number counts nothing",
    "crc32": "the CRC-32 (as of zip and PNG) of all bytes before this record, line breaks counted, as 8 hexadecimal digits",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the description: a title, sentences, and a table or an example."""

    title: str
    notes: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    text: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The part as one object."""
        return {"part": self.title, **self.about, "notes": list(self.notes), "rows": [dict(row) for row in self.rows], **({"text": self.text} if self.text else {})}


def describe(profile: Profile) -> list[Part]:
    """Everything of a profile, in the order in which a stranger needs it."""
    return [_settings(profile), *_submission(profile), *_responses(profile), _codes(profile)]


def _settings(profile: Profile) -> Part:
    windows = ", ".join(f"{window.start:%H:%M}-{window.end:%H:%M}" for window in profile.windows) or "always"
    rows: list[tuple[str, object]] = [
        ("extends", profile.extends or ""), ("file_name", profile.file_name), ("max_lines", profile.max_lines), ("max_lines_per_file", profile.max_lines_per_file),
        ("orders_per_file", profile.orders_per_file or "any number"), ("windows", windows), ("cutoff", f"{profile.cutoff:%H:%M}"), ("timezone", str(profile.timezone)),
        ("holidays", ", ".join(day.isoformat() for day in profile.holidays)), ("soonest", _pairs(profile.soonest.model_dump())),
        ("papers", _pairs(profile.papers.model_dump())), ("required", ", ".join(profile.required)), ("edit_numbers", profile.edit_numbers),
        ("fixed_fields", ", ".join(profile.fixed_fields)), ("freeze", f"{profile.freeze} hours"), ("overdue", f"{profile.overdue} business days"),
        ("lapses", _pairs(profile.lapses.model_dump())),
        ("pad", profile.pad or ""), ("blameless", ", ".join(profile.blameless)), *((f"settings.{name}", value) for name, value in profile.settings.items()),
    ]  # fmt: skip
    return Part("settings", rows=tuple({"setting": name, "value": value} for name, value in rows), about={"profile": profile.name})


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items() if value not in (None, False))


def _submission(profile: Profile) -> Iterator[Part]:
    form = profile.format
    about = {"profile": profile.name, "file": "submission", "format": form.model_dump(exclude={"records"} if isinstance(form, Fixed) else None)}
    if isinstance(form, Fixed):
        for record in form.records:
            per = {"file": "once, at the beginning", "order": "for each order", "line": "for each number of the order", "trailer": "once, at the end"}[record.per]
            notes = (f"{record.length} signs and {form.line_end}, {form.encoding}; {per}.",)
            yield Part(f"submission record {record.name}", notes, tuple(_places(record.fields)), about={**about, "record": record.name, "per": record.per})
    else:
        yield Part("submission", (_in_words(form),), tuple(_column(column) for column in profile.columns), about=about)
    if isinstance(form, Template):
        for file in (form.template, form.xsd):
            if file:
                yield Part(f"submission {Path(file).name}", text=Path(file).read_text("utf-8"), about=about)
    if profile.cover:
        note = f"Beside each submission, as {profile.cover.name}:"
        yield Part("cover sheet", (note,), text=Path(profile.cover.template).read_text("utf-8"), about={"profile": profile.name, "file": "cover"})


def _in_words(form: Delimited | Fixed | Xlsx | Json | Xml | Template) -> str:
    if isinstance(form, Delimited):
        sign = {",": "a comma", ";": "a semicolon", "|": "|", "\t": "a tab"}[form.delimiter]
        header = "a header line, then a line each" if form.header else "no header line, a line each"
        return f"Text in {form.encoding}, {header}, {sign} between values, values quoted as in RFC 4180 where they must be, {form.line_end}."
    if isinstance(form, Xlsx):
        other = " Text with the same columns is read too: " + _in_words(form.text) if form.text else ""
        return f"An Excel workbook (.xlsx) with a header line on its first sheet, every cell text.{other}"
    if isinstance(form, Json):
        where = f"the list at {form.records}" if form.records else "a list"
        return f"JSON in UTF-8: {where}, an object each; names with dots are objects in objects, and what an object does not say is looked for in the one around it."
    if isinstance(form, Xml):
        return (
            f"XML, the elements {form.records}, without a document type. What an element does not say, the one around it says; one around it without any "
            "stands for itself."
        )
    if isinstance(form, Template):
        return f"{form.media} in UTF-8, made by {Path(form.template).name}, which sees these values of the order and, in numbers, of each number:"
    return f"Lines of fixed width in {form.encoding}, {form.line_end} (LF is read too)."


def _column(column: OutColumn) -> dict[str, Any]:
    return {"field": column.header, "value": _value(column), "form": _form(column.form, column), "longest": column.room}


def _value(column: OutColumn) -> str:
    if column.value is not None:
        return f"always {column.value}"
    if column.fact:
        return _FACTS[column.fact]
    if column.setting:
        return f"the setting {column.setting}" + (f", or where it is blank {column.source}" if column.source else "")
    return column.source or "anything"


def _form(form: Form, column: OutColumn) -> str:
    said = []
    if form.kind != "text":
        said.append(f"{form.kind} {form.pattern or {'telephone': 'NNNNNNNNNN', 'date': 'YYYY-MM-DD', 'moment': '%Y%m%d%H%M%S'}[form.kind]}")
    if form.case != "keep":
        said.append(f"{form.case} case")
    if form.plain:
        said.append("without accents")
    if form.omit:
        said.append(f"blank for {', '.join(form.omit)}")
    if column.room is not None and form.too_long == "cut":
        said.append("cut where longer")
    if column.width:
        said.append("at the right, zeros before it" if column.fill == "0" else f"at the {column.align}, blanks beside it")
    return "; ".join(said)


def _places(fields: tuple[OutColumn, ...], answers: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    start = 1
    for one in fields:
        width = one.width or 0
        value = (answers or {}).get(one.header) or _value(one)
        yield {"field": one.header, "from": start, "to": start + width - 1, "width": width, "value": value, "form": _form(one.form, one)}
        start += width


def _responses(profile: Profile) -> Iterator[Part]:
    several = len(list(profile.responses.layouts)) > 1
    for number, layout in enumerate(profile.responses.layouts, 1):
        name = f"response, kind {number}" if several else "response"
        about = {"profile": profile.name, "file": "response", "format": layout.format.model_dump(exclude={"records"} if isinstance(layout.format, Fixed) else None)}
        words = {header: _ANSWERS[answer] + (", joined with others" if len(layout.of(answer)) > 1 else "") for answer in layout.columns for header in layout.of(answer)}
        if layout.one_for_both:
            words[layout.of("status")[0]] = f"a word below, or codes with {layout.code_separator} between"
        if isinstance(layout.format, Fixed):
            for record in layout.format.records:
                per = {"file": "once, at the beginning", "order": "for each order", "line": "for each answer, in any order", "trailer": "once, at the end; what it says is compared"}
                notes = (f"{record.length} signs and a line break (CRLF or LF), {layout.format.encoding}; {per[record.per]}.",)
                yield Part(f"{name} record {record.name}", notes, tuple(_places(record.fields, words)), about={**about, "record": record.name, "per": record.per})
        else:
            needed = "A file without one that is needed is set aside whole. Columns may stand in any order; others are passed over."
            rows = tuple({"field": header, "needed": must, "value": words[header]} for header, must in layout.headers.items())
            yield Part(name, (_in_words(layout.format), needed), rows, about=about)
        yield from _said(profile, layout, name, about)


def _said(profile: Profile, layout: Layout, name: str, about: Mapping[str, Any]) -> Iterator[Part]:
    rows = [{"word": word, "means": status} for status, words in layout.statuses.items() for word in words]
    if layout.otherwise:
        rows.append({"word": "anything else", "means": layout.otherwise})
    column = " or ".join(layout.of("status"))
    yield Part(f"{name} words", (f"What may stand in {column}; codes have {layout.code_separator} between.",), tuple(rows), about=about)
    if isinstance(layout.format, Xml) and layout.format.xsd and not (isinstance(profile.format, Template) and profile.format.xsd == layout.format.xsd):
        yield Part(f"{name} {Path(layout.format.xsd).name}", text=Path(layout.format.xsd).read_text("utf-8"), about=about)
    known = [reason.code for reason in load_codes(profile).reasons.values()]
    yield Part(f"{name} example", text=_shown(layout, compose(layout, example(layout, known[:2]))), about=about)


def _shown(layout: Layout, data: bytes) -> str:
    """A file as people see it; of a workbook, its cells."""
    if not isinstance(layout.format, Xlsx):
        return data.decode(getattr(layout.format, "encoding", "utf-8")).replace("\r\n", "\n")
    from batchport.carriers.formats.xlsx import rows_of

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row for _, row in rows_of(data)[0])
    return out.getvalue()


def _codes(profile: Profile) -> Part:
    reasons = load_codes(profile).reasons.values()
    rows = tuple(
        {"code": reason.code, "class": reason.class_, "field": reason.field, "scope": reason.scope, "blames": reason.blames, "reason": reason.text, "remedy": reason.remedy}
        for reason in reasons
    )
    return Part("codes", ("An unknown code keeps the partner's text and is of class OPS.",), cast("tuple[Mapping[str, Any], ...]", rows), about={"profile": profile.name})
