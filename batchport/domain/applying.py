"""What is said of rows, gone through in its order: what each line does to each row it speaks of.

A row may be spoken of by several lines, an ACK and a later FOC, say; so they are applied in turns, the first of every row, then the second, and the
whole table takes each step at once. Rows stand in arrays and are known by their place in them; texts were made into numbers before, the same for the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from batchport.domain.lifecycle import GIVEN_BACK, PARTNER_MOVES, Answer, State, Verdict, verdict
from batchport.domain.table import Ints, Mask

#: Answers as the arrays below have them.
ANSWERS = tuple(Answer)
_REJECT, _FOC = ANSWERS.index(Answer.REJECT), ANSWERS.index(Answer.FOC)
_STATES = range(max(State) + 1)
#: By answer and state: what a line is, and where it leads.
VERDICTS = np.array([[verdict(answer, State(state)) if state else Verdict.FORBIDDEN for state in _STATES] for answer in ANSWERS], np.int8)
_TARGET = np.array([[PARTNER_MOVES[answer].get(State(state), 0) if state else 0 for state in _STATES] for answer in ANSWERS], np.int8)
_MAY_BE_GIVEN_BACK = np.array([state in GIVEN_BACK for state in _STATES])
#: A version that was not confirmed or refused yet may still be turned down.
_KEEPS = np.isin(np.array(_STATES), [State.ACKNOWLEDGED, State.DELAYED])


@dataclass(slots=True)
class Standing:
    """Rows as they stand, an array a fact; going through what is said changes them.

    Attributes:
        state: the state.
        foc: the confirmed date as yyyymmdd; 0 for none.
        answered: whether anything was heard of the present version.
        was: the state that the row gets back when its version is turned down; 0 where it cannot be.
        was_foc: the date likewise.
        calls_off: whether the present version is a SUP 1.
        last: what the last line that counted said; -1 for none.
    """

    state: Ints
    foc: Ints
    answered: Mask
    was: Ints
    was_foc: Ints
    calls_off: Mask
    last: Ints


@dataclass(frozen=True, slots=True)
class Turns:
    """What is said of the present versions of rows, a line and a row each, in the order in which it counts for each row.

    Attributes:
        said: the line.
        row: the place of the row.
        status: the answer, by its place among `ANSWERS`.
        content: what the line says but for its time; the same number for the same.
        at: when it was said, in microseconds since 1970 (1 at the least); 0 where it bears no time.
        foc: the date that it gives, as yyyymmdd; 0 for none.
        newest: whether it speaks of the newest version; a COMPLETE counts whatever its version.
    """

    said: Ints
    row: Ints
    status: Ints
    content: Ints
    at: Ints
    foc: Ints
    newest: Mask

    def take(self, some: Ints | Mask) -> Turns:
        """Some of them."""
        return Turns(*(getattr(self, name)[some] for name in self.__slots__))


@dataclass(slots=True)
class _Counted:
    """What counted so far: row, content, time."""

    row: Ints
    content: Ints
    at: Ints

    @classmethod
    def nothing(cls) -> _Counted:
        return cls(*(np.zeros(0, np.int64) for _ in range(3)))

    def latest(self, turn: Turns) -> Ints:
        """For each line when the same was last said and counted; -1 where it was not."""
        latest = np.full(len(turn.row), -1, np.int64)
        if not len(self.row):
            return latest
        of_these = np.isin(self.row, turn.row)
        before = pd.DataFrame({"row": self.row[of_these], "content": self.content[of_these], "at": self.at[of_these]}).groupby(["row", "content"], as_index=False)["at"].max()
        found = pd.DataFrame({"row": turn.row, "content": turn.content}).merge(before, on=["row", "content"], how="left")["at"]
        there = found.notna().to_numpy()
        latest[there] = found[there].to_numpy(np.int64)
        return latest

    def add(self, turn: Turns) -> None:
        self.row, self.content, self.at = (np.concatenate(pair) for pair in ((self.row, turn.row), (self.content, turn.content), (self.at, turn.at)))


def go_through(turns: Turns, rows: Standing) -> tuple[np.ndarray[Any, np.dtype[np.int8]], pd.DataFrame]:
    """The verdict on each line for each row, and what was changed; `rows` stand afterwards as they then do.

    Args:
        turns: what is said.
        rows: the rows.

    Returns:
        The verdicts, and a table of changes in their order: said, row, state, foc, answers (whether the version was unanswered till then), given_back (whether
        the version was turned down), overtaken (whether the line speaks of an older version).
    """
    verdicts = np.full(len(turns.row), Verdict.FORBIDDEN, np.int8)
    counted = _Counted.nothing()
    changes = []
    for at in _in_turns(turns.row):
        turn = turns if len(at) == len(turns.row) else turns.take(at)
        back = _turned_down(turn, rows)
        verdicts[at] = _judged(turn, rows, counted, back)
        moving = np.flatnonzero(verdicts[at] == Verdict.MOVES)
        if len(moving):
            going = turn.take(moving)
            changes.append(_moved(going, rows, back[moving]))
            counted.add(going)
    columns = ("said", "row", "state", "foc", "answers", "given_back", "overtaken")
    empty = pd.DataFrame({name: np.zeros(0, bool if name in columns[4:] else np.int64) for name in columns})
    return verdicts, pd.concat(changes, ignore_index=True) if changes else empty


def _in_turns(row: Ints) -> list[Ints]:
    """The places of the first line of every row, then of the second, and so on."""
    if not pd.Series(row).duplicated().any():
        return [np.arange(len(row))] if len(row) else []
    number = pd.Series(row).groupby(row, sort=False).cumcount().to_numpy()
    return np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])


def _turned_down(turn: Turns, rows: Standing) -> Mask:
    """The lines with which a partner turns down a SUP 1 or 2 of whose rows it has not confirmed the outcome."""
    down: Mask = (turn.status == _REJECT) & turn.newest & (rows.was[turn.row] > 0) & _MAY_BE_GIVEN_BACK[rows.state[turn.row]]
    return down


def _judged(turn: Turns, rows: Standing, counted: _Counted, back: Mask) -> np.ndarray[Any, np.dtype[np.int8]]:
    """What each line is to its row now."""
    found = VERDICTS[turn.status, rows.state[turn.row]]
    found[back] = Verdict.MOVES
    latest = counted.latest(turn)
    found[(found == Verdict.MOVES) & (latest >= 0) & (turn.at <= latest)] = Verdict.OLD_NEWS
    # A cancellation that was granted is granted once more.
    found[(turn.status == _FOC) & turn.newest & rows.calls_off[turn.row] & (rows.state[turn.row] == State.CANCELLED)] = Verdict.NOTED
    # Where it grants none, it needs a date.
    found[(found == Verdict.MOVES) & (turn.status == _FOC) & (turn.foc == 0) & (rows.state[turn.row] != State.CANCEL_PENDING)] = Verdict.FORBIDDEN
    found[rows.last[turn.row] == turn.content] = Verdict.NOTED
    return found


def _moved(going: Turns, rows: Standing, back: Mask) -> pd.DataFrame:
    """Let lines move their rows; what that changed."""
    row = going.row
    state = np.where(back, rows.was[row], _TARGET[going.status, rows.state[row]])
    stands = np.where(state == State.CONFIRMED, going.foc, np.where(state == State.COMPLETED, rows.foc[row], 0))
    foc = np.where(back, rows.was_foc[row], stands)
    keeps = _KEEPS[state] & ~back
    changed = pd.DataFrame({
        "said": going.said, "row": row, "state": state.astype(np.int64), "foc": foc.astype(np.int64), "answers": ~rows.answered[row], "given_back": back,
        "overtaken": ~going.newest,
    })  # fmt: skip
    rows.state[row], rows.foc[row], rows.answered[row], rows.last[row] = state, foc, True, going.content
    rows.was[row[~keeps]] = rows.was_foc[row[~keeps]] = 0
    return changed
