"""Tells that the worker is ending: first who asks whether it is ready or keeps a connection, then live streams."""

import asyncio
import signal
from errno import EINVAL
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTICE = signal.SIGUSR1
"""What tells a worker that it will be ended soon."""

_watching: set["asyncio.Future[None]"] = set()
_begun = False
_noticed = False


def listen() -> None:
    """Heed `NOTICE`, which would end the process otherwise; in the main thread only."""
    signal.signal(NOTICE, lambda *_: notice())


def notice() -> None:
    """The worker still takes requests, and asks for no more."""
    global _noticed  # noqa: PLW0603 - there is one end of a process
    _noticed = True


def is_noticed() -> bool:
    """Whether requests should go elsewhere."""
    return _noticed or _begun


def begin() -> None:
    """The worker takes nothing more, and waits for what it has."""
    global _begun  # noqa: PLW0603 - there is one end of a process
    _begun = True
    for future in _watching:
        if not future.done():
            future.set_result(None)


def has_begun() -> bool:
    """Whether the worker takes nothing more; what it has is cancelled after a while."""
    return _begun


def expect_the_end(loop: asyncio.AbstractEventLoop) -> None:
    """Don't report that the port was closed under this worker, which is how its end begins."""

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (is_noticed() and isinstance(error, OSError) and error.errno == EINVAL):
            loop.default_exception_handler(context)

    loop.set_exception_handler(report)


async def begun() -> None:
    """Return when the worker is ending."""
    if _begun:
        return
    future = asyncio.get_running_loop().create_future()
    _watching.add(future)
    try:
        await future
    finally:
        _watching.discard(future)


class LastAnswers:
    """Since `notice`, an answer is the last one of its connection.

    Otherwise the connection would be closed in the end, perhaps under the next request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and is_noticed():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, send_last)
