"""PostgreSQL as the database of the key store, through psycopg 3."""

import sqlalchemy as sa
from sqlalchemy import event

from rebracket.errors import KeyStoreError

DRIVER = "postgresql+psycopg"
SCHEMES = ("postgres", "postgresql", DRIVER)
CONNECTION = {
    "application_name": "rebracket",
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""What a URL that does not say otherwise connects with: a server that vanished is noticed within
about ten seconds, where TCP alone would wait for a quarter of an hour, or for ever."""

LOCK = 0x7265627261636B6574 % 2**63
"""The name of the advisory lock that migrations hold: any number that is ours."""
LOCK_TIMEOUT_MS = 10_000


def is_meant(url: sa.URL) -> bool:
    """Whether a URL names PostgreSQL, and no driver but ours."""
    return url.drivername in SCHEMES


def open_engine(url: sa.URL) -> sa.Engine:
    """An engine; connections that broke are replaced before they are used.

    Prepared statements would outlive the connections that a pooler like PgBouncer lends by
    transaction. Writers queue for one row, so they need to see what the last one committed,
    whatever the server's default isolation.

    Raises:
        KeyStoreError: psycopg is not installed.
    """
    options = {name: value for name, value in CONNECTION.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url.set(drivername=DRIVER),
            client_encoding="utf8",
            connect_args={**options, "prepare_threshold": None},
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
        )
    except ImportError:
        raise KeyStoreError(
            "deployment.auth.store: PostgreSQL needs the extra 'postgres': "
            "pip install 'rebracket[postgres]'"
        ) from None
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    """Writers give up on a lock that another one does not give back."""
    if connection.get_execution_options().get("immediate"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")


def lock_migrations(connection: sa.Connection) -> None:
    """Keep all others from migrating until the transaction ends."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
