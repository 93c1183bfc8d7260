"""How long a request may take until its answer begins.

In the place of BentoML's own time-out, whose timers outlive their requests and keep all that these
hold, and which waits out its whole time where the application has failed already.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import DeadlineExceeded
from rebracket.gateway import problems


class Deadline:
    """Answers 504 after `timeout_s` seconds, unless the answer has begun."""

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self.app = app
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.timeout_s) as timer:

                async def begin(message: Message) -> None:
                    timer.reschedule(None)
                    await send(message)

                await self.app(scope, receive, begin)
        except TimeoutError:
            if not timer.expired():
                raise
            error = DeadlineExceeded(f"The answer took longer than {self.timeout_s:g} s")
            await problems.respond(error)(scope, receive, send)
