"""A home that was put back from a backup, taken up again.

The backup holds what waited in the doors, sealed, in a folder `doors`; the first pass puts it back where it was. What was sent and answered after the copy was made
is not known, and cannot be found out alone: the operator is told, once, and what could do harm is prevented here. Numbers of orders, rows and mails leave a gap
(`store.restored`); a submission file never takes the place of one that the partner has, and its number goes on after the last one that can be seen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from batchport.carriers.render import Rendered
from batchport.files import make_folder, write_whole
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.tally import PassTally
from batchport.pipeline.ways import way_to
from batchport.seal import KeyProblem
from batchport.store.acts import record_act
from batchport.store.queued import LOOK
from batchport.store.restored import Restored, go_on_at, keep, restored
from batchport.store.submissions import next_sequence
from batchport.transport import Found, NotDelivered, TransportError

#: Where a backup holds what waited in the doors, and which doors these are.
DOORS = "doors"
WAITING_IN = ("inbox", "responses")


def door_context(name: str) -> str:
    """What a file of a door, named by its path in the home, is sealed as."""
    return f"door {name}"


def take_up(app: App, tally: PassTally, command: str) -> None:
    """Put back what waited in the doors when the backup was made, and tell the operator what is to be looked at; once, and only in a home that was put back."""
    doors = app.settings.folder(DOORS)
    if doors.is_dir():
        _put_back(app, tally, doors)
    with app.store.reading() as connection:
        known = restored(connection)
    if known is None or known.told or command not in ("run", LOOK):
        return
    tally.trouble(words_of(app, known))
    tally.changed = True
    with app.store.transaction() as connection:
        keep(connection, replace(known, told=True))


def words_of(app: App, known: Restored) -> str:
    """What an operator is to know of a home that was put back."""
    return (
        f"this home was put back from a backup of {_moment(app, known.copied)}: what came, was sent and was answered after that is not known here. Ask customers for the "
        "sheets that they sent since, and partners for their answers since and for the number of the last file that they have: orders that were ready then go out again "
        "under the same PON, and `batchport db sequence PARTNER NUMBER` says which number the next file gets. Answers to orders of that time become exception lines"
    )


def _moment(app: App, seconds: int) -> str:
    return f"{app.local(datetime.fromtimestamp(seconds, UTC)):%Y-%m-%d %H:%M %Z}"


def _put_back(app: App, tally: PassTally, doors: Path) -> None:
    for sealed in sorted(path for path in doors.rglob("*") if path.is_file() and not path.is_symlink()):
        name = sealed.relative_to(doors).as_posix()
        target = app.settings.folder(name)
        if name.partition("/")[0] not in WAITING_IN:
            continue
        try:
            data = app.store.keyring.unseal(sealed.read_bytes(), door_context(name))
        except KeyProblem as error:
            tally.trouble(f"{sealed} cannot be put back into {target}: {error}")
            continue
        if target.exists() and target.read_bytes() != data:
            tally.trouble(f"{sealed} waited in {target.parent} when the backup was made, and something else has its name there now; move that away, and the next pass puts it back")
            continue
        # As it was, so that files are taken in the order in which they came.
        changed = sealed.stat().st_mtime_ns
        make_folder(target.parent)
        write_whole(target, data)
        os.utime(target, ns=(changed, changed))
        sealed.unlink()
    for folder in sorted((path for path in doors.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    if not any(doors.iterdir()):
        doors.rmdir()


def other_sequence(app: App, partner: str, files: Sequence[Rendered]) -> int | None:
    """The number that files for a partner are to begin with instead of their own; None where theirs are right.

    They are right when the partner's folder has no number as high, or has these very files: then they were sent before, on the same day, and are only sent again.

    Raises:
        NotDelivered: the folder cannot be seen.
    """
    profile = app.profile(partner)
    try:
        with way_to(app, partner) as way:
            numbers = [number for name in way.names() if (number := profile.number_in(partner, name)) is not None]
            last = max(numbers, default=0)
            if last < files[0].sequence or all(way.look(file.name, file.data) is Found.THERE for file in files):
                return None
    except TransportError as error:
        raise NotDelivered(
            f"which files are there from before this home was put back cannot be seen: {error}. If that stays so, ask {partner} for the number of the last file that they have, "
            f"and say `batchport db sequence {partner} NUMBER` with the next one"
        ) from None
    return last + 1


def set_sequence(app: App, partner: str, number: int, why: str) -> str:
    """Let a partner's next submission file get a number; a sentence that says so.

    Raises:
        Unknown: there is no such partner, or its files have such a number already, or the home was not put back from a backup.
    """
    app.profile(partner)
    with app.store.transaction() as connection:
        if restored(connection) is None:
            raise Unknown("this home was not put back from a backup, so its numbers go on by themselves, without gaps")
        following = next_sequence(connection, partner)
        if number < following:
            raise Unknown(f"the files to {partner} have numbers up to {following - 1} already; the next can get {following} or a higher one")
        go_on_at(connection, partner, number)
        record_act(connection, at=app.stamp, who=app.user, what="db sequence", why=why, about=f"{partner} {number}")
    return f"The next file to {partner} gets number {number}."
