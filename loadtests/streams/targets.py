"""The servers that streams are sent to, and keys for them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from loadtests.servers import PLENTY, PYTHON, ours, serving
from loadtests.streams.measure import Target
from rebracket.config import load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keys import Scope

PORT = 8160
NAIVE = "loadtests.streams.naive:app"
KEYS: dict[str, Scope] = {"streams": "stream", "asks": "predict"}
LIMITS = {"RATE_LIMIT__WORK": PLENTY, "RATE_LIMIT__DEFAULT": PLENTY}


@contextmanager
def targets(*, naive: bool) -> Iterator[list[Target]]:
    """This service, and after it the naive one."""
    with ExitStack() as stack:
        store = KeyStore.open(load_settings().deployment.auth.store)
        stack.callback(store.close)
        keys = [
            store.create(name, (scope,), rate=PLENTY, work=PLENTY) for name, scope in KEYS.items()
        ]
        for key in keys:
            stack.callback(store.revoke, key.record.id)
        commands = {"ours": (PORT, *ours(PORT, **LIMITS))}
        if naive:
            arguments = [NAIVE, "--port", str(PORT + 1), "--log-level", "warning"]
            commands["naive"] = (PORT + 1, [PYTHON, "-m", "uvicorn", *arguments], {})
        yield [
            Target(stack.enter_context(serving(name, *rest)), *(str(key.key) for key in keys))
            for name, rest in commands.items()
        ]
