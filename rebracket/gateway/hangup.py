"""Clients that don't wait for their answer: nothing more is done for them."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

T = TypeVar("T")


async def unless_hung_up(request: Request, call: Coroutine[Any, Any, T]) -> T:
    """The call's result; a call whose client hangs up is cancelled.

    Raises:
        ClientDisconnect: the client hung up.
    """
    task = asyncio.current_task()
    assert task is not None
    others = task.cancelling()
    hung_up = done = False

    def cancel(_: asyncio.Future[Message]) -> None:
        nonlocal hung_up
        if not done:
            hung_up = True
            task.cancel()

    listening = asyncio.ensure_future(request.receive())  # after the body: only the end of it all
    listening.add_done_callback(cancel)
    try:
        return await call
    except asyncio.CancelledError:
        if hung_up and task.uncancel() <= others:
            raise ClientDisconnect from None
        raise
    finally:
        done = True
        listening.cancel()
