"""What all SQLite files of this package have in common: several processes open and write them."""

import sqlite3
import time
from pathlib import Path

PATIENCE_S = 10.0
PAUSE_S = 0.01


def make_private(path: Path) -> None:
    """Make the file and its folder, where they are missing, for nobody but this user.

    Raises:
        OSError: they can't be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


def opened(path: Path) -> sqlite3.Connection:
    """A connection for any thread, one at a time, that begins its transactions itself.

    A power cut may forget the last seconds' commits, it does not harm the file.

    Raises:
        OSError: the file can't be made.
        sqlite3.Error: it is held by others for too long, or is no database.
    """
    make_private(path)
    connection = sqlite3.connect(
        path, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    write_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def write_ahead(connection: sqlite3.Connection) -> None:
    """Set a write-ahead log: readers don't wait for writers.

    Processes that change a new file's journal at the same time are refused at once, for SQLite
    does not wait where two that wait for each other would never end
    (https://www.sqlite.org/c3ref/busy_handler.html): so waiting is ours.

    Raises:
        sqlite3.Error: others hold the file for longer than `PATIENCE_S`, or it is no database.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)
        else:
            return
