"""What all SQLite files of this package have in common: several processes open and write them."""

import sqlite3
import time

PATIENCE_S = 10.0
PAUSE_S = 0.01


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
