"""What an installation stands on: its settings, folders, rights, disk and key."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from batchport.config import ConfigProblem
from batchport.pipeline.doctor.lines import RED, YELLOW, Looking, Seen, count
from batchport.pipeline.doctor.patient import Patient
from batchport.pipeline.home import folders_of
from batchport.seal import KeyProblem

#: Doors that others may be let into, by their group.
_DOORS = ("inbox", "outbox", "responses")
_OTHERS, _GROUP = 0o007, 0o070
_MEGABYTE = 1 << 20
#: Below so much a night may not get through; below so much it is time to make room.
_LEAST, _SCARCE = 200 * _MEGABYTE, 1024 * _MEGABYTE
_FEWEST_FILES = 10_000


def configuration(patient: Patient) -> Looking:
    """Whether the settings can be used, and whether they make use of each other."""
    if patient.trouble:
        for said in patient.trouble.splitlines():
            yield Seen(RED, said, f"correct {patient.config}; nothing is done until then")
        return ""
    settings = patient.app.settings
    try:
        patient.app.prove_packages()
    except ConfigProblem as error:
        yield Seen(RED, str(error), "install the package, or take the setting out; nothing is done until then")
    for name in settings.partners:
        if all(route.partner != name for route in settings.routes):
            yield Seen(YELLOW, f"no route leads to partner {name}", "add one to `routes`, or take the partner out")
    for what, some in (("customer", settings.customers), ("partner", settings.partners)):
        if not some:
            yield Seen(YELLOW, f"there is no {what}", f"add one to `{what}s`")
    if patient.config.stat().st_mode & _OTHERS:
        yield Seen(YELLOW, f"{patient.config} can be read by everybody, and names customers", f"chmod 600 {patient.config}")
    return f"{patient.config}: {count(len(settings.customers), 'customer')}, {count(len(settings.partners), 'partner')}, {count(len(settings.routes), 'route')}"


def folders(patient: Patient) -> Looking:
    """Whether the folders of the home are there and can be worked in."""
    wanted = [patient.home, *folders_of(patient.home, list(patient.app.settings.customers), list(patient.app.settings.partners))]
    for folder in wanted:
        if folder != patient.home and folder.is_symlink():
            yield Seen(RED, f"{folder} is a link, and links are not followed", "put a folder in its place, or mount there what it leads to")
        elif not folder.exists():
            yield Seen(YELLOW, f"{folder} is not there", "the next pass makes it; if it is a share, mount it")
        elif not folder.is_dir():
            yield Seen(RED, f"{folder} is not a folder", "move it away; the next pass makes the folder")
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Seen(RED, f"{_who()} cannot read and write in {folder}", f"give the folder to the user that batchport runs as: chown {_who()} {folder}; chmod 700 {folder}")
    return f"all {len(wanted)} are there and can be worked in"


def rights(patient: Patient) -> Looking:
    """Whether nobody else can read what is private, and everything belongs to who works here."""
    home, private = patient.home, list(_private_files(patient))
    shelves = [folder for folder in (home, home / "keys", *folders_of(home, [*patient.app.settings.customers], [*patient.app.settings.partners])) if folder.is_dir()]
    owner = home.stat().st_uid
    for path in (*shelves, *private):
        seen = path.stat()
        door = path == home or path.relative_to(home).parts[0] in _DOORS if home in (path, *path.parents) else False
        mode, right = stat.S_IMODE(seen.st_mode), "700" if path.is_dir() else "600"
        if mode & (_OTHERS if door else _OTHERS | _GROUP):
            yield Seen(RED, f"{path} can be entered or read by others (its rights are {mode:03o})", f"chmod {right} {path}")
        elif mode & _GROUP:
            yield Seen(YELLOW, f"{path} can be entered by its group (its rights are {mode:03o})", f"leave it so if the group brings or takes files there; else chmod {right} {path}")
        if seen.st_uid != owner:
            yield Seen(RED, f"{path} belongs to {_name(seen.st_uid)}, the home to {_name(owner)}", f"chown {_name(owner)} {path}, and run batchport as {_name(owner)} alone")
    if os.geteuid() != owner:
        yield Seen(YELLOW, f"the home belongs to {_name(owner)}, and this was run by {_who()}", f"look again as {_name(owner)}: others may be let in where it is not")
    return f"{count(len(shelves), 'folder')} and {count(len(private), 'file')} are readable by {_name(owner)} alone"


def _private_files(patient: Patient) -> Iterator[Path]:
    """The database, and the files of keys and passwords, where they are there."""
    database = patient.database
    files = [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))] if database is not None else []
    files += [patient.home / secret.file for secret in patient.app.settings.secrets if secret.file is not None]
    yield from (path for path in dict.fromkeys(files) if path.is_file())


def disk(patient: Patient) -> Looking:
    """Whether there is room for the nights to come."""
    database = patient.database
    size = database.stat().st_size if database is not None and database.is_file() else 0
    told = []
    for folder in dict.fromkeys((patient.home, *([database.parent] if database is not None else []))):
        if not folder.is_dir():
            continue
        room = os.statvfs(folder)
        free, files = room.f_bavail * room.f_frsize, room.f_favail
        told.append(f"{_shown(free)} free at {folder}")
        # To bring the tables up to date, and a backup beside it, take a copy of the database each.
        if free < max(_LEAST, size):
            yield Seen(RED, f"{_shown(free)} free at {folder}, and the database has {_shown(size)}", "make room; a pass that finds no room stops, and nothing is lost by that")
        elif free < max(_SCARCE, 2 * size):
            yield Seen(YELLOW, f"{_shown(free)} free at {folder}, and the database has {_shown(size)}", "make room soon")
        if room.f_files and files < _FEWEST_FILES:
            yield Seen(RED if files < _FEWEST_FILES // 10 else YELLOW, f"there is room for {files:,} more files at {folder}", "make room for files (inodes): move the oldest of archive/ elsewhere")
    return ", ".join(told)


def key(patient: Patient) -> Looking:
    """Whether the sealing key is there, and opens the database."""
    name = patient.app.settings.keys
    where = f"the variable {name.env}" if name.env else str(patient.home / (name.file or ""))
    try:
        keys = patient.app.keyring.keys
    except (ConfigProblem, KeyProblem) as error:
        yield Seen(RED, str(error), f"put the key back where {where} is; nothing that is sealed can be read without it")
        return ""
    if not patient.is_new and patient.locked:
        yield Seen(RED, f"the database was sealed with a key that is not in {where}", "put the old key back as a further line of the key file")
    opens = "" if patient.is_new or patient.shut else f"; the database opens with {'it' if len(keys) == 1 else 'them'}"
    return f"{where}: {count(len(keys), 'key')}{opens}"


def _shown(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GB" if size >= 1 << 30 else f"{size / _MEGABYTE:,.1f} MB"


def _who() -> str:
    return _name(os.geteuid())


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
