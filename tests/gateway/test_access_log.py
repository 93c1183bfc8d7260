"""One line a request, with its outcome; looks are quiet while they are answered."""

import asyncio
import logging
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from rebracket.errors import NotFound
from rebracket.gateway import problems
from rebracket.gateway.access_log import AccessLog
from rebracket.gateway.middleware import RequestIds
from rebracket.inference.timing import Timing
from rebracket.monitoring import logs, trace
from rebracket.schemas import ModelRef
from tests.gateway.asgi import answer, connection


def lines(caplog: pytest.LogCaptureFixture, app: ASGIApp, scope: Scope) -> list[dict[str, Any]]:
    with caplog.at_level(logging.INFO, "rebracket.access"):
        asyncio.run(answer(RequestIds(AccessLog(app)), scope))
    return [{"message": r.getMessage(), **logs.fields_of(r)} for r in caplog.records]


def test_an_answer_names_its_model_and_client(caplog: pytest.LogCaptureFixture) -> None:
    labels = {"stage": "overhead", "variant": "b"}

    def overheads() -> float:
        return REGISTRY.get_sample_value("rebracket_inference_seconds_count", labels) or 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = trace.current()
        request.model = ModelRef(name="m", version="1.1.0", variant="b")
        request.items, request.timing = 1, Timing(0.0, 0.0, 0.0)
        await PlainTextResponse("")(scope, receive, send)

    before = overheads()
    (line,) = lines(caplog, app, connection())
    assert line.pop("duration_ms") >= 0
    assert line == {
        "message": "POST /predict",
        "status": 200,
        "outcome": "ok",
        "client": "203.0.113.9",
        "model": "m:1.1.0",
        "variant": "b",
        "items": 1,
    }
    assert overheads() == before + 1


def test_a_refusal_names_its_problem(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await problems.respond(NotFound("nothing"))(scope, receive, send)

    (line,) = lines(caplog, app, connection("/nowhere"))
    assert (line["status"], line["outcome"]) == (404, "not-found")


def test_a_caller_that_hung_up_is_a_499(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        return

    (line,) = lines(caplog, app, connection())
    assert (line["status"], line["outcome"]) == (499, "abandoned")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health", "/metrics"])
def test_looks_are_quiet_only_while_they_are_answered(
    caplog: pytest.LogCaptureFixture, path: str
) -> None:
    assert lines(caplog, PlainTextResponse(""), connection(path)) == []
    assert len(lines(caplog, PlainTextResponse("", status_code=503), connection(path))) == 1
