"""What becomes of requests that a worker can't wait for when it ends, as bare ASGI."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from rebracket.errors import TYPE_BASE
from rebracket.gateway import draining
from rebracket.gateway.cut import CutAnswers
from tests.gateway.asgi import Answer, answer, connection


def cut(app: ASGIApp) -> Answer:
    """What a request is answered that is cancelled where `app` waits for ever."""

    async def cut_it() -> Answer:
        task = asyncio.create_task(answer(CutAnswers(app), connection()))
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
