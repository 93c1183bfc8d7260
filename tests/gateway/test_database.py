"""What the settings name becomes an engine, or one line that says why not."""

import multiprocessing
import stat
import sys
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from rebracket.errors import KeyStoreError
from rebracket.gateway import database
from rebracket.gateway.database import open_engine
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Key
from rebracket.gateway.migrations import HEAD


def test_the_secret_is_nowhere_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    store = KeyStore.open(sqlite_url)
    key = store.create("studio", ("predict",)).key
    store.close()
    found = b"".join(path.read_bytes() for path in (tmp_path / "deep").iterdir())
    assert key.id.encode() in found
    assert key.secret.encode() not in found


def test_the_files_are_the_owners_alone(sqlite_url: str, tmp_path: Path) -> None:
    store = KeyStore.open(sqlite_url)
    store.create("studio", ("predict",))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").iterdir()}
    assert modes == {0o600}
    store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "nodb://a",
        "sqlite:////proc/no/keys.db",
        "sqlite://me:hunter2@/keys.db",
        "postgresql+nodriver://me:hunter2@localhost/keys",
        "postgresql://me:hunter2@localhost:port/keys",
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


@pytest.mark.parametrize(
    ("module", "url", "message"),
    [
        ("psycopg", "postgresql://me:hunter2@db/keys", r"pip install 'rebracket\[postgres\]'$"),
        ("psycopg", "postgres://me:hunter2@db/keys", r"pip install 'rebracket\[postgres\]'$"),
        ("psycopg2", "postgresql+psycopg2://me:hunter2@db/keys", r"postgresql\+psycopg2:// is not"),
        (
            "MySQLdb",
            "mysql://me:hunter2@db/keys",
            r"driver of mysql:// is not installed: .*MySQLdb",
        ),
    ],
)
def test_a_driver_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, url: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(KeyStoreError, match=message) as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def _meet(barrier: Barrier) -> None:
    barrier.wait()


def _put_first(url: str) -> bool:
    with closing(KeyStore.open(url)) as store:
        return store.put_first(Key.generate())


def test_of_processes_that_open_a_new_store_at_once_one_puts_its_key(keys_url: str) -> None:
    """They start together, so that all find neither tables nor keys."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(6, _meet, (context.Barrier(6),)) as pool:
        put = pool.map(_put_first, [keys_url] * 6, chunksize=1)
    assert sorted(put) == [False] * 5 + [True]
    with closing(KeyStore.open(keys_url)) as store:
        assert len(store.list()) == 1


def test_the_newest_migration_is_known_without_alembic() -> None:
    assert ScriptDirectory(str(database.MIGRATIONS)).get_current_head() == HEAD


def test_a_store_that_is_up_to_date_is_opened_without_alembic(
    keys_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    KeyStore.open(keys_url).close()
    monkeypatch.setitem(sys.modules, "alembic", None)
    KeyStore.look(keys_url)
    KeyStore.open(keys_url).close()
