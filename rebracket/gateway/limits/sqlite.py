"""Buckets in an SQLite file: exact for all processes of a machine, with no server to install."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from rebracket.errors import LimiterError
from rebracket.gateway.limits.gcra import Charge, Decision, decide, fits, leaked

SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY,
    level REAL NOT NULL,
    at_us INTEGER NOT NULL,
    empty_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS buckets_by_end ON buckets (empty_us);
"""
READ = "SELECT level, at_us FROM buckets WHERE name = ?"
WRITE = "INSERT OR REPLACE INTO buckets (name, level, at_us, empty_us) VALUES (?, ?, ?, ?)"
PURGE = "DELETE FROM buckets WHERE name IN (SELECT name FROM buckets WHERE empty_us < ? LIMIT 512)"
PURGE_EVERY = 256
POLL_S = 0.0002


def microseconds() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


class SqliteStorage:
    """One connection a process.

    Each step is one immediate transaction, and the clock is read inside of it: charges of all
    processes stand in one order, in which time never goes back. A power cut may forget the last
    seconds' charges, it does not harm the file.
    """

    def __init__(
        self, path: Path, *, timeout_s: float, clock_us: Callable[[], int] = microseconds
    ) -> None:
        self._timeout_s = timeout_s
        self._clock_us = clock_us
        self._lock = Lock()
        self._steps = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)
            # From here on waiting is ours: SQLite's own starts with a millisecond and grows.
            self._connection.execute("PRAGMA busy_timeout = 0")
        except (OSError, sqlite3.Error) as error:
            raise LimiterError(f"limits in {path}: {error}") from error

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges, or none if one of them does not fit, as one atomic step.

        Raises:
            LimiterError: other processes hold the file for too long, or it can't be used.
        """
        try:
            with self._transaction() as execute:
                return self._take(execute, charges)
        except sqlite3.Error as error:
            raise LimiterError(f"limits in SQLite: {error}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _take(
        self, execute: Callable[..., sqlite3.Cursor], charges: Sequence[Charge]
    ) -> list[Decision]:
        now_us = self._clock_us()
        states = [execute(READ, (c.bucket,)).fetchone() or (0.0, now_us) for c in charges]
        levels = [
            leaked(level, (now_us - at_us) / 1e6, charge.rate)
            for (level, at_us), charge in zip(states, charges, strict=True)
        ]
        passes = all(map(fits, levels, charges))
        for level, (_, at_us), charge in zip(levels, states, charges, strict=True):
            charged = passes and not charge.probe
            # A clock that was set back starts to leak again at once, refused or not.
            if charged or now_us < at_us:
                after = level + charge.cost if charged else level
                empty_us = now_us + int(after / charge.rate.per_second * 1e6)
                execute(WRITE, (charge.bucket, after, now_us, empty_us))
        self._steps += 1
        if self._steps % PURGE_EVERY == 0:
            execute(PURGE, (now_us,))
        return [
            decide(level, charge, charged=passes and not charge.probe)
            for level, charge in zip(levels, charges, strict=True)
        ]

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        if not self._lock.acquire(timeout=self._timeout_s):
            raise LimiterError("limits in SQLite: busy")
        try:
            self._begin()
            try:
                yield self._connection.execute
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        finally:
            self._lock.release()

    def _begin(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)
            else:
                return
