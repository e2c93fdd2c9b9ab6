"""The database in a file: SQLite. What only it needs, and what `store.postgresql` does otherwise."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, TableClause, create_engine, event
from sqlalchemy.exc import DatabaseError

from batchport.domain.table import Ints, Mask
from batchport.files import PRIVATE_FILE, sync_file, sync_folder
from batchport.store import problem
from batchport.store.problem import DatabaseProblem

if TYPE_CHECKING:
    from batchport.store.database import Store

#: Milliseconds to wait for somebody who writes; who waits longer for that knows that the database can be written.
_LOOK = 200
_CHUNK = 20_000

#: The type of a column of bytes; a name that SQLite does not know would make it one of numbers, by which no index of bytes is used.
BYTES = "blob"


def place(url: URL) -> str:
    """Where the database is, for people."""
    return str(file_of(url))


def file_of(url: URL) -> Path:
    """The file that the database is in."""
    return Path(url.database or "")


def engine_at(url: URL, *, may_write: bool = True) -> Engine:
    """SQLAlchemy's engine, with a file that is made where there is none.

    Raises:
        DatabaseProblem: there is no folder for it.
    """
    path = file_of(url)
    if may_write and not path.parent.is_dir():
        raise DatabaseProblem(f"the folder of the database, {path.parent}, does not exist; make it, or correct `database:` in the configuration")
    if may_write and not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    if not may_write:
        url = url.set(database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    # Statements carry customers' values; an error may not repeat them.
    engine = create_engine(url, connect_args={"timeout": problem.PATIENCE}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, so that reads inside one are of one moment
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={problem.PATIENCE * 1000:.0f}")
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


@contextmanager
def told_if_none(url: URL) -> Iterator[None]:
    """A file that is no database is told by name."""
    try:
        yield
    except DatabaseError as error:
        if "not a database" not in str(error.orig):
            raise
        raise DatabaseProblem(f"{file_of(url)} is there, but is not a database of batchport; move it away, or correct `database:`") from None


def insert(connection: Connection, table: TableClause, columns: Sequence[str], rows: Iterator[list[tuple[Any, ...]]]) -> Iterator[int]:
    """Insert portions of tuples through the driver's `executemany`: three times as fast as dictionaries through the expression language. How many each had."""
    statement = f"insert into {table.name} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"  # noqa: S608
    for portion in rows:
        connection.exec_driver_sql(statement, portion)
        yield len(portion)


def insert_numbers(connection: Connection, table: Table, columns: Mapping[str, Ints | Mask]) -> None:
    """Insert records of whole numbers; what is the same in every record is said once: a million of them feel each number."""
    key, *others = columns
    same = {name: int(columns[name][0]) for name in others if (columns[name] == columns[name][0]).all()} if len(columns[key]) else {}
    varied = [name for name in columns if name not in same]
    signs = {name: str(same.get(name, "?")) for name in columns}
    values = [f"nullif({sign}, -1)" if table.c[name].nullable else sign for name, sign in signs.items()]
    statement = f"insert into {table.name} ({', '.join(columns)}) values ({', '.join(values)})"  # noqa: S608
    for start in range(0, len(columns[key]), _CHUNK):
        connection.exec_driver_sql(statement, list(zip(*(columns[name][start : start + _CHUNK].tolist() for name in varied), strict=True)))


@contextmanager
def leaving_nothing(connection: Connection) -> Iterator[None]:
    """Nothing of what is replaced or removed in here is left in the file."""
    connection.exec_driver_sql("pragma secure_delete=on")
    try:
        yield
    finally:
        connection.exec_driver_sql("pragma secure_delete=off")


def fold_in(store: Store) -> None:
    """Write what stands beside the database file into it, so that nothing which was replaced is left there."""
    with store.reading() as connection:
        connection.exec_driver_sql("pragma wal_checkpoint(truncate)")


def size(connection: Connection) -> int:
    """The size of the database in bytes."""
    return int(connection.exec_driver_sql("select page_count * page_size from pragma_page_count(), pragma_page_size()").scalar_one())


def is_writable(engine: Engine) -> bool:
    """Whether the database can be written, or is being written by somebody else just now."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={_LOOK}")
        try:
            cursor.execute("begin immediate")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
        cursor.execute("rollback")
    return True


@contextmanager
def whole_copy(source: Path, target: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database as it is at one moment, as `store.copies` says."""
    with file_being_written(target) as temporary:
        try:
            with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
                # All pages in one step: a reader of a write-ahead log sees one moment, and is in nobody's way.
                there.backup(copy)
                copy.execute("pragma journal_mode=delete")
                yield copy
                said = [words for (words,) in copy.execute("pragma integrity_check(3)")]
            if said != ["ok"]:
                raise DatabaseProblem(f"the copy of {source} is damaged, as the database itself will be ({'; '.join(said)}); nothing was kept of it. `batchport doctor` says more")
        except sqlite3.DatabaseError as error:
            if "full" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from None
            raise DatabaseProblem(f"{source} cannot be copied: {error}") from None


@contextmanager
def file_being_written(target: Path) -> Iterator[Path]:
    """A file of another name beside a database that is to be made; it gets its name when the block is left without an error, and else nothing is left of it."""
    temporary = target.with_name(f".{target.name}.writing")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
    finally:
        for left in (temporary, *(Path(f"{temporary}-{end}") for end in ("journal", "wal", "shm"))):
            with contextlib.suppress(OSError):
                left.unlink()
    sync_folder(target.parent)
