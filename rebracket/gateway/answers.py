"""The last word on error answers: whoever raises them, their body is a problem.

BentoML answers its own refusals in shapes of its own, from inside its middleware.
"""

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import RequestError
from rebracket.gateway import problems
from rebracket.monitoring import failures

FIRST_ERROR = 400

logger = logging.getLogger(__name__)


class ProblemAnswers:
    """Replaces every error body that is no problem; answers whatever is raised, unforeseen with 500."""

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
        except RequestError as error:
            if started:
                raise
            await problems.respond(error)(scope, receive, send)
        except Exception as error:
            logger.error("request failed", extra={"fields": failures.describe(error)})  # noqa: TRY400
            if started:
                raise
            await problems.respond(problems.unexpected())(scope, receive, send)


def _is_foreign(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] >= FIRST_ERROR and kind != problems.MEDIA_TYPE
