"""The balance: what became of every line of every submission file, number by number.

A line is one number of one version. It is of the kind of the last answer that counted for that version, or `overtaken` where nothing was said before a newer
version took its place, or outstanding. The kinds are worked out from rows and answers; a file balances when they come to the lines that were written into
it, and to those that its versions count as answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from batchport.domain.lifecycle import Answer
from batchport.domain.table import known, records
from batchport.pipeline.app import App
from batchport.pipeline.shown import iso
from batchport.spreadsheets.tables import tables_workbook
from batchport.store import balance as stored

#: Kinds of answered lines, as people read them.
ANSWERED = {
    Answer.ACK.value: "acknowledged", Answer.DELAY.value: "delayed", Answer.FOC.value: "confirmed", Answer.REJECT.value: "rejected", Answer.COMPLETE.value: "completed",
    Answer.CANCEL.value: "cancelled",
}  # fmt: skip
OVERTAKEN, OUTSTANDING = "overtaken", "outstanding"
KINDS = (*ANSWERED.values(), OVERTAKEN)


@dataclass(frozen=True, slots=True)
class FileBalance:
    """What became of the lines of one submission file.

    Attributes:
        partner: who got it.
        file: its name.
        sent: when.
        orders: how many orders are in it.
        lines: how many lines were written into it.
        answered: kind -> how many lines.
        numbers: kind or `outstanding` -> the numbers.
        balanced: whether all lines are accounted for.
    """

    partner: str
    file: str
    sent: str
    orders: int
    lines: int
    answered: Mapping[str, int]
    numbers: Mapping[str, list[str]]
    balanced: bool

    @property
    def outstanding(self) -> int:
        """How many lines nothing was heard of."""
        return len(self.numbers.get(OUTSTANDING, ()))

    def json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "partner": self.partner, "file": self.file, "sent": self.sent, "orders": self.orders, "lines": self.lines, "answered": dict(self.answered),
            "outstanding": self.outstanding, "numbers": dict(self.numbers), "balanced": self.balanced,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of some submission files.

    Attributes:
        files: oldest first.
        lines: partner, file, pon, ver, tn, kind, foc_date, at: a line each.
    """

    files: list[FileBalance]
    lines: pd.DataFrame

    @property
    def settled(self) -> bool:
        """Whether every file balances and nothing is outstanding."""
        return all(file.balanced and not file.outstanding for file in self.files)

    def workbook(self) -> bytes:
        """As a workbook: the files, and every line."""
        files = {
            "Partner": [file.partner for file in self.files], "File": [file.file for file in self.files], "Sent": [file.sent for file in self.files],
            "Orders": [str(file.orders) for file in self.files], "Lines": [str(file.lines) for file in self.files],
            **{kind.capitalize(): [str(file.answered[kind]) for file in self.files] for kind in KINDS},
            "Outstanding": [str(file.outstanding) for file in self.files], "Balances": ["yes" if file.balanced else "NO" for file in self.files],
        }  # fmt: skip
        titles = {"partner": "Partner", "file": "File", "pon": "PON", "ver": "Version", "tn": "Number", "kind": "Answer", "foc_date": "Confirmed date", "at": "Heard"}
        return tables_workbook({"Files": files, "Lines": {title: self.lines[name].tolist() for name, title in titles.items()}})


def balance(app: App, *, partner: str | None = None, since: date | datetime | None = None) -> Balance:
    """The balance of a partner's submission files, or of all, sent since a day (by the installation's clock) or moment, or ever.

    Raises:
        Unknown: there is no such partner.
    """
    if partner is not None:
        app.profile(partner)
    asked = {"partner": partner, "since": app.stamp_of(since) if since is not None else None}
    with app.store.reading() as connection:
        files, lines = stored.sent_files(connection, **asked), stored.sent_lines(connection, **asked)
        said = stored.said_of_earlier(connection, lines[~lines.present])
    lines = _with_kinds(lines, said)
    return Balance([_file(one, lines[lines.submission_id == one.id]) for one in records(files)], _told(app, files, lines))


def _with_kinds(lines: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """The lines with the kind of each."""
    kind = lines.status.map(ANSWERED).fillna(OVERTAKEN).astype(object)
    # A line of an older version that counted says that the number has moved.
    kind[(lines.said_ver.fillna(0) != lines.ver) & (lines.status != Answer.COMPLETE.value)] = OVERTAKEN
    kind[~lines.answered.astype(bool)] = OUTSTANDING
    lines = lines.assign(kind=kind, foc_date=[iso(foc) if known(foc) and foc else "" for foc in lines.foc], at=lines["at"].fillna(""))
    if not lines.present.all():
        lines.loc[~lines.present, ["kind", "foc_date", "at"]] = _last_said(lines[~lines.present], said).to_numpy()
    lines.loc[(lines.sup == "1") & (lines.kind == ANSWERED[Answer.FOC.value]), "kind"] = ANSWERED[Answer.CANCEL.value]
    return lines


def _last_said(lines: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """For each line whose row went on in another version the kind, date and time of the last answer to it: its own, or one for the whole order."""
    whole = said.row_id.isna()
    keys = (["order_id", "ver", "row_id"], said[~whole]), (["order_id", "ver"], said[whole].drop(columns="row_id"))
    own, order = (lines[by].merge(some.drop_duplicates(by, keep="last"), on=by, how="left") for by, some in keys)
    later = (own["id"].fillna(0) >= order["id"].fillna(0)).to_numpy()
    last = {name: [mine if first else all_ for first, mine, all_ in zip(later, own[name], order[name], strict=True)] for name in ("status", "foc_date", "at")}
    there_is = [known(status) for status in last["status"]]
    return pd.DataFrame({
        "kind": [ANSWERED[status] if there else OVERTAKEN for there, status in zip(there_is, last["status"], strict=True)],
        "foc_date": [day if there else "" for there, day in zip(there_is, last["foc_date"], strict=True)],
        "at": [at if there else "" for there, at in zip(there_is, last["at"], strict=True)],
    })  # fmt: skip


def _file(record: Any, lines: pd.DataFrame) -> FileBalance:
    numbers = {kind: [f"{tn:010d}" for tn in some.tn.tolist()] for kind, some in lines.groupby("kind")}
    answered = {kind: len(numbers.get(kind, ())) for kind in KINDS}
    outstanding = len(numbers.get(OUTSTANDING, ()))
    balanced = record.lines == len(lines) == sum(answered.values()) + outstanding and record.answered == sum(answered.values())
    return FileBalance(
        record.partner, record.name, record.sent, int(record.orders), int(record.lines), answered, {kind: numbers[kind] for kind in (*KINDS, OUTSTANDING) if kind in numbers},
        bool(balanced),
    )  # fmt: skip


def _told(app: App, files: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as the workbook has them."""
    orders = np.unique(lines.order_id.to_numpy(np.int64))
    pons = dict(zip(orders.tolist(), app.store.pons.give(orders), strict=True)) if len(orders) else {}
    of = files.set_index("id")
    return pd.DataFrame({
        "partner": lines.submission_id.map(of.partner), "file": lines.submission_id.map(of.name), "pon": lines.order_id.map(pons), "ver": [f"{ver:02d}" for ver in lines.ver],
        "tn": [f"{tn:010d}" for tn in lines.tn], "kind": lines.kind, "foc_date": lines.foc_date, "at": lines["at"],
    })  # fmt: skip
