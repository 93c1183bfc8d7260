"""Keys for a measurement, in the store that the servers read."""

from collections.abc import Iterator
from contextlib import contextmanager

from rebracket.config import load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Scope
from rebracket.rates import Rate

PLENTY = Rate("1000000000/second")


@contextmanager
def key(name: str, scope: Scope = "predict", *, rate: Rate = PLENTY) -> Iterator[str]:
    """A key that is revoked when the block ends; its work is bounded by nothing."""
    store = KeyStore.open(load_settings().deployment.auth.store)
    created = store.create(name, (scope,), rate=rate, work=PLENTY)
    try:
        yield str(created.key)
    finally:
        store.revoke(created.record.id)
        store.close()
