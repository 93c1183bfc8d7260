"""The store keeps everything of a key but its secret, for every process that opens it."""

import multiprocessing
import sqlite3
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from rebracket.errors import KeyNotFound, KeyStoreError
from rebracket.gateway import database
from rebracket.gateway.key_records import now
from rebracket.gateway.key_store import METADATA, KeyStore
from rebracket.gateway.keys import SCOPES, Key
from rebracket.rates import Rate

DAY = timedelta(days=1)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'deep' / 'keys.db'}"


@pytest.fixture
def store(url: str) -> Iterator[KeyStore]:
    store = KeyStore.open(url)
    yield store
    store.close()


def test_a_key_is_there_for_the_next_process(store: KeyStore, url: str) -> None:
    new = store.create(
        "studio",
        ("predict", "stream"),
        lifetime=90 * DAY,
        rate=Rate("600/minute"),
        work=Rate("5/s"),
        streams=8,
    )
    assert new.record.streams == 8
    assert KeyStore.open(url).list() == [new.record]
    assert new.record.digest == new.key.digest
    assert new.record.expires == new.record.created + 90 * DAY


def test_the_secret_is_nowhere_in_the_file(store: KeyStore, tmp_path: Path) -> None:
    key = store.create("studio", ("predict",)).key
    store.close()
    found = b"".join(path.read_bytes() for path in (tmp_path / "deep").iterdir())
    assert key.id.encode() in found
    assert key.secret.encode() not in found


def test_the_file_is_the_owners_alone(store: KeyStore, tmp_path: Path) -> None:
    store.create("studio", ("predict",))
    for path in (tmp_path / "deep").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_readers_do_not_wait_for_writers(store: KeyStore, tmp_path: Path) -> None:
    store.create("studio", ("predict",))
    writer = sqlite3.connect(tmp_path / "deep" / "keys.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert store.revision() == 2
    assert len(store.list()) == 1
    writer.close()


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


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "nodb://a",
        "sqlite:////proc/no/keys.db",
        "sqlite://me:hunter2@/keys.db",
        "postgresql+nodriver://me:hunter2@localhost/keys",
    ],
)
def test_a_store_that_cannot_be_opened_is_named_without_its_password(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them makes a file before it fails
    with pytest.raises(KeyStoreError, match=r"deployment\.auth\.store") as caught:
        KeyStore.open(wrong)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"something else" * 100)
    with pytest.raises(KeyStoreError, match=r"keys\.db: file is not a database"):
        KeyStore.open(f"sqlite:///{tmp_path / 'keys.db'}")


def test_a_newer_schema_is_refused(store: KeyStore, url: str, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "deep" / "keys.db") as connection:
        connection.execute(f"UPDATE {database.VERSION_TABLE} SET version_num = '9999'")  # noqa: S608
    with pytest.raises(KeyStoreError, match="newer version"):
        KeyStore.open(url)


def test_the_migrations_make_what_the_code_reads(store: KeyStore, tmp_path: Path) -> None:
    store.close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'deep' / 'keys.db'}")
    inspector = sa.inspect(engine)
    for table in METADATA.sorted_tables:
        found = {
            c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)
        }
        assert found == {
            c.name: (c.type.compile(engine.dialect), c.nullable) for c in table.columns
        }
    engine.dispose()


def test_keys_of_the_first_schema_live_on_with_the_settings_streams(
    store: KeyStore, url: str, tmp_path: Path
) -> None:
    record = store.create("a", ("predict",), rate=Rate("5/s")).record
    store.close()
    with sqlite3.connect(tmp_path / "deep" / "keys.db") as connection:
        connection.execute("ALTER TABLE api_keys DROP COLUMN streams")
        connection.execute(f"UPDATE {database.VERSION_TABLE} SET version_num = '0001'")  # noqa: S608
    connection.close()
    store = KeyStore.open(url)
    assert store.list() == [record]
    assert record.streams is None
    store.close()


def _open(url: str) -> int:
    return KeyStore.open(url).revision()


def test_processes_may_open_a_new_store_at_once(url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(6) as pool:
        assert pool.map(_open, [url] * 6, chunksize=1) == [1] * 6
