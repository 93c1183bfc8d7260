"""The key store's schema, as alembic migrations that the store itself runs."""
