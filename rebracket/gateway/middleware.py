"""Pure ASGI middleware that sees every request before BentoML does."""

import re
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import PayloadTooLarge

REQUEST_ID = "X-Request-ID"
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request being answered; empty outside of one."""
    return _request_id.get()


class RequestIds:
    """Gives every request an id, the caller's own if it is sane, and every answer that id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        name = given if SANE_ID.fullmatch(given) else uuid4().hex
        _request_id.set(name)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        await self.app(scope, receive, send_with_id)


class BodyLimit:
    """Counts the body as it streams in; a declared length is believed only when it is too long.

    `PayloadTooLarge` is raised from the reader's `receive`.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        too_long = declared.isdigit() and int(declared[:20]) > self.limit
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            if too_long:
                raise self.error()
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.limit:
                    raise self.error()
            return message

        await self.app(scope, counted, send)

    def error(self) -> PayloadTooLarge:
        """Says what the limit is."""
        return PayloadTooLarge(f"The body may hold {self.limit} bytes at most")
