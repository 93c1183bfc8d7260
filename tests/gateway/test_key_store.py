"""The store keeps everything of a key but its secret, for every process that opens it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import TypeVar

import pytest
import sqlalchemy as sa

from rebracket.errors import KeyNotFound, KeyStoreError
from rebracket.gateway import database
from rebracket.gateway.key_records import now
from rebracket.gateway.key_store import METADATA, KeyStore
from rebracket.gateway.keys import SCOPES, Key
from rebracket.rates import Rate

DAY = timedelta(days=1)
T = TypeVar("T")


@pytest.fixture
def store(keys_url: str) -> Iterator[KeyStore]:
    store = KeyStore.open(keys_url)
    yield store
    store.close()


@pytest.fixture
def connection(store: KeyStore, keys_url: str) -> Iterator[sa.Connection]:
    """Somebody else's, to the store's database."""
    del store
    engine = sa.create_engine(keys_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_a_key_is_there_for_the_next_process(store: KeyStore, keys_url: str) -> None:
    new = store.create(
        "studio",
        ("predict", "stream"),
        lifetime=90 * DAY,
        rate=Rate("600/minute"),
        work=Rate("5/s"),
        streams=8,
    )
    assert new.record.streams == 8
    assert _read(keys_url, KeyStore.list) == [new.record]
    assert new.record.digest == new.key.digest
    assert new.record.expires == new.record.created + 90 * DAY


def test_the_secret_is_nowhere_in_the_store(store: KeyStore, connection: sa.Connection) -> None:
    key = store.create("studio", ("predict",)).key
    tables = sa.inspect(connection).get_table_names()
    found = str([connection.execute(sa.text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608
    assert key.id in found
    assert key.secret not in found


def test_readers_do_not_wait_for_writers(store: KeyStore, connection: sa.Connection) -> None:
    store.create("studio", ("predict",))
    connection.execute(sa.text("UPDATE api_key_revision SET revision = 9"))
    assert store.revision() == 2
    assert len(store.list()) == 1


def test_writers_come_one_after_the_other(store: KeyStore) -> None:
    first = store.create("a", ("predict",)).record.id
    with ThreadPoolExecutor(8) as pool:
        rotated = list(pool.map(lambda _: store.rotate(first, overlap=DAY).record, range(8)))
    assert store.revision() == 2 + 8
    assert {record.id for record in store.list()} == {first, *(record.id for record in rotated)}


def test_every_change_changes_the_revision(store: KeyStore) -> None:
    seen = [store.revision()]
    new = store.create("a", ("predict",))
    seen.append(store.revision())
    store.rotate(new.record.id, overlap=DAY)
    seen.append(store.revision())
    store.revoke(new.record.id)
    seen.append(store.revision())
    assert len(set(seen)) == 4


def test_a_revoked_key_stays_in_the_list(store: KeyStore) -> None:
    record = store.create("a", ("predict",)).record
    assert record.state(now()) == "active"
    revoked = store.revoke(record.id)
    assert store.list() == [revoked]
    assert revoked.state(now()) == "revoked"
    assert store.revoke(record.id) == revoked


def test_a_revocation_counts_on_machines_whose_clock_is_behind(store: KeyStore) -> None:
    record = store.revoke(store.create("a", ("predict",)).record.id)
    assert record.state(now() - DAY) == "revoked"


def test_a_rotated_key_lives_on_for_the_overlap(store: KeyStore) -> None:
    old = store.create(
        "a", ("predict", "admin"), lifetime=90 * DAY, rate=Rate("5/s"), streams=8
    ).record
    new = store.rotate(old.id, overlap=DAY).record
    kept = next(record for record in store.list() if record.id == old.id)
    assert kept.expires == new.created + DAY
    assert new.expires == new.created + 90 * DAY
    assert (new.name, new.scopes) == (old.name, old.scopes)
    assert (new.rate, new.streams) == (Rate("5/s"), 8)
    assert new.origin == old.id
    assert store.rotate(new.id, overlap=DAY).record.origin == old.id


def test_a_rotation_does_not_lengthen_a_life(store: KeyStore) -> None:
    old = store.create("a", ("predict",), lifetime=timedelta(hours=1)).record
    store.rotate(old.id, overlap=DAY)
    assert next(r for r in store.list() if r.id == old.id).expires == old.expires


def test_only_an_active_key_is_rotated(store: KeyStore) -> None:
    record = store.create("a", ("predict",)).record
    store.revoke(record.id)
    with pytest.raises(KeyNotFound, match="revoked"):
        store.rotate(record.id, overlap=DAY)


def test_an_unknown_id_is_named(store: KeyStore) -> None:
    with pytest.raises(KeyNotFound, match="'nothing'"):
        store.revoke("nothing")
    with pytest.raises(KeyNotFound, match="'nothing'"):
        store.rotate("nothing", overlap=DAY)
    assert store.revision() == 1


def test_a_first_key_goes_into_an_empty_store_only(store: KeyStore) -> None:
    first = Key.generate()
    assert store.put_first(first)
    assert not store.put_first(Key.generate())
    (record,) = store.list()
    assert (record.id, record.scopes) == (first.id, SCOPES)


def test_a_newer_schema_is_refused(
    store: KeyStore, keys_url: str, connection: sa.Connection
) -> None:
    store.close()
    connection.execute(sa.text(f"UPDATE {database.VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608
    connection.commit()
    with pytest.raises(KeyStoreError, match="newer version"):
        KeyStore.open(keys_url)


def test_the_migrations_make_what_the_code_reads(
    store: KeyStore, connection: sa.Connection
) -> None:
    store.close()
    inspector = sa.inspect(connection)
    for table in METADATA.sorted_tables:
        found = {
            c["name"]: (c["type"].compile(connection.dialect), c["nullable"])
            for c in inspector.get_columns(table.name)
        }
        assert found == {
            c.name: (c.type.compile(connection.dialect), c.nullable) for c in table.columns
        }


def test_keys_of_the_first_schema_live_on_with_the_settings_streams(
    store: KeyStore, keys_url: str, connection: sa.Connection
) -> None:
    record = store.create("a", ("predict",), rate=Rate("5/s")).record
    store.close()
    connection.execute(sa.text("ALTER TABLE api_keys DROP COLUMN streams"))
    connection.execute(sa.text(f"UPDATE {database.VERSION_TABLE} SET version_num = '0001'"))  # noqa: S608
    connection.commit()
    assert _read(keys_url, KeyStore.list) == [record]
    assert record.streams is None


def _read(url: str, read: Callable[[KeyStore], T]) -> T:
    """What another process would find."""
    with closing(KeyStore.open(url)) as store:
        return read(store)
