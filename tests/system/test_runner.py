"""Both homes of the runner, over HTTP: the same answers, bounds and refusals."""

import asyncio
import re
import time

import httpx2
import pytest

from rebracket.inference.predictor import Predictor
from rebracket.schemas import Segment
from rebracket.training.corpus import load_part
from tests.system.conftest import Server, both_homes

MAX_QUEUE = 30_000
TEXTS = [text.text for text in load_part("part2")[:256]]
LONG = " ".join(TEXTS)[:9000]


home = both_homes(BATCHING__MAX_QUEUE=str(MAX_QUEUE))


def predict(home: Server, text: str) -> httpx2.Response:
    return httpx2.post(f"{home.url}/predict", json={"text": text}, timeout=60)


def metric(home: Server, name: str) -> float:
    text = httpx2.get(f"{home.url}/metrics", timeout=60).text
    return sum(float(n) for n in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def test_a_batch_is_answered_in_order_as_its_segments_are_alone(
    home: Server, predictor: Predictor
) -> None:
    segments = [{"text": text} for text in TEXTS[:40]] + [{"text": "\u200b"}, {"lyrics": TEXTS[41]}]
    body = httpx2.post(f"{home.url}/predict_batch", json={"segments": segments}, timeout=60).json()
    assert body["errors"] == 1
    assert body["predictions"][40]["error"]["errors"][0]["loc"] == ["segments", 40, "text"]
    for segment, answer in zip(segments, body["predictions"], strict=True):
        if "error" not in answer:
            alone = predictor.predict(Segment.model_validate(segment))
            assert answer["probabilities"] == pytest.approx(alone.probabilities, abs=1e-3)


def test_a_lone_request_overtakes_a_large_batch(home: Server) -> None:
    async def race() -> tuple[float, float]:
        async with httpx2.AsyncClient(base_url=home.url, timeout=60) as client:
            batch = {"segments": [{"text": text} for text in TEXTS]}

            async def ask(path: str, body: object) -> float:
                assert (await client.post(path, json=body)).status_code == 200
                return time.perf_counter()

            large = asyncio.create_task(ask("/predict_batch", batch))
            await asyncio.sleep(0.3)
            return await ask("/predict", {"text": "a door"}), await large

    lone, large = asyncio.run(race())
    assert lone < large


def test_overload_is_refused_with_a_time_to_come_again(home: Server) -> None:
    async def flood() -> list[httpx2.Response]:
        limits = httpx2.Limits(max_connections=60)
        async with httpx2.AsyncClient(base_url=home.url, timeout=60, limits=limits) as client:
            single = [client.post("/predict", json={"text": LONG}) for _ in range(30)]
            batches = [
                client.post("/predict_batch", json={"segments": [{"text": LONG}] * 2})
                for _ in range(10)
            ]
            return list(await asyncio.gather(*single, *batches))

    answers = asyncio.run(flood())
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} == {503}
    assert 0 < len(refused) < len(answers)
    for answer in refused:
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
    assert {answer.request.url.path for answer in refused} == {"/predict", "/predict_batch"}
    assert predict(home, "a door").status_code == 200


def test_what_callers_that_hung_up_asked_for_is_not_computed(home: Server) -> None:
    computed = metric(home, "rebracket_batch_items_sum")
    dropped = metric(home, "rebracket_dropped_items_total")

    async def hang_up() -> None:
        batch = {"segments": [{"text": text} for text in TEXTS]}
        async with httpx2.AsyncClient(base_url=home.url) as client:
            with pytest.raises(httpx2.ReadTimeout):
                await client.post("/predict_batch", json=batch, timeout=0.4)

    asyncio.run(hang_up())
    deadline = time.monotonic() + 30
    while metric(home, "rebracket_dropped_items_total") == dropped:
        assert time.monotonic() < deadline, "nothing was dropped"
        time.sleep(0.1)
    assert predict(home, "a door").status_code == 200
    lost = metric(home, "rebracket_dropped_items_total") - dropped
    assert metric(home, "rebracket_batch_items_sum") - computed <= len(TEXTS) - lost + 1
    assert metric(home, "rebracket_queue_items") == 0
