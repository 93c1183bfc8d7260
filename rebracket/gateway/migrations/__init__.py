"""The key store's schema, as alembic migrations that the store itself runs."""

HEAD = "0002"
"""The newest one. A store that has it is opened without alembic, which takes longer than all the rest."""
