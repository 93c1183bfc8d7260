"""A process that dies by SIGKILL in the middle of a change: `killed.py WHERE STATEMENT`."""

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from rebracket.registry import checksums, lifecycle
from tests.small_store import save_model


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(sqlite3.Connection):
    """Dies when a row was written, before SQLite has committed it."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if not sql.startswith("INSERT"):
            return super().execute(sql, *values)
        super().execute("BEGIN IMMEDIATE")
        super().execute(sql, *values)
        die()
        raise AssertionError


def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    return Dying(*arguments, **options)


WHERE = {
    "before the row is committed": lambda: setattr(sqlite3, "connect", connect),
    "before the rename": lambda: setattr(Path, "rename", die),
    "before latest is moved": lambda: setattr(Path, "replace", die),
    "while files are written": lambda: setattr(checksums, "seal", die),
}

if __name__ == "__main__":
    WHERE[sys.argv[1]]()
    match sys.argv[2:]:
        case ["promote", version]:
            lifecycle.promote(version, "production")
        case ["rollback"]:
            lifecycle.rollback("production")
        case ["delete", version]:
            lifecycle.delete(version)
        case ["save", version]:
            save_model(version)
