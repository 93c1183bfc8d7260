"""The file that limits share on one machine: short transactions, in one order for all processes."""

import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TypeVar

from rebracket.errors import LimiterError
from rebracket.sqlite import opened

TIDY_EVERY = 256
POLL_S = 0.0002

Execute = Callable[..., sqlite3.Cursor]
T = TypeVar("T")

logger = logging.getLogger(__name__)


class SqliteFile:
    """One connection a process.

    Each step is one immediate transaction. A power cut may forget the last seconds' steps, it does
    not harm the file: only checkpoints wait for the disk, and they have a thread and a connection of
    their own, which `tidy` is called with as well.
    """

    def __init__(
        self, path: Path, *, schema: str, tidy: Callable[[Execute], None], timeout_s: float
    ) -> None:
        self._timeout_s = timeout_s
        self._tidy = tidy
        self._lock = Lock()
        self._steps = 0
        self._tidying = ThreadPoolExecutor(1, thread_name_prefix="limits-tidy")
        try:
            self._connection, self._tidy_connection = _connect(path), _connect(path)
            self._connection.executescript(schema)
            # From here on waiting is ours: SQLite's own starts with a millisecond and grows.
            self._connection.execute("PRAGMA busy_timeout = 0")
        except (OSError, sqlite3.Error) as error:
            raise LimiterError(f"limits in {path}: {error}") from error

    def step(self, work: Callable[[Execute], T]) -> T:
        """What `work` returns, in a transaction of its own.

        Raises:
            LimiterError: other processes hold the file for too long, or it can't be used.
        """
        done = self._step(work, self._timeout_s)
        if done is None:
            raise LimiterError("limits in SQLite: the file is locked")
        return done[0]

    def step_at_once(self, work: Callable[[Execute], T]) -> T | None:
        """As `step`, where no other thread or process is in the file just now; else None.

        Such a step writes to the page cache and waits for nothing: 0.03 ms on a quiet machine, where
        a hop to a thread and back costs 0.1 ms, and much more on a busy one.

        Raises:
            LimiterError: the file can't be used.
        """
        done = self._step(work, 0)
        return done[0] if done is not None else None

    def close(self) -> None:
        """Close the file, tidied if that was due."""
        self._tidying.shutdown()
        with self._lock:
            self._connection.close()
            self._tidy_connection.close()

    def _step(self, work: Callable[[Execute], T], timeout_s: float) -> tuple[T] | None:
        """One transaction; None if it could not begin in time."""
        deadline = time.monotonic() + timeout_s
        if not self._lock.acquire(timeout=timeout_s):
            return None
        try:
            if not self._begin(deadline):
                return None
            try:
                result = work(self._connection.execute)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
            self._steps += 1
            if self._steps % TIDY_EVERY == 0:
                self._tidying.submit(self._tidy_and_checkpoint)
        except sqlite3.Error as error:
            raise LimiterError(f"limits in SQLite: {error}") from error
        finally:
            self._lock.release()
        return (result,)

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

    def _tidy_and_checkpoint(self) -> None:
        """Forget what has ended, and move the log into the file."""
        try:
            self._tidy(self._tidy_connection.execute)
            self._tidy_connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            logger.warning("Limits in SQLite can't be tidied: %s", error)


def _connect(path: Path) -> sqlite3.Connection:
    connection = opened(path)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
