"""The whole database copied: into a file, for a backup or to try something on, and into another database, for good."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, inspect, select

from batchport.store import sqlite
from batchport.store.database import engine_of, insert_many, path_of, shown, upgrade
from batchport.store.problem import DatabaseProblem
from batchport.store.schema import metadata

_PORTION = 20_000


@contextmanager
def whole_copy(url: str, target: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database in a file, as it is at one moment, whoever writes meanwhile; it has its name when the block that gets it open is left without an error.

    Raises:
        DatabaseProblem: the copy is damaged, as the database will be too.
        OSError: it cannot be written.
    """
    source = path_of(url)
    if source is not None:
        with sqlite.whole_copy(source, target) as copy:
            yield copy
        return
    with sqlite.file_being_written(target) as temporary:
        copy_database(url, f"sqlite:///{temporary}")
        with closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
            copy.execute("pragma journal_mode=delete")
            yield copy


def copy_database(source: str, target: str, told: Callable[[str, int], None] | None = None) -> dict[str, int]:
    """Copy everything in a database into a new one, of the same kind or another, and compare what has come; all of it or nothing.

    Args:
        source: URL of the database, which is brought up to date first.
        target: URL of the new one, which may be there with no table in it.
        told: hears of each table and how many records have come.

    Returns:
        Table -> how many records of it were copied.

    Raises:
        DatabaseProblem: the target is not empty, or something has come otherwise than it went.
    """
    with ExitStack() as opened:
        old, new = (opened.enter_context(_open(url)) for url in (source, target))
        upgrade(old)
        if inspect(new).get_table_names():
            raise DatabaseProblem(f"{shown(target)} is not empty; a database is copied into a new one, so that nothing is mixed")
        upgrade(new)
        with old.connect() as there, new.execution_options(writing=True).begin() as here:
            records = {}
            for table in metadata.sorted_tables:
                records[table.name] = _copied(there, here, table)
                if told is not None:
                    told(table.name, records[table.name])
    return records


@contextmanager
def _open(url: str) -> Iterator[Engine]:
    engine = engine_of(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _copied(there: Connection, here: Connection, table: Table) -> int:
    """Copy the records of a table, and read them again; how many there are."""
    went, number = hashlib.sha256(), 0
    names = [column.name for column in table.columns]
    for portion in (_as_kept(here, records) for records in _records(there, table)):
        insert_many(here, table, names, portion)
        went.update(repr(portion).encode())
        number += len(portion)
    came = hashlib.sha256()
    for portion in _records(here, table):
        came.update(repr(portion).encode())
    if went.digest() != came.digest():
        there_now = here.execute(select(func.count()).select_from(table)).scalar_one()
        raise DatabaseProblem(f"table {table.name} has come otherwise than it went ({number:,} records went, {there_now:,} came); nothing was copied")
    _number_on(here, table)
    return number


def _as_kept(here: Connection, portion: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Records as they can be kept there: PostgreSQL has no NUL in a text, and gets the sign for what cannot be shown in its place."""
    if here.dialect.name != "postgresql" or not any(isinstance(value, str) and "\0" in value for record in portion for value in record):
        return portion
    return [tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in record) for record in portion]


def _records(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """The records of a table in the order of their keys, some at a time."""
    statement = select(table).order_by(*table.primary_key.columns).execution_options(stream_results=True, max_row_buffer=_PORTION)
    with connection.execute(statement) as found:
        for portion in found.partitions(_PORTION):
            yield [tuple(record) for record in portion]


def _number_on(connection: Connection, table: Table) -> None:
    """Let numbers that the database gives by itself go on behind those that were copied."""
    key = table.autoincrement_column
    if connection.dialect.name == "postgresql" and key is not None:
        connection.exec_driver_sql(f"select setval(pg_get_serial_sequence('{table.name}', '{key.name}'), coalesce(max({key.name}), 0) + 1, false) from {table.name}")  # noqa: S608
