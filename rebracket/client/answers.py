"""Answers → models of `rebracket.schemas`, or the error that they mean."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from rebracket.client.asks import REQUEST_ID, Ask
from rebracket.errors import (
    Busy,
    FieldError,
    InputRefused,
    KeyRefused,
    Refused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)
from rebracket.schemas import Problem

A = TypeVar("A", bound=BaseModel)

PROBLEM = "application/problem+json"
KINDS: dict[int, type[Refused]] = {
    HTTPStatus.UNAUTHORIZED: KeyRefused,
    HTTPStatus.FORBIDDEN: KeyRefused,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: InputRefused,
    HTTPStatus.UNPROCESSABLE_ENTITY: InputRefused,
    HTTPStatus.TOO_MANY_REQUESTS: Busy,
    HTTPStatus.SERVICE_UNAVAILABLE: Busy,
}


def read(ask: Ask[A], response: httpx2.Response, body: bytes, request_id: str) -> A:
    """The model that the answer holds; fields that this version does not know are passed over.

    Raises:
        Refused: the service answered with an error.
        UnreadableAnswer: the answer is not what the schema says.
    """
    request_id = response.headers.get(REQUEST_ID, request_id)
    is_problem = response.headers.get("content-type", "").startswith(PROBLEM)
    if response.status_code not in ask.statuses or is_problem:
        raise refusal(response, body, request_id)
    try:
        return ask.schema.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        if response.is_error:
            raise refusal(response, body, request_id) from None
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the answer"
        message = f"{response.url} is not this API: {place}: {first['msg']}"
        raise UnreadableAnswer(message, request_id=request_id) from None


class Answered(Protocol):
    """An HTTP answer, whichever library it came by."""

    @property
    def status_code(self) -> int:
        """Its status."""

    @property
    def reason_phrase(self) -> str:
        """What the status line says beside the status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Its header; names in any case."""


def refusal(answer: Answered, body: bytes, request_id: str) -> Refused:
    """The error that an error answer means."""
    error = refused(_problem(answer, body), answer.headers.get(REQUEST_ID, request_id))
    if isinstance(error, Busy):
        error.retry_after_s = retry_after_s(answer.headers.get("retry-after", ""))
    return error


def _problem(answer: Answered, body: bytes) -> Problem:
    """The problem of an error answer; a proxy's has only a status."""
    try:
        return Problem.model_validate_json(body, extra="ignore")
    except ValidationError:
        status = answer.status_code
        title = answer.reason_phrase or "Error"
        return Problem(type="about:blank", title=title, status=status, detail="No details given")


def refused(problem: Problem, request_id: str, kind: type[Refused] | None = None) -> Refused:
    """The error that a problem means, by its status where no kind is given."""
    return (kind or KINDS.get(problem.status, Refused))(
        problem.detail,
        request_id=request_id,
        status=problem.status,
        title=problem.title,
        kind=problem.type,
        errors=[FieldError(loc=e.loc, msg=e.msg, type=e.type) for e in problem.errors or ()],
    )


def retry_after_s(value: str) -> float:
    """Seconds that a `Retry-After` asks to wait, as a number or as a date; 0 where it says nothing."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


@contextmanager
def translated(request_id: str) -> Iterator[None]:
    """What goes wrong on the way, as an error of this package's tree."""
    try:
        yield
    except httpx2.ConnectTimeout:
        raise Unreachable("no connection in time", request_id=request_id) from None
    except httpx2.TimeoutException:
        raise TimedOut("no answer in time", request_id=request_id) from None
    except httpx2.TransportError as error:
        message = str(error) or type(error).__name__
        raise Unreachable(f"connection lost: {message}", request_id=request_id) from error
    except httpx2.HTTPError as error:
        raise UnreadableAnswer(str(error), request_id=request_id) from error
