"""Opening the database: its settings, its migrations, its keys."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, Table, TableClause, inspect, make_url, select

from batchport.domain.table import Ints, Mask
from batchport.seal import Hasher, Keyring, Linker, Names
from batchport.store import postgresql, sqlite
from batchport.store.journal import take_in
from batchport.store.leases import BEATS, LENGTH, keep
from batchport.store.problem import DatabaseProblem
from batchport.store.restored import COPIED, leave_gap, restored
from batchport.store.schema import meta, passes
from batchport.store.sealed import ROOT

#: Not `batchport.log`, which most commands do not keep: what was done to a database is said on standard error in any case.
log = logging.getLogger("batchport.store")

#: The newest migration; a database that is at it is opened without loading Alembic.
HEAD = "0013"
_CHUNK = 20_000
#: The root of all keys but the sealing one; behind it the mark that the journal is chained.
_ROOT, _CHAINED = 32, b"\1"
#: What marks a database that was copied to another place for good; its value says where.
_MOVED = "moved"


class Kind(Protocol):
    """What one kind of database does otherwise than another: `store.sqlite` and `store.postgresql`."""

    #: The type of a column of bytes.
    BYTES: str

    def place(self, url: URL) -> str:
        """Where the database is, for people."""
        ...

    def engine_at(self, url: URL, *, may_write: bool = True) -> Engine:
        """SQLAlchemy's engine."""
        ...

    def told_if_none(self, url: URL) -> AbstractContextManager[None]:
        """What cannot be opened is told with what to do."""
        ...

    def insert(self, connection: Connection, table: TableClause, columns: Sequence[str], rows: Iterator[list[tuple[Any, ...]]]) -> Iterator[int]:
        """Insert portions of tuples; how many each had."""
        ...

    def insert_numbers(self, connection: Connection, table: Table, columns: Mapping[str, Ints | Mask]) -> None:
        """Insert records of whole numbers."""
        ...

    def leaving_nothing(self, connection: Connection, /) -> AbstractContextManager[None]:
        """What is replaced in here is gone once it was folded in."""
        ...

    def fold_in(self, store: Store) -> None:
        """Take away what was replaced."""
        ...

    def size(self, connection: Connection) -> int:
        """In bytes."""
        ...

    def is_writable(self, engine: Engine) -> bool:
        """Whether it can be written, or somebody writes just now."""
        ...


_KINDS: dict[str, Kind] = {"sqlite": sqlite, "postgresql": postgresql}


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
    """A short transaction that leaves nothing of what it replaces or removes in the database, once that was folded in."""
    with store.transaction() as connection, kind_of(connection).leaving_nothing(connection):
        yield connection


def fold_in(store: Store) -> None:
    """Take away what was replaced and still lies beside or in the database."""
    kind_of(store.engine).fold_in(store)


@contextmanager
def _ended_if_it_fails(engine: Engine) -> Iterator[None]:
    """Connections are not left open by what cannot go on."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def open_store(url: str, keyring: Keyring) -> Store:
    """The database at a URL, made and brought up to date where it is not."""
    kind, where = _kind(url)
    engine = kind.engine_at(where)
    with _ended_if_it_fails(engine):
        return _opened(kind, where, engine, keyring)


def _opened(kind: Kind, where: URL, engine: Engine, keyring: Keyring) -> Store:
    with kind.told_if_none(where):
        done = upgrade(engine)
    if done.older:
        log.warning(done.words)
    with engine.connect() as connection:
        marks: dict[str, bytes] = {name: value for name, value in connection.execute(select(meta.c.name, meta.c.value).where(meta.c.name.in_((ROOT, COPIED, _MOVED))))}  # noqa: C416
    if _MOVED in marks:
        raise DatabaseProblem(f"{kind.place(where)} was copied to {marks[_MOVED].decode()}, and everything goes on there; correct `database:` in the configuration")
    root = keyring.unseal(marks[ROOT], ROOT) if ROOT in marks else b""
    if root[_ROOT:] and COPIED not in marks:
        # Nothing is to be made, so nobody who writes just now is waited for.
        return Store(engine, keyring, root)
    with engine.execution_options(writing=True).begin() as connection:
        root = _root(connection, keyring)
        if not root[_ROOT:]:
            take_in(connection, Linker(root))
            connection.execute(meta.update().where(meta.c.name == ROOT).values(value=keyring.seal(root + _CHAINED, ROOT)))
        leave_gap(connection, int(time.time()))
    return Store(engine, keyring, root)


def close_for(connection: Connection, url: str) -> None:
    """From now on the database is not opened to work with: everything goes on in another one, at a URL."""
    connection.execute(meta.insert().values(name=_MOVED, value=shown(url).encode()))


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
    kind, where = _kind(url)
    if kind is sqlite and not sqlite.file_of(where).is_file():
        raise DatabaseProblem(f"{kind.place(where)} is not there; the first pass makes it, or put the newest backup back")
    engine = kind.engine_at(where, may_write=False)
    with _ended_if_it_fails(engine):
        return _opened_to_look(kind, where, engine, keyring)


def _opened_to_look(kind: Kind, where: URL, engine: Engine, keyring: Keyring) -> Store:
    place = kind.place(where)
    with kind.told_if_none(where):
        revision = _revision(engine)
    if revision != HEAD:
        _refuse_newer(place, revision)
        raise DatabaseProblem(f"the tables of {place} are {f'at {revision}' if revision else 'not made'}, this program wants them at {HEAD}; `batchport db upgrade` does that, and keeps a copy")
    with engine.connect() as connection:
        sealed = connection.execute(select(meta.c.value).where(meta.c.name == ROOT)).scalar()
    if sealed is None:
        raise DatabaseProblem(f"{place} has no root; it was cut off when it was made: the next pass makes it whole")
    return Store(engine, keyring, keyring.unseal(sealed, ROOT))


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done to bring a database up to date.

    Attributes:
        before: the migration that it was at; None for a new one.
        copy: the database as it was; None where there was nothing to keep, or it is in a server.
    """

    before: str | None
    copy: Path | None

    @property
    def older(self) -> bool:
        """Whether there was a database, of an earlier program."""
        return self.before not in (None, HEAD)

    @property
    def words(self) -> str:
        """The same as a sentence."""
        if self.before == HEAD:
            return f"The database is at {HEAD}, the newest; there was nothing to do."
        if self.before is None:
            return f"The database was made, at {HEAD}."
        kept = f"; as it was it lies in {self.copy}" if self.copy else ""
        return f"The database was brought from {self.before} to {HEAD}{kept}."


def upgrade(engine: Engine) -> Upgraded:
    """Bring the tables up to the newest migration, all of it or nothing; what was there is copied first.

    Two that come at the same time wait for each other, and the second one has nothing to do.
    """
    if _revision(engine) == HEAD:
        return Upgraded(HEAD, None)
    place = kind_of(engine).place(engine.url)
    with engine.execution_options(writing=True).begin() as connection:
        before = _revision_seen(connection)
        if before == HEAD:
            return Upgraded(HEAD, None)
        _refuse_newer(place, before)
        copy = None
        if kind_of(engine) is postgresql:
            # All of it or nothing there too; a copy beside it is the server's matter.
            postgresql.fits(connection)
        elif before is not None:
            # Nobody else writes now, and nothing was changed yet.
            copy = Path(f"{place}.before-{HEAD}")
            with sqlite.whole_copy(sqlite.file_of(engine.url), copy):
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
    kind, where = _kind(url)
    engine = kind.engine_at(where)
    try:
        with kind.told_if_none(where):
            return upgrade(engine)
    finally:
        engine.dispose()


def _refuse_newer(place: str, revision: str | None) -> None:
    if revision is not None and revision > HEAD:
        raise DatabaseProblem(
            f"{place} was made by a newer batchport (its tables are at {revision}, this program knows those up to {HEAD}); install the newer one. Nothing was changed."
        )


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_seen(connection)


def has_tables(url: str) -> bool:
    """Whether anything was ever done in the database at a URL.

    Raises:
        DatabaseProblem: it cannot be reached.
    """
    kind, where = _kind(url)
    engine = kind.engine_at(where, may_write=False)
    try:
        with kind.told_if_none(where):
            return _revision(engine) is not None
    finally:
        engine.dispose()


def _revision_seen(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("select version_num from alembic_version").scalar()


def _kind(url: str) -> tuple[Kind, URL]:
    """What kind of database a URL is of, and the URL taken apart.

    Raises:
        DatabaseProblem: of none that can be used.
    """
    parsed = make_url(url)
    kind = _KINDS.get(parsed.get_backend_name())
    if kind is None:
        raise DatabaseProblem(f"database {parsed.render_as_string(hide_password=True)}: only SQLite (sqlite:///...) and PostgreSQL (postgresql://...) can be used")
    return kind, parsed


def engine_of(url: str) -> Engine:
    """SQLAlchemy's engine for the database at a URL.

    Raises:
        DatabaseProblem: it is of a kind that cannot be used, or its folder is not there.
    """
    kind, where = _kind(url)
    return kind.engine_at(where)


def shown(url: str) -> str:
    """A URL for people, without a password."""
    return make_url(url).render_as_string(hide_password=True)


def kind_of(thing: Connection | Engine) -> Kind:
    """What kind of database a connection or an engine is of."""
    return _KINDS[thing.dialect.name]


def path_of(url: str) -> Path | None:
    """The file of the database at a URL; None for one in a server.

    Raises:
        DatabaseProblem: it is of a kind that cannot be used.
    """
    kind, where = _kind(url)
    return sqlite.file_of(where) if kind is sqlite else None


def insert_many(
    connection: Connection, table: TableClause, columns: Sequence[str], values: Iterable[tuple[Any, ...]], told: Callable[[int], None] | None = None
) -> None:
    """Insert tuples by the fastest way that there is; in between `told` hears how many records are in."""
    rows = values if isinstance(values, list) else list(values)
    portions = (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
    for done in accumulate(kind_of(connection).insert(connection, table, columns, portions)):
        if told is not None:
            told(done)


def insert_numbers(connection: Connection, table: Table, columns: Mapping[str, Ints | Mask]) -> None:
    """Insert records of whole numbers, given as columns, the key first; -1 stands for none where a column may have none."""
    kind_of(connection).insert_numbers(connection, table, columns)


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
