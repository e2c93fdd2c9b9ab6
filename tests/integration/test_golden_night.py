"""The samples' three nights against what a person has read and found right.

`BATCHPORT_REGENERATE=1 pytest tests/integration/test_golden_night.py` writes the files anew; read the difference before it is kept.
"""

from __future__ import annotations

import json
import os
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVENING, SAMPLES, Story, batchport, ordered_pons, text_of

GOLDEN = Path(__file__).parents[1] / "golden" / "night"
SHEETS = sorted(str(path.relative_to(SAMPLES / "inbox")) for path in SAMPLES.glob("inbox/*/*") if path.suffix != ".pdf")


def compare(name: str, text: str) -> None:
    """The text is what the golden file holds."""
    path = GOLDEN / name
    if os.environ.get("BATCHPORT_REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    assert path.is_file(), f"{path} is missing"
    assert text == path.read_bytes().decode()


@pytest.mark.parametrize("sheet", SHEETS)
def test_findings_of_each_sample(sheet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES / "inbox")
    lines = batchport("check", sheet, "--format", "json", at=EVENING).lines
    compare(f"findings/{sheet}.jsonl", "".join(json.dumps(_short(line), ensure_ascii=False) + "\n" for line in lines))


def _short(line: dict[str, Any]) -> dict[str, Any]:
    """A line without the fields that the row leaves blank."""
    return {**line, "values": {name: value for name, value in line["values"].items() if value is not None}} if "values" in line else line


def test_submission_file(story: Story) -> None:
    files = sorted(story.home.path.glob("outbox/sample/*.csv"))
    names: dict[str, str] = {}
    compare("submissions.csv", "".join(f"{file.name}\r\n{ordered_pons(file.read_bytes().decode(), names)}" for file in files))


def test_what_each_pass_says(story: Story) -> None:
    compare("passes.jsonl", "".join(f"{json.dumps(done.last)}\n" for done in story.passes))
    assert [done.exit for done in story.passes] == [1, 1, 1]


@pytest.mark.parametrize("night", [1, 2, 3])
def test_mails(story: Story, night: int) -> None:
    told = {_name(mail): _told(mail, story) for mail in story.mails[night - 1]}
    for name, text in told.items():
        compare(f"mails/{night}/{name}", text)
    assert sorted(told) == sorted(path.name for path in (GOLDEN / "mails" / str(night)).iterdir())


def _name(mail: EmailMessage) -> str:
    kind = re.fullmatch(r"<([a-z]+)\.[0-9a-f]{32}@.*>", mail["Message-ID"])
    assert kind is not None
    return f"{kind[1]}-{mail['To']}.txt"


def _told(mail: EmailMessage, story: Story) -> str:
    """Subject, text and attachments of a mail, with PONs as in the submission file."""
    names: dict[str, str] = {}
    for line in story.home.sent():
        ordered_pons(line["PON"], names)
    attached = "".join(f"[{part.get_filename()}]\n" for part in mail.iter_attachments())
    told = re.sub(r"^[0-9a-f]{64}$", "HASH", text_of(mail), flags=re.MULTILINE)
    return ordered_pons(f"Subject: {mail['Subject']}\n\n{told}{attached}", names)


def test_where_every_row_ended(story: Story) -> None:
    names: dict[str, str] = {}
    for sent in story.home.sent():
        ordered_pons(sent["PON"], names)
    rows = story.home.json("status")
    compare("states.txt", "".join(f"{row['customer']}/{row['file']} {row['row']} {row['state']} {_reasons(row)}".rstrip() + "\n" for row in rows))


def _reasons(row: dict[str, Any]) -> str:
    said = [row["foc_date"], *row["findings"], *(reason["code"] for reason in row["reasons"])]
    return " ".join(word for word in said if word)


def test_exception_lines(story: Story) -> None:
    lines = story.home.json("exceptions")
    compare("exceptions.jsonl", "".join(json.dumps({name: value for name, value in line.items() if name != "since"}) + "\n" for line in lines))
