"""One log line a request or stream, when its answer has gone, and what the answer took beside inference."""

import logging
from http import HTTPStatus
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rebracket.gateway import access
from rebracket.monitoring import trace
from rebracket.monitoring.metrics import INFERENCE_SECONDS, child
from rebracket.monitoring.trace import Trace

QUIET = access.OPEN | {access.METRICS}
CLIENT_CLOSED_REQUEST = 499
MAX_PATH = 200

logger = logging.getLogger("rebracket.access")


class AccessLog:
    """Looks are not logged while they are answered: health, live, ready, metrics."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        status = CLIENT_CLOSED_REQUEST

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = HTTPStatus.SWITCHING_PROTOCOLS
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            seconds = perf_counter() - started
            note_overhead(trace.current(), seconds)
            if status != HTTPStatus.OK or scope["path"] not in QUIET:
                fields = describe(scope, trace.current(), status, seconds)
                method = scope.get("method", "GET")
                logger.info("%s %s", method, _path(scope), extra={"fields": fields})


def describe(scope: Scope, request: Trace, status: int, seconds: float) -> dict[str, Any]:
    """What the line says beside method, path, and whose it is."""
    ok = status < HTTPStatus.BAD_REQUEST
    fields: dict[str, Any] = {
        "status": status,
        "outcome": request.outcome or ("ok" if ok else "abandoned"),
        "duration_ms": round(seconds * 1000, 2),
        "client": str(access.client_address(scope) or ""),
    }
    if request.model is not None:
        fields |= {
            "model": f"{request.model.name}:{request.model.version}",
            "variant": request.model.variant,
            "items": request.items,
        }
    return fields


def note_overhead(request: Trace, seconds: float) -> None:
    """Of a request of one segment, what is not inference; segments of a batch overlap."""
    if request.timing is not None and request.model is not None and request.items == 1:
        overhead = child(INFERENCE_SECONDS, "overhead", request.model.variant)
        overhead.observe(max(0.0, seconds - request.timing.total_s))


def _path(scope: Scope) -> str:
    return str(scope["path"])[:MAX_PATH]
