"""One exception tree.

RebracketError
├── ConfigError            settings that can't be used; stops the start
├── StoreError             the model store
│   ├── ModelNotFound
│   ├── ModelIncompatible
│   └── ModelCorrupt       files that are not as they were saved
├── CorpusError            a data file that can't be read
├── Undecodable            a file of music that can't be read: why, and at which byte
├── TooMuchMusic           a file of music over a limit
├── ExportError            an export that failed or did not verify
├── KeyStoreError          the store of API keys
│   └── KeyNotFound
├── LimiterError           the limits' storage does not answer
├── PredictionStoreError   the store of predictions can't be opened or read
├── CallError              a client's call that brought no answer to use
│   ├── Unreachable        no connection, or one that broke off
│   ├── TimedOut           no answer in time
│   ├── UnreadableAnswer   an answer that is not this API's
│   └── Refused            an error answer: its problem, and the request id
│       ├── KeyRefused     401, 403
│       ├── InputRefused   413, 422, names the fields
│       └── Busy           429, 503, says when to come again
└── RequestError           an HTTP answer other than 200
    ├── BadRequest         400, not HTTP
    ├── TooManyFrames      400, a stream in frames that hold next to nothing
    ├── Unauthorized       401, whatever was wrong with the key
    ├── Forbidden          403, names the missing scope
    │   └── WrongOrigin    403, a page that may not ask
    ├── NotFound           404
    ├── WrongMethod        405, says what is allowed
    ├── SlowRequest        408
    ├── PayloadTooLarge    413
    ├── UnsupportedMedia   415
    ├── InvalidRequest     422, names the fields
    ├── HeadersTooLarge    431
    ├── HttpError          any other status, from frameworks
    ├── OutOfTurn          409, a message that has no place at this point of a stream
    ├── InternalError      500
    ├── RetryLater         says when to come again
    │   ├── TooManyRequests    429
    │   └── Unavailable        503
    │       └── Draining       503, the worker ends
    └── DeadlineExceeded   504
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import TypedDict


class RebracketError(Exception):
    """Base of everything that this package raises on purpose."""


class ConfigError(RebracketError):
    """Settings that can't be used: of each problem, a line that names the key and what was expected."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class StoreError(RebracketError):
    """The model store can't give or take what was asked."""


class ModelNotFound(StoreError):
    """No such model: says what is there instead."""


class ModelIncompatible(StoreError):
    """A stored model that this version of the package can't serve."""


class ModelCorrupt(StoreError):
    """A model's files, or an archive of them, are not as they were saved."""


class CorpusError(RebracketError):
    """A data file that can't be read: names the file and the line."""


class Undecodable(RebracketError):
    """A file of music that can't be read: says why and, where known, at which byte."""

    def __init__(self, detail: str, *, offset: int | None = None) -> None:
        super().__init__(detail if offset is None else f"{detail} (at byte {offset})")
        self.offset = offset


class TooMuchMusic(RebracketError):
    """A file of music over a limit."""


class ExportError(RebracketError):
    """An export that failed or whose outputs differ from PyTorch's."""


class KeyStoreError(RebracketError):
    """The key store can't be opened, read or written."""


class KeyNotFound(KeyStoreError):
    """No key has this id."""


class LimiterError(RebracketError):
    """The limits' storage does not answer in time."""


class PredictionStoreError(RebracketError):
    """The store of predictions can't be opened or read."""


class FieldError(TypedDict):
    """One invalid field of a request, without the caller's content."""

    loc: list[str | int]
    msg: str
    type: str


class CallError(RebracketError):
    """A client's call brought no answer to use; `request_id` finds it in the service's log."""

    def __init__(self, message: str, *, request_id: str) -> None:
        super().__init__(message)
        self.request_id = request_id


class Unreachable(CallError):
    """No connection to the service, or one that broke off before the whole answer had come."""


class TimedOut(CallError):
    """The answer did not come in the time that the client gives."""


class UnreadableAnswer(CallError):
    """Something answered, but not this API: a wrong address, or a proxy."""


class Refused(CallError):
    """The service's error answer, member by member of its problem (RFC 9457)."""

    def __init__(
        self,
        detail: str,
        *,
        request_id: str,
        status: int,
        title: str,
        kind: str = "about:blank",
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(f"{status} {title}: {detail}", request_id=request_id)
        self.status = status
        self.title = title
        self.detail = detail
        self.kind = kind
        self.errors = errors


class KeyRefused(Refused):
    """No valid key, or one that lacks the scope."""


class InputRefused(Refused):
    """What was sent is too large or not valid; `errors` names the fields."""


class Busy(Refused):
    """The share is used up or the service overloaded; `retry_after_s` is 0 where it did not say."""

    retry_after_s: float = 0.0


TYPE_BASE = "https://rebracket.dev/problems/"
"""What the `type` of a problem begins with; a slug follows."""


class RequestError(RebracketError):
    """An error answer; `status`, `slug` and `title` are fixed per class."""

    status = 500
    slug = "internal-error"
    title = "Internal server error"

    def __init__(self, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class BadRequest(RequestError):
    """The bytes are not an HTTP request."""

    status = 400
    slug = "bad-request"
    title = "Not a valid HTTP request"


class TooManyFrames(RequestError):
    """A stream comes in frames that hold next to nothing."""

    status = 400
    slug = "too-many-frames"
    title = "The audio comes in too many frames"


class Unauthorized(RequestError):
    """No key, or none that opens anything: why stays with us."""

    status = 401
    slug = "unauthorized"
    title = "A valid API key is required"

    def __init__(self) -> None:
        super().__init__(
            "Send a valid key as 'Authorization: Bearer rb_…' or 'X-API-Key: rb_…'",
            {"WWW-Authenticate": 'Bearer realm="rebracket"'},
        )


class Forbidden(RequestError):
    """The key is valid and lacks a scope."""

    status = 403
    slug = "forbidden"
    title = "The key does not reach this far"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with the scope '{scope}'")


class WrongOrigin(Forbidden):
    """A page of an origin that is not allowed to ask."""

    slug = "wrong-origin"
    title = "Pages of this origin may not ask"

    def __init__(self) -> None:
        RequestError.__init__(self, "The origin is not among deployment.api.cors_origins")


class NotFound(RequestError):
    """There is nothing at this path."""

    status = 404
    slug = "not-found"
    title = "Not found"


class WrongMethod(RequestError):
    """The path answers other methods."""

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This path answers {allowed}", {"Allow": allowed})


class SlowRequest(RequestError):
    """The request did not arrive in time."""

    status = 408
    slug = "request-timeout"
    title = "The request came too slowly"


class ReloadRefused(RequestError):
    """What the references mean now can't be served; what was served still is."""

    status = 409
    slug = "reload-refused"
    title = "These models can't be served"


class OutOfTurn(RequestError):
    """A stream's message that has no place at this point of it."""

    status = 409
    slug = "out-of-turn"
    title = "The message has no place at this point of the stream"


class PayloadTooLarge(RequestError):
    """The body is longer than the route accepts."""

    status = 413
    slug = "payload-too-large"
    title = "Request body is too large"


class UnsupportedMedia(RequestError):
    """The body's content type is not one that the route reads."""

    status = 415
    slug = "unsupported-media-type"
    title = "Content type is not supported"


class InvalidRequest(RequestError):
    """The body is not a valid request; `errors` names each field."""

    status = 422
    slug = "invalid-request"
    title = "Request is not valid"

    def __init__(self, errors: list[FieldError]) -> None:
        count = len(errors)
        super().__init__(f"{count} field{'s' if count != 1 else ''} of the request not valid")
        self.errors = errors


class RetryLater(RequestError):
    """An answer that says after how many seconds to come again."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail, {"Retry-After": str(retry_after_s)})


class TooManyRequests(RetryLater):
    """The caller's share is used up for now."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class HeadersTooLarge(RequestError):
    """The request's line and header are longer than is read."""

    status = 431
    slug = "request-header-fields-too-large"
    title = "Request header is too large"


class HttpError(RequestError):
    """A status that only frameworks answer with."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.description or status.phrase)
        self.status = status.value
        self.slug = status.phrase.lower().replace(" ", "-")
        self.title = status.phrase


class InternalError(RequestError):
    """Our fault: logged with the request id, described to nobody."""


class Unavailable(RetryLater):
    """Overloaded, starting, draining, or without something that the answer needs."""

    status = 503
    slug = "unavailable"
    title = "Service is not available right now"


class Draining(Unavailable):
    """The worker ends; another one takes the stream up."""

    slug = "draining"
    title = "The service is being restarted"


class DeadlineExceeded(RequestError):
    """The answer did not come in time."""

    status = 504
    slug = "deadline-exceeded"
    title = "No answer in time"
