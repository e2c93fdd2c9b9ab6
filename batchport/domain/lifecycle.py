"""The states of a row and every move between them: nothing else in the program says what may follow what.

The partner's moves are the contract's table; a line that asks for a move which is not in it is an exception line, and the row stays. Our own moves
are those of intake, of operators and of sending; one that is not in the table is a fault of the program.

Sending a further version of an order moves its rows too: SUP 2 and 3 make them submitted once more, SUP 1 makes them `cancel_pending` (`BEGINS`). A
partner may turn a SUP 1 or 2 down: then each row gets back what it had (`GIVEN_BACK`).

What partners say comes late, twice and in the wrong order. So the state of a row is never a matter of which file came first: all that was said of it in
its present version is one sequence, in the order of the times that the lines bear, else of their arrival, and the state is what going through that
sequence leads to, from the state that sending gave. Each line there has a `Verdict`; `domain.applying` carries them out.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class State(IntEnum):
    """The one state that every row is in; the numbers are what the database holds."""

    REJECTED = 1
    DUPLICATE = 2
    HELD = 3
    READY = 4
    SUBMITTED = 5
    ACKNOWLEDGED = 6
    DELAYED = 7
    CONFIRMED = 8
    COMPLETED = 9
    CARRIER_REJECTED = 10
    CANCEL_PENDING = 11
    CANCELLED = 12
    SUPERSEDED = 13

    @property
    def label(self) -> str:
        """The state's name as the contract writes it."""
        return self.name.lower()


class Answer(Enum):
    """What a partner says of a number."""

    ACK = "ACK"
    DELAY = "DELAY"
    FOC = "FOC"
    REJECT = "REJECT"
    COMPLETE = "COMPLETE"
    CANCEL = "CANCEL"


class Verdict(IntEnum):
    """What a line is to a row when its turn comes."""

    MOVES = 0
    NOTED = 1
    FORBIDDEN = 2
    OLD_NEWS = 3

    @property
    def meaning(self) -> str:
        """What it is, and what becomes of the line."""
        return _MEANINGS[self]


class Act(Enum):
    """What happens to a row on our side."""

    SEND = "send"
    HOLD = "hold"
    RELEASE = "release"
    REJECT = "reject"
    REPLACE = "replace"
    CANCEL = "cancel"
    CALL_OFF = "send SUP 1"
    LEAVE_OUT = "send SUP 3 without it"
    REORDER = "put into a new order"


_MEANINGS = {
    Verdict.MOVES: "It moves the row.",
    Verdict.NOTED: (
        "It is kept with the row's history and changes nothing: it asks for the state that the row has, is an ACK for a row further on, repeats the last line that "
        "counted, or speaks of a version that was overtaken and is not COMPLETE."
    ),
    Verdict.FORBIDDEN: "The table has no such move, because it is impossible or contradicts what was said before: it is an exception line.",
    Verdict.OLD_NEWS: "It repeats a line that counted before the last one, and is not newer than that: it is an exception line.",
}

_S = State
#: Submitted and not yet ended.
IN_FLIGHT = frozenset((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CANCEL_PENDING))
#: Not yet sent; these may still be changed by what comes later.
UNSENT = frozenset((_S.REJECTED, _S.HELD, _S.READY))
#: Nothing follows but, for a number that moved all the same, COMPLETE.
ENDED = frozenset((_S.DUPLICATE, _S.COMPLETED, _S.CANCELLED, _S.SUPERSEDED))
#: Rows that belong to no order.
ORDERLESS = frozenset((_S.REJECTED, _S.DUPLICATE, _S.SUPERSEDED))

PARTNER_MOVES: dict[Answer, dict[State, State]] = {
    Answer.ACK: {_S.SUBMITTED: _S.ACKNOWLEDGED},
    Answer.DELAY: dict.fromkeys((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.CONFIRMED), _S.DELAYED),
    Answer.FOC: {
        **dict.fromkeys((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CARRIER_REJECTED), _S.CONFIRMED),
        _S.CANCEL_PENDING: _S.CANCELLED,
    },
    Answer.REJECT: dict.fromkeys((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED), _S.CARRIER_REJECTED),
    Answer.COMPLETE: dict.fromkeys(
        (_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CARRIER_REJECTED, _S.CANCEL_PENDING),
        _S.COMPLETED,
    ),
    Answer.CANCEL: dict.fromkeys(
        (_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CANCEL_PENDING, _S.CARRIER_REJECTED),
        _S.CANCELLED,
    ),
}

#: What a REJECT of a SUP 1 or 2 gives back: the state that the row had when the version was sent, one of these, by the state that it has now.
_SENT_BEFORE = frozenset((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CARRIER_REJECTED))
GIVEN_BACK: dict[State, frozenset[State]] = {
    _S.CANCEL_PENDING: _SENT_BEFORE | {_S.HELD},
    **dict.fromkeys((_S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED), _SENT_BEFORE),
}

OUR_MOVES: dict[Act, dict[State, State]] = {
    Act.SEND: dict.fromkeys((_S.READY, _S.SUBMITTED, _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.CARRIER_REJECTED), _S.SUBMITTED),
    Act.CALL_OFF: dict.fromkeys((_S.HELD, _S.READY, *sorted(_SENT_BEFORE)), _S.CANCEL_PENDING),
    Act.LEAVE_OUT: dict.fromkeys((_S.HELD, _S.READY, *sorted(_SENT_BEFORE)), _S.CANCELLED),
    Act.REORDER: {_S.CANCELLED: _S.HELD},
    Act.HOLD: {_S.READY: _S.HELD, _S.REJECTED: _S.HELD},
    Act.RELEASE: {_S.HELD: _S.READY, _S.REJECTED: _S.READY},
    Act.REJECT: {_S.READY: _S.REJECTED, _S.HELD: _S.REJECTED},
    Act.REPLACE: {_S.REJECTED: _S.SUPERSEDED, _S.HELD: _S.SUPERSEDED, _S.READY: _S.SUPERSEDED, _S.CARRIER_REJECTED: _S.SUPERSEDED},
    Act.CANCEL: {_S.REJECTED: _S.CANCELLED, _S.HELD: _S.CANCELLED, _S.READY: _S.CANCELLED},
}

#: How far along a row is, for telling a late ACK from an impossible one: an ACK for a row further on changes nothing.
FURTHER_THAN_ACK = frozenset((
    _S.ACKNOWLEDGED, _S.DELAYED, _S.CONFIRMED, _S.COMPLETED, _S.CARRIER_REJECTED, _S.CANCEL_PENDING, _S.CANCELLED, _S.SUPERSEDED,
))  # fmt: skip

#: The state that each answer asks for.
ASKED_FOR: dict[Answer, State] = {
    Answer.ACK: _S.ACKNOWLEDGED,
    Answer.DELAY: _S.DELAYED,
    Answer.FOC: _S.CONFIRMED,
    Answer.REJECT: _S.CARRIER_REJECTED,
    Answer.COMPLETE: _S.COMPLETED,
    Answer.CANCEL: _S.CANCELLED,
}


#: The state in which a version begins, by its SUP.
BEGINS: dict[str, State] = {"": _S.SUBMITTED, "1": _S.CANCEL_PENDING, "2": _S.SUBMITTED, "3": _S.SUBMITTED}


def verdict(answer: Answer, state: State) -> Verdict:
    """What a line about a row's present version is to a row in a state, as long as it repeats nothing and turns no version down."""
    if state in PARTNER_MOVES[answer]:
        return Verdict.MOVES
    late = answer is Answer.ACK and state in FURTHER_THAN_ACK
    return Verdict.NOTED if late or ASKED_FOR[answer] is state else Verdict.FORBIDDEN


class IllegalMove(Exception):
    """An act of ours that the table does not allow: a fault of the program."""


def after(act: Act, state: State) -> State:
    """The state that an act of ours leads to.

    Raises:
        IllegalMove: the table has no such move.
    """
    try:
        return OUR_MOVES[act][state]
    except KeyError:
        raise IllegalMove(f"{act.value} of a row that is {state.label}") from None
