"""The database: whether it is sound, opens with the keys that there are, and whether everything in it comes out when it is counted anew."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection

from batchport.domain.lifecycle import State
from batchport.envelope import key_in_use
from batchport.pipeline.balance import balance
from batchport.pipeline.count import counted
from batchport.pipeline.doctor import lines
from batchport.pipeline.doctor.lines import RED, YELLOW, Looking, Seen
from batchport.pipeline.doctor.patient import NotOpen, Patient
from batchport.pipeline.restored import words_of
from batchport.pipeline.shelves import shelved as shelved_files
from batchport.store.database import shown
from batchport.store.figures import database_bytes
from batchport.store.journal import verify
from batchport.store.restored import copied_at, restored
from batchport.store.sealed import PLACES, keys_in_use

#: So much of a shelved file tells its key.
_HEAD = 4096
#: A log of changes that was not written back into the database for so long has a reason.
_LARGE_LOG = 1 << 28
_DAMAGED = "stop sending, keep the file as it is, and put the newest backup back (docs/operations.md, Backup); ask for help before you repair it"
#: Times that were written down when something was done; the clock was never later than now.
_TIMES = (
    "select max(started) from passes", "select max(finished) from passes", "select max(received) from files", "select max(stored) from submissions",
    "select max(sent) from submissions", "select max(received) from responses", "select max(created) from mails",
)  # fmt: skip
#: Two machines' clocks may be so far apart.
_SKEW = timedelta(minutes=5)
#: For how long a home that was put back is told of.
_TOLD_OF = timedelta(days=30)
_NAMED = 5


def soundness(patient: Patient) -> Looking:
    """Whether the file is whole, its records agree with each other, and its tables are those of this program."""
    try:
        path = patient.database
    except NotOpen as error:
        yield Seen(RED, str(error), "name a file with `database: sqlite:///PATH`, or leave the setting out")
        return ""
    found = yield from _in_a_server(patient) if path is None else _in_a_file(patient, path)
    return found


def _in_a_server(patient: Patient) -> Looking:
    if patient.is_new:
        return "no table is made in the database yet; the first pass makes them"
    if patient.shut and not patient.locked:
        if patient.is_empty:
            url = shown(patient.app.settings.database_url)
            yield Seen(RED, f"no table is in {url}, though the archive has files", "put the newest backup back (docs/operations.md, Backup), or correct `database:`")
        else:
            yield Seen(RED, patient.shut, "start the server, correct `database:`, or run `batchport db upgrade`")
        return ""
    if not patient.shut:
        with patient.store.reading() as connection:
            size = database_bytes(connection)
        return f"the server answers, the database has {size / (1 << 20):,.1f} MB, and its tables are the newest"
    return ""


def _in_a_file(patient: Patient, path: Path) -> Looking:
    if not path.parent.is_dir():
        yield Seen(RED, f"the folder of the database, {path.parent}, does not exist", "make it, or correct `database:`")
        return ""
    if not path.exists():
        if not patient.is_new:
            yield Seen(RED, f"{path} is not there, though the archive has files", "put the newest backup back (docs/operations.md, Backup), or correct `database:`")
        return f"{path} is not made yet; the first pass makes it"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=60)) as database:
            damaged = [said for (said,) in database.execute(f"pragma integrity_check({_NAMED})") if said != "ok"]
            astray = Counter(table for table, *_ in database.execute("pragma foreign_key_check"))
    except sqlite3.DatabaseError as error:
        damaged, astray = [str(error)], Counter()
    if damaged:
        yield Seen(RED, f"{path} is damaged: {'; '.join(damaged)}", _DAMAGED)
        return ""
    if astray:
        yield Seen(RED, f"records in {path} speak of others that are not there ({', '.join(f'{table}: {number:,}' for table, number in astray.items())})", _DAMAGED)
    if patient.shut and not patient.locked:
        yield Seen(RED, patient.shut, "install the program that fits, or run `batchport db upgrade`")
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > _LARGE_LOG:
        yield Seen(YELLOW, f"{log} has {log.stat().st_size >> 20:,} MB that are not in the database yet", "end the program that has had the database open for so long; the next pass writes them back")
    return f"{path} is whole, {path.stat().st_size / (1 << 20):,.1f} MB, and its tables are the newest"


def sealed(patient: Patient) -> Looking:
    """Whether every key that something was sealed with is there."""
    if patient.is_new:
        return "nothing is sealed yet"
    found: dict[bytes, Counter[str]] = defaultdict(Counter)
    with patient.store.reading() as connection:
        for place in PLACES:
            for _, name, _ in keys_in_use(connection, place):
                found[name][place.words] += 1
    shelved = Counter(_key_of(path) for path in shelved_files(patient.app))
    for name in found.keys() | shelved.keys():
        if name and name not in patient.app.keyring.keys:
            where = [*found.get(name, ()), *([lines.count(shelved[name], "file") + " of archive/ and quarantine/"] if shelved[name] else [])]
            yield Seen(RED, f"key {name.hex()} is not in the key file, and these were sealed with it: {', '.join(where)}", "put the old key back as a further line of the key file")
    return f"every key that something was sealed with is there ({lines.count(len(found.keys() | shelved.keys() - {b''}), 'key')})"


def _key_of(path: Path) -> bytes:
    """The id of the key that a shelved file was sealed with."""
    with path.open("rb") as file:
        return key_in_use(file.read(_HEAD))


def count(patient: Patient) -> Looking:
    """Whether everything comes out when all rows and lines are counted anew, also those that passes count once and for all."""
    if patient.is_new:
        return "nothing is in it yet"
    with patient.store.reading() as connection:
        quick = counted(connection)
        wrong = list(_rows_that_differ(connection))
    if not quick.balanced:
        wrong.append("rows read are not rows in one state, or lines sent not lines answered and outstanding")
    for each in wrong[:_NAMED]:
        yield Seen(RED, each, "send nothing until that is understood: stop `serve`, keep a copy of the home, and report this line")
    files = balance(patient.app).files
    for file in [file for file in files if not file.balanced][:_NAMED]:
        yield Seen(RED, f"the lines of {file.file} to {file.partner} do not come out", "look at `batchport balance`; send nothing until that is understood, and report it")
    sent = quick.lines
    return f"{quick.rows['read']:,} rows are each in one state; {sent['sent']:,} lines sent are {sent['answered']:,} answered and {sent['outstanding']:,} outstanding"


def _rows_that_differ(connection: Connection) -> Iterator[str]:
    """Files whose rows are not those that were read, or not in the states that were counted."""
    states: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for file, state, number in connection.exec_driver_sql("select file_id, state, count(*) from rows group by file_id, state"):
        states[file][state] += number
    known = {int(state) for state in State}
    for file, name, rows, kept in connection.exec_driver_sql("select id, name, rows, counted from files"):
        here = states.pop(file, Counter())
        if here.total() != rows:
            yield f"{name} had {rows:,} rows when it was read, and {here.total():,} are there"
        elif set(here) - known:
            yield f"{name} has rows in a state that there is not"
        elif kept and {int(state): number for state, number in json.loads(kept).items()} != dict(here):
            yield f"the rows of {name} are not in the states that were counted when they had come to their end"
    if states:
        yield f"{lines.count(sum(each.total() for each in states.values()), 'row')} belong to no file"
    for name, told, there in connection.exec_driver_sql(
        "select s.name, s.lines, coalesce(sum(v.lines), 0) as there from submissions s left join versions v on v.submission_id = s.id group by s.id having s.lines <> coalesce(sum(v.lines), 0)"
    ):
        yield f"{name} was written with {told:,} lines, and its orders have {there:,}"


def journal(patient: Patient) -> Looking:
    """Whether every record of the journal is as it was written, and none lacks."""
    if patient.is_new:
        return "nothing was recorded yet"
    with patient.store.reading() as connection:
        found = verify(connection)
    if found.trouble:
        yield Seen(RED, f"the journal is not as it was written: {found.trouble}", "find out who has changed the database; keep a copy of it, and compare the night's mails, which say where the journal ended")
    return f"{lines.count(found.records, 'record')} are as they were written"


def clock(patient: Patient) -> Looking:
    """Whether the clock is not behind what was written down before."""
    now = patient.now
    shown = f"{patient.app.local(now):%Y-%m-%d %H:%M %Z}"
    if patient.is_new:
        return f"it is {shown}"
    with patient.store.reading() as connection:
        times = [stamp for (stamp,) in (connection.exec_driver_sql(each).one() for each in _TIMES) if stamp]
    newest = max(map(datetime.fromisoformat, times), default=now)
    if newest > now + _SKEW:
        yield Seen(
            RED, f"it is {shown}, and something was done at {patient.app.local(newest):%Y-%m-%d %H:%M %Z} already: the clock went back",
            "set the clock right before the next pass, or dates and files get the names of a day that was; let chrony or systemd-timesyncd keep it",
        )  # fmt: skip
    return f"it is {shown}, later than all that was done"


def put_back(patient: Patient) -> Looking:
    """Whether this home was put back from a backup not long ago."""
    if patient.is_new or patient.shut:
        return "see what is said of the database" if patient.shut and not patient.is_new else "this home was not put back from a backup"
    with patient.store.reading() as connection:
        copied, known = copied_at(connection), restored(connection)
    if copied is not None:
        yield Seen(YELLOW, "this database is the copy out of a backup, and nobody has worked with it yet", "run a pass: it puts back what waited in the doors, and says what to ask customers and partners for")
    elif known is not None and patient.now.timestamp() - known.opened < _TOLD_OF.total_seconds():
        yield Seen(YELLOW, words_of(patient.app, known), "ask them; this is told for 30 days")
    return "this home was not put back from a backup of late"
