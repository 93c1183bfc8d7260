"""One exception tree.

RebracketError
├── ConfigError            settings that can't be used; stops the start
├── StoreError             the model store
│   ├── ModelNotFound
│   └── ModelIncompatible
├── CorpusError            a data file that can't be read
├── ExportError            an export that failed or did not verify
└── RequestError           an HTTP answer other than 200
    ├── InvalidRequest     422, names the fields
    ├── PayloadTooLarge    413
    ├── UnsupportedMedia   415
    └── InternalError      500
"""

from typing import TypedDict


class RebracketError(Exception):
    """Base of everything that this package raises on purpose."""


class ConfigError(RebracketError):
    """Settings that can't be used: names the key and what was expected."""


class StoreError(RebracketError):
    """The model store can't give or take what was asked."""


class ModelNotFound(StoreError):
    """No such model: says what is there instead."""


class ModelIncompatible(StoreError):
    """A stored model that this version of the package can't serve."""


class CorpusError(RebracketError):
    """A data file that can't be read: names the file and the line."""


class ExportError(RebracketError):
    """An export that failed or whose outputs differ from PyTorch's."""


class FieldError(TypedDict):
    """One invalid field of a request, without the caller's content."""

    loc: list[str | int]
    msg: str
    type: str


class RequestError(RebracketError):
    """An error answer; `status`, `slug` and `title` are fixed per class."""

    status = 500
    slug = "internal-error"
    title = "Internal server error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(RequestError):
    """The body is not a valid request; `errors` names each field."""

    status = 422
    slug = "invalid-request"
    title = "Request is not valid"

    def __init__(self, errors: list[FieldError]) -> None:
        count = len(errors)
        super().__init__(f"{count} field{'s' if count != 1 else ''} of the request not valid")
        self.errors = errors


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


class InternalError(RequestError):
    """Our fault: logged with the request id, described to nobody."""
