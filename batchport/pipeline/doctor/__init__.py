"""`doctor`: looks at everything that an installation lives on, changes nothing, and says of each thing how it is and what to do.

The looks are a table. Each yields what is not as it should be and gives back the sentence that is said where all is well, so that one line or more come of each,
whatever is found elsewhere. What needs something that is broken itself is not looked at, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from batchport.carriers.profile import ProfileError
from batchport.config import ConfigProblem
from batchport.faults import place_of
from batchport.pipeline.app import Unknown
from batchport.pipeline.doctor import database, machine, reach, words, work
from batchport.pipeline.doctor.lines import GREEN, RED, YELLOW, Line, Look, Seen
from batchport.pipeline.doctor.patient import NotOpen, Patient

__all__ = ["GREEN", "RED", "YELLOW", "Line", "examined"]

#: What is looked at, in the order in which it is told; and whether a configuration that can be read, or a database that can be opened, is needed for it.
_LOOKS: tuple[tuple[str, Look, str], ...] = (
    ("configuration", machine.configuration, ""),
    ("folders", machine.folders, "home"),
    ("rights", machine.rights, "home"),
    ("disk", machine.disk, "home"),
    ("key", machine.key, "home"),
    ("database", database.soundness, "home"),
    ("sealed data", database.sealed, "database"),
    ("count", database.count, "database"),
    ("journal", database.journal, "database"),
    ("clock", database.clock, "database"),
    ("restored", database.put_back, "home"),
    ("profiles", words.profiles, "configuration"),
    ("templates", words.templates, "configuration"),
    ("lists", words.lists, "configuration"),
    ("mail server", reach.mail_server, "configuration"),
    ("partners", reach.partners, "configuration"),
    ("passes", work.passes_made, "database"),
    ("schedule", work.windows_done, "database"),
    ("units", work.units_done, "database"),
    ("sending", work.sending, "database"),
    ("mails", work.mails_sent, "database"),
    ("answers", work.answers, "database"),
    ("exceptions", work.exception_lines, "database"),
    ("waiting", work.waiting, "home"),
    ("set aside", work.set_aside, "home"),
)


def examined(config: Path, now: datetime) -> Iterator[Line]:
    """A line or more for each look, as they are made."""
    with Patient.at(config, now) as patient:
        for name, look, needs in _LOOKS:
            for seen in _seen(patient, look, needs):
                yield Line(name, seen.state, seen.found, seen.do)


def _seen(patient: Patient, look: Look, needs: str) -> Iterator[Seen]:
    """What a look sees; what keeps it from looking is told by the look whose matter it is."""
    lacks = patient.lacks(needs)
    if lacks:
        yield Seen(YELLOW, f"not looked at, since {lacks}", "put that right first")
        return
    looking, well = look(patient), True
    try:
        while True:
            try:
                seen = next(looking)
            except StopIteration as end:
                if well:
                    yield Seen(GREEN, end.value)
                return
            well = False
            yield seen
    except (ConfigProblem, ProfileError, NotOpen, Unknown) as error:
        yield Seen(YELLOW, f"not looked at to the end: {str(error).splitlines()[0]}", "put that right first")
    except Exception as error:  # noqa: BLE001  one look that fails keeps nobody from the others
        yield patient.failed(error) or Seen(RED, f"the look itself failed with {place_of(error)}", "report this line; it is a fault of the program")
