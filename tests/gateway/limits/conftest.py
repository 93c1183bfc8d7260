"""A Redis server for this package's tests."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis

from rebracket.gateway.limits.redis import RedisStorage
from rebracket.gateway.limits.sqlite import SqliteStorage
from tests.gateway.limits.clock import Clock
from tests.redis_server import free_port, running


@pytest.fixture(scope="package")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with running(folder, free_port()) as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sqlite_storage(tmp_path: Path, clock: Clock) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(tmp_path / "limits.db", timeout_s=5, clock_us=clock)
    yield storage
    storage.close()


@pytest.fixture
def redis_storage(redis_url: str) -> Iterator[RedisStorage]:
    storage = RedisStorage(redis_url, timeout_s=5)
    yield storage
    storage.close()


@pytest.fixture
def server(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def bucket() -> str:
    """One that nobody has used."""
    return uuid4().hex
