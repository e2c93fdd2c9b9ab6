"""Facts into words: each kind of mail from its three templates, subject, text and HTML.

The packaged templates lie in `mail/` of `template_folder()`, those of another language in a folder of its own below, as `mail/fr/`. A file of the same
name in an operator's folder takes their place, and one in `customers/<id>/` of that folder does so for one customer. In them:

    facts                          what the mail tells (a subclass of `MailFacts`), freed of control characters
    subject                        in .txt and .html, the subject as rendered
    language                       the language's code, as HTML wants it
    5|counted("number")            "5 numbers"; a second word where the plural is not an s more
    5|verb("needs", "need")        the word that agrees with the number
    1200|number                    "1,200"
    state|label, state|meaning     what people call a row's state, and what it means for them
    counts|ordered                 the states that occur, with their numbers, those that need somebody first
    date|day, datetime|moment      "Mon Nov 30, 2026"; "2026-11-30 02:00 EST"
    lines|alike                    answers with the same order, reason and fix together

Text is wrapped to 72 columns afterwards, so templates may write a paragraph as one line; what follows a `- ` or a count hangs below it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment

from batchport.mail import AlarmFacts, AnswerLine, ColumnsFacts, CompletedFacts, MailFacts, NightFacts, OverdueFacts, ReceivedFacts, UpdateFacts
from batchport.mail.language import ENGLISH, LANGUAGES, Language
from batchport.mail.samples import sample_facts
from batchport.templates import TemplateFault, clean, environment, moment, rendered, template_folder

TEXT_WIDTH = 72

KINDS: dict[str, type[MailFacts]] = {
    "received": ReceivedFacts, "columns": ColumnsFacts, "update": UpdateFacts, "completed": CompletedFacts, "overdue": OverdueFacts, "night": NightFacts,
    "alarm": AlarmFacts,
}  # fmt: skip
#: Kinds of mail to the operator, who is written to in English.
OPERATORS = ("night", "alarm")

# The indent of a wrapped line's continuation: below the words, where the line begins with a dash or a right-aligned count.
_HANG = re.compile(r"( *)(?:- |[\d,]+  )?")

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


@lru_cache(maxsize=32)
def _templates(folders: tuple[Path, ...], language: Language) -> Environment:
    """The templates of some folders, as a language fills them in; kept, since to translate them takes a fifth of a second. A file that changes is read anew."""
    templates = environment(folders)
    of_language = (language.counted, language.verb, language.number, language.label, language.meaning, language.ordered, language.day)
    templates.filters |= {each.__name__: each for each in (*of_language, moment, alike)}
    templates.globals["language"] = language.code
    return templates


class Composer:
    """Turns facts into mails.

    Args:
        folders: searched for `mail/<kind>.subject.txt`, `.txt` and `.html`, first to last, before the packaged templates.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self._folders = tuple(folders)

    def _searched(self, customer: str) -> tuple[Path, ...]:
        """Where templates for a customer are looked for: its own folders, the operator's, the packaged one."""
        own = (folder / "customers" / customer for folder in self._folders if customer)
        return (*(folder for folder in own if folder.is_dir()), *self._folders, template_folder())

    def prove(self, customers: Mapping[str, str] | None = None) -> None:
        """Render every kind of mail with made-up facts, in the languages that are used, and with the templates of each customer that has some.

        Args:
            customers: those that there are, and the language of each; without them every language is tried.

        Raises:
            TemplateFault: a folder is not there or belongs to no customer, or a template cannot be rendered.
        """
        for folder in self._folders:
            if not folder.is_dir():
                raise TemplateFault(f"{folder}: no such folder of templates")
        known = customers or {}
        with_own = sorted({path for folder in self._folders for path in (folder / "customers").glob("*") if path.is_dir()})
        for path in with_own:
            if path.name not in known:
                raise TemplateFault(f"{path}: templates for a customer that the configuration does not have; there are {', '.join(known) or 'none'}")
        spoken = [("", code) for code in sorted({"en", *known.values()} if customers is not None else LANGUAGES)]
        for name, code in (*spoken, *((path.name, known[path.name]) for path in with_own)):
            for kind, facts in sample_facts():
                self.compose(kind, facts, code, name)

    def compose(self, kind: str, facts: MailFacts, language: str = "en", customer: str = "") -> Composed:
        """The mail of a kind that tells these facts.

        Args:
            kind: of `KINDS`.
            facts: what it tells.
            language: of `LANGUAGES`; the operator's mails are in English.
            customer: whose own templates come first.

        Raises:
            TemplateFault: a template cannot be rendered, or its subject comes out blank.
        """
        if not isinstance(facts, KINDS[kind]):
            raise TypeError(f"a mail of kind {kind} is made from {KINDS[kind].__name__}, not from {type(facts).__name__}")
        spoken = ENGLISH if kind in OPERATORS else LANGUAGES[language]
        templates, name, clean = _templates(self._searched(customer), spoken), f"mail/{spoken.folder}{kind}", _cleaned(facts)
        subject = " ".join(rendered(templates, f"{name}.subject.txt", facts=clean).split())
        if not subject:
            raise TemplateFault(f"{name}.subject.txt: the subject comes out blank")
        text = fitted(rendered(templates, f"{name}.txt", facts=clean, subject=subject))
        html = rendered(templates, f"{name}.html", facts=clean, subject=subject)
        return Composed(subject, text, re.sub(r"\n\s*\n+", "\n", html).strip() + "\n")


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
            return clean(value)
        case tuple():
            return tuple(_cleaned(item) for item in value)
        case Mapping():
            return {_cleaned(key): _cleaned(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
        case _:
            return value
