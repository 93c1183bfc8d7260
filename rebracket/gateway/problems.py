"""Error answers as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from rebracket.errors import (
    TYPE_BASE,
    DeadlineExceeded,
    FieldError,
    HttpError,
    InternalError,
    InvalidRequest,
    NotFound,
    RequestError,
    Unavailable,
    WrongMethod,
)
from rebracket.gateway.middleware import REQUEST_ID, request_id
from rebracket.monitoring import trace
from rebracket.monitoring.metrics import ERRORS
from rebracket.schemas import Problem

MEDIA_TYPE = "application/problem+json"
CLIENT_ERRORS = {status.value: status for status in HTTPStatus if status.value // 100 == 4}  # noqa: PLR2004 - 4xx


def describe(error: RequestError) -> dict[str, Any]:
    """The members of RFC 9457 for an error, without a request id."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = error.errors
    return body


def of_item(error: Exception) -> Problem:
    """What stands in the place of a batch's item that failed with `error`."""
    known = error if isinstance(error, RequestError) else unexpected()
    return Problem.model_validate(describe(known))


def respond(error: RequestError, name: str | None = None) -> Response:
    """The answer to a request that failed with `error`; `name` is its id, outside of middleware."""
    ERRORS.labels(kind=error.slug).inc()
    trace.current().outcome = error.slug
    body = {**describe(error), "request_id": name or request_id()}
    headers = error.headers | ({REQUEST_ID: name} if name else {})
    return JSONResponse(body, status_code=error.status, media_type=MEDIA_TYPE, headers=headers)


def from_validation(error: ValidationError) -> InvalidRequest:
    """Pydantic's findings, without the caller's content and without documentation links."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return InvalidRequest(
        [FieldError(loc=list(e["loc"]), msg=e["msg"], type=e["type"]) for e in found]
    )


def of_status(status: int, headers: Mapping[str, str]) -> RequestError:
    """What a framework's own error answer means here."""
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound("There is nothing at this path")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return WrongMethod(headers.get("allow", ""))
        case HTTPStatus.GATEWAY_TIMEOUT:
            return DeadlineExceeded("The answer took too long")
        case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
            # Ours are problems already; a framework's 429 means that the service is full.
            return Unavailable("The service has too much to do", retry_after_s=1)
        case _ if status in CLIENT_ERRORS:
            return HttpError(CLIENT_ERRORS[status])
    return unexpected()


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Starlette's own errors: no such route, wrong method."""
    assert isinstance(error, HTTPException)
    return respond(of_status(error.status_code, Headers(error.headers)))


async def on_request_error(_: Request, error: Exception) -> Response:
    """Errors of this package that leave a mounted route."""
    assert isinstance(error, RequestError)
    return respond(error)


async def on_exception(_: Request, __: Exception) -> Response:
    """Whatever nobody foresaw; Starlette logs the traceback, the caller gets the request id."""
    return respond(unexpected())


def unexpected() -> InternalError:
    """What a caller may know of our faults."""
    return InternalError("Unexpected error; quote the request id when you report it")


HANDLERS: dict[type[Exception], ExceptionHandler] = {
    HTTPException: on_http_exception,
    RequestError: on_request_error,
    Exception: on_exception,
}
"""What every Starlette application here answers errors with, mounted ones too."""
