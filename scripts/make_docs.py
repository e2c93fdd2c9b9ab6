"""Write the pages of docs/ that are made from the program itself.

`python scripts/make_docs.py` writes them; with `--check` it only says which of them are not what would be written, and fails.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

# The checkout comes before what may be installed.
from batchport.carriers.layout import described  # noqa: E402
from batchport.carriers.profile import Profile  # noqa: E402
from batchport.cli import batchport  # noqa: E402
from batchport.domain.cases import case_of, near_of  # noqa: E402
from batchport.domain.fields import BY_NAME, FIELDS, PARTS, RESULT_LABELS, Field  # noqa: E402
from batchport.domain.findings import Rule, catalogue  # noqa: E402
from batchport.domain.lifecycle import ENDED, GIVEN_BACK, ORDERLESS, OUR_MOVES, PARTNER_MOVES, UNSENT, Answer, State, Verdict, verdict  # noqa: E402
from batchport.domain.requests import Requests  # noqa: E402
from batchport.files import write_whole  # noqa: E402
from batchport.spreadsheets.mapping import map_headers, missing_columns  # noqa: E402

PART_TITLES = {
    "file": "The file and its columns",
    "number": "The number",
    "kind": "Kind of number and account",
    "account": "Account, billing number, PIN",
    "carrier": "The carrier",
    "names": "Names",
    "address": "The service address",
    "dates": "Dates",
    "line": "The line it goes to",
    "papers": "Papers",
    "order": "The order",
    "row": "The row",
}

_FINDINGS = """\
# Findings

What batchport can say of a file, a row or an order. An *error* rejects the row, a *warning* asks to look again, an *info* tells what was changed or
filled in. Words in *italics* stand for what is found in the sheet.

Below each table stands the smallest sheet with each finding, and what is changed in a sheet that is nearly the same and without it: lines that begin with `-` are
of the one, with `+` of the other. `batchport rules CODE` shows the two as they are. They are told as of Wednesday, 4 March 2026, 20:00 in New York; sheets
that were taken before came on the two evenings before it.

This page is made from `batchport/domain/findings.toml` by `python scripts/make_docs.py`; change it there.
"""


def findings_page() -> str:
    """The catalogue of findings as a page of Markdown: a table for each part, in the catalogue's order."""
    sections = [_section(part, list(rules)) for part, rules in groupby(catalogue().values(), key=lambda rule: rule.part)]
    return "\n".join([_FINDINGS, *sections])


def _section(part: str, rules: list[Rule]) -> str:
    heads = ("code", "severity", "what is wrong", "how to fix it", "why", "prevents")
    return f"## {PART_TITLES[part]}\n\n{_table(heads, map(_finding, rules))}\n" + "\n".join(map(_pair, rules))


def _pair(rule: Rule) -> str:
    """A finding's smallest sheet, and how its neighbour differs."""
    case, near = case_of(rule), near_of(rule)
    lines = list(difflib.unified_diff(case.lines(), near.lines(), n=len(case.lines()), lineterm=""))[3:]
    where = f", on row {_and([str(row) for row in case.rows])}" if case.rows else ""
    block = "\n".join(lines)
    return f"### `{rule.code}`{where}\n\n```diff\n{block}\n```\n"


def _finding(rule: Rule) -> tuple[str, ...]:
    names = {name: f"*{name}*" for name in ("value", "column", "suggestion", *rule.args)}
    severity = f"{rule.severity} or error" if rule.error_with else rule.severity
    return f"`{rule.code}`", severity, rule.words(rule.message, names), rule.words(rule.fix, names), rule.why, " ".join(rule.prevents)


_COMMANDS = """\
# Commands

`batchport [--config FILE] [--at ISO-TIME] COMMAND`. The settings are `config.yaml` of the folder you are in, unless `--config` or the environment variable
`BATCHPORT_CONFIG` names another file. `--at` (or `BATCHPORT_AT`) is the time to go by, for rehearsals and tests. Where there is `--format json`, standard
output is one JSON object a line and nothing else.

| exit status | meaning |
| --- | --- |
| 0 | all is well, or another pass is at work and this one did nothing |
| 1 | something of this pass needs somebody: a row newly rejected, by us or by a carrier; a new exception line; a file set aside; a mail refused for good. `check`, `columns`: a row is rejected, or a file could not be mapped. `exceptions`: there are open ones |
| 2 | usage, settings, a name that there is nothing for, or a FILE on the command line that cannot be read |
| 3 | a fault of the program, or the count does not come out: see [operations](operations.md) |

This page is made from the commands' own help by `python scripts/make_docs.py`; change it there.
"""


def commands_page() -> str:
    """Every command and its help, as `--help` prints it."""
    sections = [f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n" for context in contexts(batchport, None)]
    return "\n".join([_COMMANDS, *sections])


def contexts(command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    """A command and those below it, each as its help is printed: in the order in which they are listed."""
    context = click.Context(command, parent, info_name="batchport" if parent is None else command.name, max_content_width=100, terminal_width=100)
    context.help_option_names = ["-h", "--help"]
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from contexts(below, context)


#: What each state means.
STATES = {
    State.REJECTED: "An error was found in the row itself; it is not sent.",
    State.DUPLICATE: "The same request again; the earlier one counts.",
    State.HELD: "The row is fine, but its order cannot go: another row of it is wrong, or the account has an order under way.",
    State.READY: "It goes with the next submission.",
    State.SUBMITTED: "Sent; the partner has not said anything.",
    State.ACKNOWLEDGED: "The partner has it.",
    State.DELAYED: "The partner says that it takes longer.",
    State.CONFIRMED: "Firm order confirmation: the partner has given the date.",
    State.COMPLETED: "The number has moved.",
    State.CARRIER_REJECTED: "The losing carrier says no, with reasons.",
    State.CANCEL_PENDING: "We asked for the order to be cancelled; the partner has not answered.",
    State.CANCELLED: "Cancelled.",
    State.SUPERSEDED: "A corrected row has taken its place.",
}

_STATES = """\
# States of a row

Every row is in exactly one of these. An order's state is that of its rows where all agree, else `mixed`; rows that are {orderless} belong to no order.

This page is made from `batchport/domain/lifecycle.py`, the one place where moves are defined, by `python scripts/make_docs.py`; change it there.
"""
_ANSWERS = """\
## What a partner's answer does

Down: the state the row is in. Across: what the line says. *noted* is kept with the row's history and changes nothing. A blank cell is a move that does
not exist: the line becomes an exception line, and the row stays. What is equal to the last line applied to the row is noted as well. *As before*: a SUP 1
was turned down, and the row has the state and date again that it had when it was sent; so it is, too, with a SUP 2 whose rows are {turned_down}.
"""


#: A line by what it is to a row.
_VERDICTS = {
    Verdict.MOVES: "moves",
    Verdict.NOTED: "is noted",
    Verdict.FORBIDDEN: "is impossible, or contradicts",
    Verdict.OLD_NEWS: "is old news",
}
_SEQUENCE = """\
## Late, repeated and contradictory lines

All that a partner says of a row's present version is one sequence: the lines in the order of the times that they bear (`AT`), whatever files they came in; a line
without a time counts when it came, after all that came before it. The state of the row is what going through the sequence from its beginning leads to: from
`submitted`, or from `cancel_pending` for a SUP 1. So a line that comes late is not applied to the row as it stands, but put in its place, and the order's lines
are gone through again. An older rejection that comes after a newer confirmation changes nothing; one that comes before a delay which could not have followed it
makes that delay an exception line.

A line for the whole order is a line for each row of that version, but for rows that have a line of their own in the same file. A line of an older version than the
newest is noted, unless it is `COMPLETE`: a number that has moved has moved, and the operator is told.
"""


def states_page() -> str:
    """The states and every move between them: what they mean, two diagrams, and what each answer does."""
    ours = {(start, end): act.value for act, moves in OUR_MOVES.items() for start, end in moves.items()}
    first = sorted(UNSENT | {State.DUPLICATE})
    theirs: dict[tuple[State, State], list[str]] = {}
    for answer, moves in PARTNER_MOVES.items():
        for start, end in moves.items():
            theirs.setdefault((start, end), []).append(answer.value)
    turned_down = _and([f"`{state.label}`" for state in sorted(set(GIVEN_BACK) - {State.CANCEL_PENDING})])
    orderless, ended = (_and([f"`{state.label}`" for state in sorted(states)]) for states in (ORDERLESS, ENDED))
    return "\n".join([
        _STATES.format(orderless=orderless),
        _table(("state", "meaning"), ((f"`{state.label}`", STATES[state]) for state in State)),
        f"\nRows that are {ended} are at their end.\n",
        "## Moves on our side\n\nThe checks put a new row into one of the first four states; sheets and acts that come later, and sending, move it on.\n",
        _diagram([f"    [*] --> {state.label}" for state in first], {pair: [word] for pair, word in ours.items()}),
        "## Moves by the partner's answers\n\nWhat was sent is moved by these, and by further versions of its order.\n",
        _diagram([f"    [*] --> {State.SUBMITTED.label}"], theirs),
        _ANSWERS.format(turned_down=turned_down),
        _table(("", *(answer.value for answer in Answer)), (_answered(state) for state in State if state > State.READY)),
        _SEQUENCE,
        _table(("a line that", "what becomes of it"), ((_VERDICTS[each], each.meaning) for each in Verdict)),
    ])  # fmt: skip


def _diagram(first: Sequence[str], moves: Mapping[tuple[State, State], Sequence[str]]) -> str:
    arrows = [f"    {start.label} --> {end.label}: {', '.join(words)}" for (start, end), words in moves.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *first, *arrows, "```", ""])


def _answered(state: State) -> tuple[str, ...]:
    return (f"`{state.label}`", *(_outcome(answer, state) for answer in Answer))


def _outcome(answer: Answer, state: State) -> str:
    if state not in PARTNER_MOVES[answer] and answer is Answer.REJECT and state in GIVEN_BACK:
        return "*as before*"
    return {Verdict.MOVES: lambda: PARTNER_MOVES[answer][state].label, Verdict.NOTED: lambda: "*noted*"}.get(verdict(answer, state), str)()


_COLUMNS = """\
# Columns of a sheet

What a sheet may say of a number to port. The template (`batchport template`) has the labels as headers; a sheet with other headers is understood where
they are among those named here, without regard to case, accents, spaces and punctuation; where their words leave no other meaning (`Acct No. with losing carrier`,
`Numéro de téléphone`); or where the customer's columns were confirmed, in the `columns` setting or by `batchport columns confirm`. The cells are heard too: a
column called Phone that holds e-mail addresses is not read as telephone numbers, and cells decide what a header such as Type means, where they leave no doubt.
Nothing is guessed: a column that is not known comes back as it is, and one that might mean two things is asked about. `batchport columns FILE` shows it all.

A Service Address may be a whole address that ends in `, City, ST ZIP`, where the sheet has no columns for these.

Required are {always}; and, when some row is neither toll-free nor wireless, {local}. A customer's `defaults` may give any of them.

This page is made from `batchport/domain/fields.py` by `python scripts/make_docs.py`; change it there.
"""
_FORMS = "The *name* is what JSON, settings and profiles call it. *secret*: masked wherever people read, sealed wherever it is stored.\n"


def columns_page() -> str:
    """Every column: label, name, what to write into it, and the other headers that mean it."""
    nothing, one_row = map_headers((), {}), Requests({}, np.ones(1, np.int64))
    always, whole = (missing_columns(nothing, one_row, {}, lambda _, local=local: np.array([local])) for local in (False, True))
    local = [f"{label} (or {BY_NAME['service_address'].label})" if label == BY_NAME["street_name"].label else label for label in whole if label not in always]
    results = ", ".join(f"`{label}`" for label in RESULT_LABELS)
    return "\n".join([
        _COLUMNS.format(always=_and(always), local=_and(local)),
        _FORMS,
        _table(("label", "name", "what to write", "form", "other headers"), map(_column, FIELDS)),
        "## Columns that are a part of a field\n",
        _table(("part", "headers"), ((f"`{part}`", ", ".join(headers)) for part, headers in PARTS.items())),
        "## Columns of results\n",
        f"A results workbook adds {results}. They are known when they come back: only Row ID is read, and they are written anew.",
        "What else such a workbook has, and how it comes back corrected, stands in [operations](operations.md#results).\n",
    ])  # fmt: skip


def _column(field: Field) -> tuple[str, ...]:
    choices = f": {', '.join(field.choices)}" if field.choices else ""
    secret = "; secret" if field.secret else ""
    return field.label, f"`{field.name}`", field.help, f"{field.form.value}{choices}{secret}", ", ".join(field.aliases)


def _and(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])


def profile_schema() -> str:
    """The JSON Schema of profiles, for editors; since one may extend another, nothing must stand in it."""
    schema = Profile.model_json_schema()
    parts = {model.__name__: described(model) for model in _models(Profile)}
    for name, part in {"Profile": schema, **schema["$defs"]}.items():
        if name in {"Profile", "Responses"}:
            part.pop("required", None)
        if "description" in part:
            part["description"] = part["description"].partition("\n\n")[0]
        for field, words in parts.get(name, {}).items():
            if field in part.get("properties", {}):
                part["properties"][field] |= {"description": words}
    top = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A partner's profile of batchport", "description": "Made by scripts/make_docs.py from batchport/carriers/."}
    return json.dumps({**schema, **top}, indent=2, ensure_ascii=False) + "\n"


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and those in its fields."""
    yield model
    for field in model.model_fields.values():
        yield from _in_type(field.annotation)


def _in_type(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _models(kind)
    for each in get_args(kind):
        yield from _in_type(each)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


#: Path in the checkout -> what writes it.
PAGES: dict[str, Callable[[], str]] = {
    "docs/columns.md": columns_page,
    "docs/commands.md": commands_page,
    "docs/findings.md": findings_page,
    "docs/profile.schema.json": profile_schema,
    "docs/states.md": states_page,
}


def main() -> None:
    """Write the pages, or look whether they are up to date."""
    parser = argparse.ArgumentParser(description="Make the pages of docs/ that come from the program itself.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is not what would be written")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, data = ROOT / name, page().encode()
        if path.is_file() and path.read_bytes() == data:
            continue
        if check:
            stale.append(name)
        else:
            write_whole(path, data)
            path.chmod(0o644)
    if stale:
        parser.exit(1, f"Not up to date: {', '.join(stale)}. Run python scripts/make_docs.py and look at the difference.\n")


if __name__ == "__main__":
    main()
