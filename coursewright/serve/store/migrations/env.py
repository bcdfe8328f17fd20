"""Alembic's environment: the connection comes from `database.migrate`."""

from alembic import context

from coursewright.serve.store.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
