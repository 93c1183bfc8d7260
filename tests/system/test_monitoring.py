"""What Prometheus, Grafana and the logs say of a real server with four workers under load."""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import pytest
from prometheus_client.metrics import MetricWrapperBase

from rebracket.monitoring import metrics as monitoring
from rebracket.registry import ExportedModel
from rebracket.schemas import ExperimentReport, Health
from rebracket.training.corpus import split_corpus
from tests.prometheus_server import DEPLOY, Prometheus, binary, scraping
from tests.system.conftest import PATIENCE_S, Server, serving

SINGLE, BATCHES, BATCH = 200, 6, 16
READ = SINGLE + BATCHES * BATCH
INVALID, KEYLESS = 7, 3
CLIENTS = 8
SILENT_WINDOWS = 8

Asked = tuple[str, dict[str, Any], int]
"""Path, body, and the status of its answer."""


@pytest.fixture(scope="module")
def watched(exported: ExportedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert exported.manifest.baseline
    with serving(
        "rebracket.cli",
        "serve",
        WORKERS="4",
        ENGINE__PARALLEL_RUNS="1",
        MONITORING__STORE=str(tmp_path_factory.mktemp("predictions") / "predictions.db"),
        MONITORING__DRIFT__WINDOW="200",
        MONITORING__DRIFT__MIN_PREDICTIONS="100",
        MONITORING__DRIFT__EVERY_S="0.5",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def prometheus(
    watched: Server, headers: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """After a known number of requests, like the held-out texts that the baseline is of.

    Half of them are seen before the others come: a rate is that of what grows.
    """
    first, second = halves()
    with scraping(watched.port, tmp_path_factory.mktemp("prometheus")) as prometheus:
        asyncio.run(load(watched.url, headers, first))
        prometheus.until("sum(rebracket_predictions_total)", READ // 2)
        prometheus.until("sum(rebracket_generations_total)", 1)
        asyncio.run(load(watched.url, headers, second))
        asyncio.run(silence(watched.url, headers))
        yield prometheus


def halves() -> tuple[list[Asked], list[Asked]]:
    """Requests, and what they are answered with, of which each half predicts the same number of segments."""
    texts = [text.segment.model_dump(exclude_none=True) for text in split_corpus().test]
    usual = (texts[place % len(texts)] for place in count(0, 2))
    requests: list[Asked] = [("/predict", next(usual), 200) for _ in range(SINGLE)]
    batches = [{"segments": [next(usual) for _ in range(BATCH)]} for _ in range(BATCHES)]
    requests += [("/predict_batch", batch, 200) for batch in batches]
    wrong = [("/predict", {"text": ""}, 422)] * INVALID + [("/predict", {}, 401)] * KEYLESS
    return requests[::2], [*requests[1::2], *wrong]


async def load(url: str, headers: dict[str, str], requests: list[Asked]) -> None:
    left = iter(requests)

    async def client() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
            for path, body, status in left:
                sent = headers if status != 401 else {}
                answer = await http.post(path, json=body, headers=sent)
                assert answer.status_code == status

    await asyncio.gather(*(client() for _ in range(CLIENTS)), generation(url, headers))


async def silence(url: str, headers: dict[str, str]) -> None:
    """A live stream whose windows are answered and hold nothing to predict."""
    query: dict[str, str | int] = {"encoding": "pcm_s16le", "sample_rate": 8000, "window_s": 1}
    async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
        answer = await http.post("/stream", params=query, content=bytes(64_000), headers=headers)
        assert answer.status_code == 200


async def generation(url: str, headers: dict[str, str]) -> None:
    """A segment on request, which is no prediction that drift is looked for in."""
    async with httpx2.AsyncClient(base_url=url, timeout=120) as http:
        asked = {"type": "memory", "bars": 1, "candidates": 1}
        answer = await http.post("/generate", json=asked, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sum(rebracket_predictions_total)", READ),
        ('sum(rebracket_generations_total{asked="memory"})', 2),
        ("sum(rebracket_generation_queue_tokens)", 0),
        ('sum(rebracket_inference_seconds_count{stage="decode"})', READ),
        ('sum(rebracket_inference_seconds_count{stage="queue"})', READ),
        ('sum(rebracket_inference_seconds_count{stage="compute"})', READ),
        ('sum(rebracket_inference_seconds_count{stage="overhead"})', SINGLE),
        ("sum(rebracket_confidence_count)", READ),
        ('sum(rebracket_errors_total{kind="invalid-request"})', INVALID),
        ('sum(rebracket_errors_total{kind="unauthorized"})', KEYLESS),
        ('sum(rebracket_rejections_total{reason="unauthorized"})', KEYLESS),
        ('sum(bentoml_service_request_total{endpoint="/predict"})', SINGLE + INVALID),
        ("sum(rebracket_stream_lag_seconds_count)", SILENT_WINDOWS),
        ("sum(rebracket_stream_sessions)", 0),
        ("sum(rebracket_queue_items)", 0),
        ("sum(rebracket_unstored_total)", 0),
    ],
)
def test_counts_equal_the_requests_sent(prometheus: Prometheus, query: str, wanted: int) -> None:
    prometheus.until(query, wanted)


def panels() -> list[tuple[str, str]]:
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text())
    return [
        (panel["title"], target["expr"])
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


@pytest.mark.parametrize(("panel", "query"), panels())
def test_every_panel_of_the_dashboard_shows_data(
    prometheus: Prometheus, panel: str, query: str
) -> None:
    assert panel
    end = time.monotonic() + PATIENCE_S
    while not (series := prometheus.ask(query)):
        assert time.monotonic() < end, query
        time.sleep(0.2)
    assert all(float(found["value"][1]) >= 0 for found in series)


def test_experiments_count_the_same(
    watched: Server, prometheus: Prometheus, headers: dict[str, str]
) -> None:
    prometheus.until("sum(rebracket_predictions_total)", READ)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = httpx2.get(f"{watched.url}/experiments", headers=headers)
        (variant,) = ExperimentReport.model_validate_json(answer.content).variants
        if variant.segments == READ:
            break
    assert (variant.requests, variant.segments, variant.errors) == (SINGLE + BATCHES, READ, {})


def test_drift_is_quiet_until_the_traffic_shifts(
    watched: Server, prometheus: Prometheus, headers: dict[str, str]
) -> None:
    """Every worker says so, whichever read the texts."""
    prometheus.until('count(rebracket_drift_psi{signal="length"})', 1)
    usual = states(watched)
    assert usual == {"ok"}
    shifted = {"segments": [{"text": f"{place} ☃ ☃"} for place in range(200)]}
    answer = httpx2.post(f"{watched.url}/predict_batch", json=shifted, headers=headers, timeout=120)
    assert answer.status_code == 200
    end = time.monotonic() + PATIENCE_S
    while states(watched) != {"degraded"}:
        assert time.monotonic() < end
    (drift,) = Health.model_validate_json(httpx2.get(f"{watched.url}/health").content).drift
    assert {"length", "unknown"} <= set(drift.drifted)
    prometheus.until('count(rebracket_drift_psi{signal="unknown"} > 0.25)', 1)
    prometheus.until('count(ALERTS{alertname="RebracketDrift", signal="unknown"})', 1)


def states(server: Server) -> set[str]:
    """What several connections' workers say of themselves."""
    answers = [httpx2.get(f"{server.url}/health").content for _ in range(20)]
    return {Health.model_validate_json(answer).status for answer in answers}


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules_test.yml"),
    ],
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    command = [binary("promtool"), *arguments]
    run = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_metric_that_rules_and_panels_name_exists() -> None:
    metrics = [value for value in vars(monitoring).values() if isinstance(value, MetricWrapperBase)]
    known = {next(iter(metric.describe())).name for metric in metrics}
    texts = [(DEPLOY / "rules.yml").read_text(), (DEPLOY / "dashboard.json").read_text()]
    named = set(re.findall(r"rebracket_[a-z_]+", "".join(texts)))
    assert named
    for name in named:
        assert re.sub(r"_(total|bucket|sum|count)$", "", name) in known
