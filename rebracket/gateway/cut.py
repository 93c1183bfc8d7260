"""Requests that a worker can't wait for any longer, when it ends.

uvicorn cancels what is not answered `api.drain_s` after the end has begun, reports each as an error of the
application, and answers 500.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import Draining
from rebracket.gateway import draining, problems


class CutAnswers:
    """Answers 503 to a request that is cut; where its answer has begun, that just ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except asyncio.CancelledError:
            if not draining.has_begun():
                raise
            answer = problems.respond(
                Draining("The service ended before its answer", retry_after_s=1)
            )
            if not started:
                await answer(scope, receive, send)
