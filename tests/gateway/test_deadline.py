"""An answer begins in time, or is a 504."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from rebracket.gateway.deadline import Deadline
from tests.gateway.asgi import answer, connection


def test_an_answer_that_does_not_come_is_a_504_and_its_work_is_cancelled() -> None:
    cancelled = False

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        nonlocal cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    found = asyncio.run(answer(Deadline(app, 0.01), connection()))
    assert (found.status, cancelled) == (504, True)
    assert found.json()["detail"] == "The answer took longer than 0.01 s"


def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        timer = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0.05, timer.set_result, None)
        await timer
        await send({"type": "http.response.body", "body": b"late"})

    found = asyncio.run(answer(Deadline(app, 0.01), connection()))
    assert (found.status, found.body) == (200, b"late")


def test_a_time_out_of_the_application_is_its_own() -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(answer(Deadline(app, 60), connection()))
