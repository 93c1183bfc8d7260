"""Predictions in an SQLite file, shared by all workers of a machine: appended, never changed."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from rebracket.errors import PredictionStoreError
from rebracket.monitoring.rows import COLUMNS, NAMES, Row, values
from rebracket.sqlite import opened

VERSION = 1
TABLE = f"""
CREATE TABLE IF NOT EXISTS predictions (id INTEGER PRIMARY KEY AUTOINCREMENT, {COLUMNS});
CREATE INDEX IF NOT EXISTS predictions_by_model ON predictions (model, version, id);
CREATE INDEX IF NOT EXISTS predictions_by_time ON predictions (at);
"""
APPEND = f"INSERT INTO predictions ({','.join(NAMES)}) VALUES ({','.join('?' * len(NAMES))})"  # noqa: S608  # nosec B608
TRIM = "DELETE FROM predictions WHERE id <= (SELECT max(id) FROM predictions) - ?"
SHORTEN = """DELETE FROM predictions WHERE id <= (
    SELECT min(id) + (max(id) - min(id)) / 10 FROM predictions)"""


class PredictionStore:
    """One connection, for one thread at a time; the oldest rows make room for new ones.

    A power cut may forget the last seconds' rows, it does not harm the file.
    """

    def __init__(self, path: Path, *, max_rows: int, max_bytes: int) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._lock = Lock()
        try:
            self._connection = opened(path)
            found = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, VERSION):
                self._connection.close()
                raise PredictionStoreError(f"{path}: written by another version of this package")
            self._connection.executescript(f"BEGIN IMMEDIATE; {TABLE} COMMIT;")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise PredictionStoreError(f"predictions in {path}: {error}") from error

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows in one transaction, and forget the oldest beyond the bounds.

        Raises:
            PredictionStoreError: the file can't be written.
        """
        with self._lock:
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    self._connection.executemany(APPEND, map(values, rows))
                    self._connection.execute(TRIM, (self._max_rows,))
                    while self._used_bytes() > self._max_bytes:
                        if self._connection.execute(SHORTEN).rowcount < 1:
                            break
            except sqlite3.Error as error:
                raise PredictionStoreError(f"predictions: {error}") from error

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT.

        Raises:
            PredictionStoreError: the file can't be read.
        """
        with self._lock:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise PredictionStoreError(f"predictions: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _used_bytes(self) -> int:
        (pages,), (free,), (size,) = (
            self._connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)
