"""The service as users run it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import bentoml
import httpx2
import pytest

from rebracket.registry import ExportedModel
from rebracket.schemas import Prediction
from rebracket.training.corpus import load_part
from tests.system.conftest import Server, serving

RSS_LIMIT = 350 * 2**20


@pytest.fixture
def http(server: Server, headers: dict[str, str]) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=60, headers=headers) as client:
        yield client


def test_a_concept_note_is_read(http: httpx2.Client, exported: ExportedModel) -> None:
    answer = http.post("/predict", json={"text": "A larder so deep that it holds the street."})
    prediction = Prediction.model_validate_json(answer.content)
    assert prediction.model.version == exported.version


def test_the_bentoml_client_predicts(server: Server, api_key: str) -> None:
    with bentoml.SyncHTTPClient(server.url, token=api_key) as client:
        one = client.predict({"text": "a door inside a drawer", "segment_id": "one"})
        many = client.predict_batch({"segments": [{"text": "a"}, {"lyrics": "b"}]})
    assert one["segment_id"] == "one"
    assert len(many["predictions"]) == 2


def test_the_batch_route_answers_as_the_single_route(http: httpx2.Client) -> None:
    segments = [{"text": text.text} for text in load_part("part3")[:64]]
    batch = http.post("/predict_batch", json={"segments": segments}).json()["predictions"]
    for segment, together in list(zip(segments, batch, strict=True))[::8]:
        alone = http.post("/predict", json=segment).json()
        assert alone["type"] == together["type"]
        assert alone["probabilities"] == pytest.approx(together["probabilities"], abs=1e-5)


def test_workers_serve_without_torch_in_little_memory(server: Server, http: httpx2.Client) -> None:
    long = " ".join(text.text for text in load_part("part4")[:40])[:10_000]
    for _ in range(20):
        assert http.post("/predict", json={"text": long}).status_code == 200
    workers = server.workers()
    assert len(workers) == 2
    for worker in workers:
        mapped = Path(f"/proc/{worker.pid}/maps").read_text()
        assert "onnxruntime" in mapped
        assert "torch" not in mapped
        assert worker.memory_info().rss < RSS_LIMIT


def test_a_body_that_lies_about_its_length_is_cut_off(server: Server, api_key: str) -> None:
    """Chunked, without an end: the limit answers while the body still streams in."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"X-API-Key: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % api_key.encode()
        )
        chunk = b"100000\r\n" + b"a" * 2**20 + b"\r\n"
        for _ in range(9):
            connection.sendall(chunk)
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["status"] == 413


def test_bentoml_serve_honours_the_same_settings(exported: ExportedModel) -> None:
    """Auth too: switched off, nobody needs a key."""
    tag = f"rebracket-segment:{exported.version}"
    command = ("bentoml", "serve", "service:Rebracket")
    with serving(
        *command,
        WORKERS="1",
        MODEL_PATH=tag,
        OPTIMIZATION__QUANTIZATION="none",
        AUTH__ENABLED="false",
    ) as server:
        assert len(server.workers()) == 1
        (model,) = httpx2.get(f"{server.url}/models").json()["models"]
    assert (model["version"], model["quantization"]) == (exported.version, "none")
