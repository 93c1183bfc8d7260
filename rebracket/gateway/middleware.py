"""Pure ASGI middleware that sees every request before BentoML does."""

import asyncio
import re
from collections.abc import Collection
from time import monotonic
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.errors import BadRequest, PayloadTooLarge, SlowRequest, Unavailable
from rebracket.monitoring import trace
from rebracket.monitoring.trace import Trace

REQUEST_ID = "X-Request-ID"
SUBJECT = "X-Subject"
MIN_RATE = 4096
RETRY_S = 2
MULTIPART = "multipart/form-data"
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def new_request_id() -> str:
    """An id that nobody has had."""
    return uuid4().hex


def request_id() -> str:
    """The id of the request being answered; empty outside of one."""
    return trace.current().request_id


def media_type(headers: Headers) -> str:
    """What the body is said to be, in lower case and without parameters; empty where nothing is."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


class RequestIds:
    """Gives every request an id, the caller's own if it is sane, and every answer that id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        name = given if SANE_ID.fullmatch(given) else new_request_id()
        trace.begin(
            Trace(
                request_id=name,
                trace_id=trace.trace_id(headers.get("traceparent", "")),
                subject=headers.get(SUBJECT, ""),
            )
        )

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        await self.app(scope, receive, send_with_id)


class TextHeaders:
    """Refuses a content type or length that is not ASCII: BentoML's access log fails on it."""

    NAMES = (b"content-type", b"content-length")

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name in self.NAMES and not value.isascii():
                    raise BadRequest(f"The field {name.decode()} is not ASCII")
        await self.app(scope, receive, send)


class BodyLimit:
    """Counts and times the body as it streams in; a declared length is believed only when too long.

    One in parts may hold `multipart_limit` bytes, any other `limit`. All bodies of requests under way
    together may hold `total_limit`; one that comes alone is read whatever that is.
    A body has `timeout_s` seconds, and one more for every `MIN_RATE` bytes that have come.
    Bodies of the paths in `unbounded` are read as they come, by someone who bounds them.
    `PayloadTooLarge`, `SlowRequest` and `Unavailable` are raised from the reader's `receive`.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        *,
        multipart_limit: int,
        total_limit: int,
        timeout_s: float = 20.0,
        unbounded: Collection[str] = (),
    ) -> None:
        self.app = app
        self.unbounded = unbounded
        self.held = 0
        self.total_limit = total_limit
        self.limit = limit
        self.multipart_limit = multipart_limit
        self.timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] in self.unbounded:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = self.multipart_limit if media_type(headers) == MULTIPART else self.limit
        declared = headers.get("content-length", "")
        too_long = declared.isdigit() and int(declared[:20]) > limit
        seen, more, started = 0, True, monotonic()

        async def counted() -> Message:
            nonlocal seen, more
            if too_long:
                raise _too_large(limit)
            if not more:
                return await receive()
            message = await self.in_time(receive, started + self.timeout_s + seen / MIN_RATE)
            if message["type"] == "http.request":
                more = message.get("more_body", False)
                size = len(message.get("body", b""))
                seen += size
                self.held += size
                if seen > limit:
                    raise _too_large(limit)
                if self.held > max(self.total_limit, seen):
                    raise Unavailable("Too much is being sent right now", retry_after_s=RETRY_S)
            return message

        try:
            await self.app(scope, counted, send)
        finally:
            self.held -= seen

    async def in_time(self, receive: Receive, end: float) -> Message:
        """The next part of the body, if it comes before `end`."""
        try:
            async with asyncio.timeout(end - monotonic()):
                return await receive()
        except TimeoutError:
            raise SlowRequest(
                f"The body took longer than {self.timeout_s:g} s and {MIN_RATE} bytes a second"
            ) from None


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body may hold {limit} bytes at most")
