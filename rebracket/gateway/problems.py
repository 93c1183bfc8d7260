"""Error answers as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from rebracket.errors import FieldError, InternalError, InvalidRequest, RequestError
from rebracket.gateway.middleware import request_id

TYPE_BASE = "https://rebracket.dev/problems/"
MEDIA_TYPE = "application/problem+json"


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


def respond(error: RequestError) -> Response:
    """The answer to a request that failed with `error`."""
    body = {**describe(error), "request_id": request_id()}
    return JSONResponse(
        body, status_code=error.status, media_type=MEDIA_TYPE, headers=error.headers
    )


def from_validation(error: ValidationError) -> InvalidRequest:
    """Pydantic's findings, without the caller's content and without documentation links."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return InvalidRequest(
        [FieldError(loc=list(e["loc"]), msg=e["msg"], type=e["type"]) for e in found]
    )


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Starlette's own errors: no such route, wrong method, not ready."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    body = {
        "type": TYPE_BASE + status.phrase.lower().replace(" ", "-"),
        "title": status.phrase,
        "status": status.value,
        "detail": status.description or status.phrase,
        "request_id": request_id(),
    }
    return JSONResponse(
        body, status_code=status.value, media_type=MEDIA_TYPE, headers=error.headers
    )


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
