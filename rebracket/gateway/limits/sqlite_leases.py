"""Leases in SQLite: what is done in the transaction that a storage has begun."""

from rebracket.gateway.limits.sqlite_file import Execute

SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (
    bucket TEXT NOT NULL,
    holder TEXT NOT NULL,
    end_us INTEGER NOT NULL,
    PRIMARY KEY (bucket, holder)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leases_by_end ON leases (end_us);
"""
END = "DELETE FROM leases WHERE end_us <= ?"
# A clock that was set back must not make a dead holder's lease longer than it was given for.
SHORTEN = "UPDATE leases SET end_us = ?1 WHERE bucket = ?2 AND end_us > ?1"
HELD = "SELECT count(*), coalesce(sum(holder = ?), 0) FROM leases WHERE bucket = ?"
HOLD = "INSERT OR REPLACE INTO leases (bucket, holder, end_us) VALUES (?, ?, ?)"
RELEASE = "DELETE FROM leases WHERE bucket = ? AND holder = ?"


def lease(
    execute: Execute, now_us: int, bucket: str, holder: str, *, limit: int, ttl_us: int
) -> bool:
    """Hold or renew one of the bucket's `limit` leases; whether it is held now."""
    end_us = now_us + ttl_us
    execute(END, (now_us,))
    execute(SHORTEN, (end_us, bucket))
    held, mine = execute(HELD, (holder, bucket)).fetchone()
    if held >= limit and not mine:
        return False
    execute(HOLD, (bucket, holder, end_us))
    return True


def release(execute: Execute, bucket: str, holder: str) -> None:
    """Give a lease back."""
    execute(RELEASE, (bucket, holder))
