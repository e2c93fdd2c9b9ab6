"""Sealing keys: a new one, and what was sealed with an old one sealed anew.

`keys rotate` works in short batches, each with nobody else at work, so that a pass that began before never meets something sealed with a key which it does not
know: passes read the keys when they begin. Between two batches there is time for a pass to begin. What is sealed with the first key already is passed over, so it may be stopped anywhere and run again.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batchport.envelope import Label, closed, key_in_use, label_of, opened
from batchport.files import write_whole
from batchport.pipeline.app import App, Unknown
from batchport.pipeline.lease import alone
from batchport.pipeline.shelves import shelved
from batchport.seal import KeyProblem, Keyring, new_key_line
from batchport.store import sealed as stored
from batchport.store.acts import record_act
from batchport.store.database import fold_in, for_good
from batchport.store.sealed import PLACES, Place

#: A batch is as many things, or as many bytes of them.
_BATCH, _BYTES = 50, 16 << 20
#: Seconds between two batches, at least; as long as a batch took, where that is more.
_PAUSE = 0.25
#: So much of a file tells which key it was sealed with.
_HEAD = 4_096


def new_key(app: App, why: str, output: Path | None) -> list[str]:
    """Make a new key, the first from now on; the sentences that say what was done and what is to do.

    Raises:
        Unknown: the keys stand in an environment variable, which only their owner can change, and no file for the new one is named.
    """
    line = new_key_line()
    name = line.split(maxsplit=1)[0]
    place = app.settings.keys
    if place.file is None and output is None:
        raise Unknown(
            f"the keys stand in the environment variable {place.env}, which batchport does not change; `batchport keys new -o FILE` writes a new key into a file of its "
            f"own, to be put as a line before those of {place.env}"
        )
    with alone(app, math.inf):
        if output is not None:
            _written_apart(app, output, line, why)
            source = place.env or place.file
            return [
                f"{output}: a new key, {name}; put its line before those of {source}, delete {output}, then `batchport keys rotate` seals everything with it.",
                "Keep the old lines: what was sealed with them, backups too, cannot be read without them. Keep a copy of the new line elsewhere.",
            ]
        path = (app.settings.home / (place.file or "")).resolve()
        old = path.read_text("utf-8")
        Keyring.parse(old, str(path))  # a file that is no key file is not made one
        _record(app, "keys new", why, f"key {name}")
        write_whole(path, (line + old).encode())
    return [
        f"{path}: key {name} is the first now, and seals from the next pass on; keep a copy of the file elsewhere.",
        "`batchport keys rotate` seals with it what older keys have sealed. Keep their lines for what stands in backups.",
    ]


def _written_apart(app: App, output: Path, line: str, why: str) -> None:
    if output.exists():
        raise Unknown(f"{output} is there already; name another file")
    _record(app, "keys new", why, f"key {line.split(maxsplit=1)[0]}, written to {output}")
    write_whole(output, line.encode())


@dataclass(slots=True)
class Rotated:
    """What came of sealing anew.

    Attributes:
        first: the id of the key that everything is sealed with now.
        counts: how many things of each kind were sealed anew.
        troubles: what could not be.
        idle: ids of keys of the keyring that nothing here needs any more.
    """

    first: str
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Record:
    """Something sealed in the database."""

    place: Place
    key: tuple[Any, ...]
    size: int

    @property
    def kind(self) -> str:
        return self.place.words

    def seal_anew(self, app: App, keyring: Keyring) -> bool:
        with app.store.reading() as connection:
            found = stored.sealed_at(connection, self.place, self.key)
        if found is None:
            return False
        data, context = found
        fresh = keyring.seal(keyring.unseal(data, context), context)
        with for_good(app.store) as connection:
            stored.put_sealed(connection, self.place, self.key, fresh)
        return True


@dataclass(frozen=True, slots=True)
class _File:
    """A sealed file of archive or quarantine."""

    path: Path
    size: int
    kind: str = "files of archive and quarantine"

    def seal_anew(self, app: App, keyring: Keyring) -> bool:
        try:
            before, old = self.path.stat(), self.path.read_bytes()
        except FileNotFoundError:
            return False
        label, data = opened(keyring, old, str(self.path.relative_to(app.settings.home)))
        if label is None:
            return False
        known = label_of(old) or Label(label.kind, label.sha256, self.path.name)
        app.store.assure()
        write_whole(self.path, closed(keyring, data, known))
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return True


_Thing = _Record | _File


def rotate(app: App, why: str) -> Rotated:
    """Seal everything with the first key that is sealed with another."""
    with alone(app, math.inf):
        done = Rotated(app.keyring.first.hex())
        _record(app, "keys rotate", why, f"to key {done.first}")
    tried: set[_Thing] = set()
    # A pass that began with the old keys may have sealed more with them meanwhile.
    while things := [thing for thing in _sealed_otherwise(app) if thing not in tried]:
        count = 0
        for batch in _batches(things):
            app.progress("Sealing anew", count, len(things), "things")
            with alone(app, math.inf):
                begun = time.monotonic()
                _seal_anew(app, batch, done)
            count += len(batch)
            tried.update(batch)
            if count < len(things):
                time.sleep(max(_PAUSE, time.monotonic() - begun))
    fold_in(app.store)
    keyring = app.keyring
    done.idle = sorted(name.hex() for name in set(keyring.keys) - {keyring.first} - set(_in_use(app)))
    return done


def _seal_anew(app: App, batch: Sequence[_Thing], done: Rotated) -> None:
    """One batch, with the keys as they are now."""
    keyring = app.keyring
    for thing in batch:
        try:
            done.counts[thing.kind] += thing.seal_anew(app, keyring)
        except KeyProblem as error:
            done.troubles.append(str(error))


def _sealed_otherwise(app: App) -> list[_Thing]:
    """What is not sealed with the first key."""
    first = app.keyring.first
    found: list[_Thing] = []
    with app.store.reading() as connection:
        for place in PLACES:
            found += [_Record(place, key, size) for key, name, size in stored.keys_in_use(connection, place) if name != first]
    found += [_File(path, path.stat().st_size) for path in shelved(app) if (name := _key_of(path)) and name != first]
    return found


def _in_use(app: App) -> Iterator[bytes]:
    """The id of the key of each sealed thing."""
    with app.store.reading() as connection:
        for place in PLACES:
            yield from (name for _, name, _ in stored.keys_in_use(connection, place))
    yield from map(_key_of, shelved(app))


def _key_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return key_in_use(file.read(_HEAD))


def _batches(things: Sequence[_Thing]) -> Iterator[list[_Thing]]:
    batch: list[_Thing] = []
    size = 0
    for thing in things:
        batch.append(thing)
        size += thing.size
        if len(batch) >= _BATCH or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _record(app: App, what: str, why: str, about: str) -> None:
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what=what, why=why, about=about)
