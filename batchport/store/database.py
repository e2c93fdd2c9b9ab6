"""Opening the database: its settings, its migrations, its keys."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from batchport.domain.table import Ints
from batchport.seal import Hasher, Keyring, Linker, Names
from batchport.store.journal import take_in
from batchport.store.leases import BEATS, LENGTH, keep
from batchport.store.schema import meta, passes

#: The newest migration; a database that is at it is opened without loading Alembic.
HEAD = "0010"
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


def open_store(url: str, keyring: Keyring) -> Store:
    """The database at a URL, made and brought up to date where it is not."""
    engine = _engine(url)
    try:
        upgrade(engine)
    except DatabaseError as error:
        if "not a database" not in str(error.orig):
            raise
        raise DatabaseProblem(f"{engine.url.database} is there, but is not a database of batchport; move it away, or correct `database:`") from None
    with engine.execution_options(writing=True).begin() as connection:
        root = _root(connection, keyring)
        if not root[_ROOT:]:
            take_in(connection, Linker(root))
            connection.execute(meta.update().where(meta.c.name == "root").values(value=keyring.seal(root + _CHAINED, "root")))
    return Store(engine, keyring, root)


def _root(connection: Connection, keyring: Keyring) -> bytes:
    """The root and its mark; a new one, not marked yet, for a database in which nothing was done so far."""
    sealed = connection.execute(select(meta.c.value).where(meta.c.name == "root")).scalar()
    if sealed is not None:
        return keyring.unseal(sealed, "root")
    if connection.execute(select(passes.c.id).limit(1)).first() is not None:
        raise DatabaseProblem("the database has lost the root of its keys, without which no order is found again; put the newest backup back")
    root = os.urandom(_ROOT)
    connection.execute(meta.insert().values(name="root", value=keyring.seal(root, "root")))
    return root


def upgrade(engine: Engine) -> None:
    """Bring the tables up to the newest migration."""
    revision = _revision(engine)
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise DatabaseProblem(
            f"{engine.url.database} was made by a newer batchport (its tables are at {revision}, this program knows those up to {HEAD}); install the newer one. Nothing was changed."
        )
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseProblem(f"database {parsed.render_as_string(hide_password=True)}: only SQLite (sqlite:///...) can be used so far")
    path = Path(parsed.database or "")
    if not path.parent.is_dir():
        raise DatabaseProblem(f"the folder of the database, {path.parent}, does not exist; make it, or correct `database:` in the configuration")
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # Statements carry customers' values; an error may not repeat them.
    engine = create_engine(parsed, connect_args={"timeout": PATIENCE}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, so that reads inside one are of one moment
        cursor = connection.cursor()
        cursor.execute(f"pragma busy_timeout={PATIENCE * 1000:.0f}")
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
    """The number that the next record of a table gets; to be asked inside the transaction that uses it."""
    return int(connection.exec_driver_sql(f"select coalesce(max(id), 0) + 1 from {table.name}").scalar_one())  # noqa: S608
