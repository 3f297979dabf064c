"""Alembic's entry: runs on the connection it is handed, in that connection's transaction; configures no logging."""

from alembic import context

from connector.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
