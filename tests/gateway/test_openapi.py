"""The OpenAPI document names every route, and which key it needs."""

from typing import Any

from starlette.testclient import TestClient

from rebracket.gateway import openapi
from rebracket.gateway.access import OPEN

document: dict[str, Any] = openapi.document()


def test_the_document_is_served(client: TestClient) -> None:
    assert client.get("/docs.json").json() == document


def test_every_route_of_the_application_is_in_it(client: TestClient) -> None:
    routes = {"/predict", "/predict_batch", "/health", "/models", "/metrics", "/experiments"}
    routes |= {"/admin/reload", "/livez", "/readyz", "/healthz"}
    assert document["paths"].keys() == routes
    for path, operations in document["paths"].items():
        (method,) = operations
        body = {"text": "a", "segments": []}
        assert client.request(method, path, json=body).status_code in {200, 422}


def test_closed_routes_say_which_key_they_need() -> None:
    for path, operations in document["paths"].items():
        (operation,) = operations.values()
        assert ("security" in operation) == (path not in OPEN)
        assert ("401" in operation["responses"]) == ("security" in operation)
