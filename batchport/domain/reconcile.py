"""Response lines against open rows: what each line does, as tables, in one pass.

Lines find their rows (`matching`) and are applied to them (`applying`). What is said of a row counts in the order of the times that the lines bear, else
of their arrival. So new lines are not applied to the row as it stands: all that was said of it in its present version is gone through, with each line in
its place. Then the state of a row depends on what was said, and not on which file came first; a line that counted may turn out to be an exception line,
and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchport.domain.applying import ANSWERS, VERDICTS, Standing, Turns, go_through
from batchport.domain.lifecycle import BEGINS, ENDED, Answer, State, Verdict
from batchport.domain.matching import Book, Why, contents, matched, pairs
from batchport.domain.table import Ints, Mask

#: States that answers lead to, and those in which versions begin: a row in one of them is where its lines have brought it.
_BY_ANSWERS = sorted({State.SUBMITTED, State.ACKNOWLEDGED, State.DELAYED, State.CONFIRMED, State.COMPLETED, State.CARRIER_REJECTED, State.CANCEL_PENDING, State.CANCELLED})
_ENDED = [int(state) for state in ENDED]
_COMPLETE, _FOC = ANSWERS.index(Answer.COMPLETE), ANSWERS.index(Answer.FOC)
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


def reconcile(lines: pd.DataFrame, book: Book, before: pd.DataFrame, partner: str) -> Outcomes:
    """What lines do to rows.

    Args:
        lines: in the order in which they came: line, order_id (0: no PON given, -1: one that is none of ours), ver (0: the newest), tn (blank: the whole order),
            status, code, text, foc_date, at, moment (the same in microseconds, 0 for none); and where they came before and found nothing, response_id, exception_id.
        book: the rows that the lines may speak of.
        before: all that was said of the present versions of their orders before, with the exception lines among it: answer_id, exception_id (0 where it is none),
            response_id, line, order_id, ver, tn (blank: the whole order), status, code, text, foc_date, at, moment, applied.
        partner: whose lines they are.
    """
    said, why, fresh = _said(lines, book, partner)
    earlier = _Spoken.none()
    if len(before):
        old, _, spoken = _said(before, book, partner, old=True)
        earlier = spoken.behind(len(said))
        said, why = pd.concat([said, old], ignore_index=True), np.concatenate([why, np.zeros(len(old), np.int8)])
    # What is said of a version that was overtaken is noted, and has no place among what is said of the newest.
    overtaken = ~_speaks(said, fresh)
    course = _Course(said, contents(said), book.rows, fresh.take(~overtaken), earlier)
    again = _gone_through_again(book, earlier)
    standing = _standing(book, again)
    course.remember(standing, again)
    repeats = course.repeats(again)
    turns = course.turns(again, ~repeats)
    verdicts, changes = go_through(turns, standing)
    why[course.fresh.line[repeats]] = Why.OLDER_LINE_AGAIN
    told = _told(said, course.content, book.rows, turns, verdicts, why, fresh.take(overtaken))
    return Outcomes(told[said.new | course.gone_through(turns, again)], _changed(told, book.rows, standing, changes, again))


def _said(lines: pd.DataFrame, book: Book, partner: str, *, old: bool = False) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int8]], _Spoken]:
    """Lines matched, why they are exception lines, and the rows that each speaks of: of old ones those of the present version."""
    missing = {"response_id": 0, "exception_id": 0, "answer_id": 0, "applied": False}
    lines = lines.reset_index(drop=True).assign(**{name: value for name, value in missing.items() if name not in lines})
    found, why = matched(lines.assign(arrived=lines.response_id.where(lines.response_id > 0, _NOW)), book, partner)
    if old:
        why = np.zeros(len(found), np.int8)
    line, row = pairs(found, why, book)
    spoken = _Spoken(line, row)
    return found.assign(new=not old), why, spoken.take(_speaks(found, spoken)) if old else spoken


def _speaks(said: pd.DataFrame, spoken: _Spoken) -> Mask:
    """Whether lines speak of the newest version, or say that a number has moved."""
    found: Mask = (said.newest.to_numpy(dtype=bool) | (said.answer == _COMPLETE).to_numpy())[spoken.line]
    return found


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

    def repeats(self, again: Mask) -> Mask:
        """The new lines with a time that repeat what counted before, was not the last to count, and is not older than they are; they have no place of their own.

        Where a row has the state already that such a line asks for, or is further on, it is noted as usual.
        """
        found = np.zeros(len(self.fresh.line), dtype=bool)
        old = self.earlier.take(self.said.applied.to_numpy(dtype=bool)[self.earlier.line] & again[self.earlier.row])
        if not len(old.line):
            return found
        counted = pd.DataFrame({"row": old.row, "content": self.content[old.line], "counted": self.of("moment", old)}).groupby(["row", "content"], as_index=False).counted.max()
        mine = pd.DataFrame({"row": self.fresh.row, "content": self.content[self.fresh.line], "moment": self.of("moment", self.fresh)})
        again_said = (mine.moment <= mine.merge(counted, on=["row", "content"], how="left").counted).to_numpy(dtype=bool)
        last = self._last()[self.fresh.row] == self.content[self.fresh.line]
        now = VERDICTS[self.of("answer", self.fresh), self.rows.state.to_numpy(np.int64)[self.fresh.row]]
        found[:] = again_said & ~last & (now == Verdict.MOVES) & (self.of("moment", self.fresh) > 0)
        return found

    def _last(self) -> Ints:
        """For each row what the last line that counted for it said; -1 where that is not known."""
        known = (self.said.answer_id > 0).to_numpy()
        answers = pd.Index(self.said.answer_id.to_numpy(np.int64)[known])
        at = answers.get_indexer(pd.Index(self.rows.answer_id.to_numpy(np.int64)))
        return np.where(at >= 0, np.append(self.content[known], -1)[at], -1)

    def remember(self, standing: Standing, again: Mask) -> None:
        """Let rows know the last line that counted for them, but those that are gone through again."""
        if len(self.earlier.line):
            standing.last[~again] = self._last()[~again]

    def turns(self, again: Mask, new: Mask) -> Turns:
        """Those of the new lines, and old ones for rows that are gone through again, in the order in which they count.

        That is the order of arrival, and between two lines without a time that of the times.
        """
        repeated = self.earlier.take(again[self.earlier.row])
        fresh = self.fresh.take(new)
        spoken = _Spoken(np.concatenate([fresh.line, repeated.line]), np.concatenate([fresh.row, repeated.row]))
        moment, arrived, number = (self.of(name, spoken) for name in ("moment", "arrived", "line"))
        if all((np.diff(key) >= 0).all() for key in (moment, arrived, number)):
            order = np.arange(len(moment))
        elif (moment > 0).all() or not (moment > 0).any():
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


def _gone_through_again(book: Book, earlier: _Spoken) -> Mask:
    """The rows of which something was said before in their present version, and that are where this has brought them: no act of ours moved them since."""
    found = np.zeros(len(book.rows), dtype=bool)
    found[earlier.row] = True
    return found & np.isin(book.rows.state.to_numpy(), _BY_ANSWERS) & book.newest if len(earlier.row) else found


def _standing(book: Book, again: Mask) -> Standing:
    """The rows as they stand; those that are gone through again as they were when their version was sent."""
    state, foc, was, was_foc = (book.rows[name].to_numpy(np.int64).copy() for name in ("state", "foc", "was", "was_foc"))
    was[book.rows.settled.to_numpy(dtype=bool) & ~again] = 0
    if again.any():
        begins = book.orders.sup.map({sup: int(begins) for sup, begins in BEGINS.items()}).to_numpy(np.int64)
        state[again], foc[again] = begins[book.order[again]], 0
    calls_off = (book.orders.sup == "1").to_numpy()[book.order] & book.newest
    return Standing(state, foc, book.rows.answered.to_numpy(dtype=bool).copy(), was, was_foc, calls_off, last=np.full(len(state), -1, np.int64))


def _told(said: pd.DataFrame, content: Ints, rows: pd.DataFrame, turns: Turns, verdicts: Ints, why: Ints, overtaken: _Spoken) -> pd.DataFrame:
    """The lines with what became of them: a line that did something for one of its rows did something."""
    heard, counts = np.zeros(len(said), dtype=bool), np.zeros(len(said), dtype=bool)
    for verdict, reason in _REASONS.items():
        why[turns.said[verdicts == verdict]] = reason
    why[turns.said[(verdicts == Verdict.FORBIDDEN) & (turns.status == _FOC) & (turns.foc == 0)]] = Why.FOC_WITHOUT_DATE
    heard[turns.said[verdicts <= Verdict.NOTED]] = True
    heard[overtaken.line] = True
    counts[turns.said[verdicts == Verdict.MOVES]] = True
    # All of a whole order's rows may have lines of their own.
    heard |= (why == Why.NOTHING) & said.new.to_numpy(dtype=bool)
    why[heard] = Why.NOTHING
    row_id = np.zeros(len(said), np.int64)
    numbered = (said.tn != "").to_numpy()
    for line, row in ((turns.said, turns.row), (overtaken.line, overtaken.row)):
        own = numbered[line]
        row_id[line[own]] = rows.row_id.to_numpy(np.int64)[row[own]]
    return said.assign(why=why, heard=heard, counts=counts, row_id=row_id, content=content)


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
    same = (now.state.to_numpy() == told.state) & (now.foc.to_numpy() == told.foc) & (now.answer_id.to_numpy() == answer) & (answer > 0)
    return told.take(np.flatnonzero(~(again[at] & same)))
