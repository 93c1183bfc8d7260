"""Versions of a running service: split, pinned, promoted and rolled back while it answers."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from rebracket.config import load_settings
from rebracket.gateway.key_store import KeyStore
from rebracket.registry import ExportedModel
from rebracket.registry.lifecycle import promote, rollback
from tests.system.conftest import Server, serving
from tests.system.copies import save_copy

OLD, NEW = "1.0.0", "1.1.0"
TEXT = {"text": "A larder so deep that it holds the street it stands in."}
PATIENCE_S = 60


@pytest.fixture
def keys(exported: ExportedModel) -> str:
    """Where the session's keys are, whatever store the models are in."""
    assert exported.version
    return load_settings().deployment.auth.store


@pytest.fixture
def two_versions(keys: str, exported: ExportedModel, home: Path) -> str:
    """A store with two versions, of which production is the older."""
    assert home
    for version in (OLD, NEW):
        save_copy(exported, version)
    promote(OLD, "production")
    return keys


@pytest.fixture(params=["embedded", "service"])
def following(request: pytest.FixtureRequest, two_versions: str) -> Iterator[Server]:
    """A server of what production names."""
    with serving(
        "rebracket.cli",
        "serve",
        WORKERS="2",
        RUNNER=request.param,
        MODEL_PATH="production",
        AUTH__STORE=two_versions,
        RATE_LIMIT__ENABLED="false",
    ) as server:
        yield server


def test_promote_and_rollback_under_load_lose_nothing(
    following: Server, headers: dict[str, str]
) -> None:
    """Every answer is a prediction; in the end all workers answer with what production names."""
    seen: list[str] = []
    running = True

    async def client() -> None:
        async with httpx2.AsyncClient(base_url=following.url, headers=headers, timeout=60) as web:
            while running:
                answer = await web.post("/predict", json=TEXT)
                assert answer.status_code == 200, answer.text
                seen.append(answer.json()["model"]["version"])

    async def switch(version: str) -> None:
        async with httpx2.AsyncClient(base_url=following.url, headers=headers, timeout=60) as web:
            answer = await web.post("/admin/reload")
            assert [model["version"] for model in answer.json()["models"]] == [version]
        end = time.monotonic() + PATIENCE_S
        while Counter(seen[-40:]) != {version: 40}:
            assert time.monotonic() < end, Counter(seen[-40:])
            await asyncio.sleep(0.1)

    async def run() -> None:
        nonlocal running
        clients = [asyncio.create_task(client()) for _ in range(6)]
        try:
            while len(seen) < 50:  # noqa: ASYNC110 - the clients' tasks have no event to wait for
                await asyncio.sleep(0.1)
            assert set(seen) == {OLD}
            promote(NEW, "production")
            await switch(NEW)
            rollback("production")
            await switch(OLD)
        finally:
            running = False
            await asyncio.gather(*clients)

    asyncio.run(run())
    assert set(seen) == {OLD, NEW}


@pytest.fixture
def predict_headers(key_store: KeyStore) -> dict[str, str]:
    """A key that opens predictions only."""
    return {"X-API-Key": str(key_store.create("predict-only", ("predict",)).key)}


@pytest.fixture
def split(two_versions: str, home: Path) -> Iterator[Server]:
    """A server of both versions, a quarter of the subjects for the newer one, which shadows too."""
    variants = [{"model": OLD, "weight": 3, "name": "a"}, {"model": NEW, "weight": 1, "name": "b"}]
    with serving(
        "rebracket.cli",
        "serve",
        WORKERS="2",
        AUTH__STORE=two_versions,
        RATE_LIMIT__ENABLED="false",
        AB__VARIANTS=json.dumps(variants),
        AB__SHADOW=NEW,
        MONITORING__STORE=str(home / "predictions.db"),
    ) as server:
        yield server


def test_subjects_are_split_and_stay(
    split: Server, headers: dict[str, str], predict_headers: dict[str, str]
) -> None:
    def ask(**more: str) -> httpx2.Response:
        return httpx2.post(f"{split.url}/predict", json=TEXT, headers=headers | more, timeout=60)

    def variant(subject: str) -> str:
        model = ask(**{"X-Subject": subject}).json()["model"]
        assert model["version"] == {"a": OLD, "b": NEW}[model["variant"]]
        return str(model["variant"])

    subjects = [f"listener-{number}" for number in range(60)]
    first = [variant(subject) for subject in subjects]
    assert [variant(subject) for subject in subjects] == first
    assert 5 <= Counter(first)["b"] <= 27  # 15 expected; beyond with p < 0.001

    weights = httpx2.get(f"{split.url}/models", headers=headers, timeout=60).json()["models"]
    assert {model["variant"]: model["weight"] for model in weights} == {"a": 0.75, "b": 0.25}

    pinned = {
        ask(**{"X-Model-Version": NEW, "X-Subject": s}).json()["model"]["version"]
        for s in subjects[:9]
    }
    assert pinned == {NEW}
    unknown = ask(**{"X-Model-Version": "9.9.9"})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["loc"] == ["header", "X-Model-Version"]
    without_scope = httpx2.post(
        f"{split.url}/predict",
        json=TEXT,
        headers=predict_headers | {"X-Model-Version": NEW},
        timeout=60,
    )
    assert without_scope.status_code == 403

    report = httpx2.get(f"{split.url}/experiments", headers=headers, timeout=60).json()
    shadow = next(row for row in report["variants"] if row["variant"] == "shadow")
    assert shadow["version"] == NEW
    assert shadow["requests"] > len(subjects)
