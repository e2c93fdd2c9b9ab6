"""What is said of an error: its own words where they are for the user, else its kind and place alone, since its words may hold what a row says."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Errors whose message is for the user; looked up only where their module was loaded.
_MENDABLE = {
    "batchport.config": ("ConfigProblem",),
    "batchport.data.tables": ("ReferenceProblem",),
    "batchport.pipeline.app": ("Unknown",),
    "batchport.seal": ("KeyProblem",),
    "batchport.store.problem": ("DatabaseProblem",),
    "batchport.pipeline.backup": ("BackupProblem",),
    "batchport.store.journal": ("JournalBroken",),
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
    errno.EFBIG: "a file may not grow so large here; raise the limit on the size of files (`ulimit -f`), and run it again",
    errno.EIO: "the disk fails; look after the disk, and run it again",
    errno.EDQUOT: "you have used up your share of the disk; make room, and run it again",
    errno.ELOOP: "it is a link that leads to itself; name the file",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
}
_JOURNAL = "somebody else has written into its journal; `batchport audit verify` says where, then put the newest backup back that is whole"
#: What to do about what SQLite says of the database, or either says in words of ours, by a part of them.
_DATABASE = {
    "disk is full": "the disk is full; make room, and run it again",
    "readonly": "it may not be written; run this as the user to whom the home belongs, or give yourself the right",
    "unable to open": "it cannot be opened; see whether its folder is there and may be written",
    "locked": "another program has held it for a minute; wait until it is done, and run it again",
    "disk I/O": "the disk fails or is full; look after the disk, and run it again",
    "append-only": _JOURNAL,
    "journal_pkey": _JOURNAL,
    "malformed": "it is damaged; stop sending, and put the newest backup back",
}
#: The same for PostgreSQL, by the state that it gives or the beginning of it; its words are in the server's language.
_SERVER = {
    "53100": "the disk of its server is full; make room there, and run it again",
    "53": "its server has no connection or no memory left; end what else uses it, or raise `max_connections`, and run it again",
    "25006": "it may not be written, as in a server that follows another; name the one that leads in `database:`",
    "42501": "its user may not do this; let the tables belong to the user whom `database:` names",
    "55P03": _DATABASE["locked"],
    "40": "another program came in between; run it again",
    "57014": "its server broke off what it was asked; raise `statement_timeout` for its user, where that is set, and run it again",
    "57P": "its server was stopped or is just starting; see that it runs, and run it again",
    "58": "the disk of its server fails; look after the disk, and run it again",
    "XX001": _DATABASE["malformed"],
    "XX002": _DATABASE["malformed"],
}
_LOST = "the connection to its server was lost; see that it runs and can be reached, and run it again"


def place_of(error: BaseException) -> str:
    """What kind of error it was, and where: `KeyError in intake.py, line 17`."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"


def way_to(error: BaseException) -> str:
    """The traceback of an error, and before it those of the errors that it came from; of each only the kind is told."""
    return "\n".join("".join(traceback.format_tb(one.__traceback__)) + f"{type(one).__module__}.{type(one).__qualname__}" for one in reversed([*_chain(error)]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def words_of(error: Exception) -> str:
    """What went wrong and what to do about it, where that is known and the user can mend it; blank for a fault of the program."""
    return _mendable(error) or _of_file(error) or of_database(error)


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


def of_database(error: Exception) -> str:
    """What to do about what the database cannot do now, whatever it is asked."""
    module = sys.modules.get("sqlalchemy.exc")
    if module is None or not isinstance(error, module.DatabaseError):
        return ""
    remedy = _of_server(error.orig) if hasattr(error.orig, "sqlstate") else ""
    said = str(error.orig)
    remedy = remedy or next((remedy for words, remedy in _DATABASE.items() if words in said), "")
    return f"the database: {remedy}. Nothing was half stored." if remedy else ""


def _of_server(error: Any) -> str:
    """What to do about what a server says, or does not say any more."""
    if error.sqlstate is None:
        return _LOST if type(error).__name__ == "OperationalError" else ""
    return next((remedy for state, remedy in _SERVER.items() if error.sqlstate.startswith(state)), "")
