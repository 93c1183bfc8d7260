"""A Redis server for this package's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import free_port, running


@pytest.fixture(scope="package")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("redis")
    with running(folder, free_port()) as url:
        yield url
