"""Engines and migrations of the key store."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from rebracket.errors import KeyStoreError
from rebracket.gateway import postgres

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "rebracket_keys_version"


def open_engine(url: str) -> sa.Engine:
    """An engine for an SQLAlchemy URL; nothing is connected yet.

    Raises:
        KeyStoreError: the URL is none, its driver is not installed, or its folder can't be made.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed)
        if postgres.is_meant(parsed):
            return postgres.open_engine(parsed)
        return sa.create_engine(parsed, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise KeyStoreError(
            f"deployment.auth.store: the driver of {parsed.drivername}:// is not installed: {error}"
        ) from None
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        line = " ".join(str(error).split())
        raise KeyStoreError(f"deployment.auth.store: not a usable URL: {line}") from None
    except OSError as error:
        raise KeyStoreError(f"deployment.auth.store: {error}") from None


def _sqlite(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    """Transactions are begun by us; readers don't wait for writers; a commit survives a power cut."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock at once: a reader that turns writer could not wait for it."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to date, one process at a time; every worker calls this.

    Raises:
        KeyStoreError: the schema is newer than this version of the package.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    with engine.execution_options(immediate=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            postgres.lock_migrations(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["version_table"] = VERSION_TABLE
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise KeyStoreError(f"key store: {error}; it was written by a newer version") from None
