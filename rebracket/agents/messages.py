"""Errors, told so that an agent knows what to do next."""

from collections.abc import Sequence
from http import HTTPStatus
from math import ceil

from pydantic import ValidationError

from rebracket.errors import (
    Busy,
    FieldError,
    InputRefused,
    InvalidRequest,
    KeyRefused,
    RebracketError,
    Refused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)

ARGUMENTS = {"text": "concept"}
GO_ON = "Calling again will not help: go on without the analysis and say so."
ONCE_MORE = "Try once more, then go on without it."
UNEXPECTED = f"The analyzer failed in a way that nobody foresaw. {GO_ON}"


def tell(error: RebracketError, tool: str = "analyzer") -> str:
    """What an agent is told in the place of what a tool should have brought."""
    match error:
        case InvalidRequest() | InputRefused(status=HTTPStatus.UNPROCESSABLE_ENTITY):
            told = f"{_fields(error.errors)}. Change the argument and call again."
        case InputRefused():
            told = "The words are too long for the service. Shorten them and call again."
        case KeyRefused():
            told = (
                f"The service refused the API key ({error.status}): {error.detail}. {GO_ON} "
                "Whoever runs this agent has to set REBRACKET_API_KEY."
            )
        case Busy():
            told = f"The {tool} is busy, try again in {max(1, ceil(error.retry_after_s))} s."
        case TimedOut():
            told = f"The {tool} did not answer in time. Try again with fewer or shorter concepts."
        case Unreachable():
            told = f"The {tool} can't be reached ({error}). {ONCE_MORE}"
        case UnreadableAnswer():
            told = f"What answers is not the {tool}: {error}. {GO_ON}"
        case Refused():
            reason = f"{error.status} {error.title}, request {error.request_id}"
            told = f"The {tool} failed ({reason}). {ONCE_MORE}"
        case _:
            told = f"{error}. {GO_ON}"
    return told


def wrong_arguments(error: ValidationError) -> str:
    """What was wrong with a tool's arguments, one after the other."""
    wrong = [
        f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}"
        for e in error.errors(include_input=False, include_url=False)
    ]
    return f"Wrong arguments. {'; '.join(wrong)}."


def _fields(errors: Sequence[FieldError]) -> str:
    return "; ".join(f"{_argument(e['loc'])}: {e['msg']}" for e in errors) or "Not a valid concept"


def _argument(loc: Sequence[str | int]) -> str:
    """The tool's argument that a place in the request came from."""
    names = [part for part in loc if isinstance(part, str) and part != "segments"]
    return ARGUMENTS.get(names[0], names[0]) if names else "concept"
