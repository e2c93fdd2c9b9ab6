"""Response lines against open rows: what each line does, as tables, in one pass.

Lines find their rows (`matching`) and are applied to them (`applying`). What is said of a row counts in the order of the times that the lines bear, else
of their arrival. So a line that comes after one that was said later is not applied to the row as it stands: all that was said of its order's present
version is gone through again, with the line in its place. Then the state of a row depends on what was said, and not on which file came first; a line that
counted may turn out to be an exception line, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchport.domain.applying import ANSWERS, Standing, Turns, go_through
from batchport.domain.lifecycle import BEGINS, ENDED, Answer, State, Verdict
from batchport.domain.matching import Book, Why, contents, matched, pairs
from batchport.domain.table import Ints, Mask

#: States that answers lead to, and those in which versions begin: a row in one of them is where its lines have brought it.
_BY_ANSWERS = sorted({State.SUBMITTED, State.ACKNOWLEDGED, State.DELAYED, State.CONFIRMED, State.COMPLETED, State.CARRIER_REJECTED, State.CANCEL_PENDING, State.CANCELLED})
_ENDED = [int(state) for state in ENDED]
_COMPLETE = ANSWERS.index(Answer.COMPLETE)
_REASONS = {Verdict.FORBIDDEN: Why.MOVE_FORBIDDEN, Verdict.OLD_NEWS: Why.OLDER_LINE_AGAIN}
#: A file that is being read comes after all that were.
_NOW = np.iinfo(np.int64).max


@dataclass(slots=True)
class Outcomes:
    """What the lines of a file do.

    Attributes:
        said: the lines, and those that were gone through again; `said` below is a place in it. Besides what was given: why (a reason, 0 for none), heard (whether
            it counted, or was noted, for some row), counts (whether it moved a row), row_id (0: the whole order, or nothing), new (whether it was not heard before).
        rows: rows that stand otherwise than before, each once: row_id, order_id, file_id, ver, said (the last line that counted), before (the state that it had),
            state, foc, ends (whether it comes to its end, or back from it), settled (whether its version cannot be turned down any more), answers (whether
            that was unanswered till now), given_back (whether it was turned down), overtaken (whether a line about an older version moved it).
    """

    said: pd.DataFrame
    rows: pd.DataFrame

    @property
    def heard(self) -> pd.DataFrame:
        """New lines that counted or were noted."""
        return self.said[self.said.new & self.said.heard]

    @property
    def refused(self) -> pd.DataFrame:
        """New lines that are exception lines, with the version as it was given."""
        return self._exceptions(self.said.new)

    @property
    def fallen(self) -> pd.DataFrame:
        """Earlier lines that had been heard and are exception lines now."""
        return self._exceptions(~self.said.new & (self.said.answer_id > 0))

    @property
    def otherwise(self) -> pd.DataFrame:
        """Earlier lines that are now something else than they were."""
        old = self.said[~self.said.new]
        return old[(old.heard != (old.answer_id > 0)) | (old.counts != old.applied)]

    def _exceptions(self, which: pd.Series[bool]) -> pd.DataFrame:
        found = self.said[which & ~self.said.heard]
        return found.assign(ver=found.given)


def reconcile(lines: pd.DataFrame, rows: pd.DataFrame, before: pd.DataFrame, partner: str) -> Outcomes:
    """What lines do to rows.

    Args:
        lines: in the order in which they came: line, order_id (0: no PON given, -1: one that is none of ours), ver (0: the newest), tn (blank: the whole order),
            status, code, text, foc_date, at; and where they came before and found nothing, response_id and exception_id.
        rows: rows that the lines may speak of, as `Book` wants them.
        before: all that was said of the present versions of their orders before, with the exception lines among it: answer_id, exception_id (0 where it is none),
            response_id, line, order_id, row_id (0: the whole order), ver, tn, status, code, text, foc_date, at, applied.
        partner: whose lines they are.
    """
    book = Book(rows)
    said, why, fresh = _said(lines, book, partner)
    earlier = _Spoken.none()
    if len(before):
        old, _, spoken = _said(before, book, partner, old=True)
        earlier = spoken.behind(len(said))
        said, why = pd.concat([said, old], ignore_index=True), np.concatenate([why, np.zeros(len(old), np.int8)])
    course = _Course(said, contents(said), rows, fresh, earlier)
    again = _of_late_orders(rows, course.late())
    standing = _standing(rows, again)
    course.remember(standing, again)
    turns = course.turns(again)
    verdicts, changes = go_through(turns, standing, course.counted(~again))
    told = _told(said, rows, turns, verdicts, why)
    return Outcomes(told[said.new | course.gone_through(turns, again)], _changed(told, rows, standing, changes, again))


def _said(lines: pd.DataFrame, book: Book, partner: str, *, old: bool = False) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int8]], _Spoken]:
    """Lines matched, why they are exception lines, and the rows that each speaks of: of old ones those of the present version."""
    missing = {"response_id": 0, "exception_id": 0, "answer_id": 0, "applied": False}
    lines = lines.reset_index(drop=True).assign(**{name: value for name, value in missing.items() if name not in lines})
    found, why = matched(lines.assign(arrived=lines.response_id.where(lines.response_id > 0, _NOW)), book, partner)
    if old:
        why = np.zeros(len(found), np.int8)
    line, row = pairs(found, why, book)
    if old:
        speaks = (found.newest | (found.answer == _COMPLETE)).to_numpy()[line]
        line, row = line[speaks], row[speaks]
    return found.assign(new=not old), why, _Spoken(line, row)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is said of what: places of lines and of rows."""

    line: Ints
    row: Ints

    @classmethod
    def none(cls) -> _Spoken:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    def behind(self, lines: int) -> _Spoken:
        """The same with lines that stand behind others."""
        return _Spoken(self.line + lines, self.row)

    def take(self, some: Mask) -> _Spoken:
        """Some of it."""
        return _Spoken(self.line[some], self.row[some])


@dataclass(frozen=True, slots=True)
class _Course:
    """All that is said of some rows.

    Attributes:
        said: the lines, new and old.
        content: what each says but for its time.
        rows: the rows.
        fresh: what new lines speak of.
        earlier: what old lines speak of.
    """

    said: pd.DataFrame
    content: Ints
    rows: pd.DataFrame
    fresh: _Spoken
    earlier: _Spoken

    def of(self, name: str, spoken: _Spoken) -> Ints:
        """A column of the lines, for each line and row."""
        found: Ints = self.said[name].to_numpy(np.int64)[spoken.line]
        return found

    def counted(self, rows: Mask) -> tuple[Ints, Ints, Ints]:
        """Of some rows what counted before: row, content, time."""
        some = self.earlier.take(self.said.applied.to_numpy(dtype=bool)[self.earlier.line] & rows[self.earlier.row])
        return some.row, self.content[some.line], self.of("moment", some)

    def late(self) -> Mask:
        """The rows of which something was said before that belongs behind a new line, unless that only repeats what counted."""
        found = np.zeros(len(self.rows), dtype=bool)
        if not len(self.earlier.line):
            return found
        latest, last = np.zeros(len(self.rows), np.int64), np.zeros(len(self.rows), np.int64)
        np.maximum.at(latest, self.earlier.row, self.of("moment", self.earlier))
        np.maximum.at(last, self.earlier.row, self.of("arrived", self.earlier))
        row, moment = self.fresh.row, self.of("moment", self.fresh)
        behind = ((moment > 0) & (moment < latest[row])) | (self.of("arrived", self.fresh) < last[row])
        behind[behind] = ~self._repeats(self.fresh.take(behind))
        found[row[behind]] = True
        return found

    def _repeats(self, spoken: _Spoken) -> Mask:
        """Lines that say of a row what counted before, and are not newer than that."""
        row, content, moment = self.counted(np.ones(len(self.rows), dtype=bool))
        counted = pd.DataFrame({"row": row, "content": content, "counted": moment}).groupby(["row", "content"], as_index=False).counted.max()
        mine = pd.DataFrame({"row": spoken.row, "content": self.content[spoken.line], "moment": self.of("moment", spoken)})
        return (mine.moment <= mine.merge(counted, on=["row", "content"], how="left").counted).to_numpy(dtype=bool)

    def remember(self, standing: Standing, again: Mask) -> None:
        """Let rows know the last line that counted for them, but those that are gone through again."""
        known = (self.said.answer_id > 0).to_numpy()
        answers = pd.Index(self.said.answer_id.to_numpy(np.int64)[known])
        at = answers.get_indexer(pd.Index(self.rows.answer_id.fillna(0).to_numpy(np.int64)))
        there = (at >= 0) & ~again
        standing.last[there] = self.content[known][at[there]]

    def turns(self, again: Mask) -> Turns:
        """New lines, and old ones for rows that are gone through again, in the order in which they count.

        That is the order of arrival, and between two lines without a time that of the times.
        """
        repeated = self.earlier.take(again[self.earlier.row])
        spoken = _Spoken(np.concatenate([self.fresh.line, repeated.line]), np.concatenate([self.fresh.row, repeated.row]))
        moment, arrived, number = (self.of(name, spoken) for name in ("moment", "arrived", "line"))
        if (moment > 0).all() or not (moment > 0).any():
            order = np.lexsort((number, arrived, moment))
        else:
            came = np.lexsort((number, arrived, spoken.row))
            before = pd.Series(moment[came] == 0).groupby(spoken.row[came]).cumsum().to_numpy(np.int64)
            order = came[np.lexsort((np.arange(len(came)), moment[came], before, spoken.row[came]))]
        spoken = _Spoken(spoken.line[order], spoken.row[order])
        return Turns(
            said=spoken.line, row=spoken.row, status=self.of("answer", spoken), content=self.content[spoken.line], at=moment[order], foc=self.of("foc", spoken),
            newest=self.of("newest", spoken) > 0,
        )  # fmt: skip

    def gone_through(self, turns: Turns, again: Mask) -> Mask:
        """Lines that were gone through again for all the rows that they speak of; the others are what they were."""
        found = np.zeros(len(self.said), dtype=bool)
        found[turns.said] = True
        found[self.earlier.line[~again[self.earlier.row]]] = False
        return found


def _of_late_orders(rows: pd.DataFrame, late: Mask) -> Mask:
    """The rows that are gone through again: those of the present version of an order one of whose rows has a late line, unless an act of ours moved them."""
    if not late.any():
        return late
    order = rows.order_id.to_numpy(np.int64)
    by_answers = np.isin(rows.state.to_numpy(), _BY_ANSWERS) & (rows.ver == rows.order_ver).to_numpy()
    return np.asarray(np.isin(order, order[late]) & by_answers)


def _standing(rows: pd.DataFrame, again: Mask) -> Standing:
    """The rows as they stand; those that are gone through again as they were when their version was sent."""
    state, foc, was, was_foc = (rows[name].fillna(0).to_numpy(np.int64).copy() for name in ("state", "foc", "was", "was_foc"))
    was[rows.settled.to_numpy(dtype=bool) & ~again] = 0
    if again.any():
        state[again] = rows.sup.map({sup: int(begins) for sup, begins in BEGINS.items()}).to_numpy(np.int64)[again]
        foc[again] = 0
    return Standing(state, foc, rows.answered.to_numpy(dtype=bool).copy(), was, was_foc, last=np.full(len(rows), -1, np.int64))


def _told(said: pd.DataFrame, rows: pd.DataFrame, turns: Turns, verdicts: Ints, why: Ints) -> pd.DataFrame:
    """The lines with what became of them: a line that did something for one of its rows did something."""
    heard, counts = np.zeros(len(said), dtype=bool), np.zeros(len(said), dtype=bool)
    for verdict, reason in _REASONS.items():
        why[turns.said[verdicts == verdict]] = reason
    heard[turns.said[verdicts <= Verdict.NOTED]] = True
    counts[turns.said[verdicts == Verdict.MOVES]] = True
    # All of a whole order's rows may have lines of their own.
    heard |= (why == Why.NOTHING) & said.new.to_numpy(dtype=bool)
    why[heard] = Why.NOTHING
    row_id = np.zeros(len(said), np.int64)
    own = (said.tn != "").to_numpy()[turns.said]
    row_id[turns.said[own]] = rows.row_id.to_numpy(np.int64)[turns.row[own]]
    return said.assign(why=why, heard=heard, counts=counts, row_id=row_id)


def _changed(said: pd.DataFrame, rows: pd.DataFrame, standing: Standing, changes: pd.DataFrame, again: Mask) -> pd.DataFrame:
    """The rows that stand otherwise than before, as they do now."""
    last = changes.drop_duplicates("row", keep="last")
    at, line = last.row.to_numpy(np.int64), last.said.to_numpy(np.int64)
    told = pd.DataFrame({
        "row_id": rows.row_id.to_numpy(np.int64)[at], "order_id": rows.order_id.to_numpy(np.int64)[at], "ver": rows.ver.to_numpy(np.int64)[at], "said": line,
        "state": standing.state[at], "foc": standing.foc[at], "settled": standing.was[at] == 0, "file_id": rows.file_id.to_numpy(np.int64)[at],
        "before": rows.state.to_numpy(np.int64)[at],
    })  # fmt: skip
    told["ends"] = told.state.isin(_ENDED) != told.before.isin(_ENDED)
    for name in ("answers", "given_back", "overtaken"):
        ever = last[name] if len(last) == len(changes) else changes.groupby("row", sort=False)[name].any().loc[last.row]
        told[name] = ever.to_numpy(dtype=bool)
    if not again.any():
        return told
    answer, now = said.answer_id.to_numpy(np.int64)[line], rows.iloc[at]
    same = (now.state.to_numpy() == told.state) & (now.foc.fillna(0).to_numpy() == told.foc) & (now.answer_id.fillna(0).to_numpy() == answer) & (answer > 0)
    return told.take(np.flatnonzero(~(again[at] & same)))
