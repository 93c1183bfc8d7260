"""Two instances that share nothing but a PostgreSQL and a Redis answer like one."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from rebracket.rates import Rate
from rebracket.registry import ExportedModel
from tests import postgres_server, redis_server
from tests.postgres_server import Postgres
from tests.redis_server import free_port
from tests.small_store import home_in
from tests.system.conftest import Server, serving
from tests.system.copies import save_copy

OLD, NEW = "1.0.0", "1.1.0"
TEXT = {"text": "A larder so deep that it holds the street it stands in."}
SHARE = Rate("20/day")
CLIENTS = 16
REQUESTS = 300
MAX_STALE_S = 30
PATIENCE_S = 120


@dataclass(frozen=True)
class Pair:
    """Two instances, and the PostgreSQL where their keys are."""

    servers: tuple[Server, Server]
    postgres: Postgres
    store: str

    def keys(self, *arguments: str) -> Any:
        """What `rebracket keys` prints, on a machine that serves nothing."""
        command = [sys.executable, "-m", "rebracket.cli", "keys", *arguments, "--json"]
        environment = {**os.environ, "REBRACKET_DEPLOYMENT__AUTH__STORE": self.store}
        return json.loads(subprocess.check_output(command, env=environment))

    def new_key(self, *more: str) -> str:
        """A key that both know by now: they know one that was made after it."""
        key, later = (self.keys("create", "--name", "a", *options)["key"] for options in (more, ()))
        self.until(200, later)
        return str(key)

    def statuses(self, key: str) -> list[int]:
        """What each says to a key."""
        return [self.get(server, key).status_code for server in self.servers]

    def get(self, server: Server, key: str) -> httpx2.Response:
        """A cheap answer that needs a key."""
        return httpx2.get(f"{server.url}/models", headers={"X-API-Key": key}, timeout=60)

    def until(self, status: int, key: str) -> None:
        """Return once both say this to a key."""
        end = time.monotonic() + PATIENCE_S
        while (found := self.statuses(key)) != [status, status]:
            assert time.monotonic() < end, found
            time.sleep(0.05)


@pytest.fixture(scope="module")
def pair(exported: ExportedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both serve both versions; a quarter of the subjects meets the newer one."""
    folder = tmp_path_factory.mktemp("pair")
    variants = [{"model": OLD, "weight": 3, "name": "a"}, {"model": NEW, "weight": 1, "name": "b"}]
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server.running(folder, free_port()))
        postgres = stack.enter_context(postgres_server.running())
        stack.enter_context(home_in(folder / "bentoml"))
        for version in (OLD, NEW):
            save_copy(exported, version)
        store = postgres.create("keys")
        first, second = (
            stack.enter_context(
                serving(
                    "rebracket.cli",
                    "serve",
                    AB__VARIANTS=json.dumps(variants),
                    AUTH__STORE=store,
                    AUTH__MAX_STALE_S=str(MAX_STALE_S),
                    AUTH__FAILURES="null",
                    RATE_LIMIT__STORAGE=redis,
                    RATE_LIMIT__TIMEOUT_S="10",
                    MONITORING__STORE=str(folder / f"{name}.db"),
                )
            )
            for name in ("first", "second")
        )
        yield Pair((first, second), postgres, store)


def test_a_key_opens_both_until_it_is_revoked(pair: Pair) -> None:
    made = pair.keys("create", "--name", "studio")
    pair.until(200, made["key"])
    pair.keys("revoke", made["id"])
    pair.until(401, made["key"])


async def ask_both(pair: Pair, key: str) -> dict[tuple[str, int], int]:
    """How often each gave which status to many clients, which take turns between the two."""
    left = iter(range(REQUESTS))
    statuses: Counter[tuple[str, int]] = Counter()

    async def client() -> None:
        async with httpx2.AsyncClient(headers={"X-API-Key": key}, timeout=120) as http:
            for number in left:
                name, server = (("first", "second")[number % 2], pair.servers[number % 2])
                answer = await http.get(f"{server.url}/models")
                statuses[name, answer.status_code] += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return dict(statuses)


def test_one_share_holds_over_both(pair: Pair) -> None:
    """To the last request, and each refuses what the other let through."""
    found = asyncio.run(ask_both(pair, pair.new_key("--rate", SHARE)))
    print(found)  # noqa: T201 - the table of who let through how many
    assert {status for _, status in found} == {200, 429}
    allowed, refused = (
        sum(count for (_, status), count in found.items() if status == wanted)
        for wanted in (200, 429)
    )
    assert (allowed, refused) == (SHARE.amount, REQUESTS - SHARE.amount)
    assert found["first", 429]
    assert found["second", 429]


def test_a_subject_meets_the_same_variant_on_both(pair: Pair) -> None:
    key = pair.new_key()

    def variant(server: Server, subject: str) -> str:
        answer = httpx2.post(
            f"{server.url}/predict",
            json=TEXT,
            headers={"X-API-Key": key, "X-Subject": subject},
            timeout=60,
        )
        return str(answer.json()["model"]["variant"])

    subjects = [f"listener-{number}" for number in range(40)]
    first, second = ([variant(server, one) for one in subjects] for server in pair.servers)
    assert first == second
    assert set(first) == {"a", "b"}


def test_a_postgres_that_hangs_holds_nobody_up(pair: Pair) -> None:
    """Every look for changed keys waits by then; no request waits with it."""
    key = pair.new_key()
    with pair.postgres.frozen():
        time.sleep(1)  # two looks' time
        assert [pair.statuses(key) for _ in range(20)] == [[200, 200]] * 20
    pair.new_key()


def test_known_keys_go_on_while_postgres_is_away_for_so_long_only(pair: Pair) -> None:
    key = pair.new_key()
    pair.postgres.stop()
    try:
        assert pair.statuses(key) == [200, 200]
        pair.until(503, key)
        assert "retry-after" in pair.get(pair.servers[0], key).headers
    finally:
        pair.postgres.start()
    pair.until(200, key)
    assert pair.statuses(pair.new_key()) == [200, 200]
