"""The service's application in this process, with the committed model."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from rebracket.registry import ExportedModel


@pytest.fixture(scope="package")
def client(exported: ExportedModel, api_key: str) -> Iterator[TestClient]:
    """An HTTP client of one worker, with a key that opens everything."""
    assert exported.version
    from service import Rebracket

    app = Rebracket.to_asgi()  # type: ignore[attr-defined]
    headers = {"X-API-Key": api_key}
    with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
        yield client
