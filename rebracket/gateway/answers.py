"""The last word on error answers: whoever raises them, their body is a problem.

BentoML answers its own refusals in shapes of its own, from inside its middleware. And uvicorn cancels what is not
answered `api.drain_s` after a worker's end has begun, reports each as an error of the application, and answers 500.
"""

import asyncio
import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import Draining, RequestError
from rebracket.gateway import draining, problems
from rebracket.monitoring import failures

FIRST_ERROR = 400

logger = logging.getLogger(__name__)


class ProblemAnswers:
    """Replaces every error body that is no problem; answers whatever is raised, unforeseen with 500.

    A request that is cut by its worker's end is a 503; where its answer has begun, that just ends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal started, replaced
            if message["type"] == "http.response.start":
                started = True
                replaced = _is_foreign(message)
                if replaced:
                    error = problems.of_status(message["status"], Headers(raw=message["headers"]))
                    await problems.respond(error)(scope, receive, send)
            if not replaced:
                await send(message)

        try:
            await self.app(scope, receive, send_problem)
        except (Exception, asyncio.CancelledError) as error:
            answer = _answer_to(error)
            if answer is None or (started and isinstance(error, Exception)):
                raise
            if not started:
                await problems.respond(answer)(scope, receive, send)


def _answer_to(error: BaseException) -> RequestError | None:
    """What whoever asked is told; None where nobody waits any more."""
    if isinstance(error, asyncio.CancelledError):
        has_begun = draining.has_begun()
        return (
            Draining("The service ended before its answer", retry_after_s=1) if has_begun else None
        )
    if isinstance(error, RequestError):
        return error
    logger.error("request failed", extra={"fields": failures.describe(error)})
    return problems.unexpected()


def _is_foreign(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= FIRST_ERROR and kind != problems.MEDIA_TYPE
