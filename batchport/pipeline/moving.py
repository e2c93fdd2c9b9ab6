"""An installation moves to another database, such as from a file to a server, when one machine is not enough any more."""

from __future__ import annotations

from collections.abc import Mapping

from batchport.pipeline.app import App, closing
from batchport.pipeline.lease import alone
from batchport.store.acts import record_act
from batchport.store.copies import copy_database
from batchport.store.database import close_for, shown
from batchport.store.leases import end_all


def move(app: App, source: str, target: str, why: str) -> Mapping[str, int]:
    """Copy everything that is in one database into a new one, and close the old one: nothing may be sent out of both.

    Args:
        app: the installation; its sealing key opens both.
        source: URL of the old database.
        target: URL of the new one.
        why: the operator's reason, recorded in the new database.

    Returns:
        Table -> how many records of it were copied and compared.

    Raises:
        Busy: a pass is at work in the old database.
        DatabaseProblem: one of them cannot be used, the new one is not empty, or something has come otherwise than it went; nothing was changed.
    """
    with closing(_at(app, source)) as old, alone(old):
        copied = copy_database(source, target, lambda table, records: app.progress(f"Copied {table}", records, records, "records"))
        with closing(_at(app, target)) as new, new.store.transaction() as connection:
            end_all(connection)
            about = f"from {shown(source)}, {sum(copied.values())} records"
            record_act(connection, at=app.stamp, who=app.user, what="db copy", why=why, about=about)
        with old.store.transaction() as connection:
            close_for(connection, target)
    return copied


def _at(app: App, url: str) -> App:
    return App(app.settings.model_copy(update={"database": url}), app.now, app.progress)
