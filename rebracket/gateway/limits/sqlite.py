"""Buckets in an SQLite file: exact for all processes of a machine, with no server to install."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
TIDY_EVERY = 256
POLL_S = 0.0002

logger = logging.getLogger(__name__)


def microseconds() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


class SqliteStorage:
    """One connection a process.

    Each step is one immediate transaction, and the clock is read inside of it: charges of all
    processes stand in one order, in which time never goes back. A power cut may forget the last
    seconds' charges, it does not harm the file: only checkpoints wait for the disk, and they have a
    thread and a connection of their own.
    """

    def __init__(
        self, path: Path, *, timeout_s: float, clock_us: Callable[[], int] = microseconds
    ) -> None:
        self._timeout_s = timeout_s
        self._clock_us = clock_us
        self._lock = Lock()
        self._steps = 0
        self._tidying = ThreadPoolExecutor(1, thread_name_prefix="limits-tidy")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._connection, self._tidy_connection = _connect(path), _connect(path)
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
        decisions = self._step(charges, self._timeout_s)
        if decisions is None:
            raise LimiterError("limits in SQLite: the file is locked")
        return decisions

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        """As `take`, where no other thread or process is in the file just now; else None.

        Such a step writes to the page cache and waits for nothing: 0.03 ms on a quiet machine, where
        a hop to a thread and back costs 0.1 ms, and much more on a busy one.

        Raises:
            LimiterError: the file can't be used.
        """
        return self._step(charges, 0)

    def close(self) -> None:
        """Close the file, tidied if that was due."""
        self._tidying.shutdown()
        with self._lock:
            self._connection.close()
            self._tidy_connection.close()

    def _step(self, charges: Sequence[Charge], timeout_s: float) -> list[Decision] | None:
        """One transaction; None if it could not begin in time."""
        deadline = time.monotonic() + timeout_s
        if not self._lock.acquire(timeout=timeout_s):
            return None
        try:
            if not self._begin(deadline):
                return None
            try:
                decisions = self._take(self._connection.execute, charges)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LimiterError(f"limits in SQLite: {error}") from error
        finally:
            self._lock.release()
        return decisions

    def _begin(self, deadline: float) -> bool:
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() >= deadline:
                    return False
                time.sleep(POLL_S)
            else:
                return True

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
        if self._steps % TIDY_EVERY == 0:
            self._tidying.submit(self._tidy, now_us)
        return [
            decide(level, charge, charged=passes and not charge.probe)
            for level, charge in zip(levels, charges, strict=True)
        ]

    def _tidy(self, now_us: int) -> None:
        """Forget buckets that are empty again, and move the log into the file."""
        try:
            self._tidy_connection.execute(PURGE, (now_us,))
            self._tidy_connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            logger.warning("Limits in SQLite can't be tidied: %s", error)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
