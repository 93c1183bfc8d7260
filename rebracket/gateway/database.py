"""Engines and migrations of the key store."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from rebracket.config.masking import unquoted
from rebracket.errors import KeyStoreError
from rebracket.gateway import postgres
from rebracket.gateway.migrations import HEAD
from rebracket.sqlite import make_private, write_ahead

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "rebracket_keys_version"


def open_engine(url: str) -> sa.Engine:
    """An engine for an SQLAlchemy URL; nothing is connected yet.

    Raises:
        KeyStoreError: the URL is none, its driver is not installed, or its folder can't be made.
    """
    try:
        parsed = _parsed(url)
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


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite database; None for others.

    Raises:
        KeyStoreError: the URL is none.
    """
    return _path(_parsed(url))


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError) as error:  # what it quotes of a URL may be the password
        line = unquoted(" ".join(str(error).split()))
        raise KeyStoreError(f"deployment.auth.store: not a usable URL: {line}") from None
    if parsed.username is not None and "@" in f"{parsed.host}{parsed.database}":
        raise KeyStoreError("deployment.auth.store: not a usable URL: write @ in passwords as %40")
    return parsed


def _path(url: sa.URL) -> Path | None:
    named = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(str(url.database)) if named else None


def _sqlite(url: sa.URL) -> sa.Engine:
    if path := _path(url):
        make_private(path)
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    """Transactions are begun by us; readers don't wait for writers; a commit survives a power cut."""
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 10000")
    write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock at once: a reader that turns writer could not wait for it."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _is_current(connection: sa.Connection) -> bool:
    """Whether the schema is the one that this version of the package has."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return False
    version = sa.column("version_num", sa.String)
    found = connection.scalars(sa.select(version).select_from(sa.table(VERSION_TABLE)))
    return found.all() == [HEAD]


def refuse_newer(connection: sa.Connection) -> None:
    """Look at the schema and change nothing.

    Raises:
        KeyStoreError: it is newer than this version of the package.
    """
    if _is_current(connection):
        return
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    try:
        if found := context.get_current_revision():
            ScriptDirectory(str(MIGRATIONS)).get_revision(found)
    except CommandError as error:
        raise _newer(error) from None


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to date, one process at a time; every worker calls this.

    Raises:
        KeyStoreError: the schema is newer than this version of the package.
    """
    with engine.connect() as connection:
        if _is_current(connection):
            return
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
            raise _newer(error) from None


def _newer(error: Exception) -> KeyStoreError:
    return KeyStoreError(f"key store: {error}; it was written by a newer version")
