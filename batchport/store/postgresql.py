"""The database in a server: PostgreSQL. What only it needs, and what `store.sqlite` does otherwise.

The statements are those of SQLite; what differs is done here, once for all: parameters are written `?` or `:name` everywhere and translated, and so is `cross join`, which
keeps SQLite from changing the order of tables and here has a condition like any other join; whole numbers come back as
such whatever they are the sum of, and tables are filled with COPY.

A transaction that writes waits until no other one writes, as in SQLite: all of them take one lock that the server lets go of at their end, however that comes. So
numbers follow each other without gaps, and what one reads and then writes is of one moment. They are short; reading files, checking and rendering go on beside
them. Whoever only reads sees one moment too, and is in nobody's way.

Texts have to compare as in SQLite, sign by sign and not as in a dictionary, so the database must be made with the collation C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, TableClause, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from batchport.domain.table import Ints, Mask
from batchport.store import problem
from batchport.store.problem import DatabaseProblem, Unreachable

if TYPE_CHECKING:
    from batchport.store.database import Store

#: The lock of whoever writes: any number, the same in every installation, since each has a database of its own.
WRITING = 0x62617463
_CHUNK = 20_000
#: So many new records change how a table is best gone through.
_MUCH = 10_000
_MARKS = re.compile(r"'(?:[^']|'')*'|\?|%|(?<!:):(?P<name>[a-z_]+)|\bcross join\b")
_OURS = {"?": "%s", "cross join": "join"}
_HOW_TO_MAKE_ONE = "create database batchport template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
#: A machine that is gone without a word is known to be within half a minute, on either side; else it keeps everybody from writing, or us waiting, for two hours.
_GIVEN_UP = {"connect_timeout": "10", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "30000"}
_GIVEN_UP_THERE = {f"tcp_{name}": value for name, value in _GIVEN_UP.items() if name.startswith("keepalives")}
#: Tables of which rows are replaced or emptied when something is kept no longer.
_EMPTIED = "pieces, papers, submissions, enclosures, files, meta"

#: The type of a column of bytes.
BYTES = "bytea"


def place(url: URL) -> str:
    """Where the database is, for people."""
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def engine_at(url: URL, *, may_write: bool = True) -> Engine:
    """SQLAlchemy's engine; where it may not write, no transaction is begun that would.

    Raises:
        DatabaseProblem: the driver is not installed, or the URL has a password in it.
    """
    try:
        from psycopg.adapt import Loader
    except ImportError:
        raise DatabaseProblem("a database of PostgreSQL needs the driver: pip install 'batchport[postgresql]'") from None
    if url.password:
        raise DatabaseProblem(f"database {place(url)}: a password does not stand in the configuration; put it into ~/.pgpass, or name a file with `?passfile=...`")

    class Whole(Loader):
        """Sums of large numbers have a type of their own; all of ours are whole."""

        def load(self, data: Any) -> int:
            return int(bytes(data))

    # Statements carry customers' values; an error may not repeat them.
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), hide_parameters=True, isolation_level="REPEATABLE READ", pool_pre_ping=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in ({"timezone": "UTC", "lock_timeout": f"{problem.PATIENCE * 1000:.0f}"} | _GIVEN_UP_THERE).items()),
            "application_name": "batchport", "prepare_threshold": 2, **patience(url),
        },
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.adapters.register_loader("numeric", Whole)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writing"):
            assert may_write, "this database was opened to look at it"  # noqa: S101
            # Each statement sees what was written before it, since nobody else writes; the first snapshot would be of the time before the lock was there.
            connection.exec_driver_sql(f"set transaction isolation level read committed; select pg_advisory_xact_lock({WRITING})")

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _translate(_: Connection, __: Any, statement: str, parameters: Any, context: Any, ___: bool) -> tuple[str, Any]:
        # What SQLAlchemy has put together has its own marks already.
        return (translated(statement) if context is not None and context.compiled is None else statement.replace("cross join", "join")), parameters

    return engine


def patience(url: URL) -> dict[str, str]:
    """How soon a server that does not answer any more is given up, as far as a URL does not say that itself: libpq's words."""
    return {name: value for name, value in _GIVEN_UP.items() if name not in url.query}


@lru_cache(maxsize=2048)
def translated(statement: str) -> str:
    """A statement of ours as the driver wants it.

    >>> translated("select '?' || f.name from wanted w cross join files f on f.id = w.v where f.id > ? and f.name like 'a%'")
    "select '?' || f.name from wanted w join files f on f.id = w.v where f.id > %s and f.name like 'a%%'"
    >>> translated("select id::text from files where received > :before and name <> ':before'")
    "select id::text from files where received > %(before)s and name <> ':before'"
    """
    return _MARKS.sub(lambda found: _OURS.get(found[0]) or (f"%({found['name']})s" if found["name"] else found[0].replace("%", "%%")), statement)


@contextmanager
def told_if_none(url: URL) -> Iterator[None]:
    """A server that cannot be reached, or a database that is not fit, is told with what to do."""
    try:
        yield
    except OperationalError as error:
        if error.connection_invalidated or getattr(error.orig, "sqlstate", None) is not None:
            raise
        said = str(error.orig).strip().splitlines()[-1]
        raise Unreachable(f"database {place(url)} cannot be reached: {said}") from None


def fits(connection: Connection) -> None:
    """Whether texts compare in this database as they must.

    Raises:
        DatabaseProblem: they do not.
    """
    encoding, collation = connection.exec_driver_sql("select pg_encoding_to_char(encoding), datcollate from pg_database where datname = current_database()").one()
    if (encoding, collation) not in {("UTF8", "C"), ("UTF8", "POSIX")}:
        raise DatabaseProblem(f"database {place(connection.engine.url)} has encoding {encoding} and collation {collation}, and needs UTF8 and C: {_HOW_TO_MAKE_ONE}")


def insert(connection: Connection, table: TableClause, columns: Sequence[str], rows: Iterator[list[tuple[Any, ...]]]) -> Iterator[int]:
    """Insert portions of tuples with COPY; how many each had."""
    done = 0
    for portion in rows:
        _copy(connection, f"{table.name} ({', '.join(columns)})", portion)
        done += len(portion)
        yield len(portion)
    _look_at(connection, table, done)


def insert_numbers(connection: Connection, table: Table, columns: Mapping[str, Ints | Mask]) -> None:
    """Insert records of whole numbers with COPY."""
    names = list(columns)
    optional = [table.c[name].nullable for name in names]
    for start in range(0, len(columns[names[0]]), _CHUNK):
        lists = [columns[name][start : start + _CHUNK].tolist() for name in names]
        lists = [[None if value == -1 else value for value in each] if may_lack else each for each, may_lack in zip(lists, optional, strict=True)]
        _copy(connection, f"{table.name} ({', '.join(names)})", zip(*lists, strict=True))
    _look_at(connection, table, len(columns[names[0]]))


def _look_at(connection: Connection, table: TableClause, fresh: int) -> None:
    """Let the server see what is in a table of which much is new: it would do so in a minute by itself, and until then go through the whole of it again and again."""
    if fresh >= _MUCH:
        connection.exec_driver_sql(f"analyze {table.name}")


def _copy(connection: Connection, target: str, rows: Any) -> None:
    from psycopg import Error

    statement: Any = f"copy {target} from stdin"
    try:
        with closing(connection.connection.cursor()) as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except Error as error:
        # What the server says beside that repeats the values.
        raise DatabaseError(statement, None, type(error)(error.diag.message_primary or "the connection was lost"), hide_parameters=True) from None


@contextmanager
def leaving_nothing(_: Connection) -> Iterator[None]:
    """What is replaced is taken away by `fold_in`."""
    yield


def fold_in(store: Store) -> None:
    """Take away what was replaced. The server's log of changes, and backups made from it, keep it as long as they are kept."""
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"vacuum {_EMPTIED}")


def size(connection: Connection) -> int:
    """The size of the database in bytes."""
    return int(connection.exec_driver_sql("select pg_database_size(current_database())").scalar_one())


def is_writable(engine: Engine) -> bool:
    """Whether the database can be written, or is being written by somebody else just now."""
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql("select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'").scalar_one())
