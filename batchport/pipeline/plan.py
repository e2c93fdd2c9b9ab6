"""What a pass would do, without doing any of it.

A whole pass is rehearsed on copies: of the database, of the inboxes and of the partners' responses, in a folder that is gone afterwards. So the plan is
what the pass would do, not somebody's idea of it; nothing is written to a partner, a customer or the home.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batchport import log
from batchport.config import Local, Settings
from batchport.domain.table import records
from batchport.pipeline.app import App
from batchport.pipeline.app import closing as closing_app
from batchport.pipeline.deadlines import watch
from batchport.pipeline.intake import intake
from batchport.pipeline.reconcile import reconcile
from batchport.pipeline.restored import DOORS, WAITING_IN
from batchport.pipeline.run import one_pass
from batchport.pipeline.shelves import archived
from batchport.pipeline.submit import plan, submit
from batchport.pipeline.tally import PassTally
from batchport.store import look
from batchport.store.copies import whole_copy
from batchport.store.database import path_of
from batchport.store.mappings import to_retake


def planned(app: App, *, whole: bool, partner: str | None) -> list[dict[str, Any]]:
    """The steps of a pass, each with its words; `whole`: of all stages, else of submit alone."""
    if whole:
        with _copied(app) as copy:
            return _rehearsed(copy)
    return [
        {"stage": "submit", "partner": sent.partner, "orders": int(sent.orders), "lines": int(sent.lines), "now": bool(sent.now),
         "words": f"submit: {sent.orders} orders, {sent.lines} lines to {sent.partner}{'' if sent.now else ', when its window opens'}"}
        for sent in records(plan(app, partner=partner))
    ]  # fmt: skip


def _rehearsed(app: App) -> list[dict[str, Any]]:
    with log.bound(rehearsal=True):
        done = one_pass(app, "run", _stages)
    tally, lines = done.tally, []
    for heard in tally.heard:
        words = f"reconcile: {heard.name} of {heard.partner}: {heard.applied} of {heard.lines} lines applied, {heard.exceptions} exception lines"
        lines.append({
            "stage": "reconcile", "partner": heard.partner, "file": heard.name, "lines": heard.lines, "applied": heard.applied, "exceptions": heard.exceptions,
            "words": words,
        })  # fmt: skip
    for file in tally.files:
        told = ", ".join(f"{number} {state}" for state, number in file.counts.items()) or file.state
        words = f"intake: {file.customer}/{file.name}: {told}"
        lines.append({"stage": "intake", "customer": file.customer, "file": file.name, "state": file.state, "rows": dict(file.counts), "words": words})
    lines += [{"stage": "intake", "words": f"intake: {said}"} for said in tally.waiting]
    for sent in tally.sent:
        words = f"submit: {sent.name}: {sent.orders} orders, {sent.lines} lines to {sent.partner}"
        lines.append({"stage": "submit", "partner": sent.partner, "file": sent.name, "orders": sent.orders, "lines": sent.lines, "words": words})
    with app.store.reading() as connection:
        results, mails = len(look.results_due(connection)), tally.mails["waiting"]
    if results or mails:
        lines.append({"stage": "notify", "results": results, "mails": mails, "words": f"notify: {results} results to write, {mails} mails to send"})
    lines += [{"stage": "watch", "words": f"watch: {said}"} for said in tally.due]
    lines += [{"stage": "trouble", "words": f"! {said}"} for said in (*tally.set_aside, *tally.troubles)]
    return lines


def _stages(app: App, tally: PassTally, pass_id: int) -> None:
    for stage in (reconcile, intake, submit, watch):
        stage(app, tally, pass_id)


@contextmanager
def _copied(app: App) -> Iterator[App]:
    """The installation with its doors and its database copied into a folder of this user's alone."""
    with tempfile.TemporaryDirectory(prefix="batchport-plan-") as name:
        home = Path(name)
        for door in (*WAITING_IN, DOORS):
            if app.settings.folder(door).is_dir():
                shutil.copytree(app.settings.folder(door), home / door, symlinks=True)
        _copy_database(app.settings, home / "batchport.db")
        own = app.settings.keys.at(app.settings.home)
        # A rehearsal speaks to no server: what is sent goes into a folder of the copy, and answers are those that lie in this home.
        partners = {
            name: partner.model_copy(update={"transport": Local(), "pgp": partner.pgp.at(app.settings.home) if partner.pgp else None})
            for name, partner in app.settings.partners.items()
        }
        settings = app.settings.model_copy(update={"home": home, "database": None, "keys": own, "smtp": None, "metrics": None, "partners": partners})
        with closing_app(App(settings, app.now)) as copy:
            _copy_waiting(app, copy)
            yield copy


def _copy_waiting(app: App, copy: App) -> None:
    """Bring along the files of the archive that rows are to be made of."""
    with copy.store.reading() as connection:
        waited = to_retake(connection)
    for record in waited:
        found = archived(app, record)
        if found is not None:
            target = copy.settings.home / found.relative_to(app.settings.home)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, target)


def _copy_database(settings: Settings, target: Path) -> None:
    source = path_of(settings.database_url)
    if source is None or source.is_file():
        with whole_copy(settings.database_url, target):
            pass
