"""Units of work: a sheet, a response file, what goes to one partner; each is tried by itself, and what is wrong with one holds nothing else up.

A unit is written down before it is begun and taken out when it is done, so that one whose process died is known, and counts as a try. What fails by a fault of
the program is tried again after 5, 20 and 80 minutes and 5 hours, and is parked after the fifth time: then it waits for an operator. What somebody can mend,
such as a file that may not be read, is told, and tried again by each pass. What is no unit's fault, a full disk or a lease that was lost, ends the pass.
"""

from __future__ import annotations

import errno
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from batchport import log
from batchport.carriers.profile import ProfileError
from batchport.config import ConfigProblem
from batchport.data.tables import ReferenceProblem
from batchport.faults import of_database, place_of, words_of
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.tally import PassTally
from batchport.store import units as stored
from batchport.store.acts import record_act
from batchport.store.leases import Busy
from batchport.store.work import Unit
from batchport.transport.arrivals import Arrival

#: A unit is parked when it was tried so often.
MOST_TRIES = 5
#: What the system says when nothing at all can be done, whichever unit it was.
_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EFBIG})
#: What is wrong with the installation as a whole, and is told before anything is done where it is known by then.
_OF_THE_SETTINGS = (ConfigProblem, ProfileError, ReferenceProblem)


class Stopping(Exception):
    """The program was asked to stop, and does so between two units of work."""


class NotAlone(Exception):
    """A helper has come upon something that only the pass can decide, and has changed nothing; the pass does that unit itself."""


class OutOfTurn(NotAlone):
    """What comes before a unit has to be done first after all, since its process died; nothing was changed."""


def arrival_named(folder: Path, key: str, mark: str) -> Arrival:
    """A file of a door, known by its key (whose, and the name that is shown of it) and its mark.

    Raises:
        NotAlone: no such file lies there; the pass has seen where it lies.
    """
    whose, _, name = key.partition("/")
    path = folder / whose / name
    try:
        seen = path.stat(follow_symlinks=False)
    except OSError:
        raise NotAlone from None
    arrival = Arrival(path, name, seen.st_size, seen.st_mtime)
    if arrival.mark_of_content != mark:
        raise NotAlone
    return arrival


def pause(tries: int) -> timedelta:
    """How long a unit waits that was tried so often."""
    return timedelta(minutes=5 * 4 ** (tries - 1))


def carry_out(app: App, tally: PassTally, kind: str, key: str, work: Callable[[], object], *, mark: str = "") -> None:
    """Do a unit of work, if its time has come.

    Args:
        app: the installation, which this process is alone in.
        tally: hears what went wrong.
        kind: what it is: sheet, response, submission.
        key: which; with the kind it says to people what this is about.
        work: does it; each part of it may be cut off and done again.
        mark: what the unit is known by; where that has changed, earlier tries do not count.

    Raises:
        Stopping: the program was asked to stop; nothing was begun.
        NotAlone: as `work` says; that was no try.
    """
    if app.stopping():
        raise Stopping
    with app.store.reading() as connection:
        before = stored.unit(connection, kind, key)
    if before is not None and before.mark == mark and not _may_try(app, tally, before):
        return
    with app.store.transaction() as connection:
        tries = stored.claim(connection, kind, key, mark=mark, token=app.store.held[-1], stamp=app.stamp)
    try:
        work()
    except NotAlone:
        with app.store.transaction() as connection:
            stored.give_back(connection, kind, key)
        raise
    except Exception as error:
        if ends_the_pass(error):
            raise
        _put_off(app, tally, kind, key, tries, error)
        return
    with app.store.transaction() as connection:
        stored.finish(connection, kind, key)


Runs = Sequence[Sequence[Unit]]


def carry_out_together(app: App, units: Sequence[Unit], together: Callable[[Sequence[Unit]], Runs], alone: Callable[[Unit], object]) -> None:
    """Do units of a kind as one, as far as they can be; what was tried before, and what does not go well, is done by itself.

    Args:
        app: the installation.
        units: what there is to do; each may be cut off and done again.
        together: does several as one, all or nothing; where it was nothing, which of them are to be done as one instead, in which order.
        alone: does one by itself (`carry_out`).

    Raises:
        Stopping: the program was asked to stop; nothing was begun.
    """
    if app.stopping():
        raise Stopping
    kind, marks = units[0].kind, {unit.key: unit.mark for unit in units}
    with app.store.reading() as connection:
        before = stored.tried(connection, kind, list(marks))
    runs = runs_of(units, [unit.key in before for unit in units]) if before else _tried(app, kind, marks, units, together)
    for run in runs:
        if len(run) == 1:
            alone(run[0])
        else:
            carry_out_together(app, run, together, alone)


def _tried(app: App, kind: str, marks: Mapping[str, str], units: Sequence[Unit], together: Callable[[Sequence[Unit]], Runs]) -> Runs:
    """Try to do units as one, as `together` says; what fails by a fault of the program is done one by one, and told of the one whose fault it is."""
    with app.store.transaction() as connection:
        stored.claim_first(connection, kind, marks, token=app.store.held[-1], stamp=app.stamp)
    try:
        runs = together(units)
    except Exception as error:
        if ends_the_pass(error):
            raise
        runs = [[unit] for unit in units]
    with app.store.transaction() as connection:
        stored.forget(connection, kind, list(marks))
    return runs


def runs_of(units: Sequence[Unit], by_itself: Sequence[bool]) -> Runs:
    """Units in their order: those that are done by themselves, and between them the others."""
    runs: list[list[Unit]] = []
    for alone, some in groupby(zip(units, by_itself, strict=True), key=itemgetter(1)):
        run = [unit for unit, _ in some]
        runs += [[unit] for unit in run] if alone else [run]
    return runs


def contain(tally: PassTally, what: str, work: Callable[[], object]) -> None:
    """Do what is looked at by each pass anyway; where it fails by a fault of the program, that is told, and the pass goes on without it."""
    try:
        work()
    except Exception as error:
        if ends_the_pass(error) or words_of(error):
            raise
        log.event("part failed", "error", part=what, fault=place_of(error))
        tally.fault(f"{what} did not come to an end by a fault of the program, {place_of(error)}. Nothing that was stored is lost; report this line if it comes back.")


def forget_all_but(app: App, kind: str, keys: set[str]) -> None:
    """Forget the units of a kind that there is nothing to do for any more: a file that somebody took away."""
    with app.store.reading() as connection:
        left = [found.key for found in stored.undone(connection) if found.kind == kind and found.key not in keys]
    if left:
        with app.store.transaction() as connection:
            for key in left:
                stored.finish(connection, kind, key)


def _may_try(app: App, tally: PassTally, before: Any) -> bool:
    if before.parked:
        tally.trouble(_parked(before.kind, before.key, before.attempts, before.trouble))
        return False
    if before.attempts >= MOST_TRIES:  # its process died each time, and could not say so
        why = before.trouble or f"the {before.attempts} processes that tried it did not come to its end"
        _store_trouble(app, before.kind, before.key, before.attempts, why, next_try=before.next_try, parked=True)
        tally.fault(_parked(before.kind, before.key, before.attempts, why))
        return False
    return bool(before.next_try <= app.stamp)


def _put_off(app: App, tally: PassTally, kind: str, key: str, tries: int, error: Exception) -> None:
    words = words_of(error)
    # Not the error's own words, which may hold what a row says.
    why = words.rstrip(".") or f"a fault of the program, {place_of(error)}"
    parked = not words and tries >= MOST_TRIES
    next_try = app.now if words else app.now + pause(min(tries, MOST_TRIES))
    _store_trouble(app, kind, key, tries, why, next_try=app.stamp_of(next_try), parked=parked)
    if words:
        tally.trouble(f"{kind} {key} could not be dealt with: {why}. It is left as it was, and tried again by the next pass.")
    elif parked:
        tally.fault(_parked(kind, key, tries, why))
    else:
        tally.fault(f"{kind} {key} could not be dealt with: {why}. It is left as it was, and tried again after {app.local(next_try):%Y-%m-%d %H:%M}; report this line if it comes back.")


def _store_trouble(app: App, kind: str, key: str, tries: int, why: str, *, next_try: str, parked: bool) -> None:
    with app.store.transaction() as connection:
        stored.put_off(connection, kind, key, trouble=why, next_try=next_try, parked=parked)
    log.event("unit parked" if parked else "unit put off", "error", kind=kind, key=key, tries=tries, reason=why)


def _parked(kind: str, key: str, tries: int, why: str) -> str:
    return f"{kind} {key} was tried {tries} times and is parked: {why}. Report this line; `{retry_command(kind, key)}` has it tried again."


def retry_command(kind: str, key: str) -> str:
    """The command that has a parked unit tried again, as it is typed."""
    return shlex.join(("batchport", "parked", "retry", kind, key, "--why", "TEXT"))


def ends_the_pass(error: Exception) -> bool:
    """Whether going on with other units would be of no use, or wrong."""
    of_the_machine = isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
    return of_the_machine or bool(of_database(error)) or isinstance(error, (Busy, Stopping, *_OF_THE_SETTINGS))


def parked_lines(app: App) -> list[dict[str, Any]]:
    """What could not be done so far: kind, key, since, tries, next_try (None where it is parked), parked, why."""
    with app.store.reading() as connection:
        found = stored.undone(connection)
    return [
        {
            "kind": unit.kind, "key": unit.key, "since": unit.since, "tries": unit.attempts, "next_try": None if unit.parked else unit.next_try,
            "parked": bool(unit.parked), "why": unit.trouble or "at hand, or its process died",
        }
        for unit in found
    ]  # fmt: skip


def retry(app: App, kind: str, key: str, why: str) -> dict[str, Any]:
    """Have a unit tried again by the next pass, its tries counted from the beginning: kind, key, by, why.

    Raises:
        Unknown: there is none.
    """
    with app.store.transaction() as connection:
        found = stored.unit(connection, kind, key)
        if found is not None:
            stored.finish(connection, kind, key)
            record_act(connection, at=app.stamp, who=app.user, what="parked retry", about=f"{kind} {key}", why=why)
    if found is None:
        raise Unknown(f"no {kind} {key!r} failed; `batchport parked` lists what did")
    return {"kind": kind, "key": key, "by": app.user, "why": why}
