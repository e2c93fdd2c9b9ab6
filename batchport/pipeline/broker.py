"""Procrastinate, which brings helpers and work together: queues on the database itself, in the transactions that make work necessary.

A job is a call to look for work, and carries the number of a unit, nothing else; what is done, by whom, and whether it may be, says `store.work`. So a job that
comes late, or twice, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from batchport.pipeline.app import App
from batchport.store.postgresql import patience
from batchport.store.problem import DatabaseProblem

if TYPE_CHECKING:
    import procrastinate

TASK = "batchport.help"
#: Queue -> the kind of unit that waits in it.
QUEUES = {"sheets": "sheet", "responses": "response", "submissions": "submission", "results": "results", "mails": "mails"}
_QUEUE_OF = {kind: queue for queue, kind in QUEUES.items()}
#: A helper that was not heard of for so many seconds is not counted on.
_HEARD = 30


def helpers(app: App) -> int:
    """How many helpers there are; none where the database is a file."""
    if app.store.engine.dialect.name != "postgresql":
        return 0
    with app.store.reading() as connection:
        if connection.exec_driver_sql("select to_regclass('procrastinate_workers')").scalar() is None:
            return 0
        heard = "select count(*) from procrastinate_workers where last_heartbeat > now() - ? * interval '1 second'"
        return int(connection.exec_driver_sql(heard, (_HEARD,)).scalar_one())


def call(connection: Connection, units: Sequence[tuple[int, str, int]]) -> None:
    """Call helpers for units, each given as number, kind and priority, once the transaction is through."""
    import procrastinate

    broker = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
    driver: Any = connection.connection.dbapi_connection
    for kind in dict.fromkeys(kind for _, kind, _ in units):
        for urgency in dict.fromkeys(priority for _, other, priority in units if other == kind):
            numbers = [number for number, other, priority in units if (other, priority) == (kind, urgency)]
            # There the highest priority goes first.
            job = broker.configure_task(TASK, queue=_QUEUE_OF[kind], priority=-urgency, connection=driver)
            calls: list[Any] = [{"unit": number} for number in numbers]
            job.batch_defer(*calls)


def joined(engine: Engine) -> procrastinate.App:
    """Procrastinate on the database of an engine, its tables made where they are not there.

    Raises:
        DatabaseProblem: the database is a file, or Procrastinate is not installed.
    """
    if engine.dialect.name != "postgresql":
        raise DatabaseProblem("helpers need a database that they can share: `database: postgresql://...`; `batchport db copy` moves this one there")
    try:
        import procrastinate
    except ImportError:
        raise DatabaseProblem("helpers need Procrastinate: pip install 'batchport[workers]'") from None
    url = engine.url.set(drivername="postgresql").update_query_dict(patience(engine.url)).render_as_string(hide_password=False)
    with engine.execution_options(writing=True).begin() as connection:
        if connection.exec_driver_sql("select to_regclass('procrastinate_jobs')").scalar() is None:
            # Only whoever holds the lock of writers does this, so it is done once.
            driver: Any = connection.connection.dbapi_connection
            driver.execute(procrastinate.schema.SchemaManager.get_schema())
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
