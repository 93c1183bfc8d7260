"""The OpenAPI document names every route, and which key it needs."""

from typing import Any

from starlette.testclient import TestClient

from rebracket.gateway import openapi
from rebracket.gateway.access import OPEN

document: dict[str, Any] = openapi.document()


def test_the_document_is_served(client: TestClient) -> None:
    assert client.get("/docs.json").json() == document


def test_every_route_of_the_application_is_in_it(client: TestClient) -> None:
    routes = {
        "/predict",
        "/predict_batch",
        "/generate",
        "/health",
        "/models",
        "/metrics",
        "/experiments",
    }
    routes |= {"/stream", "/admin/reload", "/livez", "/readyz", "/healthz"}
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


def test_predict_takes_music_as_base64_and_in_parts() -> None:
    fields = document["components"]["schemas"]["Segment"]["properties"]
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert content.keys() == {"application/json", "multipart/form-data"}
    parts = content["multipart/form-data"]
    assert parts["schema"]["properties"].keys() == parts["encoding"].keys()
    for name in ("midi", "audio"):
        assert fields[name]["anyOf"][0]["contentEncoding"] == "base64"
        assert parts["schema"]["properties"][name]["format"] == "binary"
        assert parts["encoding"][name]["contentType"].startswith("audio/")
    assert parts["encoding"]["segment"] == {"contentType": "application/json"}
    assert fields["windows"]["type"] == "boolean"


def test_a_batch_is_documented_as_json_only() -> None:
    content = document["paths"]["/predict_batch"]["post"]["requestBody"]["content"]
    assert content.keys() == {"application/json"}
