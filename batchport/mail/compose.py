"""Facts into words: each kind of mail from its three templates, subject, text and HTML.

The packaged templates lie in `mail/` of `template_folder()`; a file of the same name in an operator's folder takes their place. In them:

    facts                          what the mail tells (a subclass of `MailFacts`), freed of control characters
    subject                        in .txt and .html, the subject as rendered
    5|counted("number")            "5 numbers"; a second word where the plural is not an s more
    5|verb("needs", "need")        the word that agrees with the number
    state|label, state|meaning     what people call a row's state, and what it means for them
    counts|ordered                 the states that occur, with their numbers, those that need somebody first
    date|day, datetime|moment      "Mon Nov 30, 2026"; "2026-11-30 02:00 EST"
    lines|alike                    answers with the same order, reason and fix together

Text is wrapped to 72 columns afterwards, so templates may write a paragraph as one line; what follows a `- ` or a count hangs below it.
"""

from __future__ import annotations

import re
import textwrap
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, select_autoescape

from batchport.mail import (
    AnswerLine,
    ColumnLine,
    ColumnsFacts,
    ColumnsFile,
    CompletedFacts,
    ExceptionLine,
    Fault,
    FileFacts,
    FileProblem,
    LateLine,
    MailFacts,
    MovedLine,
    NightFacts,
    OverdueFacts,
    ReceivedFacts,
    RowLine,
    SourceLine,
    SubmissionLine,
    UpdateFacts,
)

TEXT_WIDTH = 72

KINDS: dict[str, type[MailFacts]] = {
    "received": ReceivedFacts, "columns": ColumnsFacts, "update": UpdateFacts, "completed": CompletedFacts, "overdue": OverdueFacts, "night": NightFacts,
}  # fmt: skip

#: State of a row -> what people call it, and what it means for them.
STATES: dict[str, tuple[str, str]] = {
    "rejected": ("to correct", "cannot go to the carrier as sent"),
    "carrier_rejected": ("rejected by the carrier", "reason and fix come with the carrier's answer"),
    "held": ("on hold", "fine as sent, but waiting for other rows of the same order, or for an earlier order of the same account"),
    "ready": ("ready", "next to go to the carrier"),
    "duplicate": ("asked for before", "the same request again, nothing to do"),
    "submitted": ("sent to the carrier", "waiting for its answer"),
    "acknowledged": ("with the carrier", "in work, no date yet"),
    "delayed": ("delayed", "the carrier needs more time"),
    "confirmed": ("confirmed", "the carrier has given a date"),
    "completed": ("moved", "ringing here now"),
    "cancel_pending": ("being cancelled", "waiting for the carrier's word"),
    "cancelled": ("cancelled", "staying with the current carrier"),
    "superseded": ("replaced", "a corrected row stands in its place"),
}

# Line breaks, other control characters, and the signs that turn the direction of writing: no value can add lines, or dress up as other text.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")

# The indent of a wrapped line's continuation: below the words, where the line begins with a dash or a right-aligned count.
_HANG = re.compile(r"( *)(?:- |[\d,]+  )?")

# Not strftime's names, which change with the locale of the process.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class TemplateFault(Exception):
    """A template that cannot be rendered; the message says which file, which line and why."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail in words: a subject of one line, and the same said as plain text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Answers of one order with the same reason and fix."""

    pon: str
    reason: str
    fix: str
    lines: tuple[AnswerLine, ...]


def template_folder() -> Path:
    """The folder of the packaged templates: inside the package when it is installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Composer:
    """Turns facts into mails.

    Args:
        folders: searched for `mail/<kind>.subject.txt`, `.txt` and `.html`, first to last, before the packaged templates.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = tuple(folders)
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*folders, template_folder())]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(("html",)),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"counted": counted, "verb": verb, "label": label, "meaning": meaning, "ordered": ordered}
        self._environment.filters |= {"day": day, "moment": moment, "alike": alike}

    def prove(self) -> None:
        """Render every kind of mail with made-up facts.

        Raises:
            TemplateFault: a folder is not there, or a template cannot be rendered.
        """
        for folder in self._folders:
            if not folder.is_dir():
                raise TemplateFault(f"{folder}: no such folder of templates")
        for kind, facts in sample_facts():
            self.compose(kind, facts)

    def compose(self, kind: str, facts: MailFacts) -> Composed:
        """The mail of a kind that tells these facts.

        Raises:
            TemplateFault: a template cannot be rendered, or its subject comes out blank.
        """
        if not isinstance(facts, KINDS[kind]):
            raise TypeError(f"a mail of kind {kind} is made from {KINDS[kind].__name__}, not from {type(facts).__name__}")
        clean = _cleaned(facts)
        subject = " ".join(self._render(f"mail/{kind}.subject.txt", facts=clean).split())
        if not subject:
            raise TemplateFault(f"mail/{kind}.subject.txt: the subject comes out blank")
        text = fitted(self._render(f"mail/{kind}.txt", facts=clean, subject=subject))
        html = self._render(f"mail/{kind}.html", facts=clean, subject=subject)
        return Composed(subject, text, re.sub(r"\n\s*\n+", "\n", html).strip() + "\n")

    def _render(self, name: str, **values: object) -> str:
        try:
            return self._environment.get_template(name).render(values)
        except TemplateSyntaxError as error:
            raise TemplateFault(f"{error.filename or error.name or name}, line {error.lineno}: {error.message}") from None
        except Exception as error:
            # Whatever a template does wrong, from an undefined name to a division by zero, shows as a frame of the template's own file.
            raise TemplateFault(f"{self._place(error) or name}: {error}") from error

    def _place(self, error: Exception) -> str | None:
        folders = [str(folder) for folder in (*self._folders, template_folder())]
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(tuple(folders))]
        return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "number"), counted(1200, "number"), counted(0, "entry", "entries")
    ('1 number', '1,200 numbers', '0 entries')
    """
    return f"{number:,} {verb(number, one, many or one + 's')}"


def verb(number: int, one: str, many: str) -> str:
    """The word that agrees with a number."""
    return one if number == 1 else many


def label(state: str) -> str:
    """What people call a row's state."""
    return STATES[state][0]


def meaning(state: str) -> str:
    """What a row's state means for whom it belongs to."""
    return STATES[state][1]


def ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The states that occur, with their numbers, in the order of `STATES`."""
    order = list(STATES)
    return sorted(((state, number) for state, number in counts.items() if number), key=lambda entry: order.index(entry[0]))


def day(value: date) -> str:
    """A date that reads the same everywhere.

    >>> day(date(2026, 11, 30))
    'Mon Nov 30, 2026'
    """
    return f"{_WEEKDAYS[value.weekday()]} {_MONTHS[value.month - 1]} {value.day}, {value.year}"


def moment(value: datetime) -> str:
    """A time to the minute, with its zone."""
    return f"{value:%Y-%m-%d %H:%M %Z}".strip()


def alike(lines: Iterable[AnswerLine]) -> list[Alike]:
    """Answers of the same order with the same reason and fix together, in the order in which each first comes."""
    groups: dict[tuple[str, str, str], list[AnswerLine]] = {}
    for line in lines:
        groups.setdefault((line.pon, line.reason, line.fix), []).append(line)
    return [Alike(*key, tuple(members)) for key, members in groups.items()]


def fitted(text: str) -> str:
    """Text with lines of at most 72 columns, as far as words allow, and never two blank lines together."""
    lines = (line for paragraph in text.splitlines() for line in _wrapped(paragraph.rstrip()))
    single = [line for blank, group in groupby(lines, key=lambda line: not line) for line in ([""] if blank else group)]
    return "\n".join(single).strip("\n") + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= TEXT_WIDTH:
        return [line]
    start = _HANG.match(line)
    hang = " " * (start.end() if start else 0)
    return textwrap.wrap(line, TEXT_WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", value))
        case tuple():
            return tuple(_cleaned(item) for item in value)
        case Mapping():
            return {_cleaned(key): _cleaned(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
        case _:
            return value


def sample_facts() -> Iterator[tuple[str, MailFacts]]:
    """Kinds with made-up facts that together take every branch of the packaged templates."""
    for kind, samples in (("received", _received()), ("columns", _columns()), ("update", _updates()), ("completed", _completions()), ("overdue", _late()), ("night", _nights())):
        for facts in samples:
            yield kind, facts


_PROBLEM = FileProblem("The column Current Carrier is missing.", "Add it and send the sheet again.")
_COUNTS = dict.fromkeys(STATES, 2)
_WORKBOOK = "acme.1a2b3c4d.xlsx"


def _received() -> Iterator[ReceivedFacts]:
    fault = Fault("The ZIP does not belong to the state.", "Take both from the bill.", 2, 7)
    row = RowLine(7, "212-736-0142", "rejected", "ZIP 90210 is not in NY.", "Take both from the bill.", sheet="Numbers")
    full = FileFacts(
        name="acme.xlsx",
        state="read",
        rows=26,
        counts=_COUNTS,
        problems=(_PROBLEM,),
        faults=(fault, replace(fault, count=1)),
        rows_to_fix=(row, RowLine(9, "", "held", "No number.", "Add it.")),
        more=3,
        expect=("Wireless: 1 business day.",),
        results=_WORKBOOK,
    )
    others = (
        FileFacts(name="copy.xlsx", state="repeated", same_as="acme.xlsx", rows=26, counts=_COUNTS, results=_WORKBOOK),
        FileFacts(name="headers.csv", state="unmapped", problems=(_PROBLEM,)),
        FileFacts(name="broken.xlsx", state="unreadable", problems=(_PROBLEM,)),
    )
    yield ReceivedFacts(customer_name="Harbor Bakery LLC", contact="ports@example.com", files=(full, *others))
    yield ReceivedFacts(customer_name="Harbor Bakery LLC", files=(replace(full, counts={"ready": 1}, rows=1), *others[:1]))
    for state in ("ready", "held", "rejected", "duplicate"):
        yield ReceivedFacts(customer_name="Acme", files=(FileFacts(name="acme.csv", state="read", rows=1, counts={state: 1}),))
    for file in others:
        yield ReceivedFacts(customer_name="Acme", files=(replace(file, counts={}, problems=(), results=None),))


def _columns() -> Iterator[ColumnsFacts]:
    column = ColumnLine("Type", "Number Type", "The header may be more than one thing.", ("A", "B"), sheet="Numbers")
    full = ColumnsFile(
        name="acme.xlsx", problems=(_PROBLEM,), unsure=(column, replace(column, field="", samples=(), sheet="")), certain=(replace(column, header="TN"),),
        ignored=("Colour", "Floor"),
    )  # fmt: skip
    yield ColumnsFacts(customer_name="Harbor Bakery LLC", contact="ports@example.com", files=(full, ColumnsFile(name="more.csv")))
    yield ColumnsFacts(customer_name="Acme", files=(replace(full, certain=(), ignored=("Colour",)),))


def _updates() -> Iterator[UpdateFacts]:
    rejected = AnswerLine(
        file="acme.xlsx",
        row=7,
        tn="212-736-0142",
        pon="P2K7M9QX4T1A",
        state="carrier_rejected",
        reason="Account number does not match (8A).",
        fix="Take it from the last bill.",
        sheet="Numbers",
    )
    confirmed = AnswerLine(file="acme.xlsx", row=8, tn="212-736-0143", pon="P2K7M9QX4T1B", state="confirmed", date=date(2026, 11, 30))
    other = replace(confirmed, state="acknowledged", date=None)
    yield UpdateFacts(
        customer_name="Harbor Bakery LLC",
        contact="ports@example.com",
        files=("acme.xlsx", "more.xlsx"),
        rejected=(rejected,),
        rejected_more=1,
        confirmed=(confirmed,),
        confirmed_more=1,
        other=(replace(rejected, state="delayed"), other),
        other_more=1,
        counts=_COUNTS,
        results=(_WORKBOOK,),
    )
    bare = UpdateFacts(customer_name="Acme", files=("acme.xlsx",))
    yield replace(bare, rejected=(replace(rejected, reason="", fix="", sheet=""),))
    yield replace(bare, confirmed=(confirmed,))
    yield replace(bare, other=(other,))
    yield replace(bare, other=(replace(rejected, state="delayed"),))


def _completions() -> Iterator[CompletedFacts]:
    moved = MovedLine(
        file="acme.xlsx", row=8, tn="212-736-0143", pon="P2K7M9QX4T1B", destination="line-0143", losing_carrier="Verizon", sheet="Numbers"
    )
    yield CompletedFacts(
        customer_name="Harbor Bakery LLC",
        contact="ports@example.com",
        files=("acme.xlsx", "more.xlsx"),
        lines=(moved, replace(moved, row=9, tn="212-736-0144")),
        more=1,
        under_way=2,
        results=(_WORKBOOK,),
    )
    yield CompletedFacts(customer_name="Acme", files=("acme.xlsx",), lines=(replace(moved, destination="", losing_carrier="", sheet=""),))


def _late() -> Iterator[OverdueFacts]:
    late = LateLine(file="acme.xlsx", row=8, tn="212-736-0143", pon="P2K7M9QX4T1B", due=date(2026, 11, 20), sheet="Numbers")
    whole = OverdueFacts(
        customer_name="Harbor Bakery LLC", contact="ports@example.com", files=("acme.xlsx", "more.xlsx"), unheard=(late,), unmoved=(late, replace(late, row=9)), totals=(3, 2),
    )  # fmt: skip
    yield whole
    yield replace(whole, contact="", files=("acme.xlsx",), unheard=(replace(late, sheet=""),), unmoved=(), totals=(1, 0))
    yield replace(whole, unheard=(), unmoved=(late,), totals=(0, 1))


def _nights() -> Iterator[NightFacts]:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    refused = ExceptionLine(id="1", partner="sample", file="answers.csv", line=3, reason="No such order.", pon="P2K7M9QX4T1C", tn="212-736-0142")
    yield NightFacts(
        at=at,
        balanced=False,
        files={"read": 1, "repeated": 1, "set_aside": 1},
        rows={"read": 26, **_COUNTS},
        lines={"sent": 2, "answered": 1, "outstanding": 1},
        mails={"sent": 1, "waiting": 1, "failed": 1},
        rejected=2,
        sources=(
            SourceLine(customer="acme", name="acme.xlsx", state="read", rows=26, counts=_COUNTS),
            SourceLine(customer="acme", name="broken.xlsx", state="unreadable"),
        ),
        submissions=(SubmissionLine("sample", "sample-20261123-000001.csv", 2, 26),),
        exceptions=(refused, replace(refused, pon="", tn="")),
        exceptions_more=1,
        problems=(_PROBLEM, FileProblem("The count of a file differs.", "")),
    )
    quiet = NightFacts(at=at, balanced=True, files={}, rows={}, lines={}, mails={})
    yield quiet
    yield replace(quiet, exceptions=(refused,))
