"""Passes that were cut off: the next one tells the operator what they had done, since they could not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from batchport.pipeline.app import App
from batchport.pipeline.tally import PassTally
from batchport.store.cut_off import names_in, untold

#: So many files of each kind are named.
_NAMED = 20


def tell_of_cut_off(app: App, tally: PassTally, pass_id: int) -> None:
    """Note the whole passes before this one that died before anybody was told of them, and what each had done."""
    with app.store.reading() as connection:
        for died in untold(connection, pass_id):
            sheets, answers, sent = names_in(connection, died.id)
            done = [
                *_told("took in", [f"{file.name} of {file.customer}" + ("" if file.state == "read" else f" ({file.state})") for file in sheets]),
                *_told("applied", [f"{answer.name} of {answer.partner}" for answer in answers]),
                *_told("made", [f"{file.name} for {file.partner}" for file in sent]),
            ]
            began = app.local(datetime.fromisoformat(died.started)).strftime("%Y-%m-%d %H:%M")
            tally.cut_off.append(
                f"the pass that began at {began} was cut off before it could tell you what it did"
                + (f": it {'; it '.join(done)}" if done else "; it had stored nothing")
                + ". This pass went on where it stopped, so nothing is lost or done twice; `batchport status` and the folder quarantine show the rest."
            )


def _told(did: str, names: Iterable[str]) -> list[str]:
    """What it did with files, in words; nothing where there are none."""
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return [f"{did} {', '.join(every[:_NAMED])}{more}"] if every else []
