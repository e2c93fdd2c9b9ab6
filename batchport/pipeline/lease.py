"""One pass, one act of an operator, one scheduler at a time: leases held by this process.

Beside the lease in the database (`store.leases`) a file `.locks/NAME.TOKEN` is locked while its holder lives, and the system lets go of it when the holder dies,
however it dies. So what a dead process of this home has left behind is free at once, and only of one that lives, but is not heard of, a lease must run out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy.exc import DatabaseError

from batchport.files import PRIVATE_FILE, make_folder
from batchport.pipeline.app import App
from batchport.store.database import Store
from batchport.store.leases import BEATS, LEAD, LENGTH, PASS, Busy, Fenced, keep, let_go, standing, take

__all__ = ["LEAD", "Busy", "Fenced", "alone", "held", "is_dead"]

#: Seconds that a pass waits for what goes on beside passes and holds their lease for moments, such as `keys rotate`; and between two looks.
_PATIENCE, _LOOKS = 1.5, 0.1


@contextmanager
def alone(app: App, patience: float = _PATIENCE) -> Iterator[None]:
    """Be the only pass or act at work in this installation.

    Args:
        app: the installation.
        patience: seconds for which it is waited that another one ends.

    Raises:
        Busy: another one is at work.
        Fenced: this one was not heard of for so long that another one went on with its work.
    """
    try:
        with held(app, PASS, patience) as token:
            app.store.held.append(token)
            try:
                yield
            finally:
                app.store.held.remove(token)
    except Fenced:
        raise
    except Busy as busy:
        raise Busy(f"another pass is at work in {app.settings.home} ({busy}); this one did nothing") from None


@contextmanager
def held(app: App, name: str, patience: float = 0.0) -> Iterator[int]:
    """Hold the lease of a name, and renew it until the end; its token.

    Args:
        app: the installation.
        name: what the lease is for.
        patience: seconds for which it is waited that another process gives it back.

    Raises:
        Busy: another process holds it; its words say who.
    """
    store, folder, until = app.store, app.settings.folder(".locks"), time.monotonic() + patience
    while True:
        try:
            token, mark = _taken(store, make_folder(folder), name)
            break
        except Busy:
            if time.monotonic() >= until:
                raise
            app.progress("Waiting for the pass that is at work")
            time.sleep(_LOOKS)
    ended = Event()
    heart = Thread(target=_beat, args=(store, token, ended), name=f"lease {name}", daemon=True)
    heart.start()
    try:
        yield token
    finally:
        ended.set()
        heart.join()
        os.close(mark)  # from now on the file tells that nobody lives here, should the database not be able to
        with contextlib.suppress(DatabaseError):
            _given_back(store, folder, name, token)


def _given_back(store: Store, folder: Path, name: str, token: int) -> None:
    """Give a lease back, and clear away what dead holders of it have left, which is in nobody's way, but need not stay."""
    own = folder / f"{name}.{token}"
    with store.engine.execution_options(writing=True).begin() as connection:
        let_go(connection, token)
        # Only here, since whoever takes the lease next makes its file, and locks it, in a transaction of its own.
        for left in folder.glob("*.*"):
            if left != own and _is_free(left):
                left.unlink(missing_ok=True)
    # Not before the lease is given back for good: as long as it stands, the file tells that its holder is dead.
    own.unlink(missing_ok=True)


def _taken(store: Store, folder: Path, name: str) -> tuple[int, int]:
    """The token of a lease that was free, and the file that is locked as long as its holder lives."""
    dead = partial(is_dead, folder)
    with store.reading() as connection:  # first without waiting for whoever is writing now
        lease = standing(connection, name)
    if lease is not None and not dead(lease):
        raise Busy(lease.holder)
    with store.engine.execution_options(writing=True).begin() as connection:
        token = take(connection, name, f"process {os.getpid()}{_here()}", dead)
        # Before anybody can see the token, so that its holder is never taken for dead.
        return token, _locked(folder / f"{name}.{token}")


def is_dead(folder: Path, lease: Any) -> bool:
    """Whether the holder of a lease is known not to live any more; of one on another machine, a file that several share does not tell."""
    return lease.holder.endswith(_here()) and _is_free(folder / f"{lease.name}.{lease.token}")


def _here() -> str:
    return f" on {socket.gethostname()}"


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle


def _is_free(path: Path) -> bool:
    """Whether a file that a holder keeps locked is there, and is not locked."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)


def _beat(store: Store, token: int, ended: Event) -> None:
    """Renew a lease until it is given back or lost. That it could not be done once does not matter; the next transaction finds out whether it was lost."""
    while not ended.wait(LENGTH / BEATS):
        with contextlib.suppress(DatabaseError):
            try:
                with store.engine.execution_options(writing=True).begin() as connection:
                    keep(connection, [token])
            except Fenced:
                return
