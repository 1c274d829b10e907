"""How Alembic runs the migrations: on the connection that the store hands over, in one transaction."""

from alembic import context

from store.tables import ProgramRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=ProgramRow.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
