"""Hashes of what must not be stored, comparable only on this deployment."""

import hmac
import os
from functools import cache
from pathlib import Path
from secrets import token_bytes

from rebracket.config import data_folder

SIZE = 32


@cache
def salt() -> bytes:
    """This deployment's salt, made once and shared by its workers: a file beside the model store."""
    path = data_folder() / "salt"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Whole or not at all: of several workers the first one's stays."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(token_bytes(SIZE))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def salted(text: str) -> str:
    """16 hexadecimal digits: HMAC-SHA256 with the salt, cut."""
    return hmac.new(salt(), text.encode(), "sha256").hexdigest()[:16]
