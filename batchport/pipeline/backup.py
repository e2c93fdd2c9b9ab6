"""A backup: one file with everything that an installation cannot do without but its keys, made while passes run.

It is a plain tar, so that it is put back with ordinary tools. In it: what waits in the doors, sealed, since a pass may take it away at any moment (looked at first, so
that it is there at least once); a copy of the database, marked as such (`store.restored`); then what lies on the shelves, which only ever gets more; the
configuration and the files that it names; and the SHA-256 of each. It gets its name when all of it was read again and is what was written.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from batchport.carriers.profile import files_of_profile
from batchport.config import Settings
from batchport.files import PRIVATE_FILE, PRIVATE_FOLDER, sync_file, sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.restored import DOORS, WAITING_IN, door_context
from batchport.store.acts import record_act
from batchport.store.copies import whole_copy
from batchport.store.database import path_of
from batchport.store.restored import mark_of_copy

DATABASE, CONFIG, SUMS = "batchport.db", "config.yaml", "backup.sha256"
#: Folders that are kept as they are: nothing in them can be read by somebody who may not, or is a secret.
_SHELVES = ("archive", "quarantine", "results", "reference", "mail", "bounces")
_PART = 1 << 20


class BackupProblem(Exception):
    """A backup that could not be made; the message says why, and nothing of it is left."""


@dataclass(slots=True)
class Made:
    """A backup that was made.

    Attributes:
        size: in bytes.
        files: how many are in it.
        keys: the files with keys and passwords, which are not.
        notes: what is to be known when it is put back, a sentence each.
    """

    size: int = 0
    files: int = 0
    keys: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def back_up(app: App, config: Path, target: Path, why: str) -> Made:
    """Make a backup of an installation, and record it.

    Raises:
        BackupProblem: it cannot be made, or the target is there already.
        DatabaseProblem: the database is damaged.
        OSError: it cannot be written.
    """
    if not target.parent.is_dir():
        raise BackupProblem(f"the folder {target.parent} does not exist; make it, or name another one")
    if target.exists():
        raise BackupProblem(f"{target} is there already, and a backup never takes another's place; choose another name, such as one with the day and hour in it")
    made = Made(keys=sorted(_keys(app.settings)), notes=[])
    temporary, copy = (target.with_name(f".{target.name}.{end}") for end in ("writing", "db"))
    try:
        with _writing(temporary, made) as tar:
            _add_doors(app, tar)
            with whole_copy(app.settings.database_url, copy) as inside:
                inside.execute("insert or replace into meta (name, value) values (?, ?)", mark_of_copy(int(time.time())))
            tar.add(DATABASE, copy)
            for folder in _SHELVES:
                _add_folder(tar, app.settings.folder(folder), folder)
            _add_configuration(app, config.resolve(), tar, made)
            tar.add_sums()
        sync_file(temporary)
        _prove(temporary)
        made.size = temporary.stat().st_size
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        # That the disk is full is said without a name, and the temporary one tells nobody anything.
        if error.filename in (None, str(temporary), str(copy)):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise
    finally:
        for left in (temporary, copy):
            with suppress(OSError):
                left.unlink()
    database = path_of(app.settings.database_url)
    if database is None:
        made.notes.append(f"the database lies in a server: when the backup is put back, bring {DATABASE} there with `batchport db copy`, or leave `database:` out")
    elif database.resolve() != app.settings.folder(DATABASE):
        made.notes.append(f"the database lies at {database}, outside the home: when the backup is put back, move {DATABASE} there, or correct `database:`")
    with app.store.transaction() as connection:
        record_act(connection, at=app.stamp, who=app.user, what="backup", why=why, about=target.name)
    return made


def _keys(settings: Settings) -> set[str]:
    """The files that the configuration names for secrets."""
    of_partners = (secret for partner in settings.partners.values() if partner.pgp is not None for secret in partner.pgp.secrets)
    return {str(secret.file) for secret in (*settings.secrets, *of_partners) if secret.file is not None}


class _Tar:
    """A tar that is being written, with the SHA-256 of what is in it."""

    def __init__(self, tar: tarfile.TarFile, made: Made) -> None:
        self._tar, self._made = tar, made
        self._sums: dict[str, str] = {}
        self._folders: set[str] = set()

    def add(self, name: str, path: Path) -> None:
        """A file, unless a pass has taken it away meanwhile; a link is no file."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return
            raise
        with os.fdopen(handle, "rb") as file:
            seen = os.fstat(file.fileno())
            self._write(name, file, seen.st_size, seen.st_mtime)

    def add_bytes(self, name: str, data: bytes, changed: float) -> None:
        """Bytes as a file."""
        self._write(name, io.BytesIO(data), len(data), changed)

    def add_sums(self) -> None:
        """The SHA-256 of everything, the last of all."""
        self.add_bytes(SUMS, _sums(self._sums), time.time())

    def __contains__(self, name: str) -> bool:
        return name in self._sums

    def _write(self, name: str, file: IO[bytes], size: int, changed: float) -> None:
        for folder in reversed(Path(name).parents[:-1]):
            if str(folder) not in self._folders:
                self._folders.add(str(folder))
                self._tar.addfile(_member(str(folder), PRIVATE_FOLDER, changed, tarfile.DIRTYPE))
        member = _member(name, PRIVATE_FILE, changed, tarfile.REGTYPE)
        member.size = size
        counted = _Counted(file)
        self._tar.addfile(member, cast("IO[bytes]", counted))
        self._sums[name] = counted.sha256.hexdigest()
        self._made.files += 1


class _Counted:
    """A file whose SHA-256 is known when it was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Some bytes."""
        data = self._file.read(size)
        self.sha256.update(data)
        return data


def _member(name: str, mode: int, changed: float, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.mtime, member.type, member.uid, member.gid = mode, changed, kind, os.getuid(), os.getgid()
    return member


@contextmanager
def _writing(path: Path, made: Made) -> Iterator[_Tar]:
    """A tar at a path, to be filled."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
    with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as whole:
        yield _Tar(whole, made)


def _add_doors(app: App, tar: _Tar) -> None:
    """What waits in the doors, sealed: a backup is taken to other places than an inbox."""
    for door in WAITING_IN:
        for name, path in _files_below(app.settings.folder(door), door):
            try:
                data, changed = path.read_bytes(), path.stat().st_mtime
            except FileNotFoundError:
                continue
            tar.add_bytes(f"{DOORS}/{name}", app.store.keyring.seal(data, door_context(name)), changed)


def _add_folder(tar: _Tar, folder: Path, called: str) -> None:
    for name, path in _files_below(folder, called):
        tar.add(name, path)


def _add_configuration(app: App, config: Path, tar: _Tar, made: Made) -> None:
    """The settings and the files that they name, each at its place below the home; what lies elsewhere is told."""
    settings, home = app.settings, app.settings.home
    named = [home / customer.roster for customer in settings.customers.values() if customer.roster is not None]
    for partner in settings.partners.values():
        if partner.profile.endswith((".yaml", ".yml")):
            named += files_of_profile(partner.profile)
    named += [path for folder in settings.template_folders for _, path in _files_below(folder, "")]
    tar.add(str(config.relative_to(home)) if home in config.parents else CONFIG, config)
    if home not in config.parents:
        made.notes.append(f"the configuration lies outside the home: in the backup it is called {CONFIG}; its `home` is relative to where it lies")
    for path in dict.fromkeys(each.resolve() for each in named):
        if home not in path.parents:
            made.notes.append(f"{path} lies outside the home and is not in the backup; keep a copy of it elsewhere")
        elif (name := path.relative_to(home).as_posix()) not in tar:
            tar.add(name, path)


def _files_below(folder: Path, called: str) -> Iterator[tuple[str, Path]]:
    """The files below a folder and what they are called, by name; hidden ones, which are being written, and links are passed over."""
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in below.parts):
            yield (Path(called) / below).as_posix(), path


def _prove(path: Path) -> None:
    """Read everything again.

    Raises:
        BackupProblem: something is not what was written.
    """
    found: dict[str, str] = {}
    sums = b""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is None:
                continue
            if member.name == SUMS:
                sums = file.read()
            else:
                found[member.name] = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
    if sums != _sums(found):
        raise BackupProblem(f"what was written to {path.parent} is not what is read there now; is the disk sound? No backup was made")


def _sums(digests: Mapping[str, str]) -> bytes:
    """The SHA-256 of files as `sha256sum -c` reads them."""
    lines = []
    for name, digest in digests.items():
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n")
        lines.append(f"{chr(92) if escaped != name else ''}{digest}  {escaped}\n")
    return "".join(lines).encode(errors="surrogateescape")
