"""How Alembic runs the migrations: on the connection that the store hands over, in one transaction."""

from alembic import context

from store.tables import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
