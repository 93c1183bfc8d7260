"""Why a WebSocket did not open or ended early, as an error of this package's tree."""

from http import HTTPStatus

from websockets.client import process_exception
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rebracket.client.answers import KINDS, refusal, refused
from rebracket.errors import (
    TYPE_BASE,
    Busy,
    CallError,
    Refused,
    RequestError,
    Unreachable,
    UnreadableAnswer,
)
from rebracket.messages import StreamFailed
from rebracket.schemas import Problem

STATUSES: dict[int, HTTPStatus] = {
    1008: HTTPStatus.BAD_REQUEST,
    1009: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    1011: HTTPStatus.INTERNAL_SERVER_ERROR,
    1012: HTTPStatus.SERVICE_UNAVAILABLE,
    1013: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status that a code of WebSocket's stands for, where nothing says more."""

PASSING = (1012, 1013)
"""Codes of what passes: the service restarts, or is overloaded."""

NOT_READ = (1002, 1003, 1007, 1009)
"""Codes with which this side closes where it can't read what came."""


def not_opened(error: Exception, request_id: str) -> CallError:
    """The error for an OSError, or whatever websockets raises at the handshake."""
    if isinstance(error, InvalidStatus):
        return refusal(error.response, bytes(error.response.body or b""), request_id)
    if process_exception(error) is None:
        return Unreachable(f"no connection: {error}", request_id=request_id)
    return UnreadableAnswer(f"no WebSocket opened: {error}", request_id=request_id)


def closed(error: ConnectionClosed, request_id: str) -> CallError:
    """The error for a connection that ended before the stream, and without an event that says why."""
    if error.rcvd is None and error.sent is not None and error.sent.code in NOT_READ:
        return UnreadableAnswer(f"not this API's answer: {error}", request_id=request_id)
    if error.rcvd is None or error.rcvd.code not in STATUSES:
        return Unreachable(f"connection lost: {error}", request_id=request_id)
    status = STATUSES[error.rcvd.code]
    detail = error.rcvd.reason or "No details given"
    problem = Problem(type="about:blank", title=status.phrase, status=status, detail=detail)
    return refused(problem, request_id)


def failed(event: StreamFailed, request_id: str) -> Refused:
    """The error that the service's own event means."""
    known = _by_slug(RequestError).get(event.error)
    status = STATUSES[event.code]
    if event.errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    problem = Problem(
        type=TYPE_BASE + event.error,
        title=known.title if known else status.phrase,
        status=known.status if known else status,
        detail=event.detail,
        errors=event.errors,
    )
    passes = event.code in PASSING
    error = refused(problem, request_id, Busy if passes else KINDS.get(problem.status))
    if isinstance(error, Busy):
        error.retry_after_s = float(event.retry_after_s or 0)
    return error


def _by_slug(root: type[RequestError]) -> dict[str, type[RequestError]]:
    """An error and all kinds of it."""
    found = {root.slug: root}
    for kind in root.__subclasses__():
        found |= _by_slug(kind)
    return found
