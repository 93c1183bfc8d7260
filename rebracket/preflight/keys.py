"""Whether the store of keys can be used."""

import os
from collections.abc import Iterator

from rebracket.config import BOOTSTRAP_VARIABLE, Auth
from rebracket.errors import KeyStoreError
from rebracket.gateway.database import sqlite_path
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Key
from rebracket.preflight.folders import unwritable


def problems(auth: Auth) -> Iterator[str]:
    """What stops keys from being read and written, where they are needed."""
    if not auth.enabled:
        return
    text = os.environ.get(BOOTSTRAP_VARIABLE)
    if text and Key.parse(text) is None:
        yield f"{BOOTSTRAP_VARIABLE}: not a key; see: rebracket keys generate"
    try:
        yield from _store(auth.store)
    except KeyStoreError as error:
        yield str(error)


def _store(url: str) -> Iterator[str]:
    path = sqlite_path(url)
    if path and (reason := unwritable(path)):
        yield f"deployment.auth.store: {path} can't be written: {reason}"
    elif path is None or path.exists():
        KeyStore.look(url)
