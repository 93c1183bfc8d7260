"""Four workers, sixteen clients, one key."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from rebracket.rates import Rate
from tests.system.conftest import Server, serving

WORKERS = 4
CLIENTS = 16
REQUESTS = 1000
SHARE = Rate("100/day")


@contextmanager
def crowd(storage: str) -> Iterator[Server]:
    """A server that counts in `storage`."""
    with serving(
        "rebracket.cli",
        "serve",
        WORKERS=str(WORKERS),
        RATE_LIMIT__STORAGE=storage,
        RATE_LIMIT__TIMEOUT_S="10",
        AUTH__FAILURES="null",
        ENGINE__PARALLEL_RUNS="1",
    ) as server:
        assert len(server.workers()) == WORKERS
        yield server


async def ask(url: str, key: str) -> Counter[int]:
    """Statuses of many clients' requests, each on a connection of its own."""
    left = iter(range(REQUESTS))
    statuses: Counter[int] = Counter()

    async def client() -> None:
        headers = {"X-API-Key": key, "Connection": "close"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
            for _ in left:
                statuses[(await http.get("/models")).status_code] += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return statuses
