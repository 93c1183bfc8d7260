"""Buckets in an SQLite file: exact for all processes of a machine, with no server to install."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rebracket.gateway.limits import sqlite_leases
from rebracket.gateway.limits.gcra import Charge, Decision, decide, fits, leaked
from rebracket.gateway.limits.sqlite_file import Execute, SqliteFile

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


def microseconds() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


class SqliteStorage:
    """Buckets and leases in one file.

    The clock is read inside of each step: charges of all processes stand in one order, in which
    time never goes back.
    """

    def __init__(
        self, path: Path, *, timeout_s: float, clock_us: Callable[[], int] = microseconds
    ) -> None:
        self._clock_us = clock_us
        schema = SCHEMA + sqlite_leases.SCHEMA
        self._file = SqliteFile(path, schema=schema, tidy=self._purge, timeout_s=timeout_s)

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges, or none if one of them does not fit, as one atomic step.

        Raises:
            LimiterError: other processes hold the file for too long, or it can't be used.
        """
        return self._file.step(partial(self._take, charges))

    def take_at_once(self, charges: Sequence[Charge]) -> list[Decision] | None:
        """As `take`, where no other thread or process is in the file just now; else None.

        Raises:
            LimiterError: the file can't be used.
        """
        return self._file.step_at_once(partial(self._take, charges))

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        """Hold or renew one of the bucket's `limit` leases, as one atomic step.

        Raises:
            LimiterError: other processes hold the file for too long, or it can't be used.
        """
        ttl_us = int(ttl_s * 1e6)

        def work(execute: Execute) -> bool:
            now_us = self._clock_us()
            return sqlite_leases.lease(execute, now_us, bucket, holder, limit=limit, ttl_us=ttl_us)

        return self._file.step(work)

    def release(self, bucket: str, holder: str) -> None:
        """Give a lease back; one that has ended is none any more.

        Raises:
            LimiterError: other processes hold the file for too long, or it can't be used.
        """
        self._file.step(partial(sqlite_leases.release, bucket=bucket, holder=holder))

    def close(self) -> None:
        """Close the file, tidied if that was due."""
        self._file.close()

    def _take(self, charges: Sequence[Charge], execute: Execute) -> list[Decision]:
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
        return [
            decide(level, charge, charged=passes and not charge.probe)
            for level, charge in zip(levels, charges, strict=True)
        ]

    def _purge(self, execute: Execute) -> None:
        """Forget buckets that are empty again."""
        execute(PURGE, (self._clock_us(),))
