"""Browsers are told to do nothing with answers."""

import asyncio

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from rebracket.gateway.security_headers import SecurityHeaders
from tests.gateway.asgi import Answer, answer, connection


def through(response: Response, scheme: str = "http") -> Answer:
    scope = {**connection(), "scheme": scheme}
    return asyncio.run(answer(SecurityHeaders(response), scope))


def test_every_answer_has_them() -> None:
    headers = through(PlainTextResponse("a")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_page_may_run_its_own_scripts_only() -> None:
    policy = through(HTMLResponse("a")).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")


@pytest.mark.parametrize(("scheme", "told"), [("http", False), ("https", True)])
def test_transport_security_is_for_tls(scheme: str, told: bool) -> None:
    assert ("strict-transport-security" in through(PlainTextResponse("a"), scheme).headers) == told


def test_an_answer_may_say_otherwise() -> None:
    response = PlainTextResponse("a", headers={"Cache-Control": "max-age=60"})
    assert through(response).headers["cache-control"] == "max-age=60"
