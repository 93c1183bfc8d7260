"""The service's application in this process, with the committed model; stores of keys."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from rebracket.registry import ExportedModel
from tests import postgres_server
from tests.postgres_server import Postgres


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for this package's tests."""
    with postgres_server.running() as server:
        yield server


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A key store that is not there yet."""
    return f"sqlite:///{tmp_path / 'deep' / 'keys.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def keys_url(request: pytest.FixtureRequest, sqlite_url: str) -> str:
    """An empty key store in each database that is promised to work."""
    if request.param == "sqlite":
        return sqlite_url
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"keys-{uuid4().hex}")


@pytest.fixture(scope="package")
def client(exported: ExportedModel, api_key: str) -> Iterator[TestClient]:
    """An HTTP client of one worker, with a key that opens everything."""
    assert exported.version
    from service import Rebracket

    app = Rebracket.to_asgi()  # type: ignore[attr-defined]
    headers = {"X-API-Key": api_key}
    with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
        yield client
