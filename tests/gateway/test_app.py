"""The HTTP face: every answer's status and shape."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from rebracket.gateway import draining
from rebracket.gateway.problems import MEDIA_TYPE
from rebracket.inference.runner import Runner
from rebracket.schemas import ExperimentReport, Health, ModelList, Prediction, PredictionBatch

JSON = {"content-type": "application/json"}
NOTE = {"text": "Every verse sits in the next one's pocket."}


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem that a response holds, after checking what all problems share."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail"} < body.keys()
    return body


def test_predict_answers_a_segment(client: TestClient) -> None:
    response = client.post("/predict", json={**NOTE, "segment_id": "a", "metadata": {"k": "v"}})
    assert response.status_code == 200
    prediction = Prediction.model_validate_json(response.content)
    assert (prediction.segment_id, prediction.metadata) == ("a", {"k": "v"})
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-9)


def test_predict_batch_answers_in_order(client: TestClient) -> None:
    segments = [{"text": f"verse {index}", "segment_id": str(index)} for index in range(20)]
    response = client.post("/predict_batch", json={"segments": segments})
    batch = PredictionBatch.model_validate_json(response.content)
    assert batch.errors == 0
    assert [item.segment_id for item in batch.predictions if isinstance(item, Prediction)] == [
        str(index) for index in range(20)
    ]


def test_an_item_that_cannot_be_read_has_its_error_in_its_place(client: TestClient) -> None:
    body = {"segments": [NOTE, {"text": "\u200b"}, NOTE]}
    answer = client.post("/predict_batch", json=body).json()
    assert answer["errors"] == 1
    assert [item.get("index") for item in answer["predictions"]] == [None, 1, None]
    error = answer["predictions"][1]["error"]
    assert error["status"] == 422
    assert error["errors"][0]["loc"] == ["segments", 1, "text"]


def test_a_worker_that_will_be_ended_is_not_ready_and_still_answers(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(draining, "_noticed", True)
    assert problem(client.get("/readyz"), 503)["type"].endswith("draining")
    assert not Health.model_validate_json(client.get("/health").content).ready
    assert client.post("/predict", json=NOTE).status_code == 200


def test_health_names_the_model(client: TestClient) -> None:
    health = Health.model_validate_json(client.get("/health").content)
    drifted = any(drift.state == "drifted" for drift in health.drift)  # tests send strange texts
    assert (health.status, health.ready) == ("degraded" if drifted else "ok", True)
    assert [model.name for model in health.models] == ["rebracket-segment"]


def test_models_shows_the_card(client: TestClient) -> None:
    (model,) = ModelList.model_validate_json(client.get("/models").content).models
    assert model.weight == 1
    assert model.card.startswith(f"# Model card: rebracket-segment {model.version}")


def test_experiments_shows_variants_since_a_while(client: TestClient) -> None:
    found = ExperimentReport.model_validate_json(client.get("/experiments?since=1h").content)
    assert found.since > 0
    answer = problem(client.get("/experiments?since=soon"), 422)
    assert answer["errors"][0]["loc"] == ["query", "since"]


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        (b"{}", [], "empty_segment"),
        (b'{"text": ""}', [], "empty_segment"),
        (b'{"text": "a", "mood": "b"}', ["mood"], "extra_forbidden"),
        (b'{"text": ["a"]}', ["text"], "string_type"),
        (b'{"text": "%s"}' % (b"a" * 10_001), ["text"], "string_too_long"),
        (b'{"text": "a"', [], "json_invalid"),
        (b"", [], "json_invalid"),
        (b'{"text": "\xff"}', [], "json_invalid"),
        (b'{"text": "\\ud800"}', [], "json_invalid"),
        (b"[" * 100_000, [], "json_invalid"),
        (b'{"text": "\\u200b"}', ["text"], "no_readable_words"),
    ],
)
def test_an_invalid_segment_is_a_422_that_names_the_field(
    client: TestClient, body: bytes, loc: list[str], kind: str
) -> None:
    answer = problem(client.post("/predict", content=body, headers=JSON), 422)
    assert answer["errors"][0]["loc"] == loc
    assert answer["errors"][0]["type"] == kind


def test_a_batch_of_257_is_a_422(client: TestClient) -> None:
    answer = problem(client.post("/predict_batch", json={"segments": [NOTE] * 257}), 422)
    assert answer["errors"][0]["loc"] == ["segments"]


def test_an_error_never_repeats_the_caller(client: TestClient) -> None:
    secret = "open sesame"  # noqa: S105 - a caller's words
    for body in ({"text": 5, secret[:4]: secret}, {"text": secret * 1000}, {"lyrics": [secret]}):
        assert secret not in client.post("/predict", json=body).text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_a_415(client: TestClient, kind: str) -> None:
    response = client.post("/predict", content=b"{}", headers={"content-type": kind})
    problem(response, 415)


def test_pickle_is_a_415(client: TestClient) -> None:
    headers = {"content-type": "application/vnd.bentoml+pickle"}
    problem(client.post("/predict", content=b"cos\nsystem\n.", headers=headers), 415)


def test_unknown_routes_are_404(client: TestClient) -> None:
    problem(client.get("/nowhere"), 404)


@pytest.mark.parametrize(("method", "path"), [("GET", "/predict"), ("POST", "/health")])
def test_wrong_methods_are_405_and_say_what_is_allowed(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"]


def test_a_body_over_8_mib_is_a_413(client: TestClient) -> None:
    body = json.dumps({"text": "a" * 8 * 2**20}).encode()
    problem(client.post("/predict", content=body, headers=JSON), 413)


def test_a_chunked_body_over_8_mib_is_a_413(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield from [b"a" * 2**20] * 9

    problem(client.post("/predict", content=chunks(), headers=JSON), 413)


def test_a_fault_of_ours_is_a_500_without_its_traceback(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a path and a secret")

    monkeypatch.setattr(Runner, "predict", fail)
    response = client.post("/predict", json=NOTE)
    problem(response, 500)
    assert "secret" not in response.text


def test_the_callers_request_id_comes_back(client: TestClient) -> None:
    headers = {"x-request-id": "take-7"}
    for path in ("/health", "/nowhere", "/livez"):
        assert client.get(path, headers=headers).headers["x-request-id"] == "take-7"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
fields = st.sampled_from(["text", "lyrics", "segment_id", "metadata", "segments", "x"])


@settings(max_examples=200)
@given(
    body=st.binary(max_size=60)
    | st.dictionaries(fields, json_values).map(lambda value: json.dumps(value).encode()),
    route=st.sampled_from(["/predict", "/predict_batch"]),
)
def test_whatever_is_sent_is_answered_or_refused(
    client: TestClient, body: bytes, route: str
) -> None:
    response = client.post(route, content=body, headers=JSON)
    assert response.status_code in {200, 422}
