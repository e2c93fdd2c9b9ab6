"""What the mail about columns tells: what each column of a file that waits is taken for, and why."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection

from batchport.domain.fields import BY_NAME
from batchport.domain.findings import catalogue
from batchport.domain.language import Language, phrase
from batchport.mail import ColumnLine, ColumnsFacts, ColumnsFile, FileProblem
from batchport.pipeline.app import App
from batchport.pipeline.assess import FileFinding
from batchport.pipeline.facts import Views, customer_name
from batchport.pipeline.shown import sentence
from batchport.pipeline.view import FileView
from batchport.pipeline.wording import file_words
from batchport.store import look
from batchport.store.sealed import proposal_context


def columns_facts(app: App, connection: Connection, views: Views, record: Any, contact: str | None) -> tuple[ColumnsFacts, list[FileView]]:  # noqa: ARG001
    """What the columns of the files are taken for that a customer sent in a pass, and that wait for it to be confirmed."""
    language = app.language(record.customer)
    of_pass = look.file_records(connection, pass_id=record.pass_id, customer=record.customer)
    files = tuple(_columns_file(app, file, language) for file in of_pass if file.proposal is not None)
    return ColumnsFacts(customer_name=customer_name(app, record.customer), contact=app.settings.operator.email, files=files), []


def _columns_file(app: App, file: Any, language: Language) -> ColumnsFile:
    lines: list[Any] = json.loads(app.store.keyring.unseal(file.proposal, proposal_context(file.sha256)))["lines"]
    several = len({line["sheet"] for line in lines}) > 1
    columns: dict[str, list[ColumnLine]] = {"certain": [], "confirm": [], "ignored": []}
    for line in lines:
        if line["header"].strip():
            name = line["field"]
            label = BY_NAME[name].label if name in BY_NAME else (name or "").replace("_", " ")
            sheet = (line["sheet"] or "") if several else ""
            reason = phrase(line["reason"], "column", language)
            columns[line["certainty"]].append(ColumnLine(line["header"], label, sentence(reason[:1].upper() + reason[1:]), tuple(line["samples"]), sheet))
    problems = [FileFinding(**each) for each in json.loads(file.problems)]
    said = [file_words(problem, language) for problem in problems if catalogue()[problem.code].severity == "error"]
    return ColumnsFile(
        name=file.name, problems=tuple(FileProblem(each.message, each.fix) for each in said), unsure=tuple(columns["confirm"]), certain=tuple(columns["certain"]),
        ignored=tuple(line.header for line in columns["ignored"]),
    )  # fmt: skip


