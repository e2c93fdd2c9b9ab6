"""Which column is which, told to people and confirmed by them.

What a sheet's columns are taken for is proposed column by column, with reasons and a few cells. An operator confirms it; it is then remembered for that
customer and that set of headers, and rows are made of the files that waited for it.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from batchport.domain.fields import BY_NAME, FIELDS, PARTS
from batchport.domain.terms import Terms
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.assess import UNREADABLE, FileFinding, ReadFile, SheetRead, read_requests, read_whole, understood
from batchport.pipeline.shelves import archived, plain_copy
from batchport.pipeline.wording import MASK, file_words
from batchport.spreadsheets.headers import SYNONYM, Confirmed, Saved, comparable, fingerprint, header_set, hidden
from batchport.spreadsheets.limits import Limits
from batchport.spreadsheets.mapping import first_cells
from batchport.spreadsheets.pool import ReaderPool
from batchport.spreadsheets.sheet import Unreadable
from batchport.spreadsheets.witness import decides, refuses, said
from batchport.store.acts import record_act
from batchport.store.mappings import ask_to_retake, confirmed_of, insert_mapping, waiting_files

CERTAIN, CONFIRM, IGNORED = "certain", "confirm", "ignored"
_REASONS = {
    "saved": "confirmed for this customer",
    "label": "the template's own header",
    "alias": "a header that is known for it",
    "synonym": "its words leave no other meaning",
    "content": "the header may mean it, and the cells agree",
}
_EXAMPLES = 3
_LIKE = 78
_SHOWN_SIGNS = 40
#: What the cells say so plainly that it is proposed under a header that nobody knows.
_TOLD_BY_CELLS = ("tn", "account_type", "number_type")


def saved_of(app: App, customer: str) -> Saved:
    """What a customer's headers were said to mean: in the settings, and by confirming.

    Raises:
        Unknown: there is no such customer.
    """
    columns = app.customer(customer).columns
    with app.store.reading() as connection:
        return Saved(columns, tuple(Confirmed(*each) for each in confirmed_of(connection, customer)))


def proposal_of(read: ReadFile) -> dict[str, Any]:
    """What the columns of a file are taken for, an entry a column, and what is missing; secrets are masked."""
    lines = [line for sheet in read.sheets for line in _sheet_lines(read.name, sheet)]
    return {"lines": lines, "missing": list(dict.fromkeys(label for sheet in read.sheets for label in sheet.missing))}


def _sheet_lines(file: str, read: SheetRead) -> Iterator[dict[str, Any]]:
    """A line for each column of a sheet."""
    sheet, mapping = read.sheet, read.mapping
    proposed = _proposed(read)
    repeated = {header for _, header in read.repeated}
    cells = {place: first_cells(sheet, place) for place in range(len(sheet.headers))}
    secrets = {
        cell.strip() for place in cells if hidden(sheet.headers[place]) or _is_secret(_names(read, place)) for cell in said(cells[place]) if len(cell.strip()) > 2
    }
    for place, header in enumerate(sheet.headers):
        name = mapping.field_at(place)
        line: dict[str, Any] = {"file": file, "sheet": sheet.name, "place": place, "header": header, "field": name, "certainty": CERTAIN, "reason": "", "candidates": []}
        if name is not None:
            line["reason"] = _REASONS[mapping.reason[place]]
            if header in repeated:
                line |= {"certainty": CONFIRM, "reason": "another column gives the same, and they do not say the same"}
        elif place in mapping.ambiguous:
            candidates = list(mapping.ambiguous[place])
            line |= {"certainty": CONFIRM if candidates else IGNORED, "field": proposed.get(place), "reason": mapping.why[place], "candidates": candidates}
        elif place in proposed:
            line |= {"certainty": CONFIRM, "field": proposed[place], "reason": "its header is not known, but its cells fit", "candidates": [proposed[place]]}
        else:
            line |= {"certainty": IGNORED, **_ignored(read, place, header)}
        plain = name is not None and name != "notes"
        line["samples"] = _samples(cells[place], header, _names(read, place), secrets, plain=plain)
        yield line


def _names(read: SheetRead, place: int) -> tuple[str, ...]:
    """What a column is, or may be."""
    name = read.mapping.field_at(place)
    return (name,) if name is not None else read.mapping.ambiguous.get(place, ())


def _proposed(read: SheetRead) -> dict[int, str]:
    """What the columns that are not certain are taken for if nobody says otherwise: no field twice, and none that is given already."""
    mapping = read.mapping
    wishes: dict[int, str] = {}
    for place, candidates in mapping.ambiguous.items():
        cells = first_cells(read.sheet, place)
        # What the cells contradict is not proposed; before the others, what they agree with.
        fit = [name for name in candidates if name not in mapping.columns and not refuses(name, SYNONYM, said(cells))]
        if fit:
            wishes[place] = decides(fit, cells) or fit[0]
    lacking = [name for name in _TOLD_BY_CELLS if BY_NAME[name].label in read.missing and name not in wishes.values()]
    for place in mapping.unknown if lacking else ():
        if not mapping.why.get(place) and (name := decides(lacking, first_cells(read.sheet, place))):
            wishes[place] = name
    often = Counter(wishes.values())
    return {place: name for place, name in wishes.items() if often[name] == 1}


def _ignored(read: SheetRead, place: int, header: str) -> dict[str, Any]:
    """Why a column is not read, and what its header is like where something is missing."""
    if place in read.mapping.results:
        return {"reason": "a column of our own results"}
    if place in read.mapping.reason:
        return {"reason": "it was said that it is not to be read"}
    if not header.strip():
        return {"reason": "it has no header"}
    why = read.mapping.why.get(place, "")
    if why:
        return {"reason": why}
    candidates = [name for name in like(header) if name not in read.mapping.columns] if read.missing else []
    return {"reason": "no header that is known" + ("; it resembles others" if candidates else ""), "candidates": candidates}


def like(header: str) -> list[str]:
    """Fields whose headers a header resembles, the nearest first: a suggestion, and never more."""
    from rapidfuzz import fuzz, process

    known = {alias: each.name for each in FIELDS for alias in (each.label, *each.aliases)}
    found = process.extract(header.casefold(), {alias: alias.casefold() for alias in known}, scorer=fuzz.token_sort_ratio, limit=6, score_cutoff=_LIKE)
    return list(dict.fromkeys(known[alias] for _, _, alias in found))[:3]


def _is_secret(names: Iterable[str]) -> bool:
    return any(name in BY_NAME and BY_NAME[name].secret for name in names)


def _samples(cells: Sequence[str], header: str, names: Sequence[str], secrets: set[str], *, plain: bool) -> list[str]:
    """The first different cells of a column as people may see them; `plain`: it is known for certain to hold no secret."""
    shown = dict.fromkeys(" ".join(cell.split())[:_SHOWN_SIGNS] for cell in said(cells))
    if _is_secret(names) or (hidden(header) and not plain):
        return [MASK] if shown else []
    found = []
    for cell in shown:
        number = bool(decides(("tn",), (cell,)))
        kept = number or (cell not in secrets and (plain or sum(sign.isdigit() for sign in cell) < 3))
        found.append(cell if kept else MASK)
    return list(dict.fromkeys(found))[:_EXAMPLES]


@dataclass(frozen=True, slots=True)
class Shown:
    """A file's columns, for people and programs.

    Attributes:
        read: the file.
        lines: an entry a column.
        missing: the labels of what is missing.
    """

    read: ReadFile
    lines: list[dict[str, Any]]
    missing: list[str]

    def json_lines(self) -> Iterator[dict[str, Any]]:
        """The objects of the JSON output."""
        yield from self.lines
        counts = Counter(line["certainty"] for line in self.lines)
        findings = [{"code": problem.code, "sheet": problem.sheet, "column": problem.column, **_words(problem)} for problem in self.read.problems]
        yield {
            "summary": {
                "file": self.read.name, "state": self.read.state, "missing": self.missing, "columns": len(self.lines),
                **{name: counts[name] for name in (CERTAIN, CONFIRM, IGNORED)}, "findings": findings,
            }
        }  # fmt: skip


def _words(problem: FileFinding) -> dict[str, str]:
    words = file_words(problem)
    return {"message": words.message, "fix": words.fix}


def columns_of(path: Path, name: str, limits: Limits, app: App | None, customer: str | None) -> list[Shown]:
    """What the columns of a file are taken for, or of every sheet in a zip archive.

    Raises:
        Unknown: there is no such customer.
        OSError: the file cannot be opened.
    """
    terms = app.terms(customer) if app is not None and customer is not None else Terms()
    saved = saved_of(app, customer) if app is not None and customer is not None else Saved()
    with ReaderPool(limits) as pool:
        files = read_whole(path, name, terms, limits, saved, pool)
    proposals = [(read, proposal_of(read)) for read in files]
    return [Shown(read, told["lines"], told["missing"]) for read, told in proposals]


def waiting(app: App, name: str, customer: str | None) -> Any:
    """The newest file of a name that waits for its columns.

    Raises:
        Unknown: there is none, or files of several customers are called so.
    """
    with app.store.reading() as connection:
        found = waiting_files(connection, customer=customer, name=name)
    whose = sorted({record.customer for record in found})
    if len(whose) > 1:
        raise Unknown(f"files called {name} of {' and '.join(whose)} wait; name the customer: --customer ID")
    if not found:
        raise Unknown(f"{name} is neither a file here nor one{f' of {customer}' if customer else ''} that waits for its columns")
    return found[-1]


def confirm_waiting(app: App, record: Any, changes: Mapping[str, str], why: str) -> str:
    """Confirm the proposal for a file that was taken in and waits; the sentence that says what was done.

    Raises:
        Unknown: the file is not in the archive any more, or it is still not certain which column is which.
    """
    path = archived(app, record)
    if path is None:
        raise Unknown(f"{record.name} of {record.customer} is not in the archive any more; confirm a copy of it: columns confirm FILE --customer {record.customer}")
    with plain_copy(app, path) as copy:
        return confirm(app, copy, record.name, record.customer, changes, why)


def confirm(app: App, path: Path, name: str, customer: str, changes: Mapping[str, str], why: str) -> str:
    """Confirm the proposal for a file, and remember it; the sentence that says what was done.

    What was confirmed, who did it, and which files are to be looked at again is stored in one transaction, so that a pass that comes later makes rows of
    them even if this one is cut off.

    Args:
        app: the installation.
        path: the file.
        name: what to call it.
        customer: whose it is.
        changes: header -> field or part, "" for a column that is not to be read; they go before the proposal.
        why: the operator's reason.

    Raises:
        Unknown: a header or field that is not there, a file that cannot be read, or columns that are still not certain.
    """
    saved = saved_of(app, customer)
    terms = app.terms(customer)
    with ReaderPool(app.limits) as pool:
        told = {comparable(header): field for header, field in changes.items()}
        finding = replace(saved, confirmed=(Confirmed(frozenset(told), told), *saved.confirmed)) if told else saved
        read = read_requests(path, name, terms, app.limits, finding, pool)
    if read.state == UNREADABLE:
        raise Unreadable(read.problems[0].code, f"{name}: {file_words(read.problems[0]).message}")
    _refuse_unknown(read, changes)
    confirmed = [_confirmed(sheet, told) for sheet in read.sheets]
    _refuse_unclear(read, confirmed, terms, saved, app.limits)
    with app.store.transaction() as connection:
        for each in {fingerprint(each.headers): each for each in confirmed}.values():
            insert_mapping(
                connection, customer=customer, fingerprint=fingerprint(each.headers), headers=sorted(each.headers), columns=each.columns, at=app.stamp, who=app.user, why=why
            )  # fmt: skip
        record_act(connection, at=app.stamp, who=app.user, what="columns confirm", why=why, source=f"{customer}/{name}")
        waited = _ask_for(connection, customer, confirmed)
    files = f"; {len(waited)} waiting {'file is' if len(waited) == 1 else 'files are'} read again" if waited else ""
    return f"The columns of {name} are confirmed for {customer}, and for every later sheet with these headers{files}."


def _confirmed(read: SheetRead, told: Mapping[str, str]) -> Confirmed:
    """What the columns of a sheet mean from now on: what is certain, what was proposed, and before all what was said."""
    headers = header_set(read.sheet.headers)
    keys = [comparable(header) for header in read.sheet.headers]
    columns = {key: "" for place, key in enumerate(keys) if read.mapping.reason.get(place) and read.mapping.field_at(place) is None}
    columns |= {keys[place]: name for name, places in read.mapping.columns.items() for place in places}
    proposed = {keys[place]: name for place, name in _proposed(read).items() if name not in told.values()}
    return Confirmed(headers, {key: name for key, name in {**columns, **proposed, **told}.items() if key in headers})


def _refuse_unknown(read: ReadFile, changes: Mapping[str, str]) -> None:
    """Raise where a change names a header or a field that is not there."""
    headers = {comparable(header): header for sheet in read.sheets for header in sheet.sheet.headers if header.strip()}
    for header, field in changes.items():
        if comparable(header) not in headers:
            near = difflib.get_close_matches(header, headers.values(), n=1, cutoff=0.5)
            raise Unknown(f"{read.name} has no column {header!r}{f'; did you mean {near[0]!r}?' if near else ''}")
        if field and field not in BY_NAME and field not in PARTS:
            near = difflib.get_close_matches(field, (*BY_NAME, *PARTS), n=1)
            raise Unknown(f"there is no field {field!r}{f'; did you mean {near[0]!r}?' if near else ''}")


def _refuse_unclear(read: ReadFile, confirmed: Sequence[Confirmed], terms: Terms, saved: Saved, limits: Limits) -> None:
    """Raise where rows could still not be made of the file."""
    known = Saved(saved.columns, (*confirmed, *saved.confirmed))
    for sheet in read.sheets:
        after, _ = understood(sheet.sheet, terms, known, limits)
        if after.clear:
            continue
        said_ = []
        if after.unsure:
            said_.append(f"say what {' and '.join(map(repr, after.unsure))} {'is' if len(after.unsure) == 1 else 'are'}: --set \"{after.unsure[0]}=FIELD\", or \"{after.unsure[0]}=\" to pass it over")
        if after.repeated:
            said_.append(f"{' and '.join(repr(header) for _, header in after.repeated)} gives what another column gives, and they differ: --set \"{after.repeated[0][1]}=\" passes it over")
        if after.missing:
            said_.append(f"nothing gives {', '.join(after.missing)}: --set \"HEADER=FIELD\", or a default of the customer")
        raise Unknown(f"{read.name} cannot be read so; {'; '.join(said_)}. Nothing was changed")


def _ask_for(connection: Connection, customer: str, confirmed: Sequence[Confirmed]) -> list[Any]:
    """Ask for the customer's waiting files that have a sheet with the confirmed headers to be read again."""
    found = []
    for record in waiting_files(connection, customer=customer):
        sheets = [header_set(sheet["headers"]) for sheet in json.loads(record.sheets)]
        if any(each.headers <= there for each in confirmed for there in sheets):
            ask_to_retake(connection, record.id)
            found.append(record)
    return found
