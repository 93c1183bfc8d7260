"""Errors that BentoML, Starlette and asyncio raise themselves, provoked in the whole application."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import httpx2
import pytest
from _bentoml_sdk.service import get_current_service, set_current_service
from bentoml.exceptions import BentoMLException
from starlette.testclient import TestClient

from rebracket.config import Deployment, Settings
from rebracket.gateway import app as gateway_app
from rebracket.gateway.app import AppFactory
from rebracket.inference.predictor import Predictor
from rebracket.inference.runner import Runner
from rebracket.registry import ExportedModel
from rebracket.schemas import Segment
from rebracket.worker import Worker
from tests.gateway.test_app import NOTE, problem


def factory(monkeypatch: pytest.MonkeyPatch, **deployment: Any) -> AppFactory:
    """Builds the application of other settings, without keys, limits and a second set of metrics."""
    from service import Rebracket

    values = {"auth": {"enabled": False}, "rate_limit": {"enabled": False}, **deployment}
    settings = Settings(deployment=Deployment.model_validate(values))
    monkeypatch.setattr(gateway_app, "settings", lambda: settings)
    Rebracket.inject_config()  # type: ignore[attr-defined]
    return AppFactory(Rebracket, is_main=True, enable_metrics=False)


@contextmanager
def serving(factory: AppFactory) -> Iterator[TestClient]:
    """Serve beside the package's client; BentoML knows one service a process, which is that one's again."""
    before = None
    with suppress(BentoMLException):
        before = get_current_service()
    with TestClient(factory(), raise_server_exceptions=False) as client:
        yield client
    set_current_service(before)


@asynccontextmanager
async def serving_many(factory: AppFactory) -> AsyncIterator[httpx2.AsyncClient]:
    app = factory()
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def model(exported: ExportedModel) -> None:
    assert exported.version


async def for_ever(*_: object, **__: object) -> None:
    await asyncio.Event().wait()


def test_an_answer_that_takes_too_long_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runner, "predict", for_ever)
    with serving(factory(monkeypatch, api={"timeout_s": 0.1})) as client:
        problem(client.post("/predict", json=NOTE), 504)


def test_a_body_that_does_not_come_is_a_408(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def run() -> httpx2.Response:
        made = factory(monkeypatch, api={"body_timeout_s": 0.1})
        async with serving_many(made) as client:
            headers = {"content-type": "application/json"}
            return await client.post("/predict", content=drip(), headers=headers)

    problem(asyncio.run(run()), 408)


def test_more_requests_than_bentoml_admits_are_503(monkeypatch: pytest.MonkeyPatch) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    predict = Runner.predict

    async def hold(runner: Runner, predictor: Predictor, segment: Segment, **options: Any) -> Any:
        entered.set()
        await leave.wait()
        return await predict(runner, predictor, segment, **options)

    monkeypatch.setattr(Runner, "predict", hold)

    async def run() -> tuple[httpx2.Response, httpx2.Response]:
        made = factory(monkeypatch)
        made.max_concurrency = 1
        async with serving_many(made) as client:
            first = asyncio.create_task(client.post("/predict", json=NOTE))
            await entered.wait()
            second = await client.post("/predict", json=NOTE)
            leave.set()
            return await first, second

    first, second = asyncio.run(run())
    assert first.status_code == 200
    problem(second, 503)
    assert second.headers["retry-after"] == "1"


def test_a_service_that_is_not_ready_says_when_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = factory(monkeypatch)
    with serving(made) as client:
        assert client.get("/readyz").status_code == 200
        made._is_ready = False
        refused = client.get("/readyz")
        problem(refused, 503)
        assert refused.headers["retry-after"] == "1"


def test_what_a_mounted_route_raises_is_a_500(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("a path and a secret")

    monkeypatch.setattr(Worker, "models", fail)
    with serving(factory(monkeypatch)) as client:
        refused = client.get("/models")
        problem(refused, 500)
        assert "secret" not in refused.text


def test_browsers_of_other_origins_are_not_served_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    with serving(factory(monkeypatch)) as client:
        assert (
            "access-control-allow-origin"
            not in client.options("/predict", headers=preflight).headers
        )
    with serving(factory(monkeypatch, api={"cors_origins": ["https://a.example"]})) as client:
        asked = {"Access-Control-Request-Headers": "x-subject, x-model-version, authorization"}
        allowed = client.options("/predict", headers=preflight | asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://a.example"
        refused = client.post("/predict", headers={"Origin": "https://a.example"}, json={})
        assert refused.headers["access-control-allow-origin"] == "https://a.example"
        other = client.get("/health", headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers
