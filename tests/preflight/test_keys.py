"""A store of keys that can't be used is a line; one that can is left as it is."""

import sqlite3
from pathlib import Path

import pytest

from rebracket.config import Auth
from rebracket.gateway.database import VERSION_TABLE
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Key
from rebracket.preflight.keys import problems


def found(url: str, *, enabled: bool = True) -> list[str]:
    return list(problems(Auth(enabled=enabled, store=url)))


def test_a_store_that_can_be_made_is_no_problem_and_is_not_made(tmp_path: Path) -> None:
    assert found(f"sqlite:///{tmp_path}/folder/keys.db") == []
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_there_is_no_problem_and_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    sqlite3.connect(path).close()
    assert found(f"sqlite:///{path}") == []
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == []
    KeyStore.open(f"sqlite:///{path}").close()
    assert found(f"sqlite:///{path}") == []


def test_a_store_in_a_file_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "keys.db"
    assert found(f"sqlite:///{path}") == [
        f"deployment.auth.store: {path} can't be written: Not a directory"
    ]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    path.write_bytes(b"no database at all, but long enough to look like one" * 99)
    assert found(f"sqlite:///{path}") == [f"key store sqlite:///{path}: file is not a database"]


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/keys.db"
    KeyStore.open(url).close()
    with sqlite3.connect(tmp_path / "keys.db") as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = 'ffff'")  # noqa: S608
    connection.close()
    assert found(url) == [
        "key store: Can't locate revision identified by 'ffff'; it was written by a newer version"
    ]


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("keys.db", "not a usable URL: Could not parse SQLAlchemy URL from given URL string"),
        ("nodb://keys", "not a usable URL: Can't load plugin: sqlalchemy.dialects:nodb"),
        (
            "postgresql://me:hunter2/keys",
            "not a usable URL: invalid literal for int() with base 10: …",
        ),
        (
            "postgresql://me:hunt@er2@host/keys",
            "not a usable URL: write @ in passwords as %40",
        ),
    ],
)
def test_what_is_no_url_of_a_database(url: str, line: str) -> None:
    assert found(url) == [f"deployment.auth.store: {line}"]


def test_a_bootstrap_key_that_is_none_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/keys.db"
    monkeypatch.setenv("REBRACKET_BOOTSTRAP_KEY", str(Key.generate()))
    assert found(url) == []
    monkeypatch.setenv("REBRACKET_BOOTSTRAP_KEY", "hunter2")
    assert found(url) == ["REBRACKET_BOOTSTRAP_KEY: not a key; see: rebracket keys generate"]


def test_keys_that_are_not_needed_are_not_looked_at() -> None:
    assert found("nodb://keys", enabled=False) == []
