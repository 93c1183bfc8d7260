"""A call goes on until its client hangs up, and is told apart from one that others end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from rebracket.gateway.hangup import unless_hung_up
from tests.gateway.asgi import connection


class Client:
    """Hangs up when it is told to."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.request = Request(connection(), self.receive)

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


def run(main: Coroutine[Any, Any, None]) -> None:
    async def and_no_task_is_left() -> None:
        async with asyncio.timeout(30):
            await main
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(and_no_task_is_left())


def test_a_client_that_waits_gets_the_result() -> None:
    async def main() -> None:
        client = Client()
        assert await unless_hung_up(client.request, asyncio.sleep(0, "answer")) == "answer"
        client.gone.set()
        await asyncio.sleep(0.01)  # nothing comes of it any more

    run(main())


def test_an_error_of_the_call_is_its_own() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("its own")

    async def main() -> None:
        with pytest.raises(ValueError, match="its own"):
            await unless_hung_up(Client().request, fail())

    run(main())


def test_the_call_of_a_client_that_hangs_up_is_cancelled_and_what_answers_goes_on() -> None:
    async def main() -> None:
        client, ended = Client(), list[str]()
        asyncio.get_running_loop().call_later(0.01, client.gone.set)
        with pytest.raises(ClientDisconnect):
            await unless_hung_up(client.request, for_ever(ended))
        task = asyncio.current_task()
        assert task is not None
        assert (ended, task.cancelling()) == (["ended"], 0)

    run(main())


def test_a_time_out_is_no_hang_up() -> None:
    async def main() -> None:
        ended = list[str]()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await unless_hung_up(Client().request, for_ever(ended))
        assert ended == ["ended"]

    run(main())
