"""Intake: complete files in the inboxes become rows and orders, and the customer's mail is on its way.

A file goes through in three steps, and may be cut off after each: it is read and checked (nothing is changed); T1 stores everything it led to; then it is
put away. A file whose T1 was done but which still lies in the inbox is only put away.

Small sheets of a customer that have nothing to do with each other go through these steps together (`pipeline.sheets`).

A zip archive is put away as a whole, after every sheet in it has gone through; until then its sheets are known as not put away, so that none is taken
in twice.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import compress
from pathlib import Path, PurePosixPath
from typing import Any

from batchport import log
from batchport.files import read_plain, remove_any, sync_folder
from batchport.pipeline.app import App
from batchport.pipeline.assess import READ, UNMAPPED, UNREADABLE, FileFinding, ReadFile, papers_of, read_requests, unreadable
from batchport.pipeline.columns import saved_of
from batchport.pipeline.doors import tell_what_is_no_file
from batchport.pipeline.mails import queue_mails
from batchport.pipeline.papers import SheetPapers, Waits, is_paper, papers_beside, put_papers_away
from batchport.pipeline.sheets import Entangled, ReadSheet, Source, TakenMeanwhile, called, check_sheets, insert_file, record_file, store_sheets
from batchport.pipeline.shelves import ORIGINAL, archived, plain_copy, shelve
from batchport.pipeline.spread import spread
from batchport.pipeline.tally import PassTally
from batchport.pipeline.units import NotAlone, Runs, arrival_named, carry_out, forget_all_but, runs_of
from batchport.spreadsheets.headers import Saved
from batchport.spreadsheets.papers import Reader, papers_in
from batchport.spreadsheets.pool import ReaderPool, unbundled
from batchport.spreadsheets.sheet import Ask, Unreadable
from batchport.store import intake as looked_up
from batchport.store.database import next_id
from batchport.store.mappings import ask_to_retake, to_retake
from batchport.store.schema import files
from batchport.store.work import Unit
from batchport.transport.arrivals import Arrival, complete_files

_REPEATED = "repeated"
#: A sheet of so many bytes is no small one: those of its customer that come after it wait until it is done, instead of being read meanwhile.
_LARGE = 1 << 20
#: Sheets of no more bytes are taken in together, as far as they have nothing to do with each other.
_SMALL = 64 << 10


def intake(app: App, tally: PassTally, pass_id: int) -> None:
    """Take in every complete file of every customer's inbox, in the order they arrived."""
    inboxes = {app.settings.folder("inbox", customer): customer for customer in app.settings.customers}
    _tell_strangers(app, tally)
    tell_what_is_no_file(app, tally, inboxes)
    arrivals = _arrivals(app, inboxes)
    waits = Waits(app, inboxes, arrivals)
    retake(app, tally, pass_id)
    sheets = {f"{inboxes[arrival.path.parent]}/{arrival.name}": arrival for arrival in arrivals if not is_paper(arrival.path) and not waits.still(arrival, tally)}
    with ReaderPool(app.limits, app.progress) as pool:
        parcel = Parcel(app, pool)

        def source(unit: Unit) -> Source:
            arrival = sheets[unit.key]
            return Source.arrived(inboxes[arrival.path.parent], arrival)

        def take(unit: Unit, tally: PassTally) -> None:
            _take_file(app, tally, pass_id, source(unit), pool, waits)

        def together(units: Sequence[Unit], tally: PassTally) -> Runs:
            return take_together(app, tally, pass_id, units, source, parcel)

        spread(app, tally, pass_id, [_unit(app, key, arrival) for key, arrival in sheets.items()], take, together)
    forget_all_but(app, "sheet", {f"{inboxes[arrival.path.parent]}/{arrival.name}" for arrival in arrivals})
    retake(app, tally, pass_id)
    waits.set_aside_unwanted(tally)
    waits.write()


def _unit(app: App, key: str, arrival: Arrival) -> Unit:
    """A sheet as a unit of work. Those of a customer are stored in the order in which they came, and a large one is waited for; small ones of others go first."""
    size = max(arrival.size, 1).bit_length()
    customer = key.partition("/")[0]
    return Unit("sheet", key, arrival.mark_of_content, app.store.hash(f"inbox {customer}"), alone=arrival.size > _LARGE, small=arrival.size <= _SMALL, priority=size)


def take_named(app: App, tally: PassTally, pass_id: int, unit: Any, pool: ReaderPool) -> None:
    """Take in a sheet of an inbox, known by its key and mark, beside the pass that has found it there.

    Raises:
        NotAlone: it names papers that have not come with it before, so that it may have to wait; or that file is not there under the name that is shown of it.
    """
    _take_file(app, tally, pass_id, source_named(app, unit), pool, _Elsewhere())


def source_named(app: App, unit: Any) -> Source:
    """The file of an inbox that is known by a key and a mark.

    Raises:
        NotAlone: there is none under the name that is shown of it.
    """
    customer = unit.key.partition("/")[0]
    return Source.arrived(customer, arrival_named(app.settings.folder("inbox"), unit.key, unit.mark))


def retake(app: App, tally: PassTally, pass_id: int) -> None:
    """Make rows of files that waited, and whose columns were confirmed since; they lie in the archive, their papers in the inbox."""
    with app.store.reading() as connection:
        waited = to_retake(connection)
    if not waited:
        return
    with ReaderPool(app.limits, app.progress) as pool:
        for record in waited:
            carry_out(app, tally, "confirmed sheet", f"{record.customer}/{record.name}", partial(_retake, app, tally, pass_id, record, pool), mark=record.sha256)


def _retake(app: App, tally: PassTally, pass_id: int, record: Any, pool: ReaderPool) -> None:
    found = archived(app, record)
    if found is None:
        with app.store.transaction() as connection:
            ask_to_retake(connection, record.id, wanted=False)
        tally.trouble(f"{record.name} of {record.customer} is not in the archive any more; its columns are confirmed: drop it again")
        return
    with plain_copy(app, found) as path:
        papers = papers_in(app.settings.folder("inbox", record.customer))
        source = Source(record.customer, path, record.name, record.sha256, record.bytes, bundled=papers, waited=record.id)
        _take(app, tally, pass_id, source, pool, None)


def intake_again(app: App, tally: PassTally, pass_id: int, path: Path, customer: str) -> None:
    """Take in one file that was taken in before, as if it were new; the file stays where it is."""
    with ReaderPool(app.limits, app.progress) as pool:
        _take_file(app, tally, pass_id, Source.named(customer, path, path.name), pool)


class _Elsewhere:
    """Stands for what waits in the inboxes, where another process knows that."""

    def there(self, _: Path) -> dict[str, Reader]:
        """Which papers are complete is known elsewhere."""
        raise NotAlone

    def begins(self, _: Arrival, lacking: Collection[str], __: PassTally) -> bool:
        """Whether a sheet is to wait for papers is known elsewhere."""
        if lacking:
            raise NotAlone
        return False


def _arrivals(app: App, inboxes: dict[Path, str]) -> list[Arrival]:
    """Complete files, oldest first; where a customer's files come with a `.done` file, those that have one."""
    marked = {folder for folder, customer in inboxes.items() if app.settings.customers[customer].done_file}
    return complete_files(list(inboxes), now=time.time(), settle=app.settings.limits.settle, done_file=marked)


def _tell_strangers(app: App, tally: PassTally) -> None:
    """Say which folders of the inbox belong to nobody: what lies in them is not read, and not touched."""
    inbox = app.settings.folder("inbox")
    for folder in sorted(inbox.iterdir()) if inbox.is_dir() else ():
        if folder.is_dir() and folder.name not in app.settings.customers and any(folder.iterdir()):
            tally.trouble(
                f"inbox/{folder.name} holds files, but there is no customer {folder.name!r} in the configuration; "
                f"add the customer, or move the files to the right inbox. They were left where they are."
            )
        elif folder.is_file() and not folder.name.startswith("."):
            tally.trouble(f"inbox/{folder.name} lies beside the customers' folders; move it into inbox/<customer>/. It was left where it is.")


def _left(tally: PassTally, source: Source) -> bool:
    """Whether a file was touched while it was read, and is left for the next pass."""
    if source.touched:
        tally.trouble(f"inbox/{source.customer}/{source.name} was changed while it was read, and nothing of it was taken; the next pass reads it again.")
    return source.touched


def _take_file(app: App, tally: PassTally, pass_id: int, source: Source, pool: ReaderPool, waits: Waits | _Elsewhere | None = None) -> None:
    """Take in a file, or each sheet of a zip archive; without `waits` one that was taken in before, as if it were new."""
    try:
        with unbundled(source.path, pool) as members:
            if _left(tally, source):
                return
            papers = papers_of(members)
            sheets = [
                replace(Source.named(source.customer, member.path, f"{source.name}/{member.name}"), bundled=papers) for member in members if not member.is_paper
            ]  # fmt: skip
            for sheet in sheets:
                _take(app, tally, pass_id, sheet, pool, waits)
    except Unreadable as error:
        if not _left(tally, source):
            _store_without_rows(app, tally, pass_id, source, unreadable(source.name, error), in_place=waits is None)
        return
    if not sheets:
        _take(app, tally, pass_id, source, pool, waits)
    elif waits is not None:
        _clear(app, tally, source, app.settings.folder("archive", app.day, source.customer))
        with app.store.transaction() as connection:
            looked_up.mark_put_away(connection, source.customer, [sheet.name for sheet in sheets])


def _take(app: App, tally: PassTally, pass_id: int, source: Source, pool: ReaderPool, waits: Waits | _Elsewhere | None) -> None:
    again = waits is None
    with app.store.reading() as connection:
        unfinished = looked_up.file_not_put_away(connection, source.customer, source.sha256, source.name)
        seen = looked_up.file_seen(connection, source.customer, source.sha256)
        useful = looked_up.useful_rows(connection, seen.first_row, seen.rows) if seen is not None else 0
    if unfinished is not None and not again:
        problems = [FileFinding(**problem) for problem in json.loads(unfinished.problems)]
        _put_away(app, tally, source, unfinished.id, unfinished.state, problems, papers_of=unfinished.same_as)
        return
    if seen is not None and useful and not again:
        _store_repeated(app, tally, pass_id, source, seen.id, seen.name)
        return
    terms = app.terms(source.customer)
    read = read_requests(source.path, source.name, terms, app.limits, saved_of(app, source.customer), pool)
    if _left(tally, source):
        return
    if read.state != READ:
        _store_without_rows(app, tally, pass_id, source, read, in_place=again)
        return
    papers = papers_beside(app, source.customer, read.names_papers, _there(source, waits) if read.names_papers else {})
    if waits is not None and source.arrival is not None and waits.begins(source.arrival, read.names_papers - papers.papers.keys(), tally):
        return
    try:
        (file_id,) = _store_and_tell(app, tally, pass_id, [ReadSheet(source, read, papers)], again=again)
    except TakenMeanwhile:
        _take(app, tally, pass_id, source, pool, waits)
        return
    if not again:
        _put_away(app, tally, source, file_id, read.state)
    elif source.waited is not None:
        put_papers_away(app, source.customer, app.settings.folder("inbox", source.customer), file_id)


def _store_and_tell(app: App, tally: PassTally, pass_id: int, sheets: Sequence[ReadSheet], *, again: bool) -> list[int]:
    """Check and store sheets of a customer, and tell of each; the numbers of their files.

    Raises:
        TakenMeanwhile, Entangled: see `store_sheets`; nothing was changed.
    """
    rows = sum(len(sheet.read.requests) for sheet in sheets)
    app.progress(f"Checking {rows:,} rows of {called(sheets)}")
    checked = check_sheets(app, sheets)
    app.progress(f"Storing {called(sheets)}", 0, rows)
    stored = store_sheets(app, pass_id, checked, again=again)
    for sheet, done in zip(sheets, stored, strict=True):
        source = sheet.source
        tally.file(source.customer, source.name, sheet.read.state, done.states)
        counts = tally.files[-1].counts
        log.event("file taken", file=done.id, customer=source.customer, name=source.name, bytes=source.size, rows=len(done.states), states=counts, orders=done.orders)
    return [done.id for done in stored]


class Parcel:
    """Small sheets that are read to be taken in as one; as they were read they are kept for as long as they may be asked for once more."""

    def __init__(self, app: App, pool: ReaderPool) -> None:
        self._app, self._pool = app, pool
        self._read: dict[str, ReadSheet | None] = {}

    def sheets(self, units: Sequence[Unit], source: Callable[[Unit], Source]) -> list[ReadSheet | None]:
        """The sheets, each found by `source`; None for one with something about it that is to be looked at alone."""
        if not self._read.keys() >= {unit.key for unit in units}:
            self._read = dict(zip((unit.key for unit in units), self._read_all([source(unit) for unit in units]), strict=True))
        found = [self._read[unit.key] for unit in units]
        contents = [sheet.source.sha256 for sheet in found if sheet is not None]
        with self._app.store.reading() as connection:
            before = looked_up.contents_seen(connection, units[0].key.partition("/")[0], contents)
        return [None if sheet is None or sheet.source.sha256 in before or sheet.source.touched else sheet for sheet in found]

    def _read_all(self, sources: Sequence[Source]) -> Iterator[ReadSheet | None]:
        saved = saved_of(self._app, sources[0].customer)
        try:
            self._pool.ahead([source.path for source in sources], Ask(saved.any()))
            for source in sources:
                yield self._plain(source, saved)
        finally:
            self._pool.forget()

    def _plain(self, source: Source, saved: Saved) -> ReadSheet | None:
        """A sheet that rows can be made of, which name no papers and no earlier rows."""
        app = self._app
        read = read_requests(source.path, source.name, app.terms(source.customer), app.limits, saved, self._pool)
        plain = read.state == READ and len(read.requests) and not read.names_papers and read.requests["row_id"].blank.all()
        return ReadSheet(source, read, SheetPapers()) if plain else None


def take_together(app: App, tally: PassTally, pass_id: int, units: Sequence[Unit], source: Callable[[Unit], Source], parcel: Parcel) -> Runs:
    """Take in small sheets of a customer as one, or change nothing and say which of them can be; see `units.carry_out_together`.

    What has to do with a sheet is never taken in before it: a sheet that is to be looked at alone divides those before it from those after it, and those that have
    to do with one before them come after all the others.
    """
    customer = units[0].key.partition("/")[0]
    each_alone = [[unit] for unit in units]
    if app.terms(customer).roster is not None:  # a line for one number may be taken by any of them
        return each_alone
    read = parcel.sheets(units, source)
    sheets = [sheet for sheet in read if sheet is not None]
    if len(sheets) < len(units):
        return runs_of(units, [sheet is None for sheet in read])
    try:
        numbers = _store_and_tell(app, tally, pass_id, sheets, again=False)
    except Entangled as error:
        # The first of them has nothing before it, so each time there are fewer.
        return [list(compress(units, which)) for which in (~error.which, error.which)]
    except TakenMeanwhile:
        return each_alone
    for sheet in sheets:
        _clear(app, tally, sheet.source, app.settings.folder("archive", app.day, customer))
    with app.store.transaction() as connection:
        looked_up.mark_files_put_away(connection, numbers)
    return []


def _there(source: Source, waits: Waits | _Elsewhere | None) -> Mapping[str, Reader]:
    """The files that lie beside a sheet: in its archive, in its inbox as far as they are complete, or in the folder that it was named in."""
    if source.bundled is not None:
        return source.bundled
    return papers_in(source.path.parent) if waits is None else waits.there(source.path.parent)


def _store_repeated(app: App, tally: PassTally, pass_id: int, source: Source, same_as: int, same_name: str) -> None:
    """T1 for a file that was taken in before: no rows, but the customer hears which one it equals."""
    read = ReadFile(source.name, _REPEATED, [FileFinding("file-repeated", detail=same_name)])
    app.turn()
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0, same_as=same_as)
        record_file(app, connection, pass_id, source, file_id, "take in again", f"the same as file {same_as}")
        queue_mails(app, connection, pass_id, "received", source.customer, ())
    tally.file(source.customer, source.name, _REPEATED, ())
    log.event("file repeated", file=file_id, customer=source.customer, name=source.name, bytes=source.size, same_as=same_as)
    _put_away(app, tally, source, file_id, _REPEATED, papers_of=same_as)


def _store_without_rows(app: App, tally: PassTally, pass_id: int, source: Source, read: ReadFile, *, in_place: bool) -> None:
    """T1 for a file of which no rows can be made."""
    app.turn()
    with app.store.transaction() as connection:
        file_id = next_id(connection, files)
        insert_file(app, connection, pass_id, source, read, file_id=file_id, first_row=0, length=0)
        what = "ask for columns" if read.state == UNMAPPED else "set aside"
        record_file(app, connection, pass_id, source, file_id, what, ", ".join(sorted({problem.code for problem in read.problems})))
        queue_mails(app, connection, pass_id, "columns" if read.state == UNMAPPED else "received", source.customer, ())
    tally.file(source.customer, source.name, read.state, ())
    told = "columns proposed" if read.state == UNMAPPED else "file set aside"
    log.event(told, "warning", file=file_id, customer=source.customer, name=source.name, bytes=source.size, codes=sorted({problem.code for problem in read.problems}))
    if not in_place:
        _put_away(app, tally, source, file_id, read.state, read.problems)


def _put_away(
    app: App, tally: PassTally, source: Source, file_id: int, state: str, problems: Iterable[FileFinding] = (), *, papers_of: int | None = None
) -> None:
    """Seal the file into the archive, or into the quarantine where it could not be read, and take it out of the inbox.

    Its papers go before it, so that it is still there if they could not: its own, or those of the file that it repeats (`papers_of`).
    """
    spoilt = state == UNREADABLE
    folder = app.settings.folder("quarantine", source.customer) if spoilt else app.settings.folder("archive", app.day, source.customer)
    if source.bundled is not None:
        # The archive as a whole holds it. What nobody could read is set aside by itself besides; what waits for its columns is taken from the shelf.
        if spoilt or state == UNMAPPED:
            _shelve_original(app, source, folder, _reason(problems) if spoilt else "")
        return
    put_papers_away(app, source.customer, source.path.parent, papers_of or file_id)
    _clear(app, tally, source, folder, _reason(problems) if spoilt else "")
    with app.store.transaction() as connection:
        looked_up.mark_files_put_away(connection, [file_id])


def _clear(app: App, tally: PassTally, source: Source, folder: Path, reason: str = "") -> None:
    """Seal a file into a folder, and take it out of the inbox; one that was changed since it was read is another file, and the next pass reads it."""
    app.store.assure()
    if source.touched or not _shelve_original(app, source, folder, reason):
        tally.trouble(f"inbox/{source.customer}/{source.name} was replaced after it had been read: the one that was read is stored, but not in the archive; the new one is taken next.")
        return
    source.path.unlink()
    remove_any(source.path.with_name(f"{source.path.name}.done"))
    sync_folder(source.path.parent)


def _shelve_original(app: App, source: Source, folder: Path, reason: str) -> bool:
    """Seal a file into a folder; False, and nothing is done, where it is not what was read any more."""
    data = read_plain(source.path)
    if hashlib.sha256(data).hexdigest() != source.sha256:
        return False
    shelve(app, folder, PurePosixPath(source.name).name, data, kind=ORIGINAL, reason=reason, sha256=source.sha256)
    return True


def _reason(problems: Iterable[FileFinding]) -> str:
    from batchport.pipeline.wording import file_words

    return "".join(f"{words.message} {words.fix}\n" for words in map(file_words, problems)) or "The file could not be read.\n"
