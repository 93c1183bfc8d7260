"""Why a stream ends before its time, as its last event."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal

from rebracket.errors import Draining, RequestError
from rebracket.gateway import problems
from rebracket.messages import StreamFailed
from rebracket.monitoring import failures, trace
from rebracket.monitoring.metrics import ERRORS

Code = Literal[1008, 1009, 1011, 1012, 1013]
POLICY: Code = 1008
TOO_BIG: Code = 1009
RESTARTING: Code = 1012
CODES: Mapping[int, Code] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TOO_BIG,
    HTTPStatus.INTERNAL_SERVER_ERROR: 1011,
    HTTPStatus.TOO_MANY_REQUESTS: 1013,
    HTTPStatus.SERVICE_UNAVAILABLE: 1013,
    HTTPStatus.GATEWAY_TIMEOUT: 1013,
}
"""WebSocket's close codes (RFC 6455, section 7.4.1, and its registry) by status; all others are `POLICY`."""

logger = logging.getLogger(__name__)


def known(error: Exception) -> RequestError:
    """The error itself if it is one of ours; else it is logged, and nobody is told more."""
    if isinstance(error, RequestError):
        return error
    logger.error("a stream failed", extra={"fields": failures.describe(error)})
    return problems.unexpected()


def event(error: RequestError, from_sample: int | None = None) -> StreamFailed:
    """The event; windows that begin at `from_sample` or later were not answered."""
    ERRORS.labels(kind=error.slug).inc()
    trace.current().outcome = error.slug
    retry = error.headers.get("Retry-After")
    restarting = isinstance(error, Draining)
    return StreamFailed(
        code=RESTARTING if restarting else CODES.get(error.status, POLICY),
        error=error.slug,
        detail=error.detail,
        errors=problems.of_item(error).errors,
        retry_after_s=int(retry) if retry else None,
        from_sample=from_sample,
    )
