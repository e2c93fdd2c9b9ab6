"""Made-up facts that together take every branch of the packaged templates: templates are proved with them before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from batchport.mail import (
    AlarmFacts,
    AnswerLine,
    ColumnLine,
    ColumnsFacts,
    ColumnsFile,
    CompletedFacts,
    ExceptionLine,
    Expect,
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
from batchport.mail.language import ENGLISH


def sample_facts() -> Iterator[tuple[str, MailFacts]]:
    """Kinds with made-up facts."""
    each = {"received": _received, "columns": _columns, "update": _updates, "completed": _completions, "overdue": _late, "night": _nights, "alarm": _alarms}
    for kind, samples in each.items():
        for facts in samples():
            yield kind, facts


_PROBLEM = FileProblem("The column Current Carrier is missing.", "Add it and send the sheet again.")
_COUNTS = dict.fromkeys(ENGLISH.states, 2)
_WORKBOOK = "acme.1a2b3c4d.xlsx"
_KEPT = "results/acme/acme.1a2b3c4d.xlsx"
_EXPECT = (Expect("single_line", 1, 3), Expect("multi_line", 4, 4), Expect("wireless", 1, 1), Expect("toll_free", 2, 2))


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
        expect=_EXPECT,
        results=_WORKBOOK,
    )
    others = (
        FileFacts(name="copy.xlsx", state="repeated", same_as="acme.xlsx", rows=26, counts=_COUNTS, results=_WORKBOOK),
        FileFacts(name="headers.csv", state="unmapped", problems=(_PROBLEM,)),
        FileFacts(name="broken.xlsx", state="unreadable", problems=(_PROBLEM,)),
    )
    yield ReceivedFacts(customer_name="Harbor Bakery LLC", contact="ports@example.com", attached=(_WORKBOOK, "more.xlsx"), kept=(_KEPT,), files=(full, *others))
    yield ReceivedFacts(customer_name="Harbor Bakery LLC", kept=(_KEPT, _KEPT), files=(replace(full, counts={"ready": 1}, rows=1), *others[:1]))
    for state in ("ready", "held", "rejected", "duplicate"):
        yield ReceivedFacts(customer_name="Acme", files=(FileFacts(name="acme.csv", state="read", rows=1, counts={state: 1}, more=int(state == "rejected")),))
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
        expect=_EXPECT,
        attached=(_WORKBOOK,),
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
        kept=(_KEPT,),
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
        records=1204,
        head="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )
    quiet = NightFacts(at=at, balanced=True, files={}, rows={}, lines={}, mails={})
    yield quiet
    yield replace(quiet, exceptions=(refused,))


def _alarms() -> Iterator[AlarmFacts]:
    at = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
    yield AlarmFacts(at=at, problems=("answers.csv of sample was set aside whole: it has no header line.", "The server of other did not answer."))
    yield AlarmFacts(at=at, problems=("The pass look failed.",))
