"""What `production` and `candidate` name, and what they named before.

A log that only grows: each entry remembers below which one it stands, so that a rollback returns to
what the alias named before, and the next rollback to what it named before that. One entry is one
SQLite transaction: after a crash it is there or it is not.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rebracket.config import ALIASES, Alias, data_folder
from rebracket.errors import StoreError
from rebracket.registry.manifest import EXPORTED, now

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    alias TEXT NOT NULL,
    tag TEXT NOT NULL,
    action TEXT NOT NULL,
    below INTEGER REFERENCES entries (id),
    at TEXT NOT NULL
)
"""
COLUMNS = "id, alias, tag, action, below, at"
ADD = "INSERT INTO entries (alias, tag, action, below, at) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Entry:
    """An alias named `tag` from `at` on; `below` is the entry that a rollback returns to."""

    id: int
    alias: str
    tag: str
    action: str
    below: int | None
    at: str


def alias_of(reference: str) -> Alias | None:
    """The alias that `production` or `rebracket-segment:production` speaks of, if it does."""
    name = reference.removeprefix(f"{EXPORTED}:")
    return next((alias for alias in ALIASES if alias == name), None)


def history(alias: Alias) -> list[Entry]:
    """All that an alias has named, the newest first."""
    return _select("SELECT {} FROM entries WHERE alias = ? ORDER BY id DESC", alias)


def current(alias: Alias) -> Entry | None:
    """What an alias names."""
    found = _select("SELECT {} FROM entries WHERE alias = ? ORDER BY id DESC LIMIT 1", alias)
    return found[0] if found else None


def before(entry: Entry) -> Entry | None:
    """What a rollback from this entry returns to."""
    found = _select("SELECT {} FROM entries WHERE id = ?", entry.below)
    return found[0] if found else None


def named() -> dict[Alias, Entry]:
    """What each alias names, but for those that name nothing."""
    return {alias: entry for alias in ALIASES if (entry := current(alias))}


def point(alias: Alias, tag: str) -> Entry:
    """Let an alias name a model; the caller holds the store's lock."""
    top = current(alias)
    _add(alias, tag, "promote", top and top.id)
    return _newest(alias)


def point_back(alias: Alias, target: Entry) -> Entry:
    """Let an alias name again what `target` says; the caller holds the store's lock."""
    _add(alias, target.tag, "rollback", target.below)
    return _newest(alias)


def _newest(alias: Alias) -> Entry:
    entry = current(alias)
    assert entry is not None
    return entry


def _add(*row: object) -> None:
    with _opened() as connection:
        connection.execute(SCHEMA)
        connection.execute(ADD, (*row, now()))


def _select(query: str, *values: object) -> list[Entry]:
    if not _path().exists():
        return []
    with _opened() as connection:
        connection.execute(SCHEMA)
        return [Entry(*row) for row in connection.execute(query.format(COLUMNS), values)]


@contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """A connection whose every statement is a transaction that survives a power cut."""
    try:
        with closing(sqlite3.connect(_path(), timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = EXTRA")
            yield connection
    except sqlite3.Error as error:
        raise StoreError(f"aliases in {_path()}: {error}") from error


def _path() -> Path:
    return data_folder() / "aliases.db"
