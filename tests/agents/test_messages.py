"""Every error tells an agent what to do next."""

import pytest

from rebracket.agents.messages import tell
from rebracket.errors import (
    Busy,
    ConfigError,
    InputRefused,
    InvalidRequest,
    KeyRefused,
    RebracketError,
    Refused,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)

FIELD = {"msg": "No readable words", "type": "no_readable_words"}


def busy(retry_after_s: float) -> Busy:
    error = Busy("full", request_id="r-1", status=429, title="Too many requests")
    error.retry_after_s = retry_after_s
    return error


def refused(kind: type[Refused], status: int, loc: list[str | int] | None = None) -> Refused:
    errors = [{"loc": loc, **FIELD}] if loc else []
    return kind("why", request_id="r-1", status=status, title="Title", errors=errors)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (busy(2.2), "busy, try again in 3 s"),
        (busy(0), "busy, try again in 1 s"),
        (refused(InputRefused, 422, ["segments", 3, "text"]), "concept: No readable words. Change"),
        (refused(InputRefused, 422, ["lyrics"]), "lyrics: No readable words. Change"),
        (refused(InputRefused, 422), "Not a valid concept. Change"),
        (refused(InputRefused, 413), "Shorten them"),
        (refused(KeyRefused, 401), "set REBRACKET_API_KEY"),
        (refused(Refused, 500), "failed (500 Title, request r-1). Try once more"),
        (TimedOut("late", request_id="r"), "shorter concepts"),
        (Unreachable("refused", request_id="r"), "(refused). Try once more"),
        (UnreadableAnswer("html", request_id="r"), "go on without"),
        (InvalidRequest([{"loc": ["text"], "msg": "No words", "type": "t"}]), "concept: No words"),
        (ConfigError("no model"), "no model. Calling again will not help"),
    ],
)
def test_an_error_says_what_to_do(error: RebracketError, told: str) -> None:
    assert told in tell(error)
