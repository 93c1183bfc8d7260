"""Keys and limits with real worker processes: exact, and current, on every one of them."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import psutil
import pytest

from rebracket.gateway.key_store import KeyStore
from rebracket.rates import Rate
from rebracket.registry import ExportedModel
from tests.system.conftest import Server
from tests.system.crowd import REQUESTS, SHARE, ask, crowd

PROMISED_S = 2.0
PATIENCE_S = 90


@pytest.fixture(scope="module")
def on_sqlite(
    exported: ExportedModel, share: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    assert exported.version
    assert share
    with crowd(f"sqlite:///{tmp_path_factory.mktemp('limits') / 'limits.db'}") as server:
        yield server


def test_exactly_the_share_passes(on_sqlite: Server, share: str) -> None:
    statuses = asyncio.run(ask(on_sqlite.url, share))
    assert statuses == {200: SHARE.amount, 429: REQUESTS - SHARE.amount}


def test_a_client_that_waits_as_told_is_never_refused_twice(
    on_sqlite: Server, key_store: KeyStore
) -> None:
    hasty = str(key_store.create("hasty", ("predict",), rate=Rate("3/second")).key)
    with httpx2.Client(base_url=on_sqlite.url, headers={"X-API-Key": hasty}) as http:
        until_known(http)
        refused = 0
        while refused < 3:
            answer = http.get("/models")
            if answer.status_code == 429:
                refused += 1
                time.sleep(int(answer.headers["retry-after"]))
                assert http.get("/models").status_code == 200


def until_known(http: httpx2.Client) -> None:
    """Workers read new keys within moments; a refused look costs no share."""
    end = time.monotonic() + PATIENCE_S
    while http.get("/models").status_code == 401:
        assert time.monotonic() < end


def connections_to_every_worker(
    server: Server, stack: ExitStack, headers: dict[str, str]
) -> list[httpx2.Client]:
    """Clients whose open connections are spread over all workers."""
    clients: list[httpx2.Client] = []
    for _ in range(400):
        client = httpx2.Client(base_url=server.url, headers=headers, timeout=60)
        clients.append(stack.enter_context(client))
        assert client.get("/models").status_code == 200
        held = [worker.net_connections("tcp") for worker in server.workers()]
        if all(any(c.status == psutil.CONN_ESTABLISHED for c in found) for found in held):
            return clients
    raise AssertionError("some worker takes no connections")


def test_a_revocation_is_seen_by_every_worker_within_two_seconds(
    on_sqlite: Server, key_store: KeyStore
) -> None:
    new = key_store.create("leaked", ("predict",), rate=Rate("1000000/second"))
    headers = {"X-API-Key": str(new.key)}
    with ExitStack() as stack:
        first = stack.enter_context(httpx2.Client(base_url=on_sqlite.url, headers=headers))
        until_known_to_all = time.monotonic() + PROMISED_S
        while time.monotonic() < until_known_to_all:
            first.get("/livez")
        clients = connections_to_every_worker(on_sqlite, stack, headers)
        key_store.revoke(new.record.id)
        revoked_at = time.monotonic()
        refused = 0
        while refused < len(clients):
            started = time.monotonic()
            statuses = [client.get("/models").status_code for client in clients]
            refused = statuses.count(401)
            assert refused == len(clients) or started - revoked_at < PROMISED_S
