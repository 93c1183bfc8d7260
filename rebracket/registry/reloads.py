"""The wish that all servers on this store follow its aliases now: a file that is touched."""

from pathlib import Path

from rebracket.config import data_folder


def ask() -> None:
    """Wish it."""
    _path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _path().touch()


def last() -> int:
    """When it was wished last, in nanoseconds of the file system's clock; 0 if never."""
    try:
        return _path().stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _path() -> Path:
    return data_folder() / "reload"
