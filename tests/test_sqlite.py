"""Files that several processes open: a new one's first moment, and what can't be opened."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from rebracket import sqlite
from rebracket.sqlite import write_ahead

OPENERS = 8


def test_all_who_open_a_new_file_at_the_same_moment_get_its_log(tmp_path: Path) -> None:
    start = Barrier(OPENERS)

    def opened(path: Path) -> str:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            start.wait()
            write_ahead(connection)
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])

    with ThreadPoolExecutor(OPENERS) as openers:
        for number in range(20):
            path = tmp_path / f"{number}.db"
            assert list(openers.map(opened, [path] * OPENERS)) == ["wal"] * OPENERS


def test_a_file_that_another_holds_for_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_S", 0.05)
    path = tmp_path / "held.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as holder,
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection,
    ):
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(connection)


def test_what_is_no_database_is_refused_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", pytest.fail)
    path = tmp_path / "text.db"
    path.write_bytes(b"no database" * 99)
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.DatabaseError, match="not a database"),
    ):
        write_ahead(connection)
