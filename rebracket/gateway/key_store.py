"""The store of API keys, in SQLite, PostgreSQL or another database that SQLAlchemy reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from rebracket.config.masking import masked
from rebracket.errors import KeyNotFound, KeyStoreError
from rebracket.gateway.database import migrate, open_engine, refuse_newer
from rebracket.gateway.key_records import KeyRecord, NewKey, now
from rebracket.gateway.keys import SCOPES, Key, Scope
from rebracket.rates import Rate

METADATA = sa.MetaData()
KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("scopes", sa.String(128), nullable=False),
    sa.Column("rate", sa.String(32)),
    sa.Column("work", sa.String(32)),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("revoked", sa.BigInteger),
    sa.Column("streams", sa.Integer),
)
REVISION = sa.Table(
    "api_key_revision", METADATA, sa.Column("revision", sa.BigInteger, nullable=False)
)


class KeyStore:
    """Opened once a process; safe to share between threads. Every method blocks on the database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store and bring its schema up to date.

        Raises:
            KeyStoreError: it can't be reached, or was written by a newer version.
        """
        engine = open_engine(url)
        try:
            with _failing_as_key_store_error(engine):
                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @staticmethod
    def look(url: str) -> None:
        """Look whether a store that is there can be opened, and change nothing.

        Raises:
            KeyStoreError: it can't be reached, or was written by a newer version.
        """
        engine = open_engine(url)
        try:
            with _failing_as_key_store_error(engine), engine.connect() as connection:
                refuse_newer(connection)
        finally:
            engine.dispose()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def create(
        self,
        name: str,
        scopes: tuple[Scope, ...],
        *,
        lifetime: timedelta | None = None,
        rate: Rate | None = None,
        work: Rate | None = None,
        streams: int | None = None,
    ) -> NewKey:
        """Make a key that opens `scopes` for `lifetime`, for ever if None."""
        key, made = Key.generate(), now()
        record = KeyRecord(
            id=key.id,
            origin=key.id,
            name=name,
            digest=key.digest,
            scopes=scopes,
            rate=rate,
            work=work,
            streams=streams,
            created=made,
            expires=made + lifetime if lifetime else None,
            revoked=None,
        )
        with self._writing() as connection:
            connection.execute(sa.insert(KEYS).values(_row(record)))
        return NewKey(key, record)

    def put_first(self, key: Key) -> bool:
        """Put a key with all scopes into a store that holds none; whether it was empty."""
        made = now()
        record = KeyRecord(
            key.id, key.id, "bootstrap", key.digest, SCOPES, None, None, None, made, None, None
        )
        with self._writing() as connection:
            if connection.execute(sa.select(KEYS.c.id).limit(1)).first():
                return False
            connection.execute(sa.insert(KEYS).values(_row(record)))
        return True

    def list(self) -> list[KeyRecord]:
        """All keys, expired and revoked ones too, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(KEYS).order_by(KEYS.c.created, KEYS.c.id))
            return [_record(row._mapping) for row in rows]

    def revision(self) -> int:
        """A number that changes whenever a key does."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(REVISION.c.revision)).scalar_one())

    def revoke(self, key_id: str) -> KeyRecord:
        """Refuse a key from now on.

        Raises:
            KeyNotFound: there is no such key.
        """
        with self._writing() as connection:
            record = _find(connection, key_id)
            revoked = replace(record, revoked=record.revoked or now())
            connection.execute(_update(revoked))
        return revoked

    def rotate(self, key_id: str, *, overlap: timedelta) -> NewKey:
        """Make a key like this one, which stays valid for `overlap`; both share one limit.

        Raises:
            KeyNotFound: there is no such key that is active.
        """
        key, made = Key.generate(), now()
        with self._writing() as connection:
            old = _find(connection, key_id)
            if old.state(made) != "active":
                raise KeyNotFound(f"key {key_id} is {old.state(made)}: create a new one")
            end = made + overlap
            connection.execute(
                _update(replace(old, expires=min(old.expires, end) if old.expires else end))
            )
            new = replace(
                old,
                id=key.id,
                digest=key.digest,
                created=made,
                expires=made + (old.expires - old.created) if old.expires else None,
            )
            connection.execute(sa.insert(KEYS).values(_row(new)))
        return NewKey(key, new)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with _failing_as_key_store_error(self._engine), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        engine = self._engine.execution_options(immediate=True)
        with _failing_as_key_store_error(engine), engine.begin() as connection:
            connection.execute(sa.update(REVISION).values(revision=REVISION.c.revision + 1))
            yield connection


@contextmanager
def _failing_as_key_store_error(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        # A password may stand in the query too.
        name = masked(engine.url.set(query={}).render_as_string(hide_password=True))
        raise KeyStoreError(f"key store {name}: {' '.join(str(cause).split())}") from error


def _find(connection: sa.Connection, key_id: str) -> KeyRecord:
    row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key_id)).first()
    if row is None:
        raise KeyNotFound(f"no key with the id {key_id!r}; see: rebracket keys list")
    return _record(row._mapping)


def _update(record: KeyRecord) -> sa.Update:
    values = _row(record)
    return sa.update(KEYS).where(KEYS.c.id == record.id).values(values)


def _row(record: KeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "origin": record.origin,
        "name": record.name,
        "digest": record.digest,
        "scopes": ",".join(record.scopes),
        "rate": record.rate,
        "work": record.work,
        "streams": record.streams,
        "created": int(record.created.timestamp()),
        "expires": record.expires and int(record.expires.timestamp()),
        "revoked": record.revoked and int(record.revoked.timestamp()),
    }


def _record(row: Any) -> KeyRecord:
    return KeyRecord(
        id=row["id"],
        origin=row["origin"],
        name=row["name"],
        digest=bytes(row["digest"]),
        scopes=tuple(scope for scope in SCOPES if scope in row["scopes"].split(",")),
        rate=Rate(row["rate"]) if row["rate"] else None,
        work=Rate(row["work"]) if row["work"] else None,
        streams=row["streams"],
        created=_time(row["created"]),
        expires=_time(row["expires"]) if row["expires"] is not None else None,
        revoked=_time(row["revoked"]) if row["revoked"] is not None else None,
    )


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
