"""Opening the database: its settings, its migrations, its keys."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from batchport.domain.table import Ints
from batchport.files import PRIVATE_FILE, sync_file, sync_folder
from batchport.seal import Hasher, Keyring, Linker, Names
from batchport.store.journal import take_in
from batchport.store.leases import BEATS, LENGTH, keep
from batchport.store.restored import copied_at, leave_gap, restored
from batchport.store.schema import meta, passes
from batchport.store.sealed import ROOT

#: Not `batchport.log`, which most commands do not keep: what was done to a database is said on standard error in any case.
log = logging.getLogger("batchport.store")

#: The newest migration; a database that is at it is opened without loading Alembic.
HEAD = "0012"
_CHUNK = 20_000
#: The root of all keys but the sealing one; behind it the mark that the journal is chained.
_ROOT, _CHAINED = 32, b"\1"
#: So many seconds are waited for a database that another program holds.
PATIENCE = 60.0


class DatabaseProblem(Exception):
    """A database that cannot be opened as it is."""


class Store:
    """An open database with the keys to what is sealed in it.

    Attributes:
        engine: SQLAlchemy's.
        keyring: seals and opens pieces and submissions.
        hash: keyed hash of a text, for finding accounts and orders.
        pons, row_ids: the public names of orders and rows.
        held: the tokens of the leases that this process writes under.
    """

    def __init__(self, engine: Engine, keyring: Keyring, root: bytes) -> None:
        # Its connections bring what chains the journal, so that whoever has one can write into it.
        self.engine = engine.execution_options(linker=Linker(root))
        self.keyring = keyring
        self.hash = Hasher(root)
        self.pons = Names(root, "P", 12)
        self.row_ids = Names(root, "R", 14)
        self.held: list[int] = []
        self._kept = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One short transaction: all of it or nothing.

        Raises:
            Fenced: a lease that this process writes under was taken over by another one; nothing is written.
        """
        with self.engine.execution_options(writing=True).begin() as connection:
            keep(connection, self.held)
            yield connection
            # A long one has kept everybody else from the database; it shall not have cost the lease.
            keep(connection, self.held)
        self._kept = time.time()

    def assure(self) -> None:
        """Make sure that the leases are still held, before something is done that no transaction guards; it costs nothing soon after a transaction.

        Raises:
            Fenced: one was taken over.
        """
        if self.held and not 0 <= time.time() - self._kept < LENGTH / BEATS:
            with self.transaction():
                pass

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for looking things up."""
        with self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


@contextmanager
def for_good(store: Store) -> Iterator[Connection]:
    """A short transaction that leaves nothing of what it replaces or removes in the database file."""
    with store.transaction() as connection:
        connection.exec_driver_sql("pragma secure_delete=on")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("pragma secure_delete=off")


def fold_in(store: Store) -> None:
    """Write what stands beside the database file into it, so that nothing which was replaced is left there."""
    with store.reading() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")


def open_store(url: str, keyring: Keyring) -> Store:
    """The database at a URL, made and brought up to date where it is not."""
    engine = _engine(url)
    with _told_if_none(path_of(url)):
        done = upgrade(engine)
    if done.copy is not None:
        log.warning(done.words)
    with engine.connect() as connection:
        sealed, copied = connection.execute(select(meta.c.value).where(meta.c.name == ROOT)).scalar(), copied_at(connection)
    root = keyring.unseal(sealed, ROOT) if sealed is not None else b""
    if root[_ROOT:] and copied is None:
        # Nothing is to be made, so nobody who writes just now is waited for.
        return Store(engine, keyring, root)
    with engine.execution_options(writing=True).begin() as connection:
        root = _root(connection, keyring)
        if not root[_ROOT:]:
            take_in(connection, Linker(root))
            connection.execute(meta.update().where(meta.c.name == ROOT).values(value=keyring.seal(root + _CHAINED, ROOT)))
        leave_gap(connection, int(time.time()))
    return Store(engine, keyring, root)


def _root(connection: Connection, keyring: Keyring) -> bytes:
    """The root and its mark; a new one, not marked yet, for a database in which nothing was done so far."""
    sealed = connection.execute(select(meta.c.value).where(meta.c.name == ROOT)).scalar()
    if sealed is not None:
        return keyring.unseal(sealed, ROOT)
    if connection.execute(select(passes.c.id).limit(1)).first() is not None:
        raise DatabaseProblem("the database has lost the root of its keys, without which no order is found again; put the newest backup back")
    root = os.urandom(_ROOT)
    connection.execute(meta.insert().values(name=ROOT, value=keyring.seal(root, ROOT)))
    return root


def open_to_look(url: str, keyring: Keyring) -> Store:
    """The database at a URL as it is: nothing is made, brought up to date or written.

    Raises:
        DatabaseProblem: there is none, or its tables are not those of this program.
        KeyProblem: the key is not the one that it is sealed with.
    """
    path = path_of(url)
    if not path.is_file():
        raise DatabaseProblem(f"{path} is not there; the first pass makes it, or put the newest backup back")
    engine = _engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", may_write=False)
    with _told_if_none(path):
        revision = _revision(engine)
    if revision != HEAD:
        _refuse_newer(path, revision)
        raise DatabaseProblem(f"the tables of {path} are {f'at {revision}' if revision else 'not made'}, this program wants them at {HEAD}; `batchport db upgrade` does that, and keeps a copy")
    with engine.connect() as connection:
        sealed = connection.execute(select(meta.c.value).where(meta.c.name == ROOT)).scalar()
    if sealed is None:
        raise DatabaseProblem(f"{path} has no root; it was cut off when it was made: the next pass makes it whole")
    return Store(engine, keyring, keyring.unseal(sealed, ROOT))


@contextmanager
def _told_if_none(path: Path) -> Iterator[None]:
    """A file that is no database is told by name."""
    try:
        yield
    except DatabaseError as error:
        if "not a database" not in str(error.orig):
            raise
        raise DatabaseProblem(f"{path} is there, but is not a database of batchport; move it away, or correct `database:`") from None


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done to bring a database up to date.

    Attributes:
        before: the migration that it was at; None for a new one.
        copy: the database as it was; None where there was nothing to keep.
    """

    before: str | None
    copy: Path | None

    @property
    def words(self) -> str:
        """The same as a sentence."""
        if self.before == HEAD:
            return f"The database is at {HEAD}, the newest; there was nothing to do."
        return f"The database was brought from {self.before} to {HEAD}; as it was it lies in {self.copy}." if self.copy else f"The database was made, at {HEAD}."


def upgrade(engine: Engine) -> Upgraded:
    """Bring the tables up to the newest migration, all of it or nothing; what was there is copied first.

    Two that come at the same time wait for each other, and the second one has nothing to do.
    """
    if _revision(engine) == HEAD:
        return Upgraded(HEAD, None)
    with engine.execution_options(writing=True).begin() as connection:
        before = _revision_seen(connection)
        if before == HEAD:
            return Upgraded(HEAD, None)
        _refuse_newer(_file_of(engine), before)
        copy = None
        if before is not None:
            # Nobody else writes now, and nothing was changed yet.
            copy = _file_of(engine).with_name(f"{_file_of(engine).name}.before-{HEAD}")
            with whole_copy(_file_of(engine), copy):
                pass
        from alembic import command
        from alembic.config import Config

        settings = Config()
        settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    return Upgraded(before, copy)


def upgrade_at(url: str) -> Upgraded:
    """Bring the database at a URL up to date."""
    engine = _engine(url)
    try:
        with _told_if_none(path_of(url)):
            return upgrade(engine)
    finally:
        engine.dispose()


@contextmanager
def whole_copy(source: Path, target: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database as it is at one moment, whoever writes meanwhile; it has its name when the block that gets it open is left without an error.

    Raises:
        DatabaseProblem: the copy is damaged, as the database will be too.
        OSError: it cannot be written.
    """
    temporary = target.with_name(f".{target.name}.writing")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
            # All pages in one step: a reader of a write-ahead log sees one moment, and is in nobody's way.
            there.backup(copy)
            copy.execute("pragma journal_mode=delete")
            yield copy
            said = [words for (words,) in copy.execute("pragma integrity_check(3)")]
        if said != ["ok"]:
            raise DatabaseProblem(f"the copy of {source} is damaged, as the database itself will be ({'; '.join(said)}); nothing was kept of it. `batchport doctor` says more")
        sync_file(temporary)
        temporary.replace(target)
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from None
        raise DatabaseProblem(f"{source} cannot be copied: {error}") from None
    finally:
        for left in (temporary, Path(f"{temporary}-journal")):
            with contextlib.suppress(OSError):
                left.unlink()
    sync_folder(target.parent)


def _refuse_newer(path: Path, revision: str | None) -> None:
    if revision is not None and revision > HEAD:
        raise DatabaseProblem(
            f"{path} was made by a newer batchport (its tables are at {revision}, this program knows those up to {HEAD}); install the newer one. Nothing was changed."
        )


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_seen(connection)


def _revision_seen(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def path_of(url: str) -> Path:
    """The file of the database at a URL.

    Raises:
        DatabaseProblem: it is not in a file.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseProblem(f"database {parsed.render_as_string(hide_password=True)}: only SQLite (sqlite:///...) can be used so far")
    return Path(parsed.database or "")


def _file_of(engine: Engine) -> Path:
    return Path(engine.url.database or "")


def _engine(url: str, *, may_write: bool = True) -> Engine:
    path = path_of(url)
    if may_write and not path.parent.is_dir():
        raise DatabaseProblem(f"the folder of the database, {path.parent}, does not exist; make it, or correct `database:` in the configuration")
    if may_write and not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    # Statements carry customers' values; an error may not repeat them.
    engine = create_engine(url, connect_args={"timeout": PATIENCE}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, so that reads inside one are of one moment
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={PATIENCE * 1000:.0f}")
        if may_write:
            cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute("pragma foreign_keys=on")
        cursor.execute("pragma cache_size=-262144")
        cursor.execute("pragma temp_store=memory")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("begin immediate" if connection.get_execution_options().get("writing") else "begin")

    return engine


def insert_many(
    connection: Connection, table: Table, columns: Sequence[str], values: Iterable[tuple[Any, ...]], told: Callable[[int], None] | None = None
) -> None:
    """Insert tuples through the driver's `executemany`, in chunks: three times as fast as dictionaries through the expression language.

    After each chunk `told` hears how many records are in.
    """
    rows = values if isinstance(values, list) else list(values)
    statement = f"insert into {table.name} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"  # noqa: S608
    for start in range(0, len(rows), _CHUNK):
        connection.exec_driver_sql(statement, rows[start : start + _CHUNK])
        if told is not None:
            told(min(start + _CHUNK, len(rows)))


def insert_numbers(connection: Connection, table: Table, columns: Mapping[str, Ints]) -> None:
    """Insert records of whole numbers, given as columns, the key first; 0 stands for none where a column may have none.

    What is the same in every record is said once: a million of them feel each number.
    """
    key, *others = columns
    same = {name: int(columns[name][0]) for name in others if (columns[name] == columns[name][0]).all()} if len(columns[key]) else {}
    varied = [name for name in columns if name not in same]
    signs = {name: str(same.get(name, "?")) for name in columns}
    values = [f"nullif({sign}, 0)" if table.c[name].nullable else sign for name, sign in signs.items()]
    statement = f"insert into {table.name} ({', '.join(columns)}) values ({', '.join(values)})"  # noqa: S608
    for start in range(0, len(columns[key]), _CHUNK):
        connection.exec_driver_sql(statement, list(zip(*(columns[name][start : start + _CHUNK].tolist() for name in varied), strict=True)))


def run_many(connection: Connection, statement: str, values: list[tuple[Any, ...]]) -> None:
    """Run one statement for many tuples."""
    for start in range(0, len(values), _CHUNK):
        connection.exec_driver_sql(statement, values[start : start + _CHUNK])


def next_id(connection: Connection, table: Table) -> int:
    """The number that the next record of a table gets; to be asked inside the transaction that uses it.

    In a database that was put back from a backup, none that may have been given since the copy was made.
    """
    number = int(connection.exec_driver_sql(f"select coalesce(max(id), 0) + 1 from {table.name}").scalar_one())  # noqa: S608
    return max(number, least_id(connection, table))


def least_id(connection: Connection, table: Table) -> int:
    """The least number that a new record of a table may get: 1, but in a database that was put back from a backup."""
    known = restored(connection)
    return 1 if known is None else known.floors.get(table.name, 1)
