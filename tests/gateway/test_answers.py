"""No error leaves in another shape than a problem."""

import asyncio

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rebracket.errors import TYPE_BASE, NotFound
from rebracket.gateway import problems
from rebracket.gateway.answers import ProblemAnswers
from tests.gateway.asgi import Answer, answer, connection


def through(app: ASGIApp) -> Answer:
    return asyncio.run(answer(ProblemAnswers(app), connection()))


@pytest.mark.parametrize(
    ("status", "answered", "slug"),
    [
        (400, 400, "bad-request"),
        (404, 404, "not-found"),
        (405, 405, "method-not-allowed"),
        (406, 406, "not-acceptable"),
        (429, 503, "unavailable"),
        (500, 500, "internal-error"),
        (502, 500, "internal-error"),
        (503, 503, "unavailable"),
        (504, 504, "deadline-exceeded"),
    ],
)
def test_a_foreign_error_becomes_a_problem(status: int, answered: int, slug: str) -> None:
    foreign = JSONResponse({"error": "a path"}, status, headers={"Allow": "POST"})
    found = through(foreign)
    body = found.json()
    assert (found.status, body["status"]) == (answered, answered)
    assert body["type"] == TYPE_BASE + slug
    assert b"a path" not in found.body
    assert found.headers["content-type"] == problems.MEDIA_TYPE
    assert ("retry-after" in found.headers) == (answered == 503)
    if answered == 405:
        assert found.headers["allow"] == "POST"


def test_our_problems_pass_as_they_are() -> None:
    assert through(problems.respond(NotFound("nothing of the kind"))).json()["detail"] == (
        "nothing of the kind"
    )


@pytest.mark.parametrize("response", [PlainTextResponse("in"), Response(status_code=302)])
def test_answers_that_are_no_errors_pass_as_they_are(response: Response) -> None:
    found = through(response)
    assert (found.status, found.body) == (response.status_code, response.body)


def test_what_is_raised_is_answered_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise RuntimeError("a secret")

    found = through(app)
    assert found.status == 500
    assert b"secret" not in found.body
    assert "a secret" not in caplog.text  # it may quote what was sent
    assert caplog.records[-1].fields["error"] == "RuntimeError"  # type: ignore[attr-defined]


def test_what_is_raised_after_the_answer_began_ends_the_connection() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        through(app)
