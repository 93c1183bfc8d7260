"""What alembic runs: the migrations, in the transaction of the store that asked for them."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
