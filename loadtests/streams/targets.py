"""The servers that streams are sent to, and keys for them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from loadtests.keys import PLENTY, key
from loadtests.servers import PYTHON, ours, serving
from loadtests.streams.measure import Target
from rebracket.gateway.keys import Scope

PORT = 8160
NAIVE = "loadtests.streams.naive:app"
KEYS: dict[str, Scope] = {"streams": "stream", "asks": "predict"}
PEERS: dict[str, dict[str, str]] = {"naive": {}, "tuned": {"OPENBLAS_NUM_THREADS": "1"}}
"""The naive server as it comes, and without the threads of OpenBLAS, which spin after every product."""

LIMITS = {
    "RATE_LIMIT__WORK": PLENTY,
    "RATE_LIMIT__DEFAULT": PLENTY,
    "RATE_LIMIT__STREAMS": "null",
}
"""What a key may do is no limit here; how many streams a worker takes is, as the settings have it."""


@contextmanager
def targets(*, naive: bool) -> Iterator[list[Target]]:
    """This service, and after it the naive ones."""
    with ExitStack() as stack:
        keys = [stack.enter_context(key(name, scope)) for name, scope in KEYS.items()]
        commands = {"ours": (PORT, *ours(PORT, **LIMITS))}
        if naive:
            for port, (name, extra) in enumerate(PEERS.items(), PORT + 1):
                arguments = [NAIVE, "--port", str(port), "--log-level", "warning"]
                commands[name] = (port, [PYTHON, "-m", "uvicorn", *arguments], extra)
        yield [
            Target(stack.enter_context(serving(name, *rest)), *keys)
            for name, rest in commands.items()
        ]
