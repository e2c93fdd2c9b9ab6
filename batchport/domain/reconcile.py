"""Response lines against open rows: what each line does, as tables, in one pass.

A line first finds its order (by PON, or by its number where it has no PON), then its rows: its own, or every row of the order's version for a line that
names no number. Rows may be spoken of by several lines of one file, an ACK and a later FOC, say; so lines are applied in rounds, the first line of every
row, then the second, and the whole table takes each step at once. What finds nothing, or asks for a move that the table of states does not have, comes
back as an exception with its reason: nothing of a file is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchport.domain.lifecycle import ASKED_FOR, FURTHER_THAN_ACK, GIVEN_BACK, PARTNER_MOVES, Answer, State

#: What makes a line the same as another one for a row; when it was said does not.
_SAME = ("ver", "status", "code", "text", "foc_date")

NO_MATCH, OTHER_PARTNER, NOT_IN_ORDER, NEWER_VERSION = "unknown-order", "other-partner", "tn-not-in-order", "newer-version"
UNKNOWN_STATUS, NO_DATE, FORBIDDEN, OLD_NEWS = "unknown-status", "foc-without-date", "move-forbidden", "older-line-again"


@dataclass(slots=True)
class Outcomes:
    """What the lines of a file do.

    Attributes:
        applied: a row a change: row_id, order_id, line, state (after it), foc (yyyymmdd or 0), answers (whether the version was unanswered till then),
            given_back (whether the version was turned down and the row got back what it had), keeps (whether it still may be), overtaken (whether the line
            speaks of an older version).
        recorded: lines that matched: line, order_id, row_id (0: the whole order), applied (whether it changed anything).
        exceptions: lines that did not: line, reason.
        rejected: how many rows were newly rejected.
    """

    applied: pd.DataFrame
    recorded: pd.DataFrame
    exceptions: pd.DataFrame


def reconcile(lines: pd.DataFrame, rows: pd.DataFrame, history: pd.DataFrame, partner: str) -> Outcomes:
    """What lines do to rows.

    Args:
        lines: of one file, in the order in which they count: line, order_id (0: no PON given, -1: one that is none of ours), ver (0: the newest), tn (blank:
            the whole order), status, code, text, foc_date, at.
        rows: rows that the lines may speak of: row_id, order_id, tn, state, ver, partner, foc, answer_id, answered, sup (of the order's newest version), was
            and was_foc (what the row gets back if that is turned down; 0 for nothing).
        history: lines that were applied to these rows before: row_id, answer_id, ver, status, code, text, foc_date, at.
        partner: whose file it is.
    """
    lines = lines.assign(tn=pd.to_numeric(lines.tn.where(lines.tn.str.fullmatch("[0-9]{10}"), "0")).where(lines.tn != "", 0).astype(np.int64), whole=lines.tn == "")
    reason = pd.Series("", index=lines.index, dtype=object)
    reason[~lines.status.isin([answer.value for answer in Answer])] = UNKNOWN_STATUS
    lines = _ordered(lines, rows, partner, reason)
    # A cancellation that is confirmed needs no date.
    calling_off = lines.order_id.isin(rows.order_id[rows.sup == "1"]) & (lines.ver == lines.newest)
    reason[(reason == "") & (lines.status == Answer.FOC.value) & (lines.foc_date == "") & ~calling_off] = NO_DATE
    pairs = _pairs(lines, rows, reason)
    applied, recorded = _rounds(pairs, rows, history, lines, reason)
    exceptions = pd.DataFrame({"line": lines.line, "reason": reason})[reason != ""]
    return Outcomes(applied, recorded, exceptions)


def _ordered(lines: pd.DataFrame, rows: pd.DataFrame, partner: str, reason: pd.Series) -> pd.DataFrame:
    """The lines with the order that each speaks of and its present version; what has none is given its reason."""
    open_rows = rows[(rows.partner == partner) & rows.state.isin([int(state) for state in PARTNER_MOVES[Answer.COMPLETE]])]
    by_number = open_rows.drop_duplicates("tn", keep=False).set_index("tn").order_id
    without = lines.order_id == 0
    order = lines.order_id.where(~without, lines.tn.map(by_number).fillna(0).astype(np.int64))
    owner = rows.drop_duplicates("order_id").set_index("order_id")
    present = rows.groupby("order_id").ver.max()
    of_partner = order.map(owner.partner)
    reason[(reason == "") & of_partner.isna()] = NO_MATCH
    reason[(reason == "") & (of_partner != partner)] = OTHER_PARTNER
    newest = order.map(present).fillna(0).astype(np.int64)
    ver = lines.ver.where(lines.ver != 0, newest)
    reason[(reason == "") & ((ver > newest) | (ver < 1))] = NEWER_VERSION
    return lines.assign(order_id=order, ver=ver, newest=newest)


def _pairs(lines: pd.DataFrame, rows: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    """Every row that a line speaks of, a pair each, in the order in which they count; a row's own line goes before one for its whole order."""
    good = lines[reason == ""].assign(place=np.flatnonzero(reason == ""))
    known = rows[["row_id", "order_id", "tn"]]
    single = good[~good.whole].merge(known, on=["order_id", "tn"], how="left")
    missing = single.place[single.row_id.isna()]
    reason.iloc[missing.to_numpy()] = NOT_IN_ORDER
    single = single[single.row_id.notna()]
    whole = good[good.whole].drop(columns="tn").merge(known, on="order_id")
    if len(whole) and len(single):
        own = pd.MultiIndex.from_frame(single[["row_id", "ver"]].astype(np.int64)).unique()
        whole = whole[~pd.MultiIndex.from_frame(whole[["row_id", "ver"]].astype(np.int64)).isin(own)]
    pairs = pd.concat([single, whole]).astype({"row_id": np.int64}).sort_values("place", kind="stable")
    return pairs.assign(round=pairs.groupby("row_id").cumcount()).reset_index(drop=True)


def _rounds(
    pairs: pd.DataFrame, rows: pd.DataFrame, history: pd.DataFrame, lines: pd.DataFrame, reason: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply the pairs, the first of every row, then the second; what was applied, and what was recorded of each line."""
    names = {"state": np.int64, "ver": np.int64, "answered": bool, "foc": np.int64, "was": np.int64, "was_foc": np.int64}
    state = rows.set_index("row_id")[list(names)].fillna(0).astype(names)
    said = history[["row_id", *_SAME, "at"]].copy()
    answered = rows[["row_id", "answer_id"]].assign(answer_id=pd.to_numeric(rows.answer_id).fillna(0).astype(np.int64))
    last = answered.merge(history, on=["row_id", "answer_id"])[["row_id", *_SAME]]
    applied: list[pd.DataFrame] = []
    moved = np.zeros(len(lines), dtype=bool)
    noted = np.zeros(len(lines), dtype=bool)
    refused = np.full(len(lines), "", dtype=object)
    for _, turn in pairs.groupby("round"):
        now = state.loc[turn.row_id]
        verdict = _judged(turn, now, said, last)
        moving = verdict == _MOVES
        noted[turn.place[verdict == _NOTED]] = True
        for why in (FORBIDDEN, OLD_NEWS):
            refused[turn.place[verdict == why]] = why
        if not moving.any():
            continue
        going = turn[moving]
        moved[going.place] = True
        foc = going.foc_date.str.replace("-", "").where(going.foc_date != "", "0").astype(np.int64).to_numpy()
        before = now[moving]
        back = _turned_down(going, before)
        new = np.where(back, before.was.to_numpy(), _target(going, before))
        confirmed = new == int(State.CONFIRMED)
        kept = np.where(back, before.was_foc, np.where(confirmed, foc, np.where(new == int(State.COMPLETED), before.foc, 0))).astype(np.int64)
        keeps = np.isin(new, [int(State.ACKNOWLEDGED), int(State.DELAYED)]) & ~back
        state.loc[going.row_id, "state"] = new
        state.loc[going.row_id, "foc"] = kept
        state.loc[going.row_id, "answered"] = True
        state.loc[going.row_id[~keeps], ["was", "was_foc"]] = 0
        applied.append(pd.DataFrame({
            "row_id": going.row_id.to_numpy(), "order_id": going.order_id.to_numpy(), "line": going.line.to_numpy(), "state": new, "foc": kept,
            "ver": before.ver.to_numpy(), "answers": ~before.answered.to_numpy(dtype=bool), "place": going.place.to_numpy(), "given_back": back, "keeps": keeps,
            "overtaken": (going.ver < going.newest).to_numpy(),
        }))  # fmt: skip
        last = pd.concat([last[~last.row_id.isin(going.row_id)], going[["row_id", *_SAME]]])
        said = pd.concat([said, going[["row_id", *_SAME, "at"]]])
    empty = pd.DataFrame({name: pd.Series(dtype=np.int64) for name in ("row_id", "order_id", "line", "state", "foc", "ver", "answers", "place", "given_back", "keeps", "overtaken")})
    changes = pd.concat(applied) if applied else empty
    failed = (refused != "") & ~moved & ~noted
    reason[failed] = refused[failed]
    heard = lines[(reason == "").to_numpy()]
    alone = pairs.drop_duplicates("place", keep=False).set_index("place").row_id
    place = np.flatnonzero((reason == "").to_numpy())
    recorded = pd.DataFrame({
        "line": heard.line.to_numpy(), "order_id": heard.order_id.to_numpy(), "ver": heard.ver.to_numpy(),
        "row_id": np.where(heard.whole, 0, pd.Series(place).map(alone).fillna(0)).astype(np.int64), "applied": moved[place],
    })  # fmt: skip
    return changes, recorded


_MOVES, _NOTED = "moves", "noted"
_TARGET = pd.Series({answer.value: int(ASKED_FOR[answer]) for answer in Answer})


def _target(turn: pd.DataFrame, now: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The state that each of some allowed moves leads to."""
    new = np.array(_TARGET[turn.status], np.int64)
    for answer, moves in PARTNER_MOVES.items():
        for origin, target in moves.items():
            if target is not ASKED_FOR[answer]:
                new[((turn.status == answer.value) & (now.state.to_numpy() == int(origin))).to_numpy()] = int(target)
    return new


def _turned_down(turn: pd.DataFrame, now: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The pairs with which a partner turns down a SUP 1 or 2 of whose rows it has not confirmed the outcome."""
    down = (turn.status == Answer.REJECT.value).to_numpy() & (now.was > 0).to_numpy() & (turn.ver == turn.newest).to_numpy()
    return down & np.isin(now.state.to_numpy(), [int(state) for state in GIVEN_BACK])


def _judged(turn: pd.DataFrame, now: pd.DataFrame, said: pd.DataFrame, last: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """For each pair whether it moves its row, is noted and changes nothing, or why it cannot be."""
    state = now.state.to_numpy()
    verdict = np.full(len(turn), FORBIDDEN, dtype=object)
    for answer, moves in PARTNER_MOVES.items():
        verdict[(turn.status == answer.value).to_numpy() & np.isin(state, [int(origin) for origin in moves])] = _MOVES
    verdict[_turned_down(turn, now)] = _MOVES
    confirmed_again = (turn.status == Answer.FOC.value).to_numpy() & (state == int(State.CONFIRMED))
    asks_for_it = (_TARGET[turn.status].to_numpy() == state) & ~confirmed_again
    late = (turn.status == Answer.ACK.value).to_numpy() & np.isin(state, [int(further) for further in FURTHER_THAN_ACK])
    verdict[asks_for_it | late] = _NOTED
    key = ["row_id", *_SAME]
    older = turn[["row_id", *_SAME, "at"]].merge(said.groupby(key, as_index=False)["at"].max(), on=key, how="left", suffixes=("", "_before"))
    before = older["at_before"].notna().to_numpy()
    newer = (older["at"].astype(object).fillna("") > older["at_before"].astype(object).fillna("")).to_numpy()
    verdict[(verdict == _MOVES) & before & ~newer] = OLD_NEWS
    same_as_last = pd.MultiIndex.from_frame(turn[key]).isin(pd.MultiIndex.from_frame(last[key])) if len(last) else np.zeros(len(turn), dtype=bool)
    verdict[same_as_last] = _NOTED
    overtaken = (turn.ver < turn.newest).to_numpy() & (turn.status != Answer.COMPLETE.value).to_numpy()
    verdict[overtaken] = _NOTED
    return verdict
