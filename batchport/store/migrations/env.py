"""Run by Alembic: migrations go through the connection that `store.database.upgrade` opened."""

from alembic import context

from batchport.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
