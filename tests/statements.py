"""The statements that commands and stages send to the database while the samples' nights are played and everybody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

from tests.conftest import EVENING, LOCAL, NEXT, NIGHTS, SAMPLES, THIRD, Home, account, settled, with_pons


@dataclass(slots=True)
class Collected:
    """Statements, each once, with the parameters that it was sent with first, and the command that sent it; tables for the time of a connection apart.

    Attributes:
        made: statements that make such tables.
        asked: statement -> parameters and command.
    """

    made: dict[str, None] = field(default_factory=dict)
    asked: dict[str, tuple[Any, str]] = field(default_factory=dict)


@contextmanager
def collecting(collected: Collected, command: str) -> Iterator[None]:
    """What is sent meanwhile is collected."""

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:  # noqa: FBT001  SQLAlchemy's
        first = statement.lstrip().split(None, 1)[0].lower()
        if first == "create":
            collected.made.setdefault(statement)
        elif first in ("select", "with", "insert", "update", "delete"):
            collected.asked.setdefault(statement, (parameters[0] if many else parameters, command))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def nights(home: Home) -> Collected:
    """The samples' nights, then some of our own in which everything happens that a command can bring about, and every way to look at it."""
    collected = Collected()

    def done(*words: object, at: str = THIRD) -> None:
        with collecting(collected, " ".join(map(str, words))):
            result = home(*words, at=at)
        assert result.exit in (0, 1), (words, result.err)

    for source in sorted(SAMPLES.glob("inbox/*/*")):
        settled(home.path / "inbox" / source.parent.name / source.name, source.read_bytes())
    for night, at in enumerate(NIGHTS, 1):
        if night > 1:
            settled(home.path / "responses" / "sample" / f"night-{night}.csv", with_pons(SAMPLES / "answers" / f"night-{night}.csv", home.sent()))
        done("run", at=at)
    _further_versions(home, done)
    for words in _looks(home):
        done(*words)
    return collected


def _further_versions(home: Home, done: Any) -> None:
    """An order that is held, redated, corrected, called off and sent again."""
    home.drop(*account(3, account_number="P1", btn="617-239-2200"), LOCAL | {"tn": "617-239-0200", "account_number": "P2", "destination": "line-0200"}, name="own.csv")
    done("run", at=EVENING)
    pon, other = home.pon("617-239-2200"), home.pon("617-239-0200")
    home.answer((pon, "01", "", "FOC", "", "", "2026-03-19"), (other, "01", "", "REJECT", "1P", "no such account"), ("P00000000000", "01", "", "ACK"), name="own-answer.csv", run=False)
    done("reconcile", at=NEXT)
    for words in (("redate", pon, "2026-03-26"), ("hold", pon), ("release", pon), ("resubmit", other)):
        done(*words, "--why", "test")
    done("run")
    done("cancel", pon, "--why", "test")
    done("run")
    number = home.exceptions()[0]["id"]
    done("exceptions", "resolve", number, "--why", "test")
    done("resend", _submission(home), "--why", "test")
    done("notify")


def _submission(home: Home) -> str:
    return min(home.path.glob("outbox/sample/*.csv")).name


def _looks(home: Home) -> list[Sequence[object]]:
    pon = home.pon("617-239-2200")
    row = home.rows("617-239-2200")[-1]["row_id"]
    return [
        ("status", "--tn", "617-239-2200"), ("status", "--order", pon), ("status", "--file", "own.csv"), ("status", "--customer", "harbor"), ("status", "--state", "confirmed"), ("status", "--overdue"),
        ("orders", "--customer", "harbor"), ("orders", "--customer", "acme", "--due"), ("orders", "--customer", "acme", "--format", "json"),
        ("trace", "617-239-2200"), ("trace", pon), ("trace", row), ("trace", "own.csv"), ("trace", "own-answer.csv"), ("trace", "own-answer.csv:2"), ("trace", _submission(home)), ("trace", "1"),
        ("exceptions",), ("balance", "--partner", "sample", "--since", "2026-03-04"), ("report", "-o", home.path / "report.html"), ("suppressed",), ("parked",),
        ("audit", "list", "--since", "2026-03-04"),
    ]  # fmt: skip
