"""The service's application in this process, with the committed model."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from rebracket.registry import ExportedModel


@pytest.fixture(scope="package")
def client(exported: ExportedModel) -> Iterator[TestClient]:
    """An HTTP client of one worker."""
    assert exported.version
    from service import Rebracket

    with TestClient(Rebracket.to_asgi(), raise_server_exceptions=False) as client:  # type: ignore[attr-defined]
        yield client
