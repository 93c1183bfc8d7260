"""What is PostgreSQL's own: its URLs, and connections that break, hang or wait."""

import os
import socket
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from rebracket.errors import KeyStoreError
from rebracket.gateway import postgres as database
from rebracket.gateway.database import open_engine
from rebracket.gateway.key_store import KeyStore
from tests.postgres_server import Postgres
from tests.redis_server import free_port


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.create(f"keys-{uuid4().hex}")


@pytest.fixture
def keys(url: str) -> Iterator[KeyStore]:
    keys = KeyStore.open(url)
    yield keys
    keys.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_means_psycopg_3(url: str, scheme: str) -> None:
    engine = open_engine(url.replace("postgresql", scheme, 1))
    with engine.connect() as connection:
        assert isinstance(connection.connection.driver_connection, psycopg.Connection)
    engine.dispose()


def test_connections_that_broke_are_replaced(keys: KeyStore, url: str) -> None:
    new = keys.create("a", ("predict",))
    with psycopg.connect(url, autocommit=True) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name = 'rebracket' AND datname = current_database()"
        ).fetchall()
    assert ended == [(True,)]
    assert keys.list() == [new.record]


def test_a_server_that_vanished_is_noticed(url: str) -> None:
    """The kernel gives the connection up; by default it would not for a quarter of an hour."""
    engine = open_engine(url)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with socket.socket(fileno=os.dup(driver.fileno())) as wire:
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
    engine.dispose()


def test_a_server_that_hangs_is_given_up_when_the_url_says(
    postgres: Postgres, keys: KeyStore, url: str
) -> None:
    with postgres.frozen(), pytest.raises(KeyStoreError, match="timeout") as caught:
        KeyStore.open(f"{url}?connect_timeout=2")
    assert "\n" not in str(caught.value)
    assert keys.list() == []


def test_a_writer_gives_up_on_a_lock_and_readers_go_on(
    keys: KeyStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT_MS", 50)
    with psycopg.connect(url) as other:
        other.execute("UPDATE api_key_revision SET revision = 9")
        with pytest.raises(KeyStoreError, match="lock timeout"):
            keys.create("a", ("predict",))
        assert keys.revision() == 1
        other.rollback()
    assert [keys.create("a", ("predict",)).record] == keys.list()


def test_an_encoding_that_the_server_does_not_know_is_no_matter(
    postgres: Postgres, url: str
) -> None:
    name = f"keys-{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'".encode()
        )
    store = KeyStore.open(postgres.url(name))
    new = store.create("Hörspiel ♫", ("predict",))
    assert store.list() == [new.record]
    store.close()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("password=hunter2", "refused"),
        ("password=hunter2&nonsense=1", 'invalid connection option "nonsense"'),
        ("password=hunter2&connect_timeout=soon", "connect_timeout"),
    ],
)
def test_a_server_that_cannot_be_reached_is_named_without_the_password(
    query: str, message: str
) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/keys?{query}"
    with pytest.raises(KeyStoreError, match=message) as caught:
        KeyStore.open(url)
    assert "key store postgresql+psycopg://me:***@127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_role_that_may_make_no_tables_is_told_so(url: str) -> None:
    role = f"guest-{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
    with pytest.raises(KeyStoreError, match="permission denied for schema public"):
        KeyStore.open(url.replace("rebracket@", f"{role}@"))
