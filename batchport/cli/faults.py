"""What is said when a command cannot go on, and the exit status that it means."""

from __future__ import annotations

import errno
import os
import sys

from batchport.cli import OUR_FAULT, USAGE
from batchport.cli.output import say
from batchport.faults import place_of, way_to

#: Errors whose message is for the user; looked up only where their module was loaded.
_MENDABLE = {
    "batchport.config": ("ConfigProblem",),
    "batchport.data.tables": ("ReferenceProblem",),
    "batchport.pipeline.app": ("Unknown",),
    "batchport.seal": ("KeyProblem",),
    "batchport.store.database": ("DatabaseProblem",),
    "batchport.carriers.profile": ("ProfileError",),
    "batchport.carriers.formats.template": ("TemplateFault",),
    "batchport.carriers.golden": ("NotASample",),
    "batchport.templates": ("TemplateFault",),
    "batchport.spreadsheets.sheet": ("Unreadable",),
}
#: What to do about what the system says of a file.
_REMEDIES = {
    errno.ENOENT: "it, or the folder it is to lie in, does not exist; correct the name, or make the folder",
    errno.ENOTDIR: "a part of its name is a file and no folder; correct the name",
    errno.EISDIR: "it is a folder; name a file",
    errno.EEXIST: "it is there already; move it away, or choose another name",
    errno.EACCES: "you may not read or write it; run this as the user to whom the home belongs, or give yourself the right",
    errno.EPERM: "you may not do this with it; run this as the user to whom the home belongs, or give yourself the right",
    errno.EROFS: "it lies where nothing can be written; choose another place",
    errno.ENOSPC: "the disk is full; make room, and run it again",
    errno.EDQUOT: "you have used up your share of the disk; make room, and run it again",
    errno.ELOOP: "it is a link that leads to itself; name the file",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}
#: What to do about what SQLite says of the database, by a part of its words.
_DATABASE = {
    "disk is full": "the disk is full; make room, and run it again",
    "readonly": "it may not be written; run this as the user to whom the home belongs, or give yourself the right",
    "unable to open": "it cannot be opened; see whether its folder is there and may be written",
    "locked": "another program has held it for a minute; wait until it is done, and run it again",
    "disk I/O": "the disk fails or is full; look after the disk, and run it again",
    "malformed": "it is damaged; stop sending, and put the newest backup back",
}


def told(error: Exception) -> int:
    """Say what went wrong and what to do about it, and give the exit status that it means."""
    words = _mendable(error) or _of_file(error) or _of_database(error)
    if words:
        say(f"batchport: {words}", err=True)
        return USAGE
    say(
        f"batchport: this is a fault of the program, not of your files: {place_of(error)}. "
        "Nothing that was stored is lost; run it again, and report this line if it comes back.",
        err=True,
    )
    if os.environ.get("BATCHPORT_DEBUG"):
        say(way_to(error), err=True)
    return OUR_FAULT


def _mendable(error: Exception) -> str:
    for name, kinds in _MENDABLE.items():
        module = sys.modules.get(name)
        if module is not None and isinstance(error, tuple(getattr(module, kind) for kind in kinds)):
            return str(error)
    return ""


def _of_file(error: Exception) -> str:
    """What the system says of a file; of the output where no file is named."""
    if not isinstance(error, OSError) or error.errno is None:
        return ""
    remedy = _REMEDIES.get(error.errno, "")
    if error.filename is None:
        return f"what is printed cannot be written: {remedy}." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename
    return f"{name}: {remedy}." if remedy else f"{name}: {error.strerror}"


def _of_database(error: Exception) -> str:
    module = sys.modules.get("sqlalchemy.exc")
    if module is None or not isinstance(error, module.DatabaseError):
        return ""
    said = str(error.orig)
    return next((f"the database: {remedy}. Nothing was half stored." for words, remedy in _DATABASE.items() if words in said), "")
