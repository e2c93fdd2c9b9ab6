"""What an installation is told by files of its own: profiles, templates, rosters and reference tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from batchport.carriers.golden import SAMPLE_TIME, NotASample, differences
from batchport.config import ConfigProblem
from batchport.data import ReferenceProblem
from batchport.data.tables import packaged
from batchport.domain.language import Language
from batchport.domain.lifecycle import State
from batchport.domain.normalise import squeezed
from batchport.pipeline.doctor.lines import RED, YELLOW, Looking, Seen, count
from batchport.pipeline.doctor.patient import Patient
from batchport.pipeline.letters import press
from batchport.reports.facts import ReportFacts
from batchport.reports.page import report_page
from batchport.templates import TemplateFault, template_folder

_OLD = timedelta(days=365)
_DATE = re.compile(r"\b(20\d\d-\d\d-\d\d)\b")
#: Of an own profile and its samples; so many files that differ are named.
_NAMED = 3


def profiles(patient: Patient) -> Looking:
    """Whether every partner's profile can be used, and makes of its samples what is expected, where it has some."""
    proved = 0
    for name, partner in patient.app.settings.partners.items():
        try:
            patient.app.profile(name)
        except ConfigProblem as error:
            yield Seen(RED, str(error), "correct the profile, or the partner's settings; `batchport carrier show` shows a profile whole")
            continue
        folder = Path(partner.profile).parent
        if not partner.profile.endswith((".yaml", ".yml")) or not (folder / "expected").is_dir():
            continue
        proved += 1
        try:
            wrong = [each.name for each in differences(folder, SAMPLE_TIME)[1]]
        except NotASample as error:
            wrong = [str(error)]
        if wrong:
            more = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            yield Seen(RED, f"partner {name}: its samples do not make what is expected: {', '.join(wrong[:_NAMED])}{more}", f"`batchport carrier test {folder}` shows the difference")
    told = f", {count(proved, 'one', 'of them')} proved with samples" if proved else ""
    return f"{count(len(patient.app.settings.partners), 'profile')} can be used{told}"


def templates(patient: Patient) -> Looking:
    """Whether all mails, customers' own ones too, letters and the report can be made."""
    app = patient.app
    languages: tuple[Language, ...] = tuple(sorted({"en", *(customer.language for customer in app.settings.customers.values())}))
    tried: list[Callable[[], None]] = [app.prove_templates, *(partial(_letter, patient, language) for language in languages), partial(_report, patient)]
    for each in tried:
        try:
            each()
        except TemplateFault as error:
            yield Seen(RED, str(error), "correct the template, or take it away: the packaged one is used then; no pass is made until the mails can be")
    own = [str(folder) for folder in app.settings.template_folders]
    return f"mails, letters and the report can be made ({', '.join(languages)}){f' with the templates of {own[0]}' if own else ''}"


def _letter(patient: Patient, language: Language) -> None:
    from batchport.reports.letters import Letter

    for number_class in ("local", "toll_free"):
        press(patient.app.settings).pdf(Letter(number_class, ("6172340142",), "Harbor Bakery LLC", "Verizon", language))


def _report(patient: Patient) -> None:
    now = patient.app.local(patient.now)
    rows = {"read": 0, **{state.label: 0 for state in State}}
    facts = ReportFacts(at=now, since=now, rows=rows, lines={"sent": 0, "answered": 0, "outstanding": 0}, balanced=True)
    report_page(facts, [*patient.app.settings.template_folders, template_folder()])


def lists(patient: Patient) -> Looking:
    """Whether rosters and reference tables can be used and are not out of date."""
    app = patient.app
    for name in app.settings.customers:
        try:
            app.roster(name)
        except ConfigProblem as error:
            yield Seen(RED, str(error), f"correct the roster of {name}; no sheet of theirs is taken in until then")
    try:
        known = {squeezed(name) for name in app.reference.carrier_list}
    except ReferenceProblem as error:
        yield Seen(RED, str(error), "correct the file, or take it out of reference/: the packaged one is used then")
        return ""
    for route in app.settings.routes:
        if route.losing_carrier is not None and squeezed(route.losing_carrier) not in known:
            yield Seen(YELLOW, f"a route is for the losing carrier {route.losing_carrier!r}, and the directory has none of that name: it never fits", "write the name as the directory has it, or import a newer directory")
    own = patient.home / "reference"
    dates = {name: _dated(path.read_text("utf-8-sig") if (path := own / name).is_file() else text) for name, text in packaged().items()}
    old = {name: day for name, day in dates.items() if day is not None and patient.now.date() - day > _OLD}
    if old:
        told = ", ".join(f"{name} of {day}" for name, day in old.items())
        yield Seen(YELLOW, f"reference tables are older than a year: {told}", "bring newer ones in with `batchport reference import`, or a newer batchport")
    oldest = min((day for day in dates.values() if day is not None), default=None)
    return f"rosters can be read; reference tables are of {oldest} or later"


def _dated(text: str) -> date | None:
    """The day of a reference table, as the comments at its top say it."""
    comments = (line for line in text.splitlines()[:20] if line.startswith("#"))
    days = [found[1] for line in comments for found in [_DATE.search(line)] if found]
    return date.fromisoformat(days[0]) if days else None
