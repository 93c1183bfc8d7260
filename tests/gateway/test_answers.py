"""No error leaves in another shape than a problem."""

import asyncio

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rebracket.errors import TYPE_BASE, NotFound
from rebracket.gateway import draining, problems
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


def cut(app: ASGIApp) -> Answer:
    """What a request is answered that is cancelled where `app` waits for ever."""

    async def cut_it() -> Answer:
        task = asyncio.create_task(answer(ProblemAnswers(app), connection()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    return asyncio.run(cut_it())


async def unanswered(_: Scope, __: Receive, ___: Send) -> None:
    await asyncio.Event().wait()


async def half_answered(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    await asyncio.Event().wait()


def test_a_request_that_is_cut_by_the_end_of_its_worker_may_be_sent_to_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(draining, "_begun", True)
    found = cut(unanswered)
    assert (found.status, found.headers["retry-after"]) == (503, "1")
    assert found.json()["type"] == TYPE_BASE + "draining"


def test_an_answer_that_is_cut_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "_begun", True)
    found = cut(half_answered)
    assert (found.status, found.body) == (200, b"half")


def test_a_request_that_is_cancelled_before_that_is_not_answered() -> None:
    with pytest.raises(asyncio.CancelledError):
        cut(unanswered)
